"""Logs of events in files: CSV (also gzipped) or Parquet, one record a row, in the order in which they came."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from andon.core.time import parse_iso
from andon.models.fit.episodes import Event

NEEDED = ("time", "element", "state")
RECORDS_MAX = 20_000_000


class NoLog(OSError):  # noqa: N818 - named for what it says
    """The file cannot be read as a log of events; one sentence."""


@dataclass(frozen=True)
class Log:
    """The records of a file, and how many rows were none."""

    events: list[Event]
    malformed: int


def read(path: Path) -> Log:
    """All records of a file.

    Raises:
        NoLog: it is none.
    """
    try:
        events: list[Event] = []
        malformed = 0
        for row in _rows(path):
            event = _event(row)
            if event is None:
                malformed += 1
            elif len(events) >= RECORDS_MAX:
                raise NoLog(f"`{path}` has more than {RECORDS_MAX:,} records; split it")
            else:
                events.append(event)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError, EOFError) as error:
        if isinstance(error, NoLog):
            raise
        raise NoLog(f"`{path}` cannot be read ({error}); give a .csv, .csv.gz or .parquet file") from error
    if not events:
        raise NoLog(f"`{path}` has no records; each row needs a time, an element and a state")
    return Log(events, malformed)


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq  # noqa: PLC0415 - most logs are CSV

        with pq.ParquetFile(path) as file:
            _refuse(path, file.schema_arrow.names)
            for batch in file.iter_batches():
                yield from batch.to_pylist()
        return
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as text:
        reader = csv.DictReader(line for line in text if not line.startswith("#"))
        _refuse(path, reader.fieldnames or ())
        yield from reader


def _refuse(path: Path, names: Iterable[str]) -> None:
    missing = [n for n in NEEDED if n not in set(names)]
    if missing:
        raise NoLog(f"`{path}` has no column `{missing[0]}`; give {', '.join(f'`{n}`' for n in NEEDED)}")


def _event(row: Mapping[str, Any]) -> Event | None:
    """A row as a record; None where it is none."""
    element, state = row.get("element"), row.get("state")
    if not isinstance(element, str) or not isinstance(state, str) or not element:
        return None
    try:
        at = _moment(row.get("time"))
        count = row.get("count")
        number = int(count) if count not in {None, ""} else None
    except (ValueError, TypeError, OverflowError):
        return None
    return Event(at, element, state.strip().lower(), str(row.get("product") or ""), number)


def _moment(value: Any) -> int:
    """Nanoseconds since 1970: a number of seconds, an RFC 3339 text, or a date and time of a Parquet file."""
    if hasattr(value, "timestamp"):
        return round(float(value.timestamp()) * 1e9)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return int(parse_iso(value))
    at = round(float(value) * 1e9)
    if not 0 <= at < 1 << 62:
        raise ValueError("not a moment")
    return at
