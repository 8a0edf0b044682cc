"""A read-only SHDR client: an MTConnect adapter's stream, with heartbeat and reconnection, on a thread of its own.

All that it ever sends is `* PING`. Source times are the adapter's; what arrives is stamped by the site clock.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

from andon.adapters.clock import SiteClock, SiteTime
from andon.core.readings import Origin
from andon.protocols.events import Alive, Down, Event, Restarted, Sink
from andon.protocols.shdr import PING, Command, Parser, Ping, Pong, ShdrEvent
from andon.protocols.shdr_feeds import Feeds
from andon.site.model import Signal, Source

BACKOFF_S = (0.2, 0.5, 1.0, 2.0)
"""Waits between attempts; the last repeats."""
CONNECT_S = 5.0
FIRST_PING_S = 10.0
"""An adapter that does not answer the first ping within this keeps no heartbeat."""
QUIET_S = 120.0
"""Without a heartbeat, a silence longer than this ends a connection: it may be dead, and nothing tells."""
READ_BYTES = 1 << 16
PERIOD_MS_MAX = 600_000
CLOCK_COMMAND = "andonSiteTime"
"""What a replay of ours says first: its site time, as `epoch_site epoch_wall speed`. Obeyed only where we replay."""


def host_port(url: str) -> tuple[str, int]:
    """Where an adapter listens.

    Raises:
        ValueError: not `shdr://host:port`.

    >>> host_port("shdr://127.0.0.1:7878")
    ('127.0.0.1', 7878)
    """
    scheme, _, place = url.partition("://")
    host, colon, port = place.rstrip("/").rpartition(":")
    if scheme != "shdr" or not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"`{url}` is no address of an adapter; write `shdr://host:port`")
    return host.strip("[]"), int(port)


def clock_words(mapping: SiteTime) -> str:
    """The value of the clock command.

    >>> clock_words(SiteTime(1, 2, 20.0))
    '1 2 20.0'
    """
    return f"{mapping.epoch_site} {mapping.epoch_wall} {mapping.speed!r}"


def read_clock(words: str) -> SiteTime | None:
    """The mapping that a clock command states, or None where it states none."""
    parts = words.split()
    try:
        site, wall, speed = parts
        return SiteTime(int(site), int(wall), float(speed))
    except ValueError:
        return None


class ShdrSource:
    """One source of kind `shdr`: start it, and it delivers until it is stopped."""

    def __init__(
        self,
        source: Source,
        signals: Sequence[Signal],
        sink: Sink,
        clock: SiteClock,
        *,
        replay: bool = False,
        address: tuple[str, int] | None = None,
    ) -> None:
        """Prepare; nothing is opened before `start`.

        Args:
            source: where to connect to.
            signals: those of the site; the ones of other sources are ignored.
            sink: takes the source's id and a batch of events, from this source's thread; must not block.
            clock: stamps what arrives.
            replay: the other side replays a recording: readings say so, and the clock adopts its site time.
            address: host and port instead of the source's url.

        Raises:
            ValueError: an address or the url cannot be read; one sentence.
        """
        self.source = source
        self.trouble = "not connected yet"
        """Why it is not connected; empty while it is."""
        self.note = ""
        """What is odd about a connection that works."""
        self._address = address or host_port(source.url)
        self._sink = sink
        self._clock = clock
        self._replay = replay
        self.feeds = Feeds(source.id, signals, origin=Origin.REPLAYED if replay else Origin.MEASURED)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Connect and deliver, on a thread of its own; returns at once."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"shdr {self.source.id}", daemon=True)
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
        """Connect, listen, and begin again, with short waits, until told to stop."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        failures = 0
        while not (self._stop.is_set() or self._stopping.is_set()):
            try:
                await self._session(self._stop)
            except Exception as error:  # noqa: BLE001 - a thread that dies in silence would look like a quiet machine
                self._lost(f"`{self.source.id}` was lost ({type(error).__name__}: {str(error)[:120]}); trying again")
                failures += 1
            else:
                failures = 0
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])

    def _lost(self, why: str) -> None:
        self.trouble = why
        self._sink(self.source.id, [Down(self.source.id, self._clock.now(), why)])

    async def _session(self, stop: asyncio.Event) -> None:
        """One connection, from its opening to its end; a reason for its end is raised or told."""
        host, port = self._address
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_S)
        except (OSError, TimeoutError) as error:
            why = f"no adapter answers at {host}:{port} ({str(error) or 'no answer'}); start it or correct `url`"
            raise ConnectionError(why) from error
        try:
            writer.write(PING)
            await writer.drain()
            self.trouble = ""
            await self._listen(reader, writer, stop)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1.0)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stop: asyncio.Event) -> None:
        parser = Parser()
        loop = asyncio.get_running_loop()
        beat = _Beat(loop.time())
        stopped = asyncio.ensure_future(stop.wait())
        reading = asyncio.ensure_future(reader.read(READ_BYTES))
        try:
            while True:
                await asyncio.wait({stopped, reading}, timeout=beat.patience(), return_when=asyncio.FIRST_COMPLETED)
                if stopped.done():
                    return
                if reading.done():
                    data = reading.result()
                    if not data:
                        self._deliver(parser.close())
                        raise ConnectionError("the adapter closed the connection")
                    beat.heard(loop.time(), self._deliver(parser.feed(data)))
                    reading = asyncio.ensure_future(reader.read(READ_BYTES))
                if beat.dead(loop.time()):
                    raise ConnectionError(f"the adapter was silent for more than {beat.limit_s:g} s")
                if beat.due(loop.time()):
                    writer.write(PING)
                    await asyncio.wait_for(writer.drain(), CONNECT_S)
        finally:
            for task in (stopped, reading):
                task.cancel()
            await asyncio.gather(stopped, reading, return_exceptions=True)

    def _deliver(self, events: list[ShdrEvent]) -> int | None:
        """Hand a batch on, with the sign of life that it is; returns the heartbeat period if one was promised."""
        period: int | None = None
        before: list[Event] = []
        for event in events:
            if isinstance(event, Pong):
                period = event.period_ms
            elif isinstance(event, Command) and event.name == CLOCK_COMMAND and self._replay:
                before += self._adopt(event.value)
        now = self._clock.now()
        said = self.feeds.observations([e for e in events if not isinstance(e, Ping | Pong)], now)
        if events:
            self._sink(self.source.id, [*before, *said, Alive(self.source.id, now)])
        return period

    def _adopt(self, words: str) -> list[Event]:
        mapping = read_clock(words)
        if mapping is None:
            self.note = f"the replay's clock command `{words[:60]}` cannot be read"
            return []
        earlier = self._clock.now()
        if self._clock.adopt(mapping) and self._clock.now() < earlier:
            return [Restarted(self.source.id, self._clock.now())]
        return []


class _Beat:
    """When to ping and when to give up, by the adapter's own promise."""

    def __init__(self, now: float) -> None:
        self._period_s: float | None = None
        self._pinged = self._last = now

    @property
    def limit_s(self) -> float:
        """Longest silence that is borne: twice the promised period, as the MTConnect agent does."""
        return QUIET_S if self._period_s is None else max(1.0, 2 * self._period_s)

    def heard(self, now: float, period_ms: int | None) -> None:
        """Something arrived; perhaps a promise."""
        self._last = now
        if period_ms is not None and 0 < period_ms <= PERIOD_MS_MAX:
            self._period_s = period_ms / 1000

    def due(self, now: float) -> bool:
        """Whether to ping now; if so, it is noted."""
        wait = FIRST_PING_S if self._period_s is None else max(0.05, self._period_s / 2)
        if now - self._pinged < wait:
            return False
        self._pinged = now
        return True

    def dead(self, now: float) -> bool:
        """Whether the silence has lasted too long."""
        return now - self._last > self.limit_s

    def patience(self) -> float:
        """How long to wait before looking again, seconds."""
        return 1.0 if self._period_s is None else min(1.0, max(0.05, self._period_s / 4))
