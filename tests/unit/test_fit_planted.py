"""`andon fit` on logs of planted plants: the parameters lie in their intervals, whatever happened to the log."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache

import numpy as np
import planted
import pytest

from andon.models.fit.choose import SEEN_MIN, Law, choose
from andon.models.fit.episodes import Event, Times, times_of
from andon.models.fit.families import FAMILIES, Sample, fit, interval

PLANTS = 100
FAMILY = {f.kind: f for f in FAMILIES}
SILENCE_S = 150.0


def _law(rng: np.random.Generator, kind: str, low: float, high: float) -> tuple[planted.Draw, float, float]:
    """A law of that family with a drawn mean and spread: draws of it, its mean, its second parameter."""
    mean = float(np.exp(rng.uniform(math.log(low), math.log(high))))
    if kind == "exponential":
        return (lambda r: float(r.exponential(mean))), mean, math.nan
    if kind == "weibull":
        shape = float(rng.uniform(0.8, 3.0))
        size = mean / math.gamma(1 + 1 / shape)
        return (lambda r: float(size * r.weibull(shape))), mean, shape
    cv = float(rng.uniform(0.2, 1.0))
    if kind == "gamma":
        return (lambda r: float(r.gamma(1 / cv**2, mean * cv**2))), mean, cv
    sigma = math.sqrt(math.log1p(cv * cv))
    return (lambda r: float(r.lognormal(math.log(mean) - sigma**2 / 2, sigma))), mean, cv


@cache
def _planted(seed: int) -> tuple[dict[str, tuple[str, float, float]], Times, Times]:
    """What was planted (family, mean, second), and the times of the whole log and of the one with faults."""
    rng = np.random.default_rng(seed)
    kinds = {
        "running": str(rng.choice(["gamma", "lognormal", "weibull"])),
        "setup": str(rng.choice(["gamma", "lognormal", "weibull"])),
        "life": "exponential",
        "down": str(rng.choice(["exponential", "lognormal"])),
        "between": "exponential",
    }
    scales = {"running": (40, 200), "setup": (50, 400), "life": (600, 1500), "down": (100, 900), "between": (200, 900)}
    made = {what: _law(rng, kind, *scales[what]) for what, kind in kinds.items()}
    plant = planted.Plant(
        made["running"][0], made["setup"][0], made["life"][0], made["down"][0], made["between"][0], jobs=800
    )
    events = planted.log(plant, seed)
    broken = planted.with_faults(events, seed)
    truth = {what: (kinds[what], mean, second) for what, (_, mean, second) in made.items()}
    return truth, times_of(events, SILENCE_S), times_of(broken, SILENCE_S)


def _sample(times: Times, what: str) -> Sample:
    return times.sample(sorted(k for k in {**times.seen, **times.cut} if k[0] == what))


@cache
def _chosen(seed: int, what: str) -> Law:
    """What is chosen from the log with faults."""
    return choose(_sample(_planted(seed)[2], what))


def test_planted_parameters_lie_in_their_95_percent_intervals_as_often_as_they_should() -> None:
    """100 plants with gaps, late and repeated records: five means and three second parameters each."""
    held: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for seed in range(PLANTS):
        truth, _, times = _planted(seed)
        for what, (kind, mean, second) in truth.items():
            sample = _sample(times, what)
            found = fit(FAMILY[kind], sample)
            for name, which, true in (("mean", 0, mean), ("second", 1, second)):
                if math.isfinite(true):
                    low, high = interval(found, sample, which)
                    tried[f"{what} {name}"] += 1
                    held[f"{what} {name}"] += low <= true <= high
    shares = {name: held[name] / n for name, n in tried.items()}
    assert all(share >= 0.88 for share in shares.values()), shares
    assert 0.93 <= held.total() / tried.total() <= 0.97, shares


def test_the_chosen_laws_mean_holds_as_well() -> None:
    """The family is chosen by held-out likelihood, which the interval does not know of."""
    held = tried = 0
    for seed in range(PLANTS // 2):
        truth, _, _ = _planted(seed)
        for what in ("running", "between"):
            law = _chosen(seed, what)
            tried += 1
            held += law.mean_low <= truth[what][1] <= law.mean_high
    assert 0.91 <= held / tried <= 0.99


def test_held_out_likelihood_finds_the_planted_family() -> None:
    """Four in five or more; those that it misses are a gamma and a Weibull law that look alike."""
    right = Counter(_chosen(seed, "running").kind == _planted(seed)[0]["running"][0] for seed in range(PLANTS // 2))
    assert right[True] >= 0.8 * right.total(), right


def test_gaps_cost_times_and_do_not_move_them() -> None:
    """The same plants without faults: about as many intervals hold, and the estimates agree."""
    apart = []
    for seed in range(30):
        truth, whole, broken = _planted(seed)
        family = FAMILY[truth["running"][0]]
        one, other = (fit(family, _sample(t, "running")) for t in (whole, broken))
        assert len(_sample(broken, "running").seen) < len(_sample(whole, "running").seen)
        apart.append(math.log(one.mean / other.mean))
    assert abs(float(np.mean(apart))) < 3 * float(np.std(apart)) / math.sqrt(len(apart))


@pytest.mark.parametrize("seed", range(3))
def test_neither_order_nor_repetition_of_records_changes_anything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    events = planted.log(planted.Plant(*[lambda r: float(r.exponential(60.0))] * 5, jobs=60), seed)
    mixed = [events[i] for i in rng.permutation(len(events))] + events[::3]
    one, other = times_of(events, SILENCE_S), times_of(mixed, SILENCE_S)
    assert (one.seen, one.cut, one.gaps) == (other.seen, other.cut, other.gaps)
    assert other.duplicates == len(events[::3])
    assert one.late == 0 < other.late


@pytest.mark.parametrize(
    ("rows", "seen", "cut"),
    [
        # two jobs parted by the counter, and one that the end of the log cuts off
        (
            [(0, "idle", 0), (10, "running", 0), (40, "running", 1), (90, "running", 2), (100, "running", 2)],
            {"running": [30, 50]},
            {"running": [10]},
        ),
        # a failure in the midst of a job; the repair, and the life after it
        (
            [(0, "idle", 0), (10, "running", 0), (20, "down", 0), (50, "running", 0), (55, "idle", 1), (99, "idle", 1)],
            {"running": [15], "down": [30]},
            {"life": [5], "up": [49]},
        ),
        # a repair whose beginning nobody saw is no time
        (
            [(0, "down", 0), (30, "idle", 0), (40, "running", 0), (50, "idle", 1)],
            {"running": [10]},
            {"life": [10], "up": [20]},
        ),
        # from `unknown` on nothing is seen: the job is cut off there, and the next sight begins in the midst
        (
            [(0, "idle", 0), (10, "running", 0), (30, "unknown", 0), (60, "running", 0), (70, "idle", 1)],
            {},
            {"running": [20]},
        ),
        # without a counter a job ends when the machine is idle
        (
            [(0, "idle", None), (10, "setup", None), (15, "running", None), (40, "blocked", None), (60, "idle", None)],
            {"setup": [5], "running": [25]},
            {},
        ),
        # silence of more than 150 s hides what happened in it
        ([(0, "idle", 0), (10, "running", 0), (400, "running", 0), (410, "idle", 1)], {}, {}),
    ],
)
def test_times_out_of_records(
    rows: list[tuple[int, str, int | None]], seen: dict[str, list[float]], cut: dict[str, list[float]]
) -> None:
    times = times_of([Event(at * 10**9, "m", state, "a", count) for at, state, count in rows], SILENCE_S)
    assert {k[0]: v for k, v in times.seen.items()} == seen
    assert {k[0]: v for k, v in times.cut.items()} == cut


def test_time_between_orders_leaves_out_what_nobody_saw() -> None:
    """Others say something all the time, until the log stops for an hour."""
    beats = [Event(at * 10**9, "m", "idle", "", 0) for at in (*range(0, 1000, 100), *range(4600, 6000, 100))]
    orders = [Event(at * 10**9, "a", "order") for at in (50, 350, 750, 4700, 5600)]
    times = times_of([*beats, *orders], SILENCE_S)
    assert times.seen["between", "a", ""] == [300, 400, 900]
    assert times.cut["between", "a", ""] == [150, 300]


@pytest.mark.parametrize(("count", "needed"), [(0, True), (SEEN_MIN - 1, True), (20, True), (200, False)])
def test_too_few_times_are_said_to_be_too_few(count: int, needed: bool) -> None:
    rng = np.random.default_rng(5)
    law = choose(Sample(rng.exponential(100.0, count), np.array([50.0])))
    assert bool(law.needed) == needed
    assert ("too few" in law.verdict()) == needed
    if needed:
        assert count < law.needed < 400
    assert (law.distribution() is None) == (count < SEEN_MIN)


def test_times_that_do_not_vary_are_a_constant() -> None:
    law = choose(Sample(np.full(50, 90.0) + np.linspace(-0.05, 0.05, 50), np.array([])))
    assert law.kind == "constant"
    found = law.distribution(60.0)
    assert found is not None
    assert found.value == 1.5


@pytest.mark.parametrize("kind", sorted(FAMILY))
def test_what_is_written_is_the_law_that_was_fitted(kind: str) -> None:
    """The site file's words give the family's mean and spread back."""
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(2)
    found = fit(FAMILY[kind], Sample(rng.gamma(9.0, 10.0, 400), np.array([])))
    law = found.family.distribution(found.at)
    match kind:
        case "exponential":
            mean = law.mean
        case "weibull":
            mean = stats.weibull_min(law.shape, scale=law.scale).mean()
        case _:
            mean = law.mean
    assert mean == pytest.approx(found.mean, rel=1e-3)
