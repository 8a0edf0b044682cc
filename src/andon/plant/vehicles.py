"""Vehicles: which one takes a job, where it is while it drives, and giving way in the aisles."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import simpy

from andon.plant.board import Board
from andon.plant.draws import Draws
from andon.site.floor import Fleet

Place = tuple[float, float]
TRAFFIC_CHANCE = 0.12
"""Share of drives on which a vehicle has to give way."""
TRAFFIC_S = (4.0, 20.0)
"""How long it then stands."""


class Vehicle:
    """One vehicle: its state, and its way as knots (seconds, x, y) between which it moves in a straight line."""

    def __init__(self, vehicle_id: str, fleet: Fleet, home: Place, board: Board) -> None:
        self.id = vehicle_id
        self.fleet = fleet
        self._board = board
        self._knots: list[tuple[float, float, float]] = [(0.0, *home)]
        board.analogues[f"{vehicle_id}.x"] = lambda at_s: self.place(at_s)[0]
        board.analogues[f"{vehicle_id}.y"] = lambda at_s: self.place(at_s)[1]
        board.put(0.0, f"{vehicle_id}.state", "idle")

    def place(self, at_s: float) -> Place:
        """Where it is at a moment, metres."""
        before = self._knots[0]
        for knot in self._knots:
            if knot[0] > at_s:
                span = knot[0] - before[0]
                share = (at_s - before[0]) / span if span > 0 and at_s > before[0] else 0.0
                return before[1] + share * (knot[1] - before[1]), before[2] + share * (knot[2] - before[2])
            before = knot
        return before[1], before[2]

    def set_out(self, now_s: float, to: Place, wait_s: float) -> float:
        """Plan the way to a place, standing `wait_s` half-way; returns seconds until arrival."""
        x, y = self.place(now_s)
        drive_s = math.hypot(to[0] - x, to[1] - y) / self.fleet.speed_m_per_s
        knots = [(now_s, x, y)]
        if wait_s > 0 and drive_s > 0:
            half = now_s + drive_s / 2
            middle = ((x + to[0]) / 2, (y + to[1]) / 2)
            knots += [(half, *middle), (half + wait_s, *middle)]
        else:
            wait_s = 0.0
        self._knots = [*knots, (now_s + drive_s + wait_s, *to)]
        return drive_s + wait_s

    def show(self, now_s: float, state: str) -> None:
        """Publish a state: idle, moving or loading."""
        self._board.put(now_s, f"{self.id}.state", state)


@dataclass(eq=False, slots=True)
class Carry:
    """A transport that was asked for."""

    start: Place
    end: Place
    loaded: simpy.Event
    deliver: Callable[[], None]


class Dispatcher:
    """Gives the oldest transport to the nearest free vehicle, of whatever fleet."""

    def __init__(self, env: simpy.Environment, draws: Draws, vehicles: list[Vehicle]) -> None:
        self._env = env
        self._draws = draws
        self._free = list(vehicles)
        self._asked: deque[Carry] = deque()
        self.exists = bool(vehicles)
        self.carrying = 0

    def carry(self, start: Place, end: Place, deliver: Callable[[], None]) -> simpy.Event:
        """Ask for a transport; the event succeeds when the job has left its machine, `deliver` runs on arrival."""
        order = Carry(start, end, self._env.event(), deliver)
        self._asked.append(order)
        self._assign()
        return order.loaded

    def _assign(self) -> None:
        while self._asked and self._free:
            order = self._asked.popleft()
            nearest = min(self._free, key=lambda v: (math.dist(v.place(self._env.now), order.start), v.id))
            self._free.remove(nearest)
            self._env.process(self._trip(nearest, order))

    def _trip(self, vehicle: Vehicle, order: Carry) -> Generator[simpy.Event, Any, None]:
        handling_s = self._draws.seconds(vehicle.fleet.handling, f"{vehicle.id} handling")
        yield from self._drive(vehicle, order.start)
        vehicle.show(self._env.now, "loading")
        yield self._env.timeout(handling_s / 2)
        self.carrying += 1
        order.loaded.succeed()
        yield from self._drive(vehicle, order.end)
        vehicle.show(self._env.now, "loading")
        yield self._env.timeout(handling_s / 2)
        self.carrying -= 1
        order.deliver()
        vehicle.show(self._env.now, "idle")
        self._free.append(vehicle)
        self._assign()

    def _drive(self, vehicle: Vehicle, to: Place) -> Generator[simpy.Event, Any, None]:
        stream = self._draws.streams[f"{vehicle.id} traffic"]
        wait_s = float(stream.uniform(*TRAFFIC_S)) if stream.random() < TRAFFIC_CHANCE else 0.0
        drive_s = vehicle.set_out(self._env.now, to, wait_s)
        vehicle.show(self._env.now, "moving")
        yield self._env.timeout(drive_s)
