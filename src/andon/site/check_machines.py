"""What stations say of their machines beyond the plain cycle: set-ups by product, energy."""

from __future__ import annotations

from collections.abc import Iterator

from andon.site.draft import Draft
from andon.site.problems import Problem
from andon.site.shape import Item

POWER_KW_MAX = 100_000


def check(made: Draft) -> Iterator[Problem]:
    """Everything about how machines behave."""
    yield from _setups(made)
    for item in made.all("station"):
        yield from _energy(item)


def _setups(made: Draft) -> Iterator[Problem]:
    """One row a change, and a law to scale."""
    stations = made.ids("station")
    first: dict[tuple[object, ...], int] = {}
    for item in made.all("set-up"):
        change = tuple(item.values.get(n) for n in ("station", "from_product", "to_product"))
        station = stations.get(str(change[0]))
        if station is not None and station.part is not None and station.get("setup") is None:
            what = f"station `{change[0]}` has set-up times here and no `setup` law"
            yield item.problem((), what, f"add `setup:` to station `{change[0]}`; its law is scaled to these means")
        if None in change:
            continue
        if change in first:
            what = f"the set-up of `{change[0]}` from `{change[1]}` to `{change[2]}` stands twice"
            yield item.problem((), what, f"keep one of lines {first[change]} and {item.line}")
        first.setdefault(change, item.line)


def _energy(item: Item) -> Iterator[Problem]:
    for state, power in (item.get("energy_kw") or {}).items():
        if not 0 <= power <= POWER_KW_MAX:
            what = f"`energy_kw` of {item.label} is {power:g} kW in state `{state}`"
            yield item.problem(("energy_kw", state), what, f"use a number from 0 to {POWER_KW_MAX}")
