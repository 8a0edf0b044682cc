"""A forecast and its mark know the first units only: whatever comes later changes neither."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from shdr_shop import MONDAY, PLAN

from andon.models.fit.compare import compare
from andon.models.fit.cycles import Log, Run, Told
from andon.models.fit.plan import Plan

DECLARED = Plan.model_validate(YAML(typ="safe").load(PLAN) | {"settings": {"replications": 1000}})
SECOND = 10**9
TIMES = st.lists(st.floats(min_value=20, max_value=5_000), min_size=10, max_size=10)
BLOCKS = st.sampled_from([0, 400, 500])


def told(unit: int, start: int, seconds: float, lost: float = 0.0, block: int = 500, ending: str = "completed") -> Told:
    end = start + round((seconds + lost) * SECOND)
    run = Run(start, end, ending, seconds, 0, 1, block, "PART.NC")
    log = Log(f"{unit:02d}.txt", "part", "op-1", "mill1", unit, start, end, 100, SECOND)
    return Told(log, [run])


def shop(first: list[float], later: list[tuple[float, float, int, str]]) -> list[Told]:
    out: list[Told] = []
    at = MONDAY
    for unit, seconds in enumerate(first, 1):
        out.append(told(unit, at, seconds))
        at = out[-1].log.last + 100 * SECOND
    for unit, (seconds, lost, block, ending) in enumerate(later, 11):
        out.append(told(unit, at, seconds, lost, block, ending))
        at = out[-1].log.last + 100 * SECOND
    return out


LATER = st.lists(
    st.tuples(
        st.floats(min_value=1, max_value=50_000),
        st.floats(min_value=0, max_value=10_000),
        BLOCKS,
        st.sampled_from(["completed", "stopped"]),
    ),
    max_size=10,
)


@settings(max_examples=8)
@given(TIMES, LATER, LATER)
def test_what_comes_later_changes_neither_forecast_nor_mark(
    first: list[float], one: list[tuple[float, float, int, str]], other: list[tuple[float, float, int, str]]
) -> None:
    a, b = (compare(shop(first, later), DECLARED, 1).outcomes[0] for later in (one, other))
    assert a.forecast.mark == b.forecast.mark
    assert a.forecast.why == b.forecast.why
    assert a.forecast.cycle == b.forecast.cycle
    assert a.empirical == b.empirical


@settings(max_examples=8)
@given(TIMES, LATER)
def test_every_log_is_accounted_for(first: list[float], later: list[tuple[float, float, int, str]]) -> None:
    found = compare(shop(first, later), DECLARED, 1)
    assert len(found.cycles) + len(found.set_aside) == len(found.logs)
    assert {c.log.file for c in found.cycles} | {a.log.file for a in found.set_aside} == {x.file for x in found.logs}


@settings(max_examples=8)
@given(TIMES)
def test_intervals_are_nested_and_in_order(first: list[float]) -> None:
    interval = compare(shop(first, []), DECLARED, 1).outcomes[0].forecast.cycle
    assert interval is not None
    levels = [interval.low90, interval.low50, interval.median, interval.high50, interval.high90]
    assert all(a <= b for a, b in pairwise(levels))


def test_the_order_of_files_changes_nothing() -> None:
    logs = shop([300.0 + i for i in range(10)], [(305.0, 0.0, 500, "completed")] * 5)
    one, other = compare(logs, DECLARED, 1), compare(list(reversed(logs)), DECLARED, 1)
    assert one.outcomes[0].forecast.cycle == other.outcomes[0].forecast.cycle
    assert one.outcomes[0].finish == other.outcomes[0].finish


def test_another_seed_moves_the_finish_a_little_and_the_cycle_not_at_all() -> None:
    logs = shop([300.0 + i for i in range(10)], [(305.0, 0.0, 500, "completed")] * 5)
    one, other = (compare(logs, DECLARED, seed).outcomes[0] for seed in (1, 2))
    assert one.forecast.cycle == other.forecast.cycle
    assert one.finish is not None
    assert other.finish is not None
    assert one.finish.forecast != other.finish.forecast
    assert abs(one.finish.forecast.median - other.finish.forecast.median) < 0.1 * one.finish.forecast.median


def test_an_operation_without_logs_is_a_guess() -> None:
    nobody = dataclasses.replace(compare([], DECLARED, 1))
    assert [o.forecast.mark for o in nobody.outcomes] == ["guessing"]
    assert nobody.coverage(lambda i, v: i.inside90(v)) is None
    assert nobody.mean_score() is None
