"""Wrong readings: what the live state says is only near what is true, each replication begins from another truth."""

from __future__ import annotations

import math

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.chance import isf, unit
from andon.models.simulate.kernel.queues import append
from andon.models.simulate.kernel.work import who_is


def drawn_value(m: at.Words, f: at.Reals, d: int, purpose: int, number: int) -> float:
    """A value of the law at `d`, of any sign."""
    return isf(f, d, unit(m[at.KEY], who_is(purpose, number), 0)) * f[d + at.SCALE] * f[int(f[d + at.FACTOR])]


def misread_levels(m: at.Words, f: at.Reals, d: int) -> None:
    """Every buffer that was read holds fewer jobs than its level says, by a draw of `d`: from none to full."""
    for i in range(m[at.STORES_N]):
        s = m[at.STORES] + i * at.STORE_WORDS
        if m[s + at.CAPACITY] == 0:
            continue
        seen = m[s + at.LEVEL]
        wrong = math.floor(drawn_value(m, f, d, at.FOR_LEVEL, i) + 0.5)
        level = min(max(seen - wrong, 0), m[s + at.CAPACITY])
        last = 0
        t = m[s + at.HEAD]
        kept = 0
        while t != 0 and kept < level:
            last = t
            kept += 1
            t = m[t + at.LINK]
        if kept < seen:
            m[s + at.TAIL] = last
            if last == 0:
                m[s + at.HEAD] = 0
            else:
                m[last + at.LINK] = 0
        while kept < level and m[at.TOKENS_NEXT] + 2 * at.TOKEN_WORDS <= m[at.TOKENS_END]:
            t = m[at.TOKENS_NEXT]
            m[at.TOKENS_NEXT] = t + at.TOKEN_WORDS
            for word in range(at.TOKEN_WORDS):
                m[t + word] = 0
            m[t + at.PRODUCT] = -1
            m[t + at.SERIAL] = at.SERIAL_UNSEEN + (i << 20) + kept
            m[t + at.RELEASED] = -1
            append(m, s + at.HEAD, s + at.TAIL, t, at.LINK)
            kept += 1
        m[s + at.LEVEL] = kept
        m[s + at.PEAK] = kept
        m[at.WIP] += kept - seen


def misread_machine(m: at.Words, f: at.Reals, p: int, a: int) -> None:
    """How long machine `p` has been at work is wrong by a factor; or it is not at work at all.

    Args:
        m: the memory.
        f: the reals.
        p: the machine.
        a: address of the errors: law of levels, law of elapsed times, misread states by the million, and then for
            each machine where an idle one begins.
    """
    number = m[p + at.NUMBER]
    if m[p + at.AGE] > 0 and m[a + at.ERROR_ELAPSED] != 0:
        factor = drawn_value(m, f, m[a + at.ERROR_ELAPSED], at.FOR_ELAPSED, number)
        m[p + at.AGE] = max(1, int(m[p + at.AGE] * factor))
    if m[p + at.JOB] == 0:
        return
    u = unit(m[at.KEY], who_is(at.FOR_MISREAD, number), 0)
    if u * 1e6 >= m[a + at.ERROR_STATE]:
        return
    m[at.WIP] -= m[p + at.JOBS]
    m[p + at.JOB] = 0
    m[p + at.JOBS] = 0
    m[p + at.AGE] = 0
    m[p + at.STATE] = at.STARVED
    m[p + at.PC] = m[a + at.ERROR_WORDS + (p - m[at.PROCS]) // at.PROC_WORDS]
