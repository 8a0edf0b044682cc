"""Vehicles on roads: one vehicle a segment, and never a standstill.

A vehicle has a parking place of its own, and takes the next segment of its way only when all vehicles could still
drive to their parking places (`homeward.py`; the banker's rule: Dijkstra 1968; for vehicles, Reveliotis 2000). So
everybody can always be sent home. Vehicles may wait for one another in a ring all the same, since
they want to go elsewhere. The ring is found when it closes: the one with the oldest task in it is protected until it
has reached its goal, the others drive to their parking places, one by one, as many as are needed, and nobody sets out
before it is there. At the latest it is then alone on the road, so every standstill ends with a goal reached.
"""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.charge import lasts
from andon.models.simulate.kernel.events import enter, note, schedule
from andon.models.simulate.kernel.homeward import (
    ORDERED,
    able_one_by_one,
    all_can_go_home,
    first_on_list,
    who_is_before,
)
from andon.models.simulate.kernel.network import arc_of, be_at, next_arc, node_of, vehicle_process


def goal_of(m: at.Words, v: int) -> int:
    """Where vehicle `v` drives to: its goal, or its parking place while it gives way."""
    return m[v + road.PARKING] if m[v + road.GIVES_WAY] != 0 else m[v + road.GOAL]


def bit_of(m: at.Words, u: int, p: int) -> int:
    """The bit of vehicle `u`; none where a segment is free or is `p`'s own."""
    return m[m[u + at.MORE_VEHICLE] + road.BIT] if u != 0 and u != p else 0  # noqa: PLR1714 - as above


def who_comes(m: at.Words, table: int, node: int, goal: int) -> int:
    """Who would come towards a vehicle in the narrow street that begins at `node` on its way to `goal`; 0: nobody.

    A street is a row of arcs that have one lane for both ways. Who waits at its mouth would keep in whom he waits for,
    so he waits an arc before. It spares giving way; that nobody stands still for ever does not rest on it.
    """
    for _ in range(m[road.NET + road.NODES_N]):
        arc = next_arc(m, table, node, goal) if node != goal else -1
        if arc < 0:
            return 0
        a = arc_of(m, arc)
        if m[a + road.ARC_STREET] == 0:
            return 0
        u = m[m[a + road.ARC_PLACE]]
        if u != 0:
            return u if heads_for(m, m[u + at.MORE_VEHICLE], node) else 0
        node = m[a + road.ARC_TO]
    return 0


def heads_for(m: at.Words, w: int, node: int) -> bool:
    """Whether the next node of vehicle `w` is `node`: to its goal, or from there home."""
    here = m[w + road.AT_NODE]
    goal = goal_of(m, w)
    if goal == here:
        goal = m[w + road.PARKING]
    if goal == here:
        return False
    arc = next_arc(m, m[m[w + road.FLEET] + road.NEXT_ARC], here, goal)
    return arc >= 0 and m[arc_of(m, arc) + road.ARC_TO] == node


def try_to_go(m: at.Words, p: int, v: int) -> bool:
    """Take the next arc and its node and set out, if that may be; else say in DEPENDS whom `p` waits for."""
    net = road.NET
    node = m[v + road.AT_NODE]
    goal = goal_of(m, v)
    protected = m[net + road.PROTECTED]
    m[v + road.WANTS_LANE] = 0
    m[v + road.WANTS_PLACE] = 0
    if node == m[v + road.PARKING] and protected != 0 and protected != p:  # noqa: PLR1714 - as above
        m[v + road.DEPENDS] = m[m[protected + at.MORE_VEHICLE] + road.BIT]
        m[net + road.ELSEWISE] |= m[v + road.DEPENDS]
        return False
    table = m[m[v + road.FLEET] + road.NEXT_ARC]
    arc = next_arc(m, table, node, goal)
    if arc < 0:
        m[v + road.DEPENDS] = road.CLOCK
        if protected == p:  # nobody should wait for a closure that is not in his way
            m[net + road.PROTECTED] = 0
            m[net + road.AGAIN] = 1
        return False
    a = arc_of(m, arc)
    there = m[a + road.ARC_TO]
    lane = m[a + road.ARC_LANE]
    place = m[a + road.ARC_PLACE]
    on_lane = m[lane]
    on_place = m[place]
    depends = bit_of(m, on_lane, p) | bit_of(m, on_place, p)
    if depends != 0:
        m[v + road.DEPENDS] = depends
        wait_until_free(m, p, v, lane, place)
        return False
    if m[v + road.GIVES_WAY] == 0 and protected != p:
        depends = bit_of(m, who_comes(m, table, there, goal), p)
    if depends == 0:
        m[lane] = p
        m[place] = p
        be_at(m, v, there)
        if all_can_go_home(m, p, v, node):
            depart(m, p, v, arc, node)
            return True
        m[lane] = on_lane
        m[place] = on_place
        be_at(m, v, node)
        if m[net + road.PLAN_N] == ORDERED:
            able_one_by_one(m, 0)  # the order was tried for another place
        depends = who_is_before(m, p, v) if m[v + road.GIVES_WAY] != 0 else m[net + road.STUCK] & ~m[v + road.BIT]
    m[v + road.DEPENDS] = depends
    m[net + road.ELSEWISE] |= depends
    return False


def wait_until_free(m: at.Words, p: int, v: int, lane: int, place: int) -> None:
    """Vehicle `v` waits for those in segments `lane` and `place`: until one is free, a new try would end like this.

    Who has both is on its way to the place, or away from both: it keeps the place no shorter than the lane.
    """
    on_place = m[place] if m[place] != p else 0
    if on_place != 0:
        m[v + road.WANTS_PLACE] = place
        m[place + road.SOUGHT] = v if m[place + road.SOUGHT] == 0 else road.SEVERAL
    if m[lane] != on_place and m[lane] != 0 and m[lane] != p:
        m[v + road.WANTS_LANE] = lane
        m[lane + road.SOUGHT] = v if m[lane + road.SOUGHT] == 0 else road.SEVERAL


def depart(m: at.Words, p: int, v: int, arc: int, node: int) -> None:
    """Drive in on an arc, from node `node`."""
    if m[at.TRACE_END] > 0:
        note(m, road.TRACE_DRIVES, p, arc)
    lane = m[arc_of(m, arc) + road.ARC_LANE]
    m[v + road.CAME_FROM] = node
    m[v + road.ON_ARC] = arc + 1
    m[v + road.UNPAID_MM] = m[arc_of(m, arc) + road.ARC_MM]
    if m[v + road.WAITING] != 0:
        book_wait(m, v, lane)
    m[lane + road.PASSED] += 1
    m[v + road.LEFT] = m[m[m[v + road.FLEET] + road.ARC_NS] + 2 * arc + m[v + road.LOADED]]
    roll(m, p, v)


def roll(m: at.Words, p: int, v: int) -> None:
    """Drive what is LEFT of the arc, or until the vehicle fails, or its battery is empty."""
    span = m[v + road.LEFT]
    life = m[p + at.LIFE]
    if 0 <= life < span:
        span = life
    if m[m[v + road.FLEET] + road.FULL_MJ] != 0:
        span = min(span, lasts(m, p, v))
    m[v + road.LEFT] -= span
    m[p + at.START] = m[at.NOW]
    enter(m, p, road.CARRYING if m[v + road.LOADED] != 0 else at.MOVING)
    schedule(m, p, m[at.NOW] + span)


def book_wait(m: at.Words, v: int, lane: int) -> None:
    """A vehicle that waited goes on: take it off the list, book the wait to the segment it waited for (0: none)."""
    net = road.NET
    m[v + road.WAITING] = 0
    m[net + road.WAITERS] &= ~m[v + road.BIT]
    if lane != 0:
        m[lane + road.WAITED_US] += (m[at.NOW] - m[v + road.WAIT_FROM]) // 1000
    before = m[v + road.WAITS_LAST]
    after = m[v + road.WAITS_NEXT]
    m[before + road.WAITS_NEXT] = after
    m[after + road.WAITS_LAST] = before


def go_or_wait(m: at.Words, p: int, v: int) -> None:
    """Set out on the next arc, or stand in line until that may be."""
    if try_to_go(m, p, v):
        return
    net = road.NET
    m[v + road.WAITING] = 1
    m[net + road.WAITERS] |= m[v + road.BIT]
    m[v + road.WAIT_FROM] = m[at.NOW]
    last = m[net + road.LAST_WAITING]
    m[v + road.WAITS_LAST] = last
    m[v + road.WAITS_NEXT] = net
    m[last + road.WAITS_NEXT] = v
    m[net + road.LAST_WAITING] = v
    enter(m, p, road.IN_TRAFFIC)
    end_standstill(m, p)


def arrive_at_node(m: at.Words, p: int, v: int) -> None:
    """The vehicle is at the end of its arc: it leaves what is behind it, and those that wait try again."""
    net = road.NET
    a = arc_of(m, m[v + road.ON_ARC] - 1)
    m[v + road.ON_ARC] = 0
    if m[at.TRACE_END] > 0:
        note(m, road.TRACE_ARRIVES, p, m[v + road.AT_NODE])
    m[v + road.EMPTY_MM + m[v + road.LOADED]] += m[a + road.ARC_MM]  # or LOADED_MM, which is the next word
    here = m[v + road.KEEPS]
    lane = m[a + road.ARC_LANE]
    behind = m[node_of(m, m[v + road.CAME_FROM]) + road.NODE_AT]
    one = 0
    two = 0
    if lane != here:
        one = m[lane + road.SOUGHT]
        m[lane + road.SOUGHT] = 0
        m[lane] = 0
    if behind != here:
        two = m[behind + road.SOUGHT]
        m[behind + road.SOUGHT] = 0
        m[behind] = 0
    more = int(one == road.SEVERAL) | int(two == road.SEVERAL) | int(one * two != 0)
    if m[net + road.AGAIN] | (m[net + road.ELSEWISE] & m[v + road.BIT]) | more != 0:
        let_go(m, m[v + road.BIT], lane, behind)
    elif one + two != 0:
        let_one_go(m, one + two, lane, behind)


def let_one_go(m: at.Words, v: int, one: int, two: int) -> None:
    """Let vehicle `v` try again if it still waits for segment `one` or `two`: nobody else does."""
    lane = m[v + road.WANTS_LANE]
    place = m[v + road.WANTS_PLACE]
    if m[v + road.WAITING] == 0 or (int(lane == one) | int(lane == two) | int(place == one) | int(place == two)) == 0:
        return
    p = m[v + road.ME]
    if not try_to_go(m, p, v):
        end_standstill(m, p)
    if m[road.NET + road.AGAIN] != 0:
        let_go(m, 0, 0, 0)


def let_go(m: at.Words, moved: int, one: int, two: int) -> None:
    """Let those try again that wait for segment `one` or `two`, or else for a vehicle of `moved`; all, by AGAIN.

    In the order in which they came. Nobody else can go now who could not before: while the next segment is taken by
    another nothing changes, and DEPENDS holds whoever comes towards one, or cannot go home; among these nothing changes
    until one of them moves. Then see that no standstill is left.
    """
    net = road.NET
    for _ in range(3):
        everybody = m[net + road.AGAIN]
        m[net + road.AGAIN] = 0
        m[net + road.ELSEWISE] = 0
        tried = 0
        v = m[net + road.FIRST_WAITING]
        while v != net:
            after = m[v + road.WAITS_NEXT]
            lane = m[v + road.WANTS_LANE]
            place = m[v + road.WANTS_PLACE]
            if lane + place == 0:
                again = m[v + road.DEPENDS] & moved
                m[net + road.ELSEWISE] |= m[v + road.DEPENDS]
            else:
                again = int(lane == one) | int(lane == two) | int(place == one) | int(place == two)
            if again | everybody != 0:
                tried |= m[v + road.BIT]
                try_to_go(m, m[v + road.ME], v)
            v = after
        tried &= m[net + road.WAITERS]
        w = m[net + road.RECORDS]
        for _i in range(m[net + road.VEHICLES_N] if tried != 0 else 0):
            if (m[w + road.BIT] & tried) != 0 and m[w + road.WAITING] != 0:
                end_standstill(m, m[w + road.ME])
            w += road.VEHICLE_WORDS
        if m[net + road.AGAIN] == 0:
            return


def waits_for_one_that_goes(m: at.Words, p: int) -> bool:
    """Whether the next segment of `p`, or of the one that is there, and so on, is taken by one that does not wait.

    This is so for most; where it is not, `p` may wait for somebody otherwise.
    """
    for _ in range(m[road.NET + road.VEHICLES_N]):
        v = m[p + at.MORE_VEHICLE]
        if m[v + road.WAITING] == 0:
            return True
        wanted = m[v + road.WANTS_PLACE]
        if wanted == 0:
            wanted = m[v + road.WANTS_LANE]
        if wanted == 0:
            return False
        p = m[wanted]
    return False


def ring_of(m: at.Words, p: int) -> int:
    """The vehicles that `p` waits for, and those that they wait for; 0 when one of them will go on by itself."""
    net = road.NET
    going = ~m[net + road.WAITERS]
    ring = m[m[p + at.MORE_VEHICLE] + road.BIT] | m[m[p + at.MORE_VEHICLE] + road.DEPENDS]
    before = 0
    while ring != before:
        if ring & going != 0:  # or who waits for a closure to end: its bit is nobody's
            return 0
        before = ring
        w = m[net + road.RECORDS]
        for _ in range(m[net + road.VEHICLES_N]):
            if (m[w + road.BIT] & before) != 0:
                ring |= m[w + road.DEPENDS]
            w += road.VEHICLE_WORDS
    return ring


def end_standstill(m: at.Words, p: int) -> None:
    """Where `p` waits in a ring of vehicles that all wait for one another: let one after the other give way."""
    net = road.NET
    for _ in range(m[net + road.VEHICLES_N] + 1):
        if waits_for_one_that_goes(m, p):
            return
        ring = ring_of(m, p)
        if ring == 0:
            return
        if m[net + road.PROTECTED] == 0:
            m[net + road.PROTECTED] = oldest(m, ring)
        u = who_gives_way(m, ring)
        if u == 0:
            again = try_again(m, ring)
            if again != 0 or ring_of(m, p) != ring:
                continue
            if m[net + road.LINE] >= m[net + road.LINES_N]:
                m[at.FAULT] = road.FAULT_STANDSTILL
                m[at.FAULT_AT] = p
            return
        w = m[u + at.MORE_VEHICLE]
        m[w + road.GIVES_WAY] = 1
        m[net + road.GAVE_WAY] += 1
        m[net + road.AGAIN] = 1  # it heads elsewhere now
        try_to_go(m, u, w)


def try_again(m: at.Words, ring: int) -> int:
    """All of a ring give way: the first on the list can go, if it waited by another list. How many went."""
    went = 0
    w = m[road.NET + road.RECORDS]
    for _ in range(m[road.NET + road.VEHICLES_N]):
        if (m[w + road.BIT] & ring) != 0 and m[w + road.WAITING] != 0:
            went += int(try_to_go(m, m[w + road.ME], w))
        w += road.VEHICLE_WORDS
    return went


def oldest(m: at.Words, ring: int) -> int:
    """The vehicle of a ring whose task is the oldest; of two, the one that is declared first."""
    best = 0
    for i in range(m[road.NET + road.VEHICLES_N]):
        u = vehicle_process(m, i)
        w = m[u + at.MORE_VEHICLE]
        if (m[w + road.BIT] & ring) != 0 and (
            best == 0 or m[w + road.SINCE] < m[m[best + at.MORE_VEHICLE] + road.SINCE]
        ):
            best = u
    return best


def who_gives_way(m: at.Words, ring: int) -> int:
    """The next vehicle of a ring to drive to its parking place: the first that can; the protected one at last; or 0."""
    net = road.NET
    protected = m[net + road.PROTECTED]
    may = 0
    for i in range(m[net + road.VEHICLES_N]):
        u = vehicle_process(m, i)
        w = m[u + at.MORE_VEHICLE]
        on_road = m[w + road.AT_NODE] != m[w + road.PARKING]
        if (m[w + road.BIT] & ring) != 0 and m[w + road.GIVES_WAY] == 0 and u != protected and on_road:
            may |= m[w + road.BIT]
    u = first_on_list(m, may) if may != 0 else 0
    if u == 0 and protected != 0:
        w = m[protected + at.MORE_VEHICLE]
        on_road = m[w + road.AT_NODE] != m[w + road.PARKING]
        if (m[w + road.BIT] & ring) != 0 and m[w + road.GIVES_WAY] == 0 and on_road:
            u = protected
    return u
