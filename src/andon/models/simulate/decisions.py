"""What a policy is shown: the question at which a memory has stopped, read out of it."""

from __future__ import annotations

import numpy as np

from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.calls import way_to_call
from andon.models.simulate.policy import Decision

CANDIDATES_MAX = 64
"""Jobs that a decision shows at most: the first in the queue."""


def candidates(m: np.ndarray) -> list[int]:
    """Addresses of the jobs that the machine that asks can choose from, the first in the queue first."""
    p = int(m[at.FAULT_AT])
    found: list[int] = []
    t = int(m[m[p + at.HOME] + at.HEAD])
    while t and len(found) < CANDIDATES_MAX:
        found.append(t)
        t = int(m[t + at.LINK])
    return found


def decision_of(image: Image, m: np.ndarray, number: int, replication: int) -> Decision:
    """The question at which the memory `m` has stopped."""
    p = int(m[at.FAULT_AT])
    if m[p + at.KIND] != at.MACHINE:
        return _pairs(image, m, number, replication)
    jobs = candidates(m)
    rows = [_features(m, p, place, t) for place, t in enumerate(jobs)]
    return Decision(
        number=number,
        replication=replication,
        now_s=int(m[at.NOW]) / 1e9,
        station=image.stations[int(m[p + at.STATION])],
        machine=image.processes[p],
        products=tuple(image.products[int(m[t + at.PRODUCT])] for t in jobs),
        features=np.array(rows, np.float64),
    )


def _features(m: np.ndarray, p: int, place: int, t: int) -> list[float]:
    """One candidate's row: see `FEATURES`."""
    now, step = int(m[at.NOW]), int(m[t + at.PLACE])
    remaining_s = int(m[step + at.REMAINING]) / 1e9
    due_s = (int(m[t + at.JOB_DUE]) - now) / 1e9
    steps, after = 0, int(m[step + at.NEXT_STEP])
    following = after
    while after:
        steps, after = steps + 1, int(m[after + at.NEXT_STEP])
    store = int(m[following + at.AT_STORE]) if following else 0
    waiting = int(m[store + at.LEVEL]) + int(m[store + at.RESERVED]) if store else 0
    return [
        float(place),
        int(m[step + at.EXPECTED]) / 1e9,
        remaining_s,
        float(steps),
        due_s,
        due_s / max(remaining_s, 1e-6),
        float(m[t + at.JOB_PRIORITY]),
        (now - max(int(m[t + at.RELEASED]), 0)) / 1e9,
        float(m[t + at.PRODUCT] == m[p + at.LAST]),
        float(m[m[p + at.HOME] + at.LEVEL]),
        float(waiting),
    ]


def _pairs(image: Image, m: np.ndarray, number: int, replication: int) -> Decision:
    """Calls and vehicles of a fleet, numbered as `kernel.match` does."""
    p, now = int(m[at.FAULT_AT]), int(m[at.NOW])
    fleet = int(m[p + at.HOME])
    calls = _listed(m, int(m[fleet + at.PUT_HEAD]))[: at.MATCHED_MAX]
    first = int(m[calls[0] + at.STATION])
    free = [v for v in _listed(m, int(m[fleet + at.GET_HEAD])) if way_to_call(m, v, fleet, first) < road.FAR]
    rows: list[list[float]] = []
    products: list[str] = []
    vehicles: list[str] = []
    for q in calls:
        t = int(m[q + at.JOB])
        for v in free[: at.MATCHED_MAX]:
            row = [
                float(len(rows)),
                min(float(way_to_call(m, v, fleet, int(m[q + at.STATION]))), 1e18) / 1e9,
                (now - int(m[q + road.CALLED_AT])) / 1e9,
                (now - int(m[v + at.SINCE])) / 1e9,
                (int(m[t + at.JOB_DUE]) - now) / 1e9,
                float(m[t + at.JOB_PRIORITY]),
                float(len(calls)),
            ]
            rows.append(row)
            products.append(image.products[int(m[t + at.PRODUCT])])
            vehicles.append(image.processes[v])
    name = image.processes[p].removeprefix("calls of ")
    shown = np.array(rows, np.float64)
    return Decision(number, replication, now / 1e9, name, name, tuple(products), shown, tuple(vehicles))


def _listed(m: np.ndarray, p: int) -> list[int]:
    found = []
    while p:
        found.append(p)
        p = int(m[p + at.NEXT])
    return found
