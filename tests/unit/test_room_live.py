"""The live stream: whole first, changes after, nothing for nobody, and a desk that fails is a silent stream."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from room_kit import RoomKit

from andon.control_room.live import CLIENTS_MAX, Broadcaster, Client
from andon.control_room.room import FRAGMENTS


class Socket:
    """A browser's end, in memory."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.gone = asyncio.Event()
        self.heard = asyncio.Condition()

    async def accept(self) -> None:
        return

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    async def send_text(self, text: str) -> None:
        self.sent.append(json.loads(text))
        async with self.heard:
            self.heard.notify_all()

    async def receive(self) -> dict[str, str]:
        await self.gone.wait()
        return {"type": "websocket.disconnect"}


@pytest.fixture
def kit(tmp_path: Path) -> RoomKit:
    return RoomKit(tmp_path)


def with_browser(kit: RoomKit, frames: int, between: Any = None) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        broadcaster = Broadcaster(kit.app.state.room)
        socket = Socket()
        serving = asyncio.ensure_future(broadcaster.serve(socket))  # type: ignore[arg-type]
        broadcaster.start()
        for i in range(frames):
            async with socket.heard:
                await socket.heard.wait_for(lambda wanted=i: len(socket.sent) > wanted)
            if between is not None:
                between(i)
        socket.gone.set()
        await serving
        await broadcaster.stop()
        return socket.sent

    return asyncio.run(run())


def test_the_first_frame_is_whole_and_the_next_say_only_what_changed(kit: RoomKit) -> None:
    first, second, *_ = with_browser(kit, 3)
    assert set(first["html"]) == set(FRAGMENTS)
    assert len(first["signals"]) == len(kit.desk.site().signals)
    assert set(second) == {"at", "clock"}
    kit.clock.advance(0)


def test_what_moves_is_sent_and_what_does_not_is_not(kit: RoomKit) -> None:
    def move(_: int) -> None:
        kit.clock.advance(5)

    frames = with_browser(kit, 6, move)
    assert any("vehicles" in f for f in frames[1:])
    assert all(len(f.get("html", {})) < len(FRAGMENTS) for f in frames[1:])
    assert [f["at"] for f in frames] == sorted(f["at"] for f in frames)


def test_each_value_is_worded_by_the_server_alone(kit: RoomKit) -> None:
    frame = with_browser(kit, 1)[0]
    text, state, since, quality, origin, warn = frame["signals"]["lathe-3.state"]
    assert state == "stale"
    assert warn == "do not use"
    assert all((text, quality, origin)) and since < frame["at"]  # noqa: PT018 - one thought


def test_a_desk_that_fails_is_a_silent_stream_and_comes_back(kit: RoomKit) -> None:
    asked = {"n": 0}
    views = kit.desk.views

    def sometimes() -> Any:
        asked["n"] += 1
        if 3 <= asked["n"] <= 6:
            raise OSError("the disk is gone")
        return views()

    kit.desk.views = sometimes  # type: ignore[method-assign]
    frames = with_browser(kit, 5)
    assert asked["n"] > 6
    assert all("at" in f for f in frames)


def test_nobody_watching_costs_alarms_only_and_sends_nothing_empty_to_who_comes_meanwhile(kit: RoomKit) -> None:
    async def run() -> None:
        broadcaster = Broadcaster(kit.app.state.room)
        late = Client()

        def frame(watched: bool) -> dict[str, Any]:
            broadcaster._clients.add(late)
            return {"at": 1} if watched else {}

        broadcaster._frame = frame  # type: ignore[method-assign]
        await broadcaster._tick()
        assert not late.queue
        await broadcaster._tick()
        assert list(late.queue) == ['{"at":1}']

    asyncio.run(run())


def test_too_many_pages_are_told_so(kit: RoomKit) -> None:
    async def run() -> tuple[int, str] | None:
        broadcaster = Broadcaster(kit.app.state.room)
        broadcaster._clients.update(Client() for _ in range(CLIENTS_MAX))
        socket = Socket()
        await broadcaster.serve(socket)  # type: ignore[arg-type]
        return socket.closed

    assert asyncio.run(run()) == (1013, "too many pages are open")
