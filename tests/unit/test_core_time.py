"""Times: nine decimals survive, offsets are honoured, a time without a zone is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.core.time import ManualClock, iso, nanos, parse_iso, seconds

ROWS = [
    ("2017-02-01T13:59:35.0937500Z", 1_485_957_575_093_750_000),
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01T01:00:00.5+01:00", 500_000_000),
    ("2026-11-22T12:00:00.123456789Z", 1_795_348_800_123_456_789),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_timestamps_keep_all_their_decimals(text: str, expected: int) -> None:
    assert parse_iso(text) == expected


@pytest.mark.parametrize("text", ["2017-02-01T13:59:35", "yesterday", "", "2017-13-01T00:00:00Z"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_iso(text)


@given(st.integers(min_value=0, max_value=4_000_000_000_000_000_000))
def test_printing_and_reading_agree_to_the_microsecond(at: int) -> None:
    assert parse_iso(iso(at)) == at // 1000 * 1000


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(now=5)
    clock.advance(1.5)
    assert clock.now() == 5 + nanos(1.5)
    assert seconds(clock.monotonic()) == 1.5
