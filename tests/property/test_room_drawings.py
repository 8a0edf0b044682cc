"""What is drawn and sent: nothing outside its frame, nothing invented in a gap, nothing lost in a change."""

from __future__ import annotations

import itertools
from datetime import UTC
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from andon.control_room.live import QUEUE_MAX, Client, changes
from andon.control_room.present import duration, estimate, number
from andon.control_room.trend import SLIM, WIDTH, draw
from andon.core.time import SECOND, Nanos
from andon.operate.port import Point

START = 1_795_352_811 * SECOND
BAD = 0x80000000
values = st.floats(-1e6, 1e6, allow_nan=False)


@st.composite
def series(draw_: st.DrawFn) -> list[Point]:
    count = draw_(st.integers(0, 40))
    made = []
    for i in range(count):
        value = draw_(st.none() | values)
        spread = draw_(st.floats(0, 10))
        band = (None, None) if value is None else (value - spread, value + spread)
        status = draw_(st.sampled_from([0, 0, 0, 0x40000000, BAD]))
        made.append(Point(Nanos(START + i * 60 * SECOND), value, *band, status))
    return made


@given(series(), st.none() | values, st.none() | values, st.sampled_from([WIDTH, SLIM]))
def test_a_trend_stays_inside_its_frame(
    points: list[Point], low: float | None, high: float | None, width: float
) -> None:
    d = draw(points, (START, START + 3600 * SECOND), (low, high), "°C", UTC, width)
    for line in (*d.lines, *d.bands):
        for spot in line.split():
            x, y = map(float, spot.split(","))
            assert d.left - 0.1 <= x <= d.right + 0.1
            assert d.top - 0.1 <= y <= d.bottom + 0.1
    assert all(d.top - 0.1 <= limit.y <= d.bottom + 0.1 for limit in d.limits)
    assert all(d.left - 0.1 <= t.at <= d.right + 0.1 for t in d.x_ticks)


@given(series())
def test_a_line_runs_through_every_usable_point_and_through_no_other(points: list[Point]) -> None:
    d = draw(points, (START, START + 3600 * SECOND), (None, None), "", UTC)
    drawn = sum(len(line.split()) for line in d.lines) + len(d.dots)
    assert drawn == sum(1 for p in points if p.value is not None and p.quality != BAD)
    broken = sum(1 for p in points if p.value is None or p.quality == BAD)
    assert broken or len(d.lines) + len(d.dots) <= 1


@given(series(), values, st.integers(-7200, 3600))
def test_a_value_that_is_still_confirmed_goes_on_to_the_end(points: list[Point], value: float, since_s: int) -> None:
    end = START + 3600 * SECOND
    held = Point(Nanos(START + since_s * SECOND), value, None, None, 0)
    d = draw(points, (START, end), (None, None), "", UTC, held=held)
    usable = [p for p in points if p.value is not None and p.quality != BAD]
    if usable and end - usable[-1].at <= 60 * SECOND:
        return
    last = [float(line.split()[-1].split(",")[0]) for line in d.lines]
    assert max(last) == d.right
    if not usable and since_s > 120:
        assert d.gaps, "what was not received before it came is left open"
    elif not usable and since_s <= 0:
        assert not d.gaps


@given(
    st.lists(
        st.fixed_dictionaries(
            {"at": st.integers(0, 9), "signals": st.fixed_dictionaries({k: st.integers(0, 2) for k in "abc"})}
        ),
        min_size=2,
        max_size=8,
    )
)
def test_changes_applied_to_the_frame_before_give_the_frame_after(made: list[dict[str, Any]]) -> None:
    page = {"at": made[0]["at"], "signals": dict(made[0]["signals"])}
    for before, after in itertools.pairwise(made):
        step = changes(before, after)
        page["at"] = step["at"]
        page["signals"].update(step.get("signals", {}))
        assert page == after


@given(st.lists(st.booleans(), max_size=60))
def test_a_slow_browser_is_bounded_and_is_sent_a_whole_frame_after_it_lost_one(reads: list[bool]) -> None:
    client = Client()
    complete = False
    for i, read in enumerate(reads):
        client.offer(f"whole {i}", f"change {i}")
        assert len(client.queue) <= QUEUE_MAX
        if read:
            first = client.queue.popleft()
            complete = complete or first.startswith("whole")
            assert complete
    numbers = [int(text.split()[1]) for text in client.queue]
    assert numbers == sorted(numbers)
    if numbers:
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@given(values)
def test_numbers_read_back_as_what_they_are(value: float) -> None:
    for text, tolerance in ((number(value), 0.01), (estimate(value), 0.06)):
        read = float(text.replace("\u2212", "-").replace("\u202f", ""))
        assert abs(read - value) <= max(0.5 if abs(value) >= 10 else 0.05, tolerance * abs(value))


@given(st.floats(0, 1e7))
def test_a_duration_is_never_longer_than_it_was(seconds: float) -> None:
    units = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
    parts = duration(seconds).split()
    total = sum(int(n) * units[u] for n, u in zip(parts[::2], parts[1::2], strict=True))
    assert total <= seconds < total + (1 if seconds < 3600 else 60 if seconds < 86_400 else 3600)
