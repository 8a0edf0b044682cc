"""Vehicles on roads that are seen in the midst of something when a run begins: they go on with it."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.chance import unit
from andon.models.simulate.kernel.events import enter, schedule
from andon.models.simulate.kernel.queues import append, unlink
from andon.models.simulate.kernel.work import draw, which_is, who_is


def offer_itself(m: at.Words, p: int, fleet: int, pc: int) -> int:
    """The vehicle is on its way home and may be called."""
    v = m[p + at.MORE_VEHICLE]
    m[v + road.FREE] = 1
    m[v + road.SINCE] = m[at.NOW]
    append(m, fleet + at.GET_HEAD, fleet + at.GET_TAIL, p, at.NEXT)
    return pc + 1


def claim(m: at.Words, p: int, fleet: int, away: int, pc: int) -> int:
    """The vehicle has answered a machine whose jobs are picked up at its goal; no such one calls: it drives home.

    Machines move first, so those that wait for a vehicle have called by now.
    """
    v = m[p + at.MORE_VEHICLE]
    q = m[fleet + at.PUT_HEAD]
    while q != 0 and m[m[m[road.ROADS] + road.STOPS] + 2 * m[q + at.STATION]] != m[v + road.GOAL]:
        q = m[q + at.NEXT]
    if q == 0:
        m[v + road.GOAL] = m[v + road.PARKING]
        offer_itself(m, p, fleet, pc)
        return away
    unlink(m, fleet + at.PUT_HEAD, fleet + at.PUT_TAIL, q)
    m[v + road.SINCE] = m[at.NOW]
    m[p + at.HOME] = q
    return pc + 1


def go_on_handling(m: at.Words, f: at.Reals, p: int, d: int, pc: int) -> int:
    """The rest of loading or unloading, each half of what is drawn from `d`; WAIT_FROM says how long it has lasted."""
    t = m[p + at.JOB] if m[p + at.JOB] != 0 else m[m[p + at.HOME] + at.JOB]
    who = who_is(at.FOR_CARRY, m[t + at.PRODUCT])
    so_far = m[m[p + at.MORE_VEHICLE] + road.WAIT_FROM]
    if so_far == at.UNSEEN:
        m[p + at.REM] = draw(m, f, d, who, which_is(m, t), 0) // 2
        rest = int(m[p + at.REM] * unit(m[at.KEY], who_is(at.FOR_MIX, 3), m[p + at.NUMBER]))
    else:
        m[p + at.REM] = (2 * so_far + draw(m, f, d, who, which_is(m, t), 2 * so_far)) // 2
        rest = max(0, m[p + at.REM] - so_far)
    enter(m, p, road.LOADING)
    m[p + at.PC] = pc + 1
    schedule(m, p, m[at.NOW] + rest)
    return -1
