"""Which vehicle answers a call, and which call a free vehicle answers: each decision in one function."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.charge import can_do, must_charge, send_to_charge
from andon.models.simulate.kernel.events import cancel, wake
from andon.models.simulate.kernel.queues import append, shift, unlink
from andon.models.simulate.kernel.traffic import book_wait


def fleet_for(m: at.Words, p: int, fleet: int) -> int:
    """The fleet that serves the job of machine `p`: `fleet` itself, or by product and areas where there are several."""
    table = m[fleet + road.CHOICE]
    if table == 0:
        return fleet
    t = m[p + at.JOB]
    areas = m[table]
    here = m[table + 1 + m[p + at.STATION]]
    there = m[table + 1 + m[m[m[t + at.PLACE] + at.NEXT_STEP] + at.STEP_STATION]]
    return m[table + 1 + m[at.STATIONS_N] + (m[t + at.PRODUCT] * areas + here) * areas + there]


def way_to_call(m: at.Words, v: int, fleet: int, here: int) -> int:
    """Nanoseconds that vehicle `v` needs at least to a call at station `here`; FAR when it cannot come."""
    g = m[fleet + road.FLEET_AT]
    if m[g + road.BY_ROAD] == 0:
        return m[m[g + road.EMPTY_WAYS] + m[v + at.LAST] * m[at.STATIONS_N] + here]
    net = m[road.ROADS]
    goal = m[m[net + road.ROWS] + m[m[net + road.STOPS] + 2 * here]]
    w = m[v + at.MORE_VEHICLE]
    if m[w + road.BROKEN] != 0:
        return road.FAR
    node = m[w + road.AT_NODE]
    return m[m[g + road.WAY_NS] + goal + node]


def looks_ahead(m: at.Words, fleet: int) -> bool:
    """Whether a vehicle of the fleet must have charge enough for a trip before it sets out."""
    g = m[fleet + road.FLEET_AT]
    return m[g + road.FULL_MJ] != 0 and m[g + road.RESERVE_MJ] >= 0


def choose_vehicle(m: at.Words, fleet: int, here: int, q: int) -> int:
    """The free vehicle that answers machine `q`'s call at station `here`, 0 for none; of equals the longest idle one.

    Where the charge of all that are free is not enough for it, the first choice among them goes to charge.
    """
    if m[m[fleet + road.FLEET_AT] + road.MATCHER] != 0:
        wake_matcher(m, fleet)
        return 0
    best = 0
    best_way = road.FAR
    weak = 0
    weak_way = road.FAR
    by_idle = m[m[fleet + road.FLEET_AT] + road.BY_IDLE]
    ahead = looks_ahead(m, fleet)
    v = m[fleet + at.GET_HEAD]
    while v != 0:
        way = way_to_call(m, v, fleet, here)
        if way < best_way:
            if ahead and not can_do(m, v, q):
                if way < weak_way and (by_idle == 0 or weak == 0):
                    weak = v
                    weak_way = way
            else:
                best = v
                best_way = way
                if by_idle != 0:
                    return best
        v = m[v + at.NEXT]
    if best == 0 and weak != 0:
        send_to_charge(m, weak, m[weak + at.MORE_VEHICLE])
    return best


def choose_call(m: at.Words, fleet: int, v: int) -> int:
    """The waiting machine that free vehicle `v` serves, 0 when none waits; of equals the longest waiting one."""
    if m[m[fleet + road.FLEET_AT] + road.MATCHER] != 0:
        wake_matcher(m, fleet)
        return 0
    q = m[fleet + at.PUT_HEAD]
    ahead = looks_ahead(m, fleet)
    by_way = m[m[fleet + road.FLEET_AT] + road.BY_NEAREST_CALL] != 0
    if q == 0 or not (by_way or ahead):
        return q
    best = 0
    best_way = 0
    while q != 0:
        way = way_to_call(m, v, fleet, m[q + at.STATION]) if by_way else 0
        if (best == 0 or way < best_way) and (not ahead or can_do(m, v, q)):
            best = q
            best_way = way
        q = m[q + at.NEXT]
    if best == 0:
        must_charge(m, v, m[v + at.MORE_VEHICLE], 2)
    return best


def call_vehicle(m: at.Words, p: int, fleet: int, here: int) -> None:
    """Let a free vehicle of `fleet` come to machine `p` at station `here`; without one, `p` stands in line."""
    fleet = fleet_for(m, p, fleet)
    m[p + road.CALLED_AT] = m[at.NOW]
    v = 0 if m[at.OUTAGE] != 0 else choose_vehicle(m, fleet, here, p)
    if v == 0:
        append(m, fleet + at.PUT_HEAD, fleet + at.PUT_TAIL, p, at.NEXT)
        return
    answer_call(m, fleet, v, p)


def wake_matcher(m: at.Words, fleet: int) -> None:
    """Who pairs vehicles and calls of `fleet` looks again within this instant, if it waits."""
    p = m[m[fleet + road.FLEET_AT] + road.MATCHER]
    if m[p + at.PARKED] != 0:
        m[p + at.PARKED] = 0
        wake(m, p, m[p + at.PC])


def answer_call(m: at.Words, fleet: int, v: int, q: int) -> None:
    """Free vehicle `v` comes to machine `q`."""
    unlink(m, fleet + at.GET_HEAD, fleet + at.GET_TAIL, v)
    m[v + at.HOME] = q
    if m[m[fleet + road.FLEET_AT] + road.BY_ROAD] == 0:
        wake(m, v, m[v + at.PC] + 1)
        return
    w = m[v + at.MORE_VEHICLE]
    if m[w + road.WAITING] != 0:
        book_wait(m, w, 0)
        wake(m, v, m[v + at.PC])
    elif m[v + at.STATE] == at.STARVED or m[v + at.STATE] == road.CHARGING:
        cancel(m, v)
        wake(m, v, m[v + at.PC])


def take_call(m: at.Words, fleet: int, v: int) -> int:
    """A free vehicle takes a waiting call; the machine that called, or 0."""
    q = 0 if m[at.OUTAGE] != 0 else choose_call(m, fleet, v)
    if q == 0:
        return 0
    if q == m[fleet + at.PUT_HEAD]:
        shift(m, fleet + at.PUT_HEAD, fleet + at.PUT_TAIL, at.NEXT)
    else:
        unlink(m, fleet + at.PUT_HEAD, fleet + at.PUT_TAIL, q)
    m[v + at.HOME] = q
    return q


def call_again(m: at.Words) -> None:
    """Vehicles can be sent again: whoever called in vain calls once more, in the order of waiting."""
    for i in range(m[at.STORES_N]):
        s = m[at.STORES] + i * at.STORE_WORDS
        if m[s + road.FLEET_AT] == 0:
            continue
        last = m[s + at.PUT_TAIL]
        q = 0
        while m[s + at.PUT_HEAD] != 0 and q != last:
            q = shift(m, s + at.PUT_HEAD, s + at.PUT_TAIL, at.NEXT)
            called = m[q + road.CALLED_AT]
            call_vehicle(m, q, m[q + at.WAITS_AT], m[q + at.STATION])
            m[q + road.CALLED_AT] = called
