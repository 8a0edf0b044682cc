"""Closures, blocked aisles, batteries, chargers, several fleets, choices: each by a case that a hand can follow."""

from __future__ import annotations

from typing import Any

import pytest
from drawn_laws import Run
from road_laws import nobody_stands_still, one_vehicle_a_segment
from road_runs import days, done, last_exit_ns, played
from road_sites import assumption, edge, node, one, road_site

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.structure import blocked
from andon.models.simulate.textbook import Stage, constant, exponential
from andon.models.simulate.traffic import traffic
from andon.site.battery import Battery, Recovery
from andon.site.floor import Fleet
from andon.site.model import Site
from andon.site.roads import Closure

EVERYDAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def lane(closures: tuple[Closure, ...] = (), *, detour: bool = False, quantity: int = 1, **more: Any) -> Site:
    """A vehicle at one end of 20 m of aisle; jobs every 10 s from there to the other end. A detour is 30 m long."""
    edges = [edge("p", "a"), edge("a", "b")]
    if detour:
        edges += [edge("a", "c", length_m=15), edge("c", "b", length_m=15)]
    return road_site(
        [Stage(constant(10.0), capacity=50), Stage(constant(1.0), capacity=50)],
        [node("p", 0, 5, parks="v"), node("a", 0), node("b", 20), node("c", 10, 10)],
        edges,
        ["a", "b"],
        handling=constant(4.0),
        quantity=quantity,
        closures=closures,
        **more,
    )


def shut(start: str, end: str) -> Closure:
    return Closure(id="walk", edges=("a-b",), days=EVERYDAY, start=start, end=end)


@pytest.mark.parametrize(
    ("closures", "detour", "delay_s"),
    [
        ((), False, 0),
        ((shut("00:00", "00:01"),), False, 60 - 17),  # ready to leave at 17 s, waits for the minute to end
        ((shut("00:00", "00:01"),), True, 10),  # 30 m instead of 20 m
        ((shut("00:01", "00:02"),), False, 0),  # passed before
        ((shut("23:59", "00:01"),), False, 60 - 17),  # past midnight
    ],
)
def test_vehicles_take_another_way_while_an_edge_is_closed_or_wait(
    closures: tuple[Closure, ...], detour: bool, delay_s: int
) -> None:
    plain = 10 + 5 + 2 + 20 + 2 + 1
    r = played(lane(closures, detour=detour), 300.0)
    assert last_exit_ns(r) == (plain + delay_s) * 10**9


def test_who_is_on_an_edge_that_closes_drives_out() -> None:
    site = lane()
    change = asked(site, {"a-b.blocked": 5.0})
    rows = replicate(compile_site(site, None, 600.0, change), 1, 1, flavour="plain")
    assert rows.product(0, at.LAST_EXIT)[0] == (300 + 20 + 2 + 1) * 10**9
    later = blocked(site, 5.0, edge="a-b", from_min=1 / 3)
    assert last_exit_ns(played(later, 600.0)) == (10 + 5 + 2 + 20 + 2 + 1) * 10**9


def test_an_edge_that_stays_blocked_keeps_what_is_behind_it_waiting() -> None:
    site = lane(quantity=3)
    wrong = blocked(site, 5.0, edge="nowhere")
    with pytest.raises(Unrunnable, match="edge `nowhere` is not declared"):
        compile_site(wrong, None, 60.0, asked(site, {}))
    forever = asked(site, {"a-b.blocked": 90_000.0}).site
    assert forever is not None
    assert done(played(forever, 3600.0)) == 0


BATTERY = Battery(
    capacity_wh=1.0,
    empty_wh_per_m=0.01,
    loaded_wh_per_m=0.01,
    charge_w=36.0,
    charge_below=0.4,
    leave_above=0.9,
    recovery=Recovery(time="recovery"),
)


def electric(chargers: int, vehicles: int, *, at_home: bool = False) -> Site:
    """Vehicles that carry over 20 m and have a battery for 100 m; chargers at bays of their own, or where they park."""
    places = [node(f"p{k}", 0, 5 + k, parks=f"v{k}", charger=at_home) for k in range(vehicles)]
    bays = [node(f"c{k}", 5, 5 + k, charger=True) for k in range(chargers)]
    names = tuple(f"v{k}" for k in range(vehicles))
    return road_site(
        [Stage(constant(10.0), machines=3, capacity=90), Stage(constant(1.0), machines=3, capacity=90)],
        [node("a", 0), node("b", 20), *places, *bays],
        [edge("a", "b", lanes=2), *(edge(n.id, "a", length_m=5) for n in (*places, *bays))],
        ["a", "b"],
        handling=constant(4.0),
        quantity=60,
        assumptions=(assumption("recovery", constant(60.0)),),
        fleets=(Fleet(id="amr", vehicles=names, speed_m_per_s=1.0, handling="handling", battery=BATTERY),),
    )


def test_a_battery_is_used_by_the_metre_and_charged_between_thresholds() -> None:
    """By hand: 5 m to the job, 20 m with it, and, full at first, back and forth; a call is taken above 0.4.

    After each job 40 m more are gone; 0.35 is left after the second one's 20 m and it drives 25 m to the charger: 0.10.
    It charges to 0.9 in 80 s (36 W are 0.01 Wh a second).
    """
    r = played(electric(1, 1), 400.0)
    line = days(r)["v0"]
    charging = next(i for i, (_, what) in enumerate(line) if what == "charging")
    assert line[charging][0] == 10 + 5 + 2 + 20 + 2 + 20 + 2 + 20 + 2 + 25
    assert line[charging + 1] == (pytest.approx(line[charging][0] + 80.0, abs=1e-5), "empty")
    v = int(r.m[next(p for p in r.processes if r.m[p + at.KIND] == at.VEHICLE) + at.MORE_VEHICLE])
    assert r.m[v + road.LOWS] >= 1
    assert r.m[v + road.FLATS] == 0


@pytest.mark.parametrize(("chargers", "vehicles", "at_home"), [(1, 3, False), (2, 3, False), (0, 2, True)])
def test_vehicles_share_chargers_and_everything_is_carried(chargers: int, vehicles: int, at_home: bool) -> None:
    r = played(electric(chargers, vehicles, at_home=at_home), 9000.0)
    assert done(r) == 60
    one_vehicle_a_segment(r)
    nobody_stands_still(r)
    assert _most_at_once(r, "charging") <= (chargers or vehicles)


def test_who_found_the_chargers_closed_charges_when_they_open() -> None:
    site = electric(1, 1)
    closed = Closure(id="walk", edges=("c0-a",), days=EVERYDAY, start="00:00", end="00:20")
    assert site.roads is not None
    site = site.model_copy(update={"roads": site.roads.model_copy(update={"closures": (closed,)})})
    r = played(site, 12_000.0)
    charging = [when for when, what in days(r)["v0"] if what == "charging"]
    assert charging[0] == 20 * 60 + 10  # from its parking place over a to the charger, 5 m each
    assert done(r) == 60


def _most_at_once(r: Run, what: str) -> int:
    edges = []
    for line in days(r).values():
        for i, (when, state) in enumerate(line):
            if state == what:
                edges.append((when, 1))
                edges.append((line[i + 1][0] if i + 1 < len(line) else 1e9, -1))
    most = now = 0
    for _, change in sorted(edges):
        now += change
        most = max(most, now)
    return most


def two_fleets() -> Site:
    """Two products between the same stations, and a fleet for each."""
    fleets = tuple(
        Fleet(id=f"f{k}", vehicles=(f"v{k}",), speed_m_per_s=1.0 + k, handling="handling", products=(f"p{k}",))
        for k in range(2)
    )
    return road_site(
        [Stage(constant(10.0), capacity=90), Stage(constant(1.0), capacity=90)],
        [node("a", 0), node("b", 20), *(node(f"p{k}", 0, 5 + k, parks=f"v{k}") for k in range(2))],
        [edge("a", "b", lanes=2), *(edge(f"p{k}", "a") for k in range(2))],
        ["a", "b"],
        handling=constant(4.0),
        quantity=5,
        products=[(0, 1), (0, 1)],
        fleets=fleets,
    )


@pytest.mark.parametrize("roads", [True, False])
def test_each_fleet_carries_its_own_products(roads: bool) -> None:
    site = two_fleets() if roads else two_fleets().model_copy(update={"roads": None})
    rows = replicate(compile_site(site, None, 3000.0, asked(site, {})), 1, 1, flavour="plain")
    assert rows.done(0)[0] == rows.done(1)[0] == 5
    found = traffic(rows)
    assert found is not None
    assert [f.calls for f in found.fleets] == [5.0, 5.0]
    if roads:
        assert all(0.1 <= f.loaded_km < 0.13 for f in found.fleets)  # five times 20 m, and giving way at the ends


def test_two_fleets_for_one_transport_are_refused() -> None:
    site = two_fleets()
    both = tuple(f.model_copy(update={"products": ()}) for f in site.fleets)
    with pytest.raises(Unrunnable, match="two fleets carry `p0` from `a0` to `a1`"):
        compile_site(site.model_copy(update={"fleets": both}), None, 60.0, asked(site, {}))


def chosen(**rules: Any) -> Site:
    """Two vehicles on a loop, the first parks far from the calls and the second near."""
    names = ("far", "near")
    return road_site(
        [Stage(constant(200.0), capacity=90), Stage(constant(1.0), capacity=90)],
        [
            *(node(n, x, y) for n, x, y in (("a", 0, 0), ("b", 10, 0), ("c", 10, 10), ("d", 0, 10))),
            node("p0", -5, 10, parks="far"),
            node("p1", -5, 0, parks="near"),
        ],
        [one("a", "b"), one("b", "c"), one("c", "d"), one("d", "a"), edge("p0", "d"), edge("p1", "a")],
        ["a", "c"],
        handling=constant(4.0),
        quantity=4,
        fleets=(Fleet(id="amr", vehicles=names, speed_m_per_s=1.0, handling="handling", **rules),),
    )


@pytest.mark.parametrize(("rule", "carried"), [("nearest", [0, 4]), ("longest-idle", [2, 2])])
def test_which_vehicle_answers(rule: str, carried: list[int]) -> None:
    r = played(chosen(vehicle_choice=rule), 3000.0)
    counts = {r.image.processes[p]: int(r.m[p + at.COUNT]) for p in r.processes if r.m[p + at.KIND] == at.VEHICLE}
    assert [counts["far"], counts["near"]] == carried


@pytest.mark.parametrize(("rule", "first"), [("longest-waiting", "s0"), ("nearest", "s1")])
def test_which_call_a_vehicle_answers(rule: str, first: str) -> None:
    """One vehicle is busy; s0 calls again at 12 s, s1, beside which it sets down, at 20 s."""
    site = road_site(
        [Stage(constant(3.0), capacity=9), Stage(constant(20.0), capacity=9), Stage(constant(1.0), capacity=9)],
        [node("p", -5, 0, parks="v"), node("a", 0), node("b", 30), node("c", 32)],
        [edge("p", "a"), edge("a", "b"), edge("b", "c")],
        ["a", "b", "c"],
        handling=constant(2.0),
        quantity=2,
        products=[(0, 2), (1, 2)],
        fleets=(Fleet(id="amr", vehicles=("v",), speed_m_per_s=1.0, handling="handling", call_choice=rule),),
    )
    r = played(site, 400.0)
    second = [name for _, name in _pick_ups(r)][1]
    assert second == first


def _pick_ups(r: Run) -> list[tuple[int, str]]:
    """When each machine's jobs were taken on, in order."""
    stations = {k: s.id for k, s in enumerate(r.site.stations)}
    found = []
    at_node = ""
    for when, kind, who, value in r.trace:
        if kind == road.TRACE_ARRIVES:
            at_node = r.site.roads.nodes[value].id if r.site.roads else ""
        if kind == at.TRACE_STATE and value == road.CARRYING and r.m[who + at.KIND] == at.VEHICLE:
            found.append((int(when), {"a": stations[0], "b": stations[1], "c": stations[2]}[at_node]))
    return found


@pytest.mark.parametrize("vehicles", [15, 30])
def test_a_crowded_ring_with_cross_streets_never_stands_still(vehicles: int) -> None:
    """Ways home cross in the cross streets, and many give way: somebody always goes on, in every future."""
    size = 2 * vehicles
    nodes = [node(f"n{i}", 4.0 * i) for i in range(size)]
    edges = [one(f"n{i}", f"n{(i + 1) % size}", length_m=4.0) for i in range(size)]
    edges += [edge(f"n{k}", f"n{size - 1 - k}", length_m=6.0) for k in range(0, vehicles, 4) if size - 1 - 2 * k > 1]
    for k in range(vehicles):
        nodes.append(node(f"p{k}", 0, 9, parks=f"v{k}"))
        edges.append(edge(f"p{k}", f"n{k * size // vehicles}", length_m=4.0))
    for k in range(4):
        nodes.append(node(f"s{k}", 0, -5))
        edges.append(edge(f"s{k}", f"n{k * size // 4}", length_m=3.0))
    stages = [Stage(exponential(160.0 / vehicles), capacity=200) for _ in range(4)]
    stops = [f"s{k}" for k in range(4)]
    site = road_site(stages, nodes, edges, stops, handling=exponential(6.0), quantity=5000)
    rows = replicate(compile_site(site, None, 4 * 3600.0, asked(site, {}), bins=1), 20, 1)
    assert (rows.done() > 0).all()
