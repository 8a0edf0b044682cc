"""The same bits over drawn floors: compiled and plain Python, any threads and chunks; and a look is a continued run."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from drawn_laws import run
from drawn_sites import HORIZON_S, WORDS, sites
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from looks import look

from andon.adapters.pool import ThreadPool
from andon.models.simulate import run as running
from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, line
from andon.site.model import Site


@given(site=sites(), seed=st.integers(0, 1000))
@settings(max_examples=25)
def test_compiled_and_plain_python_leave_the_same_bits_on_every_floor(site: Site, seed: int) -> None:
    image = compile_site(site, None, HORIZON_S, asked(site, {}))
    compiled, plain = replicate(image, 2, seed), replicate(image, 2, seed, flavour="plain")
    assert np.array_equal(compiled.prints, plain.prints)
    assert np.array_equal(compiled.factors, plain.factors)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_leaves_the_same_bits(word: str) -> None:
    @given(site=sites(always=(word,)))
    @settings(max_examples=3)
    def check(site: Site) -> None:
        image = compile_site(site, None, HORIZON_S, asked(site, {}))
        assert np.array_equal(replicate(image, 1, 3).prints, replicate(image, 1, 3, flavour="plain").prints)

    check()


@pytest.mark.proof
@given(site=sites(), seed=st.integers(0, 1000))
@settings(max_examples=150)
def test_no_index_is_out_of_bounds_on_any_floor(site: Site, seed: int) -> None:
    """The build that checks every index of every table."""
    image = compile_site(site, None, HORIZON_S, asked(site, {}))
    assert np.array_equal(replicate(image, 2, seed).prints, replicate(image, 2, seed, flavour="checked").prints)


@given(site=sites(), chunk=st.integers(2, 40), n=st.integers(2, 70))
@settings(max_examples=15)
def test_neither_threads_nor_chunks_change_a_bit(site: Site, chunk: int, n: int) -> None:
    image = compile_site(site, None, HORIZON_S, asked(site, {}))
    plain = replicate(image, n, 7)
    for threads in (2, 8):
        assert np.array_equal(replicate(image, n, 7, pool=ThreadPool(threads)).prints, plain.prints)
    with patch.object(running, "CHUNK", chunk), patch.object(running, "CHUNK_FIRST", 1 + chunk // 3):
        again = replicate(image, n, 7, pool=ThreadPool(2))
    assert np.array_equal(again.prints, plain.prints)
    assert np.array_equal(again.factors, plain.factors)
    assert np.array_equal(again.done(), plain.done())


# A look is the continued run


@st.composite
def _clockworks(draw: st.DrawFn) -> Site:
    """Lines of single machines whose times do not vary and have no common measure, so that nothing is simultaneous.

    They are whole nanoseconds: what is left of half a one is rounded otherwise than the whole.
    """
    n = draw(st.integers(1, 4))
    time = st.integers(5_000, 90_000).map(lambda k: constant(k * 1_000_173 / 1e9))
    stages = [
        Stage(
            draw(time),
            capacity=100 if i == 0 else draw(st.integers(1, 4)),
            setup=draw(st.none() | time),
        )
        for i in range(n)
    ]
    routes = [tuple(range(n))]
    if n > 1 and draw(st.booleans()):
        routes.append((0, *sorted(draw(st.sets(st.integers(1, n - 1), min_size=1)))))
    return line(stages, constant(1e6), quantity=draw(st.integers(5, 40)), products=routes)


@given(site=_clockworks(), split_s=st.floats(1.0, 3000.0))
@settings(max_examples=60)
def test_what_follows_from_a_look_is_the_very_future_of_the_run_that_was_looked_at(site: Site, split_s: float) -> None:
    """Exit by exit, to the nanosecond."""
    split = round(split_s * 1e3) * 1_000_000
    whole = run(site, 4000.0).events(at.TRACE_EXIT)[:, :2].tolist()
    first = run(site, split / 1e9)
    # A machine that never worked shows no last product, and then its set-up is anybody's guess.
    worked = [first.m[p + at.LAST] >= 0 for p, _ in zip(first.processes, first.image.machines, strict=False)]
    assume(all(done or not s.setup for done, s in zip(worked, site.stations, strict=True)))
    second = run(site, 4000.0 - split / 1e9, live=look(first))
    later = [[t + split, product] for t, product in second.events(at.TRACE_EXIT)[:, :2].tolist()]
    assert first.events(at.TRACE_EXIT)[:, :2].tolist() + later == whole
