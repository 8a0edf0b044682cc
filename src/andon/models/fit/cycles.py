"""Cycles out of readings: what status, run-time counter, block number and program name say about one log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from andon.core.readings import Reading, Value
from andon.models.fit.plan import Roles, Words

SETTLE_NS = 1_500_000_000
"""How long after a start the counter may still show the run before."""
SETTLED_S = 5.0
ROLLOVER_S = 62.0
"""The counter shows seconds before minutes at each full minute: for a moment it is a minute short, never longer."""


@dataclass(frozen=True, slots=True)
class Log:
    """One recorded log: which unit of which operation on which machine, and the stretch of time that is its own."""

    file: str
    product: str
    operation: str
    machine: str
    unit: int
    first: int
    """Source time of its first reading that was not in an earlier log, nanoseconds; 0 when it holds none."""
    last: int
    readings: int = 0
    silence: int = 0
    """Longest time between two readings, nanoseconds."""
    silences: tuple[tuple[int, int], ...] = ()
    """Every time between two readings that is longer than the declared limit: begin and end, nanoseconds."""

    @property
    def key(self) -> tuple[str, str]:
        """Product and operation."""
        return self.product, self.operation


@dataclass(slots=True)
class Run:
    """From a program's start to where it ended."""

    start: int
    end: int = 0
    ending: str = "open"
    """completed | stopped | open (the log ends first)."""
    counter_s: float = 0.0
    """What the machine's own run-time counter gained: it stands still in a hold and in a program stop."""
    held: int = 0
    """Nanoseconds in feed hold."""
    first_block: int | None = None
    last_block: int = 0
    program: str | None = None
    """Name stated in this log, or None: what an earlier log said may be out of date."""

    @property
    def elapsed_s(self) -> float:
        """Seconds by the clock."""
        return (self.end - self.start) / 1e9


@dataclass(slots=True)
class Told:
    """Everything that one log tells."""

    log: Log
    runs: list[Run] = field(default_factory=list)
    counted: list[int] = field(default_factory=list)
    """Values of the part counter that appeared."""

    @property
    def programs(self) -> tuple[str, ...]:
        """Names of the programs that ran, in order of appearance."""
        return tuple(dict.fromkeys(r.program for r in self.runs if r.program is not None))


class Rebuild:
    """Reads one log's readings in order of source time and keeps its runs."""

    def __init__(self, log: Log, roles: Roles, words: Words) -> None:
        self._told = Told(log)
        self._words = words
        self._run: Run | None = None
        self._hold: int | None = None
        self._settled = False
        self._counter_at = 0
        self._stated: str | None = None
        self._do = {
            roles.status: self._status,
            roles.runtime: self._runtime,
            roles.block: self._block,
            roles.program: self._program,
            roles.counter: self._count,
        }

    def take(self, reading: Reading) -> None:
        """One more reading. Properties that play no part are passed over."""
        act = self._do.get(reading.signal.partition(".")[2])
        if act is not None:
            act(reading.source_time, reading.value)

    def told(self, readings: Iterable[Reading] = ()) -> Told:
        """What these readings, and those taken before, come to. A run that has not ended is open."""
        for reading in readings:
            self.take(reading)
        if self._run is not None:
            self._end(self._told.log.last, "open")
        return self._told

    def _status(self, at: int, value: Value) -> None:
        run = self._run
        if value in self._words.running:
            if run is None:
                self._run = Run(at, program=None)
                self._settled, self._counter_at = False, at
            elif self._hold is not None:
                run.held += at - self._hold
                self._hold = None
        elif value in self._words.held:
            if run is not None and self._hold is None:
                self._hold = at
        elif run is not None:
            self._end(at, "completed" if value in self._words.completed else "stopped")

    def _end(self, at: int, ending: str) -> None:
        run = self._run
        if run is None:
            return
        if self._hold is not None:
            run.held += at - self._hold
            self._hold = None
        run.end, run.ending = at, ending
        if run.program is None:
            run.program = self._stated
        self._told.runs.append(run)
        self._run = None

    def _runtime(self, at: int, value: Value) -> None:
        run = self._run
        if run is None or isinstance(value, str):
            return
        seconds = float(value)
        if not self._settled:
            if seconds < SETTLED_S or at - run.start > SETTLE_NS:
                self._settled = True
                run.counter_s, self._counter_at = seconds, at
            return
        gained = seconds - run.counter_s
        if 0 <= gained <= (at - self._counter_at) / 1e9 + ROLLOVER_S:
            run.counter_s, self._counter_at = seconds, at

    def _block(self, _: int, value: Value) -> None:
        run = self._run
        if run is None or isinstance(value, str) or value <= 0:
            return
        block = int(value)
        if run.first_block is None:
            run.first_block = block
        run.last_block = max(run.last_block, block)

    def _program(self, _: int, value: Value) -> None:
        self._stated = str(value)
        if self._run is not None and self._run.program is None:
            self._run.program = self._stated

    def _count(self, _: int, value: Value) -> None:
        if not isinstance(value, str):
            self._told.counted.append(int(value))


@dataclass(frozen=True, slots=True)
class Cycle:
    """One unit's operation, begun at its program's start and completed. All durations in seconds."""

    log: Log
    start: int
    end: int
    cycle_s: float
    """From the first start to the completion, by the clock: what a schedule feels, and what is forecast."""
    machine_s: float
    """Time that the program itself took: interruptions are not in it."""
    held_s: float
    stopped_s: float
    """Between a stop and the next start."""
    waited_s: float
    """The program was active and its run-time counter stood still: a program stop, an open door."""
    runs: int
    last_block: int
    """The block at which the program completed: another number is another version of the program."""
    program: str | None

    @property
    def interrupted_s(self) -> float:
        """Everything between start and completion that was not machine time."""
        return self.held_s + self.stopped_s + self.waited_s


def make_cycle(told: Told, runs: Sequence[Run], *, resumed: bool, pause_s: float) -> Cycle:
    """The cycle that these runs of the operation's own program make up; the last of them completed.

    Args:
        told: the log.
        runs: from the first start to the completion; not empty.
        resumed: the last run went on in mid-program, so that the machine time is that of all runs together;
            otherwise it began anew, and what a false start took is an interruption.
        pause_s: shorter interruptions are taken as none.
    """
    last = runs[-1]
    elapsed = (last.end - runs[0].start) / 1e9
    counted = sum(r.counter_s for r in runs) if resumed else last.counter_s
    lost = elapsed - counted
    if lost <= pause_s:
        machine, held, stopped, waited = elapsed, 0.0, 0.0, 0.0
    else:
        machine = counted
        held = min(lost, sum(r.held for r in runs) / 1e9)
        gaps = sum(b.start - a.end for a, b in pairwise(runs)) / 1e9
        false_starts = 0.0 if resumed else sum(r.elapsed_s for r in runs[:-1])
        stopped = min(lost - held, gaps + false_starts)
        waited = lost - held - stopped
    return Cycle(
        told.log,
        runs[0].start,
        last.end,
        elapsed,
        machine,
        held,
        stopped,
        waited,
        len(runs),
        last.last_block,
        last.program,
    )
