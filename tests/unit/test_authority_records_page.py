"""The page of record kinds: every kind that is read, and the keys that the one path writes."""

from __future__ import annotations

import re
from pathlib import Path

from small_world import AMINA, KIOSK, MARIA, USE, Shell

from andon.authority.records import FOLDS
from andon.operate import port

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "records.md").read_text(encoding="utf-8")
ROWS = {m[1]: m[2] for m in re.finditer(r"^\| `([a-z.]+)` \| (.+?) \|", PAGE, re.MULTILINE)}


OTHERS = set(re.findall(r"`([a-z.]+)`", next(s for s in PAGE.splitlines() if s.startswith("Other kinds"))))
"""Kinds that authority does not look at, as the page says."""


def test_every_kind_that_is_read_has_a_row() -> None:
    assert set(FOLDS) <= set(ROWS)
    assert set(ROWS) - set(FOLDS) <= OTHERS
    assert not OTHERS & set(FOLDS)


def test_every_key_that_is_written_is_on_the_page() -> None:
    shell = Shell()
    shell.commission()
    shell.command(185.0)
    shell.pass_time(2)
    receipt = str(shell.must(port.Challenge("oven-1", "mismatch"), KIOSK)[0].payload["id"])
    shell.must(port.AnswerChallenge(receipt, "mended", "x"), AMINA)
    shell.must(port.Halt(), KIOSK)
    shell.must(port.Reset("x", "1"), MARIA)
    shell.must(port.Reset("x", "2"), AMINA)
    shell.tick([{"use": USE, "statistic": 1.0, "threshold": 1.0}])
    shell.must(port.Revoke(USE, "x"), AMINA)
    for record in shell.ledger.rows:
        text = ROWS["proposal"] if record.kind == "recommendation" else ROWS[record.kind]
        missing = [key for key in record.payload if not re.search(rf"\b{key}\b", text)]
        assert not missing, (record.kind, missing)
