"""Planned work, minimal repair, waits before repairs and short stops: exact counts, and an independent SimPy model."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.floor import Area, Assumption, Crew, Distribution
from andon.site.model import Element, ElementKind, Site
from andon.site.pace import Wear
from andon.site.stops import Disturbance, Maintenance

simpy = pytest.importorskip("simpy")
HOUR = 3600.0


def with_law(site: Site, name: str, law: Distribution) -> Site:
    more = Assumption(
        name=name, unit="s", distribution=law, origin="test", who="nobody", when="2026-01-01", review_by="2030-01-01"
    )
    return site.model_copy(update={"assumptions": (*site.assumptions, more)})


def with_station(site: Site, **fields: Any) -> Site:
    return site.model_copy(update={"stations": (site.stations[0].model_copy(update=fields), *site.stations[1:])})


def run(site: Site, hours: float, n: int = 1, *, flavour: jit.Flavour = "plain", live: LiveState | None = None) -> Rows:
    return replicate(compile_site(site, live, hours * HOUR, asked(site, {}), bins=1), n, 7, flavour=flavour)


def busy_line(time: Distribution, **stage: Any) -> Site:
    """One machine that always has work."""
    return line([Stage(time, capacity=100_000, **stage)], constant(1e7), quantity=10_000)


def planned(site: Site, length: Distribution, **plan: Any) -> Site:
    return with_station(with_law(site, "service", length), maintenance=(Maintenance(time="service", **plan),))


@pytest.mark.parametrize("interrupts", [True, False])
def test_planned_work_at_times_of_day_takes_exactly_its_time(interrupts: bool) -> None:
    """Jobs of 7 minutes from midnight; work at 02:00 and 13:00 for 30 minutes. 120 = 17 jobs and 1 minute."""
    site = planned(busy_line(constant(420.0)), constant(1800.0), at=("02:00", "13:00"), interrupts=interrupts)
    rows = run(site, 24.0)
    assert rows.share(0, at.PLANNED)[0] * 24 == pytest.approx(1.0)
    assert rows.share(0, at.BUSY)[0] * 24 == pytest.approx(23.0)
    assert rows.done()[0] == 23 * 60 // 7
    early = run(site, 2.55)
    assert early.share(0, at.PLANNED)[0] * 2.55 * 60 == pytest.approx(30.0 if interrupts else 27.0)


def test_planned_work_by_hours_of_the_calendar_comes_once_a_cycle_from_anywhere_in_it() -> None:
    site = planned(busy_line(constant(60.0)), constant(600.0), every_h=5.0, interrupts=True)
    rows = run(site, 50.0, 12)
    lengths = rows.share(0, at.PLANNED) * 50 * 6
    assert ((lengths > 9.0) & (lengths < 10.0 + 1e-9)).all()  # the last one may be cut off by the end
    first = run(site, 2.5, 400, flavour="compiled")
    due = float((first.share(0, at.PLANNED) > 0).mean())
    assert abs(due - 0.5) < 4 * 0.5 / math.sqrt(400)


def test_planned_work_by_processing_comes_between_two_jobs_and_not_while_idle() -> None:
    """A job a minute, 30 s of it processing: 4 h of processing in 8 h; work after each hour of it."""
    site = line([Stage(constant(30.0))], constant(60.0))
    rows = run(planned(site, constant(20.0), every_h=1.0, counts="running"), 8.0, 20)
    services = rows.share(0, at.PLANNED) * 8 * HOUR / 20.0
    assert set(np.round(services, 6)) <= {3.0, 4.0, 5.0}
    assert services.mean() == pytest.approx(4.0, abs=0.3)


def test_planned_work_waits_for_its_crew() -> None:
    """Two machines are due at once, one fitter: the second stands for two lengths."""
    site = with_law(busy_line(constant(60.0), machines=2), "service", constant(600.0))
    site = site.model_copy(update={"crews": (Crew(id="fitters", name="Fitters", size={"all": 1}),)})
    plan = Maintenance(time="service", at=("01:00",), crew="fitters", interrupts=True)
    rows = run(with_station(site, maintenance=(plan,)), 3.0)
    assert sorted(rows.share(k, at.PLANNED)[0] * 3 * 6 for k in range(2)) == pytest.approx([1.0, 2.0])


@pytest.mark.parametrize(("shape", "age_h"), [(2.0, 0.0), (1.5, 40.0), (1.0, 10.0)])
@pytest.mark.parametrize("counts", ["running", "calendar"])
def test_expected_failures_under_minimal_repair_are_exact(shape: float, age_h: float, counts: str) -> None:
    """The power-law process: ((age + t) / scale)^shape - (age / scale)^shape failures in t; repairs take no time."""
    site = busy_line(
        constant(600.0),
        fails=Distribution(kind="weibull", shape=shape, scale=20 * HOUR),
        repair=constant(3.6),
        calendar=counts == "calendar",
    )
    b = site.stations[0].breakdown
    assert b is not None
    site = with_station(site, breakdown=b.model_copy(update={"repair": "minimal", "age_h": age_h}))
    rows = run(site, 60.0, 4000, flavour="compiled")
    failures = rows.share(0, at.FAILED) * 60 * HOUR / 3.6
    exact = ((age_h + 60.0) / 20.0) ** shape - (age_h / 20.0) ** shape
    error = math.sqrt(exact / 4000)  # a Poisson number
    assert abs(failures.mean() - exact) < 4 * error + 0.01
    assert failures.var() == pytest.approx(exact, rel=0.12)


def test_a_repair_that_renews_fails_as_often_as_renewal_theory_says() -> None:
    """In the long run once a mean life; a constant life exactly so, from anywhere in it."""
    site = busy_line(constant(60.0), fails=constant(2 * HOUR), repair=constant(36.0))
    rows = run(site, 40.0, 10)
    assert set(np.round(rows.share(0, at.FAILED) * 40 * 100)) <= {19, 20}


def test_a_wait_before_repairs_adds_to_each_of_them() -> None:
    site = busy_line(constant(60.0), fails=constant(2 * HOUR), repair=constant(36.0))
    slow = Disturbance(id="slow", kind="maintenance-delay", lasts="wait")
    site = with_law(site, "wait", constant(324.0)).model_copy(update={"disturbances": (slow,)})
    rows = run(site, 40.0, 10)
    assert set(np.round(rows.share(0, at.FAILED) * 40 * 10)) <= {18, 19, 20}


def test_stops_of_a_station_come_at_their_rate_and_last_as_stated() -> None:
    every, lasts = 1500.0, 300.0
    site = with_law(
        with_law(busy_line(constant(60.0), machines=2), "between", exponential(every)), "lasts", constant(lasts)
    )
    stop = Disturbance(id="stops", kind="exceptions", every="between", lasts="lasts", stations=("s0",))
    rows = run(site.model_copy(update={"disturbances": (stop,)}), 80.0, 60, flavour="compiled")
    share = rows.station_share(0, at.STOPPED)
    exact = lasts / (every + lasts)
    assert abs(share.mean() - exact) < 4 * share.std() / math.sqrt(60) + 0.0005
    assert (rows.share(0, at.STOPPED) == rows.share(1, at.STOPPED)).all()
    assert rows.share(0, at.BUSY) == pytest.approx(1.0 - share)


def test_a_machine_that_is_seen_in_planned_work_begins_in_it() -> None:
    site = planned(busy_line(constant(420.0)), constant(1800.0), every_h=1000.0)
    now = LiveState(at_ns=1_767_571_200 * 10**9, machines={"m0-0": MachineNow("maintenance")}, waiting={"p0": 100})
    rows = run(site, 2.0, 30, live=now)
    minutes = rows.share(0, at.PLANNED) * 120
    assert ((minutes > 0) & (minutes < 30)).all()
    assert rows.share(0, at.BUSY) * 120 == pytest.approx(120 - minutes)
    by_use = planned(busy_line(constant(420.0)), constant(1800.0), every_h=1000.0, counts="running")
    minutes = run(by_use, 2.0, 30, live=now).share(0, at.PLANNED) * 120
    assert ((minutes > 0) & (minutes < 30)).all()


class Peer:
    """One machine: failures with minimal repair after a wait, work every 3 h that waits for the job, stops."""

    def __init__(self, seed: int, hours: float) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation
        self.env = simpy.Environment()
        self.end = hours * HOUR
        self.done = 0
        self.spent = {"planned": 0.0, "stopped": 0.0, "failed": 0.0}
        self.causes: set[str] = set()
        self.ring = self.env.event()
        self.due: list[Any] = []
        self.idle = False
        self.env.process(self.machine())
        self.env.process(self.plan())
        self.env.process(self.stops())
        self.env.run(until=self.end)

    def set(self, cause: str, on: bool) -> None:
        (self.causes.add if on else self.causes.discard)(cause)
        self.ring.succeed()
        self.ring = self.env.event()

    def stops(self) -> Generator[Any, Any, None]:
        while True:
            yield self.env.timeout(self.chance.expovariate(1 / 2400.0))
            self.set("stopped", True)
            yield self.env.timeout(self.chance.uniform(60.0, 200.0))
            self.set("stopped", False)

    def plan(self) -> Generator[Any, Any, None]:
        due = self.chance.random() * 3 * HOUR
        while True:
            yield self.env.timeout(due - self.env.now)
            asked_for = self.env.event()
            self.due.append(asked_for)
            yield asked_for
            self.set("planned", True)
            begun = self.env.now
            yield self.env.timeout(self.chance.uniform(300.0, 900.0))
            self.spent["planned"] += self.env.now - begun
            self.set("planned", False)
            due += 3 * HOUR

    def machine(self) -> Generator[Any, Any, None]:
        age, shape, scale = 0.0, 2.0, 9000.0
        life = scale * self.chance.expovariate(1.0) ** (1 / shape)
        while True:
            while self.due:
                self.due.pop().succeed()
                yield self.env.timeout(0)
            while self.causes:
                yield self.ring
            left = self.chance.gammavariate(4.0, 100.0)
            while left > 0:
                while self.causes:
                    yield self.ring
                begun, want = self.env.now, min(left, life)
                yield self.env.timeout(want) | self.ring
                worked = min(self.env.now - begun, want)
                left, life, age = left - worked, life - worked, age + worked
                if life <= 1e-9:
                    begun = self.env.now
                    yield self.env.timeout(self.chance.uniform(0.0, 120.0))
                    yield self.env.timeout(self.chance.expovariate(1 / 500.0))
                    self.spent["failed"] += self.env.now - begun
                    life = scale * ((age / scale) ** shape + self.chance.expovariate(1.0)) ** (1 / shape) - age
                if left <= 1e-9:
                    break
            self.done += 1


def test_the_same_machine_in_simpy_has_the_same_law() -> None:
    hours, n = 24.0, 250
    site = busy_line(
        Distribution(kind="gamma", shape=4.0, scale=100.0),
        fails=Distribution(kind="weibull", shape=2.0, scale=9000.0),
        repair=exponential(500.0),
    )
    b = site.stations[0].breakdown
    assert b is not None
    site = with_station(site, breakdown=b.model_copy(update={"repair": "minimal"}))
    site = planned(site, Distribution(kind="uniform", low=300.0, high=900.0), every_h=3.0)
    for name, law in (
        ("wait", Distribution(kind="uniform", low=0.0, high=120.0)),
        ("between", exponential(2400.0)),
        ("lasts", Distribution(kind="uniform", low=60.0, high=200.0)),
    ):
        site = with_law(site, name, law)
    hidden = (
        Disturbance(id="a", kind="maintenance-delay", lasts="wait"),
        Disturbance(id="b", kind="exceptions", every="between", lasts="lasts"),
    )
    rows = run(site.model_copy(update={"disturbances": hidden}), hours, 800, flavour="compiled")
    peers = [Peer(seed, hours) for seed in range(n)]
    for ours, theirs in (
        (rows.done(), [p.done for p in peers]),
        (rows.share(0, at.PLANNED) * hours * HOUR, [p.spent["planned"] for p in peers]),
        (rows.share(0, at.FAILED) * hours * HOUR, [p.spent["failed"] for p in peers]),
    ):
        other = np.array(theirs, float)
        error = math.sqrt(ours.var() / len(ours) + other.var() / n)
        assert abs(ours.mean() - other.mean()) < 4 * error + 0.002 * ours.mean()
        assert 0.75 < ours.std() / other.std() < 1.33


def test_planned_work_and_tools_take_anybody_who_has_the_skill() -> None:
    """Four machines due at once, ten minutes each, two people each: a fitter and an electrician can, others cannot."""
    site = with_law(busy_line(constant(60.0), machines=4), "service", constant(600.0))
    crews = (
        Crew(id="fitters", name="Fitters", size={"all": 2}, skills=("oil",)),
        Crew(id="electricians", name="Electricians", size={"all": 1}, skills=("oil", "wires")),
        Crew(id="cooks", name="Cooks", size={"all": 9}),
    )
    site = site.model_copy(update={"crews": crews})
    for people, ends in ((1, [10, 10, 10, 20]), (2, [10, 20, 30, 40]), (3, [10, 20, 30, 40])):
        plan = Maintenance(time="service", at=("01:00",), skill="oil", people=people, interrupts=True)
        rows = run(with_station(site, maintenance=(plan,)), 3.0)
        assert sorted(rows.share(k, at.PLANNED)[0] * 180 for k in range(4)) == pytest.approx(ends)
    wear = Wear(life="life", change="service", skill="oil")
    rows = run(with_station(with_law(site, "life", constant(HOUR)), wear=wear), 3.0)
    assert rows.crew_book(0, at.B_WORKED)[0] / 1e6 + rows.crew_book(1, at.B_WORKED)[0] / 1e6 > 3.0 * 0.4 * HOUR


def test_people_walk_to_planned_work() -> None:
    """Thirty metres at a metre a second before ten minutes of work, from where the crew's own place is."""
    site = planned(busy_line(constant(60.0)), constant(600.0), at=("01:00",), crew="fitters", interrupts=True)
    hall = Area(id="hall", name="Hall", x_m=0, y_m=0, width_m=50, height_m=50)
    kind = ElementKind.EQUIPMENT
    places = (
        Element(id="m0-0", kind=kind, name="m", area="hall", x_m=30, y_m=0),
        Element(id="fitters", kind=ElementKind.PERSONNEL, name="f", area="hall", x_m=0, y_m=0),
    )
    fitters = Crew(id="fitters", name="Fitters", size={"all": 1}, walk_m_per_s=1.0)
    rows = run(site.model_copy(update={"crews": (fitters,), "areas": (hall,), "elements": places}), 3.0)
    assert rows.share(0, at.PLANNED)[0] * 3 * HOUR == pytest.approx(630.0)
