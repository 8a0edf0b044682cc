"""The site with something built differently, and the live state as it would be there. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from andon.models.simulate import calendar
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState
from andon.site.floor import DISCIPLINES, DISPATCH, Buffer, Crew, Demand, Fleet, Release, Station
from andon.site.model import Signal, Site
from andon.site.roads import Blocked

AT_WORK = frozenset({"running", "setup", "blocked", "down", "waiting_crew"})
UNDER_WAY = frozenset({"moving", "loading"})


def _names(have: tuple[str, ...], wanted: int, taken: Iterable[str]) -> tuple[str, ...]:
    """The first of `have`, and new names that go on counting where they end.

    >>> _names(("lathe-1", "lathe-2"), 4, ("lathe-3",))
    ('lathe-1', 'lathe-2', 'lathe-4', 'lathe-5')
    """
    used = {*have, *taken}
    stem, digits = re.fullmatch(r"(.*?)(\d*)", have[-1]).groups()  # type: ignore[union-attr]  # it matches any text
    number = int(digits) if digits else 1
    stem = stem if digits else f"{stem}-"
    names = list(have[:wanted])
    while len(names) < wanted:
        number += 1
        if f"{stem}{number}" not in used:
            names.append(f"{stem}{number}")
    return tuple(names)


def _station(site: Site, new: Station, signals: tuple[Signal, ...] = ()) -> Site:
    stations = tuple(new if s.id == new.id else s for s in site.stations)
    return site.model_copy(update={"stations": stations, "signals": (*site.signals, *signals)})


def machines(site: Site, value: float, *, station: str) -> Site:
    """`value` machines at a station; new ones have the last one's set-point signal, and no place of their own."""
    old = next(s for s in site.stations if s.id == station)
    taken = [e.id for e in site.elements] + [m for s in site.stations for m in s.machines]
    ids = _names(old.machines, int(value), taken)
    last = old.machines[-1]
    own = [s for s in site.signals if s.element == last and old.setpoint is not None]
    wanted = {f"{last}.{old.setpoint}"}
    wanted |= {s.confirm_signal for s in own if s.id in wanted and s.confirm_signal is not None}
    cloned = [
        s.model_copy(
            update={
                "id": f"{machine}.{s.property}",
                "element": machine,
                "confirm_signal": s.confirm_signal.replace(last, machine) if s.confirm_signal else None,
            }
        )
        for machine in ids
        if machine not in old.machines
        for s in own
        if s.id in wanted
    ]
    return _station(site, old.model_copy(update={"machines": ids}), tuple(cloned))


def speed_of(station: Station, machine: str) -> float:
    """The speed of a machine over the one that its times are stated for."""
    if machine in station.speed_of:
        return station.speed_of[machine]
    return station.speeds[station.speed].factor if station.speed is not None else 1.0


def machine_speed(site: Site, value: float, *, machine: str) -> Site:
    """A machine that works at `value` times the speed that its times are stated for."""
    old = next(s for s in site.stations if machine in s.machines)
    return _station(site, old.model_copy(update={"speed_of": {**old.speed_of, machine: value}}))


def batch(site: Site, value: float, *, station: str) -> Site:
    """Machines of a station take up to `value` jobs at once; who waits for full loads goes on to do so."""
    old = next(s for s in site.stations if s.id == station)
    full = old.batch_least == old.batch > 1
    least = int(value) if full else min(old.batch_least, int(value))
    return _station(site, old.model_copy(update={"batch": int(value), "batch_least": least}))


def batch_least(site: Site, value: float, *, station: str) -> Site:
    """Loads of a station wait for `value` jobs.

    Raises:
        Unrunnable: its machines hold fewer.
    """
    old = next(s for s in site.stations if s.id == station)
    if value > old.batch:
        raise Unrunnable(f"machines of `{station}` hold {old.batch} jobs; wait for no more than that")
    return _station(site, old.model_copy(update={"batch_least": int(value)}))


def batch_wait(site: Site, value: float, *, station: str) -> Site:
    """No job of a station waits for a load for more than `value` minutes."""
    old = next(s for s in site.stations if s.id == station)
    return _station(site, old.model_copy(update={"batch_wait_min": value}))


def split(site: Site, value: float, *, station: str) -> Site:
    """Lots leave a station in lots of `value` jobs."""
    old = next(s for s in site.stations if s.id == station)
    return _station(site, old.model_copy(update={"split": int(value)}))


def dispatch(site: Site, value: float, *, station: str) -> Site:
    """A station dispatches by the rule of that number in `DISPATCH`.

    Raises:
        Unrunnable: it avoids set-ups where there are none.
    """
    old = next(s for s in site.stations if s.id == station)
    rule = DISPATCH[int(value)]
    if rule == "setup-minimising" and old.setup is None:
        raise Unrunnable(f"station `{station}` has no `setup` to avoid; set another rule")
    return _station(site, old.model_copy(update={"dispatch": rule}))


def cards(site: Site, value: float, *, station: str) -> Site:
    """A stage with `value` cards, as many as its buffer has places at most.

    Raises:
        Unrunnable: its buffer has fewer places.
    """
    old = next(s for s in site.stations if s.id == station)
    places = next(b.capacity for b in site.buffers if b.id == old.buffer)
    if value > places:
        raise Unrunnable(f"`{old.buffer}` has {places} places; give it a place for every card of `{station}`")
    return _station(site, old.model_copy(update={"cards": int(value)}))


def share(site: Site, value: float, *, product: str) -> Site:
    """At most `value` jobs of a product on the floor."""
    old = site.release or Release()
    made = old.model_copy(update={"wip_limits": {**old.wip_limits, product: int(value)}})
    return site.model_copy(update={"release": made})


def people(site: Site, value: float, *, station: str) -> Site:
    """Jobs of a station that take `value` people at a time."""
    old = next(s for s in site.stations if s.id == station)
    return _station(site, old.model_copy(update={"people": int(value)}))


def capacity(site: Site, value: float, *, buffer: str) -> Site:
    """A buffer with `value` places."""

    def changed(b: Buffer) -> Buffer:
        return b.model_copy(update={"capacity": int(value)}) if b.id == buffer else b

    return site.model_copy(update={"buffers": tuple(changed(b) for b in site.buffers)})


def discipline(site: Site, value: float, *, buffer: str) -> Site:
    """A buffer in the order of that number in `DISCIPLINES`."""
    order = DISCIPLINES[int(value)]
    made = (b.model_copy(update={"discipline": order}) if b.id == buffer else b for b in site.buffers)
    return site.model_copy(update={"buffers": tuple(made)})


def crew(site: Site, value: float, *, crew: str, shift: str | None) -> Site:
    """A crew of `value` people in one shift, or (None) in every shift."""
    everywhere = [s.id for s in site.shifts]

    def changed(c: Crew) -> Crew:
        if c.id != crew:
            return c
        if shift is not None:
            sizes = {**c.size, shift: int(value)}
        elif everywhere:
            sizes = {**c.size, **dict.fromkeys(everywhere, int(value))}
        else:  # without shifts the sizes of a crew add up
            sizes = {name: int(value) if i == 0 else 0 for i, name in enumerate(c.size or {"all": 0})}
        return c.model_copy(update={"size": sizes})

    return site.model_copy(update={"crews": tuple(changed(c) for c in site.crews)})


def _fleet(site: Site, name: str, **update: object) -> Site:
    def changed(f: Fleet) -> Fleet:
        return f.model_copy(update=update) if f.id == name else f

    return site.model_copy(update={"fleets": tuple(changed(f) for f in site.fleets)})


def vehicles(site: Site, value: float, *, fleet: str) -> Site:
    """`value` vehicles in a fleet."""
    old = next(f for f in site.fleets if f.id == fleet)
    taken = [e.id for e in site.elements] + [v for f in site.fleets for v in f.vehicles]
    wanted = _names(old.vehicles, int(value), taken)
    return _parked(_fleet(site, fleet, vehicles=wanted), old.vehicles, wanted)


def _parked(site: Site, have: tuple[str, ...], wanted: tuple[str, ...]) -> Site:
    """New vehicles on roads have parking places beside that of the last vehicle, with edges like its own."""
    place = {n.parks: n for n in site.roads.nodes if n.parks} if site.roads is not None else {}
    like = place.get(have[-1])
    if site.roads is None or like is None:
        return site
    nodes, edges = list(site.roads.nodes), list(site.roads.edges)
    for vehicle in wanted:
        if vehicle in place:
            continue
        name = f"{like.id}-{vehicle}"
        nodes.append(like.model_copy(update={"id": name, "parks": vehicle}))
        for e in site.roads.edges:
            if like.id in {e.source, e.target}:
                ends = {k: name if v == like.id else v for k, v in (("source", e.source), ("target", e.target))}
                edges.append(e.model_copy(update={"id": f"{e.id}-{vehicle}", **ends}))
    roads = site.roads.model_copy(update={"nodes": tuple(nodes), "edges": tuple(edges)})
    return site.model_copy(update={"roads": roads})


def speed(site: Site, value: float, *, fleet: str) -> Site:
    """A fleet at `value` metres a second."""
    return _fleet(site, fleet, speed_m_per_s=value)


def battery(site: Site, value: float, *, fleet: str, key: str) -> Site:
    """A fleet whose batteries have `value` for one of what they state; on thresholds that keep their order."""
    old = next(f for f in site.fleets if f.id == fleet)
    if old.battery is None:
        return site
    made = old.battery.model_copy(update={key: value})
    if made.leave_above < made.charge_below:
        made = made.model_copy(update={"leave_above": made.charge_below})
    return _fleet(site, fleet, battery=made)


def blocked(site: Site, value: float, *, edge: str, from_min: float = 0.0) -> Site:
    """Something stands on an edge of the roads for `value` minutes, from `from_min` minutes after the beginning."""
    if site.roads is None or value <= 0:
        return site
    more = Blocked(edge=edge, from_s=from_min * 60.0, for_s=value * 60.0)
    roads = site.roads.model_copy(update={"blocked": (*site.roads.blocked, more)})
    return site.model_copy(update={"roads": roads})


def wip_limit(site: Site, value: float) -> Site:
    """At most `value` jobs on the floor."""
    limit = int(value)
    made = site.release.model_copy(update={"wip_limit": limit}) if site.release else Release(wip_limit=limit)
    return site.model_copy(update={"release": made})


def _demand(site: Site, product: str, **update: object) -> Site:
    def changed(d: Demand) -> Demand:
        return d.model_copy(update=update) if d.product == product else d

    return site.model_copy(update={"demand": tuple(changed(d) for d in site.demand)})


def quantity(site: Site, value: float, *, product: str) -> Site:
    """Orders of `value` jobs."""
    return _demand(site, product, quantity=int(value))


def due(site: Site, value: float, *, product: str) -> Site:
    """Orders that are due `value` hours after they came."""
    return _demand(site, product, due_h=value)


def disturbance(site: Site, value: float, *, name: str) -> Site:
    """Without a disturbance where `value` is 0."""
    kept = tuple(d for d in site.disturbances if d.id != name or value)
    return site.model_copy(update={"disturbances": kept})


def damaged(site: Site, value: float, *, name: str) -> Site:
    """A share `value` of the jobs comes damaged to the stations of a disturbance."""
    made = tuple(d.model_copy(update={"share": value}) if d.id == name else d for d in site.disturbances)
    return site.model_copy(update={"disturbances": made})


def adapted(live: LiveState, declared: Site, site: Site) -> LiveState:
    """The live state of the declared site, as it would be on the changed one.

    New machines and vehicles begin idle. What a machine that is taken away holds waits in front of its station again;
    a vehicle that is taken away takes nothing with it that was observed. A crew has as many people more or fewer as the
    change plans for this moment.

    Raises:
        Unrunnable: a buffer holds more jobs now than it would have places for.
    """
    there = {m for s in site.stations for m in s.machines}
    before = {s.id: s for s in declared.stations}
    levels, setpoints = dict(live.levels), dict(live.setpoints)
    notes: list[str] = []
    for station in site.stations:
        old = before.get(station.id)
        if old is None:
            continue
        for machine in set(old.machines) - there:
            now = live.machines.get(machine)
            if now is not None and now.job and now.state in AT_WORK:
                levels[station.buffer] = levels.get(station.buffer, 0) + max(1, now.jobs or station.batch)
                notes.append(f"what `{machine}` holds now waits for {station.name.lower()} again, from the beginning")
        model = next((live.setpoints[m] for m in reversed(old.machines) if m in live.setpoints), None)
        if model is not None:
            setpoints |= {m: model for m in station.machines if m not in old.machines}
    for buffer in site.buffers:
        room = next((b.capacity for b in declared.buffers if b.id == buffer.id), buffer.capacity)
        held = live.levels.get(buffer.id, 0)
        if buffer.capacity < min(held, room):
            raise Unrunnable(f"`{buffer.id}` holds {held} jobs now; give it {held} places or more, or begin from empty")
        over = levels.get(buffer.id, 0) - buffer.capacity
        if over > 0 and levels[buffer.id] != held:
            notes.append(f"{over} job(s) for which `{buffer.id}` has no room are left out")
    gone = {v for f in declared.fleets for v in f.vehicles} - {v for f in site.fleets for v in f.vehicles}
    if any(v in live.vehicles and live.vehicles[v].state in UNDER_WAY for v in gone):
        notes.append("what the vehicles that are taken away carry now is left out")
    return replace(
        live,
        levels=levels,
        setpoints=setpoints,
        present=_present(live, declared, site),
        sampled=(*live.sampled, *notes),
    )


def _present(live: LiveState, declared: Site, site: Site) -> dict[str, int]:
    """People there now: as seen, and as many more or fewer as the changed plan has at this moment."""
    planned = {c.id: calendar.crew_line(declared, c, live.at_ns, 1)[0][1] for c in declared.crews}
    found = {}
    for c in site.crews:
        if c.id in live.present:
            change = calendar.crew_line(site, c, live.at_ns, 1)[0][1] - planned.get(c.id, 0)
            found[c.id] = max(0, live.present[c.id] + change)
    return found
