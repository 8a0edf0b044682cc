"""`andon fit` on a small planted shop: figures, sentences, exit codes, the picture, the record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from shdr_shop import MONDAY, PLAN, LogWriter, Shop
from typer.testing import CliRunner

from andon.cli.fit import Recorder, command


def run(*words: str, record: Recorder | None = None) -> Any:
    app = typer.Typer()
    app.command()(command(record))
    return CliRunner().invoke(app, list(words))


def planted(root: Path, machine: float = 300.0, sd: float = 2.0) -> Shop:
    shop = Shop.make(root)
    rng = np.random.default_rng(11)
    shop.usual([machine + float(rng.normal(0, sd)) for _ in range(20)])
    return shop


def fit(shop: Shop, *more: str, record: Recorder | None = None) -> Any:
    return run(str(shop.folder), "--data", str(shop.data), "--workers", "1", *more, record=record)


def test_planted_times_are_found_again(tmp_path: Path) -> None:
    answer = fit(planted(tmp_path), "--json")
    assert answer.exit_code in {0, 1}, answer.output
    data = json.loads(answer.output)
    assert (data["logs"], data["cycles"], data["held_back"], data["marked_accurate"]) == (20, 20, 10, 10)
    assert data["set_aside"] == []
    assert data["coverage_90"] >= 0.8
    operation = data["operations"][0]
    assert operation["mark"] == "accurate"
    assert operation["cycle"]["low90"] < 300 < operation["cycle"]["high90"]
    assert operation["cycle"]["high90"] - operation["cycle"]["low90"] < 25
    assert operation["finish"]["inside_90"] is True
    assert set(data["quarantined"]) == {"undeclared-signal"}, (
        "the feed rate, which the site does not declare, is counted"
    )
    assert {a["name"] for a in operation["assumptions"]} == {
        f"part.op-1.{what}" for what in ("machine", "interrupted", "interruption", "hand")
    }


def test_the_same_logs_give_the_same_answer_bit_for_bit(tmp_path: Path) -> None:
    shop = planted(tmp_path)
    one, other = tmp_path / "one.svg", tmp_path / "other.svg"
    assert fit(shop, "--json", "--out", str(one)).output == fit(shop, "--json", "--out", str(other)).output
    assert one.read_bytes() == other.read_bytes()


def test_two_processes_read_what_one_reads(tmp_path: Path) -> None:
    plan = PLAN + '  - {product: part, operation: op-1, machine: mill2, programs: ["PART*.NC"]}\n'
    shop = Shop.make(tmp_path, plan)
    shop.usual([60.0] * 4)
    shop.write(5, LogWriter(MONDAY).start().work(60).complete())
    (shop.data / "logs" / "Part-Op1-Mill1-05of20.txt").rename(shop.data / "logs" / "Part-Op1-Mill2-05of20.txt")
    one = json.loads(fit(shop, "--json").output)
    two = json.loads(run(str(shop.folder), "--data", str(shop.data), "--workers", "2", "--json").output)
    assert one == two
    assert set(one["baseline"]["history"]) == {"mill1", "mill2"}


def test_traps_are_set_aside_and_told(tmp_path: Path) -> None:
    shop = planted(tmp_path)
    shop.write(3, LogWriter(MONDAY).say("Block_Number", 0))
    shop.write(12, LogWriter(MONDAY + 9 * 3600 * 10**9).start("SLOT.NC").work(200).complete())
    data = json.loads(fit(shop, "--json").output)
    assert {(a["rule"], a["held_back"]) for a in data["set_aside"]} == {("stub", False), ("other-program", True)}
    assert data["cycles"] + len(data["set_aside"]) == data["logs"]


def test_a_table_and_a_picture_for_people(tmp_path: Path) -> None:
    picture = tmp_path / "fit.svg"
    answer = fit(planted(tmp_path), "--out", str(picture))
    assert "accurate" in answer.output
    assert "20 logs: 20 cycles, 0 set aside" in answer.output
    assert "again: andon fit" in answer.output
    svg = picture.read_text()
    assert svg.lstrip().startswith("<?xml")
    assert "part op-1: accurate" in svg


def test_the_validation_is_handed_to_whoever_records_it(tmp_path: Path) -> None:
    seen: list[tuple[str, bool, Mapping[str, Any]]] = []

    def record(folder: Path, use: str, passed: bool, measured: Mapping[str, Any]) -> str | None:
        seen.append((use, passed, measured))
        return None

    answer = fit(planted(tmp_path), "--json", record=record)
    ((use, passed, measured),) = seen
    assert use == "finish-forecast"
    assert passed is (answer.exit_code == 0)
    assert measured["marks"] == {"part/op-1": "accurate"}
    assert json.loads(answer.output)["validation"] == {"passed": passed, "records": {"finish-forecast": "recorded"}}
    json.dumps(measured)


def test_nothing_to_believe_is_not_passed(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    shop.usual([300.0, 301.0])
    answer = fit(shop, "--json")
    assert answer.exit_code == 1
    data = json.loads(answer.output)
    assert (data["coverage_90"], data["interval_score"], data["validation"]["passed"]) == (None, None, False)
    assert data["operations"][0]["mark"] == "guessing"


def test_data_that_is_not_there_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop.make(tmp_path)
    monkeypatch.delenv("ANDON_DATA", raising=False)
    monkeypatch.chdir(tmp_path / "site")
    rows = [
        ([str(shop.folder), "--data", str(tmp_path / "no")], "there is no folder of recorded data"),
        ([str(shop.folder)], "there is no folder of recorded data"),
        ([str(shop.folder), "--data", str(shop.data)], "no log in"),
        ([str(shop.folder), "--data", str(shop.data), "--plan", "none"], "says nothing about recorded logs"),
        ([str(tmp_path / "nowhere")], "does not exist"),
    ]
    for words, sentence in rows:
        answer = run(*words)
        assert answer.exit_code == 2, words
        assert sentence in answer.output, answer.output
        assert "Traceback" not in answer.output
        assert len(answer.output.strip().split("\n")) <= 2


PLANS = [
    ("source: shop\n", "logs"),
    (PLAN.replace("{unit}", "x"), "unit"),
    (PLAN.replace("{unit}", "{unnit}"), "unnit"),
    (PLAN.replace("product: part", "produkt: part"), "produkt"),
    (PLAN + "settings: {unattended_h: 99}\n", "unattended_h"),
    (PLAN.replace("source: shop", "source: other"), "not in sources.yaml"),
    ("a: [", "cannot be read"),
    ("", "cannot be read"),
]


@pytest.mark.parametrize(("plan", "names"), PLANS, ids=[names + str(i) for i, (_, names) in enumerate(PLANS)])
def test_a_broken_plan_is_one_sentence_that_names_the_place(tmp_path: Path, plan: str, names: str) -> None:
    shop = Shop.make(tmp_path, plan)
    shop.usual([60.0])
    answer = fit(shop)
    assert answer.exit_code == 2, answer.output
    assert names in answer.output
    assert "Traceback" not in answer.output


def test_a_log_that_is_no_gzip_is_one_sentence(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    (shop.data / "logs" / "Part-Op1-Mill1-01of20.txt.gz").write_bytes(b"not packed")
    answer = fit(shop)
    assert answer.exit_code == 2
    assert "cannot be read" in answer.output


def test_two_plans_need_a_choice(tmp_path: Path) -> None:
    shop = planted(tmp_path)
    (shop.folder / "recordings" / "other.yaml").write_text(PLAN)
    assert "--plan NAME" in fit(shop).output
    assert fit(shop, "--plan", "other", "--json").exit_code in {0, 1}
