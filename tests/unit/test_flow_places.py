"""Buffers without places: published figures, an independent model in SimPy, what goes with them and what does not."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from drawn_sites import assume, change, change_station
from flow_kit import agree, holds, routed, runs

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.planned import Schedule
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.plant.draws import PlantError
from andon.plant.unplayed import refuse
from andon.site.floor import Area, Buffer, Conveyor, Demand, Fleet, OtherStation, Outcome, Taken
from andon.site.model import Site
from andon.site.orders import Order
from andon.site.stops import Maintenance

simpy = pytest.importorskip("simpy")
Steps = Generator[Any, Any, None]
HORIZON_S = 3 * 3600.0


def _unbuffered(stages: list[Stage], **more: Any) -> Site:
    """A line that always has work, and no place between its stations."""
    first, *others = stages
    made = [Stage(**{**first.__dict__, "capacity": 100_000}), *(Stage(**{**s.__dict__, "capacity": 0}) for s in others)]
    return line(made, constant(1000.0), quantity=9_000, **more)


@pytest.mark.parametrize(("stations", "published"), [(2, 2 / 3), (3, 0.5641), (4, 0.5148), (5, 0.4858), (6, 0.4667)])
def test_balanced_exponential_lines_without_buffers_as_published(stations: int, published: float) -> None:
    """Hunt 1956, to four digits."""
    rows = runs(_unbuffered([Stage(exponential(1.0))] * stations), 21_000.0, 40, warmup_s=1_000.0)
    holds(rows.done() / rows.seconds, published, 0.005, slack=0.0002)


class Cell:
    """Three stations in SimPy, nothing between them: a job holds its machine until the next one is its own."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation
        self.env = simpy.Environment()
        self.stations = [simpy.Store(self.env) for _ in range(3)]
        for store, count in zip(self.stations, (1, 2, 1), strict=True):
            for _ in range(count):
                store.put({"last": -1})
        self.menders = simpy.PriorityResource(self.env, 1)
        self.done = 0
        for number in range(2):
            self.env.process(self.orders(number))
        self.env.run(until=HORIZON_S)

    def orders(self, number: int) -> Steps:
        while True:
            for _ in range(3):
                self.env.process(self.job(number))
            yield self.env.timeout(self.chance.expovariate(1 / 400.0))

    def job(self, number: int) -> Steps:
        held = None
        for i, mean in enumerate((30.0, 70.0, 40.0)):
            machine = yield self.stations[i].get()
            if held is not None:
                self.stations[i - 1].put(held)
            if i == 1 and machine["last"] != number:
                yield self.env.timeout(self.chance.expovariate(1 / 25.0))
            machine["last"] = number
            yield self.env.timeout(self.chance.expovariate(1 / mean))
            held = machine
        self.stations[2].put(held)
        self.done += 1


def test_parallel_machines_and_set_ups_without_places_as_in_simpy() -> None:
    stages = [
        Stage(exponential(30.0), capacity=0),
        Stage(exponential(70.0), machines=2, capacity=0, setup=exponential(25.0)),
        Stage(exponential(40.0), capacity=0),
    ]
    site = line(stages, exponential(400.0), quantity=3, products=((0, 1, 2), (0, 1, 2)))
    rows = runs(site, HORIZON_S, 300)
    agree(rows.done(), np.array([Cell(seed).done for seed in range(200)], float))
    assert float(rows.wip().max()) <= 4.0
    assert not any(rows.queue(i).any() for i in range(3))


def test_a_machine_that_is_being_serviced_is_no_place() -> None:
    """Jobs of 7 s and 2 s; service from 60 s to 90 s: what is done at 63 s waits on its machine until 90 s."""
    site = assume(_unbuffered([Stage(constant(7.0)), Stage(constant(2.0))]), "service", constant(30.0))
    site = change_station(site, 1, maintenance=(Maintenance(time="service", at=("00:01",)),))
    rows = runs(site, 93.0, 1, plain=True)
    assert rows.done()[0] == 9  # at 9, 16, ... 58 s, and the one of 63 s at 92 s
    assert rows.product(0, at.LAST_EXIT)[0] == 92 * 10**9
    assert rows.share(0, at.BLOCKED)[0] * 93.0 == pytest.approx(27.0)


def test_failures_by_the_calendar_let_a_job_wait_where_it_is() -> None:
    """Long-run share of a line that fails as a whole: throughput lies below that of the same line without failures."""
    stages = [
        Stage(exponential(1.0)),
        Stage(exponential(1.0), fails=exponential(20.0), repair=exponential(5.0), calendar=True),
    ]
    rows = runs(_unbuffered(stages), 5000.0, 20)
    assert 0.45 < float((rows.done() / rows.seconds).mean()) < 2 / 3 * 0.85
    assert not rows.queue(1).any()


def test_jobs_wait_in_the_order_book_for_a_first_station_without_places() -> None:
    site = line([Stage(constant(5.0), capacity=0)], constant(1e6), quantity=20)
    rows = runs(site, 47.0, 1, plain=True)
    assert rows.done()[0] == 9
    assert rows.product(0, at.WAITING)[0] == 10
    assert rows.wip()[0] == pytest.approx(1.0)


def test_a_blocked_job_takes_the_first_of_two_stations_that_is_free() -> None:
    site = line(
        [Stage(constant(1.0), capacity=30), *[Stage(constant(4.0), capacity=0)] * 2], constant(1e6), quantity=20
    )
    others = (OtherStation(station="s2", time="time2"),)
    rows = runs(routed(site, 0, {"at": 0}, {"at": 1, "others": others}), 100.0, 1, plain=True)
    assert tuple(rows.count(i)[0] for i in range(3)) == (20, 10, 10)
    assert rows.product(0, at.LAST_EXIT)[0] == 42 * 10**9  # from 2 s and 1 s on, ten of 4 s each


def test_a_conveyor_holds_its_end_until_the_machine_takes_over() -> None:
    """Ten metres a job in 10 s, machine of 6 s behind it: exits at 17, 23, 29, ... s."""
    site = line([Stage(constant(1.0)), Stage(constant(6.0), capacity=0)], constant(1e6), quantity=5)
    belt = Conveyor(id="belt", start="s0", end="s1", length_m=10, speed_m_per_s=1, spacing_m=1)
    rows = runs(change(site, conveyors=(belt,)), 100.0, 1, plain=True)
    assert rows.product(0, at.LAST_EXIT)[0] == (17 + 4 * 6) * 10**9


def test_a_bench_without_places_holds_one_job_that_waits_for_its_part() -> None:
    stages = [Stage(constant(1.0)), Stage(constant(2.0), capacity=0), Stage(constant(10.0))]
    site = line(stages, constant(1e6), quantity=4, products=((0, 1), (2,)))
    site = routed(site, 0, {"at": 0}, {"at": 1, "takes": (Taken(product="p1", buffer="shelf"),)})
    site = change(site, buffers=(*site.buffers, Buffer(id="shelf", capacity=3)))
    rows = runs(site, 100.0, 1, plain=True)
    assert rows.done(0)[0] == 4
    assert rows.product(0, at.LAST_EXIT)[0] == 42 * 10**9  # a part every 10 s
    assert rows.share(0, at.BLOCKED)[0] * 100.0 == pytest.approx(8.0 + 9.0 + 9.0 + 1.0, abs=2.0)


def test_a_start_from_now_goes_on_with_who_is_blocked() -> None:
    """The second machine has 5 s to go; then the job of the blocked first one is handed over."""
    site = _unbuffered([Stage(constant(7.0)), Stage(constant(20.0))])
    machines = {"m0-0": MachineNow("blocked", "p0"), "m1-0": MachineNow("running", "p0", 15.0)}
    live = LiveState(1_795_356_000 * 10**9, machines=machines, levels={"b1": 3})
    rows = replicate(compile_site(site, live, 60.0, asked(site, {}), bins=1), 1, 1, flavour="plain")
    assert rows.done()[0] == 2
    assert rows.product(0, at.LAST_EXIT)[0] == 25 * 10**9


def test_work_that_is_sent_back_to_its_own_machine_is_told() -> None:
    site = _unbuffered([Stage(constant(1.0)), Stage(constant(1.0))])
    site = routed(site, 0, {"at": 0}, {"at": 1, "outcomes": (Outcome(share=0.5, to="s1"),)})
    with pytest.raises(Unrunnable, match=r"`m1-0`.*room in `b1`"):
        runs(site, 1000.0, 1, plain=True)


def _two_areas(site: Site) -> Site:
    yard = Area(id="yard", name="Yard", x_m=20, y_m=0, width_m=10, height_m=10)
    site = change(assume(site, "handling", constant(1.0)), areas=(*site.areas, yard))
    fleet = Fleet(id="agv", vehicles=("v1",), speed_m_per_s=1.0, handling="handling")
    return change(change_station(site, 1, area="yard"), fleets=(fleet,))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (lambda s: change_station(s, 1, batch=2), "loads are put together from jobs that wait there"),
        (lambda s: change_station(s, 1, dispatch="spt"), "a rule chooses among jobs that wait there"),
        (_two_areas, "vehicles set jobs down there"),
    ],
)
def test_what_needs_jobs_that_wait_is_refused(changed: Any, why: str) -> None:
    site = changed(_unbuffered([Stage(constant(1.0)), Stage(constant(1.0))]))
    with pytest.raises(Unrunnable, match=f"buffer `b1` of station `s1` has no places, and {why}; give it places"):
        runs(site, 10.0, 1, plain=True)


def test_a_schedule_and_the_virtual_plant_need_places() -> None:
    site = _unbuffered([Stage(constant(1.0)), Stage(constant(1.0))])
    booked = change(site, orders=(Order(order="a", product="p0", quantity=1, due="2026-01-05 12:00"),))
    with pytest.raises(Unrunnable, match="a schedule chooses among jobs that wait there"):
        compile_site(booked, None, 10.0, asked(booked, {}), schedule=Schedule("plan.csv", ()))
    with pytest.raises(PlantError, match="buffer `b1` has no places"):
        refuse(site)


def test_what_a_site_does_not_use_is_not_in_its_program() -> None:
    site = line([Stage(constant(1.0)), Stage(constant(1.0))], constant(5.0))
    image = compile_site(site, None, 10.0, asked(site, {}))
    assert at.GET in image.code[::4]
    assert not {at.GET_HANDED, at.LOT_FORM, at.LOT_SPLIT} & set(image.code[::4].tolist())


def test_a_buffer_can_be_asked_away() -> None:
    """`--set b1.capacity=0`."""
    site = line([Stage(exponential(1.0)), Stage(exponential(1.0), capacity=2)], constant(1000.0), quantity=9000)
    none = asked(site, {"b1.capacity": 0})
    rows = replicate(compile_site(site, None, 5000.0, none, bins=1), 20, 1)
    holds(rows.done() / rows.seconds, 2 / 3, 0.02)


def test_demand_is_met_when_nothing_may_wait() -> None:
    """A single machine without a place under light load: what is ordered is made."""
    site = line([Stage(constant(1.0), capacity=0)], constant(4.0))
    demand = (Demand(product="p0", every="every", quantity=2, due_h=0.001),)
    rows = runs(change(site, demand=demand), 399.0, 1, plain=True)
    assert rows.done()[0] == 200
    assert rows.on_time(0)[0] == 1.0
