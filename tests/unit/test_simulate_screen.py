"""What an answer leans on: exact where the answer is known, with ranges that are said, a plot, the same bits again."""

from __future__ import annotations

import itertools
import json
import math
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from andon.adapters.pool import ThreadPool
from andon.cli.sensitivity import command
from andon.models.simulate.laws import Interrupted, Unrunnable
from andon.models.simulate.question import Question
from andon.models.simulate.screen import LEVELS, STEP, Screen, morris, one_way, screen, spans, walk
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.models.simulate.tornado import tornado
from andon.site.model import Site

VALVES = str(Path(__file__).parents[2] / "examples" / "valve-works")
app = typer.Typer()
app.command("sensitivity")(command())
app.command("other")(command())
SLOW = constant(1000.0)


def _line(*times: float, uncertainty: float = 0.0) -> Site:
    """Jobs that never meet: the time from order to completion is the sum of the times, whatever happens."""
    return line([Stage(constant(t)) for t in times], SLOW, uncertainty=uncertainty)


def _by(found: Screen) -> dict[str, Any]:
    return {e.span.name: e for e in found.effects}


def test_ranges_are_the_quantiles_of_what_is_believed_or_a_tenth() -> None:
    stated = {s.name: s for s in spans(_line(100.0, uncertainty=0.2), {})}
    sd = math.sqrt(math.log(1.04))
    assert stated["time0"].low == pytest.approx(100 * math.exp(-sd * sd / 2 - 1.6448536 * sd))
    assert stated["time0"].high == pytest.approx(100 * math.exp(-sd * sd / 2 + 1.6448536 * sd))
    assert stated["time0"].stated
    assert (stated["every"].low, stated["every"].high, stated["every"].stated) == (900.0, 1100.0, False)
    draws = np.exp(np.random.default_rng(1).normal(-sd * sd / 2, sd, 200_000)) * 100
    assert np.mean(draws < stated["time0"].low) == pytest.approx(0.05, abs=0.002)
    assert {s.name: s.mean for s in spans(_line(100.0), {"time0": 50.0})}["time0"] == 50.0


def test_one_way_is_exact_on_a_sum() -> None:
    found = screen(_line(100.0, 40.0, 10.0), Question(3600.0, 3), "lead time")
    by = _by(found)
    assert found.base * 3600 == pytest.approx(150.0)
    assert [e.span.name for e in found.effects] == ["time0", "time1", "time2", "every"]
    for name, change in (("time0", 10.0), ("time1", 4.0), ("time2", 1.0)):
        assert (by[name].low * 3600, by[name].high * 3600) == pytest.approx((-change, change))
        assert by[name].error == pytest.approx(0.0, abs=1e-12)
    assert (by["every"].low, by["every"].high, by["every"].size) == (0.0, 0.0, 0.0)
    assert set(found.unstated) == {"time0", "time1", "time2", "every"}


def test_only_the_slowest_station_moves_the_throughput() -> None:
    site = line([Stage(constant(5.0)), Stage(constant(20.0)), Stage(constant(6.0))], constant(8.0), wip=9)
    by = _by(screen(site, Question(40_000.0, 2), "throughput"))
    assert by["time1"].low == pytest.approx(180.0 / 0.9 - 180.0, rel=5e-3)
    assert by["time1"].high == pytest.approx(180.0 / 1.1 - 180.0, rel=5e-3)
    assert {name for name, e in by.items() if e.size == 0.0} == {"time0", "time2", "every"}


def test_morris_finds_a_linear_answer_linear() -> None:
    found = screen(_line(100.0, 40.0), Question(3600.0, 2), "lead time", "morris", trajectories=5)
    by = _by(found)
    assert by["time0"].size * 3600 == pytest.approx(20.0)
    assert by["time1"].low * 3600 == pytest.approx(8.0)
    assert by["time0"].high == pytest.approx(0.0, abs=1e-9), "sigma: no effect depends on the others"
    assert by["every"].size == 0.0
    assert found.runs == 1 + 5 * 4


def test_morris_tells_an_interaction() -> None:
    """y = 3 a + 2 b c over the unit cube: a moves it alone, b and c through one another."""
    site = _line(1.0, 1.0, 1.0)
    known = tuple(s for s in spans(site, {}) if s.name != "every")
    points = [x for n in range(40) for _, x in walk(3, n, 7)]
    values = [np.array([0.0]), *(np.array([3 * a + 2 * b * c]) for a, b, c in points)]
    a, b, c = morris(known, values, 7)
    assert (a.size, a.high) == (pytest.approx(3.0), pytest.approx(0.0, abs=1e-9))
    for e in (b, c):
        assert e.size == pytest.approx(1.0, abs=0.3)
        assert e.high > 0.4
    cut = morris(known, [*values[:6], None, *values[7:]], 7)
    assert cut[0].size == pytest.approx(3.0), "a trajectory that is not complete is left out"


@pytest.mark.parametrize("number", range(6))
def test_a_trajectory_moves_each_assumption_once_by_two_levels(number: int) -> None:
    steps = walk(5, number, 3)
    assert sorted(i for i, _ in steps[1:]) == list(range(5))
    for (_, before), (i, after) in itertools.pairwise(steps):
        moved = [j for j in range(5) if before[j] != after[j]]
        assert moved == [i]
        assert abs(after[i] - before[i]) == pytest.approx(STEP)
    levels = {round(x * (LEVELS - 1), 9) for _, point in steps for x in point}
    assert levels <= {0.0, 1.0, 2.0, 3.0}


def test_threads_change_no_bit() -> None:
    site = line([Stage(exponential(10.0)), Stage(exponential(8.0))], exponential(12.0))
    found = [screen(site, Question(1800.0, 20), "lead time", pool=pool) for pool in (None, ThreadPool(2))]
    assert found[0].effects == found[1].effects


def test_what_is_not_complete_is_left_out() -> None:
    site = _line(100.0, 40.0, 10.0)
    calls = iter(range(100))
    found = screen(site, Question(3600.0, 2), "lead time", stop=lambda: next(calls) >= 5)
    assert found.interrupted
    assert [e.span.name for e in found.effects] == ["every"]
    assert one_way(spans(site, {}), [np.zeros(2), *[None] * 8]) == []


def test_the_picture_names_what_matters_in_day_and_night() -> None:
    site = _line(100.0, 40.0, uncertainty=0.1)
    for method in ("one-way", "morris"):
        found = screen(site, Question(3600.0, 2), "lead time", method, trajectories=3)  # type: ignore[arg-type]
        text = tornado(found)
        root = ET.fromstring(text)  # noqa: S314 - our own text
        said = [t.text or "" for t in root.iter("{http://www.w3.org/2000/svg}text")]
        assert "time0" in said
        assert "every *" in said, "what nobody has stated is marked"
        assert any("lead time, h" in t for t in said)
        assert any(t.endswith(" s") for t in said), "ranges have units"
        assert "prefers-color-scheme:dark" in text
        assert text == tornado(found)


def _run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["sensitivity", *arguments])
    return done.exit_code, done.stdout + done.stderr


def test_the_command_prints_what_repeats_it(tmp_path: Path) -> None:
    picture = tmp_path / "t.svg"
    sizes = ("--horizon", "1h", "--replications", "5", "--of", "lead-time", "--set", "turning.machines=4")
    code, out = _run(VALVES, *sizes, "--plot", str(picture), "--json")
    assert code == 0
    first = json.loads(out)
    assert first["figure"] == "lead time"
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    code, out = _run(*shlex.split(first["reproduce"])[2:], "--json", "--threads", "1")
    assert json.loads(out) == first
    code, out = _run(VALVES, *sizes)
    assert code == 0
    assert out.rstrip().split("\n")[-1] == f"again: {first['reproduce']}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--of", "happiness"), "is no figure; nearest:"),
        (("--method", "guess"), "is no method; use one of one-way, morris"),
        (("--method", "morris", "--trajectories", "0"), "trajectories cannot be run"),
        (("--set", "nothing=1"), "is nothing that can be set"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    code, out = _run(VALVES, "--horizon", "1h", "--replications", "2", *arguments)
    assert code == 2
    assert words in out
    assert "Traceback" not in out


def test_a_site_without_assumptions_is_said() -> None:
    with pytest.raises(Unrunnable, match="no figure"):
        screen(_line(1.0), Question(60.0, 2), "nothing")


def test_what_is_stopped_in_a_point_is_not_counted() -> None:
    site = line([Stage(exponential(30.0))], exponential(60.0), uncertainty=0.2)
    with pytest.raises(Interrupted, match="interrupted before anything was known"):
        screen(site, Question(3600.0, 200), "lead time", stop=lambda: True)
