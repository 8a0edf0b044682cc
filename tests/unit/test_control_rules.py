"""Dispatch rules: exact mean waits, a SimPy shop, the same bits, and no cost for those who use none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from control_kit import Kind, Peer, exits, memory_after, shop

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential
from andon.site.model import Site
from andon.site.pace import SetupTime

RULES = ("fifo", "spt", "edd", "cr", "setup-minimising", "priority")
Z = 3.3
"""One interval in a thousand misses."""


def _waits(site: Site, means: list[float], span_s: float = 60_000.0) -> list[tuple[float, float]]:
    """Mean wait by product with its standard error."""
    image = compile_site(site, None, span_s, asked(site, {}), warmup_s=span_s / 15, bins=1)
    rows = replicate(image, 60, 3)
    found = []
    for i, mean in enumerate(means):
        wait = rows.lead_s(i) - mean
        found.append((float(wait.mean()), float(wait.std(ddof=1)) / math.sqrt(rows.n)))
    return found


def _cobham(rates: list[float], means: list[float], squares: list[float]) -> list[float]:
    """Mean waits of classes in a non-preemptive priority queue, the first class first (Cobham 1954)."""
    work = sum(r * s for r, s in zip(rates, squares, strict=True)) / 2.0
    waits, before = [], 0.0
    for rate, mean in zip(rates, means, strict=True):
        waits.append(work / ((1.0 - before) * (1.0 - before - rate * mean)))
        before += rate * mean
    return waits


def test_mean_waits_of_a_queue_with_priorities() -> None:
    every, means = [5.0, 4.0, 6.0], [1.0, 1.5, 0.8]
    priorities = [2, 1, 900]
    kinds = [
        Kind(exponential(e), ((0, exponential(s)),), priority=p)
        for e, s, p in zip(every, means, priorities, strict=True)
    ]
    waits = _waits(shop([Stage(constant(1.0))], kinds, {0: {"dispatch": "priority"}}), means)
    order = [1, 0, 2]
    exact = _cobham([1 / every[k] for k in order], [means[k] for k in order], [2 * means[k] ** 2 for k in order])
    for k, wanted in zip(order, exact, strict=True):
        wait, error = waits[k]
        assert abs(wait - wanted) < Z * error + 0.002 * wanted
        assert error < 0.03 * wanted


def test_a_stations_own_table_goes_before_the_priorities_of_products() -> None:
    kinds = [Kind(exponential(2.5), ((0, exponential(1.0)),), priority=p) for p in (1, 2)]
    site = shop([Stage(constant(1.0))], kinds, {0: {"dispatch": "priority", "priorities": {"p0": 3}}})
    waits = _waits(site, [1.0, 1.0])
    exact = _cobham([0.4, 0.4], [1.0, 1.0], [2.0, 2.0])
    for k, wanted in ((1, exact[0]), (0, exact[1])):
        assert abs(waits[k][0] - wanted) < Z * waits[k][1] + 0.002 * wanted


def test_mean_waits_when_the_shortest_job_goes_first() -> None:
    """Phipps 1956: shortest processing time first is a queue with a priority class for each length."""
    every, means = [4.0, 5.0, 8.0, 20.0], [0.5, 1.0, 1.6, 4.0]
    kinds = [Kind(exponential(e), ((0, constant(s)),)) for e, s in zip(every, means, strict=True)]
    waits = _waits(shop([Stage(constant(1.0))], kinds, {0: {"dispatch": "spt"}}), means)
    exact = _cobham([1 / e for e in every], means, [s * s for s in means])
    for (wait, error), wanted in zip(waits, exact, strict=True):
        assert abs(wait - wanted) < Z * error + 0.002 * wanted


# Three stations, four products, every rule: the same exits in SimPy, to the nanosecond

KINDS = (
    Kind(constant(611.3), ((0, constant(61.7)), (1, constant(83.1)), (2, constant(17.9))), 3, due_h=0.31, priority=7),
    Kind(constant(523.7), ((0, constant(45.2)), (2, constant(52.6))), 2, due_h=0.12, priority=3),
    Kind(constant(877.9), ((1, constant(120.4)), (0, constant(30.3)), (2, constant(41.8))), 4, due_h=0.5, priority=3),
    Kind(constant(401.1), ((2, constant(33.6)), (1, constant(71.3))), 1, due_h=0.07, priority=9),
)
HORIZON_S = 9000.0


def _shop(rule: str) -> Site:
    stages = [Stage(constant(1.0), machines=n, setup=constant(13.7)) for n in (1, 2, 1)]
    return shop(stages, KINDS, {i: {"dispatch": rule} for i in range(3)})


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_gives_the_exits_of_an_independent_shop(rule: str) -> None:
    peer = Peer((1, 2, 1), KINDS, (rule,) * 3, 13.7)
    peer.env.run(until=HORIZON_S)
    site = _shop(rule)
    image = compile_site(site, None, HORIZON_S, asked(site, {}), trace=20_000)
    ours = exits(image, memory_after(image))
    theirs = [(round(when * 1e9), kind, serial) for when, kind, serial in peer.out]
    assert len(ours) > 100
    # which of two equal jobs that end at one instant is told first is nobody's promise
    assert [o[1] for o in ours] == [t[1] for t in theirs]
    assert max(abs(o[0] - t[0]) for o, t in zip(ours, theirs, strict=True)) <= 1000  # float seconds against nanoseconds


def test_the_rules_differ() -> None:
    found = set()
    for rule in RULES:
        site = _shop(rule)
        image = compile_site(site, None, HORIZON_S, asked(site, {}), trace=20_000)
        found.add(tuple(exits(image, memory_after(image))))
    assert len(found) == len(RULES)


def test_rules_leave_the_same_bits_compiled_and_as_plain_python() -> None:
    live = LiveState(1_795_356_000 * 10**9, levels={"b0": 3, "b2": 2}, waiting={"p0": 4, "p3": 1})
    for rule in RULES:
        site = _shop(rule)
        for start in (None, live):
            image = compile_site(site, start, 3000.0, asked(site, {}))
            assert np.array_equal(replicate(image, 2, 5).prints, replicate(image, 2, 5, flavour="plain").prints)


def test_a_station_that_goes_first_come_first_served_has_the_plain_instruction() -> None:
    for rule in RULES:
        site = _shop(rule)
        image = compile_site(site, None, 10.0, asked(site, {}))
        assert (at.GET_BY in image.code[::4]) == (rule != "fifo")
        assert (at.GET in image.code[::4]) == (rule == "fifo")


def test_jobs_that_are_on_the_floor_at_the_start_go_before_those_that_wait_outside() -> None:
    """Under `edd` a job in the buffer is taken to be of the order before the one that waits for release."""
    kinds = [
        Kind(constant(1e5), ((0, constant(10.0)),), due_h=1.0),
        Kind(constant(1e5), ((0, constant(10.0)),), due_h=2.0),
    ]
    site = shop([Stage(constant(1.0))], kinds, {0: {"dispatch": "edd"}})
    live = LiveState(10**18, queues={"b0": ("p1", "p1", "p0")}, waiting={"p0": 1, "p1": 0})
    image = compile_site(site, live, 60.0, asked(site, {}), trace=1000)
    assert [product for _, product, _ in exits(image, memory_after(image))][:4] == [0, 0, 1, 1]


def test_the_cheapest_change_goes_first_where_set_ups_are_by_the_pair_of_products() -> None:
    kinds = [Kind(constant(1e5), ((0, constant(10.0)),)) for _ in range(4)]
    minutes = {(0, 1): 3.0, (0, 2): 1.0, (0, 3): 2.0, (2, 1): 1.0, (2, 3): 4.0, (1, 3): 1.0}
    site = shop([Stage(constant(1.0), setup=constant(60.0))], kinds, {0: {"dispatch": "setup-minimising"}})
    rows = [
        SetupTime(station="s0", from_product=f"p{a}", to_product=f"p{b}", minutes=t) for (a, b), t in minutes.items()
    ]
    site = site.model_copy(update={"setups": tuple(rows)})
    live = LiveState(10**18, {"m0-0": MachineNow(last="p0")}, queues={"b0": ("p1", "p2", "p3", "p0")})
    image = compile_site(site, live, 600.0, asked(site, {}), trace=1000)
    found = exits(image, memory_after(image))
    assert [product for _, product, _ in found[:4]] == [0, 2, 1, 3]
    assert [when for when, _, _ in found[:4]] == [10 * 10**9, 80 * 10**9, 150 * 10**9, 220 * 10**9]
