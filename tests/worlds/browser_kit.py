"""A room in a real browser: the room on a socket of its own, and a page that notes every complaint."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import uvicorn
from demo_desk import DemoDesk
from room_kit import CHEAP, PASSWORD

from andon.adapters.accounts import Accounts
from andon.adapters.clock import SystemClock
from andon.control_room.app import create_app
from andon.control_room.settings import RoomSettings

CHROMIUM = Path("/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
WIDE, HAND, SMALL = (1440, 900), (390, 844), (320, 640)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PATIENCE_S = 90.0


@dataclass
class Served:
    """A room on a socket of its own that can be stopped and started again at the same address."""

    folder: Path
    mode: str = "live"
    port: int = 0
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None
    starts: int = 0
    desk: DemoDesk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = DemoDesk(SystemClock(), self.mode)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.starts += 1
        accounts = Accounts(self.folder, self.desk.site().people, SystemClock(), CHEAP)
        if not accounts.public_keys():
            for person in ("maria", "amina"):
                accounts.add(person, PASSWORD)
        settings = RoomSettings("token", f"start-{self.starts}", SystemClock(), tick_s=0.2)
        config = uvicorn.Config(create_app(self.desk, accounts, settings), log_level="error", access_log=False)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, args=(self._server, listener))
        self._thread.start()
        wait_for(lambda: bool(self._server and self._server.started))

    @staticmethod
    def _run(server: uvicorn.Server, listener: socket.socket) -> None:
        with listener:
            server.run(sockets=[listener])

    def stop(self) -> None:
        if self._server and self._thread:
            self._server.should_exit = True
            self._server.force_exit = True
            self._thread.join(PATIENCE_S)
            assert not self._thread.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


class Watched:
    """A page, and everything that it complained about or asked for elsewhere."""

    def __init__(
        self, chromium: Any, url: str, size: tuple[int, int] = WIDE, scheme: str = "light", **more: Any
    ) -> None:
        self.context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, base_url=url, **more
        )
        self.context.set_default_timeout(PATIENCE_S * 1000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda e: self.complaints.append(f"error: {e}"))
        self.page.on("request", lambda r: self._request(r.url, url))

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"} and "404" not in message.text and "403" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")

    def _request(self, asked: str, url: str) -> None:
        if not asked.startswith((url, url.replace("http", "ws"), "data:")):
            self.complaints.append(f"asked elsewhere: {asked}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def until(page: Any, condition: str) -> None:
    """Ask by a timer, not by painted frames: a loaded machine paints few."""
    page.wait_for_function(condition, polling=200)
