"""Where jobs of a product may go, read off its routes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from andon.models.simulate.laws import Unrunnable
from andon.site.floor import Demand, OtherStation, Product, Step, Taken
from andon.site.lots import arriving, misplaced
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


def carried_to(site: Site) -> set[str]:
    """Stations to which vehicles bring jobs: from another area, and no conveyor goes there."""
    area = {s.id: s.area for s in site.stations}
    belts = {(c.start, c.end) for c in site.conveyors}
    pairs = {(a.station, b.station) for p in site.products for a, b in follows(p)}
    begins = {p.id: {v.station for r in p.routes if r for v in r[0].places} for p in site.products}
    for product in site.products:
        for step in steps_of(product):
            pairs |= {(v.station, to) for g in step.gives for v in step.places for to in begins.get(g.product, ())}
    return {b for a, b in pairs if site.fleets and area.get(a) != area.get(b) and (a, b) not in belts}


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


def jobs_in_a_lot(site: Site) -> int:
    """The most jobs that flow as one anywhere.

    Raises:
        Unrunnable: lots come where single jobs are needed, or grow without end; loads of one job form lots.
    """
    stations = {s.id: s for s in site.stations}
    for s in site.stations:
        if s.lot and (s.batch == 1 or s.split is not None):
            why = "it processes jobs one by one" if s.batch == 1 else "has a `split`, too"
            raise Unrunnable(f"station `{s.id}` forms lots, and {why}; mend its `batch`, `lot` or `split`")
    if not any(s.lot for s in site.stations):
        return 1
    most = 1
    kept = components(site)
    for product in site.products:
        for route in product.routes:
            for wrong in misplaced(product, route, stations, component=product.id in kept):
                raise Unrunnable(f"{wrong.why}; {wrong.what_to_do}")
            most = max([most, *arriving(route, stations)])
    return most


def kitting(site: Site) -> set[str]:
    """Stations where jobs wait for components."""
    return {v.station for p in site.products for s in steps_of(p) if s.takes for v in s.places}
