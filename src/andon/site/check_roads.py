"""Roads: that every vehicle has a place of its own, and gets to all it serves, and home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from andon.site.draft import Draft, parts
from andon.site.floor import Fleet, Product, Station
from andon.site.problems import Problem, shown, words
from andon.site.roads import Edge, Node, Roads
from andon.site.shape import Item
from andon.site.ways import Reached

FILE = "roads.yaml"
VEHICLES_MAX = 60
"""Vehicles on one network."""
ROAD_NOUNS = ("node", "edge", "stop", "closure")


def check(made: Draft) -> Iterator[Problem]:
    """Everything about roads, and what fleets need roads for."""
    yield from _fleets(made)
    if not made.has_roads:
        return
    for item in made.all("edge"):
        yield from _edge(item)
    yield from _parking(made)
    yield from _blocks(made)
    if not made.unread & {*ROAD_NOUNS, "fleet", "station", "product"} and _whole(made):
        yield from _stops(made)
        yield from _reach(made)


def _whole(made: Draft) -> bool:
    """Whether all parts of the graph are right by themselves and name what is declared."""
    items = [i for noun in (*ROAD_NOUNS, "fleet", "station", "product") for i in made.all(noun)]
    if any(i.part is None for i in items) or len({i.id for i in made.all("node")}) < len(made.all("node")):
        return False
    nodes, edges = made.ids("node"), made.ids("edge")
    named = {n for e in parts(made, "edge") for n in (e.source, e.target)}
    named |= {n for s in parts(made, "stop") for n in (s.pick_up, s.set_down or s.pick_up)}
    stations = {visit.station for p in parts(made, "product") for visit in p.visits}
    return (
        named <= set(nodes)
        and {e for c in parts(made, "closure") for e in c.edges} <= set(edges)
        and stations <= set(made.ids("station"))
    )


def _fleets(made: Draft) -> Iterator[Problem]:
    for item in made.all("fleet"):
        for key in ("breakdown", "battery"):
            if item.get(key) is not None and not made.has_roads:
                what = f"{item.label} has a `{key}`, which is played on roads only"
                yield item.problem((key,), what, "describe the ways in roads.yaml, or remove it")
        down = item.get("breakdown")
        if down is not None and down.counts != "running":
            what = f"{item.label} fails by the calendar"
            yield item.problem(("breakdown", "counts"), what, "use `running`: vehicles fail by driving time")
        battery = item.get("battery")
        if battery is not None and battery.leave_above < battery.charge_below:
            what = f"`leave_above` of {item.label} is below `charge_below`"
            yield item.problem(("battery", "leave_above"), what, "exchange them")
    if made.unread & {"fleet", "product", "station"}:
        return
    yield from _who_serves(made)


def _who_serves(made: Draft) -> Iterator[Problem]:
    """Every transport has one fleet: two would leave open who goes, none who does."""
    fleets: list[tuple[Item, Fleet]] = [(i, i.part) for i in made.all("fleet") if isinstance(i.part, Fleet)]
    if len(fleets) != len(made.all("fleet")) or not fleets:
        return
    told: set[tuple[str, ...]] = set()
    for product, here, there in transports(made):
        who = [item for item, fleet in fleets if serves(fleet, product.id, here.area, there.area)]
        if len(who) > 1 and ("two", *(str(i.id) for i in who)) not in told:
            told.add(("two", *(str(i.id) for i in who)))
            what = f"{who[1].label} and {who[0].label} both carry `{product.id}` from `{here.area}` to `{there.area}`"
            yield who[1].problem((), what, "give each its `products` or its `areas`")
        if not who and (product.id, here.area, there.area) not in told:
            told.add((product.id, here.area, there.area))
            what = f"no fleet carries `{product.id}` from `{here.area}` to `{there.area}`"
            yield fleets[0][0].problem((), what, "add them to the `products` and `areas` of a fleet")


def transports(made: Draft) -> Iterator[tuple[Product, Station, Station]]:
    """Every way from one station to another that leads into another area."""
    stations = {i.id: i.part for i in made.all("station") if isinstance(i.part, Station)}
    for product in parts(made, "product"):
        for one, other in _follows(product):
            here, there = stations.get(one), stations.get(other)
            if here is not None and there is not None and here.area != there.area:
                yield product, here, there


def _follows(product: Product) -> Iterator[tuple[str, str]]:
    """Every pair of stations such that a job may go from the one to the other, on any route, to any other station."""
    for route in product.routes:
        steps = [*pairwise(route), *((s, t) for s in route for o in s.outcomes for t in route if t.called == o.to)]
        for before, after in steps:
            starts = [before.station, *(o.station for o in before.others)]
            ends = [after.station, *(o.station for o in after.others)]
            yield from ((start, end) for start in starts for end in ends)


def serves(fleet: Fleet, product: str, here: str, there: str) -> bool:
    """Whether a fleet carries a product from one area to another."""
    if fleet.products and product not in fleet.products:
        return False
    return not fleet.areas or (here in fleet.areas and there in fleet.areas)


def _edge(item: Item) -> Iterator[Problem]:
    edge = item.part
    if isinstance(edge, Edge) and edge.source == edge.target:
        yield item.problem(("to",), f"{item.label} leads from node `{edge.source}` to itself", "name another node")
    if isinstance(edge, Edge) and edge.lanes == 2 and (edge.way == "one" or edge.block):
        why = "has two lanes and one way" if edge.way == "one" else "has two lanes and is in a block"
        yield item.problem(("lanes",), f"{item.label} {why}", "use one lane: it holds one vehicle at a time")


def _parking(made: Draft) -> Iterator[Problem]:
    """Each vehicle has one parking place, of its own, outside blocks, where no station is served."""
    places: dict[str, Item] = {}
    vehicles = {v for f in made.all("fleet") for v in f.get("vehicles") or ()}
    stops = {n for s in parts(made, "stop") for n in (s.pick_up, s.set_down)}
    for item in made.all("node"):
        node = item.part
        if not isinstance(node, Node) or not (node.parks or node.charger):
            continue
        role = "parking place" if node.parks else "charger"
        if node.block:
            what = f"{role} {shown(node.id)} is in block `{node.block}`"
            yield item.problem(("block",), what, "take it out: whoever stands there would block the others")
        if node.id in stops:
            what = f"{role} {shown(node.id)} is a stop, too"
            yield item.problem((), what, "give the stop a node of its own, since no way leads through this one")
        if node.parks is None:
            continue
        if node.parks in places:
            what = f"{item.label} is a second parking place of `{node.parks}` (line {places[node.parks].line})"
            yield item.problem(("parks",), what, "keep one of them")
        places.setdefault(node.parks, item)
        if node.parks not in vehicles and "fleet" not in made.unread and node.parks in made.ids("element"):
            yield item.problem(("parks",), f"{item.label} parks `{node.parks}`, which no fleet has", "name a vehicle")
    if made.unread & {"node", "fleet"}:
        return
    for item in made.all("fleet"):
        lacking = [v for v in item.get("vehicles") or () if v not in places]
        if lacking:
            what = f"{words(lacking)} of {item.label} {'has' if len(lacking) == 1 else 'have'} no parking place"
            fix = "give each a node with `parks` in roads.yaml: without one, vehicles could block one another for ever"
            yield item.problem(("vehicles",), what, fix)
    if len(vehicles) > VEHICLES_MAX:
        what = f"{len(vehicles)} vehicles drive on one network"
        yield made.all("fleet")[0].problem(("vehicles",), what, f"use at most {VEHICLES_MAX}, or simulate halls apart")


def _blocks(made: Draft) -> Iterator[Problem]:
    members = Counter(p.block for noun in ("node", "edge") for p in parts(made, noun) if p.block)
    for noun in ("node", "edge"):
        for item in made.all(noun):
            block = item.get("block")
            if block is not None and members[block] == 1:
                what = f"block `{block}` of {item.label} has no other member"
                yield item.problem(("block",), what, "write it like the others, or remove it")


def _stops(made: Draft) -> Iterator[Problem]:
    """Whatever is carried has a node where it is picked up and one where it is set down."""
    there = set(made.ids("stop"))
    missing = dict.fromkeys(s.id for _, a, b in transports(made) for s in (a, b) if s.id not in there)
    for station in missing:
        item = made.ids("station")[station]
        yield item.problem((), f"vehicles serve {item.label}, which has no stop", "add it to `stops` in roads.yaml")


def _reach(made: Draft) -> Iterator[Problem]:
    """A vehicle gets from its place to all that its fleet serves, from each to each, and home from everywhere."""
    roads = Roads(
        **{k: tuple(parts(made, n)) for k, n in zip(("nodes", "edges", "stops", "closures"), ROAD_NOUNS, strict=True)}
    )
    items, reached = made.ids("node"), Reached(roads)
    place = {n.parks: n.id for n in roads.nodes if n.parks}
    chargers = {n.id: "the charger" for n in roads.nodes if n.charger and not n.parks}
    for owner in made.all("fleet"):
        fleet = owner.part
        if not isinstance(fleet, Fleet):
            continue
        if fleet.battery is not None and not any(n.charger for n in roads.nodes):
            what = f"{owner.label} has batteries, and no node of roads.yaml has a charger"
            yield owner.problem(("battery",), what, "add `charger: true` to a node")
        wanted = _served(made, fleet, roads) | (chargers if fleet.battery is not None else {})
        for vehicle in fleet.vehicles:
            lost = _lost(reached, place[vehicle], wanted) if vehicle in place else None
            if lost is not None:
                what = f"`{vehicle}` has no way from `{lost[0]}` to {lost[1]}"
                yield items[lost[0]].problem((), what, "add or turn an edge; no way leads through parking or chargers")
                break


def _served(made: Draft, fleet: Fleet, roads: Roads) -> dict[str, str]:
    """Nodes at which a fleet serves, and what is there."""
    stops = {s.station: s for s in roads.stops}
    found: dict[str, str] = {}
    for product, here, there in transports(made):
        if serves(fleet, product.id, here.area, there.area) and {here.id, there.id} <= set(stops):
            found[stops[here.id].pick_up] = f"the stop of `{here.id}`"
            found[stops[there.id].set_down or stops[there.id].pick_up] = f"the stop of `{there.id}`"
    return found


def _lost(reached: Reached, home: str, wanted: dict[str, str]) -> tuple[str, str] | None:
    """The first pair (from where, to what) that a vehicle cannot drive, or None."""
    out = reached[home]
    for name, what in wanted.items():
        if name not in out:
            return home, f"{what}, `{name}`"
    for name in sorted(out):
        if home not in reached[name] and (name in wanted or not reached.private(name)):
            return name, f"its parking place, `{home}`"
    for start in wanted:
        there = reached[start]
        for name, what in wanted.items():
            if name not in there:
                return start, f"{what}, `{name}`"
    return None
