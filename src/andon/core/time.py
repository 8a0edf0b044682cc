"""Time as an argument: integer nanoseconds, and the Clock port through which everything asks for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NewType, Protocol

Nanos = NewType("Nanos", int)
"""Nanoseconds since 1970-01-01T00:00:00Z, or a duration in nanoseconds."""

SECOND = Nanos(1_000_000_000)


class Clock(Protocol):
    """The port for time. Site time may be scaled or replayed; the monotonic clock never is."""

    def now(self) -> Nanos:
        """Site time: what source timestamps are compared with, and what pages show."""
        ...

    def monotonic(self) -> Nanos:
        """Real monotonic time, shared by the processes of one machine: what leases and permits run on."""
        ...


class ManualClock:
    """A clock that moves only when told: for tests, and for replays of what is already recorded."""

    def __init__(self, now: int = 0, monotonic: int = 0) -> None:
        self._now = now
        self._monotonic = monotonic

    def now(self) -> Nanos:
        """Site time, nanoseconds."""
        return Nanos(self._now)

    def monotonic(self) -> Nanos:
        """Monotonic time, nanoseconds."""
        return Nanos(self._monotonic)

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds`."""
        step = nanos(seconds)
        self._now += step
        self._monotonic += step

    def set(self, now: int) -> None:
        """Set site time alone, as a replay or a skewed clock does."""
        self._now = now


def nanos(seconds: float) -> Nanos:
    """Seconds to nanoseconds, rounded.

    >>> nanos(0.5)
    500000000
    """
    return Nanos(round(seconds * 1e9))


def seconds(value: int) -> float:
    """Nanoseconds to seconds.

    >>> seconds(1_500_000_000)
    1.5
    """
    return value / 1e9


def iso(at: int) -> str:
    """RFC 3339 in UTC with microseconds.

    >>> iso(0)
    '1970-01-01T00:00:00.000000Z'
    """
    whole, part = divmod(at, SECOND)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{part // 1000:06d}Z"


def parse_iso(text: str) -> Nanos:
    """RFC 3339 to nanoseconds, keeping all nine decimals (`datetime` keeps six, and SHDR logs carry seven).

    Raises:
        ValueError: not a timestamp, or one that names no offset.

    >>> parse_iso("2017-02-01T13:59:35.0937500Z")
    1485957575093750000
    >>> parse_iso("1970-01-01T01:00:00+01:00")
    0
    """
    stem, _, rest = text.partition(".")
    digits = ""
    while rest and rest[0].isdigit():
        digits += rest[0]
        rest = rest[1:]
    moment = datetime.fromisoformat(stem + rest if digits else text)
    if moment.tzinfo is None:
        raise ValueError(f"timestamp `{text}` names no time zone; end it in Z or an offset")
    return Nanos(int(moment.timestamp()) * SECOND + int((digits + "000000000")[:9]))
