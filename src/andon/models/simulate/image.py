"""Compiles a site, a live state and overrides into the machine's memory, its real numbers and its program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from andon.models.simulate import warm
from andon.models.simulate.asked import Asked
from andon.models.simulate.booked import Booked, booked, waiting_otherwise
from andon.models.simulate.build_book import book
from andon.models.simulate.build_control import control, hold_cards, matched
from andon.models.simulate.build_floor import stores_and_pools
from andon.models.simulate.build_parts import growth
from andon.models.simulate.build_processes import processes
from andon.models.simulate.build_products import products
from andon.models.simulate.build_stops import processes_more
from andon.models.simulate.build_vehicles import closing_times, vehicle_records, vehicle_tables
from andon.models.simulate.builder import Builder, Options
from andon.models.simulate.calendar import open_spans
from andon.models.simulate.crews import people_of, told_apart
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState
from andon.models.simulate.planned import Schedule
from andon.models.simulate.policy import Policy
from andon.models.simulate.tables import ORDERS_OPEN_MAX, curve_table, cyclic, mixes
from andon.models.simulate.ways import components, jobs_in_a_lot, shelves, streams
from andon.site.model import Site

TOKENS_MAX = 1_000_000
"""Jobs on the floor at once."""


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
    """Buffers of stations."""
    conveyors: tuple[str, ...]
    """Their stores come last but those of the shelves."""
    shelves: tuple[str, ...]
    """Buffers of components; their stores come last."""
    components: frozenset[str]
    """Products that are built into others."""
    processes: dict[int, str]
    """Name by process address."""
    places: dict[int, str]
    """Name of a place to wait for, by its record's address."""
    assumptions: tuple[str, ...]
    options: Options
    site: Site
    """The site as it was built."""
    orders_now: dict[str, int]
    """Open orders in the book at the start, by product."""
    book: tuple[Booked, ...] = ()
    """The orders with names, in the order in which they come."""
    policy: Policy | None = None
    """Who is asked which job comes next."""
    schedule: Schedule | None = None
    """What the machines execute as given."""
    notes: tuple[str, ...] = ()
    """What of the live state could not be taken as it was seen."""
    starts_at: int = 0
    """Where in memory the starts of its operations stand, -1 for what has not begun."""


def build(
    site: Site,
    live: LiveState | None,
    asked: Asked,
    options: Options,
    policy: Policy | None = None,
    schedule: Schedule | None = None,
) -> Image:
    """The image of a site: records, tables, processes with their programs, and the room behind them."""
    entries = booked(site, live, options.start_ns, options.horizon_ns)
    builder = Builder(site, waiting_otherwise(live, entries, site) if entries and live else live, asked, options)
    builder.book = entries
    builder.policy, builder.schedule = policy, schedule
    _check(builder)
    builder.closing = closing_times(site, options)
    _records(builder)
    summary = len(builder.m.words)
    _tables(builder)
    stores_and_pools(builder)
    products(builder)
    control(builder)
    book(builder)
    processes(builder)
    orders_now = _begin_from_live(builder)
    _events(builder)
    used = len(builder.m.words)
    size = _room(builder)
    return Image(
        memory=np.array(builder.m.words[:used], np.int64),
        size=size,
        reals=np.array(builder.f, np.float64),
        code=np.array(builder.code.lines, np.int64).reshape(-1),
        summary=summary,
        products=tuple(p.id for p in site.products),
        stations=tuple(s.id for s in site.stations),
        machines=builder.machine_ids,
        machine_station=builder.station_of,
        vehicles=builder.vehicle_ids,
        crews=tuple(c.id for c in site.crews),
        stores=tuple(s.buffer for s in site.stations),
        shelves=tuple(builder.shelf_at),
        conveyors=tuple(builder.belt_at),
        components=components(site),
        processes=builder.names,
        places=_places(builder),
        assumptions=builder.reals.names,
        options=builder.options,
        site=site,
        orders_now=orders_now,
        book=builder.book,
        policy=policy,
        schedule=schedule,
        notes=tuple(builder.notes),
        starts_at=builder.starts_at,
    )


def _places(builder: Builder) -> dict[int, str]:
    names = {s: station.buffer for s, station in zip(builder.store_at, builder.site.stations, strict=False)}
    names |= {s: name for name, s in (builder.shelf_at | builder.belt_at).items()}
    return names | {g: " or ".join(f"`{names[s]}`" for s in key)[1:-1] for key, g in builder.groups.items()}


def _check(builder: Builder) -> None:
    site = builder.site
    if not site.products or not site.stations:
        raise Unrunnable("the site has no products or no stations; declare what it makes in site.yaml")
    if not site.demand and not site.orders:
        raise Unrunnable("the site has no demand, so nothing would ever be made; add `demand` to site.yaml")
    stations = {s.id for s in site.stations}
    for product in site.products:
        for visit in product.visits:
            if visit.station not in stations:
                raise Unrunnable(
                    f"product `{product.id}` goes to station `{visit.station}`, which is not declared; declare it"
                )


def _records(builder: Builder) -> None:
    site, m = builder.site, builder.m
    builder.product_at = m.table(at.PRODUCTS, at.PRODUCTS_N, len(site.products), at.PRODUCT_WORDS)
    kept = list(dict.fromkeys(taken.buffer for _, _, taken in shelves(site)))
    plain = len(site.stations) + len(site.fleets)
    belts = [c.id for c in site.conveyors]
    stores = m.table(at.STORES, at.STORES_N, plain + len(belts) + len(kept), at.STORE_WORDS)
    builder.store_at, others = stores[:plain], stores[plain:]
    builder.belt_at = dict(zip(belts, others[: len(belts)], strict=True))
    builder.shelf_at = dict(zip(kept, others[len(belts) :], strict=True))
    builder.pool_at = m.table(at.POOLS, at.POOLS_N, len(site.crews), at.POOL_WORDS)
    count = len(builder.machine_ids) + len(builder.vehicle_ids) + len(builder.calendar_machines)
    count += len(streams(site)) + len(site.crews) + 3 + people_of(site) + bool(builder.book) + processes_more(site)
    count += bool(builder.closing) + len(matched(builder)) + len(site.conveyors)
    builder.proc_at = m.table(at.PROCS, at.PROCS_N, count, at.PROC_WORDS)
    builder.next_proc = 0
    if told_apart(site):
        m.table(at.BOOKS, 0, len(site.crews), at.BOOK_WORDS)
    m.put(at.FINISHES, [0] * len(builder.book))
    builder.starts_at = m.put(0, [-1] * (len(builder.schedule.entries) if builder.schedule is not None else 0))
    vehicle_records(builder)
    width = 1 + 2 * len(site.products) + len(stores)
    m.put(at.SERIES, [0] * (builder.options.bins * width))


def _tables(builder: Builder) -> None:
    site, m, options = builder.site, builder.m, builder.options
    vehicle_tables(builder)
    opened = open_spans(site, options.start_ns, options.horizon_ns)
    m.put(at.OPEN, [t for span in opened for t in span])
    stations, road = mixes(site)
    builder.mix_at = [m.put(0, words) for words in stations]
    builder.road = road[0] > 0
    m.put(at.ROAD_MIX, road)
    head = m.words
    head[at.OPEN_N] = len(opened)
    head[at.STATIONS_N] = len(site.stations)
    head[at.CURVES_N] = len(site.curves)
    head[at.CURVES] = len(builder.f)
    builder.f += curve_table(site, builder.live, builder.asked.setpoints, builder.asked.pace, builder.number_of)
    head[at.END] = options.horizon_ns
    head[at.STEPS_LIMIT] = options.steps
    head[at.CYCLIC] = int(cyclic(site))
    head[at.BINS] = options.bins
    head[at.BIN_NS] = max(1, options.horizon_ns // max(1, options.bins))
    head[at.WIP_LIMIT] = (site.release.wip_limit if site.release else None) or 1 << 60
    head[at.FIFO] = int(site.release is None or site.release.sequence_signal is None)


def _begin_from_live(builder: Builder) -> dict[str, int]:
    """Queues, order book and ready list at the start; open orders by product."""
    words, live = builder.m.words, builder.live
    orders = dict.fromkeys((p.id for p in builder.site.products), 0)
    words[at.TOKENS_FREE] = 0
    if live is not None:
        for station, s in zip(builder.site.stations, builder.store_at, strict=False):
            warm.queue(words, builder.site, s, station, live)
        for _, _, taken in shelves(builder.site):
            index = [p.id for p in builder.site.products].index(taken.product)
            step = (index, builder.shelf_step[taken.product])
            warm.shelf(words, builder.shelf_at[taken.buffer], taken, step, live)
        table = warm.order_book(words, builder.site, live, builder.product_at)
        words[at.INITIAL_N] = len(table) // (1 + at.ORDER_WORDS)
        builder.m.put(at.INITIAL, table)
        for place in range(0, len(table), 1 + at.ORDER_WORDS):
            orders[builder.site.products[builder.product_at.index(table[place])].id] += 1
    hold_cards(builder)
    jobs = sum(words[s + at.LEVEL] for s in (*builder.store_at, *builder.belt_at.values()))
    jobs += sum(abs(words[p + at.JOBS]) if words[p + at.JOBS] >= 0 else words[p + at.SLICE] for p in builder.started)
    words[at.WIP] = jobs
    ring = 1 << (2 * len(builder.proc_at)).bit_length()
    builder.m.put(at.READY, builder.started + [0] * (ring - len(builder.started)))
    words[at.READY_N], words[at.READY_MASK] = len(builder.started), ring - 1
    words[at.DESK_WAITS] = 0
    return orders


def _events(builder: Builder) -> None:
    """The empty tournament of next times; every process learns which leaf is its own."""
    words = builder.m.words
    leaves = len(builder.proc_at)
    deepest = 1 << (2 * leaves - 1).bit_length() - 1
    tree = [at.NEVER, 0] * (2 * leaves)
    from_left = [*range(deepest, 2 * leaves), *range(leaves, deepest)]
    ranked = sorted(builder.proc_at, key=lambda p: (words[p + at.PRIORITY], p))
    for leaf, p in zip(from_left, ranked, strict=True):
        words[p + at.LEAF] = leaf
        tree[2 * leaf + 1] = p
    builder.m.put(at.TREE, tree)


def _room(builder: Builder) -> int:
    """Tables behind the image that need no beginning: event list, order rings, jobs; words in all."""
    words, site = builder.m.words, builder.site
    end = len(words)
    for a in builder.product_at:
        words[a + at.RING], words[a + at.RING_MASK] = end, ORDERS_OPEN_MAX - 1
        end += ORDERS_OPEN_MAX * at.ORDER_WORDS
    places = sum(words[s + at.CAPACITY] for s in builder.store_at)
    more, lot = growth(builder), jobs_in_a_lot(site)
    places += sum(words[s + at.CAPACITY] for s in builder.belt_at.values())
    places += sum(s.batch * len(s.machines) for s in site.stations) * more + len(builder.vehicle_ids)
    places *= lot
    jobs = min(places, words[at.WIP_LIMIT] if more == 1 and not builder.shelf_at else places)
    jobs = min(jobs + sum(words[s + at.CAPACITY] for s in builder.shelf_at.values()), TOKENS_MAX) + 1
    words[at.TOKENS_NEXT], words[at.TOKENS_END] = end, end + jobs * at.TOKEN_WORDS
    end += jobs * at.TOKEN_WORDS
    words[at.TRACE], words[at.TRACE_N] = end, end
    words[at.TRACE_END] = end + builder.options.trace * at.TRACE_WORDS if builder.options.trace else 0
    return end + builder.options.trace * at.TRACE_WORDS
