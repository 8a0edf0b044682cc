"""One figure of an answer: a number a replication, with its name, its unit and whether more of it is better."""

from __future__ import annotations

from dataclasses import dataclass

from andon.models.simulate.rows import Column


@dataclass(frozen=True)
class Figure:
    """One figure over the replications."""

    name: str
    unit: str
    values: Column
    """float64[n]; NaN where the figure does not exist."""
    better: int
    """1: more is better; -1: less is; 0: neither."""
