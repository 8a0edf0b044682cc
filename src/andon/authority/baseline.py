"""What a use rests on, as digests: approvals and evidence are bound to it, and any governed change voids them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from andon.core.canonical import digest
from andon.site.model import ContextOfUse, ModelRef, Signal, Site

SITE_PARTS_ALWAYS = ("layout", "signals", "connectors", "settings")
"""Parts of the site folder that every use rests on."""
SITE_PARTS_OF_MODELS = ("assumptions",)
"""Parts that a use rests on as soon as it names a model."""
INDEXES_KEPT_MAX = 8


@dataclass(frozen=True, slots=True)
class SiteIndex:
    """A site with its look-ups made: built once for each site object."""

    site: Site
    signals: Mapping[str, Signal]
    uses: Mapping[str, ContextOfUse]
    sources: frozenset[str]
    elements: frozenset[str]
    places: frozenset[str]
    """Everything that a challenge or a halt may name: elements, stations, areas, buffers, crews, fleets, products."""
    documents: Mapping[str, str]
    """Digest of each context of use."""
    leans: Mapping[str, frozenset[str]]
    """By use: the places that it leans on."""
    bounds: Mapping[str, str]
    """By use: digest of the bounds of the signals that it writes."""
    site_bounds: str
    """Digest of the bounds of every writable signal: what the gateway must hold."""


_indexes: OrderedDict[int, SiteIndex] = OrderedDict()


def index_of(site: Site) -> SiteIndex:
    """The site's look-ups; kept for the last few site objects."""
    known = _indexes.get(id(site))
    if known is not None and known.site is site:
        return known
    made = _build(site)
    _indexes[id(site)] = made
    while len(_indexes) > INDEXES_KEPT_MAX:
        _indexes.popitem(last=False)
    return made


def _build(site: Site) -> SiteIndex:
    signals = {s.id: s for s in site.signals}
    uses = {u.id: u for u in site.uses}
    elements = frozenset(e.id for e in site.elements)
    places = elements | {
        *(s.id for s in site.stations),
        *(a.id for a in site.areas),
        *(b.id for b in site.buffers),
        *(c.id for c in site.crews),
        *(f.id for f in site.fleets),
        *(p.id for p in site.products),
        "site",
    }
    touched = {u.id: _touched(site, u, signals) for u in site.uses}
    everything = frozenset().union(*touched.values()) if touched else frozenset[str]()
    leans = {
        u.id: touched[u.id] | (places - everything if ModelRef.SIMULATE in u.models else frozenset[str]()) | {"site"}
        for u in site.uses
    }
    return SiteIndex(
        site=site,
        signals=signals,
        uses=uses,
        sources=frozenset(s.id for s in site.sources),
        elements=elements,
        places=frozenset(places),
        documents={u.id: use_digest(u) for u in site.uses},
        leans=leans,
        bounds={u.id: digest([bounds_row(signals[w]) for w in sorted(u.writes) if w in signals]) for u in site.uses},
        site_bounds=bounds_digest(site),
    )


def _touched(site: Site, use: ContextOfUse, signals: Mapping[str, Signal]) -> frozenset[str]:
    """Elements of the use's signals, the stations they belong to, and those stations' machines, buffers and crews."""
    own: set[str] = set()
    for name in (*use.signals, *use.writes):
        signal = signals.get(name)
        own.add(signal.element if signal else name.partition(".")[0])
        if signal is not None:
            own.update(s.partition(".")[0] for s in (signal.confirm_signal, signal.permissive_signal) if s)
    reached = set(own) | set(use.affected)
    for station in site.stations:
        parts = {station.id, *station.machines, station.buffer}
        if own & parts:
            asked = {station.crew, station.skill, station.setup_skill} - {None}
            crews = {c.id for c in site.crews if asked & {c.id, *c.skills}}
            reached |= parts | {station.area} | crews
    for fleet in site.fleets:
        if own & {fleet.id, *fleet.vehicles}:
            reached |= {fleet.id, *fleet.vehicles}
    areas = {e.id: e.area for e in site.elements}
    return frozenset(reached | {areas[e] for e in own if e in areas})


def leaning(site: Site, place: str) -> tuple[str, ...]:
    """Uses that lean on a place. A place that no use's signals touch bears on every use that simulates the floor."""
    index = index_of(site)
    if place not in index.places or place == "site":
        return tuple(index.uses)
    return tuple(use for use, places in index.leans.items() if place in places)


def use_digest(use: ContextOfUse) -> str:
    """Digest of a context of use as it stands in the site folder."""
    return digest(use.model_dump(mode="json"))


def bounds_row(signal: Signal) -> dict[str, Any]:
    """What the gateway must enforce for one writable signal, as JSON."""
    return {
        "signal": signal.id,
        "element": signal.element,
        "source": signal.source,
        "address": signal.address,
        "type": signal.type,
        "unit": signal.unit,
        "min": signal.min,
        "max": signal.max,
        "max_rate": signal.max_rate,
        "permissive_signal": signal.permissive_signal,
    }


def bounds_document(site: Site) -> list[dict[str, Any]]:
    """The bounds of every writable signal of a site, in order of signal id: what two people sign for the gateway."""
    return [bounds_row(s) for s in sorted(site.signals, key=lambda s: s.id) if s.writable]


def bounds_digest(site: Site) -> str:
    """Digest of `bounds_document`; the gateway states the digest of what it holds, and the two must be equal."""
    return digest(bounds_document(site))


def parts_of(use: ContextOfUse, site: Site, running: Mapping[str, str]) -> dict[str, str]:
    """Digests of everything that a use rests on, by the name that a person knows it under."""
    index = index_of(site)
    wanted = SITE_PARTS_ALWAYS + (SITE_PARTS_OF_MODELS if use.models else ())
    parts = {name: site.digests.get(name, "missing") for name in wanted}
    parts["context"] = index.documents.get(use.id) or use_digest(use)
    if use.writes:
        parts["bounds"] = index.bounds.get(use.id, "missing")
    if use.models:
        parts.update({f"running {name}": value for name, value in running.items()})
    return parts


def baseline_of(parts: Mapping[str, str]) -> str:
    """One digest over all parts."""
    return digest(dict(parts))


def changed(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the parts that differ, came or went."""
    return tuple(sorted(name for name in {*then, *now} if then.get(name) != now.get(name)))


def changed_words(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The same as words: `assumptions and layout changed`."""
    names = changed(then, now)
    if not names:
        return "what it rests on changed"
    listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
    return f"{listed} changed"
