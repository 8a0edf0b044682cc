"""The gate's model has no error, and each of its mutants has one: checked by Spin, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "spec" / "run_gate.sh"


@pytest.mark.proof
@pytest.mark.skipif(not (shutil.which("spin") and shutil.which("cc")), reason="spin or a C compiler is not installed")
def test_the_model_of_the_gate_and_its_mutants() -> None:
    done = subprocess.run(["sh", str(SCRIPT)], capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = done.stdout.splitlines()
    assert len(rows) == 11
    assert rows[0].startswith("-DM=0 errors=0")
