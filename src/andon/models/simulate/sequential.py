"""When to stop: enough futures for a wanted precision, or for knowing which of two is better. Never more than a bound.

Precision: the sequential interval of Chow and Robbins (1965) stops at the first look at which the half-width is small
enough; a relative half-width g is asked as g / (1 + g), since the mean is estimated, too (Law and Kelton, Simulation
Modeling and Analysis, section 9.4.1). Looks are few, and the first is not early, which is what keeps its coverage.

Decision: looking again and again with an ordinary test is wrong more often than it says. The t statistic is therefore
turned into the likelihood ratio of a normal mixture against zero (Lai 1976; Rouder et al. 2009), which under a mean of
zero is a martingale that exceeds 1/a at any look at all with probability at most a (Ville's inequality; Perez-Ortiz,
Lardy, de Heide and Grunwald 2024). The interval that belongs to it holds at all looks at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from andon.models.simulate.interval import student_quantile

LOOK_FIRST = 50
"""Futures before the first look."""
SAME_MIN = 200
"""Where no two futures differ, a spread of nothing is believed only after so many."""
GROWTH = 1.25
LOOK_STEP = 25
"""Looks are at multiples of it."""
EFFECT_SD = 0.3
"""Of the mixture: differences of a third of their own standard deviation are told soonest."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """How a sequential run ended."""

    reached: bool
    n: int
    rule: str
    """The rule with its source."""
    text: str
    """What was reached, or that the bound came first."""


def looks(most: int) -> Iterator[int]:
    """Numbers of futures at which to look, up to `most`, which is the last one.

    >>> list(looks(120)), list(looks(30))
    ([50, 75, 100, 120], [30])
    """
    n = LOOK_FIRST
    while n < most:
        yield n
        n = max(n + LOOK_STEP, int(n * GROWTH) // LOOK_STEP * LOOK_STEP)
    yield most


def half_width(x: np.ndarray, confidence: float = 0.95) -> float:
    """Half-width of Student's interval of the mean; infinite where there are too few values."""
    n = len(x)
    if n < 2:
        return math.inf
    return student_quantile(0.5 + confidence / 2.0, n - 1) * float(x.std(ddof=1)) / math.sqrt(n)


def precise(x: np.ndarray, amount: float, *, relative: bool, mean: float | None = None) -> bool:
    """Whether the 95 % interval of the mean of `x` is as narrow as wanted; `mean` is what `relative` is relative to."""
    kept = x[np.isfinite(x)]
    if len(kept) < 2 or (len(kept) < SAME_MIN and float(kept.std()) == 0.0):
        return False
    limit = amount
    if relative:
        limit = amount / (1.0 + amount) * abs(float(kept.mean()) if mean is None else mean)
    return half_width(kept) <= limit


def log_evidence(x: np.ndarray) -> float:
    """Logarithm of the mixture's likelihood ratio against a mean of zero; scale does not matter.

    With t the t statistic of n values, v = n - 1 and r = 1 / (1 + n EFFECT_SD^2):
    sqrt(r) ((1 + t^2 / v) / (1 + r t^2 / v))^(n / 2).
    """
    n = len(x)
    if n < 2:
        return 0.0
    mean, sd = float(x.mean()), float(x.std(ddof=1))
    if sd == 0.0:
        return 0.0 if mean == 0.0 or n < SAME_MIN else math.inf
    u = n * (mean / sd) ** 2 / (n - 1)
    r = 1.0 / (1.0 + n * EFFECT_SD**2)
    return 0.5 * math.log(r) + 0.5 * n * (math.log1p(u) - math.log1p(r * u))


def lasting_interval(x: np.ndarray, confidence: float) -> tuple[float, float]:
    """Interval of the mean that holds at all looks at once with this confidence (normal differences)."""
    n = len(x)
    if n < 2:
        return -math.inf, math.inf
    mean, sd = float(x.mean()), float(x.std(ddof=1))
    r = 1.0 / (1.0 + n * EFFECT_SD**2)
    c = math.exp(2.0 / n * (-math.log(1.0 - confidence) - 0.5 * math.log(r)))
    if c * r >= 1.0:
        return -math.inf, math.inf
    half = sd * math.sqrt((n - 1) * (c - 1.0) / (1.0 - c * r) / n)
    return mean - half, mean + half


def decided(x: np.ndarray, confidence: float) -> bool:
    """Whether the sign of the mean of `x` is known with this confidence, however often one has looked."""
    kept = x[np.isfinite(x)]
    return log_evidence(kept) >= -math.log(1.0 - confidence)
