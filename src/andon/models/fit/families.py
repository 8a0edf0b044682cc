"""Families of distributions of a time, and their maximum likelihood from observed and cut-off times.

A time that was cut off (by a gap, or by the end of the log) is known to be longer than what was seen of it: it adds the
logarithm of the survival function instead of the density (right censoring; Cox and Oakes 1984). Every family is written
by its mean and one more number, both on a logarithmic scale, so that any two real numbers are parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from andon.site.floor import Distribution

Floats = NDArray[np.float64]
CHI_95 = 3.841458820694124
"""95 % quantile of the chi-square law with one degree of freedom."""
NEVER = 1e300
REACH = 8.0
"""How far from the estimate, on the logarithmic scale, an end of an interval is looked for."""


@dataclass(frozen=True)
class Sample:
    """Times of one kind, seconds."""

    seen: Floats
    """From beginning to end."""
    cut: Floats
    """Longer than this."""

    def fold(self, number: int, folds: int) -> Sample:
        """Every time whose place is `number`, counted round to `folds`."""
        return Sample(self.seen[number::folds], self.cut[number::folds])

    def without(self, number: int, folds: int) -> Sample:
        """All the others."""
        seen, cut = (np.arange(len(x)) % folds != number for x in (self.seen, self.cut))
        return Sample(self.seen[seen], self.cut[cut])

    @property
    def exposure_s(self) -> float:
        """All the time that was looked on."""
        return float(self.seen.sum() + self.cut.sum())


@dataclass(frozen=True)
class Family:
    """A family by its logarithmic density and survival function of (time, mean, second parameter)."""

    kind: str
    second: str
    """Name of the second parameter; empty where there is none."""
    density: Callable[[Floats, float, float], Floats]
    survival: Callable[[Floats, float, float], Floats]

    def log_likelihood(self, sample: Sample, at: Floats) -> float:
        """Of a sample at (log mean, log second)."""
        mean = math.exp(min(max(at[0], -60.0), 60.0))
        second = math.exp(min(max(at[1], -30.0), 30.0)) if len(at) > 1 else 1.0
        with np.errstate(all="ignore"):
            value = float(self.density(sample.seen, mean, second).sum())
            if len(sample.cut):
                value += float(self.survival(sample.cut, mean, second).sum())
        return value if math.isfinite(value) else -NEVER

    def distribution(self, at: Floats, scale: float = 1.0) -> Distribution:
        """As a site file says it, times divided by `scale`."""
        mean = math.exp(at[0]) / scale
        if self.kind == "exponential":
            return Distribution(kind="exponential", mean=_figures(mean))
        second = math.exp(at[1])
        if self.kind == "weibull":
            size = mean / math.gamma(1.0 + 1.0 / second)
            return Distribution(kind="weibull", shape=_figures(second), scale=_figures(size))
        kind: Any = self.kind
        return Distribution(kind=kind, mean=_figures(mean), sd=_figures(mean * second))


def _figures(x: float) -> float:
    """Four significant figures: more than any log supports."""
    return float(f"{x:.4g}")


def _exponential(x: Floats, mean: float, _: float) -> Floats:
    return -x / mean - math.log(mean)


def _exponential_survival(x: Floats, mean: float, _: float) -> Floats:
    return -x / mean


def _gamma(x: Floats, mean: float, cv: float) -> Floats:
    shape = 1.0 / (cv * cv)
    rate = shape / mean
    return np.asarray(shape * math.log(rate) + (shape - 1.0) * np.log(x) - rate * x - special.gammaln(shape))


def _gamma_survival(x: Floats, mean: float, cv: float) -> Floats:
    shape = 1.0 / (cv * cv)
    return np.asarray(np.log(special.gammaincc(shape, x * shape / mean)))


def _weibull(x: Floats, mean: float, shape: float) -> Floats:
    size = mean / math.gamma(1.0 + 1.0 / shape) if shape > 0.01 else math.inf
    return np.asarray(math.log(shape / size) + (shape - 1.0) * np.log(x / size) - (x / size) ** shape)


def _weibull_survival(x: Floats, mean: float, shape: float) -> Floats:
    size = mean / math.gamma(1.0 + 1.0 / shape) if shape > 0.01 else math.inf
    return np.asarray(-((x / size) ** shape))


def _lognormal(x: Floats, mean: float, cv: float) -> Floats:
    variance = math.log1p(cv * cv)
    middle = math.log(mean) - variance / 2.0
    away = np.log(x) - middle
    return np.asarray(-away * away / (2 * variance) - np.log(x) - 0.5 * math.log(2 * math.pi * variance))


def _lognormal_survival(x: Floats, mean: float, cv: float) -> Floats:
    variance = math.log1p(cv * cv)
    return np.asarray(special.log_ndtr((math.log(mean) - variance / 2.0 - np.log(x)) / math.sqrt(variance)))


def _normal(x: Floats, mean: float, cv: float) -> Floats:
    """Cut off at 0, as the simulator does."""
    sd = mean * cv
    away = (x - mean) / sd
    return np.asarray(-away * away / 2 - math.log(sd * math.sqrt(2 * math.pi)) - special.log_ndtr(mean / sd))


def _normal_survival(x: Floats, mean: float, cv: float) -> Floats:
    sd = mean * cv
    return np.asarray(special.log_ndtr((mean - x) / sd) - special.log_ndtr(mean / sd))


FAMILIES: tuple[Family, ...] = (
    Family("exponential", "", _exponential, _exponential_survival),
    Family("gamma", "sd over mean", _gamma, _gamma_survival),
    Family("weibull", "shape", _weibull, _weibull_survival),
    Family("lognormal", "sd over mean", _lognormal, _lognormal_survival),
    Family("normal", "sd over mean", _normal, _normal_survival),
)
"""The simplest first."""


@dataclass(frozen=True)
class Fit:
    """A family at its most likely parameters."""

    family: Family
    at: Floats
    """Logarithms of the mean and, where there is one, of the second parameter."""
    log_likelihood: float

    @property
    def mean(self) -> float:
        """Seconds."""
        return math.exp(self.at[0])


def fit(family: Family, sample: Sample, start: Floats | None = None) -> Fit:
    """Maximum likelihood.

    Raises:
        ValueError: no time was seen from beginning to end.
    """
    if not len(sample.seen):
        raise ValueError("no time was seen from beginning to end")
    mean = sample.exposure_s / len(sample.seen)
    if not family.second:
        at = np.array([math.log(mean)])
        return Fit(family, at, family.log_likelihood(sample, at))
    if start is None:
        spread = float(sample.seen.std()) / float(sample.seen.mean())
        cv = min(max(spread, 0.02), 3.0)
        start = np.array([math.log(mean), math.log(cv if family.kind != "weibull" else min(max(1.1 / cv, 0.3), 50.0))])
    found = optimize.minimize(
        lambda at: -family.log_likelihood(sample, at),
        start,
        method="Nelder-Mead",
        options={
            "xatol": 1e-5,
            "fatol": 1e-6,
            "initial_simplex": start + np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.2]]),
        },
    )
    return Fit(family, np.asarray(found.x), -float(found.fun))


def interval(found: Fit, sample: Sample, which: int) -> tuple[float, float]:
    """The 95 % interval of a parameter (0: mean, seconds; 1: the second) by profile likelihood.

    All values whose best likelihood, over the other parameter, is less than half of the chi-square law's 95 % quantile
    below the greatest (Venzon and Moolgavkar 1988). The nearest end that is 0 or infinite is given as such.
    """
    best = found.at
    floor = found.log_likelihood - CHI_95 / 2

    def above(value: float) -> float:
        if len(best) == 1:
            return found.family.log_likelihood(sample, np.array([value])) - floor
        other = best[1 - which]

        def loss(x: float) -> float:
            at = np.array([value, x] if which == 0 else [x, value])
            return -found.family.log_likelihood(sample, at)

        inner = optimize.minimize_scalar(loss, bracket=(other - 0.05, other + 0.05), options={"xtol": 1e-4})
        return -float(inner.fun) - floor

    ends = []
    for sign in (-1.0, 1.0):
        step, far = 0.05, best[which]
        while above(far + sign * step) > 0 and step < REACH:
            far += sign * step
            step *= 1.8
        if step >= REACH:
            ends.append(0.0 if sign < 0 else math.inf)
            continue
        ends.append(math.exp(optimize.brentq(above, far, far + sign * step, xtol=1e-4)))
    return ends[0], ends[1]
