"""The site's numbers and names as the kernel's tables: distributions, routes, ways, curves, mixes of products."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from andon.models.simulate.damage import damaged_ways
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable, mean_of, scale_of, words_of
from andon.models.simulate.live import LiveState
from andon.models.simulate.ways import after_parting, follows
from andon.site.floor import Curve, Fleet, Station
from andon.site.model import Site

ORDERS_OPEN_MAX = 8192
"""Open orders of one product."""


@dataclass(frozen=True, slots=True)
class Reals:
    """`f` of the kernel, and where each assumption's distribution stands in it."""

    values: list[float]
    at: dict[str, int]
    one: int
    """A distribution that is always 1."""
    names: tuple[str, ...]
    """Assumptions in the order of their factors."""


def used_assumptions(site: Site) -> tuple[str, ...]:
    """Names of the assumptions that the simulation reads, in the site's order."""
    used: set[str] = set()
    for station in site.stations:
        used.update(n for n in (station.setup,) if n)
        if station.breakdown:
            used.update((station.breakdown.time_to_failure, station.breakdown.time_to_repair))
        used.update(plan.time for plan in station.maintenance)
        used.update((station.wear.life, station.wear.change) if station.wear else ())
        used.update((station.warm_up.time,) if station.warm_up else ())
    used.update(n for d in site.disturbances for n in (d.every, d.lasts, d.levels, d.elapsed) if n)
    used.update(c.absence for c in site.crews if c.absence)
    for fleet in site.fleets:
        used.add(fleet.handling)
        if fleet.breakdown:
            used.update((fleet.breakdown.time_to_failure, fleet.breakdown.time_to_repair))
        if fleet.battery:
            used.add(fleet.battery.recovery.time)
    visits = [visit for product in site.products for visit in product.visits]
    used.update(visit.time for visit in visits if visit.time)
    named = {visit.curve for visit in visits if visit.curve}
    used.update(c.spread for c in site.curves if c.id in named and c.spread)
    used.update(d.every for d in site.demand)
    declared = [a.name for a in site.assumptions]
    for name in sorted(used - set(declared)):
        raise Unrunnable(f"assumption `{name}` is used but not declared; add it to assumptions.yaml")
    return tuple(name for name in declared if name in used)


def signed_assumptions(site: Site) -> frozenset[str]:
    """Those that may be below 0: they stand for no time."""
    return frozenset(d.levels for d in site.disturbances if d.levels)


def reals(site: Site, factors: dict[str, float], *, uncertain: bool = True) -> Reals:
    """Distributions with their factors; `factors` multiplies means; without `uncertain` every mean is as declared."""
    names = used_assumptions(site)
    declared = {a.name: a for a in site.assumptions}
    signed = signed_assumptions(site)
    head = at.FACTORS + 2 * (len(names) + 1)
    values = [float(len(names) + 1)] + [0.0] * (head - 1)
    empirical: list[float] = []
    tail = head + (len(names) + 1) * at.DIST_WORDS
    places: dict[str, int] = {}
    laws: list[float] = []
    for i, name in enumerate(names):
        a = declared[name]
        spread = math.sqrt(math.log(1.0 + a.uncertainty**2)) if uncertain else 0.0
        values[at.FACTORS + 2 * i] = spread
        values[at.FACTORS + 2 * i + 1] = factors.get(name, 1.0)
        words, more = words_of(a, at.FACTORS + 2 * i + 1, tail + len(empirical), signed=name in signed)
        if not abs(words[at.MEAN]) * values[at.FACTORS + 2 * i + 1] * words[at.SCALE] <= at.LONGEST_S:
            raise Unrunnable(f"the mean of `{name}` is longer than thirty years; make it less, or leave it out")
        places[name] = head + len(laws)
        laws += words
        empirical += more
    values[at.FACTORS + 2 * len(names) + 1] = 1.0
    one = head + len(laws)
    unit = [0.0] * at.DIST_WORDS
    unit[at.KIND_D], unit[at.P0], unit[at.MEAN], unit[at.SCALE] = float(at.CONSTANT), 1.0, 1.0, 1.0
    unit[at.FACTOR] = float(at.FACTORS + 2 * len(names) + 1)
    return Reals(values + laws + unit + empirical, places, one, names)


def curve_value_s(curve: Curve, x: float) -> float:
    """Seconds at set-point `x`: linear between the curve's points, level beyond them."""
    scale = scale_of(curve.output_unit, curve.id)
    points = sorted(curve.points)
    if x <= points[0][0]:
        return points[0][1] * scale
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x <= x1:
            return (y0 + (y1 - y0) * (x - x0) / (x1 - x0)) * scale
    return points[-1][1] * scale


def setpoint_default(site: Site, station: Station, curve: Curve, machine: str) -> float:
    """The set-point where none is known: the middle of what may be written, else of the curve."""
    signal = site.signal(f"{machine}.{station.setpoint}") if station.setpoint else None
    if signal is not None and signal.min is not None and signal.max is not None:
        return (signal.min + signal.max) / 2.0
    return (min(x for x, _ in curve.points) + max(x for x, _ in curve.points)) / 2.0


def curve_table(
    site: Site,
    live: LiveState | None,
    setpoints: Mapping[str, float],
    paces: Mapping[str, float],
    numbers: Sequence[int],
) -> list[float]:
    """Two values by machine and curve, in seconds: at the set-point in force, and at the one that is asked about.

    Machines stand at their `numbers`; `paces` has factors on the times of stations.
    """
    table = [0.0] * (2 * len(site.curves) * (max(numbers, default=-1) + 1))
    place = iter(numbers)
    for station in site.stations:
        pace = paces.get(station.id, 1.0)
        for machine in station.machines:
            row = next(place) * len(site.curves)
            for k, curve in enumerate(site.curves):
                now = live.setpoints.get(machine) if live is not None else None
                if now is None:
                    now = setpoint_default(site, station, curve, machine)
                value = setpoints.get(f"{machine}.{station.setpoint}", now) if station.setpoint else now
                table[2 * (row + k)] = curve_value_s(curve, value) * pace
                table[2 * (row + k) + 1] = curve_value_s(curve, now) * pace
    return table


def _place(site: Site, *ids: str) -> tuple[float, float]:
    places = {e.id: (e.x_m, e.y_m) for e in site.elements}
    found = [places[i] for i in ids if i in places]
    if not found:
        return 0.0, 0.0
    return sum(x for x, _ in found) / len(found), sum(y for _, y in found) / len(found)


def ways_ns(site: Site, fleet: Fleet | None) -> tuple[list[int], list[int]]:
    """Travel times between stations in nanoseconds, straight lines at a fleet's speeds.

    Returns:
        loaded[from, to], -1 where a job is handed over without a vehicle (same area); and empty[from, to], whose last
        row is the way from where the vehicles stand at first.
    """
    n = len(site.stations)
    if fleet is None:
        return [], []
    empty_speed = fleet.speed_m_per_s
    loaded_speed = fleet.loaded_speed_m_per_s or empty_speed
    centre = [_place(site, *s.machines) for s in site.stations]
    queue = [
        _place(site, s.buffer) if any(e.id == s.buffer for e in site.elements) else c
        for s, c in zip(site.stations, centre, strict=True)
    ]
    home = _place(site, *fleet.vehicles)

    def span(a: tuple[float, float], b: tuple[float, float], speed: float) -> int:
        return round(math.hypot(a[0] - b[0], a[1] - b[1]) / speed * 1e9)

    loaded = [
        span(centre[i], queue[j], loaded_speed) if site.stations[i].area != site.stations[j].area else -1
        for i in range(n)
        for j in range(n)
    ]
    empty = [span(a, centre[j], empty_speed) for a in [*queue, home] for j in range(n)]
    return loaded, empty


def weights(site: Site) -> list[float]:
    """How many jobs of each product are ordered a second, or 1 where that is not said."""
    declared = {a.name: a for a in site.assumptions}
    weight = {p.id: 1.0 for p in site.products}
    for d in site.demand:
        a = declared[d.every]
        weight[d.product] = (
            (d.share or 1.0) * d.quantity / max(mean_of(a.distribution) * scale_of(a.unit, a.name), 1e-9)
        )
    return list(weight.values())


def mixes(site: Site) -> tuple[list[list[int]], list[int]]:
    """What an unknown job may be: (product and step, cumulative ppm), by station, and on the road.

    Jobs on the road are named by the step that they are going to.
    """
    weight = dict(zip((p.id for p in site.products), weights(site), strict=True))
    table = []
    for station in site.stations:
        parts = [
            (weight[p.id], (i << at.MIX_BITS) + k)
            for i, p in enumerate(site.products)
            for k, visit in enumerate(p.visits)
            if visit.station == station.id
        ]
        table.append(mix_words(parts))
    area = {s.id: s.area for s in site.stations}
    road = [
        (weight[p.id], (i << at.MIX_BITS) + k + 1)
        for i, p in enumerate(site.products)
        for k, (here, there) in enumerate(itertools.pairwise(p.route))
        if area[here.station] != area[there.station]
    ]
    return table, mix_words(road)


def mix_words(parts: list[tuple[float, int]]) -> list[int]:
    """A mix as the kernel draws from it: how many, then (what, cumulative ppm) each."""
    total = sum(w for w, _ in parts)
    words, sofar = [len(parts)], 0.0
    for w, what in parts:
        sofar += w / total
        words += [what, round(sofar * 1e6)]
    return words


def cyclic(site: Site) -> bool:
    """Whether jobs can come back to a station through some routes, so that blocked machines could wait in a ring."""
    after: dict[str, set[str]] = {s.id: set() for s in site.stations}
    for product in site.products:
        for here, there in follows(product):
            after[here.station].add(there.station)
        after_parting(site, product, after)
        for start, end in damaged_ways(site, product):
            after[start].add(end)
    done: set[str] = set()
    while True:
        ready = [s for s, next_ones in after.items() if s not in done and next_ones <= done]
        if not ready:
            return len(done) < len(after)
        done.update(ready)
