"""A floor played by SimPy from the site's own description: an interpreter that shares nothing with the engine.

It reads the parsed site and asks `Luck` for every span of time and every chance by name, so both play the same future;
what follows from them (who waits for whom, who goes first, when) is written here a second time, from the documentation.
Times are whole nanoseconds; docs/explanation/simulator.md states who goes first within an instant.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import simpy

from andon.site.floor import Buffer, Demand, Fleet, Product, Station, Step
from andon.site.model import Site

Steps = Iterator[Any]
NOW_FIRST = 0
"""Priority of what became ready within an instant: before whatever was planned for it."""
CALENDARS, CAUSES, MACHINES, ORDERS = range(4)
"""Who goes first of those whose planned times are equal."""
ENTRY, KIT_STEP = 255, 254
"""Step numbers in the names of draws: of what is drawn on entry."""
AT_WORK, EMPTY = "at work", "empty"


class Luck(Protocol):
    """Spans (nanoseconds) and chances of one future, by name."""

    def span(self, law: str, purpose: str, number: int, which: int, *, running: bool = False) -> int: ...
    def aged(self, law: str, number: int, which: int, age_ns: int) -> int: ...
    def chance(self, purpose: str, number: int, which: int) -> float: ...
    def job_name(self, serial: int, passes: int, step: int) -> int: ...
    def mean_ns(self, law: str) -> int: ...


@dataclass(eq=False)
class Order:
    came: int
    due: int
    priority: int
    out: int
    left: int
    number: int = -1
    """In the book; -1: of the pattern of demand."""


@dataclass(eq=False)
class Job:
    product: int
    serial: int
    order: Order | None
    came: int
    due: int
    priority: int
    released: int
    route: int = 0
    step: int = 0
    place: int = 0
    """Which of the step's places; 0 is its own station."""
    passes: int = 0
    back: dict[tuple[int, int, int], int] = field(default_factory=dict)
    entered: int = 0
    fresh: bool = False
    """It is a piece of a job that was taken apart, and has not begun its own route."""
    named: int = ENTRY
    """The step number in the names of its draws until then."""
    carries: list[Job] = field(default_factory=list)
    """The other jobs of its lot."""
    going: tuple[Any, ...] | None = None
    """Where it goes next, once that is decided: (route, step, place), store, station; or several such."""


@dataclass(eq=False)
class Store:
    """A buffer, a conveyor's places or a shelf."""

    name: str
    capacity: int
    rule: str = "fifo"
    jobs: list[Job] = field(default_factory=list)
    promised: int = 0
    takers: deque[Process] = field(default_factory=deque)
    givers: deque[Process] = field(default_factory=deque)
    groups: list[Group] = field(default_factory=list)
    cards: bool = False
    entry: bool = False
    station: int = -1
    """Where it stands; of a conveyor, where it begins."""

    ranked: bool = False
    """A shelf that serves those who wait by priority."""

    @property
    def room(self) -> bool:
        places = len(self.takers) if self.rule == "handed" else self.capacity
        return len(self.jobs) + self.promised < places


@dataclass(eq=False)
class Group:
    """Stores of which any will do, and who waits for one of them."""

    stores: tuple[Store, ...]
    givers: deque[Process] = field(default_factory=deque)


@dataclass(eq=False)
class Crew:
    size: int
    line: list[tuple[int, int]]
    number: int
    used: int = 0
    waiting: deque[Process] = field(default_factory=deque)
    held: deque[Process] = field(default_factory=deque)

    @property
    def free(self) -> bool:
        return self.used < self.size and not self.held and not self.waiting


class Process:
    """Whatever takes its turn: a machine, a vehicle, a repair, a calendar."""

    def __init__(self, floor: Floor, name: str, rank: int) -> None:
        self.floor, self.name, self.rank = floor, name, rank
        self.number = len(floor.processes)
        self.priority = 10 + rank * 100_000 + self.number
        floor.processes.append(self)
        self.state = "starved"
        self.asleep: simpy.Event | None = None
        self.timer = 0
        self.crew: Crew | None = None
        self.load: list[Job] = []
        self.left = {"rem": 0, "rep": 0}
        self.life = -1
        self.working = ""
        self.start = 0
        self.draws = 0
        self.down: dict[str, int] = {}
        self.parked = ""
        self.asked: deque[Process] = deque()
        self.waits_at: Store | None = None
        self.has_room = False
        self.cards = 0
        self.sent = 0
        """Jobs, or lots, that it has sent on."""
        self.last: int | None = None
        self.where = -1
        self.helps_itself = False
        self.aged = 0
        """Age of a machine that repairs do not make new, where its failures are this process's."""
        self.fails_by: Process | None = None
        """Who lets it fail by the calendar."""

    def pause(self) -> simpy.Event:
        self.asleep = simpy.Event(self.floor.env)
        return self.asleep

    def wake(self, value: Any = None) -> None:
        """Go on within this instant, after those that are ready already."""
        event, self.asleep = self.asleep, None
        assert event is not None, self.name
        self.timer += 1
        event._ok, event._value = True, value
        self.floor.env.schedule(event, priority=NOW_FIRST)

    def wake_at(self, when: int, value: Any = "time") -> None:
        """Go on at a later moment, unless something else wakes it before."""
        env = self.floor.env
        self.timer += 1
        mine, event = self.timer, simpy.Event(env)
        event._ok, event._value = True, None

        def ring(_: simpy.Event) -> None:
            if self.timer == mine and self.asleep is not None:
                sleeper, self.asleep = self.asleep, None
                sleeper._ok, sleeper._value = True, value
                for call in sleeper.callbacks or ():
                    call(sleeper)
                sleeper.callbacks = None

        assert event.callbacks is not None
        event.callbacks.append(ring)
        env.schedule(event, priority=self.priority, delay=when - env.now)

    def enter(self, state: str) -> None:
        if state != self.state:
            self.state = state
            if self.rank == MACHINES:
                self.floor.note("state", self.name, state)

    @property
    def is_down(self) -> bool:
        return any(n for cause, n in self.down.items() if cause != "later")

    def down_state(self) -> str:
        for cause, state in (("failed", "failed"), ("planned", "planned"), ("stopped", "stopped")):
            if self.down.get(cause):
                return state
        return "planned"


class Floor:
    """The whole site in SimPy."""

    def __init__(self, site: Site, luck: Luck, times: Times) -> None:
        self.site, self.luck, self.times = site, luck, times
        self.env = simpy.Environment(initial_time=0)
        self.log: list[tuple[int, Any, ...]] = []
        self.processes: list[Process] = []
        self.on_floor = self.job_us = self.counted_us = 0
        self.parts_here = 0
        self.products = [Line(self, i, p) for i, p in enumerate(site.products)]
        self.index = {p.id: i for i, p in enumerate(site.products)}
        capacity = {b.id: b for b in site.buffers}
        self.stores = [Store(s.buffer, s.cards or capacity[s.buffer].capacity, rule_of(s, capacity[s.buffer]),
                             cards=s.cards is not None) for s in site.stations]  # fmt: skip
        self.station = {s.id: i for i, s in enumerate(site.stations)}
        self.belts = {
            (c.start, c.end): Store(c.id, math.floor(c.length_m / c.spacing_m + 1e-9), "timed") for c in site.conveyors
        }
        for i, s in enumerate(self.stores):
            s.station = i
        for (start, _), s in self.belts.items():
            s.station = self.station[start]
        self.shelves: dict[str, Store] = {}
        for product in site.products:
            for step in itertools.chain.from_iterable(product.routes):
                for taken in step.takes:
                    of = capacity[taken.buffer]
                    shelf = Store(of.id, of.capacity, "shelf", station=self.station[step.station])
                    shelf.ranked = of.discipline == "priority"
                    self.shelves.setdefault(taken.product, shelf)
        for name in self.shelves:
            self.products[self.index[name]].is_part = True
        self.groups: dict[frozenset[int], Group] = {}
        self.learn_ways()
        self.crews = {c.id: Crew(times.crews[c.id][0][1], times.crews[c.id][1:], n) for n, c in enumerate(site.crews)}
        self.desk_waits = False
        self.book: list[tuple[int, int, Order]] = times.book(self)
        self.start_all()

    # --- what is common

    def note(self, *what: Any) -> None:
        self.log.append((self.env.now, *what))

    def run(self, until_ns: int) -> None:
        """To the end, whose own instant is still played."""
        while self.env.peek() <= until_ns:
            self.env.step()

    def play(self, steps: Steps) -> None:
        self.env.process(steps)  # type: ignore[arg-type]

    def start_all(self) -> None:
        """Everybody, in the order in which they move at the start."""
        site = self.site
        machines: dict[str, list[Process]] = {}
        for i, station in enumerate(site.stations):
            for name in station.machines:
                p = Process(self, name, MACHINES)
                p.where = i
                machines.setdefault(station.id, []).append(p)
        self.vehicles_wait: deque[Process] = deque()
        self.calls: deque[Process] = deque()
        number = 0
        for station in site.stations:
            for p in machines[station.id]:
                self.play(Machine(self, p, station, number).life_of())
                number += 1
        for fleet in site.fleets:
            for v in fleet.vehicles:
                self.play(self.vehicle(Process(self, v, MACHINES), fleet))
        for crew in self.crews.values():
            self.play(self.calendar(Process(self, "calendar", CALENDARS), crew))
        for stream in streams(site):
            self.play(self.demand(Process(self, "demand", ORDERS), stream))
        if self.book:
            self.play(self.orders(Process(self, "book", ORDERS)))
        for c in site.conveyors:
            self.play(self.belt(Process(self, c.id, MACHINES), c))
        self.desk_process = Process(self, "desk", ORDERS)
        self.play(self.desk(self.desk_process))
        self.start_causes(machines)

    def start_causes(self, machines: dict[str, list[Process]]) -> None:
        """What keeps machines from working, in the same order."""
        site = self.site
        number = 0
        for station in site.stations:
            down = station.breakdown
            for p in machines[station.id]:
                if down is not None and down.counts == "calendar":
                    self.play(self.failures(Process(self, f"{p.name} fails", CAUSES), p, station, number))
                number += 1
        number = 0
        for station in site.stations:
            for p in machines[station.id]:
                for i, plan in enumerate(m for m in station.maintenance if m.counts == "calendar"):
                    q = Process(self, f"{p.name} plan", CAUSES)
                    self.play(self.planned(q, p, plan, number + (i << 20), station))
                number += 1
        for i, station in enumerate(site.stations):
            stops = [
                d for d in site.disturbances if d.kind == "exceptions" and (not d.stations or station.id in d.stations)
            ]
            for n, d in enumerate(stops):
                q = Process(self, "stop", CAUSES)
                self.play(self.stops(q, machines[station.id], d.every or "", d.lasts or "", i + (n << 20)))

    def learn_ways(self) -> None:
        """Where jobs enter the floor, and which alternatives there are, in the order in which the site states them."""
        for product in self.site.products:
            for route in product.routes:
                for step in route:
                    for visit in step.places:
                        here = self.site.stations[self.station[visit.station]]
                        after = [t for o in step.outcomes for t in route if t.called == o.to]
                        after += route[route.index(step) + 1 :][:1]
                        for t in after:
                            self.alternatives(t, here)
            for route in product.routes:
                for visit in route[0].places if route else ():
                    self.stores[self.station[visit.station]].entry = True
                if route:
                    self.alternatives(route[0], None)
            if not product.route:
                self.shelves[product.id].entry = True

    def alternatives(self, step: Step, here: Station | None) -> None:
        if step.others and step.choice != "probability":
            self.group([s for _, s, _ in self.places(step, here)])

    def group(self, stores: list[Store]) -> Group:
        key = frozenset(map(id, stores))
        if key not in self.groups:
            self.groups[key] = made = Group(tuple(stores))
            for s in dict.fromkeys(stores):
                s.groups.append(made)
        return self.groups[key]

    # --- stores

    def level(self, s: Store) -> None:
        self.note("level", s.name, len(s.jobs))

    def arrive(self, s: Store, job: Job) -> None:
        """A job comes to the place that it was promised."""
        s.promised -= 1
        handing = s.rule in {"fifo", "priority", "handed"}
        if handing and s.takers and not s.takers[0].helps_itself:
            s.takers.popleft().wake(job)
            if s.rule != "handed":
                self.admit(s)
            return
        place = len(s.jobs)
        if s.rule == "lifo":
            place = 0
        elif s.rule == "priority":
            place = sum(other.priority <= job.priority for other in s.jobs)
        s.jobs.insert(place, job)
        self.level(s)
        job.entered = self.env.now
        if s.rule == "shelf":
            self.finish(job)
        if s.takers:
            s.takers.popleft().wake("look")

    def take(self, s: Store, job: Job) -> Job:
        s.jobs.remove(job)
        self.level(s)
        if s.cards:
            s.promised += 1
        self.admit(s)
        return job

    def admit(self, s: Store) -> None:
        """Free places are promised: to those who wait for this store, to those who take any of several, to the desk."""
        while s.givers and s.room:
            p = s.givers.popleft()
            s.promised += 1
            p.has_room = True
            p.wake()
        for g in s.groups:
            while g.givers and s.room:
                p = g.givers.popleft()
                job = p.load[0]
                assert job.going is not None
                job.going = next(w for w in job.going[1] if w[1] is s)
                s.promised += 1
                p.has_room = True
                p.wake()
        if s.entry:
            self.wake_desk()

    def wake_desk(self) -> None:
        if self.desk_waits:
            self.desk_waits = False
            self.desk_process.wake()

    # --- crews

    def occupy(self, crew: Crew, p: Process) -> None:
        crew.used += 1
        p.crew = crew
        self.note("crew", crew.number, crew.used)

    def acquire(self, p: Process, crew: Crew, state: str) -> Steps:
        if p.crew is crew:
            return
        if crew.free:
            self.occupy(crew, p)
            return
        p.enter(state)
        crew.waiting.append(p)
        yield p.pause()

    def release(self, p: Process) -> None:
        if p.crew is None:
            return
        crew, p.crew = p.crew, None
        crew.used -= 1
        self.note("crew", crew.number, crew.used)
        self.grant(crew)

    def grant(self, crew: Crew) -> None:
        while crew.used < crew.size and (crew.held or crew.waiting):
            p = (crew.held or crew.waiting).popleft()
            self.occupy(crew, p)
            p.wake("again")

    def calendar(self, p: Process, crew: Crew) -> Steps:
        for when, size in crew.line:
            p.wake_at(when)
            yield p.pause()
            crew.size = size
            while crew.used > size:
                at_work = [q for q in self.processes if q.crew is crew and q.working]
                if not at_work:
                    break
                latest = max(at_work, key=lambda q: (q.start, q.number))
                self.interrupt(latest)
                crew.used -= 1
                latest.crew = None
                self.note("crew", crew.number, crew.used)
                latest.enter("no crew")
                crew.held.append(latest)
            self.grant(crew)

    # --- work, and what stops it

    def work(self, p: Process, what: str, state: str, *, stoppable: bool, crew: Crew | None = None) -> Steps:  # noqa: C901 - a machine's whole day
        """Work off what is left of `what`; True when the machine's life ended before."""
        while True:
            if stoppable and p.is_down:
                p.parked = AT_WORK
                held = p.crew
                self.release(p)
                p.enter(p.down_state())
                yield p.pause()
                if held is not None and crew is not None:
                    yield from self.acquire(p, crew, "no crew")
                continue
            span = p.left[what]
            if state == "busy" and 0 <= p.life < span:
                span = p.life
            p.enter(state)
            if state in {"setup", "busy"}:
                for lot in p.load:
                    for job in [lot, *lot.carries]:
                        self.note("work", p.name, job.product, job.serial)
            p.start, p.working = self.env.now, what
            p.wake_at(self.env.now + span)
            why = yield p.pause()
            if why == "stopped":
                held = crew
                if held is not None:
                    yield from self.acquire(p, held, "no crew")
                continue
            if why == "again":
                continue
            p.working = ""
            done = self.env.now - p.start
            p.left[what] -= done
            if state == "busy" and p.life >= 0:
                p.life -= done
                if p.left[what] > 0:
                    p.enter("failed")
                    return True
            return False

    def interrupt(self, p: Process) -> None:
        done = self.env.now - p.start
        p.left[p.working] -= done
        if p.life >= 0 and p.state == "busy":
            p.life -= done
        p.working = ""
        p.timer += 1

    def break_down(self, p: Process, cause: str) -> None:
        p.down[cause] = p.down.get(cause, 0) + 1
        if p.parked:
            p.enter(p.down_state())
        elif p.working == "rem":
            self.interrupt(p)
            p.parked = AT_WORK
            self.release(p)
            p.enter(p.down_state())
        elif self.out_of_line(p):
            p.enter(p.down_state())

    def out_of_line(self, p: Process) -> bool:
        s = p.waits_at
        if p.state != "starved" or s is None or p not in s.takers:
            return False
        s.takers.remove(p)
        p.parked = EMPTY
        return True

    def mend(self, p: Process, cause: str) -> None:
        p.down[cause] -= 1
        if not p.parked:
            return
        if p.is_down:
            p.enter(p.down_state())
            return
        p.parked = ""
        p.wake("stopped")

    def stand(self, p: Process) -> Steps:
        """A machine that would take a job and may not."""
        while p.asked:
            q = p.asked.popleft()
            p.down["later"] -= 1
            p.down["planned"] = p.down.get("planned", 0) + 1
            q.wake()
        p.parked = EMPTY
        p.enter(p.down_state())
        yield p.pause()

    def repair(self, p: Process, station: Station, number: int) -> Steps:
        down = station.breakdown
        assert down is not None
        waits = [
            d
            for d in self.site.disturbances
            if d.kind == "maintenance-delay" and (not d.stations or station.id in d.stations)
        ]
        if waits:
            yield from self.spell(p, waits[0].lasts or "", "DELAY", number, "failed")
        if down.crew:
            yield from self.acquire(p, self.crews[down.crew], "failed")
        yield from self.spell(p, down.time_to_repair, "REPAIR", number, "failed")
        self.release(p)

    def spell(self, p: Process, law: str, purpose: str, number: int, state: str, *, running: bool = False) -> Steps:
        """A time of unknown or fresh age, whatever the machine does."""
        p.left["rep"] = self.luck.span(law, purpose, number, p.draws, running=running)
        p.draws += 1
        yield from self.work(p, "rep", state, stoppable=False)

    def next_life(self, p: Process, station: Station, number: int) -> int:
        down = station.breakdown
        assert down is not None
        if down.repair == "minimal":
            life = self.luck.aged(down.time_to_failure, number, p.draws, p.aged)
            p.aged += life
        else:
            life = self.luck.span(down.time_to_failure, "FAILURE", number, p.draws, running=p.draws == 0)
        p.draws += 1
        return life

    def failures(self, p: Process, machine: Process, station: Station, number: int) -> Steps:
        down = station.breakdown
        assert down is not None
        p.aged = round(down.age_h * 3600) * 10**9
        machine.fails_by = p
        while True:
            p.wake_at(self.env.now + self.next_life(p, station, number))
            yield p.pause()
            self.break_down(machine, "failed")
            yield from self.repair(p, station, number)
            self.mend(machine, "failed")

    def planned(self, p: Process, machine: Process, plan: Any, number: int, station: Station) -> Steps:
        every = 0 if plan.every_h is None else round(plan.every_h * 3600 * 10**9)
        clock = self.times.plans(plan)
        last: int | None = None
        while True:
            if every:
                when = int(self.luck.chance("PLAN_PHASE", number, 0) * every) if last is None else last + every
                if when < self.env.now:
                    when += ((self.env.now - when) // every + 1) * every
                last = when
            else:
                clock = [t for t in clock if t >= self.env.now]
                if not clock:
                    return
                when = clock.pop(0)
            p.wake_at(when)
            yield p.pause()
            if plan.interrupts:
                self.break_down(machine, "planned")
            elif machine.parked == EMPTY or self.out_of_line(machine):
                machine.down["planned"] = machine.down.get("planned", 0) + 1
                machine.enter(machine.down_state())
            else:
                machine.down["later"] = machine.down.get("later", 0) + 1
                machine.asked.append(p)
                yield p.pause()
            if plan.crew:
                yield from self.acquire(p, self.crews[plan.crew], "planned")
            yield from self.spell(p, plan.time, "PLANNED", number, "planned")
            self.release(p)
            if plan.renews:
                self.renew(machine, station, number & ((1 << 20) - 1))
            self.mend(machine, "planned")

    def renew(self, machine: Process, station: Station, number: int) -> None:
        """Planned work has made a machine as good as new: it has a whole new life, unless it is down meanwhile."""
        assert station.breakdown is not None
        who = machine.fails_by or machine
        who.aged = life = self.luck.span(station.breakdown.time_to_failure, "FAILURE", number, who.draws)
        who.draws += 1
        if who is machine:
            machine.life = life
        elif not machine.down.get("failed"):
            who.wake_at(self.env.now + life)

    def stops(self, p: Process, machines: list[Process], every: str, lasts: str, number: int) -> Steps:
        while True:
            yield from self.spell(p, every, "STOP_EVERY", number, "starved", running=p.draws == 0)
            for m in machines:
                self.break_down(m, "stopped")
            yield from self.spell(p, lasts, "STOP", number, "stopped")
            for m in machines:
                self.mend(m, "stopped")

    # --- orders and release

    def demand(self, p: Process, stream: list[Demand]) -> Steps:
        first = self.index[stream[0].product]
        for k in itertools.count():
            d = stream[0]
            if len(stream) > 1:
                u, so_far = self.luck.chance("SHARE", first, k), 0.0
                for d in stream:
                    so_far += d.share or 0.0
                    if u < so_far:
                        break
            line = self.products[self.index[d.product]]
            due = self.env.now + round(d.due_h * 3600) * 10**9
            line.pattern.append(Order(self.env.now, due, line.product.priority, d.quantity, d.quantity))
            self.wake_desk()
            span = self.luck.span(stream[0].every, "DEMAND", first, k)
            when = self.times.open_after(self.env.now, span)
            if when is None:
                return
            p.wake_at(when)
            yield p.pause()

    def orders(self, p: Process) -> Steps:
        todo = deque(self.book)
        while todo:
            p.wake_at(max(todo[0][0], self.env.now))
            yield p.pause()
            while todo and todo[0][0] <= self.env.now:
                _, product, order = todo.popleft()
                self.products[product].enlist(order)
            self.wake_desk()

    def desk(self, p: Process) -> Steps:
        release = self.site.release
        if release is not None and release.times:
            for when in self.times.daily(release.times):
                p.wake_at(when)
                yield p.pause()
                self.let_in()
            return
        while True:
            self.let_in()
            self.desk_waits = True
            yield p.pause()

    def let_in(self) -> None:
        release = self.site.release
        limit = release.wip_limit if release is not None and release.wip_limit is not None else 1 << 60
        shares = release.wip_limits if release is not None else {}
        while True:
            best, best_key = None, (0, 0)
            for line in self.products:
                order = line.next_order()
                if order is None or line.here >= shares.get(line.product.id, 1 << 60):
                    continue
                if not line.is_part and self.on_floor - self.parts_here >= limit:
                    continue
                way = line.way_in(self)
                if way is None:
                    continue
                key = (order.priority, order.came)
                if best is None or key < best_key:
                    best, best_key = (line, order, way), key
            if best is None:
                return
            line, order, way = best
            line.release(order)
            job = Job(
                line.index,
                line.serials,
                order if order.number >= 0 else None,
                order.came,
                order.due,
                order.priority,
                self.env.now,
            )
            line.serials += 1
            self.count(line, 1)
            self.note("start", job.product, job.serial)
            job.route, job.step, job.place = way[0]
            way[1].promised += 1
            self.arrive(way[1], job)

    def count(self, line: Line, change: int) -> None:
        now_us = self.env.now // 1000
        self.job_us += self.on_floor * (now_us - self.counted_us)
        self.counted_us = now_us
        self.on_floor += change
        line.here += change
        self.parts_here += change * line.is_part

    def finish(self, lot: Job) -> None:
        line = self.products[lot.product]
        for job in [lot, *lot.carries]:
            self.note("exit", job.product, job.serial)
            self.count(line, -1)
            line.flow_us += (self.env.now - job.released) // 1000
            line.lead_us += (self.env.now - job.came) // 1000
            line.fill(job.order, self)
        self.wake_desk()

    def scrap(self, lot: Job) -> None:
        line = self.products[lot.product]
        for job in [lot, *lot.carries]:
            self.note("scrap", job.product, job.serial)
            self.count(line, -1)
            line.scrapped += 1
            line.lose(job.order, self)
        self.wake_desk()

    # --- ways

    def places(self, step: Step, here: Station | None) -> list[tuple[int, Store, int]]:
        """The places of a step, each with the store that a job from `here` goes to, and its station."""
        found = []
        for n, visit in enumerate(step.places):
            i = self.station[visit.station]
            belt = self.belts.get((here.id, visit.station)) if here is not None else None
            found.append((n, belt or self.stores[i], i if belt is None else belt.station))
        return found

    def best_place(self, ways: list[Any], choice: str) -> Any:
        best, best_key = None, 0
        for way in ways:
            s = way[1]
            if not s.room or s.givers:
                continue
            idle = bool(s.takers)
            key = {"priority": 0, "first-free": int(not idle)}.get(choice, len(s.jobs) + s.promised + int(not idle))
            if best is None or key < best_key:
                best, best_key = way, key
        return best

    # --- vehicles, on straight ways

    def vehicle(self, p: Process, fleet: Fleet) -> Steps:
        p.where = -1
        while True:
            if self.calls:
                caller = self.calls[0]
                if fleet.call_choice == "nearest":
                    caller = min(self.calls, key=lambda q: self.times.empty(p.where, q.where))
                self.calls.remove(caller)
            else:
                self.vehicles_wait.append(p)
                p.enter("starved")
                caller = yield p.pause()
            job = caller.load[0]
            half = self.luck.span(fleet.handling, "CARRY", job.product, self.name_of(job)) // 2
            p.enter("moving")
            p.wake_at(self.env.now + self.times.empty(p.where, caller.where) + half)
            yield p.pause()
            caller.load.pop(0)
            caller.sent += 1
            caller.has_room = False
            way = job.going
            assert way is not None
            caller.wake("taken")
            p.load = [job]
            self.arrived(job)
            there = way[2]
            p.wake_at(self.env.now + self.times.loaded(caller.where, there) + half)
            p.where = there
            yield p.pause()
            p.load = []
            p.sent += 1
            self.arrive(way[1], job)

    def call(self, p: Process) -> None:
        if not self.vehicles_wait:
            self.calls.append(p)
            return
        v = self.vehicles_wait[0]
        if self.site.fleets[0].vehicle_choice == "nearest":
            v = min(self.vehicles_wait, key=lambda v: self.times.empty(v.where, p.where))
        self.vehicles_wait.remove(v)
        v.wake(p)

    def name_of(self, job: Job) -> int:
        if job.fresh:
            return self.luck.job_name(job.serial, 0, job.named)
        product = self.site.products[job.product]
        return self.luck.job_name(job.serial, job.passes, step_number(product, job))

    def visit(self, job: Job) -> Any:
        return self.site.products[job.product].routes[job.route][job.step].places[job.place]

    def arrived(self, job: Job) -> None:
        """The job is now at the step that it was going to."""
        assert job.going is not None
        job.route, job.step, job.place = job.going[0]
        job.going, job.fresh = None, False

    # --- conveyors

    def belt(self, p: Process, c: Any) -> Steps:
        transit = round(c.length_m / c.speed_m_per_s * 10**9)
        headway = round(c.spacing_m / c.speed_m_per_s * 10**9)
        s = self.belts[c.start, c.end]
        places = s.capacity
        there = self.stores[self.station[c.end]]
        last_on = last_off = -(1 << 60)
        while True:
            if not s.jobs:
                s.takers.append(p)
                p.enter("starved")
                yield p.pause()
                continue
            job = s.jobs[0]
            on = max(job.entered, last_on + headway)
            due = max(on + transit, last_off + headway)
            if due > self.env.now:
                p.enter("moving")
                p.wake_at(due)
                yield p.pause()
                continue
            if there.givers or not there.room:
                there.givers.append(p)
                p.enter("blocked")
                since = self.env.now
                if not c.accumulating:
                    s.capacity = 0
                yield p.pause()
                p.has_room = False
                if not c.accumulating:
                    s.capacity = places
                    stood = self.env.now - since
                    on += stood
                    for other in s.jobs:
                        other.entered += stood
            else:
                there.promised += 1
            last_on, last_off = on, self.env.now
            p.sent += 1
            self.take(s, job)
            self.arrive(there, job)


class Line:
    """A product: its orders, and how its jobs begin."""

    def __init__(self, floor: Floor, index: int, product: Product) -> None:
        self.index, self.product = index, product
        self.pattern: list[Order] = []
        """Orders of the pattern of demand, as they came."""
        self.open_from = self.out_from = 0
        """The oldest of them with jobs to complete, to release."""
        self.booked: list[Order] = []
        """Orders of the book with jobs to release, as they are served."""
        self.serials = self.here = self.done = self.on_time = self.orders_done = 0
        self.scrapped = self.reworked = self.flow_us = self.lead_us = self.late_us = 0
        self.is_part = False
        mine = [d for d in floor.site.demand if d.product == product.id]
        self.replaces = mine[0].replace_scrap if mine else True

    def enlist(self, order: Order) -> None:
        k = next((k for k, o in enumerate(self.booked) if o.priority > order.priority), len(self.booked))
        self.booked.insert(k, order)

    def next_order(self) -> Order | None:
        pattern = self.pattern[self.out_from] if self.out_from < len(self.pattern) else None
        booked = self.booked[0] if self.booked else None
        if pattern is None or booked is None:
            return pattern or booked
        return booked if (booked.priority, booked.came) <= (pattern.priority, pattern.came) else pattern

    def release(self, order: Order) -> None:
        order.out -= 1
        if order.out == 0 and order.number >= 0:
            self.booked.remove(order)
        elif order.out == 0:
            self.out_from += 1

    def way_in(self, floor: Floor) -> Any:
        """Where the next job begins; None where there is no room."""
        if not self.product.route:
            shelf = floor.shelves[self.product.id]
            return ((0, 0, 0), shelf, shelf.station) if shelf.room else None
        which = floor.luck.job_name(self.serials, 0, ENTRY)
        return first_place(floor, self, which)

    def fill(self, booked: Order | None, floor: Floor) -> None:
        self.done += 1
        if booked is None and self.open_from == len(self.pattern):
            return
        order = booked or self.pattern[self.open_from]
        order.left -= 1
        if order.left:
            return
        self.orders_done += 1
        self.on_time += floor.env.now <= order.due
        self.late_us += max(0, floor.env.now - order.due) // 1000
        floor.note("order", self.index, order.number)
        if booked is None:
            self.open_from += 1

    def lose(self, booked: Order | None, floor: Floor) -> None:
        """A job was scrapped: one more is released for it, where that is made again."""
        if booked is not None and not self.replaces:
            self.done -= 1
            self.fill(booked, floor)
            return
        if booked is not None:
            booked.out += 1
            if booked.out == 1:
                self.enlist(booked)
        elif self.replaces and self.open_from < len(self.pattern):
            self.out_from = min(self.out_from, len(self.pattern) - 1)
            self.pattern[self.out_from].out += 1


def first_route(floor: Floor, line: Line, which: int) -> int:
    """Which of the product's routes a job takes, by chance."""
    r, others = 0, line.product.other_routes
    if others:
        u, so_far = floor.luck.chance("ROUTE", line.index, which), 1.0 - sum(o.share for o in others)
        while r < len(others) and u >= so_far:
            so_far += others[r].share
            r += 1
    return r


def first_place(floor: Floor, line: Line, which: int) -> Any:
    """Where a route begins: route by chance, place by choice; None where there is no room."""
    r = first_route(floor, line, which)
    step = line.product.routes[r][0]
    ways = [((r, 0, n), s, i) for n, s, i in floor.places(step, None)]
    way: Any = ways[0]
    if step.others and step.choice == "probability":
        way = ways[by_share(floor.luck.chance("WAY", line.index, which), step)]
    elif step.others:
        way = floor.best_place(ways, step.choice)
    return way if way is not None and way[1].room else None


def by_share(u: float, step: Step) -> int:
    so_far = 1.0 - sum(o.share or 0.0 for o in step.others)
    n = 0
    while n < len(step.others) and u >= so_far:
        so_far += step.others[n].share or 0.0
        n += 1
    return n


class Machine:
    """One machine of a station, from taking a job to sending it on."""

    def __init__(self, floor: Floor, p: Process, station: Station, number: int) -> None:
        self.floor, self.p, self.station, self.number = floor, p, station, number
        p.helps_itself = station.batch > 1 or station.cards is not None
        self.store = floor.stores[floor.station[station.id]]
        self.used: list[list[int]] = [[] for plan in station.maintenance if plan.counts == "running"]
        self.cold = -(1 << 60)
        down = station.breakdown
        p.aged = round(down.age_h * 3600) * 10**9 if down else 0

    def life_of(self) -> Steps:
        floor, p, station = self.floor, self.p, self.station
        down = station.breakdown
        runs_down = down is not None and down.counts == "running"
        setup_crew, crew = self.crews()
        if runs_down:
            p.life = floor.next_life(p, station, self.number)
        while True:
            yield from self.upkeep()
            yield from self.take()
            yield from self.kit()
            yield from self.warm_up()
            if station.setup and p.last != p.load[0].product:
                job = p.load[0]
                p.last = job.product
                p.left["rem"] = floor.luck.span(station.setup, "SETUP", job.product, floor.name_of(job))
                if setup_crew is not None:
                    yield from floor.acquire(p, setup_crew, "no crew")
                yield from floor.work(p, "rem", "setup", stoppable=True, crew=setup_crew)
                if setup_crew is not crew:
                    floor.release(p)
            p.left["rem"] = max(self.time_of(job) for job in p.load)
            for counter in self.used:
                counter[0] += p.left["rem"]
            while True:
                if crew is not None:
                    yield from floor.acquire(p, crew, "no crew")
                failed = yield from floor.work(p, "rem", "busy", stoppable=True, crew=crew)
                if not failed:
                    break
                floor.release(p)
                yield from floor.repair(p, station, self.number)
                p.life = floor.next_life(p, station, self.number)
            self.cold = floor.env.now
            floor.release(p)
            self.take_apart()
            self.form_and_split()
            yield from self.leave()
            if self.store.cards:
                self.store.promised -= p.cards
                p.cards = 0
                floor.admit(self.store)

    def crews(self) -> tuple[Crew | None, Crew | None]:
        crew = self.floor.crews[self.station.crew] if self.station.crew else None
        return crew, None if self.station.crew_for == "setup" else crew

    def time_of(self, job: Job) -> int:
        visit = self.floor.visit(job)
        return self.floor.luck.span(visit.time, "TIME", job.product, self.floor.name_of(job))

    def upkeep(self) -> Steps:
        """Planned work by hours of processing, between two jobs."""
        plans = [plan for plan in self.station.maintenance if plan.counts == "running"]
        for i, (plan, counter) in enumerate(zip(plans, self.used, strict=True)):
            limit = round((plan.every_h or 0.0) * 3600) * 10**9
            if not counter:
                number = self.number + (i << 20)
                counter.append(int(self.floor.luck.chance("PLAN_PHASE", number, 1) * limit))
            if counter[0] < limit:
                continue
            counter[0] = 0
            if plan.crew:
                yield from self.floor.acquire(self.p, self.floor.crews[plan.crew], "planned")
            yield from self.floor.spell(self.p, plan.time, "PLANNED", self.number, "planned")
            self.floor.release(self.p)
            if plan.renews:
                self.floor.renew(self.p, self.station, self.number)

    def warm_up(self) -> Steps:
        warm = self.station.warm_up
        if warm is None or self.floor.env.now - self.cold <= round(warm.after_min * 60) * 10**9:
            return
        p = self.p
        p.left["rem"] = self.floor.luck.span(warm.time, "WARMING", self.number, p.draws)
        p.draws += 1
        yield from self.floor.work(p, "rem", "warming", stoppable=True)

    # --- taking

    def take(self) -> Steps:
        if self.store.rule == "timed":
            yield from self.gather()
            return
        floor, p, s = self.floor, self.p, self.store
        while True:
            if any(p.down.values()):
                yield from floor.stand(p)
                continue
            if s.jobs:
                break
            s.takers.append(p)
            p.waits_at = s
            p.enter("starved")
            if s.rule == "handed":
                floor.admit(s)
            got = yield p.pause()
            if isinstance(got, Job):
                p.load = [got]
                return
        p.load = []
        last = p.last
        while s.jobs and len(p.load) < self.station.batch:
            p.load.append(floor.take(s, min(s.jobs, key=lambda job: self.rank(job, last))))
            last = p.load[0].product
        if s.cards:
            p.cards = len(p.load)

    def rank(self, job: Job, last: int | None) -> float:
        luck, rule = self.floor.luck, self.station.dispatch
        route = self.floor.site.products[job.product].routes[job.route]
        if rule == "spt":
            return luck.mean_ns(self.floor.visit(job).time)
        if rule == "edd":
            return job.due
        if rule == "cr":
            work = luck.mean_ns(self.floor.visit(job).time)
            work += sum(luck.mean_ns(step.time or "") for step in route[job.step + 1 :])
            # whole microseconds, and the ratio in whole hundred-thousandths: closer ones are equal
            return (job.due - self.floor.env.now) // 1000 * 100_000 // max(work // 1000, 1)
        if rule == "setup-minimising":
            return int(job.product != last)
        if rule == "priority":
            return self.station.priorities.get(self.floor.site.products[job.product].id, 0) or job.priority
        return 0

    def gather(self) -> Steps:  # noqa: C901 - one wait with four ends
        """Wait until there are enough, or one has waited long enough; a full buffer is not waited for."""
        floor, p, s, station = self.floor, self.p, self.store, self.station
        wait = None if station.batch_wait_min is None else round(station.batch_wait_min * 60 * 10**9)
        while True:
            p.timer += 1
            if p in s.takers:
                s.takers.remove(p)
            if any(p.down.values()):
                yield from floor.stand(p)
                continue
            now, until, chosen = floor.env.now, None, None
            for job in s.jobs:
                alike = [j for j in s.jobs if self.alike(j, job)]
                rest = [j for j in alike if s.jobs.index(j) >= s.jobs.index(job)]
                if len(s.jobs) >= s.capacity or len(rest) >= station.batch_least:
                    chosen = job
                elif wait is not None:
                    due = job.entered + wait
                    if due <= now:
                        chosen = job
                    else:
                        until = due if until is None else min(until, due)
                if chosen is not None or not (station.batch_alike or station.lot):
                    break
            if chosen is not None:
                break
            s.takers.append(p)
            p.waits_at = s
            p.enter("starved")
            event = p.pause()
            if until is not None:
                p.wake_at(until)
            yield event
        load = [j for j in s.jobs if self.alike(j, chosen)][: station.batch]
        for job in load:
            floor.take(s, job)
        p.load = load
        if s.cards:
            p.cards = len(load)
        if s.takers and s.jobs:
            s.takers.popleft().wake("look")

    def alike(self, a: Job, b: Job) -> bool:
        """Whether two jobs may be in one load."""
        if self.station.lot:
            return (a.product, a.route, a.step, a.place) == (b.product, b.route, b.step, b.place)
        return not self.station.batch_alike or a.product == b.product

    def kit(self) -> Steps:
        """Take what the job needs off the shelves, all at once."""
        floor, p = self.floor, self.p
        if not any(step.takes for product in floor.site.products for r in product.routes for step in r
                   if self.station.id in {v.station for v in step.places}):  # fmt: skip
            return
        waited: Store | None = None
        while True:
            if any(p.down.values()):
                if p.state == "starved" and waited is not None:
                    self.let_look(waited)
                yield from floor.stand(p)
                continue
            job = p.load[0]
            step = floor.site.products[job.product].routes[job.route][job.step]
            short = next((t for t in step.takes if len(floor.shelves[t.product].jobs) < t.quantity), None)
            if short is None:
                break
            s = floor.shelves[short.product]
            waits_still = p.state == "starved" and waited is not None
            again = waits_still and waited is s
            if waits_still and waited is not None and not again:
                self.let_look(waited)
            place = 0 if again else len(s.takers)
            if s.ranked:
                place = sum(q.load[0].priority <= job.priority - again for q in s.takers)
            s.takers.insert(place, p)
            waited = p.waits_at = s
            p.enter("starved")
            yield p.pause()
        p.waits_at = None
        for t in step.takes:
            s = floor.shelves[t.product]
            for _ in range(t.quantity):
                floor.take(s, s.jobs[0])
            self.let_look(s)

    def let_look(self, s: Store) -> None:
        if s.takers and s.jobs:
            s.takers.popleft().wake("look")

    # --- sending on

    def take_apart(self) -> None:
        floor, p = self.floor, self.p
        pieces: list[Job] = []
        for job in p.load:
            product = floor.site.products[job.product]
            step = product.routes[job.route][job.step]
            if not step.gives:
                pieces.append(job)
                continue
            for given in step.gives:
                line = floor.products[floor.index[given.product]]
                for _ in range(given.quantity):
                    ordered = job.priority != product.priority  # by an order, which its pieces keep
                    number = job.priority if ordered else line.product.priority
                    piece = Job(line.index, line.serials, None, job.came, job.due, number, job.released)
                    line.serials += 1
                    floor.count(line, 1)
                    floor.note("start", piece.product, piece.serial)
                    piece.fresh = True
                    if not line.product.route:
                        piece.named = step_number(product, job)
                    pieces.append(piece)
            floor.finish(job)
        p.load = pieces

    def form_and_split(self) -> None:
        """The load is one lot from here on; or each of its lots leaves in smaller ones."""
        p = self.p
        if self.station.lot:
            jobs = [job for lot in p.load for job in (lot, *lot.carries)]
            for job in jobs:
                job.carries = []
            jobs[0].carries = jobs[1:]
            p.load = jobs[:1]
        if self.station.split:
            load = []
            for lot in p.load:
                jobs = [lot, *lot.carries]
                for k in range(0, len(jobs), self.station.split):
                    first, *others = jobs[k : k + self.station.split]
                    first.carries = others
                    first.route, first.step, first.place = lot.route, lot.step, lot.place
                    load.append(first)
            p.load = load

    def decide(self, job: Job) -> bool:
        """Set where a job goes from here, as far as that is a matter of chance; False: it was scrapped."""
        floor = self.floor
        product = floor.site.products[job.product]
        if job.fresh:
            self.begin(job)
            return True
        route = product.routes[job.route]
        step, after = route[job.step], job.step + 1
        if step.outcomes:
            u, so_far = floor.luck.chance("OUTCOME", job.product, floor.name_of(job)), 0.0
            for n, outcome in enumerate(step.outcomes):
                so_far += outcome.share
                if u >= so_far and not (n == len(step.outcomes) - 1 and so_far > 1 - 1e-9):
                    continue
                if outcome.to == "scrap":
                    return False
                after = (
                    len(route)
                    if outcome.to == "done"
                    else next(k for k, s in enumerate(route) if s.called == outcome.to)
                )
                if after <= job.step:
                    which = (job.route, job.step, n)
                    if outcome.at_most and job.back.get(which, 0) >= outcome.at_most:
                        return False
                    if outcome.at_most:
                        job.back[which] = job.back.get(which, 0) + 1
                    for each in [job, *job.carries]:
                        floor.products[job.product].reworked += 1
                        each.passes += 1
                        each.back = dict(job.back)
                break
        if after == len(route):
            self.to_end(job)
            return True
        self.to_step(job, job.route, after, self.station)
        return True

    def to_end(self, job: Job) -> None:
        name = self.floor.site.products[job.product].id
        shelf = self.floor.shelves.get(name)
        job.going = ("out",) if shelf is None else ((job.route, job.step, job.place), shelf, shelf.station)

    def begin(self, job: Job) -> None:
        """A piece of a job that was taken apart: where its own route begins."""
        floor = self.floor
        line = floor.products[job.product]
        if not line.product.route:
            shelf = floor.shelves[line.product.id]
            job.going = ((0, 0, 0), shelf, shelf.station)
            return
        self.to_step(job, first_route(floor, line, floor.name_of(job)), 0, None)

    def to_step(self, job: Job, r: int, k: int, here: Station | None) -> None:
        floor = self.floor
        step = floor.site.products[job.product].routes[r][k]
        ways = [((r, k, n), s, i) for n, s, i in floor.places(step, here)]
        if not step.others:
            job.going = ways[0]
        elif step.choice == "probability":
            job.going = ways[by_share(floor.luck.chance("WAY", job.product, floor.name_of(job)), step)]
        else:
            job.going = ("any", ways, step.choice)

    def leave(self) -> Steps:
        floor, p = self.floor, self.p
        while p.load:
            job = p.load[0]
            if job.going is None and not self.decide(job):
                p.load.pop(0)
                p.sent += 1
                floor.scrap(job)
                continue
            assert job.going is not None
            if job.going == ("out",):
                p.load.pop(0)
                p.sent += 1
                floor.finish(job)
                continue
            if job.going[0] == "any":
                way = floor.best_place(job.going[1], job.going[2])
                if way is None:
                    floor.group([w[1] for w in job.going[1]]).givers.append(p)
                    p.enter("blocked")
                    yield p.pause()
                else:
                    job.going = way
                continue
            s = job.going[1]
            if not p.has_room:
                if s.givers or not s.room:
                    s.givers.append(p)
                    p.enter("blocked")
                    yield p.pause()
                    continue
                s.promised += 1
                p.has_room = True
            if floor.site.fleets and self.carried(job):
                p.enter("blocked")
                floor.call(p)
                yield p.pause()
                continue
            p.load.pop(0)
            p.sent += 1
            p.has_room = False
            floor.arrived(job)
            floor.arrive(s, job)

    def carried(self, job: Job) -> bool:
        """Whether a vehicle takes it: to another area, and not by a belt."""
        assert job.going is not None
        return self.floor.site.stations[job.going[2]].area != self.station.area


class Times(Protocol):
    """What calendars and geometry say, nanoseconds from the start."""

    crews: dict[str, list[tuple[int, int]]]

    def open_after(self, now: int, span: int) -> int | None: ...
    def daily(self, clocks: tuple[str, ...]) -> list[int]: ...
    def plans(self, plan: Any) -> list[int]: ...
    def book(self, floor: Floor) -> list[tuple[int, int, Order]]: ...
    def empty(self, here: int, there: int) -> int: ...
    def loaded(self, here: int, there: int) -> int: ...


def step_number(product: Product, job: Job) -> int:
    """Steps are counted through all routes of a product."""
    return sum(len(r) for r in product.routes[: job.route]) + job.step


def rule_of(station: Station, buffer: Buffer) -> str:
    if buffer.capacity == 0 and not station.cards:
        return "handed"
    return "timed" if station.batch_least > 1 or station.batch_alike or station.lot else buffer.discipline


def streams(site: Site) -> list[list[Demand]]:
    found: dict[str, list[Demand]] = {}
    for n, d in enumerate(site.demand):
        found.setdefault(f"{n}" if d.share is None else f"every {d.every}", []).append(d)
    return list(found.values())
