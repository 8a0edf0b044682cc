"""A batch at once: what nothing speaks against is scattered into the columns, everything else goes one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from andon.core.readings import Quality, Reading
from andon.core.time import Nanos
from andon.protocols.events import Observation
from andon.sync.columns import NEVER, ORIGIN_CODES, STRING, Bools, Columns, Ints
from andon.sync.intake import Intake, believable
from andon.sync.quarantine import INT_BELOW, Quarantined, readable

SLOW_BELOW = 8
"""Batches this small are cheaper one by one."""
TYPE_CODES: dict[type, int] = {float: 0, int: 1, bool: 2, str: 3}
UNCERTAIN_FROM = 0x40000000
BAD_FROM = 0x80000000
DATA_VALUE_INFO = 0x400


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch came to."""

    readings: list[Reading] = field(default_factory=list)
    """Accepted changes of value or status, in the order of arrival: what history keeps."""
    quarantined: list[Quarantined] = field(default_factory=list)
    at: int = 0
    """The moment it was applied, nanoseconds of site time."""

    def join(self, other: Applied) -> None:
        """Append what a later batch came to."""
        self.readings.extend(other.readings)
        self.quarantined.extend(other.quarantined)


def apply_batch(intake: Intake, observations: Sequence[Observation], now: int) -> Applied:
    """Take a batch in the order of its arrival."""
    out = Applied(at=now)
    if len(observations) < SLOW_BELOW:
        slow, picked = list(range(len(observations))), np.zeros(0, dtype=np.int64)
        rows = picked
    else:
        rows, clean = _clean(intake, observations)
        slow, picked = np.flatnonzero(~clean).tolist(), np.flatnonzero(clean)
    placed = list(zip(picked.tolist(), _scatter(intake, observations, picked, rows[picked]), strict=True))
    for k in slow:
        done = intake.one(observations[k])
        if isinstance(done, Reading):
            placed.append((k, done))
        elif done is not None:
            out.quarantined.append(done)
    if slow and picked.size:
        placed.sort(key=lambda pair: pair[0])
    out.readings.extend(reading for _, reading in placed)
    return out


def _clean(intake: Intake, observations: Sequence[Observation]) -> tuple[Ints, Bools]:
    """Row of each observation (-1: none), and whether nothing speaks against it or its signal's others in the batch."""
    c = intake.columns
    n = len(observations)
    source, address, value, stamped, server, received, status, unit, origin, _ = zip(*observations, strict=True)
    rows = np.array([c.by_address.get(key, -1) for key in zip(source, address, strict=True)], dtype=np.int64)
    try:
        times = np.array([NEVER if t is None else t for t in stamped], dtype=np.int64)
        arrived = np.array(received, dtype=np.int64)
        number = np.array([0.0 if v is None or v.__class__ is str else v for v in value], dtype=np.float64)
    except (OverflowError, ValueError, TypeError):
        return rows, np.zeros(n, dtype=np.bool_)
    code = np.array([TYPE_CODES.get(v.__class__, 9) for v in value], dtype=np.int8)
    kind = c.kind[rows]
    clean = (rows >= 0) & ((code == kind) | ((code == 1) & (kind == 0)))
    clean &= (np.abs(number) < INT_BELOW) | (code == 0)
    clean &= np.isfinite(number) & ((kind == STRING) | ((number >= c.low[rows]) & (number <= c.high[rows])))
    clean &= (times > 0) & (times <= arrived + intake.skew)
    clean &= np.array([believable(s) for s in server], dtype=np.bool_)
    clean &= np.array([v.__class__ is not str or readable(v) for v in value], dtype=np.bool_)
    clean &= np.array([s < BAD_FROM and not s & DATA_VALUE_INFO for s in status], dtype=np.bool_)
    clean &= np.array([u is None or u == c.units[i] for u, i in zip(unit, rows.tolist(), strict=True)], dtype=np.bool_)
    truthful = intake.origins
    clean &= np.array([o in truthful.get(s, ()) for o, s in zip(origin, source, strict=True)], dtype=np.bool_)
    return rows, clean & ~np.isin(rows, _troubled(c, rows, times, clean))


def _troubled(c: Columns, rows: Ints, times: Ints, clean: Bools) -> Ints:
    """Rows of signals with any observation in the batch that is unclean or not strictly newer than the one before."""
    order = np.argsort(rows, kind="stable")
    r, t = rows[order], times[order]
    first = np.ones(r.size, dtype=np.bool_)
    first[1:] = r[1:] != r[:-1]
    before = np.empty_like(t)
    before[1:] = t[:-1]
    before[first] = c.value_time[r[first]]
    troubled: Ints = np.unique(r[~clean[order] | (t <= before)])
    return troubled


def _scatter(intake: Intake, observations: Sequence[Observation], at: Ints, rows: Ints) -> list[Reading]:
    """Write clean observations into the columns, the last of each signal winning, and give their readings."""
    if rows.size == 0:
        return []
    c = intake.columns
    picked = observations if at.size == len(observations) else [observations[k] for k in at.tolist()]
    source, _, value, stamped, server, received, status, _, origin, sequence = zip(*picked, strict=True)
    places = rows.tolist()
    watched = c.watched[rows]
    for k in np.flatnonzero(watched).tolist():
        c.moved(places[k], float(value[k]), stamped[k])
    for i, v in zip(places, value, strict=True):
        if v.__class__ is str:
            c.text[i] = v
    arrived = np.array(received, dtype=np.int64)
    c.number[rows] = [0.0 if v.__class__ is str else v for v in value]
    c.value_time[rows] = c.source_time[rows] = stamped
    c.server_time[rows] = [NEVER if s is None else s for s in server]
    c.received[rows] = arrived
    np.maximum.at(c.alive, rows, arrived)
    c.status[rows] = status
    c.sequence[rows] = sequence
    c.origin[rows] = [ORIGIN_CODES[o] for o in origin]
    c.seen[rows] = c.has_value[rows] = True
    c.refused[rows] = c.awaiting[rows] = False
    if intake.down:
        for name in set(source):
            intake.down.pop(name, None)
    floats = (c.kind[rows] == 0).tolist()
    return [
        Reading(
            c.signals[i].id,
            float(o.value) if is_float else o.value,  # type: ignore[arg-type] # clean rows carry values
            Nanos(o.source_time),  # type: ignore[arg-type] # and source times
            Nanos(o.server_time or 0),
            Nanos(o.received_time),
            Quality.GOOD if o.status < UNCERTAIN_FROM else Quality.UNCERTAIN,
            o.origin,
            o.status,
        )
        for i, o, is_float in zip(places, picked, floats, strict=True)
    ]
