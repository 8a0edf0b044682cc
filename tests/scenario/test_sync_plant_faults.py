"""The virtual plant goes wrong in turn, and each thing is found by its name, and over when it is over."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from andon.adapters.clock import SiteClock
from andon.adapters.opcua import OpcuaSource
from andon.adapters.pki import Pki
from andon.adapters.site_folder import load
from andon.app.folders import Folders
from andon.app.introduce import introduce_plant
from andon.core.readings import Quality
from andon.protocols.events import Event
from andon.site.model import Site
from andon.sync.store import StateStore
from andon.sync.view import SignalView

ROOT = Path(__file__).parents[2]
SPEED = 20
DEADLINE_S = 90.0
FAULTS = {
    "nan-values:oven-1.temperature@300-360": "not-a-number",
    "unit-scale:oven-2.temperature@300-360": "wrong-scale",
    "null-timestamps@420-480": "null-timestamp",
    "clock-ahead@540-600": "future",
    "clock-backwards@660-720": "backward",
}


class Watched:
    """The virtual plant in a process of its own, and a store in step with it."""

    def __init__(self, folder: Path, faults: Sequence[str]) -> None:
        shutil.copytree(ROOT / "examples" / "valve-works", folder, ignore=shutil.ignore_patterns(".andon"))
        introduce_plant(Folders(folder))
        command = [sys.executable, "-m", "andon", "plant", str(folder), "--port", "0", "--json"]
        command += ["--speed", str(SPEED)]
        for fault in faults:
            command += ["--fault", fault]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        ready = json.loads(self.process.stdout.readline())
        site = load(folder)
        assert isinstance(site, Site)
        source = site.sources[0].model_copy(update={"url": ready["endpoint"]})
        self.store = StateStore(site)
        self.clock = SiteClock()
        self.lock = threading.Lock()
        self.client = OpcuaSource(source, site.signals, Pki(folder / ".andon" / "pki"), self.take, self.clock)
        self.client.start()

    def take(self, _: str, events: Sequence[Event]) -> None:
        with self.lock:
            self.store.feed(events, self.clock.now())

    def view(self, signal: str) -> SignalView:
        with self.lock:
            view = self.store.view(signal, self.clock.now())
        assert view is not None
        return view

    def until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < end, (self.store.counts(), self.client.trouble)
            time.sleep(0.1)

    def reasons(self, signal: str) -> set[str]:
        with self.lock:
            return {reason for (_, name, reason) in self.store.counts() if name == signal}

    def close(self) -> None:
        self.client.stop()
        self.process.kill()
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    found = Watched(tmp_path / "site", list(FAULTS))
    yield found
    found.close()


def test_each_fault_of_the_plant_is_found_by_its_name_and_ends_with_it(watched: Watched) -> None:
    first, second = "oven-1.temperature", "oven-2.temperature"
    watched.until(lambda: watched.view(first).fresh and watched.view(second).fresh)
    watched.until(lambda: {"not-a-number"} <= watched.reasons(first) and {"wrong-scale"} <= watched.reasons(second))
    assert watched.view("release.waiting").quality is Quality.GOOD
    for reason in ("null-timestamp", "future", "backward"):
        watched.until(lambda reason=reason: reason in watched.reasons(first) and reason in watched.reasons(second))
    watched.until(lambda: watched.view(first).fresh and watched.view(second).fresh)
    assert watched.reasons(first) <= {*FAULTS.values()} - {"wrong-scale"} | {"repeated"}
    assert watched.reasons(second) <= {*FAULTS.values()} - {"not-a-number"} | {"repeated"}
    assert watched.store.frozen() == ()
