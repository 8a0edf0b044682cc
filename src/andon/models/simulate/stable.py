"""Whether the demand can be met in the long run: the load of every station and crew, and what no job ever reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass

from andon.models.simulate.asked import Asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.rows import STATES, Rows
from andon.models.simulate.short import shortages
from andon.models.simulate.week import Week
from andon.site.floor import Product
from andon.site.model import Site
from andon.site.supply import begun

LONG = 3.0
"""After this many times the mean processing time of its whole route a job should have come out."""
FULL = 0.9995
"""A load from here on counts as all of the time."""
GROUPS_MAX = 256
"""Groups of crews that are looked at, about."""


@dataclass(frozen=True)
class Load:
    """What the demand asks of a station or a crew, as a share of the time that it has."""

    kind: str
    """`station`, `stations` that share a step, `crew`, or `crews` that may do the same."""
    id: str
    load: float
    """Mean work that comes in a week over what can be done in one; 1 and more: the queue grows without end. Processing
    is counted as the least that it can be, set-ups as `Week.setups` says, for crews repairs as well; no waiting."""


def loads(site: Site, change: Asked) -> tuple[Load, ...]:
    """The long-run load of every station, of stations that share a step, and of the crews that several ask for."""
    site = change.site or site
    week = Week(site, change)
    alone, shared = week.add_work()
    setups = {s.id: week.setups(s) for s in site.stations}
    time = {s.id: week.machine_s(s) for s in site.stations}
    found = [Load("station", name, _share(work + setups[name], time[name])) for name, work in alone.items()]
    for group in shared:
        work = sum(w for key, w in shared.items() if key <= group) + sum(alone[name] + setups[name] for name in group)
        found.append(Load("stations", "`, `".join(sorted(group)), _share(work, sum(time[name] for name in group))))
    return (*found, *_crews(site, week, alone, setups))


def _crews(site: Site, week: Week, alone: dict[str, float], setups: dict[str, float]) -> list[Load]:
    """Loads of crews, and of groups of crews any of whom may come: what only they can do over the time they have.

    All work can be shared out only if no group is asked for more than it has (Hall's condition); the groups that can
    say so are unions of those who are asked for together.
    """
    asks = [(s.id, *ask) for s in site.stations for ask in week.asks(s, alone[s.id], setups[s.id])]
    kinds = {crews for _, crews, _ in asks}
    groups = set(kinds)
    for crews in sorted(kinds, key=sorted):
        groups |= {crews | g for g in groups if crews & g} if len(groups) <= GROUPS_MAX else set()
    found = []
    for group in sorted(groups, key=lambda g: (len(g), sorted(g))):
        mine = [(station, s) for station, crews, s in asks if crews <= group]
        only = {s.id for s in site.stations if s.crew_for == "processing"} & {station for station, _ in mine}
        if len(mine) == 1 and len(only) == 1 and not setups[mine[0][0]]:
            continue  # the station's own load says it
        there = sum(week.present_s(week.crews[c]) for c in group)
        kind = "crew" if len(group) == 1 else "crews"
        found.append(Load(kind, "`, `".join(sorted(group)), _share(sum(s for _, s in mine), there)))
    return found


def _percent(load: float) -> str:
    return "endlessly many times" if math.isinf(load) else f"{load:.0%}"


def _share(work: float, time: float) -> float:
    return work / time if time > 0 else float(work > 0)


def stuck(rows: Rows, change: Asked) -> tuple[str, ...]:
    """One sentence for each product that is ordered and never completed in any future, although there was time."""
    image, site = rows.image, rows.image.site
    week = Week(site, change)
    stations = {s.id: s for s in site.stations}
    found = []
    for i, product in enumerate(site.products):
        route_s = max(sum(week.time_s(stations[step.station], step) for step in route) for route in product.routes)
        if rows.done(i).any() or not rows.product(i, at.ORDERED).any() or rows.seconds <= LONG * route_s:
            continue
        if not week.open_s:
            continue
        waits = _not_let_in(rows, i) or _no_part(rows, product)
        if waits:
            found.append(f"no `{product.id}` is completed in any future: {waits}")
            continue
        queues = [float(rows.queue(k).mean()) for k in range(len(image.stations))]
        fullest = max(range(len(queues)), key=queues.__getitem__)
        shares = {name: float(rows.station_share(fullest, k).mean()) for k, name in enumerate(STATES)}
        most = max(shares, key=shares.__getitem__)
        found.append(
            f"no `{product.id}` is completed in any future: most jobs wait in `{image.stores[fullest]}`, and station"
            f" `{image.stations[fullest]}` is {most.replace('_', ' ')} {shares[most]:.0%} of the time; see why"
        )
    return tuple(found)


def _not_let_in(rows: Rows, product: int) -> str:
    """Jobs of the product are never released, or never good; empty where neither is so."""
    if not rows.product(product, at.RELEASED_N).any():
        return "none is let onto the floor; see `release`, and whether its first buffer is always full"
    if rows.scrapped(product).any():
        return "whatever comes to an end is scrapped; see the `outcomes` of its steps"
    return ""


def _no_part(rows: Rows, product: Product) -> str:
    """Which part a product waits for that is not finished in any future either; empty where there is none."""
    number = {p.id: i for i, p in enumerate(rows.image.site.products)}
    for route in product.routes:
        for step in route:
            for taken in step.takes:
                made = rows.done(number[taken.product]).any()
                if not made and not rows.stock(rows.image.shelves.index(taken.buffer)).any():
                    where = f"station `{step.station}` waits for `{taken.product}` in `{taken.buffer}`"
                    return f"{where}, and none is finished; see where `{taken.product}` is"
    return ""


def _full(site: Site, change: Asked) -> list[str]:
    """Who cannot keep up; of crews only the smallest groups."""
    found, told = [], list[set[str]]()
    for x in loads(site, change):
        names = set(x.id.split("`, `"))
        if x.load < FULL or (x.kind.startswith("crew") and any(t < names for t in told)):
            continue
        if x.kind.startswith("crew"):
            told.append(names)
        many = x.kind.endswith("s")
        found.append(
            f"{x.kind} `{x.id}` {'are' if many else 'is'} asked for {_percent(x.load)} of"
            f" {'their' if many else 'its'} time in the long run, so the queue grows without end;"
            f" give more capacity or lower the demand"
        )
    return found


def warnings(site: Site, change: Asked) -> tuple[str, ...]:
    """One sentence for each station or crew that cannot keep up, and for each element that no job ever reaches."""
    found = _full(site, change)
    built = change.site or site
    found += shortages(built, Week(built, change))
    reached = {visit.station for p in built.products for visit in p.visits}
    found += [
        f"no route goes to station `{station.id}`, so it never works; add a step or remove it"
        for station in built.stations
        if station.id not in reached
    ]
    ever = begun(built.products, [d.product for d in built.demand] + [o.product for o in built.orders])
    found += [
        f"nothing orders product `{p.id}`, so none is made; add a demand or remove it"
        for p in built.products
        if p.id not in ever
    ]
    return tuple(found)
