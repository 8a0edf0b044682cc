"""The road network as the kernel's tables: arcs, segments, next arcs by goal, and those for each set of closures."""

from __future__ import annotations

from andon.models.simulate.builder import Builder
from andon.models.simulate.kernel import road
from andon.site.floor import Fleet
from andon.site.roads import Roads
from andon.site.ways import Network, network, ways


def network_tables(builder: Builder) -> None:
    """Everything about the roads that does not change, and the tables that closures choose among."""
    roads = builder.site.roads
    if roads is None:
        return
    m, words, graph = builder.m, builder.m.words, network(roads)
    net = words[road.ROADS]
    words[net + road.NODES_N] = len(graph.nodes)
    words[net + road.ARCS] = m.put(0, [w for a in graph.arcs for w in (a.end, a.segment, a.mm, int(a.street))])
    targets = [-1] * len(graph.nodes)
    for k, node in enumerate(graph.targets):
        targets[node] = k
    words[net + road.TARGETS] = m.put(0, targets)
    words[net + road.NODE_SEGMENTS] = m.put(0, list(graph.node_segment))
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


def home_ways(builder: Builder, g: int, place: int) -> int:
    """Address of a table: by node, a bit for each segment on the way from there to a parking place, 32 a word.

    From where no way leads home every segment is on it, so that nobody goes there while others are about.
    """
    words, roads = builder.m.words, builder.site.roads
    assert roads is not None  # noqa: S101 - vehicles on roads have some
    graph = network(roads)
    width = (len(graph.segments) + 31) // 32
    words[words[road.ROADS] + road.HOME_WORDS] = width
    arcs = words[g + road.OPEN_NEXT] + graph.targets.index(place) * len(graph.nodes)
    table: list[int] = []
    for start in range(len(graph.nodes)):
        row, node = [0] * width, start
        while node != place:
            if words[arcs + node] < 0:
                row = [(1 << 32) - 1] * width
                break
            arc = graph.arcs[words[arcs + node]]
            node = arc.end
            for segment in (arc.segment, graph.node_segment[node]):
                row[segment // 32] |= 1 << (segment % 32)
        table += row
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
