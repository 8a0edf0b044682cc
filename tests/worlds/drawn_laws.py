"""Laws that every run of every site must keep, checked against the trace and the memory at the end."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from road_laws import nobody_stands_still, one_vehicle_a_segment

from andon.core.time import SECOND
from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.live import LiveState
from andon.models.simulate.run import compile_site
from andon.site.model import Site

TRACE_MAX = 80_000
"""Records that a run of a drawn site may leave."""


STEPS_MAX = 3_000_000
"""Instructions that it may take."""


@dataclass(frozen=True)
class Run:
    """One replication of a site by the plain kernel, with its trace."""

    site: Site
    image: Image
    m: np.ndarray
    """int64[size]: the memory at the end."""

    @cached_property
    def written(self) -> np.ndarray:
        """int64[n, 4]: when, what, who, value, in the order of writing."""
        return self.m[self.m[at.TRACE] : self.m[at.TRACE_N]].reshape(-1, at.TRACE_WORDS)

    @cached_property
    def trace(self) -> np.ndarray:
        """The same in the order of time: a machine that went off by itself is written down when it is woken."""
        return self.written[np.argsort(self.written[:, 0], kind="stable")]

    def events(self, kind: int) -> np.ndarray:
        """int64[n, 3] of one kind: when, who, value."""
        return self.trace[self.trace[:, 1] == kind][:, [0, 2, 3]]

    def records(self, head: int, count: int, words: int) -> list[int]:
        """Addresses of a table's records."""
        return [int(self.m[head]) + i * words for i in range(int(self.m[count]))]

    @property
    def products(self) -> list[int]:
        return self.records(at.PRODUCTS, at.PRODUCTS_N, at.PRODUCT_WORDS)

    @property
    def stores(self) -> list[int]:
        return self.records(at.STORES, at.STORES_N, at.STORE_WORDS)

    @property
    def processes(self) -> list[int]:
        return self.records(at.PROCS, at.PROCS_N, at.PROC_WORDS)

    def jobs(self, first: int) -> list[int]:
        """A list of jobs by its links; a lot is one of them."""
        found, t = [], first
        while t:
            found.append(t)
            assert len(found) <= len(self.m) // at.TOKEN_WORDS, "a list of jobs that never ends"
            t = int(self.m[t + at.LINK])
        return found

    def all_jobs(self, first: int) -> list[int]:
        """A list of jobs by its links, those in lots included."""
        return [t for lot in self.jobs(first) for t in (lot, *self.jobs(int(self.m[lot + at.CARRIED])))]


def run(site: Site, horizon_s: float, replication: int = 0, live: LiveState | None = None, *, seek: bool = True) -> Run:
    """One replication with trace; without `seek` nobody looks for rings of machines that block one another."""
    image = compile_site(site, live, horizon_s, asked(site, {}), trace=TRACE_MAX, steps=STEPS_MAX)
    kernel = jit.kernel("plain")
    m = np.zeros(image.size, np.int64)
    m[: len(image.memory)] = image.memory
    f = image.reals.copy()
    m[at.CYCLIC] *= int(seek)
    with np.errstate(over="ignore"):
        kernel["begin"](m, f, 1, replication)
        kernel["run"](m, f, image.code)
    assert m[at.TRACE_N] < m[at.TRACE_END] or m[at.TRACE_END] == 0, "the trace is full: draw a quieter site"
    return Run(site, image, m)


# --- the laws


def it_ends(r: Run) -> None:
    """The run reaches its end without a fault."""
    assert r.m[at.FAULT] == at.FAULT_NONE
    assert r.m[at.NOW] == r.m[at.END]


def time_goes_on(r: Run) -> None:
    """Time never runs back, and nothing happens after the end."""
    off = (r.written[:, 1] == at.TRACE_STATE) & (r.written[:, 3] == at.OFF)
    assert (np.diff(r.written[~off, 0]) >= 0).all()
    assert (r.trace[:, 0] <= r.m[at.END]).all()


def jobs_are_conserved(r: Run) -> None:
    """Ordered = waiting + released; released = done + scrapped + on the floor; and those on it are somewhere."""
    m = r.m
    ordered, released, waiting, done, scrapped = (
        sum(int(m[a + word]) for a in r.products)
        for word in (at.ORDERED, at.RELEASED_N, at.WAITING, at.DONE, at.SCRAPPED)
    )
    assert ordered == released + waiting
    assert released == done + scrapped + m[at.WIP]
    if not any(step.gives for product in r.site.products for step in product.route):
        assert m[at.WIP] <= m[at.WIP_LIMIT]
    held = [t for s in r.stores if m[s + at.RULE] != at.ON_SHELF for t in r.all_jobs(int(m[s + at.HEAD]))]
    held += [t for p in r.processes for t in r.all_jobs(int(m[p + at.JOB]))]
    aside = [int(m[p + at.MORE_MACHINE]) for p in r.processes if m[p + at.KIND] == at.MACHINE]
    held += [t for more in aside if more for t in r.all_jobs(int(m[more + at.KEPT]))]
    assert len(set(held)) == len(held), "a job is in two places"
    assert len(held) == m[at.WIP]


def every_exit_was_a_start(r: Run) -> None:
    """A job leaves once, after it began."""
    begun: set[tuple[int, int]] = set()
    for _, kind, product, serial in r.trace:
        job = int(product), int(serial)
        if kind == at.TRACE_START:
            assert job not in begun
            begun.add(job)
        elif kind in {at.TRACE_EXIT, at.TRACE_SCRAP}:
            begun.remove(job)
    assert len(begun) == r.m[at.WIP]


def capacity_is_kept(r: Run) -> None:
    """No buffer ever holds more than it has places, or less than nothing."""
    for _, store, level in r.events(at.TRACE_LEVEL):
        assert 0 <= level <= r.image.memory[store + at.CAPACITY]


def urgent_jobs_stand_before_others(r: Run) -> None:
    """In a buffer by priority, nobody stands behind a job whose priority number is higher."""
    for s in r.stores:
        if r.m[s + at.RULE] == at.RANKED:
            numbers = [int(r.m[t + at.JOB_PRIORITY]) for t in r.jobs(int(r.m[s + at.HEAD]))]
            assert numbers == sorted(numbers)


def lots_are_of_one_product(r: Run) -> None:
    """Who is carried in a lot carries nobody, and is of the product of the first; it stands in no other list."""
    for p in r.processes:
        for lot in r.jobs(int(r.m[p + at.JOB])):
            for t in r.jobs(int(r.m[lot + at.CARRIED])):
                assert r.m[t + at.CARRIED] == 0
                assert r.m[t + at.PRODUCT] == r.m[lot + at.PRODUCT]


def levels_move_by_jobs(r: Run) -> None:
    """A buffer's last level is what its list holds."""
    last = {int(s): int(level) for _, s, level in r.events(at.TRACE_LEVEL)}
    for s in r.stores:
        assert last.get(s, 0) == r.m[s + at.LEVEL] == len(r.jobs(int(r.m[s + at.HEAD])))


def machines_do_one_thing(r: Run) -> None:
    """The times in the states of a machine or vehicle add up to the whole, state by state as the trace has them."""
    end = int(r.m[at.END])
    spent: dict[int, dict[int, int]] = {}
    since: dict[int, tuple[int, int]] = {}
    for when, p, state in r.events(at.TRACE_STATE):
        before, then = since.get(int(p), (int(r.image.memory[p + at.STATE]), 0))
        spent.setdefault(int(p), {}).setdefault(before, 0)
        spent[int(p)][before] += int(when) - then
        since[int(p)] = int(state), int(when)
    for p in r.processes:
        if r.m[p + at.KIND] not in {at.MACHINE, at.VEHICLE}:
            continue
        state, then = since.get(p, (int(r.image.memory[p + at.STATE]), 0))
        times = spent.setdefault(p, {})
        times[state] = times.get(state, 0) + end - then
        booked = {k: int(r.m[p + at.TIMES + k]) for k in range(at.STATES_MAX) if r.m[p + at.TIMES + k]}
        assert booked == {k: v for k, v in times.items() if v}
        assert sum(booked.values()) == end


def present(site: Site, sizes: dict[str, int], moment_ns: int, late_min: float = 0.0) -> int:
    """How many of a crew may be there at a moment, from the shift plan alone, by wall clocks: none during a break.

    A break may begin late by up to `late_min`, and is then as much later over.
    """
    if not site.shifts:
        return sum(sizes.values())
    zone = ZoneInfo(site.time_zone)
    now = datetime.fromtimestamp(moment_ns // SECOND, UTC).astimezone(zone)
    there = 0
    for shift in site.shifts:
        for day in (now.date(), now.date() - timedelta(days=1)):
            begin = datetime.fromisoformat(f"{day}T{shift.start}").replace(tzinfo=zone)
            end = datetime.fromisoformat(f"{day}T{shift.end}").replace(tzinfo=zone)
            if end <= begin:
                end += timedelta(days=1)
            if ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()] not in shift.days:
                continue
            if not begin <= now < end:
                continue
            pauses = [
                (datetime.fromisoformat(f"{day}T{pause.start}").replace(tzinfo=zone), pause) for pause in shift.breaks
            ]
            for person in range(sizes.get(shift.id, 0)):
                # groups go one after the other; a break ends with its shift
                there += not any(
                    a + timedelta(minutes=pause.minutes * (person % pause.groups) + late_min)
                    <= now
                    < a + timedelta(minutes=pause.minutes * (person % pause.groups + 1))
                    for a, pause in pauses
                )
    return there


def people_are_in_one_place(r: Run) -> None:
    """Never more of a crew at work than are there, at every moment; so breaks and ends of shifts are kept."""
    begin, end = r.image.options.start_ns, int(r.m[at.END])
    for i, crew in enumerate(r.site.crews):
        address = int(r.m[at.POOLS]) + i * at.POOL_WORDS
        steps = [(int(t), int(v)) for t, who, v in r.events(at.TRACE_CREW) if who == address]
        last = dict(steps)
        moments = sorted({*last, *range(0, end, 60 * SECOND)})
        changed = sorted(last)
        for moment in moments:
            k = bisect.bisect_right(changed, moment)
            at_work = last[changed[k - 1]] if k else 0
            assert 0 <= at_work <= present(r.site, crew.size, begin + moment, crew.break_late_min)


def people_do_one_thing(r: Run) -> None:
    """Each of those who are told apart ends a task before the next; a task has all of its people or none, at once."""
    where: dict[int, int] = {}
    team: dict[int, int] = {}
    for when, who, task in r.events(at.TRACE_PERSON):
        before = where.get(int(who), 0)
        assert bool(before) != bool(task), "two tasks at once, or an end without a beginning"
        where[int(who)] = int(task)
        team[int(task or before)] = team.get(int(task or before), 0) + (1 if task else -1)
        assert when >= 0
    for p, people in team.items():
        ask = int(r.m[p + at.CREW])
        counted = not ask or not r.m[ask + at.IS_ASK]  # nobody, or somebody of a crew that is only counted
        assert people == (0 if counted else int(r.m[ask + at.A_PEOPLE]))


def time_of_people_adds_up(r: Run) -> None:
    """Work, ways, waiting, breaks and rests of those who came are the time that they were there; rest is no more."""
    for i, crew in enumerate(r.site.crews):
        book = int(r.m[at.BOOKS]) + i * at.BOOK_WORDS
        if not r.m[at.BOOKS] or not r.m[book + at.B_POOL]:
            continue
        spent_us = sum(int(r.m[book + w]) for w in (at.B_WALKED, at.B_WAITED, at.B_WORKED, at.B_BREAK, at.B_REST))
        came = int(r.m[book + at.B_EXPECTED] - r.m[book + at.B_ABSENT])
        assert int(r.m[book + at.B_EXPECTED]) == sum(crew.size.values())
        over_us = spent_us - came * int(r.m[at.END]) // 1000
        rounded_us = 2 * len(r.events(at.TRACE_PERSON)) + 100
        assert over_us <= rounded_us
        assert over_us >= -rounded_us or any(s.kind == "missing-worker" for s in r.site.scenarios)
        assert 0 <= r.m[book + at.B_BREAK] <= r.m[book + at.B_PLANNED] + 100
        if not crew.break_late_min:
            assert abs(int(r.m[book + at.B_BREAK] - r.m[book + at.B_PLANNED])) <= 100, "a break was not kept"


def cards_and_shares_are_kept(r: Run) -> None:
    """A stage holds no more jobs than it has cards, a product no more of the floor than its share; orders add up."""
    m = r.m
    held: dict[int, int] = {}
    for k in range(len(r.image.machines)):
        p = int(m[at.PROCS]) + k * at.PROC_WORDS
        held[int(m[p + at.HOME])] = held.get(int(m[p + at.HOME]), 0) + int(m[p + at.CARDS_HELD])
    for i in range(int(m[at.STORES_N])):
        s = int(m[at.STORES]) + i * at.STORE_WORDS
        if m[s + at.CARDS]:
            more = int(r.image.memory[s + at.LEVEL] + r.image.memory[s + at.RESERVED])  # a floor may begin too full
            held_all = m[s + at.LEVEL] + m[s + at.RESERVED]
            assert m[s + at.LEVEL] + held.get(s, 0) <= held_all <= max(m[s + at.CARDS], more)
    for i in range(len(r.image.products)):
        a = int(m[at.PRODUCTS]) + i * at.PRODUCT_WORDS
        assert m[a + at.ON_FLOOR] >= 0
        if not any(step.gives for product in r.site.products for step in product.route):
            assert m[a + at.ON_FLOOR] <= m[a + at.FLOOR_LIMIT]
    for i in range(int(m[at.BOOK_N])):
        b = int(m[at.BOOK]) + i * at.BOOK_ORDER_WORDS
        assert 0 <= m[b + at.BOOK_OUT] <= m[b + at.BOOK_LEFT] <= m[b + at.BOOK_QUANTITY]
        finished = m[int(m[at.FINISHES]) + int(m[b + at.BOOK_NUMBER])] > 0
        assert not finished or m[b + at.BOOK_LEFT] == 0


LAWS: tuple[Callable[[Run], None], ...] = (
    it_ends,
    time_goes_on,
    jobs_are_conserved,
    every_exit_was_a_start,
    capacity_is_kept,
    levels_move_by_jobs,
    urgent_jobs_stand_before_others,
    lots_are_of_one_product,
    machines_do_one_thing,
    people_are_in_one_place,
    people_do_one_thing,
    time_of_people_adds_up,
    cards_and_shares_are_kept,
    one_vehicle_a_segment,
    nobody_stands_still,
)


def keeps_every_law(r: Run) -> None:
    """All of them, in order."""
    for law in LAWS:
        law(r)
