"""Conveyors: they hold a job at least, lie between two stations that jobs go between, and are the only one there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from andon.site.draft import Draft
from andon.site.floor import Conveyor, Product
from andon.site.problems import Problem


def check(made: Draft) -> Iterator[Problem]:
    """Every conveyor that is otherwise right."""
    first: dict[tuple[str, str], Any] = {}
    goes = set(_pairs(made))
    whole = not made.unread & {"product"} and all(i.part is not None for i in made.all("product"))
    for item in made.all("conveyor"):
        belt = item.part
        if not isinstance(belt, Conveyor):
            continue
        if belt.spacing_m > belt.length_m:
            what = f"{item.label} is {belt.length_m:g} m long, and its jobs keep {belt.spacing_m:g} m apart"
            yield item.problem(("spacing_m",), what, "use a spacing that is not above the length")
        pair = (belt.start, belt.end)
        if pair in first:
            what = f"{item.label} goes from `{belt.start}` to `{belt.end}`, where {first[pair].label} goes already"
            yield item.problem(("end",), what, "remove one of them")
        first.setdefault(pair, item)
        if whole and pair not in goes and {*pair} <= set(made.ids("station")):
            what = f"no route goes from `{belt.start}` to `{belt.end}`, where {item.label} lies"
            yield item.problem((), what, "mend its ends, or remove it")


def _pairs(made: Draft) -> Iterator[tuple[str, str]]:
    """Stations such that a job may go from the one straight to the other."""
    for item in made.all("product"):
        if not isinstance(item.part, Product):
            continue
        for route in item.part.routes:
            for k, step in enumerate(route):
                after = [route[k + 1]] if k + 1 < len(route) else []
                after += [t for t in route for o in step.outcomes if t.called == o.to]
                yield from ((a.station, b.station) for a in step.places for t in after for b in t.places)
