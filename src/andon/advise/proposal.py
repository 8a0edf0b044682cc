"""A proposal: what to change, why now, what it is expected to do, how sure that is, and how to undo it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from andon.advise.forecast import Check
from andon.models.simulate.limits import Mark


@dataclass(frozen=True)
class Effect:
    """The realised difference between a future with the change and the same future without it."""

    quantity: str
    unit: str
    mean: float
    low90: float
    """90 % prediction interval of the difference in one future, what we do not know included."""
    high90: float
    monte_carlo_se: float
    """Standard error of the mean, from the number of replications alone."""
    probability_worse: float

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "quantity": self.quantity,
            "unit": self.unit,
            "mean": round(self.mean, 4),
            "low90": round(self.low90, 4),
            "high90": round(self.high90, 4),
            "monte_carlo_se": round(self.monte_carlo_se, 4),
            "probability_worse": round(self.probability_worse, 4),
        }


def effect_of(quantity: str, unit: str, differences: np.ndarray) -> Effect:
    """Summarise paired differences, one a replication."""
    low, high = np.quantile(differences, (0.05, 0.95))
    return Effect(
        quantity,
        unit,
        float(differences.mean()),
        float(low),
        float(high),
        float(differences.std(ddof=1) / np.sqrt(len(differences))),
        float(np.mean(differences < 0)),
    )


@dataclass(frozen=True)
class Proposal:
    """One change that pays, by a stated rule."""

    kind: str
    """`set-point` or `sequence`."""
    use: str
    signal: str
    value: float | int
    now: float | int
    unit: str
    title: str
    why_now: tuple[dict[str, Any], ...]
    effect: Effect
    others: tuple[Effect, ...]
    """What else changes: figures that the rule watches but does not aim at."""
    leans_on: tuple[dict[str, Any], ...]
    not_represented: tuple[str, ...]
    alternatives: tuple[dict[str, Any], ...]
    limits: tuple[str, ...]
    """What bounded the search."""
    rule: str
    check: Check
    expected: tuple[float, float, float]
    """Median, low and high 90 % of the checked count with the change."""
    sampled: tuple[str, ...]
    mark: Mark
    rests_on: str
    seed: int
    replications: int
    horizon_s: float
    at_ns: int

    def body(self) -> dict[str, Any]:
        """The recommendation's body, JSON, as records and pages carry it."""
        return {
            "kind": self.kind,
            "title": self.title,
            "why_now": list(self.why_now),
            "effect": self.effect.as_json(),
            "other_effects": [e.as_json() for e in self.others],
            "leans_on": list(self.leans_on),
            "not_represented": list(self.not_represented),
            "alternatives": list(self.alternatives),
            "limits": list(self.limits),
            "rule": self.rule,
            "people": "crews, shifts and breaks are as planned in every future; nobody's pace is an objective",
            "undo": {
                "signal": self.signal,
                "value": self.now,
                "text": f"put {self.now:g} back, as a new command",
            },
            "forecast": {
                "quantity": "jobs completed",
                "at_ns": str(self.check.at_ns),
                "median": self.expected[0],
                "low90": self.expected[1],
                "high90": self.expected[2],
                "check": self.check.as_json(),
            },
            "sampled": list(self.sampled),
            "mark": self.mark.mark,
            "mark_why": "; ".join(self.mark.why),
            "rests_on": self.rests_on,
            "seed": self.seed,
            "replications": self.replications,
            "horizon_s": round(self.horizon_s),
        }


@dataclass(frozen=True)
class Nothing:
    """Why nothing of a kind is proposed."""

    kind: str
    use: str
    reason: str


@dataclass(frozen=True)
class Advice:
    """What is proposed, and why not more."""

    proposals: tuple[Proposal, ...]
    nothing: tuple[Nothing, ...]
