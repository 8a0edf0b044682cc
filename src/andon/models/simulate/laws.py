"""Distributions of a site as the kernel's eight words: parameters in the assumption's unit, and a scale to seconds."""

from __future__ import annotations

import functools
import math

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.numbers import exp, gamma_isf, log, log_gamma, normal_sf
from andon.site.floor import Assumption, Distribution

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "ms": 1e-3, "wk": 604_800.0, "1": 1.0, "": 1.0}
"""UCUM units of time, and what one of them is in seconds; a bare number is a factor."""


class Unrunnable(ValueError):  # noqa: N818 - a verdict on the site, not a fault of the program
    """The site cannot be simulated as it stands; the message is one sentence that names the element."""


class Interrupted(Unrunnable):
    """It was stopped before there was anything to say."""


def scale_of(unit: str, name: str) -> float:
    """Seconds in one `unit`.

    Raises:
        Unrunnable: not a unit of time.
    """
    if unit not in SECONDS:
        known = ", ".join(f"`{u}`" for u in SECONDS if u)
        raise Unrunnable(f"`{name}` is in `{unit}`, which is not a time; use one of {known}")
    return SECONDS[unit]


def seconds_of(text: str) -> float:
    """A length of time such as `8h`, `90min`, `3600s` or `2d`, in seconds.

    Raises:
        ValueError: it is none; one sentence.

    >>> seconds_of("8h"), seconds_of("90min")
    (28800.0, 5400.0)
    """
    number = text.strip().rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text.strip()[len(number) :] or "s"
    if unit not in SECONDS or unit == "1":
        raise ValueError(f"`{text}` is no length of time; write it like 8h, 90min, 3600s or 2d")
    try:
        return float(number) * SECONDS[unit]
    except ValueError:
        raise ValueError(f"`{text}` is no length of time; write it like 8h, 90min, 3600s or 2d") from None


def mean_of(d: Distribution) -> float:
    """The distribution's mean, in its own unit (a truncated normal law by its untruncated mean)."""
    match d.kind:
        case "constant":
            return d.value if d.value is not None else _need(d, "mean")
        case "uniform":
            return (_need(d, "low") + _need(d, "high")) / 2.0
        case "triangular":
            return (_need(d, "low") + _need(d, "mode") + _need(d, "high")) / 3.0
        case "normal" | "lognormal":
            return _need(d, "mean")
        case "exponential":
            return d.mean if d.mean is not None else _need(d, "scale")
        case "gamma":
            return d.mean if d.mean is not None else _need(d, "shape") * _need(d, "scale")
        case "weibull":
            return _need(d, "scale") * math.gamma(1.0 + 1.0 / _need(d, "shape"))
        case "empirical":
            return sum(d.values) / len(d.values)


def _need(d: Distribution, word: str) -> float:
    value = getattr(d, word)
    if value is None:
        raise Unrunnable(f"a `{d.kind}` distribution has no `{word}`; give it")
    return float(value)


def words_of(
    assumption: Assumption, factor_at: int, values_at: int, *, signed: bool = False
) -> tuple[list[float], list[float]]:
    """The kernel's eight words of an assumption, and the empirical values that stand at `values_at`.

    A normal law without a `low` ends at 0, unless it is `signed`.
    """
    d = assumption.distribution
    words = [0.0] * at.DIST_WORDS
    words[at.SCALE] = scale_of(assumption.unit, assumption.name)
    words[at.FACTOR] = float(factor_at)
    values: list[float] = []
    try:
        kind, parameters, values = _parameters(d, values_at)
    except Unrunnable as error:
        raise Unrunnable(f"assumption `{assumption.name}`: {error}") from error
    words[at.KIND_D] = float(kind)
    if signed and kind == at.NORMAL and d.low is None:
        parameters[2] = 1.0
    words[at.P0 : at.P0 + len(parameters)] = parameters
    words[at.MEAN] = mean_of(d)
    return words, values


def _parameters(d: Distribution, values_at: int) -> tuple[int, list[float], list[float]]:
    match d.kind:
        case "constant":
            return at.CONSTANT, [mean_of(d)], []
        case "uniform":
            return at.UNIFORM, [_need(d, "low"), _need(d, "high")], []
        case "triangular":
            low, mode, high = _need(d, "low"), _need(d, "mode"), _need(d, "high")
            if low == high:
                return at.CONSTANT, [low], []
            return at.TRIANGULAR, [low, mode, high], []
        case "exponential":
            return at.EXPONENTIAL, [mean_of(d)], []
        case "empirical":
            return at.EMPIRICAL, [float(values_at), float(len(d.values))], sorted(d.values)
        case "weibull":
            return at.WEIBULL, [_need(d, "shape"), _need(d, "scale")], []
        case "normal" | "lognormal" | "gamma":
            return _by_mean_and_sd(d, values_at)


def _by_mean_and_sd(d: Distribution, values_at: int) -> tuple[int, list[float], list[float]]:
    if d.kind == "gamma" and d.shape is not None:
        shape, scale = d.shape, _need(d, "scale")
        return at.GAMMA, [shape, scale, log_gamma(shape), float(values_at)], gamma_table(shape)
    mean, sd = _need(d, "mean"), _need(d, "sd")
    if sd == 0.0:
        return at.CONSTANT, [mean], []
    if d.kind == "gamma":
        shape = (mean / sd) * (mean / sd)
        return at.GAMMA, [shape, mean / shape, log_gamma(shape), float(values_at)], gamma_table(shape)
    if d.kind == "lognormal":
        variance = log(1.0 + (sd / mean) * (sd / mean))
        return at.LOGNORMAL, [log(mean) - variance / 2.0, math.sqrt(variance)], []
    low = 0.0 if d.low is None else d.low
    high_sf = 0.0 if d.high is None else normal_sf((d.high - mean) / sd)
    return at.NORMAL, [mean, sd, normal_sf((low - mean) / sd), high_sf], []


@functools.cache
def gamma_table(shape: float) -> list[float]:
    """The gamma law's quantiles for the kernel: log x and its slope at equally spaced normal scores z.

    With p the normal density, g the gamma density and x(z) the quantile, d log x / dz = p(z) / (x g(x)).
    """
    lg = log_gamma(shape)
    table: list[float] = []
    for i in range(at.GAMMA_NODES):
        z = at.GAMMA_Z_LOW + i * at.GAMMA_Z_STEP
        log_x = log(gamma_isf(shape, lg, normal_sf(z)))
        x = exp(log_x)
        table += [log_x, 0.3989422804014327 * exp(-0.5 * z * z - shape * log_x + x + lg)]
    return table
