"""A twin opened from a notebook: the how-to's own lines run, and the answers are those of the command line."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import andon
from andon.app.client import NoTwin
from andon.cli import build

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_lines_of_the_how_to_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    blocks = BLOCK.findall((ROOT / "docs" / "how-to" / "python.md").read_text(encoding="utf-8"))
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "python.md", "exec"), names)  # noqa: S102 - our own page
    printed = capsys.readouterr().out
    assert "better in" in printed
    assert "mean" in printed


def test_the_answer_is_the_one_of_the_command_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    twin = andon.open_twin("examples/valve-works")
    answer = twin.ask({"turning.machines": 2}, against=[{"oven-1.setpoint": 190.0}], hours=2, replications=20, seed=5)
    ran = CliRunner().invoke(build(["simulate"]), [*shlex.split(answer.command)[1:], "--json"])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["figures"] == [f.as_json() for f in answer.base.figures]
    assert told["alternatives"][0]["differences"] == answer.comparison.as_json()["alternatives"][0]["differences"]


def open_names() -> list[str]:
    names: list[str] = andon.open_twin(ROOT / "examples" / "valve-works").settable().to_pydict()["name"]
    return names


def test_tables_agree_with_one_another() -> None:
    answer = andon.open_twin(ROOT / "examples" / "valve-works").ask(hours=2, replications=8)
    futures = answer.futures().to_pydict()
    mean = sum(futures["completed (jobs)"]) / 8
    assert answer.figures().to_pylist()[0]["mean"] == pytest.approx(mean)
    events = answer.events(3).to_pylist()
    assert sum(e["event"] == "completed" for e in events) == futures["completed (jobs)"][3]
    assert answer.gantt(3).startswith("<?xml")
    assert "turning.machines" in open_names()
    with pytest.raises(ValueError, match="there is no replication 8; use 0 to 7"):
        answer.events(8)


def test_what_a_figure_leans_on_is_a_table_and_a_picture() -> None:
    found = andon.open_twin(ROOT / "examples" / "valve-works").leans_on("lead time", hours=2, replications=4)
    rows = found.effects().to_pylist()
    sizes = [row["size"] for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert {"name", "unit", "low", "high", "from", "to", "half_width"} <= set(rows[0])
    assert found.tornado()._repr_svg_().startswith("<svg")


def test_what_cannot_be_opened_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="andon check"):
        andon.open_twin(tmp_path)
    with pytest.raises(NoTwin, match="no twin runs"):
        andon.open_twin(ROOT / "examples" / "valve-works").ask(start="now")
    with pytest.raises(AttributeError, match="no attribute"):
        andon.nothing  # noqa: B018 - that it fails is the point


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"hours": 0}, "use one from a second to a year"),
        ({"replications": 0}, "0 replications cannot be run"),
        ({"replications": 2.5}, "replications cannot be 2.5; give a whole number"),
        ({"seed": "a"}, "seed cannot be 'a'; give a whole number"),
        ({"seed": 2**63}, "is no seed"),
        ({"start": "yesterday"}, "`yesterday` is no start; use `empty`, `now`, or a state"),
        ({"until": "soon"}, "`soon` is no precision"),
        ({"until": "decided"}, "there is nothing to decide between"),
        ({"changes": {"turning.dispatch": "foo"}}, "write NAME=NUMBER or one of fifo, spt"),
        ({"changes": {"turning.machines": float("nan")}}, "`turning.machines` cannot be nan"),
        ({"policy": "nowhere:nothing"}, "cannot be loaded"),
        ({"policy": "os:getcwd", "policy_at": ["turnin"]}, "did you mean `turning`?"),
        ({"schedule": "none.csv"}, "`none.csv` cannot be read"),
        ({"threads": 0}, "0 threads cannot be used"),
    ],
)
def test_a_mistake_in_a_notebook_is_one_sentence(asked: dict[str, object], words: str) -> None:
    twin = andon.open_twin(ROOT / "examples" / "valve-works")
    with pytest.raises(ValueError, match=re.escape(words)):
        twin.ask(**asked)  # type: ignore[arg-type]


def test_a_notebook_asks_all_that_the_command_line_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    twin = andon.open_twin("examples/print-shop")
    spt = {"press.dispatch": "spt"}
    calm = "examples/print-shop/dispatchers.py:calm"
    for answer in (
        twin.ask(against=spt, until="decided", of="lead time", replications_max=60, hours=4),
        twin.ask(spt, against=[{}], select="completed", indifference=1, replications_max=60, hours=4),
        twin.ask(policy=calm, policy_at=["press"], against={}, replications=4, hours=4),
        twin.ask(schedule="examples/print-shop/schedule.csv", replications=4, hours=4),
    ):
        ran = CliRunner().invoke(build(["simulate"]), [*shlex.split(answer.command)[1:], "--json"])
        assert ran.exit_code in {0, 1}, ran.output
        told = json.loads(ran.stdout)
        assert told["figures"] == [f.as_json() for f in answer.base.figures]
    with pytest.raises(ValueError, match="`guess` is no method; use one of one-way, morris"):
        twin.leans_on(method="guess")  # type: ignore[arg-type]
    stations = answer.stations().to_pylist()
    assert {row["state"] for row in stations} >= {"busy", "starved", "blocked"}
    busy = next(r for r in stations if r["station"] == "press" and r["state"] == "busy")
    assert busy["low_90"] <= busy["mean"] <= busy["high_90"]
