"""The best of several alternatives, with a stated probability of choosing right: the procedure KN of Kim and Nelson.

S.-H. Kim and B. L. Nelson, A fully sequential procedure for indifference-zone selection in simulation, ACM TOMACS 11
(2001), with c = 1. Where the best is better than every other by the indifference zone or more, it is chosen with the
stated probability; the differences are taken to be normal, and may share their random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FIRST = 25
"""Observations of each before the first comparison (n0 of the paper)."""
SOURCE = "KN (Kim and Nelson 2001), n0 = 25, c = 1, on common random numbers"


@dataclass
class Race:
    """One selection under way: fed with observations, it says who is still in it.

    Args:
        k: alternatives, at least 2.
        indifference: smallest difference that matters, in the figure's unit, above 0.
        confidence: wanted probability of correct selection, above 1/k and below 1.

    Raises:
        ValueError: one of them cannot be; one sentence.
    """

    k: int
    indifference: float
    confidence: float

    def __post_init__(self) -> None:
        if self.k < 2:
            raise ValueError("one alternative cannot be chosen from; give --against at least once")
        if not self.indifference > 0:
            raise ValueError(f"an indifference of {self.indifference:g} cannot be; give one above 0")
        if not 1.0 / self.k < self.confidence < 1.0:
            raise ValueError(
                f"a confidence of {self.confidence:g} cannot be; give one above {1 / self.k:.2g} and below 1"
            )
        self.alive = list(range(self.k))
        self.n = 0
        self.left_at: dict[int, int] = {}
        """When each of the others was left behind, in observations."""
        alpha = 1.0 - self.confidence
        eta = 0.5 * ((2.0 * alpha / (self.k - 1)) ** (-2.0 / (FIRST - 1)) - 1.0)
        self._h2 = 2.0 * eta * (FIRST - 1)
        self._variance: np.ndarray | None = None

    @property
    def chosen(self) -> int | None:
        """The one that is chosen; None while several are in it."""
        return self.alive[0] if len(self.alive) == 1 else None

    def look(self, table: np.ndarray) -> int | None:
        """Take in observations, one column an alternative, the first rows those of before; larger is better.

        Columns of those left behind are not read. Every observation is judged on its own, in order, so what is chosen
        does not depend on how many come at a time.

        Args:
            table: float64[n, k].

        Returns:
            The one that is chosen, or None.
        """
        if len(table) < FIRST:
            return None
        if self._variance is None:
            first = table[:FIRST]
            self._variance = (first[:, :, None] - first[:, None, :]).var(axis=0, ddof=1)
            self.n = FIRST - 1
        sums = table.cumsum(axis=0)
        while self.chosen is None and self.n < len(table):
            self.n += 1
            self._screen(sums[self.n - 1])
        return self.chosen

    def _screen(self, sums: np.ndarray) -> None:
        """Leave behind whoever trails another by more than the continuation region allows."""
        if self._variance is None:
            return
        r, d = self.n, self.indifference
        width = np.maximum(0.0, d / 2.0 * (self._h2 * self._variance / d**2 - r))
        alive = self.alive
        stays = [i for i in alive if all(sums[i] >= sums[j] - width[i, j] for j in alive if j != i)]
        last = int(max(np.floor(self._h2 * self._variance[i, j] / d**2) for i in alive for j in alive if i != j)) + 1
        if r >= last or not stays:
            stays = [max(alive, key=lambda i: float(sums[i]))]
        for i in alive:
            if i not in stays:
                self.left_at[i] = r
        self.alive = stays
