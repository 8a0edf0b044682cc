"""Takes recorded logs the way live data goes: bytes to events, to state with quarantine, to history, and out again."""

from __future__ import annotations

import hashlib
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andon.adapters.history import History, reading_bytes
from andon.adapters.recordings import LogFile, NoRecording, chunks
from andon.core.readings import Origin
from andon.models.fit.cycles import Log, Rebuild, Told
from andon.models.fit.plan import Plan
from andon.protocols.shdr import Item, Parser, ShdrEvent
from andon.protocols.shdr_feeds import Feeds
from andon.site.model import Site
from andon.sync.store import StateStore

HOUR_NS = 3_600 * 10**9
PEEK = 4096
BATCH = 200
"""Observations that state takes at once: small enough that one odd observation does not slow down many."""
SILENT_S = 120.0
"""A worker that says nothing for so long, and is gone, has failed."""

Times = NDArray[np.int64]
Progress = Callable[[str, int, int], None]
"""Called after each log: its name, how many are done, how many there are."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What logs came to."""

    told: tuple[Told, ...]
    """In order of file name."""
    readings: int
    """Accepted into state and history."""
    quarantined: dict[str, int]
    """Reason to how many observations were set aside on the way."""
    malformed: int
    """Lines that could not be read."""
    digests: dict[str, str]
    """Machine to the digest of the stretch of its history that the estimates rest on."""


def take(site: Site, plan: Plan, files: Sequence[LogFile], progress: Progress | None = None, workers: int = 2) -> Taken:
    """Read every log into state and history, then rebuild what each tells from history.

    Machines are independent, so each is taken by a process of its own when there are several and `workers` allows.

    Raises:
        NoRecording: a log cannot be read, or the site does not declare the plan's source.
    """
    if all(s.id != plan.source for s in site.sources):
        raise NoRecording(f"`source: {plan.source}` of the plan is not in sources.yaml; name one that is")
    machines = sorted({f.machine for f in files})
    parts = [[f for f in files if f.machine == m] for m in machines]
    done = 0

    def step(name: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(name, done, len(files))

    if workers < 2 or len(parts) < 2:
        return _together([_machine(site, plan, part, step) for part in parts])
    return _together(_apart(site, plan, parts, step))


def _together(parts: Sequence[Taken]) -> Taken:
    quarantined: dict[str, int] = {}
    for part in parts:
        for reason, n in part.quarantined.items():
            quarantined[reason] = quarantined.get(reason, 0) + n
    return Taken(
        tuple(sorted((t for p in parts for t in p.told), key=lambda t: t.log.file)),
        sum(p.readings for p in parts),
        dict(sorted(quarantined.items())),
        sum(p.malformed for p in parts),
        {name: d for p in parts for name, d in p.digests.items()},
    )


def _apart(site: Site, plan: Plan, parts: Sequence[list[LogFile]], step: Callable[[str], None]) -> list[Taken]:
    """One process a machine. Fresh interpreters: nothing is shared but what is sent."""
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[tuple[str, int, Any]] = context.Queue()
    processes = [
        context.Process(target=_worker, args=(queue, i, site, plan, part), daemon=True) for i, part in enumerate(parts)
    ]
    results: dict[int, Taken] = {}
    try:
        for process in processes:
            process.start()
        while len(results) < len(parts):
            kind, number, what = _next(queue, processes)
            if kind == "log":
                step(what)
            elif kind == "done":
                results[number] = what
            else:
                raise NoRecording(what)
    finally:
        for process in processes:
            if process.is_alive() and len(results) < len(parts):
                process.terminate()
            process.join(timeout=10)
        queue.close()
        queue.join_thread()
    return [results[i] for i in range(len(parts))]


def _next(queue: Any, processes: Sequence[Any]) -> tuple[str, int, Any]:
    waited = 0.0
    while True:
        try:
            message: tuple[str, int, Any] = queue.get(timeout=1.0)
        except Empty:
            waited += 1.0
            gone = [p for p in processes if p.exitcode not in {None, 0}]
            if gone and waited > 2.0:
                raise NoRecording(
                    f"a reading process ended with code {gone[0].exitcode}; try again with `--workers 1`"
                ) from None
            if waited > SILENT_S and all(not p.is_alive() for p in processes):
                raise NoRecording("the reading processes ended without a result; try `--workers 1`") from None
        else:
            return message


def _worker(queue: Any, number: int, site: Site, plan: Plan, files: list[LogFile]) -> None:
    try:
        taken = _machine(site, plan, files, lambda name: queue.put(("log", number, name)))
    except OSError as error:
        queue.put(("failed", number, str(error)))
    else:
        queue.put(("done", number, taken))


def _machine(site: Site, plan: Plan, files: Sequence[LogFile], step: Callable[[str], None]) -> Taken:
    with (
        tempfile.TemporaryDirectory(prefix="andon-fit-") as folder,
        History(Path(folder) / "history.duckdb") as history,
    ):
        return _Taking(site, plan, history).all(files, step)


def first_time(file: LogFile) -> int:
    """Source time of a log's first readable line, 0 when it has none."""
    parser = Parser()
    for data in chunks(file.path):
        for start in range(0, len(data), PEEK):
            for event in parser.feed(data[start : start + PEEK]):
                if isinstance(event, Item) and event.time is not None:
                    return event.time
    return next((e.time or 0 for e in parser.close() if isinstance(e, Item)), 0)


class _Taking:
    """One pass over the logs of one machine."""

    def __init__(self, site: Site, plan: Plan, history: History) -> None:
        self._plan = plan
        self._history = history
        self._store = StateStore(site)
        self._feeds = Feeds(plan.source, site.signals, origin=Origin.REPLAYED)
        self._until = -1
        self._readings = 0

    def all(self, files: Sequence[LogFile], step: Callable[[str], None]) -> Taken:
        """The logs in order of time, as they would have come."""
        logs: list[Log] = []
        for file in sorted(files, key=lambda f: (first_time(f), f.name)):
            logs.append(self._log(file))
            step(file.name)
        told, seal = self._rebuilt(logs)
        counts: dict[str, int] = {}
        for (_, _, reason), n in self._store.counts().items():
            counts[reason] = counts.get(reason, 0) + n
        return Taken(told, self._readings, counts, self._feeds.tally.malformed, {files[0].machine: seal})

    def _log(self, file: LogFile) -> Log:
        times: list[Times] = []
        for events in _events(file):
            seen = self._feeds.observations(events, None, f"{file.device}:")
            for start in range(0, len(seen), BATCH):
                batch = seen[start : start + BATCH]
                done = self._store.feed(batch, max(o.received_time for o in batch))
                self._history.append(done.readings)
                self._readings += len(done.readings)
                times.append(np.array([r.source_time for r in done.readings], dtype=np.int64))
        return self._span(file, np.concatenate(times) if times else np.empty(0, dtype=np.int64))

    def _span(self, file: LogFile, times: Times) -> Log:
        """The stretch of time that is this log's own: what an earlier log already told is not told again."""
        times = np.sort(times[times > self._until])
        if times.size == 0:
            return Log(file.name, file.product, file.operation, file.machine, file.unit, 0, 0)
        self._until = int(times[-1])
        steps = np.diff(times)
        long = np.flatnonzero(steps > self._plan.settings.unattended_h * HOUR_NS)
        return Log(
            file.name,
            file.product,
            file.operation,
            file.machine,
            file.unit,
            int(times[0]),
            int(times[-1]),
            int(times.size),
            int(steps.max()) if steps.size else 0,
            tuple((int(times[i]), int(times[i + 1])) for i in long),
        )

    def _rebuilt(self, logs: Sequence[Log]) -> tuple[tuple[Told, ...], str]:
        """What each log tells, read back from history in one pass, and the digest of what was read."""
        roles = self._plan.roles
        names = [f"{log.machine}.{role}" for log in logs[:1] for role in roles.model_dump().values()]
        hasher = hashlib.sha256()
        told: list[Told] = []
        since, until, _ = self._history.extent()
        readings = iter(self._history.readings(names, since, until + 1))
        reading = next(readings, None)
        for log in logs:
            rebuild = Rebuild(log, roles, self._plan.words)
            while reading is not None and log.readings and reading.source_time <= log.last:
                hasher.update(reading_bytes(reading))
                if reading.source_time >= log.first:
                    rebuild.take(reading)
                reading = next(readings, None)
            told.append(rebuild.told())
        return tuple(told), f"sha256:{hasher.hexdigest()}"


def _events(file: LogFile) -> Iterator[list[ShdrEvent]]:
    parser = Parser()
    for data in chunks(file.path):
        yield parser.feed(data)
    yield parser.close()
