"""What a station's machines need beyond the plain cycle, written into an image: tables that their programs name."""

from __future__ import annotations

import math
from dataclasses import dataclass

from andon.core.time import SECOND
from andon.models.simulate.build_people import Asks
from andon.models.simulate.builder import Builder
from andon.models.simulate.calendar import spans
from andon.models.simulate.damage import shares
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable, mean_of, scale_of
from andon.models.simulate.program import Upkeep
from andon.models.simulate.structure import speed_of
from andon.site.floor import Shift, Station
from andon.site.model import Site


def changes(builder: Builder, station: Station) -> int:
    """Factors on the station's set-up law by product before and after; 0 where every change takes the same law.

    Returns:
        Address in `f` of (products + 1) rows of products: the first row is for a machine whose last product nobody
        knows, or which has made none.
    """
    site = builder.site
    rows = {(r.from_product, r.to_product): r.minutes for r in site.setups if r.station == station.id}
    if not rows:
        return 0
    law = next((a for a in site.assumptions if a.name == station.setup), None)
    if law is None:
        raise Unrunnable(f"station `{station.id}` has set-up times by product and no `setup` law; name one")
    mean_min = mean_of(law.distribution) * scale_of(law.unit, law.name) / 60.0
    if mean_min <= 0.0:
        raise Unrunnable(f"`{law.name}` is 0 and cannot be scaled to the set-up times of `{station.id}`; use above 0")
    names = [p.id for p in site.products]
    table = [1.0] * len(names)
    for before in names:
        table += [
            rows[before, after] / mean_min if (before, after) in rows else float(before != after) for after in names
        ]
    builder.f += table
    return len(builder.f) - len(table)


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter of use, as it stands in the records of a station's machines."""

    upkeep: Upkeep
    limit_ns: int
    """How much use the next one lasts; 0 where `law` says it."""
    law: int = 0


def counters(builder: Builder, station: Station, asks: Asks) -> tuple[Counter, ...]:
    """What each machine of a station needs after so much use: planned work, and last a new tool."""
    found: list[Counter] = []
    for plan in station.maintenance:
        if plan.counts == "running" and plan.every_h is not None:
            place = at.MORE_MACHINE_WORDS + len(found) * at.USE_WORDS
            renews = builder.reals.at[station.breakdown.time_to_failure] if plan.renews and station.breakdown else 0
            upkeep = Upkeep(place, builder.reals.at[plan.time], asks.upkeep(plan), at.PLANNED, at.FOR_PLANNED, renews)
            found.append(Counter(upkeep, round(plan.every_h * 3600) * SECOND))
    if station.wear is not None:
        place = at.MORE_MACHINE_WORDS + len(found) * at.USE_WORDS
        crew, law = asks.upkeep(station.wear), builder.reals.at[station.wear.change]
        upkeep = Upkeep(place, law, crew, at.PLANNED, at.FOR_TOOL_CHANGE)
        found.append(Counter(upkeep, 0, builder.reals.at[station.wear.life]))
    return tuple(found)


def wears(station: Station, needs: tuple[Counter, ...]) -> int:
    """The place of the counter of a tool whose wear makes machines fail more often; 0: there is none."""
    if station.wear is None or station.wear.fails == 0.0:
        return 0
    if station.breakdown is None or station.breakdown.counts != "running":
        what = f"a worn tool makes machines of station `{station.id}` fail, and they do not fail by hours of processing"
        raise Unrunnable(f"{what}; give it a `breakdown` with `counts: running`, or remove `fails`")
    return needs[-1].upkeep.place


@dataclass(frozen=True, slots=True)
class Shared:
    """Tables that the machines of a station share: hours, what was made of each product, damage; 0 for none."""

    hours: int
    made: int
    damage: int


def paced(builder: Builder, station: Station) -> bool:
    """Whether the times of a station's machines are not always as stated."""
    here = [p for p in builder.site.products if any(v.station == station.id for v in p.visits)]
    own = station.hours or station.learning or station.wear or station.speed or station.speed_of
    return bool(own) or any(p.correlation > 0 for p in here)


def shared(builder: Builder, station: Station) -> Shared:
    """The tables of a station."""
    made = builder.m.put(0, [0] * len(builder.site.products)) if station.learning is not None else 0
    parts = factors(builder.site, station, builder.options.start_ns, builder.options.horizon_ns)
    damage = shares(builder.site, station.id)
    return Shared(
        0 if len(parts) == 1 and parts[0][1] == 1.0 else _by_time(builder, parts),
        made,
        _by_time(builder, damage) if damage else 0,
    )


def _by_time(builder: Builder, parts: list[tuple[int, float]]) -> int:
    """The table of a number that changes with time: (from when, number)."""
    table = builder.m.put(0, [len(parts), 0, len(builder.f), *(when for when, _ in parts)])
    builder.f += [value for _, value in parts]
    return table


def factors(site: Site, station: Station, start_ns: int, horizon_ns: int) -> list[tuple[int, float]]:
    """(from when, factor on processing times) of a station, relative to the start; the first entry is at 0."""
    spells: list[tuple[int, int, float]] = []
    for part in station.hours:
        if part.shift is not None:
            shift = next(s for s in site.shifts if s.id == part.shift)
        else:
            shift = Shift(id="hours", days=part.days, start=part.start or "", end=part.end or "")
        spells += [(b, e, part.factor) for (b, e), _ in spans(site, shift, start_ns, start_ns + horizon_ns)]
    edges = sorted({start_ns, *(t for b, e, _ in spells for t in (b, e) if start_ns < t <= start_ns + horizon_ns)})
    return [(t - start_ns, math.prod(x for b, e, x in spells if b <= t < e)) for t in edges]


def own_record(builder: Builder, station: Station, machine: str, needs: tuple[Counter, ...], tables: Shared) -> int:
    """The record that only some machines have; 0 for a plain one."""
    minimal = station.breakdown is not None and station.breakdown.repair == "minimal"
    stands = station.warm_up is not None or station.switch_off_min is not None
    special = paced(builder, station)
    if not (minimal or needs or station.maintenance or stands or special or tables.damage):
        return 0
    words = [0] * at.MORE_MACHINE_WORDS
    words[at.DAMAGE] = tables.damage
    if station.breakdown is not None:
        words[at.AGED] = round(station.breakdown.age_h * 3600) * SECOND
    if station.warm_up is not None:
        words[at.WARM_AFTER] = round(station.warm_up.after_min * 60) * SECOND
        words[at.COLD] = at.LONG_AGO if builder.live is None else 0
    if station.switch_off_min is not None:
        words[at.OFF_AFTER] = max(1, round(station.switch_off_min * 60) * SECOND)
        now = builder.live.machines.get(machine) if builder.live is not None else None
        words[at.WAITED] = words[at.OFF_AFTER] if now is not None and now.state == "off" else 0
    if special:
        words[at.PACE], words[at.PACE_HOURS], words[at.PACE_MADE] = len(builder.f), tables.hours, tables.made
        learning, wear = station.learning, station.wear
        words[at.PACE_WEAR] = needs[-1].upkeep.place if wear is not None else 0
        builder.f += [1.0 / speed_of(station, machine), wear.slows if wear else 0.0]
        builder.f += [math.log2(learning.rate), learning.floor, float(learning.units)] if learning else [0.0] * 3
        builder.f += [wear.fails if wear else 0.0]
        builder.f += [p.correlation for p in builder.site.products]
    for i, need in enumerate(needs):
        words += [at.UNSEEN, need.limit_ns, need.law, i << at.USE_PLACE]
    return builder.m.put(0, words)


def aged_record(builder: Builder, station: Station) -> int:
    """The record of a process that lets a machine fail by the calendar and does not renew it."""
    words = [0] * at.MORE_MACHINE_WORDS
    words[at.AGED] = round(station.breakdown.age_h * 3600) * SECOND if station.breakdown is not None else 0
    return builder.m.put(0, words)
