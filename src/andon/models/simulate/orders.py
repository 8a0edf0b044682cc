"""What becomes of orders: when they are complete, how late, with which probability on time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.rows import Rows
from andon.models.simulate.spread import Spread, spread


@dataclass(frozen=True)
class OrderDue:
    """One order, and whether it will be on time."""

    product: str
    number: int
    """1: the oldest of its product's in the book at the start; its place in the book where orders have names."""
    on_time: float
    """Probability, NaN where no future within the horizon says; the age of an order without a name is assumed."""
    complete_h: Spread
    """Hours until its last job is finished, over the futures in which it is within the horizon."""
    order: str = ""
    """Its name, where orders.csv gives it one."""
    due_h: float = 0.0
    """Hours until it is due."""
    lateness_h: Spread | None = None
    """Hours from due to complete, below 0 when it is early; over the same futures."""
    tardiness_h: Spread | None = None
    """Lateness, but 0 when it is early. An order that is open at the end is taken as complete then: a lower bound."""

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "order": self.order,
            "product": self.product,
            "number": self.number,
            "due_h": self.due_h,
            "on_time": self.on_time if math.isfinite(self.on_time) else None,
            "complete_h": self.complete_h.as_json(),
            "lateness_h": self.lateness_h.as_json() if self.lateness_h is not None else None,
            "tardiness_h": self.tardiness_h.as_json() if self.tardiness_h is not None else None,
        }


def orders_due(rows: Rows) -> tuple[OrderDue, ...]:
    """The orders with names that come within the horizon, and the others that were open at the start."""
    return (*_named(rows), *_counted(rows))


def _named(rows: Rows) -> list[OrderDue]:
    found = []
    for number, b in enumerate(rows.image.book):
        if not rows.booked_open(number).any():
            continue
        finish = rows.booked_finish_s(number)
        due_s = b.due_ns / 1e9
        late_h = (np.minimum(finish, rows.image.options.horizon_ns / 1e9) - due_s) / 3600.0
        hours = np.where(np.isfinite(finish), finish / 3600.0, np.nan)
        found.append(
            OrderDue(
                b.order.product,
                number + 1,
                _on_time(finish, due_s, rows.image.options.horizon_ns / 1e9),
                spread("complete", "h", hours),
                b.order.order,
                due_s / 3600.0,
                spread("lateness", "h", hours - due_s / 3600.0),
                spread("tardiness", "h", np.maximum(late_h, 0.0)),
            )
        )
    return sorted(found, key=lambda o: (o.due_h, o.order))


def unreleased(rows: Rows) -> tuple[str, ...]:
    """A sentence where nothing of the order book may be released before the horizon ends."""
    orders = rows.image.site.orders
    if not orders or rows.image.book or rows.image.site.demand:
        return ()
    first = min((o for o in orders if o.release), key=lambda o: o.release or "", default=None)
    if first is None:
        return ()
    hours = rows.image.options.horizon_ns / 3.6e12
    what = f"no order of orders.csv may be released within the horizon of {hours:g} h"
    return (f"{what}, the first one is `{first.order}` at {first.release}; look for longer",)


def _on_time(finish: np.ndarray, due_s: float, horizon_s: float) -> float:
    """Share of on time among the futures in which that is known: it is complete, or was due within the horizon."""
    known = np.isfinite(finish) | (due_s <= horizon_s)
    return float(np.mean(finish[known] <= due_s)) if known.any() else math.nan


def _counted(rows: Rows) -> list[OrderDue]:
    memory = rows.image.memory
    table = int(memory[at.INITIAL])
    counts = dict.fromkeys(rows.image.products, 0)
    found = []
    for i in range(int(memory[at.INITIAL_N])):
        entry = memory[table + i * (1 + at.ORDER_WORDS) : table + (i + 1) * (1 + at.ORDER_WORDS)]
        index = (int(entry[0]) - int(memory[at.PRODUCTS])) // at.PRODUCT_WORDS
        product = rows.image.products[index]
        number = counts[product]
        counts[product] += 1
        if number >= at.FINISH_MAX:
            continue
        finish = rows.finish_s(index, number)
        due_s = int(entry[1 + at.ORDER_DUE]) / 1e9
        hours = np.where(np.isfinite(finish), finish / 3600.0, np.nan)
        on_time = float(np.mean(finish <= due_s))
        found.append(OrderDue(product, number + 1, on_time, spread("complete", "h", hours), due_h=due_s / 3600.0))
    return found
