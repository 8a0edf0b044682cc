"""The same bits: compiled and plain Python, any number of threads, warm start and continued run."""

from __future__ import annotations

import math
import types
from pathlib import Path

import numpy as np
import pytest

from andon.adapters.pool import ThreadPool
from andon.adapters.site_folder import load
from andon.core.time import SECOND
from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.live import LiveState, MachineNow, live_state
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, day_shift, exponential, line
from andon.site.floor import Distribution
from andon.site.model import Site

HOUR = 3600.0
VALVES = Path(__file__).parents[2] / "examples" / "valve-works"
NOW = 1_795_356_000 * SECOND
SEEN = {
    "lathe-1.state": "running",
    "lathe-1.job": "ball-valve",
    "lathe-1.elapsed": 200.0,
    "lathe-2.state": "setup",
    "lathe-2.job": "gate-valve",
    "lathe-3.state": "down",
    "lathe-3.job": "gate-valve",
    "lathe-3.elapsed": 60.0,
    "mill-1.state": "blocked",
    "mill-1.job": "check-valve",
    "mill-2.state": "idle",
    "washer-1.state": "running",
    "oven-1.state": "running",
    "oven-1.job": "ball-valve",
    "oven-1.elapsed": 900.0,
    "oven-1.setpoint_active": 180.0,
    "oven-2.state": "down",
    "oven-2.setpoint_active": 175.0,
    "bench-1.state": "waiting_crew",
    "bench-1.job": "ball-valve",
    "curing-buffer.level": 14,
    "turning-buffer.level": 20,
    "washing-buffer.level": 2,
    "ball-valve.waiting": 10,
    "gate-valve.waiting": 9,
    "check-valve.waiting": 4,
    "release.active_sequence": 312,
}


def valve_works() -> Site:
    site = load(VALVES)
    assert isinstance(site, Site)
    return site


def _shop() -> Site:
    """Everything at once: batches, set-ups, crews, breaks, both kinds of failures, a release limit."""
    gamma = Distribution(kind="gamma", mean=60.0, sd=20.0)
    stages = [
        Stage(gamma, machines=2, capacity=4, setup=constant(30.0), crew=1, crew_for_setup=True),
        Stage(
            constant(240.0),
            machines=2,
            capacity=5,
            batch=3,
            fails=exponential(3000.0),
            repair=exponential(300.0),
            calendar=True,
        ),
        Stage(
            Distribution(kind="normal", mean=50.0, sd=30.0),
            capacity=2,
            crew=1,
            fails=exponential(900.0),
            repair=Distribution(kind="weibull", shape=1.5, scale=100.0),
            menders=1,
        ),
    ]
    shifts = (day_shift("00:00", "12:00", ("01:00", 15.0)),)
    return line(
        stages, exponential(600.0), quantity=5, products=((0, 1, 2), (1, 2, 0)), wip=9, shifts=shifts, uncertainty=0.1
    )


def _models() -> dict[str, tuple[Image, int]]:
    valves, shop = valve_works(), _shop()
    queue = line([Stage(exponential(1.0))], exponential(1.2))
    live = live_state(valves, SEEN, NOW)
    changed = asked(valves, {"oven-1.setpoint": 190.0, "release.sequence": 231, "cure.spread": 1.1})
    return {
        "queue": (compile_site(queue, None, 300.0, asked(queue, {})), 3),
        "shop": (compile_site(shop, None, 3 * HOUR, asked(shop, {}), warmup_s=600.0), 3),
        "valves from empty": (compile_site(valves, None, 5 * HOUR, asked(valves, {})), 2),
        "valves from live": (compile_site(valves, live, 4 * HOUR, changed), 3),
    }


@pytest.mark.parametrize("name", ["queue", "shop", "valves from empty", "valves from live"])
def test_compiled_and_plain_python_leave_the_same_bits(name: str) -> None:
    image, n = _models()[name]
    compiled = replicate(image, n, 5)
    plain = replicate(image, n, 5, flavour="plain")
    assert np.array_equal(compiled.prints, plain.prints)
    assert np.array_equal(compiled.factors, plain.factors)


@pytest.mark.proof
def test_the_checked_build_leaves_the_same_bits_and_no_index_is_out_of_bounds() -> None:
    for image, n in _models().values():
        assert np.array_equal(replicate(image, n, 5).prints, replicate(image, n, 5, flavour="checked").prints)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_any_number_of_threads_leaves_the_same_bits(threads: int) -> None:
    site = valve_works()
    image = compile_site(site, live_state(site, SEEN, NOW), 4 * HOUR, asked(site, {}))
    assert np.array_equal(replicate(image, 110, 9, pool=ThreadPool(threads)).prints, replicate(image, 110, 9).prints)


def test_a_shorter_experiment_is_the_beginning_of_a_longer_one() -> None:
    site = _shop()
    image = compile_site(site, None, HOUR, asked(site, {}))
    assert np.array_equal(replicate(image, 60, 4).prints[:33], replicate(image, 33, 4).prints)


def test_two_functions_of_the_kernel_cannot_have_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = types.ModuleType("twin")

    def schedule() -> None: ...

    schedule.__module__ = "twin"
    monkeypatch.setattr(twin, "schedule", schedule, raising=False)
    monkeypatch.setattr(jit, "MODULES", (*jit.MODULES, twin))
    with pytest.raises(ValueError, match="`schedule` stands in"):
        jit.functions()


def test_other_seeds_and_replications_differ() -> None:
    site = _shop()
    image = compile_site(site, None, HOUR, asked(site, {}))
    rows = replicate(image, 20, 4)
    assert len(set(rows.prints.tolist())) == 20
    assert not np.array_equal(rows.prints, replicate(image, 20, 5).prints)


def test_stopping_early_keeps_whole_chunks_from_the_first() -> None:
    site = _shop()
    image = compile_site(site, None, HOUR, asked(site, {}))
    seen: list[int] = []
    rows = replicate(image, 200, 4, stop=lambda: len(seen) >= 2, progress=lambda done, *_: seen.append(done))
    assert rows.n == 25
    assert np.array_equal(rows.prints, replicate(image, 25, 4).prints)


# Warm start and continued run


def _observe(site: Site, image: Image, m: np.ndarray) -> LiveState:
    """What a perfect observer sees at the end of a run: the state as plain data."""
    machines: dict[str, MachineNow] = {}
    names = image.products
    now = int(m[at.NOW])
    kinds = {at.STARVED: "idle", at.SETUP: "setup", at.BUSY: "running", at.BLOCKED: "blocked"}
    for k, machine in enumerate(image.machines):
        p = int(m[at.PROCS]) + k * at.PROC_WORDS
        t = int(m[p + at.JOB])
        state = kinds[int(m[p + at.STATE])]
        last = names[int(m[p + at.LAST])] if m[p + at.LAST] >= 0 else ""
        job = names[int(m[t + at.PRODUCT])] if t else ""
        elapsed = (now - int(m[p + at.START])) / 1e9 if state in {"running", "setup"} else None
        machines[machine] = MachineNow(state, job, elapsed, jobs=1 if t else None, last=last)
    queues: dict[str, tuple[str, ...]] = {}
    for i, station in enumerate(site.stations):
        s = int(m[at.STORES]) + i * at.STORE_WORDS
        t, found = int(m[s + at.HEAD]), []
        while t:
            found.append(names[int(m[t + at.PRODUCT])])
            t = int(m[t + at.LINK])
        queues[station.buffer] = tuple(found)
    a = int(m[at.PRODUCTS])
    waiting = {name: int(m[a + i * at.PRODUCT_WORDS + at.WAITING]) for i, name in enumerate(names)}
    return LiveState(image.options.start_ns + now, machines, queues=queues, waiting=waiting)


def _exits(site: Site, live: LiveState | None, horizon_s: float) -> tuple[Image, np.ndarray, list[int]]:
    image = compile_site(site, live, horizon_s, asked(site, {}), trace=20_000)
    kernel = jit.kernel("plain")
    m = np.zeros(image.size, np.int64)
    m[: len(image.memory)] = image.memory
    f = image.reals.copy()
    with np.errstate(over="ignore"):
        kernel["begin"](m, f, 1, 0)
        kernel["run"](m, f, image.code)
    trace = m[m[at.TRACE] : m[at.TRACE_N]].reshape(-1, at.TRACE_WORDS)
    return image, m, [int(t) for t in trace[trace[:, 1] == at.TRACE_EXIT, 0]]


@pytest.mark.parametrize("split_s", [1000.0, 2222.2, 4000.5, 5555.0])
def test_a_warm_start_equals_the_continued_run(split_s: float) -> None:
    """With fixed times the future from an observed state is the very future of the run that was observed."""
    stages = [
        Stage(constant(61.0), machines=2, capacity=60, setup=constant(17.0)),
        Stage(constant(37.0), capacity=3),
        Stage(constant(83.0), machines=2, capacity=2),
        Stage(constant(41.3), capacity=1),
    ]
    site = line(stages, constant(1e6), quantity=40, products=((0, 1, 2, 3), (0, 2, 3)))
    _, _, whole = _exits(site, None, 8000.0)
    image, m, first = _exits(site, None, split_s)
    live = _observe(site, image, m)
    _, _, second = _exits(site, live, 8000.0 - split_s)
    assert first + [t + round(split_s * 1e9) for t in second] == whole
    assert len(whole) > 70


def test_a_warm_start_in_law_is_the_continued_run() -> None:
    """Memoryless times: starting from 'busy for any time so far' gives the law of starting afresh."""
    site = line([Stage(exponential(100.0), capacity=50)], constant(1e6), quantity=50)
    busy = {f"m0-{0}": MachineNow("running", "p0", 1234.0)}
    live = LiveState(NOW, busy, queues={"b0": ("p0",) * 5})
    image = compile_site(site, live, 400.0, asked(site, {}))
    done = replicate(image, 800, 2).done()
    # jobs completed in 400 s at rate 1/100, at most six: a truncated Poisson law
    weights = [math.exp(-4.0) * 4.0**k / math.factorial(k) for k in range(6)]
    exact = sum(k * w for k, w in enumerate(weights)) + 6 * (1 - sum(weights))
    assert abs(done.mean() - exact) < 3.5 * done.std() / math.sqrt(len(done))
