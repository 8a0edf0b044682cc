"""Tables that keep numbers in little memory give back the numbers that were put in, in whatever parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.models.simulate.lean import WIDEST, Seldom, Small


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    """int64[n, 2, 3], with kinds that are 0 everywhere."""
    n = draw(st.integers(1, 6))
    numbers = st.sampled_from((0, 1, 255, 256, 65_535, WIDEST))
    values = np.array(draw(st.lists(numbers, min_size=6 * n, max_size=6 * n)), np.int64).reshape(n, 2, 3)
    values[:, :, draw(st.integers(0, 2))] = 0
    return values


@given(values=tables(), cut=st.integers(0, 6), more=tables())
@settings(deadline=None, max_examples=60)
def test_what_is_put_in_comes_out(values: np.ndarray, cut: int, more: np.ndarray) -> None:
    n, both = len(values), np.concatenate([values, more])
    small, seldom = Small.empty(*values.shape), Seldom(n, 2)
    for part in (slice(cut, n), slice(0, min(cut, n))):
        small.put(part, values[part])
        seldom.put(part, values[part])
    others, other_times = Small.empty(*more.shape), Seldom(len(more), 2)
    others.put(slice(0, len(more)), more)
    other_times.put(slice(0, len(more)), more)
    assert np.array_equal(small.get(...), values)
    assert np.array_equal(small.rows(slice(1, 4)).get(...), values[1:4])
    assert np.array_equal(small.joined(others).get((..., 1)), both[:, :, 1])
    for kind in range(3):
        assert np.array_equal(seldom.get(1, kind), values[:, 1, kind])
        assert np.array_equal(seldom.rows(slice(1, 4)).get(0, kind), values[1:4, 0, kind])
        assert np.array_equal(seldom.joined(other_times).get(0, kind), both[:, 0, kind])
    assert len(seldom.kinds) < 3


@pytest.mark.parametrize("value", [-1, WIDEST + 1])
def test_what_cannot_be_kept_is_refused(value: int) -> None:
    with pytest.raises(OverflowError):
        Small.empty(1, 1).put(slice(0, 1), np.array([[value]]))
