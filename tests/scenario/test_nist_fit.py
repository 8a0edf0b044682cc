"""The real machine shop: every log accounted for, forecasts that hold, traps told apart. Needs the recorded data."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from andon.cli.fit import command

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ANDON_DATA", ROOT.parent / "shared" / "data"))
pytestmark = pytest.mark.skipif(
    not (DATA / "nist_sms" / "tdp_mtc" / "Split").is_dir(), reason="the recorded data is not there (ANDON_DATA)"
)


@cache
def output() -> str:
    app = typer.Typer()
    app.command()(command())
    answer = CliRunner().invoke(app, [str(ROOT / "examples" / "nist-batch"), "--data", str(DATA), "--json"])
    assert answer.exit_code == 0, answer.output[-2000:]
    return answer.output


def figures() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(output())
    return data


def operation(product: str, name: str) -> dict[str, Any]:
    return next(o for o in figures()["operations"] if (o["product"], o["operation"]) == (product, name))


def test_all_184_logs_are_cycles_or_set_aside_with_a_reason() -> None:
    data = figures()
    assert data["logs"] == 184
    assert data["cycles"] + len(data["set_aside"]) == 184
    assert all(a["reason"] for a in data["set_aside"])


def test_the_forecasts_hold() -> None:
    data = figures()
    assert data["marked_accurate"] >= 60
    assert data["coverage_90"] >= 0.8
    assert data["interval_score"] < data["interval_score_empirical"]
    assert data["operations_inside_90"] >= 7
    assert data["validation"]["passed"] is True


def test_box_op4_is_a_guess_and_says_why() -> None:
    four = operation("box", "op-4")
    assert four["mark"] == "guessing"
    assert four["why"]


TRAPS = [
    ("Box-OP4-Hurco02-02of20.txt", "stub"),
    ("Box-OP4-Hurco02-03of20.txt", "stub"),
    ("Box-OP4-Hurco02-04of20.txt", "stub"),
    ("Cover-Op2-Hurco04-01of20.txt", "night"),
    ("Box-OP5-Hurco02-03of20.txt", "night"),
    ("Box-OP1-Hurco02-20of20.txt", "other-program"),
    ("Box-OP3-Hurco02-20of20.txt", "other-program"),
    ("Box-OP1-Hurco02-13of20.txt", "aborted"),
    ("Box-OP3-Hurco02-16of20.txt", "several"),
    ("Cover-Op1-Hurco04-05of20.txt", "partial"),
    ("Plate-Op1-Hurco04-04of20.txt", "begun-anew"),
    ("Plate-Op1-Hurco04-07of20.txt", "aborted"),
]


@pytest.mark.parametrize(("file", "rule"), TRAPS)
def test_a_trap_of_the_recording_is_seen(file: str, rule: str) -> None:
    assert {(a["file"], a["rule"]) for a in figures()["set_aside"]} >= {(file, rule)}


def test_a_long_unit_is_kept_when_the_log_shows_a_cycle() -> None:
    kept = {c["unit"]: c for c in operation("box", "op-5")["held_back"]}
    assert kept[14]["cycle_s"] > 16_000
    assert kept[14]["machine_s"] == pytest.approx(4828, abs=5)
    kept = {c["unit"]: c for c in operation("cover", "op-1")["held_back"]}
    assert kept[12]["inside_90"] is False


def test_the_log_that_begins_with_the_end_of_another_is_read_once() -> None:
    nine = {c["unit"]: c for c in operation("plate", "op-1")["first"]}[9]
    assert nine["runs"] == 1
    assert figures()["quarantined"]["backward"] > 300


def test_parts_that_no_log_shows_are_told() -> None:
    skips = {(s["last"], s["following"]) for s in figures()["counter_skips"]}
    assert (1079, 1081) in skips


def test_the_same_result_twice() -> None:
    first = output()
    output.cache_clear()
    assert output() == first
