"""Buffers whose jobs stand by priority: exact waits, an independent shop, shelves, starts from now, what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from control_kit import Booked, Kind, Peer, exits, memory_after, shop
from drawn_sites import change, change_station
from flow_kit import routed, runs

from andon.models.simulate.asked import asked
from andon.models.simulate.calendar import first_shift_start
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState
from andon.models.simulate.question import overrides_of
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.settable import levels
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.plant.draws import PlantError
from andon.plant.unplayed import refuse
from andon.site.floor import Buffer, Distribution, Given, Taken
from andon.site.model import Site
from andon.site.orders import Order

Z = 3.3
"""One interval in a thousand misses."""


def _ranked(site: Site) -> Site:
    """The site with all its buffers by priority."""
    return change(site, buffers=tuple(change(b, discipline="priority") for b in site.buffers))


def test_mean_waits_of_a_queue_by_priority() -> None:
    """Cobham 1954, non-preemptive: W0 / ((1 - sigma of those before) (1 - sigma of those before and its own))."""
    kinds = [
        Kind(exponential(5.0), ((0, exponential(1.0)),), priority=2),
        Kind(exponential(4.0), ((0, exponential(1.5)),), priority=1),
        Kind(exponential(6.0), ((0, exponential(0.8)),), priority=900),
    ]
    site = _ranked(shop([Stage(constant(1.0))], kinds))
    rows = replicate(compile_site(site, None, 60_000.0, asked(site, {}), warmup_s=4_000.0, bins=1), 60, 3)
    rates, means = [1 / 4, 1 / 5, 1 / 6], [1.5, 1.0, 0.8]
    residual = sum(r * m * m for r, m in zip(rates, means, strict=True))
    before = 0.0
    for k, rate, mean in zip((1, 0, 2), rates, means, strict=True):
        wait = rows.lead_s(k) - mean
        exact = residual / ((1 - before) * (1 - before - rate * mean))
        before += rate * mean
        error = float(wait.std(ddof=1)) / math.sqrt(rows.n)
        assert abs(float(wait.mean()) - exact) < Z * error + 0.002 * exact
        assert error < 0.03 * exact


KINDS = (
    Kind(constant(611.3), ((0, constant(61.7)), (1, constant(83.1)), (2, constant(17.9))), 3, priority=7),
    Kind(constant(523.7), ((0, constant(45.2)), (2, constant(52.6))), 2, priority=3),
    Kind(constant(877.9), ((1, constant(120.4)), (0, constant(30.3)), (2, constant(41.8))), 4, priority=3),
    Kind(constant(401.1), ((2, constant(33.6)), (1, constant(71.3))), 1, priority=9),
)


def test_the_exits_are_those_of_an_independent_shop() -> None:
    peer = Peer((1, 2, 1), KINDS, ("priority",) * 3, 13.7)
    peer.env.run(until=9000.0)
    site = _ranked(shop([Stage(constant(1.0), machines=n, setup=constant(13.7)) for n in (1, 2, 1)], KINDS))
    image = compile_site(site, None, 9000.0, asked(site, {}), trace=20_000)
    ours = exits(image, memory_after(image))
    assert len(ours) > 100
    assert [o[1] for o in ours] == [kind for _, kind, _ in peer.out]
    # float seconds against nanoseconds
    assert max(abs(o[0] - round(t[0] * 1e9)) for o, t in zip(ours, peer.out, strict=True)) <= 1000


def test_an_orders_own_priority_goes_before_its_products() -> None:
    """Three orders of one product, one machine: the one that comes last is the most urgent."""
    day = "2026-03-02"
    booked = [Booked("a", 0, 3, 9000.0, 50), Booked("b", 0, 3, 9000.0, 50), Booked("c", 0, 3, 9000.0, 1, came_s=120.0)]
    kinds = [Kind(exponential(1e7), ((0, constant(61.7)),))]
    site = _ranked(shop([Stage(constant(1.0))], kinds))
    orders = tuple(
        Order(order=b.name, product="p0", quantity=b.quantity, due=f"{day} 12:00", priority=b.priority,
              release=f"{day} 00:{int(b.came_s) // 60:02d}") for b in booked
    )  # fmt: skip
    site = change(site, orders=orders, demand=())
    peer = Peer((1,), [Kind(exponential(1e7), ((0, constant(61.7)),))], ("priority",), 0.0, booked=booked)
    peer.env.run(until=3000.0)
    image = compile_site(site, None, 3000.0, asked(site, {}), start_ns=first_shift_start(site))
    m = memory_after(image)
    base = int(m[at.FINISHES])
    found = {b.order.order: int(m[base + k]) / 1e9 for k, b in enumerate(image.book)}
    assert found == pytest.approx(peer.finished)
    assert sorted(found, key=found.__getitem__) == ["c", "a", "b"]


def test_a_buffer_by_priority_and_a_station_that_dispatches_by_it_leave_the_same_exits() -> None:
    """Finite buffers, failures, parallel machines: two ways to the same order, the same futures."""
    fails = {"fails": exponential(300.0), "repair": exponential(60.0)}
    stages = [Stage(exponential(50.0), machines=2, capacity=9, **fails), Stage(exponential(30.0), capacity=3, **fails)]
    kinds = [
        Kind(exponential(200.0), ((0, exponential(60.0)), (1, exponential(30.0))), 2, priority=p) for p in (5, 1, 5)
    ]
    by_station = shop(stages, kinds, {i: {"dispatch": "priority"} for i in range(2)})
    by_buffer = _ranked(shop(stages, kinds))
    found = []
    for site in (by_station, by_buffer):
        image = compile_site(site, None, 9000.0, asked(site, {}), trace=20_000)
        found.append(exits(image, memory_after(image)))
    assert len(found[0]) > 100
    assert found[0] == found[1]


def _kits(discipline: str) -> Site:
    """Two benches wait for one part each: the first holds a job of priority 9, the second, 2 s later, one of 1."""
    stages = [Stage(constant(2.0)), Stage(constant(5.0), machines=2), Stage(constant(30.0))]
    site = line(stages, constant(1e6), products=((0, 1), (0, 1), (2,)))
    takes = (Taken(product="p2", buffer="shelf"),)
    for k, priority in enumerate((9, 1)):
        before = [{"at": 0}] * (1 + k)  # the urgent one goes there twice, and so comes to the benches later
        site = routed(site, k, *before, {"at": 1, "takes": takes}, priority=priority)
    kept = Buffer(id="shelf", capacity=3, discipline=discipline)
    demand = (*site.demand[:2], change(site.demand[2], quantity=2))
    return change(site, buffers=(*site.buffers, kept), demand=demand)


@pytest.mark.parametrize(("discipline", "urgent_at"), [("fifo", 65), ("priority", 35)])
def test_parts_go_to_the_more_urgent_of_two_benches_that_wait(discipline: str, urgent_at: int) -> None:
    """Parts come at 30 and 60 s, five seconds on the bench."""
    rows = runs(_kits(discipline), 100.0, 1, plain=True)
    assert rows.product(1, at.LAST_EXIT)[0] == urgent_at * 10**9
    assert rows.product(0, at.LAST_EXIT)[0] == (100 - urgent_at) * 10**9


def test_a_bench_takes_the_more_urgent_of_the_jobs_that_wait_in_its_own_buffer() -> None:
    """One bench, one part every 30 s: the first job is in hand already, then come the urgent ones."""
    stages = [Stage(constant(5.0)), Stage(constant(30.0)), Stage(constant(1.0))]
    site = line(stages, constant(1e6), quantity=3, products=((0,), (0,), (1,)))
    takes = (Taken(product="p2", buffer="shelf"),)
    for k, priority in enumerate((9, 1)):
        before = [{"at": 2}] * k  # the urgent ones come a little later
        site = routed(site, k, *before, {"at": 0, "takes": takes}, priority=priority)
    first = change(site.buffers[0], discipline="priority")
    site = change(site, buffers=(first, *site.buffers[1:], Buffer(id="shelf", capacity=9)))
    site = change(site, demand=(*site.demand[:2], change(site.demand[2], quantity=6)))
    rows = runs(site, 200.0, 1, plain=True)
    assert rows.product(1, at.LAST_EXIT)[0] == (30 * 4 + 5) * 10**9
    assert rows.product(0, at.LAST_EXIT)[0] == (30 * 6 + 5) * 10**9


def _oven(discipline: str, jobs: tuple[int, int], **oven: Any) -> list[tuple[int, int]]:
    """Two products come to an oven of 10 s, one a second and one each 4 s: (second, product) of every exit."""
    stages = [Stage(constant(1.0)), Stage(constant(4.0)), Stage(constant(10.0))]
    site = line(stages, constant(1e6), products=((0, 2), (1, 2)))
    products = tuple(change(p, priority=n) for p, n in zip(site.products, (9, 1), strict=True))
    demand = tuple(change(d, quantity=n) for d, n in zip(site.demand, jobs, strict=True))
    buffers = (*site.buffers[:2], change(site.buffers[2], discipline=discipline))
    site = change_station(change(site, products=products, demand=demand, buffers=buffers), 2, **oven)
    image = compile_site(site, None, 100.0, asked(site, {}), trace=1000)
    return [(when // 10**9, product) for when, product, _ in exits(image, memory_after(image))]


def test_a_load_is_of_the_most_urgent_jobs_of_which_there_are_enough() -> None:
    """At 12 s the first load is done; the urgent ones of 4 s and 8 s go next, though others came before them."""
    pairs = {"batch": 2, "batch_least": 2, "batch_alike": True}
    first = [(12, 0), (12, 0)]
    assert _oven("fifo", (6, 2), **pairs) == [*first, (22, 0), (22, 0), (32, 1), (32, 1), (42, 0), (42, 0)]
    assert _oven("priority", (6, 2), **pairs) == [*first, (22, 1), (22, 1), (32, 0), (32, 0), (42, 0), (42, 0)]


def test_a_load_by_priority_begins_when_its_oldest_job_has_waited_long_enough() -> None:
    """The first job comes at 1 s, the urgent one at 4 s: they begin together after half a minute, at 31 s."""
    assert _oven("priority", (1, 1), batch=3, batch_least=3, batch_wait_min=0.5) == [(41, 1), (41, 0)]


@pytest.mark.parametrize(("own", "first"), [(None, 1), (7, 0)])
def test_what_a_job_is_taken_apart_into_has_its_own_products_priority_or_its_orders(
    own: int | None, first: int
) -> None:
    """A gate gives a bar (priority 9) and a bolt (priority 1); a bolt goes first, unless an order says 7 for both."""
    site = line([Stage(constant(1.0)), Stage(constant(5.0))], constant(1e6), products=((0,), (1,), (1,)))
    site = routed(site, 0, {"at": 0, "gives": (Given(product="p1", quantity=2), Given(product="p2", quantity=2))})
    site = routed(routed(site, 1, {"at": 1}, priority=9), 2, {"at": 1}, priority=1)
    order = Order(order="a", product="p0", quantity=1, due="2026-03-02 12:00", priority=own)
    site = change(_ranked(site), demand=(), orders=(order,))
    image = compile_site(site, None, 100.0, asked(site, {}), trace=1000)
    done = [product for _, product, _ in exits(image, memory_after(image))]
    assert done[:2] == [0, 1]  # the first bar is in hand at once
    assert done[2:] == ([2, 2, 1] if first else [1, 2, 2])


def test_jobs_that_wait_at_a_start_from_now_stand_by_priority_at_once() -> None:
    kinds = [Kind(exponential(1e7), ((0, constant(10.0)),), priority=p) for p in (9, 1)]
    site = _ranked(shop([Stage(constant(1.0))], kinds))
    live = LiveState(1_795_356_000 * 10**9, levels={"b0": 4}, queues={"b0": ("p0", "p1", "p0", "p1")})
    image = compile_site(site, live, 100.0, asked(site, {}), trace=1000)
    done = [(when, product) for when, product, _ in exits(image, memory_after(image))]
    assert done == [(10 * 10**9, 1), (20 * 10**9, 1), (30 * 10**9, 0), (40 * 10**9, 0)]
    assert np.array_equal(replicate(image, 2, 5).prints, replicate(image, 2, 5, flavour="plain").prints)


def test_a_buffer_can_be_asked_to_go_by_priority() -> None:
    """`--set b0.discipline=priority`; loads by priority leave the same bits compiled and as plain Python."""
    site = shop([Stage(constant(1.0), batch=3)], KINDS[:1] + KINDS[1:2])
    assert overrides_of(["b0.discipline=priority"], levels(site)) == {"b0.discipline": 2.0}
    built = asked(site, {"b0.discipline": 2}).site
    assert built.buffers[0].discipline == "priority"
    built = change_station(change(built, demand=built.demand), 0, batch_least=3, batch_wait_min=2.0)
    routes = tuple(change(p, route=p.route[:1]) for p in built.products)
    image = compile_site(change(built, products=routes), None, 5000.0, asked(built, {}))
    assert np.array_equal(replicate(image, 2, 5).prints, replicate(image, 2, 5, flavour="plain").prints)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (
            lambda s: change_station(s, 0, dispatch="edd"),
            "jobs in `b0` stand by priority, and station `s0` dispatches by `edd`",
        ),
    ],
)
def test_two_orders_at_once_are_refused(changed: Any, why: str) -> None:
    site = changed(_ranked(line([Stage(Distribution(kind="exponential", mean=1.0))], constant(5.0))))
    with pytest.raises(Unrunnable, match=why):
        runs(site, 10.0, 1, plain=True)


def test_the_virtual_plant_refuses_it() -> None:
    with pytest.raises(PlantError, match="discipline: priority"):
        refuse(_ranked(line([Stage(constant(1.0))], constant(5.0))))
