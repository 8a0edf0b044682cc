"""What stations say of their machines beyond the plain cycle: set-ups, energy, planned work, disturbances."""

from __future__ import annotations

from collections.abc import Iterator

from andon.site.check_calendar import minutes
from andon.site.draft import Draft
from andon.site.floor import Distribution, Product, Station
from andon.site.problems import Problem, did_you_mean, shown, words
from andon.site.shape import Item
from andon.site.stops import Disturbance

POWER_KW_MAX = 100_000
SPEED_MIN, SPEED_MAX = 0.01, 100.0


def check(made: Draft) -> Iterator[Problem]:
    """Everything about how machines behave."""
    yield from _setups(made)
    for item in made.all("station"):
        yield from _energy(item)
        yield from _maintenance(item)
        yield from _hours(item)
        yield from _speeds(item)
        yield from _repair(made, item)
        yield from _ages(item)
    for item in made.all("disturbance"):
        yield from _disturbance(item)
        yield from _damaged(made, item)
    yield from _once(made)


def _setups(made: Draft) -> Iterator[Problem]:
    """One row a change, and a law to scale."""
    stations = made.ids("station")
    first: dict[tuple[object, ...], int] = {}
    for item in made.all("set-up"):
        change = tuple(item.values.get(n) for n in ("station", "from_product", "to_product"))
        station = stations.get(str(change[0]))
        if station is not None and station.part is not None and station.get("setup") is None:
            what = f"station `{change[0]}` has set-up times here and no `setup` law"
            yield item.problem((), what, f"add `setup:` to station `{change[0]}`; its law is scaled to these means")
        if None in change:
            continue
        if change in first:
            what = f"the set-up of `{change[0]}` from `{change[1]}` to `{change[2]}` stands twice"
            yield item.problem((), what, f"keep one of lines {first[change]} and {item.line}")
        first.setdefault(change, item.line)


def _energy(item: Item) -> Iterator[Problem]:
    for state, power in (item.get("energy_kw") or {}).items():
        if not 0 <= power <= POWER_KW_MAX:
            what = f"`energy_kw` of {item.label} is {power:g} kW in state `{state}`"
            yield item.problem(("energy_kw", state), what, f"use a number from 0 to {POWER_KW_MAX}")


def _maintenance(item: Item) -> Iterator[Problem]:
    for place, plan in enumerate(item.get("maintenance") or ()):
        name, path = f"planned work {place + 1} of {item.label}", ("maintenance", place)
        if (plan.every_h is None) == (not plan.at):
            what = "has neither `every_h` nor `at`" if plan.every_h is None else "has `every_h` and `at`"
            yield item.problem(path, f"{name} {what}", "give one of them")
        if plan.counts == "running" and (plan.at or plan.interrupts):
            what = f"{name} counts hours of processing and has `{'at' if plan.at else 'interrupts'}`"
            yield item.problem(path, what, "remove it: such work falls due between two jobs")
        for clock in plan.at:
            if minutes(clock) is None:
                what = f"`at` of {name} is {shown(clock)}"
                yield item.problem((*path, "at"), what, 'write a time of day as "HH:MM", 00:00 to 23:59')


def _hours(item: Item) -> Iterator[Problem]:
    for place, part in enumerate(item.get("hours") or ()):
        name, path = f"part {place + 1} of `hours` of {item.label}", ("hours", place)
        clocks = (part.start, part.end)
        if (part.shift is None) == (clocks == (None, None)) or (part.shift is None and None in clocks):
            yield item.problem(path, f"{name} is no time", "give it a `shift`, or `start` and `end`")
            continue
        for key, clock in zip(("start", "end"), clocks, strict=True):
            if clock is not None and minutes(clock) is None:
                what = f"`{key}` of {name} is {shown(clock)}"
                yield item.problem((*path, key), what, 'write a time of day as "HH:MM", 00:00 to 23:59')


def _speeds(item: Item) -> Iterator[Problem]:
    levels, level = item.get("speeds") or {}, item.get("speed")
    if level is not None and level not in levels:
        what = f"`speed` of {item.label} is {shown(level)}, which is none of its `speeds`"
        yield item.problem(("speed",), what, did_you_mean(level, levels, "declare it under `speeds`"))
    for machine, factor in (item.get("speed_of") or {}).items():
        if machine not in (item.get("machines") or ()):
            what = f"`speed_of` of {item.label} names {shown(machine)}, which is none of its machines"
            yield item.problem(("speed_of", machine), what, "name one of `machines`")
        elif not SPEED_MIN <= factor <= SPEED_MAX:
            what = f"`speed_of` of {item.label} is {factor:g} for `{machine}`"
            yield item.problem(("speed_of", machine), what, f"use a number from {SPEED_MIN:g} to {SPEED_MAX:g}")


def _repair(made: Draft, item: Item) -> Iterator[Problem]:
    """Only laws whose hazard is known in closed form go on ageing through a repair."""
    station = item.part
    if not isinstance(station, Station) or station.breakdown is None:
        return
    b, place = station.breakdown, ("breakdown", "repair")
    if b.repair == "renewal":
        if b.age_h > 0:
            what = f"`age_h` of {item.label} means nothing where a repair makes a machine as good as new"
            yield item.problem(("breakdown", "age_h"), what, "remove it, or use `repair: minimal`")
        return
    law = made.ids("assumption").get(b.time_to_failure)
    found = law.get("distribution") if law is not None else None
    if isinstance(found, Distribution) and found.kind not in {"weibull", "exponential"}:
        what = f"minimal repair of {item.label} rests on a {found.kind} law"
        yield item.problem(place, what, f"use kind `weibull` or `exponential` for `{b.time_to_failure}`")


def _ages(item: Item) -> Iterator[Problem]:
    """Wear and planned work that change how often a machine fails need a machine that fails."""
    breakdown, wear = item.raw.get("breakdown"), item.get("wear")
    fails = isinstance(breakdown, dict)
    runs = isinstance(breakdown, dict) and breakdown.get("counts", "running") == "running"
    if wear is not None and wear.fails > 0 and not runs:
        what = f"a worn tool makes machines of {item.label} fail, and they do not fail by hours of processing"
        yield item.problem(("wear", "fails"), what, "add a `breakdown` with `counts: running`, or remove it")
    for place, plan in enumerate(item.get("maintenance") or ()):
        if plan.renews and not fails:
            what = f"planned work {place + 1} of {item.label} renews machines that never fail"
            yield item.problem(("maintenance", place, "renews"), what, "add a `breakdown`, or remove it")


NEEDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "exceptions": (("every", "lasts"), ("stations",)),
    "maintenance-delay": (("lasts",), ("stations",)),
    "sensor-error": ((), ("levels", "elapsed", "misread")),
    "damaged-packaging": (("lasts", "stations"), ("share", "crew", "skill", "people", "outcomes")),
}
"""Keys that each kind of disturbance must have, and those that it may have."""


def _disturbance(item: Item) -> Iterator[Problem]:
    kind = item.get("kind")
    if kind not in NEEDS:
        return
    needed, more = NEEDS[kind]
    given = set(item.raw) - {"id", "kind"}
    if missing := [n for n in needed if n not in given]:
        yield item.problem((), f"{item.label} has no {words(missing)}", f"add {words(missing)}")
    known = {word for words_of in NEEDS.values() for part in words_of for word in part}
    if extra := sorted(given & known - {*needed, *more}):
        what = f"{words(extra)} of {item.label} means nothing for `{kind}`"
        yield item.problem((extra[0],), what, f"remove it, since `{kind}` takes {words([*needed, *more])}")
    if kind == "sensor-error" and not given & set(more):
        yield item.problem((), f"{item.label} states no error", f"give at least one of {words(more)}")


def _damaged(made: Draft, item: Item) -> Iterator[Problem]:
    """Damaged jobs go where their routes have a step, in the same area, and not to more than all of them."""
    disturbance = item.part
    if not isinstance(disturbance, Disturbance) or made.unread & {"station", "product"}:
        return
    total = sum(outcome.share for outcome in disturbance.outcomes)
    if total > 1.0 + 1e-9:
        what = f"the outcomes of {item.label} add up to {total:g}"
        yield item.problem(("outcomes",), what, "use shares that add up to at most 1")
    area = {i.id: i.get("area") for i in made.all("station")}
    products = [i.part for i in made.all("product") if isinstance(i.part, Product)]
    routes = [
        r for p in products for r in p.routes if any(v.station in disturbance.stations for s in r for v in s.places)
    ]
    for n, outcome in enumerate(disturbance.outcomes):
        place = ("outcomes", n)
        if outcome.to == "scrap":
            continue
        steps = [step for route in routes for step in route if step.called == outcome.to]
        if not steps:
            what = f"`to` of an outcome of {item.label} is {shown(outcome.to)}, which is no step of a route through it"
            known = [step.called for route in routes for step in route] + ["scrap"]
            yield item.problem(place, what, did_you_mean(outcome.to, known, "name a step, or `scrap`"))
        elsewhere = {area.get(v.station) for s in steps for v in s.places} - {area.get(s) for s in disturbance.stations}
        if elsewhere - {None}:
            what = f"an outcome of {item.label} sends damaged jobs to another area, and nothing carries them"
            yield item.problem(place, what, "name a step in the same area, or `scrap`")


def _once(made: Draft) -> Iterator[Problem]:
    """A wait before repairs, an error of readings and damage are stated once for each station."""
    first: dict[tuple[str, str], Item] = {}
    for item in made.all("disturbance"):
        kind = item.get("kind")
        if kind not in {"maintenance-delay", "sensor-error", "damaged-packaging"}:
            continue
        for station in item.get("stations") or made.names("station") or [""]:
            if (kind, station) in first:
                other = first[kind, station]
                what = f"{item.label} states `{kind}` again for what {other.label} (line {other.line}) covers"
                yield item.problem((), what, "keep one of them, or name their `stations`")
                break
            first[kind, station] = item
