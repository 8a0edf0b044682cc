"""Erasing what a record said never gives authority, and never leaves a knot that people cannot untie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from small_world import AMINA, EVIDENCE, JONAS, KIOSK, MARIA, RUNNING, TWIN, USE, Shell

from andon.authority.erased import ERASED, WORST
from andon.authority.records import FOLDS, RecordView
from andon.core.refusals import Refusal
from andon.ledger.record import NewRecord, Record
from andon.operate import port
from andon.site.model import Tier


def lived() -> Shell:
    """A site with a history: commands, a challenge answered, a halt reset, drift mended."""
    shell = Shell()
    shell.commission()
    shell.command(185.0)
    shell.pass_time(2)
    shell.propose(190.0)
    receipt = str(shell.must(port.Challenge("oven-1", "mismatch"), KIOSK)[0].payload["id"])
    shell.tick()
    shell.must(port.AnswerChallenge(receipt, "mended", "done"), AMINA)
    shell.must(port.Halt(), KIOSK)
    shell.must(port.Reset("a", "1"), MARIA)
    shell.must(port.Reset("b", "2"), AMINA)
    shell.tick([{"use": USE, "statistic": 1.0}])
    shell.must(port.RecordEvidence(USE, "verification", False, {}), TWIN)
    restore(shell)
    return shell


def restore(shell: Shell) -> None:
    """What people do to have control again."""
    for case in list(shell.view.challenges_open.values()):
        shell.must(port.AnswerChallenge(case.id, "mended", "again"), AMINA)
    shell.tick()
    for number in range(4):
        if not shell.view.halts:
            break
        shell.submit(port.Reset("again", f"{number}"), (MARIA, AMINA)[number % 2])
    for command in list(shell.view.unsettled):
        shell.submit(port.Resolve(command, False, "looked"), AMINA)
    shell.append([NewRecord("run.started", "twin", {"mbom": dict(RUNNING)})])
    shell.submit(port.PublishUse(USE), JONAS)
    for kind in EVIDENCE:
        shell.must(port.RecordEvidence(USE, kind, True, {}), TWIN)
    shell.tick()
    shell.must(port.RequestTier(USE, Tier.CONTROL, "again"), JONAS)
    shell.must(port.Approve(USE, Tier.CONTROL, "again"), AMINA)
    shell.tick()


def with_erased(rows: Sequence[Record], index: int) -> list[Record]:
    return [replace(r, actor="", payload=dict(ERASED)) if r.index == index else r for r in rows]


def test_there_is_a_worst_case_for_every_kind() -> None:
    assert set(WORST) == set(FOLDS)


HISTORY = lived()


@pytest.mark.parametrize("index", range(len(HISTORY.ledger.rows)))
def test_erasing_any_record_gives_nothing_and_can_be_mended(index: int) -> None:
    rows = with_erased(HISTORY.ledger.rows, index)
    for upto in range(index + 1, len(rows) + 1, 3):
        told, untold = RecordView.of(HISTORY.ledger.rows[:upto]), RecordView.of(rows[:upto])
        shell = Shell()
        shell.view = told
        before = shell.authority().tier
        shell.view = untold
        assert shell.authority().tier.rank <= before.rank
        assert not untold.unreadable
    shell = Shell()
    shell.at = HISTORY.at
    shell.ids = HISTORY.ids
    shell.ledger.rows = list(rows)
    shell.view = RecordView.of(rows)
    shell.device.epoch = 99
    shell.tick()
    shell.pass_time(1000)
    restore(shell)
    assert shell.authority().tier is Tier.CONTROL


def test_an_erased_recommendation_is_not_decided_twice() -> None:
    shell = Shell()
    shell.commission()
    name = shell.propose()
    shell.must(port.Decide(name, False, "no"), MARIA)
    shell.ledger.rows = with_erased(shell.ledger.rows, len(shell.ledger.rows) - 1)
    shell.view = RecordView.of(shell.ledger.rows)
    assert isinstance(shell.submit(port.Decide(name, True, "yes", looked=True), AMINA), Refusal)
    assert shell.pass_time(1000) == ()
