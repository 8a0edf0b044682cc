"""One lift by hand at a station, as the revised NIOSH lifting equation measures it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.site.part import Part


class Lifting(Part):
    """A two-handed lift, standing: lengths in centimetres, measured at its start (Waters, Putz-Anderson, Garg 1994)."""

    load_kg: float = Field(gt=0, le=100)
    horizontal_cm: float = Field(gt=0, le=100)
    """Hands from the midpoint between the ankles."""
    vertical_cm: float = Field(ge=0, le=250)
    """Hands above the floor."""
    distance_cm: float = Field(ge=0, le=250)
    """How far the load travels up or down."""
    asymmetry_deg: float = Field(default=0.0, ge=0, le=180)
    """Turn of the body."""
    coupling: Literal["good", "fair", "poor"] = "good"
    """How well it can be gripped."""
    lifts_per_min: float = Field(gt=0, le=60)
    hours: float = Field(default=8.0, gt=0, le=8)
    """How long in a shift such lifting goes on, without breaks for recovery."""
    end_horizontal_cm: float | None = Field(default=None, gt=0, le=100)
    """Horizontal distance where it is set down, if it must be set down with care: the worse of both ends counts."""
    end_vertical_cm: float | None = Field(default=None, ge=0, le=250)
    end_asymmetry_deg: float = Field(default=0.0, ge=0, le=180)
