"""The events of one replication: the same future as in the answer, whole, and enough to check the answer elsewhere."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from andon.adapters.event_log import event_table, write_event_log
from andon.adapters.site_folder import load
from andon.cli import build
from andon.models.simulate.asked import asked
from andon.models.simulate.gantt import gantt, queues
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.replay import Replay, replay, typical
from andon.models.simulate.rows import STATES, Rows
from andon.models.simulate.run import compile_site, replicate
from andon.site.model import Site

VALVES = Path(__file__).parents[2] / "examples" / "valve-works"
HORIZON_S = 4 * 3600.0


@pytest.fixture(scope="module")
def answer() -> Rows:
    site = load(VALVES)
    assert isinstance(site, Site)
    return replicate(compile_site(site, None, HORIZON_S, asked(site, {})), 5, 3)


@pytest.fixture(scope="module")
def events(answer: Rows) -> Replay:
    return replay(answer.image, 2, 3)


def test_compiled_and_plain_python_tell_the_same_events(answer: Rows, events: Replay) -> None:
    plain = replay(answer.image, 2, 3, flavour="plain")
    for name in ("time_ns", "kind", "who", "value"):
        assert np.array_equal(getattr(events, name), getattr(plain, name)), name


def test_the_events_add_up_to_the_answer(answer: Rows, events: Replay) -> None:
    rows = event_table(events).to_pylist()
    assert events.whole
    assert np.all(np.diff(events.time_ns) >= 0), "time never runs back"
    done = Counter(row["product"] for row in rows if row["event"] == "completed")
    assert done == Counter({p: int(answer.done(i)[2]) for i, p in enumerate(answer.image.products)})
    levels = [(row["element"], row["number"]) for row in rows if row["event"] == "level"]
    room = {b.id: b.capacity for b in load(VALVES).buffers}  # type: ignore[union-attr]
    assert levels
    assert all(0 <= level <= room[name] for name, level in levels)


def test_every_machine_is_in_one_state_at_any_time_and_the_shares_are_those_of_the_answer(
    answer: Rows, events: Replay
) -> None:
    for k, machine in enumerate(answer.image.machines):
        bars = list(events.bars(int(events.image.memory[at.PROCS]) + k * at.PROC_WORDS))
        assert bars[0][0] == 0.0
        assert bars[-1][1] == HORIZON_S
        assert all(a[1] == b[0] for a, b in itertools.pairwise(bars)), machine
        for number, state in enumerate(STATES):
            spent = sum(end - begin for begin, end, what, _ in bars if what == state)
            assert spent / HORIZON_S == pytest.approx(answer.share(k, number)[2], abs=1e-9), (machine, state)
        assert all(product for _, _, state, product in bars if state == "busy")


def test_a_log_is_written_whole_with_what_it_rests_on(events: Replay, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    n = write_event_log(events, path, {"seed": "3", "command": "andon simulate"})
    table = parquet.read_table(path)
    assert table.num_rows == n == len(events.time_ns)
    assert table.schema.metadata[b"andon.seed"] == b"3"
    assert [p.name for p in tmp_path.iterdir()] == ["events.parquet"], "nothing half-written is left"


def test_the_pictures_are_well_formed_name_every_machine_and_are_the_same_twice(answer: Rows, events: Replay) -> None:
    chart = gantt(events)
    assert chart == gantt(events)
    ET.fromstring(chart)  # noqa: S314 - our own text
    assert all(f">{machine}<" in chart for machine in answer.image.machines)
    waiting = queues(events)
    ET.fromstring(waiting)  # noqa: S314 - our own text
    assert all(f">{store}<" in waiting for store in answer.image.stores)


def test_the_typical_replication_is_the_one_nearest_to_the_median(answer: Rows) -> None:
    done = answer.done()
    assert abs(done[typical(answer)] - np.median(done)) == np.abs(done - np.median(done)).min()


def test_the_command_writes_the_files_and_refuses_what_it_cannot(tmp_path: Path) -> None:
    run = CliRunner()
    base = ["simulate", str(VALVES), "--replications", "4", "--horizon", "1h"]
    good = run.invoke(build(["simulate"]), [*base, "--log", str(tmp_path / "e.parquet"), "--replication", "1"])
    assert good.exit_code == 0, good.output
    assert "events of replication 1 are in" in good.output
    for arguments, sentence in (
        (["--log", str(tmp_path / "none" / "e.parquet")], "cannot be written"),
        (["--gantt", str(tmp_path / "g.svg"), "--replication", "4"], "there is no replication 4; use 0 to 3"),
    ):
        bad = run.invoke(build(["simulate"]), [*base, *arguments])
        assert bad.exit_code == 2
        assert sentence in bad.output + bad.stderr
