"""The one table of what a question may change: means, set-points, the sequence, and the structure of the floor."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from andon.models.simulate import structure
from andon.models.simulate.laws import Unrunnable, mean_of
from andon.models.simulate.scenario import KINDS, is_switch, refuse, supposed, switch_of, usual
from andon.models.simulate.tables import setpoint_default, used_assumptions
from andon.site.battery import Battery
from andon.site.floor import DISCIPLINES, DISPATCH, Station
from andon.site.model import Site

Kind = Literal["mean", "set-point", "sequence", "pace", "structure"]
MANY = 1_000.0
"""Machines, vehicles or jobs in a batch, at most."""
LARGE = 100_000.0
"""Places in a buffer, jobs on the floor, at most."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that a question may set."""

    name: str
    what: str
    """In words."""
    unit: str
    now: float | None
    """As the site declares it; None where there is no one number."""
    kind: Kind
    low: float = 0.0
    high: float = math.inf
    whole: bool = False
    build: Callable[[Site, float], Site] | None = None
    """For `structure`: the site with it."""

    def refuse(self, value: float) -> None:
        """Raises `Unrunnable` when the value cannot be."""
        if not math.isfinite(value):
            raise Unrunnable(f"`{self.name}` cannot be {value:g}; give a number")
        if self.kind in {"sequence", "set-point"}:
            return
        if self.kind == "mean" and value <= 0:
            raise Unrunnable(f"the mean of `{self.name}` cannot be {value:g}; give a number above 0")
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            number = "a whole number" if self.whole else "a number"
            raise Unrunnable(f"`{self.name}` cannot be {value:g}; give {number} from {self.low:g} to {self.high:g}")


def sequence_signal(site: Site) -> str | None:
    """The signal that holds the release sequence, if there is one."""
    return site.release.sequence_signal if site.release is not None else None


def setpoint_signals(site: Site) -> tuple[str, ...]:
    """Signals of set-points that a processing curve reads."""
    return tuple(f"{m}.{s.setpoint}" for s in site.stations if s.setpoint for m in s.machines)


def settings(site: Site) -> dict[str, Setting]:
    """Everything that a question about this site may set, by name; where two share a name, the first one has it."""
    found: dict[str, Setting] = {}
    for part in TABLE:
        for setting in part(site):
            found.setdefault(setting.name, setting)
    return found


def setting(site: Site, name: str) -> Setting:
    """One of them.

    Raises:
        Unrunnable: there is none of that name; the sentence has the nearest.
    """
    if is_switch(name):
        what = KINDS[switch_of(name).kind][2]
        refuse(site, name, usual(name))
        build = partial(_supposed, name=name)
        return Setting(name, what, "1", None, "structure", 0, 1000, False, build)
    known = settings(site)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or list(known)[:3]
        raise Unrunnable(f"`{name}` is nothing that can be set; nearest: {', '.join(f'`{n}`' for n in near)}")
    return known[name]


def _supposed(site: Site, value: float, *, name: str) -> Site:
    refuse(site, name, value)
    return supposed(site, name, value)


def _means(site: Site) -> Iterator[Setting]:
    assumptions = {a.name: a for a in site.assumptions}
    for name in used_assumptions(site):
        a = assumptions[name]
        yield Setting(name, f"mean of assumption {name}", a.unit, mean_of(a.distribution), "mean")


def _setpoints(site: Site) -> Iterator[Setting]:
    named = {(step.station, step.curve) for p in site.products for step in p.route if step.curve}
    for station in site.stations:
        curve = next((c for c in site.curves if (station.id, c.id) in named), None)
        for machine in station.machines if station.setpoint else ():
            signal = site.signal(f"{machine}.{station.setpoint}")
            unit = signal.unit if signal is not None else (curve.input_unit if curve is not None else "")
            now = setpoint_default(site, station, curve, machine) if curve is not None else None
            yield Setting(f"{machine}.{station.setpoint}", f"set-point of {machine}", unit, now, "set-point")


def _sequence(site: Site) -> Iterator[Setting]:
    name = sequence_signal(site)
    if name is not None:
        order = float("".join(str(i + 1) for i in range(len(site.products))))
        yield Setting(name, "order in which products enter the floor, one digit a product", "", order, "sequence")


def _stations(site: Site) -> Iterator[Setting]:
    for s in site.stations:
        machines = partial(structure.machines, station=s.id)
        count = float(len(s.machines))
        yield Setting(f"{s.id}.machines", f"machines of {s.name}", "1", count, "structure", 1, MANY, True, machines)
        batch = partial(structure.batch, station=s.id)
        yield Setting(
            f"{s.id}.batch", f"jobs that a machine of {s.name} takes at once", "{jobs}", float(s.batch), "structure",
            1, MANY, True, batch,
        )  # fmt: skip
        yield from _loads(s)
        if s.crew or s.skill:
            people = partial(structure.people, station=s.id)
            what = f"people that a job at {s.name} takes at a time"
            yield Setting(f"{s.id}.people", what, "{people}", float(s.people), "structure", 1, 100, True, people)
        yield from _control(s)
        yield Setting(f"{s.id}.speed", f"speed of {s.name}; 1 is as declared", "1", 1.0, "pace", 0.01, 100.0)


def _loads(s: Station) -> Iterator[Setting]:
    """What loads wait for, and how lots are split."""
    if s.batch > 1:
        least, wait = partial(structure.batch_least, station=s.id), partial(structure.batch_wait, station=s.id)
        what = f"jobs that a load of {s.name} waits for"
        yield Setting(f"{s.id}.batch_least", what, "{jobs}", float(s.batch_least), "structure", 1, MANY, True, least)
        what = f"most minutes that a job of {s.name} waits for others"
        yield Setting(f"{s.id}.batch_wait_min", what, "min", s.batch_wait_min, "structure", 0.01, 10_080, False, wait)
    if s.split is not None:
        build = partial(structure.split, station=s.id)
        what = f"jobs in the lots that leave {s.name}"
        yield Setting(f"{s.id}.split", what, "{jobs}", float(s.split), "structure", 1, MANY, True, build)


def _control(s: Station) -> Iterator[Setting]:
    rules = ", ".join(f"{i} {rule}" for i, rule in enumerate(DISPATCH))
    dispatch, cards = partial(structure.dispatch, station=s.id), partial(structure.cards, station=s.id)
    rule = float(DISPATCH.index(s.dispatch))
    what = f"dispatch rule of {s.name}, by name or number: {rules}"
    yield Setting(f"{s.id}.dispatch", what, "", rule, "structure", 0, len(DISPATCH) - 1, True, dispatch)
    now = float(s.cards) if s.cards is not None else None
    yield Setting(f"{s.id}.cards", f"cards of {s.name}", "1", now, "structure", 1, LARGE, True, cards)


def _speeds(site: Site) -> Iterator[Setting]:
    for s in site.stations:
        for machine in s.machines if s.speeds else ():
            build = partial(structure.machine_speed, machine=machine)
            levels = ", ".join(f"{level} {speed.factor:g}" for level, speed in s.speeds.items())
            what = f"speed of {machine} ({levels})"
            now = structure.speed_of(s, machine)
            yield Setting(f"{machine}.speed", what, "1", now, "structure", 0.01, 100.0, False, build)


def levels(site: Site) -> dict[str, dict[str, float]]:
    """Words that a setting may be given instead of a number, by its name: levels of speed, orders of buffers."""
    orders = {f"{b.id}.discipline": {word: float(i) for i, word in enumerate(DISCIPLINES)} for b in site.buffers}
    return orders | {
        f"{machine}.speed": {level: speed.factor for level, speed in s.speeds.items()}
        for s in site.stations
        for machine in s.machines
        if s.speeds
    }


def _buffers(site: Site) -> Iterator[Setting]:
    for b in site.buffers:
        build = partial(structure.capacity, buffer=b.id)
        yield Setting(
            f"{b.id}.capacity", f"places in {b.id}", "{jobs}", float(b.capacity), "structure", 0, LARGE, True, build
        )
        build = partial(structure.discipline, buffer=b.id)
        orders = ", ".join(f"{i} {word}" for i, word in enumerate(DISCIPLINES))
        what, now = f"order of {b.id}, by name or number: {orders}", float(DISCIPLINES.index(b.discipline))
        yield Setting(f"{b.id}.discipline", what, "", now, "structure", 0, len(DISCIPLINES) - 1, True, build)


def _crews(site: Site) -> Iterator[Setting]:
    for crew in site.crews:
        sizes = [crew.size.get(shift.id, 0) for shift in site.shifts] or [sum(crew.size.values())]
        now = float(sizes[0]) if len(set(sizes)) == 1 else None
        build = partial(structure.crew, crew=crew.id, shift=None)
        what = f"people of {crew.name}"
        if site.shifts:
            what += " in every shift"
        yield Setting(f"{crew.id}.size", what, "{people}", now, "structure", 0, 10_000, True, build)
        for shift in site.shifts:
            build = partial(structure.crew, crew=crew.id, shift=shift.id)
            here = float(crew.size.get(shift.id, 0))
            what = f"people of {crew.name} in shift {shift.id}"
            yield Setting(f"{crew.id}.{shift.id}", what, "{people}", here, "structure", 0, 10_000, True, build)


def _fleets(site: Site) -> Iterator[Setting]:
    for fleet in site.fleets:
        build = partial(structure.vehicles, fleet=fleet.id)
        count = float(len(fleet.vehicles))
        yield Setting(
            f"{fleet.id}.vehicles", f"vehicles of fleet {fleet.id}", "1", count, "structure", 1, MANY, True, build
        )
        speed = partial(structure.speed, fleet=fleet.id)
        what = f"speed of fleet {fleet.id}"
        yield Setting(f"{fleet.id}.speed", what, "m/s", fleet.speed_m_per_s, "structure", 0.01, 10.0, False, speed)
        if fleet.battery is not None:
            yield from _battery(fleet.id, fleet.battery)


def _battery(fleet: str, battery: Battery) -> Iterator[Setting]:
    for key, what, unit, most in (
        ("capacity_wh", "watt hours that a battery of {} holds", "W.h", 1e6),
        ("charge_below", "share of its battery below which a vehicle of {} goes to charge", "1", 1.0),
        ("reserve", "share of its battery that a trip of {} must leave", "1", 0.99),
    ):
        build = partial(structure.battery, fleet=fleet, key=key)
        least = 0.0 if unit == "1" else 0.001
        now = getattr(battery, key)
        yield Setting(f"{fleet}.{key}", what.format(fleet), unit, now, "structure", least, most, False, build)


def _roads(site: Site) -> Iterator[Setting]:
    for edge in site.roads.edges if site.roads is not None else ():
        build = partial(structure.blocked, edge=edge.id)
        what = f"how long edge {edge.id} is blocked from the beginning on"
        yield Setting(f"{edge.id}.blocked", what, "min", 0.0, "structure", 0, LARGE, False, build)


def _release(site: Site) -> Iterator[Setting]:
    limit = site.release.wip_limit if site.release is not None else None
    now = float(limit) if limit is not None else None
    what = "jobs on the floor at once, at most"
    yield Setting("release.wip_limit", what, "{jobs}", now, "structure", 1, LARGE, True, structure.wip_limit)
    for p in site.products:
        mine = site.release.wip_limits.get(p.id) if site.release is not None else None
        share = partial(structure.share, product=p.id)
        what = f"jobs of {p.name} on the floor at once, at most"
        yield Setting(
            f"{p.id}.wip_limit", what, "{jobs}", None if mine is None else float(mine), "structure",
            1, LARGE, True, share,
        )  # fmt: skip


def _orders(site: Site) -> Iterator[Setting]:
    for d in site.demand:
        build = partial(structure.quantity, product=d.product)
        yield Setting(
            f"{d.product}.quantity", f"jobs in an order of {d.product}", "{jobs}", float(d.quantity), "structure",
            1, 10_000, True, build,
        )  # fmt: skip
        due = partial(structure.due, product=d.product)
        what = f"how long after the order {d.product} is due"
        yield Setting(f"{d.product}.due", what, "h", d.due_h, "structure", 0.01, 1e6, False, due)


def _disturbances(site: Site) -> Iterator[Setting]:
    for d in site.disturbances:
        build = partial(structure.disturbance, name=d.id)
        what = f"whether disturbance {d.id} is there (1) or not (0)"
        yield Setting(f"{d.id}.on", what, "1", 1.0, "structure", 0, 1, True, build)
        if d.kind == "damaged-packaging":
            share = partial(structure.damaged, name=d.id)
            what = f"share of the jobs that come damaged, as {d.id} says what that takes"
            yield Setting(f"{d.id}.share", what, "1", d.share, "structure", 0, 1, False, share)


TABLE: tuple[Callable[[Site], Iterator[Setting]], ...] = (
    _means, _setpoints, _sequence, _stations, _speeds, _buffers, _crews, _fleets, _roads, _release, _orders,
    _disturbances,
)  # fmt: skip
"""A new thing that can be set is a function here; everything else (errors, list, pages) follows."""


def station_of(site: Site, name: str) -> Station:
    """The station whose speed a `pace` setting means."""
    return next(s for s in site.stations if s.id == name.rpartition(".")[0])
