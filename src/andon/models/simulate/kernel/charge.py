"""Batteries of vehicles, and the chargers that they share."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.events import schedule, wake
from andon.models.simulate.kernel.network import vehicle_process


def spend(m: at.Words, p: int, v: int, mj: int) -> None:
    """Book the battery of vehicle `v` up to now: charged or drawn, and `mj` for what it drove."""
    g = m[v + road.FLEET]
    us = m[at.NOW_US] - m[v + road.LEVEL_AT]
    m[v + road.LEVEL_AT] = m[at.NOW_US]
    if m[p + at.STATE] == road.CHARGING:
        m[v + road.LEVEL_MJ] = min(m[g + road.FULL_MJ], m[v + road.LEVEL_MJ] + us * m[g + road.CHARGE_MW] // 1_000_000)
        return
    level = m[v + road.LEVEL_MJ] - mj - us * m[g + road.IDLE_MW] // 1_000_000
    if level < 0:
        level = 0
        m[v + road.FLATS] += int(m[v + road.LEVEL_MJ] > 0)
    m[v + road.LEVEL_MJ] = level


def spend_on_arc(m: at.Words, p: int, v: int, mm: int) -> None:
    """What driving `mm` millimetres takes, where the fleet has batteries."""
    g = m[v + road.FLEET]
    if m[g + road.FULL_MJ] != 0:
        by_load = road.LOADED_UJ_PER_M if m[v + road.LOADED] != 0 else road.EMPTY_UJ_PER_M
        spend(m, p, v, mm * m[g + by_load] // 1_000_000)


def look_at_battery(m: at.Words, p: int, v: int) -> None:
    """Whether the vehicle may work: not from below the lower threshold on until it is above the upper one."""
    g = m[v + road.FLEET]
    spend(m, p, v, 0)
    if m[v + road.LOW] == 0 and m[v + road.LEVEL_MJ] < m[g + road.BELOW_MJ] and m[v + road.FREE] == 0:
        m[v + road.LOW] = 1
        m[v + road.LOWS] += 1
    if m[v + road.LEVEL_MJ] >= m[g + road.ABOVE_MJ]:
        m[v + road.LOW] = 0


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
    net = m[road.ROADS]
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
    net = m[road.ROADS]
    best = 0
    for i in range(m[net + road.VEHICLES_N]):
        u = vehicle_process(m, i)
        w = m[u + at.MORE_VEHICLE]
        waits = m[w + road.LOW] != 0 and m[w + road.BOOKED] == 0 and m[u + at.STATE] == at.STARVED
        if waits and (best == 0 or m[w + road.SINCE] < m[m[best + at.MORE_VEHICLE] + road.SINCE]):
            best = u
    return best


def leave_charger(m: at.Words, v: int) -> None:
    """Others may book the charger of vehicle `v`."""
    if m[v + road.BOOKED] == 0:
        return
    m[m[m[road.ROADS] + road.CHARGERS] + m[v + road.BOOKED] - 1] = 1
    m[v + road.BOOKED] = 0
    u = who_waits_for_charger(m)
    if u != 0:
        wake(m, u, m[u + at.PC])


def charges_here(m: at.Words, v: int) -> bool:
    """Whether the vehicle stands at a charger and is not full."""
    full = m[m[v + road.FLEET] + road.FULL_MJ]
    return m[v + road.LEVEL_MJ] < full and m[m[m[road.ROADS] + road.CHARGERS] + m[v + road.AT_NODE]] != 0


def charge(m: at.Words, p: int, v: int) -> None:
    """Charge until the vehicle may work again, or else until it is full."""
    g = m[v + road.FLEET]
    goal = m[g + road.ABOVE_MJ] if m[v + road.LOW] != 0 else m[g + road.FULL_MJ]
    us = (goal - m[v + road.LEVEL_MJ]) * 1_000_000 // m[g + road.CHARGE_MW] + 1
    schedule(m, p, m[at.NOW] + us * 1000)
