"""The engine against a model of the same shop in SimPy that shares no line of code with it."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, exponential, line
from andon.site.floor import Distribution

simpy = pytest.importorskip("simpy")
HORIZON_S = 6 * 3600.0
RUNS = 150
Steps = Generator[Any, Any, None]


class Shop:
    """Turning (set-ups by one setter), two ovens with loads of up to three, one fitter; finite buffers; failures."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation
        self.env = simpy.Environment()
        self.buffers = [simpy.Store(self.env, capacity=c) for c in (8, 6, 4)]
        self.setter = simpy.Resource(self.env, 1)
        self.fitter = simpy.Resource(self.env, 1)
        self.mender = simpy.Resource(self.env, 1)
        self.waiting: list[str] = []
        self.room = self.env.event()
        self.done = {"p0": 0, "p1": 0}
        self.busy = [0.0, 0.0, 0.0]
        for product in self.done:
            self.env.process(self.orders(product))
        self.env.process(self.desk())
        for _ in range(2):
            self.env.process(self.lathe())
            self.env.process(self.oven())
        self.env.process(self.bench())

    def orders(self, product: str) -> Steps:
        while True:
            self.waiting += [product] * 3
            if not self.room.triggered:
                self.room.succeed()
            yield self.env.timeout(self.chance.expovariate(1 / 620.0))

    def desk(self) -> Steps:
        while True:
            if not self.waiting:
                self.room = self.env.event()
                yield self.room
                continue
            yield self.buffers[0].put(self.waiting.pop(0))

    def lathe(self) -> Steps:
        last = ""
        life = self.chance.expovariate(1 / 2500.0)
        while True:
            job = yield self.buffers[0].get()
            if job != last:
                last = job
                with self.setter.request() as person:
                    yield person
                    yield self.env.timeout(self.chance.uniform(20.0, 60.0))
            left = self.chance.gammavariate(9.0, 150.0 / 9.0)
            self.busy[0] += min(left, HORIZON_S - self.env.now)
            while left > life:
                yield self.env.timeout(life)
                left -= life
                with self.mender.request() as person:
                    yield person
                    yield self.env.timeout(self.chance.expovariate(1 / 400.0))
                life = self.chance.expovariate(1 / 2500.0)
            yield self.env.timeout(left)
            life -= left
            yield self.buffers[1].put(job)

    def oven(self) -> Steps:
        while True:
            load = [(yield self.buffers[1].get())]
            while len(load) < 3 and self.buffers[1].items:
                load.append((yield self.buffers[1].get()))
            span = max(self.chance.triangular(400.0, 700.0, 500.0) for _ in load)
            self.busy[1] += min(span, HORIZON_S - self.env.now)
            yield self.env.timeout(span)
            for job in load:
                yield self.buffers[2].put(job)

    def bench(self) -> Steps:
        while True:
            job = yield self.buffers[2].get()
            with self.fitter.request() as person:
                yield person
                span = self.chance.weibullvariate(110.0, 2.0)
                self.busy[2] += min(span, HORIZON_S - self.env.now)
                yield self.env.timeout(span)
            self.done[job] += 1


def test_the_same_shop_in_simpy_has_the_same_law() -> None:
    stages = [
        Stage(
            Distribution(kind="gamma", shape=9.0, scale=150.0 / 9.0),
            machines=2,
            capacity=8,
            setup=Distribution(kind="uniform", low=20.0, high=60.0),
            crew=1,
            crew_for_setup=True,
            fails=exponential(2500.0),
            repair=exponential(400.0),
            menders=1,
        ),
        Stage(Distribution(kind="triangular", low=400.0, mode=500.0, high=700.0), machines=2, capacity=6, batch=3),
        Stage(Distribution(kind="weibull", shape=2.0, scale=110.0), capacity=4, crew=1),
    ]
    site = line(stages, exponential(620.0), quantity=3, products=((0, 1, 2), (0, 1, 2)))
    rows = replicate(compile_site(site, None, HORIZON_S, asked(site, {})), 600, 2)
    shops = [Shop(seed) for seed in range(RUNS)]
    for shop in shops:
        shop.env.run(until=HORIZON_S)
    for product in range(2):
        _agree(rows.done(product), np.array([shop.done[f"p{product}"] for shop in shops], float))
    for station, machines in enumerate((2, 2, 1)):
        theirs = np.array([shop.busy[station] for shop in shops]) / machines / HORIZON_S
        _agree(rows.station_share(station, at.BUSY), theirs, slack=0.004)


def _agree(ours: np.ndarray, theirs: np.ndarray, slack: float = 0.0) -> None:
    """Means within four standard errors (and what a job booked at its start shifts), spreads within a fifth."""
    error = math.sqrt(ours.var() / len(ours) + theirs.var() / len(theirs))
    assert abs(ours.mean() - theirs.mean()) < 4 * error + slack
    assert 0.8 < ours.std() / theirs.std() < 1.25
