"""`andon simulate`: figures, limits, the same command again, a picture, and one sentence for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from andon.cli.simulate import command
from andon.core.time import SECOND
from andon.models.simulate.laws import seconds_of
from andon.models.simulate.live import LiveState, MachineNow

VALVES = str(Path(__file__).parents[2] / "examples" / "valve-works")
LIVE = LiveState(1_795_356_000 * SECOND, {"oven-1": MachineNow("running", "ball-valve", 300.0)}, {"curing-buffer": 9})

app = typer.Typer()
app.command("simulate")(command(lambda _folder, _site: LIVE))
app.command("alone")(command())


def _run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.stdout, done.stderr


def test_the_answer_says_everything() -> None:
    code, out, _ = _run("simulate", VALVES, "--replications", "50", "--horizon", "4h", "--seed", "7", "--json")
    assert code == 0
    answer = json.loads(out)
    figures = {f["name"]: f for f in answer["figures"]}
    for name in ("completed", "throughput", "lead time", "work in progress", "orders on time", "gate-valve completed"):
        f = figures[name]
        assert f["low_90"] <= f["low_50"] <= f["median"] <= f["high_50"] <= f["high_90"]
        assert f["monte_carlo_error"] >= 0
    assert figures["completed"]["unknown_share"] is None or 0 <= figures["completed"]["unknown_share"] <= 1
    assert sum(s["bottleneck"] for s in answer["stations"]) == pytest.approx(1)
    assert all(sum(s["shares"].values()) == pytest.approx(1, abs=1e-6) for s in answer["stations"])
    for station in answer["stations"]:
        assert set(station["spreads"]) == set(station["shares"])
        for state, x in station["spreads"].items():
            assert x["mean"] == station["shares"][state]
            assert 0 <= x["low_90"] <= x["low_50"] <= x["median"] <= x["high_50"] <= x["high_90"] <= 1
    assert answer["mark"] == "fragile"
    assert answer["not_represented"]
    assert answer["baseline"].startswith("sha256:")
    assert answer["reproduce"].endswith("--replications 50 --horizon 14400s --seed 7 --from empty")


def test_the_command_that_it_names_gives_the_same_figures() -> None:
    _, first, _ = _run(
        "simulate", VALVES, "--replications", "30", "--horizon", "3h", "--set", "cure.spread=1.1", "--json"
    )
    again = json.loads(first)["reproduce"].split()[1:]
    again[1] = VALVES
    _, second, _ = _run(*again, "--json", "--threads", "1")
    assert json.loads(first)["figures"] == json.loads(second)["figures"]


def test_what_a_station_does_is_a_figure_like_any_other() -> None:
    _, out, _ = _run("simulate", VALVES, "--horizon", "3h", "--until", "curing busy±5%", "--json")
    answer = json.loads(out)
    assert answer["stopped"]["reached"]
    assert answer["figures"][-1]["name"] == "curing busy"
    curing = next(s for s in answer["stations"] if s["id"] == "curing")
    assert answer["figures"][-1]["mean"] == curing["shares"]["busy"]
    code, _, err = _run("simulate", VALVES, "--horizon", "1h", "--until", "curing bussy±5%")
    assert code == 2
    assert "nearest: `curing busy`" in err


def test_a_live_start_can_be_saved_and_repeated(tmp_path: Path) -> None:
    state, picture = tmp_path / "state.json", tmp_path / "p.svg"
    sizes = ("--replications", "30", "--horizon", "3h", "--json")
    code, first, _ = _run(
        "simulate", VALVES, "--from", "now", "--save-state", str(state), *sizes, "--plot", str(picture)
    )
    assert code == 0
    assert json.loads(first)["sampled"] == list(LIVE.sampled)
    assert picture.read_text(encoding="utf-8").lstrip().startswith("<?xml")
    _, second, _ = _run("simulate", VALVES, "--from", str(state), *sizes)
    assert json.loads(first)["figures"] == json.loads(second)["figures"]
    assert json.loads(first)["live_state"] == json.loads(second)["live_state"]


def test_the_table_for_people() -> None:
    code, out, _ = _run("simulate", VALVES, "--replications", "30", "--horizon", "3h")
    assert code == 0
    for words in (
        "throughput",
        "lead time",
        "bottleneck: curing",
        "mark: fragile",
        "not represented:",
        "again: andon simu",
    ):
        assert words in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "cure.spred=2"), "nearest: `cure.spread`"),
        (("--set", "cure.spread"), "write NAME=NUMBER"),
        (("--set", "cure.spread=hot"), "write NAME=NUMBER"),
        (("--set", "cure.spread=-1"), "give a number above 0"),
        (("--set", "release.sequence=114"), "name every product once"),
        (("--horizon", "8 parsecs"), "is no length of time"),
        (("--horizon", "0h"), "cannot be simulated"),
        (("--replications", "0"), "cannot be run"),
        (("--from", "yesterday"), "use `empty`, `now`, or a file"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_mistake_is_one_sentence(arguments: tuple[str, ...], words: str, as_json: bool) -> None:
    code, out, err = _run("simulate", VALVES, *arguments, *(("--json",) if as_json else ()))
    assert code == 2
    said = json.loads(out)["error"] if as_json else err.strip()
    assert words in said
    assert "\n" not in said
    assert "Traceback" not in out + err


def test_without_a_twin_there_is_no_now() -> None:
    code, _, err = _run("alone", VALVES, "--from", "now")
    assert code == 2
    assert "no twin runs for this site; start one with `andon run" in err


def test_a_folder_with_a_mistake_names_the_first_one(tmp_path: Path) -> None:
    code, _, err = _run("alone", str(tmp_path / "nowhere"))
    assert code == 2
    assert "andon" in err


@pytest.mark.parametrize(
    ("text", "seconds"), [("8h", 28_800), ("90min", 5400), ("60", 60), ("2d", 172_800), ("1.5h", 5400)]
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds
