"""What a schedule is made of: an operation, its machine, and when it is planned to begin."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Planned:
    """One operation: a step of a job of an order, on a machine."""

    machine: str
    station: str
    order: str
    job: int
    """Of the order, from 1, in the order in which they are released."""
    step: int
    """Of the route, from 0."""
    start_ns: int | None
    """Planned start, site time, nanoseconds since the epoch; it does not begin before."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every operation of every order."""

    name: str
    """The file that it comes from."""
    entries: tuple[Planned, ...]
