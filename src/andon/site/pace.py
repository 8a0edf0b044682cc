"""What changes a machine's times and its power from job to job: set-ups by product, energy by state."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.site.part import Id, Part

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
