"""Vehicles on roads against what can be computed by hand, by a birth-death chain, and by a SimPy model."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from road_runs import days, done, last_exit_ns, played
from road_sites import assumption, edge, node, one, road_site

from andon.models.simulate.asked import asked
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential
from andon.models.simulate.traffic import share
from andon.site.floor import Breakdown, Crew, Fleet
from andon.site.model import Site

simpy = pytest.importorskip("simpy")
Steps = Generator[Any, Any, None]


def street(quantity: int = 10) -> Site:
    """Two vehicles with bays at both ends of a street of 10 m that one fits through; a job every 10 s."""
    return road_site(
        [Stage(constant(10.0), capacity=50), Stage(constant(1.0), capacity=50)],
        [node("p1", 0, 5, parks="v1"), node("p2", 10, 5, parks="v2"), node("a", 0), node("b", 10)],
        [edge("p1", "a"), edge("p2", "b"), edge("a", "b")],
        ["a", "b"],
        handling=constant(4.0),
        quantity=quantity,
    )


def test_two_vehicles_take_turns_in_a_street_of_one_lane() -> None:
    """By hand. v1 is nearest and fetches first; v2 waits before b until v1, on its way home, has left the street.

    v1: out at 10, loads 15 to 17, at b 27, unloads until 29, home through the street: at a 39, in its bay 44. v2 is
    called at 27, may go to b when v1 has left it for good (39), waits there until a is free (44), is at a at 54, loads,
    at b 66. v1 is called at 66, when v2 has left a, and is at a at 71. So two jobs take 56 s, for ever.
    """
    line = days(played(street(), 600.0))
    assert line["v1"][:8] == [
        (10.0, "empty"),
        (15.0, "handling"),
        (17.0, "loaded"),
        (27.0, "handling"),
        (29.0, "empty"),
        (44.0, "parked"),
        (66.0, "empty"),
        (71.0, "handling"),
    ]
    assert line["v2"][:8] == [
        (27.0, "waits"),
        (39.0, "empty"),
        (54.0, "handling"),
        (56.0, "loaded"),
        (66.0, "handling"),
        (68.0, "empty"),
        (73.0, "parked"),
        (83.0, "waits"),
    ]
    assert last_exit_ns(played(street(), 600.0)) == (66 + 4 * 56 + 2 + 1) * 10**9


@pytest.mark.parametrize("laps", [3, 11])
def test_the_lap_of_a_loop_to_the_nanosecond(laps: int) -> None:
    """One vehicle on a one-way loop of 7 + 11 + 7 + 11 m with a limit on one edge: laps take the same for ever."""
    nodes = [node("a", 0), node("b", 7), node("c", 7, 11), node("d", 0, 11), node("p", -3, 0, parks="v")]
    edges = [one("a", "b", limit_m_per_s=0.7), one("b", "c"), one("c", "d"), one("d", "a"), edge("p", "a")]
    site = road_site(
        [Stage(constant(1.0), capacity=60), Stage(constant(1.0), capacity=60)],
        nodes,
        edges,
        ["b", "d"],
        handling=constant(3.0),
        speed=1.3,
        quantity=laps,
    )

    def ns(metres: float, speed: float = 1.3) -> int:
        return round(metres / speed * 1e9)

    first = ns(3) + ns(7, 0.7)
    there = ns(11) + ns(7)
    back = ns(11) + ns(7, 0.7)
    r = played(site, 900.0)
    assert done(r) == laps
    assert last_exit_ns(r) == 10**9 + first + laps * (3 * 10**9 + there) + (laps - 1) * back + 10**9


def _rows(site: Site, horizon_s: float, n: int, warmup_s: float) -> Rows:
    image = compile_site(site, None, horizon_s, asked(site, {}), warmup_s=warmup_s, bins=1)
    return replicate(image, n, 5)


def test_vehicles_and_a_mender_are_the_machine_repair_model() -> None:
    """Four vehicles that drive all the time on tracks of their own, and one who mends: a birth-death chain."""
    n, fails_s, repair_s = 4, 5.0, 2.0
    nodes, edges, fleets, stops = [], [], [], []
    down = Breakdown(time_to_failure="fails", time_to_repair="repair", crew="menders")
    for k in range(n):
        y = 10.0 * k
        nodes += [node(f"a{k}", 0, y), node(f"b{k}", 5, y), node(f"p{k}", 0, y + 1, parks=f"v{k}")]
        edges += [edge(f"a{k}", f"b{k}"), edge(f"p{k}", f"a{k}")]
        stops += [f"a{k}", f"b{k}"]
        fleets.append(
            Fleet(
                id=f"f{k}",
                vehicles=(f"v{k}",),
                speed_m_per_s=10,
                handling="handling",
                products=(f"p{k}",),
                breakdown=down,
            )
        )
    site = road_site(
        [Stage(constant(1e-3), machines=2, capacity=90_000) for _ in range(2 * n)],
        nodes,
        edges,
        stops,
        handling=constant(1e-6),
        quantity=10_000,
        products=[(2 * k, 2 * k + 1) for k in range(n)],
        fleets=fleets,
        assumptions=(assumption("fails", exponential(fails_s)), assumption("repair", exponential(repair_s))),
    )
    site = site.model_copy(update={"crews": (Crew(id="menders", name="menders", size={"all": 1}),)})
    rows = _rows(site, 6_000.0, 60, 500.0)
    weights = [1.0]
    for broken in range(n):
        weights.append(weights[-1] * (n - broken) / fails_s * repair_s)
    exact = sum((n - k) * w for k, w in enumerate(weights)) / sum(weights) / n
    use = np.mean([share(rows, k, "moving empty") + share(rows, k, "moving loaded") for k in range(n)], axis=0)
    half = 2.576 * float(use.std(ddof=1)) / math.sqrt(len(use))
    assert half < 0.015 * exact
    assert abs(float(use.mean()) - exact) < half + 0.003 * exact


class Yard:
    """The same yard in SimPy: a one-way loop of four nodes, each node and edge a resource, three vehicles."""

    WAYS = (8.0, 6.0, 8.0, 6.0)

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation
        self.env = simpy.Environment()
        self.nodes = [simpy.Resource(self.env, 1) for _ in range(4)]
        self.edges = [simpy.Resource(self.env, 1) for _ in range(4)]
        self.calls = simpy.Store(self.env)
        self.done = 0
        self.env.process(self.machine())
        for _ in range(2):
            self.env.process(self.vehicle())

    def machine(self) -> Steps:
        while True:
            yield self.env.timeout(self.chance.expovariate(1 / 25.0))
            taken = self.env.event()
            yield self.calls.put(taken)
            yield taken

    def drive(self, held: list[Any], here: int, goal: int) -> Steps:
        while here != goal:
            lane, place = self.edges[here], self.nodes[(here + 1) % 4]
            one, two = lane.request(), place.request()
            yield one & two
            yield self.env.timeout(self.WAYS[here])
            lane.release(one)
            if held:
                self.nodes[here].release(held.pop())
            held.append(two)
            here = (here + 1) % 4

    def vehicle(self) -> Steps:
        held: list[Any] = []
        here = -1
        while True:
            taken = yield self.calls.get()
            if here < 0:
                request = self.nodes[0].request()
                yield request
                yield self.env.timeout(3.0)
                held, here = [request], 0
            yield from self.drive(held, here, 1)
            half = self.chance.expovariate(1 / 12.0) / 2
            yield self.env.timeout(half)
            taken.succeed()
            yield from self.drive(held, 1, 3)
            yield self.env.timeout(half)
            self.done += 1
            yield from self.drive(held, 3, 0)
            yield self.env.timeout(3.0)
            self.nodes[0].release(held.pop())
            here = -1


def test_a_loop_with_segments_has_the_law_of_a_simpy_model() -> None:
    """Two vehicles that drive home after every job; the machine waits until its job is fetched."""
    horizon = 3600.0
    site = road_site(
        [Stage(exponential(25.0), capacity=5000), Stage(constant(1e-3), machines=3, capacity=5000)],
        [
            *(node(name, x, y) for name, x, y in (("n0", 0, 0), ("n1", 8, 0), ("n2", 8, 6), ("n3", 0, 6))),
            *(node(f"p{k}", -3, k, parks=f"v{k}") for k in range(2)),
        ],
        [
            one("n0", "n1"),
            one("n1", "n2"),
            one("n2", "n3"),
            one("n3", "n0"),
            *(edge(f"p{k}", "n0", length_m=3.0) for k in range(2)),
        ],
        ["n1", "n3"],
        handling=exponential(12.0),
        quantity=3000,
    )
    rows = _rows(site, horizon, 400, 0.0)
    theirs = []
    for seed in range(120):
        yard = Yard(seed)
        yard.env.run(until=horizon)
        theirs.append(yard.done)
    ours, other = rows.done(), np.array(theirs, float)
    error = math.sqrt(ours.var() / len(ours) + other.var() / len(other))
    assert abs(ours.mean() - other.mean()) < 4 * error + 0.5
    assert 0.7 < ours.std() / other.std() < 1.4
