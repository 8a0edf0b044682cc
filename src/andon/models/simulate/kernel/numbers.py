"""log, exp, the normal and the gamma law in basic arithmetic only, so that every platform computes the same bits.

Additions, multiplications, divisions and square roots are exactly rounded by IEEE 754; a platform's `libm` is not used.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal, localcontext

import numpy as np
import numpy.typing as npt

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
THIRD, SIXTH, SEVENTH = 1.0 / 3.0, 1.0 / 6.0, 1.0 / 7.0
INV_SQRT_2PI = 0.3989422804014327
C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13 = (1.0 / math.factorial(n) for n in range(3, 14))
"""Coefficients of the exponential series."""


def log_table() -> npt.NDArray[np.float64]:
    """For 128 points z between 0.7 and 1.4: 1 / z, and log z as a number of 42 binary places and the rest of it."""
    rows = np.zeros((128, 4))
    with localcontext(Context(prec=40)):
        for i in range(128):
            z = (LOG_FIRST + np.int64(i << LOG_BITS)).view(np.float64)
            exact = Decimal(float(z)).ln()
            high = round(exact * 2**42) / 2.0**42
            rows[i, :3] = 1.0 / z, high, float(exact - Decimal(high))
    return rows.reshape(-1)


LOG_BITS = 45
"""Low bits of a number that do not choose its point in the table."""
LOG_FIRST = np.float64(0.703125).view(np.int64)
LOG_HALF = np.int64(1 << (LOG_BITS - 1))
LOG_CUT = np.int64(-(1 << LOG_BITS))
LOG_POINTS = log_table()


def log(x: float) -> float:
    """Natural logarithm of a positive, normal number, within 2 units in the last place (a test compares).

    x = 2^k z and z is near one of 128 points c, of which 1 is one: log x = k log 2 + log c + log(1 + r) where
    r = (z - c) / c, |r| < 1 / 256: a table for c, seven terms for r (Tang 1990). No division: a line with failures took
    a sixth less time than with atanh's series, which has one.
    """
    bits = np.float64(x).view(np.int64)
    from_first = bits + LOG_HALF - LOG_FIRST
    k = from_first >> np.int64(52)
    z_bits = bits - (k << np.int64(52))
    c = np.int64((z_bits + LOG_HALF) & LOG_CUT).view(np.float64)
    e = ((from_first >> np.int64(LOG_BITS)) & np.int64(127)) << np.int64(2)
    r: float = (np.int64(z_bits).view(np.float64) - c) * LOG_POINTS[e]
    high: float = k * LN2_HIGH + LOG_POINTS[e + 1]
    low: float = k * LN2_LOW + LOG_POINTS[e + 2]
    w = r * r
    tail = (r * THIRD - 0.5) + w * (r * 0.2 - 0.25) + (w * w) * (r * SEVENTH - SIXTH)
    return high + (r + (w * tail + low))


def exp(x: float) -> float:
    """E to the x, held inside +-700, within 2 units in the last place: x = k ln 2 + r, and the series of e^r."""
    x = min(x, 700.0)
    if x < -700.0:
        return 0.0
    k = np.int64(math.floor(x * 1.4426950408889634 + 0.5))
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    w = r * r
    z = w * w
    even = (C4 + w * C6) + z * (C8 + w * C10 + z * C12)
    odd = (C3 + w * C5) + z * ((C7 + w * C9) + z * (C11 + w * C13))
    p = 1.0 + (r + w * (0.5 + (r * odd + w * even)))
    return p * np.int64((k + np.int64(1023)) << np.int64(52)).view(np.float64)


def normal_sf(x: float) -> float:
    """P(Z > x): the Taylor series about 0 for |x| < 3 (Marsaglia 2004), Laplace's continued fraction beyond."""
    if -3.0 < x < 3.0:
        total = x
        term = x
        n = 1.0
        while True:
            n += 2.0
            term = term * x * x / n
            total += term
            if -1e-17 < term < 1e-17:
                return 0.5 - total * INV_SQRT_2PI * exp(-0.5 * x * x)
    a = x if x > 0.0 else -x
    c = 0.0
    n = 200.0
    while n > 0.5:
        c = n / (a + c)
        n -= 1.0
    tail = INV_SQRT_2PI * exp(-0.5 * a * a) / (a + c)
    return tail if x > 0.0 else 1.0 - tail


def normal_quantile(p: float) -> float:
    """The normal quantile of 0 < p < 1 by rational approximation, relative error about 1e-16 (Wichura 1988, AS 241)."""
    q = p - 0.5
    if -0.425 <= q <= 0.425:
        r = 0.180625 - q * q
        w = r * r
        a = 3.3871328727963666080e0 + r * 1.3314166789178437745e2
        a += w * (1.9715909503065514427e3 + r * 1.3731693765509461125e4)
        c = 4.5921953931549871457e4 + r * 6.7265770927008700853e4
        c += w * (3.3430575583588128105e4 + r * 2.5090809287301226727e3)
        b = 1.0 + r * 4.2313330701600911252e1
        b += w * (6.8718700749205790830e2 + r * 5.3941960214247511077e3)
        d = 2.1213794301586595867e4 + r * 3.9307895800092710610e4
        d += w * (2.8729085735721942674e4 + r * 5.2264952788528545610e3)
        return q * (a + w * w * c) / (b + w * w * d)
    r = math.sqrt(-log(p if q < 0.0 else 1.0 - p))
    x = tail_quantile(r)
    return -x if q < 0.0 else x


def tail_quantile(r: float) -> float:
    """The normal quantile far out, as a function of r = sqrt(-log(tail probability)) (Wichura 1988)."""
    if r <= 5.0:
        r -= 1.6
        a = 7.74545014278341407640e-4
        a = a * r + 2.27238449892691845833e-2
        a = a * r + 2.41780725177450611770e-1
        a = a * r + 1.27045825245236838258e0
        a = a * r + 3.64784832476320460504e0
        a = a * r + 5.76949722146069140550e0
        a = a * r + 4.63033784615654529590e0
        a = a * r + 1.42343711074968357734e0
        b = 1.05075007164441684324e-9
        b = b * r + 5.47593808499534494600e-4
        b = b * r + 1.51986665636164571966e-2
        b = b * r + 1.48103976427480074590e-1
        b = b * r + 6.89767334985100004550e-1
        b = b * r + 1.67638483018380384940e0
        b = b * r + 2.05319162663775882187e0
        return a / (b * r + 1.0)
    r -= 5.0
    a = 2.01033439929228813265e-7
    a = a * r + 2.71155556874348757815e-5
    a = a * r + 1.24266094738807843860e-3
    a = a * r + 2.65321895265761230930e-2
    a = a * r + 2.96560571828504891230e-1
    a = a * r + 1.78482653991729133580e0
    a = a * r + 5.46378491116411436990e0
    a = a * r + 6.65790464350110377720e0
    b = 2.04426310338993978564e-15
    b = b * r + 1.42151175831644588870e-7
    b = b * r + 1.84631831751005468180e-5
    b = b * r + 7.86869131145613259100e-4
    b = b * r + 1.48753612908506148525e-2
    b = b * r + 1.36929880922735805310e-1
    b = b * r + 5.99832206555887937690e-1
    return a / (b * r + 1.0)


def gamma_sf(a: float, log_gamma_a: float, x: float) -> float:
    """P(X > x) for the gamma law of shape a and scale 1: series below a + 1, Lentz's continued fraction above."""
    if x <= 0.0:
        return 1.0
    front = exp(a * log(x) - x - log_gamma_a)
    if x < a + 1.0:
        term = 1.0 / a
        total = term
        n = a
        for _ in range(2000):
            n += 1.0
            term = term * x / n
            total += term
            if term < total * 1e-17:
                break
        return 1.0 - front * total
    b = x + 1.0 - a
    c = 1e300
    d = 1.0 / b
    h = d
    for i in range(1, 2000):
        an = -i * (i - a)
        b += 2.0
        d = 1.0 / (an * d + b)
        c = b + an / c
        step = c * d
        h = h * step
        if -1e-16 < step - 1.0 < 1e-16:
            break
    return front * h


def gamma_isf(a: float, log_gamma_a: float, v: float) -> float:
    """The x with P(X > x) = v: Wilson and Hilferty's cube (1931), then safeguarded Newton steps."""
    g = 1.0 - 1.0 / (9.0 * a) - normal_quantile(v) / (3.0 * math.sqrt(a))
    x = a * g * g * g
    if g <= 0.05:
        x = exp((log((1.0 - v) * a) + log_gamma_a) / a)
    low = 0.0
    high = 1e300
    for _ in range(60):
        error = gamma_sf(a, log_gamma_a, x) - v
        if error > 0.0:
            low = x
        else:
            high = x
        density = exp((a - 1.0) * log(x) - x - log_gamma_a)
        new = x
        if density > 0.0:
            new = x + error / density
        if new <= low or new >= high:
            new = 0.5 * (low + high) if high < 1e299 else 2.0 * x + 1e-300
        if -1e-14 * x < new - x < 1e-14 * x:
            return new
        x = new
    return x


def log_gamma(x: float) -> float:
    """Log of Gamma(x), x > 0: Stirling's series after shifting x above 12."""
    shift = 0.0
    while x < 12.0:
        shift -= log(x)
        x += 1.0
    r = 1.0 / x
    s = r * r
    tail = r * (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s / 1188.0))))
    return shift + (x - 0.5) * log(x) - x + 0.9189385332046727 + tail
