"""What the plant's controllers would tell: every value with the moment of its last change, in simulated seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from andon.core.readings import Value

Analogue = Callable[[float], float]
"""A measured quantity as a function of simulated seconds, from now on and a little back."""


@dataclass(frozen=True, slots=True)
class Change:
    """A value that changed, and when: simulated seconds."""

    at_s: float
    signal: str
    value: Value


class Board:
    """The latest discrete values, the changes not yet taken, and the analogue quantities to be sampled."""

    def __init__(self) -> None:
        self.latest: dict[str, Change] = {}
        self.analogues: dict[str, Analogue] = {}
        self._pending: list[Change] = []

    def put(self, at_s: float, signal: str, value: Value) -> None:
        """State a value; only a change is kept."""
        known = self.latest.get(signal)
        if known is not None and known.value == value and type(known.value) is type(value):
            return
        change = Change(at_s, signal, value)
        self.latest[signal] = change
        self._pending.append(change)

    def take(self) -> list[Change]:
        """The changes since the last call, in order."""
        pending, self._pending = self._pending, []
        return pending
