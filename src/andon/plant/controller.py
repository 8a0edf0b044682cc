"""A machine's own controller: takes a written value over after a moment, and ramps its chamber towards it."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import simpy

from andon.plant.board import Board

TAKE_OVER_S = (2.0, 5.0)
"""How long a controller needs before it regulates to what was written."""
RAMP_PER_S = 3.0 / 60.0
"""How fast a chamber follows its set-point: 3 units a minute."""
NOISE_SD = 0.2
"""Standard deviation of an analogue reading about what its sensor feels, in the signal's unit."""
WANDER = ((7.3 * 3600, 0.22), (17.9 * 3600, 0.18), (41.0 * 3600, 0.12))
"""A sensor's slow wander: (period in seconds, amplitude); at most 0.52 units and 0.01 units a minute."""
NOISE_TABLE = 4096


class Controller:
    """A commanded number, the number that is in force, and whether the machine listens at all.

    `commanded` is what the register holds; `active` is what the machine regulates to.
    """

    def __init__(
        self,
        env: simpy.Environment,
        board: Board,
        stream: np.random.Generator,
        *,
        signal: str,
        active_signal: str,
        initial: float,
        accepts: Callable[[float], bool],
    ) -> None:
        self._env = env
        self._board = board
        self._stream = stream
        self.signal = signal
        self.active_signal = active_signal
        self.commanded = initial
        self.active = initial
        self.accepts = accepts
        self.remote = True
        self.deaf = False
        """Acknowledges what is written and does nothing: a fault."""
        self.on_active: list[Callable[[], None]] = []
        board.put(env.now, signal, initial)
        board.put(env.now, active_signal, initial)

    def command(self, value: float) -> None:
        """A client wrote the register; the controller takes it over a little later, unless written again before."""
        self.commanded = value
        self._board.put(self._env.now, self.signal, value)
        self._env.process(self._take_over(value))

    def _take_over(self, value: float) -> Generator[simpy.Event, Any, None]:
        yield self._env.timeout(float(self._stream.uniform(*TAKE_OVER_S)))
        if self.commanded == value and self.remote and not self.deaf:
            self._set_active(value)

    def turn(self, value: float) -> None:
        """A person sets the value at the machine: register and machine change at once."""
        self.commanded = value
        self._board.put(self._env.now, self.signal, value)
        self._set_active(value)

    def set_remote(self, remote: bool) -> None:
        """A person switches between local and remote; in local the register follows the machine."""
        self.remote = remote
        if not remote and self.commanded != self.active:
            self.commanded = self.active
            self._board.put(self._env.now, self.signal, self.active)

    def _set_active(self, value: float) -> None:
        if value == self.active:
            return
        for listener in self.on_active:
            listener()
        self.active = value
        self._board.put(self._env.now, self.active_signal, value)


class Chamber:
    """A heated chamber: what it truly is, and what its drifting, noisy sensor says."""

    def __init__(self, env: simpy.Environment, controller: Controller, stream: np.random.Generator) -> None:
        self._env = env
        self._controller = controller
        self._from = (env.now, controller.active)
        self._phases = tuple(float(p) for p in stream.uniform(0, 2 * math.pi, size=len(WANDER)))
        self._noise = stream.normal(0.0, NOISE_SD, size=NOISE_TABLE)
        self.origin_s = 0.0
        """Seconds since 1970 at simulated zero, so that the wander goes on over a restart."""
        controller.on_active.append(self._mark)

    def _mark(self) -> None:
        self._from = (self._env.now, self.true(self._env.now))

    def true(self, at_s: float) -> float:
        """The chamber's real value at a moment."""
        since_s, start = self._from
        target = self._controller.active
        step = RAMP_PER_S * max(0.0, at_s - since_s)
        return min(target, start + step) if target >= start else max(target, start - step)

    def felt(self, at_s: float) -> float:
        """What the sensor reads: truth, slow wander and noise."""
        moment = at_s + self.origin_s
        wander = sum(
            size * math.sin(2 * math.pi * moment / period + phase)
            for (period, size), phase in zip(WANDER, self._phases, strict=True)
        )
        return self.true(at_s) + wander + float(self._noise[int(moment) % NOISE_TABLE])
