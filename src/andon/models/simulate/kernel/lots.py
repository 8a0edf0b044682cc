"""Jobs that flow on as one, and singly again; and jobs that are handed from machine to machine."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.downtime import stand
from andon.models.simulate.kernel.events import enter
from andon.models.simulate.kernel.floor import admit
from andon.models.simulate.kernel.queues import append


def get_handed(m: at.Words, p: int, s: int, pc: int) -> int:
    """Wait, starved, for a job that is handed over through store `s`, which has no places.

    A machine that waits is a place: whoever was blocked is promised it, and gives its job within this instant.
    """
    m[p + at.PC] = pc
    if m[p + at.DOWN] != 0:
        stand(m, p)
        return -1
    append(m, s + at.GET_HEAD, s + at.GET_TAIL, p, at.NEXT)
    m[p + at.WAITS_AT] = s
    enter(m, p, at.STARVED)
    m[s + at.CAPACITY] += 1
    admit(m, s)
    return -1


def form_lot(m: at.Words, p: int, pc: int) -> int:
    """The jobs on machine `p` are one lot from now on: the first carries all others, in their order."""
    first = m[p + at.JOB]
    t = m[first + at.LINK]
    m[first + at.LINK] = 0
    last = last_carried(m, first)
    while t != 0:
        after = m[t + at.LINK]
        if last == first:
            m[first + at.CARRIED] = t
        else:
            m[last + at.LINK] = t
        last = t
        if m[t + at.CARRIED] != 0:
            m[t + at.LINK] = m[t + at.CARRIED]
            last = last_carried(m, t)
            m[t + at.CARRIED] = 0
        else:
            m[t + at.LINK] = 0
        t = after
    return pc + 1


def last_carried(m: at.Words, t: int) -> int:
    """The last of the jobs that job `t` carries; itself when it carries none."""
    last = t
    other = m[t + at.CARRIED]
    while other != 0:
        last = other
        other = m[other + at.LINK]
    return last


def split_lots(m: at.Words, p: int, most: int, pc: int) -> int:
    """The lots on machine `p` leave in lots of `most` jobs; they stand where the lot stood that they come from."""
    lot = m[p + at.JOB]
    while lot != 0:
        n = 1
        last = 0
        t = m[lot + at.CARRIED]
        while t != 0 and n < most:
            last = t
            t = m[t + at.LINK]
            n += 1
        if t != 0:
            if last == 0:
                m[lot + at.CARRIED] = 0
            else:
                m[last + at.LINK] = 0
            m[t + at.CARRIED] = m[t + at.LINK]
            m[t + at.LINK] = m[lot + at.LINK]
            m[t + at.PLACE] = m[lot + at.PLACE]
            m[lot + at.LINK] = t
        lot = m[lot + at.LINK]
    return pc + 1
