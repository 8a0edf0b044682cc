"""Ways of people along the roads of a site: the shortest, in either direction of every edge."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

from andon.models.simulate.laws import Unrunnable
from andon.site.model import Site

PLACES_MAX = 600
"""Places between which ways along roads are tabled."""
Point = tuple[float, float]


def ways_mm(site: Site, places: Sequence[str]) -> list[int]:
    """Millimetres from each place to each, row by row: straight to the nearest node, along edges, straight from there.

    Two places at the same node are a straight line apart. One way streets and closures are for vehicles.

    Raises:
        Unrunnable: no roads, too many places, or two places that no edges connect.
    """
    if site.roads is None or not site.roads.nodes:
        raise Unrunnable("people are to walk along roads, and the site has none; add roads.yaml, or walk straight")
    if len(places) > PLACES_MAX:
        raise Unrunnable(f"people cannot walk along roads between {len(places)} places; {PLACES_MAX} can be tabled")
    at: dict[str, Point] = {n.id: (n.x_m, n.y_m) for n in site.roads.nodes}
    where: dict[str, Point] = {e.id: (e.x_m, e.y_m) for e in site.elements}
    edges: dict[str, list[tuple[str, float]]] = {n: [] for n in at}
    for edge in site.roads.edges:
        length = edge.length_m or math.dist(at[edge.source], at[edge.target])
        edges[edge.source].append((edge.target, length))
        edges[edge.target].append((edge.source, length))
    node = {p: min(at, key=lambda n, p=p: (math.dist(at[n], where[p]), n)) for p in places}  # type: ignore[misc]
    far = {n: _from(n, edges) for n in set(node.values())}
    table = []
    for a in places:
        for b in places:
            if node[a] == node[b]:
                metres = math.dist(where[a], where[b])
            elif node[b] in far[node[a]]:
                metres = far[node[a]][node[b]] + sum(math.dist(where[p], at[node[p]]) for p in (a, b))
            else:
                raise Unrunnable(f"no road leads from `{a}` to `{b}`, so people cannot walk there; add an edge")
            table.append(round(1000 * metres))
    return table


def _from(start: str, edges: dict[str, list[tuple[str, float]]]) -> dict[str, float]:
    """Metres from a node to every node that it is connected with (Dijkstra 1959)."""
    found: dict[str, float] = {}
    todo = [(0.0, start)]
    while todo:
        metres, here = heapq.heappop(todo)
        if here in found:
            continue
        found[here] = metres
        for there, length in edges[here]:
            if there not in found:
                heapq.heappush(todo, (metres + length, there))
    return found
