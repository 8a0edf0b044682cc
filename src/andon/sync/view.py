"""What anyone sees of a signal: the value with everything that must travel with it."""

from __future__ import annotations

from dataclasses import dataclass

from andon.core.readings import Origin, Quality, Value
from andon.core.time import Nanos


@dataclass(frozen=True, slots=True)
class SignalView:
    """The latest reading of a signal, and whether it may be called current."""

    signal: str
    element: str
    value: Value | None
    unit: str
    quality: Quality
    status: int
    source_time: Nanos | None
    server_time: Nanos | None
    received_time: Nanos | None
    origin: Origin
    age_s: float | None
    """Seconds of site time since the source last vouched for the value; None when it never did."""
    fresh: bool
    why: str
    """Why it is not current, in words; empty when it is."""
    purposes: tuple[str, ...]
    low: float | None
    high: float | None
