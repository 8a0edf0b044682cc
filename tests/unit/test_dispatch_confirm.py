"""Confirmed means observed elsewhere: rows of what the other signal shows, and what is made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from small_world import CONFIRM, T0, USE, WRITE, fact, facts, signal, site

from andon.authority.records import RecordView
from andon.core.readings import Origin, Quality, Value
from andon.core.time import SECOND, Nanos
from andon.dispatch.command import Command, command_of
from andon.dispatch.confirm import differs, override, watch
from andon.dispatch.limits import change_reasons, value_reasons
from andon.dispatch.moves import Phase
from andon.ledger.record import Record

ACKED = T0 + 2 * SECOND


def view(*outcomes: tuple[str, int], value: Value = 185.0) -> RecordView:
    payload: dict[str, Any] = {
        "command": "C-1",
        "recommendation": "R-1",
        "use": USE,
        "signal": WRITE,
        "value": value,
        "unit": "Cel",
        "expected": 180.0,
        "previous": 180.0,
        "baseline": "sha256:b",
        "epoch": 7,
        "by": "maria",
        "undo_of": "",
    }
    records = [Record(0, "command.intent", T0, "maria", payload, "C-1")]
    for phase, at in outcomes:
        said = {"command": "C-1", "phase": phase, "why": "", "measured": {}}
        records.append(Record(len(records), "command.outcome", Nanos(at), "twin", said))
    return RecordView.of(records)


def command(*outcomes: tuple[str, int], **more: Any) -> Command:
    found = command_of(view(*(outcomes or (("acknowledged", ACKED),)), **more), "C-1")
    assert found is not None
    return found


SIGNAL = site().signal(WRITE)
GOOD = {"value": 185.0, "source_time": Nanos(T0 + 3 * SECOND)}
IN_TIME, LATE = T0 + 10 * SECOND, T0 + 26 * SECOND

ROWS: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({}, "confirmed", "confirmed"),
    ({"value": 185.4}, "confirmed", "confirmed"),
    ({"value": 185.6}, "waiting", "not-confirmed"),
    ({"value": 180.0}, "waiting", "not-confirmed"),
    ({"value": None}, "waiting", "not-confirmed"),
    ({"value": "185.0"}, "waiting", "not-confirmed"),
    ({"value": float("nan")}, "waiting", "not-confirmed"),
    ({"source_time": Nanos(T0 - 1)}, "waiting", "not-confirmed"),
    ({"source_time": None}, "waiting", "not-confirmed"),
    ({"source_time": Nanos(T0 + 22 * SECOND)}, "confirmed", "confirmed"),
    ({"source_time": Nanos(T0 + 23 * SECOND)}, "waiting", "not-confirmed"),
    ({"fresh": False}, "waiting", "not-confirmed"),
    ({"quality": Quality.UNCERTAIN}, "waiting", "not-confirmed"),
    ({"quality": Quality.BAD}, "waiting", "not-confirmed"),
    ({"origin": Origin.SIMULATED}, "waiting", "not-confirmed"),
    ({"origin": Origin.REPLAYED}, "waiting", "not-confirmed"),
)


@pytest.mark.parametrize(("change", "early", "late"), ROWS)
def test_what_the_other_signal_shows(change: dict[str, Any], early: str, late: str) -> None:
    for at, wanted in ((IN_TIME, early), (LATE, late)):
        now = facts(site(), at)
        seen = replace(now.signals[CONFIRM], **{**GOOD, **change})
        now = replace(now, signals={**now.signals, CONFIRM: seen})
        assert watch(command(), SIGNAL, now).state == wanted


def test_nothing_received_is_never_confirmed() -> None:
    now = facts(site(), LATE)
    rest = {k: v for k, v in now.signals.items() if k != CONFIRM}
    assert watch(command(), SIGNAL, replace(now, signals=rest)).state == "not-confirmed"


def test_a_signal_that_confirms_itself_confirms_nothing() -> None:
    own = signal(WRITE, confirm_signal=WRITE, confirm_tol=1.0, confirm_s=9.0)
    assert watch(command(), own, facts(site(), IN_TIME)).state == "not-confirmed"
    assert watch(command(), None, facts(site(), IN_TIME)).state == "not-confirmed"


def test_what_the_table_forbids_is_kept_visible_and_not_followed() -> None:
    void = command(("void", ACKED), ("acknowledged", ACKED))
    assert void.phase is Phase.VOID
    assert void.strange == (2,)


OVERRIDES: tuple[tuple[dict[str, Any], bool], ...] = (
    ({"value": 170.0}, True),
    ({"value": 185.0}, False),
    ({"value": 185.0001}, False),
    ({"value": 170.0, "source_time": Nanos(ACKED)}, False),
    ({"value": 170.0, "source_time": None}, False),
    ({"value": 170.0, "fresh": False}, False),
    ({"value": 170.0, "quality": Quality.BAD}, False),
    ({"value": 170.0, "origin": Origin.SIMULATED}, False),
    ({"value": None}, False),
)


@pytest.mark.parametrize(("change", "found"), OVERRIDES)
def test_somebody_else_set_another_value(change: dict[str, Any], found: bool) -> None:
    now = facts(site(), IN_TIME)
    at = {"source_time": Nanos(ACKED + SECOND), **change}
    now = replace(now, signals={**now.signals, WRITE: replace(now.signals[WRITE], **at)})
    for phases in ((("acknowledged", ACKED),), (("acknowledged", ACKED), ("confirmed", ACKED))):
        assert bool(override(command(*phases), now)) is found
    assert not override(command(("void", ACKED)), now)
    assert not override(command(("indeterminate", ACKED)), now)


@pytest.mark.parametrize(
    ("one", "two", "tolerance", "different"),
    [
        (185.0, 185.0, None, False),
        (185.3, 185.30000305, None, False),
        (185.0, 185.1, None, True),
        (185.0, 185.5, 0.5, False),
        (185.0, 185.51, 0.5, True),
        (312, 312.0, 0.0, False),
        (312, 321, 0.0, True),
        (True, True, None, False),
        (True, 1, None, True),
        ("a", "a", 9.0, False),
        ("a", 1, 9.0, True),
        (None, 1, 9.0, True),
        (float("nan"), 1.0, 9.0, True),
    ],
)
def test_different(one: Value | None, two: Value | None, tolerance: float | None, different: bool) -> None:
    assert differs(one, two, tolerance) is different


VALUES: tuple[tuple[str, Value, str], ...] = (
    (WRITE, 185.0, ""),
    (WRITE, 160.0, ""),
    (WRITE, 200.0, ""),
    (WRITE, 159.999, "bounds"),
    (WRITE, 200.001, "bounds"),
    (WRITE, float("nan"), "bounds"),
    (WRITE, float("inf"), "bounds"),
    (WRITE, True, "type"),
    (WRITE, "185", "type"),
    ("oven-1.temperature", 185.0, "not-writable"),
)


@pytest.mark.parametrize(("name", "value", "code"), VALUES)
def test_values_that_may_be_written(name: str, value: Value, code: str) -> None:
    found = site().signal(name)
    assert found is not None
    assert {r.code for r in value_reasons(found, value)} == ({code} if code else set())


CHANGES: tuple[tuple[tuple[tuple[str, int], ...], Value, Value | None, int, set[str]], ...] = (
    ((), 185.0, 180.0, 0, set()),
    ((), 190.0, 180.0, 0, set()),
    ((), 190.1, 180.0, 0, {"rate"}),
    ((), 180.3, 180.0, 0, {"no-change"}),
    ((), 185.0, None, 0, {"unknown-now"}),
    ((("acknowledged", ACKED), ("confirmed", ACKED)), 190.0, 185.0, 10, set()),
    ((("acknowledged", ACKED), ("confirmed", ACKED)), 191.0, 185.0, 10, {"rate"}),
    ((("acknowledged", ACKED), ("confirmed", ACKED)), 180.0, 185.0, 10, set()),
    ((("acknowledged", ACKED), ("confirmed", ACKED)), 179.0, 185.0, 10, {"rate"}),
    ((("acknowledged", ACKED), ("confirmed", ACKED)), 195.0, 185.0, 70, set()),
    ((("void", ACKED),), 190.0, 180.0, 10, set()),
    ((("acknowledged", ACKED),), 188.0, 185.0, 10, {"in-flight"}),
    ((("indeterminate", ACKED),), 185.0, 180.0, 900, {"in-flight"}),
)


@pytest.mark.parametrize(("before", "value", "current", "later", "codes"), CHANGES)
def test_changes_that_may_be_made_now(
    before: tuple[tuple[str, int], ...], value: Value, current: Value | None, later: int, codes: set[str]
) -> None:
    assert SIGNAL is not None
    records = view(*before) if before else RecordView()
    found = change_reasons(SIGNAL, value, current, records, facts(site(), T0 + later * SECOND))
    assert {r.code for r in found} == codes


def test_facts_of_this_test_are_what_they_seem() -> None:
    assert fact(CONFIRM, 1.0).fresh
