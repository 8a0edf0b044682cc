"""Where jobs of a product may go, read off its routes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from andon.models.simulate.laws import Unrunnable
from andon.site.floor import Demand, OtherStation, Product, Step, Taken
from andon.site.model import Site


def follows(product: Product) -> Iterator[tuple[Step | OtherStation, Step | OtherStation]]:
    """Every pair of places such that a job of the product may go from the one to the other."""
    for route in product.routes:
        pairs = list(itertools.pairwise(route))
        pairs += [(s, t) for s in route for o in s.outcomes for t in route if t.called == o.to]
        for here, there in pairs:
            yield from itertools.product(here.places, there.places)


def after_parting(site: Site, product: Product, after: dict[str, set[str]]) -> None:
    """Add where the jobs go that its jobs are taken apart into, to the stations `after` each station."""
    begins = {p.id: {v.station for r in p.routes if r for v in r[0].places} for p in site.products}
    for step in steps_of(product):
        for given in step.gives:
            for visit in step.places:
                after[visit.station] |= begins[given.product]


def decides(product: Product) -> set[str]:
    """Stations that a job of the product leaves by more than one way."""
    found: set[str] = set()
    for route in product.routes:
        for step, after in itertools.zip_longest(route, route[1:]):
            if step.outcomes or (after is not None and after.others):
                found.update(v.station for v in step.places)
    return found


def streams(site: Site) -> list[tuple[Demand, ...]]:
    """Sources of orders: a demand by itself, or those that share a stream.

    Raises:
        Unrunnable: the shares of a stream do not add up to 1.
    """
    found: dict[str, list[Demand]] = {}
    for n, demand in enumerate(site.demand):
        found.setdefault(f"{n}" if demand.share is None else f"every {demand.every}", []).append(demand)
    for stream in found.values():
        total = sum(d.share or 0.0 for d in stream)
        if stream[0].share is not None and abs(total - 1.0) > 1e-6:
            raise Unrunnable(f"the shares of the orders every `{stream[0].every}` add up to {total:g}; make it 1")
    return [tuple(stream) for stream in found.values()]


def steps_of(product: Product) -> Iterator[Step]:
    """The steps of all its routes."""
    return itertools.chain.from_iterable(product.routes)


def shelves(site: Site) -> Iterator[tuple[Product, Step, Taken]]:
    """Everything that is taken: by which product, in which step, what from where."""
    for product in site.products:
        for step in steps_of(product):
            for taken in step.takes:
                yield product, step, taken


def components(site: Site) -> frozenset[str]:
    """Products that are built into others."""
    return frozenset(taken.product for _, _, taken in shelves(site))


def parting(site: Site) -> set[str]:
    """Stations where jobs are taken apart."""
    return {v.station for p in site.products for s in steps_of(p) if s.gives for v in s.places}


def kitting(site: Site) -> set[str]:
    """Stations where jobs wait for components."""
    return {v.station for p in site.products for s in steps_of(p) if s.takes for v in s.places}
