"""Readings: a value never travels alone. Times, quality, unit, origin and purposes go with it to the last pixel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from andon.core.time import Nanos

Value = float | int | bool | str


class Quality(IntEnum):
    """The two top bits of an OPC UA status code (Part 8): the higher, the worse."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2

    @classmethod
    def of_status(cls, status: int) -> Quality:
        """The quality that a 32-bit OPC UA status code states.

        >>> Quality.of_status(0x40900000)
        <Quality.UNCERTAIN: 1>
        >>> Quality.of_status(0xC0000000)
        <Quality.BAD: 2>
        """
        return cls(min((status >> 30) & 0b11, 2))


class Origin(StrEnum):
    """Where a value comes from. Only MEASURED was seen on the floor."""

    MEASURED = "measured"
    INFERRED = "inferred"
    SIMULATED = "simulated"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class Reading:
    """One observation of one signal, in the signal's declared unit."""

    signal: str
    value: Value
    source_time: Nanos
    server_time: Nanos
    received_time: Nanos
    quality: Quality
    origin: Origin
    status: int = 0
    """The source's own status code (OPC UA), kept as it came."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What stands where a reading would: nothing usable was ever received, and why."""

    signal: str
    why: str
