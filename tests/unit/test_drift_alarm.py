"""Drift tests keep their false-alarm rate and find what has changed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from andon.evidence.drift import Bet, Drift, excess_p, observe, start

RUNS = 400
LENGTH = 300


def _run(numbers: np.ndarray, bet: Bet, alpha: float) -> Drift:
    state = start(bet, alpha)
    for p in numbers:
        state = observe(state, float(p))
        if state.alarm:
            break
    return state


@pytest.mark.parametrize("bet", [Bet.FORECAST, Bet.EXCESS])
def test_false_alarms_stay_below_the_stated_rate(bet: Bet) -> None:
    rng = np.random.default_rng(7)
    alarms = sum(_run(rng.uniform(size=LENGTH), bet, 0.1).alarm for _ in range(RUNS))
    # at most 10 %; three standard errors of a share of 0.1 in 400 runs are 0.045
    assert alarms / RUNS <= 0.1 + 0.045


def test_a_tenth_less_output_than_forecast_is_found() -> None:
    rng = np.random.default_rng(8)
    found = []
    for _ in range(60):
        forecast = rng.normal(100.0, 5.0, size=(LENGTH, 99))
        observed = rng.normal(90.0, 5.0, size=LENGTH)
        pits = (forecast < observed[:, None]).mean(axis=1)
        state = _run(pits, Bet.FORECAST, 0.01)
        assert state.alarm
        found.append(state.alarmed_at)
    assert np.median([n for n in found if n is not None]) <= 15


def test_intervals_that_are_too_narrow_are_found() -> None:
    rng = np.random.default_rng(9)
    z = rng.normal(0.0, 2.0, size=LENGTH)
    pits = np.array([0.5 * (1.0 + np.sign(x) * (1.0 - excess_p(abs(x), 0.0, 1.0))) for x in z])
    assert _run(pits, Bet.FORECAST, 0.01).alarm


def test_a_late_change_is_found_soon_after_it() -> None:
    rng = np.random.default_rng(10)
    numbers = np.concatenate([rng.uniform(size=250), rng.uniform(0.75, 1.0, size=80)])
    state = _run(numbers, Bet.FORECAST, 0.01)
    assert state.alarmed_at is not None
    assert 250 < state.alarmed_at <= 310


def test_a_sensor_that_ramps_is_found_and_one_that_wanders_within_tolerance_is_not() -> None:
    rng = np.random.default_rng(11)
    minutes = np.arange(8 * 12 * 60)
    wander = 0.5 * np.sin(2 * np.pi * minutes / (7.3 * 60)) + rng.normal(0, 0.2, size=len(minutes))
    assert not _run(np.array([excess_p(r, 1.0, 0.3) for r in wander]), Bet.EXCESS, 0.001).alarm
    ramp = wander[:60] + 0.5 * np.arange(60)
    state = _run(np.array([excess_p(r, 1.0, 0.3) for r in ramp]), Bet.EXCESS, 0.001)
    assert state.alarmed_at is not None
    assert state.alarmed_at <= 12


@pytest.mark.parametrize("p", [float("nan"), -0.1, 1.1, float("inf")])
def test_what_is_no_probability_changes_nothing(p: float) -> None:
    assert observe(start(), p) == start()


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_one_number_alone_never_alarms(p: float) -> None:
    for bet in Bet:
        assert not observe(start(bet, 0.001), p).alarm


def test_an_alarm_stays_until_a_new_test_begins() -> None:
    state = start(alpha=0.05)
    for _ in range(60):
        state = observe(state, 0.99)
    first = state.alarmed_at
    for _ in range(60):
        state = observe(state, 0.5)
    assert state.alarm
    assert state.alarmed_at == first


def test_the_state_survives_json() -> None:
    state = observe(observe(start(Bet.EXCESS, 0.02), 0.3), 0.01)
    assert Drift.from_json(json.loads(json.dumps(state.as_json()))) == state


@pytest.mark.parametrize("alpha", [0.0, 1.0, -1.0, 2.0])
def test_a_rate_that_cannot_be_kept_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="cannot be kept"):
        start(alpha=alpha)
