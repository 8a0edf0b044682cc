"""A policy: somebody's function that says which of the waiting jobs a machine takes next, and what it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from andon.models.simulate.laws import Unrunnable

FEATURES: tuple[tuple[str, str, str], ...] = (
    ("place", "", "its place in the queue, 0: it came first"),
    ("expected", "s", "expected time of the step that it waits for"),
    ("remaining", "s", "expected time of that step and of all that follow"),
    ("steps left", "", "steps that follow this one"),
    ("due in", "s", "time until it is due; below 0: it is late"),
    ("slack ratio", "", "`due in` over `remaining`: the critical ratio"),
    ("priority", "", "of its order, 1 first"),
    ("on the floor", "s", "time since it was released"),
    ("same product", "", "1: the machine was last set up for its product; 0: not"),
    ("queue", "jobs", "jobs that wait here, it among them"),
    ("next queue", "jobs", "jobs that wait, or were promised a place, where it goes next; 0 at its end"),
)
"""What a decision says of each candidate: name, unit, meaning; the columns of `Decision.features`."""


PAIR_FEATURES: tuple[tuple[str, str, str], ...] = (
    ("place", "", "number of the pair: calls as they came, for each of them the vehicles as they became free"),
    ("way", "s", "time that the vehicle needs at least to the call"),
    ("call waits", "s", "time since the machine called"),
    ("idle", "s", "time since the vehicle became free"),
    ("due in", "s", "time until the job is due; below 0: it is late"),
    ("priority", "", "of the job's order, 1 first"),
    ("calls", "", "calls that wait, this one among them"),
)
"""What a decision about vehicles says of each pair of a call and a vehicle."""


@dataclass(frozen=True)
class Decision:
    """A machine is free and several jobs wait: which one? Or vehicles are free and machines call: which pair?"""

    number: int
    """Of the decision in its replication, from 0."""
    replication: int
    now_s: float
    """Seconds from the start of the run."""
    station: str
    """Station, or the fleet that is asked about."""
    machine: str
    products: tuple[str, ...]
    """Of each candidate, the first in the queue first; at most 64."""
    features: np.ndarray
    """float64[candidates, 11], columns as in `FEATURES`; of pairs float64[candidates, 7], as in `PAIR_FEATURES`."""
    vehicles: tuple[str, ...] = ()
    """Of each candidate, where pairs are asked about."""

    def feature(self, name: str) -> np.ndarray:
        """One feature of every candidate, float64[candidates]."""
        table = PAIR_FEATURES if self.vehicles else FEATURES
        return self.features[:, [f[0] for f in table].index(name)]


Choice = Callable[[Decision], int]
"""The number of the candidate that is taken, from 0. It must depend on the decision alone, or nobody can repeat it."""


@dataclass(frozen=True)
class Policy:
    """A function with a name, and the stations at which it is asked."""

    choose: Choice
    name: str
    """What is typed to have it again."""
    digest: str = ""
    """Of the file that it comes from."""
    stations: tuple[str, ...] = ()
    """None: all of them. A fleet's id here asks which vehicle answers which call, too."""

    def asked_at(self, station: str) -> bool:
        """Whether it decides at that station."""
        return not self.stations or station in self.stations


def checked(policy: Policy, decision: Decision) -> int:
    """The policy's answer.

    Raises:
        Unrunnable: it is none of the candidates; the sentence names the decision.
    """
    where = (
        f"decision {decision.number} of replication {decision.replication} (`{decision.machine}` of station"
        f" `{decision.station}`, {len(decision.products)} jobs to choose from)"
    )
    try:
        choice: object = policy.choose(decision)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"[:200]
        raise Unrunnable(f"policy `{policy.name}` failed at {where} with {told}; mend it") from error
    n = len(decision.products)
    number = int(choice) if isinstance(choice, int | np.integer) and not isinstance(choice, bool) else -1
    if not 0 <= number < n:
        text = f"policy `{policy.name}` answered `{str(choice)[:40]}` at {where}"
        raise Unrunnable(f"{text}; answer a whole number from 0 to {n - 1}")
    return number
