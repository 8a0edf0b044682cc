"""Observations in, state out: the latest accepted observation of every signal, and everything that was set aside.

Theory of operation. A batch is first checked as columns (`batch.py`): rows of signals whose every row in the batch is
clean (declared, typed, finite, in range, stamped, strictly newer) are scattered at once. Every other row goes alone
through the table of `quarantine.RULES` (`intake.py`). Both paths mean the same, so that chunking a stream never changes
the state; the table alone defines what that meaning is. Owned by one thread; it reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from andon.core.time import nanos
from andon.protocols.events import Alive, Down, Event, Observation, Overflow, Restarted
from andon.site.model import Site
from andon.sync.batch import Applied, apply_batch
from andon.sync.columns import NEVER, Bools, Columns
from andon.sync.currency import Currency
from andon.sync.intake import Intake
from andon.sync.quarantine import FUTURE_SKEW_S, Quarantined, Tally
from andon.sync.view import SignalView


class StateStore:
    """The latest accepted observation of every signal of a site."""

    def __init__(self, site: Site, *, skew_s: float = FUTURE_SKEW_S) -> None:
        self._columns = Columns(site)
        self._down: dict[str, Down] = {}
        self._tally = Tally()
        self._intake = Intake(site, self._columns, self._down, self._tally, nanos(skew_s))
        self._currency = Currency(self._columns, self._down)

    def feed(self, events: Iterable[Event], now: int) -> Applied:
        """Take a mixed stream in order: observations in batches, and what happened to sources between them."""
        out = Applied(at=now)
        batch: list[Observation] = []
        for event in events:
            if isinstance(event, Observation):
                batch.append(event)
                continue
            out.join(self.apply(batch, now))
            batch = []
            self._happened(event)
        out.join(self.apply(batch, now))
        return out

    def _happened(self, event: Alive | Down | Overflow | Restarted) -> None:
        match event:
            case Alive():
                self.alive(event.source, event.at, event.signals)
            case Down():
                self.down(event.source, event.at, event.why)
            case Overflow():
                self.overflow(event.source, event.at, event.lost, event.where)
            case Restarted():
                self.restarted(event.source, event.at)

    def apply(self, observations: Sequence[Observation], now: int) -> Applied:
        """Take a batch in the order of its arrival; `now` is site time. Costs a few microseconds an observation."""
        return apply_batch(self._intake, observations, now)

    def alive(self, source_id: str, at: int, signals: Sequence[str] | None = None) -> None:
        """A source published or kept alive at `at` (site time), for some signals or for all of its own."""
        columns = self._columns
        every = columns.rows_of.get(source_id)
        if every is None:
            self._tally.count(source_id, "*", "undeclared-source")
            return
        rows = every if signals is None else np.array([columns.row[s] for s in signals if s in columns.row], dtype=int)
        columns.alive[rows] = np.maximum(columns.alive[rows], at)
        self._down.pop(source_id, None)

    def down(self, source_id: str, at: int, why: str) -> None:
        """A source is lost since `at` (the first of several counts): nothing of it is current until received again."""
        rows = self._columns.rows_of.get(source_id)
        if rows is None:
            self._tally.count(source_id, "*", "undeclared-source")
            return
        self._columns.awaiting[rows] = True
        first = self._down.get(source_id)
        self._down[source_id] = Down(source_id, at if first is None else first.at, why)

    def overflow(self, source_id: str, at: int, lost: int, where: str) -> None:
        """`lost` events of a source never arrived, so that its held values may not be its last."""
        text = f"{lost} observations were lost at {where}, which was full; slow the source down or take fewer signals"
        self._tally.count(source_id, "*", "overflow", lost)
        self._tally.example(Quarantined(source_id, "", "*", "overflow", text, None, None, at))
        for row in self._columns.rows_of.get(source_id, ()):
            self._columns.refuse(int(row), text)

    def restarted(self, source_id: str, at: int) -> None:
        """A virtual source began a new time line; earlier source times are not held against it."""
        columns = self._columns
        rows = columns.rows_of.get(source_id)
        if rows is None:
            self._tally.count(source_id, "*", "undeclared-source")
            return
        self._tally.count(source_id, "*", "time-line-restarted")
        for column in (columns.value_time, columns.server_time, columns.run_since):
            column[rows] = NEVER
        for column in (columns.sequence, columns.run):
            column[rows] = 0
        columns.alive[rows] = np.minimum(columns.alive[rows], at)
        columns.awaiting[rows] = True

    def views(self, now: int) -> tuple[SignalView, ...]:
        """Every signal, in the site's order, judged at `now`."""
        return self._currency.views(now)

    def view(self, signal_id: str, now: int) -> SignalView | None:
        """One signal, or None when the site declares none of that id."""
        row = self._columns.row.get(signal_id)
        return None if row is None else self._currency.view(row, now)

    def fresh(self, now: int) -> Bools:
        """Which signals are current, in the site's order, as one array."""
        return self._currency.fresh(now)

    def frozen(self) -> tuple[str, ...]:
        """Signals that used to move and now repeat the same value under fresh timestamps."""
        return tuple(self._columns.signals[i].id for i in np.flatnonzero(self._currency.frozen()))

    def counts(self) -> dict[tuple[str, str, str], int]:
        """(source, signal or address, reason) to how many were set aside."""
        return self._tally.counts()

    def quarantined(self) -> tuple[Quarantined, ...]:
        """The latest that were set aside, oldest first."""
        return self._tally.latest()

    @property
    def tally(self) -> Tally:
        """Counts and examples, for pages."""
        return self._tally

    def sources(self) -> dict[str, Down | None]:
        """Each declared source: None, or how it was lost."""
        return {name: self._down.get(name) for name in self._columns.source_names}
