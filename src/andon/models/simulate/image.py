"""Compiles a site, a live state and overrides into the machine's memory, its real numbers and its program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from andon.core.time import SECOND
from andon.models.simulate import warm
from andon.models.simulate.asked import Asked
from andon.models.simulate.calendar import SLACK_NS, crew_line, open_spans, seen_line
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.program import (
    Code,
    Entries,
    Memory,
    Wiring,
    breakdown_code,
    calendar_code,
    demand_code,
    machine_code,
    probe_code,
    vehicle_code,
)
from andon.models.simulate.tables import (
    ORDERS_OPEN_MAX,
    Reals,
    curve_table,
    cyclic,
    mixes,
    reals,
    ways_ns,
)
from andon.site.floor import Crew, Curve, Station
from andon.site.model import Site

TOKENS_MAX = 1_000_000
"""Jobs on the floor at once."""


@dataclass(frozen=True)
class Options:
    """How a run is made, apart from what it is about."""

    start_ns: int
    horizon_ns: int
    bins: int = 48
    warmup_ns: int = 0
    uncertain: bool = True
    trace: int = 0
    """Trace records to keep."""
    steps: int = at.STEPS_MAX
    """Instructions that a replication may take."""


@dataclass(frozen=True)
class Image:
    """A replication's beginning, and what its words mean."""

    memory: np.ndarray
    """int64[used]."""
    size: int
    """Words of the whole memory."""
    reals: np.ndarray
    code: np.ndarray
    summary: int
    """Words from the start that a replication's result consists of."""
    products: tuple[str, ...]
    stations: tuple[str, ...]
    machines: tuple[str, ...]
    machine_station: tuple[int, ...]
    vehicles: tuple[str, ...]
    crews: tuple[str, ...]
    stores: tuple[str, ...]
    processes: dict[int, str]
    """Name by process address."""
    assumptions: tuple[str, ...]
    options: Options
    orders_now: dict[str, int]
    """Open orders in the book at the start, by product."""


class Builder:
    """Builds an image in four passes: records, tables, processes, and the room behind them."""

    def __init__(self, site: Site, live: LiveState | None, asked: Asked, options: Options) -> None:
        self.site, self.live, self.asked, self.options = site, live, asked, options
        self.m = Memory()
        self.code = Code()
        self.reals: Reals = reals(site, asked.factors, uncertain=options.uncertain)
        self.f = list(self.reals.values)
        self.machine_ids = tuple(m for s in site.stations for m in s.machines)
        self.station_of = tuple(i for i, s in enumerate(site.stations) for _ in s.machines)
        self.vehicle_ids = tuple(v for fleet in site.fleets for v in fleet.vehicles)
        self.calendar_machines = [
            i
            for i, s in enumerate(self.station_of)
            if (b := site.stations[s].breakdown) is not None and b.counts == "calendar"
        ]
        self.started: list[int] = []
        self.names: dict[int, str] = {}

    def build(self) -> Image:
        """The whole image."""
        self._check()
        self._records()
        summary = len(self.m.words)
        self._tables()
        self._stores_and_pools()
        self._products()
        self._processes()
        orders_now = self._begin_from_live()
        used = len(self.m.words)
        size = self._room()
        site = self.site
        return Image(
            memory=np.array(self.m.words[:used], np.int64),
            size=size,
            reals=np.array(self.f, np.float64),
            code=np.array(self.code.lines, np.int64).reshape(-1, 4),
            summary=summary,
            products=tuple(p.id for p in site.products),
            stations=tuple(s.id for s in site.stations),
            machines=self.machine_ids,
            machine_station=self.station_of,
            vehicles=self.vehicle_ids,
            crews=tuple(c.id for c in site.crews),
            stores=tuple(s.buffer for s in site.stations),
            processes=self.names,
            assumptions=self.reals.names,
            options=self.options,
            orders_now=orders_now,
        )

    def _check(self) -> None:
        site = self.site
        if not site.products or not site.stations:
            raise Unrunnable("the site has no products or no stations; declare what it makes in site.yaml")
        if not site.demand:
            raise Unrunnable("the site has no demand, so nothing would ever be made; add `demand` to site.yaml")
        stations = {s.id for s in site.stations}
        for product in site.products:
            for step in product.route:
                if step.station not in stations:
                    raise Unrunnable(
                        f"product `{product.id}` goes to station `{step.station}`, which is not declared; declare it"
                    )

    def _records(self) -> None:
        site, m = self.site, self.m
        self.product_at = m.table(at.PRODUCTS, at.PRODUCTS_N, len(site.products), at.PRODUCT_WORDS)
        self.store_at = m.table(at.STORES, at.STORES_N, len(site.stations) + len(site.fleets), at.STORE_WORDS)
        self.pool_at = m.table(at.POOLS, at.POOLS_N, len(site.crews), at.POOL_WORDS)
        count = len(self.machine_ids) + len(self.vehicle_ids) + len(self.calendar_machines)
        count += len(site.demand) + len(site.crews) + 3
        self.proc_at = m.table(at.PROCS, at.PROCS_N, count, at.PROC_WORDS)
        self.next_proc = 0
        width = 1 + 2 * len(site.products) + len(self.store_at)
        m.put(at.SERIES, [0] * (self.options.bins * width))

    def _tables(self) -> None:
        site, m, options = self.site, self.m, self.options
        loaded, empty = ways_ns(site)
        m.put(at.TRAVEL, loaded)
        m.put(at.EMPTY, empty)
        opened = open_spans(site, options.start_ns, options.horizon_ns)
        m.put(at.OPEN, [t for span in opened for t in span])
        stations, road = mixes(site)
        self.mix_at = [m.put(0, words) for words in stations]
        self.road = road[0] > 0
        m.put(at.ROAD_MIX, road)
        head = m.words
        head[at.OPEN_N] = len(opened)
        head[at.STATIONS_N] = len(site.stations)
        head[at.CURVES_N] = len(site.curves)
        head[at.CURVES] = len(self.f)
        self.f += curve_table(site, self.live, self.asked.setpoints)
        head[at.END] = options.horizon_ns
        head[at.STEPS_LIMIT] = options.steps
        head[at.CYCLIC] = int(cyclic(site))
        head[at.BINS] = options.bins
        head[at.BIN_NS] = max(1, options.horizon_ns // max(1, options.bins))
        head[at.WIP_LIMIT] = site.release.wip_limit if site.release else 1 << 60
        head[at.FIFO] = int(site.release is None or site.release.sequence_signal is None)

    def _stores_and_pools(self) -> None:
        site, words = self.site, self.m.words
        capacity = {b.id: b.capacity for b in site.buffers}
        sharing: dict[str, int] = {}
        firsts = {p.route[0].station for p in site.products}
        for i, station in enumerate(site.stations):
            s = self.store_at[i]
            if station.buffer in sharing:
                raise Unrunnable(f"buffer `{station.buffer}` serves two stations; give each station its own buffer")
            sharing[station.buffer] = s
            words[s + at.CAPACITY] = capacity[station.buffer]
            words[s + at.IS_FIRST] = int(station.id in firsts)
            words[s + at.AT_STATION] = i
            words[s + at.MIX] = self.mix_at[i]
        for i, crew in enumerate(site.crews):
            r = self.pool_at[i]
            line = crew_line(site, crew, self.options.start_ns, self.options.horizon_ns)
            now = self.live.present.get(crew.id) if self.live is not None else None
            if now is not None:
                line = seen_line(line, now, self._last_change(crew))
            words[r + at.SIZE] = line[0][1]
            words[r + at.LINES] = self.m.put(0, [w for entry in line[1:] for w in entry])
            words[r + at.LINES_N] = len(line) - 1

    def _last_change(self, crew: Crew) -> int | None:
        """Nanoseconds since the plan last changed this crew, where that was within the slack of a break; else None."""
        slack = SLACK_NS
        before = crew_line(self.site, crew, self.options.start_ns - slack, slack)
        return slack - before[-1][0] if len(before) > 1 else None

    def _products(self) -> None:
        site, words = self.site, self.m.words
        station_index = {s.id: i for i, s in enumerate(site.stations)}
        curve_index = {c.id: i for i, c in enumerate(site.curves)}
        ranks = self._ranks()
        for i, product in enumerate(site.products):
            a = self.product_at[i]
            route: list[int] = []
            for step in product.route:
                k = station_index[step.station]
                curve = site.curves[curve_index[step.curve]] if step.curve else None
                law = self.reals.at[step.time] if step.time else self._spread(curve)
                route += [self.store_at[k], law, curve_index[curve.id] if curve else -1, k]
            words[a + at.ROUTE] = self.m.put(0, route)
            words[a + at.ROUTE_N] = len(product.route)
            words[a + at.FIRST] = self.store_at[station_index[product.route[0].station]]
            words[a + at.RANK] = ranks[i]
        for d in site.demand:
            a = self.product_at[[p.id for p in site.products].index(d.product)]
            words[a + at.EVERY] = self.reals.at[d.every]
            words[a + at.QUANTITY] = d.quantity
            words[a + at.DUE] = round(d.due_h * 3600) * SECOND

    def _spread(self, curve: Curve | None) -> int:
        return self.reals.at[curve.spread] if curve is not None and curve.spread else self.reals.one

    def _ranks(self) -> list[int]:
        n = len(self.site.products)
        code = self.asked.sequence
        if code is None and self.live is not None:
            code = self.live.sequence
        if code is None:
            return list(range(n))
        digits = [int(c) - 1 for c in str(code)]
        order = [d for d in digits if 0 <= d < n]
        order += [i for i in range(n) if i not in order]
        return [order.index(i) for i in range(n)]

    def process(self, name: str, kind: int, pc: int, priority: int) -> int:
        """A process that is ready at the start; its address."""
        p = self.proc_at[self.next_proc]
        self.next_proc += 1
        words = self.m.words
        words[p + at.KIND], words[p + at.PC], words[p + at.PRIORITY] = kind, pc, priority
        words[p + at.LIFE] = -1
        self.names[p] = name
        self.started.append(p)
        return p

    def _processes(self) -> None:
        site, words = self.site, self.m.words
        crew_at = {c.id: r for c, r in zip(site.crews, self.pool_at, strict=True)}
        fleet_at = self.store_at[len(site.stations)] if site.fleets else 0
        entries: list[tuple[Station, Wiring, Entries]] = []
        for i, station in enumerate(site.stations):
            b = station.breakdown
            wiring = Wiring(
                store=self.store_at[i],
                crew=crew_at[station.crew] if station.crew else 0,
                setup=self.reals.at[station.setup] if station.setup else 0,
                ttf=self.reals.at[b.time_to_failure] if b else 0,
                ttr=self.reals.at[b.time_to_repair] if b else 0,
                repair_crew=crew_at[b.crew] if b and b.crew else 0,
                fleet=fleet_at,
            )
            entries.append((station, wiring, machine_code(self.code, station, wiring)))
        machine_at = [self._machine(k, entries[i]) for k, i in enumerate(self.station_of)]
        for k in self.calendar_machines:
            self._breakdown(k, machine_at[k], entries[self.station_of[k]][1])
        self._others(crew_at, fleet_at)
        # Work in hand goes on before anybody takes something new, so those processes are the first to move.
        busy = [p for p in self.started if words[p + at.JOB] != 0 or words[p + at.STATE] != at.STARVED]
        self.started = busy + [p for p in self.started if p not in set(busy)]

    def _others(self, crew_at: dict[str, int], fleet_at: int) -> None:
        site, words, live = self.site, self.m.words, self.live
        index = {p.id: i for i, p in enumerate(site.products)}
        for fleet in site.fleets:
            pc = vehicle_code(self.code, fleet_at, self.reals.at[fleet.handling])
            for number, vehicle in enumerate(fleet.vehicles):
                p = self.process(vehicle, at.VEHICLE, pc, 2)
                words[p + at.LAST] = len(site.stations)
                words[p + at.NUMBER] = number
                if live is not None and self.road and live.vehicles.get(vehicle) in {"moving", "loading"}:
                    warm.vehicle(words, p, pc, self.reals.at[fleet.handling])
        for crew in site.crews:
            pc = calendar_code(self.code, crew_at[crew.id])
            self.process(f"{crew.id} calendar", at.CALENDAR, pc, 0)
        for d in site.demand:
            place, wait = demand_code(self.code, index[d.product])
            p = self.process(f"demand for {d.product}", at.DEMAND, place if live is None else wait, 3)
            if live is not None:
                phase = live.order_phase_s.get(d.product)
                words[p + at.AGE] = at.UNSEEN if phase is None else round(phase * SECOND)
        desk = self.process("release desk", at.RELEASER, self.code.add(at.DISPATCH), 3)
        words[at.DESK] = desk
        self.process("probe", at.PROBE, probe_code(self.code), 9)
        p = self.process("end of warm-up", at.PROBE, self.code.here, 8)
        if self.options.warmup_ns > 0:
            words[p + at.REM] = self.options.warmup_ns
            self.code.add(at.WORK, at.STARVED, at.REM, -1)
            self.code.add(at.RESET)
        self.code.add(at.STOP)

    def _machine(self, k: int, entry: tuple[Station, Wiring, Entries]) -> int:
        station, wiring, entries = entry
        words = self.m.words
        p = self.process(self.machine_ids[k], at.MACHINE, entries.fresh, 2)
        words[p + at.STATION] = self.station_of[k]
        words[p + at.NUMBER] = k
        words[p + at.HOME] = wiring.store
        words[p + at.SLICE] = station.batch
        words[p + at.LAST] = -1
        if self.live is not None:
            now = self.live.machines.get(self.machine_ids[k], MachineNow())
            warm.machine(self.m.words, self.site, p, station, entries, now)
        return p

    def _breakdown(self, k: int, machine: int, wiring: Wiring) -> None:
        start, down = breakdown_code(self.code, wiring, machine)
        now = self.live.machines.get(self.machine_ids[k]) if self.live is not None else None
        is_down = now is not None and now.state == "down"
        p = self.process(f"breakdown of {self.machine_ids[k]}", at.BREAKDOWN, down if is_down else start, 1)
        self.m.words[p + at.NUMBER] = k
        self.m.words[p + at.REP] = at.UNSEEN if is_down else 0
        self.m.words[p + at.DRAWS] = int(is_down)
        self.m.words[machine + at.DOWN] = int(is_down)

    def _begin_from_live(self) -> dict[str, int]:
        """Queues, order book and ready list at the start; open orders by product."""
        words, live = self.m.words, self.live
        orders = dict.fromkeys((p.id for p in self.site.products), 0)
        words[at.TOKENS_FREE] = 0
        if live is not None:
            for station, s in zip(self.site.stations, self.store_at, strict=False):
                warm.queue(words, self.site, s, station, live)
            table = warm.order_book(words, self.site, live, self.product_at)
            words[at.INITIAL_N] = len(table) // (1 + at.ORDER_WORDS)
            self.m.put(at.INITIAL, table)
            for place in range(0, len(table), 1 + at.ORDER_WORDS):
                orders[self.site.products[self.product_at.index(table[place])].id] += 1
        jobs = sum(words[s + at.LEVEL] for s in self.store_at)
        jobs += sum(abs(words[p + at.JOBS]) if words[p + at.JOBS] >= 0 else words[p + at.SLICE] for p in self.started)
        words[at.WIP] = jobs
        ring = 1 << (2 * len(self.proc_at)).bit_length()
        self.m.put(at.READY, self.started + [0] * (ring - len(self.started)))
        words[at.READY_N], words[at.READY_MASK] = len(self.started), ring - 1
        words[at.DESK_WAITS] = 0
        return orders

    def _room(self) -> int:
        """Tables behind the image that need no beginning: event list, order rings, jobs; words in all."""
        words, site = self.m.words, self.site
        end = len(words)
        words[at.HEAP], words[at.HEAP_MAX] = end, 8 * len(self.proc_at)
        end += 3 * (words[at.HEAP_MAX] + 1)
        for a in self.product_at:
            words[a + at.RING], words[a + at.RING_MASK] = end, ORDERS_OPEN_MAX - 1
            end += ORDERS_OPEN_MAX * at.ORDER_WORDS
        places = sum(words[s + at.CAPACITY] for s in self.store_at)
        places += sum(s.batch * len(s.machines) for s in site.stations) + len(self.vehicle_ids)
        jobs = min(places, words[at.WIP_LIMIT], TOKENS_MAX) + 1
        words[at.TOKENS_NEXT], words[at.TOKENS_END] = end, end + jobs * at.TOKEN_WORDS
        end += jobs * at.TOKEN_WORDS
        words[at.TRACE], words[at.TRACE_N] = end, end
        words[at.TRACE_END] = end + self.options.trace * at.TRACE_WORDS if self.options.trace else 0
        return end + self.options.trace * at.TRACE_WORDS
