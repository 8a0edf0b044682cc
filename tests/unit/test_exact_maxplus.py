"""Lines with parallel machines, finite buffers and blocking are a recursion on completion times, to the nanosecond."""

from __future__ import annotations

import numpy as np
import pytest
from exact_cases import dice

from andon.models.simulate.asked import asked
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import chance, work
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.floor import Distribution

JOBS = 40
REPLICATIONS = 3
LAWS = (
    Distribution(kind="lognormal", mean=2.0, sd=1.5),
    Distribution(kind="gamma", mean=2.2, sd=0.9),
    Distribution(kind="triangular", low=1.0, mode=1.5, high=4.0),
    Distribution(kind="weibull", shape=0.8, scale=2.0),
    Distribution(kind="uniform", low=0.1, high=5.0),
    exponential(1.8),
)


def _lines(seed: int, count: int) -> list[tuple[list[Distribution], list[int], list[int]]]:
    """(laws, machines by station, room in front of each but the first)."""
    drawn = dice(seed)
    found = []
    for _ in range(count):
        n = drawn.randint(2, 5)
        laws = [drawn.choice(LAWS) for _ in range(n)]
        found.append((laws, [drawn.randint(1, 4) for _ in range(n)], [drawn.randint(0, 4) for _ in range(n - 1)]))
    return found


def _times_ns(image: Image, replication: int, stations: int) -> np.ndarray:
    """Processing times that the engine's own draws give, int64[jobs, stations]."""
    with np.errstate(over="ignore"):
        key = chance.key_of(11, replication)
        head = at.FACTORS + 2 * (len(image.assumptions) + 1)
        found = np.empty((JOBS, stations), np.int64)
        for i in range(stations):
            place = head + image.assumptions.index(f"time{i}") * at.DIST_WORDS
            for n in range(JOBS):
                v = chance.unit(key, work.who_is(at.FOR_TIME, 0), (n << 8) + i)
                found[n, i] = work.nanos(chance.duration(image.reals, place, v, 0.0))
    return found


def _last_exit(times: np.ndarray, machines: list[int], rooms: list[int]) -> int:
    """When the last job leaves, by the least fixed point of the line's equations.

    At station i let a, s, c, d be the k-th entry into its buffer, the k-th start, the completion of the k-th job that
    started, and the k-th departure, jobs leaving in the order in which they are completed:

        s[k] = max(a[k], d[k - machines])
        d[k] = max(k-th smallest c, start at i + 1 of entry k - room(i + 1))
        a of i + 1 = d of i

    A job enters an idle machine straight away, so that the buffer's room counts waiting jobs only. Without room the
    second equation says no more than that a job starts when it leaves, so d of i + 1, machines entries before, stands
    for the start. The equations only look back in time, so sweeps over them come to rest at the one solution.
    """
    jobs, stations = times.shape
    start = np.zeros((stations, jobs), np.int64)
    leave = np.zeros((stations, jobs), np.int64)
    while True:
        before = leave.copy()
        entry, who = np.zeros(jobs, np.int64), np.arange(jobs)
        for i in range(stations):
            free = np.zeros(jobs, np.int64)
            free[machines[i] :] = leave[i, : jobs - machines[i]]
            start[i] = np.maximum(entry, free)
            complete = start[i] + times[who, i]
            order = np.argsort(complete, kind="stable")
            leave[i] = complete[order]
            if i + 1 < stations:
                # without room a job leaves when a machine is free for it, which is d[k - machines] of the next station
                free_next, ahead = (start[i + 1], rooms[i]) if rooms[i] else (leave[i + 1], machines[i + 1])
                leave[i, ahead:] = np.maximum(leave[i, ahead:], free_next[: jobs - ahead])
            leave[i] = np.maximum.accumulate(leave[i])
            entry, who = leave[i], who[order]
        if (leave == before).all():
            return int(leave[-1, -1])


@pytest.mark.parametrize(("laws", "machines", "rooms"), _lines(4, 12))
def test_parallel_machines_buffers_and_blocking_to_the_nanosecond(
    laws: list[Distribution], machines: list[int], rooms: list[int]
) -> None:
    stages = [Stage(law, machines=c, capacity=r) for law, c, r in zip(laws, machines, (JOBS, *rooms), strict=True)]
    image = compile_site((site := line(stages, constant(1e6), quantity=JOBS)), None, 1e5, asked(site, {}))
    rows = replicate(image, REPLICATIONS, 11, flavour="plain")
    for r in range(REPLICATIONS):
        assert rows.done()[r] == JOBS
        assert rows.product(0, at.LAST_EXIT)[r] == _last_exit(_times_ns(image, r, len(laws)), machines, rooms)
