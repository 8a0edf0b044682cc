"""That all vehicles can drive home, one after the other in some order; or else a list that proves that they all can.

Each step that a vehicle takes must leave one of the two. Mostly there is an order: nobody stands in the way home of the
first, only the first in that of the second, and so on. Where ways home cross there may be none, and the drive home is
played: one drives as far as it can, then those go home who can, and so on. If all get there, who drove how many arcs is
kept as a list, until there is an order again. A vehicle that drives home and is the next on the list needs no further
proof. So whoever is first can always go.
"""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.network import (
    all_there,
    arc_of,
    go_home_after,
    is_clear,
    next_arc,
    node_of,
    vehicle_process,
)

ALL_THE_WAY = 0
"""In place of a number of arcs."""
ORDERED = -1
"""In place of the length of the list: there is none, since they can go one by one."""


def all_can_go_home(m: at.Words, p: int, v: int, before: int) -> bool:
    """Whether all can still drive home now that `p` has gone on from node `before`.

    It is enough that `p` can, given that all could before it went on: they are then as free as they were.
    """
    net = road.NET
    if m[net + road.NEVER_CROSS] != 0:
        return True
    bit = m[v + road.BIT]
    if m[net + road.PLAN_N] == ORDERED:
        if is_clear(m, v, m[net + road.TAKEN]):
            go_home_after(m, v, net)
            return True
        if finds_its_turn(m, v):
            return True
        able = able_one_by_one(m, v)
        if able & bit != 0:
            return True
    else:
        if continues_list(m, p, v, before):
            return True
        able = able_one_by_one(m, 0)
        if able == everybody(m):
            m[net + road.PLAN_N] = ORDERED
            return True
        if able & bit != 0:
            keep(m, list_of(m, able), able)
            return True
    stuck = play(m, p, list_of(m, able), everybody(m) & ~able)
    m[net + road.STUCK] = stuck
    return stuck == 0


def finds_its_turn(m: at.Words, v: int) -> bool:
    """Whether `v`, which has gone on, can have a turn in the order of the others as it is; it then has it.

    All that stand in its way have to go before it, and it must not stand in the way of any that goes before it. That
    there is no such turn does not say that there is no other order.
    """
    net = road.NET
    way = m[v + road.HOME_WAY]
    words = m[net + road.HOME_WORDS]
    left = m[net + road.LEFT_THERE]
    m[left] = m[way] & m[m[net + road.TAKEN]]
    for k in range(1, words):
        m[left + k] = m[way + k] & m[m[net + road.TAKEN] + k]
    mine = m[v + road.KEEPS_WORD]
    mask = m[v + road.KEEPS_MASK]
    w = m[net + road.NEXT_HOME]
    while w != net:
        if w != v:
            if m[m[w + road.HOME_WAY] + mine] & mask != 0:
                return False
            here = left + m[w + road.KEEPS_WORD]
            if m[here] & m[w + road.KEEPS_MASK] != 0:
                m[here] &= ~m[w + road.KEEPS_MASK]
                waits = m[left]
                for k in range(1, words):
                    waits |= m[left + k]
                if waits == 0:
                    go_home_after(m, v, w)
                    return True
        w = m[w + road.AFTER_ME]
    return False


def continues_list(m: at.Words, p: int, v: int, before: int) -> bool:
    """Whether `p` may go before all others on the list, or has driven the first arc on it; the list then says so."""
    net = road.NET
    forget_who_is_home(m)
    plan = m[net + road.PLAN]
    leads = m[net + road.PLAN_N] > 0 and m[plan] == p
    if is_clear(m, v, m[net + road.TAKEN]):
        if not leads or m[plan + 1] != ALL_THE_WAY:
            put(m, 0, p, ALL_THE_WAY)
            keep(m, 1, m[v + road.BIT])
        return True
    if leads:
        arc = next_arc(m, m[m[v + road.FLEET] + road.OPEN_NEXT], before, m[v + road.PARKING])
        if arc >= 0 and m[arc_of(m, arc) + road.ARC_TO] == m[v + road.AT_NODE]:
            drive_first(m)
            return True
    return False


def forget_who_is_home(m: at.Words) -> None:
    """Whoever leads the list and is home has nothing more to drive: the next one leads."""
    net = road.NET
    plan = m[net + road.PLAN]
    done = 0
    while done < m[net + road.PLAN_N]:
        w = m[m[plan + 2 * done] + at.MORE_VEHICLE]
        if m[w + road.AT_NODE] != m[w + road.PARKING]:
            break
        done += 1
    if done > 0:
        m[net + road.PLAN_N] -= done
        for i in range(2 * m[net + road.PLAN_N]):
            m[plan + i] = m[plan + 2 * done + i]


def everybody(m: at.Words) -> int:
    """A bit for each vehicle."""
    return (1 << m[road.NET + road.VEHICLES_N]) - 1


def able_one_by_one(m: at.Words, until: int) -> int:
    """Who can go home, all the way, one after the other in some order: a bit each; no further than to `until`.

    They come first in the order then, as they were found.
    """
    net = road.NET
    left = all_there(m)
    able = 0
    last = net
    again = True
    while again:
        again = False
        w = m[last + road.AFTER_ME]
        while w != net:
            after = m[w + road.AFTER_ME]
            if is_clear(m, w, left):
                m[left + m[w + road.KEEPS_WORD]] &= ~m[w + road.KEEPS_MASK]
                able |= m[w + road.BIT]
                go_home_after(m, w, last)
                last = w
                again = True
                if w == until:
                    return able
            w = after
    return able


def list_of(m: at.Words, able: int) -> int:
    """Begin a new list with those that can go one by one, in an order in which they can; how many entries."""
    net = road.NET
    left = all_there(m)
    done = 0
    n = 0
    while done != able:
        w = m[net + road.RECORDS]
        for _ in range(m[net + road.VEHICLES_N]):
            bit = m[w + road.BIT]
            if (able & ~done) & bit != 0 and is_clear(m, w, left):
                m[left + m[w + road.KEEPS_WORD]] &= ~m[w + road.KEEPS_MASK]
                done |= bit
                if m[w + road.AT_NODE] != m[w + road.PARKING]:
                    n = put(m, n, m[w + road.ME], ALL_THE_WAY)
            w += road.VEHICLE_WORDS
    return n


def drive_first(m: at.Words) -> None:
    """The first on the list has driven an arc of its way home."""
    net = road.NET
    plan = m[net + road.PLAN]
    if m[plan + 1] == ALL_THE_WAY:
        return
    m[plan + 1] -= 1
    if m[plan + 1] == 0:
        m[net + road.PLAN_N] -= 1
        for i in range(2 * m[net + road.PLAN_N]):
            m[plan + i] = m[plan + 2 + i]


def put(m: at.Words, n: int, u: int, hops: int) -> int:
    """Add an entry to the list in the making; how many there are then."""
    e = m[road.NET + road.SPARE] + 2 * n
    m[e] = u
    m[e + 1] = hops
    return n + 1


def keep(m: at.Words, n: int, are_home: int) -> None:
    """Finish the list in the making, of `n` entries: then comes the old one without those that are home by now."""
    net = road.NET
    old = m[net + road.PLAN]
    for i in range(m[net + road.PLAN_N]):
        u = m[old + 2 * i]
        if m[m[u + at.MORE_VEHICLE] + road.BIT] & are_home == 0:
            n = put(m, n, u, m[old + 2 * i + 1])
    m[net + road.PLAN] = m[net + road.SPARE]
    m[net + road.SPARE] = old
    m[net + road.PLAN_N] = n


def play(m: at.Words, p: int, n: int, stuck: int) -> int:  # noqa: C901 - two kinds of moves in turn, and the end
    """Play the drive home of those that are stuck, `p` first where it matters, behind `n` entries of a new list.

    Returns who does not get home; where all do, the list is kept.
    """
    net = road.NET
    vehicles = m[net + road.VEHICLES_N]
    first = m[m[p + at.MORE_VEHICLE] + road.INDEX]
    for i in range(vehicles):
        u = vehicle_process(m, i)
        w = m[u + at.MORE_VEHICLE]
        if stuck & m[w + road.BIT] != 0:
            m[w + road.PLAYED] = m[w + road.AT_NODE]
            m[m[w + road.KEEPS] + road.PLAYER] = u
    for _ in range(2 * vehicles):
        hops = 0
        i = 0
        while hops == 0 and i < vehicles:
            u = vehicle_process(m, (first + i) % vehicles)
            w = m[u + at.MORE_VEHICLE]
            if stuck & m[w + road.BIT] != 0:
                hops = walk(m, u, w, 1)
                if hops > 0:
                    n = put(m, n, u, hops)
            i += 1
        if hops == 0:
            break
        for i in range(vehicles):
            u = vehicle_process(m, (first + i) % vehicles)
            w = m[u + at.MORE_VEHICLE]
            if stuck & m[w + road.BIT] != 0 and (m[w + road.PLAYED] == m[w + road.PARKING] or walk(m, u, w, 0) > 0):
                n = put(m, n, u, ALL_THE_WAY)
                stuck &= ~m[w + road.BIT]
        if stuck == 0:
            m[net + road.PLAN_N] = 0
            keep(m, n, 0)
            return 0
    for i in range(vehicles):
        w = m[vehicle_process(m, i) + at.MORE_VEHICLE]
        if stuck & m[w + road.BIT] != 0:
            m[m[node_of(m, m[w + road.PLAYED]) + road.NODE_AT] + road.PLAYER] = 0
    return stuck


def walk(m: at.Words, u: int, w: int, part: int) -> int:
    """Let vehicle `u` of the play drive home, or with `part` as far as it can; how many arcs, 0: it does not move."""
    net = road.NET
    table = m[m[w + road.FLEET] + road.OPEN_NEXT]
    node = m[w + road.PLAYED]
    hops = 0
    for _ in range(m[net + road.NODES_N]):
        if node == m[w + road.PARKING]:
            break
        arc = next_arc(m, table, node, m[w + road.PARKING])
        if arc < 0:
            break
        a = arc_of(m, arc)
        lane = m[m[a + road.ARC_LANE] + road.PLAYER]
        place = m[m[a + road.ARC_PLACE] + road.PLAYER]
        if (lane != 0 and lane != u) or (place != 0 and place != u):  # noqa: PLR1714 - compiled, a tuple costs
            break
        node = m[a + road.ARC_TO]
        hops += 1
    home = node == m[w + road.PARKING]
    if hops == 0 or (part == 0 and not home):
        return 0
    m[m[node_of(m, m[w + road.PLAYED]) + road.NODE_AT] + road.PLAYER] = 0
    m[w + road.PLAYED] = node
    if not home:
        m[m[node_of(m, node) + road.NODE_AT] + road.PLAYER] = u
    return hops


def who_is_before(m: at.Words, p: int, v: int) -> int:
    """A bit for each vehicle on the road that goes home before `p`; where none does, a closure is what keeps it."""
    net = road.NET
    if m[net + road.PLAN_N] == ORDERED:
        keep(m, list_of(m, everybody(m)), everybody(m))
    bits = 0
    for i in range(m[net + road.PLAN_N]):
        u = m[m[net + road.PLAN] + 2 * i]
        w = m[u + at.MORE_VEHICLE]
        if u == p:
            break
        if m[w + road.AT_NODE] != m[w + road.PARKING]:
            bits |= m[w + road.BIT]
    if bits == 0 and m[net + road.LINE] < m[net + road.LINES_N]:
        return road.CLOCK
    return bits if bits != 0 else m[net + road.STUCK] & ~m[v + road.BIT]


def first_on_list(m: at.Words, among: int) -> int:
    """The vehicle of a set that goes home first; 0: none of them is on the road."""
    net = road.NET
    if m[net + road.PLAN_N] == ORDERED or m[net + road.NEVER_CROSS] != 0:  # of these, no list is kept up
        keep(m, list_of(m, everybody(m)), everybody(m))
    for i in range(m[net + road.PLAN_N]):
        u = m[m[net + road.PLAN] + 2 * i]
        if m[m[u + at.MORE_VEHICLE] + road.BIT] & among != 0:
            return u
    return 0
