"""What the gateway knows, what can happen to it, and what it then has done: plain values, no input or output.

A command's life:

    checking --> beginning --> writing --> done | failed | indeterminate
        |            |            |
        |            |            +--> settling --> done | void | indeterminate
        +--> (gone)  +--> void            (the answer did not come: fence, wait, read back)

`beginning` ends when the intent is on disk; nothing is sent before. What stays `indeterminate` blocks its element until
a person resolves it. Nothing is ever sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from andon.core.readings import Value
from andon.gateway.bounds import Bound, Bounds
from andon.protocols.permit import Permit


class Phase(StrEnum):
    """Where a command is in its life."""

    CHECKING = "checking"
    BEGINNING = "beginning"
    WRITING = "writing"
    SETTLING = "settling"
    DONE = "done"
    FAILED = "failed"
    VOID = "void"
    INDETERMINATE = "indeterminate"


ENDED = frozenset({Phase.DONE, Phase.FAILED, Phase.VOID})
MOVES: Mapping[Phase, frozenset[Phase]] = {
    Phase.CHECKING: frozenset({Phase.BEGINNING}),
    Phase.BEGINNING: frozenset({Phase.WRITING, Phase.VOID, Phase.SETTLING}),
    Phase.WRITING: frozenset({Phase.DONE, Phase.FAILED, Phase.INDETERMINATE, Phase.SETTLING}),
    Phase.SETTLING: frozenset({Phase.DONE, Phase.VOID, Phase.INDETERMINATE}),
    Phase.INDETERMINATE: frozenset({Phase.DONE, Phase.VOID}),
    Phase.DONE: frozenset(),
    Phase.FAILED: frozenset(),
    Phase.VOID: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Command:
    """One permit on its way, or how it ended."""

    id: str
    signal: str
    element: str
    epoch: int
    value: Value
    phase: Phase
    previous: Value | None = None
    """The live value when it began."""
    back: Value | None = None
    """What was read back."""
    why: str = ""
    taken: bool = False
    """The machine acknowledged the write: a promise, and not an observation."""
    permit: Permit | None = None
    bound: Bound | None = None
    """None when it was restored from the journal and its bounds are gone."""
    ask: int = 0
    """The request that waits for its end; 0: nobody does any more."""

    def as_json(self) -> dict[str, Any]:
        """For `query` and `status`."""
        return {
            "command": self.id,
            "signal": self.signal,
            "element": self.element,
            "phase": self.phase.value,
            "value": self.value,
            "previous": self.previous,
            "read_back": self.back,
            "why": self.why,
            "taken": self.taken,
        }


@dataclass(frozen=True, slots=True)
class Halt:
    """A latched halt."""

    id: str
    scope: str
    who: str
    why: str

    def as_json(self) -> dict[str, Any]:
        """For `status` and the page."""
        return {"halt": self.id, "scope": self.scope, "who": self.who[:100], "why": self.why[:100]}


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was made: when (monotonic nanoseconds of this boot) and by how much."""

    at: int
    amount: float


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a decision depends on."""

    epoch: int
    started: int
    """Monotonic nanoseconds: changes made before this boot count as made now."""
    twin_key: bytes | None = None
    people: Mapping[str, bytes] = field(default_factory=dict)
    bounds: Bounds | None = None
    bounds_why: str = "no bounds document was read"
    halts: tuple[Halt, ...] = ()
    commands: Mapping[str, Command] = field(default_factory=dict)
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    broken: str = ""
    """Why nothing may be written any more, whatever else holds: a disk that refuses, a damaged journal."""


@dataclass(frozen=True, slots=True)
class Live:
    """One answer of a machine. `good` is an OPC UA status of quality Good, and a value that is there."""

    value: Value | None
    good: bool
    status: str


# What can happen ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A permit arrived."""

    ask: int
    envelope: Any


@dataclass(frozen=True, slots=True)
class WasRead:
    """The machine answered (or did not: `live` is None) before anything was written."""

    command: str
    live: Live | None
    permissive: Live | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Durable:
    """The intent is on disk; or it is not, and `why` says so."""

    command: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Wrote:
    """The write ended: the machine's answer, and what was read back after it."""

    command: str
    answer: str
    """`good`, `refused` (the machine said no) or `unknown` (no answer)."""
    back: Live | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """After fencing and waiting, the machine was read back; None: it does not answer."""

    command: str
    back: Live | None


@dataclass(frozen=True, slots=True)
class RaiseEpoch:
    """Void every permit signed so far."""

    ask: int
    why: str


@dataclass(frozen=True, slots=True)
class HaltAsked:
    """Anyone: stop writing."""

    ask: int
    scope: str
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class ResetAsked:
    """Two people: release these halts."""

    ask: int
    halts: tuple[str, ...]
    reason: str
    signatures: Any


@dataclass(frozen=True, slots=True)
class ResolveAsked:
    """A person says what became of an indeterminate command."""

    ask: int
    command: str
    done: bool
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class FilesRead:
    """Bounds, people, pinned key or latch were read anew."""

    twin_key: bytes | None
    people: Mapping[str, bytes]
    bounds: Bounds | None
    bounds_why: str
    halts: tuple[Halt, ...]
    reset: frozenset[str] = frozenset()
    """Halts that the latch file says were reset."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A disk refused: nothing is written to machines from now on."""

    why: str


Event = (
    Asked
    | WasRead
    | Durable
    | Wrote
    | Settled
    | RaiseEpoch
    | HaltAsked
    | ResetAsked
    | ResolveAsked
    | FilesRead
    | Broken
)

# What is then done, in order ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a request."""

    ask: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Read:
    """Read the signal and its permissive now; ends in `WasRead`."""

    command: Command
    bound: Bound


@dataclass(frozen=True, slots=True)
class Begin:
    """Put the intent on disk; ends in `Durable`."""

    command: Command
    entry: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """Write once, read back; ends in `Wrote`."""

    command: Command
    bound: Bound


@dataclass(frozen=True, slots=True)
class Settle:
    """Fence, wait, read back; ends in `Settled`."""

    command: Command


@dataclass(frozen=True, slots=True)
class Note:
    """Put an entry into the journal."""

    entry: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SaveEpoch:
    """Put the epoch on disk."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Latch:
    """Append to the latch file."""

    entry: Mapping[str, Any]


Effect = Reply | Read | Begin | Write | Settle | Note | SaveEpoch | Latch
