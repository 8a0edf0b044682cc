"""Lots and buffers without places: stations that form and split lots that come to them; what needs jobs that wait."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from andon.site.draft import Draft
from andon.site.floor import Product, Station
from andon.site.lots import arriving, misplaced
from andon.site.problems import Problem
from andon.site.shape import Item


def check(made: Draft) -> Iterator[Problem]:
    """What stations and buffers say about lots and places."""
    stations = {i.part.id: i.part for i in made.all("station") if isinstance(i.part, Station)}
    parts = [i.part for i in made.all("product") if isinstance(i.part, Product)]
    taken = {t.product for p in parts for route in p.routes for step in route for t in step.takes}
    lots: set[str] = set()
    for item in made.all("product"):
        if not isinstance(item.part, Product):
            continue
        for n, route in enumerate(item.part.routes):
            at = ("route",) if n == 0 else ("other_routes", n - 1, "route")
            for wrong in misplaced(item.part, route, stations, component=item.part.id in taken):
                yield item.problem((*at, wrong.step), wrong.why, wrong.what_to_do)
            sizes = arriving(route, stations)
            lots |= {v.station for step, n in zip(route, sizes, strict=False) if n > 1 for v in step.places}
    for item in made.all("station"):
        if isinstance(item.part, Station):
            yield from _station(made, item, item.part, lots)
    for item in made.all("buffer"):
        yield from _shelf(made, item)


def _station(made: Draft, item: Item, station: Station, lots: set[str]) -> Iterator[Problem]:
    if station.lot and station.batch == 1:
        yield item.problem(
            ("lot",), f"{item.label} forms lots of its loads, and a load is one job", "give it a `batch`"
        )
    if station.lot and station.split is not None:
        yield item.problem(("split",), f"{item.label} has `lot` and `split`", "split lots at another station")
    elif station.split is not None and station.id not in lots and not made.unread & {"product"}:
        yield item.problem(
            ("split",), f"no lots come to {item.label}, which splits them", "give a station before it `lot`"
        )
    buffer = made.ids("buffer").get(station.buffer)
    if buffer is None or buffer.part is None:
        return
    ranked = buffer.get("discipline") == "priority"
    if ranked and "dispatch" in item.raw:
        what = f"jobs in {buffer.label} stand by priority, and {item.label} dispatches by `{station.dispatch}`"
        yield item.problem(("dispatch",), what, "keep one of the two")
    if buffer.get("capacity") == 0:
        yield from _no_places(made, item, station, buffer)


def _no_places(made: Draft, item: Item, station: Station, buffer: Item) -> Iterator[Problem]:
    """What needs jobs that wait, at a station before which none can."""
    why = ""
    if station.batch > 1:
        why = f"`batch` {station.batch}: a load is put together from jobs that wait"
    elif station.dispatch != "fifo":
        why = f"`dispatch: {station.dispatch}`, which chooses among jobs that wait"
    elif buffer.get("discipline") != "fifo":
        why = f"a buffer with `discipline: {buffer.get('discipline')}`, which is for jobs that wait"
    elif station.id in _brought(made):
        why = "jobs that vehicles bring, which they set down there"
    if why:
        what = f"{buffer.label} has no places, and {item.label} has {why}"
        yield buffer.problem(("capacity",), what, "give it places")


def _brought(made: Draft) -> set[str]:
    """Stations to which vehicles bring jobs."""
    if not made.all("fleet"):
        return set()
    area = {i.id: i.get("area") for i in made.all("station")}
    belts = {(belt.get("start"), belt.get("end")) for belt in made.all("conveyor")}
    pairs: list[tuple[Any, Any]] = []
    for item in made.all("product"):
        for before, after in itertools.pairwise([_names(step) for step in _listed(item.raw.get("route"))]):
            pairs += itertools.product(before, after)
    return {b for a, b in pairs if area.get(a) != area.get(b) and (a, b) not in belts}


def _listed(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []


def _names(step: Any) -> list[Any]:
    """The station of a step as it is written, right or wrong, and the others."""
    return [place.get("station") for place in (step, *_listed(step.get("others")))] if isinstance(step, dict) else []


def _shelf(made: Draft, item: Item) -> Iterator[Problem]:
    """Components on a shelf are all alike."""
    shelves = {
        t.buffer
        for p in made.all("product")
        if isinstance(p.part, Product)
        for route in p.part.routes
        for step in route
        for t in step.takes
    }
    if item.id in shelves and item.get("discipline") == "lifo":
        what = f"{item.label} is for components, which are all alike, and has `discipline: lifo`"
        yield item.problem(("discipline",), what, "remove it, or use `priority` for the jobs that wait for them")
