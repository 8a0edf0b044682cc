"""Stopping and choosing early keep their word: coverage, wrong decisions, wrong selections, counted over many runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from andon.models.simulate.select import FIRST, Race
from andon.models.simulate.sequential import (
    decided,
    half_width,
    lasting_interval,
    log_evidence,
    looks,
    precise,
)


def test_the_half_width_is_students() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert half_width(x) == pytest.approx(3.182446 * math.sqrt(5 / 3) / 2, rel=2e-3)
    assert half_width(x[:1]) == math.inf


@pytest.mark.parametrize("relative", [True, False])
def test_stopping_at_a_precision_keeps_the_coverage(relative: bool) -> None:
    """600 runs: at 95 % the share of covering intervals has a standard deviation of 0.9 %; four of them are allowed."""
    rng = np.random.default_rng(5)
    covered, stops = 0, []
    for _ in range(600):
        x = rng.gamma(4.0, 2.5, 4000)  # mean 10, standard deviation 5, skewed
        n = next(k for k in looks(4000) if precise(x[:k], 0.05 if relative else 0.5, relative=relative))
        stops.append(n)
        covered += abs(float(x[:n].mean()) - 10.0) <= half_width(x[:n])
    assert covered / 600 > 0.95 - 4 * 0.009
    assert 300 < np.mean(stops) < 600, "about (1.96 * 5 / 0.5)^2 = 384 are needed, and a tenth more when relative"


def test_futures_that_are_all_alike_are_not_believed_at_once() -> None:
    assert not precise(np.ones(100), 0.01, relative=True)
    assert precise(np.ones(250), 0.01, relative=True)


DRAWS = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "skewed": lambda rng, n: rng.exponential(1.0, n) - 1.0,
    "counts": lambda rng, n: (rng.poisson(1.0, n) - rng.poisson(1.0, n)).astype(float),
    "rare": lambda rng, n: rng.choice([-1.0, 0.0, 1.0], n, p=[0.03, 0.94, 0.03]),
}


@pytest.mark.parametrize("kind", sorted(DRAWS))
def test_looking_often_does_not_make_decisions_out_of_nothing(kind: str) -> None:
    """No difference at all, 30 looks at up to 10,000 futures: at most 5 % may be decided (800 runs, s.d. 0.77 %)."""
    rng = np.random.default_rng(7)
    at = list(looks(10_000))
    wrong = naive = 0
    for _ in range(800):
        x = DRAWS[kind](rng, 10_000)
        wrong += any(decided(x[:n], 0.95) for n in at)
        naive += any(abs(float(x[:n].mean())) > half_width(x[:n]) for n in at)
    assert wrong / 800 < 0.05 + 3 * 0.0077
    assert naive / 800 > 0.15, "what an ordinary test would do, had it looked as often"


def test_a_real_difference_is_decided_soon_and_with_the_right_sign() -> None:
    rng = np.random.default_rng(11)
    wrong, stops = 0, []
    for _ in range(200):
        x = rng.normal(0.2, 1.0, 10_000)
        n = next(k for k in looks(10_000) if decided(x[:k], 0.95))
        wrong += float(x[:n].mean()) < 0
        stops.append(n)
    assert wrong <= 4
    assert np.mean(stops) < 500


def test_the_interval_that_lasts_covers_at_every_look() -> None:
    rng = np.random.default_rng(3)
    at = list(looks(3000))
    missed = 0
    for _ in range(400):
        x = rng.normal(1.0, 2.0, 3000)
        ends = [lasting_interval(x[:n], 0.9) for n in at]
        missed += any(not low <= 1.0 <= high for low, high in ends)
    assert missed / 400 < 0.1 + 3 * 0.015


def test_evidence_and_interval_say_the_same() -> None:
    rng = np.random.default_rng(1)
    for n in (50, 200):
        for shift in (0.0, 0.2, 0.4):
            x = rng.normal(shift, 1.0, n)
            low, high = lasting_interval(x, 0.95)
            assert decided(x, 0.95) == (low > 0 or high < 0)
            assert log_evidence(x) == pytest.approx(log_evidence(1000 * x))
    assert log_evidence(np.zeros(500)) == 0.0
    assert log_evidence(np.ones(500)) == math.inf
    assert not decided(np.ones(60), 0.95)


def _choose(race: Race, table: np.ndarray) -> int:
    for n in range(FIRST, len(table) + 1, 25):
        chosen = race.look(table[:n])
        if chosen is not None:
            return chosen
    raise AssertionError("not ended")


@pytest.mark.parametrize("shared", [0.0, 0.8])
def test_the_best_is_chosen_as_often_as_promised(shared: float) -> None:
    """Slippage: the best is better than four others by exactly the indifference zone; 400 races, s.d. 1.1 %."""
    rng = np.random.default_rng(13)
    right, taken = 0, []
    for _ in range(400):
        common = rng.standard_normal((3000, 1)) * math.sqrt(shared)
        table = common + rng.standard_normal((3000, 5)) * math.sqrt(1 - shared)
        table[:, 2] += 0.3
        race = Race(5, 0.3, 0.95)
        right += _choose(race, table) == 2
        taken.append(race.n)
    assert right / 400 >= 0.95 - 3 * 0.011
    assert np.mean(taken) < (900 if shared == 0.0 else 250), "common random numbers make the race short"


def test_the_choice_does_not_depend_on_how_many_come_at_a_time() -> None:
    table = np.random.default_rng(2).standard_normal((2000, 4)) + np.array([0.0, 0.1, 0.2, 0.0])
    races = []
    for step in (1, 25, 333):
        race = Race(4, 0.2, 0.9)
        for n in range(FIRST, 2001, step):
            if race.look(table[:n]) is not None:
                break
        races.append((race.chosen, race.n, tuple(sorted(race.left_at.items()))))
    assert races[0] == races[1] == races[2]


@pytest.mark.parametrize(
    ("k", "indifference", "confidence", "words"),
    [(1, 1.0, 0.95, "one alternative"), (3, 0.0, 0.95, "give one above 0"), (3, 1.0, 0.2, "give one above 0.33")],
)
def test_a_race_that_cannot_be_is_one_sentence(k: int, indifference: float, confidence: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Race(k, indifference, confidence)
