"""Pictures for the README, made from the running system: `make screenshots`.

Starts the valve works with its virtual plant in a folder of its own, enrols people, rehearses, approves, waits for a
recommendation, photographs five pages and ends everything. Takes about three minutes.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
PASSWORD = "only for pictures"
PATIENCE_S = 600.0
SHOTS = (
    ("now-day", "/", "light", (1440, 1010)),
    ("decide-day", "/decide/{recommendation}", "light", (1440, 900)),
    ("authority-day", "/authority/oven-set-point", "light", (1440, 900)),
    ("machine-night", "/m/oven-1?signal=oven-1.temperature&window=1h", "dark", (1440, 900)),
    ("kiosk", "/w/curing", "light", (900, 760)),
)


def main(folder: Path) -> None:
    """Write the pictures into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        site = Path(temporary) / "site"
        shutil.copytree(ROOT / "examples" / "valve-works", site, ignore=shutil.ignore_patterns(".andon"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        sources = site / "sources.yaml"
        sources.write_text(sources.read_text("utf-8").replace(":4840", f":{port}"), encoding="utf-8")
        for person in ("maria", "jonas", "amina"):
            andon("account", "add", str(site), person)
        run = subprocess.Popen([*ANDON, "run", str(site), "--with-plant", "--speed", "20", "--port", "0"])
        try:
            url = wait(lambda: answering(site))
            prepare(site)
            found = wait(lambda: httpx.get(f"{url}/api/recommendations", timeout=30, trust_env=False).json())
            photograph(url, str(found[0]["id"]), folder)
        finally:
            run.send_signal(signal.SIGINT)
            run.wait(60)


ANDON = [sys.executable, "-m", "andon"]


def andon(*words: str) -> None:
    """One command, as a person would type it."""
    subprocess.run([*ANDON, *words], check=True, env={**os.environ, "ANDON_PASSWORD": PASSWORD})


def prepare(site: Path) -> None:
    """From an empty record to uses that recommend: bounds, publication, rehearsal, requests, approvals."""
    for person in ("jonas", "amina"):
        andon("bounds", str(site), "--sign", person)
    for use in ("floor-view", "throughput", "release-sequence", "oven-set-point"):
        andon("publish", str(site), use, "--as", "jonas")
    andon("rehearse", str(site), "--as", "jonas")
    for use in ("release-sequence", "oven-set-point"):
        andon("request", str(site), use, "recommend", "--as", "jonas", "--reason", "rehearsed on the virtual plant")
        andon("approve", str(site), use, "recommend", "--as", "amina", "--reason", "looked at the evidence")


def answering(site: Path) -> str:
    """The address of the twin, once it hears its plant."""
    try:
        url = str(json.loads((site / ".andon" / "run" / "api.json").read_text("utf-8"))["url"])
        sources = httpx.get(f"{url}/api/sources", timeout=10, trust_env=False).json()
    except (OSError, ValueError, httpx.HTTPError):
        return ""
    return url if all(s["up"] for s in sources) else ""


def wait(ask: Callable[[], Any]) -> Any:
    """The first answer that is not empty."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        answer = ask()
        if answer:
            return answer
        time.sleep(1)
    raise SystemExit("waited in vain; see the run's own words above")


def photograph(url: str, recommendation: str, folder: Path) -> None:
    """One picture of each page."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name, path, scheme, (width, height) in SHOTS:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1.5
            )
            page = context.new_page()
            page.goto(url + path.format(recommendation=recommendation))
            page.wait_for_timeout(2500)
            picture = Image.open(io.BytesIO(page.screenshot()))
            # Few colours: 256 of them keep every edge, and the repository small.
            picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(folder / f"{name}.png", optimize=True)
            context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
