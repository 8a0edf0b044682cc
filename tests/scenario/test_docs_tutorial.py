"""The tutorial, walked as a newcomer walks it: a fresh site, the system of `make run`, every command in order."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from docs_kit import ROOT, environment, needs, pages, walk

START_S = 90.0
STOP_S = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def valve_works(tmp_path: Path) -> Iterator[Path]:
    for folder in ("examples", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".andon", "node_modules"))
    site = tmp_path / "examples" / "valve-works"
    sources = site / "sources.yaml"
    sources.write_text(sources.read_text().replace("127.0.0.1:4840", f"127.0.0.1:{free_port()}"))
    command = [sys.executable, "-m", "andon", "run", str(site), "--with-plant", "--speed", "10", "--port", "0"]
    log = (tmp_path / "run.log").open("wb")
    process = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_S
        while not (site / ".andon" / "run" / "api.json").exists() or not fresh(site):
            assert process.poll() is None, (tmp_path / "run.log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "run.log").read_text()
            time.sleep(0.2)
        yield tmp_path
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_S)
        log.close()


def fresh(site: Path) -> bool:
    """Whether the twin answers, and nearly everything that it sees is current."""
    api = json.loads((site / ".andon" / "run" / "api.json").read_text())
    try:
        told = httpx.get(
            f"{api['url']}/api/state", headers={"Authorization": f"Bearer {api['token']}"}, trust_env=False
        )
    except httpx.HTTPError:
        return False
    signals = told.json()["signals"]
    return sum(s["fresh"] for s in signals) > 0.9 * len(signals)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", [p for p in pages() if "twin" in needs(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_page_that_needs_a_twin_is_walked(page: Path, valve_works: Path) -> None:
    api = json.loads((valve_works / "examples" / "valve-works" / ".andon" / "run" / "api.json").read_text())
    walk(page, valve_works, timeout_s=600.0, address=api["url"])
