"""The roads as a graph: segments that hold one vehicle, arcs, and the shortest ways. Pure, and the same everywhere."""

from __future__ import annotations

import functools
import heapq
import math
from dataclasses import dataclass

from andon.site.roads import Roads

FAR = 1 << 60
"""Nanoseconds of a way that does not exist."""


@dataclass(frozen=True, slots=True)
class Arc:
    """One direction of an edge, by numbers of nodes, edge and segment."""

    start: int
    end: int
    edge: int
    segment: int
    mm: int
    limit_m_per_s: float
    street: bool
    """One lane for both ways: others may come towards one."""

    def ns(self, speed_m_per_s: float) -> int:
        """Nanoseconds that a vehicle of that speed needs."""
        return round(self.mm * 1e6 / min(speed_m_per_s, self.limit_m_per_s))


@dataclass(frozen=True, slots=True)
class Network:
    """Nodes, arcs and segments by number, in the order in which they are declared."""

    nodes: tuple[str, ...]
    edges: tuple[str, ...]
    arcs: tuple[Arc, ...]
    segments: tuple[str, ...]
    """What a person calls each: a node, an edge, a direction `from > to`, a block."""
    node_segment: tuple[int, ...]
    targets: tuple[int, ...]
    """Numbers of the nodes that somebody drives to: stops, parking places, chargers."""
    private: frozenset[int]
    """Nodes that no way leads through: parking places and chargers."""


@functools.lru_cache(maxsize=16)
def network(roads: Roads) -> Network:
    """The graph of roads whose names are all declared."""
    number = {n.id: i for i, n in enumerate(roads.nodes)}
    names: list[str] = []
    known: dict[str, int] = {}

    def segment(name: str) -> int:
        if name not in known:
            known[name] = len(names)
            names.append(name.partition(":")[2])
        return known[name]

    node_segment = tuple(segment(f"block:{n.block}" if n.block else f"node:{n.id}") for n in roads.nodes)
    arcs: list[Arc] = []
    for k, e in enumerate(roads.edges):
        a, b = number[e.source], number[e.target]
        one, two = roads.nodes[a], roads.nodes[b]
        length = e.length_m if e.length_m is not None else math.hypot(one.x_m - two.x_m, one.y_m - two.y_m)
        street = e.way == "both" and e.lanes == 1
        for start, end in ((a, b), (b, a)) if e.way == "both" else ((a, b),):
            lane = f"edge:{e.id}"
            if e.way == "both" and e.lanes == 2:
                lane = f"edge:{roads.nodes[start].id} > {roads.nodes[end].id}"
            where = segment(f"block:{e.block}" if e.block else lane)
            arcs.append(Arc(start, end, k, where, max(1, round(length * 1000)), e.limit_m_per_s or math.inf, street))
    aims = {number[s.pick_up] for s in roads.stops} | {number[s.set_down or s.pick_up] for s in roads.stops}
    private = {i for i, n in enumerate(roads.nodes) if n.parks is not None or n.charger}
    return Network(
        tuple(n.id for n in roads.nodes),
        tuple(e.id for e in roads.edges),
        tuple(arcs),
        tuple(names),
        node_segment,
        tuple(sorted(aims | private)),
        frozenset(private),
    )


@functools.lru_cache(maxsize=64)
def ways(
    roads: Roads, speed_m_per_s: float, closed: frozenset[int] = frozenset()
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shortest ways of a vehicle by time: (arc to take, nanoseconds to go), both [target, node] in one row.

    No way leads through a parking place or a charger. Of equally long ways the one whose next arc was declared first is
    taken. -1 and FAR where there is none.

    Args:
        roads: the network.
        speed_m_per_s: of the vehicle, empty.
        closed: numbers of edges that nobody drives in on.
    """
    net = network(roads)
    spans = [arc.ns(speed_m_per_s) for arc in net.arcs]
    into: list[list[int]] = [[] for _ in net.nodes]
    for k, arc in enumerate(net.arcs):
        if arc.edge not in closed:
            into[arc.end].append(k)
    arcs: list[int] = []
    times: list[int] = []
    for target in net.targets:
        found, far = _to(net, spans, into, target)
        arcs += found
        times += far
    return tuple(arcs), tuple(times)


def _to(net: Network, spans: list[int], into: list[list[int]], target: int) -> tuple[list[int], list[int]]:
    """Dijkstra's ways to one node: next arc and time by node."""
    far = [FAR] * len(net.nodes)
    arcs = [-1] * len(net.nodes)
    far[target] = 0
    heap = [(0, target)]
    while heap:
        so_far, node = heapq.heappop(heap)
        if so_far > far[node] or (node in net.private and node != target):
            continue
        for k in into[node]:
            start = net.arcs[k].start
            time = so_far + spans[k]
            if time < far[start] or (time == far[start] and k < arcs[start]):
                far[start], arcs[start] = time, k
                if time < FAR:
                    heapq.heappush(heap, (time, start))
    return arcs, far


class Reached:
    """Which nodes a vehicle can drive to, by the node from which it starts; looked up once each."""

    def __init__(self, roads: Roads) -> None:
        self.net = network(roads)
        self._after: list[list[int]] = [[] for _ in self.net.nodes]
        for arc in self.net.arcs:
            self._after[arc.start].append(arc.end)
        self._number = {n: i for i, n in enumerate(self.net.nodes)}
        self._found: dict[str, frozenset[str]] = {}

    def __getitem__(self, start: str) -> frozenset[str]:
        """Ids of the nodes, `start` included; no way leads through a parking place or a charger."""
        if start not in self._found:
            first = self._number[start]
            found, todo = {first}, [first]
            while todo:
                node = todo.pop()
                if node in self.net.private and node != first:
                    continue
                new = [n for n in self._after[node] if n not in found]
                found.update(new)
                todo += new
            self._found[start] = frozenset(self.net.nodes[n] for n in found)
        return self._found[start]

    def private(self, node: str) -> bool:
        """Whether a node is a parking place or a charger."""
        return self._number[node] in self.net.private
