"""How often jobs come to a step, and what that asks of stations: rework, scrap, alternatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from control_kit import Kind, shop
from drawn_sites import change

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.stable import loads, warnings
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.models.simulate.visits import expected_visits
from andon.site.floor import Breakdown, Crew, OtherRoute, OtherStation, Outcome, Step
from andon.site.model import Site
from andon.site.pace import SetupTime


def _site(*outcomes: Outcome, every: float = 10.0, replace_scrap: bool = False, **step: object) -> Site:
    """Two stations of one and two seconds; the second step ends in `outcomes`."""
    site = line([Stage(constant(1.0)), Stage(constant(2.0)), Stage(constant(4.0))], exponential(every))
    product = site.products[0]
    last = change(product.route[1], outcomes=outcomes, **step)
    product = change(product, route=(product.route[0], last))
    demand = tuple(change(d, replace_scrap=replace_scrap) for d in site.demand)
    return change(site, products=(product,), demand=demand)


BACK = Outcome(share=0.25, to="s0")
TWICE = Outcome(share=0.5, to="s1", at_most=2)
SCRAP = Outcome(share=0.2, to="scrap")


@pytest.mark.parametrize(
    ("outcomes", "visits", "scrap"),
    [
        ((), (1.0, 1.0), 0.0),
        ((SCRAP,), (1.0, 1.0), 0.2),
        ((BACK,), (4 / 3, 4 / 3), 0.0),
        ((BACK, SCRAP), (4 / 3, 4 / 3), 0.2 * 4 / 3),
        ((TWICE,), (1.0, 1.75), 0.125),
        ((Outcome(share=1.0, to="s0"),), (math.inf, math.inf), 0.0),
    ],
)
def test_mean_visits_by_hand(outcomes: tuple[Outcome, ...], visits: tuple[float, float], scrap: float) -> None:
    found = expected_visits(_site(*outcomes).products[0])
    if math.isinf(visits[0]):
        assert any(math.isinf(n) for _, n in found.steps)
        return
    assert [n for _, n in found.steps] == pytest.approx(visits)
    assert found.scrap == pytest.approx(scrap)


def test_loads_are_what_the_engine_finds_machines_busy() -> None:
    """Rework, scrap that is replaced, another route, a step by chance elsewhere: shares of time within 3 %."""
    site = _site(
        BACK,
        SCRAP,
        replace_scrap=True,
        choice="probability",
        others=(OtherStation(station="s2", time="time2", share=0.4),),
    )
    other = OtherRoute(share=0.3, route=(Step(station="s2", time="time2"),))
    site = change(site, products=(change(site.products[0], other_routes=(other,)),))
    rows = replicate(compile_site(site, None, 50_000.0, asked(site, {})), 10, 3)
    for i, load in enumerate(loads(site, asked(site, {}))):
        busy = rows.station_share(i, at.BUSY)
        assert load.load == pytest.approx(float(np.mean(busy)), rel=0.03), load


def test_stations_that_share_a_step_are_full_only_together() -> None:
    site = _site(every=1.5, others=(OtherStation(station="s2", time="time1"),))
    assert warnings(site, asked(site, {})) == ()
    assert warnings(site, asked(site, {"every": 1.05})) == ()
    first, second = warnings(change(site, demand=(change(site.demand[0], quantity=2),)), asked(site, {}))
    assert first.startswith("station `s0` is asked for 133% of its time")
    assert second.startswith("stations `s1`, `s2` are asked for 133% of their time")


def test_faster_machines_learning_and_good_hours_count_as_what_they_can_be() -> None:
    """A load is a lower bound: nobody is told that a station cannot keep up when it may."""
    site = _site(every=1.5)
    assert "`s1` is asked for 133%" in warnings(site, asked(site, {}))[0]
    first, second, third = site.stations
    for words in (
        {"speed_of": {"m1-0": 1.5}},
        {"speeds": {"fast": {"factor": 1.4}}, "speed": "fast"},
        {"hours": ({"start": "00:00", "end": "12:00", "factor": 0.5},)},
        {"learning": {"rate": 0.9, "floor": 0.7}},
    ):
        quick = change(site, stations=(first, change(second, **words), third))
        assert not any("`s1`" in said for said in warnings(quick, asked(quick, {}))), words


def test_a_job_that_is_always_sent_back_is_said() -> None:
    said = warnings(_site(Outcome(share=1.0, to="s0")), asked(_site(), {}))
    assert "asked for endlessly many times of its time" in said[0]


def _mixed(quantity: int, machines: int, rows: tuple[SetupTime, ...] = ()) -> Site:
    """Two products of 4 s and of 6 s at one station that is set up between them, in orders of `quantity`."""
    kinds = [
        Kind(exponential(14.0 * quantity / machines), ((0, constant(4.0)),), quantity),
        Kind(exponential(28.0 * quantity / machines), ((0, constant(6.0)),), quantity),
    ]
    site = shop([Stage(constant(1.0), machines=machines, setup=constant(3.0))], kinds)
    return change(site, setups=rows)


PAIRS = (
    SetupTime(station="s0", from_product="p0", to_product="p1", minutes=0.02),
    SetupTime(station="s0", from_product="p1", to_product="p0", minutes=0.12),
)


@pytest.mark.parametrize(
    ("quantity", "machines", "rows"), [(1, 1, ()), (4, 1, ()), (1, 1, PAIRS), (1, 3, ()), (6, 3, ()), (2, 3, PAIRS)]
)
def test_set_ups_count_as_often_as_orders_change_the_product(
    quantity: int, machines: int, rows: tuple[SetupTime, ...]
) -> None:
    site = _mixed(quantity, machines, rows)
    found = replicate(compile_site(site, None, 60_000.0, asked(site, {})), 20, 3)
    taken = found.station_share(0, at.BUSY) + found.station_share(0, at.SETUP)
    assert float(found.station_share(0, at.SETUP).mean()) > 0.03
    (load,) = loads(site, asked(site, {}))
    assert load.load == pytest.approx(float(np.mean(taken)), rel=0.06 if machines > 1 else 0.03)


def test_a_station_that_set_ups_fill_is_told() -> None:
    """Half of its time to process, 57 % to set up; a rule that avoids set-ups may make it."""
    site = _mixed(1, 1)
    slow = asked(site, {"setup0": 12.0})
    assert "`s0` is asked for" in warnings(site, slow)[0]
    saving = change(site, stations=(change(site.stations[0], dispatch="setup-minimising"),))
    assert warnings(saving, asked(saving, {"setup0": 12.0})) == ()


def _skilled(all_rounders: int) -> Site:
    """Welding and painting, 6 s each every 10 s: welders, painters, and some who can do both."""
    site = line([Stage(constant(12.0), machines=2), Stage(constant(12.0), machines=2)], constant(10.0))
    first, second = site.stations
    crews = (
        Crew(id="welders", name="Welders", size={"all": 1}, skills=("weld",)),
        Crew(id="painters", name="Painters", size={"all": 1}, skills=("paint",)),
        Crew(id="both", name="Both", size={"all": all_rounders}, skills=("weld", "paint")),
    )
    return change(site, crews=crews, stations=(change(first, skill="weld"), change(second, skill="paint")))


def test_people_of_a_skill_are_asked_for_together() -> None:
    """Each station alone has enough people, and both together have not: 2.4 people's work, 2 people."""
    assert warnings(_skilled(1), asked(_skilled(1), {})) == ()
    (said,) = warnings(_skilled(1), asked(_skilled(1), {"time0": 18.0, "time1": 18.0}))
    assert said.startswith("crews `both`, `painters`, `welders` are asked for 120% of their time in the long run")


def test_people_who_only_set_up_or_repair_are_asked_for_too() -> None:
    site = _mixed(1, 1)
    crew = Crew(id="setters", name="Setters", size={"all": 1})
    down = Breakdown(time_to_failure="t-0-0", time_to_repair="setup0", crew="setters")
    other = change(site.stations[0], crew="setters", crew_for="setup")
    site = change(site, crews=(crew,), stations=(other,))
    setting = next(x for x in loads(site, asked(site, {})) if x.kind == "crew").load
    assert 0.1 < setting < 0.2
    mended = change(site, stations=(change(other, breakdown=down),))
    both = next(x for x in loads(mended, asked(mended, {})) if x.kind == "crew").load
    assert both == pytest.approx(
        setting + 0.5 * 3.0 / 4.0, rel=0.01
    )  # 2 s of 4 are processing, a repair of 3 s each 4 s
