"""Machine time, interruptions and hand work of one operation as separate assumptions, from its first units only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from andon.models.fit.cycles import Cycle
from andon.models.fit.plan import Settings
from andon.models.fit.spread import Floats, Prior, Spread, weighted_quantiles

POINTS = 300
REPEATABILITY = 0.003
"""Median of the prior on a program's spread, as a share of its time: axes and tool changes repeat, hands do not."""
POLL_S = 0.15
"""Period at which these adapters poll; nothing can be told apart more finely."""
INTERRUPTED_PRIOR = (0.5, 4.5)
"""Beta prior of a cycle being interrupted: one in ten, worth five cycles."""
INTERRUPTION_PRIOR = Prior(scale=1.0, scale_log_sd=0.5, location=math.log(120.0), location_sd=1.5)
"""Logarithm of an interruption's seconds: minutes, give or take a factor of twenty, one long among many short."""
HAND_PRIOR = Prior(scale=0.8, scale_log_sd=0.5, location=math.log(300.0), location_sd=2.0)
"""Logarithm of the seconds between a completion and the next start: unloading, loading, whatever else people do."""
HAND_LEAST_S = 5.0


@dataclass(frozen=True)
class Estimate:
    """What the first units of one operation say. Everything that a forecast or a mark may look at is in here."""

    cycles: tuple[Cycle, ...]
    """Routine cycles among the first units, in order of unit; not empty."""
    present: tuple[Cycle, ...]
    """Those made with the program as it is at the last of them: same name where named, same number of blocks."""
    changing: bool
    """Every unit ran a program of its own, so that there is no program as it is."""
    hand_s: tuple[float, ...]
    """Seconds of staffed time between one unit's completion and the next one's start."""
    machine: Spread
    interruption: Spread
    hand: Spread
    longest_s: float
    """No interruption is longer: beyond it nobody attends, and the log is set aside."""

    @property
    def interrupted(self) -> int:
        """How many of the first units' cycles were interrupted."""
        return sum(c.interrupted_s > 0 for c in self.cycles)

    @property
    def chance(self) -> tuple[float, float]:
        """Parameters of the Beta posterior of a cycle being interrupted."""
        a, b = INTERRUPTED_PRIOR
        return a + self.interrupted, b + len(self.cycles) - self.interrupted

    @property
    def lost_share(self) -> float:
        """Share of the first units' cycle time that interruptions took."""
        return sum(c.interrupted_s for c in self.cycles) / sum(c.cycle_s for c in self.cycles)

    @cached_property
    def _mixture(self) -> tuple[Floats, Floats]:
        """Points and weights of the next cycle's time: machine time, or machine time and an interruption."""
        a, b = self.chance
        p = a / (a + b)
        machine = self.machine.points(POINTS)
        pauses = np.minimum(np.exp(np.minimum(self.interruption.points(POINTS), 50.0)), self.longest_s)
        both = (machine[:, None] + pauses[None, :]).ravel()
        weights = np.concatenate([np.full(POINTS, (1 - p) / POINTS), np.full(both.size, p / both.size)])
        return np.concatenate([machine, both]), weights

    def quantiles(self, levels: Sequence[float]) -> list[float]:
        """Quantiles of the next cycle's time, seconds."""
        values, weights = self._mixture
        return weighted_quantiles(values, weights, levels)

    def finish_draws(self, rng: np.random.Generator, replications: int, units: int) -> Floats:
        """Draws of the staffed seconds that `units` more units take, hand work before each included."""
        a, b = self.chance
        machine = self.machine.draws(rng, replications, units)
        p = rng.beta(a, b, size=replications)[:, None]
        happens = rng.random((replications, units)) < p
        pauses = np.exp(np.minimum(self.interruption.draws(rng, replications, units), 50.0))
        hand = np.exp(np.minimum(self.hand.draws(rng, replications, units), 50.0))
        limit = self.longest_s
        parts = machine + np.where(happens, np.minimum(pauses, limit), 0.0) + np.minimum(hand, limit)
        return np.asarray(parts.sum(axis=1), dtype=np.float64)


def routine(cycles: Sequence[Cycle], settings: Settings) -> tuple[Cycle, ...]:
    """The cycles without the first articles, or all of them where that would leave too few."""
    rest = tuple(c for c in cycles if c.log.unit > settings.first_articles)
    return rest if len(rest) >= settings.routine_min else tuple(cycles)


def estimate(cycles: Sequence[Cycle], hand_s: Sequence[float], settings: Settings) -> Estimate:
    """The assumptions of one operation.

    Args:
        cycles: the routine cycles among its first units, in order of unit; not empty.
        hand_s: staffed seconds before each unit but the first.
        settings: declared thresholds.
    """
    named = [c.program for c in cycles if c.program is not None]
    changing = len(set(named)) > max(1, len(cycles) // 2)
    last = cycles[-1]
    present = tuple(cycles) if changing else tuple(c for c in cycles if _same_program(c, last))
    times = [c.machine_s for c in present]
    middle = float(np.median(times))
    scale = 0.2 * middle if changing else POLL_S + REPEATABILITY * middle
    pauses = [math.log(c.interrupted_s) for c in cycles if c.interrupted_s > 0]
    hands = [math.log(max(h, HAND_LEAST_S)) for h in hand_s]
    return Estimate(
        tuple(cycles),
        present,
        changing,
        tuple(hand_s),
        Spread.learn(times, Prior(scale, 1.0)),
        Spread.learn(pauses, INTERRUPTION_PRIOR),
        Spread.learn(hands, HAND_PRIOR),
        settings.unattended_h * 3600.0,
    )


def _same_program(one: Cycle, last: Cycle) -> bool:
    same_name = one.program is None or last.program is None or one.program == last.program
    return same_name and one.last_block == last.last_block
