"""Small shops for the rules of control: sites with a time of its own for each product and station, and one in SimPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from andon.models.simulate import jit
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.textbook import Stage, constant, line
from andon.site.floor import Assumption, Demand, Distribution, Product, Step
from andon.site.model import Site


@dataclass(frozen=True)
class Kind:
    """A product: where it goes, how long that takes, how often it is ordered."""

    every: Distribution
    times: tuple[tuple[int, Distribution], ...]
    quantity: int = 1
    due_h: float = 1e3
    priority: int = 100


def shop(stages: Sequence[Stage], kinds: Sequence[Kind], stations: dict[int, dict[str, Any]] | None = None) -> Site:
    """A site of these stages and products; `stations` changes fields of stations by their number."""
    base = line(stages, constant(1.0))
    like = base.assumptions[0]

    def assumed(name: str, law: Distribution) -> Assumption:
        return like.model_copy(update={"name": name, "distribution": law})

    more = [assumed(f"every-{k}", kind.every) for k, kind in enumerate(kinds)]
    more += [assumed(f"t-{k}-{n}", law) for k, kind in enumerate(kinds) for n, (_, law) in enumerate(kind.times)]
    return base.model_copy(
        update={
            "assumptions": (*base.assumptions, *more),
            "stations": tuple(s.model_copy(update=(stations or {}).get(i, {})) for i, s in enumerate(base.stations)),
            "products": tuple(
                Product(
                    id=f"p{k}",
                    name=f"p{k}",
                    route=tuple(Step(station=f"s{i}", time=f"t-{k}-{n}") for n, (i, _) in enumerate(kind.times)),
                    priority=kind.priority,
                )
                for k, kind in enumerate(kinds)
            ),
            "demand": tuple(
                Demand(product=f"p{k}", every=f"every-{k}", quantity=kind.quantity, due_h=kind.due_h)
                for k, kind in enumerate(kinds)
            ),
        }
    )


def memory_after(image: Image, replication: int = 0, seed: int = 1) -> np.ndarray:
    """The plain kernel's whole memory at the end of one replication."""
    kernel = jit.kernel("plain")
    m = np.zeros(image.size, np.int64)
    m[: len(image.memory)] = image.memory
    f = image.reals.copy()
    with np.errstate(over="ignore"):
        kernel["begin"](m, f, seed, replication)
        kernel["run"](m, f, image.code)
    return m


def exits(image: Image, m: np.ndarray) -> list[tuple[int, int, int]]:
    """(nanoseconds, product, serial) of every finished job, from the trace."""
    trace = m[m[at.TRACE] : m[at.TRACE_N]].reshape(-1, at.TRACE_WORDS)
    return [(int(t), int(p), int(s)) for t, kind, p, s in trace if kind == at.TRACE_EXIT]


# The same in SimPy, which shares nothing with the kernel; fixed times only


@dataclass
class Job:
    kind: int
    serial: int
    due_s: float
    priority: int = 100
    step: int = 0
    order: str = ""


@dataclass(frozen=True)
class Booked:
    """An order with a name."""

    name: str
    kind: int
    quantity: int
    due_s: float
    priority: int = 100
    came_s: float = 0.0


class Peer:
    """A job shop of single-server or parallel stations with dispatch rules, unlimited buffers and fixed times."""

    def __init__(
        self,
        machines: Sequence[int],
        kinds: Sequence[Kind],
        rules: Sequence[str],
        setup_s: float,
        *,
        booked: Sequence[Booked] = (),
        limit: int = 10**9,
        limits: dict[int, int] | None = None,
    ) -> None:
        self.env = simpy.Environment()
        self.limit, self.limits = limit, limits or {}
        self.on_floor: dict[int, int] = dict.fromkeys(range(len(kinds)), 0)
        self.outside: list[tuple[int, float, int, Job]] = []
        self.finished: dict[str, float] = {}
        self.left = {b.name: b.quantity for b in booked}
        self.kinds, self.rules, self.setup_s = kinds, rules, setup_s
        self.waiting: list[list[Job]] = [[] for _ in machines]
        self.idle: list[list[simpy.Event]] = [[] for _ in machines]
        self.out: list[tuple[float, int, int]] = []
        for station, count in enumerate(machines):
            for _ in range(count):
                self.env.process(self.machine(station))
        for number, kind in enumerate(kinds):
            if kind.every.kind == "constant":
                self.env.process(self.orders(number))
        for place, order in enumerate(booked):
            self.env.process(self.named(place, order))

    def orders(self, number: int) -> Any:
        kind, serial = self.kinds[number], 0
        while True:
            for _ in range(kind.quantity):
                job = Job(number, serial, self.env.now + kind.due_h * 3600.0, kind.priority)
                self.outside.append((kind.priority, self.env.now, 1000 + number, job))
                serial += 1
            yield self.env.timeout(0.0)  # all orders of an instant are in the book before the desk looks
            self.let_in()
            yield self.env.timeout(float(kind.every.value or 0.0))

    def named(self, place: int, order: Booked) -> Any:
        yield self.env.timeout(order.came_s)
        for _ in range(order.quantity):
            job = Job(order.kind, -1, order.due_s, order.priority, order=order.name)
            self.outside.append((order.priority, order.came_s, place, job))
        yield self.env.timeout(0.0)
        self.let_in()

    def let_in(self) -> None:
        """Jobs enter by priority, then by age, then as listed, while their limits allow."""
        while sum(self.on_floor.values()) < self.limit:
            may = [e for e in self.outside if self.on_floor[e[3].kind] < self.limits.get(e[3].kind, 10**9)]
            if not may:
                return
            entry = min(may, key=lambda e: e[:3])
            self.outside.remove(entry)
            self.on_floor[entry[3].kind] += 1
            self.put(entry[3])

    def leave(self, job: Job) -> None:
        self.out.append((self.env.now, job.kind, job.serial))
        self.on_floor[job.kind] -= 1
        if job.order:
            self.left[job.order] -= 1
            if self.left[job.order] == 0:
                self.finished[job.order] = self.env.now
        self.let_in()

    def put(self, job: Job) -> None:
        station = self.kinds[job.kind].times[job.step][0]
        if self.idle[station]:
            self.idle[station].pop(0).succeed(job)
        else:
            self.waiting[station].append(job)

    def span(self, job: Job, step: int) -> float:
        return float(self.kinds[job.kind].times[step][1].value or 0.0)

    def choose(self, station: int, last: int) -> Job:
        def rank(job: Job) -> float:
            left = sum(self.span(job, n) for n in range(job.step, len(self.kinds[job.kind].times)))
            match self.rules[station]:
                case "spt":
                    return self.span(job, job.step)
                case "edd":
                    return job.due_s
                case "cr":
                    return (job.due_s - self.env.now) / left
                case "setup-minimising":
                    return float(job.kind != last)
                case "priority":
                    return job.priority
                case _:
                    return 0.0

        job = min(self.waiting[station], key=rank)
        self.waiting[station].remove(job)
        return job

    def machine(self, station: int) -> Any:
        last = -1
        while True:
            if self.waiting[station]:
                job = self.choose(station, last)
            else:
                event = self.env.event()
                self.idle[station].append(event)
                job = yield event
            if self.setup_s and job.kind != last:
                yield self.env.timeout(self.setup_s)
            last = job.kind
            yield self.env.timeout(self.span(job, job.step))
            job.step += 1
            if job.step == len(self.kinds[job.kind].times):
                self.leave(job)
            else:
                self.put(job)
