"""Orders that are there by name: rows of orders.csv, beside the pattern that `demand` describes."""

from __future__ import annotations

import re
from datetime import datetime

from pydantic import Field

from andon.site.part import Id, Part

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]\Z")


class Order(Part):
    """A row of orders.csv: so many jobs of one product, by when, and from when on."""

    order: Id
    product: Id
    quantity: int = Field(ge=1, le=10_000)
    due: str
    """Local wall time, `YYYY-MM-DD HH:MM`."""
    priority: int | None = Field(default=None, ge=1, le=1000)
    """Of its jobs, 1 first; its product's where it is not given."""
    release: str | None = None
    """Local wall time from which its jobs may enter the floor; from the beginning where it is not given."""


def wall_time(text: str) -> datetime | None:
    """The wall time that a text names, or None.

    >>> wall_time("2026-11-23 14:30")
    datetime.datetime(2026, 11, 23, 14, 30)
    >>> wall_time("23.11.2026") is None
    True
    """
    if not _MOMENT.match(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
