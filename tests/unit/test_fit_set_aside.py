"""What is a cycle and what is not: a table of logs, the rule that catches each, the times of those that are kept."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from shdr_shop import MONDAY, PLAN, SIGNALS, LogWriter

from andon.core.readings import Origin, Quality, Reading
from andon.core.time import Nanos
from andon.models.fit.cycles import Log, Rebuild, Told
from andon.models.fit.plan import Plan
from andon.models.fit.set_aside import RULES, sort_out
from andon.protocols.shdr import Parser
from andon.protocols.shdr_feeds import typed

HOUR = 3_600 * 10**9
TYPES = {
    row.split(",")[3].removeprefix("Mill1:"): (row.split(",")[0], row.split(",")[4])
    for row in SIGNALS.strip().split("\n")[2:]
}


def plan(**settings: float) -> Plan:
    from ruamel.yaml import YAML

    raw = YAML(typ="safe").load(PLAN)
    raw["settings"] = settings
    return Plan.model_validate(raw)


def told(log: LogWriter, unit: int = 1) -> Told:
    readings = []
    for event in Parser().feed(log.text().encode()):
        key, value, time = event.key, event.value, event.time  # type: ignore[union-attr] # plain lines only
        signal, kind = TYPES.get(key, ("mill1.other", "float"))
        at = Nanos(time or 0)
        readings.append(Reading(signal, typed(value, kind), at, Nanos(0), at, Quality.GOOD, Origin.REPLAYED))
    times = sorted(r.source_time for r in readings)
    steps = [b - a for a, b in pairwise(times)]
    about = Log("x.txt", "part", "op-1", "mill1", unit, times[0], times[-1], len(times), max(steps, default=0))
    declared = plan()
    return Rebuild(about, declared.roles, declared.words).told(readings)


def log() -> LogWriter:
    return LogWriter(MONDAY)


ASIDE: list[tuple[str, str, Callable[[], LogWriter]]] = [
    ("one line", "stub", lambda: log().say("Block_Number", 0)),
    ("a name and nothing else", "stub", lambda: log().say("Program_Name_Running", "PART.NC")),
    ("only its completion", "stub", lambda: log().complete()),
    (
        "a night before the start",
        "night",
        lambda: log().say("Block_Number", 0).wait(50_000).start().work(99).complete(),
    ),
    ("a night in mid-run", "night", lambda: log().start().work(50).wait(50_000).work(50).complete()),
    ("another program", "other-program", lambda: log().start("SLOT.NC").work(99).complete()),
    ("stopped, and left", "aborted", lambda: log().start().work(99).stop()),
    ("never ended", "aborted", lambda: log().start().work(99)),
    (
        "stopped, finished by another program",
        "aborted",
        lambda: log().start().work(99).stop().wait(60).start("REST.NC").work(50).complete(),
    ),
    ("made twice", "several", lambda: log().start().work(99).complete().wait(60).start(None).work(99).complete()),
    ("begun in the middle", "partial", lambda: log().start(block=250).work(99).complete()),
    (
        "aborted, and begun anew",
        "begun-anew",
        lambda: log().start().work(99).stop().wait(60).start(None).work(120).complete(),
    ),
]


@pytest.mark.parametrize(("name", "rule", "make"), ASIDE, ids=[a[0] for a in ASIDE])
def test_a_log_that_is_no_cycle_is_set_aside_with_its_rule(name: str, rule: str, make: Callable[[], LogWriter]) -> None:
    cycles, aside = sort_out([told(make())], plan())
    assert not cycles
    assert [a.rule for a in aside] == [rule], aside
    assert aside[0].why


def test_every_rule_of_the_table_has_a_row_here() -> None:
    assert {r.name for r in RULES} == {rule for _, rule, _ in ASIDE}
    assert all(r.because for r in RULES)


KEPT: list[tuple[str, Callable[[], LogWriter], dict[str, float]]] = [
    ("plain", lambda: log().start().work(299).complete(), {"cycle": 300, "machine": 300}),
    (
        "set-up before it is no part of it",
        lambda: log().say("Block_Number", 0).wait(900).start().work(299).complete(),
        {"cycle": 300, "machine": 300},
    ),
    (
        "held",
        lambda: log().start().work(100).hold(40).work(199).complete(),
        {"cycle": 340, "machine": 300, "held": 40},
    ),
    (
        "an open door: active, and the counter stands",
        lambda: log().start().work(100).wait(70).work(199).complete(),
        {"cycle": 370, "machine": 300, "waited": 70},
    ),
    (
        "stopped and resumed in mid-program",
        lambda: log().start().work(99).stop().wait(80).start(None, block=241).work(199).complete(),
        {"cycle": 380, "machine": 300, "stopped": 80},
    ),
    (
        "a false start is an interruption",
        lambda: log().start().work(9).stop().wait(20).start(None).work(299).complete(),
        {"cycle": 330, "machine": 300, "stopped": 30},
    ),
    (
        "rework by another program afterwards is no part of it",
        lambda: log().start().work(299).complete().wait(50).start("SPOT.NC").work(60).complete(),
        {"cycle": 300, "machine": 300},
    ),
    (
        "a program that the log does not name is the operation's own",
        lambda: log().start(None).work(299).complete(),
        {"cycle": 300, "machine": 300},
    ),
    (
        "a moment's hold is within the counter's grain",
        lambda: log().start().work(100).hold(3).work(199).complete(),
        {"cycle": 303, "machine": 303},
    ),
]


@pytest.mark.parametrize(("name", "make", "expected"), KEPT, ids=[k[0] for k in KEPT])
def test_a_cycle_is_told_apart_into_its_times(
    name: str, make: Callable[[], LogWriter], expected: dict[str, float]
) -> None:
    cycles, aside = sort_out([told(make())], plan())
    assert not aside
    cycle = cycles[0]
    found = {"cycle": cycle.cycle_s, "machine": cycle.machine_s, "held": cycle.held_s}
    found |= {"stopped": cycle.stopped_s, "waited": cycle.waited_s}
    for part, seconds in found.items():
        assert seconds == pytest.approx(expected.get(part, 0.0), abs=2.5), (part, found)
    assert cycle.machine_s + cycle.interrupted_s == pytest.approx(cycle.cycle_s)


def test_a_rule_never_looks_at_how_long_a_unit_took() -> None:
    short = told(log().start().work(20).complete())
    endless = told(log().start().work(9_000).complete())
    cycles, aside = sort_out([short, endless], plan())
    assert len(cycles) == 2
    assert not aside


def test_the_declared_hours_decide_what_a_night_is() -> None:
    one = told(log().start().work(50).wait(3_000).work(50).complete())
    assert sort_out([one], plan())[0]
    assert [a.rule for a in sort_out([one], plan(unattended_h=0.5))[1]] == ["night"]


def test_an_operation_that_nobody_declared_is_set_aside_and_says_so() -> None:
    one = told(log().start().work(50).complete())
    import dataclasses

    other = Told(dataclasses.replace(one.log, operation="op-9"), one.runs)
    assert [a.rule for a in sort_out([other], plan())[1]] == ["undeclared"]


@pytest.mark.parametrize(
    ("pattern", "unit", "program", "owns"),
    [
        ("PART*.NC", 1, "part-7.nc", True),
        ("PART-{unit}.NC", 7, "PART-7.NC", True),
        ("PART-{unit}.NC", 6, "PART-7.NC", False),
        ("PART-?.NC", 1, "PART-12.NC", False),
        ("PART.NC", 1, "PART.NCX", False),
    ],
)
def test_which_program_makes_a_unit_is_declared(pattern: str, unit: int, program: str, owns: bool) -> None:
    operation = plan().operations[0].model_copy(update={"programs": (pattern,)})
    assert operation.owns(program, unit) is owns
