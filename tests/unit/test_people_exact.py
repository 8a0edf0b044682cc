"""People who are told apart, against what is known exactly: a Markov chain, plain crews, plans by hand."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from people_sites import attended, changed, crew, placed, repaired

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, day_shift, exponential, line
from andon.site.floor import Break, Crew, Shift
from andon.site.lifting import Lifting
from andon.site.model import Site
from andon.site.roads import Roads

Down = tuple[str, ...]
State = tuple[str, str, Down]
"""The kind of machine that the specialist and the all-rounder are at ("" for none); those that wait, in order."""


def _chain(n: int, fails: float, mends: float) -> dict[State, float]:
    """Machines of kinds `a` and `b`, n each; a specialist mends `a`, an all-rounder both; the specialist is sent first.

    Whoever is free takes the machine that has waited longest among those they can mend. Solved by powers of the
    uniformised chain's matrix.
    """
    start: State = ("", "", ())
    index, todo, moves = {start: 0}, [start], []
    while todo:
        state = todo.pop()
        one, both, line_ = state
        down = [one, both, *line_]
        after: list[tuple[float, State]] = []
        for kind in "ab":
            up = n - down.count(kind)
            if up and kind == "a" and not one:
                after.append((up * fails, ("a", both, line_)))
            elif up and not both:
                after.append((up * fails, (one, kind, line_)))
            elif up:
                after.append((up * fails, (one, both, (*line_, kind))))
        if one:
            k = line_.index("a") if "a" in line_ else -1
            after.append((mends, ("a" if k >= 0 else "", both, line_[:k] + line_[k + 1 :] if k >= 0 else line_)))
        if both:
            after.append((mends, (one, line_[0] if line_ else "", line_[1:])))
        for rate, other in after:
            if other not in index:
                index[other] = len(index)
                todo.append(other)
            moves.append((index[state], index[other], rate))
    q = np.zeros((len(index), len(index)))
    for i, j, rate in moves:
        q[i, j] += rate
        q[i, i] -= rate
    weights = np.linalg.lstsq(np.vstack([q.T, np.ones(len(index))]), np.r_[np.zeros(len(index)), 1.0], rcond=None)[0]
    return {state: float(weights[i]) for state, i in index.items()}


def test_machines_mended_by_a_specialist_and_an_all_rounder() -> None:
    n, life, repair = 2, 10.0, 6.0
    exact = _chain(n, 1.0 / life, 1.0 / repair)
    up = defaultdict(float)
    used = [0.0, 0.0]
    for (one, both, line_), weight in exact.items():
        for kind in "ab":
            up[kind] += weight * (n - [one, both, *line_].count(kind)) / n
        used[0] += weight * bool(one)
        used[1] += weight * bool(both)
    made = line(
        [Stage(constant(1.0), machines=n, fails=exponential(life), repair=exponential(repair)) for _ in range(2)],
        constant(1000.0),
        quantity=3000,
        products=((0,), (1,)),
    )
    site = changed(
        made,
        {0: {"breakdown": repaired("a")}, 1: {"breakdown": repaired("b")}},
        (crew("all-rounder", 1, skills=("a", "b")), crew("specialist", 1, skills=("a",))),
    )
    image = compile_site(site, None, 21_000.0, asked(site, {}), warmup_s=1000.0, bins=1)
    rows = replicate(image, 40, 5)
    for figure, wanted in (
        (rows.station_share(0, at.BUSY), up["a"]),
        (rows.station_share(1, at.BUSY), up["b"]),
        (rows.crew_load(1), used[0]),
        (rows.crew_load(0), used[1]),
    ):
        half = 2.576 * figure.std(ddof=1) / math.sqrt(len(figure))
        assert half < 0.015 * wanted
        assert abs(figure.mean() - wanted) < half + 0.002 * wanted


def _shop(**words: object) -> Site:
    """Set-ups, processing and repairs by three crews, with breaks."""
    shift = day_shift("00:00", "08:00", ("02:00", 20.0))
    stages = [
        Stage(exponential(55.0), machines=2, setup=constant(30.0), crew=1),
        Stage(exponential(70.0), machines=2, setup=constant(20.0), crew=1, crew_for_setup=True),
        Stage(exponential(30.0), fails=exponential(900.0), repair=exponential(100.0), menders=1),
    ]
    site = line(stages, exponential(150.0), quantity=3, products=((0, 1, 2), (1, 2)), shifts=(shift,))
    return site.model_copy(update={"crews": tuple(c.model_copy(update=words) for c in site.crews)})


def test_people_who_do_nothing_else_than_a_counted_crew_leave_the_same_future() -> None:
    """Told apart only because they walk, but no machine has a place: to the nanosecond the same jobs."""
    figures = []
    for site in (_shop(), _shop(walk_m_per_s=1.0)):
        rows = replicate(compile_site(site, None, 8 * 3600.0, asked(site, {})), 4, 3, flavour="plain")
        figures.append(
            [rows.product(i, word) for i in range(2) for word in (at.DONE, at.LEAD_US, at.LAST_EXIT)]
            + [rows.share(k, at.BUSY) for k in range(5)]
            + [rows.crew_load(i).round(6) for i in range(3)]
        )
    assert np.array_equal(figures[0], figures[1])


def test_a_compiled_run_leaves_the_bits_of_a_plain_one() -> None:
    image = compile_site(everything(), None, 8 * 3600.0, asked(everything(), {}), warmup_s=1800.0)
    assert np.array_equal(replicate(image, 3, 5).prints, replicate(image, 3, 5, flavour="plain").prints)


def everything() -> Site:
    """Every word of people at once."""
    shifts = (
        Shift(
            id="early",
            days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
            start="00:00",
            end="04:00",
            breaks=(Break(start="01:30", minutes=15, groups=2), Break(start="02:30", minutes=10)),
        ),
        day_shift("04:00", "08:00", ("06:00", 20.0)),
    )
    lift = Lifting(load_kg=14.0, horizontal_cm=40.0, vertical_cm=30.0, distance_cm=60.0, lifts_per_min=2.0, hours=2.0)
    made = line(
        [
            Stage(exponential(50.0), machines=2, setup=constant(30.0)),
            Stage(exponential(80.0), machines=2, fails=exponential(1500.0), repair=exponential(200.0)),
            Stage(exponential(60.0), fails=exponential(3000.0), repair=exponential(300.0), calendar=True),
        ],
        exponential(240.0),
        quantity=4,
        products=((0, 1, 2), (1, 2)),
        shifts=shifts,
    )
    made = with_absence(made, 0.1)
    both = {"early": 3, "day": 2}
    site = changed(
        made,
        {
            0: {"skill": "turn", "setup_skill": "set"},
            1: {"skill": "lift", "people": 2, "lifting": (lift,), "breakdown": repaired_at(made, 1)},
            2: {"skill": "turn", "breakdown": repaired_at(made, 2)},
        },
        (
            Crew(id="hands", name="h", size=both, skills=("lift",), lift_max_min=60.0, walk_m_per_s=1.0),
            Crew(
                id="turners",
                name="t",
                size=both,
                skills=("turn", "lift"),
                break_late_min=5.0,
                work_max_min=45.0,
                rest_min=6.0,
                absence="ill",
            ),
            Crew(id="setters", name="s", size=both, skills=("set", "mend"), walk_m_per_s=1.2),
        ),
    )
    names = [m for s in site.stations for m in s.machines]
    where = {m: (2.0 * k, 3.0 * (k % 2)) for k, m in enumerate(names)}
    return placed(site, {**where, "hands": (0.0, 9.0), "setters": (9.0, 9.0)})


def repaired_at(site: Site, station: int) -> object:
    """The station's breakdown, with menders by skill."""
    breakdown = site.stations[station].breakdown
    assert breakdown is not None
    return breakdown.model_copy(update={"skill": "mend"})


def with_absence(site: Site, share: float) -> Site:
    """The site with an assumption `ill`."""
    first = site.assumptions[0]
    ill = first.model_copy(update={"name": "ill", "unit": "1", "distribution": constant(share)})
    return site.model_copy(update={"assumptions": (*site.assumptions, ill)})


def _traced(site: Site, horizon_s: float, replication: int = 0) -> tuple[np.ndarray, np.ndarray]:
    image = compile_site(site, None, horizon_s, asked(site, {}), trace=60_000)
    kernel = jit.kernel("plain")
    m = np.zeros(image.size, np.int64)
    m[: len(image.memory)] = image.memory
    f = image.reals.copy()
    with np.errstate(over="ignore"):
        kernel["begin"](m, f, 1, replication)
        kernel["run"](m, f, image.code)
    assert m[at.TRACE_N] < m[at.TRACE_END]
    assert m[at.FAULT] == at.FAULT_NONE
    return m, m[m[at.TRACE] : m[at.TRACE_N]].reshape(-1, at.TRACE_WORDS)


@pytest.mark.parametrize("replication", range(4))
def test_a_person_is_in_one_place(replication: int) -> None:
    """Between two tasks of a person there is always an end; nobody has more people at once than asked for."""
    m, trace = _traced(everything(), 8 * 3600.0, replication)
    where: dict[int, int] = {}
    at_task: dict[int, int] = defaultdict(int)
    for _, kind, who, task in trace:
        if kind != at.TRACE_PERSON:
            continue
        if task:
            assert where.get(who, 0) == 0, "a person begins a task before the last one is over"
            at_task[task] += 1
            assert at_task[task] <= 2
        else:
            at_task[where[who]] -= 1
        where[who] = task
    assert len(where) > 8
    for w, task in where.items():
        assert m[w + at.P_TASK] == task


@pytest.mark.parametrize("replication", range(3))
def test_the_time_of_people_adds_up_to_their_shifts(replication: int) -> None:
    """On a shift a person works, walks, waits, has a break or rests; nothing else, and nothing twice."""
    m, _ = _traced(everything(), 8 * 3600.0, replication)
    for i, planned in enumerate((3 + 2, 3 + 2, 3 + 2)):
        book = m[at.BOOKS] + i * at.BOOK_WORDS
        spent = sum(m[book + word] for word in (at.B_WALKED, at.B_WAITED, at.B_WORKED, at.B_BREAK, at.B_REST))
        assert m[book + at.B_EXPECTED] == planned
        there = planned - m[book + at.B_ABSENT]
        assert abs(spent - there * 4 * 3600e6) < 1e4
        assert m[book + at.B_BREAK] <= m[book + at.B_PLANNED]


def test_breaks_at_once_are_kept_whole_and_in_groups() -> None:
    shift = Shift(
        id="day",
        days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        start="00:00",
        end="08:00",
        breaks=(Break(start="02:00", minutes=30, groups=2),),
    )
    busy = {0: {"skill": "a", "people": 2}}
    site = attended(
        1, constant(100.0), constant(3600.0), busy, (crew("a", 4, "day"),), shifts=(shift,), quantity=60, machines=2
    )
    m, trace = _traced(site, 8 * 3600.0)
    book = m[at.BOOKS]
    assert m[book + at.B_PLANNED] == m[book + at.B_BREAK] == 4 * 30 * 60_000_000
    levels = [(0, 0)] + [(int(t), int(v)) for t, kind, _, v in trace if kind == at.TRACE_CREW]
    for (begin, level), (end, _) in pairwise(levels):
        if end > begin >= 7200 * 10**9 and end <= 10_800 * 10**9:
            assert level <= 2


def test_a_break_after_the_job_is_late_by_no_more_than_allowed_and_whole() -> None:
    """Jobs of 13 min begin at 0, 13, 26 ...: at 120 one has 10 min to go, so with 12 min allowed it is done first."""
    for late_min, begins_min in ((0.0, 120), (12.0, 130), (6.0, 126)):
        site = attended(
            1,
            constant(780.0),
            constant(28_800.0),
            {0: {"skill": "a"}},
            (crew("a", 1, "day", break_late_min=late_min, walk_m_per_s=1.0),),
            shifts=(day_shift("00:00", "08:00", ("02:00", 30.0)),),
            quantity=60,
        )
        m, trace = _traced(site, 8 * 3600.0)
        book = m[at.BOOKS]
        assert m[book + at.B_BREAK] == m[book + at.B_PLANNED] == 30 * 60_000_000
        ends = [int(t) // 60_000_000_000 for t, kind, _, task in trace if kind == at.TRACE_PERSON and task == 0]
        assert begins_min in ends
        starts = [int(t) // 60_000_000_000 for t, kind, _, task in trace if kind == at.TRACE_PERSON and task]
        assert not [s for s in starts if begins_min <= s < begins_min + 30]
        assert begins_min + 30 in starts


def test_walking_takes_its_time_and_metres() -> None:
    """One person, two machines 20 m apart, jobs for both at once: at 2 m/s every change of place takes 10 s."""
    site = attended(
        2,
        constant(50.0),
        constant(120.0),
        {i: {"skill": "a"} for i in range(2)},
        (crew("a", 1, walk_m_per_s=2.0),),
    )
    site = placed(site, {"m0-0": (0.0, 0.0), "m1-0": (20.0, 0.0), "a": (0.0, 0.0)})
    m, _ = _traced(site, 1200.0)
    book = m[at.BOOKS]
    # 0-50 first machine, 50-60 way, 60-110 second; then 120-130 back, and so on: ten rounds, 19 ways.
    assert m[book + at.B_WORKED] == 20 * 50_000_000
    ways = m[book + at.B_WALKED] // 10_000_000
    assert m[book + at.B_MM] == ways * 20_000
    assert ways == 19
    walking = m[m[at.PROCS] + at.PROC_WORDS + at.TIMES + at.WALKING]
    assert walking + m[m[at.PROCS] + at.TIMES + at.WALKING] == m[book + at.B_WALKED] * 1000


def test_along_roads_the_way_is_the_shortest_by_edges() -> None:
    """Round two sides of a square, and a metre to the road at each end: 22 m; straight it is 15.6 m."""
    site = attended(
        2,
        constant(50.0),
        constant(150.0),
        {i: {"skill": "a"} for i in range(2)},
        (crew("a", 1, walk_m_per_s=1.0, walk_along="roads"),),
    )
    site = placed(site, {"m0-0": (0.0, -1.0), "m1-0": (11.0, 10.0), "a": (0.0, -1.0)})
    roads = Roads.model_validate(
        {
            "nodes": [{"id": n, "x_m": x, "y_m": y} for n, x, y in (("n0", 0, 0), ("n1", 10, 0), ("n2", 10, 10))],
            "edges": [{"id": "e0", "from": "n0", "to": "n1", "way": "one"}, {"id": "e1", "from": "n2", "to": "n1"}],
        }
    )
    site = site.model_copy(update={"roads": roads})
    m, _ = _traced(site, 149.0)
    assert m[m[at.BOOKS] + at.B_MM] == 22_000
    assert m[m[at.BOOKS] + at.B_WALKED] == 22_000_000
    apart = roads.model_copy(update={"edges": roads.edges[:1]})
    with pytest.raises(Unrunnable, match="no road leads from `m0-0` to `m1-0`"):
        _traced(site.model_copy(update={"roads": apart}), 10.0)
    with pytest.raises(Unrunnable, match="the site has none"):
        _traced(site.model_copy(update={"roads": None}), 10.0)


def test_a_rest_is_due_before_the_next_task_after_too_much_work() -> None:
    """Tasks of 25 min, at most 60 min of work, 10 min of rest: three tasks, a rest, three tasks ..."""
    site = attended(
        1,
        constant(1500.0),
        constant(28_800.0),
        {0: {"skill": "a"}},
        (crew("a", 1, work_max_min=60.0, rest_min=10.0),),
        quantity=60,
    )
    m, trace = _traced(site, 8 * 3600.0)
    starts = [int(t) // 60_000_000_000 for t, kind, _, task in trace if kind == at.TRACE_PERSON and task]
    assert starts == [85 * k + 25 * i for k in range(6) for i in range(3) if 85 * k + 25 * i <= 480]
    assert m[m[at.BOOKS] + at.B_RUN_MAX] == 75 * 60_000_000
    assert m[m[at.BOOKS] + at.B_REST] == 5 * 10 * 60_000_000


def test_who_has_lifted_enough_is_given_nothing_more_to_lift_that_shift() -> None:
    """Index 2, jobs of 10 min: 60 index-minutes are three jobs a person; two people lift six jobs, and do the rest."""
    lift = Lifting(load_kg=2 * 23.0 * 0.85, horizontal_cm=25.0, vertical_cm=75.0, distance_cm=25.0, lifts_per_min=0.2)
    site = attended(
        2,
        constant(600.0),
        constant(28_800.0),
        {0: {"crew": "a", "lifting": (lift,)}, 1: {"crew": "a"}},
        (crew("a", 2, "day", lift_max_min=60.0),),
        shifts=(day_shift("00:00", "08:00"),),
        quantity=60,
    )
    m, _ = _traced(site, 24 * 3600.0 + 4 * 3600.0)
    book = m[at.BOOKS]
    first = m[m[at.PROCS] + at.COUNT]
    assert first == 12, "six on each of two days"
    assert m[book + at.B_LIFTED] == 12 * 20 * 60_000_000
    assert m[book + at.B_LIFTED_MAX] == 60 * 60_000_000
    assert m[book + at.B_HEAVY] == 12 * 10 * 60_000_000
    assert m[m[at.PROCS] + at.PROC_WORDS + at.COUNT] > 60


@pytest.mark.parametrize(("seen", "at_work"), [(0, 0), (1, 1), (2, 2), (None, 2)])
def test_a_warm_start_has_as_many_people_as_are_seen_and_they_are_where_they_work(
    seen: int | None, at_work: int
) -> None:
    """Two machines run since some time; whoever is there goes on at once, without a way; the others' jobs wait."""
    site = attended(
        1,
        constant(600.0),
        constant(28_800.0),
        {0: {"skill": "a"}},
        (crew("a", 2, "day", walk_m_per_s=1.0, absence="ill"),),
        shifts=(day_shift("00:00", "08:00", ("04:00", 30.0)),),
        machines=2,
    )
    site = with_absence(placed(site, {"m0-0": (0.0, 0.0), "m0-1": (9.0, 0.0), "a": (100.0, 100.0)}), 0.0)
    start = compile_site(site, None, 60.0, asked(site, {})).options.start_ns + 3600 * 10**9
    busy = {m: MachineNow("running", "p0", 240.0) for m in ("m0-0", "m0-1")}
    live = LiveState(start, busy, present={} if seen is None else {"a": seen})
    image = compile_site(site, live, 4 * 3600.0, asked(site, {}), bins=240)
    rows = replicate(image, 1, 1, flavour="plain")
    done = rows.series("done")[0]
    assert done[5] == at_work, "360 s were left"
    assert done[-1] == 2, "after the break everybody is there"


def test_absent_people_are_binomial_and_stay_the_same_people_under_another_rate() -> None:
    def absent(share: float) -> np.ndarray:
        made = attended(
            1,
            constant(600.0),
            constant(3600.0),
            {0: {"crew": "a"}},
            (crew("a", 10, "day", absence="ill"),),
            shifts=(day_shift("00:00", "08:00"),),
        )
        site = with_absence(made, share)
        image = compile_site(site, None, 8 * 3600.0, asked(site, {}))
        return replicate(image, 400, 3).crew_book(0, at.B_ABSENT)

    few, many = absent(0.1), absent(0.3)
    assert (few <= many).all()
    for seen, share in ((few, 0.1), (many, 0.3)):
        sd = math.sqrt(10 * share * (1 - share))
        assert abs(seen.mean() - 10 * share) < 4 * sd / math.sqrt(400)
        assert abs(seen.std() - sd) < 4 * sd / math.sqrt(2 * 400) * 1.2
