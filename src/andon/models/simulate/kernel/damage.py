"""Jobs that come damaged: what a machine does with them before its own work, and where those go that are not mended."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.chance import unit
from andon.models.simulate.kernel.events import enter
from andon.models.simulate.kernel.flow import again, by_chance, scrap
from andon.models.simulate.kernel.pace import hour_factor
from andon.models.simulate.kernel.work import draw, which_is, who_is


def look_over(m: at.Words, f: at.Reals, p: int, law: int, skip: int, pc: int) -> int:
    """Which jobs of the load are damaged; the time that they take, one after the other, into REM; else go on at `skip`.

    The share that is damaged is that of now. Whether a job is one of them is drawn by its own name, so that with a
    larger share the same jobs are damaged and some more.
    """
    share = hour_factor(m, f, m[m[p + at.MORE_MACHINE] + at.DAMAGE])
    total = 0
    found = 0
    t = m[p + at.JOB]
    while t != 0:
        product = m[t + at.PRODUCT]
        which = which_is(m, t)
        m[t + at.DAMAGED] = 0
        if unit(m[at.KEY], who_is(at.FOR_DAMAGED, product), which) < share:
            m[t + at.DAMAGED] = 1
            found += 1
            total += draw(m, f, law, who_is(at.FOR_HANDLING, product), which, 0)
        t = m[t + at.LINK]
    if found == 0:
        return skip
    m[p + at.REM] = total
    return pc + 1


def verdict(m: at.Words, p: int, skip: int, pc: int) -> int:
    """What becomes of damaged jobs: those that stay go on at `skip`; those that do not leave first, or are scrapped.

    Who leaves is the machine's load for a moment; who stays is kept aside and taken back by `rejoin`.
    """
    more = m[p + at.MORE_MACHINE]
    enter(m, p, at.BUSY)  # for no time: a set-up that follows is another one
    stay = 0
    stay_last = 0
    stay_n = 0
    out = 0
    out_last = 0
    out_n = 0
    scrapped = 0
    t = m[p + at.JOB]
    while t != 0:
        rest = m[t + at.LINK]
        m[t + at.LINK] = 0
        fork = m[m[t + at.PLACE] + at.IF_DAMAGED]
        does = at.GOES_ON
        way = 0
        if m[t + at.DAMAGED] != 0 and fork != 0:
            way = by_chance(m, fork, m[t + at.PRODUCT], which_is(m, t))
            does = m[way + at.WAY_DOES]
        if does == at.SCRAP or (does == at.SEND_BACK and not again(m, t, way)):
            scrap(m, t)
            scrapped += 1
        elif does == at.GOES_ON:
            if stay == 0:
                stay = t
            else:
                m[stay_last + at.LINK] = t
            stay_last = t
            stay_n += 1
        else:
            m[t + at.PLACE] = m[way + at.WAY_OUT]
            if out == 0:
                out = t
            else:
                m[out_last + at.LINK] = t
            out_last = t
            out_n += 1
        t = rest
    m[p + at.JOB] = stay
    m[p + at.JOBS] = stay_n
    if out_n == 0 and scrapped == 0:
        return skip
    m[more + at.KEPT] = stay
    m[more + at.KEPT_N] = stay_n
    m[p + at.JOB] = out
    m[p + at.JOBS] = out_n
    m[p + at.COUNT] -= out_n  # they leave and were not processed here
    return pc + 1


def rejoin(m: at.Words, p: int, nothing: int, pc: int) -> int:
    """The jobs that stayed are the machine's load again; with none of them it goes on at `nothing`."""
    more = m[p + at.MORE_MACHINE]
    m[p + at.JOB] = m[more + at.KEPT]
    m[p + at.JOBS] = m[more + at.KEPT_N]
    m[more + at.KEPT] = 0
    m[more + at.KEPT_N] = 0
    if m[p + at.JOB] == 0:
        return nothing
    return pc + 1
