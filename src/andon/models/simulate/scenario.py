"""Scenario switches: a worker missing, a network down, packaging damaged, an aisle blocked; from when, how long."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from andon.models.simulate.damage import damage_at
from andon.models.simulate.laws import Unrunnable, seconds_of
from andon.models.simulate.structure import blocked
from andon.site.model import Site
from andon.site.stops import Scenario

KINDS = {
    "missing-worker": ("CREW", 1.0, "so many people of a crew, or with a skill, are not there"),
    "damaged-packaging": ("STATION", 0.25, "such a share of the jobs comes damaged to a station"),
    "network-outage": ("", 1.0, "no job is released and no vehicle is sent; machines go on with what they have"),
    "blocked-aisle": ("EDGE", 1.0, "vehicles go round an edge of the roads, or wait where there is no way round"),
}
"""Kind: what it names, the value when none is given, and what it means."""
FORM = re.compile(r"([a-z-]+)(?::([a-z0-9_-]+))?(?:@([0-9.]+[a-z]*)(?:\+([0-9.]+[a-z]*))?)?")
ALWAYS_S = 3.2e7
"""A length without an end: longer than any run."""


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch as it is written: KIND:WHAT@START+LENGTH; without +LENGTH it lasts, without @START it always does."""

    kind: str
    what: str
    from_s: float
    for_s: float


def is_switch(name: str) -> bool:
    """Whether a name is meant as a switch and not as a setting."""
    return "@" in name or name.partition(":")[0].strip() in KINDS


def switch_of(name: str) -> Switch:
    """A switch as it is typed, such as `missing-worker:assemblers@2h+1h`.

    Raises:
        Unrunnable: it is none; one sentence.

    >>> switch_of("network-outage@30min+2h")
    Switch(kind='network-outage', what='', from_s=1800.0, for_s=7200.0)
    >>> switch_of("missing-worker:assemblers@1h").for_s, switch_of("missing-worker:assemblers").from_s
    (32000000.0, 0.0)
    """
    found = FORM.fullmatch(name.strip())
    if found is None or found[1] not in KINDS or bool(found[2]) != bool(KINDS[found[1]][0]):
        forms = ", ".join(f"`{kind}{f':{of}' if of else ''}@2h+1h`" for kind, (of, _, _) in KINDS.items())
        raise Unrunnable(f"`{name}` is no scenario; write one of {forms}")
    try:
        begin = seconds_of(found[3]) if found[3] else 0.0
        return Switch(found[1], found[2] or "", begin, seconds_of(found[4]) if found[4] else ALWAYS_S)
    except ValueError as error:
        raise Unrunnable(f"scenario `{name}`: {error}") from None


def usual(name: str) -> float:
    """The value of a switch for which none is given."""
    return KINDS[switch_of(name).kind][1]


def _names(site: Site) -> dict[str, list[str]]:
    """What each kind of switch may hit on a site; those of damage are where the site says what it takes."""
    return {
        "missing-worker": list(dict.fromkeys([c.id for c in site.crews] + [s for c in site.crews for s in c.skills])),
        "damaged-packaging": [s.id for s in site.stations if damage_at(site, s.id) is not None],
        "blocked-aisle": [e.id for e in site.roads.edges] if site.roads is not None else [],
    }


def refuse(site: Site, name: str, value: float) -> None:
    """Raises `Unrunnable` when a switch cannot be set on this site."""
    switch = switch_of(name)
    if switch.for_s <= 0:
        raise Unrunnable(f"scenario `{name}` takes no time; give it a length, such as +1h")
    names = _names(site).get(switch.kind)
    if switch.kind == "damaged-packaging":
        names = [s.id for s in site.stations]
    if switch.kind == "blocked-aisle" and site.roads is None:
        raise Unrunnable(f"`{name}`: the site has no roads, so nothing says where an aisle is; add roads.yaml")
    if names is not None and switch.what not in names:
        known = ", ".join(f"`{n}`" for n in names[:8])
        raise Unrunnable(f"`{name}` names `{switch.what}`, which is not there; name one of {known}")
    if switch.kind == "damaged-packaging":
        if damage_at(site, switch.what) is None:
            what = f"nothing says what a damaged job takes at `{switch.what}`"
            raise Unrunnable(f"{what}; declare a disturbance of kind `damaged-packaging` there")
        if not 0 <= value <= 1:
            raise Unrunnable(f"scenario `{name}` cannot be {value:g}; give a share from 0 to 1")
    elif not 0 < value <= 1000 or value != int(value):
        raise Unrunnable(f"scenario `{name}` cannot be {value:g}; give a whole number from 1 to 1000")


def too_late(names: Iterable[str], horizon_s: float) -> tuple[str, ...]:
    """A sentence for every switch that begins when the look is over."""
    return tuple(
        f"scenario `{name}` begins after the horizon of {horizon_s / 3600.0:g} h, so it changes nothing"
        for name in names
        if is_switch(name) and switch_of(name).from_s >= horizon_s
    )


def supposed(site: Site, name: str, value: float) -> Site:
    """The site in which a switch is set."""
    switch = switch_of(name)
    match switch.kind:
        case "blocked-aisle":
            return blocked(site, switch.for_s / 60.0, edge=switch.what, from_min=switch.from_s / 60.0)
        case "missing-worker" | "network-outage" | "damaged-packaging" as kind:
            more = Scenario(kind=kind, what=switch.what, from_s=switch.from_s, for_s=switch.for_s, amount=value)
            return site.model_copy(update={"scenarios": (*site.scenarios, more)})
        case _:
            raise AssertionError(switch.kind)


def choices(site: Site) -> list[dict[str, object]]:
    """What may be supposed on a site: kind, the names that it may hit, the usual amount, its unit, what it means."""
    units = {"missing-worker": "people", "damaged-packaging": "share of jobs"}
    names = _names(site)
    return [
        {
            "kind": kind,
            "of": of.lower(),
            "names": names.get(kind, []),
            "usual": amount,
            "unit": units.get(kind, ""),
            "what": what,
        }
        for kind, (of, amount, what) in KINDS.items()
        if not of or names.get(kind)
    ]
