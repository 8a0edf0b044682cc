"""Intervals hold as often as they say: 200 experiments of 95 % intervals from 30 replications each."""

from __future__ import annotations

import math
from collections.abc import Callable

import chains
import numpy as np
import pytest
from scipy import stats

from andon.models.simulate.asked import asked
from andon.models.simulate.image import Image
from andon.models.simulate.interval import mean_interval, student_quantile
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.spread import spread
from andon.models.simulate.textbook import Stage, constant, day_shift, exponential, line
from andon.site.floor import Distribution
from andon.site.model import Site

EXPERIMENTS, REPLICATIONS = 200, 30


def _covered(image: Image, figures: dict[str, tuple[Callable[[Rows], np.ndarray], float]]) -> dict[str, float]:
    """Share of the experiments, seeds 1 to 200, whose interval holds the true value, by figure.

    The interval is the one that an answer states.
    """
    held = dict.fromkeys(figures, 0)
    for seed in range(1, EXPERIMENTS + 1):
        rows = replicate(image, REPLICATIONS, seed)
        for name, (of, true) in figures.items():
            found = spread(name, "", of(rows))
            held[name] += found.mean_low_95 <= true <= found.mean_high_95
    return {name: count / EXPERIMENTS for name, count in held.items()}


def test_intervals_of_a_queue_in_its_steady_state_hold_as_often_as_they_say() -> None:
    site = line([Stage(exponential(1.0))], exponential(2.0))
    image = compile_site(site, None, 1_100.0, asked(site, {}), warmup_s=100.0, bins=1)
    covered = _covered(
        image,
        {
            "queue": (lambda r: r.queue(0), chains.mmc_queue(1, 0.5)),
            "throughput": (lambda r: r.done() / r.seconds, 0.5),
        },
    )
    assert all(0.91 <= share <= 0.98 for share in covered.values()), covered


def _day() -> Site:
    """A shift of a small shop: two products, set-ups, people with a break, failures, doubt about the times."""
    stages = [
        Stage(Distribution(kind="gamma", mean=90.0, sd=40.0), machines=2, capacity=6, setup=constant(60.0)),
        Stage(exponential(50.0), capacity=3, crew=1),
        Stage(constant(40.0), capacity=3, fails=exponential(2000.0), repair=exponential(400.0)),
    ]
    shifts = (day_shift("06:00", "10:00", ("08:00", 20.0)),)
    return line(
        stages, exponential(850.0), quantity=4, products=((0, 1, 2), (0, 2)), wip=9, shifts=shifts, uncertainty=0.1
    )


def test_intervals_of_a_shift_hold_as_often_as_they_say() -> None:
    """The true means are those of 20,000 other replications: their own error is 26 times smaller."""
    site = _day()
    image = compile_site(site, None, 4 * 3600.0, asked(site, {}), bins=1)
    many = replicate(image, 20_000, 999)
    figures: dict[str, Callable[[Rows], np.ndarray]] = {
        "completed": lambda r: r.done(),
        "lead time": lambda r: r.lead_s(),
        "work in progress": lambda r: r.wip(),
    }
    covered = _covered(image, {name: (of, float(of(many).mean())) for name, of in figures.items()})
    assert all(0.91 <= share <= 0.98 for share in covered.values()), covered


def test_quantiles_of_student_agree_with_the_library() -> None:
    for freedom in (1, 2, 4, 5, 9, 29, 199):
        for p in (0.9, 0.95, 0.975, 0.995):
            assert student_quantile(p, freedom) == pytest.approx(float(stats.t.ppf(p, freedom)), rel=5e-3)


@pytest.mark.parametrize(("sign", "wider"), [(1.0, 1), (-1.0, 0)])
def test_an_interval_reaches_further_where_the_tail_is(sign: float, wider: int) -> None:
    values = sign * np.random.default_rng(3).lognormal(0.0, 1.0, 40)
    low, high = mean_interval(values)
    reach = (values.mean() - low, high - values.mean())
    assert reach[wider] > reach[1 - wider] > 0


def test_an_interval_of_next_to_nothing() -> None:
    assert mean_interval(np.array([3.0])) == (-math.inf, math.inf)
    assert mean_interval(np.full(30, 4.0)) == (4.0, 4.0)
    assert all(math.isnan(x) for x in mean_interval(np.array([])))
