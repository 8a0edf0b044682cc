"""A record: one governance fact, as everything above the ledger sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from andon.core.time import Nanos


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A fact about to be recorded. `payload` is a JSON object."""

    kind: str
    actor: str
    payload: Mapping[str, Any]
    unique: str = ""
    """When not empty: append only if no record of this kind carries the same `unique` (the claim of a command id)."""


@dataclass(frozen=True, slots=True)
class Record:
    """A fact that is durable, at its place in the log."""

    index: int
    kind: str
    at: Nanos
    actor: str
    payload: Mapping[str, Any]
    unique: str = ""


class AlreadyRecorded(Exception):  # noqa: N818 - named for what it says, not for what it is
    """A record of this kind with the same `unique` is already there: somebody else has the claim."""


class Ledger(Protocol):
    """The port that the one path writes through."""

    def append(self, records: Sequence[NewRecord], at: Nanos) -> tuple[Record, ...]:
        """Make all of them durable in one transaction, in order, or none.

        Raises:
            AlreadyRecorded: a `unique` is taken.
            OSError: the disk refused; nothing was recorded.
        """
        ...

    def records(self, start: int = 0) -> Sequence[Record]:
        """Every record from `start` on, in order."""
        ...
