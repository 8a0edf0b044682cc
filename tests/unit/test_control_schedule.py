"""A given schedule is executed as given: machines wait for their turn, deviations are told, a ring is named."""

from __future__ import annotations

import numpy as np
import pytest
from control_kit import Kind, shop

from andon.models.simulate.asked import asked
from andon.models.simulate.calendar import first_shift_start, moment_ns
from andon.models.simulate.compare import compare
from andon.models.simulate.image import Image
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState
from andon.models.simulate.policy import Policy
from andon.models.simulate.question import Question
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.schedule import executed, read_schedule
from andon.models.simulate.textbook import Stage, constant, exponential
from andon.site.model import Site
from andon.site.orders import Order

TIMES = {0: (61.7, 83.1), 1: (45.2, 120.4), 2: (30.3, 52.6)}
ROUTES = {0: (0, 1), 1: (1, 0), 2: (0, 1)}
HEAD = "machine,order,job,step,start\n"


def _site(machines: tuple[int, int] = (1, 1)) -> Site:
    kinds = [
        Kind(constant(1e5), tuple((s, constant(t)) for s, t in zip(ROUTES[k], TIMES[k], strict=True))) for k in ROUTES
    ]
    site = shop([Stage(constant(1.0), machines=n) for n in machines], kinds)
    orders = tuple(
        Order(order=f"o{k}", product=f"p{k}", quantity=2, due="2026-03-02 02:00", release="2026-03-02 00:00")
        for k in ROUTES
    )
    return site.model_copy(update={"orders": orders})


def _starts(site: Site, text: str, *, flavour: str = "plain", horizon_s: float = 3000.0) -> list[float]:
    schedule = read_schedule(site, text, "plan.csv")
    image = compile_site(site, None, horizon_s, asked(site, {}), schedule=schedule)
    rows = replicate(image, 1, 1, flavour=flavour)
    return [e.start_h.mean * 3600.0 for e in executed(rows)]


def _exact(lists: dict[str, list[tuple[int, int]]]) -> dict[tuple[int, int, int], float]:
    """Starts of (order, job, step) when each machine takes its list in order: the longest path, by relaxation."""
    start: dict[tuple[int, int, int], float] = {}
    for _ in range(100):
        for machine, jobs in lists.items():
            free = 0.0
            for order, job in jobs:
                step = ROUTES[order].index(int(machine[1]))
                ready = start.get((order, job, 0), 0.0) + TIMES[order][0] if step else 0.0
                start[order, job, step] = max(free, ready)
                free = start[order, job, step] + TIMES[order][step]
    return start


LISTS = {
    "m0-0": [(2, 1), (0, 2), (1, 1), (0, 1), (2, 2), (1, 2)],
    "m1-0": [(1, 1), (2, 1), (1, 2), (0, 2), (2, 2), (0, 1)],
}


def _text(lists: dict[str, list[tuple[int, int]]], start: str = "") -> str:
    return HEAD + "".join(f"{m},o{o},{j},,{start}\n" for m, jobs in lists.items() for o, j in jobs)


@pytest.mark.parametrize("flavour", ["plain", "compiled"])
def test_a_schedule_is_the_longest_path_through_it(flavour: str) -> None:
    exact = _exact(LISTS)
    wanted = [exact[o, j, ROUTES[o].index(int(m[1]))] for m, jobs in LISTS.items() for o, j in jobs]
    assert _starts(_site(), _text(LISTS), flavour=flavour) == pytest.approx(wanted)


def test_an_operation_does_not_begin_before_it_is_planned_and_is_late_when_it_must() -> None:
    site = _site()
    lists = {m: list(jobs) for m, jobs in LISTS.items()}
    rows = []
    for machine, jobs in lists.items():
        rows += [f"{machine},o{o},{j},,2026-03-02 00:{5 * n:02d}" for n, (o, j) in enumerate(jobs)]
    schedule = read_schedule(site, HEAD + "\n".join(reversed(rows)), "plan.csv")  # sorted by start, not by row
    image = compile_site(site, None, 7200.0, asked(site, {}), schedule=schedule)
    found = {(e.planned.machine, e.planned.order, e.planned.job): e for e in executed(replicate(image, 1, 1))}
    for machine, jobs in lists.items():
        for n, (o, j) in enumerate(jobs):
            e = found[machine, f"o{o}", j]
            assert e.late_h is not None
            assert e.start_h.mean * 3600.0 >= 300.0 * n
            assert e.late_h.mean * 3600.0 == pytest.approx(e.start_h.mean * 3600.0 - 300.0 * n)
    first = found["m1-0", "o1", 1]
    assert first.late_h is not None
    assert first.late_h.mean == pytest.approx(0.0)
    assert sum(e.late_h.mean > 1e-6 for e in found.values() if e.late_h is not None) >= 1


def test_machines_of_one_station_each_have_their_own_list() -> None:
    site = _site((2, 1))
    lists = {"m0-0": [(0, 1), (1, 2), (2, 2)], "m0-1": [(2, 1), (0, 2), (1, 1)], "m1-0": LISTS["m1-0"]}
    exact = _exact(lists)
    wanted = [exact[o, j, ROUTES[o].index(int(m[1]))] for m, jobs in lists.items() for o, j in jobs]
    assert _starts(site, _text(lists)) == pytest.approx(wanted)


def test_the_same_bits_compiled_and_as_plain_python_with_times_at_random() -> None:
    site = _site()
    laws = tuple(
        a.model_copy(update={"distribution": exponential(50.0)}) if a.name.startswith("t-") else a
        for a in site.assumptions
    )
    site = site.model_copy(update={"assumptions": laws})
    schedule = read_schedule(site, _text(LISTS), "plan.csv")
    image = compile_site(site, None, 3000.0, asked(site, {}), schedule=schedule)
    assert np.array_equal(replicate(image, 4, 3).prints, replicate(image, 4, 3, flavour="plain").prints)


def test_machines_that_wait_for_one_another_are_named() -> None:
    """Job a goes from machine 0 to 1, job b from 1 to 0: each list begins with what comes last."""
    lists = {
        "m0-0": [(1, 1), (0, 1), (0, 2), (1, 2), (2, 1), (2, 2)],
        "m1-0": [(0, 1), (1, 1), (1, 2), (0, 2), (2, 1), (2, 2)],
    }
    with pytest.raises(Unrunnable) as told:
        _starts(_site(), _text(lists))
    assert str(told.value) == (
        "the schedule cannot go on: `m0-0` waits for its next job, and who takes that job before waits for `m0-0`,"
        " after 0.0 h of replication 0; change the order of their operations"
    )


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("m9-0,o0,1,,", "plan.csv:2: there is no machine `m9-0`; did you mean `m1-0`?"),
        ("m0-0,o9,1,,", "plan.csv:2: there is no order `o9`; name one of orders.csv"),
        ("m0-0,o0,3,,", "plan.csv:2: there is no job `3` of order `o0`; use a number from 1 to 2"),
        ("m0-0,o0,1,2,", "plan.csv:2: order `o0` has no step `2` at `m0-0`; use 1"),
        ("m0-0,o0,1,,noon", "plan.csv:2: `start` is `noon`; write a wall time as YYYY-MM-DD HH:MM or HH:MM:SS"),
        ("m0-0,o0,1,,\nm0-0,o0,1,,", "plan.csv: step 1 of job 1 of order `o0` stands twice; keep one of them"),
        ("m0-0,o0,1,,", "plan.csv: step 2 of job 1 of order `o0` is not in it; add a row for it"),
        ("m0-0,o0", "plan.csv:2: the row has 2 cells, the header has 5; add the missing cells"),
    ],
)
def test_what_is_no_schedule_of_the_site_is_refused(row: str, sentence: str) -> None:
    with pytest.raises(Unrunnable) as told:
        read_schedule(_site(), HEAD + row + "\n", "plan.csv")
    assert str(told.value) == sentence


def test_where_a_schedule_cannot_be_executed() -> None:
    site = _site()
    schedule = read_schedule(site, _text(LISTS), "plan.csv")
    with pytest.raises(Unrunnable, match="a schedule begins with an empty floor"):
        compile_site(site, LiveState(first_shift_start(site)), 60.0, asked(site, {}), schedule=schedule)
    batched = site.model_copy(update={"stations": tuple(s.model_copy(update={"batch": 2}) for s in site.stations)})
    with pytest.raises(Unrunnable, match="station `s0` takes 2 jobs at once, and a schedule names one"):
        compile_site(batched, None, 60.0, asked(site, {}), schedule=schedule)


def test_the_answer_and_the_command_have_the_schedule() -> None:
    site = _site()
    schedule = read_schedule(site, _text(LISTS, "2026-03-02 00:00:30"), "plan.csv")
    found = compare(site, Question(3000.0, 3, schedule=schedule), None)
    answer = found.as_json()
    assert len(answer["schedule"]) == 12
    assert answer["schedule"][0]["planned"] == "2026-03-02T00:00:30.000000Z"
    assert answer["schedule"][0]["late_h"]["mean"] == pytest.approx(0.0)
    assert "--schedule plan.csv" in found.again("DIR", "empty")
    assert moment_ns(site, "2026-03-02 00:00") == first_shift_start(site)


def test_a_schedule_is_compared_with_rules_for_the_same_orders() -> None:
    """The orders of the book alone on both sides: as many jobs, and the same in the end."""
    site = _site()
    often = site.assumptions[0].model_copy(update={"distribution": constant(50.0)})
    site = site.model_copy(update={"assumptions": (often, *site.assumptions[1:])})
    schedule = read_schedule(site, _text(LISTS), "plan.csv")
    found = compare(site, Question(3000.0, 2, schedule=schedule, against=({},)), None)
    assert found.labels == ("schedule plan.csv", "as declared")
    base, other = found.base.rows, found.alternatives[0].result.rows
    assert base.done().tolist() == other.done().tolist() == [6.0, 6.0]
    with pytest.raises(Unrunnable, match="a schedule says which job comes next at every station"):
        compare(site, Question(3000.0, 2, schedule=schedule, policy=Policy(lambda _: 0, "mine")))


def _image(site: Site) -> Image:
    return compile_site(site, None, 3000.0, asked(site, {}))


def test_without_a_schedule_nothing_is_told() -> None:
    rows = replicate(_image(_site()), 1, 1, flavour="plain")
    assert executed(rows) == ()
