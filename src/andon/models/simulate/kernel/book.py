"""The order book: orders that come at given times, and which of them the release desk serves."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.desk import let_in, release_one
from andon.models.simulate.kernel.due import enlist
from andon.models.simulate.kernel.events import schedule
from andon.models.simulate.kernel.floor import token, wake_desk
from andon.models.simulate.kernel.flow import entry_step


def book_next(m: at.Words, p: int, pc: int) -> int:
    """Sleep until the next order of the book may be released; for good when there is none."""
    if m[at.BOOK_HERE] >= m[at.BOOK_N]:
        m[p + at.PC] = pc
        return -1
    m[p + at.PC] = pc + 1
    schedule(m, p, max(m[m[at.BOOK] + m[at.BOOK_HERE] * at.BOOK_ORDER_WORDS + at.BOOK_AT], m[at.NOW]))
    return -1


def book_place(m: at.Words, pc: int) -> int:
    """Every order whose time has come joins its product's list: by priority, then by when it came, then as listed."""
    while m[at.BOOK_HERE] < m[at.BOOK_N]:
        b = m[at.BOOK] + m[at.BOOK_HERE] * at.BOOK_ORDER_WORDS
        if m[b + at.BOOK_AT] > m[at.NOW]:
            break
        m[at.BOOK_HERE] += 1
        if m[b + at.BOOK_OUT] == 0:
            continue
        enlist(m, b)
        a = m[b + at.BOOK_PRODUCT]
        m[a + at.WAITING] += m[b + at.BOOK_OUT]
        m[a + at.ORDERED] += m[b + at.BOOK_OUT]
    wake_desk(m)
    return pc + 1


def times_next(m: at.Words, p: int, table: int, pc: int) -> int:
    """Sleep until the next time of the list at `table` (how many, then the times); for good after the last one."""
    if m[p + at.DRAWS] >= m[table]:
        m[p + at.PC] = pc
        return -1
    m[p + at.PC] = pc + 1
    schedule(m, p, m[table + 1 + m[p + at.DRAWS]])
    m[p + at.DRAWS] += 1
    return -1


def dispatch_all(m: at.Words, p: int, once: int, pc: int) -> int:
    """Release waiting jobs while the floor, and their product's share of it, may hold more.

    By the sequence's rank, where there is one; then by priority; then the oldest order first. A product whose first
    buffer is full, or that has as many jobs on the floor as it may, is passed over. `once`: go on at the next
    instruction afterwards, instead of waiting to be woken.
    """
    while m[at.OUTAGE] == 0 and (m[at.WIP] < m[at.WIP_LIMIT] or m[at.ASSEMBLES] != 0):
        best = 0
        best_rank = 0
        best_priority = 0
        best_at = 0
        best_step = 0
        for i in range(m[at.PRODUCTS_N]):
            a = m[at.PRODUCTS] + i * at.PRODUCT_WORDS
            if m[a + at.WAITING] == 0 or m[a + at.ON_FLOOR] >= m[a + at.FLOOR_LIMIT]:
                continue
            if m[at.WIP] >= m[at.WIP_LIMIT] and m[a + at.IS_PART] == 0:
                continue
            step = entry_step(m, a)
            if step == 0:
                continue
            rank = 0 if m[at.FIFO] != 0 else m[a + at.RANK]
            priority, came = first_of(m, a)
            ahead = best == 0 or rank < best_rank
            if not ahead and rank == best_rank:
                ahead = priority < best_priority or (priority == best_priority and came < best_at)
            if ahead:
                best = a
                best_rank = rank
                best_priority = priority
                best_at = came
                best_step = step
        if best == 0:
            break
        t = token(m)
        if t == 0:
            return -1
        if next_is_booked(m, best):
            release_booked(m, best, t, best_step)
        else:
            release_one(m, best, t, best_step)
    if once != 0:
        return pc + 1
    m[at.DESK_WAITS] = 1
    m[p + at.PC] = pc
    return -1


def next_is_booked(m: at.Words, a: int) -> bool:
    """Whether the next job of the product at `a` is of an order of the book, and not of the pattern of demand."""
    b = m[a + at.BOOK_HEAD]
    if b == 0 or m[a + at.RING_OUT] == m[a + at.RING_IN]:
        return b != 0
    o = m[a + at.RING] + (m[a + at.RING_OUT] & m[a + at.RING_MASK]) * at.ORDER_WORDS
    if m[b + at.BOOK_PRIORITY] != m[a + at.PRODUCT_PRIORITY]:
        return m[b + at.BOOK_PRIORITY] < m[a + at.PRODUCT_PRIORITY]
    return m[b + at.BOOK_AT] <= m[o + at.ORDER_AT]


def first_of(m: at.Words, a: int) -> tuple[int, int]:
    """Priority of the next waiting job of the product at `a`, and when its order came."""
    if next_is_booked(m, a):
        b = m[a + at.BOOK_HEAD]
        return m[b + at.BOOK_PRIORITY], m[b + at.BOOK_AT]
    o = m[a + at.RING] + (m[a + at.RING_OUT] & m[a + at.RING_MASK]) * at.ORDER_WORDS
    return m[a + at.PRODUCT_PRIORITY], m[o + at.ORDER_AT]


def release_booked(m: at.Words, a: int, t: int, step: int) -> None:
    """Let the next job of the product's first order of the book onto the floor as `t`."""
    b = m[a + at.BOOK_HEAD]
    m[t + at.JOB_INDEX] = m[b + at.BOOK_QUANTITY] - m[b + at.BOOK_OUT]
    m[b + at.BOOK_OUT] -= 1
    if m[b + at.BOOK_OUT] == 0:
        m[a + at.BOOK_HEAD] = m[b + at.BOOK_LINK]
    m[t + at.JOB_ORDER] = b
    m[t + at.JOB_DUE] = m[b + at.BOOK_DUE]
    m[t + at.JOB_PRIORITY] = m[b + at.BOOK_PRIORITY]
    let_in(m, a, t, step, m[b + at.BOOK_AT])


def settle_book(m: at.Words) -> None:
    """Jobs that are on the floor at the start belong to the orders before those that wait, the last ones first."""
    for i in range(m[at.PRODUCTS_N]):
        a = m[at.PRODUCTS] + i * at.PRODUCT_WORDS
        n = m[a + at.ON_FLOOR]
        b = m[a + at.BOOK_FLOOR]
        while n > 0 and b != 0:
            here = min(n, m[b + at.BOOK_QUANTITY] - m[b + at.BOOK_OUT])
            m[b + at.BOOK_LEFT] += here
            m[b + at.BOOK_HERE_N] = here
            n -= here
            if here > 0:
                m[a + at.BOOK_FLOOR] = b
            b = m[b + at.BOOK_BEFORE]


def close_book(m: at.Words) -> None:
    """Count the orders of the book that are open and overdue at the end."""
    for i in range(m[at.BOOK_N]):
        b = m[at.BOOK] + i * at.BOOK_ORDER_WORDS
        if m[b + at.BOOK_LEFT] > 0 and m[b + at.BOOK_DUE] < m[at.NOW]:
            m[m[b + at.BOOK_PRODUCT] + at.OVERDUE] += 1
