"""A given schedule executed as given: each machine takes the jobs of its own list, in that order, and waits."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.control import take_after
from andon.models.simulate.kernel.events import enter, schedule, wake
from andon.models.simulate.kernel.queues import append, unlink


def get_plan(m: at.Words, p: int, s: int, pc: int) -> int:
    """Take the next job of machine `p`'s list out of store `s`, not before its planned start; wait for it."""
    if m[p + at.DOWN] != 0:
        m[p + at.PARKED] = 1
        m[p + at.PC] = pc
        enter(m, p, at.FAILED)
        return -1
    e = next_planned(m, p)
    if e != 0 and m[e + at.PLAN_NOT_BEFORE] > m[at.NOW]:
        m[p + at.PC] = pc
        m[p + at.WAITS_AT] = 0
        enter(m, p, at.STARVED)
        schedule(m, p, m[e + at.PLAN_NOT_BEFORE])
        return -1
    before = -1 if e == 0 else place_of(m, s, e)
    if before >= 0:
        t = take_after(m, s, before)
        m[p + at.JOB] = t
        m[p + at.JOBS] = 1
        if m[s + at.CARDS] != 0:
            m[p + at.CARDS_HELD] = 1
        m[m[e + at.PLAN_STARTED]] = m[at.NOW]
        m[m[p + at.MORE_CONTROL] + at.PLAN_HERE] += 1
        return pc + 1
    m[p + at.PC] = pc
    m[p + at.WAITS_AT] = s
    enter(m, p, at.STARVED)
    wake_planned(m, s)
    append(m, s + at.GET_HEAD, s + at.GET_TAIL, p, at.NEXT)
    if e != 0:
        seek_ring(m, p)
    return -1


def next_planned(m: at.Words, p: int) -> int:
    """The next entry of machine `p`'s list; 0 when it has come to its end, or has none."""
    r = m[p + at.MORE_CONTROL]
    if r == 0 or m[r + at.PLAN_HERE] >= m[r + at.PLAN_ENTRIES]:
        return 0
    return m[r + at.PLAN_LIST] + m[r + at.PLAN_HERE] * at.PLAN_WORDS


def is_planned(m: at.Words, t: int, e: int) -> bool:
    """Whether job `t` is the one that entry `e` means, at the step that it means."""
    same = m[t + at.JOB_ORDER] == m[e + at.PLAN_ORDER] and m[t + at.JOB_INDEX] == m[e + at.PLAN_INDEX]
    return same and m[m[t + at.PLACE] + at.STEP_NUMBER] == m[e + at.PLAN_STEP]


def place_of(m: at.Words, s: int, e: int) -> int:
    """The job of store `s` before the one that entry `e` means, 0 when that is the first, -1 when it is not there."""
    before = 0
    t = m[s + at.HEAD]
    while t != 0:
        if is_planned(m, t, e):
            return before
        before = t
        t = m[t + at.LINK]
    return -1


def wake_planned(m: at.Words, s: int) -> None:
    """A machine that waits at store `s` and whose next job is there looks again."""
    q = m[s + at.GET_HEAD]
    while q != 0:
        e = next_planned(m, q)
        if e != 0 and place_of(m, s, e) >= 0:
            unlink(m, s + at.GET_HEAD, s + at.GET_TAIL, q)
            wake(m, q, m[q + at.PC])
            return
        q = m[q + at.NEXT]


def seek_ring(m: at.Words, p: int) -> None:
    """Machines that wait for jobs that wait for one another's turn never move again: find the ring, and say where."""
    q = p
    for _ in range(m[at.PROCS_N]):
        q = holds_up(m, q)
        if q == 0:
            return
        if q == p:
            m[at.FAULT] = at.FAULT_PLAN
            m[at.FAULT_AT] = p
            return


def holds_up(m: at.Words, p: int) -> int:
    """The waiting machine that takes others before the job that machine `p` waits for; 0 when nothing stands still."""
    e = next_planned(m, p)
    if e == 0 or m[p + at.STATE] != at.STARVED or m[p + at.WAITS_AT] != m[p + at.HOME]:
        return 0
    for i in range(m[at.STORES_N]):
        t = m[m[at.STORES] + i * at.STORE_WORDS + at.HEAD]
        while t != 0:
            if m[t + at.JOB_ORDER] == m[e + at.PLAN_ORDER] and m[t + at.JOB_INDEX] == m[e + at.PLAN_INDEX]:
                return who_takes(m, t)
            t = m[t + at.LINK]
    return 0


def who_takes(m: at.Words, t: int) -> int:
    """The machine in whose list job `t` stands further down, at the step where it is; 0: it is next, or nowhere."""
    for i in range(m[at.PROCS_N]):
        q = m[at.PROCS] + i * at.PROC_WORDS
        r = m[q + at.MORE_CONTROL]
        if m[q + at.KIND] != at.MACHINE or r == 0:
            continue
        for k in range(m[r + at.PLAN_HERE] + 1, m[r + at.PLAN_ENTRIES]):
            if is_planned(m, t, m[r + at.PLAN_LIST] + k * at.PLAN_WORDS):
                return q
    return 0
