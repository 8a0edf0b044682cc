"""Loads that are waited for: so many jobs, of one product or any, but not longer than so long."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.control import take_after
from andon.models.simulate.kernel.downtime import stand
from andon.models.simulate.kernel.events import cancel, enter, schedule, wake
from andon.models.simulate.kernel.queues import append, shift, unlink


def gather(m: at.Words, p: int, s: int, rule: int, pc: int) -> int:
    """Take up to SLICE jobs out of store `s` once there are enough of them, or one has waited long enough.

    A store that is full is not waited for: nothing more can come. Of one product means: of the first in the queue of
    which there is enough.
    """
    cancel(m, p)
    if m[p + at.STATE] == at.STARVED and m[p + at.WAITS_AT] == s:
        unlink(m, s + at.GET_HEAD, s + at.GET_TAIL, p)
    if m[p + at.DOWN] != 0:
        m[p + at.PC] = pc
        stand(m, p)
        return -1
    until = at.NEVER
    t = m[s + at.HEAD]
    while t != 0:
        when = when_enough(m, s, t, rule)
        if when <= m[at.NOW]:
            break
        until = min(until, when)
        t = m[t + at.LINK] if m[rule + at.ALIKE] != 0 else 0
    if t == 0:
        m[p + at.PC] = pc
        append(m, s + at.GET_HEAD, s + at.GET_TAIL, p, at.NEXT)
        m[p + at.WAITS_AT] = s
        enter(m, p, at.STARVED)
        if until < at.NEVER:
            schedule(m, p, until)
        return -1
    gather_load(m, p, s, t, m[rule + at.ALIKE])
    if m[s + at.GET_HEAD] != 0 and m[s + at.LEVEL] > 0:
        q = shift(m, s + at.GET_HEAD, s + at.GET_TAIL, at.NEXT)
        wake(m, q, m[q + at.PC])
    return pc + 1


def when_enough(m: at.Words, s: int, t: int, rule: int) -> int:
    """When a load of jobs like `t`, the first of them in store `s`, may begin; NEVER: it needs more jobs."""
    if m[s + at.LEVEL] >= m[s + at.CAPACITY]:
        return m[at.NOW]
    n = 0
    word = m[rule + at.ALIKE]
    oldest = m[t + at.ENTERED]
    q = t
    while q != 0:
        if word == 0 or m[q + word] == m[t + word]:
            n += 1
            oldest = min(oldest, m[q + at.ENTERED])
        q = m[q + at.LINK]
    if n >= m[rule + at.LEAST]:
        return m[at.NOW]
    return oldest + m[rule + at.LONGEST] if m[rule + at.LONGEST] >= 0 else at.NEVER


def gather_load(m: at.Words, p: int, s: int, like: int, word: int) -> None:
    """Put the first jobs of store `s` onto machine `p`, as many as it holds, whose `word` is that of job `like`."""
    before = 0
    last = 0
    n = 0
    wanted = m[like + word]
    t = m[s + at.HEAD]
    while t != 0 and n < m[p + at.SLICE]:
        after = m[t + at.LINK]
        if word == 0 or m[t + word] == wanted:
            take_after(m, s, before)
            if last == 0:
                m[p + at.JOB] = t
            else:
                m[last + at.LINK] = t
            last = t
            n += 1
        else:
            before = t
        t = after
    m[p + at.JOBS] = n
    if m[s + at.CARDS] != 0:
        m[p + at.CARDS_HELD] = n
