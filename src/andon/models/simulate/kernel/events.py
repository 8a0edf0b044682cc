"""The event list: a binary heap keyed (time, priority, sequence), one pending event a process, and the ready ring.

An entry is three words: time, key, process. The key is priority and sequence in one number, so ties are decided the
same way everywhere. A process remembers the key of its pending event: an entry with another key was cancelled and is
skipped.
"""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at


def schedule(m: at.Words, p: int, when: int) -> None:
    """Make `when` the time of process `p`'s one pending event; an earlier one is thereby cancelled."""
    n = m[at.HEAP_N]
    if n >= m[at.HEAP_MAX]:
        m[at.FAULT] = at.FAULT_HEAP
        m[at.FAULT_AT] = p
        return
    m[at.SEQ] += 1
    key = (m[p + at.PRIORITY] << 56) + m[at.SEQ]
    m[p + at.PENDING] = key
    m[at.HEAP_N] = n + 1
    base = m[at.HEAP]
    i = n
    while i > 0:
        up = (i - 1) >> 1
        e = base + 3 * up
        if m[e] < when or (m[e] == when and m[e + 1] < key):
            break
        j = base + 3 * i
        m[j] = m[e]
        m[j + 1] = m[e + 1]
        m[j + 2] = m[e + 2]
        i = up
    j = base + 3 * i
    m[j] = when
    m[j + 1] = key
    m[j + 2] = p


def pop(m: at.Words) -> int:
    """Take the earliest live event: NOW moves to it; returns its process, or 0 when nothing is left before END."""
    base = m[at.HEAP]
    while m[at.HEAP_N] > 0:
        when = m[base]
        if when > m[at.END]:
            return 0
        key = m[base + 1]
        p = m[base + 2]
        n = m[at.HEAP_N] - 1
        m[at.HEAP_N] = n
        sink(m, base, n)
        if m[p + at.PENDING] == key:
            m[p + at.PENDING] = 0
            m[at.NOW] = when
            m[at.EVENTS] += 1
            return p
    return 0


def sink(m: at.Words, base: int, n: int) -> None:
    """Let the last of the `n` + 1 entries fall from the root to its place."""
    last = base + 3 * n
    when = m[last]
    key = m[last + 1]
    i = 0
    while True:
        c = 2 * i + 1
        if c >= n:
            break
        e = base + 3 * c
        if c + 1 < n and (m[e + 3] < m[e] or (m[e + 3] == m[e] and m[e + 4] < m[e + 1])):
            c += 1
            e += 3
        if when < m[e] or (when == m[e] and key < m[e + 1]):
            break
        j = base + 3 * i
        m[j] = m[e]
        m[j + 1] = m[e + 1]
        m[j + 2] = m[e + 2]
        i = c
    j = base + 3 * i
    m[j] = when
    m[j + 1] = key
    m[j + 2] = m[last + 2]


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
    was = (at.ACTIVE_STATES >> old) & 1
    active = (at.ACTIVE_STATES >> state) & 1
    if active > was:
        m[p + at.ACTIVE_SINCE] = now
        m[p + at.PERIODS] += 1
    if was > active:
        m[p + at.ACTIVE] += now - m[p + at.ACTIVE_SINCE]
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_STATE, p, state)
