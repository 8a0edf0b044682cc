"""Every refusal of the gateway as a row, and every way a command can end. Pure: no process, no machine, no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.core.canonical import canonical
from andon.gateway import restore as restoring
from andon.gateway.bounds import Bounds, BoundsRefused, read_bounds, read_people
from andon.gateway.checks import MINUTE, near, pruned
from andon.gateway.decide import HALTS_MAX, OPEN_MAX, status, step
from andon.gateway.restore import restore, standing, were_reset, worth_keeping
from andon.gateway.state import (
    ENDED,
    MOVES,
    Asked,
    Begin,
    Broken,
    Change,
    Command,
    Durable,
    Effect,
    FilesRead,
    Halt,
    HaltAsked,
    Latch,
    Live,
    Note,
    Phase,
    RaiseEpoch,
    Read,
    Reply,
    ResetAsked,
    ResolveAsked,
    SaveEpoch,
    Settle,
    Settled,
    State,
    WasRead,
    Write,
    Wrote,
)
from andon.protocols.permit import Permit, bounds_statement, frame, reset_statement, sign_permit

TWIN, AMINA, JONAS = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
NOW = 1_000 * MINUTE
GOOD = Live(180.0, good=True, status="Good")
ON = Live(value=True, good=True, status="Good")


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


PEOPLE = {"amina": public(AMINA), "jonas": public(JONAS)}


def row(signal: str, **changes: Any) -> dict[str, Any]:
    base = {
        "signal": signal,
        "element": signal.split(".", maxsplit=1)[0],
        "source": "plant",
        "address": f"ns=2;s={signal}",
        "type": "float",
        "unit": "Cel",
        "min": 160,
        "max": 200,
        "max_rate": 10,
        "permissive_signal": "oven-1.remote",
    }
    return {**base, **changes}


ROWS = [
    row("oven-1.setpoint"),
    row("oven-2.setpoint", permissive_signal=None, max_rate=None),
    row("release.sequence", type="int", unit="1", min=123, max=321, max_rate=None, permissive_signal=None),
    row("line.enable", type="bool", unit="1", min=None, max=None, max_rate=None, permissive_signal=None),
]
DOCUMENT = {
    "v": 1,
    "sources": {"plant": {"url": "opc.tcp://127.0.0.1:4840/x", "security": "none"}},
    "signals": ROWS,
    "permissives": {"oven-1.remote": {"source": "plant", "address": "ns=2;s=oven-1.remote"}},
}


def signed(document: dict[str, Any], *keys: tuple[str, Ed25519PrivateKey]) -> bytes:
    statement = bounds_statement(document)
    return canonical({"document": document, "signatures": {name: key.sign(statement).hex() for name, key in keys}})


BOUNDS = read_bounds(signed(DOCUMENT, ("amina", AMINA), ("jonas", JONAS)), PEOPLE)
STATE = State(epoch=7, started=0, twin_key=public(TWIN), people=PEOPLE, bounds=BOUNDS, bounds_why="")
PERMIT = Permit("C-1", 7, "sha256:0", "oven-1.setpoint", 185.0, "Cel", 180.0, 0.5, 150.0, 190.0, NOW + 400_000_000)


def asked(state: State, permit: Permit, key: Ed25519PrivateKey = TWIN, now: int = NOW) -> tuple[State, list[Effect]]:
    after, effects = step(state, Asked(1, sign_permit(permit, key)), now)
    return after, list(effects)


def codes(effects: list[Effect]) -> set[str]:
    assert len(effects) == 1, effects
    (reply,) = effects
    assert isinstance(reply, Reply)
    assert reply.body["ok"] is False
    return {reason["code"] for reason in reply.body["reasons"]}


def checking(state: State = STATE, permit: Permit = PERMIT) -> State:
    after, effects = asked(state, permit)
    assert [type(effect) for effect in effects] == [Read]
    return after


def beginning(state: State = STATE, permit: Permit = PERMIT, live: Live = GOOD) -> State:
    after, effects = step(checking(state, permit), WasRead(permit.command, live, ON), NOW)
    assert [type(effect) for effect in effects] == [Begin]
    return after


def writing(state: State = STATE, permit: Permit = PERMIT, live: Live = GOOD) -> State:
    after, effects = step(beginning(state, permit, live), Durable(permit.command), NOW)
    assert [type(effect) for effect in effects] == [Write]
    return after


def settling(state: State = STATE) -> State:
    after, effects = step(writing(state), Wrote("C-1", "unknown", None, "no answer"), NOW)
    assert [type(effect) for effect in effects] == [Settle, Reply]
    return after


def done(value: float = 185.0) -> Live:
    return Live(value, good=True, status="Good")


BEFORE_READING: list[tuple[str, Callable[[State], State], dict[str, Any], set[str]]] = [
    ("old epoch", lambda s: s, {"epoch": 6}, {"old-epoch"}),
    ("epoch of the future", lambda s: s, {"epoch": 8}, {"old-epoch"}),
    ("just too late", lambda s: s, {"deadline": NOW - 1}, {"too-late"}),
    ("lives a nanosecond too long", lambda s: s, {"deadline": NOW + 500_000_001}, {"lives-too-long"}),
    ("halted", lambda s: replace(s, halts=(Halt("H", "site", "tom", "smoke"),)), {}, {"halted"}),
    ("element halted", lambda s: replace(s, halts=(Halt("H", "oven-1", "tom", ""),)), {}, {"halted"}),
    ("unknown scope halts all", lambda s: replace(s, halts=(Halt("H", "machining", "tom", ""),)), {}, {"halted"}),
    ("no bounds", lambda s: replace(s, bounds=None, bounds_why="one signature"), {}, {"no-bounds"}),
    ("no key", lambda s: replace(s, twin_key=None), {}, {"no-key"}),
    ("broken", lambda s: replace(s, broken="disk"), {}, {"cannot-record"}),
    ("not declared", lambda s: s, {"signal": "oven-3.setpoint"}, {"not-declared"}),
    ("unit", lambda s: s, {"unit": "K"}, {"unit"}),
    ("no unit", lambda s: s, {"unit": ""}, {"unit"}),
    ("just below", lambda s: s, {"value": 159.999}, {"outside-gateway-bounds"}),
    ("just above", lambda s: s, {"value": 200.001, "max": 300.0}, {"outside-gateway-bounds"}),
    ("outside the permit", lambda s: s, {"value": 190.5}, {"outside-permit-bounds"}),
    ("outside both", lambda s: s, {"value": 999.0}, {"outside-gateway-bounds", "outside-permit-bounds"}),
    ("a boolean for a number", lambda s: s, {"value": True}, {"type"}),
    ("text for a number", lambda s: s, {"value": "185"}, {"type"}),
    ("half an int", lambda s: s, {"signal": "release.sequence", "unit": "1", "value": 150.5}, {"type"}),
    ("a number for a boolean", lambda s: s, {"signal": "line.enable", "unit": "1", "value": 1}, {"type"}),
    (
        "everything at once",
        lambda s: replace(s, broken="disk"),
        {"epoch": 6, "unit": "K"},
        {"old-epoch", "unit", "cannot-record"},
    ),
]


@pytest.mark.parametrize(("name", "change", "permit", "expected"), BEFORE_READING, ids=[r[0] for r in BEFORE_READING])
def test_a_permit_is_refused_before_any_machine_is_asked(
    name: str, change: Callable[[State], State], permit: dict[str, Any], expected: set[str]
) -> None:
    state = change(STATE)
    after, effects = asked(state, replace(PERMIT, **permit))
    assert codes(effects) == expected
    assert after == state


def test_a_permit_of_another_key_is_refused() -> None:
    after, effects = asked(STATE, PERMIT, JONAS)
    assert codes(effects) == {"signature"}
    assert after == STATE


EDGES = [
    {"value": 160.0},
    {"value": 200.0, "max": None},
    {"value": 150.0 + 10, "min": 160.0},
    {"value": 190.0},
    {"deadline": NOW},
    {"deadline": NOW + 500_000_000},
    {"min": None, "max": None},
    {"value": 170},
]


@pytest.mark.parametrize("change", EDGES, ids=str)
def test_the_edge_itself_is_inside(change: dict[str, Any]) -> None:
    checking(permit=replace(PERMIT, **change))


AFTER_READING: list[tuple[str, State, Permit, Live | None, Live | None, set[str]]] = [
    ("unreachable", STATE, PERMIT, None, None, {"unreachable"}),
    ("status bad", STATE, PERMIT, Live(180.0, good=False, status="BadSensorFailure"), ON, {"live-not-good"}),
    ("no value", STATE, PERMIT, Live(None, good=True, status="Good"), ON, {"live-not-good"}),
    ("another type", STATE, PERMIT, Live("180", good=True, status="Good"), ON, {"live-not-good"}),
    ("just differs", STATE, PERMIT, done(180.51), ON, {"live-differs"}),
    ("permissive off", STATE, PERMIT, GOOD, Live(value=False, good=True, status="Good"), {"not-permitted"}),
    ("permissive bad", STATE, PERMIT, GOOD, Live(value=True, good=False, status="Bad"), {"not-permitted"}),
    ("permissive is one", STATE, PERMIT, GOOD, Live(1, good=True, status="Good"), {"not-permitted"}),
    ("permissive missing", STATE, PERMIT, GOOD, None, {"not-permitted"}),
]


@pytest.mark.parametrize(
    ("name", "state", "permit", "live", "permissive", "expected"),
    AFTER_READING,
    ids=[r[0] for r in AFTER_READING],
)
def test_a_permit_is_refused_by_what_the_machine_says(
    name: str, state: State, permit: Permit, live: Live | None, permissive: Live | None, expected: set[str]
) -> None:
    after, effects = step(checking(state, permit), WasRead("C-1", live, permissive, "gone"), NOW)
    assert codes(list(effects)) == expected
    assert after.commands == {}


RATES = [
    # changes before (minutes ago, amount), change now, allowed
    ((), 10.0, True),
    ((), 10.001, True),  # the gateway has run for long: on average slow enough
    (((0.5, 6.0),), 4.0, True),
    (((0.5, 6.0),), 4.01, True),  # half a minute allows 5 on average
    (((0.5, 6.0),), 5.01, False),
    (((0.99, 6.0), (0.1, 3.0)), 1.0, True),
    (((0.99, 6.0), (0.1, 3.0)), 1.01, False),
    (((1.01, 6.0), (0.1, 3.0)), 7.0, True),
    (((0.0, 10.0),), 0.001, False),
    (((3.0, 10.0),), 20.0, True),
    (((1.5, 10.0),), 15.01, False),
    (((1.5, 10.0),), 15.0, True),
    (((0.0, 6.0),), 4.0, True),
    (((0.0, 6.0),), 4.01, False),
    (((1.0, 6.0), (0.1, 3.0)), 7.0, True),  # a minute ago to the nanosecond is no longer the last minute
]


@pytest.mark.parametrize(("before", "amount", "allowed"), RATES)
def test_the_rate_that_was_signed_is_kept(
    before: tuple[tuple[float, float], ...], amount: float, allowed: bool
) -> None:
    changes = tuple(Change(int(NOW - ago * MINUTE), moved) for ago, moved in before)
    state = replace(STATE, changes={"oven-1.setpoint": changes})
    permit = replace(PERMIT, value=165.0 + amount, expected=165.0, max=None)
    _, effects = step(checking(state, permit), WasRead("C-1", done(165.0), ON), NOW)
    if allowed:
        assert [type(effect) for effect in effects] == [Begin]
    else:
        assert codes(list(effects)) == {"too-fast"}


def test_a_gateway_that_has_just_started_allows_one_minutes_change() -> None:
    state = replace(STATE, started=NOW)
    for value, expected in ((190.0, [Begin]), (190.01, [Reply])):
        permit = replace(PERMIT, value=value, max=None)
        _, effects = step(checking(state, permit), WasRead("C-1", GOOD, ON), NOW)
        assert [type(effect) for effect in effects] == expected


def test_a_minute_is_a_minute_and_only_what_a_rate_needs_is_kept() -> None:
    assert MINUTE == 60_000_000_000
    old, edge, fresh, last = Change(NOW - 2 * MINUTE, 1), Change(NOW - MINUTE, 2), Change(NOW - 5, 3), Change(NOW, 4)
    assert pruned((old, edge, fresh, last), NOW) == (fresh, last)
    assert pruned((old,), NOW) == (old,)
    assert pruned((), NOW) == ()


EXPECTED: list[tuple[Any, Any, float, bool]] = [
    (180.5, 180.0, 0.5, True),
    (179.5, 180.0, 0.5, True),
    (180.51, 180.0, 0.5, False),
    (179.49, 180.0, 0.5, False),
    (180, 180.0, 0.0, True),
    (180.001, 180.0, 0.0, False),
    (True, True, 9.0, True),
    (True, False, 9.0, False),
    (True, 1, 9.0, False),
    (1, True, 9.0, False),
    ("a", "a", 0.0, True),
    ("a", "b", 9.0, False),
    ("1", 1, 9.0, False),
]


@pytest.mark.parametrize(("value", "other", "tolerance", "equal"), EXPECTED)
def test_what_counts_as_the_same_value(value: Any, other: Any, tolerance: float, equal: bool) -> None:
    assert near(value, other, tolerance) is equal


@pytest.mark.parametrize(
    ("signal", "unit", "before", "after"),
    [("line.enable", "1", False, True), ("release.sequence", "1", 123, 321), ("oven-2.setpoint", "Cel", 160.0, 200.0)],
)
def test_signals_without_a_rate_or_a_permissive_are_written_too(
    signal: str, unit: str, before: Any, after: Any
) -> None:
    permit = replace(PERMIT, signal=signal, unit=unit, value=after, expected=before, tolerance=0.0, min=None, max=None)
    state, effects = step(checking(permit=permit), WasRead("C-1", Live(before, good=True, status="Good"), None), NOW)
    assert [type(effect) for effect in effects] == [Begin]
    state, _ = step(state, Durable("C-1"), NOW)
    state, effects = step(state, Wrote("C-1", "good", Live(after, good=True, status="Good")), NOW)
    assert state.commands["C-1"].phase == Phase.DONE
    assert bool(state.changes) == (signal != "line.enable")


def test_only_the_first_fault_of_a_live_value_is_named() -> None:
    _, effects = step(checking(), WasRead("C-1", done(100.0), ON), NOW)
    assert codes(list(effects)) == {"live-differs"}


def test_a_halt_holds_without_any_bounds_to_look_up() -> None:
    state = replace(STATE, bounds=None, halts=(Halt("H", "oven-1", "tom", ""),))
    assert codes(asked(state, PERMIT)[1]) == {"halted", "no-bounds"}
    elsewhere = replace(STATE, halts=(Halt("H", "oven-2", "tom", ""),))
    checking(elsewhere)
    checking(replace(STATE, halts=(Halt("H", "oven-2", "tom", ""),)), replace(PERMIT, value=170.0))


def test_sentences_name_who_and_what_comes_next() -> None:
    def said(state: State, permit: Permit = PERMIT) -> tuple[str, str]:
        (reply,) = asked(state, permit)[1]
        assert isinstance(reply, Reply)
        return reply.body["reasons"][0]["text"], reply.body["reasons"][0]["next_step"]

    halted = replace(STATE, halts=(Halt("H-1", "site", "tom", "smoke"),))
    assert said(halted)[0] == "halt `H-1` by tom covers `site`: smoke"
    unsaid = replace(STATE, halts=(Halt("H-1", "site", "", ""),))
    assert said(unsaid)[0] == "halt `H-1` by somebody covers `site`: no reason given"
    assert said(STATE, replace(PERMIT, deadline=NOW - 250_000_000))[0] == "permit ended 250 ms ago"
    long = replace(PERMIT, deadline=NOW + 700_000_000)
    assert said(STATE, long)[0] == "permit would live 700 ms more, 500 is the most"
    other = replace(PERMIT, command="C-2")
    assert said(writing(), other)[1] == "wait for its end"
    assert "resolve" in said(step(settling(), Settled("C-1", None), NOW)[0], other)[1]


def test_one_element_has_one_command_at_a_time() -> None:
    second = replace(PERMIT, command="C-2")
    for state in (checking(), beginning(), writing(), settling()):
        assert codes(asked(state, second)[1]) == {"blocked"}
        asked_elsewhere = replace(second, signal="oven-2.setpoint")
        assert [type(effect) for effect in asked(state, asked_elsewhere)[1]] == [Read]
    assert codes(asked(writing(), PERMIT)[1]) == {"already-seen"}


def test_an_id_is_taken_once_however_it_ended() -> None:
    for state in ended_states():
        (phase,) = {command.phase for command in state.commands.values()}
        again, effects = asked(state, PERMIT)
        assert "already-seen" in codes(effects), phase
        assert again == state


def ended_states() -> list[State]:
    return [
        step(writing(), Wrote("C-1", "good", done()), NOW)[0],
        step(writing(), Wrote("C-1", "good", GOOD), NOW)[0],
        step(writing(), Wrote("C-1", "refused", GOOD, "BadNotWritable"), NOW)[0],
        step(writing(), Wrote("C-1", "refused", done(170.0), "BadNotWritable"), NOW)[0],
        step(beginning(), Durable("C-1", "disk full"), NOW)[0],
        step(settling(), Settled("C-1", GOOD), NOW)[0],
        step(settling(), Settled("C-1", None), NOW)[0],
    ]


ENDS: list[tuple[str, str, Live | None, Phase, bool]] = [
    ("done", "good", done(), Phase.DONE, True),
    ("single precision", "good", done(185.00001), Phase.DONE, True),
    ("acknowledged and not done", "good", GOOD, Phase.FAILED, False),
    ("acknowledged and something else", "good", done(170.0), Phase.FAILED, False),
    ("refused", "refused", GOOD, Phase.FAILED, False),
    ("refused and done all the same", "refused", done(), Phase.DONE, True),
    ("refused and something else", "refused", done(170.0), Phase.INDETERMINATE, False),
    ("no answer", "unknown", None, Phase.SETTLING, False),
    ("no read back", "good", None, Phase.SETTLING, False),
    ("read back bad", "good", Live(185.0, good=False, status="Bad"), Phase.SETTLING, False),
]


@pytest.mark.parametrize(("name", "answer", "back", "phase", "ok"), ENDS, ids=[r[0] for r in ENDS])
def test_how_a_write_ends(name: str, answer: str, back: Live | None, phase: Phase, ok: bool) -> None:
    after, effects = step(writing(), Wrote("C-1", answer, back, "why"), NOW)
    assert after.commands["C-1"].phase == phase
    (reply,) = [effect for effect in effects if isinstance(effect, Reply)]
    assert (reply.ask, reply.body["ok"], reply.body["phase"]) == (1, ok, phase)
    assert ok or reply.body["reasons"]
    notes = [effect.entry["do"] for effect in effects if isinstance(effect, Note)]
    assert notes == ([] if phase == Phase.SETTLING else [phase])
    assert effects.index(reply) == len(effects) - 1, "what is answered is on disk before"


SETTLED: list[tuple[Live | None, Phase]] = [
    (done(), Phase.DONE),
    (GOOD, Phase.VOID),
    (done(170.0), Phase.INDETERMINATE),
    (None, Phase.INDETERMINATE),
    (Live(185.0, good=False, status="Bad"), Phase.INDETERMINATE),
]


@pytest.mark.parametrize(("back", "phase"), SETTLED)
def test_what_a_fenced_command_turns_out_to_be(back: Live | None, phase: Phase) -> None:
    after, effects = step(settling(), Settled("C-1", back), NOW)
    assert after.commands["C-1"].phase == phase
    assert [effect.entry["do"] for effect in effects if isinstance(effect, Note)] == [phase]
    assert ("oven-1" in status(after)["blocked"]) == (phase == Phase.INDETERMINATE)


def test_nothing_is_sent_before_the_intent_is_on_disk() -> None:
    _, effects = step(checking(), WasRead("C-1", GOOD, ON), NOW)
    (begin,) = effects
    assert isinstance(begin, Begin)
    assert begin.entry == {
        "do": "begun",
        "command": "C-1",
        "signal": "oven-1.setpoint",
        "element": "oven-1",
        "epoch": 7,
        "value": 185.0,
        "previous": 180.0,
        "baseline": "sha256:0",
    }
    after, effects = step(beginning(), Durable("C-1", "disk full"), NOW)
    assert after.broken == "disk full"
    assert [type(effect) for effect in effects] == [Note, Reply]


LATE: list[tuple[str, Callable[[State], State], int, str]] = [
    ("halt", lambda s: step(s, HaltAsked(2, "site", "tom", ""), NOW)[0], NOW, "halted"),
    ("epoch", lambda s: step(s, RaiseEpoch(2, "challenge"), NOW)[0], NOW, "old-epoch"),
    ("deadline", lambda s: s, NOW + 400_000_001, "too-late"),
    ("disk", lambda s: step(s, Broken("disk"), NOW)[0], NOW, "cannot-record"),
    ("bounds gone", lambda s: step(s, files(None), NOW)[0], NOW, "no-bounds"),
    ("bounds changed", lambda s: replace(s, bounds=narrower()), NOW, "bounds-changed"),
]


def files(bounds: Bounds | None, halts: tuple[Halt, ...] = ()) -> FilesRead:
    return FilesRead(public(TWIN), PEOPLE, bounds, "" if bounds else "gone", halts)


def narrower() -> Bounds:
    document = {**DOCUMENT, "signals": [row("oven-1.setpoint", max=184)]}
    return read_bounds(signed(document, ("amina", AMINA), ("jonas", JONAS)), PEOPLE)


@pytest.mark.parametrize(("name", "change", "now", "code"), LATE, ids=[r[0] for r in LATE])
def test_what_changes_between_check_and_write_still_stops_the_write(
    name: str, change: Callable[[State], State], now: int, code: str
) -> None:
    # After the first checks, before the machine was read.
    after, effects = step(change(checking()), WasRead("C-1", GOOD, ON), now)
    if code != "bounds-changed":
        assert code in codes(list(effects))
        assert after.commands == {}
    # After the intent was recorded, immediately before the write.
    after, effects = step(change(beginning()), Durable("C-1"), now)
    assert [type(effect) for effect in effects] == [Note, Reply]
    assert after.commands["C-1"].phase == Phase.VOID
    assert isinstance(effects[1], Reply)
    assert code in {reason["code"] for reason in effects[1].body["reasons"]}


def test_an_event_for_a_command_that_is_elsewhere_changes_nothing() -> None:
    for event in (WasRead("C-1", GOOD, ON), Durable("C-1"), Wrote("C-1", "good", done()), Settled("C-1", done())):
        assert step(STATE, event, NOW) == (STATE, ())
        for state in ended_states():
            assert step(state, event, NOW) == (state, ())


def test_a_halt_raises_the_epoch_first_and_is_on_disk_before_it_is_answered() -> None:
    after, effects = step(writing(), HaltAsked(2, "site", "tom", "smoke"), NOW)
    assert [type(effect) for effect in effects] == [SaveEpoch, Latch, Reply]
    assert after.epoch == 8
    assert after.halts == (Halt("H-8", "site", "tom", "smoke"),)
    reply = effects[2]
    assert isinstance(reply, Reply)
    assert reply.body["in_flight"] == ["C-1"]
    again, effects = step(after, HaltAsked(3, "site", "lena", ""), NOW)
    assert (again.epoch, again.halts) == (9, after.halts)
    assert [type(effect) for effect in effects] == [SaveEpoch, Latch, Reply]


def test_an_epoch_is_on_disk_before_it_is_answered_and_names_what_is_in_flight() -> None:
    after, effects = step(settling(), RaiseEpoch(2, "challenge"), NOW)
    assert after.epoch == 8
    assert effects == (SaveEpoch(8), Reply(2, {"ok": True, "epoch": 8, "in_flight": ["C-1"]}))


def test_the_epoch_after_a_start_is_above_the_saved_one_and_above_every_journalled_one() -> None:
    assert restore([], 41, NOW, "b")[0].epoch == 42
    _, begun = step(checking(), WasRead("C-1", GOOD, ON), NOW)
    assert restore(journal_of(*begun), 41, NOW, "b")[0].epoch == 42
    assert restore(journal_of(*begun), 0, NOW, "b")[0].epoch == 8


def test_halts_are_bounded_and_never_refused() -> None:
    state = STATE
    for number in range(HALTS_MAX + 5):
        state, effects = step(state, HaltAsked(1, f"place-{number}", "tom", ""), NOW)
        assert any(isinstance(effect, Latch) for effect in effects)
    assert [halt.scope for halt in state.halts[HALTS_MAX - 1 :]] == [f"place-{HALTS_MAX - 1}", "site"]


def test_the_largest_status_fits_one_frame() -> None:
    names = [f"{'x' * 120}-{number}.sp"[-128:] for number in range(300)]
    document = {**DOCUMENT, "signals": [row(name, element="e", permissive_signal=None) for name in names]}
    bounds = read_bounds(signed(document, ("amina", AMINA), ("jonas", JONAS)), PEOPLE)
    halts = tuple(Halt(f"H-{n}", "s" * 100, "w" * 200, "y" * 200) for n in range(HALTS_MAX + 1))
    stuck = {
        f"D-{n}": Command(f"D-{n}", "x.y", "e" * 60, 1, 1.0, Phase.INDETERMINATE, why="w" * 400)
        for n in range(OPEN_MAX)
    }
    assert frame(status(replace(STATE, bounds=bounds, halts=halts, commands=stuck)))
    with pytest.raises(BoundsRefused, match="more than 300"):
        read_bounds(signed({**document, "signals": ROWS * 101}, ("amina", AMINA), ("jonas", JONAS)), PEOPLE)


def test_a_reset_needs_two_people_the_halt_and_a_reason() -> None:
    halted, _ = step(STATE, HaltAsked(1, "site", "tom", ""), NOW)

    def ask(
        halt: str, reason: str, *keys: tuple[str, Ed25519PrivateKey], over: str = "H-8"
    ) -> tuple[State, list[Effect]]:
        signatures = {name: key.sign(reset_statement(over, reason)).hex() for name, key in keys}
        after, effects = step(halted, ResetAsked(2, (halt,), reason, signatures), NOW)
        return after, list(effects)

    both = (("amina", AMINA), ("jonas", JONAS))
    rows = [
        (ask("H-8", "checked", both[0]), {"two-people"}),
        (ask("H-8", "checked", both[0], ("jonas", AMINA)), {"two-people"}),
        (ask("H-8", "checked", *both, over="H-7"), {"two-people"}),
        (ask("H-9", "checked", *both, over="H-9"), {"no-such-halt"}),
        (ask("H-8", " ", *both), {"no-reason"}),
        (ask("H-8", "checked"), {"two-people"}),
    ]
    for (after, effects), expected in rows:
        assert codes(effects) == expected
        assert after == halted
    after, effects = ask("H-8", "checked", *both)
    assert after.halts == ()
    assert after.epoch == 9, "a permit from before the reset stays void"
    assert [type(effect) for effect in effects] == [SaveEpoch, Latch, Reply]


def test_a_reset_resumes_nothing() -> None:
    halted, _ = step(beginning(), HaltAsked(2, "site", "tom", ""), NOW)
    signatures = {n: k.sign(reset_statement("H-8", "ok")).hex() for n, k in (("amina", AMINA), ("jonas", JONAS))}
    reset, _ = step(halted, ResetAsked(3, ("H-8",), "ok", signatures), NOW)
    after, effects = step(reset, Durable("C-1"), NOW)
    assert after.commands["C-1"].phase == Phase.VOID
    assert not any(isinstance(effect, Write) for effect in effects)


def test_only_an_indeterminate_command_can_be_resolved() -> None:
    stuck, _ = step(settling(), Settled("C-1", None), NOW)
    for state in (STATE, writing(), *ended_states()[:3]):
        assert codes(list(step(state, ResolveAsked(2, "C-1", True, "jonas", "saw it"), NOW)[1])) == {
            "not-indeterminate"
        }
    for was_done, phase in ((True, Phase.DONE), (False, Phase.VOID)):
        after, effects = step(stuck, ResolveAsked(2, "C-1", was_done, "jonas", "saw it"), NOW)
        assert after.commands["C-1"].phase == phase
        assert status(after)["blocked"] == []
        assert [type(effect) for effect in effects] == [Note, Reply]


def test_files_that_change_raise_the_epoch_and_files_that_do_not_do_not() -> None:
    assert step(STATE, files(BOUNDS), NOW) == (STATE, ())
    for event in (files(None), files(narrower()), files(BOUNDS, (Halt("H", "site", "", ""),))):
        after, effects = step(STATE, event, NOW)
        assert after.epoch == 8
        assert effects == (SaveEpoch(8),)


def test_a_halt_that_is_in_memory_only_is_ended_by_nothing_but_its_reset() -> None:
    halted, _ = step(STATE, HaltAsked(1, "site", "tom", ""), NOW)
    assert step(halted, files(BOUNDS), NOW) == (halted, ()), "an empty latch file does not reset"
    assert step(halted, files(BOUNDS, halted.halts), NOW) == (halted, ())
    more, _ = step(halted, files(BOUNDS, (Halt("H", "oven-1", "", ""),)), NOW)
    assert {halt.id for halt in more.halts} == {"H", "H-8"}
    after, _ = step(halted, replace(files(BOUNDS), reset=were_reset([(b"", {"do": "reset", "halt": "H-8"})])), NOW)
    assert after.halts == ()


def test_open_commands_are_bounded() -> None:
    other = {f"D-{n}": Command(f"D-{n}", "x.y", f"e-{n}", 1, 1.0, Phase.INDETERMINATE) for n in range(OPEN_MAX)}
    assert codes(asked(replace(STATE, commands=other), PERMIT)[1]) == {"too-many"}


def test_every_move_of_a_command_is_in_the_table() -> None:
    events = [
        WasRead("C-1", GOOD, ON),
        Durable("C-1"),
        Durable("C-1", "disk"),
        *[Wrote("C-1", answer, back) for _, answer, back, _, _ in ENDS],
        *[Settled("C-1", back) for back, _ in SETTLED],
        ResolveAsked(2, "C-1", True, "j", "w"),
        ResolveAsked(2, "C-1", False, "j", "w"),
        RaiseEpoch(2, ""),
        HaltAsked(2, "site", "", ""),
    ]
    seen: set[tuple[Phase, Phase]] = set()
    states = [checking(), beginning(), writing(), settling(), *ended_states()]
    for state in states:
        for event in events:
            after, _ = step(state, event, NOW)
            if "C-1" in after.commands and after.commands["C-1"].phase != state.commands["C-1"].phase:
                seen.add((state.commands["C-1"].phase, after.commands["C-1"].phase))
    allowed = {(phase, to) for phase, tos in MOVES.items() for to in tos}
    restored = {(Phase.BEGINNING, Phase.SETTLING)}  # a restart finds an intent without an end
    assert seen == allowed - restored
    assert set(MOVES) == set(Phase)
    assert {phase for phase in Phase if not MOVES[phase]} == ENDED


# After a restart ------------------------------------------------------------------------------------------------------


def journal_of(*effects: Effect) -> list[dict[str, Any]]:
    stamp = {"at": str(NOW), "boot": "b", "wall": ""}
    return [{**effect.entry, **stamp} for effect in effects if isinstance(effect, Begin | Note)]


def test_a_command_without_an_end_is_fenced_after_a_restart_and_never_sent_again() -> None:
    _, begun = step(checking(), WasRead("C-1", GOOD, ON), NOW)
    state, effects = restore(journal_of(*begun), 7, NOW, "b")
    assert state.epoch == 8
    (settle,) = effects
    assert isinstance(settle, Settle)
    assert state.commands["C-1"].phase == Phase.SETTLING
    ready = replace(state, twin_key=STATE.twin_key, bounds=BOUNDS, people=PEOPLE)
    assert codes(asked(ready, replace(PERMIT, epoch=8))[1]) == {"already-seen"}
    assert codes(asked(ready, replace(PERMIT, epoch=8, command="C-2"))[1]) == {"blocked"}
    after, _ = step(ready, Settled("C-1", done()), NOW)
    assert after.commands["C-1"].phase == Phase.DONE
    assert after.changes["oven-1.setpoint"] == (Change(NOW, 5.0),)


def test_ends_changes_and_blocks_survive_a_restart() -> None:
    _, begun = step(checking(), WasRead("C-1", GOOD, ON), NOW)
    _, ended = step(writing(), Wrote("C-1", "good", done()), NOW)
    entries = journal_of(*begun, *ended)
    state, effects = restore(entries, 3, NOW + 5, "b")
    assert effects == ()
    assert state.epoch == 8, "above the epoch that was signed for, whatever the file said"
    assert state.commands["C-1"].phase == Phase.DONE
    assert state.changes["oven-1.setpoint"] == (Change(NOW, 5.0),)
    other_boot, _ = restore(entries, 3, 77, "c")
    assert other_boot.changes["oven-1.setpoint"] == (Change(77, 5.0),), "times of another boot count as now"
    nameless = [{**entry, "boot": ""} for entry in entries]
    assert restore(nameless, 3, 77, "")[0].changes == other_boot.changes, "a boot without a name is never the same one"
    stuck = journal_of(*begun, *step(settling(), Settled("C-1", None), NOW)[1])
    state, effects = restore(stuck, 3, NOW, "b")
    assert effects == ()
    assert status(state)["blocked"] == ["oven-1"]


def test_a_long_journal_keeps_what_a_restart_needs() -> None:
    def entries(number: int, **end: Any) -> list[dict[str, Any]]:
        name = f"C-{number}"
        begun = {
            "do": "begun",
            "command": name,
            "signal": f"s.{number % 3}",
            "element": "e",
            "epoch": 1,
            "value": 1,
            "previous": 0,
        }
        return [begun, *([{"do": "done", "command": name, "at": str(number), "boot": "b", **end}] if end else [])]

    listed = [*entries(0, moved=5.0), *entries(1)]
    for number in range(2, 10_100):
        listed += entries(number, moved=1.0 if number == 50 else 0.0)
    kept = worth_keeping(listed, 10**15, "b")
    names = [entry["command"] for entry in kept if entry["do"] == "begun"]
    assert {"C-0", "C-1", "C-50", "C-10099"} <= set(names)
    assert "C-2" not in names
    assert len(names) <= 10_003
    before, _ = restore(listed, 1, 10**15, "b")
    after, _ = restore(kept, 1, 10**15, "b")
    assert after.changes == before.changes
    assert [c.id for c in after.commands.values() if c.phase not in ENDED] == ["C-1"]
    assert worth_keeping(kept, 10**15, "b") == kept


@pytest.mark.parametrize(
    ("lines", "scopes"),
    [
        ([], []),
        ([(b"", {"do": "halt", "halt": "H-1", "scope": "oven-1", "who": "", "why": ""})], ["oven-1"]),
        ([(b"halt", None)], ["site"]),
        ([(b"x", {"do": "dance"})], ["site"]),
        ([(b"x", {"do": "halt"})], ["site"]),
        ([(b"x", {"do": "reset", "halt": 5})], ["site"]),
        (
            [
                (b"", {"do": "halt", "halt": "H-1", "scope": "oven-1"}),
                (b"", {"do": "halt", "halt": "H-2", "scope": ""}),
                (b"", {"do": "reset", "halt": "H-1"}),
                (b"", {"do": "reset", "halt": "H-9"}),
            ],
            ["site"],
        ),
    ],
)
def test_what_a_latch_file_says(lines: list[tuple[bytes, dict[str, Any] | None]], scopes: list[str]) -> None:
    assert [halt.scope for halt in standing(lines)] == scopes


def test_an_unreadable_line_of_the_latch_can_be_reset_by_its_own_name() -> None:
    (halt,) = standing([(b"halt", None)])
    assert standing([(b"halt", None), (b"", {"do": "reset", "halt": halt.id})]) == ()


# The bounds document --------------------------------------------------------------------------------------------------


def test_a_document_signed_by_two_people_is_taken() -> None:
    assert BOUNDS.signers == ("amina", "jonas")
    assert set(BOUNDS.signals) == {each["signal"] for each in ROWS}
    from andon.core.canonical import digest

    assert BOUNDS.digest == digest(ROWS)


BAD_DOCUMENTS: list[tuple[str, dict[str, Any], str]] = [
    ("version", {"v": 2}, "version 1"),
    ("more keys", {"more": 1}, "version 1"),
    ("http", {"sources": {"plant": {"url": "http://x", "security": "none"}}}, "opc.tcp"),
    ("security", {"sources": {"plant": {"url": "opc.tcp://x", "security": "None"}}}, "opc.tcp"),
    ("no source", {"sources": {}}, "no address"),
    ("no permissive", {"permissives": {}}, "permissive"),
    ("permissive elsewhere", {"permissives": {"oven-1.remote": {"source": "x", "address": "y"}}}, "no address"),
    ("twice", {"signals": [ROWS[0], ROWS[0]]}, "twice"),
    ("no range", {"signals": [row("a.b", min=None)]}, "no range"),
    ("range upside down", {"signals": [row("a.b", min=5, max=4)]}, "no range"),
    ("text", {"signals": [row("a.b", type="string")]}, "type `string`"),
    ("not a number", {"signals": [row("a.b", max_rate="fast")]}, "not a number"),
    ("boolean bound", {"signals": [row("a.b", min=False)]}, "not a number"),
    ("unknown field", {"signals": [row("a.b", colour="red")]}, "other fields"),
    ("missing field", {"signals": [{"signal": "a.b"}]}, "other fields"),
    ("not a row", {"signals": [5]}, "form"),
]


@pytest.mark.parametrize(("name", "change", "why"), BAD_DOCUMENTS, ids=[r[0] for r in BAD_DOCUMENTS])
def test_a_document_that_does_not_hold_is_refused(name: str, change: dict[str, Any], why: str) -> None:
    with pytest.raises(BoundsRefused, match=why):
        read_bounds(signed({**DOCUMENT, **change}, ("amina", AMINA), ("jonas", JONAS)), PEOPLE)


def test_one_signature_or_a_changed_document_is_refused() -> None:
    with pytest.raises(BoundsRefused, match="valid signature of amina; two different people"):
        read_bounds(signed(DOCUMENT, ("amina", AMINA)), PEOPLE)
    with pytest.raises(BoundsRefused, match="valid signature of nobody"):
        read_bounds(signed(DOCUMENT, ("amina", JONAS), ("jonas", AMINA)), PEOPLE)
    with pytest.raises(BoundsRefused, match="nobody"):
        read_bounds(signed(DOCUMENT, ("amina", AMINA), ("jonas", JONAS)).replace(b"160", b"100"), PEOPLE)
    for data in (b"", b"[]", b"{}", b'{"document":5,"signatures":{}}'):
        with pytest.raises(BoundsRefused):
            read_bounds(data, PEOPLE)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"a":5}', b'{"a":"zz"}', b'{"a":"00"}', b'{"":"' + b"0" * 64 + b'"}'])
def test_people_are_names_and_keys(data: bytes) -> None:
    with pytest.raises(BoundsRefused):
        read_people(data)


def ended_entries(name: str, at: int, boot: str = "b", moved: float = 0.0, signal: str = "s.x") -> list[dict[str, Any]]:
    begun = {"do": "begun", "command": name, "signal": signal, "element": "s", "epoch": 1, "value": 1, "previous": 0}
    return [begun, {"do": "done", "command": name, "at": str(at), "boot": boot, "moved": moved, "taken": True}]


def test_a_short_memory_keeps_what_is_open_what_is_last_and_what_a_rate_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoring, "ENDED_KEPT_MAX", 2)
    entries = [
        *ended_entries("C-old", NOW - 2 * MINUTE, moved=1.0),
        *ended_entries("C-other-boot", NOW - 1, boot="a", moved=1.0),
        *ended_entries("C-edge", NOW - MINUTE, moved=1.0),
        *ended_entries("C-recent", NOW - MINUTE + 1, moved=1.0),
        ended_entries("C-open", 0)[0],
        *ended_entries("C-still", NOW - 1),
        *ended_entries("C-last", NOW - 1, moved=1.0),
    ]
    names = [entry["command"] for entry in worth_keeping(entries, NOW, "b") if entry["do"] == "begun"]
    assert names == ["C-recent", "C-open", "C-still", "C-last"]
    few = ended_entries("C-1", NOW - 1)
    assert worth_keeping(few, NOW, "b") == few
    state, effects = restore(entries, 0, NOW, "b")
    assert list(state.commands) == ["C-open", "C-still", "C-last"]
    assert [effect.command.id for effect in effects if isinstance(effect, Settle)] == ["C-open"]
    assert state.commands["C-last"].taken
    assert list(restore(few, 0, NOW, "b")[0].commands) == ["C-1"]


def test_an_end_whose_beginning_is_gone_is_passed_over() -> None:
    stray = ended_entries("C-1", NOW)[1]
    state, effects = restore([stray, {"do": "dance", "command": "C-2"}], 4, NOW, "b")
    assert (state.commands, effects, state.epoch) == ({}, (), 5)
    assert were_reset([(b"x", None), (b"", {"do": "halt", "halt": "H"})]) == frozenset()
