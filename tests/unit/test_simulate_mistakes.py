"""What a person may type wrongly: one sentence each, before anything is run, and nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from andon.cli import sensitivity, simulate

VALVES = str(Path(__file__).parents[2] / "examples" / "valve-works")
FOUR = ("--against", "turning.machines=4")
SELECT = (*FOUR, "--select", "completed")
app = typer.Typer()
app.command("simulate")(simulate.command())
app.command("sensitivity")(sensitivity.command())


def _run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(autouse=True)
def _nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of the words is said before a single future is run."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a future was run")

    monkeypatch.setattr("andon.models.simulate.run.run_image", never)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--replications", "1000000000"), "1000000000 replications cannot be run; ask for 1 to 100,000"),
        (("--replications", "-5"), "-5 replications cannot be run"),
        (("--seed", "-1"), "-1 is no seed; give a whole number from 0"),
        (("--seed", str(2**63)), "is no seed"),
        (("--threads", "0"), "0 threads cannot be used; use 1 to 256"),
        (("--horizon", "0"), "a horizon of 0 s cannot be simulated; use one from a second to a year"),
        (("--horizon", "1e-12s"), "use one from a second to a year"),
        (("--horizon", "3650d"), "use one from a second to a year"),
        (("--horizon", "-1h"), "use one from a second to a year"),
        (("--horizon", "inf"), "is no length of time"),
        (("--set", "turning.machines=nan"), "sets nothing"),
        (("--set", "turning.machines=inf"), "sets nothing"),
        (("--set", "oven-1.setpoint=nan"), "sets nothing"),
        (("--set", ""), "sets nothing"),
        (("--set", "turning.machines=3", "--set", "turning.machines=4"), "`turning.machines` is set twice"),
        (("--against", "turning.machines=3,turning.machines=4"), "`turning.machines` is set twice"),
        (("--set", "turning.dispatch=foo"), "write NAME=NUMBER or one of fifo, spt, edd"),
        (("--set", "demand.ball-valve=1e300"), "the mean of `demand.ball-valve` is longer than thirty years"),
        (("--set", "turning.ball-valve=1e9"), "the mean of `turning.ball-valve` is longer than thirty years"),
        (("--scenario", "turning.machines=3"), "`turning.machines` is no scenario; write one of `missing-worker:CREW"),
        (("--scenario", "missing-worker"), "`missing-worker` is no scenario"),
        (("--scenario", "network-outage@1.2.3h+1h"), "`1.2.3h` is no length of time"),
        (("--against", "declared"), "`as declared` would be compared with itself"),
        ((*FOUR, *FOUR), "`turning.machines=4` would be compared with itself"),
        ((*FOUR, "--of", "completed"), "`--of` does nothing alone; add --until decided"),
        ((*FOUR, "--indifference", "1"), "`--indifference` does nothing alone; add --select"),
        (("--confidence", "0.9"), "`--confidence` does nothing alone; add --until decided or --select"),
        (("--replications-max", "9"), "`--replications-max` does nothing alone"),
        (("--replication", "3"), "`--replication` does nothing alone; add --log or --gantt or --queues"),
        (("--save-state", "s.json"), "`--save-state` does nothing alone; add --from now"),
        (("--policy-at", "turning"), "`--policy-at` does nothing alone; add --policy"),
        (("--until", "decided", "--replications", "9", *FOUR), "`--until` says itself how many futures"),
        (("--until", "throughput±1%", "--until", "lead time±1%"), "two precisions were asked for"),
        (("--until", "decided"), "there is nothing to decide between"),
        ((*SELECT, "--indifference", "inf"), "an indifference of inf cannot be; give one above 0"),
        ((*SELECT, "--indifference", "0"), "an indifference of 0 cannot be"),
        (SELECT, "`--select` needs `--indifference`"),
        ((*SELECT, "--indifference", "1", "--until", "decided"), "leave `--until` or `--select` out"),
        ((*SELECT, "--indifference", "1", "--confidence", "2"), "a confidence of 2 cannot be"),
        ((*SELECT, "--indifference", "1", "--replications-max", "0"), "a bound of 0 cannot be"),
        (("--plot", "/nowhere/x.svg"), "`/nowhere/x.svg` cannot be written (there is no folder /nowhere)"),
        (("--log", "/nowhere/x"), "`/nowhere/x` cannot be written"),
        (("--gantt", VALVES), "cannot be written (it is a folder)"),
        (("--gantt", "same.svg", "--queues", "same.svg"), "`same.svg` is named for two files"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_run(
    arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = _run("simulate", VALVES, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    code, out, err = _run("simulate", VALVES, *arguments, "--json")
    assert (code, err) == (2, "")
    assert words in json.loads(out)["error"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seed", "-1"), "-1 is no seed"),
        (("--method", "guess"), "`guess` is no method; use one of one-way, morris"),
        (("--trajectories", "3"), "`--trajectories` does nothing alone; add `--method morris`"),
        (("--method", "morris", "--trajectories", "0"), "0 trajectories cannot be run"),
        (("--replications", "0"), "0 replications cannot be run"),
        (("--plot", "/nowhere/x.svg"), "cannot be written (there is no folder /nowhere)"),
        (("--set", "cure.spread=nan"), "sets nothing"),
    ],
)
def test_a_mistake_about_sensitivity_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    code, out, err = _run("sensitivity", VALVES, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
