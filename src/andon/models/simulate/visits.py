"""How often a job of a product comes to each of its steps on average: rework, scrap, other routes included."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from andon.site.floor import Product, Step

MASS_LEFT = 1e-9
"""Share of the jobs that is still on its way when following them ends."""
PASSES_MAX = 5_000
"""Steps that are followed; a job that is still there then never leaves."""


@dataclass(frozen=True)
class Visits:
    """Mean number of visits by one job that is started; infinite where jobs never leave."""

    steps: tuple[tuple[Step, float], ...]
    scrap: float
    """Share of the jobs that end as scrap."""


def expected_visits(product: Product) -> Visits:
    """Follow the jobs of a product through its routes, share by share."""
    own = 1.0 - sum(other.share for other in product.other_routes)
    found: list[tuple[Step, float]] = []
    scrap = 0.0
    for share, route in ((own, product.route), *((o.share, o.route) for o in product.other_routes)):
        counts, lost = _follow(route) if route else ([], 0.0)
        found += [(step, share * n) for step, n in zip(route, counts, strict=True)]
        scrap += share * lost
    return Visits(tuple(found), min(scrap, 1.0))


State = tuple[int, tuple[int, ...]]
"""A step's number, and how often the job was sent back by each outcome that counts."""


def _follow(route: tuple[Step, ...]) -> tuple[list[float], float]:
    """Visits by step and share of scrap of jobs that begin at the route's first step."""
    counting = [(k, i) for k, step in enumerate(route) for i, o in enumerate(step.outcomes) if o.at_most is not None]
    visits = [0.0] * len(route)
    scrap = 0.0
    here: dict[State, float] = {(0, (0,) * len(counting)): 1.0}
    for _ in range(PASSES_MAX):
        after: dict[State, float] = {}
        for state, mass in here.items():
            visits[state[0]] += mass
            for share, to in _ends(route, state, counting):
                if to == "scrap":
                    scrap += mass * share
                elif not isinstance(to, str):
                    after[to] = after.get(to, 0.0) + mass * share
        here = after
        if sum(here.values()) < MASS_LEFT:
            return visits, scrap
    for step, _ in here:
        visits[step] = math.inf
    return visits, scrap


def _ends(
    route: tuple[Step, ...], state: State, counting: list[tuple[int, int]]
) -> Iterator[tuple[float, State | str]]:
    """Where a job goes from a step, with which share: another state, `scrap` or `done`."""
    number, sent = state
    left = 1.0
    for i, outcome in enumerate(route[number].outcomes):
        left -= outcome.share
        if outcome.to in {"scrap", "done"}:
            yield outcome.share, outcome.to
            continue
        target = next((k for k, step in enumerate(route) if step.called == outcome.to), None)
        if target is None:
            yield outcome.share, "done"
        elif outcome.at_most is None:
            yield outcome.share, (target, sent)
        else:
            c = counting.index((number, i))
            if sent[c] >= outcome.at_most:
                yield outcome.share, "scrap"
            else:
                yield outcome.share, (target, (*sent[:c], sent[c] + 1, *sent[c + 1 :]))
    yield max(left, 0.0), (number + 1, sent) if number + 1 < len(route) else "done"
