"""How often jobs come to a step, and what that asks of stations: rework, scrap, alternatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drawn_sites import change

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.stable import loads, warnings
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.models.simulate.visits import expected_visits
from andon.site.floor import OtherRoute, OtherStation, Outcome, Step
from andon.site.model import Site


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
