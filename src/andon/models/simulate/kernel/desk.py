"""Orders, their release to the floor, the calendars of crews, and the probe that looks at regular times."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.downtime import forget_off
from andon.models.simulate.kernel.events import note, schedule
from andon.models.simulate.kernel.fleet import forget_traffic
from andon.models.simulate.kernel.floor import arrive, book_wip, set_size, token, wake_desk
from andon.models.simulate.kernel.flow import entry_step
from andon.models.simulate.kernel.rota import reset_people
from andon.models.simulate.kernel.work import draw, who_is


def when_open(m: at.Words, span: int) -> int:
    """The moment when `span` nanoseconds of open shift time from now have passed; beyond END when there is none."""
    here = m[at.NOW]
    for i in range(m[at.OPEN_N]):
        o = m[at.OPEN] + 2 * i
        start = max(here, m[o])
        if m[o + 1] <= start:
            continue
        if start + span < m[o + 1]:
            return start + span
        span -= m[o + 1] - start
    return m[at.END] + 1


def order_next(m: at.Words, f: at.Reals, p: int, product: int, pc: int) -> int:
    """Sleep until the product's next order."""
    a = m[at.PRODUCTS] + product * at.PRODUCT_WORDS
    span = draw(m, f, m[a + at.EVERY], who_is(at.FOR_DEMAND, product), m[p + at.DRAWS], m[p + at.AGE])
    m[p + at.DRAWS] += 1
    m[p + at.AGE] = 0
    m[p + at.PC] = pc + 1
    schedule(m, p, when_open(m, span))
    return -1


def order_place(m: at.Words, product: int, pc: int) -> int:
    """An order is in the book."""
    a = m[at.PRODUCTS] + product * at.PRODUCT_WORDS
    n = m[a + at.RING_IN]
    if n - m[a + at.RING_DONE] > m[a + at.RING_MASK]:
        m[at.FAULT] = at.FAULT_ORDERS
        m[at.FAULT_AT] = product
        return -1
    o = m[a + at.RING] + (n & m[a + at.RING_MASK]) * at.ORDER_WORDS
    m[o + at.ORDER_OUT] = m[a + at.QUANTITY]
    m[o + at.ORDER_LEFT] = m[a + at.QUANTITY]
    m[o + at.ORDER_AT] = m[at.NOW]
    m[o + at.ORDER_DUE] = m[at.NOW] + m[a + at.DUE]
    m[a + at.RING_IN] = n + 1
    m[a + at.WAITING] += m[a + at.QUANTITY]
    m[a + at.ORDERED] += m[a + at.QUANTITY]
    wake_desk(m)
    return pc + 1


def dispatch(m: at.Words, p: int, pc: int) -> int:
    """Release waiting jobs while the floor may hold more: by the sequence's rank, or the oldest order first.

    A product whose first buffer is full is passed over; it is not allowed to hold up the others.
    """
    while m[at.OUTAGE] == 0 and (m[at.WIP] < m[at.WIP_LIMIT] or m[at.ASSEMBLES] != 0):
        best = 0
        best_key = 0
        best_step = 0
        for i in range(m[at.PRODUCTS_N]):
            a = m[at.PRODUCTS] + i * at.PRODUCT_WORDS
            if m[a + at.WAITING] == 0 or (m[at.WIP] >= m[at.WIP_LIMIT] and m[a + at.IS_PART] == 0):
                continue
            step = entry_step(m, a)
            if step == 0:
                continue
            key = m[a + at.RANK]
            if m[at.FIFO] != 0:
                key = m[m[a + at.RING] + (m[a + at.RING_OUT] & m[a + at.RING_MASK]) * at.ORDER_WORDS + at.ORDER_AT]
            if best == 0 or key < best_key:
                best = a
                best_key = key
                best_step = step
        if best == 0:
            break
        t = token(m)
        if t == 0:
            return -1
        release_one(m, best, t, best_step)
    m[at.DESK_WAITS] = 1
    m[p + at.PC] = pc
    return -1


def release_one(m: at.Words, a: int, t: int, step: int) -> None:
    """Let the next waiting job of the product at `a` onto the floor as `t`, at its first step."""
    o = m[a + at.RING] + (m[a + at.RING_OUT] & m[a + at.RING_MASK]) * at.ORDER_WORDS
    m[t + at.JOB_DUE] = m[o + at.ORDER_DUE]
    m[t + at.JOB_PRIORITY] = m[a + at.PRODUCT_PRIORITY]
    m[o + at.ORDER_OUT] -= 1
    if m[o + at.ORDER_OUT] == 0:
        m[a + at.RING_OUT] += 1
    let_in(m, a, t, step, m[o + at.ORDER_AT])


def let_in(m: at.Words, a: int, t: int, step: int, came: int) -> None:
    """Job `t` of the product at `a` enters the floor at its first step; its order came at `came`."""
    now = m[at.NOW]
    m[t + at.PRODUCT] = (a - m[at.PRODUCTS]) // at.PRODUCT_WORDS
    m[t + at.PLACE] = step
    m[t + at.SENT_BACK] = 0
    m[t + at.SERIAL] = m[a + at.SERIALS]
    m[t + at.ARRIVED] = came
    m[t + at.RELEASED] = now
    m[a + at.SERIALS] += 1
    m[a + at.WAITING] -= 1
    m[a + at.RELEASED_N] += 1
    m[a + at.ON_FLOOR] += 1
    m[at.WIP_LIMIT] += m[a + at.IS_PART]
    book_wip(m)
    m[at.WIP] += 1
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_START, m[t + at.PRODUCT], m[t + at.SERIAL])
    s = m[step + at.AT_STORE]
    m[s + at.RESERVED] += 1
    arrive(m, s, t)


def line_next(m: at.Words, p: int, r: int, pc: int) -> int:
    """Sleep until the next change of crew `r`'s strength."""
    if m[r + at.LINE] >= m[r + at.LINES_N]:
        m[p + at.PC] = pc
        return -1
    m[p + at.PC] = pc + 1
    schedule(m, p, m[m[r + at.LINES] + 2 * m[r + at.LINE]])
    return -1


def line_set(m: at.Words, r: int, pc: int) -> int:
    """The crew's strength changes: shift, break, end."""
    size = m[m[r + at.LINES] + 2 * m[r + at.LINE] + 1]
    m[r + at.LINE] += 1
    set_size(m, r, size)
    return pc + 1


def bin_next(m: at.Words, p: int, pc: int) -> int:
    """Sleep until the end of the next bin of the time series."""
    if m[at.BIN] >= m[at.BINS]:
        m[p + at.PC] = pc
        return -1
    m[p + at.PC] = pc + 1
    schedule(m, p, (m[at.BIN] + 1) * m[at.BIN_NS])
    return -1


def bin_note(m: at.Words, pc: int) -> int:
    """Write what is seen now: jobs on the floor; done and waiting by product; level by store."""
    row = m[at.SERIES] + m[at.BIN] * (1 + 2 * m[at.PRODUCTS_N] + m[at.STORES_N])
    m[row] = m[at.WIP]
    row += 1
    for i in range(m[at.PRODUCTS_N]):
        a = m[at.PRODUCTS] + i * at.PRODUCT_WORDS
        m[row] = m[a + at.DONE]
        m[row + m[at.PRODUCTS_N]] = m[a + at.WAITING]
        row += 1
    row += m[at.PRODUCTS_N]
    for i in range(m[at.STORES_N]):
        m[row] = m[m[at.STORES] + i * at.STORE_WORDS + at.LEVEL]
        row += 1
    m[at.BIN] += 1
    return pc + 1


def reset(m: at.Words, pc: int) -> int:
    """Forget what was counted so far: the end of a warm-up."""
    now = m[at.NOW]
    for i in range(m[at.PROCS_N]):
        p = m[at.PROCS] + i * at.PROC_WORDS
        forget_off(m, p)
        for k in range(at.STATES_MAX):
            m[p + at.TIMES + k] = 0
        m[p + at.SINCE] = now
        m[p + at.COUNT] = 0
        m[p + at.PERIODS] = 0
    for i in range(m[at.STORES_N]):
        s = m[at.STORES] + i * at.STORE_WORDS
        m[s + at.AREA] = 0
        m[s + at.CHANGED] = m[at.NOW_US]
        m[s + at.PEAK] = m[s + at.LEVEL]
    for i in range(m[at.PRODUCTS_N]):
        a = m[at.PRODUCTS] + i * at.PRODUCT_WORDS
        for word in range(at.DONE, at.ON_TIME + 1):
            m[a + word] = 0
        m[a + at.LATE_US] = 0
        m[a + at.ORDERED] = 0
        m[a + at.RELEASED_N] = 0
        m[a + at.SCRAPPED] = 0
        m[a + at.REWORKED] = 0
    for i in range(m[at.POOLS_N]):
        r = m[at.POOLS] + i * at.POOL_WORDS
        m[r + at.USED_AREA] = 0
        m[r + at.SIZE_AREA] = 0
        m[r + at.POOL_CHANGED] = m[at.NOW_US]
    reset_people(m)
    m[at.WIP_AREA] = 0
    m[at.WIP_SINCE] = m[at.NOW_US]
    forget_traffic(m)
    return pc + 1
