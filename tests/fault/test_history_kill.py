"""History under `kill -9`: what was flushed is there, whole batches in order; what waited is lost, nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from andon.adapters.history import History

WRITE = """
import itertools, sys
from pathlib import Path
from andon.adapters.history import History
from andon.core.readings import Origin, Quality, Reading
history = History(Path(sys.argv[1]))
first = history.extent()[1] + 1
for batch in itertools.count():
    history.append([
        Reading("oven.count", n, n, n, n, Quality.GOOD, Origin.MEASURED)
        for n in range(first + batch * 50, first + batch * 50 + 50)
    ])
    history.flush()
    print(first + batch * 50 + 49, flush=True)
"""


def test_nothing_that_was_flushed_is_lost_to_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    for lines in (1, 4, 9):
        with subprocess.Popen([sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            flushed = [int(writer.stdout.readline()) for _ in range(lines)][-1]
            writer.kill()
        with History(path) as history:
            found = [r.value for r in history.readings(None, 0, 2**62)]
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= flushed
        assert len(found) % 50 == 0


@pytest.mark.proof
def test_many_kills_lose_nothing_that_was_flushed(tmp_path: Path) -> None:
    for _ in range(30):
        test_nothing_that_was_flushed_is_lost_to_kill_9(tmp_path)
