"""Draws by name: one round of mixing makes neighbours in every part of a name independent."""

from __future__ import annotations

import numpy as np
import pytest

from andon.models.simulate.kernel.chance import key_of, unit

N = 1 << 18
CELLS = 32
SIGMAS = 5.0
"""Of the statistic's own law; with fixed seeds a test that passes once passes always."""
COUNT = np.arange(N, dtype=np.uint64)
WHO = np.uint64((1 << 32) + 3)
AXES = {
    "jobs at one step": (WHO, COUNT << np.uint64(8)),
    "jobs and steps": (WHO, ((COUNT >> np.uint64(3)) << np.uint64(8)) + (COUNT & np.uint64(7))),
    "one machine's failures": (WHO, COUNT),
    "machines": (WHO + COUNT, np.uint64(256)),
}


def _key(seed: int, replication: int) -> np.int64:
    with np.errstate(over="ignore"):
        return key_of(seed, replication)


def _unit(key: np.int64, who: np.ndarray, which: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        found: np.ndarray = unit(key, who, which)
    return found


def _surprise(u: np.ndarray, v: np.ndarray) -> float:
    """How far the counts of pairs in a grid are from equal, in standard deviations of Pearson's statistic."""
    cells = np.bincount((u * CELLS).astype(int) * CELLS + (v * CELLS).astype(int), minlength=CELLS**2)
    expected = len(u) / CELLS**2
    degrees = CELLS**2 - 1
    return float(((cells - expected) ** 2 / expected).sum() - degrees) / (2 * degrees) ** 0.5


@pytest.mark.parametrize("axis", AXES)
def test_neighbours_are_independent(axis: str) -> None:
    who, which = AXES[axis]
    key = _key(1, 0)
    u = _unit(key, who, which)
    others = {
        "the next": np.roll(u, -1),
        "the next but six": np.roll(u, -7),
        "the next step": _unit(key, who, which + np.uint64(1)),
        "the next job": _unit(key, who, which + np.uint64(256)),
        "the next owner": _unit(key, who + np.uint64(1), which),
        "the next purpose": _unit(key, who + np.uint64(1 << 32), which),
        "the next replication": _unit(_key(1, 1), who, which),
        "the next seed": _unit(_key(2, 0), who, which),
    }
    assert ((u > 0.0) & (u < 1.0)).all()
    assert abs(u.mean() - 0.5) < SIGMAS / np.sqrt(12 * N)
    for name, v in others.items():
        assert abs(_surprise(u, v)) < SIGMAS, name
        assert abs(np.corrcoef(u, v)[0, 1]) < SIGMAS / np.sqrt(N), name
