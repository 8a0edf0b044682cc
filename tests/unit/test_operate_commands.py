"""From a proposal to a confirmed effect: what is recorded, what is sent, and everything that stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_world import (
    AMINA,
    JONAS,
    KIOSK,
    MARIA,
    RUNNING,
    TOM,
    TWIN,
    USE,
    WRITE,
    Shell,
    site,
    with_gateway,
    with_signal,
)

from andon.authority.records import RecordView
from andon.core.readings import Quality
from andon.core.refusals import Refusal
from andon.core.time import SECOND, Nanos
from andon.dispatch.command import command_of
from andon.ledger.record import NewRecord
from andon.operate import port, replies
from andon.operate.commands import recover
from andon.operate.outcome import FenceAndAsk, Result, SendCommand
from andon.operate.tick import Memory
from andon.site.model import Tier


@pytest.fixture
def shell() -> Shell:
    made = Shell()
    made.commission()
    return made


def accept(shell: Shell, name: str, who: port.Who = MARIA) -> object:
    return shell.submit(port.Decide(name, True, "agreed", looked=True), who)


def phase(shell: Shell, command: str) -> str:
    found = command_of(shell.view, command)
    assert found is not None
    return str(found.phase)


def test_the_positive_control_one_valid_command_is_written_exactly_once(shell: Shell) -> None:
    command = shell.command(185.0)
    assert shell.device.writes == [(command, WRITE, 185.0)]
    kinds = shell.kinds()
    assert kinds[-5:] == ["proposal", "decision", "command.intent", "command.sent", "command.outcome"]
    assert phase(shell, command) == "acknowledged"
    shell.pass_time(2)
    assert phase(shell, command) == "confirmed"
    assert shell.authority().tier is Tier.CONTROL
    shell.pass_time(300)
    assert len(shell.device.writes) == 1


def test_the_intent_is_durable_before_the_permit_and_carries_what_it_rests_on(shell: Shell) -> None:
    sent: list[tuple[SendCommand, list[str]]] = []
    run = shell.device.run

    def watched(effect: object, now: int) -> Result:
        if isinstance(effect, SendCommand):
            sent.append((effect, shell.kinds()))
        return run(effect, now)  # type: ignore[arg-type]

    shell.device.run = watched  # type: ignore[method-assign]
    command = shell.command(185.0)
    effect, kinds = sent[0]
    assert kinds[-2:] == ["decision", "command.intent"]
    assert (effect.value, effect.expected, effect.low, effect.high) == (185.0, 180.0, 160.0, 200.0)
    assert effect.epoch == shell.device.epoch
    assert effect.baseline == shell.authority().baseline
    intent = next(r for r in shell.ledger.rows if r.kind == "command.intent")
    assert intent.unique == command
    assert intent.payload["previous"] == 180.0
    assert intent.payload["by"] == "maria"


def test_undo_is_a_new_command_and_the_first_one_is_undone_when_it_is_confirmed(shell: Shell) -> None:
    first = shell.command(185.0)
    shell.pass_time(2)
    done = shell.must(port.Undo(first, "jobs are too soft"), MARIA)
    second = next(str(r.payload["command"]) for r in done if r.kind == "command.intent")
    assert phase(shell, first) == "confirmed"
    shell.pass_time(2)
    assert phase(shell, second) == "confirmed"
    assert phase(shell, first) == "undone"
    assert shell.device.values[WRITE] == 180.0
    assert shell.refused(port.Undo(first, "again"), MARIA) == {"phase", "no-change"}


def test_undo_goes_through_the_whole_gate(shell: Shell) -> None:
    first = shell.command(185.0)
    shell.pass_time(2)
    shell.must(port.Challenge("oven-1", "hazard"), KIOSK)
    assert "challenges" in shell.refused(port.Undo(first, "x"), MARIA)
    assert len(shell.device.writes) == 1


def test_an_acknowledgement_without_an_effect_is_found_out(shell: Shell) -> None:
    shell.device.lies = True
    command = shell.command(185.0)
    shell.pass_time(23)
    assert phase(shell, command) == "acknowledged"
    shell.pass_time(1)
    assert phase(shell, command) == "not-confirmed"
    assert "incident" in shell.kinds()
    assert shell.kinds().count("authority.lost") == 1
    assert shell.authority().tier is Tier.RECOMMEND
    shell.pass_time(60)
    assert shell.kinds().count("incident") == 1


def test_a_person_who_sets_something_else_is_recorded_and_never_fought(shell: Shell) -> None:
    command = shell.command(185.0)
    shell.pass_time(2)
    shell.at = Nanos(shell.at + 60 * SECOND)
    shell.device.values[WRITE] = 172.0
    shell.device.changed_at[WRITE] = shell.at
    shell.tick()
    incident = next(r for r in shell.ledger.rows if r.kind == "incident")
    assert incident.payload["kind"] == "override"
    assert incident.payload["about"] == command
    assert len(shell.device.writes) == 1
    assert shell.authority().tier is Tier.RECOMMEND
    shell.pass_time(120)
    assert shell.kinds().count("incident") == 1
    assert len(shell.device.writes) == 1


def test_without_an_answer_nobody_knows_and_the_asset_waits_for_a_person(shell: Shell) -> None:
    name = shell.propose()
    shell.device.run = lambda *_: Result(False, "timed out", phase="indeterminate")  # type: ignore[method-assign]
    accept(shell, name)
    command = str(shell.ledger.rows[-2].payload["command"])
    assert phase(shell, command) == "indeterminate"
    assert shell.authority().tier is Tier.RECOMMEND
    del shell.device.run
    shell.tick()
    assert shell.refused(port.Resolve(command, True, ""), AMINA) == {"reason"}
    shell.must(port.Resolve(command, True, "looked at the panel: 185"), AMINA)
    assert phase(shell, command) == "resolved"
    assert shell.refused(port.Resolve(command, True, "x"), AMINA) == {"phase"}
    assert shell.authority().tier is Tier.RECOMMEND, "it is not restored by the end of its cause"


def test_no_answer_is_asked_after_before_anybody_says_that_it_cannot_be_known(shell: Shell) -> None:
    name = shell.propose()
    shell.device.run = lambda *_: Result(False, "connection refused")  # type: ignore[method-assign]
    accept(shell, name)
    command = next(iter(shell.view.commands))
    assert phase(shell, command) == "sent"
    shell.pass_time(30)
    assert phase(shell, command) == "sent"
    blocked = shell.submit(port.Decide(shell.propose(187.0), True, "agreed", looked=True), MARIA)
    assert isinstance(blocked, Refusal)
    assert "in-flight" in {r.code for r in blocked.reasons}
    del shell.device.run
    shell.pass_time(1)
    assert phase(shell, command) == "void", "the gateway is back, and never saw it"


def test_a_gateway_that_stays_silent_leaves_it_to_a_person(shell: Shell) -> None:
    name = shell.propose()
    shell.device.run = lambda *_: Result(False, "connection refused")  # type: ignore[method-assign]
    accept(shell, name)
    shell.more["gateway"] = lambda f: replace(f.gateway, reachable=False)
    command = next(iter(shell.view.commands))
    shell.pass_time(59)
    assert phase(shell, command) == "sent"
    shell.pass_time(2)
    assert phase(shell, command) == "indeterminate"
    assert shell.kinds().count("incident") == 1


def test_after_a_restart_the_gateway_has_time_to_come_up(shell: Shell) -> None:
    name = shell.propose()
    shell.follow = lambda outcome: shell.append(outcome.records)  # type: ignore[method-assign]
    accept(shell, name)
    del shell.follow
    shell.at = Nanos(shell.at + 3600 * SECOND)
    shell.view, shell.memory = RecordView.of(shell.ledger.rows), Memory()
    shell.append([NewRecord("run.started", "twin", {"mbom": dict(RUNNING)})])
    shell.device.answers = False
    shell.follow(recover(shell.world()))
    command = next(iter(shell.view.commands))
    assert phase(shell, command) == "intended"
    shell.device.answers = True
    shell.pass_time(5)
    assert phase(shell, command) == "void"


@pytest.mark.parametrize("answer", ["void", "refused", "done", "ACKNOWLEDGED"])
def test_an_answer_that_is_not_understood_counts_as_not_knowing(shell: Shell, answer: str) -> None:
    name = shell.propose()
    shell.device.run = lambda *_: Result(True, "", phase=answer)  # type: ignore[method-assign]
    accept(shell, name)
    trace = next(iter(shell.view.commands.values()))
    assert trace.last_phase == (answer if answer in {"void", "refused"} else "indeterminate")


def test_an_answer_that_cannot_be_recorded_is_still_an_answer(shell: Shell) -> None:
    name = shell.propose()
    strange = {"before": float("nan"), "written_ns": 2**70}
    shell.device.run = lambda *_: Result(True, "", "acknowledged", strange)  # type: ignore[method-assign]
    accept(shell, name)
    assert shell.ledger.rows[-1].payload["measured"] == {"unreadable": True}


def test_after_a_crash_the_gateway_is_fenced_first_and_asked_second_and_nothing_is_sent_again(shell: Shell) -> None:
    name = shell.propose()
    shell.follow = lambda outcome: shell.append(outcome.records)  # type: ignore[method-assign]
    accept(shell, name)
    del shell.follow
    command = str(shell.ledger.rows[-1].payload["command"])
    shell.view = RecordView.of(shell.ledger.rows)
    outcome = recover(shell.world())
    assert outcome.effects == (FenceAndAsk(command, WRITE, "oven-1"),)
    before = shell.device.epoch
    shell.follow(outcome)
    assert shell.device.epoch > before
    assert phase(shell, command) == "void"
    assert shell.device.writes == []
    assert recover(shell.world()).effects == ()


def test_after_a_crash_behind_the_write_the_gateway_says_that_it_wrote(shell: Shell) -> None:
    name = shell.propose()
    run = shell.device.run

    def crash(effect: object, now: int) -> Result:
        run(effect, now)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    shell.device.run = crash  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        accept(shell, name)
    del shell.device.run
    shell.view, shell.memory = RecordView.of(shell.ledger.rows), Memory()
    shell.follow(recover(shell.world()))
    command = next(iter(shell.view.commands))
    assert phase(shell, command) == "acknowledged"
    shell.pass_time(2)
    assert phase(shell, command) == "confirmed"
    assert len(shell.device.writes) == 1


def test_a_command_without_an_answer_is_asked_after_by_the_clock_too(shell: Shell) -> None:
    name = shell.propose()
    shell.follow = lambda outcome: shell.append(outcome.records)  # type: ignore[method-assign]
    accept(shell, name)
    del shell.follow
    shell.pass_time(11)
    assert phase(shell, next(iter(shell.view.commands))) == "void"


REFUSED = (
    ("challenges", lambda s: s.must(port.Challenge("oven-1", "mismatch"), KIOSK)),
    ("approval", lambda s: s.must(port.Revoke(USE, "x"), AMINA)),
    ("baseline", lambda s: setattr(s, "site", site(digests={**site().digests, "assumptions": "2"}))),
    ("halt", lambda s: (s.must(port.Halt(), KIOSK), s.tick())),
    ("drift", lambda s: s.tick([{"use": USE, "statistic": 9.0, "threshold": 4.0}])),
    ("expired", lambda s: s.pass_time(901)),
)


@pytest.mark.parametrize(("code", "cause"), REFUSED, ids=[c for c, _ in REFUSED])
def test_what_happens_between_proposal_and_acceptance(shell: Shell, code: str, cause: object) -> None:
    name = shell.propose()
    cause(shell)  # type: ignore[operator]
    done = accept(shell, name)
    if code == "halt":
        assert not isinstance(done, Refusal)
    else:
        assert isinstance(done, Refusal)
        codes = {r.code for r in done.reasons}
        assert code in codes or (code == "expired" and "decided" in codes)
    assert shell.device.writes == []


@pytest.mark.parametrize(
    "change",
    [
        lambda f: with_signal(f, "oven-1.temperature", quality=Quality.UNCERTAIN),
        lambda f: with_signal(f, "oven-1.temperature", fresh=False),
        lambda f: with_signal(f, "oven-1.temperature", value=300.0),
        lambda f: replace(f, running={}),
        lambda f: replace(f, mode="replay"),
    ],
)
def test_what_is_true_at_the_moment_of_acceptance_decides(shell: Shell, change: object) -> None:
    name = shell.propose()
    shell.facts = lambda base=shell.facts: change(base())  # type: ignore[method-assign,operator]
    assert isinstance(accept(shell, name), Refusal)
    assert shell.device.writes == []


@pytest.mark.parametrize(
    "change",
    [
        lambda f: with_gateway(f, reachable=False),
        lambda f: with_signal(f, "oven-1.remote", value=False),
        lambda f: with_gateway(f, blocked=("oven-1",)),
    ],
)
def test_under_recommend_a_person_carries_it_out_and_that_is_said(shell: Shell, change: object) -> None:
    name = shell.propose()
    shell.facts = lambda base=shell.facts: change(base())  # type: ignore[method-assign,operator]
    shell.must(port.Decide(name, True, "agreed", looked=True), MARIA)
    assert shell.kinds()[-1] == "decision"
    assert "a person sets oven-1.setpoint to 185.0 Cel: the twin sends nothing" in shell.heard[-1]
    assert shell.device.writes == []


def test_one_acceptance_and_no_second_opinion(shell: Shell) -> None:
    name = shell.propose()
    shell.must(port.Decide(name, True, "agreed", looked=True), MARIA)
    assert "decided" in shell.refused(port.Decide(name, True, "me too"), MARIA)
    assert "decided" in shell.refused(port.Decide(name, False, "no"), JONAS)
    assert len(shell.device.writes) == 1


def test_two_who_accept_at_once_make_one_command(shell: Shell) -> None:
    from andon.operate.handle import handle

    name = shell.propose(who=TOM)
    request = port.Decide(name, True, "agreed", looked=True)
    both = [handle(request, who, shell.world(), shell.ids) for who in (MARIA, JONAS)]
    assert not any(isinstance(o, Refusal) for o in both)
    shell.follow(both[0])  # type: ignore[arg-type]
    with pytest.raises(Exception, match="R-"):
        shell.append(both[1].records)  # type: ignore[union-attr]
    assert len(shell.device.writes) == 1
    assert shell.kinds().count("command.intent") == 1


def test_every_reason_at_once(shell: Shell) -> None:
    name = shell.propose()
    shell.must(port.Challenge("oven-1", "timing"), KIOSK)
    shell.site = site(digests={**site().digests, "layout": "2"})
    codes = shell.refused(port.Decide(name, True, " "), JONAS)
    assert {"self-approval", "reason", "challenges", "baseline", "verified", "approval"} <= codes


def test_the_next_command_waits_for_the_one_in_flight(shell: Shell) -> None:
    shell.command(185.0)
    name = shell.propose(190.0)
    done = accept(shell, name)
    assert isinstance(done, Refusal)
    assert {r.code for r in done.reasons} == {"in-flight"}


def test_rejecting_needs_a_reason_and_no_tier(shell: Shell) -> None:
    name = shell.propose()
    shell.must(port.Revoke(USE, "x"), AMINA)
    assert shell.refused(port.Decide(name, False, ""), MARIA) == {"reason"}
    shell.must(port.Decide(name, False, "too hot for these seats"), MARIA)
    assert replies.recommendations(shell.view, shell.at) == []
    assert replies.recommendations(shell.view, shell.at, everything=True)[0]["state"] == "rejected"


def test_no_answer_in_time_counts_as_no(shell: Shell) -> None:
    shell.propose()
    shell.pass_time(901)
    decision = next(r for r in shell.ledger.rows if r.kind == "decision")
    assert (decision.payload["accept"], decision.actor) == (False, "")


def test_acceptance_without_looking_is_flagged_and_counts_as_control(shell: Shell) -> None:
    shell.more["gateway"] = lambda f: replace(f.gateway, reachable=False)
    for value in (181.0, 182.0, 183.0):
        name = shell.propose(value)
        shell.at = Nanos(shell.at + SECOND)
        shell.must(port.Decide(name, True, "ok"), MARIA)
    incident = next(r for r in shell.ledger.rows if r.kind == "incident")
    assert incident.payload["kind"] == "rubber-stamp"
    assert "maria" not in str(incident.payload)
    assert shell.authority().tier is Tier.ANALYSE
    shell.tick()
    assert shell.authority().tier is Tier.ANALYSE


@pytest.mark.parametrize("looked", [True, False])
def test_looking_first_or_taking_time_is_no_rubber_stamp(shell: Shell, looked: bool) -> None:
    shell.more["gateway"] = lambda f: replace(f.gateway, reachable=False)
    for value in (181.0, 182.0, 183.0, 184.0):
        name = shell.propose(value)
        shell.at = Nanos(shell.at + (1 if looked else 6) * SECOND)
        shell.must(port.Decide(name, True, "ok", looked=looked), MARIA)
    assert "incident" not in shell.kinds()


def test_the_third_hasty_acceptance_sends_nothing(shell: Shell) -> None:
    for value in (181.0, 182.0):
        name = shell.propose(value)
        shell.must(port.Decide(name, True, "ok"), MARIA)
        shell.pass_time(2)
    name = shell.propose(183.0)
    shell.must(port.Decide(name, True, "ok"), MARIA)
    assert len(shell.device.writes) == 2


@pytest.mark.parametrize(
    ("request_", "codes"),
    [
        (port.Propose(USE, "oven-1.temperature", 5.0, "x"), {"not-in-use"}),
        (port.Propose(USE, "nothing.at_all", 5.0, "x"), {"not-in-use"}),
        (port.Propose(USE, WRITE, 250.0, "x"), {"bounds"}),
        (port.Propose(USE, WRITE, float("nan"), "x"), {"bounds"}),
        (port.Propose(USE, WRITE, "hot", "x"), {"type"}),
        (port.Propose(USE, WRITE, 185.0, " "), {"reason"}),
        (port.Propose("floor-view", WRITE, 185.0, "x"), {"not-in-use"}),
        (port.Decide("R-99", True, "x"), {"no-recommendation"}),
        (port.Undo("C-99", "x"), {"no-command"}),
        (port.Resolve("C-99", True, "x"), {"no-command"}),
    ],
)
def test_refusals(shell: Shell, request_: port.Request, codes: set[str]) -> None:
    assert shell.refused(request_, MARIA) == codes


def test_the_twin_recommends_only_while_the_use_holds_recommend(shell: Shell) -> None:
    body = {"title": "hotter", "baseline": shell.authority().baseline, "effect": {"mean": 1.0}}
    shell.must(port.Recommend(USE, WRITE, 185.0, body), TWIN)
    assert shell.refused(port.Recommend(USE, WRITE, 185.0, body), TWIN) == {"open"}
    assert shell.refused(port.Recommend(USE, WRITE, 186.0, {"baseline": "sha256:old"}), TWIN) == {"baseline"}
    assert shell.refused(port.Recommend(USE, WRITE, 186.0, {"x": float("nan")}), TWIN) == {"body"}
    shell.must(port.Challenge("oven-1", "omission"), KIOSK)
    assert "challenges" in shell.refused(port.Recommend(USE, WRITE, 187.0, body), TWIN)


def test_a_recommendation_expires_when_it_says_and_never_later_than_a_day(shell: Shell) -> None:
    rows = ((181.0, str(shell.at + 60 * SECOND), 60), (182.0, str(2**62), 900), (183.0, "soon", 900), (184.0, "7", 900))
    for value, stated, life in rows:
        shell.must(port.Recommend(USE, WRITE, value, {"expires_ns": stated}), TWIN)
        assert shell.ledger.rows[-1].payload["expires_ns"] == str(shell.at + life * SECOND)


def test_from_an_effect_back_to_what_allowed_it(shell: Shell) -> None:
    command = shell.command(185.0)
    shell.pass_time(2)
    links = [link["what"] for link in replies.chain(shell.view, command)]
    assert {"verification", "validation", "approval for control", "proposal", "decision", "intent"} <= set(links)
    assert links[-2:] == ["acknowledged", "confirmed"]
    shown = replies.commands(shell.view)[0]
    assert (shown["id"], shown["phase"], shown["previous"]) == (command, "confirmed", 180.0)
    assert replies.chain(shell.view, "C-99") == ()
