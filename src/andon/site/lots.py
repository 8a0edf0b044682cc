"""How many jobs come to a step as one: lots that stations form of their loads, and split again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from andon.site.floor import Product, Station, Step

LOT_MAX = 10_000
"""Jobs in a lot at most; more means that lots come back and form ever larger ones."""


def leaving(station: Station | None, jobs: int) -> int:
    """Jobs in the lots that leave a station to which lots of so many jobs come, at most."""
    if station is None:
        return jobs
    if station.lot:
        return min(jobs * station.batch, LOT_MAX + 1)
    return min(jobs, station.split or jobs)


def arriving(route: Sequence[Step], stations: Mapping[str, Station]) -> list[int]:
    """Jobs in the lots that come to each step of a route, at most; the last number is of those that end it."""
    found = [1] * (len(route) + 1)
    called = {step.called: k for k, step in enumerate(route)}
    changed = True
    while changed:
        changed = False
        for k, step in enumerate(route):
            most = max(leaving(stations.get(place.station), found[k]) for place in step.places)
            for to in (k + 1, *(called.get(o.to, len(route)) for o in step.outcomes)):
                if found[to] < most:
                    found[to], changed = most, True
    return found


@dataclass(frozen=True)
class Misplaced:
    """A lot that comes where only single jobs can."""

    step: int
    """Of the route, from 0."""
    why: str
    what_to_do: str


def misplaced(
    product: Product, route: Sequence[Step], stations: Mapping[str, Station], *, component: bool
) -> Iterator[Misplaced]:
    """What is wrong with the lots of a route. `component`: its jobs end on a shelf."""
    found = arriving(route, stations)
    split = "split them before, with `split: 1` of a station"
    for k, (step, jobs) in enumerate(zip(route, found, strict=False)):
        if jobs > LOT_MAX:
            yield Misplaced(k, f"lots of `{product.id}` come back to `{step.station}` and grow without end", split)
            return
        if jobs > 1 and (step.takes or step.gives):
            word = "assembled" if step.takes else "taken apart"
            yield Misplaced(k, f"`{product.id}` comes to `{step.station}` in lots, and is {word} there singly", split)
    if found[-1] > 1 and component:
        yield Misplaced(len(route) - 1, f"`{product.id}` comes to its shelf in lots, and is kept there singly", split)
