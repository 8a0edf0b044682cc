"""The road network as a process sees it: arcs, who is in a segment, the next arc, who stands in whose way home."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road


def vehicle_process(m: at.Words, i: int) -> int:
    """The `i`-th vehicle's process."""
    return m[m[road.ROADS] + road.VEHICLES] + i * at.PROC_WORDS


def arc_of(m: at.Words, arc: int) -> int:
    """An arc's record."""
    return m[m[road.ROADS] + road.ARCS] + arc * road.ARC_WORDS


def owner_at(m: at.Words, segment: int) -> int:
    """Address of the word that says who is in a segment."""
    return m[m[road.ROADS] + road.SEGMENTS] + segment * road.SEGMENT_WORDS


def node_segment(m: at.Words, node: int) -> int:
    """The segment that a node belongs to."""
    return m[m[m[road.ROADS] + road.NODE_SEGMENTS] + node]


def next_arc(m: at.Words, table: int, node: int, goal: int) -> int:
    """The first arc of the shortest way from a node to a goal, by a table of a fleet; -1: there is none."""
    net = m[road.ROADS]
    return m[table + m[m[net + road.TARGETS] + goal] * m[net + road.NODES_N] + node]


def be_at(m: at.Words, v: int, node: int) -> None:
    """Let vehicle `v` be at a node, and say so to all that have it, or had it, in their way home.

    Whoever is under way has all that he needs to get to his node: he keeps that one, and not what he leaves behind.
    """
    net = m[road.ROADS]
    segment = node_segment(m, node)
    bit = m[v + road.BIT]
    m[v + road.AT_NODE] = node
    m[v + road.KEEPS] = segment
    mine = m[v + road.HOME_WAYS] + node * m[net + road.HOME_WORDS]
    m[v + road.HOME_WAY] = mine
    word = segment >> 5
    place = segment & 31
    in_my_way = 0
    w = m[net + road.RECORDS]
    for _ in range(m[net + road.VEHICLES_N]):
        if w != v:
            keeps = m[w + road.KEEPS]
            if (m[mine + (keeps >> 5)] >> (keeps & 31)) & 1 != 0:
                in_my_way |= m[w + road.BIT]
            if (m[m[w + road.HOME_WAY] + word] >> place) & 1 != 0:
                m[w + road.IN_THE_WAY] |= bit
            else:
                m[w + road.IN_THE_WAY] &= ~bit
        w += road.VEHICLE_WORDS
    m[v + road.IN_THE_WAY] = in_my_way
