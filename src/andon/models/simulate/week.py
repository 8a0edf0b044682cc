"""What an ordinary week asks of a site and has for it: jobs, work, set-ups, machines' and people's time."""

from __future__ import annotations

import itertools
import math

from andon.models.simulate.asked import Asked
from andon.models.simulate.calendar import crew_line, first_shift_start, open_spans
from andon.models.simulate.crews import who_can
from andon.models.simulate.laws import mean_of, scale_of
from andon.models.simulate.tables import curve_value_s, setpoint_default
from andon.models.simulate.visits import expected_visits
from andon.models.simulate.ways import steps_of
from andon.site.floor import Crew, OtherStation, Product, Station, Step
from andon.site.lots import arriving
from andon.site.model import Site

WEEK_NS = 7 * 86_400 * 10**9
IN_ORDER = frozenset({"fifo", "edd", "cr"})
"""Rules that take orders about as they came; the others keep the products of a station together, or may."""


class Week:
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

    def setups(self, station: Station) -> float:
        """Machine seconds of set-ups in a week.

        Orders are taken as they come, each as a run of its product, over which the machines share: a machine changes
        when its next load is of another order and that order is of another product. Where a rule or a given sequence
        keeps products together, or a curve of other stations decides who comes, none are counted.
        """
        release = self.site.release
        if station.setup is None or station.dispatch not in IN_ORDER or (release and release.sequence_signal):
            return 0.0
        runs: dict[str, tuple[float, float]] = {}
        for product in self.site.products:
            lots = [n for route in product.routes for n in arriving(route, self.stations)[:-1]]
            here = sum(
                visits / lot
                for (step, visits), lot in zip(self.visits[product.id].steps, lots, strict=True)
                if step.station == station.id and (not step.others or step.choice == "probability")
            )
            size = max((d.quantity for d in self.site.demand if d.product == product.id), default=1) / max(lots)
            jobs = self.jobs(product) * here if here else 0.0
            if jobs > 0 and math.isfinite(jobs):
                runs[product.id] = jobs, jobs / size
        total = sum(n for _, n in runs.values())
        rows = {(r.from_product, r.to_product): r.minutes * 60.0 for r in self.site.setups if r.station == station.id}
        work = 0.0
        for name, (jobs, orders) in runs.items():
            fresh = jobs * min(1.0 / station.batch, len(station.machines) * orders / jobs)
            others = sum(
                n / total * rows.get((other, name), self.mean_s(station.setup))
                for other, (_, n) in runs.items()
                if other != name
            )
            work += fresh * others
            work += (jobs / station.batch - fresh * (1.0 - orders / total)) * rows.get((name, name), 0.0)
        return work

    def repairs(self, station: Station, work: float) -> float:
        """Seconds of repairs in a week, where its machines process for `work` seconds."""
        b = station.breakdown
        if b is None:
            return 0.0
        up, down = self.mean_s(b.time_to_failure), self.mean_s(b.time_to_repair)
        if b.counts == "running":
            return work / up * down if up > 0 else math.inf
        return len(station.machines) * WEEK_NS / 1e9 * (down / (up + down) if up + down > 0 else 0.0)

    def asks(self, station: Station, work: float, setups: float) -> list[tuple[frozenset[str], float]]:
        """Person seconds that a station needs in a week, by the crews of which any may come."""
        who = station.skill or station.crew
        found: list[tuple[str, float]] = []
        if who and station.crew_for == "processing":
            found.append((who, work * station.people))
        if station.setup_skill:
            found.append((station.setup_skill, setups * station.setup_people))
        elif who:
            found.append((who, setups * station.people))
        b = station.breakdown
        if b is not None and (b.skill or b.crew):
            found.append((b.skill or b.crew or "", self.repairs(station, work) * b.people))
        return [(frozenset(c.id for c in who_can(self.site, name)), s) for name, s in found if s > 0]

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
        return who_can(self.site, station.skill or station.crew or "")

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
