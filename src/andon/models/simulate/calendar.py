"""Shifts and breaks as lines of time: when the site is open, and how strong each crew is from when on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from andon.core.time import SECOND
from andon.site.floor import Crew, Shift
from andon.site.model import Site

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Span = tuple[int, int]


SLACK_NS = 15 * 60 * SECOND
"""How late people are taken to come back from a break, or to leave for one, at most."""


class Pause(NamedTuple):
    """A break of one occurrence of a shift, nanoseconds."""

    start: int
    length: int
    groups: int

    def of(self, member: int, end: int) -> Span:
        """When the `member`-th person of a crew has it, in a shift that ends at `end`: group after group."""
        begin = self.start + (member % self.groups) * self.length
        return min(begin, end), min(begin + self.length, end)


def spans(site: Site, shift: Shift, start_ns: int, end_ns: int) -> list[tuple[Span, list[Pause]]]:
    """The shift's occurrences between two moments, each with its breaks: (from, to) in nanoseconds since the epoch."""
    zone = ZoneInfo(site.time_zone)
    day = datetime.fromtimestamp(start_ns // SECOND, UTC).astimezone(zone).date() - timedelta(days=1)
    last = datetime.fromtimestamp(end_ns // SECOND, UTC).astimezone(zone).date() + timedelta(days=1)
    found = []
    while day <= last:
        if DAYS[day.weekday()] in shift.days:
            begin = _moment(day.isoformat(), shift.start, zone, None)
            end = _moment(day.isoformat(), shift.end, zone, begin)
            pauses = []
            for pause in shift.breaks:
                at = _moment(day.isoformat(), pause.start, zone, begin, same=True)
                pauses.append(Pause(at, round(pause.minutes * 60) * SECOND, pause.groups))
            if end > start_ns and begin < end_ns:
                found.append(((begin, end), pauses))
        day += timedelta(days=1)
    return found


def clock_ns(day: str, clock: str, zone: ZoneInfo) -> int:
    """A wall clock time of a day, nanoseconds since the epoch."""
    return _moment(day, clock, zone, None)


def _moment(day: str, clock: str, zone: ZoneInfo, after: int | None, *, same: bool = False) -> int:
    """A wall clock time of a day in nanoseconds; the next day's when it is not after `after`."""
    local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)
    ns = round(local.timestamp()) * SECOND
    if after is not None and (ns < after or (ns == after and not same)):
        ns = round((local + timedelta(days=1)).timestamp()) * SECOND
    return ns


def open_spans(site: Site, start_ns: int, horizon_ns: int) -> list[Span]:
    """When some shift is on, relative to the start; all the time where the site has no shifts."""
    if not site.shifts:
        return [(0, horizon_ns + 1)]
    edges = sorted(span for shift in site.shifts for span, _ in spans(site, shift, start_ns, start_ns + horizon_ns))
    merged: list[Span] = []
    for begin, end in edges:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return [(max(b - start_ns, 0), min(e - start_ns, horizon_ns + 1)) for b, e in merged]


def crew_line(site: Site, crew: Crew, start_ns: int, horizon_ns: int) -> list[tuple[int, int]]:
    """(from when, how many are there) of a crew, relative to the start; the first entry is at 0.

    A crew is away during the breaks of its shift. Where the site has no shifts, the crew's sizes are added up and stay.
    """
    if not site.shifts:
        return [(0, sum(crew.size.values()))]
    changes: dict[int, int] = {0: 0}
    for shift in site.shifts:
        size = crew.size.get(shift.id, 0)
        for (begin, end), pauses in spans(site, shift, start_ns, start_ns + horizon_ns):
            for moment, change in ((begin, size), (end, -size)):
                at = max(moment - start_ns, 0)
                changes[at] = changes.get(at, 0) + change
            for pause in pauses:
                for group in range(min(pause.groups, size)):
                    people = (size - group + pause.groups - 1) // pause.groups
                    begin_pause, end_pause = pause.of(group, end)
                    for moment, change in ((begin_pause, -people), (end_pause, people)):
                        at = max(moment - start_ns, 0)
                        changes[at] = changes.get(at, 0) + change
    line: list[tuple[int, int]] = []
    size = 0
    for at in sorted(changes):
        if at > horizon_ns:
            break
        size += changes[at]
        if not line or line[-1][1] != size:
            line.append((at, size))
    return line


def seen_line(line: list[tuple[int, int]], now: int, changed_ago: int | None) -> list[tuple[int, int]]:
    """A crew's line when `now` people are seen, whatever the plan says.

    People who are not there are taken to stay away until the plan next changes the crew. But right after a change of
    the plan they are taken to be late by a few minutes, as people are for breaks, and then to follow the plan.

    >>> seen_line([(0, 2), (9_000 * SECOND, 0)], 1, None)
    [(0, 1), (9000000000000, 0)]
    >>> seen_line([(0, 2), (9_000 * SECOND, 0)], 0, 300 * SECOND)
    [(0, 0), (600000000000, 2), (9000000000000, 0)]
    """
    planned = line[0][1]
    if now == planned or changed_ago is None or changed_ago >= SLACK_NS:
        return [(0, now), *line[1:]]
    back = SLACK_NS - changed_ago
    if len(line) > 1 and line[1][0] <= back:
        return [(0, now), *line[1:]]
    return [(0, now), (back, planned), *line[1:]]


def shift_end(site: Site, at_ns: int) -> int | None:
    """When the shift that is on at `at_ns` ends (the latest, where shifts overlap); None when none is on."""
    ends = [
        end for shift in site.shifts for (begin, end), _ in spans(site, shift, at_ns, at_ns + 1) if begin <= at_ns < end
    ]
    return max(ends) if ends else None


def daily_ns(site: Site, clocks: tuple[str, ...], start_ns: int, horizon_ns: int) -> list[int]:
    """When the wall times of every day come, in nanoseconds from the start."""
    zone = ZoneInfo(site.time_zone)
    day = datetime.fromtimestamp(start_ns // SECOND, UTC).astimezone(zone).date()
    last = datetime.fromtimestamp((start_ns + horizon_ns) // SECOND, UTC).astimezone(zone).date()
    found = []
    while day <= last:
        found += [_moment(day.isoformat(), clock, zone, None) - start_ns for clock in clocks]
        day += timedelta(days=1)
    return sorted(t for t in found if 0 <= t <= horizon_ns)


def moment_ns(site: Site, text: str) -> int:
    """A wall time of the site's time zone, `YYYY-MM-DD HH:MM`, in nanoseconds since the epoch."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(site.time_zone)).timestamp()) * SECOND


def _book_start(site: Site) -> int:
    """Start of the shift, or of the day, in which the first order may be released; is due where none has a release."""
    days = [o.release for o in site.orders if o.release] or [o.due for o in site.orders]
    first = min(moment_ns(site, text) for text in days)
    week = 7 * 86_400 * SECOND
    begins = [b for shift in site.shifts for (b, _), _ in spans(site, shift, first - week, first + 1) if b <= first]
    midnight = datetime.fromtimestamp(first // SECOND, ZoneInfo(site.time_zone)).replace(hour=0, minute=0, second=0)
    return max(begins, default=round(midnight.timestamp()) * SECOND)


def first_shift_start(site: Site) -> int:
    """Where runs from empty begin.

    Where the site has an order book, see `_book_start`; else midnight, or the start of the first shift, of Monday
    5 January 2026.
    """
    if site.orders:
        return _book_start(site)
    if not site.shifts:
        return 1_767_571_200 * SECOND
    zone = ZoneInfo(site.time_zone)
    monday = round(datetime(2026, 1, 5, tzinfo=zone).timestamp()) * SECOND
    begins = [
        begin
        for shift in site.shifts
        for (begin, _), _ in spans(site, shift, monday, monday + 7 * 86_400 * SECOND)
        if begin >= monday
    ]
    return min(begins, default=monday)
