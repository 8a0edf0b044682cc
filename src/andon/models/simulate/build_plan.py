"""A given schedule, written into an image: each machine's own list of jobs."""

from __future__ import annotations

from andon.models.simulate.builder import Builder
from andon.models.simulate.kernel import layout as at


def plans(builder: Builder, machine_at: list[int]) -> None:
    """Each machine's list, written into an image; the orders of the book are there already."""
    schedule = builder.schedule
    if schedule is None:
        return
    words = builder.m.words
    book_at = {b.order.order: words[at.BOOK] + i * at.BOOK_ORDER_WORDS for i, b in enumerate(builder.book)}
    for machine, p in zip(builder.machine_ids, machine_at, strict=True):
        mine = [(i, e) for i, e in enumerate(schedule.entries) if e.machine == machine and e.order in book_at]
        if all(e.start_ns is not None for _, e in mine):
            mine.sort(key=lambda pair: pair[1].start_ns or 0)
        table: list[int] = []
        for i, e in mine:
            not_before = 0 if e.start_ns is None else e.start_ns - builder.options.start_ns
            table += [book_at[e.order], e.job - 1, e.step, builder.starts_at + i, not_before]
        words[p + at.MORE_CONTROL] = builder.m.put(0, [0, len(mine), len(words) + at.PLAN_RECORD_WORDS, *table])
        words[p + at.HELPS_ITSELF] = 1
