"""The order book, written into an image: its records, and the chains of each product's orders."""

from __future__ import annotations

import itertools

from andon.models.simulate.builder import Builder
from andon.models.simulate.kernel import layout as at


def book(builder: Builder) -> None:
    """The book's records, in the order in which orders come, and the chains of a product's orders."""
    words, entries = builder.m.words, builder.book
    records = builder.m.table(at.BOOK, at.BOOK_N, len(entries), at.BOOK_ORDER_WORDS)
    for number, (b, here) in enumerate(zip(entries, records, strict=True)):
        words[here + at.BOOK_PRODUCT] = builder.product_at[b.product]
        words[here + at.BOOK_QUANTITY] = b.order.quantity
        words[here + at.BOOK_OUT] = words[here + at.BOOK_LEFT] = b.out
        words[here + at.BOOK_AT], words[here + at.BOOK_DUE] = b.came_ns, b.due_ns
        words[here + at.BOOK_PRIORITY], words[here + at.BOOK_NUMBER] = b.priority, number
    if builder.live is None:
        return
    for product, a in enumerate(builder.product_at):
        pairs = [(b, r) for b, r in zip(entries, records, strict=True) if b.product == product and b.came_ns <= 0]
        chain = [(b, r) for b, r in sorted(pairs, key=lambda pair: pair[0].rank) if b.out < b.order.quantity]
        for (_, here), (_, after) in itertools.pairwise(chain):
            words[here + at.BOOK_AFTER], words[after + at.BOOK_BEFORE] = after, here
        if chain:
            words[a + at.BOOK_FLOOR], words[a + at.FLOOR_DUE] = chain[-1][1], chain[-1][0].due_ns
