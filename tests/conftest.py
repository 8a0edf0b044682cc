"""What every test shares: a bounded Hypothesis profile, and skips that fail where nothing may be skipped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import hypothesis
import pytest

sys.path.insert(0, str(Path(__file__).parent / "worlds"))

hypothesis.settings.register_profile("andon", deadline=None, max_examples=60, derandomize=True)
hypothesis.settings.load_profile("andon")

_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(f"{report.nodeid}: {report.longrepr}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("ANDON_NO_SKIP") == "1" and _skipped:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:  # a worker process: the one that started it counts
            return
        for line in _skipped:
            reporter.write_line(f"skipped where nothing may be skipped: {line}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
