"""Whether the demand can be met in the long run: the load of every station and crew, and what no job ever reaches."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from andon.models.simulate.asked import Asked
from andon.models.simulate.calendar import crew_line, first_shift_start, open_spans
from andon.models.simulate.laws import mean_of, scale_of
from andon.models.simulate.rows import STATES, Rows
from andon.models.simulate.tables import curve_value_s, setpoint_default
from andon.site.floor import Crew, Product, Station, Step
from andon.site.model import Site

WEEK_NS = 7 * 86_400 * 10**9
LONG = 3.0
"""After this many times the mean processing time of its whole route a job should have come out."""
FULL = 0.9995
"""A load from here on counts as all of the time."""


@dataclass(frozen=True)
class Load:
    """What the demand asks of a station or a crew, as a share of the time that it has."""

    kind: str
    """`station` or `crew`."""
    id: str
    load: float
    """Mean work that comes in a week over what can be done in one; 1 and more: the queue grows without end. Set-ups and
    waiting are not in it, so it is a lower bound."""


class _Week:
    """An ordinary week of the site: how much work comes, how much time there is."""

    def __init__(self, site: Site, change: Asked) -> None:
        self.site, self.change = site, change
        self.laws = {a.name: a for a in site.assumptions}
        self.start = first_shift_start(site)
        self.open_s = sum(b - a for a, b in open_spans(site, self.start, WEEK_NS)) / 1e9
        self.crews = {c.id: c for c in site.crews}

    def mean_s(self, name: str) -> float:
        """Mean seconds of an assumption, as asked for."""
        a = self.laws[name]
        return mean_of(a.distribution) * scale_of(a.unit, a.name) * self.change.factors.get(name, 1.0)

    def jobs(self, product: Product) -> float:
        """Jobs of a product that a week's orders ask for."""
        total = 0.0
        for d in self.site.demand:
            every = self.mean_s(d.every)
            if d.product == product.id and every > 0:
                total += d.quantity * self.open_s / every
        return total

    def time_s(self, station: Station, step: Step) -> float:
        """Mean processing seconds of a step."""
        pace = self.change.pace.get(station.id, 1.0)
        if step.curve is None:
            return self.mean_s(step.time) * pace if step.time else 0.0
        curve = next(c for c in self.site.curves if c.id == step.curve)
        at = [
            self.change.setpoints.get(f"{m}.{station.setpoint}", setpoint_default(self.site, station, curve, m))
            for m in station.machines
        ]
        spread = self.mean_s(curve.spread) if curve.spread else 1.0
        return sum(curve_value_s(curve, x) for x in at) / len(at) * spread * pace

    def work_s(self, station: Station) -> float:
        """Machine seconds of processing that a week brings to a station, in full loads."""
        jobs = [(p, self.jobs(p)) for p in self.site.products]
        total = sum(n * self.time_s(station, step) for p, n in jobs for step in visits(p, station))
        return total / station.batch

    def machine_s(self, station: Station) -> float:
        """Seconds that a station's machines can work in a week: while its crew is there, and they are not down."""
        machines = len(station.machines)
        seconds = machines * WEEK_NS / 1e9
        if station.crew is not None and station.crew_for == "processing":
            seconds = self.present_s(self.crews[station.crew], machines)
        if station.breakdown is not None:
            up, down = self.mean_s(station.breakdown.time_to_failure), self.mean_s(station.breakdown.time_to_repair)
            seconds *= up / (up + down) if up + down > 0 else 1.0
        return seconds

    def present_s(self, crew: Crew, most: int = 1 << 30) -> float:
        """Person seconds of a crew in a week, at most so many people at a time."""
        line = [*crew_line(self.site, crew, self.start, WEEK_NS), (WEEK_NS, 0)]
        return sum((after[0] - here[0]) * min(here[1], most) for here, after in itertools.pairwise(line)) / 1e9


def visits(product: Product, station: Station) -> Iterator[Step]:
    """The steps of a product's route at a station."""
    return (step for step in product.route if step.station == station.id)


def loads(site: Site, change: Asked) -> tuple[Load, ...]:
    """The long-run load of every station, and of every crew that several stations share to process."""
    site = change.site or site
    week = _Week(site, change)
    found = []
    asked_of: dict[str, list[float]] = {}
    for station in site.stations:
        work, time = week.work_s(station), week.machine_s(station)
        found.append(Load("station", station.id, _share(work, time)))
        if station.crew is not None and station.crew_for == "processing":
            asked_of.setdefault(station.crew, []).append(work)
    found += [
        Load("crew", crew, _share(sum(work), week.present_s(week.crews[crew])))
        for crew, work in asked_of.items()
        if len(work) > 1
    ]
    return tuple(found)


def _share(work: float, time: float) -> float:
    return work / time if time > 0 else float(work > 0)


def stuck(rows: Rows, change: Asked) -> tuple[str, ...]:
    """One sentence for each product that is ordered and never completed in any future, although there was time."""
    image, site = rows.image, rows.image.site
    week = _Week(site, change)
    stations = {s.id: s for s in site.stations}
    found = []
    for i, product in enumerate(site.products):
        route_s = sum(week.time_s(stations[step.station], step) for step in product.route)
        if rows.done(i).any() or week.jobs(product) <= 0 or rows.seconds <= LONG * route_s or not week.open_s:
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


def warnings(site: Site, change: Asked) -> tuple[str, ...]:
    """One sentence for each station or crew that cannot keep up, and for each element that no job ever reaches."""
    found = [
        f"{x.kind} `{x.id}` is asked for {x.load:.0%} of its time in the long run, so its queue grows without end;"
        f" give it more capacity or lower the demand"
        for x in loads(site, change)
        if x.load >= FULL
    ]
    built = change.site or site
    found += [
        f"no route goes to station `{station.id}`, so it never works; add a step or remove it"
        for station in built.stations
        if not any(True for p in built.products for _ in visits(p, station))
    ]
    ordered = {d.product for d in built.demand} | {o.product for o in built.orders}
    found += [
        f"nothing orders product `{p.id}`, so none is made; add a demand or remove it"
        for p in built.products
        if p.id not in ordered
    ]
    return tuple(found)
