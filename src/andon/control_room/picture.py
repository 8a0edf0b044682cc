"""One look at the desk: everything that a page or a frame shows belongs to the same moment."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any

from andon.authority.facts import Authority, GatewayFact
from andon.control_room.present import Shown, shown, zone_of
from andon.core.readings import Value
from andon.core.time import SECOND
from andon.ledger.record import Record
from andon.operate.port import Desk
from andon.site.model import Element, ElementKind, Site
from andon.sync.view import SignalView

RECORDS_MAX = 1_000_000
"""More records than a ledger of one site holds at once."""
LATEST = 12
"""Records that Now shows."""
LOOKS = "simulation.asked"
"""That somebody asked the simulator is on record and is no news of the floor."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the desk said at one moment of site time."""

    at: int
    mode: str
    speed: float
    virtual: bool
    gateway: GatewayFact
    views: Mapping[str, SignalView]
    sources: Sequence[Mapping[str, Any]]
    halts: Sequence[Mapping[str, Any]]
    challenges: Sequence[Mapping[str, Any]]
    recommendations: Sequence[Mapping[str, Any]]
    commands: Sequence[Mapping[str, Any]]
    authorities: Sequence[Authority]
    forecast: Mapping[str, Any] | None
    latest: Sequence[Record] = field(default=())
    lost: Sequence[Record] = field(default=())
    """For each use that lost authority and was not approved since, the record of it."""

    def show(self, signal: str) -> Shown | None:
        """A signal as it is printed, or None when the site has no such signal."""
        view = self.views.get(signal)
        return None if view is None else shown(view, self.at)

    def current(self, signal: str) -> Value | None:
        """The value, only when it may be relied on now."""
        view = self.views.get(signal)
        return view.value if view is not None and view.fresh else None

    @property
    def data_age_s(self) -> float | None:
        """Age of the newest value: what the status line says of the stream as a whole."""
        ages = [v.age_s for v in self.views.values() if v.age_s is not None]
        return min(ages, default=None)

    @property
    def open_challenges(self) -> list[Mapping[str, Any]]:
        """Challenges that nobody has answered."""
        return [c for c in self.challenges if not answered(c)]


def answered(challenge: Mapping[str, Any]) -> bool:
    """Whether somebody has answered a challenge."""
    return not challenge.get("open", not challenge.get("answer"))


class Tail:
    """The newest records and the authority that was lost, read once each: the ledger is asked only for what is new."""

    def __init__(self) -> None:
        self._next = 0
        self._kept: deque[Record] = deque(maxlen=LATEST)
        self._lost: dict[str, Record] = {}
        self._lock = threading.Lock()

    def read(self, desk: Desk) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
        """The newest records, newest first; and for each use that fell and was not approved since, its fall."""
        with self._lock:
            for record in desk.records(last=RECORDS_MAX, start=self._next):
                if record.index < self._next:
                    continue
                self._next = record.index + 1
                if record.kind != LOOKS:
                    self._kept.append(record)
                use = str(record.payload.get("use", ""))
                if record.kind == "authority.lost":
                    self._lost[use] = record
                elif record.kind == "approval":
                    self._lost.pop(use, None)
            return tuple(reversed(self._kept)), tuple(self._lost.values())


def glance(desk: Desk, before: Picture) -> Picture:
    """What moves from second to second; the rest as it was a moment ago."""
    facts = desk.facts()
    return replace(
        before,
        at=facts.at,
        gateway=facts.gateway,
        views={v.signal: v for v in desk.views()},
        halts=desk.halts(),
        recommendations=desk.recommendations(),
    )


def look(desk: Desk, tail: Tail | None = None) -> Picture:
    """Ask the desk for everything that Now shows."""
    facts = desk.facts()
    latest, lost = (tail or Tail()).read(desk)
    return Picture(
        at=facts.at,
        mode=facts.mode,
        speed=facts.speed,
        virtual=facts.virtual,
        gateway=facts.gateway,
        views={v.signal: v for v in desk.views()},
        sources=desk.sources(),
        halts=desk.halts(),
        challenges=desk.challenges(),
        recommendations=desk.recommendations(),
        commands=desk.commands(),
        authorities=desk.authorities(),
        forecast=desk.forecast(),
        latest=latest,
        lost=lost,
    )


class Names:
    """What people call things: names of elements, and the site's own time."""

    def __init__(self, site: Site) -> None:
        self.elements: dict[str, Element] = {e.id: e for e in site.elements}
        self.vehicles = tuple(dict.fromkeys(v for f in site.fleets for v in f.vehicles))
        stationed = [m for s in site.stations for m in s.machines]
        other = [e.id for e in site.elements if e.kind is ElementKind.EQUIPMENT and e.id not in self.vehicles]
        self.machines = tuple(dict.fromkeys([*stationed, *other]))
        """Every machine, first those of stations: a site may name equipment long before it describes its flow."""
        self.station_of = {m: s for s in site.stations for m in s.machines}
        self.zone: tzinfo = zone_of(site.time_zone)
        self.people = {p.id: p.name for p in site.people}

    def of(self, element: str) -> str:
        """The name on the wall; the id when the site has no such element."""
        found = self.elements.get(element)
        return found.name if found else element


def seconds_since(at: int | None, now: int) -> float | None:
    """Seconds of site time from `at` to `now`."""
    return None if at is None else (now - at) / SECOND
