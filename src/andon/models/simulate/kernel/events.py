"""The event list: a tournament of the processes' next times; and the ready ring.

Every process has one leaf, which holds the time of its one pending event, or NEVER. Every node above holds the earlier
of its two children: time and process. Leaves stand in the order of (priority, process), and between equal times the
left one wins, so ties are decided the same way everywhere without being compared.

A path from a leaf to the root has the same length for everybody and nothing in it is decided by a jump. That is what it
is for: where a new entry comes to rest in a heap, a processor cannot guess (measured: a heap takes a third longer).
"""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at


def schedule(m: at.Words, p: int, when: int) -> None:
    """Make `when` the time of process `p`'s one pending event; an earlier one is thereby cancelled."""
    i = m[p + at.LEAF]
    m[m[at.TREE] + 2 * i] = when
    climb(m, i)


def cancel(m: at.Words, p: int) -> None:
    """Process `p` has no pending event any more: its leaf says so, and `pop` finds it out when the time comes."""
    m[m[at.TREE] + 2 * m[p + at.LEAF]] = at.NEVER


def climb(m: at.Words, i: int) -> None:
    """Play the matches anew that leaf `i` takes part in."""
    tree = m[at.TREE]
    when = m[tree + 2 * i]
    who = m[tree + 2 * i + 1]
    while i > 1:
        other = tree + 2 * (i ^ 1)
        lost = m[other] < when + (i & 1)
        when = pick(lost, m[other], when)
        who = pick(lost, m[other + 1], who)
        i >>= 1
        m[tree + 2 * i] = when
        m[tree + 2 * i + 1] = who


def pick(first: bool, a: int, b: int) -> int:
    """`a` if `first`, else `b`. Compiled, this is a choice without a jump, for what a processor cannot guess."""
    return a if first else b


def pop(m: at.Words) -> int:
    """Take the earliest event: NOW moves to it; returns its process, or 0 when nothing is left before END.

    The leaf is emptied, but the nodes above it are not: a winner whose leaf says something else is sent up again.
    """
    root = m[at.TREE] + 2
    while True:
        when = m[root]
        if when > m[at.END]:
            return 0
        p = m[root + 1]
        leaf = m[at.TREE] + 2 * m[p + at.LEAF]
        if m[leaf] == when:
            m[leaf] = at.NEVER
            m[at.NOW] = when
            m[at.NOW_US] = when // 1000
            m[at.EVENTS] += 1
            return p
        climb(m, m[p + at.LEAF])


def wake(m: at.Words, p: int, pc: int) -> None:
    """Let process `p` go on at `pc` within this instant, after those already ready."""
    m[p + at.PC] = pc
    m[m[at.READY] + ((m[at.READY_FROM] + m[at.READY_N]) & m[at.READY_MASK])] = p
    m[at.READY_N] += 1


def next_ready(m: at.Words) -> int:
    """The process that became ready first, or 0."""
    if m[at.READY_N] == 0:
        return 0
    p = m[m[at.READY] + m[at.READY_FROM]]
    m[at.READY_FROM] = (m[at.READY_FROM] + 1) & m[at.READY_MASK]
    m[at.READY_N] -= 1
    return p


def note(m: at.Words, kind: int, who: int, value: int) -> None:
    """Write a trace record where a trace is kept and has room."""
    if m[at.TRACE_N] < m[at.TRACE_END]:
        e = m[at.TRACE_N]
        m[at.TRACE_N] = e + at.TRACE_WORDS
        m[e] = m[at.NOW]
        m[e + 1] = kind
        m[e + 2] = who
        m[e + 3] = value


def enter(m: at.Words, p: int, state: int) -> None:
    """Put process `p` into `state` and book the time in the one it leaves; active periods are counted (Roser 2001)."""
    old = m[p + at.STATE]
    if old == state:
        return
    now = m[at.NOW]
    m[p + at.TIMES + old] += now - m[p + at.SINCE]
    m[p + at.SINCE] = now
    m[p + at.STATE] = state
    m[p + at.PERIODS] += (at.ACTIVE_STATES >> state) & ~(at.ACTIVE_STATES >> old) & 1
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_STATE, p, state)


def note_jobs(m: at.Words, p: int) -> None:
    """Trace the jobs that process `p` begins or goes on to work on."""
    t = m[p + at.JOB]
    while t != 0:
        note(m, at.TRACE_JOB, p, (m[t + at.PRODUCT] << at.SERIAL_BITS) + (m[t + at.SERIAL] & at.SERIAL_MASK))
        other = m[t + at.CARRIED]
        while other != 0:
            name = (m[other + at.PRODUCT] << at.SERIAL_BITS) + (m[other + at.SERIAL] & at.SERIAL_MASK)
            note(m, at.TRACE_JOB, p, name)
            other = m[other + at.LINK]
        t = m[t + at.LINK]
