"""A vehicle whose battery is empty: it stands in the way until somebody gets it going again."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.charge import charge, charges_here, spend
from andon.models.simulate.kernel.events import enter, note
from andon.models.simulate.kernel.homeward import ORDERED, keep
from andon.models.simulate.kernel.network import arc_of, be_at, node_of
from andon.models.simulate.kernel.traffic import let_go
from andon.models.simulate.kernel.work import draw, who_is


def run_empty(m: at.Words, p: int, v: int) -> None:
    """The battery is empty: the vehicle stands where it is, in the midst of an arc or at its beginning."""
    m[v + road.LEVEL_MJ] = 0
    m[v + road.FLATS] += 1
    m[v + road.BROKEN] = 2
    enter(m, p, road.FLAT)


def recovery(m: at.Words, f: at.Reals, p: int, d: int, pc: int) -> int:
    """How long it takes to get the vehicle going again, from `d` into REP."""
    age = at.UNSEEN if m[p + at.REP] == at.UNSEEN else 0
    m[p + at.REP] = draw(m, f, d, who_is(road.FOR_RECOVERY, m[p + at.NUMBER]), m[p + road.RECOVERIES], age)
    m[p + road.RECOVERIES] += 1
    return pc + 1


def recovered(m: at.Words, p: int, pc: int) -> int:
    """There is charge in the battery again. Who was towed home to a charger stays there until it may work."""
    v = m[p + at.MORE_VEHICLE]
    g = m[v + road.FLEET]
    m[v + road.LEVEL_MJ] = m[g + road.RECOVERED_MJ]
    m[v + road.LEVEL_AT] = m[at.NOW_US]
    if m[g + road.TOWED] == 0:
        return pc + 1
    tow_home(m, p, v)
    if charges_here(m, v) and m[v + road.LEVEL_MJ] < m[g + road.ABOVE_MJ]:
        m[v + road.LOW] = 1
        m[p + at.PC] = pc + 1
        enter(m, p, road.CHARGING)
        charge(m, p, v)
        return -1
    return pc + 1


def tow_home(m: at.Words, p: int, v: int) -> None:
    """The vehicle is at its parking place, which nobody else enters; those who waited behind it go on."""
    net = road.NET
    if m[v + road.ON_ARC] != 0:
        a = arc_of(m, m[v + road.ON_ARC] - 1)
        driven = m[a + road.ARC_MM] - m[v + road.UNPAID_MM]
        m[v + (road.LOADED_MM if m[v + road.LOADED] != 0 else road.EMPTY_MM)] += driven
        m[m[a + road.ARC_LANE]] = 0
        m[m[node_of(m, m[v + road.CAME_FROM]) + road.NODE_AT]] = 0
    m[m[v + road.KEEPS]] = 0
    m[v + road.ON_ARC] = 0
    m[v + road.LEFT] = 0
    home = m[v + road.PARKING]
    be_at(m, v, home)
    m[m[v + road.KEEPS]] = p
    if m[at.TRACE_END] > 0:
        note(m, road.TRACE_TOWED, p, home)
    if m[net + road.PLAN_N] != ORDERED:
        keep(m, 0, m[v + road.BIT])  # it is home: the others' drive home is as it was without it
    m[net + road.AGAIN] = 1
    let_go(m, 0, 0, 0)


def was_towed(m: at.Words, p: int, v: int) -> None:
    """The vehicle, which is at its parking place, goes on with what it was about."""
    spend(m, p, v, 0)
    m[v + road.BROKEN] = 0
    m[v + road.LOW] = 0
