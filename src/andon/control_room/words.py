"""Records in words: one short sentence for each kind, for people who do not read payloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from andon.control_room.present import number, unit_text
from andon.ledger.record import Record

CHALLENGE_WORDS = {
    "mismatch": "The map or value is not what I see",
    "hazard": "This could hurt somebody",
    "timing": "The time is wrong",
    "route": "The way or the order is wrong",
    "omission": "Something is missing",
}
"""The five reasons, as the kiosk says them."""
TIER_WORDS = {
    "none": "nothing",
    "visualise": "visualise",
    "analyse": "analyse",
    "recommend": "recommend",
    "control": "control",
}
PHASE_WORDS = {
    "acknowledged": "acknowledged, not yet observed",
    "void": "void, nothing was written",
    "indeterminate": "indeterminate: somebody must look",
    "refused": "refused",
    "confirmed": "confirmed by another signal",
    "not-confirmed": "not confirmed",
    "undone": "undone",
    "resolved": "resolved by a person",
    "intended": "intended",
    "sent": "sent",
}


def _get(payload: Mapping[str, Any], key: str) -> str:
    value = payload.get(key, "")
    if isinstance(value, bool | int | float):
        return number(value)
    return value if isinstance(value, str) else ""


def _value(payload: Mapping[str, Any]) -> str:
    return f"{_get(payload, 'value')} {unit_text(_get(payload, 'unit'))}".strip()


def _decision(payload: Mapping[str, Any]) -> str:
    word = "accepted" if payload.get("accept") else "rejected"
    return f"{word} {_get(payload, 'recommendation')}"


def _evidence(payload: Mapping[str, Any]) -> str:
    word = "passed" if payload.get("passed") else "not passed"
    return f"{_get(payload, 'kind')} for {_get(payload, 'use')}: {word}"


SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "run.started": lambda p: f"started ({_get(p, 'mode') or 'live'})",
    "use.published": lambda p: f"published the use {_get(p, 'use')}",
    "tier.requested": lambda p: f"asked for {_get(p, 'tier')} on {_get(p, 'use')}",
    "approval": lambda p: f"approved {_get(p, 'tier')} for {_get(p, 'use')}",
    "approval.revoked": lambda p: f"revoked the approval of {_get(p, 'use')}",
    "authority.lost": lambda p: f"{_get(p, 'use')} fell from {_get(p, 'from')} to {_get(p, 'to')}",
    "evidence": _evidence,
    "proposal": lambda p: f"proposed {_get(p, 'signal')} = {_value(p)}",
    "recommendation": lambda p: f"recommends {_get(p, 'signal')} = {_value(p)}",
    "decision": _decision,
    "command.intent": lambda p: f"intends {_get(p, 'signal')} = {_value(p)}",
    "command.sent": lambda p: f"sent {_get(p, 'command')}",
    "command.outcome": lambda p: f"{_get(p, 'command')}: {PHASE_WORDS.get(_get(p, 'phase'), _get(p, 'phase'))}",
    "challenge": lambda p: f"challenge of {_get(p, 'element')}: {_get(p, 'reason')}",
    "challenge.answered": lambda p: f"answered {_get(p, 'challenge')}: {_get(p, 'outcome')}",
    "halt": lambda p: f"halted the twin: {_get(p, 'scope') or 'site'}",
    "halt.signed": lambda p: f"signed the reset of {_get(p, 'halt') or 'the halt'}",
    "halt.reset": lambda _: "reset the halt; nothing resumes by itself",
    "incident": lambda p: f"incident {_get(p, 'kind')}: {_get(p, 'text')}",
    "drift": lambda p: f"{_get(p, 'use')} drifts from the floor",
    "forecast": lambda _: "forecast the shift",
    "simulation.asked": lambda _: "asked the simulator",
    "simulation.kept": lambda p: f"put an answer of the simulator on record: {_get(p, 'reason')}",
    "outcome": lambda p: f"outcome of {_get(p, 'recommendation')} compared with its forecast",
    "gateway.bounds.signed": lambda _: "signed the gateway's bounds",
    "gateway.bounds": lambda _: "gateway bounds signed",
}


ANONYMOUS = ("challenge", "halt", "simulation.asked")
"""Kinds that anybody may record without a name; where no name stands on another kind, it was the twin."""


def actor(record: Record, people: Mapping[str, str]) -> str:
    """Who it was, as people call them.

    >>> actor(Record(0, "halt", 0, "", {}), {}), actor(Record(0, "run.started", 0, "", {}), {})
    ('the floor', 'the twin')
    """
    if record.actor:
        return {"twin": "the twin"}.get(record.actor, people.get(record.actor, record.actor))
    if record.kind == "decision":
        return "nobody in time"
    return "the floor" if record.kind in ANONYMOUS else "the twin"


def sentence(record: Record) -> str:
    """What a record says, without its actor.

    >>> sentence(Record(3, "approval", 0, "maria", {"use": "oven", "tier": "control"}))
    'approved control for oven'
    """
    words = SENTENCES.get(record.kind)
    return words(record.payload) if words else record.kind.replace(".", " ")
