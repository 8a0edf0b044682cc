"""Plays recorded SHDR logs as a live adapter over TCP: in time order, at a speed, with a heartbeat.

Gaps are kept: a night in the logs is a night in the replay, at its speed. Begin later with `start`, never by skipping
in silence. What happened before `start` is told at once, as an adapter tells its current values to whoever connects.
"""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from andon.adapters.clock import SiteTime, SystemClock
from andon.adapters.fit_logs import first_time
from andon.adapters.recordings import LogFile, chunks, data_folder, find_logs, read_plan
from andon.adapters.shdr import CLOCK_COMMAND, clock_words
from andon.core.time import SECOND, Clock, iso
from andon.protocols.shdr import Item, Parser, ShdrEvent, pong

HEARTBEAT_MS = 10_000
HEARTBEAT_MS_MIN = 100
BEHIND_BYTES_MAX = 8 << 20
"""Bytes that a reader may be behind before it is disconnected."""
WAIT_S_MAX = 0.5
LINES_AT_ONCE = 2_000
SPEED_MAX = 100_000.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a set of logs covers."""

    first: int
    """Source time of the first line, nanoseconds."""
    last: int

    def mapping(self, speed: float, wall: int, start: int | None = None) -> SiteTime:
        """Site time for a replay that begins now, at wall time `wall`, with the source time `start` (or the first).

        Raises:
            ValueError: the speed is out of range, or `start` lies behind the last line.
        """
        begin = self.first if start is None else max(start, self.first)
        if begin > self.last:
            raise ValueError("the replay would begin behind the last line; give an earlier `--from`")
        return SiteTime(begin, wall, speed)


def timeline(files: Sequence[LogFile]) -> Timeline:
    """First and last source time of the logs, by reading the first line of each and the whole of the last ones.

    Raises:
        NoRecording: a log cannot be read.
        ValueError: no log holds a line with a time.
    """
    begun = sorted((t, f.machine, f.name, f) for f in files if (t := first_time(f)))
    if not begun:
        raise ValueError("no log holds a line with a time; there is nothing to replay")
    latest = {machine: file for _, machine, _, file in begun}
    ends = [line.at for file in latest.values() for line in lines(file)]
    return Timeline(begun[0][0], max(ends))


class Line(NamedTuple):
    """One data item that a log tells."""

    at: int
    """When it is told, nanoseconds of source time: never before the line ahead of it."""
    time: int
    """Its own source time."""
    key: str
    value: str

    def written(self) -> bytes:
        """As the adapter sends it."""
        return f"{stamp(self.time)}|{self.key}|{self.value}\n".encode()


def lines(file: LogFile) -> Iterator[Line]:
    """Lines of a log, never falling back in time, each key with its device in front.

    A line that could not be read is not told: a reader could do no more with it.
    """
    at = 0
    for events in _batches(file):
        for event in events:
            if isinstance(event, Item) and event.time is not None:
                key = event.key if ":" in event.key else f"{file.device}:{event.key}"
                at = max(at, event.time)
                yield Line(at, event.time, key, event.value)


def _batches(file: LogFile) -> Iterator[list[ShdrEvent]]:
    parser = Parser()
    for data in chunks(file.path):
        yield parser.feed(data)
    yield parser.close()


def stamp(at: int) -> str:
    """RFC 3339 with all nine decimals: a replay rounds nothing.

    >>> stamp(1485957575093750000)
    '2017-02-01T13:59:35.093750000Z'
    """
    whole, part = divmod(at, SECOND)
    return f"{iso(whole * SECOND)[:19]}.{part:09d}Z"


def merged(files: Sequence[LogFile]) -> Iterator[Line]:
    """All lines in order of time; a machine's logs one after the other, machines side by side."""
    ordered = sorted(((f.machine, first_time(f), f.name, f) for f in files), key=lambda row: row[:3])
    streams = [_one_machine([row[3] for row in rows]) for _, rows in groupby(ordered, key=lambda row: row[0])]
    return heapq.merge(*streams, key=lambda line: line.at)


def _one_machine(files: Sequence[LogFile]) -> Iterator[Line]:
    at = 0
    for file in files:
        for line in lines(file):
            at = max(at, line.at)
            yield line if line.at == at else line._replace(at=at)


class ReplayServer:
    """An adapter that plays logs. Start it, connect to `address`, stop it."""

    def __init__(
        self,
        files: Sequence[LogFile],
        speed: float,
        *,
        start: int | None = None,
        address: tuple[str, int] = ("127.0.0.1", 0),
        clock: Clock | None = None,
        heartbeat_ms: int | None = None,
    ) -> None:
        """Prepare.

        Args:
            files: the logs; see `andon.adapters.recordings.find_logs`.
            speed: source seconds in a second of wall time.
            start: source time at which it begins, nanoseconds; None for the first line.
            address: host, and port or 0 for any.
            clock: wall time.
            heartbeat_ms: promised in answer to a ping; None: ten seconds of site time, at most ten of wall time.

        Raises:
            ValueError: nothing to replay, or the speed or start is out of range; one sentence.
            NoRecording: a log cannot be read.
        """
        if not 0 < speed <= SPEED_MAX:
            raise ValueError(f"`{speed:g}` is no speed for a replay; give one between 0 and {SPEED_MAX:g}")
        self._files = tuple(files)
        self._wall = clock or SystemClock()
        self._wanted = address
        scaled = max(HEARTBEAT_MS_MIN, min(HEARTBEAT_MS, round(HEARTBEAT_MS / speed)))
        self._heartbeat_ms = heartbeat_ms or scaled
        self.span = timeline(files)
        self._speed, self._start = speed, start
        self.mapping = self.span.mapping(speed, self._wall.now(), start)
        """Site time by wall time; set anew when the replay starts."""
        self.address = address
        """Where it listens, once started."""
        self.told = 0
        """Lines played."""
        self.finished = threading.Event()
        """Set when the last line has been played."""
        self.trouble = ""
        self._current: dict[str, Line] = {}
        self._ended = threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._begun = asyncio.Event()

    def start(self, timeout_s: float = 10.0) -> None:
        """Listen and play, on a thread of its own; returns when connections are taken.

        What lies before the beginning is read first; whoever connects meanwhile waits for it.

        Raises:
            OSError: the port is taken; one sentence.
        """
        self._thread = threading.Thread(target=self._run, name="shdr replay", daemon=True)
        self._thread.start()
        if not self._ready.wait(timeout_s) or self.trouble:
            raise OSError(self.trouble or "the replay did not start in time; try again")

    def stop(self, timeout_s: float = 10.0) -> None:
        """Close every connection and end the thread."""
        self._ended.set()
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None:
            with suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(stop.set)
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self.trouble = str(error)
        finally:
            self._ready.set()
            self.finished.set()

    async def _serve(self) -> None:
        self._loop, self._stop, self._begun = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        host, port = self._wanted
        try:
            server = await asyncio.start_server(self._reader, host, port)
        except OSError as error:
            raise OSError(f"port {port} on {host} cannot be listened on ({error.strerror}); give another") from error
        self.address = server.sockets[0].getsockname()[:2]
        self._ready.set()
        playing = asyncio.ensure_future(self._to_the_end())
        try:
            await self._stop.wait()
        finally:
            server.close()
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            for writer in list(self._writers):
                writer.close()
            for writer in list(self._writers):
                with suppress(OSError, TimeoutError):
                    await asyncio.wait_for(writer.wait_closed(), 1.0)

    def _skip(self, lines_of: Iterator[Line]) -> Line | None:
        """Take what lies before the beginning into the current values; returns the first line behind it."""
        for line in lines_of:
            if line.at >= self.mapping.epoch_site or self._ended.is_set():
                return line
            self._current[line.key] = line
        return None

    async def _to_the_end(self) -> None:
        try:
            await self._play()
        except OSError as error:
            self.trouble = str(error)
        finally:
            self.finished.set()

    async def _play(self) -> None:
        """Tell each line when its time has come."""
        lines_of = merged(self._files)
        held = await asyncio.to_thread(self._skip, lines_of)
        self.mapping = self.span.mapping(self._speed, self._wall.now(), self._start)
        self._begun.set()
        while held is not None:
            now = self.mapping.at(self._wall.now())
            due: list[bytes] = []
            while held is not None and held.at <= now and len(due) < LINES_AT_ONCE:
                due.append(held.written())
                self._current[held.key] = held
                held = next(lines_of, None)
            if due:
                self._tell(b"".join(due))
                self.told += len(due)
                await asyncio.sleep(0)
            elif held is not None:
                await asyncio.sleep(min(WAIT_S_MAX, max(0.001, (held.at - now) / 1e9 / self._speed)))

    def _tell(self, data: bytes) -> None:
        for writer in list(self._writers):
            if writer.transport.get_write_buffer_size() > BEHIND_BYTES_MAX:
                self._writers.discard(writer)
                writer.transport.abort()
            else:
                writer.write(data)

    async def _reader(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: an answer to each ping, and all that is told."""
        joining = asyncio.ensure_future(self._join(writer))
        try:
            while line := await reader.readline():
                if line.strip() == b"* PING":
                    writer.write(pong(self._heartbeat_ms))
                    await writer.drain()
        except (OSError, ValueError):
            writer.transport.abort()
        finally:
            joining.cancel()
            self._writers.discard(writer)
            writer.close()

    async def _join(self, writer: asyncio.StreamWriter) -> None:
        """Tell the clock and the current values, once the replay has begun; from then on whatever comes."""
        await self._begun.wait()
        clock = f"* {CLOCK_COMMAND}: {clock_words(self.mapping)}\n".encode()
        held = sorted(self._current.values())
        writer.write(clock + b"".join(line.written() for line in held))
        self._writers.add(writer)


def replay_of(
    site: Path, data: Path | None, speed: float, start: int | None = None, *, plan: str | None = None
) -> ReplayServer:
    """The replay of a site's recorded logs, not yet started, on a port of its own choice.

    Raises:
        NoRecording: the site has no plan, or the data is not there; one sentence.
        ValueError: the speed or start is out of range; one sentence.
    """
    chosen, _ = read_plan(site, plan)
    return ReplayServer(find_logs(data_folder(data), chosen), speed, start=start)
