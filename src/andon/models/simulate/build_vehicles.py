"""Fleets, and the roads that they drive on, written into an image; the programs of their vehicles."""

from __future__ import annotations

from dataclasses import dataclass

from andon.models.simulate import warm
from andon.models.simulate.build_people import Asks
from andon.models.simulate.build_roads import FAR_MM, home_ways, network_tables, never_cross, stand
from andon.models.simulate.build_seen import RoadProgram, begin_on_roads, what_it_may_carry
from andon.models.simulate.builder import Builder, Options
from andon.models.simulate.calendar import spans
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.charge import trip_mj
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.program import Code
from andon.models.simulate.seen import UNDER_WAY
from andon.models.simulate.tables import ways_ns
from andon.models.simulate.ways import follows
from andon.site.check_roads import serves
from andon.site.floor import Fleet, Shift
from andon.site.model import Site
from andon.site.ways import network

NUMBERS = 1 << 20
"""Vehicles are numbered from here, so that their failures are not those of a machine."""
SETS_MAX = 64
"""Sets of edges that are closed together, within a run."""


def closing_times(site: Site, options: Options) -> list[tuple[int, frozenset[int]]]:
    """When which edges (by number) are closed: (from when, closed from then on), the first at 0; empty: never any.

    Args:
        site: with its roads, their closures by the calendar, and edges that a question supposes blocked.
        options: start and horizon.

    Raises:
        Unrunnable: an edge that is not there, or more than `SETS_MAX` different sets.
    """
    if site.roads is None:
        return []
    number = {e.id: k for k, e in enumerate(site.roads.edges)}
    shut: list[tuple[int, int, int]] = []
    for closure in site.roads.closures:
        when = Shift(id=closure.id, days=closure.days, start=closure.start, end=closure.end)
        for (begin, end), _ in spans(site, when, options.start_ns, options.start_ns + options.horizon_ns):
            shut += [(number[e], begin - options.start_ns, end - options.start_ns) for e in closure.edges]
    for b in site.roads.blocked:
        if b.edge not in number:
            raise Unrunnable(f"edge `{b.edge}` is not declared; name one of roads.yaml")
        begin = round(b.from_s * 1e9)
        shut.append((number[b.edge], begin, begin + round(b.for_s * 1e9)))
    if not shut:
        return []
    moments = sorted({0, *(max(b, 0) for _, b, _ in shut), *(e for _, _, e in shut if e > 0)})
    lines = [(t, frozenset(k for k, b, e in shut if b <= t < e)) for t in moments if t <= options.horizon_ns]
    if len({closed for _, closed in lines}) > SETS_MAX:
        raise Unrunnable(f"more than {SETS_MAX} sets of edges are closed together; state fewer closures")
    return lines


def vehicle_records(builder: Builder) -> None:
    """Room for what answers read: fleets, vehicles, the network and its segments."""
    site, m = builder.site, builder.m
    base = m.put(0, [0] * (len(site.fleets) * road.FLEET_WORDS))
    m.words[road.FLEETS], m.words[road.FLEETS_N] = base, len(site.fleets)
    builder.fleet_records = [base + i * road.FLEET_WORDS for i in range(len(site.fleets))]
    if site.roads is None or not site.fleets:
        return
    count = len(builder.vehicle_ids)
    if count > road.VEHICLES_MAX:
        raise Unrunnable(f"{count} vehicles on one network; use at most {road.VEHICLES_MAX}")
    base = m.put(0, [0] * (count * road.VEHICLE_WORDS))
    builder.vehicle_records = [base + i * road.VEHICLE_WORDS for i in range(count)]
    net = m.words[road.ROADS] = road.NET
    segments = len(network(site.roads).segments)
    m.words[net + road.SEGMENTS] = m.put(0, [0] * (segments * road.SEGMENT_WORDS))
    m.words[net + road.SEGMENTS_N] = segments
    m.words[net + road.VEHICLES_N] = count
    m.words[net + road.RECORDS] = base


def vehicle_tables(builder: Builder) -> None:
    """Ways of each fleet, and which fleet serves what."""
    site, m = builder.site, builder.m
    m.put(at.TRAVEL, ways_ns(site, site.fleets[0] if site.fleets else None)[0])
    stores = builder.store_at[len(site.stations) :]
    for i, fleet in enumerate(site.fleets):
        g = builder.fleet_records[i]
        m.words[stores[i] + road.FLEET_AT] = g
        m.words[g + road.STORE] = stores[i]
        m.words[g + road.BY_IDLE] = int(fleet.vehicle_choice == "longest-idle")
        m.words[g + road.BY_NEAREST_CALL] = int(fleet.call_choice == "nearest")
        if site.roads is not None:
            continue
        loaded, empty = ways_ns(site, fleet)
        m.words[g + road.LOADED_WAYS] = m.put(0, loaded)
        m.words[g + road.EMPTY_WAYS] = m.put(0, empty)
    if len(site.fleets) > 1:
        m.words[stores[0] + road.CHOICE] = m.put(0, _choice(site, stores))
    if builder.vehicle_records:
        network_tables(builder)


def _choice(site: Site, stores: list[int]) -> list[int]:
    """Number of areas; area of each station; the fleet by product, area from, area to.

    Raises:
        Unrunnable: two fleets carry the same, or none does.
    """
    stations = {s.id: s.area for s in site.stations}
    areas = {a: i for i, a in enumerate(dict.fromkeys(s.area for s in site.stations))}
    carried = {(p.id, stations[a.station], stations[b.station]) for p in site.products for a, b in follows(p)}
    table = [len(areas), *(areas[s.area] for s in site.stations)]
    for product in site.products:
        for here in areas:
            for there in areas:
                who = [s for s, f in zip(stores, site.fleets, strict=True) if serves(f, product.id, here, there)]
                if (product.id, here, there) in carried and here != there and len(who) != 1:
                    what = "two fleets carry" if who else "no fleet carries"
                    raise Unrunnable(
                        f"{what} `{product.id}` from `{here}` to `{there}`; say which does by `products` and `areas`"
                    )
                table.append(who[0] if who else stores[0])
    return table


def vehicles(builder: Builder, asks: Asks) -> None:
    """Every vehicle with its program."""
    site, words = builder.site, builder.m.words
    stores = builder.store_at[len(site.stations) :]
    programs: dict[str, tuple[Fleet, RoadProgram, int]] = {}
    number = 0
    for i, fleet in enumerate(site.fleets):
        handling = builder.reals.at[fleet.handling]
        program = None
        if site.roads is None:
            start, aboard = straight_code(builder.code, stores[i], handling)
        else:
            helped = _repairs(builder, fleet, asks), _recovery(builder, fleet, asks)
            program = road_code(builder.code, stores[i], handling, *helped)
            start, aboard = program.entry, program.aboard
        for vehicle in fleet.vehicles:
            p = builder.process(vehicle, at.VEHICLE, start, 2)
            words[p + at.LAST] = len(site.stations)
            words[p + at.NUMBER] = NUMBERS + number
            if program is not None:
                _on_roads(builder, p, number, builder.fleet_records[i], vehicle)
                programs[vehicle] = fleet, program, p
            else:
                _under_way(builder, fleet, vehicle, p, start, aboard)
            number += 1
    if builder.vehicle_records:
        words[road.NET + road.NEVER_CROSS] = int(never_cross(builder))
    if site.roads is not None:
        lasting_batteries(builder)
        begin_on_roads(builder, programs)
    if builder.closing:
        builder.process("closures", at.CALENDAR, closures_code(builder.code), 0)


def _under_way(builder: Builder, fleet: Fleet, vehicle: str, p: int, start: int, aboard: int) -> None:
    """A vehicle on straight ways that is seen under way: with what it is seen to carry, else with what is drawn."""
    now = builder.live.vehicles.get(vehicle) if builder.live is not None else None
    if now is None or not builder.road or now.state not in UNDER_WAY or now.job == "":
        return
    warm.vehicle(builder.m.words, p, start, aboard, builder.reals.at[fleet.handling])
    builder.m.words[p + at.SLICE], builder.m.words[p + at.COUNT] = what_it_may_carry(builder, fleet, now)


def _on_roads(builder: Builder, p: int, number: int, g: int, vehicle: str) -> None:
    """A vehicle stands at its parking place, with a full battery."""
    words, roads = builder.m.words, builder.site.roads
    v = builder.vehicle_records[number]
    net = words[road.ROADS]
    if number == 0:
        words[net + road.VEHICLES] = p
    place = next((k for k, n in enumerate(roads.nodes if roads else ()) if n.parks == vehicle), -1)
    if roads is None or place < 0:
        raise Unrunnable(f"vehicle `{vehicle}` has no parking place; give it a node with `parks` in roads.yaml")
    words[p + at.MORE_VEHICLE] = v
    words[v + road.ME] = p
    words[v + road.GOAL] = words[v + road.PARKING] = place
    words[v + road.FLEET], words[v + road.BIT], words[v + road.INDEX] = g, 1 << number, number
    words[v + road.LEVEL_MJ] = words[g + road.FULL_MJ]
    words[v + road.HOME_WAYS] = home_ways(builder, g, place)
    stand(builder, v, place)


@dataclass(frozen=True, slots=True)
class Repairs:
    """Addresses that a vehicle's failures need; crew 0: repairs begin at once."""

    ttf: int
    ttr: int
    crew: int


def _repairs(builder: Builder, fleet: Fleet, asks: Asks) -> Repairs | None:
    down = fleet.breakdown
    if down is None:
        return None
    law = builder.reals.at
    return Repairs(law[down.time_to_failure], law[down.time_to_repair], asks.repair(down))


def _recovery(builder: Builder, fleet: Fleet, asks: Asks) -> tuple[int, int] | None:
    """The law of recoveries, and the crew that they need."""
    if fleet.battery is None:
        return None
    helps = fleet.battery.recovery
    return builder.reals.at[helps.time], asks.repair(helps, road.FLAT)


def lasting_batteries(builder: Builder) -> None:
    """Where a fleet looks ahead, a full battery is enough for every trip from every charger, and on to any charger.

    Raises:
        Unrunnable: it is not, so some call would wait for ever.
    """
    site, words = builder.site, builder.m.words
    stations = {s.id: (k, s.area) for k, s in enumerate(site.stations)}
    nodes = site.roads.nodes if site.roads is not None else ()
    trips = {(p.id, a.station, b.station) for p in site.products for a, b in follows(p)}
    for fleet, g in zip(site.fleets, builder.fleet_records, strict=True):
        if fleet.battery is None or fleet.battery.reserve is None:
            continue
        for vehicle in fleet.vehicles:
            v = builder.vehicle_records[builder.vehicle_ids.index(vehicle)]
            bases = [k for k, n in enumerate(nodes) if n.charger and n.parks in {None, vehicle}]
            for product, one, other in sorted(trips):
                (here, start), (there, end) = stations[one], stations[other]
                if start == end or not serves(fleet, product, start, end):
                    continue
                needs = max((trip_mj(words, v, base, here, there) for base in bases), default=FAR_MM)
                if needs > words[g + road.FULL_MJ]:
                    share = needs / words[g + road.FULL_MJ]
                    what = f"a trip of `{vehicle}` from `{one}` to `{other}` takes {share:.3g} batteries with `reserve`"
                    raise Unrunnable(f"{what}; use larger batteries, a smaller reserve, or a charger nearby")


def straight_code(code: Code, fleet: int, handling: int) -> tuple[int, int]:
    """A vehicle on straight ways: meet a machine that calls, fetch, carry, set down; its start, and with a job."""
    start = code.add(at.MEET, fleet)
    code.add(at.FETCH, handling, fleet)
    aboard = code.add(at.CARRY, fleet)
    code.add(at.DROP)
    code.add(at.JUMP, start)
    return start, aboard


def road_code(
    code: Code, fleet: int, handling: int, down: Repairs | None, recovery: tuple[int, int] | None
) -> RoadProgram:
    """A vehicle on roads: seek a call, drive, load, drive, set down; else drive home."""
    start = code.add(road.SEEK, fleet)
    fetch = code.add(road.DRIVE)
    code.add(road.LOAD, handling)
    aboard = code.add(road.LOADED_UP, fleet)
    carry = code.add(road.DRIVE)
    code.add(road.HANDLE)
    unload = code.add(road.UNLOAD)
    code.add(at.JUMP, start)
    away = code.add(road.DRIVE, fetch)
    code.add(at.JUMP, start)
    code.patch(start, b=away)
    drives = (fetch, carry, away)
    recoveries = {p: _recovery_code(code, p, *recovery) for p in drives} if recovery is not None else {}
    repairs = {p: _breakdown_code(code, p, down) for p in drives} if down is not None else {}
    entry = start
    if down is not None:
        entry = code.add(at.LIFE_NEW, down.ttf)
        code.add(at.JUMP, start)
    ttf = down.ttf if down is not None else 0
    return RoadProgram(fleet, handling, ttf, entry, start, fetch, aboard, carry, unload, away, repairs, recoveries)


def _breakdown_code(code: Code, drive: int, down: Repairs) -> int:
    """What happens to a vehicle that fails in a drive; where the repair begins."""
    begin = code.here
    code.patch(drive, b=begin)
    if down.crew:
        code.add(at.ACQUIRE, down.crew, at.FAILED)
    code.add(at.REPAIR, down.ttr)
    code.add(at.WORK, at.FAILED, at.REP, -1)
    code.add(at.WORKED, at.FAILED, at.REP, -1)
    if down.crew:
        code.add(at.RELEASE_CREW)
    code.add(at.LIFE_NEW, down.ttf)
    code.add(at.JUMP, drive)
    return begin


def _recovery_code(code: Code, drive: int, law: int, crew: int) -> int:
    """What happens to a vehicle whose battery is empty in a drive; where the recovery begins."""
    begin = code.here
    code.patch(drive, c=begin)
    if crew:
        code.add(at.ACQUIRE, crew, road.FLAT)
    code.add(road.RECOVERY, law)
    code.add(at.WORK, road.FLAT, at.REP, -1)
    code.add(at.WORKED, road.FLAT, at.REP, -1)
    if crew:
        code.add(at.RELEASE_CREW)
    code.add(road.RECOVERED)
    code.add(at.JUMP, drive)
    return begin


def closures_code(code: Code) -> int:
    """What closes and opens edges."""
    start = code.add(road.SHUT_NEXT)
    code.add(road.SHUT)
    code.add(at.JUMP, start)
    return start
