"""Tables of whole numbers, one row a replication, in the memory that their values need: most are 0, or small.

Threads may fill rows of their own at the same time: what a value needs is made by whoever needs it first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

WIDEST = (1 << 24) - 1


@dataclass(frozen=True)
class Small:
    """A table of numbers from 0 to `WIDEST`: a byte each, and two more where any of them is above 255."""

    low: np.ndarray
    """uint8[n, ...]: the lowest byte of each."""
    high: dict[str, np.ndarray] = field(default_factory=dict)
    """uint16[n, ...]: what is above it, if anything is."""

    @classmethod
    def empty(cls, *shape: int) -> Small:
        """Room for numbers, all of them 0."""
        return cls(np.zeros(shape, np.uint8))

    def put(self, part: slice, values: np.ndarray) -> None:
        """Set the rows `part`.

        Raises:
            OverflowError: a number is below 0 or above `WIDEST`.
        """
        least, most = (int(values.min()), int(values.max())) if values.size else (0, 0)
        if least < 0 or most > WIDEST:
            raise OverflowError(f"{least} to {most}")
        self.low[part] = values & 255
        if most > 255:
            if not self.high:
                self.high.setdefault("high", np.zeros(self.low.shape, np.uint16))
            self.high["high"][part] = values >> 8

    def get(self, which: Any) -> np.ndarray:
        """The numbers at an index of the whole table, int64."""
        found: np.ndarray = self.low[which].astype(np.int64)
        for high in self.high.values():
            found += high[which].astype(np.int64) << 8
        return found

    def rows(self, which: slice) -> Small:
        """Some of the rows; shares the memory."""
        return Small(self.low[which], {name: high[which] for name, high in self.high.items()})

    def joined(self, more: Small) -> Small:
        """These rows, and `more` behind them."""
        found = Small.empty(len(self.low) + len(more.low), *self.low.shape[1:])
        found.put(slice(0, len(self.low)), self.get(...))
        found.put(slice(len(self.low), None), more.get(...))
        return found


@dataclass(frozen=True)
class Seldom:
    """A table [n, each, kinds] of numbers, of which most kinds are 0 everywhere: only the others take memory."""

    n: int
    each: int
    kinds: dict[int, np.ndarray] = field(default_factory=dict)
    """int64[n, each]: by kind."""

    def put(self, part: slice, values: np.ndarray) -> None:
        """Set the rows `part`; `values` int64[len(part), each, kinds]."""
        for kind in np.flatnonzero(values.any(axis=(0, 1))).tolist():
            if kind not in self.kinds:
                self.kinds.setdefault(kind, np.zeros((self.n, self.each), np.int64))
            self.kinds[kind][part] = values[:, :, kind]

    def get(self, which: int, kind: int) -> np.ndarray:
        """A kind of number of one of `each`, int64[n]."""
        table = self.kinds.get(kind)
        return np.zeros(self.n, np.int64) if table is None else table[:, which]

    def rows(self, which: slice) -> Seldom:
        """Some of the rows; shares the memory."""
        return Seldom(len(range(*which.indices(self.n))), self.each, {k: t[which] for k, t in self.kinds.items()})

    def joined(self, more: Seldom) -> Seldom:
        """These rows, and `more` behind them."""
        found = Seldom(self.n + more.n, self.each)
        for kind in self.kinds.keys() | more.kinds.keys():
            table = found.kinds[kind] = np.zeros((found.n, self.each), np.int64)
            if kind in self.kinds:
                table[: self.n] = self.kinds[kind]
            if kind in more.kinds:
                table[self.n :] = more.kinds[kind]
        return found
