"""What counts as evidence: comparisons, drills, checks and records, row by row; empty proves nothing."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_world import T0, TWIN, USE, WRITE, Shell, signal, site

from andon.core.canonical import canonical
from andon.core.readings import Value
from andon.evidence import mbom, rehearsal, sim_to_real, validation
from andon.evidence.rehearsal import CheckRun, HaltMeasured, UndoMeasured
from andon.evidence.validation import Comparison
from andon.operate.rehearse import requests
from andon.site import floor


def comparison(observed: float, low: float = 0.0, high: float = 10.0) -> Comparison:
    return Comparison("jobs", "{jobs}", (low + high) / 2, low, high, observed)


GOOD = [comparison(float(x)) for x in (1, 2, 3, 4, 5, 6, 7, 8, 9, 5)]


@pytest.mark.parametrize(
    ("comparisons", "valid", "certain"),
    [
        (GOOD, True, True),
        ([], False, False),
        (GOOD[:7], False, False),
        ([comparison(11.0)] * 10, False, False),
        ([*GOOD[:7], *[comparison(11.0)] * 3], True, True),
        ([*GOOD[:6], *[comparison(11.0)] * 4], False, False),
        ([comparison(9.9)] * 10, True, True),
        ([*GOOD, comparison(1000.0)], False, True),
    ],
)
def test_forecasts_against_outcomes(comparisons: list[Comparison], valid: bool, certain: bool) -> None:
    found = validation.judge(USE, comparisons, "virtual")
    assert [(f.kind, f.passed) for f in found] == [("validation", valid), ("uncertainty", certain)]
    assert all(f.measured["against"] == "virtual" for f in found)


def test_the_interval_score_is_the_published_one() -> None:
    assert comparison(5.0).score == 10.0
    assert comparison(12.0).score == pytest.approx(10.0 + 20.0 * 2.0)
    assert comparison(-1.0).score == pytest.approx(10.0 + 20.0 * 1.0)


@given(st.integers(1, 200), st.data())
def test_the_chance_of_so_few_is_a_chance(total: int, data: st.DataObject) -> None:
    inside = data.draw(st.integers(0, total))
    chance = validation.chance_of_so_few(inside, total)
    assert 0.0 <= chance <= 1.0 + 1e-9
    assert validation.chance_of_so_few(total, total) == pytest.approx(1.0)
    assert validation.chance_of_so_few(-1, total) == 0.0


@pytest.mark.parametrize(
    "broken",
    [{"median": None}, {"low90": math.nan}, {"high90": math.inf}, {"low90": 9.0, "high90": 1.0}, {"median": True}],
)
def test_a_broken_forecast_is_no_comparison(broken: dict[str, Any]) -> None:
    forecast = {"quantity": "jobs", "unit": "1", "median": 5.0, "low90": 1.0, "high90": 9.0}
    assert validation.compare(forecast, 4.0).inside
    with pytest.raises(ValueError, match="forecast"):
        validation.compare({**forecast, **broken}, 4.0)
    with pytest.raises(ValueError, match="finite"):
        validation.compare(forecast, math.nan)


STEP_SITE = site()
PLAN = rehearsal.plan(STEP_SITE, STEP_SITE.uses[2], {WRITE: 180.0, "oven-2.setpoint": 200.0})


def test_the_plan_demands_what_the_ceiling_demands() -> None:
    kinds = {u.id: rehearsal.plan(STEP_SITE, u, {}).kinds for u in STEP_SITE.uses}
    assert kinds["floor-view"] == ()
    assert kinds["throughput"] == ("verification", "validation", "uncertainty")
    assert kinds[USE][-2:] == ("undo-drill", "halt-drill")
    assert [(s.signal, s.previous, s.value) for s in PLAN.undo] == [
        (WRITE, 180.0, 182.0),
        ("oven-2.setpoint", 200.0, 198.0),
    ]


@pytest.mark.parametrize(
    ("more", "now", "value"),
    [
        ({}, 180.0, 182.0),
        ({}, 199.5, 197.5),
        ({"max_rate": 2.0}, 180.0, 181.0),
        ({"max_rate": 1.0}, 180.0, None),
        ({"confirm_tol": 3.0, "max_rate": None}, 180.0, 186.0),
        ({"type": "int", "max_rate": None}, 180, 182),
        ({"type": "bool", "min": None, "max": None}, True, False),
        ({"min": None}, 180.0, None),
        ({}, None, None),
        ({}, "hot", None),
    ],
)
def test_a_small_harmless_visible_change(more: dict[str, Any], now: Value | None, value: Value | None) -> None:
    base = STEP_SITE.signal(WRITE)
    assert base is not None
    changed = base.model_copy(update=more)
    the_site = site(signals=tuple(changed if s.id == WRITE else s for s in STEP_SITE.signals))
    planned = rehearsal.plan(the_site, the_site.uses[2], {WRITE: now} if now is not None else {})
    made = {s.signal: s.value for s in planned.undo}
    assert made.get(WRITE) == value
    assert (value is None) == any(WRITE in text for text in planned.cannot)


def test_an_order_of_release_is_changed_into_another_order() -> None:
    row = signal(
        "turning-buffer.sequence", type="int", writable=True, min=123.0, max=321.0, confirm_signal="oven-1.remote",
        confirm_tol=0.0, confirm_s=5.0, permissive_signal="oven-1.remote",
    )  # fmt: skip
    release = floor.Release(wip_limit=9, sequence_signal="turning-buffer.sequence")
    control = STEP_SITE.uses[2].model_copy(update={"writes": ("turning-buffer.sequence",)})
    the_site = site(signals=(*STEP_SITE.signals, row), release=release)
    for now, wanted in ((123, 132), (312, 321), (321, 312), (111, None)):
        planned = rehearsal.plan(the_site, control, {"turning-buffer.sequence": now})
        assert [s.value for s in planned.undo] == ([] if wanted is None else [wanted])


def undo(**more: Any) -> list[UndoMeasured]:
    return [
        replace(UndoMeasured(WRITE, 3.0, 4.0, 180.1, 2), **more),
        UndoMeasured("oven-2.setpoint", 3.0, 4.0, 200.0, 2),
    ]


@pytest.mark.parametrize(
    ("measured", "passed"),
    [
        (undo(), True),
        (undo()[:1], False),
        ([], False),
        (undo(confirmed_s=None), False),
        (undo(undone_s=None), False),
        (undo(undone_s=20.1), False),
        (undo(undone_s=-1.0), False),
        (undo(left_at=182.0), False),
        (undo(left_at=None), False),
        (undo(writes=1), False),
        (undo(writes=3), False),
    ],
)
def test_undo_drill(measured: list[UndoMeasured], passed: bool) -> None:
    found = rehearsal.judge_undo(PLAN, measured)
    assert found.passed is passed
    canonical(dict(found.measured))


def test_a_plan_with_nothing_to_undo_or_with_something_that_cannot_be_undone_proves_nothing() -> None:
    assert not rehearsal.judge_undo(replace(PLAN, undo=()), []).passed
    assert not rehearsal.judge_undo(replace(PLAN, cannot=("x",)), undo()).passed


HALT = HaltMeasured(0.02, 0, True, True, True, True, False)


@pytest.mark.parametrize(
    ("more", "passed"),
    [
        ({}, True),
        ({"latched_s": 1.01}, False),
        ({"latched_s": None}, False),
        ({"latched_s": -0.1}, False),
        ({"writes_after": 1}, False),
        ({"survives_restart": False}, False),
        ({"works_without_twin": False}, False),
        ({"one_person_refused": False}, False),
        ({"two_people_reset": False}, False),
        ({"resumed_by_itself": True}, False),
    ],
)
def test_halt_drill(more: dict[str, Any], passed: bool) -> None:
    found = rehearsal.judge_halt(USE, replace(HALT, **more))
    assert found.passed is passed
    assert bool(found.measured["faults"]) is not passed
    assert not rehearsal.judge_halt(USE, None).passed


def check(name: str, passed: bool = True) -> CheckRun:
    return CheckRun(name, passed, {"error": 0.0})


@pytest.mark.parametrize(
    ("checks", "required", "passed"),
    [
        ([check("a"), check("b"), check("c")], [], True),
        ([check("a"), check("b")], [], False),
        ([], [], False),
        ([check("a"), check("a"), check("a")], [], False),
        ([check("a"), check("b"), check("c", passed=False)], [], False),
        ([check("a"), check("b"), check("c")], ["d"], False),
        ([check("a"), check("b"), check("c")], ["c"], True),
    ],
)
def test_verification(checks: list[CheckRun], required: list[str], passed: bool) -> None:
    assert rehearsal.judge_verification(USE, checks, required).passed is passed


def test_the_sim_to_real_record_says_what_was_not_tested() -> None:
    use = STEP_SITE.uses[2]
    nothing = sim_to_real.found(STEP_SITE, use)
    assert not nothing.passed
    assert nothing.measured["untested"] == list(sim_to_real.STRESSES)
    assert "demand" in nothing.measured["not_represented"]
    tested = sim_to_real.found(STEP_SITE, use, tested={"blockage": True})
    assert tested.passed
    assert "blockage" not in tested.measured["untested"]
    assert not sim_to_real.found(STEP_SITE, use, tested={"blockage": False}).passed
    assert tested.measured["worker_behaviours_excluded"]
    assert any("oven-1.temperature" in text for text in tested.measured["monitors_that_reopen"])
    json.dumps(tested.measured, allow_nan=False)


def test_the_bill_of_materials_changes_with_what_runs() -> None:
    one = mbom.running({"a.py": b"1"}, {"python": "3.11"})
    assert one == mbom.running({"a.py": b"1"}, {"python": "3.11", "numba": ""})
    assert one != mbom.running({"a.py": b"2"}, {"python": "3.11"})
    assert one != mbom.running({"a.py": b"1"}, {"python": "3.13"})
    assert one != mbom.running({"a.py": b"1"}, {"python": "3.11"}, {"p": b"forbid"})
    assert "engine" not in mbom.running({}, {"python": "3.11"})
    document = mbom.document(STEP_SITE, one)
    assert document["components"] == one
    assert document["integrations"][0]["virtual"] is True
    canonical(document)


def test_what_was_found_goes_through_the_one_path() -> None:
    shell = Shell()
    found = [
        rehearsal.judge_undo(PLAN, undo()),
        rehearsal.judge_halt(USE, HALT),
        *validation.judge(USE, GOOD, "virtual"),
        sim_to_real.found(STEP_SITE, STEP_SITE.uses[2], tested={"blockage": True}),
    ]
    for request in requests(found):
        shell.must(request, TWIN)
    assert [r.payload["passed"] for r in shell.ledger.rows] == [True] * 5
    assert validation.expires(T0, 1.0) == T0 + 86_400 * 10**9
