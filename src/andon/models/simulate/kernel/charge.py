"""Batteries of vehicles, and the chargers that they share."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.events import cancel, schedule, wake
from andon.models.simulate.kernel.network import vehicle_process
from andon.models.simulate.kernel.queues import unlink


def spend(m: at.Words, p: int, v: int, mj: int) -> None:
    """Book the battery of vehicle `v` up to now: charged or drawn, and `mj` for what it drove."""
    g = m[v + road.FLEET]
    us = m[at.NOW_US] - m[v + road.LEVEL_AT]
    m[v + road.LEVEL_AT] = m[at.NOW_US]
    if m[p + at.STATE] == road.CHARGING:
        m[v + road.LEVEL_MJ] = min(m[g + road.FULL_MJ], m[v + road.LEVEL_MJ] + us * m[g + road.CHARGE_MW] // 1_000_000)
        return
    m[v + road.LEVEL_MJ] = max(0, m[v + road.LEVEL_MJ] - mj - us * m[g + road.IDLE_MW] // 1_000_000)


def per_metre(m: at.Words, v: int) -> int:
    """Microjoules that a metre takes, as vehicle `v` is loaded."""
    return m[m[v + road.FLEET] + (road.LOADED_UJ_PER_M if m[v + road.LOADED] != 0 else road.EMPTY_UJ_PER_M)]


def spend_on_arc(m: at.Words, p: int, v: int) -> None:
    """What the vehicle has driven of its arc since it rolled on takes its charge; an empty battery is empty."""
    mm = m[v + road.UNPAID_MM]
    if m[v + road.LEFT] > 0:
        driven = m[at.NOW] - m[p + at.START]
        mm = int(mm * (driven / (driven + m[v + road.LEFT])))
    m[v + road.UNPAID_MM] -= mm
    spend(m, p, v, mm * per_metre(m, v) // 1_000_000)


def lasts(m: at.Words, p: int, v: int) -> int:
    """Nanoseconds that the vehicle may roll on until its battery is empty; FAR: to the end of its arc."""
    g = m[v + road.FLEET]
    spend(m, p, v, 0)
    left = m[v + road.LEFT]
    needs = m[v + road.UNPAID_MM] * per_metre(m, v) // 1_000_000 + left // 1000 * m[g + road.IDLE_MW] // 1_000_000
    level = m[v + road.LEVEL_MJ]
    return road.FAR if needs <= level else int(left * (level / needs))


def look_at_battery(m: at.Words, p: int, v: int) -> None:
    """Whether the vehicle may work: not from below the lower threshold on until it is above the upper one."""
    g = m[v + road.FLEET]
    spend(m, p, v, 0)
    level = m[v + road.LEVEL_MJ]
    if m[v + road.LOW] != 0 and level >= (m[g + road.ABOVE_MJ] if m[v + road.LOW] == 1 else m[g + road.FULL_MJ]):
        m[v + road.LOW] = 0
    if m[v + road.LOW] == 0 and m[p + at.HOME] == 0:
        if level < m[g + road.BELOW_MJ]:
            must_charge(m, p, v, 1)
        elif level < min(least_mj(m, v, m[v + road.AT_NODE]), m[g + road.FULL_MJ]):
            must_charge(m, p, v, 2)


def must_charge(m: at.Words, p: int, v: int, low: int) -> None:
    """Vehicle `p` has no task and takes none until it is charged: above the upper threshold (1), or full (2)."""
    if m[v + road.FREE] != 0:
        fleet = m[m[v + road.FLEET] + road.STORE]
        unlink(m, fleet + at.GET_HEAD, fleet + at.GET_TAIL, p)
        m[v + road.FREE] = 0
    if not charges_here(m, v):
        m[v + road.LOWS] += 1
    m[v + road.LOW] = low


def resting_place(m: at.Words, v: int) -> int:
    """Where a vehicle without a task goes: to a charger when it is low and one is free, else to its parking place.

    Whoever stands at a charger stays until the battery is full, unless others wait for one.
    """
    g = m[v + road.FLEET]
    home = m[v + road.PARKING]
    if m[g + road.FULL_MJ] == 0:
        return home
    chargers = m[m[road.ROADS] + road.CHARGERS]
    if m[v + road.LOW] != 0:
        if m[chargers + home] != 0:
            return home
        if m[v + road.BOOKED] == 0:
            book_charger(m, v)
        return m[v + road.BOOKED] - 1 if m[v + road.BOOKED] != 0 else home
    if m[v + road.BOOKED] != 0:
        if m[v + road.LEVEL_MJ] < m[g + road.FULL_MJ] and who_waits_for_charger(m) == 0:
            return m[v + road.BOOKED] - 1
        leave_charger(m, v)
    return home


def book_charger(m: at.Words, v: int) -> None:
    """The nearest charger that nobody has booked; of equals the one that is declared first."""
    net = road.NET
    chargers = m[net + road.CHARGERS]
    best = road.FAR
    found = -1
    for i in range(m[net + road.SHARED_N]):
        node = m[m[net + road.SHARED] + i]
        way = m[m[m[v + road.FLEET] + road.WAY_NS] + m[m[net + road.ROWS] + node] + m[v + road.AT_NODE]]
        if m[chargers + node] == 1 and way < best:
            best = way
            found = node
    if found >= 0:
        m[chargers + found] = 2
        m[v + road.BOOKED] = found + 1


def who_waits_for_charger(m: at.Words) -> int:
    """The vehicle that has longest been low without a charger, and stands at its parking place; 0: none."""
    net = road.NET
    best = 0
    for i in range(m[net + road.VEHICLES_N]):
        u = vehicle_process(m, i)
        w = m[u + at.MORE_VEHICLE]
        waits = m[w + road.LOW] != 0 and m[w + road.BOOKED] == 0 and m[u + at.STATE] == at.STARVED
        if waits and (best == 0 or m[w + road.SINCE] < m[m[best + at.MORE_VEHICLE] + road.SINCE]):
            best = u
    return best


def look_for_chargers(m: at.Words) -> None:
    """Ways have changed: all that wait for a charger at their parking places look for one again."""
    for i in range(m[road.NET + road.VEHICLES_N]):
        u = vehicle_process(m, i)
        w = m[u + at.MORE_VEHICLE]
        if m[w + road.LOW] != 0 and m[w + road.BOOKED] == 0 and m[u + at.STATE] == at.STARVED:
            rouse(m, u)


def rouse(m: at.Words, p: int) -> None:
    """A vehicle that stands looks again what there is to do, once within an instant, however many rouse it."""
    if m[p + at.PARKED] == 0:
        m[p + at.PARKED] = 1
        cancel(m, p)
        wake(m, p, m[p + at.PC])


def leave_charger(m: at.Words, v: int) -> None:
    """Others may book the charger of vehicle `v`."""
    if m[v + road.BOOKED] == 0:
        return
    m[m[m[road.ROADS] + road.CHARGERS] + m[v + road.BOOKED] - 1] = 1
    m[v + road.BOOKED] = 0
    u = who_waits_for_charger(m)
    if u != 0:
        rouse(m, u)


def charges_here(m: at.Words, v: int) -> bool:
    """Whether the vehicle stands at a charger and is not full."""
    full = m[m[v + road.FLEET] + road.FULL_MJ]
    return m[v + road.LEVEL_MJ] < full and m[m[m[road.ROADS] + road.CHARGERS] + m[v + road.AT_NODE]] != 0


def charge(m: at.Words, p: int, v: int) -> None:
    """Charge until the vehicle may work again, or else until it is full."""
    g = m[v + road.FLEET]
    goal = m[g + road.ABOVE_MJ] if m[v + road.LOW] == 1 else m[g + road.FULL_MJ]
    us = (goal - m[v + road.LEVEL_MJ]) * 1_000_000 // m[g + road.CHARGE_MW] + 1
    schedule(m, p, m[at.NOW] + us * 1000)


def park_until_low(m: at.Words, p: int, v: int) -> None:
    """A vehicle that stands looks at its battery again when standing has brought it below what it may work with."""
    g = m[v + road.FLEET]
    spare = m[v + road.LEVEL_MJ] - max(m[g + road.BELOW_MJ], least_mj(m, v, m[v + road.AT_NODE]))
    if m[v + road.LOW] == 0 and m[g + road.IDLE_MW] > 0 and spare >= 0:
        schedule(m, p, m[at.NOW] + ((spare + 1) * 1_000_000 // m[g + road.IDLE_MW] + 1) * 1000)


def send_to_charge(m: at.Words, p: int, v: int) -> None:
    """Free vehicle `p` cannot do what is asked of it: it is to charge until it is full, and sets out if it stands."""
    must_charge(m, p, v, 2)
    if m[p + at.STATE] == at.STARVED or m[p + at.STATE] == road.CHARGING:
        rouse(m, p)


# --- looking ahead


def can_do(m: at.Words, p: int, q: int) -> bool:
    """Whether vehicle `p` can answer the call of machine `q` and then get to any charger with its reserve left."""
    v = m[p + at.MORE_VEHICLE]
    t = m[q + at.JOB]
    there = m[m[m[t + at.PLACE] + at.NEXT_STEP] + at.STEP_STATION]
    return level_soon(m, p, v) >= trip_mj(m, v, m[v + road.AT_NODE], m[q + at.STATION], there)


def level_soon(m: at.Words, p: int, v: int) -> int:
    """Millijoules in the battery of vehicle `p` now, or at the end of the arc that it drives on."""
    g = m[v + road.FLEET]
    us = m[at.NOW_US] - m[v + road.LEVEL_AT]
    level = m[v + road.LEVEL_MJ]
    if m[p + at.STATE] == road.CHARGING:
        return min(m[g + road.FULL_MJ], level + us * m[g + road.CHARGE_MW] // 1_000_000)
    level -= us * m[g + road.IDLE_MW] // 1_000_000
    if m[v + road.ON_ARC] != 0:
        level -= m[v + road.UNPAID_MM] * per_metre(m, v) // 1_000_000
    return level


def trip_mj(m: at.Words, v: int, node: int, here: int, there: int) -> int:
    """What must be in the battery at `node` for a job from station `here` to `there`, so that enough is left there.

    Ways are those of open edges; what is drawn all the time is counted while driving.
    """
    g = m[v + road.FLEET]
    stops = m[m[road.ROADS] + road.STOPS]
    pick = m[stops + 2 * here]
    drop = m[stops + 2 * there + 1]
    there_and_on = way_mj(m, g, node, pick, road.EMPTY_UJ_PER_M) + way_mj(m, g, pick, drop, road.LOADED_UJ_PER_M)
    return there_and_on + least_mj(m, v, drop)


def least_mj(m: at.Words, v: int, node: int) -> int:
    """What must be in the battery of a vehicle without a task at `node`; 0 where nobody looks ahead.

    Enough to drive home, and from there, or at once, to any charger, with its reserve left.
    """
    g = m[v + road.FLEET]
    if m[g + road.RESERVE_MJ] < 0:
        return 0
    net = road.NET
    home = m[v + road.PARKING]
    to_home = way_mj(m, g, node, home, road.EMPTY_UJ_PER_M)
    most = to_home
    if m[m[net + road.CHARGERS] + home] == 0:
        for i in range(m[net + road.SHARED_N]):
            charger = m[m[net + road.SHARED] + i]
            most = max(most, way_mj(m, g, node, charger, road.EMPTY_UJ_PER_M))
            most = max(most, to_home + way_mj(m, g, home, charger, road.EMPTY_UJ_PER_M))
    return most + m[g + road.RESERVE_MJ]


def way_mj(m: at.Words, g: int, node: int, goal: int, by_load: int) -> int:
    """What a vehicle of fleet `g` takes out of its battery from a node to a goal."""
    net = road.NET
    place = m[m[net + road.ROWS] + goal] + node
    driven = m[m[g + road.WAY_MM] + place] * m[g + by_load] // 1_000_000
    return driven + m[m[g + road.OPEN_WAY] + place] // 1000 * m[g + road.IDLE_MW] // 1_000_000
