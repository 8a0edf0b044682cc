"""A replication that stops at every question and goes on with the answer: for policies, and for learning them."""

from __future__ import annotations

import numpy as np

from andon.models.simulate import jit
from andon.models.simulate.decisions import decision_of
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.policy import Decision, checked

DECISIONS_MAX = 1_000_000
"""Decisions of one replication."""


class Episode:
    """One replication of an image that asks; its memory is all that it is."""

    def __init__(
        self,
        image: Image,
        seed: int,
        replication: int,
        flavour: jit.Flavour = "compiled",
        memory: np.ndarray | None = None,
    ) -> None:
        self.image, self.seed, self.replication = image, seed, replication
        self.memory = np.empty(image.size, np.int64) if memory is None else memory
        self.reals = np.empty_like(image.reals)
        self.decisions = 0
        """Questions answered so far."""
        self._entry = jit.kernel(flavour)[jit.ENTRY]
        self._nothing = (np.empty(0, np.int64), np.empty(0, np.float64))
        self._go(len(image.memory), len(image.reals))

    def _go(self, used: int, reals_n: int) -> None:
        """Let the kernel run: from the image, or, with nothing to copy, from where it stopped."""
        image = self.image
        words, factors = self._nothing
        with np.errstate(over="ignore"):
            self._entry(
                *(image.memory, used, self.memory, image.reals, reals_n, self.reals, image.code),
                *(self.seed, self.replication, 1, words, 0, factors, 0),
            )

    @property
    def asks(self) -> bool:
        """Whether it waits for an answer; else it is at its end."""
        return int(self.memory[at.FAULT]) == at.FAULT_ASKS

    def decision(self) -> Decision:
        """What it asks."""
        return decision_of(self.image, self.memory, self.decisions, self.replication)

    def answer(self, choice: int) -> None:
        """Go on with the candidate of that number, up to the next question or the end.

        Raises:
            Unrunnable: more decisions than a replication may have.
        """
        self.decisions += 1
        if self.decisions > DECISIONS_MAX:
            raise Unrunnable(
                f"replication {self.replication} asks a policy more than {DECISIONS_MAX:,} times; shorten the horizon"
            )
        self.memory[at.ANSWER] = 1 + choice
        self.memory[at.FAULT] = at.FAULT_NONE
        self.memory[at.FAULT_AT] = 0
        self._go(0, 0)

    def factors(self) -> np.ndarray:
        """The factors drawn on the assumptions' means, float64[assumptions]."""
        n = len(self.image.assumptions)
        return self.reals[at.FACTORS + 1 : at.FACTORS + 1 + 2 * n : 2].copy()


def run_asking(
    image: Image,
    memory: np.ndarray,
    seed: int,
    first: int,
    rows: np.ndarray,
    factors: np.ndarray,
    flavour: jit.Flavour,
) -> None:
    """Run replications of an image with a policy; arguments, shapes and what is filled are those of `run.run_image`.

    Raises:
        Unrunnable: the policy answered what is no answer.
    """
    policy = image.policy
    if policy is None:
        raise Unrunnable("a station asks a policy and there is none; give one")
    for i in range(len(rows)):
        episode = Episode(image, seed, first + i, flavour, memory)
        while episode.asks:
            episode.answer(checked(policy, episode.decision()))
        rows[i] = episode.memory[: rows.shape[1]]
        factors[i] = episode.factors()
