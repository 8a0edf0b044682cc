"""A bounded inbox between sources and the one owner of the state: it never blocks a source, and says what it lost."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from andon.protocols.events import Event, Observation, Overflow

EVENTS_PENDING_MAX = 200_000
"""Events that wait at most; some seconds of the busiest source."""

Sink = Callable[[Sequence[Event]], None]
"""Where a source delivers its events, from its own thread."""


class Inbox:
    """Many sources put batches in, one owner drains them in order."""

    def __init__(self, pending_max: int = EVENTS_PENDING_MAX) -> None:
        self._max = pending_max
        self._batches: deque[Sequence[Event]] = deque()
        self._pending = 0
        self._lost: dict[str, tuple[int, int]] = {}
        self._arrived = threading.Condition()

    def put(self, batch: Sequence[Event]) -> None:
        """Add a batch; when it does not fit, its observations are dropped and counted, its other events still go in."""
        if not batch:
            return
        with self._arrived:
            if self._pending + len(batch) > self._max:
                batch = self._shed(batch)
            self._batches.append(batch)
            self._pending += len(batch)
            self._arrived.notify()

    def _shed(self, batch: Sequence[Event]) -> Sequence[Event]:
        for event in batch:
            if isinstance(event, Observation):
                lost, at = self._lost.get(event.source, (0, 0))
                self._lost[event.source] = (lost + 1, max(at, event.received_time))
        return [event for event in batch if not isinstance(event, Observation)]

    def drain(self, timeout_s: float = 0.0) -> list[Event]:
        """Everything that waits, in order, and behind it what was lost; waits up to `timeout_s` for the first event."""
        with self._arrived:
            if not self._pending and timeout_s > 0:
                self._arrived.wait(timeout_s)
            events = [event for batch in self._batches for event in batch]
            self._batches.clear()
            self._pending = 0
            events.extend(Overflow(source, at, lost, "the inbox") for source, (lost, at) in self._lost.items())
            self._lost.clear()
            return events

    def __len__(self) -> int:
        return self._pending
