"""What a handful of observations says about the next one: a Student-t likelihood, weak priors, all on a grid.

Location-scale model with t errors of four degrees of freedom, so that one odd unit among ten neither moves nor widens
everything (Lange, Little & Taylor 1989, Robust Statistical Modeling Using the t Distribution, JASA 84). The posterior
over location and scale is computed on a grid (Gelman et al., Bayesian Data Analysis, 3rd ed., section 3.7), and the
predictive distribution is the mixture over it, so that what ten units cannot tell stays in the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FREEDOM = 4
LOCATIONS = 101
SCALES = 31
LEVELS = 241
"""Points at which a predictive distribution function is computed."""
NEGLIGIBLE = 1e-6


@dataclass(frozen=True, slots=True)
class Prior:
    """Weak knowledge that is declared, not estimated."""

    scale: float
    """Median of the scale."""
    scale_log_sd: float
    """Standard deviation of its logarithm: 1 says `within a factor of seven, nineteen times in twenty`."""
    location: float | None = None
    """None: whatever the data say."""
    location_sd: float = 1.0


def t_cdf(x: Floats) -> Floats:
    """Distribution function of Student's t with four degrees of freedom (Johnson, Kotz & Balakrishnan, chapter 28)."""
    root = x / np.sqrt(4.0 + x * x)
    return np.asarray(0.5 + 0.75 * (root - root**3 / 3.0), dtype=np.float64)


def _log_density(x: Floats) -> Floats:
    return np.asarray(-2.5 * np.log1p(x * x / FREEDOM), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Spread:
    """Posterior over location and scale: parallel arrays of `weight`, `location`, `scale`, weights summing to 1."""

    weight: Floats
    location: Floats
    scale: Floats
    centre: float
    width: float

    @classmethod
    def learn(cls, sample: Sequence[float], prior: Prior) -> Spread:
        """The posterior after `sample`, which may be empty when the prior has a location.

        Raises:
            ValueError: nothing to go by: no sample, and a prior without a location.
        """
        values = np.sort(np.asarray(sample, dtype=np.float64))
        if values.size == 0 and prior.location is None:
            raise ValueError("a spread needs a sample, or a prior that says where it lies")
        centre = float(np.median(values)) if values.size else float(prior.location or 0.0)
        away = 1.4826 * float(np.median(np.abs(values - centre))) if values.size else 0.0
        width = max(away, prior.scale / 2 if values.size else prior.location_sd)
        grid = centre + width * np.sinh(np.linspace(-4.0, 4.0, LOCATIONS))
        if prior.location is not None:
            grid = np.union1d(grid, prior.location + prior.location_sd * np.linspace(-4.0, 4.0, 81))
        top = max(prior.scale * np.exp(3 * prior.scale_log_sd), 3 * float(np.ptp(values)) if values.size else 0.0)
        scales = np.geomspace(prior.scale * np.exp(-3 * prior.scale_log_sd), top, SCALES)
        log_post = -0.5 * (np.log(scales / prior.scale) / prior.scale_log_sd) ** 2 + np.log(np.gradient(grid))[:, None]
        if prior.location is not None:
            log_post = log_post - 0.5 * (((grid - prior.location) / prior.location_sd) ** 2)[:, None]
        for value in values:
            log_post = log_post + _log_density((value - grid)[:, None] / scales) - np.log(scales)
        weight = np.exp(log_post - log_post.max())
        weight /= weight.sum()
        keep = weight > NEGLIGIBLE * weight.max()
        places, sizes = np.nonzero(keep)
        kept = weight[keep]
        return cls(kept / kept.sum(), grid[places], scales[sizes], centre, width)

    @property
    def location_sd(self) -> float:
        """Standard deviation of the location: what the sample leaves open about the middle."""
        mean = (self.weight * self.location).sum()
        return float(np.sqrt((self.weight * (self.location - mean) ** 2).sum()))

    def points(self, count: int) -> Floats:
        """`count` points of the predictive distribution, each as probable as the next, in rising order."""
        spread = max(self.width, float((self.weight * self.scale).sum()))
        at = self.centre + spread * np.sinh(np.linspace(-6.0, 6.0, LEVELS))
        level = np.array([(self.weight * t_cdf((x - self.location) / self.scale)).sum() for x in at])
        wanted = (np.arange(count) + 0.5) / count
        return np.asarray(np.interp(wanted, np.maximum.accumulate(level), at), dtype=np.float64)

    def draws(self, rng: np.random.Generator, replications: int, count: int) -> Floats:
        """Draws, shape `(replications, count)`: location and scale once a replication, then `count` values each."""
        pick = np.searchsorted(np.cumsum(self.weight), rng.random(replications), side="right")
        pick = np.minimum(pick, self.weight.size - 1)
        t = rng.standard_t(FREEDOM, size=(replications, count))
        return np.asarray(self.location[pick][:, None] + self.scale[pick][:, None] * t, dtype=np.float64)


def weighted_quantiles(values: Floats, weights: Floats, levels: Sequence[float]) -> list[float]:
    """Quantiles of a discrete distribution, by the inverse of its distribution function."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    places = np.searchsorted(total / total[-1], np.asarray(levels), side="left")
    return [float(v) for v in values[order][np.minimum(places, values.size - 1)]]
