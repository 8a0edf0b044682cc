"""The floor map: positions from the site's metres to a drawing, and each machine's state as shape and words."""

from __future__ import annotations

from dataclasses import dataclass

from andon.control_room.picture import Names, Picture
from andon.control_room.present import duration, number
from andon.site.model import Site

WIDTH = 1000.0
"""Drawing units of the whole floor; text in it is 13 units high."""
TILE_H = 62.0
TILE_W = (72.0, 124.0)
GAUGE_H = 44.0
STACK = 17.0
ASIDE_MAX = 6
"""Machines that are drawn side by side where a site gives them all one place."""
"""How far below each other vehicles are drawn that stand at one place."""

SHAPES = {
    "running": ("running", 0),
    "setup": ("setup", 0),
    "idle": ("idle", 0),
    "off": ("off", 0),
    "waiting_crew": ("crew", 4),
    "blocked": ("blocked", 3),
    "down": ("down", 2),
    "active": ("running", 0),
    "ready": ("idle", 0),
    "stopped": ("idle", 0),
    "held": ("blocked", 3),
    "interrupted": ("blocked", 3),
}
"""State to icon and priority of the abnormality; 0 is normal and has no colour."""

WORDS = {"waiting_crew": "no crew"}
"""States that are shorter on a tile than in the signal."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One machine as drawn."""

    id: str
    name: str
    x: float
    y: float
    icon: str
    state: str
    job: str
    priority: int
    stale: bool
    label: str
    """The whole tile in words, for those who do not see it."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One buffer's level."""

    id: str
    name: str
    x: float
    y: float
    level: str
    capacity: int
    share: float
    stale: bool
    full: bool


@dataclass(frozen=True, slots=True)
class Note:
    """A short text at an element's place: a crew, a product lane, the release desk."""

    id: str
    name: str
    x: float
    y: float
    lines: tuple[str, ...]
    stale: bool


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle as drawn."""

    id: str
    short: str
    x: float
    y: float
    """Where it is drawn: below another one that stands at the same place."""
    at_y: float
    state: str
    stale: bool


@dataclass(frozen=True, slots=True)
class Room:
    """An area's rectangle."""

    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Road:
    """An edge of the roads, as a line."""

    x1: float
    y1: float
    x2: float
    y2: float


def _stateless(machine: str, name: str, x: float, y: float, picture: Picture) -> Tile:
    """A machine that no state signal is declared for: how many of its other signals are current."""
    own = [view for view in picture.views.values() if view.element == machine]
    current = sum(1 for view in own if view.fresh)
    if not own:
        return Tile(machine, name, x, y, "idle", "no signals", "", 0, True, f"{name}: no signals")
    icon, priority = ("idle", 0) if current == len(own) else ("nodata", 4)
    state = f"{current} of {len(own)} seen"
    label = f"{name}: no state signal; {current} of {len(own)} signals are current"
    return Tile(machine, name, x, y, icon, state, "", priority, current < len(own), label)


class FloorPlan:
    """Geometry that does not change while the site runs."""

    def __init__(self, site: Site, names: Names) -> None:
        self._site = site
        self._names = names
        xs = [(a.x_m, a.x_m + a.width_m) for a in site.areas] or [(0.0, 10.0)]
        ys = [(a.y_m, a.y_m + a.height_m) for a in site.areas] or [(0.0, 10.0)]
        self._left, right = min(x for x, _ in xs), max(x for _, x in xs)
        bottom, self._top = min(y for y, _ in ys), max(y for _, y in ys)
        self._scale = (WIDTH - 2) / (right - self._left)
        self.width = WIDTH
        self.height = (self._top - bottom) * self._scale + 2
        self.rooms = tuple(
            Room(a.name, self.x(a.x_m), self.y(a.y_m + a.height_m), a.width_m * self._scale, a.height_m * self._scale)
            for a in site.areas
        )
        self.roads = self._roads()
        self._spots = self._spread()
        self.tile_w = self._tile_width()
        self.tile_h = TILE_H
        self.gauge_h = GAUGE_H

    def x(self, metres: float) -> float:
        """Metres east of the origin to drawing units."""
        return round((metres - self._left) * self._scale + 1, 1)

    def y(self, metres: float) -> float:
        """Metres north of the origin to drawing units, which run down."""
        return round((self._top - metres) * self._scale + 1, 1)

    def _roads(self) -> tuple[Road, ...]:
        """The edges that vehicles drive along."""
        if self._site.roads is None:
            return ()
        at = {n.id: (self.x(n.x_m), self.y(n.y_m)) for n in self._site.roads.nodes}
        return tuple(Road(*at[e.source], *at[e.target]) for e in self._site.roads.edges)

    def _spread(self) -> dict[str, tuple[float, float]]:
        """Where each machine is drawn: where the site says, those that it puts at one place side by side."""
        places: dict[tuple[float, float], list[str]] = {}
        for machine in self._names.machines:
            element = self._names.elements.get(machine)
            if element is not None:
                places.setdefault((self.x(element.x_m), self.y(element.y_m)), []).append(machine)
        found = {}
        for (x, y), machines in places.items():
            wide = min(len(machines), ASIDE_MAX)
            for i, machine in enumerate(machines):
                row, column = divmod(i, wide)
                east = x + (column - (wide - 1) / 2) * (TILE_W[1] + 12)
                found[machine] = (round(east, 1), round(y + row * (TILE_H + 12), 1))
        return found

    def _tile_width(self) -> float:
        places = list(self._spots.values())
        gaps = [
            abs(a[0] - b[0]) for i, a in enumerate(places) for b in places[i + 1 :] if abs(a[1] - b[1]) < TILE_H + 6
        ]
        return max(TILE_W[0], min([TILE_W[1], *(g - 8 for g in gaps)]))

    def tiles(self, picture: Picture) -> list[Tile]:
        """Every machine, as it is now."""
        made = []
        for machine in self._names.machines:
            element = self._names.elements.get(machine)
            if element is not None:
                made.append(self._tile(machine, element.name, *self._spots[machine], picture))
        return made

    @staticmethod
    def _tile(machine: str, name: str, x: float, y: float, picture: Picture) -> Tile:
        view = picture.views.get(f"{machine}.state")
        job = picture.current(f"{machine}.job")
        if view is None:
            return _stateless(machine, name, x, y, picture)
        if not view.fresh or view.value is None:
            age = "" if view.age_s is None else f" {duration(view.age_s)}"
            return Tile(machine, name, x, y, "nodata", "no data", "", 4, True, f"{name}: no data{age}, do not use")
        raw = str(view.value)
        icon, priority = SHAPES.get(raw.lower(), ("idle", 0))
        state = WORDS.get(raw.lower(), number(raw))
        work = number(job) if isinstance(job, str) and job else ""
        return Tile(
            machine, name, x, y, icon, state, work, priority, False, f"{name}: {state}" + (f", {work}" if work else "")
        )

    def gauges(self, picture: Picture) -> list[Gauge]:
        """Every buffer with a place and a level."""
        made = []
        for buffer in self._site.buffers:
            element, view = self._names.elements.get(buffer.id), picture.views.get(f"{buffer.id}.level")
            if element is None or view is None:
                continue
            usable = view.fresh and isinstance(view.value, int | float)
            level = float(view.value) if usable and view.value is not None else 0.0
            share = min(1.0, max(0.0, level / buffer.capacity))
            text = f"{level:.0f}" if usable else "?"
            place = (self.x(element.x_m), self.y(element.y_m))
            made.append(
                Gauge(buffer.id, element.name, *place, text, buffer.capacity, share, not usable, usable and share >= 1)
            )
        return made

    def notes(self, picture: Picture) -> list[Note]:
        """Crews, finished goods and the release desk."""
        made = []
        shown = {*self._names.machines, *self._names.vehicles, *(b.id for b in self._site.buffers)}
        for element in self._site.elements:
            if element.id in shown:
                continue
            parts, stale = [], False
            for prop, word in (("present", "present"), ("completed", "finished"), ("waiting", "waiting")):
                view = picture.views.get(f"{element.id}.{prop}")
                if view is not None:
                    stale = stale or not view.fresh
                    parts.append(f"{number(view.value) if view.fresh else '?'} {word}")
            if parts:
                place = (self.x(element.x_m), self.y(element.y_m))
                made.append(Note(element.id, element.name, *place, tuple(parts), stale))
        return made

    def vehicles(self, picture: Picture) -> list[Vehicle]:
        """Every vehicle that says where it is; at its charging place while it does not."""
        made: list[Vehicle] = []
        for vehicle in self._names.vehicles:
            element = self._names.elements.get(vehicle)
            x, y = picture.views.get(f"{vehicle}.x"), picture.views.get(f"{vehicle}.y")
            if element is None or x is None or y is None:
                continue
            known = isinstance(x.value, int | float) and isinstance(y.value, int | float)
            east = float(x.value) if known and x.value is not None else element.x_m
            north = float(y.value) if known and y.value is not None else element.y_m
            state = picture.current(f"{vehicle}.state")
            place = (self.x(east), self.y(north))
            under = sum(1 for v in made if abs(v.x - place[0]) < 1 and abs(v.at_y - place[1]) < 1)
            made.append(
                Vehicle(
                    vehicle,
                    vehicle.rpartition("-")[2][:3],
                    place[0],
                    round(place[1] + under * STACK, 1),
                    place[1],
                    "no data" if state is None else number(state),
                    not (x.fresh and y.fresh),
                )
            )
        return made
