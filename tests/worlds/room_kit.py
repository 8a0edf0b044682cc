"""A room over the made-up twin: an in-process client for pages, and what tests read from them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from demo_desk import DemoDesk
from fastapi import FastAPI

from andon.adapters.accounts import Accounts, Cost
from andon.control_room.app import create_app
from andon.control_room.settings import RoomSettings
from andon.core.time import ManualClock

NOW = 1_795_352_811_000_000_000
PASSWORD = "seven brass valves"
TOKEN = "the local token"
CHEAP = Cost(1, 8, 1)


class Browser:
    """A client in this process: keeps cookies, follows nothing, opens no socket."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.cookies = httpx.Cookies()

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self._ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self._ask("POST", path, **options)

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:8700", cookies=self.cookies
            ) as client:
                if isinstance(options.get("content"), list):
                    options["content"] = _pieces(options["content"])
                answer = await client.request(method, path, **options)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())


async def _pieces(parts: list[bytes]) -> Any:
    for part in parts:
        yield part


class RoomKit:
    """One room, its desk, its accounts and a client."""

    def __init__(self, folder: Path, mode: str = "live", *, open_reading: bool = True) -> None:
        self.clock = ManualClock(NOW, 10**12)
        self.desk = DemoDesk(self.clock, mode)
        self.accounts = Accounts(folder / ".andon", self.desk.site().people, self.clock, CHEAP)
        settings = RoomSettings(TOKEN, "i-1", self.clock, open_reading=open_reading, tick_s=0.02)
        self.app = create_app(self.desk, self.accounts, settings)
        self.client = self.fresh()

    def fresh(self) -> Browser:
        """A browser without cookies."""
        return Browser(self.app)

    def enrol(self, *people: str) -> None:
        """Give people the test password."""
        for person in people:
            self.accounts.add(person, PASSWORD)

    def token(self, path: str = "/sign-in") -> str:
        """The form token on a page, for whoever this client is."""
        return token_of(self.client.get(path).text)

    def sign_in(self, person: str) -> None:
        """Sign this client in through the page."""
        form = {"name": person, "password": PASSWORD, "token": self.token(), "next": "/"}
        assert self.client.post("/sign-in", data=form).status_code == 303

    def post(self, path: str, page: str, **form: str) -> tuple[int, str, str]:
        """Post a form as read from `page`: status, text, where it leads."""
        answer = self.client.post(path, data={"token": self.token(page), "back": page, **form})
        return answer.status_code, answer.text, answer.headers.get("location", "")


def token_of(text: str) -> str:
    """The first form token of a page."""
    found = re.search(r'name="token" value="([0-9a-f]{64})"', text)
    assert found, "the page has no form token"
    return found[1]


class Tags(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {k: v or "" for k, v in attrs}))

    def named(self, tag: str) -> Iterator[dict[str, str]]:
        return (attrs for name, attrs in self.found if name == tag)
