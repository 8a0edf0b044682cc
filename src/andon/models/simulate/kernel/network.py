"""The road network as a process sees it: arcs, who is in a segment, the next arc, who stands in whose way home."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road


def vehicle_process(m: at.Words, i: int) -> int:
    """The `i`-th vehicle's process."""
    return m[road.NET + road.VEHICLES] + i * at.PROC_WORDS


def arc_of(m: at.Words, arc: int) -> int:
    """An arc's record."""
    return m[road.NET + road.ARCS] + arc * road.ARC_WORDS


def node_of(m: at.Words, node: int) -> int:
    """A node's record."""
    return m[road.NET + road.NODES] + node * road.NODE_WORDS


def next_arc(m: at.Words, table: int, node: int, goal: int) -> int:
    """The first arc of the shortest way from a node to a goal, by a table of a fleet; -1: there is none."""
    return m[table + m[m[road.NET + road.ROWS] + goal] + node]


def be_at(m: at.Words, v: int, node: int) -> None:
    """Let vehicle `v` be at a node: it takes that place, and the one where it was is nobody's.

    Whoever is under way has all that he needs to get to his node: he keeps that one, and not what he leaves behind.
    """
    taken = m[road.NET + road.TAKEN]
    m[taken + m[v + road.KEEPS_WORD]] &= ~m[v + road.KEEPS_MASK]
    n = node_of(m, node)
    m[v + road.AT_NODE] = node
    m[v + road.KEEPS] = m[n + road.NODE_AT]
    m[v + road.KEEPS_WORD] = m[n + road.NODE_WORD]
    m[v + road.KEEPS_MASK] = m[n + road.NODE_MASK]
    m[v + road.HOME_WAY] = m[v + road.HOME_WAYS] + node * m[road.NET + road.HOME_WORDS]
    m[taken + m[n + road.NODE_WORD]] |= m[n + road.NODE_MASK]


def is_clear(m: at.Words, w: int, taken: int) -> bool:
    """Whether nobody stands in the way home of vehicle `w`; who stands where is said by the bits at `taken`."""
    way = m[w + road.HOME_WAY]
    there = m[way] & m[taken]
    for k in range(1, m[road.NET + road.HOME_WORDS]):
        there |= m[way + k] & m[taken + k]
    return there == 0


def all_there(m: at.Words) -> int:
    """Begin to send vehicles home one by one: an address of bits that say who is still there, now all of them."""
    net = road.NET
    left = m[net + road.LEFT_THERE]
    for k in range(m[net + road.HOME_WORDS]):
        m[left + k] = m[m[net + road.TAKEN] + k]
    return left


def go_home_after(m: at.Words, w: int, other: int) -> None:
    """Let vehicle `w` be the one that goes home just after `other`, a vehicle, or the network: first of all."""
    before = m[w + road.BEFORE_ME]
    after = m[w + road.AFTER_ME]
    m[before + road.AFTER_ME] = after
    m[after + road.BEFORE_ME] = before
    after = m[other + road.AFTER_ME]
    m[other + road.AFTER_ME] = w
    m[w + road.BEFORE_ME] = other
    m[w + road.AFTER_ME] = after
    m[after + road.BEFORE_ME] = w
