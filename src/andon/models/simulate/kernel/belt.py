"""Conveyors: a store through which jobs travel in order, and whose end waits for room behind it."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.events import cancel, enter, schedule
from andon.models.simulate.kernel.floor import arrive, has_room, take
from andon.models.simulate.kernel.queues import append
from andon.models.simulate.kernel.work import seek_deadlock


def belt(m: at.Words, p: int, s: int, rule: int, pc: int) -> int:
    """Hand the first job on conveyor `s` over when it has come to the end and there is room behind it.

    A job is on the belt from when it came, but not before the last one has moved away by the least distance (until then
    it stands at the entrance). It reaches the end one transit later, and not before the last one has left by the least
    distance. A conveyor that does not accumulate stands as a whole while its end waits, and takes nothing on.
    """
    cancel(m, p)
    m[p + at.PC] = pc
    t = m[s + at.HEAD]
    if t == 0:
        append(m, s + at.GET_HEAD, s + at.GET_TAIL, p, at.NEXT)
        m[p + at.WAITS_AT] = s
        enter(m, p, at.STARVED)
        return -1
    on = max(m[t + at.ENTERED], m[rule + at.LAST_ON] + m[rule + at.HEADWAY])
    due = max(on + m[rule + at.TRANSIT], m[rule + at.LAST_OFF] + m[rule + at.HEADWAY])
    if m[p + at.HAS_ROOM] == 0 and due > m[at.NOW]:
        enter(m, p, at.MOVING)
        schedule(m, p, due)
        return -1
    route = m[m[t + at.PLACE] + at.NEXT_STEP]
    there = m[route + at.AT_STORE]
    if m[p + at.HAS_ROOM] == 0:
        if m[there + at.PUT_HEAD] != 0 or not has_room(m, there):
            append(m, there + at.PUT_HEAD, there + at.PUT_TAIL, p, at.NEXT)
            m[p + at.WAITS_AT] = there
            enter(m, p, at.BLOCKED)
            if m[rule + at.STOPS_WHOLE] != 0:
                m[rule + at.STANDS_SINCE] = m[at.NOW]
                m[s + at.CAPACITY] = 0
            if m[at.CYCLIC] != 0:
                seek_deadlock(m, p)
            return -1
        m[there + at.RESERVED] += 1
    elif m[rule + at.STOPS_WHOLE] != 0:
        stood = m[at.NOW] - m[rule + at.STANDS_SINCE]
        m[s + at.CAPACITY] = m[rule + at.PLACES]
        on += stood
        q = t
        while q != 0:
            m[q + at.ENTERED] += stood
            q = m[q + at.LINK]
    m[p + at.HAS_ROOM] = 0
    m[rule + at.LAST_ON] = on
    m[rule + at.LAST_OFF] = m[at.NOW]
    m[p + at.COUNT] += 1
    take(m, s)
    m[t + at.PLACE] = route
    arrive(m, there, t)
    return pc


def lay_on(m: at.Words, s: int) -> None:
    """Jobs that are seen on conveyor `s`, and so far are at the step before it, are at the step that it is."""
    t = m[s + at.HEAD]
    while t != 0:
        place = m[t + at.PLACE]
        fork = m[place + at.FORK]
        onto = m[place + at.NEXT_STEP]
        for i in range(m[fork + at.FORK_N] if fork != 0 else 0):
            after = m[m[fork + at.WAYS + i * at.WAY_WORDS + at.WAY_OUT] + at.NEXT_STEP]
            if after != 0 and m[after + at.AT_STORE] == s:
                onto = after
        m[t + at.PLACE] = onto
        t = m[t + at.LINK]
