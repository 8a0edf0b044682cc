"""Products, their routes and orders, written into an image."""

from __future__ import annotations

from andon.core.time import SECOND
from andon.models.simulate.builder import Builder
from andon.models.simulate.kernel import layout as at
from andon.site.floor import Curve


def products(builder: Builder) -> None:
    """Each product's record, its route as linked steps, and its demand."""
    site, words = builder.site, builder.m.words
    station_index = {s.id: i for i, s in enumerate(site.stations)}
    curve_index = {c.id: i for i, c in enumerate(site.curves)}
    ranks = _ranks(builder)
    for i, product in enumerate(site.products):
        a = builder.product_at[i]
        route: list[int] = []
        for step in product.route:
            k = station_index[step.station]
            curve = site.curves[curve_index[step.curve]] if step.curve else None
            law = _paced(builder, step.time, step.station) if step.time else _spread(builder, curve)
            route += [builder.store_at[k], law, curve_index[curve.id] if curve else -1, k]
            route += [0] * (at.STEP_WORDS - 4)
        words[a + at.ROUTE] = first = builder.m.put(0, route)
        for number in range(len(product.route)):
            here = first + number * at.STEP_WORDS
            words[here + at.NEXT_STEP] = here + at.STEP_WORDS if number + 1 < len(product.route) else 0
            words[here + at.STEP_NUMBER] = number
        words[a + at.ROUTE_N] = len(product.route)
        words[a + at.FIRST] = builder.store_at[station_index[product.route[0].station]]
        words[a + at.RANK] = ranks[i]
    for d in site.demand:
        a = builder.product_at[[p.id for p in site.products].index(d.product)]
        words[a + at.EVERY] = builder.reals.at[d.every]
        words[a + at.QUANTITY] = d.quantity
        words[a + at.DUE] = round(d.due_h * 3600) * SECOND


def _paced(builder: Builder, name: str, station: str) -> int:
    """Where the distribution of a time at a station stands; where it is asked to be faster, a copy of it is."""
    law, pace = builder.reals.at[name], builder.asked.pace.get(station, 1.0)
    if pace != 1.0:
        builder.f += builder.f[law : law + at.DIST_WORDS]
        law = len(builder.f) - at.DIST_WORDS
        builder.f[law + at.SCALE] *= pace
    return law


def _spread(builder: Builder, curve: Curve | None) -> int:
    return builder.reals.at[curve.spread] if curve is not None and curve.spread else builder.reals.one


def _ranks(builder: Builder) -> list[int]:
    n = len(builder.site.products)
    code = builder.asked.sequence
    if code is None and builder.live is not None:
        code = builder.live.sequence
    if code is None:
        return list(range(n))
    digits = [int(c) - 1 for c in str(code)]
    order = [d for d in digits if 0 <= d < n]
    order += [i for i in range(n) if i not in order]
    return [order.index(i) for i in range(n)]
