"""Dispatch rules and the order book: what a rule goes by is declared, what is declared is used, times are times."""

from __future__ import annotations

from collections.abc import Iterator

from andon.site.check_calendar import minutes
from andon.site.draft import Draft
from andon.site.orders import wall_time
from andon.site.problems import Problem, shown
from andon.site.shape import Item

PRIORITY_MAX = 1000
LIMIT_MAX = 100_000


def check(made: Draft) -> Iterator[Problem]:
    """Everything about which job comes next."""
    for item in made.all("station"):
        yield from _dispatch(item)
        yield from _cards(made, item)
    if made.release is not None:
        yield from _release(made.release)
    for item in made.all("order"):
        yield from _order(item)


def _cards(made: Draft, item: Item) -> Iterator[Problem]:
    cards, buffer = item.get("cards"), made.ids("buffer").get(item.get("buffer") or "")
    places = buffer.get("capacity") if buffer is not None else None
    if cards is not None and places is not None and cards > places:
        what = f"{item.label} has {cards} cards and its buffer `{buffer.id if buffer else ''}` {places} places"
        yield item.problem(("cards",), what, "give the buffer a place for every card")


def _release(item: Item) -> Iterator[Problem]:
    for product, number in (item.get("wip_limits") or {}).items():
        if not 1 <= number <= LIMIT_MAX:
            what = f"`wip_limits` of product `{product}` is {number}"
            yield item.problem(("wip_limits", product), what, f"use a number from 1 to {LIMIT_MAX}")
    for place, clock in enumerate(item.get("times") or ()):
        if minutes(clock) is None:
            what = f"`times` of this release has {shown(clock)}"
            yield item.problem(("times", place), what, 'write a time of day as "HH:MM", 00:00 to 23:59')


def _order(item: Item) -> Iterator[Problem]:
    when = {}
    for name in ("due", "release"):
        text = item.values.get(name)
        if not text:
            continue
        when[name] = wall_time(text)
        if when[name] is None:
            what = f"`{name}` of {item.label} is {shown(text)}"
            yield item.problem((name,), what, "write a wall time as YYYY-MM-DD HH:MM")
    due, release = when.get("due"), when.get("release")
    if due is not None and release is not None and due < release:
        yield item.problem(("due",), f"{item.label} is due before it may be released", "give a later due time")


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
