"""The plant behind its server: keeps simulated time in step with the clock, tells what changed, takes writes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from andon.adapters.clock import SiteClock, SiteTime, SystemClock
from andon.adapters.opcua_server import LOOPBACK, ClientWrite, OpcuaServer, PortTakenError, Variable
from andon.adapters.pki import Pki
from andon.core.time import SECOND
from andon.plant.core import Answer, Plant, virtual_source
from andon.plant.draws import PlantError
from andon.plant.faults import Fault
from andon.plant.store import MemoryFile, WriteLog
from andon.site.model import Site

STEP_S = 0.1
"""Wall time between two publications."""
STATUS = {
    Answer.TAKEN: 0x00000000,
    Answer.UNKNOWN: 0x803B0000,  # BadNotWritable: the plant's own nodes
    Answer.READ_ONLY: 0x803B0000,  # BadNotWritable
    Answer.WRONG_TYPE: 0x80740000,  # BadTypeMismatch
    Answer.OUT_OF_RANGE: 0x803C0000,  # BadOutOfRange
    Answer.LOCAL: 0x80AF0000,  # BadInvalidState
}
DENIED = 0x801F0000
"""BadUserAccessDenied."""
LOCAL_HOSTS = frozenset({LOOPBACK, "localhost"})


@dataclass(frozen=True, slots=True)
class Settings:
    """How a plant is to be served."""

    folder: Path
    """Where it keeps its memory and certificates: `SITE/.andon/plant`."""
    mapping: SiteTime
    seed: int = 1
    faults: tuple[Fault, ...] = ()
    port: int | None = None
    write_log: Path | None = None
    trust: tuple[Path, ...] = ()
    """More folders of certificates that may write."""
    fresh: bool = False
    """Forget what the controllers kept from before."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What is told when the plant can be reached."""

    endpoint: str
    speed: float
    signals: int
    epoch_site: int
    epoch_wall: int
    certificate: str
    notes: tuple[str, ...] = ()


class PlantService:
    """One plant, one server, one clock."""

    def __init__(self, site: Site, settings: Settings) -> None:
        self._settings = settings
        self._clock = SiteClock(settings.mapping)
        self._wall = SystemClock()
        self._memory = MemoryFile(settings.folder)
        memory, note = (None, "") if settings.fresh else self._memory.read()
        self.notes = [note] if note else []
        self.plant = Plant(
            site,
            start_ns=self._clock.now(),
            seed=settings.seed,
            faults=settings.faults,
            epoch_ns=settings.mapping.epoch_site,
            memory=memory,
        )
        unknown = self.plant.unsupported()
        if unknown:
            listed = ", ".join(f"`{name}`" for name in unknown[:5])
            self.notes.append(f"{len(unknown)} signals have nothing behind them and are Bad: {listed}")
        source = virtual_source(site)
        self._log: WriteLog | None = None
        self._turn = asyncio.Lock()
        self._server = OpcuaServer(
            _url(source.url, settings.port),
            [*self._variables(), *_own_variables()],
            self._on_write,
            pki=Pki(settings.folder / "pki"),
            trust=settings.trust,
            anonymous_writes=source.security == "none",
            site_clock=self._clock,
            wall=self._wall,
        )

    def _variables(self) -> list[Variable]:
        return [
            Variable(s.id, s.address, s.element, s.type, s.unit, writable=s.writable)
            for s in self.plant.signals.values()
        ]

    async def run(self, stop: asyncio.Event, ready: Callable[[Ready], None]) -> None:
        """Serve until `stop` is set.

        Raises:
            PlantError: the port is in use, or the log cannot be written.
        """
        with contextlib.ExitStack() as stack:
            if self._settings.write_log is not None:
                try:
                    self._log = stack.enter_context(WriteLog(self._settings.write_log))
                except OSError as error:
                    raise PlantError(
                        f"the write log `{self._settings.write_log}` cannot be opened ({error.strerror}); name another"
                    ) from error
            try:
                port = await self._server.start()
            except PortTakenError as error:
                wanted = urlparse(self._server.url).port
                raise PlantError(
                    f"port {wanted} on {LOOPBACK} is in use; stop what listens there, or give another with --port"
                ) from error
            try:
                await self._begin()
                ready(self._ready(port))
                while not stop.is_set():
                    await self.step()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), STEP_S)
            finally:
                self._memory.save(self.plant.remember())
                await self._server.stop()

    def _ready(self, port: int) -> Ready:
        mapping = self._settings.mapping
        return Ready(
            endpoint=_url(self._server.url, port),
            speed=mapping.speed,
            signals=len(self.plant.signals),
            epoch_site=mapping.epoch_site,
            epoch_wall=mapping.epoch_wall,
            certificate=str(self._server.own.certificate),
            notes=tuple(self.notes),
        )

    async def _begin(self) -> None:
        now = self._clock.now()
        mapping = self._settings.mapping
        for name, value in (
            ("plant.epoch_site", mapping.epoch_site),
            ("plant.epoch_wall", mapping.epoch_wall),
            ("plant.speed", mapping.speed),
        ):
            await self._server.publish(name, value, now)
        self._memory.save(self.plant.remember())
        for sample in self.plant.sample_all():
            await self._server.publish(sample.signal, sample.value, sample.source_ns, sample.status)

    async def step(self) -> None:
        """Catch up with the clock, keep what must be kept, then tell what changed."""
        async with self._turn:
            await self._step()

    async def _step(self) -> None:
        self.plant.run_until(self._clock.now())
        # Counters are kept before they are told: a restart never shows fewer than somebody has seen.
        self._memory.save(self.plant.remember())
        self._server.silent = self.plant.silent
        for sample in self.plant.take():
            await self._server.publish(sample.signal, sample.value, sample.source_ns, sample.status)

    async def _on_write(self, write: ClientWrite) -> int:
        """A client's write: logged and kept before it is answered, whatever the answer."""
        async with self._turn:
            self.plant.run_until(self._clock.now())
            answer = self.plant.write(write.name, write.value) if write.allowed else None
            if self._log is not None:
                self._log.append(
                    {
                        "wall_ns": self._wall.now(),
                        "site_ns": self.plant.now_ns,
                        "signal": write.name,
                        "value": write.value,
                        "who": write.who,
                        "answer": "denied" if answer is None else answer.value,
                    }
                )
            if answer is None:
                return DENIED
            await self._step()
            return STATUS[answer]


def _own_variables() -> list[Variable]:
    """The mapping of site time, which a twin of a virtual source adopts."""
    return [
        Variable("plant.epoch_site", "ns=2;s=plant.epoch_site", "clock", "int", "ns"),
        Variable("plant.epoch_wall", "ns=2;s=plant.epoch_wall", "clock", "int", "ns"),
        Variable("plant.speed", "ns=2;s=plant.speed", "clock", "float", "1"),
    ]


def _url(url: str, port: int | None) -> str:
    parts = urlparse(url)
    if parts.hostname not in LOCAL_HOSTS:
        raise PlantError(
            f"source url `{url}` is not on this machine and a virtual plant serves no other; use opc.tcp://{LOOPBACK}:4840"
        )
    chosen = port if port is not None else (parts.port or 4840)
    return f"opc.tcp://{LOOPBACK}:{chosen}{parts.path}"


def serve(site: Site, settings: Settings, ready: Callable[[Ready], None]) -> None:
    """Serve until interrupted or terminated; returns when everything is closed.

    Raises:
        PlantError: it cannot be served; one sentence.
    """
    # The library logs what is already answered for, in words of its own; people get one sentence instead.
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await PlantService(site, settings).run(stop, ready)

    asyncio.run(main())


def mapping_of(clock: Any, speed: float, epoch_wall: int | None, epoch_site: int | None) -> SiteTime:
    """The mapping of site time: now is now unless an epoch is given.

    Raises:
        PlantError: the speed is out of range, or only one half of the epoch is given.
    """
    if (epoch_wall is None) != (epoch_site is None):
        raise PlantError("an epoch has two halves; give --epoch-wall and --epoch-site together")
    now = clock.now()
    wall = now if epoch_wall is None else epoch_wall
    if wall > now + SECOND:
        raise PlantError(f"--epoch-wall `{wall}` lies in the future; give a moment that has passed")
    try:
        return SiteTime(epoch_site=wall if epoch_site is None else epoch_site, epoch_wall=wall, speed=speed)
    except ValueError as error:
        raise PlantError(f"{error}; give a speed such as 20") from error
