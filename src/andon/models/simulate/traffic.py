"""What vehicles did: ways, time by state, calls and their waiting, and where they waited for one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from andon.models.simulate.figure import Figure
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.rows import Column, Rows
from andon.site.floor import Fleet
from andon.site.ways import network

STATES: dict[str, tuple[int, ...]] = {
    "parked": (at.STARVED,),
    "moving empty": (at.MOVING,),
    "moving loaded": (road.CARRYING,),
    "loading": (road.LOADING,),
    "in traffic": (road.IN_TRAFFIC,),
    "charging": (road.CHARGING,),
    "down": (at.FAILED, at.NO_CREW),
    "battery empty": (road.FLAT,),
}
"""What a vehicle on roads may be doing. On straight ways loading counts as moving, empty or loaded alike."""
SEGMENTS_NAMED = 5
"""Segments that an answer names: those where vehicles wait the longest."""


@dataclass(frozen=True)
class FleetUse:
    """One fleet over the horizon, means over the replications."""

    id: str
    shares: dict[str, float]
    """Share of its vehicles' time by state."""
    loaded_km: float
    empty_km: float
    calls: float
    call_wait_s: float
    """Mean seconds from the call to the job on the vehicle; NaN where nothing was called."""
    battery_low: float
    """Times that a battery fell below what a vehicle may work with."""
    battery_empty: float
    """Times that a vehicle stood with an empty battery."""

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        wait = None if np.isnan(self.call_wait_s) else self.call_wait_s
        return {
            "id": self.id,
            "shares": self.shares,
            "loaded_km": self.loaded_km,
            "empty_km": self.empty_km,
            "calls": self.calls,
            "call_wait_s": wait,
            "battery_low": self.battery_low,
            "battery_empty": self.battery_empty,
        }


@dataclass(frozen=True)
class SegmentWait:
    """Where vehicles waited for one another."""

    segment: str
    """A node, an edge, a direction `from > to` of one with two lanes, or a block."""
    wait_s: float
    """Seconds, of all vehicles together, mean over the replications."""
    passes: float
    """Vehicles that drove in."""


@dataclass(frozen=True)
class Traffic:
    """Fleets, and the segments at which they waited the longest."""

    fleets: tuple[FleetUse, ...]
    segments: tuple[SegmentWait, ...]
    gave_way: float
    """Times that a vehicle drove home to end a standstill."""

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "fleets": [f.as_json() for f in self.fleets],
            "segments": [{"segment": s.segment, "wait_s": s.wait_s, "passes": s.passes} for s in self.segments],
            "gave_way": self.gave_way,
        }


def _fleet_word(rows: Rows, i: int, word: int) -> Column:
    return rows.word(int(rows.image.memory[road.FLEETS]) + i * road.FLEET_WORDS + word)


def _vehicles(rows: Rows, i: int) -> range:
    """Numbers of a fleet's vehicles among the processes, behind the machines."""
    sizes = [len(f.vehicles) for f in rows.image.site.fleets]
    first = len(rows.image.machines) + sum(sizes[:i])
    return range(first, first + sizes[i])


def _vehicle_sum(rows: Rows, i: int, word: int) -> Column:
    """A count of a fleet's vehicles on roads, added up."""
    memory = rows.image.memory
    base = int(memory[at.PROCS])
    records = [int(memory[base + k * at.PROC_WORDS + at.MORE_VEHICLE]) for k in _vehicles(rows, i)]
    return np.sum([rows.word(v + word) for v in records], axis=0)


def way_km(rows: Rows, i: int, *, loaded: bool) -> Column:
    """Kilometres that the vehicles of fleet `i` drove, with a job or without."""
    fleet: Fleet = rows.image.site.fleets[i]
    if rows.image.site.roads is not None:
        return _vehicle_sum(rows, i, road.LOADED_MM if loaded else road.EMPTY_MM) / 1e6
    speed = (fleet.loaded_speed_m_per_s or fleet.speed_m_per_s) if loaded else fleet.speed_m_per_s
    return _fleet_word(rows, i, road.LOADED_MS if loaded else road.EMPTY_MS) * (speed / 1e6)


def call_wait_s(rows: Rows, i: int) -> Column:
    """Mean seconds from a call to the job on the vehicle; NaN where nothing was called."""
    calls = _fleet_word(rows, i, road.CALLS_N)
    return np.where(calls > 0, _fleet_word(rows, i, road.CALLS_US) / 1e6 / np.maximum(calls, 1), np.nan)


def share(rows: Rows, i: int, state: str) -> Column:
    """Share of the time of a fleet's vehicles in a state of `STATES`."""
    return np.mean([sum(rows.share(k, s) for s in STATES[state]) for k in _vehicles(rows, i)], axis=0)


def traffic_figures(rows: Rows) -> tuple[Figure, ...]:
    """Ways and waiting of each fleet."""
    found: list[Figure] = []
    for i, fleet in enumerate(rows.image.site.fleets):
        found += [
            Figure(f"{fleet.id} loaded way", "km", way_km(rows, i, loaded=True), 0),
            Figure(f"{fleet.id} empty way", "km", way_km(rows, i, loaded=False), -1),
            Figure(f"{fleet.id} call wait", "min", call_wait_s(rows, i) / 60.0, -1),
        ]
        if rows.image.site.roads is not None:
            found.append(Figure(f"{fleet.id} in traffic", "share", share(rows, i, "in traffic"), -1))
        if fleet.battery is not None:
            found.append(Figure(f"{fleet.id} battery low", "times", _vehicle_sum(rows, i, road.LOWS), -1))
            found.append(Figure(f"{fleet.id} battery empty", "times", _vehicle_sum(rows, i, road.FLATS), -1))
    return tuple(found)


def traffic(rows: Rows) -> Traffic | None:
    """Everything about vehicles; None where there are none."""
    site, memory = rows.image.site, rows.image.memory
    if not site.fleets:
        return None
    fleets = []
    for i, fleet in enumerate(site.fleets):
        wait = call_wait_s(rows, i)
        on_roads = site.roads is not None
        fleets.append(
            FleetUse(
                fleet.id,
                {name: float(share(rows, i, name).mean()) for name in STATES},
                float(way_km(rows, i, loaded=True).mean()),
                float(way_km(rows, i, loaded=False).mean()),
                float(_fleet_word(rows, i, road.CALLS_N).mean()),
                float(np.nanmean(wait)) if np.isfinite(wait).any() else float("nan"),
                float(_vehicle_sum(rows, i, road.LOWS).mean()) if on_roads else 0.0,
                float(_vehicle_sum(rows, i, road.FLATS).mean()) if on_roads else 0.0,
            )
        )
    if site.roads is None:
        return Traffic(tuple(fleets), (), 0.0)
    net = int(memory[road.ROADS])
    base = int(memory[net + road.SEGMENTS])
    waits = []
    for k, name in enumerate(network(site.roads).segments):
        here = base + k * road.SEGMENT_WORDS
        seconds = float(rows.word(here + road.WAITED_US).mean()) / 1e6
        if seconds > 0:
            waits.append(SegmentWait(name, seconds, float(rows.word(here + road.PASSED).mean())))
    waits.sort(key=lambda s: (-s.wait_s, s.segment))
    gave_way = float(rows.word(net + road.GAVE_WAY).mean())
    return Traffic(tuple(fleets), tuple(waits[:SEGMENTS_NAMED]), gave_way)
