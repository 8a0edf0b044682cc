"""Chance as a function: every draw is named by (seed, replication, who, which), so no draw's turn can change another.

Counter-based: a sum of the key and multiples of the parts of the name goes through SplitMix64's finaliser (Steele, Lea
and Flood 2014). Sampling is by
inverse survival function, one number a draw, so that common random numbers stay aligned between alternatives.
"""

from __future__ import annotations

import math

import numpy as np

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.numbers import (
    exp,
    gamma_sf,
    log,
    normal_quantile,
    normal_sf,
)

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
SECOND = np.uint64(0xD1342543DE82EF95)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
U30, U27, U31, U12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)
ONE = np.float64(1.0).view(np.uint64)
ALMOST_ONE = 1.0 - 2.0**-53


def mix(z: np.uint64) -> np.uint64:
    """SplitMix64's finaliser: a bijection of 64 bits."""
    z = (z ^ (z >> U30)) * MIX_1
    z = (z ^ (z >> U27)) * MIX_2
    return z ^ (z >> U31)


def key_of(seed: int, replication: int) -> np.int64:
    """The key that every draw of a replication starts from."""
    z = mix(np.uint64(seed) * GOLDEN + GOLDEN)
    return np.int64(mix(z + (np.uint64(replication) + np.uint64(1)) * GOLDEN))


def unit(key: int | np.int64, who: int, which: int) -> float:
    """A number in (0, 1), both ends excluded, that belongs to (key, who, which): an odd multiple of 2^-53.

    Neighbours in each part of the name were found independent (pairs, triples, bits; a test has some of it), and so a
    second round is spared. Its top 52 bits are put behind the point of 1.0: half the time of converting a number.
    """
    z = mix(np.uint64(key) + np.uint64(who) * GOLDEN + np.uint64(which) * SECOND)
    return np.uint64((z >> U12) | ONE).view(np.float64) - ALMOST_ONE


def sf(f: at.Reals, d: int, x: float) -> float:
    """P(X > x) of the distribution at `d`, before its scale and factor; 1 below the support."""
    kind = int(f[d + at.KIND_D])
    a = f[d + at.P0]
    b = f[d + at.P1]
    if kind == at.CONSTANT:
        return 1.0 if x < a else 0.0
    if kind == at.UNIFORM:
        return 1.0 if x <= a else (0.0 if x >= b else (b - x) / (b - a))
    if kind == at.EXPONENTIAL:
        return exp(-x / a)
    if kind == at.WEIBULL:
        return 1.0 if x <= 0.0 else exp(-exp(a * log(x / b)))
    if kind == at.LOGNORMAL:
        return 1.0 if x <= 0.0 else normal_sf((log(x) - a) / b)
    if kind == at.NORMAL:
        s = (normal_sf((x - a) / b) - f[d + at.P3]) / (f[d + at.P2] - f[d + at.P3])
        return 1.0 if s > 1.0 else (max(s, 0.0))
    if kind == at.GAMMA:
        return gamma_sf(a, f[d + at.P2], x / b)
    if kind == at.TRIANGULAR:
        return triangular_sf(a, b, f[d + at.P2], x)
    n = int(b)
    above = 0
    for i in range(n):
        if f[int(a) + i] > x:
            above += 1
    return above / n


def triangular_sf(low: float, mode: float, high: float, x: float) -> float:
    """P(X > x) of the triangular law."""
    if x <= low:
        return 1.0
    if x >= high:
        return 0.0
    if x < mode:
        return 1.0 - (x - low) * (x - low) / ((high - low) * (mode - low))
    return (high - x) * (high - x) / ((high - low) * (high - mode))


def isf(f: at.Reals, d: int, v: float) -> float:
    """The x with P(X > x) = v, 0 < v < 1, before scale and factor."""
    kind = int(f[d + at.KIND_D])
    a = f[d + at.P0]
    b = f[d + at.P1]
    if kind == at.CONSTANT:
        return a
    if kind == at.EXPONENTIAL:
        return -a * log(v)
    if kind == at.LOGNORMAL:
        return exp(a - b * normal_quantile(v))
    if kind == at.UNIFORM:
        return b - v * (b - a)
    if kind == at.TRIANGULAR:
        c = f[d + at.P2]
        if v * (c - a) > c - b:
            return a + math.sqrt((1.0 - v) * (c - a) * (b - a))
        return c - math.sqrt(v * (c - a) * (c - b))
    if kind == at.NORMAL:
        p = f[d + at.P3] + v * (f[d + at.P2] - f[d + at.P3])
        return a - b * normal_quantile(p)
    if kind == at.WEIBULL:
        return b * exp(log(-log(v)) / a)
    if kind == at.GAMMA:
        return b * gamma_quantile(f, int(f[d + at.P3]), v)
    n = int(b)
    i = int((1.0 - v) * n)
    return f[int(a) + (i if i < n else n - 1)]


def gamma_quantile(f: at.Reals, table: int, v: float) -> float:
    """The x with P(X > x) = v of the gamma law at `table`: Hermite's cubic in log x over normal scores."""
    u = (-normal_quantile(v) - at.GAMMA_Z_LOW) / at.GAMMA_Z_STEP
    i = math.floor(u)
    i = max(i, 0)
    i = min(i, at.GAMMA_NODES - 2)
    t = u - i
    e = table + 2 * i
    y0 = f[e]
    s0 = f[e + 1] * at.GAMMA_Z_STEP
    y1 = f[e + 2]
    s1 = f[e + 3] * at.GAMMA_Z_STEP
    d = y1 - y0
    return exp(y0 + t * (s0 + t * (3.0 * d - 2.0 * s0 - s1 + t * (s0 + s1 - 2.0 * d))))


def duration(f: at.Reals, d: int, v: float, age_s: float) -> float:
    """Seconds still to go of a time from `d` that has lasted `age_s`; the whole time when the age is 0.

    Conditional on age: with S the survival function, P(X > x | X > age) = S(x) / S(age), so x = S^-1(v S(age)).
    """
    scale = f[d + at.SCALE] * f[int(f[d + at.FACTOR])]
    if age_s <= 0.0:
        return isf(f, d, v) * scale
    alive = sf(f, d, age_s / scale)
    if v * alive <= 1e-300:
        return 0.0
    left = isf(f, d, v * alive) * scale - age_s
    return max(0.0, left)


def aged(f: at.Reals, d: int, v: float, age_s: float) -> float:
    """Seconds still to go of a Weibull or exponential time from `d` at age `age_s`, of any size.

    With H the cumulative hazard, H(age + x) = H(age) - log v: the next event of the Poisson process with that hazard.
    """
    scale = f[d + at.SCALE] * f[int(f[d + at.FACTOR])]
    if int(f[d + at.KIND_D]) == at.EXPONENTIAL:
        return -f[d + at.P0] * log(v) * scale
    shape = f[d + at.P0]
    unit_s = f[d + at.P1] * scale
    before = exp(shape * log(age_s / unit_s)) if age_s > 0.0 else 0.0
    return max(0.0, unit_s * exp(log(before - log(v)) / shape) - age_s)


def residual(f: at.Reals, d: int, key: int | np.int64, who: int, which: int) -> float:
    """Seconds still to go of a time from `d` that goes on now and began nobody knows when.

    A renewal process that began long ago (16 to 17 means) is followed up to now; what is left of the time in which now
    falls has, in the limit, the equilibrium law with density S(x) / mean.
    """
    scale = f[d + at.SCALE] * f[int(f[d + at.FACTOR])]
    mean = f[d + at.MEAN]
    if mean <= 0.0:
        return 0.0
    when = -(16.0 + unit(key, who, which)) * mean
    base = (which + 1) << 20
    for i in range(at.RENEWALS_MAX):
        when += isf(f, d, unit(key, who, base + i))
        if when > 0.0:
            return when * scale
    return mean * scale
