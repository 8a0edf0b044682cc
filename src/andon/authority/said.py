"""What single records say, once read: approvals, evidence, challenges, halts, incidents, commands, proposals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from andon.core.time import Nanos
from andon.ledger.record import Record
from andon.site.model import Tier

CHALLENGE_CLOSED = frozenset({"not-upheld", "mended"})
"""Answers that end a challenge. `upheld` says that the model was wrong: it stays suspended until it is mended."""


@dataclass(frozen=True, slots=True)
class Published:
    """A context of use as it was published."""

    index: int
    at: Nanos
    digest: str


@dataclass(frozen=True, slots=True)
class TierRequest:
    """Somebody asked that a use be approved up to a tier."""

    index: int
    at: Nanos
    use: str
    tier: Tier
    baseline: str
    proposer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's approval, bound to a baseline and to a last moment."""

    index: int
    at: Nanos
    use: str
    tier: Tier
    baseline: str
    parts: Mapping[str, str]
    proposer: str
    approver: str
    until: Nanos


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a check, a drill or a comparison found, bound to a baseline."""

    index: int
    at: Nanos
    use: str
    kind: str
    passed: bool
    baseline: str
    parts: Mapping[str, str]
    measured: Mapping[str, Any]
    until: Nanos
    by: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A reasoned answer to a challenge."""

    index: int
    at: Nanos
    outcome: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class ChallengeCase:
    """A challenge and its last answer. Who raised it is nowhere in it."""

    index: int
    at: Nanos
    id: str
    element: str
    reason: str
    words: str
    station: str
    shift: str
    deadline: Nanos
    answer: Answer | None = None

    @property
    def open(self) -> bool:
        """Whether it still suspends what leans on its element."""
        return self.answer is None or self.answer.outcome not in CHALLENGE_CLOSED


@dataclass(frozen=True, slots=True)
class HaltCase:
    """A halt in force, and who has signed to reset it."""

    index: int
    at: Nanos
    id: str
    scope: str
    reason: str
    station: str
    answers: Mapping[str, Any]
    signed: Mapping[str, str] = field(default_factory=dict)
    """Person to reason."""
    signatures: Mapping[str, str] = field(default_factory=dict)
    """Person to signature over the reset statement."""
    words: str = ""
    """What the first signer said: the reason that stands in the statement, however often anybody signs."""


@dataclass(frozen=True, slots=True)
class Incident:
    """What must be reviewed."""

    index: int
    at: Nanos
    id: str
    kind: str
    about: str
    use: str
    text: str


@dataclass(slots=True)
class CommandTrace:
    """Every record of one command."""

    intent: Record
    signal: str
    use: str
    sent: Record | None = None
    outcomes: list[Record] = field(default_factory=list)

    @property
    def last_phase(self) -> str:
        """The phase that the last outcome states; empty while there is none."""
        return str(self.outcomes[-1].payload.get("phase", "")) if self.outcomes else ""


@dataclass(slots=True)
class ProposalTrace:
    """A recommendation or a hand-made proposal, and the decision on it."""

    record: Record
    use: str
    signal: str
    proposer: str
    expires: Nanos
    decision: Record | None = None


@dataclass(slots=True)
class Passed:
    """Passed evidence of one kind on one baseline since the last failure on it: the one that lasts longest."""

    best: Evidence | None = None
    failed: Evidence | None = None
