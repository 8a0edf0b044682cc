"""Whether the demand can be met in the long run: the load of every station and crew, and what no job ever reaches."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from andon.models.simulate.asked import Asked
from andon.models.simulate.calendar import crew_line, first_shift_start, open_spans
from andon.models.simulate.laws import mean_of, scale_of
from andon.models.simulate.rows import STATES, Rows
from andon.models.simulate.tables import curve_value_s, setpoint_default
from andon.models.simulate.visits import expected_visits
from andon.models.simulate.ways import steps_of
from andon.site.floor import Crew, OtherStation, Product, Station, Step
from andon.site.lots import arriving
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
    """`station`, `stations` that share a step, or `crew`."""
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
        self.stations = {s.id: s for s in site.stations}
        self.visits = {p.id: expected_visits(p) for p in site.products}

    def mean_s(self, name: str) -> float:
        """Mean seconds of an assumption, as asked for."""
        a = self.laws[name]
        return mean_of(a.distribution) * scale_of(a.unit, a.name) * self.change.factors.get(name, 1.0)

    def jobs(self, product: Product) -> float:
        """Jobs of a product that a week's orders begin, those included that replace scrap."""
        total = 0.0
        scrap = self.visits[product.id].scrap
        for d in self.site.demand:
            every = self.mean_s(d.every)
            if d.product == product.id and every > 0:
                again = 1.0 - scrap if d.replace_scrap else 1.0
                total += (d.share or 1.0) * d.quantity * self.open_s / every / again if again > 0 else math.inf
        for whole in self.site.products:
            given = sum(g.quantity for step in steps_of(whole) for g in step.gives if g.product == product.id)
            total += given * self.jobs(whole) if given and whole.id != product.id else 0.0
        return total

    def time_s(self, station: Station, step: Step | OtherStation) -> float:
        """Mean processing seconds of a step."""
        pace = self.change.pace.get(station.id, 1.0) * quickest(station)
        if step.curve is None:
            return self.mean_s(step.time) * pace if step.time else 0.0
        curve = next(c for c in self.site.curves if c.id == step.curve)
        at = [
            self.change.setpoints.get(f"{m}.{station.setpoint}", setpoint_default(self.site, station, curve, m))
            for m in station.machines
        ]
        spread = self.mean_s(curve.spread) if curve.spread else 1.0
        return sum(curve_value_s(curve, x) for x in at) / len(at) * spread * pace

    def add_work(self) -> tuple[dict[str, float], dict[frozenset[str], float]]:
        """Machine seconds of processing that a week brings: to each station, and to stations that share a step.

        Loads are taken to be full. A step that several stations can do counts with the time of the fastest.
        """
        alone: dict[str, float] = dict.fromkeys(self.stations, 0.0)
        shared: dict[frozenset[str], float] = {}
        for product in self.site.products:
            jobs = self.jobs(product)
            lots = [n for route in product.routes for n in arriving(route, self.stations)[:-1]]
            for (step, visits), lot in zip(self.visits[product.id].steps, lots, strict=True):
                n = jobs * visits / lot if jobs and visits else 0.0
                ways: list[Step | OtherStation] = [step, *step.others]
                spans = [self.time_s(s, w) / s.batch for w in ways for s in (self.stations[w.station],)]
                if step.others and step.choice != "probability":
                    key = frozenset(w.station for w in ways)
                    shared[key] = shared.get(key, 0.0) + n * min(spans)
                    continue
                others = [o.share or 0.0 for o in step.others]
                for way, share, span in zip(ways, (1.0 - sum(others), *others), spans, strict=True):
                    alone[way.station] += n * share * span
        return alone, shared

    def machine_s(self, station: Station) -> float:
        """Seconds that a station's machines can work in a week: while its people are there, and they are not down."""
        machines = len(station.machines)
        seconds = machines * WEEK_NS / 1e9
        if station.crew_for == "processing" and (station.crew is not None or station.skill is not None):
            able = self.able(station)
            seconds = min(seconds, sum(self.present_s(c, machines * station.people) for c in able) / station.people)
        if station.breakdown is not None:
            up, down = self.mean_s(station.breakdown.time_to_failure), self.mean_s(station.breakdown.time_to_repair)
            seconds *= up / (up + down) if up + down > 0 else 1.0
        return seconds

    def able(self, station: Station) -> list[Crew]:
        """The crews whose people may work at a station."""
        if station.crew is not None:
            return [self.crews[station.crew]]
        return [c for c in self.site.crews if station.skill in c.skills]

    def present_s(self, crew: Crew, most: int = 1 << 30) -> float:
        """Person seconds of a crew in a week, at most so many people at a time."""
        line = [*crew_line(self.site, crew, self.start, WEEK_NS), (WEEK_NS, 0)]
        return sum((after[0] - here[0]) * min(here[1], most) for here, after in itertools.pairwise(line)) / 1e9


def quickest(station: Station) -> float:
    """The least factor on a station's times: at the speed that is set, in the best hours, after ten doublings."""
    level = station.speeds[station.speed].factor if station.speed in station.speeds else 1.0
    speed = sum(station.speed_of.get(m, level) for m in station.machines) / len(station.machines)
    hours = math.prod(min(1.0, h.factor) for h in station.hours)
    learned = max(station.learning.floor, station.learning.rate**10) if station.learning is not None else 1.0
    return hours * learned / speed


def loads(site: Site, change: Asked) -> tuple[Load, ...]:
    """The long-run load of every station, of stations that share a step, and of every crew at several stations."""
    site = change.site or site
    week = _Week(site, change)
    alone, shared = week.add_work()
    time = {s.id: week.machine_s(s) for s in site.stations}
    found = [Load("station", name, _share(work, time[name])) for name, work in alone.items()]
    for group in shared:
        work = sum(w for key, w in shared.items() if key <= group) + sum(alone[name] for name in group)
        found.append(Load("stations", "`, `".join(sorted(group)), _share(work, sum(time[name] for name in group))))
    asked_of: dict[str, list[float]] = {}
    for station in site.stations:
        if station.crew is not None and station.crew_for == "processing":
            asked_of.setdefault(station.crew, []).append(alone[station.id] * station.people)
    found += [
        Load("crew", crew, _share(sum(work), week.present_s(week.crews[crew])))
        for crew, work in asked_of.items()
        if len(work) > 1
    ]
    return tuple(found)


def _percent(load: float) -> str:
    return "endlessly many times" if math.isinf(load) else f"{load:.0%}"


def _share(work: float, time: float) -> float:
    return work / time if time > 0 else float(work > 0)


def stuck(rows: Rows, change: Asked) -> tuple[str, ...]:
    """One sentence for each product that is ordered and never completed in any future, although there was time."""
    image, site = rows.image, rows.image.site
    week = _Week(site, change)
    stations = {s.id: s for s in site.stations}
    found = []
    for i, product in enumerate(site.products):
        route_s = max(sum(week.time_s(stations[step.station], step) for step in route) for route in product.routes)
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
        f"{x.kind} `{x.id}` {'are' if x.kind == 'stations' else 'is'} asked for {_percent(x.load)} of"
        f" {'their' if x.kind == 'stations' else 'its'} time in the long run, so the queue grows without end;"
        f" give more capacity or lower the demand"
        for x in loads(site, change)
        if x.load >= FULL
    ]
    built = change.site or site
    reached = {visit.station for p in built.products for visit in p.visits}
    found += [
        f"no route goes to station `{station.id}`, so it never works; add a step or remove it"
        for station in built.stations
        if station.id not in reached
    ]
    ordered = {d.product for d in built.demand} | {o.product for o in built.orders}
    found += [
        f"nothing orders product `{p.id}`, so none is made; add a demand or remove it"
        for p in built.products
        if p.id not in ordered
        and not any(g.product == p.id for q in built.products for s in steps_of(q) for g in s.gives)
    ]
    return tuple(found)
