"""Times that depend on what came before, or on when: set-ups by the product that was there."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.chance import duration, residual, unit
from andon.models.simulate.kernel.work import nanos, which_is, who_is


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
