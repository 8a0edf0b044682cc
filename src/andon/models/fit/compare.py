"""Forecasts made from the first units, held against the units that were held back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

import numpy as np

from andon.models.fit.attendance import Attendance
from andon.models.fit.cycles import Cycle, Log, Told
from andon.models.fit.estimate import estimate, routine
from andon.models.fit.forecast import Forecast, Interval, finish, forecast
from andon.models.fit.plan import Operation, Plan
from andon.models.fit.set_aside import SetAside, sort_out

ALPHA = 0.1
HOUR_NS = 3_600 * 10**9


def interval_score(low: float, high: float, value: float, alpha: float = ALPHA) -> float:
    """The interval score of a central (1 - alpha) interval: smaller is better.

    Gneiting & Raftery (2007), Strictly Proper Scoring Rules, Prediction, and Estimation, JASA 102, equation 43.

    >>> interval_score(0.0, 10.0, 5.0), interval_score(0.0, 10.0, 11.0)
    (10.0, 30.0)
    """
    return high - low + 2 / alpha * max(0.0, low - value) + 2 / alpha * max(0.0, value - high)


@dataclass(frozen=True, slots=True)
class Finish:
    """Staffed time from the last of the first units to the last held-back one whose completion the logs show."""

    units: int
    forecast: Interval
    actual_s: float

    @property
    def inside90(self) -> bool:
        """Whether the forecast held."""
        return self.forecast.inside90(self.actual_s)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One operation: what was forecast from its first units, and what came."""

    operation: Operation
    first: tuple[Cycle, ...]
    held_back: tuple[Cycle, ...]
    forecast: Forecast
    empirical: tuple[float, float] | None
    """5 % and 95 % quantiles of the first units' cycle times: what a plain reading of the log would promise."""
    finish: Finish | None

    @property
    def scored(self) -> bool:
        """Held-back cycles count in the totals: the forecast is marked accurate."""
        return self.forecast.mark == "accurate" and bool(self.held_back)


@dataclass(frozen=True, slots=True)
class Skip:
    """The part counter went on between two logs: parts were counted that no log shows."""

    machine: str
    before: str
    """File whose last count was `last`."""
    after: str
    last: int
    following: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """All operations, and every log accounted for."""

    logs: tuple[Log, ...]
    cycles: tuple[Cycle, ...]
    set_aside: tuple[SetAside, ...]
    outcomes: tuple[Outcome, ...]
    skips: tuple[Skip, ...] = ()

    @property
    def held_back(self) -> int:
        """Held-back cycles of all operations."""
        return sum(len(o.held_back) for o in self.outcomes)

    def scored(self) -> list[tuple[Outcome, Cycle]]:
        """Held-back cycles whose forecast was marked accurate."""
        return [(o, c) for o in self.outcomes if o.scored for c in o.held_back]

    def coverage(self, inside: Callable[[Interval, float], bool]) -> float | None:
        """Share of the scored cycles inside their interval; None when there are none."""
        hits = [inside(o.forecast.cycle, c.cycle_s) for o, c in self.scored() if o.forecast.cycle is not None]
        return fmean(hits) if hits else None

    def mean_score(self, *, empirical: bool = False) -> float | None:
        """Mean interval score over the scored cycles, ours or that of the first units' quantiles."""
        scores = []
        for outcome, cycle in self.scored():
            interval = outcome.forecast.cycle
            if interval is None or outcome.empirical is None:
                continue
            low, high = outcome.empirical if empirical else (interval.low90, interval.high90)
            scores.append(interval_score(low, high, cycle.cycle_s))
        return fmean(scores) if scores else None

    @property
    def finishes_inside(self) -> int:
        """Operations whose staffed finish came inside its 90 % interval."""
        return sum(o.finish is not None and o.finish.inside90 for o in self.outcomes)


def compare(told: Sequence[Told], plan: Plan, seed: int) -> Comparison:
    """Sort out the logs, forecast every operation from its first units, and hold the rest against it.

    Deterministic: the same logs, plan and seed give the same numbers.
    """
    cycles, aside = sort_out(told, plan)
    logs = tuple(t.log for t in told)
    machines = {log.machine for log in logs}
    of_machine = {m: [log for log in logs if log.machine == m] for m in machines}
    by_key: dict[tuple[str, str], list[Cycle]] = {}
    for cycle in cycles:
        by_key.setdefault(cycle.log.key, []).append(cycle)
    outcomes = [
        _outcome(operation, by_key.get(operation.key, []), of_machine.get(operation.machine, []), plan, seed)
        for operation in plan.operations
    ]
    return Comparison(logs, tuple(cycles), tuple(aside), tuple(outcomes), tuple(skips(told)))


def skips(told: Sequence[Told]) -> list[Skip]:
    """Where a machine's part counter jumped between the log that told it last and the next one that tells it."""
    out: list[Skip] = []
    held: dict[str, tuple[str, int]] = {}
    for one in sorted(told, key=lambda t: (t.log.machine, t.log.first)):
        if not one.counted:
            continue
        file, last = held.get(one.log.machine, ("", one.counted[0] - 1))
        if one.counted[0] > last + 1:
            out.append(Skip(one.log.machine, file, one.log.file, last, one.counted[0]))
        held[one.log.machine] = (one.log.file, one.counted[-1])
    return out


def _outcome(operation: Operation, cycles: list[Cycle], logs: list[Log], plan: Plan, seed: int) -> Outcome:
    cycles = sorted(cycles, key=lambda c: c.log.unit)
    limit = plan.settings.first_units
    first = tuple(c for c in cycles if c.log.unit <= limit)
    held_back = tuple(c for c in cycles if c.log.unit > limit)
    said = _from_first(first, logs, plan)
    if not first or said.estimate is None:
        return Outcome(operation, first, held_back, said, None, None)
    low, high = np.quantile([c.cycle_s for c in first], [ALPHA / 2, 1 - ALPHA / 2])
    done = None
    if held_back:
        last, end = first[-1], held_back[-1]
        units = end.log.unit - last.log.unit
        name = hashlib.sha256("/".join(operation.key).encode()).digest()
        interval = finish(said.estimate, units, plan.settings, (seed, int.from_bytes(name[:8], "big")))
        attended = Attendance.of(logs, _unattended(plan))
        done = Finish(units, interval, attended.staffed_s(last.end, end.end))
    return Outcome(operation, first, held_back, said, (float(low), float(high)), done)


def _unattended(plan: Plan) -> int:
    return round(plan.settings.unattended_h * HOUR_NS)


def _from_first(first: tuple[Cycle, ...], logs: list[Log], plan: Plan) -> Forecast:
    """The forecast and its mark: a function of what was known when the last of the first units completed."""
    if not first:
        return forecast(None, plan.settings)
    known = [log for log in logs if log.readings and log.first <= first[-1].end]
    attended = Attendance.of(known, _unattended(plan))
    usual = routine(first, plan.settings)
    return forecast(estimate(usual, hand_times(first, attended), plan.settings), plan.settings)


def hand_times(cycles: Sequence[Cycle], attended: Attendance) -> list[float]:
    """Staffed seconds of hand work before each unit but the first.

    Where units in between were set aside, the time between two cycles is shared among them after one usual cycle for
    each is taken out, since a forecast counts a cycle for every unit. Times with an absence in them are left out.
    """
    usual = median(c.cycle_s for c in cycles)
    out: list[float] = []
    for one, other in pairwise(cycles):
        if other.start <= one.end or attended.broken(one.end, other.start):
            continue
        steps = other.log.unit - one.log.unit
        gap = (other.start - one.end) / 1e9 - (steps - 1) * usual
        out.extend([max(0.0, gap) / steps] * steps)
    return out
