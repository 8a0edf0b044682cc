"""What a station's machines need beyond the plain cycle, written into an image: tables that their programs name."""

from __future__ import annotations

from dataclasses import dataclass

from andon.core.time import SECOND
from andon.models.simulate.builder import Builder
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable, mean_of, scale_of
from andon.models.simulate.program import Upkeep
from andon.site.floor import Station


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


def counters(builder: Builder, station: Station, crew_at: dict[str, int]) -> tuple[Counter, ...]:
    """What each machine of a station needs after so much use."""
    found: list[Counter] = []
    for plan in station.maintenance:
        if plan.counts == "running" and plan.every_h is not None:
            place = at.MORE_MACHINE_WORDS + len(found) * at.USE_WORDS
            crew = crew_at[plan.crew] if plan.crew else 0
            upkeep = Upkeep(place, builder.reals.at[plan.time], crew, at.PLANNED, at.FOR_PLANNED)
            found.append(Counter(upkeep, round(plan.every_h * 3600) * SECOND))
    return tuple(found)


def own_record(builder: Builder, station: Station, needs: tuple[Counter, ...]) -> int:
    """The record that only some machines have; 0 for a plain one."""
    minimal = station.breakdown is not None and station.breakdown.repair == "minimal"
    if not (minimal or needs or station.maintenance):
        return 0
    words = [0] * at.MORE_MACHINE_WORDS
    if station.breakdown is not None:
        words[at.AGED] = round(station.breakdown.age_h * 3600) * SECOND
    for i, need in enumerate(needs):
        words += [at.UNSEEN, need.limit_ns, need.law, i << at.USE_PLACE]
    return builder.m.put(0, words)
