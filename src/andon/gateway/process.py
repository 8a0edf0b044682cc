"""The shell around the decisions: runs each effect, feeds back what came of it, keeps sessions with the machines."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from andon.adapters.journal import Journal
from andon.adapters.machines.opcua_writer import ANSWER_S, LiveValue, OpcUaWriter, Unreachable
from andon.core.refusals import Reason
from andon.core.time import Clock, iso, nanos
from andon.gateway.bounds import Bound, Endpoint, Node
from andon.gateway.checks import same
from andon.gateway.decide import refused, step
from andon.gateway.files import Folder
from andon.gateway.restore import restore, worth_keeping
from andon.gateway.state import (
    Begin,
    Broken,
    Command,
    Durable,
    Effect,
    Event,
    Latch,
    Live,
    Note,
    Phase,
    Read,
    Reply,
    SaveEpoch,
    Settle,
    Settled,
    State,
    WasRead,
    Write,
    Wrote,
)

JOURNAL_BYTES_MAX = 16 * 1024 * 1024
READ_BACK_S = 2.0
"""How long a machine may take to show the value that it acknowledged."""
SETTLE_WAIT_S = ANSWER_S + 1.0
"""After fencing: the server was told to give up sooner, so what it has not done by then it does not do."""
SETTLE_TRY_S = 20.0
"""How long a machine is asked after that, before a person must look."""
KEEP_S = 2.0


class Gateway:
    """One running gateway. `drive` is the only way in."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._clock = clock
        self._folder = Folder(folder)
        self._boot = self._folder.boot()
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._asks = itertools.count(1)
        self._writers: dict[Endpoint, OpcUaWriter] = {}
        self._kinds: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._journal: Journal | None = None
        self.state, self._left_open = self._started()

    def _started(self) -> tuple[State, tuple[Effect, ...]]:
        broken = ""
        entries: list[dict[str, Any]] = []
        saved = 0
        try:
            self._journal = self._folder.journal()
            entries = self._journal.entries
            saved = self._folder.epoch()
        except (OSError, ValueError) as error:
            broken = str(error)
        now = self._clock.monotonic()
        state, settles = restore(entries, saved, now, self._boot)
        state, _ = step(state, self._folder.read(), now)
        if not broken:
            try:
                self._folder.save_epoch(state.epoch)
            except OSError as error:
                broken = f"the epoch cannot be saved ({error})"
        state, _ = step(state, Broken(broken), now)
        return state, settles

    async def begin(self) -> None:
        """Fence and read back what a crash left open, and connect to the machines."""
        for effect in self._left_open:
            self._spawn(self._follow(effect))
        self._spawn(self._keep())

    async def end(self) -> None:
        """Let commands that were handed out end, then close everything."""
        for _ in range(30):
            if not any(command.phase == Phase.WRITING for command in self.state.commands.values()):
                break
            await asyncio.sleep(0.1)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers.values():
            await writer.fence()
        self._folder.close()

    async def ask(self, make: Callable[[int], Event]) -> Mapping[str, Any]:
        """Handle one request and return its answer; the command behind it goes on by itself."""
        number = next(self._asks)
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._spawn(self._drive(number, make(number)))
        try:
            return await answer
        finally:
            self._waiting.pop(number, None)

    def look(self) -> None:
        """Take note of files that changed: new bounds, a latch that somebody wrote by hand."""
        if self._folder.changed():
            self._feed(self._folder.read())

    def no_session(self) -> dict[str, str]:
        """Sources that no session is held with, and why."""
        sources = self.state.bounds.endpoints if self.state.bounds else ()
        return {name: writer.trouble for name in sources if (writer := self._writer(name)) and writer.trouble}

    async def live(self, bound: Bound) -> Live:
        """The present value of a signal.

        Raises:
            Unreachable: it cannot be read.
        """
        return _live(await self._read(bound.node))

    async def _drive(self, ask: int, event: Event) -> None:
        try:
            self.look()
            for effect in self._feed(event):
                await self._follow(effect)
        finally:
            # Whatever happened, nobody is left waiting; who has been answered is not answered again.
            said = self.state.broken or "the request was not carried to its end"
            self._reply(refused(ask, [Reason("fault", said, "restart the gateway and report this")]), "")

    async def _follow(self, effect: Effect) -> None:
        """Carry one command on, effect by effect, to its end.

        Between the last check (in `step`, on `Durable`) and the bytes of the write leaving, nothing else runs.
        """
        pending = [effect]
        while pending:
            pending += self._feed(await self._perform(pending.pop(0)))

    def _feed(self, event: Event) -> list[Effect]:
        """One step. What is quick is done here, in order; what waits for a machine is handed back."""
        self.state, effects = step(self.state, event, self._clock.monotonic())
        later: list[Effect] = []
        undone = ""
        for effect in effects:
            match effect:
                case Reply():
                    self._reply(effect, undone)
                case Begin():
                    later += self._begin(effect)
                case Note():
                    undone = self._durably(partial(self._record, effect.entry)) or undone
                case SaveEpoch():
                    undone = self._durably(partial(self._folder.save_epoch, effect.epoch)) or undone
                case Latch():
                    undone = self._durably(partial(self._folder.latch_line, effect.entry)) or undone
                case Read() | Write() | Settle():
                    later.append(effect)
        return later

    def _begin(self, effect: Begin) -> list[Effect]:
        why = self._durably(partial(self._record, effect.entry))
        self.look()
        return self._feed(Durable(effect.command.id, why))

    def _durably(self, write: Callable[[], None]) -> str:
        """Why it is not on disk; empty when it is. A disk that refuses once is not trusted again."""
        try:
            write()
        except (OSError, ValueError) as error:
            self._feed(Broken(str(error)))
            return str(error)
        return ""

    def _record(self, entry: Mapping[str, Any]) -> None:
        if self._journal is None:
            raise OSError("the journal could not be opened")
        at = self._clock.monotonic()
        if self._journal.bytes > JOURNAL_BYTES_MAX:
            self._journal.rewrite(worth_keeping(self._folder.journal().entries, at, self._boot))
        self._journal.append({**entry, "at": str(at), "boot": self._boot, "wall": iso(self._clock.now())})

    def _reply(self, effect: Reply, undone: str) -> None:
        answer = self._waiting.get(effect.ask)
        if answer is None or answer.done():
            return
        body = effect.body
        if undone:
            text = f"this holds while the gateway runs, but is not on disk ({undone})"
            reason = Reason("not-durable", text, "mend the disk; until then stop the machine by other means")
            body = {**body, "ok": False, "reasons": [*body.get("reasons", ()), reason.as_json()]}
        answer.set_result(body)

    async def _perform(self, effect: Effect) -> Event:
        match effect:
            case Read():
                return await self._ask_machine(effect.command, effect.bound)
            case Write():
                return await self._write(effect.command, effect.bound)
            case Settle():
                return Settled(effect.command.id, await self._settle(effect.command))
            case _:
                raise TypeError(f"{type(effect).__name__} does not wait for a machine")

    async def _ask_machine(self, command: Command, bound: Bound) -> WasRead:
        try:
            live = await self._read(bound.node)
            permissive = _live(await self._read(bound.permissive)) if bound.permissive else None
        except Unreachable as error:
            return WasRead(command.id, None, None, str(error))
        self._kinds[bound.signal] = live.kind
        return WasRead(command.id, _live(live), permissive)

    async def _write(self, command: Command, bound: Bound) -> Wrote:
        writer = self._writer(bound.node.source)
        if writer is None:
            return Wrote(command.id, "unknown", None, "its source is no longer declared")
        answer = await writer.write(bound.node.address, command.value, self._kinds.get(bound.signal, 0))
        if answer.verdict == "unknown":
            return Wrote(command.id, answer.verdict, None, answer.why)
        # Counted by the clock: a time-out around the library's own can be swallowed by it (CPython 3.11, `wait_for`).
        until = self._clock.monotonic() + nanos(READ_BACK_S)
        while True:
            try:
                back = _live(await self._read(bound.node))
            except Unreachable as error:
                return Wrote(command.id, answer.verdict, None, str(error))
            if same(back, command.value) or answer.verdict == "refused" or self._clock.monotonic() > until:
                return Wrote(command.id, answer.verdict, back, answer.why)
            await asyncio.sleep(0.02)

    async def _settle(self, command: Command) -> Live | None:
        bound = command.bound
        if bound is None and self.state.bounds is not None:
            bound = self.state.bounds.signals.get(command.signal)
        writer = self._writer(bound.node.source) if bound else None
        if bound is None or writer is None:
            return None
        await writer.fence()
        await asyncio.sleep(SETTLE_WAIT_S)
        tries = int(SETTLE_TRY_S / KEEP_S)
        for _ in range(tries):
            try:
                return _live(await writer.read(bound.node.address))
            except Unreachable:
                await asyncio.sleep(KEEP_S)
        return None

    async def _read(self, node: Node) -> LiveValue:
        writer = self._writer(node.source)
        if writer is None:
            raise Unreachable(f"source `{node.source}` has no address")
        return await writer.read(node.address)

    def _writer(self, source: str) -> OpcUaWriter | None:
        endpoint = self.state.bounds.endpoints.get(source) if self.state.bounds else None
        if endpoint is None:
            return None
        if endpoint not in self._writers:
            url, security = endpoint.url, endpoint.security
            self._writers[endpoint] = OpcUaWriter(url, security, self._folder.path, source, self._clock)
        return self._writers[endpoint]

    async def _keep(self) -> None:
        """Keep a session with every declared source, so that a permit's half second is not spent on connecting."""
        while True:
            self.look()
            sources = list(self.state.bounds.endpoints) if self.state.bounds else []
            writers = [writer for source in sources if (writer := self._writer(source))]
            await asyncio.gather(*(writer.keep() for writer in writers), return_exceptions=True)
            await asyncio.sleep(KEEP_S)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing more may be written
            self._feed(Broken(f"a fault of the gateway: {type(error).__name__}: {error}"))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _live(value: LiveValue) -> Live:
    return Live(value.value, value.good, value.status)
