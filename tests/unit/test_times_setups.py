"""Set-ups by the pair of products, against an independent SimPy model and exact cycles."""

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
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.floor import Distribution
from andon.site.model import Site
from andon.site.pace import SetupTime

simpy = pytest.importorskip("simpy")
MINUTES = {("p0", "p1"): 1.0, ("p1", "p0"): 3.0, ("p1", "p2"): 0.0, ("p2", "p0"): 2.0, ("p2", "p2"): 0.5}


def shop(setup: Distribution, time: Distribution, every: Distribution, rows: dict[tuple[str, str], float]) -> Site:
    """One machine, three products, a set-up law of mean 60 s."""
    stage = Stage(time, capacity=10_000, setup=setup)
    site = line([stage], every, products=((0,), (0,), (0,)))
    table = tuple(SetupTime(station="s0", from_product=a, to_product=b, minutes=x) for (a, b), x in rows.items())
    return site.model_copy(update={"setups": table})


def test_a_cycle_of_three_products_takes_the_times_of_the_table_exactly() -> None:
    """Products come in turn: 0 1 2 0 1 2 ... each with 10 s of work; the law alone would take 60 s a change."""
    site = shop(constant(60.0), constant(10.0), constant(600.0), MINUTES)
    rows = replicate(compile_site(site, None, 6000.0, asked(site, {})), 1, 1, flavour="plain")
    changes = 60.0 + 10 * (1.0 + 0.0 + 2.0) * 60 - 120.0  # the first set-up is of unknown origin; the last cycle ends
    assert rows.done()[0] == 30
    assert rows.share(0, at.SETUP)[0] * 6000.0 == pytest.approx(changes)
    assert rows.share(0, at.BUSY)[0] * 6000.0 == pytest.approx(300.0)


def test_a_product_after_itself_takes_only_what_a_row_says() -> None:
    stage = Stage(constant(10.0), capacity=100, setup=constant(60.0))
    plain = line([stage], constant(1e6), quantity=5)
    cleaned = (SetupTime(station="s0", from_product="p0", to_product="p0", minutes=0.5),)
    for rows_of, spent in ((), 60.0), (cleaned, 60.0 + 4 * 30.0):
        site = plain.model_copy(update={"setups": rows_of})
        rows = replicate(compile_site(site, None, 1000.0, asked(site, {})), 1, 1, flavour="plain")
        assert rows.share(0, at.SETUP)[0] * 1000.0 == pytest.approx(spent)


def test_the_mean_that_a_question_sets_scales_every_row() -> None:
    site = shop(constant(60.0), constant(10.0), constant(600.0), MINUTES)
    plain = replicate(compile_site(site, None, 6000.0, asked(site, {})), 1, 1, flavour="plain")
    twice = replicate(compile_site(site, None, 6000.0, asked(site, {"setup0": 120.0})), 1, 1, flavour="plain")
    assert twice.share(0, at.SETUP)[0] == pytest.approx(2.0 * plain.share(0, at.SETUP)[0])


def test_the_same_shop_in_simpy_has_the_same_law() -> None:
    law = Distribution(kind="uniform", low=20.0, high=100.0)
    site = shop(law, exponential(50.0), exponential(400.0), MINUTES)
    rows = replicate(compile_site(site, None, 4 * 3600.0, asked(site, {})), 400, 5)
    done, setting = zip(*(_simpy_shop(seed) for seed in range(300)), strict=True)
    _agree(rows.done(), np.array(done))
    _agree(rows.share(0, at.SETUP) * 4 * 3600.0, np.array(setting))


def _simpy_shop(seed: int) -> tuple[float, float]:
    chance = random.Random(seed)  # noqa: S311 - a simulation
    env = simpy.Environment()
    queue = simpy.Store(env)
    seen = {"done": 0.0, "setup": 0.0}
    end = 4 * 3600.0

    def orders(product: str) -> Generator[Any, Any, None]:
        while True:
            yield queue.put(product)
            yield env.timeout(chance.expovariate(1 / 400.0))

    def machine() -> Generator[Any, Any, None]:
        last = ""
        while True:
            job = yield queue.get()
            plain = 0.0 if job == last else 1.0
            span = chance.uniform(20.0, 100.0) * MINUTES.get((last, job), plain)
            seen["setup"] += max(0.0, min(span, end - env.now))
            yield env.timeout(span)
            last = job
            yield env.timeout(chance.expovariate(1 / 50.0))
            seen["done"] += 1

    for product in ("p0", "p1", "p2"):
        env.process(orders(product))
    env.process(machine())
    env.run(until=end)
    return seen["done"], seen["setup"]


def _agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    error = math.sqrt(ours.var() / len(ours) + theirs.var() / len(theirs))
    assert abs(ours.mean() - theirs.mean()) < 4 * error
    assert 0.75 < ours.std() / theirs.std() < 1.33
