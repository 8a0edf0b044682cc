"""What a use held at a past moment, by the records of then, whatever has happened to floor and site since."""

from __future__ import annotations

from small_world import AMINA, KIOSK, MARIA, USE, Shell, site

from andon.authority.past import ON_RECORD, compute_at
from andon.authority.records import RecordView
from andon.authority.requirements import REQUIREMENTS
from andon.core.time import SECOND, Nanos
from andon.operate import port
from andon.site.model import Tier

HOUR = 3600 * SECOND


def held_at(shell: Shell, at: int) -> Tier:
    return compute_at(USE, RecordView.of(shell.ledger.rows, until=at), Nanos(at), shell.site).tier


def test_rows_are_those_of_the_table() -> None:
    assert {r.id for r in REQUIREMENTS} >= ON_RECORD


def test_a_life_seen_from_later() -> None:
    shell = Shell()
    start = shell.at
    shell.at = Nanos(start + HOUR)
    shell.commission()
    shell.at = Nanos(start + 2 * HOUR)
    shell.must(port.Challenge("oven-1", "mismatch"), KIOSK)
    shell.tick()
    shell.at = Nanos(start + 3 * HOUR)
    receipt = next(iter(shell.view.challenges))
    shell.must(port.AnswerChallenge(receipt, "mended", "done"), MARIA)
    shell.at = Nanos(start + 4 * HOUR)
    shell.device.answers = False
    shell.site = site(digests={**site().digests, "layout": "moved since"})
    told = [(h, held_at(shell, start + round(h * HOUR))) for h in (0, 0.9, 1, 1.9, 2, 2.9, 3, 5, 24 * 40)]
    assert told == [
        (0, Tier.VISUALISE),
        (0.9, Tier.VISUALISE),
        (1, Tier.CONTROL),
        (1.9, Tier.CONTROL),
        (2, Tier.ANALYSE),
        (2.9, Tier.ANALYSE),
        (3, Tier.ANALYSE),
        (5, Tier.ANALYSE),
        (24 * 40, Tier.VISUALISE),
    ]


def test_what_the_floor_took_away_is_seen_by_its_record() -> None:
    shell = Shell()
    shell.commission()
    shell.at = Nanos(shell.at + HOUR)
    shell.more["mode"] = "live"
    shell.more["signals"] = lambda _: {}
    shell.tick()
    assert shell.kinds()[-1] == "authority.lost"
    assert held_at(shell, shell.at - 1) is Tier.CONTROL
    assert held_at(shell, shell.at) is Tier.ANALYSE


def test_a_halt_and_a_revocation_count_from_their_moment() -> None:
    shell = Shell()
    shell.commission()
    for seconds, request, who, left in (
        (10, port.Halt(), KIOSK, Tier.RECOMMEND),
        (20, port.Revoke(USE, "noise"), AMINA, Tier.ANALYSE),
    ):
        shell.at = Nanos(shell.at + seconds * SECOND)
        before = held_at(shell, shell.at)
        shell.must(request, who)  # type: ignore[arg-type]
        assert held_at(shell, shell.at) is left
        assert before.rank > left.rank


def test_a_use_that_nobody_knows_held_nothing() -> None:
    assert compute_at("nothing", RecordView(), Nanos(0), site()).tier is Tier.NONE
