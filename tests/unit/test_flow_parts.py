"""Assembly from several buffers and disassembly, against recursions and an independent model in SimPy."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from drawn_sites import change
from flow_kit import agree, routed, runs

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.result import simulate
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.stable import warnings
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.plant.draws import PlantError
from andon.plant.unplayed import refuse
from andon.site.floor import Buffer, Demand, Given, OtherStation, Product, Taken
from andon.site.model import Site
from andon.site.orders import Order

simpy = pytest.importorskip("simpy")
Steps = Generator[Any, Any, None]
HORIZON_S = 4 * 3600.0


def _pumps(stages: list[Stage], shelves: tuple[int, int], wip: int | None = None) -> Site:
    """A housing (turned) and two seals (moulded) become a pump on the bench."""
    site = line(stages, exponential(100.0), products=((2,), (0,), (1,)), wip=wip)
    takes = (Taken(product="p1", buffer="housings"), Taken(product="p2", buffer="seals", quantity=2))
    site = routed(site, 0, {"at": 2, "takes": takes})
    kept = (Buffer(id="housings", capacity=shelves[0]), Buffer(id="seals", capacity=shelves[1]))
    seals = site.demand[2].model_copy(update={"quantity": 2})
    return site.model_copy(update={"buffers": (*site.buffers, *kept), "demand": (*site.demand[:2], seals)})


def _rare(site: Site) -> Site:
    """The site with the orders of the start alone."""
    rare = {"distribution": constant(1e7)}
    return site.model_copy(
        update={"assumptions": tuple(a.model_copy(update=rare) if a.name == "every" else a for a in site.assumptions)}
    )


class Pumps:
    """The same in SimPy: the bench takes a base, then waits until a housing and two seals are there."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation
        self.env = simpy.Environment()
        self.inputs = [simpy.Store(self.env) for _ in range(3)]
        self.housings = simpy.Container(self.env, capacity=4)
        self.seals = simpy.Container(self.env, capacity=6)
        self.done = 0
        self.made = [0, 0]
        for number, size in enumerate((1, 2, 1)):
            self.env.process(self.orders(number, size))
        self.env.process(self.maker(0, self.housings, 70.0))
        self.env.process(self.maker(1, self.seals, 40.0))
        for _ in range(2):
            self.env.process(self.bench())
        self.env.run(until=HORIZON_S)

    def orders(self, number: int, size: int) -> Steps:
        while True:
            for _ in range(size):
                yield self.inputs[number].put(1)
            yield self.env.timeout(self.chance.expovariate(1 / 100.0))

    def maker(self, number: int, shelf: Any, mean: float) -> Steps:
        while True:
            yield self.inputs[number].get()
            yield self.env.timeout(self.chance.expovariate(1 / mean))
            yield shelf.put(1)
            self.made[number] += 1

    def bench(self) -> Steps:
        while True:
            yield self.inputs[2].get()
            kit = [self.housings.get(1), self.seals.get(2)]
            yield self.env.all_of(kit)
            yield self.env.timeout(self.chance.expovariate(1 / 120.0))
            self.done += 1


def test_assembly_with_full_shelves_and_two_benches_as_in_simpy() -> None:
    stages = [Stage(exponential(70.0)), Stage(exponential(40.0)), Stage(exponential(120.0), machines=2)]
    site = _pumps(stages, (4, 6))
    rows = runs(site, HORIZON_S, 300)
    theirs = [Pumps(seed) for seed in range(80)]
    agree(rows.done(0), np.array([t.done for t in theirs], float))
    for product in (1, 2):
        agree(rows.done(product), np.array([t.made[product - 1] for t in theirs], float))
    assert (rows.done() == rows.done(0)).all()


def test_an_assembly_is_as_fast_as_its_slowest_supply_to_the_nanosecond() -> None:
    """Housings every 7 s, seals every 3 s (two a pump), 5 s on the bench: pump n is done at 7 n + 5 s."""
    site = _pumps([Stage(constant(7.0)), Stage(constant(3.0)), Stage(constant(5.0))], (2, 6))
    demand = tuple(
        Demand(product=f"p{k}", every="every", quantity=q, due_h=9.0) for k, q in ((0, 10), (1, 10), (2, 20))
    )
    site = _rare(site)
    site = site.model_copy(update={"demand": demand})
    rows = runs(site, 1000.0, 1, plain=True)
    assert rows.done(0)[0] == 10
    assert rows.product(0, at.LAST_EXIT)[0] == 75 * 10**9
    assert rows.on_time(0)[0] == rows.on_time(1)[0] == 1.0


def test_material_is_delivered_straight_to_its_shelf() -> None:
    site = line([Stage(constant(5.0))], constant(50.0), products=((0,),))
    site = routed(site, 0, {"at": 0, "takes": (Taken(product="bolt", buffer="bolts", quantity=4),)})
    site = site.model_copy(
        update={
            "products": (*site.products, Product(id="bolt", name="Bolt", route=())),
            "buffers": (*site.buffers, Buffer(id="bolts", capacity=30)),
            "demand": (*site.demand, Demand(product="bolt", every="every", quantity=2, due_h=1.0)),
        }
    )
    rows = runs(site, 999.0, 1, plain=True)
    assert rows.done(1)[0] == 40  # two every 50 s, from 0 to 950 s
    assert rows.done(0)[0] == 10  # one for every four bolts, though one is ordered every 50 s
    assert rows.done()[0] == 10


def test_one_job_becomes_several_that_go_their_own_ways() -> None:
    """A press parts a plate into two rings and a core; rings are turned on either lathe, cores on the second."""
    stages = [Stage(constant(6.0)), Stage(constant(2.0), capacity=1), Stage(constant(2.0), capacity=1)]
    site = line(stages, constant(10.0), products=((0,), (1,), (0,)))
    site = routed(site, 0, {"at": 0, "gives": (Given(product="p1", quantity=2), Given(product="p2"))})
    site = routed(site, 1, {"at": 1, "others": (OtherStation(station="s2", time="time2"),)})
    site = routed(site, 2, {"at": 2})
    rows = runs(site.model_copy(update={"demand": site.demand[:1]}), 1005.0, 1, plain=True)
    assert [rows.done(k)[0] for k in range(3)] == [100, 200, 100]
    assert rows.count(1)[0] + rows.count(2)[0] == 300


def test_a_press_waits_while_its_parts_find_no_room() -> None:
    """Three parts a plate, 5 s each on one lathe with one place: the lathe sets the pace, and the press is blocked."""
    site = line(
        [Stage(constant(1.0)), Stage(constant(5.0), capacity=1)], constant(1e6), quantity=20, products=((0,), (1,))
    )
    site = routed(site, 0, {"at": 0, "gives": (Given(product="p1", quantity=3),)})
    rows = runs(site.model_copy(update={"demand": site.demand[:1]}), 1000.0, 1, plain=True)
    assert rows.done(1)[0] == 60
    assert rows.product(1, at.LAST_EXIT)[0] == 301 * 10**9
    assert rows.share(0, at.BLOCKED)[0] * 1000.0 == pytest.approx(20 * 10.0 + 19 * 4.0 - 1.0, abs=10.0)


def test_compiled_and_plain_leave_the_same_bits() -> None:
    stages = [Stage(exponential(70.0)), Stage(exponential(40.0)), Stage(exponential(120.0), machines=2)]
    for site in (_pumps(stages, (4, 6)), _pumps(stages, (1, 2), wip=6)):
        assert (runs(site, 5000.0, 3).prints == runs(site, 5000.0, 3, plain=True).prints).all()


def test_parts_that_never_come_are_told() -> None:
    """One lathe makes both components; it is blocked by a shelf full of housings while the bench waits for seals."""
    site = line([Stage(constant(7.0)), Stage(constant(5.0))], constant(1e7), quantity=9, products=((1,), (0,), (0,)))
    takes = (Taken(product="p1", buffer="housings"), Taken(product="p2", buffer="seals"))
    site = routed(site, 0, {"at": 1, "takes": takes})
    kept = (Buffer(id="housings", capacity=2), Buffer(id="seals", capacity=20))
    site = site.model_copy(update={"buffers": (*site.buffers, *kept)})
    with pytest.raises(Unrunnable, match=r"`m1-0` waits for parts in `seals` that never come"):
        runs(site, 5000.0, 1, plain=True)


def test_components_do_not_use_up_the_release_limit() -> None:
    """Five pumps at most on the floor, ten are ordered at once: their housings and seals are let in all the same."""
    site = _rare(_pumps([Stage(constant(7.0)), Stage(constant(3.0)), Stage(constant(5.0))], (2, 6), wip=5))
    demand = tuple(d.model_copy(update={"quantity": n}) for d, n in zip(site.demand, (10, 10, 20), strict=True))
    rows = runs(site.model_copy(update={"demand": demand}), 5000.0, 1, plain=True)
    assert rows.done(0)[0] == 10


def test_what_cannot_be_assembled_says_why() -> None:
    site = _pumps([Stage(constant(7.0)), Stage(constant(3.0)), Stage(constant(5.0))], (2, 6))
    why = "station `s2` waits for `p1` in `housings` to make `p0`, and nobody orders, delivers or gives `p1`; add `p1`"
    with pytest.raises(Unrunnable, match=why):
        runs(site.model_copy(update={"demand": (site.demand[0], site.demand[2])}), 10.0, 1, plain=True)
    stations = (*site.stations[:2], site.stations[2].model_copy(update={"batch": 2}))
    with pytest.raises(Unrunnable, match="a kit is for one job"):
        runs(site.model_copy(update={"stations": stations}), 10.0, 1, plain=True)
    with pytest.raises(PlantError, match="`takes`"):
        refuse(site)
    loop = routed(line([Stage(constant(1.0))], constant(9.0)), 0, {"at": 0, "gives": (Given(product="p0"),)})
    with pytest.raises(Unrunnable, match="taken apart into itself"):
        runs(loop, 10.0, 1, plain=True)


def _boxed(demand: tuple[str, ...]) -> Site:
    """A box is packed into a pallet; unpacking a pallet gives a box back; scrap of `p2` gives boxes, too."""
    site = line([Stage(constant(3.0))] * 3, constant(50.0), products=((0,), (1,), (2,)))
    site = routed(site, 0, {"at": 0, "takes": (Taken(product="p1", buffer="boxes"),), "gives": (Given(product="p1"),)})
    site = routed(site, 2, {"at": 2, "gives": (Given(product="p1"),)})
    site = change(site, buffers=(*site.buffers, Buffer(id="boxes", capacity=9)))
    return change(site, demand=tuple(d for d in site.demand if d.product in demand))


@pytest.mark.parametrize(
    ("demand", "why"),
    [
        (("p0",), "station `s0` waits for `p1` in `boxes` to make `p0`, and no `p1` comes out first"),
        (("p0", "p1"), ""),
        (("p0", "p2"), ""),
    ],
)
def test_a_part_that_comes_back_must_be_there_first(demand: tuple[str, ...], why: str) -> None:
    if why:
        with pytest.raises(Unrunnable, match=why):
            runs(_boxed(demand), 500.0, 1, plain=True)
    else:
        assert runs(_boxed(demand), 500.0, 1, plain=True).done(0)[0] > 5


def test_a_part_that_comes_back_and_is_seen_on_its_shelf_is_enough() -> None:
    live = LiveState(1_795_356_000 * 10**9, levels={"boxes": 1}, order_phase_s={"p0": 49.0})
    site = _boxed(("p0",))
    rows = replicate(compile_site(site, live, 520.0, asked(site, {}), bins=1), 1, 1, flavour="plain")
    assert rows.done(0)[0] == 11  # one box goes round


def test_parts_of_parts_that_nobody_orders_are_told_at_once() -> None:
    site = _boxed(("p0",))
    first = routed(site, 0, {"at": 0, "takes": (Taken(product="p1", buffer="boxes"),)}).products[0]
    given = change(site, products=(first, *site.products[1:]))
    with pytest.raises(Unrunnable, match="`p1` only comes out of `p2`, which nobody orders; add `p1` to `demand`"):
        runs(given, 500.0, 1, plain=True)


def test_parts_that_orders_csv_lists_are_ordered() -> None:
    site = _rare(_pumps([Stage(constant(7.0)), Stage(constant(3.0)), Stage(constant(5.0))], (2, 6)))
    due = "2026-01-05 12:00"
    orders = tuple(
        Order(order=f"o{k}", product=f"p{k}", quantity=q, due=due) for k, q in enumerate((4, 4, 6))
    )  # fmt: skip
    site = change(site, demand=(), orders=orders)
    assert runs(site, 900.0, 1, plain=True).done(0)[0] == 3
    short = "`p0` takes 8 `p2` in all off `seals`, and 6 come, so jobs wait for parts at station `s2`"
    assert any(w.startswith(short) for w in warnings(site, asked(site, {})))


def test_fewer_parts_than_are_taken_are_told() -> None:
    site = _pumps([Stage(constant(7.0)), Stage(constant(3.0)), Stage(constant(5.0))], (2, 6))
    assert warnings(site, asked(site, {})) == ()
    few = change(site, demand=(*site.demand[:2], change(site.demand[2], quantity=1)))
    (said,) = warnings(few, asked(few, {}))
    assert said.startswith(
        "`p0` takes 72 `p2` an hour off `seals`, and 36 come, so jobs wait for parts at station `s2`"
    )


def test_an_assembly_that_never_gets_its_part_says_which() -> None:
    """Seals are ordered, and their machine is down for ever."""
    never = Stage(constant(3.0), fails=constant(1.0), repair=constant(1e8), calendar=True)
    site = _pumps([Stage(constant(7.0)), never, Stage(constant(5.0))], (2, 6))
    said = simulate(site, None, 4000.0, 3, 1).warnings
    wanted = (
        "no `p0` is completed in any future: station `s2` waits for `p2` in `seals`, and none is finished; see where"
    )
    assert any(w.startswith(wanted) for w in said)
    assert any(w.startswith("no `p2` is completed in any future: most jobs wait in `b1`") for w in said)


def test_a_start_from_now_knows_the_shelves_and_a_job_that_waits_for_its_kit() -> None:
    site = _rare(_pumps([Stage(constant(7.0)), Stage(constant(3.0)), Stage(constant(5.0))], (4, 6)))
    live = LiveState(
        1_795_356_000 * 10**9,
        machines={"m2-0": MachineNow("idle", "p0")},
        levels={"housings": 3, "seals": 1},
    )
    image = compile_site(site, live, 60.0, asked(site, {}), bins=1)
    rows = replicate(image, 1, 1, flavour="plain")
    assert rows.done(0)[0] == 0  # a seal is missing, and nobody makes one before orders come
    more = LiveState(live.at_ns, machines=live.machines, levels={"housings": 3, "seals": 2})
    rows = replicate(compile_site(site, more, 60.0, asked(site, {}), bins=1), 1, 1, flavour="plain")
    assert rows.done(0)[0] == 1
    assert rows.product(0, at.LAST_EXIT)[0] == 5 * 10**9


def test_the_answer_says_what_lies_on_the_shelves() -> None:
    site = _pumps([Stage(exponential(70.0)), Stage(exponential(40.0)), Stage(exponential(120.0), machines=2)], (4, 6))
    answer = simulate(site, None, 4000.0, 20, 1)
    assert 0.0 < answer.figure("housings stock").mean < 4.0
    assert answer.figure("completed").mean == answer.figure("p0 completed").mean
