"""What every test in a browser shares: the browser, and a room on a socket of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browser_kit import ARGS, CHROMIUM, Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    room = Served(tmp_path_factory.mktemp("room"))
    room.start()
    yield room
    room.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip("there is no /usr/bin/chromium; install Debian's chromium")
    with playwright_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=ARGS)
        yield browser
        browser.close()
