"""Jobs that become one, and jobs that become several: kits for assembly, disassembly."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.belt import belt
from andon.models.simulate.kernel.chance import unit
from andon.models.simulate.kernel.desk import order_place
from andon.models.simulate.kernel.downtime import stand
from andon.models.simulate.kernel.events import enter, note, wake
from andon.models.simulate.kernel.floor import book_wip, free, take, token
from andon.models.simulate.kernel.flow import send
from andon.models.simulate.kernel.gather import gather
from andon.models.simulate.kernel.lots import form_lot, get_handed, split_lots
from andon.models.simulate.kernel.queues import append, shift
from andon.models.simulate.kernel.work import go_out, who_is


def kit(m: at.Words, p: int, pc: int) -> int:
    """Take what the job in hand needs off the shelves, all at once; wait at the first shelf that has too little.

    Those who wait at a shelf look in the order in which they came; who finds all that it needs takes it.
    """
    if m[p + at.DOWN] != 0:
        if m[p + at.STATE] == at.STARVED and m[p + at.WAITS_AT] != 0:
            let_look(m, m[p + at.WAITS_AT])
        m[p + at.PC] = pc
        stand(m, p)
        return -1
    deed = m[m[m[p + at.JOB] + at.PLACE] + at.DEED]
    if deed == 0:
        return pc + 1
    n = m[deed + at.TAKES_N]
    for i in range(n):
        s = m[deed + at.DEEDS + 2 * i]
        if m[s + at.LEVEL] < m[deed + at.DEEDS + 2 * i + 1]:
            wait_for_parts(m, p, s)
            m[p + at.PC] = pc
            return -1
    m[p + at.WAITS_AT] = 0
    for i in range(n):
        s = m[deed + at.DEEDS + 2 * i]
        for _ in range(m[deed + at.DEEDS + 2 * i + 1]):
            free(m, take(m, s))
        let_look(m, s)
    return pc + 1


def let_look(m: at.Words, s: int) -> None:
    """Let the first who waits at shelf `s` look again, if something lies there."""
    if m[s + at.GET_HEAD] != 0 and m[s + at.LEVEL] > 0:
        q = shift(m, s + at.GET_HEAD, s + at.GET_TAIL, at.NEXT)
        wake(m, q, m[q + at.PC])


def wait_for_parts(m: at.Words, p: int, s: int) -> None:
    """Let machine `p` wait at shelf `s`: as the first in line when it was that before, else as the last."""
    before = m[p + at.WAITS_AT] if m[p + at.STATE] == at.STARVED else s
    again = before == s and m[p + at.STATE] == at.STARVED
    if before != s and before > 0:
        let_look(m, before)
    if m[s + at.SERVES_RANKED] != 0:
        line_up(m, p, s, again)
    elif again:
        m[p + at.NEXT] = m[s + at.GET_HEAD]
        m[s + at.GET_HEAD] = p
        if m[s + at.GET_TAIL] == 0:
            m[s + at.GET_TAIL] = p
    else:
        append(m, s + at.GET_HEAD, s + at.GET_TAIL, p, at.NEXT)
    m[p + at.WAITS_AT] = s
    enter(m, p, at.STARVED)


def line_up(m: at.Words, p: int, s: int, again: bool) -> None:
    """Let machine `p` wait at shelf `s` by its job's priority: before its equals when it was first, else behind."""
    most = m[m[p + at.JOB] + at.JOB_PRIORITY] - (1 if again else 0)
    before = 0
    q = m[s + at.GET_HEAD]
    while q != 0 and m[m[q + at.JOB] + at.JOB_PRIORITY] <= most:
        before = q
        q = m[q + at.NEXT]
    m[p + at.NEXT] = q
    if before == 0:
        m[s + at.GET_HEAD] = p
    else:
        m[before + at.NEXT] = p
    if q == 0:
        m[s + at.GET_TAIL] = p


def part(m: at.Words, p: int, pc: int) -> int:
    """Take the jobs in hand apart: each one is finished, and the jobs that it gives are in hand instead."""
    before = 0
    t = m[p + at.JOB]
    while t != 0:
        after = m[t + at.LINK]
        deed = m[m[t + at.PLACE] + at.DEED]
        last = t
        if deed != 0 and m[deed + at.GIVES_N] > 0:
            last = before
            give = deed + at.DEEDS + 2 * m[deed + at.TAKES_N]
            for _ in range(m[deed + at.GIVES_N]):
                for _ in range(m[give + 2]):
                    piece = begin_part(m, t, m[give], m[give + 1])
                    if piece == 0:
                        return -1
                    if last == 0:
                        m[p + at.JOB] = piece
                    else:
                        m[last + at.LINK] = piece
                    last = piece
                give += 3
            m[last + at.LINK] = after
            go_out(m, t)
        before = last
        t = after
    return pc + 1


def begin_part(m: at.Words, t: int, out: int, product: int) -> int:
    """A new job of `product` out of job `t`, put at the way out `out`; 0 when the table is full.

    It counts as ordered and released when the job was that it comes from. It has that job's due time, and its priority
    where an order gave it one of its own; else its product's.
    """
    piece = token(m)
    if piece == 0:
        return 0
    for word in range(at.TOKEN_WORDS):
        m[piece + word] = m[t + word]
    a = m[at.PRODUCTS] + product * at.PRODUCT_WORDS
    whole = m[at.PRODUCTS] + m[t + at.PRODUCT] * at.PRODUCT_WORDS
    if m[t + at.JOB_PRIORITY] == m[whole + at.PRODUCT_PRIORITY]:
        m[piece + at.JOB_PRIORITY] = m[a + at.PRODUCT_PRIORITY]
    m[piece + at.PRODUCT] = product
    m[piece + at.PLACE] = out
    m[piece + at.SERIAL] = m[a + at.SERIALS]
    m[piece + at.SENT_BACK] = 0
    m[piece + at.LINK] = 0
    m[piece + at.JOB_ORDER] = 0
    m[a + at.ON_FLOOR] += 1
    m[at.WIP_LIMIT] += m[a + at.IS_PART]
    m[a + at.SERIALS] += 1
    m[a + at.RELEASED_N] += 1
    m[a + at.ORDERED] += 1
    book_wip(m)
    m[at.WIP] += 1
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_START, product, m[piece + at.SERIAL])
    return piece


def seek_missing(m: at.Words) -> None:
    """At the end: machines wait for components that are on the floor, and nothing moves or waits to be joined by more.

    Then those never come: what makes them is blocked, in the end by a shelf that is full of something else.
    """
    waits = 0
    for i in range(m[at.PROCS_N]):
        p = m[at.PROCS] + i * at.PROC_WORDS
        kind = m[p + at.KIND]
        state = m[p + at.STATE]
        if (kind == at.VEHICLE and state != at.STARVED) or (kind == at.CONVEYOR and state == at.MOVING):
            return
        if kind != at.MACHINE:
            continue
        if not (state == at.STARVED or state == at.BLOCKED):  # noqa: PLR1714 - a set would be an object
            return
        if state == at.STARVED and m[p + at.JOB] != 0:
            component = m[m[p + at.WAITS_AT] + at.MIX]
            if m[component + at.ON_FLOOR] == 0:
                return
            waits = p
        elif state == at.STARVED and m[m[p + at.HOME] + at.LEVEL] > 0:
            return
    if waits != 0:
        m[at.FAULT] = at.FAULT_PARTS
        m[at.FAULT_AT] = waits


def order_drawn(m: at.Words, p: int, table: int, pc: int) -> int:
    """An order of a stream is in the book: of a product drawn from its mix (how many; product, up to which chance)."""
    u = int(unit(m[at.KEY], who_is(at.FOR_SHARE, m[table + 1]), m[p + at.DRAWS]) * at.CERTAIN)
    here = table + 1
    for _ in range(m[table] - 1):
        if u < m[here + 1]:
            break
        here += 2
    return order_place(m, m[here], pc)


def step_flow(m: at.Words, p: int, op: int, a: int, b: int, pc: int) -> int:
    """The instructions of routes with more than one way."""
    if op == at.SEND:
        return send(m, p, a, pc)
    if op == at.KIT:
        return kit(m, p, pc)
    if op == at.PART:
        return part(m, p, pc)
    if op == at.GATHER:
        return gather(m, p, a, b, pc)
    if op == at.BELT:
        return belt(m, p, a, b, pc)
    if op == at.GET_HANDED:
        return get_handed(m, p, a, pc)
    if op == at.LOT_FORM:
        return form_lot(m, p, pc)
    if op == at.LOT_SPLIT:
        return split_lots(m, p, a, pc)
    if op == at.ORDER_DRAWN:
        return order_drawn(m, p, a, pc)
    return -1
