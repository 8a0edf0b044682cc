"""Areas, stations, buffers, routes, fleets: what can be made here, what can move, and what nothing reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from andon.site.check_names import EACH, STEPS, walk
from andon.site.draft import Draft
from andon.site.floor import Product
from andon.site.problems import Problem, shown
from andon.site.shape import Item, Path
from andon.site.supply import begun

SIMULATE = "simulate"
PRODUCTS_SEQUENCED_MAX = 9


def check(made: Draft) -> Iterator[Problem]:
    """Everything about the floor and what moves on it."""
    for item in made.all("element"):
        yield from _inside(made, item)
    yield from _stations(made)
    yield from _shared(made, "machines", "machine")
    yield from _shared(made, "buffer", "buffer")
    yield from _unreached(made)
    for item in made.all("product"):
        yield from _route(made, item)
    for item in made.all("crew"):
        for shift, people in (item.get("size") or {}).items():
            if people < 0 or people > 10_000:
                what = f"crew {shown(item.id)} has {people} people in shift `{shift}`"
                yield item.problem(("size", shift), what, "use a number from 0 to 10000")
    yield from _orders(made)
    if made.release is not None:
        yield from _sequence(made, made.release)


def _inside(made: Draft, item: Item) -> Iterator[Problem]:
    area = made.ids("area").get(item.get("area") or "")
    x, y = item.values.get("x_m"), item.values.get("y_m")
    if area is None or area.part is None or x is None or y is None:
        return
    west, south = area.get("x_m"), area.get("y_m")
    east, north = west + area.get("width_m"), south + area.get("height_m")
    if west <= x <= east and south <= y <= north:
        return
    what = (
        f"{item.label} stands at {x:g}, {y:g}, outside area `{area.id}` ({west:g} to {east:g}, {south:g} to {north:g})"
    )
    place = "x_m" if not west <= x <= east else "y_m"
    mm = west <= x / 1000 <= east if place == "x_m" else south <= y / 1000 <= north
    yield item.problem(
        (place,), what, "write metres, this looks like millimetres" if mm else "move it, or name the area it is in"
    )


def _stations(made: Draft) -> Iterator[Problem]:
    areas, elements, crews = made.ids("area"), made.ids("element"), made.ids("crew")
    for item in made.all("station"):
        for place, name in walk(item.raw, ("machines", EACH)):
            element = elements.get(name) if isinstance(name, str) else None
            if element is None:
                continue
            kind = element.get("kind")
            if kind is not None and kind != "equipment":
                what = f"machine `{name}` of {item.label} is of kind `{kind}`"
                yield item.problem(place, what, "name an element of kind `equipment`, or change its kind")
            area, own = element.get("area"), item.get("area")
            if area and own and area != own and area in areas and own in areas:
                what = f"machine `{name}` of {item.label} stands in area `{area}`, the station in `{own}`"
                yield item.problem(place, what, "give both the same area")
        crew = crews.get(item.get("crew") or "")
        sizes = (crew.get("size") or {}) if crew else {"": 1}
        if crew is not None and crew.part is not None and not any(n > 0 for n in sizes.values()):
            what = f"{item.label} needs crew `{crew.id}`, which has nobody in any shift"
            yield item.problem(("crew",), what, f"give crew `{crew.id}` people in a shift")
        setup, who = item.get("setup"), item.get("crew_for")
        if item.part is not None and item.get("crew") and who == "setup" and setup is None:
            what = f"{item.label} holds its crew for set-up and has no `setup`"
            yield item.problem(("crew_for",), what, "name a set-up time, or use `crew_for: processing`")


def _shared(made: Draft, key: str, noun: str) -> Iterator[Problem]:
    """A machine or a buffer that two stations claim."""
    first: dict[str, Item] = {}
    for item in made.all("station"):
        path = (key, EACH) if key == "machines" else (key,)
        for place, name in walk(item.raw, path):
            if not isinstance(name, str):
                continue
            if name in first:
                other = first[name]
                again = "twice" if other is item else f"and of {other.label} (line {other.line})"
                what = f"{noun} {shown(name)} is of {item.label} {again}"
                yield item.problem(place, what, f"give each {noun} one station")
            else:
                first[name] = item


def _unreached(made: Draft) -> Iterator[Problem]:
    if not made.unread & {"product"}:
        used = {name for path in STEPS for name in _named(made, "product", (*path, "station"))}
        for item in made.all("station"):
            if item.id and item.id not in used:
                yield item.problem((), f"no route uses {item.label}", "add it to a route or remove it")
    if not made.unread & {"station"}:
        used = _named(made, "station", ("buffer",)) | _named(made, "product", ("route", EACH, "takes", EACH, "buffer"))
        used |= _named(made, "product", ("other_routes", EACH, "route", EACH, "takes", EACH, "buffer"))
        for item in made.all("buffer"):
            if item.id and item.id not in used:
                yield item.problem((), f"no station uses {item.label}", "name it as `buffer` of a station or remove it")


def _named(made: Draft, noun: str, path: Path) -> set[str]:
    """Every name that stands under `path` in any part of a section."""
    return {n for i in made.all(noun) for _, n in walk(i.raw, path) if isinstance(n, str)}


def simulates(made: Draft) -> bool:
    """Whether a use asks for simulation, or nobody can tell; a floor in two files is there for nothing else."""
    wanted = any(SIMULATE in n for i in made.all("use") for _, n in walk(i.raw, ("models", EACH)) if isinstance(n, str))
    return wanted or not made.runs or "use" in made.unread


def _route(made: Draft, item: Item) -> Iterator[Problem]:
    stations = made.ids("station")
    steps: list[Any] = item.raw["route"] if isinstance(item.raw.get("route"), list) else []
    before: Item | None = None
    for place, step in enumerate(steps):
        if not isinstance(step, dict):
            before = None
            continue
        time, curve, where = step.get("time"), step.get("curve"), step.get("station")
        name = f"step {place + 1} of {item.label}"
        if time is not None and curve is not None:
            yield item.problem(("route", place, "curve"), f"{name} has a `time` and a `curve`", "keep one of them")
        if time is None and curve is None and simulates(made):
            yield item.problem(
                ("route", place), f"{name} has no `time` and no `curve`", "name one, since simulation needs it"
            )
        station = stations.get(where) if isinstance(where, str) else None
        if station is not None and curve is not None and station.part is not None and station.get("setpoint") is None:
            what = f"{name} takes its time from a curve, and station `{where}` has no `setpoint` property"
            yield item.problem(("route", place, "curve"), what, f"add `setpoint:` to station `{where}`, or use `time`")
        if station is not None and before is not None:
            yield from _carried(made, item, place, before, station)
        before = station


def _carried(made: Draft, item: Item, place: int, before: Item, station: Item) -> Iterator[Problem]:
    start, end = before.get("area"), station.get("area")
    belts = {(belt.get("start"), belt.get("end")) for belt in made.all("conveyor")}
    if (before.id, station.id) in belts:
        return
    if start and end and start != end and not made.all("fleet") and "fleet" not in made.unread:
        what = f"step {place + 1} of {item.label} goes from area `{start}` to `{end}`, and no fleet carries jobs"
        yield item.problem(("route", place), what, "declare a fleet under `fleets`")


def _sequence(made: Draft, release: Item) -> Iterator[Problem]:
    """The release sequence is an integer with one digit a product."""
    name = release.values.get("sequence_signal")
    signal = made.ids("signal").get(name or "")
    if signal is not None and signal.get("type") not in {"int", None}:
        what = f"`sequence_signal` `{name}` is of type `{signal.get('type')}`"
        yield release.problem(("sequence_signal",), what, "name a signal of type `int`")
    if name and len(made.all("product")) > PRODUCTS_SEQUENCED_MAX:
        what = f"`sequence_signal` orders {len(made.all('product'))} products with one digit each"
        yield release.problem(
            ("sequence_signal",), what, f"use at most {PRODUCTS_SEQUENCED_MAX} products, or remove it"
        )


def _orders(made: Draft) -> Iterator[Problem]:
    """Notes: a product that nobody orders, and that comes out of no other that somebody does."""
    wanted = [*made.all("demand"), *made.all("order")]
    if made.unread & {"demand", "order"} or not wanted:
        return
    ordered = {name for i in wanted if isinstance(name := i.raw.get("product"), str)}
    ordered |= begun([i.part for i in made.all("product") if isinstance(i.part, Product)], ordered)
    for item in made.all("product"):
        if item.id and item.id not in ordered:
            yield Problem(item.section.file, item.line, f"nobody orders {item.label}", "add it to `demand`", "note")
