"""What every part of a site is: immutable, closed to unknown keys, named by an id."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
"""An element's id: lower case, digits, `-` and `_`."""
SignalId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*\.[a-z0-9_]+$", max_length=128)]
"""A signal's id is `element.property`; the properties that models understand are listed in the reference."""


class Part(BaseModel):
    """A piece of a site: immutable, and closed to keys that the format does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
