"""Shifts, breaks, the time zone and dates: what a clock and a calendar can say about a site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from andon.site.draft import Draft
from andon.site.floor import Break, Shift
from andon.site.problems import Problem, did_you_mean, shown
from andon.site.shape import Item, Path

DAY_MIN = 1440
SHIFTS_COMPARED_MAX = 64
"""Overlaps are looked for among this many shifts: every pair is compared."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")
_DATED: tuple[tuple[str, str], ...] = (
    ("assumption", "when"),
    ("assumption", "review_by"),
    ("vendor maintenance", "next_due"),
    ("backup", "last_restore"),
)


def check(made: Draft, today: str | None) -> Iterator[Problem]:
    """Everything about time; review dates are held against `today` when it is given."""
    yield from _zone(made)
    for item in made.all("shift"):
        yield from _shift(item)
    yield from _overlaps(made)
    for item in made.all("closure"):
        yield from _times(item)
    for noun, name in _DATED:
        for item in made.all(noun):
            text = item.values.get(name)
            if text and _date(text) is None:
                yield item.problem((name,), f"`{name}` of {item.label} is {shown(text)}", "write a date as YYYY-MM-DD")
    for item in made.all("assumption"):
        yield from _review(item, today)


def _zone(made: Draft) -> Iterator[Problem]:
    zone = made.settings.get("time_zone")
    if zone is None or zone == "UTC":
        return
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fix = did_you_mean(zone, available_timezones(), "use an IANA name such as `Europe/Berlin`")
        yield Problem("site.yaml", made.setting_lines["time_zone"], f"time zone {shown(zone)} is not known", fix)


def minutes(clock: str) -> int | None:
    """Minutes since midnight of HH:MM, or None.

    >>> minutes("06:30"), minutes("6:30")
    (390, None)
    """
    return int(clock[:2]) * 60 + int(clock[3:]) if _CLOCK.match(clock) else None


def _clock(item: Item, place: Path, text: str | None) -> Iterator[Problem]:
    if text is not None and minutes(text) is None:
        name = ".".join(str(p) for p in place if isinstance(p, str))
        yield item.problem(
            place, f"`{name}` of {item.label} is {shown(text)}", 'write a time of day as "HH:MM", 00:00 to 23:59'
        )


def _shift(item: Item) -> Iterator[Problem]:
    yield from _times(item)
    pauses: tuple[Break, ...] = item.get("breaks") or ()
    for place, pause in enumerate(pauses):
        yield from _clock(item, ("breaks", place, "start"), pause.start)
        yield from _pause_inside(item, place, pause)


def _times(item: Item) -> Iterator[Problem]:
    """Days, start and end of a shift or a closure."""
    start, end = item.get("start"), item.get("end")
    yield from _clock(item, ("start",), start)
    yield from _clock(item, ("end",), end)
    days = item.get("days") or ()
    if item.part is not None and not days:
        yield item.problem(("days",), f"{item.label} has no days", "name at least one, such as `[mon, tue]`")
    for day in sorted({d for d in days if days.count(d) > 1}):
        yield item.problem(("days",), f"{item.label} names `{day}` twice", "name each day once")
    if start is not None and start == end and minutes(start) is not None:
        what = f"{item.label} ends when it begins"
        yield item.problem(("end",), what, "give it a length, or cover a whole day with two shifts")


def _pause_inside(item: Item, place: int, pause: Break) -> Iterator[Problem]:
    begin, finish, at = (
        minutes(t) if t is not None else None for t in (item.get("start"), item.get("end"), pause.start)
    )
    if begin is None or finish is None or at is None or begin == finish:
        return
    length = (finish - begin) % DAY_MIN
    if (at - begin) % DAY_MIN + pause.minutes > length:
        what = f"the break at {pause.start} of {item.label} is not inside the shift"
        yield item.problem(("breaks", place), what, f"put it between {item.get('start')} and {item.get('end')}")


def _overlaps(made: Draft) -> Iterator[Problem]:
    items = [i for i in made.all("shift") if isinstance(i.part, Shift)][:SHIFTS_COMPARED_MAX]
    for one, other in combinations(items, 2):
        first, second = _worked(one.part), _worked(other.part)
        common = next((a for a in first for b in second if a[0] < b[1] and b[0] < a[1]), None)
        if common is not None:
            what = f"{other.label} overlaps {one.label} (line {one.line})"
            yield Problem(
                "site.yaml",
                other.line,
                what,
                "mend the times if it is not a handover",
                "note",
            )


def _worked(shift: object) -> list[tuple[int, int]]:
    """Minutes of the week that a shift covers; one that runs past Sunday begins the week too."""
    if not isinstance(shift, Shift):
        return []
    start, end = minutes(shift.start), minutes(shift.end)
    if start is None or end is None or start == end:
        return []
    spans: list[tuple[int, int]] = []
    for day in shift.days:
        begin = _DAYS.index(day) * DAY_MIN + start
        finish = begin + (end - start) % DAY_MIN
        spans.append((begin, finish))
        if finish > 7 * DAY_MIN:
            spans.append((0, finish - 7 * DAY_MIN))
    return spans


def _date(text: str) -> date | None:
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _review(item: Item, today: str | None) -> Iterator[Problem]:
    made, due = _date(item.get("when") or ""), _date(item.get("review_by") or "")
    now = _date(today) if today is not None else None
    if due is None:
        return
    if made is not None and due < made:
        yield item.problem(("review_by",), f"{item.label} is to be reviewed before it was made", "give a later date")
    elif now is not None and due < now:
        what = f"{item.label} was to be reviewed by {due.isoformat()}"
        fix = "look at it again, then move `review_by`"
        yield Problem(item.section.file, item.at("review_by"), what, fix, "note")
