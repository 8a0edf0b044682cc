"""Validation: forecasts against what was then observed, judged by coverage, bias and interval score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from andon.core.time import Nanos, nanos
from andon.evidence.found import Found

COVERAGE = 0.90
"""What the interval of a forecast promises."""
LEAST_COMPARISONS = 8
"""Fewer comparisons than this prove nothing, however well they went."""
DOUBT = 0.05
"""A coverage is believed while the chance of one so low, had the promise been kept, is at least this."""
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One forecast and what came of it, in one unit."""

    quantity: str
    unit: str
    median: float
    low90: float
    high90: float
    observed: float

    @property
    def inside(self) -> bool:
        """Whether the observation lies in the 90 % interval."""
        return self.low90 <= self.observed <= self.high90

    @property
    def score(self) -> float:
        """Interval score at 90 %: width plus 20 times the miss (Gneiting and Raftery 2007, eq. 43). Lower is better."""
        miss = max(self.low90 - self.observed, self.observed - self.high90, 0.0)
        return (self.high90 - self.low90) + 2.0 / (1.0 - COVERAGE) * miss


def compare(forecast: Mapping[str, Any], observed: float) -> Comparison:
    """A forecast as recommendations carry it (`quantity, unit, median, low90, high90`) against an observation.

    Raises:
        ValueError: a number is missing or not finite, or the interval is upside down.
    """
    numbers = [forecast.get("median"), forecast.get("low90"), forecast.get("high90"), observed]
    if any(isinstance(n, bool) or not isinstance(n, int | float) or not math.isfinite(n) for n in numbers):
        raise ValueError("a forecast and its outcome need finite numbers")
    median, low, high, seen = (float(n) for n in numbers)  # type: ignore[arg-type] # all are numbers, as just checked
    if not low <= median <= high:
        raise ValueError("the forecast's interval is upside down")
    quantity, unit = str(forecast.get("quantity", "")), str(forecast.get("unit", ""))
    return Comparison(quantity, unit, median, low, high, seen)


def chance_of_so_few(inside: int, total: int, promised: float = COVERAGE) -> float:
    """P(X <= inside) for X ~ Binomial(total, promised): how surprising so low a coverage is.

    >>> round(chance_of_so_few(7, 10), 4)
    0.0702
    """
    return math.fsum(
        math.comb(total, k) * promised**k * (1.0 - promised) ** (total - k) for k in range(max(inside, -1) + 1)
    )


def figures(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Coverage, bias and score of a set of comparisons, as JSON."""
    total = len(comparisons)
    if not total:
        return {"comparisons": 0}
    inside = sum(c.inside for c in comparisons)
    widths = [max(c.high90 - c.low90, 1e-12) for c in comparisons]
    bias = math.fsum((c.observed - c.median) / w for c, w in zip(comparisons, widths, strict=True)) / total
    return {
        "comparisons": total,
        "inside": inside,
        "coverage": inside / total,
        "chance_of_so_few": chance_of_so_few(inside, total),
        "bias_of_width": bias,
        "interval_score": math.fsum(c.score for c in comparisons) / total,
        "quantities": sorted({c.quantity for c in comparisons}),
    }


def judge(use: str, comparisons: Sequence[Comparison], against: str) -> tuple[Found, Found]:
    """Validation (the forecasts are not biased) and uncertainty (the intervals hold what they promise).

    Args:
        use: the use that the evidence is for.
        comparisons: forecasts and outcomes, none of which the model was fitted to.
        against: what was observed: `virtual`, `recorded` or `physical`.
    """
    measured = {**figures(comparisons), "against": against}
    enough = len(comparisons) >= LEAST_COMPARISONS
    # The observation lies, on average, no further from the median than half the width of the interval.
    unbiased = enough and abs(measured["bias_of_width"]) <= 0.5
    covered = enough and measured["chance_of_so_few"] >= DOUBT
    return (
        Found(use, "validation", bool(unbiased and covered), measured),
        Found(use, "uncertainty", bool(covered), measured),
    )


def expires(at: Nanos, days: float) -> Nanos:
    """The moment at which evidence from `at` runs out."""
    return Nanos(at + nanos(days * DAY_S))
