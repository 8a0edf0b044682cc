"""Jobs that come damaged: handled, scrapped, sent back, for a time or always; exact shares, and a SimPy model."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from flow_kit import agree, routed

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.question import overrides_of
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.floor import Assumption, Buffer, Crew, Distribution, Outcome, Taken
from andon.site.model import Site
from andon.site.stops import Disturbance

simpy = pytest.importorskip("simpy")
HOUR = 3600.0


def law(site: Site, name: str, d: Distribution) -> Site:
    more = Assumption(
        name=name, unit="s", distribution=d, origin="test", who="nobody", when="2026-01-01", review_by="2030-01-01"
    )
    return site.model_copy(update={"assumptions": (*site.assumptions, more)})


def crushed(site: Site, handling: Distribution, at_station: str = "s1", **fields: Any) -> Site:
    """The site with damage at a station."""
    stated = Disturbance(id="crushed", kind="damaged-packaging", lasts="handling", stations=(at_station,), **fields)
    demand = tuple(d.model_copy(update={"replace_scrap": False}) for d in site.demand)
    return law(site, "handling", handling).model_copy(update={"disturbances": (stated,), "demand": demand})


def run(site: Site, seconds: float, n: int, *switches: str, flavour: jit.Flavour = "compiled") -> Rows:
    image = compile_site(site, None, seconds, asked(site, overrides_of(switches)), bins=1)
    return replicate(image, n, 5, flavour=flavour)


def two_steps(**stage: Any) -> Site:
    """A job every ten minutes, a minute at the first station, two at the second: nobody ever waits."""
    return line([Stage(constant(60.0)), Stage(constant(120.0), **stage)], constant(600.0))


def test_a_share_of_jobs_takes_its_handling_and_the_rest_takes_nothing() -> None:
    rows = run(crushed(two_steps(), constant(240.0), share=0.2), 100 * HOUR - 1, 200)
    handled = rows.share(1, at.SETUP) * (100 * HOUR - 1) / 240.0
    assert abs(handled.mean() - 0.2 * 600) < 4 * math.sqrt(600 * 0.16 / 200)
    assert handled.var() == pytest.approx(600 * 0.16, rel=0.4)
    assert rows.share(1, at.BUSY) * (100 * HOUR - 1) / 120.0 == pytest.approx(600.0)
    flow = 180.0 + 240.0 * handled / 600.0
    assert rows.lead_s(word=at.FLOW_US) == pytest.approx(flow)


def test_scrap_and_rework_of_damaged_jobs_have_the_shares_that_are_stated() -> None:
    """Of 0.4 damaged: a quarter scrap, half sent back at most once. Geometric: see the sums."""
    outcomes = (Outcome(share=0.25, to="scrap"), Outcome(share=0.5, to="s0", at_most=1))
    rows = run(crushed(two_steps(), constant(30.0), share=0.4, outcomes=outcomes), 100 * HOUR - 1, 200)
    first_back = 0.4 * 0.5
    scrap = 0.4 * 0.25 + first_back * (0.4 * 0.25 + 0.4 * 0.5)  # the second time it would be sent back it is scrap
    for found, exact in ((rows.scrapped(), scrap), (rows.reworked(), first_back), (rows.done(), 1.0 - scrap)):
        assert abs(found.mean() - 600 * exact) < 4 * found.std() / math.sqrt(200) + 0.5
    assert rows.share(0, at.BUSY).mean() * (100 * HOUR - 1) / 60.0 == pytest.approx(600 * (1 + first_back), rel=0.01)
    processed = rows.share(1, at.BUSY) * (100 * HOUR - 1) / 120.0
    assert processed == pytest.approx(rows.done())  # nobody is processed who does not go on


def test_a_scenario_says_when_and_how_many_and_the_same_jobs_are_damaged_with_a_larger_share() -> None:
    site = crushed(two_steps(), constant(240.0))
    plain = run(site, 8 * HOUR, 60)
    assert (plain.share(1, at.SETUP) == 0.0).all()
    some = run(site, 8 * HOUR, 60, "damaged-packaging:s1@2h+4h=0.3")
    more = run(site, 8 * HOUR, 60, "damaged-packaging:s1@2h+4h=0.6")
    jobs = [r.share(1, at.SETUP) * 8 * HOUR / 240.0 for r in (some, more)]
    assert abs(jobs[0].mean() - 24 * 0.3) < 4 * math.sqrt(24 * 0.21 / 60)
    assert (jobs[1] >= jobs[0] - 1e-9).all()
    assert abs(jobs[1].mean() - 24 * 0.6) < 4 * math.sqrt(24 * 0.24 / 60)
    always = run(site, 8 * HOUR, 60, "damaged-packaging:s1=1")
    assert always.share(1, at.SETUP) * 8 * 15 == pytest.approx(48.0)
    stated = run(site, 8 * HOUR, 60, "crushed.share=0.3")
    assert stated.share(1, at.SETUP).mean() > 0


def test_nobody_is_damaged_outside_the_time_of_a_scenario() -> None:
    site = crushed(two_steps(), constant(60.0))
    rows = run(site, 8 * HOUR, 1, "damaged-packaging:s1@2h+1h=1")
    assert rows.share(1, at.SETUP)[0] * 8 * 60 == pytest.approx(6.0)


def test_a_load_goes_on_without_those_that_leave_it() -> None:
    """Loads of three; a damaged one is sent back, the others are processed at once."""
    site = line([Stage(constant(60.0), batch=3), Stage(constant(120.0), batch=3)], constant(1800.0), quantity=3)
    outcomes = (Outcome(share=0.5, to="s0", at_most=3), Outcome(share=0.25, to="scrap"))
    site = crushed(site, constant(10.0), share=0.5, outcomes=outcomes)
    rows = run(site, 100 * HOUR - 1, 100)
    lost = rows.scrapped()
    assert rows.done() + lost == pytest.approx(600.0)
    back = 0.25 * (1 + 0.25 + 0.25**2)
    scrap = 0.125 * (1 + 0.25 + 0.25**2) + 0.25**3 * (0.125 + 0.25)
    assert abs(lost.mean() - 600 * scrap) < 4 * lost.std() / 10 + 0.5
    assert abs(rows.reworked().mean() - 600 * back) < 4 * rows.reworked().std() / 10 + 0.5


class Peer:
    """Two machines, one handler who also sees to the first station's jobs; damage, scrap, rework."""

    def __init__(self, seed: int, hours: float) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation
        self.env = simpy.Environment()
        self.hall = simpy.Resource(self.env, 1)
        self.press = simpy.Resource(self.env, 2)
        self.hands = simpy.Resource(self.env, 1)
        self.done = self.scrap = self.back = 0
        self.handled = self.waited = 0.0
        self.end = hours * HOUR
        self.env.process(self.source())
        self.env.run(until=self.end)

    def source(self) -> Generator[Any, Any, None]:
        while True:
            self.env.process(self.job())
            yield self.env.timeout(self.chance.expovariate(1 / 100.0))

    def job(self) -> Generator[Any, Any, None]:
        while True:
            with self.hall.request() as machine:
                yield machine
                yield self.env.timeout(self.chance.expovariate(1 / 60.0))
            with self.press.request() as machine:
                yield machine
                if self.chance.random() < 0.4:
                    asked_at = self.env.now
                    with self.hands.request() as hand:
                        yield hand
                        self.waited += self.env.now - asked_at
                        begun = self.env.now
                        yield self.env.timeout(self.chance.uniform(20.0, 200.0))
                        self.handled += self.env.now - begun
                    u = self.chance.random()
                    if u < 0.2:
                        self.scrap += 1
                        return
                    if u < 0.5:
                        self.back += 1
                        continue
                yield self.env.timeout(self.chance.gammavariate(4.0, 25.0))
                self.done += 1
                return


def test_the_same_floor_in_simpy_has_the_same_law() -> None:
    hours, n = 16.0, 200
    stages = [
        Stage(exponential(60.0), capacity=10_000),
        Stage(Distribution(kind="gamma", shape=4.0, scale=25.0), machines=2, capacity=10_000),
    ]
    site = line(stages, exponential(100.0))
    outcomes = (Outcome(share=0.2, to="scrap"), Outcome(share=0.3, to="s0"))
    site = site.model_copy(update={"crews": (Crew(id="hands", name="Hands", size={"all": 1}, skills=("pack",)),)})
    site = crushed(site, Distribution(kind="uniform", low=20.0, high=200.0), share=0.4, outcomes=outcomes, skill="pack")
    rows = run(site, hours * HOUR, 600)
    peers = [Peer(seed, hours) for seed in range(n)]
    agree(rows.done(), np.array([p.done for p in peers], float))
    agree(rows.scrapped(), np.array([p.scrap for p in peers], float))
    agree(rows.reworked(), np.array([p.back for p in peers], float))
    agree(rows.station_share(1, at.SETUP) * 2 * hours * HOUR, np.array([p.handled for p in peers]))
    agree(rows.station_share(1, at.NO_CREW) * 2 * hours * HOUR, np.array([p.waited for p in peers]))


def test_damage_costs_a_site_that_has_none_not_an_instruction() -> None:
    site = two_steps()
    plain = compile_site(site, None, HOUR, asked(site, {}))
    stated = crushed(site, constant(10.0))
    assert (plain.code == compile_site(stated, None, HOUR, asked(stated, {})).code).all()


def test_a_warm_start_looks_at_what_waits_and_not_at_what_is_at_work() -> None:
    site = crushed(two_steps(), constant(600.0), share=1.0)
    seen = LiveState(
        at_ns=1_767_571_200 * 10**9, machines={"m1-0": MachineNow("running", "p0", 60.0)}, levels={"b1": 2}
    )
    rows = replicate(compile_site(site, seen, 30 * 60.0, asked(site, {}), bins=1), 1, 1, flavour="plain")
    assert rows.share(1, at.SETUP)[0] * 30 == pytest.approx(25.0)
    assert rows.done()[0] == 3


def test_compiled_and_plain_leave_the_same_bits() -> None:
    stages = [Stage(exponential(50.0), batch=2), Stage(exponential(60.0), machines=2, batch=3, capacity=30)]
    site = line(stages, exponential(60.0), quantity=2)
    outcomes = (Outcome(share=0.2, to="scrap"), Outcome(share=0.3, to="s0", at_most=2))
    site = crushed(site, exponential(40.0), share=0.2, outcomes=outcomes)
    switch = "damaged-packaging:s1@20min+30min=0.7"
    plain, compiled = run(site, 2 * HOUR, 3, switch, flavour="plain"), run(site, 2 * HOUR, 3, switch)
    assert (plain.prints == compiled.prints).all()


def test_who_is_scrapped_takes_no_components() -> None:
    """A bolt goes into each job that stays; half of the jobs are damaged, and all of those are scrap."""
    site = line([Stage(constant(60.0)), Stage(constant(60.0))], constant(600.0), products=[(0, 1), (0,)])
    build, bolt = site.products
    step = build.route[1].model_copy(update={"takes": (Taken(product="p1", buffer="bolts"),)})
    build = build.model_copy(update={"route": (build.route[0], step)})
    room = Buffer(id="bolts", capacity=1000)
    site = site.model_copy(update={"products": (build, bolt), "buffers": (*site.buffers, room)})
    site = crushed(site, constant(30.0), share=0.5, outcomes=(Outcome(share=1.0, to="scrap"),))
    image = compile_site(site, None, 50 * HOUR - 1, asked(site, {}), bins=1)
    rows = replicate(image, 3, 5, flavour="plain")
    lost = rows.scrapped()
    assert (lost > 100).all()
    assert rows.done(0) + lost == pytest.approx(300.0)
    assert rows.stock(0) == pytest.approx(lost / 2, rel=0.25)  # what the scrapped would have taken lies there


def test_a_route_that_has_no_such_step_goes_on() -> None:
    site = routed(two_steps(), 0, {"at": 1})
    site = crushed(site, constant(30.0), share=1.0, outcomes=(Outcome(share=0.5, to="s0"),))
    assert run(site, 10 * HOUR - 1, 1).done()[0] == 60


@pytest.mark.parametrize(
    ("switch", "sentence"),
    [
        ("damaged-packaging:s0@1h+1h=0.3", "nothing says what a damaged job takes at `s0`; declare a disturbance"),
        ("damaged-packaging:s1@1h+1h=1.5", "cannot be 1.5; give a share from 0 to 1"),
    ],
)
def test_a_switch_that_cannot_be_is_refused_in_one_sentence(switch: str, sentence: str) -> None:
    site = crushed(two_steps(), constant(10.0))
    with pytest.raises(Unrunnable) as refused:
        asked(site, overrides_of([switch]))
    assert sentence in str(refused.value)
