"""Orders, material and release: what waits outside, and what may enter the floor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from andon.core.time import SECOND
from andon.plant.board import Board
from andon.plant.controller import Controller
from andon.plant.draws import Draws
from andon.plant.hours import Hours
from andon.plant.pools import Job
from andon.site.floor import Demand, Product, Release

LATE_CHANCE = 0.1
"""Share of orders whose material comes late."""
LATE_MEAN_S = 20 * 60.0
"""How late, on average (exponential)."""
FAULT_LATE_S = 90 * 60.0
"""How late every order's material is under the late-material fault."""

Steps = Generator[simpy.Event, Any, None]


def is_sequence(code: float, products: int) -> bool:
    """Whether an integer code names every product exactly once.

    >>> is_sequence(312, 3), is_sequence(311, 3), is_sequence(31, 3)
    (True, False, False)
    """
    return code == int(code) and sorted(str(int(code))) == [str(n) for n in range(1, products + 1)]


@dataclass(slots=True)
class Totals:
    """Jobs counted for the tests of conservation."""

    ordered: int = 0
    released: int = 0
    completed: int = 0


@dataclass
class OrderDesk:
    """The order book and the release desk: constant work in progress, products by the active sequence."""

    env: simpy.Environment
    board: Board
    draws: Draws
    hours: Hours
    base_ns: int
    products: tuple[Product, ...]
    release: Release | None
    room: Callable[[Job], bool]
    """Whether the first buffer of a job's route has a place."""
    enter: Callable[[Job], None]
    """Put a job into that place."""
    controller: Controller | None = None
    material_fault: bool = False
    waiting: dict[str, deque[Job]] = field(default_factory=dict)
    completed: dict[str, int] = field(default_factory=dict)
    next_order: dict[str, int] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)

    def __post_init__(self) -> None:
        for product in self.products:
            self.waiting[product.id] = deque()
            self.completed[product.id] = 0
            self.next_order.setdefault(product.id, 1)
            self._publish(product.id)
        self._in_release = False

    def open_for(self, demand: tuple[Demand, ...]) -> None:
        """Begin to receive orders, with one order of each product on the table and its material in the yard."""
        for pattern in demand:
            self.receive(pattern, late_chance=0.0)
            self.env.process(self._arrivals(pattern))

    def _arrivals(self, pattern: Demand) -> Steps:
        while True:
            yield from self._open_time(self.draws.seconds(pattern.every, f"{pattern.product} demand"))
            self.receive(pattern)

    def _open_time(self, seconds: float) -> Steps:
        """Let `seconds` of time pass in which some shift works."""
        remaining_s = seconds
        while remaining_s > 0:
            now_ns = self.base_ns + round(self.env.now * SECOND)
            closes_ns = self.hours.open_until(now_ns)
            if closes_ns is None:
                yield self.env.timeout((self.hours.opens_at(now_ns) - now_ns) / SECOND)
            else:
                chunk_s = min(remaining_s, (closes_ns - now_ns) / SECOND)
                yield self.env.timeout(chunk_s)
                remaining_s -= chunk_s

    def receive(self, pattern: Demand, late_chance: float = LATE_CHANCE) -> None:
        """An order comes in; its material may not be there yet."""
        number = self.next_order[pattern.product]
        self.next_order[pattern.product] = number + 1
        jobs = [Job(n, pattern.product, f"{pattern.product}-{number:04d}") for n in range(pattern.quantity)]
        self.totals.ordered += len(jobs)
        self.waiting[pattern.product].extend(jobs)
        stream = self.draws.streams[f"{pattern.product} material"]
        late_s = float(stream.exponential(LATE_MEAN_S)) if stream.random() < late_chance else 0.0
        if self.material_fault:
            late_s = FAULT_LATE_S
        if late_s > 0:
            self.delay(jobs, late_s)
        self._publish(pattern.product)
        self.try_release()

    def delay(self, jobs: list[Job], late_s: float) -> None:
        """The material of these jobs comes `late_s` from now."""
        for job in jobs:
            job.material = False
        self.env.process(self._material_comes(jobs, late_s))

    def _material_comes(self, jobs: list[Job], late_s: float) -> Steps:
        yield self.env.timeout(late_s)
        for job in jobs:
            job.material = True
        self.try_release()

    def begin_material_fault(self) -> None:
        """From now on all material is late, that of the jobs already waiting too."""
        self.material_fault = True
        self.delay([job for queue in self.waiting.values() for job in queue], FAULT_LATE_S)

    def on_floor(self) -> int:
        """Jobs released and not completed."""
        return self.totals.released - self.totals.completed

    def order_of_release(self) -> list[str]:
        """Products, first to last, by the sequence in force."""
        ids = [p.id for p in self.products]
        if self.controller is None:
            return ids
        return [ids[int(digit) - 1] for digit in str(int(self.controller.active))]

    def try_release(self) -> None:
        """Let jobs in while there is room under the limit."""
        if self._in_release:
            return
        self._in_release = True
        limit = self.release.wip_limit if self.release is not None else None
        while limit is None or self.on_floor() < limit:
            job = self._next_job()
            if job is None:
                break
            self.waiting[job.product].remove(job)
            self.totals.released += 1
            self._publish(job.product)
            self.enter(job)
        self._in_release = False

    def _next_job(self) -> Job | None:
        for product in self.order_of_release():
            job = next((j for j in self.waiting[product] if j.material), None)
            if job is not None and self.room(job):
                return job
        return None

    def complete(self, job: Job) -> None:
        """A job has left the floor."""
        self.completed[job.product] += 1
        self.totals.completed += 1
        self._publish(job.product)
        self.try_release()

    def _publish(self, product: str) -> None:
        now_s = self.env.now
        self.board.put(now_s, f"{product}.waiting", len(self.waiting[product]))
        self.board.put(now_s, f"{product}.completed", self.completed[product])
        if self.release is not None:
            element = (self.release.sequence_signal or "release.sequence").partition(".")[0]
            self.board.put(now_s, f"{element}.waiting", sum(len(queue) for queue in self.waiting.values()))

    def reset_completed(self) -> None:
        """Count completed jobs from now on."""
        self.completed = dict.fromkeys(self.completed, 0)
        for product in self.completed:
            self._publish(product)

    def restore(self, completed: dict[str, int], waiting: list[tuple[str, str]]) -> None:
        """Take the order book and counters of a plant that ran before; jobs on the floor stay as warmed up."""
        for product in self.waiting:
            self.completed[product] = completed.get(product, 0)
            self.totals.ordered -= len(self.waiting[product])
            self.waiting[product].clear()
        for number, (product, order) in enumerate(waiting):
            if product in self.waiting:
                self.waiting[product].append(Job(number, product, order))
                self.totals.ordered += 1
        for product in self.waiting:
            self._publish(product)
        self.try_release()
