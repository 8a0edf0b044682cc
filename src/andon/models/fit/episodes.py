"""Times out of a log of events: how long machines processed, set up, failed and were down, and when orders came.

Two rules keep the samples fair whatever is missing from the log: only what began in sight counts, and what was still
going on when a gap or the end of the log came is cut off there. Both ends of a gap are independent of how long things
take, so this is random right censoring, which the likelihood knows how to use.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from andon.models.fit.families import Sample

UNKNOWN = frozenset({"", "unknown", "unavailable"})
"""States that say that nothing is known from here on."""
ORDER = "order"
"""State of a product's record: an order came."""
SECOND = 10**9


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One record: from `at` on the element is in `state`."""

    at: int
    """Nanoseconds, by the source's clock."""
    element: str
    state: str
    product: str = ""
    count: int | None = None
    """The element's counter of finished jobs: parts one job from the next where the state does not."""


@dataclass
class Times:
    """Times by what they are of: (what, element, product); what: running, setup, down, up, life, between."""

    seen: dict[tuple[str, str, str], list[float]] = field(default_factory=dict)
    cut: dict[tuple[str, str, str], list[float]] = field(default_factory=dict)
    records: int = 0
    duplicates: int = 0
    late: int = 0
    """Records that came after a later one of the same element."""
    gaps: int = 0

    def add(self, key: tuple[str, str, str], ns: int, *, whole: bool) -> None:
        """One time; `whole`: its end was seen."""
        (self.seen if whole else self.cut).setdefault(key, []).append(ns / SECOND)

    def sample(self, keys: Iterable[tuple[str, str, str]]) -> Sample:
        """All times of several keys together; a time of no length says nothing about a law and is left out."""
        wanted = list(keys)
        seen = [x for key in wanted for x in self.seen.get(key, ()) if x > 0]
        cut = [x for key in wanted for x in self.cut.get(key, ()) if x > 0]
        return Sample(np.array(seen, np.float64), np.array(cut, np.float64))


Elapsed = Callable[[int, int], int]
"""Nanoseconds that count between two moments: all of them, or those of open shifts."""


def clock(begin: int, end: int) -> int:
    """Every nanosecond counts."""
    return end - begin


def times_of(events: Iterable[Event], silence_s: float = 0.0, open_time: Elapsed = clock) -> Times:
    """Sort, clean and cut a log into times.

    Args:
        events: in the order in which they came; late and repeated records are allowed.
        silence_s: an element that says nothing for longer is out of sight from its last word on; 0: never.
        open_time: how time between orders counts.
    """
    found = Times()
    last: dict[str, int] = {}
    unique: dict[Event, None] = {}
    for event in events:
        found.records += 1
        if event in unique:
            found.duplicates += 1
            continue
        if event.at < last.get(event.element, event.at):
            found.late += 1
        last[event.element] = max(event.at, last.get(event.element, event.at))
        unique[event] = None
    if not unique:
        return found
    silence = round(silence_s * SECOND)
    spoken = _spoken(sorted(e.at for e in unique), silence)
    # The order of coming decides only between records of the same moment.
    ordered = sorted(unique, key=lambda e: (e.element, e.at, -1 if e.count is None else e.count))
    for element, records in groupby(ordered, key=lambda e: e.element):
        rows = list(records)
        orders = any(e.state == ORDER for e in rows)
        for begin, until in spoken:
            inside = [e for e in rows if begin <= e.at <= until]
            for stretch in _stretches(inside, until, 0 if orders else silence, found):
                if orders:
                    _orders(element, stretch, found, open_time)
                else:
                    _Machine(element, found).read(stretch)
    found.gaps += len(spoken) - 1
    return found


def _spoken(moments: list[int], silence: int) -> list[tuple[int, int]]:
    """(from, until) of the stretches in which somebody said something at least every `silence`; 0: the whole log."""
    spoken = [(moments[0], moments[0])]
    for moment in moments:
        if silence and moment - spoken[-1][1] > silence:
            spoken.append((moment, moment))
        spoken[-1] = (spoken[-1][0], moment)
    return spoken


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Records of one element without a gap between them, and until when it was seen."""

    rows: list[Event]
    until: int


def _stretches(rows: list[Event], end: int, silence: int, found: Times) -> Iterable[_Stretch]:
    """Records of one element up to `end`, parted where it says that nothing is known, or is silent for too long."""
    here: list[Event] = []
    for row in rows:
        if here and silence and row.at - here[-1].at > silence:
            found.gaps += 1
            yield _Stretch(here, here[-1].at)
            here = []
        if row.state in UNKNOWN:
            if here:
                found.gaps += 1
                yield _Stretch(here, row.at)
            here = []
            continue
        here.append(row)
    if here:
        quiet = silence and end - here[-1].at > silence
        yield _Stretch(here, here[-1].at if quiet else end)


def _orders(element: str, stretch: _Stretch, found: Times, open_time: Elapsed) -> None:
    key = ("between", element, "")
    rows = [e for e in stretch.rows if e.state == ORDER]
    for here, after in itertools.pairwise(rows):
        found.add(key, open_time(here.at, after.at), whole=True)
    if rows and stretch.until > rows[-1].at:
        found.add(key, open_time(rows[-1].at, stretch.until), whole=False)


class _Machine:
    """Adds up what one machine did in one stretch."""

    def __init__(self, element: str, found: Times) -> None:
        self.element, self.found = element, found
        self.job: tuple[str, int | None] | None = None
        self.worked: int | None = None
        """Processing time of this job so far; None: it began out of sight."""
        self.setup: int | None = None
        self.life: int | None = None
        """Processing time since the last repair; None: that was out of sight."""
        self.mended: int | None = None
        """Moment of the last repair's end."""
        self.down: int | None = None
        self.state = ""
        self.since = 0

    def read(self, stretch: _Stretch) -> None:
        """All records, then the end of what was seen."""
        first = True
        for row in stretch.rows:
            self._pass(row.at)
            self._job(row, first=first)
            self._turn(row, first=first)
            first = False
        self._pass(stretch.until)
        self._cut()

    def _pass(self, now: int) -> None:
        """Time up to `now` in the present state."""
        span = now - self.since
        self.since = now
        if self.state == "running":
            self.worked = None if self.worked is None else self.worked + span
            self.life = None if self.life is None else self.life + span
        elif self.state == "setup" and self.setup is not None:
            self.setup += span
        elif self.state == "down" and self.down is not None:
            self.down += span

    def _job(self, row: Event, *, first: bool) -> None:
        """A new job begins where the counter or the product changes, or where the machine was idle before."""
        if row.count is None:
            fresh = row.state in {"running", "setup"} and self.state in {"idle", "blocked", ""}
            product = row.product or (self.job[0] if self.job and not fresh else "")
            name: tuple[str, int | None] = (product, None)
        else:
            name = (row.product or (self.job[0] if self.job and self.job[1] == row.count else ""), row.count)
            fresh = self.job is None or self.job[1] != row.count
        if not fresh:
            self.job = name
            return
        if not first:
            self._finish()
        self.job = name
        self.worked = self.setup = None if first and row.state != "idle" else 0

    def _finish(self) -> None:
        if self.job is None:
            return
        product = self.job[0]
        if self.worked:
            self.found.add(("running", self.element, product), self.worked, whole=True)
        if self.setup:
            self.found.add(("setup", self.element, product), self.setup, whole=True)
        self.worked = self.setup = None

    def _turn(self, row: Event, *, first: bool) -> None:
        """A change of state ends what has its own length."""
        before, self.state = self.state, row.state
        if row.product and self.job is not None and not self.job[0]:
            self.job = (row.product, self.job[1])
        if before == row.state or first:
            return
        if row.state == "down":
            if self.life is not None:
                self.found.add(("life", self.element, ""), self.life, whole=True)
            if self.mended is not None:
                self.found.add(("up", self.element, ""), row.at - self.mended, whole=True)
            self.down, self.life, self.mended = 0, None, None
        elif before == "down":
            if self.down is not None:
                self.found.add(("down", self.element, ""), self.down, whole=True)
            self.down, self.life, self.mended = None, 0, row.at
        if row.state == "idle" and self.worked is None and row.count is not None:
            self.worked = self.setup = 0  # an idle machine holds no job: the next one begins in sight
        if before == "running" and row.state in {"idle", "blocked"} and row.count is None:
            self._finish()
        elif before == "setup" and row.state == "running" and self.setup:
            self.found.add(("setup", self.element, self.job[0] if self.job else ""), self.setup, whole=True)
            self.setup = None

    def _cut(self) -> None:
        """The end of what was seen cuts off what goes on."""
        product = self.job[0] if self.job else ""
        if self.state in {"running", "down", "waiting_crew"} and self.worked:
            self.found.add(("running", self.element, product), self.worked, whole=False)
        if self.state == "setup" and self.setup:
            self.found.add(("setup", self.element, product), self.setup, whole=False)
        if self.state == "down" and self.down:
            self.found.add(("down", self.element, ""), self.down, whole=False)
        if self.life:
            self.found.add(("life", self.element, ""), self.life, whole=False)
        if self.mended is not None and self.since > self.mended:
            self.found.add(("up", self.element, ""), self.since - self.mended, whole=False)
