"""What people do to the plant: they come and go by the shifts, halt a station now and then, switch a machine to local.

No person has a pace here. Stops and breaks are drawn a station or a crew, never an individual.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import simpy

from andon.core.time import SECOND
from andon.plant.board import Board
from andon.plant.controller import Controller
from andon.plant.draws import Draws
from andon.plant.hours import Hours, Spell
from andon.plant.machines import Machine
from andon.plant.pools import CrewPool
from andon.site.floor import Crew

Steps = Generator[simpy.Event, Any, None]
BREAK_LATE_S = 180.0
"""A crew goes on its break up to this late, and comes back as much later."""
STOP_EVERY_S = 50 * 60.0
"""Mean time between stops of a station for people's reasons, while its crew is there."""
STOP_S = (45.0, 150.0)
STOPS_FAULT_FACTOR = 10.0
LOCAL_EVERY_S = 9 * 3600.0
"""Mean time between two moments at which somebody switches a machine to local."""
LOCAL_S = (90.0, 300.0)
HAND_OVER_S = 1.0


class CrewRota:
    """One crew's comings and goings."""

    def __init__(
        self, env: simpy.Environment, draws: Draws, hours: Hours, base_ns: int, crew: Crew, pool: CrewPool
    ) -> None:
        self._env = env
        self._hours = hours
        self._base_ns = base_ns
        self._crew = crew
        self._pool = pool
        self._stream = draws.streams[f"{crew.id} breaks"]
        self._working: dict[str, int] = {}
        env.process(self._run())

    def _run(self) -> Steps:
        day = self._hours.day_of(self._base_ns) - timedelta(days=1)
        ahead = 3
        while True:
            for _ in range(ahead):
                for spell in self._hours.spells_of(day):
                    self._env.process(self._spell(spell))
                day += timedelta(days=1)
            ahead = 1
            yield self._env.timeout(86_400.0)

    def _spell(self, spell: Spell) -> Steps:
        for at_ns, change in self._events_of(spell):
            wait_s = (at_ns - self._base_ns) / SECOND - self._env.now
            if wait_s > 0:
                yield self._env.timeout(wait_s)
            self._working[spell.shift] = self._working.get(spell.shift, 0) + change
            self._env.process(self._settle())

    def _events_of(self, spell: Spell) -> list[tuple[int, int]]:
        events = [(spell.start_ns, 1), (spell.end_ns, -1)]
        for start_ns, length_ns in spell.pauses_ns:
            late_ns = round(float(self._stream.uniform(0, BREAK_LATE_S)) * SECOND)
            events.append((start_ns + late_ns, -1))
            events.append((start_ns + late_ns + length_ns, 1))
        return sorted(events)

    def _settle(self) -> Steps:
        """A hand-over is one moment: those who come and those who go are counted together."""
        yield self._env.timeout(HAND_OVER_S)
        self._pool.schedule(sum(self._crew.size.get(shift, 0) for shift, on in self._working.items() if on > 0))


class StationStops:
    """Somebody halts a station for a minute or two: a question, a dropped part, a phone call."""

    def __init__(
        self, env: simpy.Environment, draws: Draws, station: str, machines: list[Machine], crew: CrewPool
    ) -> None:
        self.factor = 1.0
        self._env = env
        self._machines = machines
        self._crew = crew
        self._stream = draws.streams[f"{station} stops"]
        env.process(self._run())

    def begin_fault(self) -> None:
        """People halt the station ten times as often."""
        self.factor = STOPS_FAULT_FACTOR

    def _run(self) -> Steps:
        while True:
            # Drawn in minutes, so that a change of the rate takes effect at once.
            yield self._env.timeout(60.0)
            if self._crew.scheduled > 0 and self._stream.random() < 60.0 * self.factor / STOP_EVERY_S:
                until_s = self._env.now + float(self._stream.uniform(*STOP_S))
                for machine in self._machines:
                    machine.halt_until(until_s)


class LocalSwitch:
    """Somebody switches a machine to local for some minutes, and back."""

    def __init__(
        self, env: simpy.Environment, draws: Draws, board: Board, machine: str, controller: Controller
    ) -> None:
        self._env = env
        self._board = board
        self._signal = f"{machine}.remote"
        self._controller = controller
        self._stream = draws.streams[f"{machine} local"]
        self._person = False
        self._fault = False
        self._show()
        env.process(self._run())

    def _run(self) -> Steps:
        while True:
            yield self._env.timeout(float(self._stream.exponential(LOCAL_EVERY_S)))
            self._person = True
            self._show()
            yield self._env.timeout(float(self._stream.uniform(*LOCAL_S)))
            self._person = False
            self._show()

    def fault(self, local: bool) -> None:
        """Keep the machine in local, or give it back."""
        self._fault = local
        self._show()

    def _show(self) -> None:
        remote = not (self._person or self._fault)
        self._controller.set_remote(remote)
        self._board.put(self._env.now, self._signal, remote)
