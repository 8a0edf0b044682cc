"""Clocks that tick: the system's, and site time as a mapping of it. Only here is the machine asked for time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from andon.core.time import Nanos


@dataclass(frozen=True, slots=True)
class SiteTime:
    """Site time = epoch_site + (wall - epoch_wall) * speed, all in nanoseconds since 1970."""

    epoch_site: int = 0
    epoch_wall: int = 0
    speed: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.speed <= 100_000:
            raise ValueError(f"speed `{self.speed}` is not between 0 and 100000")

    def at(self, wall: int) -> Nanos:
        """Site time at a moment of wall time.

        >>> SiteTime(epoch_site=1000, epoch_wall=100, speed=20.0).at(105)
        1100
        """
        passed = wall - self.epoch_wall
        scaled = passed * int(self.speed) if self.speed.is_integer() else round(passed * self.speed)
        return Nanos(self.epoch_site + scaled)


class SystemClock:
    """Wall time as site time: what a real site runs on."""

    def now(self) -> Nanos:
        """Nanoseconds since 1970, UTC."""
        return Nanos(time.time_ns())  # noqa: TID251 - the one place that may

    def monotonic(self) -> Nanos:
        """Nanoseconds of the machine's monotonic clock, shared by its processes."""
        return Nanos(time.monotonic_ns())


class SiteClock:
    """Site time by a mapping that a virtual or replayed source declares; wall time until one is adopted."""

    def __init__(self, mapping: SiteTime | None = None) -> None:
        self._system = SystemClock()
        self._mapping = mapping or SiteTime()

    @property
    def mapping(self) -> SiteTime:
        """The mapping in force."""
        return self._mapping

    def adopt(self, mapping: SiteTime) -> bool:
        """Run on another mapping from now on; says whether it differs. One assignment: safe from any thread."""
        if mapping == self._mapping:
            return False
        self._mapping = mapping
        return True

    def now(self) -> Nanos:
        """Site time, nanoseconds."""
        return self._mapping.at(self._system.now())

    def monotonic(self) -> Nanos:
        """Real monotonic time: never scaled."""
        return self._system.monotonic()
