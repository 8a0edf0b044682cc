"""Routes with more than one way: rework and scrap, other stations, other routes, against exact results and SimPy."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from flow_kit import agree, holds, routed, runs

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.plant.draws import PlantError
from andon.plant.unplayed import refuse
from andon.site.floor import Curve, Distribution, OtherRoute, OtherStation, Outcome, Step

simpy = pytest.importorskip("simpy")
Steps = Generator[Any, Any, None]
BACK, LOST = 0.25, 0.1


def _inspected(at_most: int | None) -> list[dict[str, Any]]:
    outcomes = (Outcome(share=BACK, to="s0", at_most=at_most), Outcome(share=LOST, to="scrap"))
    return [{"at": 0}, {"at": 1, "outcomes": outcomes}]


@pytest.mark.parametrize("at_most", [None, 1, 3])
def test_passes_are_geometric_and_good_jobs_are_rate_times_yield(at_most: int | None) -> None:
    """Sent back with probability b until N times: passes 1 + b + ... + b^N, good ones (1 - b - s) times as many."""
    site = line([Stage(exponential(1.0)), Stage(exponential(0.8))], exponential(4.0))
    site = routed(site, 0, *_inspected(at_most))
    site = site.model_copy(update={"demand": (site.demand[0].model_copy(update={"replace_scrap": False}),)})
    rows = runs(site, 20_000.0, 40, warmup_s=500.0)
    passes = 1.0 / (1.0 - BACK) if at_most is None else sum(BACK**n for n in range(at_most + 1))
    good = (1.0 - BACK - LOST) * passes
    rate = 1.0 / 4.0
    holds(rows.done() / rows.seconds, rate * good, 0.02)
    holds(rows.count(1) / rows.seconds, rate * passes, 0.02)
    holds(rows.good(0), good, 0.02)
    holds(rows.reworked(0) / rows.seconds, rate * (passes - 1.0), 0.04)
    holds(rows.scrapped(0) / rows.seconds, rate * (1.0 - good), 0.04)


def test_what_is_scrapped_is_made_again_until_the_order_is_full() -> None:
    site = line([Stage(constant(1.0), capacity=500)], constant(1e6), quantity=200)
    scrap = {"at": 0, "outcomes": (Outcome(share=0.3, to="scrap"),)}
    again = runs(routed(site, 0, scrap), 9e5, 5)
    assert (again.done() == 200).all()
    assert (again.scrapped(0) > 40).all()
    assert (again.on_time() == 1.0).all()
    short = routed(site, 0, scrap)
    short = short.model_copy(update={"demand": (short.demand[0].model_copy(update={"replace_scrap": False}),)})
    rows = runs(short, 9e5, 5)
    assert (rows.done() + rows.scrapped(0) == 200).all()


def test_a_jackson_network_with_feedback() -> None:
    """Three stations with probabilistic routing: each is an M/M/1 queue at the rate of the traffic equations."""
    times = (1.0, 1.6, 1.1)
    site = line([Stage(exponential(t)) for t in times], exponential(1.0 / 0.35))
    site = routed(
        site,
        0,
        {"at": 0, "outcomes": (Outcome(share=0.4, to="s2"), Outcome(share=0.2, to="done"))},
        {"at": 1, "outcomes": (Outcome(share=0.3, to="s0"),)},
        {"at": 2, "outcomes": (Outcome(share=0.2, to="s1"), Outcome(share=0.1, to="s2"))},
    )
    goes = np.array([[0.0, 0.4, 0.4], [0.3, 0.0, 0.7], [0.0, 0.2, 0.1]])
    rates = np.linalg.solve(np.eye(3) - goes.T, np.array([0.35, 0.0, 0.0]))
    rows = runs(site, 60_000.0, 40, warmup_s=3_000.0)
    for i, (rate, time) in enumerate(zip(rates, times, strict=True)):
        rho = rate * time
        assert rho < 0.95
        holds(rows.queue(i), rho * rho / (1.0 - rho), 0.08, slack=0.01)


def test_a_poisson_stream_split_by_chance_is_two_poisson_streams() -> None:
    site = line([Stage(exponential(1.0)), Stage(exponential(1.5))], exponential(1.0))
    others = (OtherStation(station="s1", time="time1", share=0.4),)
    site = routed(site, 0, {"at": 0, "choice": "probability", "others": others})
    rows = runs(site, 40_000.0, 30, warmup_s=2_000.0)
    for i, rho in enumerate((0.6, 0.6)):
        holds(rows.queue(i), rho * rho / (1.0 - rho), 0.08, slack=0.01)


def test_routes_that_some_jobs_take_instead() -> None:
    site = line([Stage(exponential(1.0)), Stage(exponential(1.5))], exponential(1.0))
    route = (Step(station="s1", time="time1"),)
    site = routed(site, 0, {"at": 0}, other_routes=(OtherRoute(share=0.3, route=route),))
    rows = runs(site, 40_000.0, 30, warmup_s=2_000.0)
    for i, rho in enumerate((0.7, 0.45)):
        holds(rows.queue(i), rho * rho / (1.0 - rho), 0.08, slack=0.01)
    assert (abs(rows.count(0) + rows.count(1) - rows.done()) < 20).all()


class TwoQueues:
    """A job joins the shorter of two queues (work in hand counted), or the first that is free."""

    def __init__(self, seed: int, horizon_s: float) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation
        self.env = simpy.Environment()
        self.servers = [simpy.Resource(self.env, 1) for _ in range(2)]
        self.means = (1.0, 1.7)
        self.done = [0, 0]
        self.env.process(self.arrivals())
        self.env.run(until=horizon_s)

    def arrivals(self) -> Steps:
        while True:
            self.env.process(self.job())
            yield self.env.timeout(self.chance.expovariate(1.3))

    def job(self) -> Steps:
        held = [r.count + len(r.queue) for r in self.servers]
        i = 0 if held[0] <= held[1] else 1
        with self.servers[i].request() as turn:
            yield turn
            yield self.env.timeout(self.chance.expovariate(1.0 / self.means[i]))
        self.done[i] += 1


def test_the_shorter_queue_is_joined_as_in_simpy() -> None:
    site = line([Stage(exponential(1.0)), Stage(exponential(1.7))], exponential(1.0 / 1.3))
    site = routed(site, 0, {"at": 0, "others": (OtherStation(station="s1", time="time1"),)})
    rows = runs(site, 2000.0, 300)
    theirs = [TwoQueues(seed, 2000.0) for seed in range(60)]
    for i in range(2):
        agree(rows.count(i), np.array([t.done[i] for t in theirs], float))


@pytest.mark.parametrize(
    ("choice", "counts"), [("priority", (20, 10, 10)), ("first-free", (20, 10, 10)), ("shortest-queue", (20, 10, 10))]
)
def test_a_blocked_machine_goes_on_with_the_first_of_the_others_that_has_room(
    choice: str, counts: tuple[int, ...]
) -> None:
    """A source of 1 s feeds two machines of 4 s with one place each: half of its time it waits for either of them."""
    site = line(
        [Stage(constant(1.0), capacity=30), *[Stage(constant(4.0), capacity=1)] * 2], constant(1e6), quantity=20
    )
    others = (OtherStation(station="s2", time="time2"),)
    rows = runs(routed(site, 0, {"at": 0}, {"at": 1, "choice": choice, "others": others}), 100.0, 1, plain=True)
    assert tuple(rows.count(i)[0] for i in range(3)) == counts
    assert (
        rows.product(0, at.LAST_EXIT)[0] < 46e9
    )  # the last exit: two machines of 4 s share 20 jobs, after the first second


def test_the_first_in_the_list_is_preferred_by_priority() -> None:
    site = line([Stage(exponential(1.0)), Stage(exponential(1.0))], exponential(2.0))
    others = (OtherStation(station="s1", time="time1"),)
    by_order = runs(routed(site, 0, {"at": 0, "choice": "priority", "others": others}), 2000.0, 2, plain=True)
    assert by_order.count(1).sum() == 0
    by_free = runs(routed(site, 0, {"at": 0, "choice": "first-free", "others": others}), 2000.0, 2, plain=True)
    assert (by_free.count(1) > 100).all()
    assert (by_free.count(0) > by_free.count(1)).all()


def test_rework_that_waits_for_itself_is_told_and_does_not_hang() -> None:
    site = line([Stage(constant(1.0), capacity=1), Stage(constant(1.0), capacity=1)], constant(1e6), quantity=50)
    site = routed(site, 0, {"at": 0}, {"at": 1, "outcomes": (Outcome(share=0.9, to="s0"),)})
    with pytest.raises(Unrunnable, match=r"`m0-0` waits for room in `b1`.*give `b1` more room"):
        runs(site, 1000.0, 1, plain=True)


def test_alternatives_that_wait_for_each_other_are_told() -> None:
    stages = [Stage(constant(span), capacity=1) for span in (0.1, 10.0, 10.0)]
    site = line(stages, constant(1e6), quantity=50)
    others = (OtherStation(station="s2", time="time2"),)
    back = {"outcomes": (Outcome(share=1.0, to="s0", at_most=15),)}
    site = routed(site, 0, {"at": 0}, {"at": 1, "others": others, **back})
    with pytest.raises(Unrunnable, match="`m2-0` waits for room in `b0`"):
        runs(site, 1000.0, 1, plain=True)


def test_other_random_numbers_do_not_shift_when_a_share_changes() -> None:
    """The same job has the same times whatever share is inspected: common random numbers stay aligned."""
    site = line([Stage(exponential(1.0)), Stage(exponential(0.5))], exponential(4.0))
    few, many = (routed(site, 0, {"at": 0}, {"at": 1, "outcomes": (Outcome(share=s, to="scrap"),)}) for s in (0.1, 0.2))
    a, b = (runs(s, 4000.0, 20, plain=False) for s in (few, many))
    assert (a.scrapped(0) < b.scrapped(0)).all()
    assert np.corrcoef(a.share(0, 2), b.share(0, 2))[0, 1] > 0.8


@pytest.mark.parametrize(
    ("word", "steps", "more"),
    [
        ("outcomes", ({"at": 0, "outcomes": (Outcome(share=0.1, to="scrap"),)},), {}),
        ("others", ({"at": 0, "others": (OtherStation(station="s1", time="time1"),)},), {}),
        ("other_routes", ({"at": 0},), {"other_routes": (OtherRoute(share=0.3, route=(Step(station="s1"),)),)}),
    ],
)
def test_the_virtual_plant_refuses_what_it_does_not_play(
    word: str, steps: tuple[dict[str, Any], ...], more: dict[str, Any]
) -> None:
    site = routed(line([Stage(constant(1.0)), Stage(constant(1.0))], constant(9.0)), 0, *steps, **more)
    with pytest.raises(PlantError, match=f"`{word}`"):
        refuse(site)


def test_a_job_is_sent_back_as_often_as_it_may_wherever_the_step_is_done() -> None:
    """Nothing is ever good: every job is sent back once, and scrapped the second time, by whichever of two stations."""
    site = line([Stage(constant(1.0)), Stage(constant(3.0)), Stage(constant(5.0))], constant(30.0))
    others = (OtherStation(station="s2", time="time2", share=0.5),)
    lost = (Outcome(share=1.0, to="s0", at_most=1),)
    site = routed(site, 0, {"at": 0}, {"at": 1, "choice": "probability", "others": others, "outcomes": lost})
    site = site.model_copy(update={"demand": (site.demand[0].model_copy(update={"replace_scrap": False}),)})
    rows = runs(site, 3000.0, 1, plain=True)
    assert min(rows.count(1)[0], rows.count(2)[0]) > 50
    assert rows.scrapped(0)[0] > 95
    assert 0 <= rows.product(0, at.REWORKED)[0] - rows.scrapped(0)[0] <= 1


def test_a_curve_of_another_station_alone_brings_its_spread() -> None:
    site = line([Stage(constant(1.0)), Stage(constant(3.0))], constant(4.0))
    spread = site.assumptions[0].model_copy(
        update={"name": "spread", "unit": "1", "distribution": Distribution(kind="lognormal", mean=1.0, sd=0.2)}
    )
    curve = Curve(
        id="heat", name="heat", input_unit="Cel", output_unit="s", points=((0.0, 3.0), (9.0, 3.0)), spread="spread"
    )
    site = site.model_copy(update={"assumptions": (*site.assumptions, spread), "curves": (curve,)})
    site = routed(site, 0, {"at": 0, "choice": "first-free", "others": (OtherStation(station="s1", curve="heat"),)})
    assert runs(site, 100.0, 1, plain=True).done()[0] > 10
