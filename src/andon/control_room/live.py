"""What moves: one look at the desk each tick, serialised once, to every browser that is open."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from andon.control_room.picture import Picture, glance, look
from andon.control_room.present import clock_text, shown
from andon.control_room.room import FRAGMENTS, Room

QUEUE_MAX = 4
"""Frames waiting for one browser; the oldest is dropped, and the browser is then sent a whole one."""
CLIENTS_MAX = 200
IDLE_TICKS = 4
"""With nobody watching, only every so many ticks are looked at, so that alarms keep their times."""
FULL_TICKS = 3
"""Authority, records and forecasts are asked for every so many ticks; signals and halts at each."""

log = logging.getLogger(__name__)
Frame = dict[str, Any]


@dataclass(eq=False, slots=True)
class Client:
    """One open browser page."""

    queue: deque[str] = field(default_factory=lambda: deque(maxlen=QUEUE_MAX))
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    behind: bool = True
    """It has missed something: the next frame it gets is a whole one."""

    def offer(self, whole: str, changes: str) -> None:
        """Queue a frame; a full queue loses everything for one whole frame."""
        if len(self.queue) == QUEUE_MAX:
            self.queue.clear()
            self.behind = True
        self.queue.append(whole if self.behind else changes)
        self.behind = False
        self.ready.set()


class Broadcaster:
    """Looks at the desk while somebody watches, and hands the same bytes to all of them."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._clients: set[Client] = set()
        self._before: Frame = {}
        self._picture: Picture | None = None
        self._ticks = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin ticking, inside the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="broadcaster")

    async def stop(self) -> None:
        """End ticking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        tick = 0
        while True:
            tick += 1
            if self._clients or tick % IDLE_TICKS == 0:
                try:
                    await self._tick()
                except Exception:
                    # A frame that cannot be made is a silent stream: pages freeze and say so. Nothing stale is sent.
                    log.exception("no frame could be made")
            await asyncio.sleep(self._room.settings.tick_s)

    async def _tick(self) -> None:
        watched = bool(self._clients)
        frame = await run_in_threadpool(self._frame, watched)
        if not watched:
            # Somebody who came meanwhile is behind, and gets a whole frame at the next tick.
            self._before = {}
            return
        changed = changes(self._before, frame)
        self._before = frame
        whole_text = json.dumps(frame, separators=(",", ":"), ensure_ascii=False)
        changed_text = json.dumps(changed, separators=(",", ":"), ensure_ascii=False)
        for client in self._clients:
            client.offer(whole_text, changed_text)

    def _frame(self, watched: bool) -> Frame:
        self._ticks += 1
        if self._picture is None or self._ticks % FULL_TICKS == 0 or not watched:
            self._picture = look(self._room.desk, self._room.tail)
        else:
            self._picture = glance(self._room.desk, self._picture)
        picture = self._picture
        if not watched:
            self._room.alarms(picture)
            return {}
        context = self._room.context(picture)
        signals = {}
        for view in picture.views.values():
            s = shown(view, picture.at)
            since = None if s.at is None else s.at // 1_000_000
            signals[view.signal] = [s.text, s.state, since, s.quality, s.origin, "" if s.usable else "do not use"]
        return {
            "at": picture.at // 1_000_000,
            "clock": clock_text(picture.at, self._room.names.zone),
            "mode": picture.mode,
            "instance": self._room.settings.instance,
            "signals": signals,
            "vehicles": {v.id: [v.x, v.y, v.state, v.stale] for v in context["vehicles"]},
            "counts": {"/decide": len(picture.recommendations), "/challenges": len(picture.open_challenges)},
            "html": {name: self._room.fragment(name, context) for name in FRAGMENTS},
        }

    async def serve(self, socket: WebSocket) -> None:
        """One browser, until it leaves. What it says is not listened to."""
        if len(self._clients) >= CLIENTS_MAX:
            await socket.close(1013, "too many pages are open")
            return
        await socket.accept()
        client = Client()
        self._clients.add(client)
        listener = asyncio.ensure_future(_until_gone(socket))
        try:
            while not listener.done():
                waiter = asyncio.ensure_future(client.ready.wait())
                await asyncio.wait({listener, waiter}, return_when=asyncio.FIRST_COMPLETED)
                waiter.cancel()
                client.ready.clear()
                while client.queue and not listener.done():
                    await socket.send_text(client.queue.popleft())
        except (WebSocketDisconnect, RuntimeError, OSError):
            pass  # The browser left between two frames.
        finally:
            self._clients.discard(client)
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await listener


async def _until_gone(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Frame:
    """Only what differs: whole entries of the tables, whole values of the rest; the time always.

    >>> changes({"at": 1, "html": {"a": "x", "b": "y"}}, {"at": 2, "html": {"a": "x", "b": "z"}})
    {'at': 2, 'html': {'b': 'z'}}
    """
    made: Frame = {}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            part = {k: v for k, v in value.items() if old.get(k) != v}
            if part:
                made[key] = part
        elif value != old or key in {"at", "clock"}:
            made[key] = value
    return made
