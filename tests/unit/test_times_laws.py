"""The kernel's laws against scipy's: means, spreads and quantiles, at ordinary and at extreme parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from andon.models.simulate.kernel import chance
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import words_of
from andon.site.floor import Assumption, Distribution

QUANTILES = (1e-6, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1 - 1e-6)


def lognormal(mean: float, sd: float) -> Any:
    s2 = math.log1p((sd / mean) ** 2)
    return stats.lognorm(math.sqrt(s2), scale=math.exp(math.log(mean) - s2 / 2))


def normal(mean: float, sd: float, low: float = 0.0, high: float = math.inf) -> Any:
    return stats.truncnorm((low - mean) / sd, (high - mean) / sd, loc=mean, scale=sd)


CASES: tuple[tuple[dict[str, Any], Any], ...] = (
    ({"kind": "uniform", "low": 2.0, "high": 5.0}, stats.uniform(2, 3)),
    ({"kind": "uniform", "low": 0.0, "high": 1e-6}, stats.uniform(0, 1e-6)),
    ({"kind": "triangular", "low": 1.0, "mode": 2.0, "high": 6.0}, stats.triang(0.2, 1, 5)),
    ({"kind": "triangular", "low": 1.0, "mode": 1.0, "high": 6.0}, stats.triang(0.0, 1, 5)),
    ({"kind": "triangular", "low": 1.0, "mode": 6.0, "high": 6.0}, stats.triang(1.0, 1, 5)),
    ({"kind": "exponential", "mean": 3.0}, stats.expon(scale=3)),
    ({"kind": "lognormal", "mean": 3.0, "sd": 1.0}, lognormal(3, 1)),
    ({"kind": "lognormal", "mean": 3.0, "sd": 0.003}, lognormal(3, 0.003)),
    ({"kind": "lognormal", "mean": 3.0, "sd": 30.0}, lognormal(3, 30)),
    ({"kind": "normal", "mean": 3.0, "sd": 1.0}, normal(3, 1)),
    ({"kind": "normal", "mean": 1.0, "sd": 5.0}, normal(1, 5)),
    ({"kind": "normal", "mean": 3.0, "sd": 1.0, "low": 2.0, "high": 3.5}, normal(3, 1, 2, 3.5)),
    ({"kind": "gamma", "mean": 3.0, "sd": 1.0}, stats.gamma(9, scale=1 / 3)),
    ({"kind": "gamma", "shape": 0.2, "scale": 4.0}, stats.gamma(0.2, scale=4)),
    ({"kind": "gamma", "shape": 400.0, "scale": 0.01}, stats.gamma(400, scale=0.01)),
    ({"kind": "weibull", "shape": 1.7, "scale": 4.0}, stats.weibull_min(1.7, scale=4)),
    ({"kind": "weibull", "shape": 0.5, "scale": 4.0}, stats.weibull_min(0.5, scale=4)),
    ({"kind": "weibull", "shape": 30.0, "scale": 4.0}, stats.weibull_min(30, scale=4)),
)


def law(distribution: dict[str, Any]) -> np.ndarray:
    """The kernel's words of a law whose factor is 1; tables stand behind them."""
    assumed = Assumption(
        name="x", unit="s", distribution=Distribution(**distribution),
        origin="test", who="nobody", when="2026-01-01", review_by="2030-01-01",
    )  # fmt: skip
    words, more = words_of(assumed, at.DIST_WORDS, at.DIST_WORDS + 1)
    return np.array([*words, 1.0, *more])


@pytest.mark.parametrize(("distribution", "scipys"), CASES, ids=[f"{i}-{d['kind']}" for i, (d, _) in enumerate(CASES)])
def test_quantiles_and_survival_are_scipy_s(distribution: dict[str, Any], scipys: Any) -> None:
    f = law(distribution)
    for p in QUANTILES:
        exact = float(scipys.ppf(p))
        assert chance.isf(f, 0, 1.0 - p) == pytest.approx(exact, rel=3e-5, abs=1e-9 * scipys.mean()), p
        assert chance.sf(f, 0, exact) == pytest.approx(float(scipys.sf(exact)), rel=1e-6, abs=1e-9), p


@pytest.mark.parametrize(("distribution", "scipys"), CASES, ids=[f"{i}-{d['kind']}" for i, (d, _) in enumerate(CASES)])
def test_means_and_spreads_of_draws_are_scipy_s(distribution: dict[str, Any], scipys: Any) -> None:
    """Draws at the midpoints of 4,000 equal parts: their mean misses only what lies beyond the outermost ones."""
    f = law(distribution)
    n = 4000
    x = np.array([chance.duration(f, 0, (i + 0.5) / n, 0.0) for i in range(n)])
    tail = float(scipys.sf(x.max())) * float(scipys.expect(lambda v: v, lb=x.max(), conditional=True)) if n else 0.0
    assert abs(x.mean() - scipys.mean()) <= 0.01 * scipys.mean() + 2.0 * tail
    assert stats.kstest(x, scipys.cdf).statistic < 1.0 / n


def test_empirical_values_are_drawn_alike_and_a_constant_is_constant() -> None:
    f = law({"kind": "empirical", "values": (5.0, 1.0, 2.0, 2.0)})
    drawn = [chance.isf(f, 0, (i + 0.5) / 400) for i in range(400)]
    assert {v: drawn.count(v) for v in set(drawn)} == {5.0: 100, 1.0: 100, 2.0: 200}
    assert chance.duration(law({"kind": "constant", "value": 3.0}), 0, 0.37, 0.0) == 3.0


@pytest.mark.parametrize("age", [0.0, 1.0, 4.0, 40.0, 4000.0])
def test_the_next_failure_after_a_minimal_repair_is_that_of_the_power_law(age: float) -> None:
    """P(next beyond age + x) = exp(H(age) - H(age + x)), H(t) = (t / scale)^shape, at any age."""
    f = law({"kind": "weibull", "shape": 2.0, "scale": 4.0})
    for v in (1e-9, 0.01, 0.5, 0.99):
        x = chance.aged(f, 0, v, age)
        assert math.exp((age / 4.0) ** 2 - ((age + x) / 4.0) ** 2) == pytest.approx(v, rel=1e-4)
