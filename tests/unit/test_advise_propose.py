"""Advice: proposals that pay in the same futures, with intervals, limits, undo and a forecast that time will judge."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from andon.adapters.site_folder import load
from andon.advise.forecast import Check, compare, forecast, horizon_of
from andon.advise.proposal import Advice, Proposal, effect_of
from andon.advise.propose import CONFIRM, GAIN_MIN, WORSE_MAX, grid, propose
from andon.core.time import SECOND
from andon.models.simulate.live import LiveState, MachineNow
from andon.site.model import Site

VALVES = Path(__file__).parents[2] / "examples" / "valve-works"
NOON = 1_795_348_800 * SECOND + 3600 * SECOND
PLANNED = ("lathe-1", "lathe-2", "lathe-3", "mill-1", "mill-2", "washer-1", "oven-1", "oven-2", "bench-1", "bench-2")


def _site() -> Site:
    site = load(VALVES)
    assert isinstance(site, Site)
    return site


def _busy(sequence: int = 123, setpoint: float = 180.0) -> LiveState:
    """The ovens have a queue, and check valves wait for release behind the others."""
    machines = {name: MachineNow("running", "ball-valve", 60.0) for name in PLANNED}
    levels = {"turning-buffer": 12, "milling-buffer": 6, "washing-buffer": 5, "curing-buffer": 14}
    waiting = {"ball-valve": 12, "gate-valve": 8, "check-valve": 8}
    setpoints = {"oven-1": setpoint, "oven-2": setpoint}
    return LiveState(NOON, machines, levels, waiting=waiting, setpoints=setpoints, sequence=sequence)


@pytest.fixture(scope="module")
def advice() -> Advice:
    return propose(_site(), _busy(), seed=4)


@pytest.fixture(scope="module")
def proposals(advice: Advice) -> dict[str, Proposal]:
    return {p.kind: p for p in advice.proposals}


def test_a_busy_floor_gets_a_set_point_and_a_sequence(proposals: dict[str, Proposal]) -> None:
    assert set(proposals) == {"set-point", "sequence"}
    assert proposals["set-point"].use == "oven-set-point"
    assert proposals["set-point"].value > 180
    assert proposals["sequence"].use == "release-sequence"
    assert str(proposals["sequence"].value)[0] == "3", "check valves need no oven"


@pytest.mark.parametrize("kind", ["set-point", "sequence"])
def test_a_proposal_keeps_its_own_rule(kind: str, proposals: dict[str, Proposal]) -> None:
    effect = proposals[kind].effect
    assert effect.mean >= GAIN_MIN
    assert effect.probability_worse <= WORSE_MAX
    assert effect.low90 <= effect.mean <= effect.high90
    assert 0 < effect.monte_carlo_se < effect.high90 - effect.low90, "the mean is better known than one future"


@pytest.mark.parametrize("kind", ["set-point", "sequence"])
def test_a_proposal_says_everything_that_a_person_needs(kind: str, proposals: dict[str, Proposal]) -> None:
    body = json.loads(json.dumps(proposals[kind].body()))
    assert any("value" in fact for fact in body["why_now"]), "a measured fact"
    for name in ("leans_on", "not_represented", "alternatives", "limits", "sampled"):
        assert name in body
    assert body["leans_on"]
    assert body["not_represented"]
    assert body["undo"]["value"] == proposals[kind].now
    assert body["mark"] in {"accurate", "fragile", "guessing"}
    assert body["mark_why"]
    assert body["forecast"]["low90"] <= body["forecast"]["median"] <= body["forecast"]["high90"]
    assert Check.from_json(body["forecast"]["check"]) == proposals[kind].check
    assert body["replications"] == CONFIRM


def test_no_objective_is_about_people(proposals: dict[str, Proposal]) -> None:
    aims = {e.quantity for p in proposals.values() for e in (p.effect, *p.others)}
    assert aims <= {"jobs finished", "late orders avoided"}


def test_the_same_moment_and_seed_give_the_same_advice(advice: Advice) -> None:
    again = propose(_site(), _busy(), seed=4)
    assert [p.body() for p in again.proposals] == [p.body() for p in advice.proposals]


def test_without_evidence_nothing_is_accurate_and_outside_the_trials_it_is_a_guess() -> None:
    site = _site()
    assert all(p.mark.mark == "fragile" for p in propose(site, _busy(), seed=1).proposals)
    hot = propose(site, _busy(setpoint=158.0), seed=1)
    marks = {p.kind: p.mark.mark for p in hot.proposals}
    assert marks.get("set-point", "guessing") == "guessing", "the other oven is outside what was validated"


def test_a_set_point_stays_inside_bounds_trials_and_one_step(proposals: dict[str, Proposal]) -> None:
    found = proposals["set-point"]
    tried = [found.value, *(a["value"] for a in found.alternatives)]
    assert all(165 <= value <= 195 and abs(value - 180) <= 10 for value in tried)


def test_nothing_is_proposed_where_nothing_pays_and_the_reason_is_said() -> None:
    empty = LiveState(NOON, setpoints={"oven-1": 195.0, "oven-2": 195.0}, sequence=312)
    advice = propose(_site(), empty, seed=2)
    assert {n.kind for n in advice.nothing} | {p.kind for p in advice.proposals} == {"set-point", "sequence"}
    assert any(n.kind == "set-point" and "less than" in n.reason for n in advice.nothing)


def test_what_is_not_seen_is_not_changed() -> None:
    blind = dataclasses.replace(_busy(), setpoints={}, sequence=None)
    advice = propose(_site(), blind, seed=2)
    assert not advice.proposals
    assert all("not seen" in n.reason for n in advice.nothing)


@pytest.mark.parametrize(
    ("low", "high", "now", "expected"),
    [
        (170.0, 190.0, 180.0, [170.0, 175.0, 185.0, 190.0]),
        (165.0, 182.0, 178.0, [165.0, 170.0, 175.0, 180.0]),
        (180.0, 180.0, 180.0, []),
        (181.0, 184.0, 182.0, []),
    ],
)
def test_the_grid_of_set_points(low: float, high: float, now: float, expected: list[float]) -> None:
    assert grid(low, high, now) == expected


def test_the_forecast_of_the_shift() -> None:
    site = _site()
    made = forecast(site, _busy(), seed=3, replications=60)
    assert made.until_ns - made.at_ns == 11 * 3600 * SECOND, "to the end of the shift"
    data = json.loads(json.dumps(made.as_json()))
    total = data["quantities"][0]
    assert total["low90"] < total["median"] < total["high90"]
    assert data["bottleneck"]["station"] == "curing"
    assert data["mark"] == "fragile"
    assert Check.from_json(data["check"]).since_ns == made.at_ns


def test_near_the_end_of_a_shift_the_forecast_looks_into_the_next_one() -> None:
    assert horizon_of(_site(), NOON + (11 * 3600 - 600) * SECOND) == 4 * 3600.0


def _check() -> Check:
    return Check(0, 10, ("a.completed", "b.completed"), (8, 9, 10, 11, 12), (10, 20, 40, 20, 10))


@pytest.mark.parametrize(
    ("before", "after", "observed", "inside"),
    [
        ({"a.completed": 5, "b.completed": 1}, {"a.completed": 12, "b.completed": 4}, 10, True),
        ({"a.completed": 5, "b.completed": 1}, {"a.completed": 22, "b.completed": 4}, 20, False),
        ({"a.completed": 5, "b.completed": 1}, {"a.completed": 5, "b.completed": 1}, 0, False),
    ],
)
def test_forecast_and_outcome_are_compared(
    before: dict[str, int], after: dict[str, int], observed: int, inside: bool
) -> None:
    found = compare(_check(), before, after, 0.5)
    assert found is not None
    assert (found["observed"], found["inside_90"]) == (observed, inside)
    assert 0 < found["pit"] < 1


@pytest.mark.parametrize(
    "after", [{"a.completed": 1, "b.completed": 1}, {"a.completed": 9}, {"a.completed": "x", "b.completed": 2}, {}]
)
def test_a_counter_that_is_missing_or_ran_backwards_compares_nothing(after: dict[str, int]) -> None:
    assert compare(_check(), {"a.completed": 5, "b.completed": 1}, after, 0.5) is None


def test_the_transform_is_uniform_when_the_forecast_is_right() -> None:
    rng = np.random.default_rng(3)
    futures = rng.poisson(30, size=400)
    values, counts = np.unique(futures, return_counts=True)
    check = Check(0, 1, ("x.completed",), tuple(map(int, values)), tuple(map(int, counts)))
    pits = [check.pit(rng.poisson(30), rng.uniform()) for _ in range(2000)]
    assert abs(np.mean(pits) - 0.5) < 0.05
    assert abs(np.mean(np.array(pits) < 0.1) - 0.1) < 0.04
    surprises = [check.surprise(rng.poisson(32)) for _ in range(2000)]
    assert np.mean(np.array(surprises) <= 0.1) <= 0.1, "a model that is off by 7 % is no drift"


def test_an_effect_states_the_spread_of_one_future_and_the_error_of_the_mean_apart() -> None:
    rng = np.random.default_rng(1)
    effect = effect_of("jobs finished", "{jobs}", rng.normal(2.0, 3.0, size=10_000))
    assert effect.mean == pytest.approx(2.0, abs=0.1)
    assert effect.high90 - effect.low90 == pytest.approx(2 * 1.645 * 3.0, rel=0.05)
    assert effect.monte_carlo_se == pytest.approx(0.03, rel=0.05)
    assert effect.probability_worse == pytest.approx(0.2525, abs=0.02)
