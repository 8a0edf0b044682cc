"""The orders of orders.csv as a run sees them: which come when, and what of them waits at the beginning."""

from __future__ import annotations

from dataclasses import dataclass, replace

from andon.models.simulate.calendar import moment_ns
from andon.models.simulate.live import LiveState
from andon.site.model import Site
from andon.site.orders import Order


@dataclass(frozen=True, slots=True)
class Booked:
    """One order of the book as a run sees it; nanoseconds from the run's beginning."""

    order: Order
    product: int
    came_ns: int
    due_ns: int
    priority: int
    out: int
    """Jobs to release."""

    @property
    def rank(self) -> tuple[int, int, str]:
        """What the release desk goes by within a product."""
        return self.priority, self.came_ns, self.order.order


def booked(site: Site, live: LiveState | None, start_ns: int, horizon_ns: int) -> tuple[Booked, ...]:
    """The orders of the book that come within the horizon, by when they come.

    From a live state, the jobs that are seen to wait are the last ones of the orders whose release has passed; the
    others are on the floor or finished.
    """
    number = {p.id: i for i, p in enumerate(site.products)}
    found = []
    for order in site.orders:
        product = site.products[number[order.product]]
        came_ns = moment_ns(site, order.release) - start_ns if order.release else 0
        came_ns = came_ns if live is not None else max(came_ns, 0)
        due_ns = moment_ns(site, order.due) - start_ns
        priority = order.priority or product.priority
        if came_ns <= horizon_ns:
            found.append(Booked(order, number[product.id], came_ns, due_ns, priority, order.quantity))
    if live is not None:
        found = [b for product in site.products for b in _waiting(found, number[product.id], live, product.id)]
    return tuple(sorted(found, key=lambda b: (b.came_ns, b.order.order)))


def _waiting(found: list[Booked], number: int, live: LiveState, product: str) -> list[Booked]:
    """The product's orders, with what of those that have come is still to be released."""
    mine = [b for b in found if b.product == number]
    left = live.waiting.get(product, 0)
    out = []
    for b in sorted((b for b in mine if b.came_ns <= 0), key=lambda b: b.rank, reverse=True):
        out.append(replace(b, out=min(left, b.order.quantity)))
        left -= out[-1].out
    return out + [b for b in mine if b.came_ns > 0]


def waiting_otherwise(live: LiveState, book: tuple[Booked, ...], site: Site) -> LiveState:
    """The state without the waiting jobs that belong to the book: the others are of the pattern of demand."""
    waiting = dict(live.waiting)
    for b in book:
        if b.came_ns <= 0:
            waiting[b.order.product] = waiting.get(b.order.product, 0) - b.out
    patterned = {d.product for d in site.demand}
    return replace(live, waiting={p: n for p, n in waiting.items() if p in patterned})
