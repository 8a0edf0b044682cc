"""Forecasts of the units that are still to come, and how far they may be believed: accurate, fragile or guessing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from andon.models.fit.estimate import Estimate
from andon.models.fit.plan import Settings

Mark = Literal["accurate", "fragile", "guessing"]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
NOT_REPRESENTED = (
    "a change of the program after the units that were looked at",
    "rework by other programs, and parts made between the logs",
    "nights and weekends: staffed time is forecast, not a date",
    "which interruptions hang together (one cause that stops several units)",
)


@dataclass(frozen=True, slots=True)
class Interval:
    """The 50 % and 90 % prediction intervals of one quantity, and its median, in seconds."""

    low90: float
    low50: float
    median: float
    high50: float
    high90: float

    def inside90(self, value: float) -> bool:
        """Whether the 90 % interval holds the value."""
        return self.low90 <= value <= self.high90

    def inside50(self, value: float) -> bool:
        """Whether the 50 % interval holds it."""
        return self.low50 <= value <= self.high50

    def as_json(self) -> dict[str, float]:
        """Rounded to a tenth of a second."""
        names = ("low90", "low50", "median", "high50", "high90")
        return {name: round(float(getattr(self, name)), 1) for name in names}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is said about the units still to come, before any of them is looked at."""

    mark: Mark
    why: tuple[str, ...]
    """What speaks against more trust; empty when accurate."""
    cycle: Interval | None
    """Time of each unit's cycle, start to completion; None when the first units show none."""
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason to trust a forecast less, judged on the first units alone."""

    name: str
    mark: Mark
    found: Callable[[Estimate, Interval, Settings], str | None]


def _few(e: Estimate, _: Interval, __: Settings) -> str | None:
    n = len(e.cycles)
    return f"only {n} of the first units {'is a cycle' if n == 1 else 'are cycles'}" if n < 3 else None


def _changing(e: Estimate, _: Interval, __: Settings) -> str | None:
    names = {c.program for c in e.cycles if c.program is not None}
    return f"{len(names)} programs in {len(e.cycles)} units: the next one's is not known" if e.changing else None


def _new(e: Estimate, _: Interval, __: Settings) -> str | None:
    if e.changing or len(e.present) > 1:
        return None
    return f"the program as it now is (it ends at block {e.present[-1].last_block}) was run once"


def _recent(e: Estimate, _: Interval, s: Settings) -> str | None:
    n = len(e.present)
    if e.changing or n == 1 or n >= s.same_program_min:
        return None
    return f"the program as it now is was run {n} times; {s.same_program_min} tell a spread"


def _lost(e: Estimate, _: Interval, s: Settings) -> str | None:
    share = e.lost_share
    if share <= s.lost_share_max:
        return None
    return (
        f"interruptions took {share:.0%} of the first units' time, more than {s.lost_share_max:.0%}: "
        "the forecast leans on how they are assumed"
    )


def _wide(_: Estimate, i: Interval, s: Settings) -> str | None:
    share = (i.high90 - i.low90) / i.median
    return (
        f"the 90 % interval is {share:.0%} of its median, more than {s.width_max:.0%}" if share > s.width_max else None
    )


DOUBTS: tuple[Doubt, ...] = (
    Doubt("few-cycles", "guessing", _few),
    Doubt("changing-programs", "guessing", _changing),
    Doubt("new-program", "guessing", _new),
    Doubt("recent-program", "fragile", _recent),
    Doubt("interruptions", "fragile", _lost),
    Doubt("wide", "fragile", _wide),
)
"""Every one is tried; the worst mark counts. None of them sees a held-back unit: they are not among the arguments."""
WORSE: dict[Mark, int] = {"accurate": 0, "fragile": 1, "guessing": 2}


def forecast(estimate: Estimate | None, settings: Settings) -> Forecast:
    """The forecast of each unit still to come, marked. Without an estimate there is only a guess, and it says so."""
    if estimate is None:
        return Forecast("guessing", ("none of the first units is a cycle",), None, None)
    interval = Interval(*estimate.quantiles(LEVELS))
    mark: Mark = "accurate"
    why: list[str] = []
    for doubt in DOUBTS:
        sentence = doubt.found(estimate, interval, settings)
        if sentence is not None:
            why.append(sentence)
            mark = max(mark, doubt.mark, key=WORSE.__getitem__)
    return Forecast(mark, tuple(why), interval, estimate)


def finish(estimate: Estimate, units: int, settings: Settings, seed: tuple[int, ...]) -> Interval:
    """Staffed seconds that `units` more units take, by simulation: assumptions once a replication, events within it."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    draws = estimate.finish_draws(rng, settings.replications, units)
    return Interval(*(float(q) for q in np.quantile(draws, LEVELS)))
