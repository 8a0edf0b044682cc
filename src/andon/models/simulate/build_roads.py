"""The road network as the kernel's tables: arcs, segments, next arcs by goal, and those for each set of closures."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from andon.models.simulate.builder import Builder
from andon.models.simulate.kernel import road
from andon.site.floor import Fleet
from andon.site.roads import Roads
from andon.site.ways import Arc, Network, network, ways

FAR_MM = 1 << 40
"""Millimetres of a way that does not exist: a million kilometres."""


def network_tables(builder: Builder) -> None:
    """Everything about the roads that does not change, and the tables that closures choose among."""
    roads = builder.site.roads
    if roads is None:
        return
    m, words, graph = builder.m, builder.m.words, network(roads)
    net = words[road.ROADS]
    words[net + road.NODES_N] = len(graph.nodes)
    words[net + road.ARCS] = m.put(0, [w for a in graph.arcs for w in _arc(builder, graph, a)])
    targets = [-1] * len(graph.nodes)
    for k, node in enumerate(graph.targets):
        targets[node] = k * len(graph.nodes)
    words[net + road.ROWS] = m.put(0, targets)
    words[net + road.NODES] = m.put(0, [w for n in range(len(graph.nodes)) for w in _node(builder, graph, n)])
    words[net + road.HOME_WORDS] = 1 + (len(_places(graph)) - 1) // road.BITS
    words[net + road.TAKEN] = m.put(0, [0] * words[net + road.HOME_WORDS])
    words[net + road.LEFT_THERE] = m.put(0, [0] * words[net + road.HOME_WORDS])
    words[net + road.NEXT_HOME] = words[net + road.LAST_HOME] = net
    words[net + road.FIRST_WAITING] = words[net + road.LAST_WAITING] = net
    words[net + road.CHARGERS] = m.put(0, [int(n.charger) for n in roads.nodes])
    shared = [k for k, n in enumerate(roads.nodes) if n.charger and n.parks is None]
    words[net + road.SHARED] = m.put(0, shared)
    words[net + road.SHARED_N] = len(shared)
    room = 8 * (len(builder.vehicle_ids) + 1)
    words[net + road.PLAN] = m.put(0, [0] * room)
    words[net + road.SPARE] = m.put(0, [0] * room)
    words[net + road.PLAN_N] = -1  # all are at home, so there is an order
    words[net + road.STOPS] = m.put(0, _stops(builder, roads, graph))
    sets = list(dict.fromkeys([frozenset[int](), *(closed for _, closed in builder.closing)]))
    for fleet, g in zip(builder.site.fleets, builder.fleet_records, strict=True):
        _fleet(builder, fleet, g, graph, sets)
    lines = [w for t, closed in builder.closing for w in (t, sets.index(closed))]
    words[net + road.LINES] = m.put(0, lines)
    words[net + road.LINES_N] = len(builder.closing)


def _places(graph: Network) -> dict[int, int]:
    """The segments in which vehicles stand, numbered."""
    return {segment: k for k, segment in enumerate(dict.fromkeys(graph.node_segment))}


def _segment(builder: Builder, segment: int) -> int:
    words = builder.m.words
    return words[words[road.ROADS] + road.SEGMENTS] + segment * road.SEGMENT_WORDS


def _arc(builder: Builder, graph: Network, arc: Arc) -> tuple[int, ...]:
    place = _segment(builder, graph.node_segment[arc.end])
    return (arc.end, _segment(builder, arc.segment), arc.mm, int(arc.street), place, 0, 0, 0)


def _node(builder: Builder, graph: Network, node: int) -> tuple[int, ...]:
    segment = graph.node_segment[node]
    word, bit = divmod(_places(graph)[segment], road.BITS)
    return (_segment(builder, segment), word, 1 << bit, 0)


def stand(builder: Builder, v: int, node: int) -> None:
    """Put the vehicle at `v` on a node, with its table of ways home; the last of all to go there.

    That is an order in which they can go home when nobody so far stands in the way of another.
    """
    words = builder.m.words
    net, p = words[road.ROADS], words[v + road.ME]
    at_node = words[net + road.NODES] + node * road.NODE_WORDS
    words[v + road.AT_NODE] = node
    words[v + road.KEEPS] = words[at_node + road.NODE_AT]
    words[v + road.KEEPS_WORD] = words[at_node + road.NODE_WORD]
    words[v + road.KEEPS_MASK] = words[at_node + road.NODE_MASK]
    words[words[v + road.KEEPS] + road.OWNER] = p
    words[words[net + road.TAKEN] + words[v + road.KEEPS_WORD]] |= words[v + road.KEEPS_MASK]
    words[v + road.HOME_WAY] = words[v + road.HOME_WAYS] + node * words[net + road.HOME_WORDS]
    last = words[net + road.LAST_HOME]
    words[last + road.AFTER_ME] = words[net + road.LAST_HOME] = v
    words[v + road.BEFORE_ME], words[v + road.AFTER_ME] = last, net


def never_cross(builder: Builder) -> bool:
    """Whether no way home leads from a place to others from which one leads back.

    Then wherever vehicles stand, nobody is in the way of the foremost: all can go home one by one.
    """
    try:
        TopologicalSorter(builder.homeward).prepare()
    except CycleError:
        return False
    return True


def home_ways(builder: Builder, g: int, place: int) -> int:
    """Address of a table: by node, a bit for each place on the way from there to a parking place, BITS a word.

    The place where one is is not on it. From where no way leads home every other place is, so that nobody goes there
    while others are about.
    """
    words, roads = builder.m.words, builder.site.roads
    assert roads is not None  # noqa: S101 - vehicles on roads have some
    graph = network(roads)
    bits = _places(graph)
    arcs = words[g + road.OPEN_NEXT] + graph.targets.index(place) * len(graph.nodes)
    table: list[int] = []
    for start in range(len(graph.nodes)):
        row, node, here = 0, start, graph.node_segment[start]
        somebodys = roads.nodes[start].parks is not None
        while node != place:
            if words[arcs + node] < 0:
                row = (1 << len(bits)) - 1
                builder.homeward.setdefault(here, set()).add(here)
                break
            arc = graph.arcs[words[arcs + node]]
            node = arc.end
            for segment in (arc.segment, graph.node_segment[node]):
                if segment in bits:
                    row |= 1 << bits[segment]
                    if segment != here and not somebodys:
                        builder.homeward.setdefault(here, set()).add(segment)
                    here = segment
        row &= ~(1 << bits[graph.node_segment[start]])
        for _ in range(words[words[road.ROADS] + road.HOME_WORDS]):
            table.append(row & ((1 << road.BITS) - 1))
            row >>= road.BITS
    return builder.m.put(0, table)


def _stops(builder: Builder, roads: Roads, graph: Network) -> list[int]:
    """Pick-up and set-down node of each station; 0 where vehicles do not come."""
    number = {n: i for i, n in enumerate(graph.nodes)}
    stops = {s.station: s for s in roads.stops}
    found = []
    for station in builder.site.stations:
        stop = stops.get(station.id)
        found += [number[stop.pick_up], number[stop.set_down or stop.pick_up]] if stop else [0, 0]
    return found


def _fleet(builder: Builder, fleet: Fleet, g: int, graph: Network, sets: list[frozenset[int]]) -> None:
    m, words, roads = builder.m, builder.m.words, builder.site.roads
    if roads is None:
        return
    words[g + road.BY_ROAD] = 1
    loaded = fleet.loaded_speed_m_per_s or fleet.speed_m_per_s
    words[g + road.ARC_NS] = m.put(0, [t for a in graph.arcs for t in (a.ns(fleet.speed_m_per_s), a.ns(loaded))])
    found = [ways(roads, fleet.speed_m_per_s, closed) for closed in sets]
    size = len(graph.targets) * len(graph.nodes)
    arcs = m.put(0, [k for arcs, _ in found for k in arcs])
    times = m.put(0, [t for _, times in found for t in times])
    words[g + road.TABLE_WORDS] = size
    words[g + road.NEXT_ARC] = words[g + road.OPEN_NEXT] = arcs
    words[g + road.WAY_NS] = words[g + road.OPEN_WAY] = times
    battery = fleet.battery
    if battery is None:
        return
    full = round(battery.capacity_wh * 3.6e6)
    words[g + road.FULL_MJ] = full
    words[g + road.BELOW_MJ] = round(full * battery.charge_below)
    words[g + road.ABOVE_MJ] = round(full * battery.leave_above)
    words[g + road.IDLE_MW] = round(battery.idle_w * 1e3)
    words[g + road.CHARGE_MW] = round(battery.charge_w * 1e3)
    words[g + road.EMPTY_UJ_PER_M] = round(battery.empty_wh_per_m * 3.6e9)
    words[g + road.LOADED_UJ_PER_M] = round(battery.loaded_wh_per_m * 3.6e9)
    words[g + road.RECOVERED_MJ] = round(full * battery.recovery.charged_to)
    words[g + road.TOWED] = int(battery.recovery.how == "tow")
    words[g + road.RESERVE_MJ] = -1 if battery.reserve is None else round(full * battery.reserve)
    words[g + road.WAY_MM] = m.put(0, _way_mm(graph, found[0][0])) if battery.reserve is not None else 0


def _way_mm(graph: Network, arcs: tuple[int, ...]) -> list[int]:
    """Millimetres of the ways of a table of next arcs, [target, node]; FAR where there is none."""
    n = len(graph.nodes)
    found: list[int] = []
    for k, target in enumerate(graph.targets):
        mm = [-1] * n
        mm[target] = 0
        for start in range(n):
            path = []
            node = start
            while mm[node] < 0 and arcs[k * n + node] >= 0:
                path.append(node)
                node = graph.arcs[arcs[k * n + node]].end
            so_far = mm[node] if mm[node] >= 0 else FAR_MM
            mm[node] = so_far
            for step in reversed(path):
                so_far = min(FAR_MM, so_far + graph.arcs[arcs[k * n + step]].mm)
                mm[step] = so_far
        found += mm
    return found
