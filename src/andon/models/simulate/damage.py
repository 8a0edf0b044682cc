"""Jobs that come damaged, as a site and its scenarios state them: how many, when, and what it takes."""

from __future__ import annotations

from collections.abc import Iterator

from andon.site.floor import Product
from andon.site.model import Site
from andon.site.stops import Disturbance

KIND = "damaged-packaging"


def damage_at(site: Site, station: str) -> Disturbance | None:
    """What damage takes at a station; None where the site does not say."""
    return next((d for d in site.disturbances if d.kind == KIND and station in d.stations), None)


def shares(site: Site, station: str) -> list[tuple[int, float]]:
    """(from when, share of the jobs that come damaged), nanoseconds from the start; empty where none ever does.

    A scenario replaces the stated share while it lasts; of several at the same time the largest holds.
    """
    stated = damage_at(site, station)
    if stated is None:
        return []
    spells = [
        (round(s.from_s * 1e9), round((s.from_s + s.for_s) * 1e9), s.amount)
        for s in site.scenarios
        if s.kind == KIND and s.what == station
    ]
    if not spells and stated.share == 0.0:
        return []
    edges = sorted({0, *(t for begin, end, _ in spells for t in (begin, end) if t > 0)})
    return [(t, max((x for b, e, x in spells if b <= t < e), default=stated.share)) for t in edges]


def damaged_ways(site: Site, product: Product) -> Iterator[tuple[str, str]]:
    """Every pair of stations such that a damaged job of the product may go from the one to the other."""
    for route in product.routes:
        for here in {v.station for step in route for v in step.places}:
            stated = damage_at(site, here)
            for outcome in stated.outcomes if stated is not None else ():
                yield from ((here, v.station) for step in route if step.called == outcome.to for v in step.places)
