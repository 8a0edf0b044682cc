"""The measured plants in SimPy, as its documentation writes such models: processes, stores, preemptive resources."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import simpy

from plants import Shop

Steps = Generator[Any, Any, None]


def line(stations: int, horizon_s: float, seed: int, room: int = 10, odd: tuple[int, float] | None = None) -> int:
    """A line of machines with exponential work of mean 1 s and failures by running time; jobs completed."""
    env = simpy.Environment()
    chance = random.Random(seed)  # noqa: S311 - a simulation
    buffers = [simpy.Store(env, capacity=room) for _ in range(stations)]
    done = 0

    def source() -> Steps:
        while True:
            yield buffers[0].put(1)

    def machine(i: int) -> Steps:
        nonlocal done
        rate = 1.0 / (odd[1] if odd and odd[0] == i else 1.0)
        life = chance.expovariate(1 / 100.0)
        while True:
            job = yield buffers[i].get()
            left = chance.expovariate(rate)
            while left > life:
                yield env.timeout(life)
                left -= life
                yield env.timeout(chance.expovariate(1 / 5.0))
                life = chance.expovariate(1 / 100.0)
            yield env.timeout(left)
            life -= left
            if i + 1 < stations:
                yield buffers[i + 1].put(job)
            else:
                done += 1

    env.process(source())
    for i in range(stations):
        env.process(machine(i))
    env.run(until=horizon_s)
    return done


@dataclass
class Job:
    """A job, and how far it has come."""

    product: int
    step: int = 0


@dataclass(eq=False)
class Person:
    """Somebody with skills, and the process that they work for."""

    skills: set[str]
    present: bool = True
    works: Any = None


class JobShop:
    """The shop: machine processes, a process a carriage, people chosen by skill, breaks that interrupt."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop, self.chance = shop, random.Random(seed)  # noqa: S311 - a simulation
        self.env = env = simpy.Environment()
        self.routes = shop.routes()
        self.buffers = [simpy.Store(env) for _ in range(shop.stations)]
        self.fleet = simpy.FilterStore(env)
        self.fleet.items = list(range(shop.vehicles))
        self.stands = [0] * shop.vehicles
        self.floor = simpy.Resource(env, shop.wip)
        self.done, self.completions = 0, 0
        self.people = simpy.FilterStore(env)
        for size, skills in (
            (shop.operators, {"operate"}),
            (shop.setters, {"set up", "mend"}),
            (shop.menders, {"mend"}),
        ):
            self.people.items += [Person(skills) for _ in range(size)]
        for person in list(self.people.items):
            for start, span in shop.breaks:
                env.process(self.pause(person, start, span))
        for product in range(shop.products):
            env.process(self.orders(product))
        for station in range(shop.stations):
            for _ in range(shop.machines):
                env.process(self.machine(station))

    def pause(self, person: Person, start: float, span: float) -> Steps:
        """One person's break: the work in hand is interrupted."""
        yield self.env.timeout(start)
        person.present = False
        if person.works is not None:
            person.works.interrupt()
        yield self.env.timeout(span)
        person.present = True
        if person in self.people.items:  # put anew, so that those who wait are looked at
            self.people.items.remove(person)
            yield self.people.put(person)

    def gamma(self, law: tuple[float, float]) -> float:
        """A gamma time of (mean, standard deviation)."""
        shape = (law[0] / law[1]) ** 2
        return self.chance.gammavariate(shape, law[0] / shape)

    def orders(self, product: int) -> Steps:
        """An order now, and again after every interval."""
        while True:
            for _ in range(self.shop.quantity):
                self.env.process(self.release(product))
            yield self.env.timeout(self.chance.expovariate(1 / self.shop.every))

    def release(self, product: int) -> Steps:
        """A job enters when the floor has room."""
        place = self.floor.request()
        yield place
        job = Job(product)
        job.place = place  # type: ignore[attr-defined]
        yield self.buffers[self.routes[product][0]].put(job)

    def attended(self, skill: str, span: float) -> Steps:
        """Work that needs a person with a skill; a break interrupts it, and it goes on afterwards."""
        while span > 0:
            person = yield self.people.get(lambda p: p.present and skill in p.skills)
            person.works, begin = self.env.active_process, self.env.now
            try:
                yield self.env.timeout(span)
                span = 0.0
            except simpy.Interrupt:
                span -= self.env.now - begin
            person.works = None
            yield self.people.put(person)

    def work(self, station: int, span: float) -> Steps:
        """Processing, with an operator or alone."""
        if station % 2 == 0:
            yield from self.attended("operate", span)
        else:
            yield self.env.timeout(span)

    def machine(self, station: int) -> Steps:
        """Take, set up, process, fail and be mended, send on."""
        shop, chance, last = self.shop, self.chance, -1
        life = chance.expovariate(1 / shop.fails)
        skill = "operate" if station % 2 == 0 else "set up"
        while True:
            job = yield self.buffers[station].get()
            if job.product != last:
                last = job.product
                yield from self.attended(skill, chance.uniform(*shop.setup))
            left = self.gamma(shop.work)
            while left > life:
                yield from self.work(station, life)
                left -= life
                yield from self.attended("mend", chance.expovariate(1 / shop.repair))
                life = chance.expovariate(1 / shop.fails)
            yield from self.work(station, left)
            life -= left
            self.completions += 1
            job.step += 1
            route = self.routes[job.product]
            if job.step == len(route):
                self.done += 1
                self.floor.release(job.place)
                continue
            gone = self.env.event()
            self.env.process(self.carry(station, route[job.step], job, gone))
            yield gone

    def way(self, a: int, b: int) -> float:
        """Seconds from station to station."""
        return math.dist(self.shop.place(a), self.shop.place(b)) / self.shop.speed

    def carry(self, here: int, there: int, job: Job, gone: simpy.Event) -> Steps:
        """The nearest free vehicle fetches the job, and the machine is free once it is loaded."""
        free = self.fleet.items
        best = min(free, key=lambda v: self.way(self.stands[v], here)) if free else None
        vehicle = yield self.fleet.get(lambda v: best is None or v == best)
        handling = self.gamma(self.shop.handling)
        yield self.env.timeout(self.way(self.stands[vehicle], here) + handling / 2)
        gone.succeed()
        yield self.env.timeout(self.way(here, there) + handling / 2)
        self.stands[vehicle] = there
        yield self.buffers[there].put(job)
        yield self.fleet.put(vehicle)
