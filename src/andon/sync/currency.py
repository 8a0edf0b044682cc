"""What is current, and why not: freshness judged over columns at one moment, and the views that carry it.

OPC UA reports changes only, so a value is current while its last status is Good and its source has published or kept
alive within `fresh_s`; not while the source is down, nor while something newer that it said was set aside.
"""

from __future__ import annotations

import numpy as np

from andon.core.readings import Quality
from andon.core.time import iso, seconds
from andon.protocols.events import Down
from andon.protocols.opcua import status_name
from andon.sync.columns import NEVER, ORIGINS, Bools, Columns, Ints
from andon.sync.view import SignalView

FROZEN_AFTER = 30
"""Repetitions of one bit pattern, and periods, after which a sensor that always moved is called frozen."""
LIVELY_MOVES = 20
"""Moves that an analogue signal must have shown before it can be called frozen."""
LIVELY_SHARE = 0.1
"""And how few of its earlier observations may have repeated the one before."""
GOOD_BELOW = 0x40000000
SHIFT = 30


class Currency:
    """Freshness and views over the columns of one store."""

    def __init__(self, columns: Columns, down: dict[str, Down]) -> None:
        self._c = columns
        self._down = down

    def frozen(self) -> Bools:
        """Analogue signals that moved with every observation, and then stopped while fresh timestamps kept coming."""
        c = self._c
        lively = (c.moves >= LIVELY_MOVES) & (c.holds - c.run <= LIVELY_SHARE * c.moves)
        long = (c.run >= FROZEN_AFTER) & (c.run_since != NEVER)
        lasting = np.zeros_like(long)
        lasting[long] = c.value_time[long] - c.run_since[long] >= FROZEN_AFTER * c.period[long]
        frozen: Bools = c.watched & lively & lasting
        return frozen

    def fresh(self, now: int) -> Bools:
        """Which signals are current at `now`, in the site's order."""
        c = self._c
        ok: Bools = c.seen & (c.status < GOOD_BELOW) & ~c.refused & ~c.awaiting & ~self.frozen()
        ok &= self._ages(now) <= c.fresh
        for name in self._down:
            ok[c.rows_of[name]] = False
        return ok

    def _ages(self, now: int) -> Ints:
        """Nanoseconds since each signal was last confirmed; the largest integer where it never was."""
        known = self._c.alive != NEVER
        ages = np.full(known.size, np.iinfo(np.int64).max, dtype=np.int64)
        ages[known] = np.maximum(now - self._c.alive[known], 0)
        return ages

    def views(self, now: int) -> tuple[SignalView, ...]:
        """Every signal, judged at `now`."""
        fresh, frozen, ages = self.fresh(now).tolist(), self.frozen().tolist(), self._ages(now).tolist()
        return tuple(self._view(i, fresh[i], frozen[i], ages[i]) for i in range(len(fresh)))

    def view(self, row: int, now: int) -> SignalView:
        """One signal, judged at `now`."""
        return self._view(row, bool(self.fresh(now)[row]), bool(self.frozen()[row]), int(self._ages(now)[row]))

    def _view(self, i: int, fresh: bool, frozen: bool, age: int) -> SignalView:
        c = self._c
        s = c.signals[i]
        seen, status = bool(c.seen[i]), int(c.status[i])
        quality = Quality.of_status(status)
        return SignalView(
            signal=s.id,
            element=s.element,
            source=s.source,
            value=c.value(i) if seen and quality is not Quality.BAD else None,
            unit=s.unit,
            quality=quality,
            status=status,
            source_time=int(c.source_time[i]) if seen else None,
            server_time=int(c.server_time[i]) if seen and c.server_time[i] != NEVER else None,
            received_time=int(c.received[i]) if seen else None,
            origin=ORIGINS[c.origin[i]] if seen else None,
            age_s=seconds(age) if seen else None,
            fresh=fresh,
            why="" if fresh else self._why(i, seen, status, age, frozen),
            purposes=s.purposes,
            low=s.low,
            high=s.high,
        )

    def _why(self, i: int, seen: bool, status: int, age: int, frozen: bool) -> str:
        """The first reason why a signal is not current, the most fundamental one first."""
        c = self._c
        s = c.signals[i]
        down = self._down.get(s.source)
        quality = Quality.of_status(status)
        reasons = (
            (down is not None, f"source `{s.source}` down since {iso(down.at)[:19]}Z: {down.why}" if down else ""),
            (bool(c.refused[i]), f"the latest observation was set aside: {c.refused_why[i]}"),
            (not seen, "never received"),
            (quality is Quality.BAD, f"quality {status_name(status)}"),
            (bool(c.awaiting[i]), f"not received again since source `{s.source}` came back"),
            (age > c.fresh[i], f"stale {seconds(age):.0f} s > {s.fresh_s:g} s"),
            (quality is Quality.UNCERTAIN, f"quality {status_name(status)}"),
            (frozen, f"frozen: {c.run[i]} identical values under fresh timestamps; check the sensor"),
        )
        return next(text for holds, text in reasons if holds)
