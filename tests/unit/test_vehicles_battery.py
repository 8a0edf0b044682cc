"""Batteries that get empty: by hand, against a SimPy model, and never where trips are looked ahead."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import pytest
from drawn_laws import Run, run
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from road_laws import nobody_stands_still, one_vehicle_a_segment
from road_runs import days, done, last_exit_ns, played
from road_sites import assumption, edge, node, one, road_site

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.replay import replay
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant
from andon.models.simulate.traffic import traffic
from andon.site.battery import Battery, Recovery
from andon.site.floor import Crew, Fleet
from andon.site.model import Site

simpy = pytest.importorskip("simpy")
Steps = Generator[Any, Any, None]


def battery(
    metres: float, *, reserve: float | None = None, low: float = 0.0, idle_w: float = 0.0, **helps: Any
) -> Battery:
    """One watt hour for so many metres; charged in 100 s."""
    return Battery(
        capacity_wh=1.0,
        empty_wh_per_m=1 / metres,
        loaded_wh_per_m=1 / metres,
        idle_w=idle_w,
        charge_w=36.0,
        charge_below=low,
        leave_above=1.0,
        reserve=reserve,
        recovery=Recovery(time="recovery", **helps),
    )


def aisle(own: Battery, quantity: int = 9, recovery_s: float = 60.0, **more: Any) -> Site:
    """A vehicle 5 m from one end of an aisle of 20 m; a job every 10 s to the other end; a charger where it parks."""
    return road_site(
        [Stage(constant(10.0), capacity=50), Stage(constant(1.0), capacity=50)],
        [node("p", 0, 5, parks="v", charger=True), node("a", 0), node("b", 20)],
        [edge("p", "a"), edge("a", "b")],
        ["a", "b"],
        handling=constant(4.0),
        quantity=quantity,
        assumptions=(assumption("recovery", constant(recovery_s)),),
        fleets=(Fleet(id="amr", vehicles=("v",), speed_m_per_s=1.0, handling="handling", battery=own),),
        **more,
    )


def vehicle(r: Run) -> int:
    return int(r.m[next(p for p in r.processes if r.m[p + at.KIND] == at.VEHICLE) + at.MORE_VEHICLE])


def _rounded(line: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """To a millisecond: charge is counted in millijoules."""
    return [(round(float(when), 3), what) for when, what in line]


def test_an_empty_battery_stops_the_vehicle_in_the_midst_of_its_way() -> None:
    """By hand: 35 m are 5 m to the job, 20 m with it, and 10 m back: at 51 s it stands for a minute."""
    r = played(aisle(battery(35.0)), 400.0)
    line = days(r)["v"]
    assert _rounded(line[:9]) == [
        (10.0, "empty"),
        (15.0, "handling"),
        (17.0, "loaded"),
        (37.0, "handling"),
        (39.0, "empty"),
        (49.0, "flat"),
        (109.0, "empty"),
        (119.0, "handling"),
        (121.0, "loaded"),
    ]
    assert r.m[vehicle(r) + road.FLATS] >= 1
    assert r.m[vehicle(r) + road.LOADED_MM] % 20_000 == 0


def test_a_towed_vehicle_goes_on_from_its_parking_place_after_charging() -> None:
    """The same, towed home with a tenth: it charges 0.9 Wh in 90 s, and comes back 5 m to the job."""
    r = played(aisle(battery(35.0, how="tow", charged_to=0.1)), 400.0)
    line = days(r)["v"]
    assert _rounded(line[4:9]) == [
        (39.0, "empty"),
        (49.0, "flat"),
        (109.0, "charging"),
        (199.0, "empty"),
        (204.0, "handling"),
    ]
    assert r.m[vehicle(r) + road.EMPTY_MM] >= 5_000 + 10_000 + 5_000


def test_what_is_drawn_while_standing_empties_a_battery_too() -> None:
    """36 W empty it in 100 s whatever it does; with nothing to carry it goes to charge before that."""
    busy = played(aisle(battery(1e9, idle_w=36.0)), 400.0)
    assert next(when for when, what in days(busy)["v"] if what == "flat") == pytest.approx(100.0, abs=1e-3)
    parked = played(aisle(battery(1e9, idle_w=9.0, low=0.5), quantity=1), 3_000.0)
    assert all(what != "flat" for _, what in days(parked)["v"])


def test_the_figures_the_log_and_the_answer_say_so() -> None:
    site = aisle(battery(35.0, how="tow", charged_to=0.5))
    image = compile_site(site, None, 900.0, asked(site, {}))
    rows = replicate(image, 2, 1, flavour="plain")
    found = traffic(rows)
    assert found is not None
    assert found.fleets[0].battery_empty >= 3
    assert found.fleets[0].shares["battery empty"] * 900 == pytest.approx(60 * found.fleets[0].battery_empty, abs=60)
    columns = replay(image, 0, 1, flavour="plain").columns()
    assert list(columns["state"]).count("battery_empty") >= 3
    towed = [p for e, p in zip(columns["event"], columns["place"], strict=True) if e == "towed"]
    assert set(towed) == {"p"}


def test_others_wait_behind_a_vehicle_that_stands() -> None:
    """Two vehicles follow one another through a one-way aisle; the second has no battery and waits all the same."""
    fleets = tuple(
        Fleet(id=f"f{k}", vehicles=(f"v{k}",), speed_m_per_s=1.0, handling="handling", products=(f"p{k}",), battery=own)
        for k, own in enumerate((battery(30.0), None))
    )
    site = road_site(
        [Stage(constant(10.0), machines=2, capacity=50), Stage(constant(1.0), machines=2, capacity=50)],
        [
            *(node(n, x) for n, x in (("a", 0), ("m", 18), ("b", 30))),
            node("p0", 0, 5, parks="v0", charger=True),
            node("p1", -6, 0, parks="v1"),
        ],
        [
            one("a", "m"),
            one("m", "b"),
            one("b", "a", length_m=40),
            edge("p0", "a"),
            edge("p1", "a"),
        ],
        ["a", "b"],
        handling=constant(2.0),
        products=[(0, 1), (0, 1)],
        quantity=1,
        assumptions=(assumption("recovery", constant(500.0)),),
        fleets=fleets,
    )
    r = played(site, 900.0)
    first, second = days(r)["v0"], days(r)["v1"]
    flat = next(when for when, what in first if what == "flat")
    assert flat == pytest.approx(10 + 5 + 1 + 25, abs=1e-3)  # 5 m empty, and 25 of the 30 m with the job
    assert (10 + 5 + 1 + 25 + 500 + 5, "loaded") in _rounded(second)  # when v0 has left the next node
    one_vehicle_a_segment(r)
    nobody_stands_still(r)


class Tracks:
    """The same in SimPy: vehicles on tracks of their own that get empty anywhere, and one who brings batteries."""

    def __init__(self, vehicles: int, metres: float, swap_s: float, jobs: int) -> None:
        self.env = simpy.Environment()
        self.helper = simpy.Resource(self.env, 1)
        self.metres, self.swap_s = metres, swap_s
        self.empty = 0
        self.done: list[float] = []
        for k in range(vehicles):
            self.env.process(self.vehicle(k, jobs))

    def vehicle(self, k: int, jobs: int) -> Steps:
        left = self.metres
        yield self.env.timeout(10.0 + k)
        way = 5.0
        for _ in range(jobs):
            for leg in (way, 20.0):
                todo = leg
                while todo > left:
                    yield self.env.timeout(left)
                    todo -= left
                    self.empty += 1
                    with self.helper.request() as mine:
                        yield mine
                        yield self.env.timeout(self.swap_s)
                    left = self.metres
                yield self.env.timeout(todo)
                left -= todo
                yield self.env.timeout(2.0)
            self.done.append(self.env.now + 1.0)
            way = 20.0
        for leg in (20.0, 5.0):  # home
            while leg > left:
                leg -= left  # noqa: PLW2901 - what is left of it
                self.empty += 1
                left = self.metres
            left -= leg


@pytest.mark.parametrize(("metres", "swap_s"), [(33.7, 41.3), (17.3, 200.9), (90.1, 77.7)])
def test_a_fleet_and_its_helper_are_the_simpy_model_to_the_millisecond(metres: float, swap_s: float) -> None:
    n, jobs = 3, 6
    own = battery(metres, crew="helpers")
    nodes, edges, stops, fleets = [], [], [], []
    for k in range(n):
        y = 30.0 * k
        nodes += [node(f"p{k}", 0, y + 5, parks=f"v{k}", charger=True), node(f"a{k}", 0, y), node(f"b{k}", 20, y)]
        edges += [edge(f"p{k}", f"a{k}"), edge(f"a{k}", f"b{k}")]
        stops += [f"a{k}", f"b{k}"]
        fleets.append(
            Fleet(
                id=f"f{k}",
                vehicles=(f"v{k}",),
                speed_m_per_s=1.0,
                handling="handling",
                products=(f"p{k}",),
                battery=own,
            )
        )
    stages = [s for k in range(n) for s in (Stage(constant(10.0 + k), capacity=50), Stage(constant(1.0), capacity=50))]
    site = road_site(
        stages,
        nodes,
        edges,
        stops,
        handling=constant(4.0),
        quantity=jobs,
        products=[(2 * k, 2 * k + 1) for k in range(n)],
        assumptions=(assumption("recovery", constant(swap_s)),),
        fleets=fleets,
    )
    site = site.model_copy(update={"crews": (Crew(id="helpers", name="helpers", size={"all": 1}),)})
    theirs = Tracks(n, metres, swap_s, jobs)
    theirs.env.run()
    r = played(site, 9_000.0)
    ours = sorted(int(t) / 1e9 for t, _ in r.events(at.TRACE_EXIT)[:, :2])
    assert ours == pytest.approx(sorted(theirs.done), abs=1e-3)
    flats = sum(int(r.m[r.m[p + at.MORE_VEHICLE] + road.FLATS]) for p in r.processes if r.m[p + at.KIND] == at.VEHICLE)
    assert flats == theirs.empty
    assert theirs.empty > 0


@st.composite
def halls(draw: Any) -> Site:
    """A tree of aisles with vehicles that look ahead, with chargers that they share or of their own."""
    n = draw(st.integers(2, 5))
    nodes = [node(f"n{i}", 4.0 * i, 3.0 * (i % 2), parks=None) for i in range(n)]
    edges = [edge(f"n{draw(st.integers(0, i - 1))}", f"n{i}", lanes=2) for i in range(1, n)]
    own = draw(st.booleans())
    vehicles = draw(st.integers(1, 3))
    for k in range(vehicles):
        nodes.append(node(f"p{k}", -3.0 - k, 5.0, parks=f"v{k}", charger=own))
        edges.append(edge(f"p{k}", f"n{draw(st.integers(0, n - 1))}"))
    for k in range(0 if own else draw(st.integers(1, 2))):
        nodes.append(node(f"c{k}", -3.0 - k, -5.0, charger=True))
        edges.append(edge(f"c{k}", f"n{draw(st.integers(0, n - 1))}"))
    reserve = draw(st.sampled_from((0.0, 0.05, 0.3)))
    power = battery(draw(st.floats(60.0, 400.0)), reserve=reserve, low=draw(st.sampled_from((0.0, 0.2))))
    power = power.model_copy(update={"leave_above": draw(st.sampled_from((0.3, 0.8, 1.0)))})
    return road_site(
        [Stage(constant(draw(st.integers(3, 9)) * 1.37), capacity=30) for _ in range(3)],
        nodes,
        edges,
        [(f"n{draw(st.integers(0, n - 1))}", f"n{draw(st.integers(0, n - 1))}") for _ in range(3)],
        handling=constant(2.0),
        quantity=12,
        assumptions=(assumption("recovery", constant(60.0)),),
        fleets=(
            Fleet(
                id="amr",
                vehicles=tuple(f"v{k}" for k in range(vehicles)),
                speed_m_per_s=1.0,
                handling="handling",
                battery=power,
                vehicle_choice=draw(st.sampled_from(("nearest", "longest-idle"))),
                call_choice=draw(st.sampled_from(("longest-waiting", "nearest"))),
            ),
        ),
    )


def _possible(site: Site) -> bool:
    """Whether a full battery is enough for every trip; a sentence says where it is not."""
    try:
        compile_site(site, None, 1.0, asked(site, {}))
    except Unrunnable as no:
        return "batteries with `reserve`" not in str(no)
    return True


@given(site=halls())
@settings(deadline=None, max_examples=60)
def test_who_looks_ahead_never_stands_with_an_empty_battery_and_carries_everything(site: Site) -> None:
    r = run(site, 20_000.0) if _possible(site) else None
    assume(r is not None)
    assert r is not None
    assert done(r) == 12
    one_vehicle_a_segment(r)
    if r.m[r.m[road.ROADS] + road.GAVE_WAY] == 0:
        flats = [int(r.m[r.m[p + at.MORE_VEHICLE] + road.FLATS]) for p in r.processes if r.m[p + at.KIND] == at.VEHICLE]
        assert not any(flats)


@given(
    site=halls(), how=st.sampled_from(("swap", "tow")), to=st.sampled_from((0.1, 0.3, 1.0)), metres=st.floats(20, 80)
)
@settings(deadline=None, max_examples=40)
def test_who_does_not_stands_now_and_then_and_everything_is_carried_all_the_same(
    site: Site, how: str, to: float, metres: float
) -> None:
    own = battery(metres, low=0.1, how=how, charged_to=to).model_copy(update={"leave_above": 0.5})
    site = site.model_copy(update={"fleets": (site.fleets[0].model_copy(update={"battery": own}),)})
    r = run(site, 50_000.0)
    assert done(r) == 12 or how == "tow"  # who is towed begins again, and may never get there
    one_vehicle_a_segment(r)
    nobody_stands_still(r)
    assert all(level >= 0 for level in _levels(r))


def _levels(r: Run) -> list[int]:
    return [int(r.m[r.m[p + at.MORE_VEHICLE] + road.LEVEL_MJ]) for p in r.processes if r.m[p + at.KIND] == at.VEHICLE]


def test_a_trip_that_a_full_battery_cannot_do_is_refused() -> None:
    with pytest.raises(Unrunnable, match=r"a trip of `v` from `s0` to `s1` takes 1\.\d+ batteries with `reserve`"):
        played(aisle(battery(40.0, reserve=0.1)), 60.0)


def test_looking_ahead_costs_charging_and_no_standing() -> None:
    """55 m and a reserve of 2 m: one job is 50 m there, with it, and back to the charger; after each it charges."""
    r = played(aisle(battery(55.0, reserve=0.03), quantity=3), 2_000.0)
    assert done(r) == 3
    assert r.m[vehicle(r) + road.FLATS] == 0
    charged = [what for _, what in days(r)["v"]].count("charging")
    assert charged == 3
    assert last_exit_ns(r) / 1e9 == pytest.approx(10 + 29 + 1 + 2 * (25 + 50 / 55 * 100 + 29), abs=1e-3)
    assert math.isfinite(last_exit_ns(r))


@pytest.mark.parametrize("how", ["swap", "tow"])
def test_compiled_and_plain_leave_the_same_bits(how: str) -> None:
    for own in (battery(35.0, idle_w=9.0, how=how, charged_to=0.3), battery(70.0, idle_w=9.0, reserve=0.1)):
        site = aisle(own, recovery_s=77.0)
        image = compile_site(site, None, 3_000.0, asked(site, {}))
        ours, plain = (replicate(image, 2, 4, flavour=flavour) for flavour in ("compiled", "plain"))
        assert (ours.prints == plain.prints).all()
        assert (ours.words == plain.words).all()
