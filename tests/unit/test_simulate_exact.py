"""The engine against results that are known exactly: queues, lines, repair, and recursions to the last nanosecond."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.build_flow import ENTRY_NUMBER, KIT_NUMBER, draw_number
from andon.models.simulate.kernel import chance, numbers, work
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.floor import Distribution
from andon.site.model import Site

Z_99 = 2.576


def _long(site: Site, horizon_s: float, n: int, *, warmup_s: float, seed: int = 3) -> Rows:
    image = compile_site(site, None, horizon_s, asked(site, {}), warmup_s=warmup_s, bins=1)
    return replicate(image, n, seed)


def _holds(values: np.ndarray, exact: float, relative_half_width: float) -> None:
    """The exact value lies in the 99 % interval (and a little for what is left of the start-up), which is narrow."""
    half = Z_99 * float(values.std(ddof=1)) / math.sqrt(len(values))
    assert half < relative_half_width * exact
    assert abs(float(values.mean()) - exact) < half + 0.002 * exact


def _erlang_c(c: int, load: float) -> float:
    top = load**c / math.factorial(c) * c / (c - load)
    return top / (sum(load**k / math.factorial(k) for k in range(c)) + top)


@pytest.mark.parametrize(("rho", "machines"), [(0.5, 1), (0.8, 1), (0.7, 3), (0.85, 2)])
def test_mean_wait_of_an_m_m_c_queue(rho: float, machines: int) -> None:
    site = line([Stage(exponential(1.0), machines=machines)], exponential(1.0 / (rho * machines)))
    rows = _long(site, 60_000.0, 60, warmup_s=4_000.0)
    wait = rows.queue(0) / (rows.done() / rows.seconds)
    _holds(wait, _erlang_c(machines, rho * machines) / (machines - rho * machines), 0.03)


@pytest.mark.parametrize("sd", [0.5, 1.5])
def test_mean_wait_of_an_m_g_1_queue(sd: float) -> None:
    """Pollaczek and Khinchine: rate times the second moment over 2 (1 - rho)."""
    law = Distribution(kind="lognormal", mean=1.0, sd=sd)
    rows = _long(line([Stage(law)], exponential(1.0 / 0.7)), 60_000.0, 60, warmup_s=3_000.0)
    wait = rows.queue(0) / (rows.done() / rows.seconds)
    _holds(wait, 0.7 * (1.0 + sd * sd) / (2 * 0.3), 0.05)


@pytest.mark.parametrize("room", [1, 2, 5])
def test_throughput_of_two_exponential_stations_with_a_buffer(room: int) -> None:
    """Hunt 1956: (b + 2) / (b + 3)."""
    stages = [Stage(exponential(1.0), capacity=10), Stage(exponential(1.0), capacity=room)]
    rows = _long(line(stages, constant(1000.0), quantity=5000), 21_000.0, 40, warmup_s=1_000.0)
    _holds(rows.done() / rows.seconds, (room + 2) / (room + 3), 0.005)


@pytest.mark.parametrize(("machines", "menders"), [(4, 1), (5, 2)])
def test_availability_in_the_machine_repair_model(machines: int, menders: int) -> None:
    """Machines that fail at rate a and are mended at rate b by a few people: a birth-death chain."""
    stage = Stage(
        constant(1.0),
        machines=machines,
        capacity=20,
        fails=exponential(10.0),
        repair=exponential(4.0),
        menders=menders,
    )
    rows = _long(line([stage], constant(1000.0), quantity=10_000), 21_000.0, 40, warmup_s=1_000.0)
    weights = [1.0]
    for down in range(machines):
        weights.append(weights[-1] * (machines - down) / 10.0 / (min(down + 1, menders) / 4.0))
    exact = sum((machines - k) * w for k, w in enumerate(weights)) / sum(weights) / machines
    _holds(rows.station_share(0, at.BUSY), exact, 0.01)


def test_two_machines_down_by_the_calendar_half_of_the_time() -> None:
    stage = Stage(
        constant(0.5), machines=2, capacity=20, fails=exponential(50.0), repair=exponential(50.0), calendar=True
    )
    rows = _long(line([stage], constant(1000.0), quantity=8_000), 41_000.0, 40, warmup_s=1_000.0)
    _holds(rows.station_share(0, at.BUSY), 0.5, 0.02)
    _holds(rows.station_share(0, at.FAILED), 0.5, 0.02)


def _service_ns(law: Distribution, image_reals: np.ndarray, place: int, key: int, job: int, step: int) -> int:
    with np.errstate(over="ignore"):
        v = chance.unit(key, work.who_is(at.FOR_TIME, 0), (job << 8) + step)
    return int(work.nanos(chance.duration(image_reals, place, v, 0.0)))


@pytest.mark.parametrize("rooms", [(1, 1, 1), (2, 1, 3), (4, 7, 1)])
def test_a_serial_line_is_the_max_plus_recursion_to_the_nanosecond(rooms: tuple[int, ...]) -> None:
    """Job n starts at station i when it has arrived and job n-1 has left; it leaves when the next buffer has room."""
    laws = (
        Distribution(kind="lognormal", mean=2.0, sd=1.0),
        Distribution(kind="gamma", mean=2.2, sd=0.9),
        Distribution(kind="triangular", low=1.0, mode=1.5, high=4.0),
        exponential(1.8),
    )
    jobs = 60
    stages = [Stage(law, capacity=c) for law, c in zip(laws, (jobs, *rooms), strict=True)]
    site = line(stages, constant(1e6), quantity=jobs)
    image = compile_site(site, None, 1e5, asked(site, {}))
    rows = replicate(image, 3, 11)
    for r in range(3):
        with np.errstate(over="ignore"):
            key = chance.key_of(11, r)
        places = {name: at.FACTORS + 2 * (5 + 1) + k * at.DIST_WORDS for k, name in enumerate(image.assumptions)}
        times = [
            [_service_ns(law, image.reals, places[f"time{i}"], key, n, i) for i, law in enumerate(laws)]
            for n in range(jobs)
        ]
        start = np.zeros((jobs, 4), np.int64)
        leave = np.zeros((jobs, 4), np.int64)
        for n in range(jobs):
            for i in range(4):
                arrived = leave[n, i - 1] if i else 0
                start[n, i] = max(arrived, leave[n - 1, i] if n else 0)
                leave[n, i] = start[n, i] + times[n][i]
                if i < 3 and n >= rooms[i]:
                    # the place in the next buffer is free when job n - b has left it for its machine
                    before = n - rooms[i]
                    started = max(leave[before, i], leave[before - 1, i + 1] if before else 0)
                    leave[n, i] = max(leave[n, i], started)
        assert rows.done()[r] == jobs
        assert rows.product(0, at.LAST_EXIT)[r] == leave[-1, -1]


@pytest.mark.parametrize(
    ("name", "reference", "points"),
    [
        ("log", math.log, [1e-300, 1e-9, 0.3, 0.70710678, 1.0, 1.5, 7.0, 1e200]),
        ("exp", math.exp, [-600.0, -20.0, -0.3, 0.0, 1e-9, 0.5, 3.0, 600.0]),
        ("log_gamma", math.lgamma, [0.1, 0.5, 1.0, 2.0, 7.5, 60.0, 4000.0]),
    ],
)
def test_own_functions_agree_with_the_library(
    name: str, reference: Callable[[float], float], points: list[float]
) -> None:
    for x in points:
        assert getattr(numbers, name)(x) == pytest.approx(reference(x), rel=5e-15, abs=5e-15)


def test_laws_and_their_inverses_agree() -> None:
    stats = pytest.importorskip("scipy.stats")
    laws = {
        "lognormal": (Distribution(kind="lognormal", mean=3.0, sd=2.0), None),
        "gamma": (Distribution(kind="gamma", mean=3.0, sd=1.0), stats.gamma(9.0, scale=1.0 / 3.0)),
        "weibull": (Distribution(kind="weibull", shape=1.7, scale=2.0), stats.weibull_min(1.7, scale=2.0)),
        "exponential": (exponential(2.0), stats.expon(scale=2.0)),
        "uniform": (Distribution(kind="uniform", low=1.0, high=4.0), stats.uniform(1.0, 3.0)),
        "triangular": (Distribution(kind="triangular", low=1.0, mode=2.0, high=5.0), stats.triang(0.25, 1.0, 4.0)),
        "normal": (Distribution(kind="normal", mean=1.0, sd=0.8), stats.truncnorm(-1.25, np.inf, 1.0, 0.8)),
    }
    for law, exact in laws.values():
        site = line([Stage(law)], exponential(9.0))
        image = compile_site(site, None, 100.0, asked(site, {}))
        place = at.FACTORS + 2 * 3 + at.DIST_WORDS
        for v in (1e-6, 0.01, 0.3, 0.5, 0.77, 0.999, 1 - 1e-6):
            x = chance.isf(image.reals, place, v)
            assert chance.sf(image.reals, place, x) == pytest.approx(v, rel=1e-5, abs=2e-9)
            if exact is not None:
                assert x == pytest.approx(float(exact.isf(v)), rel=1e-5, abs=1e-9)


def test_a_residual_time_follows_the_conditional_law() -> None:
    stats = pytest.importorskip("scipy.stats")
    law = Distribution(kind="weibull", shape=2.0, scale=10.0)
    site = line([Stage(law)], exponential(9.0))
    image = compile_site(site, None, 100.0, asked(site, {}))
    place = at.FACTORS + 2 * 3 + at.DIST_WORDS
    left = [chance.duration(image.reals, place, (i + 0.5) / 500, 7.0) for i in range(500)]
    exact = stats.weibull_min(2.0, scale=10.0)

    def conditional(x: np.ndarray) -> np.ndarray:
        return np.asarray(1.0 - exact.sf(7.0 + x) / exact.sf(7.0))

    assert stats.kstest(left, conditional).statistic < 0.01


def test_the_kernels_hash_names_its_cache() -> None:
    assert jit.source_hash() in str(jit.cache_folder())


def test_the_draws_of_any_two_steps_of_any_two_jobs_have_names_of_their_own() -> None:
    serials = [0, 1, 2, 255, 256, 1 << 40, (1 << 40) + 1, 15 << 41]
    numbers = [*range(1000), 59_999, KIT_NUMBER, ENTRY_NUMBER]
    steps = {draw_number(n) for n in numbers[:1000]} | {draw_number(59_999), KIT_NUMBER, ENTRY_NUMBER}
    assert len(steps) == 1003, "no step has the number of an entry or of a kit"
    names = {(serial << 8) + step for serial in serials for step in steps}
    assert len(names) == len(serials) * len(steps)
    assert max(names) < 1 << 63


def test_a_line_of_three_hundred_machines_is_the_recursion_too() -> None:
    site = line([Stage(constant(1.0), capacity=5)] * 300, constant(2000.0), quantity=50)
    rows = replicate(compile_site(site, None, 349.5, asked(site, {}), bins=1), 1, 1, flavour="plain")
    assert rows.done()[0] == 50
    assert rows.product(0, at.LAST_EXIT)[0] == 349 * 10**9
