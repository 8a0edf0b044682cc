"""What jobs wait for: people in crews, room in buffers, and the bell that says that something changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import simpy

from andon.plant.board import Board


@dataclass(eq=False, slots=True)
class Job:
    """One job on the floor or in the order book."""

    number: int
    product: str
    order: str
    step: int = 0
    material: bool = True
    """False while its material has not arrived."""


class Bell:
    """An event that can be waited for again and again."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self.event = env.event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        rung, self.event = self.event, self._env.event()
        rung.succeed()


class CrewPool:
    """People of one crew: how many are on shift, how many are held; whoever asked first is served first.

    When the shift or a break takes people away, those who hold a job finish it before they leave.
    """

    def __init__(self, env: simpy.Environment, crew: str, board: Board) -> None:
        self.crew = crew
        self.scheduled = 0
        self.held = 0
        self.bell = Bell(env)
        self._env = env
        self._board = board
        self._asking: deque[simpy.Event] = deque()
        self._publish()

    def schedule(self, count: int) -> None:
        """From now on `count` people are meant to be there."""
        if count != self.scheduled:
            self.scheduled = count
            self._serve()
            self.bell.ring()

    def request(self) -> simpy.Event:
        """An event that succeeds when a person comes; give them back with `release`."""
        asked = self._env.event()
        self._asking.append(asked)
        self._serve()
        return asked

    def release(self) -> None:
        """The person is free again."""
        if self.held <= 0:
            raise RuntimeError(f"crew `{self.crew}` gave back a person it did not have")
        self.held -= 1
        self._serve()

    def _serve(self) -> None:
        while self._asking and self.held < self.scheduled:
            self.held += 1
            self._asking.popleft().succeed()
        self._publish()

    def _publish(self) -> None:
        self._board.put(self._env.now, f"{self.crew}.present", max(self.scheduled, self.held))


@dataclass(eq=False)
class JobBuffer:
    """Jobs in front of a station, first in first out; room is reserved before a job sets out."""

    env: simpy.Environment
    name: str
    capacity: int
    board: Board
    jobs: deque[Job] = field(default_factory=deque)
    reserved: int = 0
    on_room: Callable[[], None] | None = None
    """Called when a job has left, with room to spare."""

    def __post_init__(self) -> None:
        self.arrival = Bell(self.env)
        self._asking: deque[simpy.Event] = deque()
        self._publish()

    def free(self) -> int:
        """Places that are neither taken nor promised."""
        return self.capacity - len(self.jobs) - self.reserved

    def reserve(self) -> simpy.Event:
        """An event that succeeds when a place is promised."""
        asked = self.env.event()
        self._asking.append(asked)
        self._promise()
        return asked

    def put(self, job: Job) -> None:
        """A job arrives in its promised place."""
        if self.reserved <= 0:
            raise RuntimeError(f"buffer `{self.name}` received a job it had promised no place")
        self.reserved -= 1
        self.jobs.append(job)
        self._publish()
        self.arrival.ring()

    def take(self, count: int) -> list[Job]:
        """Up to `count` jobs, oldest first."""
        taken = [self.jobs.popleft() for _ in range(min(count, len(self.jobs)))]
        self._publish()
        self._promise()
        if self.free() > 0 and self.on_room is not None:
            self.on_room()
        return taken

    def _promise(self) -> None:
        while self._asking and self.free() > 0:
            self.reserved += 1
            self._asking.popleft().succeed()

    def _publish(self) -> None:
        self.board.put(self.env.now, f"{self.name}.level", len(self.jobs))
