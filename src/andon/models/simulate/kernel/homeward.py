"""The proof, kept as a list, that all vehicles can drive home: who drives how many arcs of the way home, in order.

Each step that a vehicle takes must leave such a list. Mostly it is found at once: when nobody stands in its own way
home, it goes first, and the others as before. Or they go one after the other in some order. Else the drive home is
played: those go who can get home, and when there are none, one drives as far as it can, and so on. A vehicle that
drives home and is the next on the list needs no further proof. So whoever is first on the list can always go.
"""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.network import arc_of, next_arc, node_segment, owner_at, vehicle_process

ALL_THE_WAY = 0
"""In place of a number of arcs."""


def all_can_go_home(m: at.Words, p: int, v: int, before: int) -> bool:
    """Whether all can still drive home now that `p` has gone on from node `before`; if so, the list is that proof."""
    net = m[road.ROADS]
    plan = m[net + road.PLAN]
    leads = m[net + road.PLAN_N] > 0 and m[plan] == p
    if m[v + road.IN_THE_WAY] == 0:
        if not leads or m[plan + 1] != ALL_THE_WAY:
            put(m, 0, p, ALL_THE_WAY)
            keep(m, 1, m[v + road.BIT])
        return True
    if leads:
        arc = next_arc(m, m[m[v + road.FLEET] + road.OPEN_NEXT], before, m[v + road.PARKING])
        if arc >= 0 and m[arc_of(m, arc) + road.ARC_TO] == m[v + road.AT_NODE]:
            drive_first(m)
            return True
    return order(m, p) or play(m, p)


def drive_first(m: at.Words) -> None:
    """The first on the list has driven an arc of its way home."""
    net = m[road.ROADS]
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
    e = m[m[road.ROADS] + road.SPARE] + 2 * n
    m[e] = u
    m[e + 1] = hops
    return n + 1


def keep(m: at.Words, n: int, are_home: int) -> None:
    """Finish the list in the making, of `n` entries: then comes the old one without those that are home by now."""
    net = m[road.ROADS]
    old = m[net + road.PLAN]
    for i in range(m[net + road.PLAN_N]):
        u = m[old + 2 * i]
        if m[m[u + at.MORE_VEHICLE] + road.BIT] & are_home == 0:
            n = put(m, n, u, m[old + 2 * i + 1])
    m[net + road.PLAN] = m[net + road.SPARE]
    m[net + road.SPARE] = old
    m[net + road.PLAN_N] = n


def order(m: at.Words, p: int) -> bool:
    """Find an order in which vehicles can go home, all the way, one after the other, until `p` can; keep it.

    That is enough, given that all could go home before `p` took its last step: they are then as free as they were.
    """
    net = m[road.ROADS]
    vehicles = m[net + road.VEHICLES_N]
    able = 0
    n = 0
    again = True
    while again:
        again = False
        w = m[net + road.RECORDS]
        for i in range(vehicles):
            bit = m[w + road.BIT]
            if able & bit == 0 and m[w + road.IN_THE_WAY] & ~able == 0:
                u = vehicle_process(m, i)
                able |= bit
                again = True
                if m[w + road.AT_NODE] != m[w + road.PARKING]:
                    n = put(m, n, u, ALL_THE_WAY)
                if u == p:
                    keep(m, n, able)
                    return True
            w += road.VEHICLE_WORDS
    return False


def play(m: at.Words, p: int) -> bool:
    """Play the drive home of all, `p` first where it matters; keep the list if all get there, else say who does not."""
    net = m[road.ROADS]
    away = set_up_play(m)
    stuck = away
    first = m[m[p + at.MORE_VEHICLE] + road.INDEX]
    vehicles = m[net + road.VEHICLES_N]
    n = 0
    for _ in range(2 * vehicles):
        before = n
        for i in range(vehicles):
            u = vehicle_process(m, (first + i) % vehicles)
            w = m[u + at.MORE_VEHICLE]
            if stuck & m[w + road.BIT] != 0 and walk(m, u, w, 0) > 0:
                n = put(m, n, u, ALL_THE_WAY)
                stuck &= ~m[w + road.BIT]
        if stuck == 0:
            break
        for i in range(vehicles):
            u = vehicle_process(m, (first + i) % vehicles)
            w = m[u + at.MORE_VEHICLE]
            hops = walk(m, u, w, 1) if n == before and stuck & m[w + road.BIT] != 0 else 0
            if hops > 0:
                n = put(m, n, u, hops)
        if n == before:
            break
    for i in range(vehicles):
        w = m[vehicle_process(m, i) + at.MORE_VEHICLE]
        if stuck & m[w + road.BIT] != 0:
            m[owner_at(m, node_segment(m, m[w + road.PLAYED])) + road.PLAYER] = 0
    m[net + road.STUCK] = stuck
    if stuck != 0:
        return False
    m[net + road.PLAN_N] = 0
    keep(m, n, 0)
    return True


def set_up_play(m: at.Words) -> int:
    """Put everybody who is not at home into the play, where he is; a bit for each."""
    away = 0
    for i in range(m[m[road.ROADS] + road.VEHICLES_N]):
        u = vehicle_process(m, i)
        w = m[u + at.MORE_VEHICLE]
        if m[w + road.AT_NODE] != m[w + road.PARKING]:
            away |= m[w + road.BIT]
            m[w + road.PLAYED] = m[w + road.AT_NODE]
            m[owner_at(m, node_segment(m, m[w + road.AT_NODE])) + road.PLAYER] = u
    return away


def walk(m: at.Words, u: int, w: int, part: int) -> int:
    """Let vehicle `u` of the play drive home, or with `part` as far as it can; how many arcs, 0: it does not move."""
    net = m[road.ROADS]
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
        lane = m[owner_at(m, m[a + road.ARC_SEGMENT]) + road.PLAYER]
        place = m[owner_at(m, node_segment(m, m[a + road.ARC_TO])) + road.PLAYER]
        if (lane != 0 and lane != u) or (place != 0 and place != u):  # noqa: PLR1714 - compiled, a tuple costs
            break
        node = m[a + road.ARC_TO]
        hops += 1
    home = node == m[w + road.PARKING]
    if hops == 0 or (part == 0 and not home):
        return 0
    m[owner_at(m, node_segment(m, m[w + road.PLAYED])) + road.PLAYER] = 0
    m[w + road.PLAYED] = node
    if not home:
        m[owner_at(m, node_segment(m, node)) + road.PLAYER] = u
    return hops


def who_is_before(m: at.Words, p: int, v: int) -> int:
    """A bit for each vehicle on the road that is on the list before `p`; where none is, a closure is what keeps it."""
    net = m[road.ROADS]
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
    """The vehicle of a set that is the first on the list; 0: none is."""
    net = m[road.ROADS]
    for i in range(m[net + road.PLAN_N]):
        u = m[m[net + road.PLAN] + 2 * i]
        if m[m[u + at.MORE_VEHICLE] + road.BIT] & among != 0:
            return u
    return 0
