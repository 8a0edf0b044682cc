"""Which of the jobs that wait a machine takes: dispatch rules; and the cards of a stage that a job holds."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.downtime import stand
from andon.models.simulate.kernel.events import enter
from andon.models.simulate.kernel.floor import admit, count
from andon.models.simulate.kernel.queues import append


def get_by(m: at.Words, p: int, s: int, rule: int, table: int, pc: int) -> int:
    """Take up to SLICE jobs out of store `s`, each the best by `rule`; wait, starved, while there are none."""
    if m[p + at.DOWN] != 0:
        m[p + at.PC] = pc
        stand(m, p)
        return -1
    if m[s + at.LEVEL] == 0:
        m[p + at.PC] = pc
        append(m, s + at.GET_HEAD, s + at.GET_TAIL, p, at.NEXT)
        m[p + at.WAITS_AT] = s
        enter(m, p, at.STARVED)
        return -1
    last = m[p + at.LAST]
    first = 0
    tail = 0
    n = 0
    while n < m[p + at.SLICE] and m[s + at.LEVEL] > 0:
        t = take_after(m, s, best(m, s, rule, table, last))
        if first == 0:
            first = t
            last = m[t + at.PRODUCT]
        else:
            m[tail + at.LINK] = t
        tail = t
        n += 1
    m[p + at.JOB] = first
    m[p + at.JOBS] = n
    if m[s + at.CARDS] != 0:
        m[p + at.CARDS_HELD] = n
    return pc + 1


def get_ask(m: at.Words, p: int, s: int, pc: int) -> int:
    """As `get_by`, but where several jobs wait somebody else is asked which: the run stops until there is an answer."""
    if m[p + at.DOWN] != 0 or (m[s + at.LEVEL] == 0 and m[p + at.JOB] == 0):
        return get_by(m, p, s, at.BY_FIFO, 0, pc)
    last = 0
    n = 0
    t = m[p + at.JOB]
    while t != 0:
        n += 1
        last = t
        t = m[t + at.LINK]
    while n < m[p + at.SLICE] and m[s + at.LEVEL] > 0:
        before = 0
        if m[s + at.LEVEL] > 1:
            if m[at.ANSWER] == 0:
                ask(m, p, pc)
                return -1
            for _ in range(m[at.ANSWER] - 1):
                before = m[s + at.HEAD] if before == 0 else m[before + at.LINK]
            m[at.ANSWER] = 0
        t = take_after(m, s, before)
        if n == 0:
            m[p + at.JOB] = t
        else:
            m[last + at.LINK] = t
        last = t
        n += 1
    m[p + at.JOBS] = n
    if m[s + at.CARDS] != 0:
        m[p + at.CARDS_HELD] = n
    return pc + 1


def ask(m: at.Words, p: int, pc: int) -> None:
    """Stop here: process `p` is the first to go on, at `pc`, as if nothing had been."""
    m[p + at.PC] = pc
    m[at.READY_FROM] = (m[at.READY_FROM] - 1) & m[at.READY_MASK]
    m[m[at.READY] + m[at.READY_FROM]] = p
    m[at.READY_N] += 1
    m[at.FAULT] = at.FAULT_ASKS
    m[at.FAULT_AT] = p


def cards_back(m: at.Words, p: int, pc: int) -> int:
    """The jobs of machine `p` have left its stage: their cards are free, and let others in."""
    s = m[p + at.HOME]
    m[s + at.RESERVED] -= m[p + at.CARDS_HELD]
    m[p + at.CARDS_HELD] = 0
    admit(m, s)
    return pc + 1


def best(m: at.Words, s: int, rule: int, table: int, last: int) -> int:
    """The job of store `s` that stands before the best one by `rule` (0: the first is the best); of equals the first.

    `last` is the product that the machine is set up for.
    """
    found = 0
    least = 0
    before = 0
    t = m[s + at.HEAD]
    first = True
    while t != 0:
        key = rank_of(m, t, rule, table, last)
        if first or key < least:
            found = before
            least = key
            first = False
        before = t
        t = m[t + at.LINK]
    return found


def rank_of(m: at.Words, t: int, rule: int, table: int, last: int) -> int:
    """What job `t` is ranked by, the least first.

    The critical ratio is slack until the due time over the expected work that remains, in hundred-thousandths.
    """
    if rule == at.BY_SPT:
        return m[m[t + at.PLACE] + at.EXPECTED]
    if rule == at.BY_EDD:
        return m[t + at.JOB_DUE]
    if rule == at.BY_CR:
        slack_us = (m[t + at.JOB_DUE] - m[at.NOW]) // 1000
        slack_us = min(max(slack_us, -at.RATIO_SLACK_US_MAX), at.RATIO_SLACK_US_MAX)
        return slack_us * 100_000 // max(m[m[t + at.PLACE] + at.REMAINING] // 1000, 1)
    if rule == at.BY_SETUP and table != 0:
        return m[table + (last + 1) * m[at.PRODUCTS_N] + m[t + at.PRODUCT]]
    if rule == at.BY_SETUP:
        return 0 if m[t + at.PRODUCT] == last else 1
    if rule == at.BY_PRIORITY:
        own = 0 if table == 0 else m[table + m[t + at.PRODUCT]]
        return own if own != 0 else m[t + at.JOB_PRIORITY]
    return 0


def take_after(m: at.Words, s: int, before: int) -> int:
    """Take the job behind `before` (0: the first) out of store `s`; whoever waited for room is promised it."""
    if before == 0:
        t = m[s + at.HEAD]
        m[s + at.HEAD] = m[t + at.LINK]
    else:
        t = m[before + at.LINK]
        m[before + at.LINK] = m[t + at.LINK]
    if m[s + at.TAIL] == t:
        m[s + at.TAIL] = before
    m[t + at.LINK] = 0
    count(m, s, -1)
    if m[s + at.CARDS] != 0:
        m[s + at.RESERVED] += 1  # on the machine it goes on holding its card
    admit(m, s)
    return t
