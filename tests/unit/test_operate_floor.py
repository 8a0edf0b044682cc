"""Challenge and halt: for anyone, at once; and what it takes to end either."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_world import AMINA, JONAS, KIOSK, MARIA, RUNNING, T0, TOM, USE, WRITE, Shell, site

from andon.authority.baseline import leaning
from andon.authority.records import RecordView
from andon.core.refusals import Refusal
from andon.core.time import SECOND, Nanos
from andon.ledger.record import NewRecord
from andon.operate import port, replies
from andon.operate.floor import reason_to_sign, shift_at
from andon.operate.tick import START_S, Memory
from andon.site import floor
from andon.site import model as m
from andon.site.model import Tier

HOUR = 3600 * SECOND
JONAS2 = port.Who("jonas2", ("supervisor", "engineer"))


@pytest.fixture
def shell() -> Shell:
    made = Shell()
    made.commission()
    return made


# --- challenge


def test_a_challenge_needs_nobody_signed_in_and_suspends_at_once(shell: Shell) -> None:
    before = shell.device.epoch
    record = shell.must(port.Challenge("oven-1", "mismatch", "it runs hotter than you think"), KIOSK)[0]
    assert shell.device.epoch == before + 1, "before anybody has a receipt"
    assert shell.authority().tier is Tier.ANALYSE
    assert str(record.payload["id"]) in shell.heard[-1]
    shell.tick()
    assert shell.kinds()[-1] == "authority.lost"
    lost = shell.ledger.rows[-1].payload["lost"]
    assert any(row["requirement"] == "challenges" and "CH-" in row["why"] for row in lost)


def test_who_challenged_is_nowhere_and_the_hour_tells_nothing(shell: Shell) -> None:
    shell.at = Nanos(T0 + 1234 * SECOND)
    record = shell.must(port.Challenge("oven-1", "timing"), replace(TOM, station="curing"))[0]
    assert record.actor == ""
    assert "tom" not in str(record.payload).lower()
    assert int(record.payload["deadline_ns"]) % HOUR == 0
    assert record.payload["shift"] == shift_at(shell.site, shell.at)
    shown = replies.challenges(shell.view)[0]
    assert "at_ns" not in shown
    assert shown["shift"]


@pytest.mark.parametrize(("reason", "hours"), [("hazard", 1), ("mismatch", 24), ("omission", 24)])
def test_an_answer_is_due(shell: Shell, reason: port.ChallengeReason, hours: int) -> None:
    record = shell.must(port.Challenge("oven-1", reason), KIOSK)[0]
    wait = int(record.payload["deadline_ns"]) - shell.at
    assert hours * HOUR <= wait < (hours + 1) * HOUR
    shell.at = Nanos(int(record.payload["deadline_ns"]))
    shell.tick()
    overdue = [r for r in shell.ledger.rows if r.kind == "incident"]
    assert [r.payload["kind"] for r in overdue] == ["challenge-overdue"]
    shell.pass_time(9)
    assert shell.kinds().count("incident") == 1


def test_only_a_hazard_is_never_put_off(shell: Shell) -> None:
    for _ in range(30):
        shell.must(port.Challenge("oven-1", "route"), KIOSK)
    assert shell.refused(port.Challenge("oven-1", "route"), KIOSK) == {"rate"}
    shell.must(port.Challenge("oven-1", "hazard"), KIOSK)
    shell.must(port.Challenge("oven-1", "route"), replace(KIOSK, station="turning"))
    shell.at = Nanos(shell.at + HOUR)
    shell.must(port.Challenge("oven-1", "route"), KIOSK)


def test_a_place_that_is_not_there_gets_a_hint(shell: Shell) -> None:
    done = shell.submit(port.Challenge("ovn-1", "hazard"), KIOSK)
    assert isinstance(done, Refusal)
    assert "oven-1" in done.sentence()


@pytest.mark.parametrize(
    ("place", "suspended"),
    [
        ("oven-1", {USE, "floor-view"}),
        ("oven-2", {USE, "floor-view"}),
        ("curing", {USE, "floor-view"}),
        ("curing-buffer", {USE, "floor-view"}),
        ("hall", {USE, "floor-view", "throughput"}),
        ("testers", {USE, "floor-view", "throughput"}),
        ("lathe-1", {"floor-view", "throughput"}),
        ("turning", {"floor-view", "throughput"}),
        ("site", {USE, "floor-view", "throughput"}),
        ("never heard of", {USE, "floor-view", "throughput"}),
    ],
)
def test_what_leans_on_a_place(place: str, suspended: set[str]) -> None:
    assert set(leaning(site(), place)) == suspended


def test_a_place_that_no_signal_touches_bears_on_whatever_simulates_the_floor() -> None:
    yard = m.Element(id="yard", kind=m.ElementKind.FACILITY, name="yard", area="hall", x_m=0, y_m=0)
    base = site()
    assert set(leaning(site(elements=(*base.elements, yard)), "yard")) == {USE, "throughput"}


def test_an_answer_gives_nothing_back_by_itself(shell: Shell) -> None:
    receipt = str(shell.must(port.Challenge("oven-1", "mismatch"), KIOSK)[0].payload["id"])
    shell.tick()
    assert shell.refused(port.AnswerChallenge(receipt, "mended", ""), MARIA) == {"reason"}
    shell.must(port.AnswerChallenge(receipt, "upheld", "the sensor drifts"), MARIA)
    assert shell.authority().tier is Tier.ANALYSE
    assert "challenges" in {r.id for r in shell.authority().missing(Tier.RECOMMEND)}
    shell.must(port.AnswerChallenge(receipt, "mended", "sensor replaced"), AMINA)
    assert shell.refused(port.AnswerChallenge(receipt, "mended", "again"), AMINA) == {"answered"}
    assert {r.id for r in shell.authority().missing(Tier.CONTROL)} == {"approval", "approval-control"}
    shell.must(port.RequestTier(USE, Tier.CONTROL, "mended"), JONAS)
    shell.must(port.Approve(USE, Tier.CONTROL, "seen"), AMINA)
    assert shell.authority().tier is Tier.CONTROL
    assert [c["open"] for c in replies.challenges(shell.view)] == [False]


def test_nobody_answers_what_their_own_proposal_waits_on(shell: Shell) -> None:
    shell.propose(who=JONAS)
    receipt = str(shell.must(port.Challenge("oven-1", "mismatch"), KIOSK)[0].payload["id"])
    for who in (JONAS, JONAS2):
        assert shell.refused(port.AnswerChallenge(receipt, "not-upheld", "nonsense"), who) == {"interest"}
    assert shell.refused(port.AnswerChallenge("CH-99", "mended", "x"), MARIA) == {"no-challenge"}
    shell.must(port.AnswerChallenge(receipt, "not-upheld", "looked at it"), MARIA)


# --- halt


def test_halt_asks_nothing_and_waits_for_no_ledger(shell: Shell) -> None:
    shell.ledger.broken = True
    with pytest.raises(OSError, match="no space"):
        shell.follow_raw(port.Halt(reason="smoke"), KIOSK)
    assert shell.device.halted == {"site"}
    assert shell.authority().tier is Tier.RECOMMEND


def test_a_halt_is_on_record_with_its_answers_and_without_a_name(shell: Shell) -> None:
    record = shell.must(port.Halt("oven-1", "smoke"), replace(TOM, station="curing"))[-1]
    assert (record.kind, record.actor) == ("halt", "")
    assert record.payload["answers"] == {"asked": 1, "confirmed": 1, "silent": [], "gateway": "latched"}
    assert "tom" not in str(record.payload).lower()
    assert shell.authority().tier is Tier.RECOMMEND
    shell.tick()
    assert shell.kinds()[-1] == "authority.lost"


def test_a_scope_that_nobody_knows_halts_the_site(shell: Shell) -> None:
    shell.must(port.Halt("ovn-1"), KIOSK)
    assert shell.device.halted == {"site"}


def test_a_halt_that_the_gateway_did_not_hear_holds_anyway_and_is_told_again(shell: Shell) -> None:
    shell.device.answers = False
    shell.must(port.Halt(), KIOSK)
    assert shell.ledger.rows[-1].payload["answers"]["gateway"] == "silent"
    assert "did not answer" in shell.heard[-1]
    shell.device.answers = True
    assert shell.authority().tier is Tier.RECOMMEND
    assert shell.device.halted == set()
    shell.tick()
    assert shell.device.halted == {"site"}
    assert shell.kinds().count("halt") == 1


def test_a_halt_pulled_at_the_gateway_comes_on_record_once_it_was_seen_long_enough(shell: Shell) -> None:
    shell.device.halted.add("site")
    shell.tick()
    assert "halt" not in shell.kinds()
    assert shell.authority().tier is Tier.RECOMMEND, "but it holds at once"
    shell.pass_time(4)
    assert shell.kinds().count("halt") == 1
    shell.pass_time(4)
    assert shell.kinds().count("halt") == 1


def halted(shell: Shell) -> Shell:
    shell.must(port.Halt(reason="smoke"), KIOSK)
    shell.tick()
    return shell


def test_two_different_people_and_two_reasons_end_a_halt_and_nothing_resumes(shell: Shell) -> None:
    halted(shell)
    shell.must(port.Reset("smoke is gone", "aa"), MARIA)
    assert shell.refused(port.Reset("really", "aa"), MARIA) == {"second-person"}
    assert shell.device.halted == {"site"}
    assert replies.halts(shell.view)[0]["signed"] == ["maria"]
    shell.must(port.Reset("I agree", "bb"), AMINA)
    assert shell.device.halted == set()
    record = next(r for r in shell.ledger.rows if r.kind == "halt.reset")
    assert record.payload["by"] == ["amina", "maria"]
    assert "smoke is gone" in record.payload["reason"]
    assert shell.authority().tier is Tier.RECOMMEND
    assert {r.id for r in shell.authority().missing(Tier.CONTROL)} == {"approval-control"}
    assert shell.device.writes == []


def test_both_sign_the_same_words(shell: Shell) -> None:
    halted(shell)
    assert reason_to_sign(shell.view, " smoke is gone ") == "smoke is gone"
    shell.must(port.Reset("smoke is gone", "aa"), MARIA)
    assert reason_to_sign(shell.view, "I agree") == "smoke is gone"


def test_two_accounts_of_one_human_are_one_person(shell: Shell) -> None:
    halted(shell)
    shell.must(port.Reset("x", "aa"), JONAS)
    shell.submit(port.Reset("x", "bb"), JONAS2)
    assert shell.device.halted == {"site"}
    assert "halt.reset" not in shell.kinds()


def test_a_halt_pulled_between_the_signatures_is_not_ended_by_them(shell: Shell) -> None:
    halted(shell)
    shell.must(port.Reset("gone", "aa"), MARIA)
    shell.must(port.Halt("oven-2", "again"), KIOSK)
    shell.must(port.Reset("gone", "bb"), AMINA)
    assert "halt.reset" not in shell.kinds()
    assert shell.device.halted == {"site", "oven-2"}
    shell.must(port.Reset("this one, too", "cc"), MARIA)
    assert shell.device.halted == set()
    assert shell.kinds().count("halt.reset") == 2


def test_a_reset_that_the_gateway_refuses_leaves_the_halt_and_can_be_tried_again(shell: Shell) -> None:
    halted(shell)
    shell.device.answers = False
    shell.must(port.Reset("gone", "aa"), MARIA)
    shell.must(port.Reset("gone", "bb"), AMINA)
    assert "halt.reset" not in shell.kinds()
    shell.device.answers = True
    shell.must(port.Reset("gone", "bb"), AMINA)
    assert shell.kinds().count("halt.reset") == 1
    assert shell.refused(port.Reset("x"), MARIA) == {"no-halt"}


def test_a_halt_survives_a_restart_of_the_twin(shell: Shell) -> None:
    halted(shell)
    shell.view, shell.memory = RecordView.of(shell.ledger.rows), Memory()
    assert shell.authority().tier is Tier.RECOMMEND
    shell.pass_time(60)
    assert shell.kinds().count("authority.lost") == 1


# --- what time brings


def unseen(shell: Shell) -> None:
    """A twin that has just started: no signal yet."""
    shell.more["signals"] = lambda f: {
        n: replace(s, fresh=False, value=None, why="nothing yet") for n, s in f.signals.items()
    }


def test_a_restart_that_sees_the_floor_again_loses_nothing(shell: Shell) -> None:
    shell.append([NewRecord("run.started", "twin", {"mbom": dict(RUNNING)})])
    shell.view, shell.memory = RecordView.of(shell.ledger.rows), Memory()
    unseen(shell)
    shell.tick()
    assert shell.authority().tier is Tier.VISUALISE, "nothing may be done meanwhile"
    shell.pass_time(START_S - 5)
    del shell.more["signals"]
    shell.tick()
    assert shell.authority().tier is Tier.CONTROL
    assert "authority.lost" not in shell.kinds()
    unseen(shell)
    shell.tick()
    assert shell.kinds().count("authority.lost") == 1, "once seen, it is lost like any other time"


def test_a_restart_that_sees_nothing_loses_it(shell: Shell) -> None:
    shell.memory = Memory()
    unseen(shell)
    shell.tick()
    shell.pass_time(START_S + 1)
    assert shell.kinds().count("authority.lost") == 1
    del shell.more["signals"]
    shell.tick()
    assert shell.authority().tier is Tier.ANALYSE


def test_a_restart_excuses_nothing_but_not_having_looked(shell: Shell) -> None:
    shell.memory = Memory()
    shell.more["running"] = lambda _: {**RUNNING, "engine": "sha256:other"}
    unseen(shell)
    shell.tick()
    assert shell.kinds().count("authority.lost") == 1


def test_a_signal_that_comes_back_does_not_bring_the_approval_back(shell: Shell) -> None:
    unseen(shell)
    shell.tick()
    del shell.more["signals"]
    shell.pass_time(5)
    assert shell.authority().tier is Tier.ANALYSE
    row = next(r for r in shell.authority().requirements if r.id == "approval-control")
    assert "approve afresh" in row.why


def test_a_loss_raises_the_epoch(shell: Shell) -> None:
    before = shell.device.epoch
    unseen(shell)
    shell.tick()
    assert shell.device.epoch > before


def test_drift_is_recorded_once_and_ends_with_a_new_validation(shell: Shell) -> None:
    alarm = {"use": USE, "statistic": 12.5, "threshold": 9.2, "source": "oven-1.temperature"}
    shell.tick([alarm])
    assert shell.authority().tier is Tier.VISUALISE
    shell.tick([alarm])
    assert shell.kinds().count("drift") == 1
    shell.must(port.RecordEvidence(USE, "validation", True, {}), JONAS)
    assert shell.authority().tier is Tier.ANALYSE
    shell.tick([{**alarm, "statistic": float("nan")}])
    assert shell.kinds().count("drift") == 2


def test_a_command_that_is_out_when_the_halt_is_pulled_is_not_written(shell: Shell) -> None:
    name = shell.propose()
    from andon.operate.handle import handle

    outcome = handle(port.Decide(name, True, "agreed", looked=True), MARIA, shell.world(), shell.ids)
    assert not isinstance(outcome, Refusal)
    shell.must(port.Halt(), KIOSK)
    shell.follow(outcome)
    assert shell.device.writes == []
    assert next(iter(shell.view.commands.values())).last_phase == "refused"
    assert WRITE not in shell.device.values


@pytest.mark.parametrize(
    ("zone", "at", "shift"),
    [
        ("UTC", "2026-03-02T05:59:59", ""),
        ("UTC", "2026-03-02T06:00:00", "early"),
        ("UTC", "2026-03-02T13:59:59", "early"),
        ("UTC", "2026-03-02T14:00:00", "late"),
        ("UTC", "2026-03-02T22:30:00", "night"),
        ("UTC", "2026-03-03T01:30:00", "night"),
        ("UTC", "2026-03-08T01:30:00", ""),
        ("Europe/Berlin", "2026-03-02T05:30:00", "early"),
        ("Mars/Olympus", "2026-03-02T07:00:00", ""),
    ],
)
def test_the_shift_on_duty(zone: str, at: str, shift: str) -> None:
    from andon.core.time import parse_iso

    days = ("mon", "tue", "wed", "thu", "fri")
    rows = (("early", "06:00", "14:00"), ("late", "14:00", "22:00"), ("night", "22:00", "02:00"))
    shifts = tuple(floor.Shift(id=i, days=days, start=s, end=e) for i, s, e in rows)
    assert shift_at(site(time_zone=zone, shifts=shifts), parse_iso(at + "Z")) == shift


def test_the_words_that_are_signed_stay_the_first_ones(shell: Shell) -> None:
    halted(shell)
    shell.must(port.Reset("smoke is gone", "aa"), MARIA)
    shell.submit(port.Reset("other words", "zz"), MARIA)
    assert reason_to_sign(shell.view, "mine") == "smoke is gone"


def test_people_have_real_time_under_a_scaled_clock(shell: Shell) -> None:
    shell.more["speed"] = 20.0
    name = shell.propose()
    shell.pass_time(15 * 60 * 20 - 1)
    assert shell.view.proposals[name].decision is None
    shell.pass_time(2)
    assert shell.view.proposals[name].decision is not None
    record = shell.must(port.Challenge("oven-1", "hazard"), KIOSK)[0]
    assert 20 * HOUR <= int(record.payload["deadline_ns"]) - shell.at < 21 * HOUR


def test_under_a_scaled_clock_a_flicker_is_no_loss_and_gives_nothing(shell: Shell) -> None:
    shell.more["speed"] = 20.0
    unseen(shell)
    shell.pass_time(20)
    assert shell.authority().tier is Tier.VISUALISE
    assert "authority.lost" not in shell.kinds()
    del shell.more["signals"]
    shell.pass_time(20)
    assert shell.authority().tier is Tier.CONTROL
    unseen(shell)
    shell.pass_time(20)
    shell.pass_time(59)
    assert "authority.lost" not in shell.kinds()
    shell.pass_time(1)
    assert shell.kinds().count("authority.lost") == 1


def test_what_is_no_matter_of_looking_is_lost_at_once_under_any_clock(shell: Shell) -> None:
    shell.more["speed"] = 20.0
    shell.must(port.Challenge("oven-1", "mismatch"), KIOSK)
    shell.tick()
    assert shell.kinds().count("authority.lost") == 1


def test_a_replay_caps_what_is_shown_and_takes_nothing_from_the_live_floor(shell: Shell) -> None:
    shell.more["mode"] = "replay"
    shell.tick([{"use": USE, "statistic": 99.0}])
    assert shell.authority().tier is Tier.ANALYSE
    assert not {"authority.lost", "drift"} & set(shell.kinds())
    del shell.more["mode"]
    shell.tick()
    assert shell.authority().tier is Tier.CONTROL
