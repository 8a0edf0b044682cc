"""Numbers with their uncertainty: quantiles, what is chance and what is not known, and what an answer leans on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from andon.models.simulate.interval import mean_interval
from andon.models.simulate.rows import Rows

NOTICED = 3.0
"""A coefficient counts from this many standard errors on."""


@dataclass(frozen=True)
class Spread:
    """One figure over the replications; `low_90` to `high_90` is the interval of what may happen, not of the mean."""

    name: str
    unit: str
    mean: float
    median: float
    low_50: float
    high_50: float
    low_90: float
    high_90: float
    monte_carlo_error: float
    """Standard error of the mean: what more replications would make smaller."""
    unknown_share: float | None
    """Share of the variance that comes from assumptions we are unsure of; the rest is what varies on the floor."""
    n: int
    """Replications in which the figure exists."""
    mean_low_95: float
    mean_high_95: float
    """The interval that holds the true mean in 95 of 100 experiments."""

    def as_json(self) -> dict[str, Any]:
        """All fields; what is not finite becomes null."""
        return {k: (None if isinstance(v, float) and not math.isfinite(v) else v) for k, v in asdict(self).items()}


@dataclass(frozen=True)
class Lean:
    """How much an answer leans on one assumption."""

    assumption: str
    elasticity: float
    """Percent that the figure changes when the assumption's mean is one percent higher."""
    share: float
    """Share of the figure's variance that our uncertainty about this mean causes."""


def spread(name: str, unit: str, values: np.ndarray, rows: Rows | None = None) -> Spread:
    """Summarise one number a replication; NaN means that the figure does not exist there."""
    kept = np.isfinite(values)
    x = values[kept]
    if not len(x):
        nan = math.nan
        return Spread(name, unit, nan, nan, nan, nan, nan, nan, nan, None, 0, nan, nan)
    low_90, low_50, median, high_50, high_90 = np.quantile(x, (0.05, 0.25, 0.5, 0.75, 0.95))
    error = float(x.std(ddof=1)) / math.sqrt(len(x)) if len(x) > 1 else math.inf
    share = unknown_share(x, rows.factors[kept]) if rows is not None else None
    return Spread(
        name, unit, float(x.mean()), float(median), float(low_50), float(high_50), float(low_90), float(high_90),
        error, share, len(x), *mean_interval(x),
    )  # fmt: skip


def spreads(names: Sequence[str], unit: str, table: np.ndarray) -> list[Spread]:
    """Several numbers a replication, float64[names, n], each of which exists in every one; without shares."""
    n = table.shape[1]
    low_90, low_50, median, high_50, high_90 = np.quantile(table, (0.05, 0.25, 0.5, 0.75, 0.95), axis=1)
    means = table.mean(axis=1)
    errors = table.std(axis=1, ddof=1) / math.sqrt(n) if n > 1 else np.full(len(table), math.inf)
    return [
        Spread(
            name, unit, float(means[i]), float(median[i]), float(low_50[i]), float(high_50[i]), float(low_90[i]),
            float(high_90[i]), float(errors[i]), None, n, *mean_interval(table[i]),
        )
        for i, name in enumerate(names)
    ]  # fmt: skip


def _design(factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardised logs of the factors that vary, and which they are."""
    logs = np.log(np.maximum(factors, 1e-12))
    sd = logs.std(axis=0)
    which = np.flatnonzero(sd > 1e-9)
    return (logs[:, which] - logs[:, which].mean(axis=0)) / np.where(sd[which] > 0, sd[which], 1.0), which


def _fit(design: np.ndarray, centred: np.ndarray) -> np.ndarray:
    """Least squares by the normal equations: the columns are drawn independently, so they are far from singular.

    An answer needs one fit a figure. Without a library's threads for it, which on a busy machine wait for one another:
    measured, 0.1 s instead of 2 s for two alternatives of a thousand futures.
    """
    square = np.einsum("ni,nj->ij", design, design)
    try:
        return np.asarray(np.linalg.solve(square, np.einsum("ni,n->i", design, centred)))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(design, centred, rcond=None)[0])


def unknown_share(values: np.ndarray, factors: np.ndarray) -> float | None:
    """Variance share explained by the drawn factors: adjusted R^2 of a linear fit on their logarithms.

    None when there are too few replications for the number of uncertain assumptions.
    """
    design, which = _design(factors)
    n, k = design.shape
    total = float(values.var())
    if n < k + 20 or total <= 0.0:
        return None
    if not len(which):
        return 0.0
    centred = values - values.mean()
    coefficients = _fit(design, centred)
    residual = float(((centred - np.einsum("nk,k->n", design, coefficients)) ** 2).sum())
    r2 = 1.0 - residual / float((centred**2).sum())
    return float(min(max(1.0 - (1.0 - r2) * (n - 1) / (n - k - 1), 0.0), 1.0))


def leans_on(values: np.ndarray, rows: Rows, most: int = 6, noticed: float = NOTICED) -> tuple[Lean, ...]:
    """Assumptions by their share in the figure's variance, the largest first.

    A linear fit on the logarithms of the drawn factors: coefficient over mean is the elasticity. Assumptions without
    a stated uncertainty do not vary and so do not appear; nor do those whose coefficient is less than `noticed`
    standard errors from zero.
    """
    kept = np.isfinite(values)
    x, factors = values[kept], rows.factors[kept]
    design, which = _design(factors)
    n, k = design.shape
    if n < k + 20 or not len(which) or float(x.var()) <= 0.0:
        return ()
    centred = x - x.mean()
    coefficients = _fit(design, centred)
    residual = centred - np.einsum("nk,k->n", design, coefficients)
    noise = float((residual**2).sum()) / (n - k - 1) / n
    logs_sd = np.log(np.maximum(factors[:, which], 1e-12)).std(axis=0)
    mean = float(x.mean()) or 1.0
    found = [
        Lean(
            rows.image.assumptions[which[j]],
            float(coefficients[j] / logs_sd[j] / mean),
            float(max(coefficients[j] ** 2 - noise, 0.0) / x.var()),
        )
        for j in range(k)
        if coefficients[j] ** 2 > noticed**2 * noise
    ]
    return tuple(sorted(found, key=lambda lean: -lean.share)[:most])
