"""What the parent of `andon run` does when a child dies: start it again, or end and say why."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from andon.app import supervise
from andon.app.supervise import QUICK_DEATHS_MAX, Child, Supervisor

LONG, SHORT = supervise.RESTART_WAIT_MAX_S + 1.0, 0.0
KILLED = -9

LIVES = [
    # (name, (how long it lived, exit code) for each life, whether the parent goes on)
    ("killed once, at once", [(SHORT, KILLED)], True),
    ("killed once, after running", [(LONG, KILLED)], True),
    ("never runs", [(SHORT, 1)] * QUICK_DEATHS_MAX, False),
    ("one try short of never runs", [(SHORT, 1)] * (QUICK_DEATHS_MAX - 1), True),
    ("ran, then killed again and again", [(LONG, KILLED)] + [(SHORT, KILLED)] * 3 * QUICK_DEATHS_MAX, True),
    ("cannot run and has said why", [(SHORT, 2)], False),
    ("ran, and is refused its port once it is started again", [(LONG, KILLED), (SHORT, 2), (SHORT, 2)], True),
    ("was told to end", [(LONG, 0)], False),
]


@pytest.mark.parametrize(
    ("lives", "goes_on"), [(lives, goes_on) for _, lives, goes_on in LIVES], ids=[r[0] for r in LIVES]
)
def test_a_child_that_has_run_is_started_again_and_one_that_cannot_run_ends_the_parent(
    tmp_path: Path, lives: list[tuple[float, int]], goes_on: bool
) -> None:
    log = tmp_path / "plant.log"
    log.write_text("the port is taken\n", encoding="utf-8")
    child = Child("plant", ["plant"], log)
    parent = Supervisor([child], lambda _text: None)
    now = time.monotonic()
    for life, code in lives:
        assert not parent.failed
        child.started = now
        now += life
        parent._mourn(child, code, now)
    assert (parent.failed == "") is goes_on
    assert goes_on or "the port is taken" in parent.failed
    assert child.next_start - now <= supervise.RESTART_WAIT_MAX_S
