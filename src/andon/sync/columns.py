"""State in columns: one row a signal, one array a property, so that a batch is scattered and judged at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from andon.core.readings import Origin, Value
from andon.site.model import Signal, Site

NEVER = np.iinfo(np.int64).min
"""Stands in a time column where nothing was ever said."""
KINDS = ("float", "int", "bool", "string")
FLOAT, INT, BOOL, STRING = range(4)
ORIGINS = tuple(Origin)
ORIGIN_CODES = {origin: i for i, origin in enumerate(ORIGINS)}
WAITING = 0x80320000
"""BadWaitingForInitialData: the status of a signal before its first observation."""
STILL_PROPERTIES = frozenset({"x", "y", "elapsed", "since_node", "charge"})
"""Properties that may stand still for good reason: a parked vehicle, an idle machine."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Columns:
    """The arrays, all of the length of `signals`, in its order."""

    def __init__(self, site: Site) -> None:
        signals: Sequence[Signal] = site.signals
        n = len(signals)
        self.signals = tuple(signals)
        self.row = {s.id: i for i, s in enumerate(signals)}
        self.by_address = {(s.source, s.address): i for i, s in enumerate(signals)}
        self.source_names = tuple(s.id for s in site.sources)
        numbered = {name: i for i, name in enumerate(self.source_names)}
        # declared
        self.source = np.array([numbered.get(s.source, -1) for s in signals], dtype=np.int64)
        self.rows_of = {name: np.flatnonzero(self.source == i) for name, i in numbered.items()}
        self.kind = np.array([KINDS.index(s.type) for s in signals], dtype=np.int8)
        self.low = np.array([-np.inf if s.low is None else s.low for s in signals], dtype=np.float64)
        self.high = np.array([np.inf if s.high is None else s.high for s in signals], dtype=np.float64)
        self.fresh = np.array([round(s.fresh_s * 1e9) for s in signals], dtype=np.int64)
        self.period = np.array([round(s.period_s * 1e9) for s in signals], dtype=np.int64)
        self.units = [s.unit for s in signals]
        confirming = {s.confirm_signal for s in signals}
        self.watched = np.array(
            [
                s.type == "float" and not s.writable and s.id not in confirming and s.property not in STILL_PROPERTIES
                for s in signals
            ],
            dtype=np.bool_,
        )
        # observed
        self.number = np.zeros(n, dtype=np.float64)
        self.text = [""] * n
        self.has_value = np.zeros(n, dtype=np.bool_)
        self.seen = np.zeros(n, dtype=np.bool_)
        self.status = np.full(n, WAITING, dtype=np.int64)
        self.origin = np.zeros(n, dtype=np.int8)
        self.value_time = np.full(n, NEVER, dtype=np.int64)
        """Source time of the last accepted value: what the order of observations is judged against."""
        self.sequence = np.zeros(n, dtype=np.int64)
        self.source_time = np.full(n, NEVER, dtype=np.int64)
        """Source time of the last accepted observation, Bad ones included: what is shown."""
        self.server_time = np.full(n, NEVER, dtype=np.int64)
        self.received = np.full(n, NEVER, dtype=np.int64)
        self.alive = np.full(n, NEVER, dtype=np.int64)
        self.refused = np.zeros(n, dtype=np.bool_)
        self.refused_why = [""] * n
        self.awaiting = np.zeros(n, dtype=np.bool_)
        # how a value moves, for the frozen sensor
        self.moves = np.zeros(n, dtype=np.int64)
        self.holds = np.zeros(n, dtype=np.int64)
        self.run = np.zeros(n, dtype=np.int64)
        self.run_since = np.full(n, NEVER, dtype=np.int64)

    def value(self, i: int) -> Value | None:
        """The last accepted value of row `i` in its declared type."""
        if not self.has_value[i]:
            return None
        kind = self.kind[i]
        if kind == STRING:
            return self.text[i]
        if kind == FLOAT:
            return float(self.number[i])
        return bool(self.number[i]) if kind == BOOL else int(self.number[i])

    def refuse(self, i: int, why: str) -> None:
        """Something newer was set aside or lost: what is held may not be what the source says now."""
        self.refused[i], self.refused_why[i] = True, why

    def moved(self, i: int, value: float, at: int) -> None:
        """Count whether an analogue signal moved, before its new value is written."""
        if self.has_value[i] and self.number[i] == value:
            self.holds[i] += 1
            self.run[i] += 1
            if self.run[i] == 1:
                self.run_since[i] = self.value_time[i]
        else:
            self.moves[i] += 1
            self.run[i] = 0
        self.number[i], self.value_time[i], self.has_value[i] = value, at, True
