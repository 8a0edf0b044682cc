"""One signal as anybody may see it: value, times, quality, unit, origin, purposes, and why it is not current."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from andon.core.readings import Origin, Quality, Value
from andon.core.time import iso


@dataclass(frozen=True, slots=True)
class SignalView:
    """The latest accepted observation of one signal, judged at one moment. A value never travels alone."""

    signal: str
    element: str
    source: str
    value: Value | None
    """None when nothing usable was ever received, or when the source calls its value Bad."""
    unit: str
    quality: Quality
    """BAD when nothing was ever received."""
    status: int
    source_time: int | None
    """When the value last changed, nanoseconds of site time."""
    server_time: int | None
    received_time: int | None
    origin: Origin | None
    age_s: float | None
    """Seconds of site time since its source last confirmed the value, by publishing it or by keeping alive."""
    fresh: bool
    """Good, confirmed within its freshness limit, not contradicted by anything that was set aside since."""
    why: str
    """Why it is not current; empty when it is."""
    purposes: tuple[str, ...]
    low: float | None
    high: float | None

    def as_json(self) -> dict[str, Any]:
        """The same as JSON: times as RFC 3339, quality by name."""
        out = asdict(self)
        out["quality"] = self.quality.name.lower()
        out["status"] = f"0x{self.status:08X}"
        out["origin"] = None if self.origin is None else self.origin.value
        out["purposes"] = list(self.purposes)
        for name in ("source_time", "server_time", "received_time"):
            out[name] = None if out[name] is None else iso(out[name])
        return out
