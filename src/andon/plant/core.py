"""The plant without a server: simulated time, written values in, samples out. No sockets, no files, no clock."""

from __future__ import annotations

import math
import zlib
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import simpy

from andon.core.readings import Value
from andon.core.time import SECOND
from andon.plant.board import Analogue
from andon.plant.draws import PlantError
from andon.plant.faults import DOWN_S, FLOOR_FAULTS, Fault, Sample, Veil, begin, check_target, end
from andon.plant.floor import Floor
from andon.plant.unplayed import refuse
from andon.site.model import Signal, Site, Source

WARM_UP_S = 4 * 3600.0
"""Simulated before the first sample, so that the plant is found in the middle of its work."""
CHANGES_MAX = 400
"""More discrete changes than this in one take are told by their last value only."""
DECIMALS = 3
BAD_NOT_SUPPORTED = 0x803D0000


class Answer(StrEnum):
    """What the machine side says to a write."""

    TAKEN = "taken"
    UNKNOWN = "unknown"
    READ_ONLY = "read-only"
    WRONG_TYPE = "wrong-type"
    OUT_OF_RANGE = "out-of-range"
    LOCAL = "local"


@dataclass(slots=True)
class Memory:
    """What controllers and the order book keep over a restart."""

    registers: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Signal to (commanded, active)."""
    counts: dict[str, int] = field(default_factory=dict)
    completed: dict[str, int] = field(default_factory=dict)
    next_order: dict[str, int] = field(default_factory=dict)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    """(product, order), oldest first within a product."""


def virtual_source(site: Site) -> Source:
    """The source that a virtual plant of this site serves.

    Raises:
        PlantError: the site declares none.
    """
    for source in site.sources:
        if source.virtual and source.kind == "opcua":
            return source
    raise PlantError("no source of the site is virtual; set `virtual: true` on an opcua source of sources.yaml")


class Plant:
    """A site's factory, warmed up to `start_ns` of site time.

    Args:
        site: the factory as described.
        start_ns: site time at which it is found, nanoseconds.
        seed: same seed, start, memory and writes, same plant.
        faults: what goes wrong, and when, in seconds after `epoch_ns`.
        epoch_ns: the origin of the faults' times; `start_ns` unless given.
        memory: what its controllers kept from before.
        warm_up_s: simulated before `start_ns`.
    """

    def __init__(
        self,
        site: Site,
        *,
        start_ns: int,
        seed: int = 1,
        faults: Iterable[Fault] = (),
        epoch_ns: int | None = None,
        memory: Memory | None = None,
        warm_up_s: float = WARM_UP_S,
    ) -> None:
        refuse(site)
        self.source = virtual_source(site)
        self.signals: dict[str, Signal] = {s.id: s for s in site.signals if s.source == self.source.id}
        self._base_ns = start_ns - round(warm_up_s * SECOND)
        self._epoch_ns = start_ns if epoch_ns is None else epoch_ns
        self.floor = Floor(site, seed, self._base_ns, memory.next_order if memory is not None else None)
        self._seed = seed
        self._add_ambient()
        if memory is not None:
            self._restore_registers(memory)
        self.floor.env.run(until=max(warm_up_s, 1e-6))
        self._restore_counters(memory)
        faults, again = tuple(faults), memory is not None
        for fault in faults:
            check_target(fault, self.floor, self.signals)
            if fault.kind.name in FLOOR_FAULTS:
                self.floor.env.process(self._stage(fault, once=again and fault.kind.name == "setpoint-turned"))
        self._veil = Veil(faults, self.signals)
        self._veils_on: frozenset[int] = frozenset()
        self._sampled: dict[str, tuple[int, float]] = {}
        self._was_silent = False
        self.floor.board.take()

    @property
    def now_ns(self) -> int:
        """Site time that the plant has reached, nanoseconds."""
        return self._base_ns + round(self.floor.env.now * SECOND)

    @property
    def silent(self) -> bool:
        """Whether a fault keeps the server from publishing."""
        return self._veil.silent(self._since_epoch_s())

    def _since_epoch_s(self) -> float:
        return (self.now_ns - self._epoch_ns) / SECOND

    def run_until(self, site_ns: int) -> None:
        """Let the plant live until a moment of site time; a moment in its past changes nothing."""
        until_s = (site_ns - self._base_ns) / SECOND
        if until_s > self.floor.env.now:
            self.floor.env.run(until=until_s)

    # Samples

    def sample_all(self) -> list[Sample]:
        """Every served signal as it is now, stamped now: a server that begins reads its machines anew.

        A restarted plant so never tells a time before one that it told in its former life.
        """
        self.floor.board.take()
        self._veils_on = self._veil.on(self._since_epoch_s())
        return [self._veil.show(self._now(signal), self._since_epoch_s()) for signal in self.signals]

    def take(self) -> list[Sample]:
        """What changed since the last call, oldest first: each discrete change, and analogues that are due."""
        since_s = self._since_epoch_s()
        if self._veil.silent(since_s):
            self._was_silent = True
            return []
        if self._was_silent:
            self._was_silent = False
            return self.sample_all()
        # Of changes in one instant the last one counts: no client could tell them apart by their time.
        changes = list({(c.signal, c.at_s): c for c in self.floor.board.take() if c.signal in self.signals}.values())
        if len(changes) > CHANGES_MAX:
            changes = list({c.signal: c for c in changes}.values())
        changes.sort(key=lambda c: c.at_s)
        samples = [Sample(c.signal, c.value, self._site_ns(c.at_s)) for c in changes]
        samples += self._due_analogues()
        on = self._veil.on(since_s)
        if on != self._veils_on:
            told = {s.signal for s in samples}
            toggled = self._veil.touched(on ^ self._veils_on)
            samples += [self._now(name) for name in toggled if name not in told]
            self._veils_on = on
        return [self._veil.show(sample, since_s) for sample in samples]

    def _due_analogues(self) -> list[Sample]:
        due = []
        for name, measure in self.floor.board.analogues.items():
            signal = self.signals.get(name)
            if signal is None:
                continue
            index = math.floor(self.floor.env.now / signal.period_s)
            known = self._sampled.get(name)
            if known is not None and known[0] == index:
                continue
            sample, value = self._measure(signal, measure, index)
            self._sampled[name] = (index, value)
            if known is None or known[1] != value or self._always_told(signal):
                due.append(sample)
        return due

    def _always_told(self, signal: Signal) -> bool:
        """A chamber's sensor tells a fresh timestamp at every period, whatever its value."""
        return signal.property == "temperature"

    def _measure(self, signal: Signal, measure: Analogue, index: int) -> tuple[Sample, float]:
        at_s = index * signal.period_s
        value = round(float(measure(at_s)), DECIMALS)
        typed: Value = round(value) if signal.type == "int" else value
        return Sample(signal.id, typed, self._site_ns(at_s)), value

    def _now(self, name: str) -> Sample:
        signal = self.signals[name]
        measure = self.floor.board.analogues.get(name)
        if measure is not None:
            return self._measure(signal, measure, math.floor(self.floor.env.now / signal.period_s))[0]
        change = self.floor.board.latest.get(name)
        if change is None:
            return Sample(name, None, self.now_ns, BAD_NOT_SUPPORTED)
        return Sample(name, change.value, self.now_ns)

    def _site_ns(self, at_s: float) -> int:
        return self._base_ns + round(at_s * SECOND)

    def unsupported(self) -> list[str]:
        """Served signals of which this plant knows nothing; they are served with a Bad status."""
        board = self.floor.board
        return [name for name in self.signals if name not in board.analogues and name not in board.latest]

    def _add_ambient(self) -> None:
        """Measured quantities that no machine explains, such as a hall's temperature, wander inside their range."""
        board = self.floor.board
        for signal in self.signals.values():
            known = signal.id in board.analogues or signal.id in board.latest
            if not known and signal.type == "float" and signal.low is not None and signal.high is not None:
                board.analogues[signal.id] = _wander(signal, self._seed, self._base_ns / SECOND)

    # Writes

    def write(self, signal_id: str, value: object) -> Answer:
        """A client writes a register: what the machine answers at once. Whether it does it is another matter."""
        signal = self.signals.get(signal_id)
        if signal is None:
            return Answer.UNKNOWN
        controller = self.floor.controllers.get(signal_id)
        if controller is None or not signal.writable:
            return Answer.READ_ONLY
        expected = int if signal.type == "int" else float
        if not isinstance(value, expected) or isinstance(value, bool):
            return Answer.WRONG_TYPE
        if not math.isfinite(value) or not controller.accepts(value):
            return Answer.OUT_OF_RANGE
        if not controller.remote:
            return Answer.LOCAL
        controller.command(value)
        return Answer.TAKEN

    # Memory

    def remember(self) -> Memory:
        """What would survive a power cut of the plant's controllers."""
        desk = self.floor.desk
        return Memory(
            registers={name: (c.commanded, c.active) for name, c in self.floor.controllers.items()},
            counts={name: m.count for name, m in self.floor.machines.items()},
            completed=dict(desk.completed),
            next_order=dict(desk.next_order),
            waiting=[(job.product, job.order) for queue in desk.waiting.values() for job in queue],
        )

    def _restore_registers(self, memory: Memory) -> None:
        for name, (commanded, active) in memory.registers.items():
            controller = self.floor.controllers.get(name)
            if controller is not None and controller.accepts(active):
                controller.turn(active)
                if commanded != active and controller.accepts(commanded):
                    controller.command(commanded)

    def _restore_counters(self, memory: Memory | None) -> None:
        """Counters begin at zero in a new plant; the order book stays as warmed up unless one was kept."""
        desk = self.floor.desk
        for name, machine in self.floor.machines.items():
            machine.set_count(memory.counts.get(name, 0) if memory is not None else 0)
        if memory is not None:
            desk.restore(memory.completed, memory.waiting)
        else:
            desk.reset_completed()

    # Faults

    def _stage(self, fault: Fault, *, once: bool) -> Generator[simpy.Event, Any, None]:
        since_s = self._since_epoch_s()
        lasts_s = (
            DOWN_S if fault.kind.name == "machine-down" and math.isinf(fault.end_s) else fault.end_s - fault.start_s
        )
        over_s = fault.start_s + lasts_s
        if since_s >= over_s or (once and since_s > fault.start_s):
            return  # over, or done before a restart and kept in memory
        if since_s < fault.start_s:
            yield self.floor.env.timeout(fault.start_s - since_s)
        begin(fault, self.floor)
        if math.isfinite(over_s):
            yield self.floor.env.timeout(over_s - max(fault.start_s, since_s))
            end(fault, self.floor)


def _wander(signal: Signal, seed: int, origin_s: float) -> Analogue:
    low, high = signal.low or 0.0, signal.high or 0.0
    phase = (zlib.crc32(signal.id.encode()) + seed) % 1000 / 1000 * 2 * math.pi

    def measure(at_s: float) -> float:
        turn = 2 * math.pi * (at_s + origin_s) / 14_400.0
        return (low + high) / 2 + (high - low) * 0.04 * math.sin(turn + phase)

    return measure


__all__ = ["Answer", "Memory", "Plant", "PlantError", "virtual_source"]
