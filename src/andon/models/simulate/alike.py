"""Whether compiled code says the same as plain Python: asked once, before the code is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from andon.models.simulate import jit
from andon.models.simulate.asked import Asked
from andon.models.simulate.run import compile_site
from andon.models.simulate.textbook import Stage, exponential, line


def same_bits(entry: Callable[..., None]) -> bool:
    """Run three replications of a small line that fails, by an entry and by the plain one, and compare every word."""
    stage = Stage(exponential(20.0), capacity=2, fails=exponential(200.0), repair=exponential(30.0))
    image = compile_site(line([stage, stage], exponential(25.0), uncertainty=0.1), None, 1200.0, Asked())

    def run(function: Callable[..., Any]) -> tuple[np.ndarray, np.ndarray]:
        memory = np.zeros(image.size, np.int64)
        rows = np.zeros((3, image.summary), np.int64)
        factors = np.zeros((3, max(1, len(image.assumptions))), np.float64)
        begin = (image.memory, len(image.memory), memory, image.reals, len(image.reals), np.empty_like(image.reals))
        end = (rows.reshape(-1), rows.shape[1], factors.reshape(-1), factors.shape[1])
        with np.errstate(over="ignore"):
            function(*begin, image.code, 7, 0, len(rows), *end)
        return rows, factors

    mine, theirs = run(jit.kernel("plain")[jit.ENTRY]), run(entry)
    return all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))
