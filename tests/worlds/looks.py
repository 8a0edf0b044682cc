"""What a perfect observer sees of a floor at the end of a run, as plain data."""

from __future__ import annotations

from drawn_laws import Run

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.seen import VehicleNow
from andon.site.floor import Conveyor
from andon.site.ways import network

MOVING = (at.MOVING, road.CARRYING, road.IN_TRAFFIC)


def look(r: Run) -> LiveState:
    """What a perfect observer sees at the end of a run, as plain data."""
    m, names, now = r.m, r.image.products, int(r.m[at.NOW])
    words = {at.STARVED: "idle", at.SETUP: "setup", at.BUSY: "running", at.BLOCKED: "blocked"}
    machines: dict[str, MachineNow] = {}
    for machine, p in zip(r.image.machines, r.processes, strict=False):
        t, state = int(m[p + at.JOB]), words[int(m[p + at.STATE])]
        machines[machine] = MachineNow(
            state,
            names[int(m[t + at.PRODUCT])] if t else "",
            (now - int(m[p + at.START])) / 1e9 if state in {"running", "setup"} else None,
            jobs=1 if t else None,
            last=names[int(m[p + at.LAST])] if m[p + at.LAST] >= 0 else "",
        )
    queues = {
        station.buffer: tuple(names[int(m[t + at.PRODUCT])] for t in r.jobs(int(m[s + at.HEAD])))
        for station, s in zip(r.site.stations, r.stores, strict=False)
    }
    waiting = {name: int(m[a + at.WAITING]) for name, a in zip(names, r.products, strict=True)}
    vehicles = {
        r.image.processes[p]: vehicle_now(r, p) for p in r.processes if m[p + at.KIND] == at.VEHICLE and r.site.roads
    }
    belts = {belt.id: belt_now(r, belt) for belt in r.site.conveyors}
    return LiveState(
        r.image.options.start_ns + now, machines, queues=queues, waiting=waiting, vehicles=vehicles, belts=belts
    )


def vehicle_now(r: Run, p: int) -> VehicleNow:
    """A vehicle on roads, which does not give way."""
    m, v, now = r.m, int(r.m[p + at.MORE_VEHICLE]), int(r.m[at.NOW])
    assert r.site.roads is not None
    graph, state, t = network(r.site.roads), int(m[p + at.STATE]), int(m[p + at.JOB])
    here, towards, metres, rolled = int(m[v + road.AT_NODE]), "", 0.0, 0.0
    until = int(m[m[at.TREE] + 2 * m[p + at.LEAF]])
    if m[v + road.ON_ARC]:
        arc = graph.arcs[int(m[v + road.ON_ARC]) - 1]
        whole = int(m[m[m[v + road.FLEET] + road.ARC_NS] + 2 * (m[v + road.ON_ARC] - 1) + m[v + road.LOADED]])
        driven = 1 - (until - now) / whole  # by the end of the arc: who was recovered on it began in the midst of it
        here, towards, metres = arc.start, graph.nodes[arc.end], driven * arc.mm / 1000
        rolled = int(m[v + road.UNPAID_MM]) - (1 - driven) * arc.mm
    word = "moving" if state in MOVING else "loading" if state == road.LOADING else "idle"
    if state == road.CHARGING and m[v + road.LOW]:
        word = "charging"
    return VehicleNow(
        word,
        graph.nodes[here],
        towards,
        metres,
        graph.nodes[_goal(r, p, v)] if word == "moving" else "",
        charge=_charge(r, p, v, rolled),
        job=r.image.products[int(m[t + at.PRODUCT])] if t else "",
        elapsed_s=(int(m[p + at.REM]) - (until - now)) / 1e9 if word == "loading" else None,
    )


def _goal(r: Run, p: int, v: int) -> int:
    """The node that a vehicle drives to; who has just been called learns it at the next node."""
    m, calls = r.m, int(r.m[p + at.HOME])
    return int(m[m[m[road.ROADS] + road.STOPS] + 2 * m[calls + at.STATION]] if calls else m[v + road.GOAL])


def _charge(r: Run, p: int, v: int, rolled_mm: float) -> float | None:
    """Share of the capacity that is in a battery at this moment."""
    m, g = r.m, int(r.m[v + road.FLEET])
    full = int(m[g + road.FULL_MJ])
    if not full:
        return None
    seconds = (int(m[at.NOW]) - 1000 * int(m[v + road.LEVEL_AT])) / 1e9
    if m[p + at.STATE] == road.CHARGING:
        return min(1.0, (m[v + road.LEVEL_MJ] + seconds * m[g + road.CHARGE_MW]) / full)
    per_metre = m[g + (road.LOADED_UJ_PER_M if m[v + road.LOADED] else road.EMPTY_UJ_PER_M)]
    return float(m[v + road.LEVEL_MJ] - seconds * m[g + road.IDLE_MW] - rolled_mm / 1000 * per_metre / 1e3) / full


def belt_now(r: Run, belt: Conveyor) -> tuple[float, ...]:
    """Metres from the start of the jobs on a belt, the first one first."""
    m, now = r.m, int(r.m[at.NOW])
    p = next(p for p in r.processes if r.image.processes[p] == belt.id)
    s = int(m[p + at.HOME])
    rule = int(r.image.code[4 * int(m[p + at.PC]) + 2])
    found: list[float] = []
    on, last_off = int(m[rule + at.LAST_ON]), int(m[rule + at.LAST_OFF])
    headway, transit = int(m[rule + at.HEADWAY]), int(m[rule + at.TRANSIT])
    for k, t in enumerate(r.jobs(int(m[s + at.HEAD]))):
        on = max(int(m[t + at.ENTERED]), on + headway)
        rest = max(on + transit, last_off + (k + 1) * headway) - now
        stands = m[p + at.STATE] == at.BLOCKED
        nearest = k * headway if stands else 0
        rest = max(rest, nearest) if on < now else transit
        found.append(belt.length_m * (1 - rest / transit))
    return tuple(found)
