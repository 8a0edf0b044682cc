"""Refusals are values: every reason, in lower case, input in backticks, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that stands in the way."""

    code: str
    """Short and stable, for scripts: `signal-stale`, `bounds-missing`."""
    text: str
    """One sentence: what is wrong."""
    next_step: str = ""
    """What to do, and who can."""
    owner: str = ""
    """The role or person who can mend it."""
    evidence: str = ""
    """The record, signal or digest that it rests on."""

    def as_json(self) -> dict[str, Any]:
        """The same fields as JSON, for the API and `--json`."""
        return {
            "code": self.code,
            "text": self.text,
            "next_step": self.next_step,
            "owner": self.owner,
            "evidence": self.evidence,
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """No, and all the reasons. Never empty: a refusal without a reason is a bug."""

    reasons: tuple[Reason, ...]

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a refusal needs at least one reason")

    def sentence(self) -> str:
        """All the reasons as one line for a person.

        >>> Refusal((Reason("x", "oven 1 is stale", "wait for data"),)).sentence()
        'oven 1 is stale; wait for data'
        """
        return ". ".join(f"{r.text}; {r.next_step}" if r.next_step else r.text for r in self.reasons)

    def as_json(self) -> dict[str, Any]:
        """JSON for the API (status 403) and `--json`."""
        return {"refused": True, "reasons": [r.as_json() for r in self.reasons]}


def refuse(code: str, text: str, next_step: str = "", *, owner: str = "", evidence: str = "") -> Refusal:
    """A refusal with one reason."""
    return Refusal((Reason(code, text, next_step, owner, evidence),))
