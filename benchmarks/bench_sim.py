"""The simulator against SimPy on a 20-station line, and how long answers about the valve works take.

The peer's model is written as its own documentation writes such lines: a process a machine, stores as buffers, failures
as interruptions of the work. Both run the same law for the same simulated time on one core; the ratio is their times'.
"""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path
from typing import Any

from andon.adapters.pool import ThreadPool
from andon.adapters.site_folder import load
from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.model import Site

STATIONS = 20
ROOM = 10
WORK_S, FAILS_S, REPAIR_S = 1.0, 100.0, 5.0
MUST, AIM = 55.0, 80.0
"""Times faster than SimPy."""
VALVES = Path(__file__).parents[1] / "examples" / "valve-works"


def the_line() -> Site:
    """Twenty machines in a row, buffers of ten, exponential work, failures by running time; the first never starves."""
    stage = Stage(exponential(WORK_S), capacity=ROOM, fails=exponential(FAILS_S), repair=exponential(REPAIR_S))
    return line([stage] * STATIONS, constant(2000.0), quantity=5000)


def simpy_line(horizon_s: float, seed: int) -> int:
    """The same line in SimPy; jobs completed."""
    import simpy

    env = simpy.Environment()
    chance = random.Random(seed)  # noqa: S311 - a peer as its authors write it
    buffers = [simpy.Store(env, capacity=ROOM) for _ in range(STATIONS)]
    done = 0

    def source() -> Any:
        while True:
            yield buffers[0].put(1)

    def machine(i: int) -> Any:
        nonlocal done
        life = chance.expovariate(1 / FAILS_S)
        while True:
            job = yield buffers[i].get()
            left = chance.expovariate(1 / WORK_S)
            while left > life:
                yield env.timeout(life)
                left -= life
                yield env.timeout(chance.expovariate(1 / REPAIR_S))
                life = chance.expovariate(1 / FAILS_S)
            yield env.timeout(left)
            life -= left
            if i + 1 < STATIONS:
                yield buffers[i + 1].put(job)
            else:
                done += 1

    env.process(source())
    for i in range(STATIONS):
        env.process(machine(i))
    env.run(until=horizon_s)
    return done


def rows(quick: bool) -> list[dict[str, Any]]:
    """Rows `{group, name, value, unit, peer, ratio, must, aim, met}`; the ratio is of processor times."""
    found = [_against_simpy(quick), *_answers(quick)]
    return [row for row in found if row is not None]


def _against_simpy(quick: bool) -> dict[str, Any] | None:
    try:
        import simpy  # noqa: F401
    except ImportError:
        return None
    horizon_s, n = 2000.0, 50 if quick else 200
    image = compile_site(the_line(), None, horizon_s, asked(the_line(), {}), bins=1)
    replicate(image, 1, 1)
    ours, theirs, events = [], [], 0.0
    for repeat in range(3):
        begin = time.process_time()
        result = replicate(image, n, repeat)
        ours.append((time.process_time() - begin) / n)
        events = float(sum(result.count(k).sum() for k in range(STATIONS))) / n
        begin = time.process_time()
        for seed in range(2):
            simpy_line(horizon_s, seed)
        theirs.append((time.process_time() - begin) / 2)
    mine, peer = min(ours), min(theirs)
    return _row(
        "20-station line with failures, one core",
        events / mine / 1e6,
        "M completions/s",
        "SimPy",
        peer / mine,
        MUST,
        AIM,
    )


def _answers(quick: bool) -> list[dict[str, Any]]:
    site = load(VALVES)
    if not isinstance(site, Site):
        return []
    n = 200 if quick else 1000
    image = compile_site(site, None, 8 * 3600.0, asked(site, {}))
    replicate(image, 1, 1)
    spans = []
    pool = ThreadPool(2)
    for repeat in range(3):
        begin = time.process_time()
        result = replicate(image, n, repeat, pool=pool)
        spans.append((time.process_time() - begin) / 2 * 1000 / n)
    value = statistics.median(spans)
    events = float(result.header(at.EVENTS).mean())
    begin = time.perf_counter()
    compile_site(site, None, 8 * 3600.0, asked(site, {}))
    change = (time.perf_counter() - begin) * 1000
    return [
        {
            **_row(
                "valve-works shift, 1,000 replications, processor time over 2 threads",
                value,
                "s",
                None,
                None,
                None,
                None,
            ),
            "met": value <= 2.0,
        },
        _row("valve-works, events a replication", events, "events", None, None, None, None),
        {**_row("structural change to a runnable image", change, "ms", None, None, None, None), "met": change <= 50},
    ]


def _row(
    name: str, value: float, unit: str, peer: str | None, ratio: float | None, must: float | None, aim: float | None
) -> dict[str, Any]:
    met = None if ratio is None or must is None else ratio >= must
    return {
        "group": "sim", "name": name, "value": value, "unit": unit, "peer": peer, "ratio": ratio, "must": must,
        "aim": aim, "met": met,
    }  # fmt: skip


if __name__ == "__main__":
    for row in rows(quick=False):
        print(row)
