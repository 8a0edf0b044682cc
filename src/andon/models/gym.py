"""The simulator as a Gymnasium environment: at every decision, which of the waiting jobs does the machine take?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.episode import Episode
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState
from andon.models.simulate.policy import FEATURES, Decision, Policy
from andon.models.simulate.run import compile_site, refuse_faults
from andon.site.model import Site

Reward = Literal["floor", "done", "tardiness"]
Seen = dict[str, Any]
HOUR_S = 3600.0
SCALES: dict[str, float] = {"s": HOUR_S, "jobs": 10.0, "": 10.0}
"""What half of a feature's range means, by unit: an observation is x / (scale + |x|), between -1 and 1."""
PLAIN = frozenset({"slack ratio", "same product"})
"""Features whose scale is 1."""
CANDIDATES = 8


class DispatchEnv(gymnasium.Env[Seen, np.int64]):
    """One replication is one episode; a step is one dispatch decision.

    Observation: `candidates`, float32[candidates, 11], features of `policy.FEATURES`, each squashed to -1..1 (rows
    beyond the waiting jobs are 0); `mask`, int8[candidates], 1 where a job waits; `station`, which one asks. Action:
    the number of the candidate; one that is not there counts as 0, the job that came first. `info["action_mask"]` is
    the mask. The episode ends, truncated, at the horizon.

    Reward since the last decision: `floor`, minus the hours that jobs spent on the floor (added up, minus the floor
    time of all jobs after the first decision); `done`, jobs finished; `tardiness`, minus the hours by which finished
    orders were late, and at the end an hour for each open order that is overdue.

    Args:
        site: the floor.
        stations: where to ask; none: everywhere. Others keep their rule.
        horizon_s: length of an episode.
        live: the state that episodes begin from; None: an empty floor.
        candidates: jobs that can be chosen from, the first in the queue.
        reward: see above.
        overrides: as for `simulate`.
        flavour: of the kernel; `plain` needs no compiler.

    Raises:
        Unrunnable: the site cannot be simulated.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - the base class declares it so

    def __init__(
        self,
        site: Site,
        stations: Sequence[str] = (),
        *,
        horizon_s: float = 8 * HOUR_S,
        live: LiveState | None = None,
        candidates: int = CANDIDATES,
        reward: Reward = "floor",
        overrides: Mapping[str, float] | None = None,
        flavour: jit.Flavour = "compiled",
    ) -> None:
        if not 2 <= candidates <= 64:
            raise Unrunnable(f"an environment with {candidates} candidates decides nothing; use 2 to 64")
        known = [s.id for s in site.stations]
        for station in stations:
            if station not in known:
                raise Unrunnable(f"there is no station `{station}` to ask at; name one of the site's")
        policy = Policy(lambda _: 0, "environment", stations=tuple(stations))
        change = asked(site, dict(overrides or {}))
        self.image = compile_site(site, live, horizon_s, change, bins=1, policy=policy)
        self.candidates, self.reward_of, self.flavour = candidates, reward, flavour
        self.action_space = spaces.Discrete(candidates)
        self.observation_space = spaces.Dict(
            {
                "candidates": spaces.Box(-1.0, 1.0, (candidates, len(FEATURES)), np.float32),
                "mask": spaces.MultiBinary(candidates),
                "station": spaces.Discrete(len(self.image.stations)),
            }
        )
        self._scale = np.array([1.0 if name in PLAIN else SCALES[unit] for name, unit, _ in FEATURES])
        self._seed, self._count = 0, 0
        self._episode: Episode | None = None
        self._decision: Decision | None = None
        self._booked = 0.0

    def reset(
        self,
        *,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002 - the interface has it
    ) -> tuple[Seen, dict[str, Any]]:
        """A new episode; with a seed, the first one of that seed, and the following ones are its next replications."""
        super().reset(seed=seed)
        if seed is not None:
            self._seed, self._count = seed, 0
        self._episode = Episode(self.image, self._seed, self._count, self.flavour)
        self._count += 1
        self._booked = self._so_far()
        return self._look()

    def step(self, action: np.int64) -> tuple[Seen, float, bool, bool, dict[str, Any]]:
        """The machine takes the job of that number; on to the next decision."""
        episode = self._episode
        if episode is None:
            raise gymnasium.error.ResetNeeded("call reset before step")
        if self._decision is not None:
            number = int(action)
            episode.answer(number if number < len(self._decision.products) else 0)
        before, self._booked = self._booked, self._so_far()
        seen, info = self._look()
        return seen, float(self._booked - before), False, self._decision is None, info

    def _look(self) -> tuple[Seen, dict[str, Any]]:
        episode = self._episode
        table = np.zeros((self.candidates, len(FEATURES)), np.float32)
        mask = np.zeros(self.candidates, np.int8)
        if episode is None or not episode.asks:
            if episode is not None:
                refuse_faults(self.image, episode.memory[None, : self.image.summary], episode.replication)
            self._decision = None
            mask[0] = 1
            return {"candidates": table, "mask": mask, "station": np.int64(0)}, {"action_mask": mask, **self._ended()}
        decision = self._decision = episode.decision()
        n = min(self.candidates, len(decision.products))
        x = decision.features[:n]
        table[:n] = x / (self._scale + np.abs(x))
        mask[:n] = 1
        where = np.int64(self.image.stations.index(decision.station))
        info = {"action_mask": mask, "now_s": decision.now_s, "machine": decision.machine}
        return {"candidates": table, "mask": mask, "station": where}, info

    def _so_far(self) -> float:
        """What the reward adds up, from the beginning of the episode until now."""
        if self._episode is None:
            return 0.0
        m = self._episode.memory
        if self.reward_of == "floor":
            open_us = int(m[at.WIP]) * (int(m[at.NOW]) // 1000 - int(m[at.WIP_SINCE]))
            return -(int(m[at.WIP_AREA]) + open_us) / 1e6 / HOUR_S
        base = int(m[at.PRODUCTS])
        products = [base + i * at.PRODUCT_WORDS for i in range(len(self.image.products))]
        if self.reward_of == "done":
            return float(sum(int(m[a + at.DONE]) for a in products))
        late_h = sum(int(m[a + at.LATE_US]) for a in products) / 1e6 / HOUR_S
        return -late_h - sum(int(m[a + at.OVERDUE]) for a in products)

    def _ended(self) -> dict[str, Any]:
        """What the episode came to."""
        if self._episode is None:
            return {}
        m = self._episode.memory
        base = int(m[at.PRODUCTS])
        done = sum(int(m[base + i * at.PRODUCT_WORDS + at.DONE]) for i in range(len(self.image.products)))
        return {"now_s": int(m[at.NOW]) / 1e9, "completed": done, "decisions": self._episode.decisions}


gymnasium.register(id="andon/Dispatch-v0", entry_point="andon.models.gym:DispatchEnv")
