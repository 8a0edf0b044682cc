"""What vehicles on roads must keep, checked against the trace and the site alone."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.site.roads import Edge, Node, Roads

if TYPE_CHECKING:
    from drawn_laws import Run


def _node(n: Node) -> str:
    return f"block {n.block}" if n.block else f"node {n.id}"


def _lane(e: Edge, start: str) -> str:
    if e.block:
        return f"block {e.block}"
    return f"lane {e.id} from {start}" if e.lanes == 2 else f"lane {e.id}"


def directions(roads: Roads) -> list[tuple[str, str, Edge]]:
    """Every direction of every edge, in the order of the site."""
    found = []
    for e in roads.edges:
        found.append((e.source, e.target, e))
        if e.way == "both":
            found.append((e.target, e.source, e))
    return found


def one_vehicle_a_segment(r: Run) -> None:
    """No segment ever holds two; vehicles go along edges, and only its owner enters a parking place."""
    roads = r.site.roads
    if roads is None:
        return
    arcs, nodes = directions(roads), {n.id: n for n in roads.nodes}
    place = {n.parks: n.id for n in roads.nodes if n.parks}
    at_node = {p: place[name] for p, name in r.image.processes.items() if name in place}
    under_way: dict[int, tuple[str, str, Edge]] = {}
    held: dict[str, set[int]] = defaultdict(set)
    for p, n in at_node.items():
        held[_node(nodes[n])].add(p)
    for _, kind, p, value in r.trace:
        who = int(p)
        if kind == road.TRACE_DRIVES:
            start, end, e = arcs[value]
            assert who not in under_way
            assert at_node[who] == start
            assert nodes[end].parks in {None, r.image.processes[who]}
            for segment in (_lane(e, start), _node(nodes[end])):
                assert held[segment] <= {who}, f"two vehicles in {segment}"
                held[segment].add(who)
            under_way[who] = arcs[value]
        elif kind == road.TRACE_ARRIVES:
            start, end, e = under_way.pop(who)
            assert roads.nodes[value].id == end
            here = _node(nodes[end])
            for segment in {_lane(e, start), _node(nodes[start])} - {here}:
                held[segment].discard(who)
            at_node[who] = end
        elif kind == road.TRACE_TOWED:
            start, end, e = under_way.pop(who)
            for segment in {_lane(e, start), _node(nodes[start]), _node(nodes[end])}:
                held[segment].discard(who)
            at_node[who] = roads.nodes[value].id
            assert at_node[who] == place[r.image.processes[who]]
            held[_node(nodes[at_node[who]])].add(who)


def nobody_stands_still(r: Run) -> None:
    """While a vehicle waits in traffic, some vehicle drives, handles, or is being repaired or recovered."""
    going = {at.MOVING, road.CARRYING, road.LOADING, at.FAILED, at.NO_CREW, road.CHARGING, road.FLAT}
    state: dict[int, int] = {}
    vehicles = {p for p in r.processes if r.m[p + at.KIND] == at.VEHICLE}
    events = [e for e in r.events(at.TRACE_STATE) if int(e[1]) in vehicles]
    for i, (when, p, now) in enumerate(events):
        state[int(p)] = int(now)
        last = i + 1 == len(events) or events[i + 1][0] > when
        if last and road.IN_TRAFFIC in state.values() and r.site.roads is not None and not r.site.roads.blocked:
            assert going & set(state.values()), f"a standstill at {when}"
