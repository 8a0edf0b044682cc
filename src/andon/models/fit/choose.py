"""Which family of distributions a sample of times supports, how well its parameters are known, if that is enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from andon.models.fit.families import FAMILIES, Family, Fit, Sample, fit, interval
from andon.site.floor import Distribution

FOLDS = 10
SEEN_MIN = 12
"""With fewer times from beginning to end nothing is said but how many more are needed."""
WANTED = 0.25
"""An interval of the mean that reaches further than this share of it to either side is too wide to plan by."""
STEADY = 0.002
"""Times that differ by less than this share of their mean are one constant."""
CV_NORMAL_MAX = 0.5
"""Beyond, a normal law is mostly its cut at 0."""


@dataclass(frozen=True)
class Law:
    """What a sample of times says about the law that they come from; seconds."""

    kind: str
    """The family, `constant`, or `too few`."""
    seen: int
    cut: int
    mean: float
    mean_low: float
    mean_high: float
    """95 % interval."""
    second: str
    value: float
    low: float
    high: float
    """The second parameter with its 95 % interval; NaN where there is none."""
    held_out: dict[str, float]
    """Mean logarithmic likelihood of a held-out time by family: larger is better."""
    needed: int
    """Times from beginning to end that are needed, where these are too few; else 0."""
    at: tuple[float, ...] = ()

    @property
    def uncertainty(self) -> float:
        """Relative standard deviation of what is known about the mean."""
        if not 0 < self.mean_low <= self.mean_high < math.inf:
            return 1.0
        return min(1.0, math.log(self.mean_high / self.mean_low) / (2 * 1.96))

    def distribution(self, scale: float = 1.0) -> Distribution | None:
        """As a site file says it, in units of `scale` seconds; None when the times are too few."""
        if self.kind == "too few":
            return None
        if self.kind == "constant":
            return Distribution(kind="constant", value=float(f"{self.mean / scale:.4g}"))
        family = next(f for f in FAMILIES if f.kind == self.kind)
        return family.distribution(np.array(self.at), scale)

    def verdict(self) -> str:
        """One sentence for people; empty when there is nothing to say against the estimate."""
        if not self.needed:
            return ""
        cut = f" and {self.cut} cut off" if self.cut else ""
        return f"too few: {self.seen} times{cut}; about {self.needed} are needed for the mean within {WANTED:.0%}"

    def as_json(self) -> dict[str, Any]:
        """All that is known, seconds; what is not a number becomes null."""
        return {
            "kind": self.kind,
            "seen": self.seen,
            "cut": self.cut,
            "mean": _plain(self.mean),
            "mean_95": [_plain(self.mean_low), _plain(self.mean_high)],
            "second": self.second or None,
            "value": _plain(self.value),
            "value_95": [_plain(self.low), _plain(self.high)],
            "held_out": {k: _plain(v) for k, v in self.held_out.items()},
            "uncertainty": _plain(self.uncertainty),
            "needed": self.needed,
        }


def _plain(x: float) -> float | None:
    return float(f"{x:.6g}") if math.isfinite(x) else None


def choose(sample: Sample) -> Law:
    """The law of a sample: the simplest family that predicts held-out times as well as the best one does."""
    seen = len(sample.seen)
    if seen < SEEN_MIN:
        mean = sample.exposure_s / seen if seen else math.nan
        return _law("too few", sample, (mean, math.nan, math.nan), {}, _needed(sample, None))
    mean = float(sample.seen.mean())
    if float(sample.seen.std()) <= STEADY * mean:
        return _law("constant", sample, (mean, float(sample.seen.min()), float(sample.seen.max())), {}, 0)
    scores = {f.kind: _held_out(f, sample) for f in FAMILIES}
    best = max(scores, key=lambda kind: float(scores[kind].mean()))
    family = next(f for f in FAMILIES if _as_good(scores[f.kind], scores[best]))
    found = fit(family, sample)
    low, high = interval(found, sample, 0)
    held_out = {kind: float(score.mean()) for kind, score in scores.items()}
    wide = max(high / found.mean - 1.0, 1.0 - low / found.mean) > WANTED
    needed = _needed(sample, (low, high)) if wide else 0
    return _law(family.kind, sample, (found.mean, low, high), held_out, needed, found)


def _law(
    kind: str,
    sample: Sample,
    mean: tuple[float, float, float],
    held_out: dict[str, float],
    needed: int,
    found: Fit | None = None,
) -> Law:
    second, value, low, high = "", math.nan, math.nan, math.nan
    if found is not None and found.family.second:
        second, value = found.family.second, math.exp(found.at[1])
        low, high = interval(found, sample, 1)
    at = tuple(float(x) for x in found.at) if found is not None else ()
    return Law(kind, len(sample.seen), len(sample.cut), *mean, second, value, low, high, held_out, needed, at)


def _held_out(family: Family, sample: Sample) -> np.ndarray:
    """Mean logarithmic likelihood of each fold's times under the law that the other folds give."""
    found = np.empty(FOLDS)
    start = None
    for fold in range(FOLDS):
        rest, held = sample.without(fold, FOLDS), sample.fold(fold, FOLDS)
        made = fit(family, rest, start)
        start = made.at
        if family.kind == "normal" and math.exp(made.at[1]) > CV_NORMAL_MAX:
            return np.full(FOLDS, -math.inf)
        found[fold] = family.log_likelihood(held, made.at) / max(1, len(held.seen) + len(held.cut))
    return found


def _as_good(score: np.ndarray, best: np.ndarray) -> bool:
    """Not worse than the best by more than a standard error of the difference, fold by fold (Breiman et al. 1984)."""
    if not np.isfinite(score).all():
        return False
    less = best - score
    return float(less.mean()) <= float(less.std(ddof=1)) / math.sqrt(FOLDS)


def _needed(sample: Sample, mean_95: tuple[float, float] | None) -> int:
    """How many times would make the interval narrow enough: its width falls with the root of their number."""
    seen = len(sample.seen)
    if mean_95 is not None and mean_95[0] > 0 and math.isfinite(mean_95[1]):
        half = math.log(mean_95[1] / mean_95[0]) / 2
        return max(SEEN_MIN, math.ceil(seen * (half / math.log(1 + WANTED)) ** 2))
    spread = float(sample.seen.std(ddof=1) / sample.seen.mean()) if seen > 3 else 1.0
    return max(SEEN_MIN, math.ceil((1.96 * max(spread, 0.1) / math.log(1 + WANTED)) ** 2))
