"""What becomes of the orders of the book: jobs that are finished fill them, jobs that are lost leave them short."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at


def enlist(m: at.Words, b: int) -> None:
    """Order `b` joins its product's list: by priority, of equals behind those that are there."""
    a = m[b + at.BOOK_PRODUCT]
    before = 0
    q = m[a + at.BOOK_HEAD]
    while q != 0 and m[q + at.BOOK_PRIORITY] <= m[b + at.BOOK_PRIORITY]:
        before = q
        q = m[q + at.BOOK_LINK]
    m[b + at.BOOK_LINK] = q
    if before == 0:
        m[a + at.BOOK_HEAD] = b
    else:
        m[before + at.BOOK_LINK] = b


def fill_booked(m: at.Words, b: int, product: int) -> None:
    """One more job of order `b` of the book is finished; the last one completes it."""
    now = m[at.NOW]
    m[b + at.BOOK_LEFT] -= 1
    if m[b + at.BOOK_LEFT] == 0:
        m[m[at.FINISHES] + m[b + at.BOOK_NUMBER]] = now
        m[product + at.ORDERS_DONE] += 1
        if now <= m[b + at.BOOK_DUE]:
            m[product + at.ON_TIME] += 1
        else:
            m[product + at.LATE_US] += (now - m[b + at.BOOK_DUE]) // 1000


def fill_floor(m: at.Words, product: int) -> None:
    """A job that was on the floor at the start is finished: it belongs to the oldest order with such jobs."""
    b = m[product + at.BOOK_FLOOR]
    m[b + at.BOOK_HERE_N] -= 1
    if m[b + at.BOOK_HERE_N] == 0:
        m[product + at.BOOK_FLOOR] = m[b + at.BOOK_AFTER]
    fill_booked(m, b, product)


def lose_booked(m: at.Words, b: int, product: int) -> None:
    """A job of order `b` is thrown away: one more is released where scrap is made again, else the order ends short."""
    if m[product + at.REPLACES] == 0:
        fill_booked(m, b, product)
        return
    m[b + at.BOOK_OUT] += 1
    m[product + at.WAITING] += 1
    m[product + at.ORDERED] += 1
    if m[b + at.BOOK_OUT] == 1:
        enlist(m, b)
