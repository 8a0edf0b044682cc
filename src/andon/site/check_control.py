"""Dispatch rules: what each of them goes by is declared, and what is declared is used."""

from __future__ import annotations

from collections.abc import Iterator

from andon.site.draft import Draft
from andon.site.problems import Problem
from andon.site.shape import Item

PRIORITY_MAX = 1000


def check(made: Draft) -> Iterator[Problem]:
    """Everything about which job comes next."""
    for item in made.all("station"):
        yield from _dispatch(item)


def _dispatch(item: Item) -> Iterator[Problem]:
    rule, priorities = item.get("dispatch"), item.get("priorities") or {}
    if item.part is not None and rule == "setup-minimising" and item.get("setup") is None:
        what = f"{item.label} avoids set-ups and has no `setup`"
        yield item.problem(("dispatch",), what, "name a set-up time, or use another rule")
    if item.part is not None and priorities and rule != "priority":
        what = f"{item.label} has `priorities` and dispatches by `{rule}`"
        yield item.problem(("priorities",), what, "write `dispatch: priority`, or remove them")
    for product, number in priorities.items():
        if not 1 <= number <= PRIORITY_MAX:
            what = f"product `{product}` has priority {number} at {item.label}"
            yield item.problem(("priorities", product), what, f"use a number from 1 (first) to {PRIORITY_MAX}")
