"""Vehicles that are seen on the roads, written into an image: where they are, what they carry, what they go on with."""

from __future__ import annotations

from dataclasses import dataclass

from andon.core.time import SECOND
from andon.models.simulate import warm
from andon.models.simulate.builder import Builder
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.homeward import ORDERED, able_one_by_one, everybody, list_of, play
from andon.models.simulate.kernel.network import arc_of, be_at, node_of, vehicle_process
from andon.models.simulate.program import Code
from andon.models.simulate.seen import UNDER_WAY, Place, VehicleNow, carried, places
from andon.models.simulate.tables import mix_words, weights
from andon.site.floor import Fleet
from andon.site.ways import Network, network


@dataclass(frozen=True, slots=True)
class RoadProgram:
    """Places in the program of a fleet's vehicles, and what it was made of."""

    fleet: int
    """Address of the fleet's meeting point."""
    handling: int
    ttf: int
    """0: they do not fail."""
    entry: int
    """Where a vehicle begins that has nothing to go on with."""
    seek: int
    fetch: int
    aboard: int
    carry: int
    unload: int
    away: int
    repairs: dict[int, int]
    """Where a repair begins, by the place of the drive in which the vehicle failed; empty: they do not fail."""
    recoveries: dict[int, int]


@dataclass(slots=True)
class _Seen:
    """One vehicle while it is written."""

    p: int
    v: int
    now: VehicleNow
    fleet: Fleet
    program: RoadProgram


def begin_on_roads(builder: Builder, programs: dict[str, tuple[Fleet, RoadProgram, int]]) -> None:
    """Let the vehicles of a live state begin where they are, and go on with what they are at.

    Args:
        builder: the image; all vehicles stand at their parking places.
        programs: fleet, its program, and address of the process, by vehicle.
    """
    live, site = builder.live, builder.site
    if live is None or site.roads is None:
        return
    graph, words = network(site.roads), builder.m.words
    found, _ = places(site, live.vehicles)
    seen: dict[int, _Seen] = {}
    for name, (fleet, program, p) in programs.items():
        now = live.vehicles.get(name, VehicleNow())
        one = _Seen(p, words[p + at.MORE_VEHICLE], now, fleet, program)
        if now.charge is not None:
            words[one.v + road.LEVEL_MJ] = round(words[words[one.v + road.FLEET] + road.FULL_MJ] * now.charge)
        if name in found:
            _stand(words, graph, one, found[name])
            seen[p] = one
    if seen:
        for p in _stuck(words):
            _park(words, seen.pop(p))
            why = "from where they are seen not all vehicles could drive home"
            builder.notes.append(f"where `{builder.names[p]}` is on the roads ({why}; taken as at its parking place)")
        if words[words[road.ROADS] + road.PLAN_N] == ORDERED:
            able_one_by_one(words, 0)
    claims: list[int] = []
    for name, (fleet, program, p) in programs.items():
        if p in seen:
            _go_on(builder, graph, seen[p])
            claims += [p] if builder.code.lines[words[p + at.PC] + bool(program.ttf)][0] == road.CLAIM else []
        elif builder.road and (now := live.vehicles.get(name, VehicleNow())).state in UNDER_WAY:
            mix, surely = what_it_may_carry(builder, fleet, now)
            if now.job != "":
                warm.vehicle(
                    words, p, program.entry, _with_life(builder.code, program, program.aboard), program.handling
                )
                words[p + at.SLICE], words[p + at.COUNT] = mix, surely

    # Who has answered a call takes it before anybody who is free could.
    builder.started = _first_among(builder.started, claims, {p for _, _, p in programs.values()})


def _first_among(order: list[int], first: list[int], all_of_them: set[int]) -> list[int]:
    """The same order, but where `all_of_them` stand, `first` come before the others."""
    behind = iter([*first, *(p for p in order if p in all_of_them and p not in first)])
    return [next(behind) if p in all_of_them else p for p in order]


def what_it_may_carry(builder: Builder, fleet: Fleet, now: VehicleNow) -> tuple[int, int]:
    """Address of the mix that a vehicle's job is drawn from (0: whatever is carried), and whether it surely has one."""
    if not now.job:
        return 0, 0
    weight = weights(builder.site)
    goal = now.goal or (now.node if now.state == "loading" else "")
    entries = [(weight[i], (i << at.MIX_BITS) + k) for i, k in carried(builder.site, fleet, now.job, goal)]
    return (builder.m.put(0, mix_words(entries)) if entries else 0), 1


def _segments(words: list[int], v: int) -> set[int]:
    """Addresses of the segments that a vehicle keeps."""
    held = {words[v + road.KEEPS]}
    if words[v + road.ON_ARC]:
        held.add(words[arc_of(words, words[v + road.ON_ARC] - 1) + road.ARC_LANE])
        held.add(words[node_of(words, words[v + road.CAME_FROM]) + road.NODE_AT])
    return held


def _move(words: list[int], v: int, node: int) -> None:
    """Let go of all segments, and keep a node."""
    for s in _segments(words, v):
        words[s + road.OWNER] = 0
    words[v + road.ON_ARC] = 0
    be_at(words, v, node)
    words[words[v + road.KEEPS] + road.OWNER] = words[v + road.ME]


def _stand(words: list[int], graph: Network, one: _Seen, place: Place) -> None:
    """The vehicle keeps what it stands on; under way it rolls on at the beginning of its program."""
    v = one.v
    _move(words, v, place.node)
    if place.arc < 0:
        return
    arc = graph.arcs[place.arc]
    words[v + road.CAME_FROM], words[v + road.ON_ARC] = arc.start, place.arc + 1
    for s in _segments(words, v):
        words[s + road.OWNER] = one.p
    words[v + road.UNPAID_MM] = arc.mm - round(arc.mm * place.driven)
    words[v + road.BROKEN] = 1  # it rolls on from where it stands
    loaded = int(bool(one.now.job))
    whole = words[words[words[v + road.FLEET] + road.ARC_NS] + 2 * place.arc + loaded]
    words[v + road.LEFT] = whole - round(whole * place.driven)


def _stuck(words: list[int]) -> list[int]:
    """Vehicles that cannot all drive home from where they are seen: no traffic as modelled leads there."""
    net = words[road.ROADS]
    able = able_one_by_one(words, 0)
    left = everybody(words) & ~able
    if not left:
        return []
    vehicles = [vehicle_process(words, i) for i in range(words[net + road.VEHICLES_N])]
    bits = {p: words[words[p + at.MORE_VEHICLE] + road.BIT] for p in vehicles}
    stuck = play(words, next(p for p in vehicles if left & bits[p]), list_of(words, able), left)
    return [p for p in vehicles if stuck & bits[p]]


def _park(words: list[int], one: _Seen) -> None:
    """The vehicle is taken as at its parking place, without a task."""
    words[one.v + road.BROKEN] = words[one.v + road.LEFT] = 0
    _move(words, one.v, words[one.v + road.PARKING])


def _go_on(builder: Builder, graph: Network, one: _Seen) -> None:
    """What a vehicle does that is seen: its program begins in the midst of it."""
    words, now, program = builder.m.words, one.now, one.program
    p, v = one.p, one.v
    battery = one.fleet.battery
    stops = builder.site.roads.stops if builder.site.roads is not None else ()
    goal = graph.nodes.index(now.goal) if now.goal in graph.nodes else -1
    words[v + road.WAIT_FROM] = at.UNSEEN if now.elapsed_s is None else round(now.elapsed_s * SECOND)
    empty = battery is not None and now.charge == 0.0 and now.state == "down"
    helped = program.recoveries if empty else program.repairs if now.state == "down" else {}
    if now.state == "charging" and battery is not None and (now.charge or 0.0) < battery.leave_above:
        words[v + road.LOW] = 1
    _book_charger(words, v, goal if now.state == "moving" and not now.job else words[v + road.AT_NODE])
    home = _task(builder.code, one, "away", helped)
    if now.job or (now.job is None and now.state in UNDER_WAY and not _rests(builder, words, v, goal)):
        mix, surely = what_it_may_carry(builder, one.fleet, now)
        start = _task(builder.code, one, "unload" if now.state == "loading" else "carry", helped)
        warm.vehicle(words, p, home, start, program.handling)
        words[p + at.SLICE], words[p + at.COUNT] = mix, surely
    elif now.state == "loading" or any(s.pick_up == now.goal for s in stops):
        words[v + road.GOAL] = words[v + road.AT_NODE] if now.state == "loading" else goal
        words[p + at.PC] = _task(builder.code, one, "load" if now.state == "loading" else "fetch", helped)
    elif words[v + road.ON_ARC] or now.state == "moving" or helped:
        words[v + road.GOAL] = goal if _rests(builder, words, v, goal) else words[v + road.PARKING]
        low = (
            battery is not None and _level_at_last_node(words, graph, v) < words[words[v + road.FLEET] + road.BELOW_MJ]
        )
        words[v + road.LOW] = int(low or words[v + road.BOOKED] != 0)
        words[p + at.PC] = home if not words[v + road.LOW] else _task(builder.code, one, "low", helped)
    if helped:
        words[p + at.STATE], words[p + at.REP] = road.FLAT if empty else at.FAILED, at.UNSEEN
        words[v + road.BROKEN] = 2 if empty else 1
    elif words[p + at.PC] != program.entry:
        words[p + at.STATE] = at.MOVING


def _level_at_last_node(words: list[int], graph: Network, v: int) -> int:
    """Millijoules that an empty vehicle had when it last looked at its battery, which it does at nodes."""
    if words[v + road.ON_ARC] == 0:
        return words[v + road.LEVEL_MJ]
    rolled_mm = graph.arcs[words[v + road.ON_ARC] - 1].mm - words[v + road.UNPAID_MM]
    return words[v + road.LEVEL_MJ] + rolled_mm * words[words[v + road.FLEET] + road.EMPTY_UJ_PER_M] // 1_000_000


def _rests(builder: Builder, words: list[int], v: int, goal: int) -> bool:
    """Whether a goal is where a vehicle without a task goes."""
    roads = builder.site.roads
    return goal >= 0 and roads is not None and (goal == words[v + road.PARKING] or roads.nodes[goal].charger)


def _book_charger(words: list[int], v: int, node: int) -> None:
    """Who stands at a charger that is shared, or drives there, has booked it."""
    net = words[road.ROADS]
    for i in range(words[net + road.SHARED_N]):
        if words[words[net + road.SHARED] + i] == node and words[words[net + road.CHARGERS] + node] == 1:
            words[words[net + road.CHARGERS] + node] = 2
            words[v + road.BOOKED] = node + 1


def _with_life(code: Code, program: RoadProgram, place: int) -> int:
    """Begin at a place, but draw the vehicle's life before."""
    start = code.here
    if program.ttf:
        code.add(at.LIFE_NEW, program.ttf)
    code.add(at.JUMP, place)
    return start


def _task(code: Code, one: _Seen, task: str, helped: dict[int, int]) -> int:
    """The beginning of a program that goes on with a task."""
    program = one.program
    away = helped.get(program.away, program.away)
    start = code.here
    if program.ttf and not helped:
        code.add(at.LIFE_NEW, program.ttf)
    if task in {"load", "fetch"}:
        claim = code.add(road.CLAIM, program.fleet)
        if task == "load":
            code.add(road.GO_ON_HANDLING, program.handling)
        code.add(at.JUMP, program.aboard if task == "load" else helped.get(program.fetch, program.fetch))
        code.patch(claim, b=code.add(at.JUMP, away))
    elif task in {"carry", "unload"}:
        code.add(road.LOADED_UP, program.fleet)
        if task == "unload":
            code.add(road.GO_ON_HANDLING, program.handling)
        code.add(at.JUMP, program.unload if task == "unload" else helped.get(program.carry, program.carry))
    else:
        if task == "away":
            code.add(road.ENLIST, program.fleet)
        code.add(at.JUMP, away)
    return start
