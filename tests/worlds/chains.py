"""Long-run figures that are known exactly: closed forms, and Markov chains built state by state and solved."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

STARVED, WORKING, DOWN, BLOCKED = range(4)
Status = tuple[tuple[int, int], ...]
"""A line at a moment: (jobs in the buffer, state of the machine) by station; the first buffer is never empty."""


@dataclass(frozen=True)
class Machine:
    """One exponential machine: rates a second; it fails only while it processes."""

    rate: float
    fails: float = 0.0
    mends: float = 1.0


@dataclass(frozen=True)
class Steady:
    """A line's steady state."""

    throughput: float
    working: tuple[float, ...]
    """Share of time that each machine processes."""
    queues: tuple[float, ...]
    """Mean number of jobs in each buffer; 0 stands for the first, which is never empty."""
    states: int


def line(machines: Sequence[Machine], rooms: Sequence[int]) -> Steady:
    """The steady state of a saturated serial line with finite buffers; a finished job without room blocks its machine.

    Args:
        machines: in order.
        rooms: capacity of the buffer in front of each machine but the first; 0: a job goes from machine to machine.
    """
    n = len(machines)
    room = (0, *rooms)
    first: Status = ((0, WORKING), *((0, STARVED) for _ in range(n - 1)))
    number = {first: 0}
    order = [first]
    rows, columns, rates = [], [], []
    k = 0
    while k < len(order):
        for rate, after in _moves(order[k], machines, room):
            if after not in number:
                number[after] = len(order)
                order.append(after)
            rows.append(k)
            columns.append(number[after])
            rates.append(rate)
        k += 1
    share = stationary(rows, columns, rates, len(order))
    working = tuple(float(sum(p for p, s in zip(share, order, strict=True) if s[i][1] == WORKING)) for i in range(n))
    queues = tuple(float(sum(p * s[i][0] for p, s in zip(share, order, strict=True))) for i in range(n))
    return Steady(machines[-1].rate * working[-1], working, queues, len(order))


def stationary(rows: list[int], columns: list[int], rates: list[float], n: int) -> np.ndarray:
    """The stationary law of the chain with these transition rates: p Q = 0, and the shares add up to 1."""
    leaving = np.bincount(rows, rates, n)
    at = [*columns, *range(n)]
    out_of = [*rows, *range(n)]
    values = np.concatenate([rates, -leaving])
    q = coo_matrix((values, (at, out_of)), shape=(n, n)).tolil()
    q[0, :] = 1.0
    right = np.zeros(n)
    right[0] = 1.0
    return np.asarray(spsolve(q.tocsc(), right))


def _moves(s: Status, machines: Sequence[Machine], room: Sequence[int]) -> Iterator[tuple[float, Status]]:
    for i, machine in enumerate(machines):
        queue, state = s[i]
        if state == WORKING:
            yield machine.rate, _finish(s, i, room)
            if machine.fails:
                yield machine.fails, _with(s, i, queue, DOWN)
        elif state == DOWN:
            yield machine.mends, _with(s, i, queue, WORKING)


def _with(s: Status, i: int, queue: int, state: int) -> Status:
    return (*s[:i], (queue, state), *s[i + 1 :])


def _finish(s: Status, i: int, room: Sequence[int]) -> Status:
    """Machine `i` is done with its job."""
    if i + 1 == len(s):
        return _next(s, i, room)
    queue, state = s[i + 1]
    if state == STARVED:
        return _next(_with(s, i + 1, queue, WORKING), i, room)
    if queue < room[i + 1]:
        return _next(_with(s, i + 1, queue + 1, state), i, room)
    return _with(s, i, s[i][0], BLOCKED)


def _next(s: Status, i: int, room: Sequence[int]) -> Status:
    """Machine `i` is free: it takes the next job, whose place may let the machine before go on."""
    if i == 0:
        return _with(s, 0, 0, WORKING)
    queue, _ = s[i]
    before = s[i - 1][1] == BLOCKED
    if queue > 0:
        s = _with(s, i, queue - 1 + int(before), WORKING)
        return _next(s, i - 1, room) if before else s
    if before:
        return _next(_with(s, i, 0, WORKING), i - 1, room)
    return _with(s, i, 0, STARVED)


def erlang_c(servers: int, load: float) -> float:
    """Share of the jobs that wait in an M/M/c queue; `load` is arrival rate times mean service."""
    top = load**servers / math.factorial(servers) * servers / (servers - load)
    return top / (sum(load**k / math.factorial(k) for k in range(servers)) + top)


def mmc_queue(servers: int, load: float) -> float:
    """Mean number of waiting jobs in an M/M/c queue."""
    return erlang_c(servers, load) * load / (servers - load)


def mg1_queue(rate: float, mean: float, second: float) -> float:
    """Mean number of waiting jobs in an M/G/1 queue (Pollaczek and Khinchine), from the service's two moments."""
    return rate * rate * second / (2.0 * (1.0 - rate * mean))


def repair_shop(machines: int, menders: int, fails: float, mends: float) -> float:
    """Mean share of machines that are up: `machines` that fail at rate `fails`, mended by a few people."""
    weights = [1.0]
    for down in range(machines):
        weights.append(weights[-1] * (machines - down) * fails / (min(down + 1, menders) * mends))
    return sum((machines - k) * w for k, w in enumerate(weights)) / sum(weights) / machines


def closed_tandem(means: Sequence[float], jobs: int) -> tuple[float, tuple[float, ...]]:
    """Throughput, and jobs at each station, of `jobs` jobs that go round through exponential machines.

    Mean value analysis (Reiser and Lavenberg 1980).
    """
    at = [0.0] * len(means)
    rate = 0.0
    for n in range(1, jobs + 1):
        times = [s * (1.0 + q) for s, q in zip(means, at, strict=True)]
        rate = n / sum(times)
        at = [rate * t for t in times]
    return rate, tuple(at)
