"""The comparison as plain data: what `--json` prints, what a validation record holds, what fitted assumptions say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from andon.core.time import iso
from andon.models.fit.compare import Comparison, Outcome
from andon.models.fit.cycles import Cycle
from andon.models.fit.estimate import INTERRUPTED_PRIOR, Estimate
from andon.models.fit.forecast import NOT_REPRESENTED, Interval
from andon.models.fit.plan import Plan
from andon.models.fit.set_aside import RULES
from andon.models.fit.spread import Spread

QUANTITY = (
    "cycle time: from a program's first start to its completion, machine time and interruptions together, seconds"
)
FINISH = (
    "staffed time that the remaining units take: their cycles and the hand work between them, nights taken out, seconds"
)
COVERAGE_MIN = 0.8


@dataclass(frozen=True, slots=True)
class Basis:
    """What the figures rest on, for whoever computes them again."""

    site: str
    plan: str
    """Digest of the plan."""
    assumptions: str
    """Digest of the site's assumptions."""
    history: Mapping[str, str]
    """Machine to the digest of the history that was read."""
    seed: int
    reproduce: str
    readings: int
    quarantined: Mapping[str, int]
    malformed: int
    credit: str = ""


def as_json(found: Comparison, plan: Plan, basis: Basis) -> dict[str, Any]:
    """Everything, rounded so that it prints the same twice."""
    data = totals(found)
    data["set_aside"] = [
        {"file": a.log.file, "rule": a.rule, "reason": a.why, "held_back": a.log.unit > plan.settings.first_units}
        for a in found.set_aside
    ]
    data["operations"] = [_operation(o) for o in found.outcomes]
    data["counter_skips"] = [asdict(skip) for skip in found.skips]
    data["rules"] = [{"rule": r.name, "because": r.because} for r in RULES]
    data["settings"] = plan.settings.model_dump(mode="json")
    data["quantity"] = QUANTITY
    data["finish_quantity"] = FINISH
    data["baseline"] = {
        "site": basis.site,
        "plan": basis.plan,
        "assumptions": basis.assumptions,
        "history": dict(basis.history),
    }
    data["seed"] = basis.seed
    data["reproduce"] = basis.reproduce
    data["readings"] = basis.readings
    data["quarantined"] = dict(basis.quarantined)
    data["malformed"] = basis.malformed
    data["not_represented"] = list(NOT_REPRESENTED)
    data["credit"] = basis.credit
    return data


def totals(found: Comparison) -> dict[str, Any]:
    """The figures of the comparison as a whole."""
    return {
        "logs": len(found.logs),
        "cycles": len(found.cycles),
        "set_aside": len(found.set_aside),
        "held_back": found.held_back,
        "marked_accurate": len(found.scored()),
        "coverage_50": _round(found.coverage(Interval.inside50), 4),
        "coverage_90": _round(found.coverage(Interval.inside90), 4),
        "interval_score": _round(found.mean_score()),
        "interval_score_empirical": _round(found.mean_score(empirical=True)),
        "operations_inside_90": found.finishes_inside,
    }


def validation(found: Comparison, basis: Basis) -> tuple[bool, dict[str, Any]]:
    """Whether the comparison supports the forecasts, and what was measured: the body of a validation record.

    Passed: the 90 % intervals held for at least 80 % of the cycles marked accurate, and scored better than the first
    units' own quantiles. With nothing marked accurate it is not passed.
    """
    measured = totals(found)
    coverage, ours, plain = (measured[k] for k in ("coverage_90", "interval_score", "interval_score_empirical"))
    passed = coverage is not None and coverage >= COVERAGE_MIN and ours is not None and ours < plain
    measured["marks"] = {"/".join(o.operation.key): o.forecast.mark for o in found.outcomes}
    measured["history"] = dict(basis.history)
    measured["plan"] = basis.plan
    measured["seed"] = basis.seed
    measured["reproduce"] = basis.reproduce
    measured["not_represented"] = list(NOT_REPRESENTED)
    return passed, measured


def fitted(outcome: Outcome) -> list[dict[str, Any]]:
    """The operation's assumptions as rows of assumptions.yaml: machine time, interruptions, hand work."""
    estimate = outcome.forecast.estimate
    if estimate is None:
        return []
    stem = ".".join(outcome.operation.key)
    a, b = estimate.chance
    longest = estimate.longest_s
    return [
        {
            "name": f"{stem}.machine",
            "unit": "s",
            "distribution": _quantiles(estimate.machine),
            "uncertainty": _round(estimate.machine.location_sd / max(estimate.machine.centre, 1e-9), 4),
        },
        {
            "name": f"{stem}.interrupted",
            "unit": "1",
            "distribution": {"kind": "constant", "value": _round(a / (a + b), 4)},
        },
        {"name": f"{stem}.interruption", "unit": "s", "distribution": _quantiles(estimate.interruption, longest)},
        {"name": f"{stem}.hand", "unit": "s", "distribution": _quantiles(estimate.hand, longest)},
    ]


def _quantiles(spread: Spread, limit_s: float = 0.0) -> dict[str, Any]:
    """A predictive distribution as nine equally probable points; of logarithms up to `limit_s` when that is given."""
    points = [float(v) for v in spread.points(9)]
    if limit_s:
        points = [min(math.exp(min(v, 50.0)), limit_s) for v in points]
    return {"kind": "empirical", "values": [round(v, 2) for v in points]}


def _operation(outcome: Outcome) -> dict[str, Any]:
    said = outcome.forecast
    finish = outcome.finish
    return {
        "product": outcome.operation.product,
        "operation": outcome.operation.operation,
        "machine": outcome.operation.machine,
        "mark": said.mark,
        "why": list(said.why),
        "first": [_cycle(c) for c in outcome.first],
        "held_back": [_held(c, said.cycle) for c in outcome.held_back],
        "cycle": None if said.cycle is None else said.cycle.as_json(),
        "empirical_90": None if outcome.empirical is None else [round(v, 1) for v in outcome.empirical],
        "inside_50": _inside(outcome, Interval.inside50),
        "inside_90": _inside(outcome, Interval.inside90),
        "estimate": None if said.estimate is None else _estimate(said.estimate),
        "assumptions": fitted(outcome),
        "finish": None
        if finish is None
        else {
            "units": finish.units,
            "forecast": finish.forecast.as_json(),
            "actual_s": round(finish.actual_s, 1),
            "inside_90": finish.inside90,
        },
    }


def _estimate(e: Estimate) -> dict[str, Any]:
    a, b = e.chance
    return {
        "routine_cycles": [c.log.unit for c in e.cycles],
        "machine_time_from": [c.log.unit for c in e.present],
        "program_ends_at_block": e.present[-1].last_block,
        "interrupted": e.interrupted,
        "interrupted_chance": _round(a / (a + b), 4),
        "interrupted_prior": list(INTERRUPTED_PRIOR),
        "interruptions_s": [_round(c.interrupted_s, 1) for c in e.cycles if c.interrupted_s > 0],
        "lost_share": _round(e.lost_share, 4),
        "hand_s": [_round(h, 1) for h in e.hand_s],
    }


def _inside(outcome: Outcome, inside: Any) -> int | None:
    interval = outcome.forecast.cycle
    return None if interval is None else sum(inside(interval, c.cycle_s) for c in outcome.held_back)


def _held(cycle: Cycle, interval: Interval | None) -> dict[str, Any]:
    data = _cycle(cycle)
    data["inside_90"] = None if interval is None else interval.inside90(cycle.cycle_s)
    return data


def _cycle(cycle: Cycle) -> dict[str, Any]:
    data = {k: round(v, 1) for k, v in asdict(cycle).items() if isinstance(v, float)}
    return {
        "unit": cycle.log.unit,
        "start": iso(cycle.start),
        **data,
        "runs": cycle.runs,
        "last_block": cycle.last_block,
        "program": cycle.program,
    }


def _round(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)
