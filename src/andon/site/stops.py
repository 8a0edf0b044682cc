"""What keeps machines from working, and what keeps a twin from knowing: planned work, and declared disturbances."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.site.part import Id, Part

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Outcome(Part):
    """How a step may end for a share of the jobs, instead of going on to the next step."""

    share: float = Field(gt=0, le=1)
    to: Id
    """`scrap`, `done` (finished here), or a step of the same route, before or behind."""
    at_most: int | None = Field(default=None, ge=1, le=15)
    """A job is sent back this often; the next time it is scrap. None: as often as it takes."""


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
    skill: Id | None = None
    """Skill that it needs, of whatever crew; instead of `crew`."""
    people: int = Field(default=1, ge=1, le=100)
    """So many people at a time."""
    interrupts: bool = False
    """`true`: work in hand stops and goes on afterwards; `false`: the machine first finishes what it holds."""
    renews: bool = False
    """`true`: the machine fails from then on as if it were new; `false`: as before."""


class Disturbance(Part):
    """Something that twins usually hide, stated with its law: stops, slow repairs, wrong readings, damage."""

    id: Id
    kind: Literal["exceptions", "maintenance-delay", "sensor-error", "damaged-packaging"]
    stations: tuple[Id, ...] = ()
    """Where; none: at every station."""
    every: str | None = None
    """`exceptions`: assumption for the time from the end of one stop to the next."""
    lasts: str | None = None
    """`exceptions`: assumption for a stop's length; `maintenance-delay`: for the wait before a repair begins;
    `damaged-packaging`: for the handling of one damaged job."""
    levels: str | None = None
    """`sensor-error`: assumption (unit `1`) for how many jobs too many a buffer's level says."""
    elapsed: str | None = None
    """`sensor-error`: assumption (unit `1`) for the true elapsed time over the one that is read."""
    misread: float = Field(default=0.0, ge=0, le=1)
    """`sensor-error`: probability that a machine that is seen at work is idle and empty in truth."""
    share: float = Field(default=0.0, ge=0, le=1)
    """`damaged-packaging`: share of the jobs that come damaged; 0: only a scenario says that some do."""
    crew: Id | None = None
    """`damaged-packaging`: crew whose member handles a damaged job; none: it needs nobody."""
    skill: Id | None = None
    """`damaged-packaging`: skill that handling needs, of whatever crew; instead of `crew`."""
    people: int = Field(default=1, ge=1, le=100)
    """`damaged-packaging`: so many people at a time."""
    outcomes: tuple[Outcome, ...] = ()
    """`damaged-packaging`: what becomes of damaged jobs after their handling; the rest is processed as usual."""


class Scenario(Part):
    """A timed change that a question supposes; nobody declares it in a file."""

    kind: Literal["missing-worker", "network-outage", "damaged-packaging"]
    what: str = ""
    """Crew or skill; station."""
    from_s: float
    """Seconds from the beginning of a run."""
    for_s: float
    amount: float
    """People missing; share of jobs that come damaged."""
