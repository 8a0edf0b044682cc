"""Makes the pictures of the README from the running system: `make screenshots`. Needs chromium.

usage: python docs/screenshots.py [FOLDER]     (default: docs/images)
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
PASSWORD = {"ANDON_PASSWORD": "quiet-harbour-lantern-42"}  # of people who live as long as this script
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
STEPS = (
    ("account", "add", "SITE", "maria"),
    ("account", "add", "SITE", "jonas"),
    ("account", "add", "SITE", "amina"),
    ("publish", "SITE", "oven-set-point", "--as", "jonas"),
    ("publish", "SITE", "release-sequence", "--as", "jonas"),
    ("publish", "SITE", "throughput", "--as", "jonas"),
    ("bounds", "SITE", "--sign", "maria"),
    ("bounds", "SITE", "--sign", "amina"),
    ("rehearse", "SITE", "--as", "jonas"),
    ("request", "SITE", "oven-set-point", "control", "--as", "jonas", "--reason", "trial on the virtual plant"),
    ("approve", "SITE", "oven-set-point", "control", "--as", "amina", "--reason", "drills passed, bounds signed"),
    ("request", "SITE", "release-sequence", "control", "--as", "jonas", "--reason", "trial on the virtual plant"),
    ("approve", "SITE", "release-sequence", "control", "--as", "amina", "--reason", "drills passed, bounds signed"),
    ("recommendations", "SITE", "--wait", "600"),
)


def andon(site: Path, *words: str) -> str:
    """One command; its output."""
    command = [sys.executable, "-m", "andon", *(str(site) if w == "SITE" else w for w in words)]
    done = subprocess.run(command, env={**os.environ, **PASSWORD}, capture_output=True, text=True, check=False)
    print(" ".join(words), "->", done.returncode)
    return done.stdout


def wait_for(path: Path, within_s: float = 90.0) -> None:
    """Until a file is there."""
    deadline = time.monotonic() + within_s
    while not path.exists():
        if time.monotonic() > deadline:
            sys.exit(f"{path} did not appear within {within_s:g} s")
        time.sleep(0.2)


def free_port() -> int:
    """A port for this run's plant."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shoot(
    browser: Browser, address: str, out: Path, *, night: bool = False, width: int = 1440, height: int = 900
) -> None:
    """One page as a picture."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if night else "light"
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_timeout(2500)
    page.screenshot(path=out)
    context.close()
    print(out)


def answered(browser: Browser, address: str, *, night: bool = False, height: int = 1000, press: bool = True) -> Page:
    """A page of What-if with its whole answer."""
    context = browser.new_context(viewport={"width": 1440, "height": height}, color_scheme="dark" if night else "light")
    page = context.new_page()
    page.goto(address)
    if press:
        page.get_by_role("button", name="Simulate", exact=True).click()
    page.locator('#run[data-over="yes"] ~ section #h-answer').wait_for(timeout=300_000)
    page.evaluate("document.activeElement.blur()")
    page.evaluate("scrollTo(0, 0)")
    return page


def ask_what_if(browser: Browser, address: str, out: Path) -> None:
    """What-if: a change, one of its futures, the best of several, what matters."""
    page = answered(browser, f"{address}/what-if?n1=curing.machines&v1=3", press=False)
    page.screenshot(path=out / "what-if-day.png")
    page.get_by_role("link", name="The same with the change").click()
    page.locator(".queues").wait_for()
    page.set_viewport_size({"width": 1440, "height": 1250})
    page.screenshot(path=out / "one-future-day.png")
    page.context.close()
    best = f"{address}/what-if/best?an1=curing.machines&av1=3&bn1=setters.size&bv1=2&difference=2"
    page = answered(browser, best, night=True, height=1500)
    page.screenshot(path=out / "best-night.png")
    page.context.close()
    page = answered(browser, f"{address}/what-if/matters")
    page.screenshot(path=out / "what-matters-day.png")
    page.context.close()


def main() -> None:
    """Run a system, earn control, wait for a recommendation, take the pictures."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="andon-pictures-") as temporary:
        site = Path(temporary) / "valve-works"
        shutil.copytree(ROOT / "examples" / "valve-works", site, ignore=shutil.ignore_patterns(".andon"))
        sources = site / "sources.yaml"
        sources.write_text(sources.read_text().replace("127.0.0.1:4840", f"127.0.0.1:{free_port()}"))
        command = [sys.executable, "-m", "andon", "run", str(site), "--with-plant", "--speed", "10", "--port", "0"]
        system = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_for(site / ".andon" / "run" / "api.json")
            time.sleep(10)
            for step in STEPS:
                andon(site, *step)
            url = json.loads((site / ".andon" / "run" / "api.json").read_text())["url"]
            newest = json.loads(andon(site, "recommendations", "SITE", "--json"))[0]["id"]
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
                shoot(browser, f"{url}/", out / "now-day.png")
                shoot(browser, f"{url}/authority/oven-set-point", out / "authority-day.png", height=1000)
                shoot(browser, f"{url}/decide/{newest}", out / "decide-day.png", height=1000)
                shoot(browser, f"{url}/m/oven-1", out / "machine-night.png", night=True, height=1000)
                shoot(browser, f"{url}/w/curing", out / "kiosk.png", width=900, height=1000)
                ask_what_if(browser, url, out)
                browser.close()
        finally:
            system.send_signal(signal.SIGINT)
            system.wait(30)


if __name__ == "__main__":
    main()
