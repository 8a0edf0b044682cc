"""Why a machine may not run: failures by the calendar, planned work, stops; each cause counts by its own weight."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.events import enter, note, wake
from andon.models.simulate.kernel.floor import release
from andon.models.simulate.kernel.queues import append, interrupt, shift, unlink


def down_state(down: int) -> int:
    """The state of a machine that stands: failed before planned before stopped."""
    if down & (at.DOWN_PLANNED - 1) != 0:
        return at.FAILED
    if down & (at.DOWN_STOPPED - 1) == 0 and down & at.DOWN_NOW != 0:
        return at.STOPPED
    return at.PLANNED


def stand(m: at.Words, p: int) -> None:
    """Machine `p` would take a job and may not: it stands; those who asked for it between two jobs have it now."""
    if m[p + at.DOWN] >= at.DOWN_LATER:
        more = m[p + at.MORE_MACHINE]
        while m[more + at.ASKED_HEAD] != 0:
            q = shift(m, more + at.ASKED_HEAD, more + at.ASKED_TAIL, at.NEXT)
            m[p + at.DOWN] += at.DOWN_PLANNED - at.DOWN_LATER
            wake(m, q, m[q + at.PC] + 1)
    m[p + at.PARKED] = at.PARKED_EMPTY
    enter(m, p, down_state(m[p + at.DOWN]))


def book_off(m: at.Words, p: int) -> None:
    """A machine that switches itself off while it waits: what is beyond its patience was spent OFF, not STARVED.

    A trace learns it now, too: its record bears the time at which the machine went off.
    """
    more = m[p + at.MORE_MACHINE]
    if more == 0 or m[more + at.OFF_AFTER] == 0 or m[p + at.STATE] != at.STARVED:
        return
    patience = max(0, m[more + at.OFF_AFTER] - m[more + at.WAITED])
    m[more + at.WAITED] = 0
    off = m[at.NOW] - m[p + at.SINCE] - patience
    if off > 0:
        m[p + at.TIMES + at.STARVED] += patience
        m[p + at.TIMES + at.OFF] += off
        if m[at.TRACE_END] > 0:
            e = m[at.TRACE_N]
            note(m, at.TRACE_STATE, p, at.OFF)
            if m[at.TRACE_N] != e:
                m[e] = m[p + at.SINCE] + patience
        m[p + at.SINCE] = m[at.NOW]


def forget_off(m: at.Words, p: int) -> None:
    """What was counted is forgotten, but not for how long machine `p` has waited: it may be off already."""
    more = m[p + at.MORE_MACHINE]
    if m[p + at.KIND] == at.MACHINE and more != 0 and m[p + at.STATE] == at.STARVED:
        waited = m[more + at.WAITED] + m[at.NOW] - m[p + at.SINCE]
        book_off(m, p)
        m[more + at.WAITED] = waited


def out_of_line(m: at.Words, p: int) -> bool:
    """Take machine `p` out of the line of those that wait for a job; False when it does not wait."""
    s = m[p + at.WAITS_AT]
    if m[p + at.STATE] != at.STARVED or s == 0 or not unlink(m, s + at.GET_HEAD, s + at.GET_TAIL, p):
        return False
    if m[s + at.RULE] == at.HANDED:
        m[s + at.CAPACITY] -= 1
    book_off(m, p)
    m[p + at.PARKED] = at.PARKED_EMPTY
    return True


def break_down(m: at.Words, p: int, by: int) -> None:
    """Machine `p` stands because of `by`, whatever it does: work stops and is continued when nothing holds it any more.

    A repair or planned work that the machine's own program does goes on: only work on jobs is stopped.
    """
    m[p + at.DOWN] += by
    if m[p + at.PARKED] != 0:
        enter(m, p, down_state(m[p + at.DOWN]))
    elif m[p + at.WORKING] == at.REM:
        interrupt(m, p, at.REM)
        m[p + at.PARKED] = at.PARKED_AT_WORK
        if m[p + at.CREW] != 0:
            m[p + at.PC] -= 1
            release(m, p)
        enter(m, p, down_state(m[p + at.DOWN]))
    elif out_of_line(m, p):
        enter(m, p, down_state(m[p + at.DOWN]))


def mend(m: at.Words, p: int, by: int) -> None:
    """`by` does not hold machine `p` any more."""
    m[p + at.DOWN] -= by
    if m[p + at.PARKED] == 0:
        return
    if m[p + at.DOWN] & at.DOWN_NOW != 0:
        enter(m, p, down_state(m[p + at.DOWN]))
        return
    m[p + at.PARKED] = 0
    wake(m, p, m[p + at.PC])


def spare(m: at.Words, q: int, p: int, pc: int) -> int:
    """Process `q` has machine `p` between two jobs: at once when it holds none, else when it would take the next."""
    if m[p + at.PARKED] == at.PARKED_EMPTY or out_of_line(m, p):
        m[p + at.DOWN] += at.DOWN_PLANNED
        enter(m, p, down_state(m[p + at.DOWN]))
        return pc + 1
    m[p + at.DOWN] += at.DOWN_LATER
    more = m[p + at.MORE_MACHINE]
    append(m, more + at.ASKED_HEAD, more + at.ASKED_TAIL, q, at.NEXT)
    m[q + at.PC] = pc
    return -1
