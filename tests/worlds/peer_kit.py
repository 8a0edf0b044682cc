"""The engine and the SimPy floor of `peer_floor` on the same future: what each says happened, and where they differ."""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from drawn_laws import Run, run
from peer_floor import MACHINES, Floor, Order

from andon.models.simulate import jit
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.chance import key_of, unit
from andon.models.simulate.tables import reals
from andon.site.floor import Distribution
from andon.site.model import Site

BINS = 48
"""Of the time series of a run."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STATES = {
    at.STARVED: "starved", at.SETUP: "setup", at.BUSY: "busy", at.BLOCKED: "blocked", at.FAILED: "failed",
    at.NO_CREW: "no crew", at.MOVING: "moving", at.PLANNED: "planned", at.WARMING: "warming", at.STOPPED: "stopped",
}  # fmt: skip


class Recorded:
    """The spans and chances of one replication, as the engine draws them: both floors have the same luck."""

    def __init__(self, site: Site, seed: int, replication: int) -> None:
        table = reals(site, {})
        self._at, self._f = table.at, np.array(table.values)
        self._m = np.zeros(at.HEADER, np.int64)
        self._m[at.KEY] = self._key = key_of(seed, replication)
        self._laws = {a.name: a.distribution for a in site.assumptions}
        self._kernel = jit.kernel("plain")

    def span(self, law: str, purpose: str, number: int, which: int, *, running: bool = False) -> int:
        who = (getattr(at, f"FOR_{purpose}") << 32) + number
        age = at.UNSEEN if running else 0
        return int(self._kernel["draw"](self._m, self._f, self._at[law], who, which, age))

    def aged(self, law: str, number: int, which: int, age_ns: int) -> int:
        v = self.chance("FAILURE", number, which)
        return int(self._kernel["nanos"](self._kernel["aged"](self._f, self._at[law], v, age_ns * 1e-9)))

    def chance(self, purpose: str, number: int, which: int) -> float:
        return float(unit(self._key, (getattr(at, f"FOR_{purpose}") << 32) + number, which))

    def job_name(self, serial: int, passes: int, step: int) -> int:
        return ((serial + passes * at.PASS) << 8) + step

    def mean_ns(self, law: str) -> int:
        return round(mean_of(self._laws[law]) * 1e9)


def mean_of(law: Distribution) -> float:
    """Of the laws that drawn sites have."""
    if law.kind == "constant":
        return float(law.value or 0.0)
    if law.kind == "triangular":
        return ((law.low or 0.0) + (law.mode or 0.0) + (law.high or 0.0)) / 3
    if law.kind == "uniform":
        return ((law.low or 0.0) + (law.high or 0.0)) / 2
    if law.kind == "weibull":
        return float(law.scale or 0.0) * math.gamma(1 + 1 / (law.shape or 1.0))
    if law.kind == "empirical":
        return sum(law.values) / len(law.values)
    return float(law.mean or 0.0)


class Clock:
    """Calendars and ways of a site, by wall clocks."""

    def __init__(self, site: Site, start_ns: int, horizon_ns: int) -> None:
        self.site, self.start_ns, self.horizon_ns = site, start_ns, horizon_ns
        self.zone = ZoneInfo(site.time_zone)
        self.crews = {c.id: self.strength(c.size) for c in site.crews}
        self.open = (
            sorted(span for shift in site.shifts for span in self.spans(shift))
            if site.shifts
            else [(0, horizon_ns + 1)]
        )

    def days(self) -> list[Any]:
        first = datetime.fromtimestamp(self.start_ns // 10**9, UTC).astimezone(self.zone).date()
        n = self.horizon_ns // (86_400 * 10**9) + 3
        return [first + timedelta(days=k) for k in range(-1, n)]

    def moment(self, day: Any, clock: str) -> int:
        local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=self.zone)
        return round(local.timestamp()) * 10**9 - self.start_ns

    def spans(self, shift: Any) -> list[tuple[int, int]]:
        found = []
        for day in self.days():
            begin, end = self.moment(day, shift.start), self.moment(day, shift.end)
            if end <= begin:
                end = self.moment(day + timedelta(days=1), shift.end)
            if DAYS[day.weekday()] in shift.days and end > 0:
                found.append((begin, end))
        return found

    def strength(self, size: dict[str, int]) -> list[tuple[int, int]]:
        """How many of a crew are there from when on; people one by one, group after group at breaks."""
        if not self.site.shifts:
            return [(0, sum(size.values()))]
        away: list[tuple[int, int, int]] = []
        for shift in self.site.shifts:
            for begin, end in self.spans(shift):
                n = size.get(shift.id, 0)
                away.append((begin, end, n))
                day = datetime.fromtimestamp((begin + self.start_ns) // 10**9, UTC).astimezone(self.zone).date()
                for pause in shift.breaks:
                    from_ns = self.moment(day, pause.start)
                    if from_ns < begin:
                        from_ns = self.moment(day + timedelta(days=1), pause.start)
                    long = round(pause.minutes * 60) * 10**9
                    for person in range(n):
                        a = from_ns + person % pause.groups * long
                        away.append((min(a, end), min(a + long, end), -1))
        moments = sorted({0, *(max(t, 0) for b, e, _ in away for t in (b, e))})
        line = [(t, sum(n for b, e, n in away if b <= t < e)) for t in moments if t <= self.horizon_ns]
        return [line[0], *(b for a, b in itertools.pairwise(line) if a[1] != b[1])]

    def open_after(self, now: int, span: int) -> int | None:
        for begin, end in self.open:
            start = max(now, begin)
            if end <= start:
                continue
            if start + span < end:
                return start + span
            span -= end - start
        return None

    def daily(self, clocks: tuple[str, ...]) -> list[int]:
        moments = sorted(self.moment(day, clock) for day in self.days() for clock in clocks)
        return [t for t in moments if 0 <= t <= self.horizon_ns]

    def plans(self, plan: Any) -> list[int]:
        moments = sorted(self.moment(d, c) for d in self.days() if DAYS[d.weekday()] in plan.days for c in plan.at)
        return [t for t in moments if 0 <= t <= self.horizon_ns]

    def book(self, floor: Floor) -> list[tuple[int, int, Order]]:
        found = []
        for order in self.site.orders:
            came = max(self.minute(order.release), 0) if order.release else 0
            product = floor.index[order.product]
            priority = order.priority or self.site.products[product].priority
            if came <= self.horizon_ns:
                made = Order(came, self.minute(order.due), priority, order.quantity, order.quantity)
                found.append((came, order.order, product, made))
        found.sort(key=lambda each: each[:2])
        for n, (_, _, _, made) in enumerate(found):
            made.number = n
        return [(came, product, made) for came, _, product, made in found]

    def minute(self, text: str) -> int:
        return self.moment(text[:10], text[11:])

    # --- ways

    def place(self, *names: str) -> tuple[float, float]:
        found = [e for e in self.site.elements if e.id in names]
        return sum(e.x_m for e in found) / len(found), sum(e.y_m for e in found) / len(found)

    def between(self, a: tuple[float, float], b: tuple[float, float], speed: float) -> int:
        return round(np.hypot(a[0] - b[0], a[1] - b[1]) / speed * 1e9)

    def queue(self, i: int) -> tuple[float, float]:
        """Where jobs for a station are set down: at its buffer where that has a place, else amid its machines."""
        station = self.site.stations[i]
        has_place = any(e.id == station.buffer for e in self.site.elements)
        return self.place(station.buffer) if has_place else self.place(*station.machines)

    def empty(self, here: int, there: int) -> int:
        fleet = self.site.fleets[0]
        start = self.place(*fleet.vehicles) if here < 0 else self.queue(here)
        return self.between(start, self.place(*self.site.stations[there].machines), fleet.speed_m_per_s)

    def loaded(self, here: int, there: int) -> int:
        fleet = self.site.fleets[0]
        speed = fleet.loaded_speed_m_per_s or fleet.speed_m_per_s
        return self.between(self.place(*self.site.stations[here].machines), self.queue(there), speed)


# --- what each says happened


def theirs(floor: Floor) -> dict[Any, list[tuple[int, Any]]]:
    """What happened on the SimPy floor, by what it happened to."""
    return timelines([(when, *what) for when, *what in floor.log])


def ours(r: Run) -> dict[Any, list[tuple[int, Any]]]:
    """What happened on the engine's floor, by what it happened to."""
    m = r.m
    stores = dict(r.image.places)
    crews = {int(m[at.POOLS]) + i * at.POOL_WORDS: i for i in range(len(r.site.crews))}
    told: list[tuple[Any, ...]] = []
    mask = (1 << at.SERIAL_BITS) - 1
    for when, kind, who, value in r.trace.tolist():
        if kind == at.TRACE_STATE and r.m[who + at.KIND] in {at.MACHINE, at.VEHICLE, at.CONVEYOR}:
            told.append((when, "state", r.image.processes[who], STATES[value]))
        elif kind == at.TRACE_LEVEL and who in stores:
            told.append((when, "level", stores[who], value))
        elif kind == at.TRACE_CREW:
            told.append((when, "crew", crews[who], value))
        elif kind in {at.TRACE_START, at.TRACE_EXIT, at.TRACE_SCRAP}:
            name = {at.TRACE_START: "start", at.TRACE_EXIT: "exit", at.TRACE_SCRAP: "scrap"}[kind]
            told.append((when, name, who, value))
        elif kind == at.TRACE_JOB:
            told.append((when, "work", r.image.processes[who], value >> at.SERIAL_BITS, value & mask))
    for k, _ in enumerate(r.image.book):
        if m[int(m[at.FINISHES]) + k]:
            told.append((int(m[int(m[at.FINISHES]) + k]), "order", r.image.book[k].product, k))
    return timelines(told)


def their_figures(floor: Floor, end: int) -> dict[str, Any]:
    """What the SimPy floor counts and adds up over a whole run."""
    found: dict[str, Any] = {"job us": floor.job_us + floor.on_floor * (end // 1000 - floor.counted_us)}
    for line in floor.products:
        found[f"product {line.product.id}"] = (
            *(line.done, line.scrapped, line.reworked, line.orders_done, line.on_time),
            *(line.flow_us, line.lead_us, line.late_us, line.serials),
        )
    found |= {f"sent on by {p.name}": p.sent for p in floor.processes if p.rank == MACHINES}
    levels: dict[tuple[str, Any], list[tuple[int, int]]] = {}
    for when, what, *rest in floor.log:
        if what in {"level", "crew"}:
            levels.setdefault((what, rest[0]), [(0, 0)]).append((when, rest[1]))
    for key, line in levels.items():
        spans = itertools.pairwise([*line, (end, 0)])
        found[f"{key[0]} {key[1]} us"] = sum(n * (b // 1000 - a // 1000) for (a, n), (b, _) in spans)
        if key[0] == "level":
            found[f"peak of {key[1]}"] = max(n for _, n in line)
    for number, crew in enumerate(floor.times.crews.values()):
        spans = itertools.pairwise([*crew, (end, 0)])
        found[f"people {number} us"] = sum(n * (b // 1000 - a // 1000) for (a, n), (b, _) in spans)
    return found | seen_by_then(floor, end)


def seen_by_then(floor: Floor, end: int) -> dict[str, Any]:
    """Jobs on the floor, done by product, and in each buffer, at the end of each of the bins of the time series."""
    bin_ns, log = end // BINS, deque(floor.log)
    done, here, levels = [0] * len(floor.products), 0, dict[str, int]()
    found: dict[str, Any] = {}
    for k in range(1, BINS + 1):
        while log and log[0][0] <= k * bin_ns:
            _, what, *rest = log.popleft()
            here += {"start": 1, "exit": -1, "scrap": -1}.get(what, 0)
            if what == "exit":
                done[rest[0]] += 1
            elif what == "level":
                levels[rest[0]] = rest[1]
        found[f"bin {k}"] = (here, tuple(done), tuple(sorted(e for e in levels.items() if e[1])))
    return found


def our_figures(r: Run) -> dict[str, Any]:
    """The same figures of the engine."""
    m = r.m
    found: dict[str, Any] = {"job us": int(m[at.WIP_AREA])}
    words = (
        at.DONE,
        at.SCRAPPED,
        at.REWORKED,
        at.ORDERS_DONE,
        at.ON_TIME,
        at.FLOW_US,
        at.LEAD_US,
        at.LATE_US,
        at.SERIALS,
    )
    for name, a in zip(r.image.products, r.products, strict=True):
        found[f"product {name}"] = tuple(int(m[a + w]) for w in words)
    for p in r.processes:
        if m[p + at.KIND] in {at.MACHINE, at.VEHICLE, at.CONVEYOR}:
            found[f"sent on by {r.image.processes[p]}"] = int(m[p + at.COUNT])
    names = dict(r.image.places)
    for s in r.stores:
        if m[s + at.PEAK] and s in names:
            found[f"level {names[s]} us"], found[f"peak of {names[s]}"] = int(m[s + at.AREA]), int(m[s + at.PEAK])
    for i, _ in enumerate(r.site.crews):
        pool = int(m[at.POOLS]) + i * at.POOL_WORDS
        found[f"people {i} us"] = int(m[pool + at.SIZE_AREA])
        if (r.events(at.TRACE_CREW)[:, 1] == pool).any():
            found[f"crew {i} us"] = int(m[pool + at.USED_AREA])
    n, stores = len(r.products), r.stores
    width = 1 + 2 * n + len(stores)
    for k in range(int(m[at.BINS])):
        row = m[int(m[at.SERIES]) + k * width :][:width].tolist()
        held = tuple(sorted((names[s], v) for s, v in zip(stores, row[1 + 2 * n :], strict=True) if v and s in names))
        found[f"bin {k + 1}"] = (row[0], tuple(row[1 : 1 + n]), held)
    return found


def timelines(told: list[tuple[Any, ...]]) -> dict[Any, list[tuple[int, Any]]]:
    """States and levels as they were at the end of each instant; events as they are, sorted within an instant."""
    found: dict[Any, list[tuple[int, Any]]] = {}
    for when, what, *rest in told:
        if what in {"state", "level", "crew"}:
            line = found.setdefault((what, rest[0]), [])
            if line and line[-1][0] == when:
                line.pop()
            if (line[-1][1] if line else {"state": "starved"}.get(what, 0)) != rest[1]:
                line.append((when, rest[1]))
        elif what != "order" or rest[1] >= 0:
            found.setdefault(what, []).append((when, tuple(rest)))
    return {key: sorted(line) if isinstance(key, str) else line for key, line in found.items() if line}


@dataclass(frozen=True)
class Compared:
    """One future played twice."""

    engine: Run
    floor: Floor
    events: int
    difference: str
    """The first one; empty: none."""


def compare(site: Site, horizon_s: float, replication: int = 0) -> Compared:
    """Play one future by the engine and by SimPy; up to where the engine says that nothing moves any more."""
    r = run(site, horizon_s, replication)
    until = int(r.m[at.NOW])
    clock = Clock(site, r.image.options.start_ns, r.image.options.horizon_ns)
    with np.errstate(over="ignore"):
        floor = Floor(site, Recorded(site, 1, replication), clock)
        floor.run(until)
    mine, other = ours(r), theirs(floor)
    first: tuple[int, str] | None = None
    for key in {*mine, *other}:
        a, b = mine.get(key, []), other.get(key, [])
        if r.m[at.FAULT]:  # the last instant was not played to its end
            a, b = ([e for e in line if e[0] < until] for line in (a, b))
        if a == b:
            continue
        k = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
        where = min([line[k][0] for line in (a, b) if k < len(line)])
        said = f"{key} at {where / 1e9:.9f} s: engine {a[k : k + 2]}, SimPy {b[k : k + 2]}"
        first = min(first or (1 << 62, ""), (where, said))
    if first is None and not r.m[at.FAULT]:
        counted, recounted = our_figures(r), their_figures(floor, until)
        wrong = [f"{k}: engine {counted.get(k)}, SimPy {recounted.get(k)}" for k in {*counted, *recounted}
                 if counted.get(k) != recounted.get(k)]  # fmt: skip
        first = (until, "; ".join(sorted(wrong))) if wrong else None
    return Compared(r, floor, sum(map(len, mine.values())), first[1] if first else "")
