"""The simulator as Gymnasium environments: which of the waiting jobs next, and which vehicle for which call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.episode import Episode
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState
from andon.models.simulate.policy import FEATURES, PAIR_FEATURES, Decision, Policy
from andon.models.simulate.question import SEED_MAX
from andon.models.simulate.run import compile_site, refuse_faults
from andon.site.model import Site

Reward = Literal["floor", "done", "tardiness"]
REWARDS = ("floor", "done", "tardiness")
Seen = dict[str, Any]
HOUR_S = 3600.0
SCALES: dict[str, float] = {"s": HOUR_S, "jobs": 10.0, "": 10.0}
"""What half of a feature's range means, by unit: an observation is x / (scale + |x|), between -1 and 1."""
PLAIN = frozenset({"slack ratio", "same product"})
"""Features whose scale is 1."""
CANDIDATES = 8


class FloorEnv(gymnasium.Env[Seen, np.int64]):
    """What the environments share: a replication is an episode, a step is a decision, the action is a candidate."""

    metadata = {"render_modes": []}  # noqa: RUF012 - the base class declares it so

    def __init__(
        self,
        image: Image,
        places: tuple[str, ...],
        table: Sequence[tuple[str, str, str]],
        candidates: int,
        reward: Reward,
        flavour: jit.Flavour,
    ) -> None:
        if reward not in REWARDS:
            raise Unrunnable(f"`{reward}` is no reward; use one of {', '.join(REWARDS)}")
        self.image, self.places, self.candidates, self.reward_of, self.flavour = (
            image,
            places,
            candidates,
            reward,
            flavour,
        )
        self.action_space = spaces.Discrete(candidates)
        self.observation_space = spaces.Dict(
            {
                "candidates": spaces.Box(-1.0, 1.0, (candidates, len(table)), np.float32),
                "mask": spaces.MultiBinary(candidates),
                "station": spaces.Discrete(len(places)),
            }
        )
        self._scale = np.array([1.0 if name in PLAIN else SCALES[unit] for name, unit, _ in table])
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
            if seed > SEED_MAX:
                raise Unrunnable(f"{seed} is no seed; give a whole number from 0 to {SEED_MAX}")
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
            episode.answer(number if 0 <= number < len(self._decision.products) else 0)
        before, self._booked = self._booked, self._so_far()
        seen, info = self._look()
        return seen, float(self._booked - before), False, self._decision is None, info

    def _look(self) -> tuple[Seen, dict[str, Any]]:
        episode = self._episode
        table = np.zeros((self.candidates, len(self._scale)), np.float32)
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
        where = np.int64(self.places.index(decision.station))
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


class DispatchEnv(FloorEnv):
    """One replication is one episode; a step is one dispatch decision: which waiting job does the machine take?

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
        for station in [stations] if isinstance(stations, str) else stations:
            if station not in known:
                raise Unrunnable(f"there is no station `{station}` to ask at; name one of the site's")
        image = _image(site, (stations,) if isinstance(stations, str) else tuple(stations), horizon_s, live, overrides)
        super().__init__(image, image.stations, FEATURES, candidates, reward, flavour)


class VehicleEnv(FloorEnv):
    """One replication is one episode; a step is one assignment: which free vehicle answers which call?

    Observation: `candidates`, float32[candidates, 7], features of `policy.PAIR_FEATURES` of each pair of a call and a
    free vehicle, squashed to -1..1; `mask` and `station` as in `DispatchEnv` (there is one fleet). Pair 0 is the
    longest waiting call with the longest idle vehicle. Action, mask, reward, end: as in `DispatchEnv`.

    Args:
        site: the floor.
        fleet: whose vehicles and calls; no other fleet is asked about.
        horizon_s: length of an episode.
        live: the state that episodes begin from; None: an empty floor.
        candidates: pairs that can be chosen from, the first ones.
        reward: see `DispatchEnv`.
        overrides: as for `simulate`.
        flavour: of the kernel; `plain` needs no compiler.

    Raises:
        Unrunnable: the site cannot be simulated, or has no such fleet.
    """

    def __init__(
        self,
        site: Site,
        fleet: str,
        *,
        horizon_s: float = 8 * HOUR_S,
        live: LiveState | None = None,
        candidates: int = 2 * CANDIDATES,
        reward: Reward = "floor",
        overrides: Mapping[str, float] | None = None,
        flavour: jit.Flavour = "compiled",
    ) -> None:
        if not 2 <= candidates <= 64:
            raise Unrunnable(f"an environment with {candidates} candidates decides nothing; use 2 to 64")
        if fleet not in [f.id for f in site.fleets]:
            raise Unrunnable(f"there is no fleet `{fleet}` to ask about; name one of the site's")
        image = _image(site, (fleet,), horizon_s, live, overrides)
        super().__init__(image, (fleet,), PAIR_FEATURES, candidates, reward, flavour)


def _first(_decision: Decision) -> int:
    return 0


def _image(
    site: Site,
    asked_at: tuple[str, ...],
    horizon_s: float,
    live: LiveState | None,
    overrides: Mapping[str, float] | None,
) -> Image:
    """The floor, with questions at these places; at all stations where there is none."""
    policy = Policy(_first, "environment", stations=asked_at)
    return compile_site(site, live, horizon_s, asked(site, dict(overrides or {})), bins=1, policy=policy)


gymnasium.register(id="andon/Dispatch-v0", entry_point="andon.models.gym:DispatchEnv")
gymnasium.register(id="andon/Vehicles-v0", entry_point="andon.models.gym:VehicleEnv")
