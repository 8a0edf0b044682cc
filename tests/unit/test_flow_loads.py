"""Loads that are waited for, and stacks, against recursions and an independent model in SimPy."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from flow_kit import agree, runs

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.policy import Policy
from andon.models.simulate.run import compile_site
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.plant.draws import PlantError
from andon.plant.unplayed import refuse
from andon.site.model import Site

simpy = pytest.importorskip("simpy")
Steps = Generator[Any, Any, None]
HORIZON_S = 3 * 3600.0


def _oven(site: Site, **words: Any) -> Site:
    """The site whose last station waits for its loads."""
    last = site.stations[-1].model_copy(update=words)
    return site.model_copy(update={"stations": (*site.stations[:-1], last)})


def test_a_load_waits_for_enough_jobs_but_not_for_ever() -> None:
    """Orders of one job every 10 s from 0 s on; four in a load of 5 s: loads begin at 30, 70, ... s."""
    site = line([Stage(constant(5.0), batch=4, capacity=50)], constant(10.0))
    waits = runs(_oven(site, batch_least=4), 99.0, 1, plain=True)
    assert waits.done()[0] == 8
    assert waits.product(0, at.LAST_EXIT)[0] == 75 * 10**9
    # at most 15 s: the job of 0 s is joined by that of 10 s, and so on
    hurries = runs(_oven(site, batch_least=4, batch_wait_min=0.25), 99.0, 1, plain=True)
    assert hurries.product(0, at.LAST_EXIT)[0] == 80 * 10**9 + 15 * 10**9 + 5 * 10**9 - 20 * 10**9
    assert hurries.count(0)[0] == 8


def test_a_full_buffer_is_not_waited_for() -> None:
    site = line([Stage(constant(5.0), batch=4, capacity=2)], constant(10.0))
    assert runs(_oven(site, batch_least=4), 99.0, 1, plain=True).done()[0] == 10


def test_a_load_of_one_product_is_of_the_first_of_which_there_is_enough() -> None:
    site = line([Stage(constant(5.0), batch=3, capacity=50)], constant(10.0), products=((0,), (0,)))
    rows = runs(_oven(site, batch_least=3, batch_alike=True), 26.0, 1, plain=True)
    assert [rows.done(k)[0] for k in (0, 1)] == [3, 0]  # both are complete at 20 s; the second begins at 25 s
    rows = runs(_oven(site, batch_least=3, batch_alike=True), 31.0, 1, plain=True)
    assert [rows.done(k)[0] for k in (0, 1)] == [3, 3]


def test_a_policy_that_would_not_be_asked_is_refused() -> None:
    site = _oven(line([Stage(constant(5.0), batch=4, capacity=50)], constant(10.0)), batch_least=4)
    policy = Policy(lambda _decision: 0, "first")
    with pytest.raises(Unrunnable, match=r"`s0` waits for loads.*so a policy has nothing to say there"):
        compile_site(site, None, 99.0, asked(site, {}), policy=policy)
    elsewhere = Policy(lambda _decision: 0, "first", stations=("s9",))
    compile_site(site, None, 99.0, asked(site, {}), policy=elsewhere)


class Ovens:
    """Two ovens that hold six, begin with four or once a job has waited 200 s."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation
        self.env = simpy.Environment()
        self.queue: list[float] = []
        self.bell = self.env.event()
        self.free = 2
        self.done = 0
        self.loads = 0
        self.env.process(self.arrivals())
        self.env.process(self.foreman())
        self.env.run(until=HORIZON_S)

    def ring(self) -> None:
        if not self.bell.triggered:
            self.bell.succeed()

    def arrivals(self) -> Steps:
        while True:
            self.queue.append(self.env.now)
            self.ring()
            yield self.env.timeout(self.chance.expovariate(1 / 70.0))

    def foreman(self) -> Steps:
        while True:
            while self.free and self.queue and (len(self.queue) >= 4 or self.env.now >= self.queue[0] + 200.0 - 1e-9):
                self.free -= 1
                load, self.queue = self.queue[:6], self.queue[6:]
                self.env.process(self.oven(len(load)))
            self.bell = self.env.event()
            if self.free and self.queue:
                yield self.bell | self.env.timeout(max(0.0, self.queue[0] + 200.0 - self.env.now))
            else:
                yield self.bell

    def oven(self, jobs: int) -> Steps:
        self.loads += 1
        yield self.env.timeout(max(self.chance.expovariate(1 / 250.0) for _ in range(jobs)))
        self.done += jobs
        self.free += 1
        self.ring()


def test_two_ovens_that_wait_as_in_simpy() -> None:
    site = line([Stage(exponential(250.0), machines=2, batch=6)], exponential(70.0))
    rows = runs(_oven(site, batch_least=4, batch_wait_min=200.0 / 60.0), HORIZON_S, 300)
    theirs = [Ovens(seed) for seed in range(100)]
    agree(rows.done(), np.array([t.done for t in theirs], float))
    busy = rows.station_share(0, at.BUSY)
    assert 0.1 < busy.mean() < 1.0
    same = runs(_oven(site, batch_least=4, batch_wait_min=200.0 / 60.0), 4000.0, 3, plain=True)
    assert (same.prints == runs(_oven(site, batch_least=4, batch_wait_min=200.0 / 60.0), 4000.0, 3).prints).all()


def test_a_stack_gives_what_came_last() -> None:
    """Two products in one order each: the last one in is the first to be made, after what was begun before."""
    site = line([Stage(constant(5.0), capacity=50)], constant(1e6), quantity=3, products=((0,), (0,)))
    stack = site.model_copy(update={"buffers": (site.buffers[0].model_copy(update={"discipline": "lifo"}),)})
    fifo, lifo = (runs(s, 16.0, 1, plain=True) for s in (site, stack))
    assert [fifo.done(k)[0] for k in (0, 1)] == [3, 0]
    assert [lifo.done(k)[0] for k in (0, 1)] == [0, 3]


def test_words_that_do_not_fit_are_told() -> None:
    site = line([Stage(constant(5.0), batch=3)], constant(10.0))
    with pytest.raises(Unrunnable, match="waits for 4 jobs and holds 3"):
        runs(_oven(site, batch_least=4), 10.0, 1, plain=True)
    with pytest.raises(Unrunnable, match="has another rule"):
        runs(_oven(site, batch_least=2, dispatch="spt"), 10.0, 1, plain=True)
    with pytest.raises(PlantError, match="waits for its loads"):
        refuse(_oven(site, batch_least=2))


def test_loads_that_were_waited_for_give_their_cards_back() -> None:
    """Two jobs every 10 s, in one load of 1 s, by two cards: a load that kept them would be the last one."""
    site = line([Stage(constant(1.0), batch=2, capacity=50)], constant(10.0), quantity=2)
    assert runs(_oven(site, batch_least=2, cards=2), 95.0, 1, plain=True).done()[0] == 20


def test_a_load_that_the_release_limit_never_lets_fill_is_told() -> None:
    site = line([Stage(constant(5.0), batch=4, capacity=50)], constant(10.0), wip=3)
    why = "station `s0` waits for 4 jobs, and the floor holds 3 at most; wait for fewer, give `batch_wait_min`"
    with pytest.raises(Unrunnable, match=why):
        runs(_oven(site, batch_least=4), 99.0, 1, plain=True)
    assert runs(_oven(site, batch_least=4, batch_wait_min=0.5), 99.0, 1, plain=True).done()[0] > 0
