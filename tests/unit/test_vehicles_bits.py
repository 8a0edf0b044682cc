"""Vehicles on roads, with batteries, breakdowns, closures and two fleets: the same bits, compiled or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from road_sites import edge, node, one, road_site

from andon.adapters.site_folder import load
from andon.core.time import SECOND
from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.live import live_state
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant
from andon.models.simulate.traffic import traffic
from andon.site.model import Site
from andon.site.roads import Edge

HALL = Path(__file__).parents[2] / "examples" / "vehicles-hall"
SHIFT_CHANGE = 1_767_620_400 * SECOND
"""Monday 5 January 2026, 13:40: the closure at 13:55 is near."""
SEEN = {
    "saw-1.state": "running",
    "cell-1.state": "blocked",
    "weld-rack.level": 3,
    "saw-rack.level": 5,
    "amr-1.state": "moving",
    "amr-2.state": "loading",
    "tug-1.state": "moving",
}
SEEN_WHOLE = SEEN | {
    "amr-1.node": "a1",
    "amr-1.next_node": "a2",
    "amr-1.since_node": 4.5,
    "amr-1.goal": "weld-stop",
    "amr-1.job": "bracket",
    "amr-1.charge": 0.4,
    "amr-2.node": "weld-stop",
    "amr-2.job": "",
    "amr-2.charge": 0.9,
    "amr-2.elapsed": 11.0,
    "amr-3.state": "charging",
    "amr-3.node": "c1",
    "amr-3.charge": 0.35,
    "tug-1.node": "b2",
    "tug-1.next_node": "b0",
    "tug-1.job": "frame",
    "tug-2.state": "down",
    "tug-2.node": "b3",
    "tug-2.job": "",
}


def hall() -> Site:
    site = load(HALL)
    assert isinstance(site, Site)
    return site


@pytest.mark.parametrize("live", [None, SEEN, SEEN_WHOLE], ids=["empty", "states", "whole"])
def test_compiled_and_plain_leave_the_same_bits(live: dict[str, Any] | None) -> None:
    site = hall()
    state = live_state(site, live, SHIFT_CHANGE) if live else None
    image = compile_site(site, state, 2 * 3600.0, asked(site, {}), start_ns=None if live else SHIFT_CHANGE)
    ours, plain = (replicate(image, 3, 4, flavour=flavour) for flavour in ("compiled", "plain"))
    assert (ours.prints == plain.prints).all()
    assert (ours.words == plain.words).all()
    assert (ours.done() > 0).all()


def test_a_warm_start_says_what_it_takes_for_granted() -> None:
    site = hall()
    state = live_state(site, SEEN, SHIFT_CHANGE)
    assert any("parking places" in text for text in state.sampled)
    whole = live_state(site, SEEN_WHOLE, SHIFT_CHANGE)
    told = [text for text in whole.sampled if "vehicle" in text or "`amr" in text or "`tug" in text]
    assert told == [
        "where `tug-1` drives to (without a job: taken as home)",
        "how long each vehicle has driven since its last repair",
    ]


def test_another_vehicle_has_a_parking_place_of_its_own() -> None:
    site = hall()
    change = asked(site, {"amr.vehicles": 5, "tugger.vehicles": 1})
    rows = replicate(compile_site(site, None, 3600.0, change), 1, 1, flavour="plain")
    assert len(rows.image.vehicles) == 6
    found = traffic(rows)
    assert found is not None
    assert all(sum(f.shares.values()) == pytest.approx(1.0) for f in found.fleets)
    assert found.fleets[0].loaded_km > 0.1


TREE = [edge("p1", "a"), edge("p2", "a"), edge("a", "b"), edge("b", "c")]
ENDS = [edge("p1", "a"), edge("p2", "c"), edge("a", "b"), edge("b", "c")]
LOOP = [edge("p1", "a"), edge("p2", "a"), one("a", "b"), one("b", "c"), one("c", "a")]
TWO = [edge("p1", "a"), edge("p2", "b"), one("a", "b"), one("b", "c"), one("c", "a")]


@pytest.mark.parametrize(("edges", "never"), [(TREE, 1), (ENDS, 0), (LOOP, 1), (TWO, 0)])
def test_ways_home_that_never_cross_are_known(edges: list[Edge], never: int) -> None:
    """Bays at one place: every way home leads on towards it; bays at two places: ways home lead both ways."""
    nodes = [node("p1", -5, parks="v1"), node("p2", -5, 5, parks="v2"), node("a", 0), node("b", 5), node("c", 10)]
    stages = [Stage(constant(10.0), capacity=9)] * 2
    site = road_site(stages, nodes, edges, ["b", "c"], handling=constant(4.0))
    image = compile_site(site, None, 60.0, asked(site, {}))
    assert image.memory[road.NET + road.NEVER_CROSS] == never


def test_how_many_words_hold_the_places_of_a_network_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    site = hall()
    change = asked(site, {"amr.vehicles": 6, "tugger.vehicles": 2})
    found = []
    for bits in (road.BITS, 7):
        monkeypatch.setattr(road, "BITS", bits)
        rows = replicate(compile_site(site, None, 2 * 3600.0, change), 2, 5, flavour="plain")
        words = int(rows.image.memory[rows.image.memory[road.ROADS] + road.HOME_WORDS])
        assert (words > 2) == (bits == 7)
        first = len(rows.image.machines)
        states = (at.MOVING, road.CARRYING, road.IN_TRAFFIC)
        shares = [rows.share(first + k, s).tolist() for k in range(len(rows.image.vehicles)) for s in states]
        found.append((rows.done().tolist(), rows.header(at.EVENTS).tolist(), shares))
    assert found[0] == found[1]
