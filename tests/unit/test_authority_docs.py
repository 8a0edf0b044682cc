"""The reference says what the code does: its tables are written from it."""

from __future__ import annotations

import os
from pathlib import Path

from andon.authority.requirements import REQUIREMENTS
from andon.operate import floor, propose
from andon.operate.reference import BLOCKS, filled
from andon.site.model import Tier

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "authority.md"


def test_the_page_is_what_the_code_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    wanted = filled(text)
    if os.environ.get("ANDON_WRITE_DOCS") == "1":
        PAGE.write_text(wanted, encoding="utf-8")
        return
    assert text == wanted, "run this test once with ANDON_WRITE_DOCS=1, and read what changed"


def test_every_block_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in BLOCKS:
        assert f"<!-- {name} -->" in text


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"{propose.PROPOSAL_LIFE_S / 60:.0f} min" in text
    assert f"within {propose.HASTY_S:.0f} real seconds" in text
    many, last = propose.HASTY_OF_LAST
    assert f"{many} hasty ones among the last {last}" in text
    assert f"within {floor.ANSWER_HOURS['hazard']} h for a hazard, {floor.ANSWER_HOURS_ELSE} h otherwise" in text
    assert f"{floor.PER_STATION_AND_HOUR_MAX} an hour" in text


def test_every_row_says_who_can_mend_it_and_how() -> None:
    for row in REQUIREMENTS:
        assert row.title, row.id
        assert row.owner, row.id
        assert row.next_step, row.id
        assert row.source.startswith("R"), row.id
        assert row.tier in set(Tier) - {Tier.NONE}
        assert row.check.__doc__ or row.check.__qualname__.endswith(".check"), row.id
