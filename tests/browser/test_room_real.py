"""The room over the real twin: `andon run` with its plant and gateway, seen in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

CHROMIUM = Path("/usr/bin/chromium")
if not CHROMIUM.exists():
    pytest.skip("there is no /usr/bin/chromium; install Debian's chromium", allow_module_level=True)
playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
pytest.importorskip("simpy", reason="the virtual plant is not installed")

EXAMPLE = Path(__file__).parents[2] / "examples" / "valve-works"
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PATIENCE_S = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    site = tmp_path_factory.mktemp("real") / "site"
    shutil.copytree(EXAMPLE, site, ignore=shutil.ignore_patterns(".andon"))
    sources = site / "sources.yaml"
    sources.write_text(sources.read_text("utf-8").replace(":4840", f":{free_port()}"), encoding="utf-8")
    command = [sys.executable, "-m", "andon", "run", str(site), "--with-plant", "--speed", "20", "--port", "0"]
    log = (site.parent / "run.log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        yield url_of(process, site)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


def url_of(process: subprocess.Popen[bytes], site: Path) -> str:
    """Wait until the twin answers and its plant is heard."""
    until = time.monotonic() + PATIENCE_S
    said = "nothing yet"
    while time.monotonic() < until:
        assert process.poll() is None, (site.parent / "run.log").read_text("utf-8")
        try:
            url = str(json.loads((site / ".andon" / "run" / "api.json").read_text("utf-8"))["url"])
            sources = httpx.get(f"{url}/api/sources", timeout=10, trust_env=False).json()
            if all(s["up"] for s in sources):
                return url
            said = str(sources)
        except (OSError, ValueError, httpx.HTTPError) as error:
            said = repr(error)
        time.sleep(0.2)
    pytest.fail(f"the twin did not come up: {said}; {(site.parent / 'run.log').read_text('utf-8')}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=ARGS)
        yield browser
        browser.close()


def test_the_real_floor_is_live_and_clean(chromium: Any, twin: str) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_S * 1000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("request", lambda r: complaints.append(r.url) if not r.url.startswith(twin) else None)
    for path in ("/", "/m/oven-1", "/authority/oven-set-point"):
        page.goto(twin + path)
        page.wait_for_function("() => document.querySelector('.status-clock time').dateTime !== ''")
        found = axe_api.Axe().run(page, options=RULES).response["violations"]
        assert [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found] == []
    page.goto(f"{twin}/m/oven-1")
    clock = page.inner_text(".status-clock")
    page.wait_for_function(
        "before => document.querySelector('.status-clock').innerText !== before", arg=clock, polling=200
    )
    value = page.locator('[data-signal="oven-1.temperature"]').first
    assert value.locator(".v-unit").inner_text() == "°C"
    assert value.locator(".v-quality").inner_text().endswith("good")
    assert "NaN" not in page.inner_text("body")
    assert complaints == []
    context.close()


def test_halt_without_a_script_latches_the_real_gateway_and_is_seen_everywhere(chromium: Any, twin: str) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_S * 1000)
    page = context.new_page()
    page.goto(f"{twin}/w/curing")
    page.get_by_role("button", name="Halt twin actions").click()
    assert page.inner_text("h1") == "Twin actions are halted"
    assert "The gateway holds it" in page.inner_text("main")
    page.goto(twin)
    assert page.get_by_text("Twin actions are halted").is_visible()
    state = httpx.get(f"{twin}/api/state", timeout=30, trust_env=False).json()
    assert state["gateway"]["halted"] == ["site"]
    context.close()
