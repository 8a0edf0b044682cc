"""What every protocol turns its bytes into: observations, signs of life, losses. Plain values, no sockets, no clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from andon.core.readings import Origin, Value


class Observation(NamedTuple):
    """One thing that a source said, before anybody has judged it.

    A named tuple, not a dataclass: thousands a second are made, and a batch turns into columns with one `zip`.
    """

    source: str
    """Id of the source of sources.yaml that it came through."""
    address: str
    """The source's own name for the signal, as signals.csv has it in `address`."""
    value: Value | None
    """In the source's own type; None where the source had no value to give (UNAVAILABLE, a Bad status)."""
    source_time: int | None
    """When the value last changed by the source's clock, nanoseconds of site time; None when it does not say."""
    server_time: int | None
    """When the server last knew it to be right, nanoseconds by the server's clock; None when it does not say."""
    received_time: int
    """When it arrived here, nanoseconds of site time."""
    status: int = 0
    """32-bit OPC UA status code; other protocols map onto 0 Good, 0x40000000 Uncertain, 0x80000000 Bad."""
    unit: str | None = None
    """UCUM code, where the source itself states one."""
    origin: Origin = Origin.MEASURED
    sequence: int = 0
    """The source's own order among observations of one source time (a line number); 0 when it has none."""


class Alive(NamedTuple):
    """A source published or kept alive: what it told last, and did not change, still holds."""

    source: str
    at: int
    """Nanoseconds of site time."""
    signals: tuple[str, ...] | None = None
    """Signal ids of the subscription that showed life; None for every signal of the source."""


class Down(NamedTuple):
    """A source is lost: nothing that came from it is current any more."""

    source: str
    at: int
    why: str


class Overflow(NamedTuple):
    """A bounded queue was full, so that `lost` observations never arrived."""

    source: str
    at: int
    lost: int
    where: str


class Restarted(NamedTuple):
    """A virtual source began a new time line: source times may start again before the ones already seen."""

    source: str
    at: int


Event = Observation | Alive | Down | Overflow | Restarted
Sink = Callable[[str, Sequence[Event]], None]
"""Where a source delivers, from its own thread: its id and a batch in order. Must not block."""
GOOD = 0x00000000
UNCERTAIN = 0x40000000
BAD = 0x80000000
