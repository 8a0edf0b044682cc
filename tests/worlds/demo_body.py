"""What the made-up twin says: recommendations and requirements as the real ones are shaped."""

from __future__ import annotations

from typing import Any

from andon.authority.facts import RequirementResult
from andon.core.canonical import digest
from andon.core.readings import Value
from andon.core.time import SECOND, Nanos
from andon.site.model import Tier

DAY = 86_400 * SECOND


def advice(name: str, signal: str, value: Value, current: Value, unit: str, now: int) -> dict[str, Any]:
    """An open recommendation."""
    element = signal.partition(".")[0]
    oven = element.startswith("oven")
    use = "oven-set-point" if oven else "release-sequence"
    title = "Cure hotter in oven 1: 184 °C" if oven else "Release gate valves first, then check valves"
    body = {
        "kind": "set-point" if oven else "sequence",
        "title": title,
        "why_now": [
            {"text": "jobs wait for an oven", "signal": "curing-buffer.level", "value": 13, "unit": "{jobs}"},
            {"text": "the ovens are the bottleneck in 81 % of the replications"},
        ],
        "effect": {
            "quantity": "jobs finished this shift",
            "unit": "{jobs}",
            "mean": 3.1,
            "low90": -0.8,
            "high90": 7.2,
            "monte_carlo_se": 0.12,
            "probability_worse": 0.11,
        },
        "leans_on": [
            {"assumption": "cure.spread", "share": 0.44, "effect_per_10pct": -1.3},
            {"assumption": "oven.time-to-failure", "share": 0.21, "effect_per_10pct": 0.6},
            {"assumption": "assembly.ball-valve", "share": 0.12, "effect_per_10pct": -0.4},
        ],
        "not_represented": ["seat quality over temperature beyond the trials of October", "electricity price"],
        "alternatives": [
            {"value": 182.0, "mean": 1.9, "low90": -1.2, "high90": 5.0},
            {"value": 186.0, "mean": 3.4, "low90": -1.0, "high90": 7.9},
            {"value": 190.0, "mean": 3.5, "low90": -2.3, "high90": 8.8},
        ],
        "undo": {"signal": signal, "value": current, "text": "put the previous value back; rehearsed, 6 s"},
        "baseline": digest(use),
        "seed": 20418,
        "mark": "accurate" if oven else "fragile",
        "mark_why": "inside the validated range" if oven else "leans on demand for 44 % of its spread",
        "forecast": {
            "quantity": "jobs finished this shift",
            "at_ns": str(now + 4 * 3600 * SECOND),
            "median": 131.0,
            "low90": 120.0,
            "high90": 142.0,
        },
        "horizon_s": 14_400,
        "replications": 400,
    }
    return {
        "id": name,
        "use": use,
        "signal": signal,
        "element": element,
        "value": value,
        "unit": unit,
        "now": current,
        "proposer": "twin",
        "body": body,
        "baseline": digest(use),
        "at_ns": str(now - 70 * SECOND),
        "expires_ns": str(now + 840 * SECOND),
        "state": "open",
    }


def requirements(now: int, tier: Tier, ceiling: Tier) -> tuple[RequirementResult, ...]:
    """A ladder in which everything up to `tier` is met."""
    rows = (
        ("published", Tier.VISUALISE, "context of use published", "recorded as it stands", "#1", None, ""),
        ("provenance", Tier.VISUALISE, "every signal names its source", "23 of 23", "", None, ""),
        ("fresh", Tier.ANALYSE, "data fresh", "23 of 23 within their limits", "", 15 * SECOND, ""),
        ("good", Tier.ANALYSE, "quality Good", "oven-2.temperature is uncertain", "oven-2.temperature", None, ""),
        ("verified", Tier.ANALYSE, "model verified", "against M/M/1", "#5", 20 * DAY, "engineer"),
        ("validated", Tier.RECOMMEND, "model validated", "18 of 20 inside 90 %", "#6", 12 * DAY, "engineer"),
        ("challenge", Tier.RECOMMEND, "no open challenge", "C-1 on mill-2 is open", "#9", None, "supervisor"),
        ("undo", Tier.CONTROL, "undo rehearsed", "6.2 s, limit 10 s", "#5", 25 * DAY, "engineer"),
        ("halt", Tier.CONTROL, "halt drilled", "no drill on record", "", None, "safety"),
        ("approval", Tier.CONTROL, "approved by another person", "nobody has approved control", "", None, "supervisor"),
    )
    return tuple(
        RequirementResult(
            id=name,
            tier=at,
            title=title,
            met=at.rank <= tier.rank,
            why=why,
            evidence=evidence,
            until=None if span is None else Nanos(now + span),
            owner=owner or "engineer",
            next_step="" if at.rank <= tier.rank else "run `andon rehearse`, then ask for approval",
            source="R36 R42",
        )
        for name, at, title, why, evidence, span, owner in rows
        if at.rank <= ceiling.rank
    )
