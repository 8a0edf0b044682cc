"""What a vehicle does: it meets a machine that calls, fetches, carries and sets down, on straight ways or on roads."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.calls import take_call
from andon.models.simulate.kernel.chance import unit
from andon.models.simulate.kernel.charge import (
    charge,
    charges_here,
    leave_charger,
    look_at_battery,
    look_for_chargers,
    park_until_low,
    resting_place,
    spend_on_arc,
)
from andon.models.simulate.kernel.events import enter, schedule, wake
from andon.models.simulate.kernel.floor import arrive
from andon.models.simulate.kernel.queues import append, unlink
from andon.models.simulate.kernel.resume import claim, go_on_handling, offer_itself
from andon.models.simulate.kernel.stranded import recovered, recovery, run_empty, was_towed
from andon.models.simulate.kernel.traffic import arrive_at_node, go_or_wait, let_go, roll
from andon.models.simulate.kernel.work import draw, which_is, who_is


def meet(m: at.Words, p: int, fleet: int, pc: int) -> int:
    """A free vehicle takes a machine that waits; idle while there is none."""
    if take_call(m, fleet, p) != 0:
        return pc + 1
    m[p + at.PC] = pc
    append(m, fleet + at.GET_HEAD, fleet + at.GET_TAIL, p, at.NEXT)
    enter(m, p, at.STARVED)
    return -1


def handling(m: at.Words, f: at.Reals, d: int, t: int) -> int:
    """Half of the time that loading and unloading job `t` takes together."""
    return draw(m, f, d, who_is(at.FOR_CARRY, m[t + at.PRODUCT]), which_is(m, t), 0) // 2


def fetch(m: at.Words, f: at.Reals, p: int, d: int, fleet: int, pc: int) -> int:
    """The empty way to the calling machine, and half of the handling time, drawn from `d`."""
    q = m[p + at.HOME]
    m[p + at.REM] = handling(m, f, d, m[q + at.JOB])
    way = m[m[m[fleet + road.FLEET_AT] + road.EMPTY_WAYS] + m[p + at.LAST] * m[at.STATIONS_N] + m[q + at.STATION]]
    m[m[fleet + road.FLEET_AT] + road.EMPTY_MS] += way // 1_000_000
    enter(m, p, at.MOVING)
    m[p + at.PC] = pc + 1
    schedule(m, p, m[at.NOW] + way + m[p + at.REM])
    return -1


def take_on(m: at.Words, p: int, fleet: int) -> None:
    """The job that was called for is on the vehicle, and its machine is free to go on."""
    q = m[p + at.HOME]
    t = m[q + at.JOB]
    g = m[fleet + road.FLEET_AT]
    m[g + road.CALLS_N] += 1
    m[g + road.CALLS_US] += (m[at.NOW] - m[q + road.CALLED_AT]) // 1000
    m[p + at.JOB] = t
    m[q + at.JOB] = m[t + at.LINK]
    m[q + at.COUNT] += 1
    m[q + at.HAS_ROOM] = 0
    m[t + at.LINK] = 0
    m[t + at.PLACE] = m[m[t + at.PLACE] + at.NEXT_STEP]
    m[p + at.HOME] = 0
    m[p + at.LAST] = m[q + at.STATION]
    wake(m, q, m[q + at.PC])


def carry(m: at.Words, p: int, fleet: int, pc: int) -> int:
    """The way with the job to its next store, and the other half of the handling."""
    q = m[p + at.HOME]
    if q != 0:
        take_on(m, p, fleet)
    t = m[p + at.JOB]
    route = m[t + at.PLACE]
    there = m[route + at.STEP_STATION]
    m[t + at.DEST] = m[route + at.AT_STORE]
    way = m[m[m[fleet + road.FLEET_AT] + road.LOADED_WAYS] + m[p + at.LAST] * m[at.STATIONS_N] + there]
    m[p + at.LAST] = there
    m[m[fleet + road.FLEET_AT] + road.LOADED_MS] += max(0, way) // 1_000_000
    enter(m, p, at.MOVING)
    m[p + at.PC] = pc + 1
    span = (max(0, way)) + m[p + at.REM]
    if q == 0:
        span = int(span * unit(m[at.KEY], who_is(at.FOR_MIX, 3), m[p + at.NUMBER]))
    schedule(m, p, m[at.NOW] + span)
    return -1


def drop(m: at.Words, p: int, pc: int) -> int:
    """A vehicle sets its job down where it was promised a place."""
    t = m[p + at.JOB]
    m[p + at.JOB] = 0
    m[p + at.COUNT] += 1
    arrive(m, m[t + at.DEST], t)
    return pc + 1


# --- on roads


def seek(m: at.Words, p: int, fleet: int, away: int, pc: int) -> int:
    """A vehicle without a task: takes a call; or drives to where it rests, by `away`; or stands there, or charges."""
    v = m[p + at.MORE_VEHICLE]
    m[p + at.PARKED] = 0
    battery = m[m[v + road.FLEET] + road.FULL_MJ]
    if battery != 0:
        look_at_battery(m, p, v)
    if m[v + road.FREE] == 0:
        m[v + road.SINCE] = m[at.NOW]
        if m[v + road.LOW] == 0 and take_call(m, fleet, p) == 0 and m[v + road.LOW] == 0:
            m[v + road.FREE] = 1
            append(m, fleet + at.GET_HEAD, fleet + at.GET_TAIL, p, at.NEXT)
    if m[p + at.HOME] != 0:
        set_out(m, p, v)
        return pc + 1
    m[v + road.GOAL] = resting_place(m, v)
    if m[v + road.AT_NODE] != m[v + road.GOAL]:
        return away
    m[p + at.PC] = pc
    if battery != 0 and charges_here(m, v):
        enter(m, p, road.CHARGING)
        charge(m, p, v)
    else:
        enter(m, p, at.STARVED)
        if battery != 0:
            park_until_low(m, p, v)
    return -1


def set_out(m: at.Words, p: int, v: int) -> None:
    """The vehicle has a task: its goal is where the calling machine's jobs are picked up."""
    m[v + road.FREE] = 0
    m[v + road.GOAL] = m[m[m[road.ROADS] + road.STOPS] + 2 * m[m[p + at.HOME] + at.STATION]]
    leave_charger(m, v)


def drive(m: at.Words, p: int, called: int, fails: int, empty: int, pc: int) -> int:
    """Drive to the goal, arc by arc; a free vehicle that is called goes on at `called`, one that fails at `fails`.

    One whose battery is `empty` goes on there. Whoever stands in the midst of an arc comes back here afterwards.
    """
    v = m[p + at.MORE_VEHICLE]
    if m[v + road.ON_ARC] != 0:
        if m[v + road.BROKEN] == 0:
            if m[p + at.LIFE] >= 0:
                m[p + at.LIFE] -= m[at.NOW] - m[p + at.START]
            if m[m[v + road.FLEET] + road.FULL_MJ] != 0:
                spend_on_arc(m, p, v)
            if m[v + road.LEFT] > 0:
                if m[p + at.LIFE] != 0:
                    run_empty(m, p, v)
                    return empty
                m[v + road.BROKEN] = 1
                enter(m, p, at.FAILED)
                return fails
            arrive_at_node(m, p, v)
        else:
            m[v + road.BROKEN] = 0
            m[p + at.PC] = pc
            roll(m, p, v)
            return -1
    elif m[v + road.BROKEN] != 0:
        was_towed(m, p, v)
    if m[v + road.FREE] != 0 and (m[p + at.HOME] != 0 or takes_waiting(m, p, v)):
        set_out(m, p, v)
        return called
    node = m[v + road.AT_NODE]
    if m[v + road.GIVES_WAY] != 0 and node == m[v + road.PARKING]:
        m[v + road.GIVES_WAY] = 0
    if m[v + road.GIVES_WAY] == 0 and node == m[v + road.GOAL]:
        if m[m[road.ROADS] + road.PROTECTED] == p:
            m[m[road.ROADS] + road.PROTECTED] = 0
            m[m[road.ROADS] + road.AGAIN] = 1
            let_go(m, 0, 0, 0)
        return pc + 1
    m[p + at.PC] = pc
    go_or_wait(m, p, v)
    return -1


def takes_waiting(m: at.Words, p: int, v: int) -> bool:
    """Whether a free vehicle on its way home takes a call that nobody could answer when it came."""
    fleet = m[m[v + road.FLEET] + road.STORE]
    if m[fleet + at.PUT_HEAD] == 0 or take_call(m, fleet, p) == 0:
        return False
    unlink(m, fleet + at.GET_HEAD, fleet + at.GET_TAIL, p)
    return True


def load(m: at.Words, f: at.Reals, p: int, d: int, pc: int) -> int:
    """Half of the handling time, drawn from `d`, at the calling machine."""
    m[p + at.REM] = handling(m, f, d, m[m[p + at.HOME] + at.JOB])
    return handle(m, p, pc)


def handle(m: at.Words, p: int, pc: int) -> int:
    """Stand for half of the handling time."""
    enter(m, p, road.LOADING)
    m[p + at.PC] = pc + 1
    schedule(m, p, m[at.NOW] + m[p + at.REM])
    return -1


def loaded_up(m: at.Words, p: int, fleet: int, pc: int) -> int:
    """The job is on the vehicle; its goal is where its next store is served."""
    if m[p + at.HOME] != 0:
        take_on(m, p, fleet)
    v = m[p + at.MORE_VEHICLE]
    t = m[p + at.JOB]
    route = m[t + at.PLACE]
    m[t + at.DEST] = m[route + at.AT_STORE]
    m[v + road.LOADED] = 1
    m[v + road.GOAL] = m[m[m[road.ROADS] + road.STOPS] + 2 * m[route + at.STEP_STATION] + 1]
    return pc + 1


def unload(m: at.Words, p: int, pc: int) -> int:
    """The job is off the vehicle."""
    m[m[p + at.MORE_VEHICLE] + road.LOADED] = 0
    return drop(m, p, pc)


# --- closures


def shut_next(m: at.Words, p: int, pc: int) -> int:
    """Sleep until edges close or open."""
    net = m[road.ROADS]
    if m[net + road.LINE] >= m[net + road.LINES_N]:
        m[p + at.PC] = pc
        return -1
    m[p + at.PC] = pc + 1
    schedule(m, p, m[m[net + road.LINES] + 2 * m[net + road.LINE]])
    return -1


def shut(m: at.Words, pc: int) -> int:
    """From now on another set of edges is closed: vehicles go by its ways from the next node on."""
    net = m[road.ROADS]
    chosen = m[m[net + road.LINES] + 2 * m[net + road.LINE] + 1]
    m[net + road.LINE] += 1
    for i in range(m[road.FLEETS_N]):
        g = m[road.FLEETS] + i * road.FLEET_WORDS
        m[g + road.NEXT_ARC] = m[g + road.OPEN_NEXT] + chosen * m[g + road.TABLE_WORDS]
        m[g + road.WAY_NS] = m[g + road.OPEN_WAY] + chosen * m[g + road.TABLE_WORDS]
    m[net + road.AGAIN] = 1
    let_go(m, 0, 0, 0)
    look_for_chargers(m)
    return pc + 1


def forget_traffic(m: at.Words) -> None:
    """Forget what vehicles and segments have counted: the end of a warm-up."""
    for i in range(m[road.FLEETS_N]):
        g = m[road.FLEETS] + i * road.FLEET_WORDS
        m[g + road.CALLS_N] = 0
        m[g + road.CALLS_US] = 0
        m[g + road.EMPTY_MS] = 0
        m[g + road.LOADED_MS] = 0
    net = m[road.ROADS]
    if net == 0:
        return
    for i in range(m[net + road.SEGMENTS_N]):
        s = m[net + road.SEGMENTS] + i * road.SEGMENT_WORDS
        m[s + road.WAITED_US] = 0
        m[s + road.PASSED] = 0
    for i in range(m[net + road.VEHICLES_N]):
        v = m[m[net + road.VEHICLES] + i * at.PROC_WORDS + at.MORE_VEHICLE]
        m[v + road.EMPTY_MM] = 0
        m[v + road.LOADED_MM] = 0
        m[v + road.LOWS] = 0
        m[v + road.FLATS] = 0
    m[net + road.GAVE_WAY] = 0


def step_straight(m: at.Words, f: at.Reals, p: int, op: int, a: int, b: int, pc: int) -> int:
    """The instructions of a vehicle on straight ways."""
    if op == at.CARRY:
        return carry(m, p, a, pc)
    if op == at.MEET:
        return meet(m, p, a, pc)
    if op == at.FETCH:
        return fetch(m, f, p, a, b, pc)
    return drop(m, p, pc)


def step_on_roads(m: at.Words, f: at.Reals, p: int, op: int, a: int, b: int, c: int, pc: int) -> int:
    """The instructions of a vehicle on roads."""
    if op == road.DRIVE:
        return drive(m, p, a, b, c, pc)
    if op == road.SEEK:
        return seek(m, p, a, b, pc)
    if op == road.LOAD:
        return load(m, f, p, a, pc)
    if op == road.LOADED_UP:
        return loaded_up(m, p, a, pc)
    if op == road.HANDLE:
        return handle(m, p, pc)
    if op == road.UNLOAD:
        return unload(m, p, pc)
    if op == road.SHUT_NEXT:
        return shut_next(m, p, pc)
    if op == road.SHUT:
        return shut(m, pc)
    return step_seldom(m, f, p, op, a, b, pc)


def step_seldom(m: at.Words, f: at.Reals, p: int, op: int, a: int, b: int, pc: int) -> int:
    """The instructions of a vehicle on roads whose battery was empty, or which is seen when the run begins."""
    if op == road.RECOVERY:
        return recovery(m, f, p, a, pc)
    if op == road.RECOVERED:
        return recovered(m, p, pc)
    if op == road.ENLIST:
        return offer_itself(m, p, a, pc)
    if op == road.CLAIM:
        return claim(m, p, a, b, pc)
    if op == road.GO_ON_HANDLING:
        return go_on_handling(m, f, p, a, pc)
    return -1
