"""What processes share: stores with capacity, the fleets' meeting points, and crews."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.due import fill_booked, fill_floor
from andon.models.simulate.kernel.events import enter, note, wake
from andon.models.simulate.kernel.people import release_people
from andon.models.simulate.kernel.queues import append, interrupt, shift


def count(m: at.Words, s: int, change: int) -> None:
    """Change the level of store `s`, booking level times time (job microseconds) before."""
    now = m[at.NOW_US]
    level = m[s + at.LEVEL]
    m[s + at.AREA] += level * (now - m[s + at.CHANGED])
    m[s + at.CHANGED] = now
    m[s + at.LEVEL] = level + change
    m[s + at.PEAK] = max(m[s + at.PEAK], level + change)
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_LEVEL, s, level + change)


def book_wip(m: at.Words) -> None:
    """Book jobs on the floor times time (microseconds) up to now."""
    m[at.WIP_AREA] += m[at.WIP] * (m[at.NOW_US] - m[at.WIP_SINCE])
    m[at.WIP_SINCE] = m[at.NOW_US]


def has_room(m: at.Words, s: int) -> bool:
    """Whether one more job may be promised a place in store `s`."""
    return m[s + at.LEVEL] + m[s + at.RESERVED] < m[s + at.CAPACITY]


def arrive(m: at.Words, s: int, t: int) -> None:
    """Job `t` enters store `s` (its place was promised): to a waiting machine, or to the end of the queue."""
    m[s + at.RESERVED] -= 1
    p = m[s + at.GET_HEAD]
    rule = m[s + at.RULE]
    if rule != at.FIRST_IN and (rule != at.RANKED or p == 0 or m[p + at.HELPS_ITSELF] != 0):
        stow(m, s, t)
        return
    if p != 0:
        shift(m, s + at.GET_HEAD, s + at.GET_TAIL, at.NEXT)
        if m[p + at.HELPS_ITSELF] != 0:
            append(m, s + at.HEAD, s + at.TAIL, t, at.LINK)
            count(m, s, 1)
            wake(m, p, m[p + at.PC])
            return
        m[t + at.LINK] = 0
        m[p + at.JOB] = t
        m[p + at.JOBS] = 1
        wake(m, p, m[p + at.PC] + 1)
        admit(m, s)
        return
    append(m, s + at.HEAD, s + at.TAIL, t, at.LINK)
    count(m, s, 1)


def stow(m: at.Words, s: int, t: int) -> None:
    """Job `t` is put away in store `s` by the store's own rule; on a shelf it is thereby finished. Who waits looks."""
    if m[s + at.RULE] == at.HANDED:
        hand_over(m, s, t)
        return
    if m[s + at.RULE] == at.LAST_IN:
        m[t + at.LINK] = m[s + at.HEAD]
        m[s + at.HEAD] = t
        if m[s + at.TAIL] == 0:
            m[s + at.TAIL] = t
    elif m[s + at.RULE] == at.RANKED:
        rank(m, s, t)
    else:
        append(m, s + at.HEAD, s + at.TAIL, t, at.LINK)
    count(m, s, 1)
    m[t + at.ENTERED] = m[at.NOW]
    if m[s + at.RULE] == at.ON_SHELF:
        finish(m, t)
    if m[s + at.GET_HEAD] != 0:
        p = shift(m, s + at.GET_HEAD, s + at.GET_TAIL, at.NEXT)
        wake(m, p, m[p + at.PC])


def hand_over(m: at.Words, s: int, t: int) -> None:
    """Job `t` is handed to the machine that has waited longest at store `s`, which has no places."""
    p = shift(m, s + at.GET_HEAD, s + at.GET_TAIL, at.NEXT)
    m[s + at.CAPACITY] -= 1
    m[t + at.LINK] = 0
    m[p + at.JOB] = t
    m[p + at.JOBS] = 1
    wake(m, p, m[p + at.PC] + 1)


def rank(m: at.Words, s: int, t: int) -> None:
    """Put job `t` into store `s` behind the last one whose priority number is not higher."""
    own = m[t + at.JOB_PRIORITY]
    last = m[s + at.TAIL]
    if last == 0 or m[last + at.JOB_PRIORITY] <= own:
        append(m, s + at.HEAD, s + at.TAIL, t, at.LINK)
        return
    before = 0
    q = m[s + at.HEAD]
    while m[q + at.JOB_PRIORITY] <= own:
        before = q
        q = m[q + at.LINK]
    m[t + at.LINK] = q
    if before == 0:
        m[s + at.HEAD] = t
    else:
        m[before + at.LINK] = t


def rank_anew(m: at.Words) -> None:
    """Jobs that are there at the start, whose priorities were not known yet, stand in their order from now on."""
    for i in range(m[at.STORES_N]):
        s = m[at.STORES] + i * at.STORE_WORDS
        if m[s + at.RULE] != at.RANKED:
            continue
        t = m[s + at.HEAD]
        m[s + at.HEAD] = 0
        m[s + at.TAIL] = 0
        while t != 0:
            after = m[t + at.LINK]
            rank(m, s, t)
            t = after


def finish(m: at.Words, t: int) -> None:
    """Job `t` is finished: book it, and let its product's oldest open order have it."""
    product = m[at.PRODUCTS] + m[t + at.PRODUCT] * at.PRODUCT_WORDS
    now = m[at.NOW]
    m[product + at.DONE] += 1
    m[product + at.LAST_EXIT] = now
    if m[t + at.RELEASED] >= 0:
        m[product + at.FLOW_N] += 1
        m[product + at.FLOW_US] += (now - m[t + at.RELEASED]) // 1000
        m[product + at.LEAD_US] += (now - m[t + at.ARRIVED]) // 1000
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_EXIT, m[t + at.PRODUCT], m[t + at.SERIAL] & at.SERIAL_MASK)
    book_wip(m)
    m[at.WIP] -= 1
    m[product + at.ON_FLOOR] -= 1
    m[at.WIP_LIMIT] -= m[product + at.IS_PART]
    if m[t + at.JOB_ORDER] != 0:
        fill_booked(m, m[t + at.JOB_ORDER], product)
    elif m[product + at.BOOK_FLOOR] != 0 and m[t + at.RELEASED] < 0:
        fill_floor(m, product)
    elif m[product + at.RING_DONE] != m[product + at.RING_IN]:
        o = m[product + at.RING] + (m[product + at.RING_DONE] & m[product + at.RING_MASK]) * at.ORDER_WORDS
        m[o + at.ORDER_LEFT] -= 1
        if m[o + at.ORDER_LEFT] == 0:
            if m[product + at.RING_DONE] < at.FINISH_MAX:
                m[product + at.FINISH + m[product + at.RING_DONE]] = now
            m[product + at.RING_DONE] += 1
            m[product + at.ORDERS_DONE] += 1
            if now <= m[o + at.ORDER_DUE]:
                m[product + at.ON_TIME] += 1
            else:
                m[product + at.LATE_US] += (now - m[o + at.ORDER_DUE]) // 1000
    wake_desk(m)


def free(m: at.Words, t: int) -> None:
    """Give the record of job `t` back."""
    m[t + at.LINK] = m[at.TOKENS_FREE]
    m[at.TOKENS_FREE] = t


def token(m: at.Words) -> int:
    """A fresh job record, or 0 when the table is full."""
    t = m[at.TOKENS_FREE]
    if t != 0:
        m[at.TOKENS_FREE] = m[t + at.LINK]
        m[t + at.JOB_ORDER] = 0
        m[t + at.CARRIED] = 0
        return t
    t = m[at.TOKENS_NEXT]
    if t + at.TOKEN_WORDS > m[at.TOKENS_END]:
        m[at.FAULT] = at.FAULT_TOKENS
        return 0
    m[at.TOKENS_NEXT] = t + at.TOKEN_WORDS
    m[t + at.JOB_ORDER] = 0
    m[t + at.CARRIED] = 0
    return t


def take(m: at.Words, s: int) -> int:
    """The first job of store `s`, which is not empty; whoever waited for room is promised it."""
    t = shift(m, s + at.HEAD, s + at.TAIL, at.LINK)
    m[t + at.LINK] = 0
    count(m, s, -1)
    admit(m, s)
    return t


def admit(m: at.Words, s: int) -> None:
    """Promise free places in store `s` to the machines that are blocked by it, first come first served."""
    while m[s + at.PUT_HEAD] != 0 and has_room(m, s):
        p = shift(m, s + at.PUT_HEAD, s + at.PUT_TAIL, at.NEXT)
        m[s + at.RESERVED] += 1
        m[p + at.HAS_ROOM] = 1
        wake(m, p, m[p + at.PC])
    if m[s + at.IS_FIRST] != 0:
        admit_others(m, s)


def admit_others(m: at.Words, s: int) -> None:
    """Promise free places in store `s` to those who may go here or elsewhere, then to the release desk."""
    groups = m[s + at.GROUPS]
    n = m[groups] if groups != 0 else 0
    for i in range(n):
        g = m[groups + 1 + i]
        while m[g + at.PUT_HEAD] != 0 and has_room(m, s):
            p = shift(m, g + at.PUT_HEAD, g + at.PUT_TAIL, at.NEXT)
            point(m, m[p + at.JOB], s)
            m[s + at.RESERVED] += 1
            m[p + at.HAS_ROOM] = 1
            wake(m, p, m[p + at.PC])
    if m[s + at.IS_FIRST] & at.IS_ENTRY:
        wake_desk(m)


def point(m: at.Words, t: int, s: int) -> None:
    """Put job `t`, which waits at a fork, at the way out that leads to store `s`."""
    fork = m[m[t + at.PLACE] + at.FORK]
    for i in range(m[fork + at.FORK_N]):
        out = m[fork + at.WAYS + i * at.WAY_WORDS + at.WAY_OUT]
        if m[m[out + at.NEXT_STEP] + at.AT_STORE] == s:
            m[t + at.PLACE] = out
            return


def wake_desk(m: at.Words) -> None:
    """Let the release desk look again, if it waits."""
    if m[at.DESK_WAITS] != 0:
        m[at.DESK_WAITS] = 0
        wake(m, m[at.DESK], m[m[at.DESK] + at.PC])


def crew_free(m: at.Words, r: int) -> bool:
    """Whether somebody of crew `r` is free and nobody waits before."""
    return m[r + at.USED] < m[r + at.SIZE] and m[r + at.HELD_HEAD] == 0 and m[r + at.WAIT_HEAD] == 0


def book_crew(m: at.Words, r: int) -> None:
    """Book used and present people times time (microseconds) up to now."""
    us = m[at.NOW_US] - m[r + at.POOL_CHANGED]
    m[r + at.USED_AREA] += m[r + at.USED] * us
    m[r + at.SIZE_AREA] += m[r + at.SIZE] * us
    m[r + at.POOL_CHANGED] = m[at.NOW_US]


def occupy(m: at.Words, r: int, p: int) -> None:
    """Give process `p` a person of crew `r`."""
    book_crew(m, r)
    m[r + at.USED] += 1
    m[p + at.CREW] = r
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_CREW, r, m[r + at.USED])


def acquire(m: at.Words, p: int, r: int, state: int, pc: int) -> int:
    """Have a person of crew `r`; wait in `state` until there is one."""
    if m[p + at.CREW] == r:
        return pc + 1
    if crew_free(m, r):
        occupy(m, r, p)
        return pc + 1
    m[p + at.PC] = pc
    enter(m, p, state)
    append(m, r + at.WAIT_HEAD, r + at.WAIT_TAIL, p, at.NEXT)
    return -1


def release(m: at.Words, p: int) -> None:
    """Take the person away from process `p`, if it has one, and let the next have them."""
    r = m[p + at.CREW]
    if r == 0:
        return
    if m[r + at.IS_ASK] != 0:
        release_people(m, p)
        return
    book_crew(m, r)
    m[r + at.USED] -= 1
    m[p + at.CREW] = 0
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_CREW, r, m[r + at.USED])
    grant(m, r)


def grant(m: at.Words, r: int) -> None:
    """Give free people of crew `r` to interrupted work first, then in the order of asking."""
    while m[r + at.USED] < m[r + at.SIZE]:
        if m[r + at.HELD_HEAD] != 0:
            p = shift(m, r + at.HELD_HEAD, r + at.HELD_TAIL, at.NEXT)
            occupy(m, r, p)
            wake(m, p, m[p + at.PC])
        elif m[r + at.WAIT_HEAD] != 0:
            p = shift(m, r + at.WAIT_HEAD, r + at.WAIT_TAIL, at.NEXT)
            occupy(m, r, p)
            wake(m, p, m[p + at.PC] + 1)
        else:
            return


def set_size(m: at.Words, r: int, size: int) -> None:
    """Crew `r` is now `size` strong. Those who leave stop at once; the latest begun work waits until somebody is there.

    So a break is taken when it begins and work in hand is continued, not begun anew, after it.
    """
    book_crew(m, r)
    m[r + at.SIZE] = size
    while m[r + at.USED] > size:
        latest = 0
        for i in range(m[r + at.HOLDERS_N]):
            p = m[m[r + at.HOLDERS] + i]
            holds = m[p + at.CREW] == r and m[p + at.WORKING] != 0
            if holds and (latest == 0 or m[p + at.START] >= m[latest + at.START]):
                latest = p
        if latest == 0:
            return
        interrupt(m, latest, m[latest + at.WORKING])
        m[r + at.USED] -= 1
        m[latest + at.CREW] = 0
        if m[at.TRACE_END] > 0:
            note(m, at.TRACE_CREW, r, m[r + at.USED])
        enter(m, latest, at.NO_CREW)
        append(m, r + at.HELD_HEAD, r + at.HELD_TAIL, latest, at.NEXT)
    grant(m, r)
