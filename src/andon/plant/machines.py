"""Machines: taking jobs, setting up, processing, wearing tools, breaking down, standing still, being blocked."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

import simpy

from andon.plant.board import Board
from andon.plant.controller import Chamber, Controller
from andon.plant.draws import Draws, curve_seconds
from andon.plant.pools import Bell, CrewPool, Job, JobBuffer
from andon.site.floor import Curve, Product, Station

Steps = Generator[simpy.Event, Any, None]
WEAR_SLOWDOWN = 0.05
"""A worn-out tool takes this much longer than a new one."""
TOOL_LIFE_S = 2.5 * 3600
"""Processing time that a tool lasts."""
TOOL_CHANGE_S = (120.0, 300.0)
"""How long a tool change takes."""
EPS_S = 1e-9


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a machine shares with the rest of the floor."""

    env: simpy.Environment
    board: Board
    draws: Draws
    products: dict[str, Product]
    curves: dict[str, Curve]
    hand_on: Callable[[Job, str], simpy.Event | None]
    """Move a finished job on; the event to wait for, None when it has gone."""


class Machine:
    """One machine of a station, as one simulated process."""

    def __init__(
        self,
        machine_id: str,
        station: Station,
        buffer: JobBuffer,
        crews: dict[str, CrewPool],
        around: Surroundings,
        controller: Controller | None = None,
        chamber: Chamber | None = None,
    ) -> None:
        self.id = machine_id
        self.station = station
        self.controller = controller
        self.chamber = chamber
        self.count = 0
        self.jobs: list[Job] = []
        self.disturb = Bell(around.env)
        self.halted_until_s = 0.0
        self.held_down = False
        """A fault keeps the machine down until it is lifted."""
        self._buffer = buffer
        self._crew = crews.get(station.crew) if station.crew else None
        self._menders = crews.get(station.breakdown.crew) if station.breakdown and station.breakdown.crew else None
        self._around = around
        self._env = around.env
        self._person = False
        self._broken = False
        self._mended = Bell(around.env)
        self._last_product: str | None = None
        self._wear = float(around.draws.streams[f"{machine_id} tool"].uniform()) if station.setup else 0.0
        self._started_s = math.inf
        self._to_failure_s = self._next_failure()
        self._put("count", 0)
        self._show("idle")
        self._show_job()
        around.board.analogues[f"{machine_id}.elapsed"] = self.elapsed
        self._env.process(self._run())
        if station.breakdown is not None and station.breakdown.counts == "calendar":
            self._env.process(self._fail_by_calendar())

    # What its controller tells

    def elapsed(self, at_s: float) -> float:
        """Seconds since the present job began processing; 0 without one."""
        return max(0.0, at_s - self._started_s) if self._started_s != math.inf else 0.0

    def _put(self, name: str, value: float | str) -> None:
        self._around.board.put(self._env.now, f"{self.id}.{name}", value)

    def _show(self, state: str) -> None:
        self._put("state", state)

    def _show_job(self) -> None:
        self._put("job", self.jobs[0].product if self.jobs else "")
        self._put("order", self.jobs[0].order if self.jobs else "")

    def set_count(self, count: int) -> None:
        """Set the counter, as after a restart."""
        self.count = count
        self._put("count", count)

    def halt_until(self, until_s: float) -> None:
        """A person stops the machine for a while."""
        self.halted_until_s = max(self.halted_until_s, until_s)
        self.disturb.ring()

    def hold_down(self, held: bool) -> None:
        """A fault breaks the machine, or lifts."""
        self.held_down = held
        self.disturb.ring()

    # Its life

    def _run(self) -> Steps:
        while True:
            yield from self._attend()
            if self._wear >= 1.0:
                yield from self._change_tool()
            elif self._buffer.jobs and self._may_take(self._buffer.jobs[0]):
                yield from self._serve(self._buffer.take(self.station.batch))
            else:
                self._show("idle" if self._staffed() else "off")
                bells = [self._buffer.arrival.event, self.disturb.event]
                if self._crew is not None:
                    bells.append(self._crew.bell.event)
                yield self._env.any_of(bells)

    def _staffed(self) -> bool:
        return self._crew is None or self._crew.scheduled > 0

    def _may_take(self, job: Job) -> bool:
        """Without people a machine goes on only with what it is set up for, and only if it runs unattended."""
        unattended = self.station.crew_for == "setup" and self.station.setup is not None
        return self._staffed() or (unattended and job.product == self._last_product)

    def _serve(self, jobs: list[Job]) -> Steps:
        self.jobs = jobs
        self._show_job()
        yield from self._set_up()
        if self.station.crew_for == "processing":
            yield from self._call_person()
        self._started_s = self._env.now
        yield from self._work(self._processing_s(), "running", wears=True)
        self._dismiss()
        self.count += len(jobs)
        self._put("count", self.count)
        self._started_s = math.inf
        yield from self._unload()

    def _unload(self) -> Steps:
        """Hand each job on; the machine is blocked until the last one has left."""
        waits = []
        for job in list(self.jobs):
            event = self._around.hand_on(job, self.id)
            if event is None:
                self.jobs.remove(job)
            else:
                event.callbacks.append(partial(self._gone, job))
                waits.append(event)
        if waits:
            self._show("blocked")
            yield self._env.all_of(waits)
        self._show_job()

    def _gone(self, job: Job, _event: simpy.Event) -> None:
        self.jobs.remove(job)

    def _set_up(self) -> Steps:
        product = self.jobs[0].product
        before, self._last_product = self._last_product, product
        took_s = self._around.draws.set_up_seconds(self.station, before, product, f"{self.id} setup")
        if took_s <= 0.0:
            return
        yield from self._call_person()
        yield from self._work(took_s, "setup", wears=False)
        if self.station.crew_for == "setup":
            self._dismiss()

    def _processing_s(self) -> float:
        """How long this load takes: its slowest step, at the chamber's true temperature, with the tool as it is."""
        draws, longest_s = self._around.draws, 0.0
        timed: set[str] = set()
        for job in self.jobs:
            step = self._around.products[job.product].route[job.step]
            named = step.time or step.curve or ""
            if named in timed and self.station.batch > 1:
                continue
            timed.add(named)
            if step.curve is not None:
                curve = self._around.curves[step.curve]
                at = self.chamber.true(self._env.now) if self.chamber is not None else curve.points[0][0]
                took_s = curve_seconds(curve, at) * draws.factor(curve.spread, f"{self.id} cure")
            else:
                took_s = draws.seconds(step.time or "", f"{self.id} processing")
            longest_s = max(longest_s, took_s)
        return longest_s * (1.0 + WEAR_SLOWDOWN * self._wear)

    def _work(self, seconds: float, state: str, *, wears: bool) -> Steps:
        """Spend `seconds` of undisturbed time; breakdowns and stops come on top."""
        remaining_s = seconds
        wear_each_s = 1.0 / TOOL_LIFE_S if wears and self.station.setup else 0.0
        while remaining_s > EPS_S:
            yield from self._attend()
            self._show(state)
            begun_s = self._env.now
            until_failure_s = self._to_failure_s if wears and self._counts_running() else math.inf
            yield self._env.timeout(min(remaining_s, until_failure_s)) | self.disturb.event
            done_s = self._env.now - begun_s
            remaining_s -= done_s
            self._wear += done_s * wear_each_s
            if wears and self._counts_running():
                self._to_failure_s -= done_s
                self._broken = self._broken or self._to_failure_s <= EPS_S

    def _change_tool(self) -> Steps:
        self._wear = 0.0
        stream = self._around.draws.streams[f"{self.id} tool"]
        yield from self._work(float(stream.uniform(*TOOL_CHANGE_S)), "setup", wears=False)

    # People

    def _call_person(self) -> Steps:
        if self._crew is None or self._person:
            return
        asked = self._crew.request()
        if not asked.triggered:
            self._show("waiting_crew")
        yield asked
        self._person = True

    def _dismiss(self) -> None:
        if self._crew is not None and self._person:
            self._person = False
            self._crew.release()

    # What goes wrong

    def _attend(self) -> Steps:
        """Deal with what stands in the way before going on: breakdowns first, then people's stops."""
        while True:
            if self._broken or self.held_down:
                yield from self._repair()
            elif self.halted_until_s > self._env.now:
                self._show("waiting_crew")
                yield self._env.timeout(self.halted_until_s - self._env.now) | self.disturb.event
            else:
                return

    def _repair(self) -> Steps:
        had_person = self._person
        self._dismiss()
        self._show("down")
        breakdown = self.station.breakdown
        if self._broken and breakdown is not None:
            if self._menders is not None:
                yield self._menders.request()
            yield self._env.timeout(self._around.draws.seconds(breakdown.time_to_repair, f"{self.id} repair"))
            if self._menders is not None:
                self._menders.release()
        while self.held_down:
            yield self.disturb.event
        if self._broken:
            self._broken = False
            self._to_failure_s = self._next_failure()
        self._mended.ring()
        if had_person:
            yield from self._call_person()

    def _next_failure(self) -> float:
        breakdown = self.station.breakdown
        if breakdown is None:
            return math.inf
        return self._around.draws.seconds(breakdown.time_to_failure, f"{self.id} failure")

    def _counts_running(self) -> bool:
        return self.station.breakdown is not None and self.station.breakdown.counts == "running"

    def _fail_by_calendar(self) -> Steps:
        while True:
            yield self._env.timeout(self._to_failure_s)
            self._broken = True
            self.disturb.ring()
            while self._broken:
                yield self._mended.event
