"""Laws that hold for every model: jobs are conserved, capacity and crews are kept, breaks are taken, time goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.core.time import SECOND
from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.calendar import first_shift_start
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, day_shift, exponential, line
from andon.site.floor import Distribution
from andon.site.model import Site

LAWS = st.one_of(
    st.builds(lambda v: Distribution(kind="constant", value=v), st.floats(0.5, 60)),
    st.builds(lambda v: Distribution(kind="exponential", mean=v), st.floats(0.5, 60)),
    st.builds(lambda v, c: Distribution(kind="lognormal", mean=v, sd=c * v), st.floats(0.5, 60), st.floats(0.1, 2)),
    st.builds(lambda v, c: Distribution(kind="gamma", mean=v, sd=c * v), st.floats(0.5, 60), st.floats(0.2, 1.5)),
    st.builds(lambda v: Distribution(kind="empirical", values=tuple(v)), st.lists(st.floats(0.1, 60), min_size=1)),
)


@st.composite
def stages(draw: Any) -> Stage:
    fails = draw(st.booleans())
    return Stage(
        time=draw(LAWS),
        machines=draw(st.integers(1, 3)),
        capacity=draw(st.integers(1, 5)),
        batch=draw(st.integers(1, 3)),
        fails=exponential(draw(st.floats(20, 500))) if fails else None,
        repair=draw(LAWS) if fails else None,
        menders=draw(st.integers(0, 1)),
        calendar=draw(st.booleans()),
        setup=draw(st.none() | LAWS),
        crew=draw(st.integers(0, 2)),
        crew_for_setup=draw(st.booleans()),
    )


@st.composite
def sites(draw: Any) -> Site:
    line_stages = draw(st.lists(stages(), min_size=1, max_size=4))
    n = len(line_stages)
    routes = [tuple(range(n))]
    if draw(st.booleans()):
        routes.append(tuple(sorted(draw(st.sets(st.integers(0, n - 1), min_size=1)))))
    shifts = (day_shift("00:00", "08:00", ("00:10", 7.0)),) if draw(st.booleans()) else ()
    return line(
        line_stages,
        exponential(draw(st.floats(30, 400))),
        quantity=draw(st.integers(1, 6)),
        products=routes,
        wip=draw(st.none() | st.integers(1, 20)),
        shifts=shifts,
        uncertainty=draw(st.sampled_from((0.0, 0.2))),
    )


def _traced(image: Image, replication: int) -> tuple[np.ndarray, np.ndarray]:
    kernel = jit.kernel("plain")
    m = np.zeros(image.size, np.int64)
    m[: len(image.memory)] = image.memory
    f = image.reals.copy()
    with np.errstate(over="ignore"):
        kernel["begin"](m, f, 1, replication)
        kernel["run"](m, f, image.code)
    return m, m[m[at.TRACE] : m[at.TRACE_N]].reshape(-1, at.TRACE_WORDS)


@given(site=sites(), replication=st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_laws_of_every_run(site: Site, replication: int) -> None:
    image = compile_site(site, None, 1800.0, asked(site, {}), trace=60_000)
    m, trace = _traced(image, replication)
    assert m[at.FAULT] == at.FAULT_NONE
    _time_goes_on(trace)
    _jobs_are_conserved(image, m)
    _capacity_is_kept(image, m, trace)
    _crews_are_kept(site, image, m, trace)
    _times_add_up(image, m)


def _time_goes_on(trace: np.ndarray) -> None:
    assert (np.diff(trace[:, 0]) >= 0).all()
    assert (trace[:, 0] <= 1800 * SECOND).all()


def _jobs_are_conserved(image: Image, m: np.ndarray) -> None:
    product = [int(m[at.PRODUCTS]) + i * at.PRODUCT_WORDS for i in range(len(image.products))]
    ordered = sum(m[a + at.ORDERED] for a in product)
    released = sum(m[a + at.RELEASED_N] for a in product)
    waiting = sum(m[a + at.WAITING] for a in product)
    done = sum(m[a + at.DONE] for a in product)
    assert ordered == released + waiting
    assert released == done + m[at.WIP]
    assert m[at.WIP] <= m[at.WIP_LIMIT]
    held = 0
    for i in range(int(m[at.STORES_N])):
        held += m[m[at.STORES] + i * at.STORE_WORDS + at.LEVEL]
    for i in range(int(m[at.PROCS_N])):
        t = m[m[at.PROCS] + i * at.PROC_WORDS + at.JOB]
        while t:
            held += 1
            t = m[t + at.LINK]
    assert held == m[at.WIP]


def _capacity_is_kept(image: Image, m: np.ndarray, trace: np.ndarray) -> None:
    for kind, store, level in trace[:, 1:]:
        if kind == at.TRACE_LEVEL:
            assert 0 <= level <= m[store + at.CAPACITY]


def _crews_are_kept(site: Site, image: Image, m: np.ndarray, trace: np.ndarray) -> None:
    """Never more people at work than there are; none during the break."""
    begin = image.options.start_ns - first_shift_start(site)
    for when, kind, crew, used in trace:
        if kind != at.TRACE_CREW:
            continue
        index = (int(crew) - int(m[at.POOLS])) // at.POOL_WORDS
        size = max(site.crews[index].size.values())
        assert 0 <= used <= size
        since = (int(when) + begin) / SECOND
        if site.shifts and 600 < since < 600 + 7 * 60:
            assert used == 0


def _times_add_up(image: Image, m: np.ndarray) -> None:
    for k in range(len(image.machines)):
        p = int(m[at.PROCS]) + k * at.PROC_WORDS
        assert m[p + at.TIMES : p + at.TIMES + 8].sum() == 1800 * SECOND


@given(
    laws=st.lists(LAWS, min_size=2, max_size=4),
    rooms=st.lists(st.integers(1, 4), min_size=3, max_size=3),
    where=st.integers(0, 2),
)
@settings(deadline=None, max_examples=40)
def test_more_buffer_never_hurts_a_serial_line(laws: list[Distribution], rooms: list[int], where: int) -> None:
    """Job by job, in the same future: a place more never delays the last of forty jobs."""

    def finish(more: int) -> np.ndarray:
        capacity = [40, *rooms]
        capacity[1 + where] += more
        made = [Stage(law, capacity=c) for law, c in zip(laws, capacity, strict=False)]
        site = line(made, Distribution(kind="constant", value=1e6), quantity=40)
        rows = replicate(compile_site(site, None, 9e5, asked(site, {}), bins=1), 5, 1)
        assert (rows.done() == 40).all()
        return rows.product(0, at.LAST_EXIT)

    assert (finish(1) <= finish(0)).all()
