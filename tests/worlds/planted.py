"""Logs of plants whose parameters are planted: made by adding up drawn times, without a simulator; and faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from andon.models.fit.episodes import Event

SECOND = 10**9
Draw = Callable[[np.random.Generator], float]


@dataclass(frozen=True)
class Plant:
    """One machine that makes two products in runs, and the orders of one product."""

    running: Draw
    setup: Draw
    life: Draw
    repair: Draw
    between: Draw
    jobs: int = 400
    run: int = 8
    """Jobs between set-ups, on average."""
    heartbeat_s: float = 60.0


def log(plant: Plant, seed: int) -> list[Event]:
    """Everything that happened, in order, and each machine's state again every heartbeat."""
    rng = np.random.default_rng(seed)
    changes: list[tuple[float, str, str, int]] = []
    now, life, product, count = 0.0, plant.life(rng), "a", 0
    for _ in range(plant.jobs):
        changes.append((now, "idle", product, count))
        now += rng.exponential(20.0)
        if rng.random() < 1.0 / plant.run:
            product = "b" if product == "a" else "a"
            changes.append((now, "setup", product, count))
            now += plant.setup(rng)
        left = plant.running(rng)
        changes.append((now, "running", product, count))
        while left > life:
            now, left = now + life, left - life
            changes.append((now, "down", product, count))
            now += plant.repair(rng)
            life = plant.life(rng)
            changes.append((now, "running", product, count))
        now, life = now + left, life - left
        count += 1
    changes.append((now, "idle", product, count))
    events: list[Event] = []
    for (at, state, made, n), (until, *_) in zip(changes, [*changes[1:], (now + 1.0, "", "", 0)], strict=True):
        beat = at
        while beat < until:
            events.append(Event(round(beat * SECOND), "m", state, made, n))
            beat += plant.heartbeat_s
    at = 0.0
    while (at := at + plant.between(rng)) < now:
        events.append(Event(round(at * SECOND), "a", "order"))
    return sorted(events, key=lambda e: e.at)


def with_faults(
    events: list[Event], seed: int, *, gaps: int = 6, doubled: float = 0.05, late: float = 0.05
) -> list[Event]:
    """The log as it arrives: holes of up to half an hour, records twice, records late."""
    rng = np.random.default_rng(seed)
    end = events[-1].at
    holes = [(begin := rng.integers(0, end), begin + rng.integers(300, 1800) * SECOND) for _ in range(gaps)]
    kept = [e for e in events if not any(a <= e.at < b for a, b in holes)]
    arrival = np.array([e.at for e in kept], float)
    arrival += np.where(rng.random(len(kept)) < late, rng.exponential(300.0 * SECOND, len(kept)), 0.0)
    again = [(arrival[i] + rng.exponential(100.0 * SECOND), e) for i, e in enumerate(kept) if rng.random() < doubled]
    both = sorted([*zip(arrival.tolist(), kept, strict=True), *again], key=lambda pair: pair[0])
    return [e for _, e in both]
