"""Lots: formed of loads, one on their way, split again; by hand, by a model in SimPy, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from control_kit import exits, memory_after
from drawn_sites import assume, change, change_station
from flow_kit import agree, routed, runs

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState, MachineNow, live_state
from andon.models.simulate.run import compile_site
from andon.models.simulate.stable import loads
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.plant.draws import PlantError
from andon.plant.unplayed import refuse
from andon.site.floor import Area, Buffer, Fleet, Given, OtherRoute, Outcome, Step, Taken
from andon.site.lots import arriving
from andon.site.model import Site

simpy = pytest.importorskip("simpy")
Steps = Generator[Any, Any, None]
HORIZON_S = 4 * 3600.0
NS = 10**9


def _lots(site: Site, at_station: int, jobs: int, split: int | None = None, pieces: int = 1, **more: Any) -> Site:
    """The site in which one station forms lots of its full loads, and another splits them."""
    site = change_station(site, at_station, batch=jobs, batch_least=jobs, lot=True, **more)
    return site if split is None else change_station(site, split, split=pieces)


def _exits(site: Site, horizon_s: float) -> list[int]:
    """Seconds at which jobs leave."""
    image = compile_site(site, None, horizon_s, asked(site, {}), trace=20_000)
    return [when // NS for when, _, _ in exits(image, memory_after(image))]


def _way(quantity: int, cart: int, pieces: int = 1) -> Site:
    """Loading (no time), a way of 10 s that one cart goes, unloading (no time), one machine of 1 s."""
    stages = [Stage(constant(t)) for t in (0.0, 10.0, 0.0, 1.0)]
    return _lots(line(stages, constant(1e6), quantity=quantity), 0, cart, 2, pieces)


def test_a_transport_lot_goes_its_way_as_one() -> None:
    assert _exits(_way(8, 4), 100.0) == [11, 12, 13, 14, 21, 22, 23, 24]
    assert _exits(line([Stage(constant(t)) for t in (10.0, 1.0)], constant(1e6), quantity=3), 100.0) == [11, 21, 31]


def test_sublots_take_the_time_of_one() -> None:
    """Five in a lot, split by twos: two, two and one; each of them takes a second."""
    assert _exits(_way(5, 5, 2), 100.0) == [11, 11, 12, 12, 13]


def test_a_route_that_ends_in_a_lot_ends_for_each_of_its_jobs() -> None:
    site = _lots(line([Stage(constant(0.0)), Stage(constant(7.0))], constant(1e6), quantity=6), 0, 3)
    assert _exits(site, 100.0) == [7, 7, 7, 14, 14, 14]
    rows = runs(site, 100.0, 1, plain=True)
    assert rows.done()[0] == 6
    assert rows.count(1)[0] == 2  # machines count lots
    assert rows.lead_s(0)[0] == pytest.approx(10.5)
    assert rows.wip()[0] * 100.0 == pytest.approx(3 * 7.0 + 3 * 14.0)


def test_lots_of_lots_are_split_into_jobs() -> None:
    """Three in a box, two boxes on a pallet; the pallet is split into boxes, and boxes into jobs."""
    stages = [Stage(constant(t)) for t in (0.0, 0.0, 10.0, 1.0, 1.0)]
    site = line(stages, constant(1e6), quantity=6)
    site = change_station(_lots(site, 0, 3), 1, batch=2, batch_least=2, lot=True)
    site = change_station(change_station(site, 2, split=3), 3, split=1)
    assert _exits(site, 100.0) == [12, 13, 14, 15, 16, 17]
    stations = {s.id: s for s in site.stations}
    assert arriving(site.products[0].route, stations) == [1, 3, 6, 3, 1, 1]


def test_orders_are_filled_by_jobs_and_not_by_lots() -> None:
    """An order of six in lots of four: the last two wait for company; a wait of a minute lets them go."""
    stages = [Stage(constant(0.0)), Stage(constant(10.0))]
    site = _lots(line(stages, constant(1e6), quantity=6), 0, 4)
    assert runs(site, 900.0, 1, plain=True).done()[0] == 4
    rows = runs(change_station(site, 0, batch_wait_min=1.0), 900.0, 1, plain=True)
    assert rows.done()[0] == 6
    assert rows.on_time(0)[0] == 1.0


def test_lots_are_of_one_product_and_one_step() -> None:
    """Two routes of one product pass the packer at different steps, and go on where each of them says."""
    stages = [Stage(constant(1.0)), Stage(constant(0.0)), Stage(constant(5.0)), Stage(constant(50.0))]
    site = line(stages, constant(1e6), quantity=400, products=((0, 1, 2),))
    other = OtherRoute(share=0.5, route=(Step(station="s1", time="time1"), Step(station="s3", time="time3")))
    site = _lots(change(site, products=(change(site.products[0], other_routes=(other,)),)), 1, 2)
    rows = runs(site, 1999.0, 1, plain=True)
    assert rows.count(2)[0] + rows.count(3)[0] == rows.done()[0] / 2
    assert rows.count(3)[0] == 39


def test_a_lot_is_inspected_as_one() -> None:
    """Scrapped, and sent back, with all its jobs; every scrapped job is made again."""
    stages = [Stage(exponential(5.0)), Stage(exponential(20.0)), Stage(constant(1.0))]
    site = line(stages, exponential(60.0), quantity=4)
    ends = (Outcome(share=0.3, to="scrap"), Outcome(share=0.2, to="s1"))
    site = _lots(routed(site, 0, {"at": 0}, {"at": 1, "outcomes": ends}, {"at": 2}), 0, 4, 2)
    rows = runs(site, 20_000.0, 2, plain=True)
    a = {word: rows.product(0, word) for word in (at.SCRAPPED, at.REWORKED, at.DONE, at.ORDERED, at.WAITING)}
    assert (a[at.SCRAPPED] > 50).all()
    assert (a[at.SCRAPPED] % 4 == 0).all()
    assert (a[at.REWORKED] % 4 == 0).all()
    assert (a[at.ORDERED] - a[at.SCRAPPED] - a[at.DONE] - a[at.WAITING] < 60).all()


class Carts:
    """The same in SimPy: pieces, a cart for five that waits until it is full, a way, two benches at its end."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation
        self.env = simpy.Environment()
        self.cart = simpy.Resource(self.env, 1)
        self.saw = simpy.Resource(self.env, 1)
        self.bench = simpy.Resource(self.env, 2)
        self.full: list[float] = []
        self.leads: list[float] = []
        self.floor = self.area = self.since = 0.0
        self.env.process(self.orders())
        self.env.run(until=HORIZON_S)
        self.book(0)

    def book(self, change: int) -> None:
        self.area += self.floor * (self.env.now - self.since)
        self.floor, self.since = self.floor + change, self.env.now

    def orders(self) -> Steps:
        while True:
            for _ in range(3):
                self.env.process(self.piece(self.env.now))
            yield self.env.timeout(self.chance.expovariate(1 / 90.0))

    def piece(self, came: float) -> Steps:
        self.book(+1)
        with self.saw.request() as turn:
            yield turn
            yield self.env.timeout(self.chance.expovariate(1 / 20.0))
        self.full.append(came)
        if len(self.full) == 5:
            lot, self.full = self.full, []
            self.env.process(self.way(lot))

    def way(self, lot: list[float]) -> Steps:
        with self.cart.request() as turn:
            yield turn
            yield self.env.timeout(self.chance.expovariate(1 / 100.0))
        for came in lot:
            self.env.process(self.end(came))

    def end(self, came: float) -> Steps:
        with self.bench.request() as turn:
            yield turn
            yield self.env.timeout(self.chance.expovariate(1 / 45.0))
        self.book(-1)
        self.leads.append(self.env.now - came)


def test_throughput_lead_time_and_jobs_on_the_floor_as_in_simpy() -> None:
    stages = [
        Stage(exponential(20.0)), Stage(constant(0.0)), Stage(exponential(100.0)), Stage(exponential(45.0), machines=2)
    ]  # fmt: skip
    site = _lots(line(stages, exponential(90.0), quantity=3), 1, 5, 2)
    rows = runs(site, HORIZON_S, 300)
    theirs = [Carts(seed) for seed in range(100)]
    agree(rows.done(), np.array([len(t.leads) for t in theirs], float))
    agree(rows.lead_s(0), np.array([np.mean(t.leads) for t in theirs]))
    agree(rows.wip(), np.array([t.area / HORIZON_S for t in theirs]))


def test_a_vehicle_carries_a_lot_in_one_trip() -> None:
    yard = Area(id="yard", name="Yard", x_m=20, y_m=0, width_m=10, height_m=10)
    site = line([Stage(constant(1.0)), Stage(constant(1.0))], constant(1e6), quantity=12)
    site = change(assume(site, "handling", constant(2.0)), areas=(*site.areas, yard))
    fleet = Fleet(id="agv", vehicles=("v1",), speed_m_per_s=1.0, handling="handling")
    site = change(change_station(site, 1, area="yard"), fleets=(fleet,))
    rows = runs(_lots(site, 0, 4, 1), 500.0, 1, plain=True)
    trips = rows.word(int(rows.image.memory[at.PROCS]) + rows.image.machines.index("m1-0") * at.PROC_WORDS + at.COUNT)
    assert rows.done()[0] == 12
    assert trips[0] == 12  # the last machine splits as they leave, so that each job counts
    assert _calls(_lots(site, 0, 4, 1)) == 3
    assert _calls(site) == 12


def _calls(site: Site) -> int:
    image = compile_site(site, None, 500.0, asked(site, {}))
    m = memory_after(image)
    vehicle = next(p for p, name in image.processes.items() if name == "v1")
    return int(m[vehicle + at.COUNT])


def test_a_start_from_now_forms_a_lot_of_the_load_that_is_seen_and_takes_others_as_single_jobs() -> None:
    site = _way(8, 4)
    machines = {"m0-0": MachineNow("blocked", "p0", jobs=3), "m1-0": MachineNow("running", "p0", 4.0)}
    live = LiveState(1_795_356_000 * NS, machines=machines, levels={"b1": 1, "b2": 2}, order_phase_s={"p0": 1.0})
    image = compile_site(site, live, 60.0, asked(site, {}), trace=2000)
    m = memory_after(image)
    assert [when // NS for when, _, _ in exits(image, m)] == [1, 2, 7, 17, 27, 28, 29]
    assert int(m[at.WIP]) == 0
    values = {"b1.level": 1, "m0-0.state": "idle", "m1-0.state": "idle"}
    assert (
        "which jobs on the floor travel in lots (taken as none; levels count lots as one)"
        in live_state(site, values, 0).sampled
    )


def test_the_load_of_a_station_to_which_lots_come_is_a_share_of_it() -> None:
    site = _lots(line([Stage(constant(0.0)), Stage(constant(30.0)), Stage(constant(2.0))], constant(8.0)), 0, 5, 1)
    assert [x.load for x in loads(site, asked(site, {}))] == pytest.approx([0.0, 30.0 / 40.0, 2.0 / 8.0])


def test_smaller_lots_and_shorter_waits_can_be_asked_for() -> None:
    site = _way(12, 4)
    assert asked(site, {"s0.batch": 6}).site.stations[0].batch_least == 6  # full carts stay full carts
    assert asked(site, {"s0.batch": 2}).site.stations[0].batch_least == 2
    asks = {"s0.batch_least": 2, "s0.batch_wait_min": 3, "s2.split": 2}
    built = asked(site, asks).site
    assert (built.stations[0].batch_least, built.stations[0].batch_wait_min, built.stations[2].split) == (2, 3, 2)
    with pytest.raises(Unrunnable, match="machines of `s0` hold 4 jobs"):
        asked(site, {"s0.batch_least": 5})


def _two(*steps: dict[str, Any], **more: Any) -> Site:
    site = line([Stage(constant(1.0)), Stage(constant(1.0))], constant(9.0), products=((0, 1), (0,)))
    return routed(site, 0, *(steps or ({"at": 0}, {"at": 1})), **more)


TAKES = (Taken(product="p1", buffer="shelf"),)


def _shelved(site: Site) -> Site:
    return change(site, buffers=(*site.buffers, Buffer(id="shelf", capacity=9)))


@pytest.mark.parametrize(
    ("site", "why"),
    [
        (change_station(_two(), 0, lot=True), "station `s0` forms lots, and it processes jobs one by one"),
        (_lots(change_station(_two(), 0, split=1), 0, 3), "station `s0` forms lots, and has a `split`, too"),
        (
            _shelved(_lots(_two({"at": 0}, {"at": 1, "takes": TAKES}), 0, 3)),
            "`p0` comes to `s1` in lots, and is assembled there singly; split them before",
        ),
        (
            _lots(_two({"at": 0}, {"at": 1, "gives": (Given(product="p1"),)}), 0, 3),
            "`p0` comes to `s1` in lots, and is taken apart there singly",
        ),
        (
            _lots(_shelved(_two({"at": 1, "takes": TAKES})), 0, 3),
            "`p1` comes to its shelf in lots, and is kept there singly",
        ),
        (
            _lots(_two({"at": 0}, {"at": 1, "outcomes": (Outcome(share=0.1, to="s0"),)}), 0, 3),
            "lots of `p0` come back to `s0` and grow without end; split them before",
        ),
        (_lots(_two(), 0, 3, dispatch="edd"), "station `s0` waits for loads, first come first served or by its buffer"),
    ],
)
def test_lots_where_single_jobs_are_needed_are_refused(site: Site, why: str) -> None:
    with pytest.raises(Unrunnable, match=why):
        runs(site, 10.0, 1, plain=True)


def test_the_virtual_plant_refuses_lots() -> None:
    with pytest.raises(PlantError, match="forms lots"):
        refuse(change_station(line([Stage(constant(1.0), batch=3)], constant(9.0)), 0, lot=True))
