"""Times that depend on what came before, on when, on the job: set-ups by product, hours, learning, tools, speed."""

from __future__ import annotations

import math

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.chance import duration, residual, unit
from andon.models.simulate.kernel.numbers import exp, log, normal_quantile, normal_sf
from andon.models.simulate.kernel.stops import first_use
from andon.models.simulate.kernel.work import draw, nanos, which_is, who_is

ALMOST_1 = 1.0 - 2.0**-53


def scaled(m: at.Words, f: at.Reals, d: int, who: int, which: int, age: int, factor: float) -> int:
    """Nanoseconds still to go of a time from `d`, stretched by `factor`, that has lasted `age`."""
    if age == at.UNSEEN:
        return nanos(factor * residual(f, d, m[at.KEY], who, which))
    return nanos(factor * duration(f, d, unit(m[at.KEY], who, which), age * 1e-9 / factor))


def change_from(m: at.Words, f: at.Reals, p: int, d: int, skip: int, table: int, pc: int) -> int:
    """Set-up time into REM by the pair of products: `d` times the factor in `table`; go on at `skip` where it is 0.

    The table has a row for each product that was there, and before them one for "nobody knows".
    """
    t = m[p + at.JOB]
    product = m[t + at.PRODUCT]
    last = m[p + at.LAST]
    if m[p + at.STATE] == at.SETUP:
        last = -1
    m[p + at.LAST] = product
    factor = f[table + (last + 1) * m[at.PRODUCTS_N] + product]
    if factor <= 0.0:
        return skip
    which = which_is(m, t)
    m[p + at.REM] = scaled(m, f, d, who_is(at.FOR_SETUP, product), which, m[p + at.AGE], factor)
    m[p + at.AGE] = 0
    return pc + 1


def alike(m: at.Words, t: int, rho: float, who: int, which: int) -> float:
    """The number that job `t` draws for a time: its normal score is correlated by `rho` from step to step."""
    v = unit(m[at.KEY], who, which)
    if rho <= 0.0:
        return v
    own = normal_quantile(unit(m[at.KEY], who_is(at.FOR_JOB, m[t + at.PRODUCT]), m[t + at.SERIAL]))
    return min(normal_sf(-(math.sqrt(rho) * own + math.sqrt(1.0 - rho) * normal_quantile(v))), ALMOST_1)


def hour_factor(m: at.Words, f: at.Reals, a: int) -> float:
    """The factor of the part of the day that it is now, from the table at `a`."""
    i = m[a + at.HOURS_HERE]
    while i + 1 < m[a + at.HOURS_N] and m[a + at.HOURS_WORDS + i + 1] <= m[at.NOW]:
        i += 1
    m[a + at.HOURS_HERE] = i
    return f[m[a + at.HOURS_FACTORS] + i]


def at_pace(m: at.Words, f: at.Reals, p: int) -> float:
    """How much longer than stated machine `p` takes now: speed, hour, tool."""
    more = m[p + at.MORE_MACHINE]
    r = m[more + at.PACE]
    factor = f[r + at.PACE_SPEED]
    if m[more + at.PACE_HOURS] != 0:
        factor *= hour_factor(m, f, m[more + at.PACE_HOURS])
    if m[more + at.PACE_WEAR] != 0:
        a = more + m[more + at.PACE_WEAR]
        if m[a + at.USE_SO_FAR] < 0:
            first_use(m, f, p, a)
        worn = m[a + at.USE_SO_FAR] / max(1, m[a + at.USE_LIMIT])
        factor *= 1.0 + f[r + at.PACE_SLOWS] * min(worn, 1.0)
    return factor


def learned(m: at.Words, f: at.Reals, r: int, made: int, product: int) -> float:
    """Wright's factor for one more unit of `product` (Wright 1936): the n-th takes n^b of the first, b = log2(rate)."""
    m[made + product] += 1
    before = f[r + at.PACE_UNITS]
    factor = exp(f[r + at.PACE_LEARNS] * log((before + m[made + product]) / (before + 1.0)))
    return max(factor, f[r + at.PACE_FLOOR])


def service_paced(m: at.Words, f: at.Reals, p: int, pc: int) -> int:
    """`service` of a machine whose times are not always as stated."""
    age = m[p + at.AGE]
    more = m[p + at.MORE_MACHINE]
    r = m[more + at.PACE]
    now = at_pace(m, f, p)
    longest = 0
    t = m[p + at.JOB]
    while t != 0:
        product = m[t + at.PRODUCT]
        step = m[t + at.PLACE]
        law = m[step + at.TIME]
        who = who_is(at.FOR_TIME, product)
        which = which_is(m, t)
        factor = now
        if m[more + at.PACE_MADE] != 0:
            factor *= learned(m, f, r, m[more + at.PACE_MADE], product)
        curve = m[step + at.CURVE]
        if curve >= 0:
            column = m[p + at.NUMBER] * m[at.CURVES_N] + curve
            factor *= f[m[at.CURVES] + 2 * column + (1 if age != 0 else 0)]
        v = alike(m, t, f[r + at.PACE_WORDS + product], who, which)
        if age == at.UNSEEN and curve < 0:
            span = scaled(m, f, law, who, which, age, factor)
        elif age == at.UNSEEN:
            phase = unit(m[at.KEY], who_is(at.FOR_PHASE, product), which)
            span = nanos(factor * duration(f, law, v, 0.0) * phase)
        else:
            span = nanos(factor * duration(f, law, v, age * 1e-9 / factor))
        longest = max(longest, span)
        t = m[t + at.LINK]
    m[p + at.REM] = longest
    m[p + at.AGE] = 0
    return pc + 1


def warm_up(m: at.Words, f: at.Reals, p: int, d: int, skip: int, pc: int) -> int:
    """Warming up, from `d` into REM, when the machine has not processed for long; else go on at `skip`."""
    more = m[p + at.MORE_MACHINE]
    if m[at.NOW] - m[more + at.COLD] <= m[more + at.WARM_AFTER]:
        return skip
    m[p + at.REM] = draw(m, f, d, who_is(at.FOR_WARMING, m[p + at.NUMBER]), m[p + at.DRAWS], 0)
    m[p + at.DRAWS] += 1
    return pc + 1
