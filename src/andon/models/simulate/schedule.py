"""A given schedule: which machine does which job's step after which; read, checked, and told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from andon.core.time import SECOND, iso
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.planned import Planned, Schedule
from andon.models.simulate.rows import Rows
from andon.models.simulate.spread import Spread, spread
from andon.site.csvtext import read_table
from andon.site.model import Site
from andon.site.problems import did_you_mean, shown

COLUMNS = ("machine", "order", "job", "step", "start")
NEEDED = ("machine", "order", "job")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?\Z")


def read_schedule(site: Site, text: str, name: str) -> Schedule:
    """The schedule that a CSV text lists: machine, order, job (from 1), step (from 1), planned start.

    `step` may be left out where the route visits the machine's station once, `start` everywhere: rows stand in the
    order in which a machine takes them.

    Raises:
        Unrunnable: it is none of this site's; one sentence with the line.
    """
    table, problems = read_table(name, text, COLUMNS, NEEDED)
    if problems or table is None:
        raise Unrunnable(problems[0].sentence() if problems else f"{name}: the file is empty; list the operations")
    found = [_entry(site, f"{name}:{row.line}", row.cells) for row in table.rows]
    _complete(site, found, name)
    return Schedule(name, tuple(found))


def _entry(site: Site, where: str, cells: dict[str, str]) -> Planned:
    machine, named = cells["machine"], cells["order"]
    station = next((s for s in site.stations if machine in s.machines), None)
    if station is None:
        fix = did_you_mean(machine, [m for s in site.stations for m in s.machines], "name one of the site's machines")
        raise Unrunnable(f"{where}: there is no machine {shown(machine)}; {fix}")
    order = next((o for o in site.orders if o.order == named), None)
    if order is None:
        fix = did_you_mean(named, [o.order for o in site.orders], "name one of orders.csv")
        raise Unrunnable(f"{where}: there is no order {shown(named)}; {fix}")
    number = int(cells["job"]) if cells["job"].isdecimal() else 0
    if not 1 <= number <= order.quantity:
        what = f"job {shown(cells['job'])} of order `{named}`"
        raise Unrunnable(f"{where}: there is no {what}; use a number from 1 to {order.quantity}")
    route = next(p for p in site.products if p.id == order.product).route
    steps = [i for i, step in enumerate(route) if step.station == station.id]
    text = cells.get("step", "")
    step = int(text) - 1 if text.isdecimal() else steps[0] if not text and len(steps) == 1 else -1
    if step not in steps:
        good = " or ".join(str(i + 1) for i in steps) or "another machine"
        raise Unrunnable(f"{where}: order `{named}` has no step {shown(text)} at `{machine}`; use {good}")
    start = cells.get("start", "")
    if start and not _MOMENT.match(start):
        raise Unrunnable(f"{where}: `start` is {shown(start)}; write a wall time as YYYY-MM-DD HH:MM or HH:MM:SS")
    moment = _moment_ns(site, start, where) if start else None
    return Planned(machine, station.id, named, number, step, moment)


def _moment_ns(site: Site, text: str, where: str) -> int:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise Unrunnable(f"{where}: `start` is {shown(text)}, which no clock shows; write another") from None
    return round(local.replace(tzinfo=ZoneInfo(site.time_zone)).timestamp()) * SECOND


def _complete(site: Site, found: list[Planned], name: str) -> None:
    """Every step of every job stands in it once."""
    seen: set[tuple[str, int, int]] = set()
    for e in found:
        key = (e.order, e.job, e.step)
        if key in seen:
            what = f"step {e.step + 1} of job {e.job} of order `{e.order}`"
            raise Unrunnable(f"{name}: {what} stands twice; keep one of them")
        seen.add(key)
    for order in site.orders:
        route = next(p for p in site.products if p.id == order.product).route
        for job in range(1, order.quantity + 1):
            for step in range(len(route)):
                if (order.order, job, step) not in seen:
                    what = f"step {step + 1} of job {job} of order `{order.order}`"
                    raise Unrunnable(f"{name}: {what} is not in it; add a row for it")


@dataclass(frozen=True)
class Executed:
    """One operation of the schedule, and when it began."""

    planned: Planned
    start_h: Spread
    """Hours from the beginning of the run, over the futures in which it began."""
    late_h: Spread | None
    """Hours by which it began later than planned, where a start was planned."""
    begun: float
    """Share of the futures in which it began within the horizon."""

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        e = self.planned
        return {
            "machine": e.machine, "order": e.order, "job": e.job, "step": e.step + 1,
            "planned": iso(e.start_ns) if e.start_ns is not None else None,
            "start_h": self.start_h.as_json(),
            "late_h": self.late_h.as_json() if self.late_h is not None else None,
            "begun": self.begun,
        }  # fmt: skip


def executed(rows: Rows) -> tuple[Executed, ...]:
    """What became of the schedule that the replications executed; nothing where there was none."""
    image = rows.image
    if image.schedule is None:
        return ()
    found = []
    for i, e in enumerate(image.schedule.entries):
        begun = rows.word(image.starts_at + i)
        hours = np.where(begun >= 0, begun / 3.6e12, np.nan)
        late = None
        if e.start_ns is not None:
            late = spread("late", "h", hours - (e.start_ns - image.options.start_ns) / 3.6e12)
        found.append(Executed(e, spread("start", "h", hours), late, float(np.mean(begun >= 0))))
    return tuple(found)


def unplanned(rows: Rows) -> tuple[str, ...]:
    """What a run with a schedule leaves out of the site."""
    if rows.image.schedule is None:
        return ()
    return ("demand: a schedule names the jobs of orders.csv alone, so its pattern is left out, in alternatives, too",)
