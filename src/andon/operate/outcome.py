"""What the one path answers with: records to make durable, effects to run afterwards, and what a person hears.

Theory of operation. `handle`, `tick`, `recover` and `effect_result` are pure: they take a `World` and return an
`Outcome`. The shell around them, which is the only one that acts, does for every outcome, in this order:

1. appends `records` in one durable transaction, and feeds each to the view; if that fails, nothing below happens
   (`AlreadyRecorded`: somebody else was faster; answer with `operate.raced()`);
2. runs `effects` in order, and hands what each returned to `effect_result`, whose outcome it treats the same way;
3. only then tells the person: the outcome's message, and after it those of what the effects came to.

`HaltGateway` is asked for by an outcome without records, so that a halt never waits for the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from andon.authority.facts import Facts
from andon.authority.records import RecordView
from andon.core.readings import Value
from andon.core.time import Nanos
from andon.ledger.record import NewRecord
from andon.site.model import Site


@dataclass(frozen=True, slots=True)
class World:
    """Everything that an answer may rest on. `facts` is fresh: made for this question, not remembered."""

    site: Site
    view: RecordView
    facts: Facts

    @property
    def now(self) -> Nanos:
        """Site time of the question."""
        return self.facts.at


@dataclass(frozen=True, slots=True)
class RaiseEpoch:
    """Raise the gateway's epoch, so that no permit signed until now can be used. Before anything is receipted."""

    why: str


@dataclass(frozen=True, slots=True)
class HaltGateway:
    """Latch the halt in the gateway. Needs no record: what comes back is recorded."""

    id: str
    scope: str
    reason: str
    station: str = ""
    recorded: bool = False
    """The halt is already on record; only the gateway has still to be told."""


@dataclass(frozen=True, slots=True)
class ResetGateway:
    """Ask the gateway to end every halt that it holds, with the signatures of two people over the same words."""

    halts: tuple[str, ...]
    """Ids of the halts on record; the gateway's own ids stand in its status."""
    scopes: tuple[str, ...]
    reason: str
    """The reason that both signed (`floor.reason_to_sign`)."""
    signatures: Mapping[str, str]
    """Person to signature, as `Reset` carried it."""
    reasons: Mapping[str, str]
    """Person to what they said themselves."""


@dataclass(frozen=True, slots=True)
class SendCommand:
    """Sign a permit with these fields and hand it to the gateway, once. Its intent is already durable."""

    command: str
    use: str
    signal: str
    element: str
    value: Value
    unit: str
    expected: Value
    low: float | None
    high: float | None
    baseline: str
    epoch: int
    undo_of: str = ""


@dataclass(frozen=True, slots=True)
class FenceAndAsk:
    """After a crash: raise the epoch first, then ask the gateway what became of a command. Never send it again."""

    command: str
    signal: str
    element: str


@dataclass(frozen=True, slots=True)
class ResolveGateway:
    """Tell the gateway what a person found, so that it lifts its own block of the element."""

    command: str
    done: bool
    who: str
    why: str


Effect = RaiseEpoch | HaltGateway | ResetGateway | SendCommand | FenceAndAsk | ResolveGateway


@dataclass(frozen=True, slots=True)
class Result:
    """What an effect came to. `phase` is used by `SendCommand` and `FenceAndAsk`, `ok` by the others.

    phase: `acknowledged`, `void` (never written, and never will be), `refused` (the gateway said no; nothing written),
    `indeterminate` (the gateway itself cannot know), or empty: no answer. Without one the command is fenced and asked
    after, until `ASK_S` have passed; then it is indeterminate, too.
    """

    ok: bool
    why: str = ""
    phase: str = ""
    measured: Mapping[str, Any] = field(default_factory=dict)
    """What the gateway saw: `before`, `after`, `written_ns` (decimal string), or the answers to a halt."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Records first, then effects, then the message."""

    records: tuple[NewRecord, ...] = ()
    effects: tuple[Effect, ...] = ()
    message: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


NOTHING = Outcome()


def ns(at: int) -> str:
    """Nanoseconds as records carry them: a decimal string."""
    return str(int(at))
