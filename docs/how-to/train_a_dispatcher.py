"""An agent that follows a rule against one that rolls dice: the shop's press as a Gymnasium environment."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

import andon.models.gym  # noqa: F401 - registers the environment
from andon.adapters.site_folder import load


def play(env: gymnasium.Env[Any, Any], choose: Callable[[Any, Any], Any], seed: int) -> float:
    """The sum of an episode's rewards."""
    seen, info = env.reset(seed=seed)
    total, ended = 0.0, False
    while not ended:
        seen, reward, _, ended, info = env.step(choose(seen, info["action_mask"]))
        total += reward
    return total


def shortest(seen: Any, mask: Any) -> Any:
    """The job with the least expected time."""
    return np.where(mask == 1, seen["candidates"][:, 1], np.inf).argmin()


site = load(Path("examples/print-shop"))
env = gymnasium.make("andon/Dispatch-v0", site=site, stations=("press",), horizon_s=8 * 3600.0)
dice = np.random.default_rng(1)
rule = np.mean([play(env, shortest, seed) for seed in range(20)])
luck = np.mean([play(env, lambda _, mask: dice.choice(np.flatnonzero(mask)), seed) for seed in range(20)])
print("the rule is better than the dice" if rule > luck else (rule, luck))
