"""Streams of orders: shares that add up, of different products."""

from __future__ import annotations

from collections.abc import Iterator

from andon.site.draft import Draft
from andon.site.problems import Problem
from andon.site.shape import Item

EXACT = 1e-6


def check(made: Draft) -> Iterator[Problem]:
    """Demands that share a stream."""
    streams: dict[str, list[Item]] = {}
    for item in made.all("demand"):
        if item.part is not None and item.get("share") is not None:
            streams.setdefault(str(item.get("every")), []).append(item)
    for every, items in streams.items():
        total = sum(item.get("share") for item in items)
        if abs(total - 1.0) > EXACT:
            what = f"the shares of the orders every `{every}` add up to {total:g}"
            yield items[-1].problem(("share",), what, "make them 1 together")
        products = [item.get("product") for item in items]
        for n, item in enumerate(items):
            if products[n] in products[:n]:
                what = f"product `{products[n]}` has two shares of the orders every `{every}`"
                yield item.problem(("product",), what, "add them up")
