"""Machines, vehicles, demands, calendars: the processes of an image and their programs."""

from __future__ import annotations

from andon.core.time import SECOND
from andon.models.simulate import warm
from andon.models.simulate.build_control import RULES, desk_code, matchers, ranks
from andon.models.simulate.build_conveyors import run_belts
from andon.models.simulate.build_floor import gathers
from andon.models.simulate.build_machines import (
    Counter,
    Shared,
    aged_record,
    changes,
    counters,
    own_record,
    paced,
    shared,
    wears,
)
from andon.models.simulate.build_people import Asks
from andon.models.simulate.build_plan import plans
from andon.models.simulate.build_stops import delay_of, misreadings, outages, planned_work, stops
from andon.models.simulate.build_vehicles import vehicles
from andon.models.simulate.builder import Builder
from andon.models.simulate.damage import damage_at
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import MachineNow
from andon.models.simulate.program import (
    Entries,
    Wiring,
    book_code,
    breakdown_code,
    calendar_code,
    demand_code,
    machine_code,
    probe_code,
)
from andon.models.simulate.ways import components, decides, kitting, parting, streams
from andon.site.floor import Demand, Station


def processes(builder: Builder) -> None:
    """Every process with its program, in the order in which they move at the start."""
    site, words = builder.site, builder.m.words
    crew_at = {c.id: r for c, r in zip(site.crews, builder.pool_at, strict=True)}
    fleet_at = builder.store_at[len(site.stations)] if site.fleets else 0
    deciding = {name for product in site.products for name in decides(product)} | parting(site)
    assembling, taking_apart = kitting(site), parting(site)
    asks = Asks(builder)
    entries: list[tuple[Station, Wiring, Entries, tuple[Counter, ...], Shared]] = []
    for i, station in enumerate(site.stations):
        b = station.breakdown
        pairs = changes(builder, station)
        needs = counters(builder, station, asks)
        tables = shared(builder, station)
        damage = damage_at(site, station.id) if tables.damage else None
        delay = delay_of(site, station.id)
        wiring = Wiring(
            store=builder.store_at[i],
            crew=asks.work(station),
            setup_crew=asks.setup(station),
            goes_on=asks.goes_on(station),
            setup=builder.reals.at[station.setup] if station.setup else 0,
            changes=pairs,
            ttf=builder.reals.at[b.time_to_failure] if b else 0,
            ttr=builder.reals.at[b.time_to_repair] if b else 0,
            repair_crew=asks.repair(b) if b else 0,
            fleet=fleet_at,
            rule=RULES[station.dispatch],
            planned=builder.schedule is not None,
            asks=_asks(builder, station),
            cards=station.cards is not None,
            ranks=ranks(builder, station, pairs),
            sends=station.id in deciding,
            minimal=b is not None and b.repair == "minimal",
            delay=builder.reals.at[delay] if b and delay else 0,
            upkeep=tuple(need.upkeep for need in needs),
            gathers=_load_rule(builder, station),
            kits=station.id in assembling,
            parts=station.id in taking_apart,
            handed=builder.m.words[builder.store_at[i] + at.RULE] == at.HANDED,
            lot=station.lot,
            split=station.split or 0,
            paced=paced(builder, station),
            warm_up=builder.reals.at[station.warm_up.time] if station.warm_up else 0,
            switches_off=station.switch_off_min is not None,
            wears=wears(station, needs),
            handling=builder.reals.at[damage.lasts or ""] if damage else 0,
            handler=asks.handling(damage) if damage else 0,
        )
        entries.append((station, wiring, machine_code(builder.code, station, wiring), needs, tables))
    machine_at = [_machine(builder, k, entries[i]) for k, i in enumerate(builder.station_of)]
    vehicles(builder, asks)
    _others(builder, crew_at)
    plans(builder, machine_at)
    for k in builder.calendar_machines:
        _breakdown(builder, k, machine_at[k], entries[builder.station_of[k]][1])
    planned_work(builder, machine_at, asks)
    stops(builder, machine_at)
    outages(builder)
    misreadings(builder, [entries[i][2].fresh for i in builder.station_of])
    # Work in hand goes on before anybody takes something new, so those processes are the first to move.
    busy = [p for p in builder.started if words[p + at.JOB] != 0 or words[p + at.STATE] != at.STARVED]
    builder.started = busy + [p for p in builder.started if p not in set(busy)]
    asks.finish()


def _others(builder: Builder, crew_at: dict[str, int]) -> None:
    site, words, live = builder.site, builder.m.words, builder.live
    index = {p.id: i for i, p in enumerate(site.products)}
    for crew in site.crews:
        pc = calendar_code(builder.code, crew_at[crew.id])
        builder.process(f"{crew.id} calendar", at.CALENDAR, pc, 0)
    for stream in streams(site):
        d = stream[0]
        place, wait = demand_code(builder.code, index[d.product], _mix(builder, stream, index))
        p = builder.process(f"demand for {d.product}", at.DEMAND, place if live is None else wait, 3)
        if live is not None:
            phase = live.order_phase_s.get(d.product)
            words[p + at.AGE] = at.UNSEEN if phase is None else round(phase * SECOND)
    if builder.book:
        builder.process("order book", at.DEMAND, book_code(builder.code), 3)
    matchers(builder)
    run_belts(builder)
    desk = builder.process("release desk", at.RELEASER, desk_code(builder), 3)
    words[at.DESK] = desk
    builder.process("probe", at.PROBE, probe_code(builder.code), 9)
    p = builder.process("end of warm-up", at.PROBE, builder.code.here, 8)
    if builder.options.warmup_ns > 0:
        words[p + at.REM] = builder.options.warmup_ns
        builder.code.add(at.WORK, at.STARVED, at.REM, -1)
        builder.code.add(at.RESET)
    builder.code.add(at.STOP)


def _mix(builder: Builder, stream: tuple[Demand, ...], index: dict[str, int]) -> int:
    """The table that an order's product is drawn from; 0: it is always the same."""
    if len(stream) == 1:
        return 0
    table, so_far = [len(stream)], 0.0
    for demand in stream:
        so_far += demand.share or 0.0
        table += [index[demand.product], round(so_far * at.CERTAIN)]
    return builder.m.put(0, table)


def _asks(builder: Builder, station: Station) -> bool:
    """Whether a policy says which job is next at a station."""
    if builder.policy is None or not builder.policy.asked_at(station.id):
        return False
    if gathers(station):
        what = f"station `{station.id}` waits for loads, first come first served, so a policy has nothing to say there"
        raise Unrunnable(f"{what}; name the stations where it has with --policy-at")
    return True


def _load_rule(builder: Builder, station: Station) -> int:
    """How a station waits for its loads; 0: it does not."""
    if not gathers(station):
        return 0
    wait = station.batch_wait_min
    release = builder.site.release
    parts = {v.station for p in builder.site.products if p.id in components(builder.site) for v in p.visits}
    free = wait is not None or release is None or release.wip_limit is None or station.id in parts
    if not free and release is not None and station.batch_least > (release.wip_limit or 0):
        what = f"station `{station.id}` waits for {station.batch_least} jobs, and the floor holds {release.wip_limit}"
        raise Unrunnable(f"{what} at most; wait for fewer, give `batch_wait_min`, or raise the release limit")
    longest = round(wait * 60 * SECOND) if wait is not None else -1
    alike = at.PLACE if station.lot else at.PRODUCT if station.batch_alike else 0
    return builder.m.put(0, [station.batch_least, alike, longest])


def _machine(builder: Builder, k: int, entry: tuple[Station, Wiring, Entries, tuple[Counter, ...], Shared]) -> int:
    station, wiring, entries, needs, tables = entry
    words = builder.m.words
    p = builder.process(builder.machine_ids[k], at.MACHINE, entries.fresh, 2)
    words[p + at.STATION] = builder.station_of[k]
    words[p + at.NUMBER] = builder.number_of[k]
    words[p + at.HOME] = wiring.store
    words[p + at.SLICE] = station.batch
    words[p + at.HELPS_ITSELF] = int(station.batch > 1 or station.cards is not None or gathers(station))
    words[p + at.LAST] = -1
    words[p + at.MORE_MACHINE] = own_record(builder, station, builder.machine_ids[k], needs, tables)
    if builder.live is not None:
        now = builder.live.machines.get(builder.machine_ids[k], MachineNow())
        warm.machine(builder.m.words, builder.site, p, station, entries, now)
    return p


def _breakdown(builder: Builder, k: int, machine: int, wiring: Wiring) -> None:
    start, down = breakdown_code(builder.code, wiring, machine)
    now = builder.live.machines.get(builder.machine_ids[k]) if builder.live is not None else None
    is_down = now is not None and now.state == "down"
    p = builder.process(f"breakdown of {builder.machine_ids[k]}", at.BREAKDOWN, down if is_down else start, 1)
    builder.m.words[p + at.NUMBER] = builder.number_of[k]
    builder.m.words[p + at.REP] = at.UNSEEN if is_down else 0
    builder.m.words[p + at.DRAWS] = int(is_down)
    builder.m.words[machine + at.DOWN] += at.DOWN_FAILED * is_down
    if wiring.minimal:
        builder.m.words[p + at.MORE_MACHINE] = aged_record(builder, builder.site.stations[builder.station_of[k]])
    if (more := builder.m.words[machine + at.MORE_MACHINE]) != 0:
        builder.m.words[more + at.FAILS_BY] = p
