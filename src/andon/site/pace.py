"""What changes a machine's times from job to job: set-ups, hours, learning, tools, standstill, speed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.site.part import Id, Part
from andon.site.stops import Weekday

MachineState = Literal[
    "busy", "setup", "starved", "blocked", "down", "waiting_crew", "planned", "warming", "off", "stopped"
]
"""What a machine's time is divided into."""


class SetupTime(Part):
    """A row of setups.csv: how long one station takes, on average, to change from one product to another."""

    station: Id
    from_product: Id
    to_product: Id
    minutes: float = Field(ge=0, le=10_000)
    """Mean of the station's `setup` law for this change; 0: none is needed."""


class Hours(Part):
    """A part of the day, or a shift, in which processing takes longer or shorter."""

    shift: Id | None = None
    """Its hours; or `start` and `end`."""
    start: str | None = None
    end: str | None = None
    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    """Days on which `start` stands; a shift has its own."""
    factor: float = Field(gt=0, le=100)
    """On the processing time of what begins then; where several hold, they multiply."""


class Learning(Part):
    """Wright's law: each doubling of the number made multiplies the time by `rate`, down to `floor`."""

    rate: float = Field(gt=0.5, le=1)
    floor: float = Field(default=0.0, ge=0, le=1)
    """The least factor on the time."""
    units: int = Field(default=0, ge=0, le=10_000_000)
    """Made of each product before the start: the stated time is that of the next one."""


class Wear(Part):
    """A tool that works more slowly the more it is worn, and is changed when its life is over."""

    life: str
    """Assumption: processing time that a tool lasts."""
    change: str
    """Assumption: how long a change takes; it falls between two jobs."""
    slows: float = Field(default=0.0, ge=0, le=10)
    """How much longer a worn-out tool takes than a new one, as a share; in between in proportion to its use."""
    fails: float = Field(default=0.0, ge=0, le=1000)
    """How much more often a machine fails with a worn-out tool than with a new one, as a share; in between likewise."""
    crew: Id | None = None
    """Crew whose member changes it; none: it needs nobody."""
    skill: Id | None = None
    """Skill that a change needs, of whatever crew; instead of `crew`."""


class WarmUp(Part):
    """A machine that has not processed for a while must warm up before the next job."""

    after_min: float = Field(ge=0, le=100_000)
    """Minutes since it last processed, beyond which it is cold."""
    time: str
    """Assumption: how long warming up takes."""


class Speed(Part):
    """One level of a machine's speed."""

    factor: float = Field(gt=0, le=100)
    """Speed over the one that the times are stated for: 2 halves them."""
    kw: float | None = Field(default=None, ge=0, le=100_000)
    """Power when busy at this level; none: as `energy_kw` says."""
