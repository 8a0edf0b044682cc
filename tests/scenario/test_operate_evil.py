"""Forty attacks and faults: those that this level meets, each played out; for the others, where they are met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from small_world import (
    AMINA,
    CONFIRM,
    JONAS,
    KIOSK,
    MARIA,
    RUNNING,
    USE,
    WRITE,
    Shell,
    site,
    with_signal,
)

from andon.authority.records import RecordView
from andon.core.readings import Origin, Quality
from andon.core.refusals import Refusal
from andon.core.time import SECOND, Nanos
from andon.operate import port
from andon.operate.commands import recover
from andon.operate.handle import handle
from andon.operate.outcome import FenceAndAsk, HaltGateway, Outcome, Result, SendCommand
from andon.operate.tick import Memory
from andon.site.model import Tier

TEMP = "oven-1.temperature"
JONAS2 = port.Who("jonas2", ("supervisor", "engineer"))


def ready() -> tuple[Shell, str]:
    shell = Shell()
    shell.commission()
    return shell, shell.propose()


def accept(shell: Shell, name: str, who: port.Who = MARIA) -> Any:
    return shell.submit(port.Decide(name, True, "agreed", looked=True), who)


def facts_become(change: Callable[[Any], Any]) -> Callable[[Shell], None]:
    def turn(shell: Shell) -> None:
        shell.facts = lambda base=shell.facts: change(base())  # type: ignore[method-assign]

    return turn


def later(seconds: float) -> Callable[[Shell], None]:
    def turn(shell: Shell) -> None:
        shell.at = Nanos(shell.at + round(seconds * SECOND))

    return turn


# number, what happens between the proposal and its acceptance, the reason that must be among those given
BLOCKED: tuple[tuple[int, Callable[[Shell], Any], str], ...] = (
    (1, facts_become(lambda f: with_signal(f, TEMP, fresh=False, why="38 s old")), "fresh"),
    (2, facts_become(lambda f: replace(f, at=Nanos(f.at - 3600 * SECOND))), "clock"),
    (2, later(400 * 86_400), "expired"),
    (3, facts_become(lambda f: with_signal(f, TEMP, quality=Quality.BAD)), "quality"),
    (4, later(31 * 86_400), "verified"),
    (5, lambda s: s.must(port.Challenge("oven-1", "hazard"), KIOSK), "challenges"),
    (8, lambda s: setattr(s, "site", site(digests={**site().digests, "assumptions": "2"})), "baseline"),
    (10, facts_become(lambda f: replace(f, running={**RUNNING, "engine": "other"})), "mbom"),
    (11, lambda s: setattr(s, "site", site(digests={**site().digests, "layout": "2"})), "baseline"),
    (13, facts_become(lambda f: with_signal(f, TEMP, origin=Origin.SIMULATED)), "origin"),
    (24, facts_become(lambda f: with_signal(f, TEMP, quality=Quality.UNCERTAIN)), "good"),
)


@pytest.mark.parametrize(("number", "cause", "code"), BLOCKED, ids=[f"{n}-{c}" for n, _, c in BLOCKED])
def test_blocked_and_the_reason_is_given(number: int, cause: Callable[[Shell], Any], code: str) -> None:
    shell, name = ready()
    cause(shell)
    done = accept(shell, name)
    assert isinstance(done, Refusal), number
    assert code in {r.code for r in done.reasons}
    assert shell.device.writes == []
    assert "command.intent" not in shell.kinds()


def test_6_the_proposer_approves_their_own_change() -> None:
    shell, name = ready()
    assert "self-approval" in {r.code for r in accept(shell, name, JONAS).reasons}


def test_7_one_human_with_two_accounts() -> None:
    shell, name = ready()
    assert "self-approval" in {r.code for r in accept(shell, name, JONAS2).reasons}


def test_9_something_changes_between_check_and_send() -> None:
    shell, name = ready()
    outcome = handle(port.Decide(name, True, "agreed", looked=True), MARIA, shell.world(), shell.ids)
    assert isinstance(outcome, Outcome)
    shell.append(outcome.records)
    shell.must(port.Challenge("oven-1", "hazard"), KIOSK)
    for effect in outcome.effects:
        assert shell.device.run(effect, shell.at).phase == "refused"
    assert shell.device.writes == []


@pytest.mark.parametrize("value", [159.99, 200.01])
def test_12_just_outside_the_bounds(value: float) -> None:
    shell, _ = ready()
    assert shell.refused(port.Propose(USE, WRITE, value, "x"), JONAS) == {"bounds"}


def test_14_a_halt_does_not_end_by_itself_or_by_one_person() -> None:
    shell, name = ready()
    shell.must(port.Halt(), KIOSK)
    shell.must(port.Reset("gone", "aa"), MARIA)
    shell.pass_time(600)
    assert shell.device.halted == {"site"}
    assert shell.authority().tier is Tier.RECOMMEND
    assert "decided" not in shell.refused(port.Decide(name, True, "x", looked=True), JONAS)
    assert shell.device.writes == []


def test_16_a_full_ledger_stops_every_command_and_no_halt() -> None:
    shell, name = ready()
    shell.ledger.broken = True
    assert isinstance(accept(shell, name), Refusal)
    assert shell.device.writes == []
    outcome = handle(port.Halt(), KIOSK, shell.world(), shell.ids)
    assert isinstance(outcome, Outcome)
    assert outcome.records == ()
    assert isinstance(outcome.effects[0], HaltGateway)
    assert shell.device.run(outcome.effects[0], shell.at).ok


def test_25_a_part_that_is_stale_takes_the_whole_with_it() -> None:
    shell, _ = ready()
    facts_become(lambda f: with_signal(f, CONFIRM, fresh=False))(shell)
    assert shell.authority().tier is Tier.RECOMMEND


def test_26_two_who_accept_at_once_make_one_effect() -> None:
    shell, name = ready()
    request = port.Decide(name, True, "agreed", looked=True)
    two = [handle(request, who, shell.world(), shell.ids) for who in (MARIA, port.Who("maria", ("supervisor",)))]
    first, second = (o for o in two if isinstance(o, Outcome))
    shell.follow(first)
    with pytest.raises(Exception, match=name):
        shell.append(second.records)
    assert len(shell.device.writes) == 1


def test_28_a_crash_at_any_point_makes_at_most_one_effect() -> None:
    for point in range(4):
        shell, name = ready()
        outcome = handle(port.Decide(name, True, "agreed", looked=True), MARIA, shell.world(), shell.ids)
        assert isinstance(outcome, Outcome)
        if point > 0:
            shell.append(outcome.records)
        if point > 1:
            for effect in outcome.effects:
                shell.device.run(effect, shell.at)
        shell.view, shell.memory = RecordView.of(shell.ledger.rows), Memory()
        shell.follow(recover(shell.world()))
        shell.pass_time(60)
        assert len(shell.device.writes) <= 1
        assert not shell.view.unsettled


def test_29_30_a_halt_while_it_is_on_its_way_and_a_late_packet_after_the_reset() -> None:
    shell, name = ready()
    outcome = handle(port.Decide(name, True, "agreed", looked=True), MARIA, shell.world(), shell.ids)
    assert isinstance(outcome, Outcome)
    shell.append(outcome.records)
    (permit,) = (e for e in outcome.effects if isinstance(e, SendCommand))
    shell.must(port.Halt(), KIOSK)
    assert shell.device.run(permit, shell.at).phase == "refused"
    shell.must(port.Reset("gone", "aa"), MARIA)
    shell.must(port.Reset("gone", "bb"), AMINA)
    assert shell.device.run(permit, shell.at).phase == "refused"
    assert shell.device.writes == []


def test_31_a_revocation_in_flight_is_attributed() -> None:
    shell, name = ready()
    run = shell.device.run
    shell.device.run = lambda *a: (run(*a), Result(False, "no answer"))[1]  # type: ignore[method-assign]
    accept(shell, name)
    del shell.device.run
    shell.must(port.Revoke(USE, "noise"), AMINA)
    shell.pass_time(12)
    kinds = shell.kinds()
    assert kinds.index("command.intent") < kinds.index("approval.revoked") < kinds.index("command.outcome")
    assert next(iter(shell.view.commands.values())).last_phase in {"acknowledged", "confirmed"}


def test_33_with_the_gateway_down_the_halt_holds_and_is_told_when_it_is_back() -> None:
    shell, name = ready()
    shell.device.answers = False
    shell.must(port.Halt(), KIOSK)
    assert shell.authority().tier is Tier.RECOMMEND
    shell.must(port.Decide(name, True, "agreed", looked=True), MARIA)
    assert "command.intent" not in shell.kinds()
    shell.device.answers = True
    shell.tick()
    assert shell.device.halted == {"site"}


def test_27_what_comes_twice_takes_effect_once() -> None:
    shell, name = ready()
    accept(shell, name)
    command = next(iter(shell.view.commands))
    for _ in range(3):
        shell.follow(Outcome(effects=(FenceAndAsk(command, WRITE, "oven-1"),)))
    assert len(shell.device.writes) == 1
    assert [r.payload["phase"] for r in shell.ledger.rows if r.kind == "command.outcome"] == ["acknowledged"]


HERE = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 24, 25, 26, 27, 28, 29, 30, 31, 33}
ELSEWHERE = {
    "sync sets it aside": {17, 18, 19, 20, 21, 22, 23},
    "the ledger, its proofs and witnesses": {34, 35, 36, 37, 39},
    "the control room's alarms": {40},
    "no text from the floor has a path to a tool: imports": {38},
    "not built: no description of the control network, no vehicles under command": {15, 32},
}


def test_each_of_the_forty_is_placed() -> None:
    placed = HERE.union(*ELSEWHERE.values())
    assert placed == set(range(1, 41))
