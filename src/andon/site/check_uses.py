"""Contexts of use, people and the control network: who decides what with which signals, and may they."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, get_args

from andon.site.check_flows import SIMULATE
from andon.site.check_names import EACH, KEYS, dangling, walk
from andon.site.draft import Draft
from andon.site.model import ModelRef, Person, Tier
from andon.site.problems import Problem, did_you_mean, shown, words
from andon.site.shape import Item

ROLES: tuple[str, ...] = get_args(get_args(Person.model_fields["roles"].annotation)[0])
"""Roles that a person can hold."""


def check(made: Draft) -> Iterator[Problem]:
    """Every use, and what it rests on."""
    for item in made.all("use"):
        yield from _models(made, item)
        read = list(_signals(made, item))
        yield from (p for p in read if isinstance(p, Problem))
        yield from _writes(made, item)
        yield from _affected(made, item)
        yield from _purpose(made, item)
        yield from _validity(made, item)
    for item in made.all("person"):
        if item.part is not None and not item.get("roles"):
            yield item.problem(("roles",), f"{item.label} has no roles", f"give one of {words(ROLES)}")
    zones = made.ids("zone")
    for item in made.all("source"):
        zone = item.get("zone")
        if zone and made.has_ot and "zone" not in made.unread and zone not in zones:
            yield dangling(item, ("zone",), "zone", zone, made.names("zone"))


def _models(made: Draft, item: Item) -> Iterator[Problem]:
    known = [str(m) for m in ModelRef]
    for place, name in walk(item.raw, ("models", EACH)):
        if isinstance(name, str) and name not in known:
            what = f"`models` of {item.label} names {shown(name)}, which is not a model"
            yield item.problem(place, what, did_you_mean(name, known, f"use one of {words(known)}"))
        elif name == SIMULATE and not made.all("product") and "product" not in made.unread:
            what = f"{item.label} simulates a site without products"
            yield item.problem(place, what, "declare stations and products, or remove `simulate`")


def _signals(made: Draft, item: Item) -> Iterator[Problem]:
    if "signal" in made.unread:
        return
    known = made.ids("signal")
    for place, name in walk(item.raw, ("signals", EACH)):
        if not isinstance(name, str) or name in known or any(fnmatchcase(k, name) for k in known):
            continue
        if "*" in name or "?" in name:
            what = f"`signals` of {item.label}: no signal matches {shown(name)}"
            yield item.problem(place, what, "mend the pattern or remove it")
        else:
            yield dangling(item, place, "signal", name, made.names("signal"))


def _writes(made: Draft, item: Item) -> Iterator[Problem]:
    signals = made.ids("signal")
    ceiling = item.get("ceiling")
    writes = [(place, n) for place, n in walk(item.raw, ("writes", EACH)) if isinstance(n, str)]
    for place, name in writes:
        signal = signals.get(name)
        if signal is not None and signal.get("writable") is False:
            what = f"{item.label} writes {shown(name)}, which is not writable"
            yield item.problem(place, what, "give the signal bounds and set `writable` to true, or remove it here")
    if ceiling is None:
        return
    if ceiling is Tier.CONTROL and not writes and "writes" not in item.raw:
        yield item.problem(
            ("ceiling",), f"{item.label} may control and writes nothing", "name `writes`, or lower the ceiling"
        )
    if writes and ceiling.rank < Tier.RECOMMEND.rank:
        what = f"{item.label} names `writes` under ceiling `{ceiling}`"
        yield item.problem(("writes",), what, "remove `writes`, or raise the ceiling to `recommend`")


def _affected(made: Draft, item: Item) -> Iterator[Problem]:
    if "crew" in made.unread:
        return
    known = [*made.ids("crew"), *ROLES]
    for place, name in walk(item.raw, ("affected", EACH)):
        if isinstance(name, str) and name not in known:
            what = f"`affected` of {item.label} names {shown(name)}, which is no crew and no role"
            yield item.problem(place, what, did_you_mean(name, known, f"use one of {words(known, 16)}"))


def _purpose(made: Draft, item: Item) -> Iterator[Problem]:
    purpose = item.get("purpose")
    if not purpose or purpose not in made.ids("purpose"):
        return
    wanted = item.get("signals") or ()
    closed = [s.id for s in made.all("signal") if s.id and s.part is not None and purpose not in s.get("purposes")]
    barred = [name for name in closed if any(fnmatchcase(name, w) for w in wanted)]
    if barred:
        what = f"{item.label} is for `{purpose}` and reads {words(barred, 3)}, which may not be used for that"
        yield item.problem(("signals",), what, "read fewer signals, or agree on the purpose with those concerned")


def _validity(made: Draft, item: Item) -> Iterator[Problem]:
    signals = made.ids("signal")
    wanted: tuple[str, ...] = item.get("signals") or ()
    ranges: Any = item.raw.get("validity")
    for place, name in walk(item.raw, ("validity", KEYS)):
        signal, span = signals.get(name), ranges[name]
        if wanted and signal is not None and not any(fnmatchcase(name, w) for w in wanted):
            what = f"`validity` of {item.label} names {shown(name)}, which the use does not read"
            yield item.problem(place, what, "add it to `signals`")
        if not (isinstance(span, list) and len(span) == 2 and all(isinstance(v, int | float) for v in span)):
            continue
        if span[0] >= span[1]:
            what = f"`validity` of {item.label} for `{name}` goes from {span[0]:g} to {span[1]:g}"
            yield item.problem(place, what, "write the lower end first")
            continue
        low, high = (signal.values.get(n) if signal is not None else None for n in ("low", "high"))
        if (low is not None and span[1] < low) or (high is not None and span[0] > high):
            what = f"`validity` of {item.label} for `{name}` lies outside the signal's range"
            yield item.problem(place, what, "check the unit and the scale of both")
