"""When people are there: the site's shifts and breaks in site time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from andon.core.time import SECOND
from andon.site.floor import Shift
from andon.site.model import Site

DAY_NS = 86_400 * SECOND
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Spell:
    """One shift on one day: from and until, site nanoseconds, and its pauses as (start, length)."""

    shift: str
    start_ns: int
    end_ns: int
    pauses_ns: tuple[tuple[int, int], ...]


class Hours:
    """The calendar of a site."""

    def __init__(self, site: Site) -> None:
        self._zone = ZoneInfo(site.time_zone)
        self._shifts = site.shifts
        self._cache: dict[date, tuple[Spell, ...]] = {}

    def spells_of(self, day: date) -> tuple[Spell, ...]:
        """The shifts that begin on that local day, in time order."""
        known = self._cache.get(day)
        if known is None:
            weekday = WEEKDAYS[day.weekday()]
            spells = [self._spell(shift, day) for shift in self._shifts if weekday in shift.days]
            known = tuple(sorted(spells, key=lambda s: (s.start_ns, s.shift)))
            self._cache[day] = known
        return known

    def _spell(self, shift: Shift, day: date) -> Spell:
        start = self._at(day, shift.start)
        end = self._at(day, shift.end)
        if end <= start:
            end = self._at(day + timedelta(days=1), shift.end)
        pauses = []
        for pause in shift.breaks:
            begin = self._at(day, pause.start)
            if begin < start:
                begin = self._at(day + timedelta(days=1), pause.start)
            pauses.append((begin, round(pause.minutes * 60) * SECOND))
        return Spell(shift.id, start, end, tuple(sorted(pauses)))

    def _at(self, day: date, clock: str) -> int:
        hour, _, minute = clock.partition(":")
        whole = int(hour)
        moment = datetime.combine(day + timedelta(days=whole // 24), time(whole % 24, int(minute or 0)), self._zone)
        return int(moment.timestamp()) * SECOND

    def day_of(self, ns: int) -> date:
        """The local day of a moment."""
        return datetime.fromtimestamp(ns // SECOND, UTC).astimezone(self._zone).date()

    def around(self, ns: int) -> list[Spell]:
        """Spells of the day before, the day itself and the day after, in time order."""
        day = self.day_of(ns)
        return [spell for offset in (-1, 0, 1) for spell in self.spells_of(day + timedelta(days=offset))]

    def open_until(self, ns: int) -> int | None:
        """When the shift that is open now ends; None when none is open."""
        return max((s.end_ns for s in self.around(ns) if s.start_ns <= ns < s.end_ns), default=None)

    def opens_at(self, ns: int) -> int:
        """When the next shift begins, at most eight days on; a day later where the site has no shift at all."""
        day = self.day_of(ns)
        for offset in range(-1, 9):
            starts = [s.start_ns for s in self.spells_of(day + timedelta(days=offset)) if s.start_ns > ns]
            if starts:
                return min(starts)
        return ns + DAY_NS
