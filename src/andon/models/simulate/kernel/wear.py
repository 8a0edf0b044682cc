"""Wear that makes a machine fail more often: its clock of failures runs faster the more its tool has been used.

With a tool of life L that has been used for u, a second of processing counts as g(u) = 1 + k min(u / L, 1) seconds of
the time to failure (cumulative exposure, Nelson 1980). Where that time is exponential with mean M, the machine's hazard
is g(u) / M. LIFE is processing time, so an exposure is turned into it where a life begins and where the tool changes.
"""

from __future__ import annotations

import math

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.events import schedule
from andon.models.simulate.kernel.stops import due, first_use
from andon.models.simulate.kernel.work import draw, who_is


def exposure(k: float, life: float, u: float, x: float) -> float:
    """What `x` of processing from use `u` on counts: the integral of g."""
    inside = min(x, max(0.0, life - u))
    worn = inside + k * inside * (u + 0.5 * inside) / life
    return worn + (x - inside) * (1.0 + k)


def unexposed(k: float, life: float, u: float, e: float) -> float:
    """The processing from use `u` on that counts as much as `e`: the inverse of `exposure`."""
    whole = exposure(k, life, u, max(0.0, life - u))
    if e >= whole:
        return max(0.0, life - u) + (e - whole) / (1.0 + k)
    b = 1.0 + k * u / life
    return 2.0 * e / (b + math.sqrt(b * b + 2.0 * k * e / life))


def weigh_life(m: at.Words, f: at.Reals, p: int) -> None:
    """The LIFE that machine `p` has just been given is an exposure: make it processing time, from its tool's use on."""
    more = m[p + at.MORE_MACHINE]
    a = more + m[more + at.PACE_WEAR]
    if m[a + at.USE_SO_FAR] < 0:
        first_use(m, f, p, a)
    state = m[p + at.STATE]
    stopped = m[p + at.JOB] != 0 and (state == at.FAILED or state == at.PLANNED)  # noqa: PLR1714 - no sets
    rest = m[p + at.REM] if stopped else 0
    u = float(max(0, m[a + at.USE_SO_FAR] - rest))
    k = f[m[more + at.PACE] + at.PACE_FAILS]
    m[p + at.LIFE] = int(unexposed(k, float(max(1, m[a + at.USE_LIMIT])), u, float(m[p + at.LIFE])) + 0.5)


def tool_due(m: at.Words, f: at.Reals, p: int, place: int, skip: int, pc: int) -> int:
    """`due` of a tool whose wear makes its machine fail: what is left of the machine's life is counted anew."""
    a = m[p + at.MORE_MACHINE] + place
    if m[a + at.USE_SO_FAR] < 0:
        first_use(m, f, p, a)
    if m[a + at.USE_SO_FAR] < m[a + at.USE_LIMIT]:
        return skip
    k = f[m[m[p + at.MORE_MACHINE] + at.PACE] + at.PACE_FAILS]
    u = float(m[a + at.USE_SO_FAR])
    e = exposure(k, float(max(1, m[a + at.USE_LIMIT])), u, float(m[p + at.LIFE]))
    due(m, f, p, place, skip, pc)
    m[p + at.LIFE] = int(unexposed(k, float(max(1, m[a + at.USE_LIMIT])), 0.0, e) + 0.5)
    return pc + 1


def renew(m: at.Words, f: at.Reals, p: int, law: int) -> None:
    """Planned work has made machine `p` as good as new: a whole new life, by running time or by the calendar."""
    more = m[p + at.MORE_MACHINE]
    q = m[more + at.FAILS_BY]
    who = p if q == 0 else q
    life = draw(m, f, law, who_is(at.FOR_FAILURE, m[who + at.NUMBER]), m[who + at.DRAWS], 0)
    m[who + at.DRAWS] += 1
    if m[who + at.MORE_MACHINE] != 0:
        m[m[who + at.MORE_MACHINE] + at.AGED] = life
    if q == 0:
        m[p + at.LIFE] = life
        if m[more + at.PACE_WEAR] != 0 and f[m[more + at.PACE] + at.PACE_FAILS] > 0.0:
            weigh_life(m, f, p)
    elif m[p + at.DOWN] & (at.DOWN_PLANNED - 1) == 0:  # it does not wait for a repair
        schedule(m, q, m[at.NOW] + life)
