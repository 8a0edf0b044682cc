"""Alternatives on common random numbers: exact differences, sequential ends, selection, the command that repeats."""

from __future__ import annotations

import json
import math
import shlex
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from andon.cli import simulate as cli
from andon.core.time import SECOND
from andon.models.simulate.bottleneck import by_sensitivity, judge
from andon.models.simulate.compare import compare, difference
from andon.models.simulate.figures import Figure
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.question import Question, overrides_of, width_of
from andon.models.simulate.result import simulate
from andon.models.simulate.textbook import Stage, constant, exponential, line

VALVES = str(Path(__file__).parents[2] / "examples" / "valve-works")
LIVE = LiveState(1_795_356_000 * SECOND, {"oven-1": MachineNow("running", "ball-valve", 300.0)}, {"curing-buffer": 9})
app = typer.Typer()
app.command("simulate")(cli.command(lambda _folder, _site: LIVE))
app.command("other")(cli.command())


def _run(*arguments: str) -> tuple[int, Any]:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    return done.exit_code, json.loads(done.stdout)


def _again(answer: Any) -> Any:
    words = shlex.split(answer["reproduce"])
    assert words[:2] == ["andon", "simulate"]
    code, again = _run(*words[1:], "--threads", "1")
    assert code == 0
    return again


# --- differences


def test_the_difference_is_taken_future_by_future() -> None:
    a = Figure("completed", "jobs", np.array([1.0, 2.0, 3.0, 4.0, np.nan]), 1)
    b = Figure("completed", "jobs", np.array([2.0, 2.0, 5.0, 3.0, 9.0]), 1)
    d = difference(a, b)
    assert (d.n, d.base, d.mean, d.median) == (4, 2.5, 0.5, 0.5)
    assert (d.probability_better, d.probability_worse) == (0.5, 0.25)
    assert d.monte_carlo_error == pytest.approx(math.sqrt(5 / 3) / 2)
    assert d.crn == pytest.approx((a.values[:4].var(ddof=1) + b.values[:4].var(ddof=1)) / (5 / 3))
    less = difference(Figure("lead time", "h", a.values, -1), Figure("lead time", "h", b.values, -1))
    assert (less.probability_better, less.probability_worse) == (0.25, 0.5)
    none = difference(a, Figure("completed", "jobs", np.full(5, np.nan), 1))
    assert none.n == 0
    assert none.as_json()["mean"] is None


def test_a_deterministic_line_differs_by_exactly_what_was_changed() -> None:
    site = line([Stage(constant(10.0)), Stage(constant(4.0))], constant(20.0))
    found = compare(site, Question(3600.0, 6, against=({"time0": 7.0}, {"time1": 5.0})))
    lead = [a.difference("lead time") for a in found.alternatives]
    assert [d.mean * 3600 for d in lead] == pytest.approx([-3.0, 1.0])
    assert [d.probability_better for d in lead] == [1.0, 0.0]
    assert lead[0].monte_carlo_error == pytest.approx(0.0, abs=1e-12)
    assert found.alternatives[0].difference("completed").mean == 0.0
    assert found.labels == ("as declared", "time0=7", "time1=5")


def test_common_random_numbers_pay() -> None:
    site = line([Stage(exponential(10.0), capacity=5), Stage(exponential(9.0), capacity=5)], exponential(12.0))
    found = compare(site, Question(3600.0, 200, against=({"time1": 8.5},)))
    completed, lead = (found.alternatives[0].difference(name) for name in ("completed", "lead time"))
    assert completed.crn is not None
    assert completed.crn > 10
    assert lead.mean < 0
    assert lead.mean_low_95 < lead.mean < lead.mean_high_95


def test_another_site_is_an_alternative() -> None:
    site = line([Stage(exponential(10.0))], exponential(12.0))
    other = line([Stage(exponential(9.0))], exponential(12.0))
    found = compare(site, Question(3600.0, 50, against=({"time0": 9.0},), sites=("other",)), others={"other": other})
    by_value, by_site = (a.difference("lead time") for a in found.alternatives)
    assert by_value.mean == pytest.approx(by_site.mean, rel=1e-12)
    assert found.alternatives[1].label == "other"


# --- until


def test_it_goes_on_until_the_mean_is_known_well_enough_or_says_that_it_is_not() -> None:
    site = line([Stage(exponential(10.0))], exponential(12.0))
    wanted = width_of("lead-time±10%")
    found = compare(site, Question(1800.0, until=wanted, replications_max=2000))
    assert found.stopped is not None
    assert found.stopped.reached
    lead = found.base.figure("lead time")
    assert 1.96 * lead.monte_carlo_error <= 0.1 * lead.mean
    assert found.base.rows.n == found.stopped.n < 2000
    short = compare(site, Question(1800.0, until=width_of("lead time±0.1%"), replications_max=60))
    assert short.stopped is not None
    assert not short.stopped.reached
    assert "the bound of 60 futures came first" in short.stopped.text
    assert short.base.rows.n == 60


def test_a_difference_is_decided_and_one_that_is_none_is_not() -> None:
    site = line([Stage(exponential(10.0), capacity=9)], exponential(9.0))
    found = compare(site, Question(3600.0, against=({"time0": 9.0},), decided="completed", replications_max=1000))
    assert found.stopped is not None
    assert found.stopped.reached
    assert found.alternatives[0].lasting is not None
    assert found.alternatives[0].lasting[0] > 0
    same = compare(site, Question(600.0, against=({"b0.capacity": 9},), decided="completed", replications_max=75))
    assert same.stopped is not None
    assert not same.stopped.reached
    assert "no future differs" in same.stopped.text
    with pytest.raises(Unrunnable, match="nothing to decide between"):
        compare(site, Question(600.0, decided="completed"))


# --- selection on a site


def test_the_best_of_several_is_chosen_and_named() -> None:
    site = line([Stage(exponential(10.0), capacity=9), Stage(exponential(6.0), capacity=9)], exponential(9.0))
    against = ({"s0.machines": 2.0}, {"s1.machines": 2.0}, {"time0": 12.0})
    found = compare(site, Question(3600.0, against=against, select="completed", indifference=5.0))
    assert found.chosen is not None
    assert found.chosen.reached
    assert found.labels[found.chosen.index] == "s0.machines=2"
    assert set(found.chosen.left_at) == {0, 2, 3}
    assert "KN (Kim and Nelson 2001)" in found.chosen.text
    short = compare(site, Question(900.0, against=({"time0": 9.9},), select="completed", indifference=1e-3,
                                   replications_max=30))  # fmt: skip
    assert short.chosen is not None
    assert not short.chosen.reached
    assert "the bound of 30 futures came first" in short.chosen.text


def test_nothing_is_chosen_by_a_figure_that_some_futures_do_not_have() -> None:
    site = line([Stage(exponential(100.0))], exponential(9.0))
    with pytest.raises(Unrunnable, match="`lead time` does not exist in"):
        compare(site, Question(60.0, against=({"time0": 90.0},), select="lead time", indifference=0.1))


# --- bottleneck


def test_the_bottleneck_by_sensitivity_is_the_slow_station() -> None:
    site = line([Stage(exponential(5.0), capacity=9), Stage(exponential(10.0), capacity=9)], exponential(8.0))
    question = Question(3600.0, 60)
    result = simulate(site, None, 3600.0, 60, 1)
    found = by_sensitivity(site, None, question, {}, result)
    assert found is not None
    by = {p.station: p for p in found.pulls}
    assert by["s1"].share > 0.8
    assert abs(by["s0"].gain) < by["s1"].gain
    assert sum(p.share for p in found.pulls) + found.nobody == pytest.approx(1.0)
    assert found.text == "both methods name s1"
    assert by_sensitivity(site, None, question, {}, result, stop=lambda: True) is None


def test_methods_that_disagree_are_said_to() -> None:
    site = line([Stage(exponential(5.0)), Stage(exponential(10.0))], exponential(8.0))
    result = simulate(site, None, 600.0, 20, 1)
    told = judge(("s0", "s1"), np.array([[2.0, 2.0, 0.0, 1.0], [1.0, 2.0, 0.0, 0.0]]), result)
    assert [p.share for p in told.pulls] == [0.625, 0.125]
    assert told.nobody == 0.25
    assert "the methods disagree" in told.text
    assert "s0 (62% of the futures, +1.2 jobs" in told.text
    none = judge(("s0", "s1"), np.zeros((2, 4)), result)
    assert none.nobody == 1.0
    assert "no station's speed alone" in none.text


# --- the command


@pytest.mark.parametrize(
    "arguments",
    [
        ("--replications", "20", "--set", "cure.spread=1.0501", "--set", "turning.machines=4"),
        ("--replications", "9", "--against", "oven-1.setpoint=187.5,oven-2.setpoint=185", "--against", "amr.speed=5"),
        ("--replications", "20", "--set", "release.wip_limit=30", "--against", "declared", "--bottleneck"),
        ("--until", "throughput±9%", "--seed", "4"),
        ("--against", "curing.machines=3", "--until", "decided", "--of", "lead time", "--confidence", "0.9"),
        ("--against", "curing.machines=3", "--select", "completed", "--indifference", "1.5"),
    ],
)  # fmt: skip
def test_the_printed_command_gives_the_same_bits(arguments: tuple[str, ...]) -> None:
    code, first = _run("simulate", VALVES, "--horizon", "95.5min", *arguments)
    assert code == 0
    assert _again(first) == first


def test_a_live_answer_keeps_its_start_so_that_it_can_be_repeated(tmp_path: Path) -> None:
    for name in Path(VALVES).iterdir():
        if name.is_file():
            (tmp_path / name.name).write_bytes(name.read_bytes())
    sizes = ("--horizon", "2h", "--replications", "20", "--from", "now", "--against", "curing.machines=3")
    code, first = _run("simulate", str(tmp_path), *sizes)
    assert code == 0
    assert ".andon/starts/" in first["reproduce"]
    again = _again(first)
    assert again["alternatives"] == first["alternatives"]
    assert again["reproduce"] == first["reproduce"]


def test_the_command_is_the_last_line_for_people() -> None:
    sizes = ("--replications", "20", "--horizon", "2h", "--against", "curing.machines=3")
    done = CliRunner().invoke(app, ["simulate", VALVES, *sizes])
    last = done.stdout.rstrip().split("\n")[-1]
    assert last.startswith(f"again: andon simulate {VALVES} --replications 20 --horizon 7200s")
    assert "curing.machines=3, against as declared" in done.stdout


def test_a_bound_that_comes_first_is_the_answer_no() -> None:
    code, answer = _run("simulate", VALVES, "--horizon", "1h", "--until", "throughput±0.1%", "--replications-max", "50")
    assert code == 1
    assert not answer["stopped"]["reached"]


def test_everything_that_may_be_set_is_listed() -> None:
    code, rows = _run("simulate", VALVES, "--settable")
    assert code == 0
    found = {row["name"]: row for row in rows}
    assert found["turning.machines"]["now"] == 3
    assert found["turning.ball-valve"]["unit"] == "min"
    shown = CliRunner().invoke(app, ["simulate", VALVES, "--settable"]).stdout
    assert "washing-buffer.capacity" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--against", "curing.machine=3"), "nearest: `curing.machines`"),
        (("--until", "soon"), "is no precision"),
        (("--until", "throughput±1%", "--until", "lead time±1%"), "two precisions"),
        (("--until", "decided"), "nothing to decide between"),
        (("--until", "decided", "--of", "troughput", "--against", "curing.machines=3"), "nearest: `throughput`"),
        (("--select", "completed"), "`--select` needs `--indifference`"),
        (("--select", "completed", "--indifference", "1"), "nothing to decide between"),
        (("--select", "completed", "--indifference", "-1", "--against", "curing.machines=3"), "give one above 0"),
        (("--against-site", "nowhere"), "nowhere"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    code, answer = _run("simulate", VALVES, "--horizon", "1h", *arguments)
    assert code == 2
    assert words in answer["error"]
    assert "\n" not in answer["error"]


# --- interrupted


def test_the_first_ctrl_c_asks_and_the_second_ends() -> None:
    with cli.interruptible() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("after", [1, 7, 12])
def test_what_is_done_when_interrupted_is_the_answer(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    @contextmanager
    def soon() -> Iterator[Callable[[], bool]]:
        calls = iter(range(10**6))
        yield lambda: next(calls) >= after

    monkeypatch.setattr(cli, "interruptible", soon)
    sizes = ("--horizon", "1h", "--replications", "900", "--against", "curing.machines=3")
    code, answer = _run("simulate", VALVES, *sizes)
    assert code == 130
    assert answer["interrupted"]
    assert 1 <= answer["replications"] < 900
    monkeypatch.undo()
    again = _again(answer)
    assert again["figures"] == answer["figures"]
    assert again["alternatives"] == answer["alternatives"]


def test_running_intervals_come_early() -> None:
    site = line([Stage(exponential(10.0))], exponential(12.0))
    told: list[tuple[int, int, str]] = []
    compare(site, Question(600.0, 40), tell=lambda *x: told.append(x))
    assert [t[:2] for t in told] == [(5, 40), (25, 40), (40, 40)]
    assert "+-" in told[0][2]


def test_settings_are_name_and_number() -> None:
    assert overrides_of(["a.b=2", " c = 3.5"]) == {"a.b": 2.0, "c": 3.5}
    assert overrides_of(["declared"]) == {}
