"""From sources to state and history: one bounded queue, one ingesting thread, one lock around the columns."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from andon.adapters.history import History
from andon.core.time import Clock, Nanos, iso
from andon.operate.port import Point
from andon.protocols.events import Down, Event, Observation, Overflow
from andon.site.model import Site
from andon.sync.store import StateStore
from andon.sync.view import SignalView

FLUSH_S = 1.0
BATCHES_PENDING_MAX = 4_096
"""Batches between the sources and state. What does not fit is dropped, counted and shown with the quarantine."""


class SourceThread(Protocol):
    """A connection to one source, on a thread of its own."""

    def start(self) -> None:
        """Begin to connect; returns at once."""
        ...

    def stop(self) -> None:
        """End, and wait for the end."""
        ...


class Floor:
    """State and history of one site, fed by its sources."""

    def __init__(self, site: Site, clock: Clock, history: History) -> None:
        self._site = site
        self._clock = clock
        self._history = history
        self._store = StateStore(site)
        self._lock = threading.Lock()
        self._queue: queue.Queue[tuple[str, list[Event]]] = queue.Queue(BATCHES_PENDING_MAX)
        self._dropped: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ingest, name="ingest", daemon=True)
        self._sources: list[SourceThread] = []
        self.trouble = ""
        """Why history could not be written, if it could not; shown as an alarm."""

    def start(self, sources: Iterable[SourceThread]) -> None:
        """Begin to ingest, then let the sources connect."""
        self._thread.start()
        self._sources = list(sources)
        for source in self._sources:
            source.start()

    def stop(self) -> None:
        """Stop the sources, take in what is queued, and close history."""
        for source in self._sources:
            source.stop()
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._history.close()

    def sink(self, source: str, events: Sequence[Event]) -> None:
        """Where a source's thread puts what it received; never blocks."""
        try:
            self._queue.put_nowait((source, list(events)))
        except queue.Full:
            lost = sum(isinstance(e, Observation) for e in events)
            self._dropped[source] = self._dropped.get(source, 0) + lost

    def _ingest(self) -> None:
        flushed = self._clock.monotonic()
        while not self._stop.is_set() or not self._queue.empty():
            try:
                source, events = self._queue.get(timeout=0.1)
            except queue.Empty:
                source, events = "", []
            if events:
                self.take(source, events)
            now = self._clock.monotonic()
            if now - flushed >= FLUSH_S * 1e9:
                flushed = now
                self._write(self._history.flush)
        self._write(self._history.flush)

    def take(self, source: str, events: list[Event]) -> None:
        """Take events into state, and what was accepted into history."""
        now = self._clock.now()
        lost = self._dropped.pop(source, 0)
        if lost:
            events = [*events, Overflow(source, now, lost, "between source and state")]
        with self._lock:
            applied = self._store.feed(events, now)
            if any(not isinstance(e, Down) for e in events):
                self._last[source] = now
        if applied.readings:
            self._write(lambda: self._history.append(applied.readings))

    def _write(self, action: Callable[[], None]) -> None:
        try:
            action()
        except OSError as error:
            self.trouble = str(error)
        else:
            self.trouble = ""

    def read(self, look: Callable[[StateStore], Any]) -> Any:
        """Look at the state under its lock."""
        with self._lock:
            return look(self._store)

    def views(self) -> tuple[SignalView, ...]:
        """Every signal as it stands now."""
        with self._lock:
            return self._store.views(self._clock.now())

    def view(self, signal: str) -> SignalView | None:
        """One signal as it stands now."""
        with self._lock:
            return self._store.view(signal, self._clock.now())

    def frozen(self) -> tuple[str, ...]:
        """Signals that say that they move and do not."""
        with self._lock:
            return self._store.frozen()

    def quarantine(self) -> list[dict[str, Any]]:
        """What was set aside, counted by source, signal and reason, with the last example."""
        with self._lock:
            counts = self._store.counts()
            latest = {(q.source, q.signal, q.reason): q for q in self._store.quarantined()}
        rows = []
        for (source, signal, reason), count in sorted(counts.items()):
            example = latest.get((source, signal, reason))
            rows.append(
                {
                    "source": source,
                    "signal": signal,
                    "reason": reason,
                    "count": count,
                    "example": example.why if example else "",
                    "at": iso(example.at) if example else None,
                }
            )
        return rows

    def sources(self) -> list[Mapping[str, Any]]:
        """Every source: up or down, since when and why."""
        with self._lock:
            down = self._store.sources()
            last = dict(self._last)
        return [
            {
                "id": s.id,
                "kind": s.kind,
                "url": s.url,
                "virtual": s.virtual,
                "up": down.get(s.id) is None and s.id in last,
                "why": (d.why if (d := down.get(s.id)) else "" if s.id in last else "nothing received yet"),
                "since": iso(d.at) if d else None,
                "last": iso(last[s.id]) if s.id in last else None,
            }
            for s in self._site.sources
        ]

    def trend(self, signal: str, since: Nanos, until: Nanos, points: int) -> list[Point]:
        """History of one signal, thinned."""
        trend = self._history.query(signal, since, until, points)
        return [
            Point(
                Nanos(p.at),
                float(p.last) if isinstance(p.last, int | float) else None,
                p.low,
                p.high,
                int(p.quality),
            )
            for p in trend.points
        ]
