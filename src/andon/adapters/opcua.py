"""A read-only OPC UA client: subscribes to a source's signals on a thread of its own, and reconnects for ever.

It holds no call that writes, and none that runs a method on a server: only the gateway writes to machines.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from asyncua import Client, ua
from asyncua.client.ua_client import UaClientState

from andon.adapters.clock import SiteClock, SiteTime
from andon.adapters.opcua_connect import Trouble, close, connect
from andon.adapters.opcua_nodes import Plan, create_items, observation, plan_for, read_mapping, read_units
from andon.adapters.pki import Pki
from andon.core.readings import Origin
from andon.core.time import SECOND
from andon.protocols.events import Alive, Down, Event, Restarted, Sink
from andon.site.model import Signal, Source

CHUNK = 1_000
"""Signals a subscription."""
BACKOFF_S = (0.2, 0.5, 1.0, 2.0)
"""Waits between attempts; the last repeats. A restarted server is live again well within ten seconds."""
TICK_S = 0.5
QUIET_FACTOR = 3
"""Missed keep-alives after which a connection that looks open is given up."""
QUIET_MIN_S = 3.0
STALL_S = 0.5
"""A tick this late says that we were held up ourselves, and what the server published still waits to be read."""
JUMP_NS = SECOND
"""A time line that falls back by more than this began anew."""


@dataclass(slots=True)
class _Part:
    """One subscription: its signals by client handle, and when it last published."""

    signals: tuple[Signal, ...]
    units: dict[str, str] = field(default_factory=dict)
    published: int = 0
    """Monotonic nanoseconds."""


class OpcuaSource:
    """One source of kind `opcua`: start it, and it delivers until it is stopped."""

    def __init__(
        self,
        source: Source,
        signals: Sequence[Signal],
        pki: Pki,
        sink: Sink,
        clock: SiteClock,
        *,
        credentials: Path | None = None,
        name: str = "twin",
    ) -> None:
        """Prepare; nothing is opened before `start`.

        Args:
            source: where to connect to.
            signals: those of the site; the ones of other sources are ignored.
            pki: our certificates and the trusted ones.
            sink: takes the source's id and a batch of events, from this source's thread; must not block.
            clock: stamps what arrives; adopts the mapping that a virtual source publishes.
            credentials: folder of the files that `source.credential` names.
            name: under which our certificate is kept.
        """
        self.source = source
        self.trouble = "not connected yet"
        """Why it is not connected; empty while it is."""
        self.note = ""
        """What is odd about a connection that works, such as a server that keeps alive too rarely."""
        self._signals = tuple(s for s in signals if s.source == source.id)
        self._pki = pki
        self._sink = sink
        self._clock = clock
        self._credentials = credentials
        self._name = name
        self._mapping: SiteTime | None = None
        self._origin = Origin.MEASURED
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Connect and deliver, on a thread of its own; returns at once."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"opcua {self.source.id}", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the connection and the thread."""
        self._stopping.set()
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None:
            with suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(stop.set)
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        asyncio.run(self._for_ever())

    async def _for_ever(self) -> None:
        """Connect, watch, and begin again, with short waits, until told to stop."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        failures = 0
        while not (self._stop.is_set() or self._stopping.is_set()):
            connected = False
            try:
                client = await connect(self.source, self._pki, self._name, self._credentials)
                try:
                    connected = await self._session(client, self._stop)
                finally:
                    await close(client)
            except Trouble as trouble:
                self._lost(str(trouble))
            except Exception as error:  # noqa: BLE001 - a thread that dies in silence would look like a quiet plant
                self._lost(f"`{self.source.id}` was lost ({type(error).__name__}: {str(error)[:120]}); trying again")
            failures = 0 if connected or not self.trouble else failures + 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    def _lost(self, why: str) -> None:
        self.trouble = why
        self._sink(self.source.id, [Down(self.source.id, self._clock.now(), why)])

    async def _session(self, client: Client, stop: asyncio.Event) -> bool:
        """Subscribe to everything and watch over it; returns when told to stop, raises Trouble when it is lost."""
        speed = await self._adopt(client)
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        units = await read_units(client, self._signals)
        limit_s = 0.0
        parts = []
        for start in range(0, len(self._signals), CHUNK):
            part = _Part(self._signals[start : start + CHUNK], units)
            plan = plan_for(part.signals, speed)
            limit_s = max(limit_s, await self._subscribe(client, part, plan, lost))
            parts.append(part)
        self.trouble = ""
        return await self._watch(client, parts, stop, lost, max(QUIET_MIN_S, QUIET_FACTOR * limit_s))

    async def _adopt(self, client: Client) -> float:
        """Take over a virtual source's mapping of time; returns its speed. Raises nothing that a real source would."""
        mapping = await read_mapping(client)
        if not self.source.virtual:
            # A simulation where the site declares a real source: state what it is, and sync sets it aside.
            self._origin = Origin.SIMULATED if mapping is not None else Origin.MEASURED
            return self._clock.mapping.speed
        mapping = mapping or SiteTime()
        before = self._clock.now()
        self._clock.adopt(mapping)
        now = self._clock.now()
        if self._mapping is not None and now < before - JUMP_NS:
            self._sink(self.source.id, [Restarted(self.source.id, now)])
        self._mapping = mapping
        return mapping.speed

    async def _subscribe(self, client: Client, part: _Part, plan: Plan, lost: asyncio.Future[str]) -> float:
        """One subscription with its items; returns how rarely its server will publish, seconds."""

        def published(result: ua.PublishResult) -> None:
            try:
                self._published(part, result, lost)
            except Exception as error:  # noqa: BLE001 - the vendor's loop would swallow it
                _end(lost, f"a message of `{self.source.id}` could not be taken ({type(error).__name__}: {error})")

        part.published = self._clock.monotonic()
        made = await client.uaclient.create_subscription(plan.parameters(), published)
        period_s = float(made.RevisedPublishingInterval) * max(1, int(made.RevisedMaxKeepAliveCount)) / 1000
        tightest = min(s.fresh_s for s in part.signals) / self._clock.mapping.speed
        if period_s > tightest:
            self.note = (
                f"`{self.source.id}` keeps alive every {period_s:g} s, more rarely than a freshness limit of "
                f"{tightest:g} s asks; allow shorter keep-alives there or raise fresh_s"
            )
        statuses = await create_items(client, made.SubscriptionId, part.signals, plan)
        at = self._clock.now()
        failed = [
            observation(s, ua.DataValue(StatusCode=status), at, self._origin, None)
            for s, status in zip(part.signals, statuses, strict=True)
            if not status.is_good()
        ]
        if failed:
            self._sink(self.source.id, failed)
        return period_s

    def _published(self, part: _Part, result: ua.PublishResult, lost: asyncio.Future[str]) -> None:
        """A publish or keep-alive of one subscription: its changes, and the sign of life behind them."""
        at = self._clock.now()
        part.published = self._clock.monotonic()
        events: list[Event] = []
        for note in result.NotificationMessage.NotificationData or ():
            if isinstance(note, ua.DataChangeNotification):
                for item in note.MonitoredItems:
                    if 0 <= item.ClientHandle < len(part.signals):
                        signal = part.signals[item.ClientHandle]
                        events.append(observation(signal, item.Value, at, self._origin, part.units.get(signal.id)))
            elif isinstance(note, ua.StatusChangeNotification):
                _end(lost, f"`{self.source.id}` ended a subscription ({note.Status.name})")
                return
        whole = len(part.signals) == len(self._signals)
        events.append(Alive(self.source.id, at, None if whole else tuple(s.id for s in part.signals)))
        self._sink(self.source.id, events)

    async def _watch(
        self, client: Client, parts: Sequence[_Part], stop: asyncio.Event, lost: asyncio.Future[str], quiet_s: float
    ) -> bool:
        """Until told to stop: look for a lost link, a silent server, and a mapping of time that changed."""
        ticks = 0
        while not stop.is_set():
            before = self._clock.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK_S)
            late = (self._clock.monotonic() - before) / SECOND > TICK_S + STALL_S
            if client.uaclient.state is not UaClientState.CONNECTED:
                raise Trouble(f"the connection to `{self.source.id}` broke; connecting again")
            if lost.done():
                raise Trouble(f"{lost.result()}; connecting again")
            silent = max((self._clock.monotonic() - p.published) / SECOND for p in parts) if parts else 0.0
            if silent > quiet_s and not late:
                raise Trouble(f"`{self.source.id}` published nothing for {silent:.0f} s; connecting again")
            ticks += 1
            if self.source.virtual and ticks % 2 == 0:
                speed = self._clock.mapping.speed
                if await self._adopt(client) != speed:
                    raise Trouble(f"the speed of `{self.source.id}` changed; subscribing again at its pace")
        return True


def _end(lost: asyncio.Future[str], why: str) -> None:
    if not lost.done():
        lost.set_result(why)
