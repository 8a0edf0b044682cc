"""Where jobs go when there is more than one way: inspection, rework, scrap, alternative stations and routes."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.chance import unit
from andon.models.simulate.kernel.due import lose_booked
from andon.models.simulate.kernel.events import enter, note
from andon.models.simulate.kernel.floor import book_wip, free, has_room, wake_desk
from andon.models.simulate.kernel.queues import append
from andon.models.simulate.kernel.work import leave, seek_deadlock, which_is, who_is


def by_chance(m: at.Words, fork: int, product: int, which: int) -> int:
    """The way that chance takes at `fork`: its address."""
    way = fork + at.WAYS
    u = int(unit(m[at.KEY], who_is(m[fork + at.FORK_PURPOSE], product), which) * at.CERTAIN)
    for _ in range(m[fork + at.FORK_N] - 1):
        if u < m[way + at.WAY_UP_TO]:
            return way
        way += at.WAY_WORDS
    return way


def by_look(m: at.Words, fork: int) -> int:
    """The way to the best of the alternatives that have room, as the fork says what is best; 0 when none has room.

    By queue: the fewest jobs waiting or promised, an idle machine before an empty queue. By free: an idle machine,
    else room. By order: room. Among equals the first in the list.
    """
    kind = m[fork + at.FORK_KIND]
    best = 0
    least = 0
    way = fork + at.WAYS
    for _ in range(m[fork + at.FORK_N]):
        s = m[m[m[way + at.WAY_OUT] + at.NEXT_STEP] + at.AT_STORE]
        if has_room(m, s) and m[s + at.PUT_HEAD] == 0:
            key = 0
            if kind != at.BY_ORDER:
                idle = m[s + at.GET_HEAD] != 0
                key = 0 if idle else 1
                if kind == at.BY_QUEUE:
                    key = m[s + at.LEVEL] + m[s + at.RESERVED] + key
            if best == 0 or key < least:
                best = way
                least = key
        way += at.WAY_WORDS
    return best


def entry_step(m: at.Words, a: int) -> int:
    """The first step of the next job of the product at `a`, where there is room for it; else 0."""
    if m[a + at.ENTRY] == 0:
        return m[a + at.ROUTE] if has_room(m, m[a + at.FIRST]) else 0
    place = m[a + at.ENTRY]
    product = (a - m[at.PRODUCTS]) // at.PRODUCT_WORDS
    which = (m[a + at.SERIALS] << 8) + m[place + at.STEP_NUMBER]
    while m[place + at.FORK] != 0:
        fork = m[place + at.FORK]
        way = by_chance(m, fork, product, which) if m[fork + at.FORK_KIND] == at.BY_CHANCE else by_look(m, fork)
        if way == 0:
            return 0
        place = m[way + at.WAY_OUT]
    first = m[place + at.NEXT_STEP]
    return first if has_room(m, m[first + at.AT_STORE]) else 0


def send(m: at.Words, p: int, fleet: int, pc: int) -> int:
    """Decide for one job of the load after the other where it goes, and send it there."""
    while m[p + at.JOB] != 0:
        t = m[p + at.JOB]
        if m[m[t + at.PLACE] + at.FORK] != 0:
            decided = decide(m, p, t)
            if decided == 0:
                m[p + at.PC] = pc
                return -1
            if decided < 0:
                continue
        rest = m[t + at.LINK]
        m[t + at.LINK] = 0
        if leave(m, p, fleet, pc) < 0:
            m[t + at.LINK] = rest
            return -1
        m[p + at.JOB] = rest
    return pc + 1


def decide(m: at.Words, p: int, t: int) -> int:
    """Put the first job `t` of machine `p` at a way out; 1 when it may go, -1 when it was scrapped, 0 when it waits."""
    while m[m[t + at.PLACE] + at.FORK] != 0:
        fork = m[m[t + at.PLACE] + at.FORK]
        if m[fork + at.FORK_KIND] == at.BY_CHANCE:
            way = by_chance(m, fork, m[t + at.PRODUCT], which_is(m, t))
            if m[way + at.WAY_DOES] == at.SCRAP or (m[way + at.WAY_DOES] == at.SEND_BACK and not again(m, t, way)):
                m[p + at.JOB] = m[t + at.LINK]
                m[p + at.COUNT] += 1
                scrap(m, t)
                return -1
        else:
            way = by_look(m, fork)
            if way == 0:
                g = m[fork + at.FORK_GROUP]
                append(m, g + at.PUT_HEAD, g + at.PUT_TAIL, p, at.NEXT)
                m[p + at.WAITS_AT] = g
                enter(m, p, at.BLOCKED)
                if m[at.CYCLIC] != 0:
                    seek_deadlock(m, p)
                return 0
        m[t + at.PLACE] = m[way + at.WAY_OUT]
    return 1


def again(m: at.Words, t: int, way: int) -> bool:
    """Send job `t` back, where it was not sent back too often already."""
    most = m[way + at.WAY_MOST]
    if most > 0:
        by = 4 * m[way + at.WAY_COUNTER]
        if (m[t + at.SENT_BACK] >> by) & 15 >= most:
            return False
        m[t + at.SENT_BACK] += 1 << by
    a = m[at.PRODUCTS] + m[t + at.PRODUCT] * at.PRODUCT_WORDS
    m[t + at.SERIAL] += at.PASS
    m[a + at.REWORKED] += 1
    other = m[t + at.CARRIED]
    while other != 0:
        m[other + at.SENT_BACK] = m[t + at.SENT_BACK]
        m[other + at.SERIAL] += at.PASS
        m[a + at.REWORKED] += 1
        other = m[other + at.LINK]
    return True


def scrap(m: at.Words, t: int) -> None:
    """Job `t` is thrown away with those that it carries."""
    other = m[t + at.CARRIED]
    throw_away(m, t)
    while other != 0:
        after = m[other + at.LINK]
        throw_away(m, other)
        other = after
    wake_desk(m)


def throw_away(m: at.Words, t: int) -> None:
    """Job `t` is scrap; where its product's scrap is made again, the order book asks for one job more.

    Jobs of a product fill its oldest order, so it does not matter which order is said to have lost one: it is the next
    to be released, else the last that was.
    """
    a = m[at.PRODUCTS] + m[t + at.PRODUCT] * at.PRODUCT_WORDS
    m[a + at.SCRAPPED] += 1
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_SCRAP, m[t + at.PRODUCT], m[t + at.SERIAL] & at.SERIAL_MASK)
    book_wip(m)
    m[at.WIP] -= 1
    m[a + at.ON_FLOOR] -= 1
    m[at.WIP_LIMIT] -= m[a + at.IS_PART]
    free(m, t)
    if m[t + at.JOB_ORDER] != 0:
        lose_booked(m, m[t + at.JOB_ORDER], a)
    elif m[a + at.REPLACES] != 0 and m[a + at.RING_DONE] != m[a + at.RING_IN]:
        if m[a + at.RING_OUT] == m[a + at.RING_IN]:
            m[a + at.RING_OUT] -= 1
        o = m[a + at.RING] + (m[a + at.RING_OUT] & m[a + at.RING_MASK]) * at.ORDER_WORDS
        m[o + at.ORDER_OUT] += 1
        m[a + at.WAITING] += 1
        m[a + at.ORDERED] += 1
