"""What people's work looks like, by crew: work, walking, waiting, rest, lifting, absence. Never of one person.

What only a member can have (the longest work without a rest, the most that somebody lifted in a shift) is told only of
crews that are large enough in every shift, so that it points at nobody.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from andon.models.simulate.calendar import spans
from andon.models.simulate.figure import Figure
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.missing import gone
from andon.models.simulate.rows import Column, Rows
from andon.models.simulate.spread import Spread, spread
from andon.site.floor import Crew
from andon.site.model import Site

PEOPLE_MIN = 5
"""Fewest people of a shift whose worst member may be told; a site's purposes can only raise it."""
ACTS = ("working", "walking", "waiting", "on_break", "resting")
"""What time on a shift is divided into."""


@dataclass(frozen=True)
class Staff:
    """One crew over the horizon; shares are of its people's time on shift."""

    crew: str
    people: int
    """In its smallest shift."""
    shares: dict[str, float]
    """Mean share by act; they add up to 1 where anybody was there."""
    load: Spread
    """Share at work, walking included, of the time that is not rest."""
    rest_kept: Spread | None
    """Share of the planned break minutes that were rest; None without breaks."""
    walked_km: Spread | None
    """Of the whole crew; None where walking takes no time."""
    absent: Spread | None
    """Share of those planned who did not come."""
    lifted: Spread | None
    """Minutes times lifting index, a person and shift; None where nothing is lifted."""
    heavy: Spread | None
    """Share of time on shift at tasks with a lifting index above 1."""
    longest_min: Spread | None
    """Longest work of any member without a rest, minutes; None of a small crew."""
    lifted_max: Spread | None
    """Most minutes times lifting index of any member in a shift; None of a small crew."""

    def as_json(self) -> dict[str, Any]:
        """For scripts; what is None is left out."""
        found: dict[str, Any] = {"crew": self.crew, "people": self.people, "shares": self.shares}
        for name in ("load", "rest_kept", "walked_km", "absent", "lifted", "heavy", "longest_min", "lifted_max"):
            value = getattr(self, name)
            if value is not None:
                found[name] = value.as_json()
        return found


def people_min(site: Site) -> int:
    """Fewest people whose worst member may be told on this site."""
    return max([PEOPLE_MIN, *(p.aggregate_min for p in site.purpose_rules if p.aggregate_min)])


def smallest(site: Site, crew: Crew) -> int:
    """People of a crew in its smallest shift that has any."""
    if not site.shifts:
        return sum(crew.size.values())
    return min((n for s in site.shifts if (n := crew.size.get(s.id, 0)) > 0), default=0)


def told(rows: Rows, crew: int) -> bool:
    """Whether the crew's people are told apart in the model."""
    book = int(rows.image.memory[at.BOOKS])
    return book > 0 and int(rows.image.memory[book + crew * at.BOOK_WORDS + at.B_POOL]) > 0


def minutes(rows: Rows, crew: int) -> dict[str, Column]:
    """Minutes of the crew by act, float64[n] each."""
    if told(rows, crew):
        words = (at.B_WORKED, at.B_WALKED, at.B_WAITED, at.B_BREAK, at.B_REST)
        return {act: rows.crew_book(crew, word) / 6e7 for act, word in zip(ACTS, words, strict=True)}
    used, there = rows.crew_minutes(crew)
    nothing = np.zeros(rows.n)
    planned = nothing + _planned_min(rows, rows.image.site.crews[crew])
    return {
        "working": used,
        "walking": nothing,
        "waiting": np.maximum(there - used, 0.0),
        "on_break": planned,
        "resting": nothing,
    }


def _planned_min(rows: Rows, crew: Crew) -> float:
    """Person minutes of breaks that a counted crew's plan has in the counted time."""
    site, options = rows.image.site, rows.image.options
    begin, end = options.start_ns + options.warmup_ns, options.start_ns + options.horizon_ns
    total = 0
    for shift in site.shifts:
        size = crew.size.get(shift.id, 0)
        away = [(options.start_ns + a, options.start_ns + b, n) for a, b, n in gone(site, crew.id, shift.id)]
        for (_, finish), pauses in spans(site, shift, begin, end):
            for member, pause in itertools.product(range(size), pauses):
                a, b = pause.of(member, finish)
                missing = [(max(a, x), min(b, y)) for x, y, n in away if member >= size - n]
                taken = [(a, b)] if not missing else [(a, missing[0][0]), (missing[0][1], b)]
                total += sum(max(0, min(y, end) - max(x, begin)) for x, y in taken)
    return total / 6e10


def rest_kept(rows: Rows, crew: int) -> Column | None:
    """Share of the planned break minutes that were rest; None where none were planned.

    Of a crew that is only counted, whoever has a break is taken from work at that very moment, so it is all of it.
    """
    if not told(rows, crew):
        return np.ones(rows.n) if _planned_min(rows, rows.image.site.crews[crew]) > 0 else None
    planned = rows.crew_book(crew, at.B_PLANNED)
    if not planned.any():
        return None
    return np.where(planned > 0, rows.crew_book(crew, at.B_BREAK) / np.maximum(planned, 1), np.nan)


def staff_figures(rows: Rows) -> tuple[Figure, ...]:
    """Figures of the crews whose people are told apart, for comparisons; rest is a constraint, so more is better."""
    found: list[Figure] = []
    for i, crew in enumerate(rows.image.site.crews):
        if not told(rows, i):
            continue
        found.append(Figure(f"{crew.id} load", "share", rows.crew_load(i), 0))
        kept = rest_kept(rows, i)
        if kept is not None:
            found.append(Figure(f"{crew.id} rest kept", "share", kept, 1))
    return tuple(found)


def staff(rows: Rows) -> tuple[Staff, ...]:
    """Every crew of the site as it was built."""
    site = rows.image.site
    return tuple(_staff(rows, site, i, crew) for i, crew in enumerate(site.crews))


def _staff(rows: Rows, site: Site, i: int, crew: Crew) -> Staff:
    acts = minutes(rows, i)
    whole = sum(acts.values())
    shares = {act: float(np.where(whole > 0, m / np.maximum(whole, 1e-9), 0.0).mean()) for act, m in acts.items()}
    apart, people = told(rows, i), smallest(site, crew)
    large = apart and people >= people_min(site)
    expected = rows.crew_book(i, at.B_EXPECTED) if apart else np.zeros(rows.n)
    came = expected - rows.crew_book(i, at.B_ABSENT) if apart else expected
    lifts = apart and bool(rows.crew_book(i, at.B_LIFTED).any())

    def book(word: int, per: Column | float = 1.0) -> Column:
        return np.where(np.asarray(per) > 0, rows.crew_book(i, word) / np.maximum(per, 1e-9), np.nan)

    def told_of(name: str, unit: str, values: Column | None, wanted: bool = True) -> Spread | None:
        return spread(f"{crew.id} {name}", unit, values, rows) if wanted and values is not None else None

    return Staff(
        crew=crew.id,
        people=people,
        shares=shares,
        load=spread(f"{crew.id} load", "share", rows.crew_load(i), rows),
        rest_kept=told_of("rest kept", "share", rest_kept(rows, i)),
        walked_km=told_of("walked", "km", book(at.B_MM, 1e6), bool(crew.walk_m_per_s)),
        absent=told_of("absent", "share", book(at.B_ABSENT, expected), crew.absence is not None),
        lifted=told_of("lifted", "index min", book(at.B_LIFTED, 6e7 * came), lifts),
        heavy=told_of("above index 1", "share", book(at.B_HEAVY, 6e7 * whole), lifts),
        longest_min=told_of("longest work", "min", book(at.B_RUN_MAX, 6e7), large),
        lifted_max=told_of("most lifted", "index min", book(at.B_LIFTED_MAX, 6e7), large and lifts),
    )
