"""Vehicles and belts that are seen: what is read, what cannot be so, and what they go on with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drawn_laws import Run, run
from hypothesis import given, settings
from hypothesis import strategies as st
from road_runs import days, done
from road_sites import assumption, edge, node, one, road_site

from andon.core.readings import Value
from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.live import LiveState, MachineNow, live_state
from andon.models.simulate.run import compile_site
from andon.models.simulate.seen import VehicleNow, places
from andon.models.simulate.textbook import Stage, constant, line
from andon.site.battery import Battery, Recovery
from andon.site.floor import Breakdown, Conveyor, Fleet
from andon.site.model import Site


def loop(**more: Any) -> Site:
    """Two vehicles on a one-way loop of 4 x 10 m; jobs from beside `b` to beside `d`."""
    return road_site(
        [Stage(constant(10.0), capacity=50), Stage(constant(1.0), capacity=50)],
        [
            *(node(n, x, y) for n, x, y in (("a", 0, 0), ("b", 10, 0), ("c", 10, 10), ("d", 0, 10))),
            node("sb", 12, 0),
            node("sd", -2, 10),
            node("p1", -5, 0, parks="v1", charger=True),
            node("p2", -5, 1, parks="v2", charger=True),
        ],
        [
            *(one(x, y) for x, y in (("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"))),
            edge("sb", "b"),
            edge("sd", "d"),
            *(edge(p, "a", length_m=5) for p in ("p1", "p2")),
        ],
        ["sb", "sd"],
        handling=constant(4.0),
        quantity=20,
        **more,
    )


def begun(site: Site, vehicles: dict[str, VehicleNow], waiting: int = 9, **machines: MachineNow) -> Run:
    names = {f"m0-{0}": MachineNow(), **{k.replace("_", "-"): v for k, v in machines.items()}}
    return run(site, 600.0, live=LiveState(0, names, waiting={"p0": waiting}, vehicles=vehicles))


def test_a_vehicle_with_a_job_brings_it_from_where_it_is() -> None:
    """5 m of the edge to c are left, then 10 m and 2 m: at 17 s it unloads for 2 s."""
    r = begun(loop(), {"v1": VehicleNow("moving", "b", "c", 5.0, "sd", job="p0")}, waiting=0)
    assert days(r)["v1"][:3] == [(0.0, "loaded"), (17.0, "handling"), (19.0, "empty")]
    assert done(r) == 1


def test_a_vehicle_that_was_called_goes_on_to_the_machine() -> None:
    """It is nearer than the one that parks, and that one stays; it has 3 m to b and 2 m to the stop."""
    seen = {"v1": VehicleNow("moving", "a", "b", 7.0, "sb", job="")}
    r = begun(loop(), seen, waiting=0, m0_0=MachineNow("blocked", "p0", jobs=1))
    assert days(r)["v1"][:2] == [(5.0, "handling"), (7.0, "loaded")]
    assert "v2" not in days(r)


@pytest.mark.parametrize(("elapsed_s", "until"), [(0.5, 1.5), (1.75, 0.25)])
def test_loading_takes_what_is_left_of_it(elapsed_s: float, until: float) -> None:
    seen = {"v2": VehicleNow("loading", "sb", job="", elapsed_s=elapsed_s)}
    r = begun(loop(), seen, waiting=0, m0_0=MachineNow("blocked", "p0", jobs=1))
    assert days(r)["v2"][:2] == [(0.0, "handling"), (until, "loaded")]


def test_a_broken_vehicle_stands_in_the_way_until_it_is_repaired() -> None:
    down = Breakdown(time_to_failure="fails", time_to_repair="repair")
    laws = (assumption("fails", constant(1e6)), assumption("repair", constant(100.0)))
    fleet = Fleet(id="amr", vehicles=("v1", "v2"), speed_m_per_s=1.0, handling="handling", breakdown=down)
    seen = {
        "v1": VehicleNow("down", "b", "c", 5.0, job=""),
        "v2": VehicleNow("moving", "sb", goal="sd", job="p0"),
    }
    r = begun(loop(fleets=(fleet,), assumptions=laws), seen, waiting=0)
    one_, two = days(r)["v1"], days(r)["v2"]
    assert one_[0][1] == "empty"
    assert 0 < one_[0][0] <= 100.0
    assert two[:2] == [(0.0, "waits"), (pytest.approx(one_[0][0] + 5.0), "loaded")]


def test_an_empty_battery_and_a_charging_vehicle_are_seen() -> None:
    own = Battery(
        capacity_wh=1.0,
        empty_wh_per_m=0.001,
        loaded_wh_per_m=0.001,
        charge_w=36.0,
        recovery=Recovery(time="recovery", how="tow"),
    )
    fleet = Fleet(id="amr", vehicles=("v1", "v2"), speed_m_per_s=1.0, handling="handling", battery=own)
    seen = {
        "v1": VehicleNow("down", "c", charge=0.0, job="p0", goal="sd"),
        "v2": VehicleNow("charging", "p2", charge=0.5),
    }
    site = loop(fleets=(fleet,), assumptions=(assumption("recovery", constant(60.0)),))
    r = begun(site, seen, waiting=0)
    assert 0 < days(r)["v1"][0][0] <= 60.0
    assert days(r)["v1"][0][1] == "loaded"  # from its parking place
    towed = [int(when) for when, kind, _, _ in r.trace if kind == road.TRACE_TOWED]
    assert towed == [round(days(r)["v1"][0][0] * 1e9)]
    assert days(r)["v2"][0] == (0.0, "charging")
    assert days(r)["v2"][1][0] == pytest.approx(50.0, abs=1e-3)  # until it is full: nothing calls
    assert done(r) == 1


def test_what_cannot_be_is_told_and_taken_as_at_home() -> None:
    site = loop()
    seen = {"v1": VehicleNow("moving", "a", "b", 1.0), "v2": VehicleNow("moving", "b", "c", 1.0)}
    found, why = places(site, seen)
    assert list(found) == ["v1"]
    assert why == {"v2": "`v1` is there"}
    assert places(site, {"v1": VehicleNow("idle", "p2")})[1]["v1"] == "`p2` is another's place"
    assert places(site, {"v1": VehicleNow("idle", "x")})[1]["v1"] == "no node of the roads is 'x'"
    values: dict[str, Value] = {"v1.state": "moving", "v1.node": "b", "v2.state": "idle", "v2.node": "b"}
    told = live_state(site, values, 0).sampled
    assert "where `v2` is on the roads (`v1` is there) (taken as at its parking place)" in told
    assert "what the 1 vehicle(s) under way carry" in told


def test_vehicles_that_could_not_all_drive_home_are_taken_as_at_home() -> None:
    """Face to face in a street that one fits through, each before the other's way home."""
    site = road_site(
        [Stage(constant(10.0), capacity=50), Stage(constant(1.0), capacity=50)],
        [
            *(node(n, x) for n, x in (("a", 0), ("b", 10), ("c", 20), ("d", 30))),
            node("p1", 0, 5, parks="v1"),
            node("p2", 30, 5, parks="v2"),
        ],
        [edge("a", "b"), edge("b", "c"), edge("c", "d"), edge("p1", "a"), edge("p2", "d")],
        ["a", "d"],
        handling=constant(4.0),
        quantity=5,
    )
    seen = {"v1": VehicleNow("moving", "c", goal="d", job="p0"), "v2": VehicleNow("moving", "b", goal="a", job="")}
    live = LiveState(0, {}, waiting={"p0": 5}, vehicles=seen)
    image = compile_site(site, live, 600.0, asked(site, {}))
    assert [text.split(" is")[0] for text in image.notes] == ["where `v1`", "where `v2`"]
    assert done(run(site, 900.0, live=live)) == 6  # what one of them carries it has there, too


@st.composite
def nonsense(draw: Any) -> VehicleNow:
    nodes = st.sampled_from(("", "a", "b", "c", "d", "sb", "sd", "p1", "p2", "nowhere"))
    return VehicleNow(
        draw(st.sampled_from(("", "idle", "moving", "loading", "charging", "down", "flying"))),
        draw(nodes),
        draw(nodes),
        draw(st.floats(0, 20)),
        draw(nodes),
        draw(st.none() | st.floats(0, 1)),
        draw(st.sampled_from((None, "", "p0", "p9"))),
        draw(st.none() | st.floats(0, 10)),
    )


@given(
    one_=nonsense(),
    two=nonsense(),
    machine=st.sampled_from(("idle", "blocked", "running")),
    broken=st.booleans(),
    how=st.sampled_from((None, "swap", "tow")),
)
@settings(deadline=None, max_examples=80)
def test_whatever_is_seen_everything_is_carried_in_the_end(
    one_: VehicleNow, two: VehicleNow, machine: str, broken: bool, how: str | None
) -> None:
    own = Battery(
        capacity_wh=1.0,
        empty_wh_per_m=0.002,
        loaded_wh_per_m=0.002,
        charge_w=36.0,
        recovery=Recovery(time="recovery", how="tow" if how == "tow" else "swap"),
    )
    fleet = Fleet(
        id="amr",
        vehicles=("v1", "v2"),
        speed_m_per_s=1.0,
        handling="handling",
        breakdown=Breakdown(time_to_failure="fails", time_to_repair="repair") if broken else None,
        battery=own if how else None,
    )
    laws = tuple(assumption(n, constant(t)) for n, t in (("fails", 500.0), ("repair", 50.0), ("recovery", 60.0)))
    site = loop(fleets=(fleet,), assumptions=laws)
    now = MachineNow(machine, "p0" if machine != "idle" else "", jobs=1 if machine != "idle" else None)
    live = LiveState(0, {"m0-0": now}, waiting={"p0": 4}, vehicles={"v1": one_, "v2": two})
    r = run(site, 3_000.0, live=live)
    assert r.m[at.WIP] == 0
    owners = [int(r.m[r.m[r.m[road.ROADS] + road.SEGMENTS] + k * road.SEGMENT_WORDS]) for k in range(_segments(r))]
    held = [o for o in owners if o]
    assert len(held) >= 2
    assert set(held) <= {p for p in r.processes if r.m[p + at.KIND] == at.VEHICLE}


def _segments(r: Run) -> int:
    return int(r.m[r.m[road.ROADS] + road.SEGMENTS_N])


def test_jobs_on_a_conveyor_come_off_when_they_must() -> None:
    """10 m at 0.5 m/s: from 8 m it is 4 s, from 2 m 16 s, and a second each at the machine."""
    site = line([Stage(constant(5.0), capacity=9), Stage(constant(1.0), capacity=9)], constant(1e6), quantity=1)
    belt = Conveyor(id="belt", start="s0", end="s1", length_m=10, speed_m_per_s=0.5, spacing_m=1)
    site = site.model_copy(update={"conveyors": (belt,)})
    values: dict[str, Value] = {"m0-0.state": "idle", "m1-0.state": "idle", "belt.positions": "2 8.0"}
    state = live_state(site, values, 0)
    assert state.belts == {"belt": (8.0, 2.0)}
    exits = run(site, 60.0, live=state).events(at.TRACE_EXIT)[:, 0].tolist()
    assert exits == [5 * 10**9, 17 * 10**9]
    state = live_state(site, {**values, "belt.positions": "rubbish", "belt.level": 2}, 0)
    assert state.belts == {"belt": (7.5, 2.5)}
    assert "where the 2 job(s) on conveyor `belt` are (taken as evenly spread)" in state.sampled
    assert "what is on conveyor `belt` (taken as nothing)" in live_state(site, {}, 0).sampled


def test_a_state_is_the_same_after_it_was_written_down() -> None:
    vehicles = {"v1": VehicleNow("moving", "b", "c", 5.0, "sd", 0.25, "p0"), "v2": VehicleNow("loading", elapsed_s=1.5)}
    state = LiveState(7, {"m0-0": MachineNow("running", "p0", 3.0)}, vehicles=vehicles, belts={"belt": (3.5, 1.0)})
    assert LiveState.from_json(json.loads(json.dumps(state.as_json()))) == state
    assert state.digest() != LiveState(7, state.machines, vehicles={}, belts=state.belts).digest()
