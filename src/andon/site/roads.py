"""The ways that vehicles drive: nodes and edges (the words of VDA 5050), stops, parking, chargers, times of closure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.site.part import Id, Part
from andon.site.stops import Weekday


class Node(Part):
    """A point where edges meet; one vehicle at a time stands on it."""

    id: Id
    x_m: float
    y_m: float
    parks: Id | None = None
    """The vehicle whose own place this is: no other ever enters."""
    charger: bool = False
    """A vehicle that stands here charges."""
    block: Id | None = None
    """Nodes and edges of one block hold one vehicle together."""


class Edge(Part):
    """A straight or measured way between two nodes; one vehicle at a time drives on a lane of it."""

    id: Id
    source: Id = Field(alias="from")
    target: Id = Field(alias="to")
    way: Literal["both", "one"] = "both"
    """`one`: only from `from` to `to`."""
    lanes: int = Field(default=1, ge=1, le=2)
    """1: one vehicle in either direction; 2: wide enough for two that pass each other."""
    limit_m_per_s: float | None = Field(default=None, gt=0, le=10)
    """Speed limit; None: the vehicle's own."""
    length_m: float | None = Field(default=None, gt=0, le=10_000)
    """None: the straight line between its nodes."""
    block: Id | None = None


class Stop(Part):
    """Where vehicles stand to serve a station."""

    station: Id
    pick_up: Id
    """Node at which jobs are taken from its machines."""
    set_down: Id | None = None
    """Node at which jobs are set down in front of its buffer; None: the same."""


class Closure(Part):
    """Edges that belong to people at stated times: nobody drives in; who is on one drives out."""

    id: Id
    edges: tuple[Id, ...] = Field(min_length=1)
    days: tuple[Weekday, ...] = Field(min_length=1)
    start: str
    end: str
    """Local wall time; `end` not after `start` runs past midnight."""
    why: str = ""


class Blocked(Part):
    """An edge that something stands on, by the time since the run began: for questions, not for files."""

    edge: Id
    from_s: float = Field(ge=0)
    for_s: float = Field(gt=0)


class Roads(Part):
    """The road network: roads.yaml."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    stops: tuple[Stop, ...] = ()
    closures: tuple[Closure, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    """What a question supposes; no file says it."""
