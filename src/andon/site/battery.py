"""Batteries of vehicles: what they hold, what driving takes, and who helps when one is empty."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.site.part import Id, Part


class Recovery(Part):
    """How a vehicle whose battery is empty gets going again."""

    time: str
    """Assumption: from the moment when somebody is there."""
    crew: Id | None = None
    """Crew whose member is needed; neither it nor `skill`: it begins at once."""
    skill: Id | None = None
    """Skill that it needs, of whatever crew; instead of `crew`."""
    people: int = Field(default=1, ge=1, le=100)
    how: Literal["swap", "tow"] = "swap"
    """`swap`: it goes on where it stood; `tow`: from its parking place."""
    charged_to: float = Field(default=1.0, ge=0.01, le=1)
    """Share of the capacity that it has afterwards."""


class Battery(Part):
    """What a vehicle's battery holds, and what driving takes out of it. Shares are of `capacity_wh`."""

    capacity_wh: float = Field(gt=0, le=1e6)
    empty_wh_per_m: float = Field(ge=0, le=100)
    loaded_wh_per_m: float = Field(ge=0, le=100)
    idle_w: float = Field(default=0.0, ge=0, le=10_000)
    """Drawn all the time, but not while it charges."""
    charge_w: float = Field(gt=0, le=1e6)
    charge_below: float = Field(default=0.3, ge=0, le=1)
    """Below this share it takes no call and goes to a charger."""
    leave_above: float = Field(default=0.8, ge=0, le=1)
    """Above this share it may be called away from the charger."""
    reserve: float | None = Field(default=None, ge=0, lt=1)
    """What a trip must leave when the vehicle is back at a charger; None: nobody looks ahead."""
    recovery: Recovery
