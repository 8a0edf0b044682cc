"""People against a model of the same hall in SimPy that shares no line of code with it."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from people_sites import changed, crew, placed

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, day_shift, exponential, line
from andon.site.floor import Breakdown, Distribution
from andon.site.model import Site

simpy = pytest.importorskip("simpy")
Steps = Generator[Any, Any, None]
HORIZON_S = 8 * 3600.0
RUNS = 200
PAUSE = (9000.0, 1200.0)
LATE_S, LIMIT_S, REST_S, SPEED = 240.0, 3000.0, 420.0, 1.0
PLACES = {"m0-0": (0.0, 0.0), "m0-1": (15.0, 0.0), "m1-0": (30.0, 0.0), "m2-0": (30.0, 40.0)}
HOMES = {"ones": (0.0, 10.0), "both": (30.0, 10.0)}


@dataclass(eq=False)
class Person:
    crew: str
    place: tuple[float, float]
    skills: frozenset[str]
    free_since: float = 0.0
    idle_since: float = -1e9
    run: float = 0.0
    state: str = "free"
    due: bool = False
    task: Any = None
    walks: float = 0.0
    begun: float = 0.0
    rests: int = 0


@dataclass(eq=False)
class Ask:
    order: int
    skill: str
    people: int
    place: tuple[float, float]
    given: Any
    team: list[Person] = field(default_factory=list)


class Hall:
    """Two packing machines for one person, one press for two, a machine that only breaks; two crews, one break."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a simulation
        self.env = simpy.Environment()
        self.people = [Person("ones", HOMES["ones"], frozenset("a")) for _ in range(2)]
        self.people += [Person("both", HOMES["both"], frozenset("ab")) for _ in range(2)]
        self.asks: list[Ask] = []
        self.count = 0
        self.done = [0, 0, 0]
        self.booked = {"ones": 0.0, "both": 0.0}
        self.walked = {"ones": 0.0, "both": 0.0}
        self.stores = [simpy.Store(self.env) for _ in range(3)]
        for i in range(3):
            self.env.process(self.orders(i))
        for name, place in PLACES.items():
            self.env.process(self.machine(int(name[1]), place))
        for person in self.people:
            self.env.process(self.pause(person))

    def orders(self, i: int) -> Steps:
        while True:
            for _ in range(2):
                self.stores[i].put(1)
            yield self.env.timeout(self.chance.expovariate(1 / (170.0, 340.0, 400.0)[i]))

    def machine(self, i: int, place: tuple[float, float]) -> Steps:
        life = self.chance.expovariate(1 / 1500.0)
        while True:
            yield self.stores[i].get()
            if i < 2:
                yield from self.attended("ab"[i], 1 + i, place, self.chance.expovariate(1 / 100.0))
            else:
                left = self.chance.expovariate(1 / 100.0)
                while left > life:
                    yield self.env.timeout(life)
                    left -= life
                    yield from self.attended("b", 1, place, self.chance.expovariate(1 / 200.0))
                    life = self.chance.expovariate(1 / 1500.0)
                yield self.env.timeout(left)
                life -= left
            self.done[i] += 1

    def attended(self, skill: str, people: int, place: tuple[float, float], left: float) -> Steps:
        """Have the people, let them walk here, work; whoever is taken away takes the rest of the team along."""
        self.count += 1
        order = self.count
        while True:
            ask = Ask(order, skill, people, place, self.env.event())
            self.asks.append(ask)
            self.serve()
            yield ask.given
            stop = self.env.event()
            way = 0.0
            for person in ask.team:
                person.task = stop
                mine = math.dist(person.place, place) / SPEED
                person.place = place
                way = max(way, mine)
                person.walks, person.begun = mine, self.env.now
            yield self.env.timeout(way) | stop
            arrived = self.env.now
            if not stop.triggered:
                yield self.env.timeout(left) | stop
            left -= self.env.now - arrived
            for person in ask.team:
                self.leave_task(person)
            self.serve()
            if not stop.triggered:
                return
            order -= 10**9

    def leave_task(self, person: Person) -> None:
        now = self.env.now
        walked = min(person.walks, now - person.begun)
        self.walked[person.crew] += walked
        self.booked[person.crew] += now - person.begun - walked
        person.run += now - person.begun
        person.idle_since, person.task = now, None
        if person.due:
            person.due = False
            self.env.process(self.rest(person, PAUSE[1]))
        elif person.run >= LIMIT_S:
            self.env.process(self.rest(person, REST_S))
        else:
            person.state, person.free_since = "free", now

    def close(self) -> None:
        """Book what is still going on at the end."""
        for person in self.people:
            if person.state == "task":
                walked = min(person.walks, HORIZON_S - person.begun)
                self.walked[person.crew] += walked
                self.booked[person.crew] += HORIZON_S - person.begun - walked

    def rest(self, person: Person, length: float) -> Steps:
        person.state = "away"
        person.rests += 1
        mine = person.rests
        yield self.env.timeout(length)
        if mine != person.rests:
            return  # a break began during a rest
        now = self.env.now
        if now - person.idle_since < REST_S and person.run >= LIMIT_S:
            yield self.env.timeout(REST_S - (now - person.idle_since))
        person.state, person.free_since = "free", self.env.now
        self.serve()

    def pause(self, person: Person) -> Steps:
        yield self.env.timeout(PAUSE[0])
        if person.state in {"free", "away"}:
            self.env.process(self.rest(person, PAUSE[1]))
            return
        if person.crew == "ones":
            person.due = True
            yield self.env.timeout(LATE_S)
            if person.due:
                person.task.succeed()
        else:
            person.due = True
            if not person.task.triggered:
                person.task.succeed()

    def serve(self) -> None:
        kept: list[Person] = []
        for ask in sorted(self.asks, key=lambda a: a.order):
            can = [p for p in self.people if ask.skill in p.skills and p.state == "free" and p not in kept]
            there = [p for p in self.people if ask.skill in p.skills and (p.state == "free" or p.task)]
            if len(can) < ask.people:
                if ask.people > 1 and len(there) >= ask.people:
                    kept += can
                continue
            can.sort(key=lambda p: (len(p.skills), p.free_since))
            ask.team = can[: ask.people]
            for person in ask.team:
                person.state, person.task = "task", ask
                if self.env.now - person.idle_since >= REST_S:
                    person.run = 0.0
            self.asks.remove(ask)
            ask.given.succeed()


def _site() -> Site:
    gap = (170.0, 340.0, 400.0)
    fails, mends = exponential(1500.0), exponential(200.0)
    made = line(
        [
            Stage(exponential(100.0), machines=2),
            Stage(exponential(100.0)),
            Stage(exponential(100.0), fails=fails, repair=mends),
        ],
        exponential(170.0),
        quantity=2,
        products=((0,), (1,), (2,)),
        shifts=(day_shift("00:00", "08:00", ("02:30", 20.0)),),
    )
    first = made.assumptions[0]
    more = tuple(
        first.model_copy(update={"name": f"every{i}", "distribution": Distribution(kind="exponential", mean=g)})
        for i, g in enumerate(gap)
    )
    demand = tuple(d.model_copy(update={"every": f"every{i}"}) for i, d in enumerate(made.demand))
    made = made.model_copy(update={"assumptions": (*made.assumptions, *more), "demand": demand})
    rule = {"walk_m_per_s": SPEED, "work_max_min": LIMIT_S / 60, "rest_min": REST_S / 60}
    site = changed(
        made,
        {
            0: {"skill": "a"},
            1: {"skill": "b", "people": 2},
            2: {"breakdown": Breakdown(time_to_failure="fails2", time_to_repair="repair2", skill="b")},
        },
        (
            crew("ones", 2, "day", skills=("a",), break_late_min=LATE_S / 60, **rule),
            crew("both", 2, "day", skills=("a", "b"), **rule),
        ),
    )
    return placed(site, {**PLACES, **HOMES})


def test_the_same_hall_in_simpy_has_the_same_law() -> None:
    """Cross-trained crews, two people at a press, walking, rests after too much work, a break late or at once."""
    site = _site()
    rows = replicate(compile_site(site, None, HORIZON_S, asked(site, {})), 3 * RUNS, 7)
    halls = [Hall(seed) for seed in range(RUNS)]
    for hall in halls:
        hall.env.run(HORIZON_S)
        hall.close()
    pairs = [(rows.done(i), np.array([h.done[i] for h in halls])) for i in range(3)]
    for i, name in enumerate(("ones", "both")):
        pairs.append((rows.crew_book(i, at.B_WORKED) / 1e6, np.array([h.booked[name] for h in halls])))
        pairs.append((rows.crew_book(i, at.B_WALKED) / 1e6, np.array([h.walked[name] for h in halls])))
    for ours, theirs in pairs:
        error = math.hypot(ours.std() / math.sqrt(len(ours)), theirs.std() / math.sqrt(len(theirs)))
        assert abs(ours.mean() - theirs.mean()) < 4 * error + 1e-3 * theirs.mean(), (ours.mean(), theirs.mean())
        assert abs(ours.std() / theirs.std() - 1.0) < 0.25
