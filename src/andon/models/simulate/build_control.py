"""What the rules of the floor go by, written into an image: expected work, priorities, which rule a station has."""

from __future__ import annotations

from andon.core.time import SECOND
from andon.models.simulate.builder import Builder
from andon.models.simulate.calendar import daily_ns
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.laws import mean_of, scale_of
from andon.site.floor import Station

RULES = {
    "fifo": at.BY_FIFO,
    "spt": at.BY_SPT,
    "edd": at.BY_EDD,
    "cr": at.BY_CR,
    "setup-minimising": at.BY_SETUP,
    "priority": at.BY_PRIORITY,
}
"""Dispatch rules of a site, and what the kernel calls them."""


def control(builder: Builder) -> None:
    """Expected work of every route step, priorities of products and of stations.

    The steps of a route stand in order, behind them the other stations of its steps. Rework is not expected.
    """
    site, words = builder.site, builder.m.words
    for product, a in zip(site.products, builder.product_at, strict=True):
        words[a + at.PRODUCT_PRIORITY] = product.priority
        limits = site.release.wip_limits if site.release is not None else {}
        words[a + at.FLOOR_LIMIT] = limits.get(product.id, 1 << 60)
        if product.id not in {d.product for d in site.demand}:
            words[a + at.REPLACES] = 1  # only the pattern of demand can say that what is scrapped is not made again
        first = words[a + at.ROUTE]
        for route in product.routes:
            others = [step.others for step in route]
            after = first + (len(route) + sum(map(len, others))) * at.STEP_WORDS
            other = after
            remaining = 0
            for number in reversed(range(len(route))):
                for _ in others[number]:
                    other -= at.STEP_WORDS
                    words[other + at.EXPECTED] = expected = _expected_ns(builder, other)
                    words[other + at.REMAINING] = remaining + expected
                here = first + number * at.STEP_WORDS
                words[here + at.EXPECTED] = expected = _expected_ns(builder, here)
                remaining += expected
                words[here + at.REMAINING] = remaining
            first = after
    _floor_dues(builder)


def desk_code(builder: Builder) -> int:
    """The release desk's program: the plain one where it looks at the floor's limit and the oldest order alone."""
    release = builder.site.release
    if release is not None and release.times:
        times = daily_ns(builder.site, release.times, builder.options.start_ns, builder.options.horizon_ns)
        start = builder.code.add(at.TIMES_NEXT, builder.m.put(0, [len(times), *times]))
        builder.code.add(at.DISPATCH_ALL, 1)
        builder.code.add(at.JUMP, start)
        return start
    shares = release is not None and release.wip_limits
    ranked = len({p.priority for p in builder.site.products}) > 1
    return builder.code.add(at.DISPATCH_ALL if builder.book or shares or ranked else at.DISPATCH)


def matched(builder: Builder) -> list[int]:
    """Numbers of the fleets for which a policy is asked which vehicle answers which call."""
    policy = builder.policy
    return [i for i, fleet in enumerate(builder.site.fleets) if policy is not None and fleet.id in policy.stations]


def matchers(builder: Builder) -> None:
    """A process for each of those fleets, which pairs its vehicles and calls."""
    stores = builder.store_at[len(builder.site.stations) :]
    for i in matched(builder):
        fleet = stores[i]
        p = builder.process(
            f"calls of {builder.site.fleets[i].id}", at.RELEASER, builder.code.add(at.MATCH_ASK, fleet), 3
        )
        builder.m.words[p + at.HOME] = fleet
        builder.m.words[builder.fleet_records[i] + road.MATCHER] = p


def hold_cards(builder: Builder) -> None:
    """A stage with cards holds no more jobs than it has cards, those on its machines counted."""
    words = builder.m.words
    for station, s in zip(builder.site.stations, builder.store_at, strict=False):
        words[s + at.CARDS] = station.cards or 0
        words[s + at.CAPACITY] = station.cards or words[s + at.CAPACITY]
    for p in builder.started:
        s = words[p + at.HOME]
        if words[p + at.KIND] == at.MACHINE and words[s + at.CARDS]:
            held = words[p + at.JOBS] if words[p + at.JOBS] >= 0 else words[p + at.SLICE]
            words[p + at.CARDS_HELD] = held
            words[s + at.RESERVED] += held


def _expected_ns(builder: Builder, step: int) -> int:
    """Mean processing time of a step, nanoseconds; by a curve: at the set-points in force, over the station's machines.

    It is what a planner knows: the declared (or asked) mean, not the factor that a replication draws for it.
    """
    words, f = builder.m.words, builder.f
    law = words[step + at.TIME]
    mean_s = f[law + at.MEAN] * f[law + at.SCALE] * f[int(f[law + at.FACTOR])]
    curve = words[step + at.CURVE]
    if curve >= 0:
        machines = [k for k, s in enumerate(builder.station_of) if s == words[step + at.STEP_STATION]]
        columns = [k * words[at.CURVES_N] + curve for k in machines]
        mean_s *= sum(f[words[at.CURVES] + 2 * c] for c in columns) / len(columns)
    return round(mean_s * 1e9)


def _floor_dues(builder: Builder) -> None:
    """When jobs that are on the floor at the start are due: they are taken to be of the order before those that wait.

    Nobody sees which order a job belongs to; `live_state` says so under `sampled`.
    """
    site, live = builder.site, builder.live
    if live is None:
        return
    assumptions = {a.name: a for a in site.assumptions}
    at_of = dict(zip((p.id for p in site.products), builder.product_at, strict=True))
    for demand in site.demand:
        a = assumptions[demand.every]
        every_ns = mean_of(a.distribution) * scale_of(a.unit, a.name) * 1e9 / (demand.share or 1.0)
        orders = -(-live.waiting.get(demand.product, 0) // demand.quantity)
        due_ns = round(demand.due_h * 3600) * SECOND
        builder.m.words[at_of[demand.product] + at.FLOOR_DUE] = due_ns - round((orders + 0.5) * every_ns)


def ranks(builder: Builder, station: Station, pairs: int) -> int:
    """Address of the table that the station's rule goes by, 0 where it needs none.

    By priority: a word a product, 0 where the station names none. Avoiding set-ups: millionths of the mean set-up time
    by the pair of products, rows as in `pairs` (see `build_machines.changes`).
    """
    n = len(builder.site.products)
    if station.dispatch == "priority" and station.priorities:
        return builder.m.put(0, [station.priorities.get(p.id, 0) for p in builder.site.products])
    if station.dispatch == "setup-minimising" and pairs:
        return builder.m.put(0, [round(1e6 * factor) for factor in builder.f[pairs : pairs + (n + 1) * n]])
    return 0
