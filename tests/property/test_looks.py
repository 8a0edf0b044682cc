"""A look at vehicles and belts is a continued run, to the nanosecond, where times do not vary."""

from __future__ import annotations

from typing import Any

import pytest
from drawn_laws import Run, run
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from looks import look
from road_sites import assumption, edge, node, one, road_site

from andon.core.time import SECOND
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.live import LiveState
from andon.models.simulate.textbook import Stage, constant, line
from andon.site.battery import Battery, Recovery
from andon.site.floor import Conveyor, Fleet
from andon.site.model import Site

TICK_NS = 2_000_346
"""Times and lengths have no common measure, so that nothing is simultaneous; half of a time is whole nanoseconds."""
HORIZON_S = 1_500.0


@st.composite
def halls(draw: Any, *, batteries: bool = False) -> Site:
    """A one-way loop or a two-way aisle with spurs, one to three vehicles, two or three stations, constant times."""
    n = draw(st.integers(2, 3))
    time = st.integers(3_000, 30_000).map(lambda k: constant(k * TICK_NS / SECOND))
    length = st.integers(3_000, 20_000).map(lambda k: k * 1.000_173_7e-3)
    loop = draw(st.booleans())
    size = 2 * n if loop else n
    nodes = [node(f"n{i}", 5.0 * i) for i in range(size)]
    edges = []
    for i in range(size if loop else size - 1):
        join = one if loop else edge
        edges.append(join(f"n{i}", f"n{(i + 1) % size}", length_m=draw(length), **({} if loop else {"lanes": 2})))
    vehicles = draw(st.integers(1, 3))
    for k in range(vehicles):
        nodes.append(node(f"p{k}", -3.0 - k, 5.0, parks=f"v{k}", charger=batteries))
        edges.append(edge(f"p{k}", f"n{draw(st.integers(0, size - 1))}", length_m=draw(length)))
    for k in range(n):
        nodes.append(node(f"s{k}", -3.0 - k, -5.0))
        edges.append(edge(f"s{k}", f"n{2 * k if loop else k}", length_m=draw(length)))
    stages = [Stage(draw(time), capacity=60 if i == 0 else draw(st.integers(1, 5))) for i in range(n)]
    names = tuple(f"v{k}" for k in range(vehicles))
    power = None
    if batteries:
        power = Battery(
            capacity_wh=draw(st.floats(1.0, 6.0)),
            empty_wh_per_m=0.01,
            loaded_wh_per_m=0.013,
            charge_w=60.0,
            leave_above=0.7,
            recovery=Recovery(time="recovery"),
        )
    fleet = Fleet(
        id="amr",
        vehicles=names,
        speed_m_per_s=1.1,
        loaded_speed_m_per_s=draw(st.sampled_from((None, 0.7))),
        handling="handling",
        battery=power,
    )
    return road_site(
        stages,
        nodes,
        edges,
        [f"s{k}" for k in range(n)],
        handling=constant(draw(st.integers(1_000, 10_000)) * TICK_NS / SECOND),
        quantity=draw(st.integers(5, 25)),
        assumptions=(assumption("recovery", constant(60.0)),),
        fleets=(fleet,),
    )


def _plain(r: Run) -> bool:
    """Whether all that matters can be seen: one call waits, no vehicle for another, none is empty."""
    m = r.m
    net = int(m[road.ROADS])
    fleet = int(m[m[road.FLEETS] + road.STORE])
    second_call = m[fleet + at.PUT_HEAD] and m[m[fleet + at.PUT_HEAD] + at.NEXT]
    empty = any(m[p + at.KIND] == at.VEHICLE and m[p + at.STATE] == road.FLAT for p in r.processes)
    return not second_call and not m[net + road.WAITERS] and not empty


def _flats(r: Run) -> int:
    """How often a battery was used up."""
    vehicles = [p for p in r.processes if r.m[p + at.KIND] == at.VEHICLE]
    return sum(int(r.m[r.m[p + at.MORE_VEHICLE] + road.FLATS]) for p in vehicles)


def _future(site: Site, split_s: float) -> tuple[list[list[int]], list[list[int]], Run, LiveState]:
    split = round(split_s * 1e3) * 1_000_000
    full = run(site, HORIZON_S)
    assume(
        not site.roads or not full.m[full.m[road.ROADS] + road.GAVE_WAY]
    )  # who gives way goes by tasks whose age nobody sees
    whole = full.events(at.TRACE_EXIT)[:, :2].tolist()
    first = run(site, split / SECOND)
    seen = look(first)
    second = run(site, HORIZON_S - split / SECOND, live=seen)
    later = [[t + split, product] for t, product in second.events(at.TRACE_EXIT)[:, :2].tolist()]
    return whole, first.events(at.TRACE_EXIT)[:, :2].tolist() + later, first, seen


@given(site=halls(), split_s=st.floats(1.0, 900.0))
@settings(deadline=None, max_examples=25)
def test_vehicles_go_on_from_where_they_are_seen_to_the_nanosecond(site: Site, split_s: float) -> None:
    whole, parts, first, _ = _future(site, split_s)
    assume(_plain(first))
    assert parts == whole


@given(site=halls(batteries=True), split_s=st.floats(1.0, 900.0))
@settings(deadline=None, max_examples=25)
def test_batteries_go_on_from_what_is_left_in_them(site: Site, split_s: float) -> None:
    """To two milliseconds: charge is counted in millijoules, by whole millimetres.

    Where a battery runs empty on its way, rounding moves the place by some millimetres, and who drives next may change.
    """
    whole, parts, first, _ = _future(site, split_s)
    assume(_plain(first))
    assume(not _flats(run(site, HORIZON_S)))
    assert [product for _, product in parts] == [product for _, product in whole]
    assert [t / SECOND for t, _ in parts] == pytest.approx([t / SECOND for t, _ in whole], abs=2e-3)


@st.composite
def belts(draw: Any) -> Site:
    """A line of two or three machines with a conveyor between some, constant times."""
    n = draw(st.integers(2, 3))
    time = st.integers(1_000, 15_000).map(lambda k: constant(k * TICK_NS / SECOND))
    stages = [Stage(draw(time), capacity=60 if i == 0 else draw(st.integers(1, 4))) for i in range(n)]
    site = line(stages, constant(1e6), quantity=draw(st.integers(5, 30)))
    conveyors = tuple(
        Conveyor(
            id=f"belt{i}",
            start=f"s{i}",
            end=f"s{i + 1}",
            length_m=draw(st.integers(2, 30)) * 1.000_173_7,
            speed_m_per_s=0.5,
            spacing_m=draw(st.integers(4, 20)) / 10,
            accumulating=draw(st.booleans()),
        )
        for i in range(n - 1)
    )
    return site.model_copy(update={"conveyors": conveyors})


@given(site=belts(), split_s=st.floats(1.0, 400.0))
@settings(deadline=None, max_examples=25)
def test_jobs_on_conveyors_go_on_from_where_they_are_seen_to_the_nanosecond(site: Site, split_s: float) -> None:
    whole, parts, _, _ = _future(site, split_s)
    assert parts == whole
