"""History in DuckDB, written through Arrow: accepted readings, trends of them, and digests that the ledger cites.

Each flush is one durable transaction, so that `kill -9` loses at most what was not flushed yet (about a second). DuckDB
lets one process at a time hold the file; while the twin runs, others ask it over its local API.
"""

from __future__ import annotations

import hashlib
import math
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from andon.core.readings import Origin, Quality, Reading, Value
from andon.core.time import Nanos

PRUNE_EVERY_NS = 3_600 * 10**9
"""Site time between two looks for readings that are older than their retention."""
FLUSH_ROWS = 10_000
WAITING_MAX = 500_000
"""Readings that wait for a disk that refuses; beyond it the oldest are dropped, and counted in `lost`."""
FETCH_ROWS = 20_000
DAY_NS = 86_400 * 10**9

SCHEMA = """
CREATE TABLE IF NOT EXISTS signals (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL UNIQUE);
CREATE SEQUENCE IF NOT EXISTS arrival;
CREATE TABLE IF NOT EXISTS readings (
  seq BIGINT NOT NULL DEFAULT nextval('arrival'),
  signal INTEGER NOT NULL,
  source_time BIGINT NOT NULL,
  server_time BIGINT NOT NULL,
  received_time BIGINT NOT NULL,
  kind UTINYINT NOT NULL,
  number DOUBLE,
  text VARCHAR,
  status UINTEGER NOT NULL,
  origin UTINYINT NOT NULL
);
"""
ARROW = pa.schema(
    [
        ("signal", pa.int32()),
        ("source_time", pa.int64()),
        ("server_time", pa.int64()),
        ("received_time", pa.int64()),
        ("kind", pa.uint8()),
        ("number", pa.float64()),
        ("text", pa.string()),
        ("status", pa.uint32()),
        ("origin", pa.uint8()),
    ]
)
KINDS: dict[type, int] = {float: 0, int: 1, bool: 2, str: 3}
ORIGINS = tuple(Origin)
ORIGIN_CODES = {origin: i for i, origin in enumerate(ORIGINS)}
"""Codes in the file: append only, never reorder."""


class HistoryUnavailable(OSError):  # noqa: N818 - named for what it says
    """The file cannot be opened or written; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a trend shows of one stretch of time: nothing between `low` and `high` is hidden, nor the worst quality."""

    at: int
    """Source time of the last reading of the stretch, nanoseconds."""
    low: float | None
    high: float | None
    last: Value | None
    """None where the last reading of the stretch was Bad."""
    quality: Quality
    """The worst of the stretch."""
    count: int

    def as_json(self) -> dict[str, Any]:
        """The same as JSON, time in milliseconds since 1970 as charts take it."""
        return {
            "t": self.at / 1e6,
            "low": self.low,
            "high": self.high,
            "last": self.last,
            "quality": self.quality.name.lower(),
            "count": self.count,
        }


@dataclass(frozen=True, slots=True)
class Trend:
    """A signal's history over a range of time, at most as many points as were asked for."""

    signal: str
    since: int
    until: int
    before: Reading | None
    """The last reading before `since`: what held when the range began."""
    points: tuple[Point, ...]
    bucket: int
    """Nanoseconds that one point stands for; 0 when every reading is shown."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of history as the ledger cites it."""

    since: int
    until: int
    rows: int
    digest: str

    def as_json(self) -> dict[str, Any]:
        """The same as JSON; times as text, since JSON numbers end at 2**53."""
        return {"since": str(self.since), "until": str(self.until), "rows": self.rows, "digest": self.digest}


class History:
    """One site's readings. Writes come from one owner; queries may come from any thread."""

    def __init__(self, path: Path, *, keep_days: Mapping[str, float] | None = None, read_only: bool = False) -> None:
        """Open or make the file.

        Args:
            path: of the DuckDB file.
            keep_days: retention by signal id, days of site time; what is older is deleted once an hour. None: nothing.
            read_only: for a look at a copy.

        Raises:
            HistoryUnavailable: another process holds it, or it is not a history.
        """
        self._path = path
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = duckdb.connect(str(path), read_only=read_only)
        except duckdb.IOException as error:
            raise HistoryUnavailable(self._sentence(error)) from error
        self._lock = threading.Lock()
        self._waiting: list[Reading] = []
        self._keep_days = keep_days
        self._pruned = 0
        self.lost = 0
        """Readings dropped because the disk refused for so long that too many waited."""
        if not read_only:
            self._db.execute(SCHEMA)
        self._ids: dict[str, int] = dict(self._db.execute("SELECT name, id FROM signals").fetchall())

    def _sentence(self, error: Exception) -> str:
        if "lock" in str(error).lower():
            return (
                f"`{self._path}` is held by another process, and DuckDB allows one; "
                "ask the running twin over its local API, or stop it first"
            )
        return (
            f"`{self._path}` cannot be opened as a history ({str(error).splitlines()[0]}); move it away to begin anew"
        )

    # --- in ---

    def append(self, readings: Sequence[Reading]) -> None:
        """Take readings; they are durable after the next flush, which comes by itself once 10,000 wait.

        Raises:
            HistoryUnavailable: the disk refused a flush; what waits is kept and tried again, up to a bound.
            TypeError: a value that is no plain float, int, bool or str; nothing was taken.
        """
        odd = next((r for r in readings if r.value.__class__ not in KINDS), None)
        if odd is not None:
            raise TypeError(f"`{odd.signal}` has a value of type {type(odd.value).__name__}; give a plain one")
        with self._lock:
            self._waiting.extend(readings)
            if len(self._waiting) >= FLUSH_ROWS:
                self._flush()

    def flush(self) -> None:
        """Make all that waits durable, in one transaction. Call it about once a second: `kill -9` loses what waits.

        Raises:
            HistoryUnavailable: the disk refused; what waits is kept and tried again, up to a bound.
        """
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        fresh = {r.signal for r in self._waiting} - self._ids.keys()
        cursor = self._db.cursor()
        try:
            table = self._arrow(self._waiting, fresh)
            cursor.execute("BEGIN")
            for name in sorted(fresh):
                cursor.execute("INSERT INTO signals VALUES (?, ?)", [self._ids[name], name])
            cursor.register("batch", table)
            cursor.execute(f"INSERT INTO readings ({', '.join(ARROW.names)}) SELECT * FROM batch")  # noqa: S608 - own names
            cursor.execute("COMMIT")
        except duckdb.Error as error:
            for name in fresh:
                self._ids.pop(name, None)
            if over := max(0, len(self._waiting) - WAITING_MAX):
                del self._waiting[:over]
                self.lost += over
            first = str(error).splitlines()[0]
            raise HistoryUnavailable(f"`{self._path}` cannot be written ({first}); free its disk") from error
        finally:
            cursor.close()
        newest = max(r.received_time for r in self._waiting)
        self._waiting = []
        if self._keep_days and newest - self._pruned >= PRUNE_EVERY_NS:
            self._pruned = newest
            self._prune(newest, self._keep_days)

    def _arrow(self, readings: Sequence[Reading], fresh: set[str]) -> pa.Table:
        for name in sorted(fresh):
            self._ids[name] = len(self._ids) + 1
        ids = self._ids
        value = [r.value for r in readings]
        columns = [
            [ids[r.signal] for r in readings],
            [r.source_time for r in readings],
            [r.server_time for r in readings],
            [r.received_time for r in readings],
            [KINDS[type(v)] for v in value],
            [None if isinstance(v, str) or v != v else float(v) for v in value],  # noqa: PLR0124 - NaN stands for no value
            [v if isinstance(v, str) else None for v in value],
            [r.status for r in readings],
            [ORIGIN_CODES[r.origin] for r in readings],
        ]
        return pa.table([pa.array(c, type=f.type) for c, f in zip(columns, ARROW, strict=True)], schema=ARROW)

    def prune(self, now: int, days: Mapping[str, float]) -> int:
        """Delete readings older than their signal's retention, in days before `now` (site time); returns how many.

        Signals without a retention are kept for ever.
        """
        self.flush()
        with self._lock:
            return self._prune(now, days)

    def _prune(self, now: int, days: Mapping[str, float]) -> int:
        gone = 0
        cursor = self._db.cursor()
        try:
            for kept in sorted(set(days.values())):
                keys = [key for name, key in self._ids.items() if days.get(name) == kept]
                done = cursor.execute(
                    "DELETE FROM readings WHERE list_contains(?::INTEGER[], signal) AND source_time < ?",
                    [keys, now - round(kept * DAY_NS)],
                )
                gone += int((done.fetchone() or (0,))[0])
        finally:
            cursor.close()
        return gone

    # --- out ---

    def _rows(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        cursor = self._db.cursor()
        try:
            return cursor.execute(sql, list(parameters)).fetchall()
        finally:
            cursor.close()

    def query(self, signal: str, since: int, until: int, max_points: int = 500) -> Trend:
        """A signal from `since` up to, not including, `until` (source time): all of it, or min, max, last a bucket."""
        self.flush()
        key = self._ids.get(signal, -1)
        where = "signal = ? AND source_time >= ? AND source_time < ?"
        total = self._rows(f"SELECT count(*) FROM readings WHERE {where}", [key, since, until])[0][0]  # noqa: S608 - fixed text
        bucket = 0 if total <= max_points else max(1, -(-(until - since) // max_points))
        group = "seq" if bucket == 0 else f"(source_time - {int(since)}) // {int(bucket)}"
        newest = "row(source_time, seq)"
        rows = self._rows(
            f"SELECT max(source_time), min(number), max(number), arg_max(row(kind, number, text, status), {newest}), "  # noqa: S608 - integers only
            f"max(status >> 30), count(*) FROM readings WHERE {where} "
            f"GROUP BY {group} ORDER BY max(source_time), max(seq)",
            [key, since, until],
        )
        points = tuple(_point(*row) for row in rows)
        return Trend(signal, since, until, self._before(signal, since), points, bucket)

    def _before(self, signal: str, since: int) -> Reading | None:
        found = self._rows(
            f"{SELECT} WHERE r.signal = ? AND r.source_time < ? ORDER BY r.source_time DESC, r.seq DESC LIMIT 1",
            [self._ids.get(signal, -1), since],
        )
        return _reading(found[0]) if found else None

    def readings(self, signals: Sequence[str] | None, since: int, until: int) -> Iterator[Reading]:
        """Readings from `since` up to, not including, `until`, by source time, then arrival; None for every signal."""
        self.flush()
        keys = list(self._ids.values()) if signals is None else [self._ids.get(s, -1) for s in signals]
        cursor = self._db.cursor()
        try:
            cursor.execute(
                f"{SELECT} WHERE list_contains(?::INTEGER[], r.signal) AND r.source_time >= ? AND r.source_time < ? "
                "ORDER BY r.source_time, r.seq",
                [keys, since, until],
            )
            while rows := cursor.fetchmany(FETCH_ROWS):
                yield from map(_reading, rows)
        finally:
            cursor.close()

    def segment(self, since: int, until: int, signals: Sequence[str] | None = None) -> Segment:
        """Digest of a stretch: SHA-256 over its readings in order, each as the reference's byte layout."""
        hasher = hashlib.sha256()
        rows = 0
        for reading in self.readings(signals, since, until):
            hasher.update(reading_bytes(reading))
            rows += 1
        return Segment(since, until, rows, f"sha256:{hasher.hexdigest()}")

    def extent(self) -> tuple[int, int, int]:
        """First and last source time, and how many readings there are; zeros when there are none."""
        self.flush()
        first, last, count = self._rows("SELECT min(source_time), max(source_time), count(*) FROM readings", [])[0]
        return first or 0, last or 0, count

    def close(self) -> None:
        """Flush and close the file.

        Raises:
            HistoryUnavailable: the disk refused the last flush; the file is closed all the same.
        """
        try:
            self.flush()
        finally:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


SELECT = (
    "SELECT s.name, r.kind, r.number, r.text, r.source_time, r.server_time, r.received_time, r.status, r.origin "
    "FROM readings r JOIN signals s ON s.id = r.signal"
)


def _value(kind: int, number: float | None, text: str | None) -> Value:
    if kind == KINDS[str]:
        return text or ""
    if number is None:
        return math.nan
    if kind == KINDS[bool]:
        return bool(number)
    return int(number) if kind == KINDS[int] else number


def _reading(row: tuple[Any, ...]) -> Reading:
    name, kind, number, text, source, server, received, status, origin = row
    return Reading(
        name,
        _value(kind, number, text),
        Nanos(source),
        Nanos(server),
        Nanos(received),
        Quality.of_status(status),
        ORIGINS[origin],
        status,
    )


def _point(at: int, low: float | None, high: float | None, last: Any, worst: int, count: int) -> Point:
    kind, number, text, status = last.values() if isinstance(last, dict) else last
    bad = Quality.of_status(status) is Quality.BAD
    return Point(at, low, high, None if bad else _value(kind, number, text), Quality(min(worst, 2)), count)


def reading_bytes(reading: Reading) -> bytes:
    """One reading as the digest sees it: big-endian, lengths first, so that no two readings share their bytes.

    Layout: length of the signal id (u16) and its UTF-8; source, server and received time (i64 each); status (u32);
    origin as length (u16) and UTF-8; kind (u8: 0 float, 1 int, 2 bool, 3 string); a number as IEEE 754 binary64 (NaN
    as 7FF8000000000000), a string as length (u32) and UTF-8.
    """
    name, origin, value = reading.signal.encode(), reading.origin.value.encode(), reading.value
    head = struct.pack(">H", len(name)) + name
    head += struct.pack(">qqqI", reading.source_time, reading.server_time, reading.received_time, reading.status)
    head += struct.pack(">H", len(origin)) + origin + struct.pack(">B", KINDS[type(value)])
    if isinstance(value, str):
        text = value.encode()
        return head + struct.pack(">I", len(text)) + text
    return head + struct.pack(">d", math.nan if math.isnan(value) else value)
