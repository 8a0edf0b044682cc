"""Planned work and stops as processes of an image: plans, and the halting of whole stations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from andon.core.time import SECOND
from andon.models.simulate.build_people import Asks
from andon.models.simulate.builder import Builder
from andon.models.simulate.calendar import DAYS, clock_ns
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.program import planned_code, stops_code
from andon.site.model import Site
from andon.site.stops import Disturbance, Maintenance

HOUR_NS = 3600 * SECOND


def declared(site: Site, kind: str, station: str) -> list[Disturbance]:
    """The disturbances of a kind that hold at a station."""
    return [d for d in site.disturbances if d.kind == kind and (not d.stations or station in d.stations)]


def delay_of(site: Site, station: str) -> str | None:
    """The assumption for the wait before a repair at a station, where one is stated; the first, where several are."""
    return next((d.lasts for d in declared(site, "maintenance-delay", station)), None)


def processes_more(site: Site) -> int:
    """How many processes planned work by the calendar and stops need."""
    plans = sum(len(s.machines) for s in site.stations for plan in s.maintenance if plan.counts == "calendar")
    outages = sum(s.kind == "network-outage" for s in site.scenarios)
    return plans + outages + sum(len(declared(site, "exceptions", s.id)) for s in site.stations)


def moments(site: Site, plan: Maintenance, start_ns: int, horizon_ns: int) -> list[int]:
    """When planned work at times of day falls due, nanoseconds from the start."""
    zone = ZoneInfo(site.time_zone)
    day = datetime.fromtimestamp(start_ns // SECOND, UTC).astimezone(zone).date()
    found: list[int] = []
    for ahead in range(horizon_ns // (24 * HOUR_NS) + 2):
        date = day + timedelta(days=ahead)
        if DAYS[date.weekday()] in plan.days:
            found += [clock_ns(date.isoformat(), clock, zone) - start_ns for clock in plan.at]
    return sorted(t for t in found if 0 <= t <= horizon_ns)


def planned_work(builder: Builder, machine_at: list[int], asks: Asks) -> None:
    """A process for each machine and each of its calendar plans; a machine that is seen in one begins in the first."""
    site, words = builder.site, builder.m.words
    for k, machine in enumerate(machine_at):
        station = site.stations[builder.station_of[k]]
        name = builder.machine_ids[k]
        now = builder.live.machines.get(name) if builder.live is not None else None
        seen = now is not None and now.state == "maintenance"
        for i, plan in enumerate(p for p in station.maintenance if p.counts == "calendar"):
            times = moments(site, plan, builder.options.start_ns, builder.options.horizon_ns) if plan.at else []
            table = builder.m.put(0, times)
            every = 0 if plan.every_h is None else round(plan.every_h * HOUR_NS)
            record = builder.m.put(0, [every, 0 if seen and i == 0 else at.UNSEEN, table, len(times), 0])
            crew, law = asks.upkeep(plan), builder.reals.at[plan.time]
            anew = builder.reals.at[station.breakdown.time_to_failure] if plan.renews and station.breakdown else 0
            start, inside = planned_code(
                builder.code, record, machine, law, crew, interrupts=plan.interrupts, renews=anew
            )
            p = builder.process(f"planned work on {name}", at.BREAKDOWN, inside if seen and i == 0 else start, 1)
            words[p + at.NUMBER] = builder.number_of[k] + (i << at.USE_PLACE)
            if seen and i == 0:
                words[p + at.REP] = at.UNSEEN
                words[machine + at.DOWN] += at.DOWN_PLANNED


def misreadings(builder: Builder, idle: list[int]) -> None:
    """The errors of what is read, where the site states them and something was read.

    Args:
        builder: the image.
        idle: where in the program each machine begins when it is idle.
    """
    stated = [d for d in builder.site.disturbances if d.kind == "sensor-error"]
    if not stated or builder.live is None:
        return
    d = stated[0]
    laws = [builder.reals.at[name] if name else 0 for name in (d.levels, d.elapsed)]
    builder.m.put(at.MISREAD, [*laws, round(d.misread * 1e6), *idle])


def stops(builder: Builder, machine_at: list[int]) -> None:
    """A process for each kind of stop at each station: all its machines stand for a while."""
    for i, station in enumerate(builder.site.stations):
        machines = [p for p, s in zip(machine_at, builder.station_of, strict=True) if s == i]
        for n, d in enumerate(declared(builder.site, "exceptions", station.id)):
            every, lasts = builder.reals.at[d.every or ""], builder.reals.at[d.lasts or ""]
            p = builder.process(
                f"{d.id} at {station.id}", at.BREAKDOWN, stops_code(builder.code, machines, every, lasts), 1
            )
            builder.m.words[p + at.NUMBER] = i + (n << at.USE_PLACE)
            builder.m.words[p + at.REP] = at.UNSEEN


def outages(builder: Builder) -> None:
    """A process for each time without a network."""
    code, words = builder.code, builder.m.words
    for s in builder.site.scenarios:
        if s.kind != "network-outage":
            continue
        start = code.add(at.WORK, at.STARVED, at.REM, -1)
        code.add(at.WORKED, at.STARVED, at.REM, -1)
        code.add(at.ASIDE, at.ASIDE_OUT)
        code.add(at.WORK, at.STARVED, at.REP, -1)
        code.add(at.WORKED, at.STARVED, at.REP, -1)
        code.add(at.ASIDE, at.ASIDE_BACK)
        code.add(at.STOP)
        p = builder.process("network outage", at.BREAKDOWN, start, 1)
        words[p + at.REM], words[p + at.REP] = round(s.from_s * 1e9), round(s.for_s * 1e9)
