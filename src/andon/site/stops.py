"""What keeps machines from working, and what keeps a twin from knowing: planned work, and declared disturbances."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.site.part import Id, Part

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Maintenance(Part):
    """Planned work on each machine of a station: every so many hours, or at times of the day."""

    time: str
    """Assumption: how long it takes."""
    every_h: float | None = Field(default=None, gt=0, le=100_000)
    """Hours from one to the next."""
    counts: Literal["calendar", "running"] = "calendar"
    """Hours of the calendar, or of processing."""
    at: tuple[str, ...] = ()
    """Times of day, "HH:MM", instead of `every_h`."""
    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    """Days on which `at` holds."""
    crew: Id | None = None
    """Crew whose member does it; none: it needs nobody."""
    interrupts: bool = False
    """`true`: work in hand stops and goes on afterwards; `false`: the machine first finishes what it holds."""


class Disturbance(Part):
    """Something that twins usually hide, stated with its law: stops, slow repairs, wrong readings."""

    id: Id
    kind: Literal["exceptions", "maintenance-delay", "sensor-error"]
    stations: tuple[Id, ...] = ()
    """Where; none: at every station."""
    every: str | None = None
    """`exceptions`: assumption for the time from the end of one stop to the next."""
    lasts: str | None = None
    """`exceptions`: assumption for a stop's length; `maintenance-delay`: for the wait before a repair begins."""
    levels: str | None = None
    """`sensor-error`: assumption (unit `1`) for how many jobs too many a buffer's level says."""
    elapsed: str | None = None
    """`sensor-error`: assumption (unit `1`) for the true elapsed time over the one that is read."""
    misread: float = Field(default=0.0, ge=0, le=1)
    """`sensor-error`: probability that a machine that is seen at work is idle and empty in truth."""


class Scenario(Part):
    """A timed change that a question supposes; nobody declares it in a file."""

    kind: Literal["missing-worker", "network-outage", "damaged-packaging"]
    what: str = ""
    """Crew or station."""
    from_s: float
    """Seconds from the beginning of a run."""
    for_s: float
    amount: float
    """People missing; factor on times."""
