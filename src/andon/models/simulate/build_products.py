"""Products, their routes and orders, written into an image."""

from __future__ import annotations

from andon.core.time import SECOND
from andon.models.simulate.build_conveyors import put_belts
from andon.models.simulate.build_flow import Graph
from andon.models.simulate.build_parts import put_deeds, put_shelves
from andon.models.simulate.builder import Builder
from andon.models.simulate.kernel import layout as at


def products(builder: Builder) -> None:
    """Each product's record, its route as linked steps, and its demand."""
    site, words = builder.site, builder.m.words
    ranks = _ranks(builder)
    put_shelves(builder)
    put_belts(builder)
    graphs: dict[str, Graph] = {}
    for i, product in enumerate(site.products):
        a = builder.product_at[i]
        graphs[product.id] = Graph(builder, product, a)
        graphs[product.id].write()
        words[a + at.RANK] = ranks[i]
    put_deeds(builder, graphs)
    builder.join_groups()
    for d in site.demand:
        a = builder.product_at[[p.id for p in site.products].index(d.product)]
        words[a + at.EVERY] = builder.reals.at[d.every]
        words[a + at.QUANTITY] = d.quantity
        words[a + at.DUE] = round(d.due_h * 3600) * SECOND
        words[a + at.REPLACES] = int(d.replace_scrap)


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
