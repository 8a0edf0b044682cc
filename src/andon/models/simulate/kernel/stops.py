"""Planned work, ageing and stops: when they come, how long they take, what has been used up."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.chance import aged, unit
from andon.models.simulate.kernel.events import schedule
from andon.models.simulate.kernel.work import draw, nanos, who_is


def span(m: at.Words, f: at.Reals, p: int, d: int, purpose: int, pc: int) -> int:
    """A length from `d` into REP; of unknown age where REP says UNSEEN."""
    age = at.UNSEEN if m[p + at.REP] == at.UNSEEN else 0
    m[p + at.REP] = draw(m, f, d, who_is(purpose, m[p + at.NUMBER]), m[p + at.DRAWS], age)
    m[p + at.DRAWS] += 1
    return pc + 1


def await_plan(m: at.Words, q: int, a: int, pc: int) -> int:
    """Sleep until the plan at `a` falls due: every so often, from a moment that nobody knows; or by a list of times.

    What fell due while the work before it was still going on is not made up for.
    """
    now = m[at.NOW]
    every = m[a + at.PLAN_EVERY]
    if every > 0:
        when = m[a + at.PLAN_LAST] + every
        if m[a + at.PLAN_LAST] == at.UNSEEN:
            when = int(unit(m[at.KEY], who_is(at.FOR_PLAN_PHASE, m[q + at.NUMBER]), 0) * every)
        if when < now:
            when += ((now - when) // every + 1) * every
        m[a + at.PLAN_LAST] = when
    else:
        times = m[a + at.PLAN_TIMES]
        i = m[a + at.PLAN_NEXT]
        while i < m[a + at.PLAN_N] and m[times + i] < now:
            i += 1
        m[a + at.PLAN_NEXT] = i + 1
        if i >= m[a + at.PLAN_N]:
            m[q + at.PC] = pc
            return -1
        when = m[times + i]
    m[q + at.PC] = pc + 1
    schedule(m, q, when)
    return -1


def life_aged(m: at.Words, f: at.Reals, p: int, d: int, pc: int) -> int:
    """A new LIFE of a machine that is as old as before its repair: what is left at its age, by the same law.

    A machine whose breakdowns are a process of their own sleeps it off here.
    """
    more = m[p + at.MORE_MACHINE]
    v = unit(m[at.KEY], who_is(at.FOR_FAILURE, m[p + at.NUMBER]), m[p + at.DRAWS])
    life = nanos(aged(f, d, v, m[more + at.AGED] * 1e-9))
    m[p + at.DRAWS] += 1
    m[more + at.AGED] += life
    if m[p + at.KIND] == at.MACHINE:
        m[p + at.LIFE] = life
        return pc + 1
    m[p + at.PC] = pc + 1
    schedule(m, p, m[at.NOW] + life)
    return -1


def first_use(m: at.Words, f: at.Reals, p: int, a: int) -> None:
    """What a counter of use says when the look begins: anything between new and due."""
    number = m[p + at.NUMBER] + (m[a + at.USE_COUNT] >> at.USE_PLACE << at.USE_PLACE)
    m[a + at.USE_SO_FAR] = 0
    limit(m, f, p, a)
    u = unit(m[at.KEY], who_is(at.FOR_PLAN_PHASE, number), 1)
    m[a + at.USE_SO_FAR] = int(u * m[a + at.USE_LIMIT])


def limit(m: at.Words, f: at.Reals, p: int, a: int) -> None:
    """How much use the next one lasts, where that is a matter of chance."""
    if m[a + at.USE_LAW] != 0:
        which = m[a + at.USE_COUNT]
        m[a + at.USE_LIMIT] = draw(m, f, m[a + at.USE_LAW], who_is(at.FOR_TOOL, m[p + at.NUMBER]), which, 0)
        m[a + at.USE_COUNT] += 1


def due(m: at.Words, f: at.Reals, p: int, place: int, skip: int, pc: int) -> int:
    """Go on with what falls due when the counter at `place` of the machine's own record is used up; else at `skip`."""
    a = m[p + at.MORE_MACHINE] + place
    if m[a + at.USE_SO_FAR] < 0:
        first_use(m, f, p, a)
    if m[a + at.USE_SO_FAR] < m[a + at.USE_LIMIT]:
        return skip
    m[a + at.USE_SO_FAR] = 0
    limit(m, f, p, a)
    return pc + 1


def use(m: at.Words, f: at.Reals, p: int, place: int, pc: int) -> int:
    """The load that is about to be processed uses up as much of the counter as it takes time."""
    a = m[p + at.MORE_MACHINE] + place
    if m[a + at.USE_SO_FAR] < 0:
        first_use(m, f, p, a)
    m[a + at.USE_SO_FAR] += m[p + at.REM]
    return pc + 1
