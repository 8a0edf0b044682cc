"""The floor: stations, buffers, crews, vehicles and the order desk, wired together from a site."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from andon.core.time import SECOND
from andon.plant.board import Board
from andon.plant.controller import Chamber, Controller
from andon.plant.draws import Draws, PlantError
from andon.plant.hours import Hours
from andon.plant.machines import Machine, Surroundings
from andon.plant.orders import OrderDesk, is_sequence
from andon.plant.people import CrewRota, LocalSwitch, StationStops
from andon.plant.pools import CrewPool, Job, JobBuffer
from andon.plant.vehicles import Dispatcher, Place, Vehicle
from andon.site.floor import Station
from andon.site.model import Signal, Site

Steps = Generator[simpy.Event, Any, None]


class Floor:
    """Everything that moves, in one simulated environment whose zero is `base_ns` of site time."""

    def __init__(self, site: Site, seed: int, base_ns: int, next_order: dict[str, int] | None = None) -> None:
        self.env = simpy.Environment()
        self.board = Board()
        self.draws = Draws(site, seed)
        self.machines: dict[str, Machine] = {}
        self.controllers: dict[str, Controller] = {}
        self.switches: dict[str, LocalSwitch] = {}
        self.stops: dict[str, StationStops] = {}
        self._site = site
        self._base_ns = base_ns
        self._hours = Hours(site)
        self._signals = {s.id: s for s in site.signals}
        self._places: dict[str, Place] = {e.id: (e.x_m, e.y_m) for e in site.elements}
        self._products = {p.id: p for p in site.products}
        self._stations = {s.id: s for s in site.stations}
        self.crews = {c.id: CrewPool(self.env, c.id, self.board) for c in site.crews}
        self.buffers = {b.id: JobBuffer(self.env, b.id, b.capacity, self.board) for b in site.buffers}
        self._dispatcher = Dispatcher(self.env, self.draws, self._vehicles())
        for crew in site.crews:
            CrewRota(self.env, self.draws, self._hours, base_ns, crew, self.crews[crew.id])
        for station in site.stations:
            self._build(station)
        self.desk = self._order_desk(next_order or {})
        for signal in site.signals:
            if signal.writable and signal.id not in self.controllers and signal.type in {"float", "int"}:
                self._plain_register(signal)

    def _vehicles(self) -> list[Vehicle]:
        return [
            Vehicle(name, fleet, self._places.get(name, (0.0, 0.0)), self.board)
            for fleet in self._site.fleets
            for name in fleet.vehicles
        ]

    def _build(self, station: Station) -> None:
        around = Surroundings(
            env=self.env,
            board=self.board,
            draws=self.draws,
            products=self._products,
            curves={c.id: c for c in self._site.curves},
            hand_on=self._hand_on,
        )
        built = []
        for name in station.machines:
            controller = self._machine_controller(name, station)
            chamber = None
            if controller is not None:
                chamber = Chamber(self.env, controller, self.draws.streams[f"{name} sensor"])
                chamber.origin_s = self._base_ns / SECOND
                self.board.analogues[f"{name}.temperature"] = chamber.felt
                self.switches[name] = LocalSwitch(self.env, self.draws, self.board, name, controller)
            else:
                self.board.put(self.env.now, f"{name}.remote", True)
            machine = Machine(
                name, station, self.buffers[station.buffer], self.crews, around, controller=controller, chamber=chamber
            )
            self.machines[name] = machine
            built.append(machine)
        if station.crew is not None:
            self.stops[station.id] = StationStops(self.env, self.draws, station.id, built, self.crews[station.crew])

    def _machine_controller(self, machine: str, station: Station) -> Controller | None:
        if station.setpoint is None:
            return None
        name = f"{machine}.{station.setpoint}"
        signal = self._signals.get(name)
        low, high = reach(signal)
        active = signal.confirm_signal if signal is not None and signal.confirm_signal is not None else f"{name}_active"
        controller = Controller(
            self.env,
            self.board,
            self.draws.streams[f"{machine} controller"],
            signal=name,
            active_signal=active,
            initial=self._initial_setpoint(signal, station),
            accepts=lambda value: low <= value <= high,
        )
        self.controllers[name] = controller
        return controller

    def _initial_setpoint(self, signal: Signal | None, station: Station) -> float:
        """The middle of what the signal may be set to, or of the station's curve."""
        if signal is not None and signal.min is not None and signal.max is not None:
            return (signal.min + signal.max) / 2
        named = {s.curve for p in self._site.products for s in p.route if s.station == station.id and s.curve}
        inputs = [x for curve in self._site.curves if curve.id in named for x, _ in curve.points]
        return (min(inputs) + max(inputs)) / 2 if inputs else 0.0

    def _order_desk(self, next_order: dict[str, int]) -> OrderDesk:
        controller = self._sequence_controller()
        desk = OrderDesk(
            env=self.env,
            board=self.board,
            draws=self.draws,
            hours=self._hours,
            base_ns=self._base_ns,
            products=self._site.products,
            release=self._site.release,
            room=lambda job: self._first_buffer(job).free() > 0,
            enter=self._enter,
            controller=controller,
            next_order=dict(next_order),
        )
        for product in self._site.products:
            self._first_buffer(Job(0, product.id, "")).on_room = desk.try_release
        desk.open_for(self._site.demand)
        return desk

    def _sequence_controller(self) -> Controller | None:
        release = self._site.release
        if release is None or release.sequence_signal is None:
            return None
        count = len(self._site.products)
        if count > 9:
            raise PlantError("a release sequence has one digit a product and the site has more than 9; drop the signal")
        signal = self._signals.get(release.sequence_signal)
        element = release.sequence_signal.partition(".")[0]
        confirm = signal.confirm_signal if signal is not None else None
        controller = Controller(
            self.env,
            self.board,
            self.draws.streams["release controller"],
            signal=release.sequence_signal,
            active_signal=confirm or f"{element}.active_sequence",
            initial=int("".join(str(n) for n in range(1, count + 1))),
            accepts=lambda code: is_sequence(code, count),
        )
        self.controllers[release.sequence_signal] = controller
        self.board.put(self.env.now, f"{element}.remote", True)
        return controller

    def _plain_register(self, signal: Signal) -> None:
        """A writable number that the floor has no use for: taken over and confirmed like any other."""
        low, high = reach(signal)
        middle = (signal.min + signal.max) / 2 if signal.min is not None and signal.max is not None else 0.0
        self.controllers[signal.id] = Controller(
            self.env,
            self.board,
            self.draws.streams[f"{signal.id} controller"],
            signal=signal.id,
            active_signal=signal.confirm_signal or f"{signal.id}_active",
            initial=int(middle) if signal.type == "int" else middle,
            accepts=lambda value: low <= value <= high,
        )

    def _first_buffer(self, job: Job) -> JobBuffer:
        return self.buffers[self._stations[self._products[job.product].route[0].station].buffer]

    def _enter(self, job: Job) -> None:
        buffer = self._first_buffer(job)
        buffer.reserve()
        buffer.put(job)

    # Moving on

    def _hand_on(self, job: Job, machine: str) -> simpy.Event | None:
        route = self._products[job.product].route
        here = self._stations[route[job.step].station]
        job.step += 1
        if job.step == len(route):
            self.desk.complete(job)
            return None
        there = self._stations[route[job.step].station]
        buffer = self.buffers[there.buffer]
        drives = self._dispatcher.exists and here.area != there.area
        if not drives and buffer.free() > 0:
            buffer.reserve()
            buffer.put(job)
            return None
        return self.env.process(self._move(job, buffer, self._places[machine], self._place_of(there), drives=drives))

    def _place_of(self, station: Station) -> Place:
        return self._places.get(station.buffer) or self._places[station.machines[0]]

    def _move(self, job: Job, buffer: JobBuffer, start: Place, end: Place, *, drives: bool) -> Steps:
        yield buffer.reserve()
        if drives:
            yield self._dispatcher.carry(start, end, lambda: buffer.put(job))
        else:
            buffer.put(job)

    def jobs_on_floor(self) -> int:
        """Jobs in buffers, on machines and on vehicles, each once."""
        in_buffers = sum(len(b.jobs) for b in self.buffers.values())
        return in_buffers + len(self.jobs_on_machines()) + self._dispatcher.carrying

    def jobs_on_machines(self) -> list[Job]:
        """Jobs that machines hold, those still to be picked up included."""
        return [job for machine in self.machines.values() for job in machine.jobs]


def reach(signal: Signal | None) -> tuple[float, float]:
    """What a machine's controller accepts: the signal's range, which is wider than what the site lets itself write."""
    if signal is None:
        return float("-inf"), float("inf")
    low = signal.low if signal.low is not None else signal.min
    high = signal.high if signal.high is not None else signal.max
    return (low if low is not None else float("-inf")), (high if high is not None else float("inf"))
