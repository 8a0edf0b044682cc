"""Vehicles and belts as they are seen: read from signals, and placed on the roads where that can be."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from andon.core import units
from andon.core.readings import Value
from andon.site.floor import Conveyor, Fleet
from andon.site.model import Site
from andon.site.ways import Network, network

UNDER_WAY = frozenset({"moving", "loading"})


@dataclass(frozen=True, slots=True)
class VehicleNow:
    """One vehicle as it is seen, in the words of VDA 5050 where it has some. Empty or None: not seen."""

    state: str = ""
    """`idle`, `moving`, `loading`, `charging` or `down`."""
    node: str = ""
    """The node of the roads that it was at last (`lastNodeId`)."""
    towards: str = ""
    """The node that it drives to from there; empty: it stands at `node`."""
    metres: float = 0.0
    """Driven since `node` (`distanceSinceLastNode`)."""
    goal: str = ""
    """The node at which its order ends."""
    charge: float | None = None
    """Share of its battery's capacity (`batteryCharge`)."""
    job: str | None = None
    """Product that it carries (`loads`); empty: nothing."""
    elapsed_s: float | None = None
    """Since it began to load or unload."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vehicle is on the roads: at a node, or on the arc that leads there with a part of it driven."""

    node: int
    arc: int = -1
    driven: float = 0.0
    """Share of the arc."""


def number(values: Mapping[str, Value], signal: str) -> float | None:
    """A signal's value, if it is a number."""
    value = values.get(signal)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def measured(site: Site, values: Mapping[str, Value], name: str, unit: str) -> float | None:
    """A signal's value in a unit."""
    value, signal = number(values, name), site.signal(name)
    if value is None or signal is None or not signal.unit or not units.same_dimension(signal.unit, unit):
        return value
    return units.convert(value, signal.unit, unit)


def vehicle_now(site: Site, values: Mapping[str, Value], vehicle: str) -> VehicleNow:
    """What the signals say about a vehicle."""
    charge = measured(site, values, f"{vehicle}.charge", "1")
    job = values.get(f"{vehicle}.job")
    return VehicleNow(
        state=str(values.get(f"{vehicle}.state", "")),
        node=str(values.get(f"{vehicle}.node", "")),
        towards=str(values.get(f"{vehicle}.next_node", "")),
        metres=max(0.0, measured(site, values, f"{vehicle}.since_node", "m") or 0.0),
        goal=str(values.get(f"{vehicle}.goal", "")),
        charge=None if charge is None else min(1.0, max(0.0, charge)),
        job=None if job is None else str(job),
        elapsed_s=measured(site, values, f"{vehicle}.elapsed", "s"),
    )


def places(site: Site, vehicles: Mapping[str, VehicleNow]) -> tuple[dict[str, Place], dict[str, str]]:
    """Where vehicles are on the roads; and of those that are nowhere, why: they are taken as at their parking places.

    Of two that are seen in one segment, the one that is declared first is there.
    """
    found: dict[str, Place] = {}
    why: dict[str, str] = {}
    if site.roads is None:
        return found, why
    graph = network(site.roads)
    home = {n.parks: k for k, n in enumerate(site.roads.nodes) if n.parks}
    taken: dict[int, str] = {}
    for vehicle in (v for fleet in site.fleets for v in fleet.vehicles):
        now = vehicles.get(vehicle, VehicleNow())
        place = _place(graph, now)
        if place is None:
            why[vehicle] = f"no node of the roads is {now.node!r}" if now.node else ""
            continue
        held = segments(graph, place)
        private = [k for k in _nodes(graph, place) if k in home.values() and home.get(vehicle) != k]
        other = next((taken[s] for s in held if s in taken), "")
        if private or other:
            why[vehicle] = f"`{other}` is there" if other else f"`{graph.nodes[private[0]]}` is another's place"
            continue
        found[vehicle] = place
        taken |= dict.fromkeys(held, vehicle)
    return found, why


def _place(graph: Network, now: VehicleNow) -> Place | None:
    if now.node not in graph.nodes:
        return None
    node = graph.nodes.index(now.node)
    if not now.towards or now.towards == now.node or now.towards not in graph.nodes:
        return Place(node)
    end = graph.nodes.index(now.towards)
    for k, arc in enumerate(graph.arcs):
        if (arc.start, arc.end) == (node, end):
            return Place(end, k, min(1.0, now.metres * 1000.0 / arc.mm))
    return Place(node)


def _nodes(graph: Network, place: Place) -> Iterator[int]:
    yield place.node
    if place.arc >= 0:
        yield graph.arcs[place.arc].start


def segments(graph: Network, place: Place) -> set[int]:
    """The segments that a vehicle keeps."""
    held = {graph.node_segment[k] for k in _nodes(graph, place)}
    return held | ({graph.arcs[place.arc].segment} if place.arc >= 0 else set())


def told_of_vehicles(site: Site, vehicles: Mapping[str, VehicleNow]) -> Iterator[str]:
    """What of the vehicles is not seen, one sentence each."""
    names = [v for fleet in site.fleets for v in fleet.vehicles]
    under_way = [v for v in names if vehicles[v].state in UNDER_WAY]
    if unknown := [v for v in under_way if vehicles[v].job is None]:
        yield f"what the {len(unknown)} vehicle(s) under way carry"
    if site.roads is None:
        if under_way:
            yield f"how far the {len(under_way)} vehicle(s) under way are"
        return
    found, why = places(site, vehicles)
    if not found:
        yield "where vehicles are on the roads (taken as at their parking places)"
    elif lost := [v for v in names if v not in found]:
        yield f"where {_listed(lost)} is on the roads{_because(why, lost)} (taken as at its parking place)"
    if blind := [v for v in under_way if v in found and vehicles[v].state == "moving" and not vehicles[v].goal]:
        yield f"where {_listed(blind)} drives to (without a job: taken as home)"
    if timeless := [v for v in names if vehicles[v].state == "loading" and vehicles[v].elapsed_s is None]:
        yield f"how long {_listed(timeless)} has been loading"
    if dark := [v for f in site.fleets if f.battery is not None for v in f.vehicles if vehicles[v].charge is None]:
        yield f"how full the batteries of {_listed(dark)} are (taken as full)"
    if any(f.breakdown for f in site.fleets):
        yield "how long each vehicle has driven since its last repair"


def _because(why: Mapping[str, str], lost: Iterable[str]) -> str:
    reasons = [why[v] for v in lost if why.get(v)]
    return f" ({'; '.join(reasons)})" if reasons else ""


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


# --- belts


def belt_now(values: Mapping[str, Value], belt: Conveyor, most: int) -> tuple[tuple[float, ...], str]:
    """Metres from the start of each job on a belt, the first one first, and what of it is not seen."""
    seen = values.get(f"{belt.id}.positions")
    if seen is not None:
        metres: list[float] | None = None
        with contextlib.suppress(ValueError):
            metres = sorted((float(x) for x in str(seen).split()), reverse=True)
        if metres is not None and all(map(math.isfinite, metres)):
            return tuple(min(belt.length_m, max(0.0, x)) for x in metres[:most]), ""
    level = number(values, f"{belt.id}.level")
    if level is None:
        return (), f"what is on conveyor `{belt.id}` (taken as nothing)"
    n = min(most, max(0, int(level)))
    spread = tuple(belt.length_m * (n - i - 0.5) / n for i in range(n))
    return spread, f"where the {n} job(s) on conveyor `{belt.id}` are (taken as evenly spread)" if n else ""


def carried(site: Site, fleet: Fleet, product: str, goal: str) -> list[tuple[int, int]]:
    """(product, step that it is carried to) of what a vehicle may have, by what is seen of it."""
    area = {s.id: s.area for s in site.stations}
    stops = {s.station: s.set_down or s.pick_up for s in site.roads.stops} if site.roads is not None else {}
    found = []
    for i, p in enumerate(site.products):
        if p.id != product or (fleet.products and p.id not in fleet.products):
            continue
        for k in range(1, len(p.route)):
            here, there = p.route[k - 1].station, p.route[k].station
            if area[here] != area[there] and (not goal or stops.get(there, goal) == goal):
                found.append((i, k))
    return found
