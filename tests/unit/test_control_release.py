"""How jobs enter: shares of the floor against closed networks, cards against lines and SimPy, waves by the clock."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np
import pytest
import simpy
from control_kit import Kind, Peer, exits, memory_after, shop

from andon.models.simulate.asked import asked
from andon.models.simulate.calendar import daily_ns, first_shift_start
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.floor import Release
from andon.site.model import Site
from andon.site.orders import Order

Z = 3.3


def _with(site: Site, **release: Any) -> Site:
    return site.model_copy(update={"release": Release(**release)})


def _cards(site: Site, cards: dict[int, int]) -> Site:
    stations = tuple(s.model_copy(update={"cards": cards.get(i)}) for i, s in enumerate(site.stations))
    return site.model_copy(update={"stations": stations})


@functools.cache
def _queues(times: tuple[float, ...], jobs: tuple[int, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean jobs by station, throughput by class: exact mean value analysis of a closed network with classes.

    Reiser and Lavenberg 1980; exponential stations, first come first served, the same time for every class.
    """
    if not any(jobs):
        return (0.0,) * len(times), (0.0,) * len(jobs)
    queue, rates = [0.0] * len(times), []
    for c, n in enumerate(jobs):
        if not n:
            rates.append(0.0)
            continue
        fewer = tuple(k - (i == c) for i, k in enumerate(jobs))
        stay = [t * (1.0 + q) for t, q in zip(times, _queues(times, fewer)[0], strict=True)]
        rates.append(n / sum(stay))
        queue = [q + rates[-1] * s for q, s in zip(queue, stay, strict=True)]
    return tuple(queue), tuple(rates)


def test_shares_of_the_floor_are_a_closed_network_with_classes() -> None:
    times, limits = (1.0, 0.7, 1.3), (2, 5)
    routes = [tuple((i, exponential(t)) for i, t in enumerate(times)) for _ in limits]
    kinds = [Kind(constant(1e6), route, quantity=9_999) for route in routes]
    site = _with(shop([Stage(constant(1.0)) for _ in times], kinds), wip_limits={"p0": 2, "p1": 5})
    image = compile_site(site, None, 9_000.0, asked(site, {}), warmup_s=400.0, bins=1)
    rows = replicate(image, 40, 3)
    for i, rate in enumerate(_queues(times, limits)[1]):
        seen = rows.done(i) / rows.seconds
        error = float(seen.std(ddof=1)) / math.sqrt(rows.n)
        assert error < 0.005 * rate
        assert abs(float(seen.mean()) - rate) < Z * error


@pytest.mark.parametrize("cards", [1, 2, 4])
def test_cards_of_the_second_of_two_stations(cards: int) -> None:
    """Hunt 1956 with b = cards - 1 places: (b + 2) / (b + 3); one card is a machine without any buffer."""
    site = _cards(
        line([Stage(exponential(1.0), capacity=10), Stage(exponential(1.0))], constant(1e6), quantity=9_999), {1: cards}
    )
    image = compile_site(site, None, 8_000.0, asked(site, {}), warmup_s=400.0, bins=1)
    rows = replicate(image, 40, 3)
    seen = rows.done() / rows.seconds
    assert abs(float(seen.mean()) - (cards + 1) / (cards + 2)) < Z * float(seen.std(ddof=1)) / math.sqrt(rows.n)


def test_cards_of_a_single_machine_are_a_buffer_with_a_place_less() -> None:
    stages = [Stage(exponential(30.0), capacity=9), Stage(exponential(35.0), capacity=9), Stage(exponential(25.0))]
    site = line(stages, exponential(90.0), quantity=3)
    smaller = {"b1": 2, "b2": 3}
    buffers = tuple(b.model_copy(update={"capacity": smaller.get(b.id, b.capacity)}) for b in site.buffers)
    plain = site.model_copy(update={"buffers": buffers})
    ends = []
    for each in (_cards(site, {1: 3, 2: 4}), plain):
        image = compile_site(each, None, 7_200.0, asked(each, {}), trace=20_000)
        ends.append(exits(image, memory_after(image)))
    assert ends[0] == ends[1]
    assert len(ends[0]) > 100


def _pulled(machines: tuple[int, ...], cards: tuple[int, ...], times: tuple[float, ...], jobs: int) -> list[float]:
    """Exit times of a Kanban line in SimPy: a job is a process that holds a card of its stage while it is there."""
    env = simpy.Environment()
    places = [simpy.Resource(env, n) for n in machines]
    free = [simpy.Container(env, n, n) for n in cards]
    out: list[float] = []

    def job(number: int, arrived: float) -> Any:
        yield env.timeout(arrived)
        yield free[0].get(1)
        for stage, time in enumerate(times):
            with places[stage].request() as machine:
                yield machine
                yield env.timeout(time + (number % 5 * 7 % 5) * 9.3)
                if stage + 1 < len(times):
                    yield free[stage + 1].get(1)
            free[stage].put(1)
        out.append(env.now)

    for number in range(jobs):
        env.process(job(number, 60.0 * number))
    env.run()
    return out


def test_a_kanban_line_is_that_of_an_independent_model() -> None:
    """Five products of different times, a job a minute, so that the next free machine and the next card matter."""
    machines, cards, times = (1, 2, 3), (3, 2, 4), (59.1, 125.7, 186.9)
    kinds = [
        Kind(constant(1e6), tuple((i, constant(t + (k * 7 % 5) * 9.3)) for i, t in enumerate(times))) for k in range(5)
    ]
    site = _cards(shop([Stage(constant(1.0), machines=n) for n in machines], kinds), dict(enumerate(cards)))
    orders = tuple(
        Order(order=f"o{n}", product=f"p{n % 5}", quantity=1, due="2026-03-02 12:00", release=f"2026-03-02 00:{n:02d}")
        for n in range(60)
    )
    site = site.model_copy(update={"orders": orders, "demand": ()})
    image = compile_site(site, None, 9_000.0, asked(site, {}), trace=20_000)
    ours = [t / 1e9 for t, _, _ in exits(image, memory_after(image))]
    assert ours == pytest.approx(_pulled(machines, cards, times, 60))
    assert len(ours) == 60


def test_waves_by_the_clock_let_in_what_waits_and_nothing_between() -> None:
    kinds = [Kind(constant(600.0), ((0, constant(10.0)),), quantity=2)]
    site = _with(shop([Stage(constant(1.0))], kinds), times=("00:25", "01:00"))
    image = compile_site(site, None, 7_200.0, asked(site, {}), trace=20_000)
    found = [t / 1e9 for t, _, _ in exits(image, memory_after(image))]
    assert found == [1500.0 + 10 * k for k in range(1, 7)] + [3600.0 + 10 * k for k in range(1, 9)]
    assert daily_ns(site, ("00:25", "23:00"), first_shift_start(site), 3 * 86_400 * 10**9)[:3] == [
        1500 * 10**9,
        82_800 * 10**9,
        87_900 * 10**9,
    ]


def test_shares_of_the_floor_are_kept_as_an_independent_desk_keeps_them() -> None:
    kinds = [
        Kind(constant(611.3), ((0, constant(61.7)), (1, constant(83.1))), 3, priority=7),
        Kind(constant(523.7), ((0, constant(45.2)), (1, constant(52.6))), 2, priority=3),
    ]
    peer = Peer((1, 2), kinds, ("fifo", "fifo"), 0.0, limit=4, limits={0: 1})
    peer.env.run(until=9000.0)
    site = _with(shop([Stage(constant(1.0), machines=n) for n in (1, 2)], kinds), wip_limit=4, wip_limits={"p0": 1})
    image = compile_site(site, None, 9000.0, asked(site, {}), trace=20_000)
    ours = [(t / 1e9, p) for t, p, _ in exits(image, memory_after(image))]
    assert [p for _, p in ours] == [p for _, p, _ in peer.out]
    assert [t for t, _ in ours] == pytest.approx([t for t, _, _ in peer.out])


def test_jobs_on_machines_at_the_start_hold_cards() -> None:
    site = _cards(line([Stage(constant(100.0), capacity=5), Stage(constant(100.0), capacity=5)], constant(1e6)), {1: 1})
    now = {"m0-0": MachineNow("running", "p0", 90.0), "m1-0": MachineNow("running", "p0", 50.0)}
    image = compile_site(site, LiveState(10**18, now), 400.0, asked(site, {}), trace=1000)
    m = memory_after(image)
    # the first machine is done after 10 s and blocked until the second one's card is back after 50 s
    assert [t / 1e9 for t, _, _ in exits(image, m)] == [50.0, 150.0]
    p = int(m[at.PROCS])
    assert m[p + at.TIMES + at.BLOCKED] == 40 * 10**9


def test_cards_shares_and_waves_leave_the_same_bits() -> None:
    kinds = [Kind(exponential(100.0), ((0, exponential(20.0)), (1, exponential(25.0)))) for _ in range(2)]
    site = shop([Stage(constant(1.0), capacity=9), Stage(constant(1.0), capacity=9, batch=2)], kinds)
    site = _with(_cards(site, {0: 2, 1: 3}), wip_limits={"p1": 2}, times=tuple(f"00:{m:02d}" for m in range(0, 50, 5)))
    live = LiveState(10**18, {"m1-0": MachineNow("running", "p0", 3.0)}, levels={"b0": 2, "b1": 1}, waiting={"p0": 4})
    for start, rules in itertools.product((None, live), ({}, {0: {"dispatch": "edd"}})):
        stations = tuple(s.model_copy(update=rules.get(i, {})) for i, s in enumerate(site.stations))
        image = compile_site(site.model_copy(update={"stations": stations}), start, 3000.0, asked(site, {}))
        assert np.array_equal(replicate(image, 2, 5).prints, replicate(image, 2, 5, flavour="plain").prints)


@pytest.mark.parametrize("limits", [{}, {"p0": 1000}])
def test_the_desk_goes_by_the_priority_of_products_whatever_else_is_said(limits: dict[str, int]) -> None:
    """Three jobs of each product from the start on, one at a time on the floor: the urgent product is made first."""
    urgent = (Kind(constant(1e6), ((0, constant(1.0)),), 3, priority=p) for p in (9, 2))
    site = _with(shop([Stage(constant(1.0))], tuple(urgent)), wip_limit=1, wip_limits=limits)
    image = compile_site(site, None, 100.0, asked(site, {}), trace=1000)
    assert [p for _, p, _ in exits(image, memory_after(image))] == [1, 1, 1, 0, 0, 0]
