"""The command that an answer ends with gives the same answer to the bit, whatever was asked."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from andon.cli import build

EXAMPLES = Path(__file__).parents[2] / "examples"
SITES = sorted({p.parent.name for p in EXAMPLES.glob("*/assumptions.yaml")} - {"nist-batch"})
"""That one is fitted, not simulated."""
FEW = ("--replications", "6", "--horizon", "3h")
PRINT = EXAMPLES / "print-shop"
CALM = f"{PRINT}/dispatchers.py:calm"
app = build(["simulate", "sensitivity", "check"])


def _ask(*words: str) -> dict[str, Any]:
    ran = CliRunner().invoke(app, [*words, "--json"])
    assert ran.exit_code in {0, 1}, ran.output
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("valve-works", (*FEW, "--set", "release.sequence=312", "--set", "turning.speed=1.1")),
        ("valve-works", (*FEW, "--against", "turning.machines=4,setters.size=3", "--against", "curing.machines=3")),
        ("valve-works", (*FEW, "--bottleneck", "--seed", "9223372036854775807")),
        ("valve-works", ("--horizon", "1h", "--until", "turning busy±0.05", "--replications-max", "80")),
        (
            "valve-works",
            (
                *("--horizon", "1h", "--against", "turning.machines=4", "--until", "decided", "--of", "lead time"),
                *("--replications-max", "60", "--confidence", "0.9"),
            ),
        ),
        (
            "valve-works",
            (
                *("--horizon", "1h", "--against", "turning.machines=4", "--against", "curing.machines=3"),
                *("--select", "completed", "--indifference", "0.7", "--replications-max", "60"),
            ),
        ),
        ("machine-shop", (*FEW, "--scenario", "missing-worker:assemblers@30min+1h=2", "--set", "mill-1.speed=slow")),
        ("machine-shop", (*FEW, "--against", "network-outage@1h+1h,damaged-packaging:assembly@1h+1h=0.4")),
        ("vehicles-hall", (*FEW, "--set", "amr.vehicles=2")),
        ("print-shop", (*FEW, "--set", "press.dispatch=spt", "--against", "release.wip_limit=12,binding.cards=2")),
        ("print-shop", (*FEW, "--policy", CALM, "--policy-at", "press", "--against", "declared")),
        ("print-shop", (*FEW, "--schedule", f"{PRINT}/schedule.csv", "--bottleneck")),
        ("coffee-bar", (*FEW, "--against-site", str(EXAMPLES / "textbook-queue"))),
    ],
)  # fmt: skip
def test_every_kind_of_answer_can_be_asked_again(site: str, words: tuple[str, ...]) -> None:
    first = _ask("simulate", str(EXAMPLES / site), *words)
    again = _ask(*shlex.split(first["reproduce"])[1:], "--threads", "1")
    assert again == first


@pytest.mark.parametrize("method", [(), ("--method", "morris", "--trajectories", "2")])
def test_sensitivity_can_be_asked_again(method: tuple[str, ...]) -> None:
    site = EXAMPLES / "textbook-queue"
    words = ("--replications", "3", "--horizon", "1h", "--of", "lead time", *method)
    first = _ask("sensitivity", str(site), *words)
    assert _ask(*shlex.split(first["reproduce"])[1:], "--threads", "1") == first


@pytest.mark.parametrize("name", ['it\'s a "bar" & co', "$HOME `x`; *", "-bar", "café 漢"])
def test_a_folder_may_have_any_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(EXAMPLES / "coffee-bar", tmp_path / name)
    first = _ask("simulate", f"./{name}", *FEW)
    assert _ask(*shlex.split(first["reproduce"])[1:]) == first


@pytest.mark.parametrize("site", SITES)
def test_every_example_answers_and_says_what_it_is_worth(site: str) -> None:
    answer = _ask("simulate", str(EXAMPLES / site), *FEW)
    assert answer["mark"] in {"accurate", "fragile", "guessing"}
    assert answer["why"]
    assert answer["not_represented"]
    assert answer["baseline"].startswith("sha256:")
    assert answer["seed"] == 1
    for f in answer["figures"]:
        assert set(f) >= {"mean", "median", "low_50", "high_50", "low_90", "high_90", "unknown_share"}
    assert _ask(*shlex.split(answer["reproduce"])[1:], "--threads", "2") == answer
