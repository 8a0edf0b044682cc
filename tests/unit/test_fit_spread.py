"""The estimates behind a forecast: closed forms, planted parameters found again, intervals that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from andon.models.fit.compare import interval_score
from andon.models.fit.spread import Prior, Spread, t_cdf, weighted_quantiles

PRIOR = Prior(scale=1.0, scale_log_sd=1.0)


def test_the_distribution_function_of_t4_agrees_with_published_quantiles() -> None:
    quantiles = np.array([-2.131847, -0.740697, 0.0, 1.533206, 3.746947])
    assert t_cdf(quantiles) == pytest.approx([0.05, 0.25, 0.5, 0.9, 0.99], abs=1e-6)


def test_a_sample_without_spread_gives_a_narrow_forecast_that_its_prior_keeps_open() -> None:
    points = Spread.learn([100.0] * 10, Prior(0.3, 1.0)).points(200)
    assert 99 < points[10] < 100 < points[-10] < 101
    assert points[-10] - points[10] > 0.01


def test_one_odd_unit_neither_moves_nor_widens_everything() -> None:
    clean = Spread.learn([52.0, 52.1, 52.2, 51.9, 52.1, 52.0, 52.2], Prior(0.3, 1.0)).points(200)
    odd = Spread.learn([52.0, 52.1, 52.2, 51.9, 52.1, 52.0, 66.0], Prior(0.3, 1.0)).points(200)
    assert odd[100] == pytest.approx(clean[100], abs=0.1)
    assert odd[190] - odd[10] < 4


def test_with_nothing_seen_the_prior_speaks() -> None:
    spread = Spread.learn([], Prior(1.0, 0.5, location=math.log(120), location_sd=1.5))
    assert math.exp(spread.points(201)[100]) == pytest.approx(120, rel=0.1)


def test_with_nothing_at_all_it_refuses() -> None:
    with pytest.raises(ValueError, match="needs a sample"):
        Spread.learn([], PRIOR)


@pytest.mark.parametrize("n", [4, 6, 10])
@pytest.mark.parametrize(("sd", "least"), [(0.05, 0.8), (1.0, 0.8), (5.0, 0.8), (20.0, 0.7)])
def test_ninety_percent_intervals_hold_even_where_the_prior_is_far_off(n: int, sd: float, least: float) -> None:
    """The prior says about 1; a spread twenty times that, seen four times, may cost a tenth."""
    rng = np.random.default_rng(5)
    inside = 0
    trials = 60
    for _ in range(trials):
        *sample, following = rng.normal(300.0, sd, n + 1)
        points = Spread.learn(sample, PRIOR).points(200)
        inside += points[9] <= following <= points[189]
    assert inside >= least * trials


def test_draws_and_points_describe_the_same_distribution() -> None:
    spread = Spread.learn([300, 302, 299, 301, 305], PRIOR)
    draws = spread.draws(np.random.default_rng(1), 20_000, 1).ravel()
    assert np.quantile(draws, [0.1, 0.5, 0.9]) == pytest.approx(
        np.interp([0.1, 0.5, 0.9], (np.arange(500) + 0.5) / 500, spread.points(500)), abs=0.25
    )


def test_the_same_sample_gives_the_same_bits() -> None:
    one, other = (Spread.learn([300, 302, 299], PRIOR) for _ in range(2))
    assert one.points(100).tobytes() == other.points(100).tobytes()
    rngs = (np.random.default_rng(7) for _ in range(2))
    draws = [s.draws(rng, 100, 3).tobytes() for s, rng in zip((one, other), rngs, strict=True)]
    assert draws[0] == draws[1]


def test_quantiles_of_a_weighted_sample() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.5, 0.4])
    assert weighted_quantiles(values, weights, [0.05, 0.5, 0.6, 0.95]) == [1.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("low", "high", "value", "score"),
    [(0, 10, 5, 10), (0, 10, 0, 10), (0, 10, 12, 50), (0, 10, -1, 30), (5, 5, 5, 0)],
)
def test_the_interval_score_is_width_and_twenty_times_the_miss(
    low: float, high: float, value: float, score: float
) -> None:
    assert interval_score(low, high, value) == pytest.approx(score)
