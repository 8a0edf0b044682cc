"""A floor that is described and connected to nothing: `andon run` opens it, shows nothing as seen, and simulates it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from andon.adapters.site_folder import load
from andon.models.simulate.asked import asked
from andon.models.simulate.run import compile_site, replicate
from andon.site.model import Site

EXAMPLE = Path(__file__).parents[2] / "examples" / "coffee-bar"
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("alone") / "bar"
    shutil.copytree(EXAMPLE, made, ignore=shutil.ignore_patterns(".andon"))
    return made


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    site = load(folder)
    assert isinstance(site, Site)
    replicate(compile_site(site, None, 60.0, asked(site, {})), 1, 1)
    command = [sys.executable, "-m", "andon", "run", str(folder), "--port", "0"]
    log = (folder.parent / "run.log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    api = folder / ".andon" / "run" / "api.json"
    try:
        until = time.monotonic() + PATIENCE_S
        while not api.exists():
            assert time.monotonic() < until, (folder.parent / "run.log").read_text("utf-8")
            assert process.poll() is None, (folder.parent / "run.log").read_text("utf-8")
            time.sleep(0.1)
        yield str(json.loads(api.read_text("utf-8"))["url"])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)
        log.close()


@pytest.mark.parametrize(
    "page", ["/", "/what-if", "/authority", "/signals", "/m/till-1", "/record", "/bounds", "/halt"]
)
def test_every_page_says_that_nothing_is_connected(url: str, page: str) -> None:
    text = httpx.get(url + page, timeout=PATIENCE_S).text
    assert "Nothing is connected." in text
    assert "NOT CONNECTED" in text
    assert ">LIVE<" not in text


def test_it_is_simulated_from_empty_and_never_from_now(url: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        body = {"start": "empty", "replications": 50, "against": [{"machine.machines": 3}]}
        got = httpx.post(f"{url}/api/simulate?wait_s=20", json=body, timeout=PATIENCE_S)
        if got.status_code == 200 and got.json()["state"] == "done":
            break
        assert time.monotonic() < until, got.text
    answer = got.json()["answer"]
    assert answer["mark"] == "fragile"
    assert answer["from"] == "empty"
    now = httpx.post(f"{url}/api/simulate", json={}, timeout=PATIENCE_S)
    assert now.status_code == 403
    assert "nothing is connected" in now.json()["reasons"][0]["text"]
    assert httpx.get(f"{url}/api/authority", timeout=PATIENCE_S).json() == []
    assert "The twin may do nothing" in httpx.get(f"{url}/authority", timeout=PATIENCE_S).text


@pytest.mark.parametrize("more", [["--with-plant"], ["--replay", "1"]])
def test_what_needs_a_connection_is_refused_in_one_sentence(folder: Path, more: list[str]) -> None:
    command = [sys.executable, "-m", "andon", "run", str(folder), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2
    assert "nothing to keep step with; add sources.yaml" in done.stderr
