"""Whether enough components come for what takes them: by the pattern of demand in the long run, or by the orders."""

from __future__ import annotations

from andon.models.simulate.week import Week
from andon.site.floor import Product, Step, Taken
from andon.site.model import Site

ENOUGH = 0.9995
"""A share of what is needed from here on counts as all of it."""


def shortages(site: Site, week: Week) -> list[str]:
    """One sentence for each component of which fewer come than are taken, with its buffer and who waits."""
    booked = {p.id: sum(o.quantity for o in site.orders if o.product == p.id) for p in site.products}
    takers: dict[tuple[str, str], list[tuple[Product, Step, Taken]]] = {}
    for product in site.products:
        for route in product.routes:
            for step in route:
                for taken in step.takes:
                    takers.setdefault((taken.product, taken.buffer), []).append((product, step, taken))
    parts = {p.id: p for p in site.products}
    found = []
    for (name, buffer), uses in takers.items():
        part = parts.get(name)
        if part is None:
            continue
        visits = {id(s): n for p in site.products for s, n in week.visits[p.id].steps}
        good = 1.0 - week.visits[name].scrap
        hours = week.open_s / 3600.0
        come = week.jobs(part) * good
        need = sum(week.jobs(p) * visits[id(s)] * t.quantity for p, s, t in uses)
        each, unit = (hours, "an hour") if hours > 0 else (1.0, "a week")
        if need <= 0 and not come:
            come = booked[name] * good
            need = sum(booked[p.id] * visits[id(s)] * t.quantity for p, s, t in uses)
            each, unit = 1.0, "in all"
        if need <= 0 or come >= ENOUGH * need or (booked[name] and unit != "in all"):
            continue
        product, step, _ = uses[0]
        found.append(
            f"`{product.id}` takes {need / each:.3g} `{name}` {unit} off `{buffer}`, and {come / each:.3g} come, so"
            f" jobs wait for parts at station `{step.station}`; order more `{name}` or fewer `{product.id}`"
        )
    return found
