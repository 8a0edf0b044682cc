"""Which components ever come: ordered, delivered, given by what is taken apart, or never."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from andon.site.floor import Product, Step, Taken


def begun(products: Iterable[Product], ordered: Iterable[str]) -> set[str]:
    """Products of which jobs ever begin: those that are ordered, and what these are taken apart into."""
    gives = {p.id: {g.product for route in p.routes for step in route for g in step.gives} for p in products}
    found: set[str] = set()
    ahead = set(ordered)
    while ahead:
        name = ahead.pop()
        found.add(name)
        ahead |= gives.get(name, set()) - found
    return found


@dataclass(frozen=True)
class Missing:
    """Something that is taken and never comes."""

    product: Product
    step: Step
    taken: Taken
    why: str


def missing(products: Sequence[Product], ordered: Iterable[str], stocked: Iterable[str] = ()) -> list[Missing]:
    """What jobs wait for that never comes.

    Args:
        products: all of them.
        ordered: ids of those that somebody orders or delivers.
        stocked: ids of buffers in which something lies at the start.
    """
    orders = set(ordered)
    ever, there = begun(products, orders), set(stocked)
    finished: set[str] = set()
    while True:
        more = {p.id for p in products if p.id not in finished and _ends(p, finished, there)}
        more &= begun([p for p in products if p.id in finished | more], orders)
        if not more:
            break
        finished |= more
    return [
        Missing(product, step, taken, _why(products, taken.product, ever, finished, there))
        for product in products
        if product.id in ever
        for route in product.routes
        for step in route
        for taken in step.takes
        if taken.product not in finished and taken.buffer not in there
    ]


def _ends(product: Product, finished: set[str], stocked: set[str]) -> bool:
    """Whether some route of a product needs nothing that is not there."""
    return any(
        all(t.product in finished or t.buffer in stocked for step in route for t in step.takes)
        for route in product.routes
    )


def _why(products: Sequence[Product], name: str, ever: set[str], finished: set[str], stocked: set[str]) -> str:
    if name in ever:
        own = next((p for p in products if p.id == name), None)
        takes = [t for route in own.routes for step in route for t in step.takes] if own is not None else []
        first = next((t.product for t in takes if t.product not in finished and t.buffer not in stocked), "")
        return f"`{name}` itself takes `{first}`, which is not there first" if first else f"no `{name}` comes out first"
    wholes = [p.id for p in products if any(g.product == name for r in p.routes for s in r for g in s.gives)]
    if wholes:
        return f"`{name}` only comes out of `{wholes[0]}`, which nobody orders"
    return f"nobody orders, delivers or gives `{name}`"
