"""People who are told apart, written into an image: asks, needs, benches, what each person's shift plan says.

Crews that are only counted keep the plain pool and the plain instruction; `finish` gives the others theirs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from andon.models.ergonomics import lifting_index
from andon.models.simulate.builder import Builder
from andon.models.simulate.calendar import SLACK_NS, Pause, Span, spans
from andon.models.simulate.crews import PEOPLE_MAX, told_apart, who_can
from andon.models.simulate.damage import damage_at
from andon.models.simulate.footways import ways_mm
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.missing import gone, without
from andon.site.battery import Recovery
from andon.site.floor import Breakdown, Crew, Station
from andon.site.pace import Wear
from andon.site.stops import Disturbance, Maintenance

IDLE = frozenset({at.DEMAND, at.RELEASER, at.CALENDAR, at.PROBE})
"""Kinds of processes that never hold anybody."""
FOREVER = 1 << 61


@dataclass(frozen=True, slots=True)
class Need:
    """A skill, how many people, and whether they lift."""

    skill: str
    people: int
    lifts: bool


@dataclass(slots=True)
class Plan:
    """One person's line: entries (when, what, number), and the number that names their luck."""

    crew: int
    number: int
    entries: list[tuple[int, int, int]]


class Asks:
    """Who is asked for, and where that stands in the image."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._apart = told_apart(builder.site)
        self._pools = {c.id: r for c, r in zip(builder.site.crews, builder.pool_at, strict=True)}
        self._asks: dict[tuple[Need, int, int], int] = {}
        self._needs: dict[Need, int] = {}

    # What stations ask for

    def work(self, station: Station) -> int:
        """Pool or ask of processing; 0 where nobody is needed."""
        who = station.skill or station.crew
        if not who or station.crew_for == "setup":
            return 0
        return self._ask(Need(who, station.people, bool(station.lifting)), at.NO_CREW, lift(station))

    def setup(self, station: Station) -> int:
        """Pool or ask of a set-up."""
        if station.setup_skill:
            return self._ask(Need(station.setup_skill, station.setup_people, False), at.NO_CREW, 0)
        who = station.skill or station.crew
        if not who:
            return 0
        # The same people go on to process, so they must be such as may.
        lifts = bool(station.lifting) and station.crew_for == "processing"
        return self._ask(Need(who, station.people, lifts), at.NO_CREW, 0)

    def goes_on(self, station: Station) -> bool:
        """Whether who has set up goes on to process."""
        return not station.setup_skill and station.crew_for == "processing"

    def repair(self, repair: Breakdown | Recovery, state: int = at.FAILED) -> int:
        """Pool or ask of a repair, which is waited for in a state."""
        who = repair.skill or repair.crew
        return self._ask(Need(who, repair.people, False), state, 0) if who else 0

    def upkeep(self, work: Maintenance | Wear) -> int:
        """Pool or ask of planned work, or of a new tool."""
        who = work.skill or work.crew
        people = work.people if isinstance(work, Maintenance) else 1
        return self._ask(Need(who, people, False), at.PLANNED, 0) if who else 0

    def handling(self, damage: Disturbance) -> int:
        """Pool or ask of those who see to damaged jobs."""
        who = damage.skill or damage.crew
        return self._ask(Need(who, damage.people, False), at.NO_CREW, 0) if who else 0

    def _ask(self, need: Need, state: int, lift_milli: int) -> int:
        crews = who_can(self._builder.site, need.skill)
        if len(crews) == 1 and crews[0].id not in self._apart:
            return self._pools[crews[0].id]
        key = need, state, lift_milli
        if key not in self._asks:
            m = self._builder.m
            if need not in self._needs:
                self._needs[need] = m.put(0, [0] * at.NEED_WORDS)
                m.words[self._needs[need] + at.N_PEOPLE] = need.people
            self._asks[key] = r = m.put(0, [0] * at.POOL_WORDS)
            m.words[r + at.IS_ASK] = 1
            m.words[r + at.A_NEED], m.words[r + at.A_PEOPLE] = self._needs[need], need.people
            m.words[r + at.A_STATE], m.words[r + at.A_LIFT] = state, lift_milli
        return self._asks[key]

    # Once every program is written

    def finish(self) -> None:
        """Give each pool its possible holders; and people, benches and their instruction where they are told apart."""
        self._holders()
        if not self._apart:
            return
        self._instructions()
        self._tasks()
        books, benches = self._books(), self._benches()
        builder, words = self._builder, self._builder.m.words
        plans = self._plans()
        words[at.PEOPLE], words[at.PEOPLE_N] = len(words), len(plans)
        people = [builder.m.put(0, [0] * at.PERSON_WORDS) for _ in plans]
        pc = builder.code.add(at.PERSON_TURN)
        first = len(builder.started)
        for w, plan in zip(people, plans, strict=True):
            p = builder.process(f"shift plan of {builder.site.crews[plan.crew].id}", at.CALENDAR, pc, 0)
            words[p + at.MORE_PEOPLE] = w
            line = builder.m.put(0, [x for entry in plan.entries for x in entry])
            for place, value in (
                (at.P_PROC, p),
                (at.P_BOOK, books[plan.crew]),
                (at.P_BENCH, benches[plan.crew]),
                (at.P_AT, benches[plan.crew]),
                (at.P_X, at.NOWHERE),
                (at.P_LINE, line),
                (at.P_LINE_END, len(words)),
                (at.P_NUMBER, plan.number),
            ):
                words[w + place] = value
        builder.started = builder.started[first:] + builder.started[:first]

    def _holders(self) -> None:
        """A pool's possible holders: the machines whose program asks for it, and whoever else there is."""
        builder, words = self._builder, self._builder.m.words
        asked = {s.id: {s.crew, s.skill, s.setup_skill} for s in builder.site.stations}
        for s in builder.site.stations:
            if s.breakdown:
                asked[s.id] |= {s.breakdown.crew, s.breakdown.skill}
            asked[s.id] |= {who for plan in s.maintenance for who in (plan.crew, plan.skill)}
            asked[s.id] |= {s.wear.crew, s.wear.skill} if s.wear else set()
            asked[s.id] |= {d.crew, d.skill} if (d := damage_at(builder.site, s.id)) else set()
        station = dict(zip(builder.machine_ids, (builder.site.stations[i].id for i in builder.station_of), strict=True))
        for crew in builder.site.crews:
            if crew.id in self._apart:
                continue
            mine = {crew.id, *crew.skills}
            found = []
            for p in builder.proc_at[: builder.next_proc]:
                name = builder.names[p].removeprefix("breakdown of ")
                if words[p + at.KIND] not in IDLE and (name not in station or asked[station[name]] & mine):
                    found.append(p)
            words[self._pools[crew.id] + at.HOLDERS_N] = len(found)
            words[self._pools[crew.id] + at.HOLDERS] = builder.m.put(0, found)

    def _instructions(self) -> None:
        """Wherever a program asks for people who are told apart, the instruction that does it."""
        apart = {self._pools[c]: c for c in self._apart}
        lines = self._builder.code.lines
        for place, (op, a, b, c) in enumerate(lines):
            if op == at.ACQUIRE and a in apart:
                a = self._ask(Need(apart[a], 1, False), b, 0)  # noqa: PLW2901 - the operand is replaced
            if op == at.ACQUIRE and self._builder.m.words[a + at.IS_ASK]:
                lines[place] = (at.ACQUIRE_PEOPLE, a, b, c)

    def _tasks(self) -> None:
        builder, words = self._builder, self._builder.m.words
        places = _places(builder)
        walked = {name: k for k, name in enumerate(self._walked_to())}
        for p in builder.proc_at[: builder.next_proc]:
            if words[p + at.KIND] in IDLE:
                continue
            task = builder.m.put(0, [0] * at.TASK_WORDS)
            words[p + at.MORE_PEOPLE] = task
            name = builder.names[p].removeprefix("breakdown of ").removeprefix("planned work on ")
            words[task + at.T_X], words[task + at.T_Y] = places.get(name, (at.NOWHERE, 0))
            words[task + at.T_PLACE] = walked.get(name, 0)

    def _walked_to(self) -> list[str]:
        """Machines and crews that have a place, in a fixed order."""
        site = self._builder.site
        there = {e.id for e in site.elements}
        return [name for name in (*self._builder.machine_ids, *(c.id for c in site.crews)) if name in there]

    def _books(self) -> list[int]:
        """Each crew's book: what is true of all of its people."""
        builder, words = self._builder, self._builder.m.words
        places = _places(builder)
        along = [c for c in builder.site.crews if c.walk_along == "roads" and c.walk_m_per_s]
        where = self._walked_to() if along else []
        ways = builder.m.put(0, [len(where), *ways_mm(builder.site, where)]) if along else 0
        books = []
        for i, crew in enumerate(builder.site.crews):
            book = words[at.BOOKS] + i * at.BOOK_WORDS
            books.append(book)
            if crew.id not in self._apart:
                continue
            x, y = places.get(crew.id, (at.NOWHERE, 0))
            for place, value in (
                (at.B_POOL, builder.pool_at[i]),
                (at.B_NS_PER_MM, round(1e6 / crew.walk_m_per_s) if crew.walk_m_per_s else 0),
                (at.B_LATE, round(crew.break_late_min * 6e10)),
                (at.B_RUN_LIMIT, round((crew.work_max_min or 0.0) * 6e10)),
                (at.B_PAUSE, round(crew.rest_min * 6e10)),
                (at.B_LIFT_LIMIT, round((crew.lift_max_min or 0.0) * 6e7)),
                (at.B_WAYS, ways if crew in along else 0),
                (at.B_PLACE, where.index(crew.id) if crew in along and crew.id in where else 0),
                (at.B_X, x),
                (at.B_Y, y),
                (at.B_CREW, i),
                (at.B_ABSENCE, builder.reals.at[crew.absence] if crew.absence else 0),
            ):
                words[book + place] = value
        return books

    def _benches(self) -> list[int]:
        """A bench for each crew, and one for those of it who may lift no more; needs learn their benches."""
        builder, words = self._builder, self._builder.m.words
        found: list[int] = []
        ranked: list[tuple[int, int, set[Need]]] = []
        for crew in builder.site.crews:
            if crew.id not in self._apart:
                found.append(0)
                continue
            mine = [n for n in self._needs if crew in who_can(builder.site, n.skill)]
            bench = builder.m.put(0, [0] * at.BENCH_WORDS)
            rank = 2 * len({n.skill for n in mine})
            ranked.append((rank, bench, set(mine)))
            if crew.lift_max_min:
                tired = builder.m.put(0, [0] * at.BENCH_WORDS)
                ranked.append((rank - 1, tired, {n for n in mine if not n.lifts}))
                words[bench + at.TIRED] = tired
            found.append(bench)
        for rank, bench, serves in ranked:
            words[bench + at.RANK_OF], words[bench + at.SERVES_N] = rank, len(serves)
            words[bench + at.SERVES] = builder.m.put(0, [a for n, a in self._needs.items() if n in serves])
        for need, address in self._needs.items():
            benches = [bench for rank, bench, serves in sorted(ranked, key=lambda x: x[:2]) if need in serves]
            words[address + at.N_BENCHES_N] = len(benches)
            words[address + at.N_BENCHES] = builder.m.put(0, benches)
        return found

    def _plans(self) -> list[Plan]:
        """Every person of every shift: their line, as planned, or as it is seen that they are there."""
        builder = self._builder
        found = []
        for i, crew in enumerate(builder.site.crews):
            if crew.id not in self._apart:
                continue
            lines = _lines(builder, crew)
            if builder.live is not None:
                for line in lines:
                    if line and line[0][:2] == (0, at.COME):
                        line[0] = (0, at.COME, -2 - line[0][2])
                if crew.id in builder.live.present:
                    _as_seen(lines, builder.live.present[crew.id])
            _leave_out(builder, crew, lines)
            found += [Plan(i, k % PEOPLE_MAX, line) for k, line in enumerate(lines)]
        return found


def lift(station: Station) -> int:
    """The station's lifting index in thousandths; 0 where nothing is lifted."""
    return math.ceil(1000.0 * lifting_index(station.lifting)) if station.lifting else 0


def _places(builder: Builder) -> dict[str, tuple[int, int]]:
    return {e.id: (round(e.x_m * 1000), round(e.y_m * 1000)) for e in builder.site.elements}


def _lines(builder: Builder, crew: Crew) -> list[list[tuple[int, int, int]]]:
    """What each person of a crew does when: coming, breaks, going; relative to the start, nothing before it."""
    site, start, horizon = builder.site, builder.options.start_ns, builder.options.horizon_ns
    if not site.shifts:
        return [[(0, at.COME, 0), (FOREVER, at.GO, 0)] for _ in range(sum(crew.size.values()))]
    found = []
    for number, shift in enumerate(site.shifts):
        times = spans(site, shift, start, start + horizon)
        for member in range(crew.size.get(shift.id, 0)):
            line: list[tuple[int, int, int]] = []
            for span, pauses in times:
                # The minute in which a shift begins, and which shift it is: the same name in every run.
                name = (span[0] // 60_000_000_000) * 64 + number
                line += _occurrence(span, pauses, member, name, start)
            found.append(line)
    return found


def _leave_out(builder: Builder, crew: Crew, lines: list[list[tuple[int, int, int]]]) -> None:
    """Let those be away who are missing by a scenario: in every shift the last of the crew that are there at all."""
    site, last = builder.site, len(lines)
    for shift in reversed([s.id for s in site.shifts] or [""]):
        size = crew.size.get(shift, 0) if shift else sum(crew.size.values())
        for begin, end, n in gone(site, crew.id, shift):
            there = [k for k in range(last - size, last) if without(lines[k], begin, end) != lines[k]]
            for k in there[len(there) - n :] if n < len(there) else there:
                lines[k] = without(lines[k], begin, end)
        last -= size


def _occurrence(span: Span, pauses: list[Pause], member: int, name: int, start: int) -> list[tuple[int, int, int]]:
    begin, end = span
    line = [(max(begin - start, 0), at.COME, name)]
    for pause in sorted(pauses):
        a, b = pause.of(member, end)
        if b > max(a, start):
            line.append((max(a - start, 0), at.PAUSE, b - max(a, start)))
    line.append((end - start, at.GO, 0))
    return sorted(line, key=lambda entry: entry[0])


def _as_seen(lines: list[list[tuple[int, int, int]]], seen: int) -> None:
    """Let as many be there at the start as are seen.

    Who should be there and is not comes with the next word of the plan, or after the slack of a break; who is there and
    should not be has not yet gone, or come back from a break early.
    """
    on: list[list[tuple[int, int, int]]] = []
    off: list[list[tuple[int, int, int]]] = []
    for line in lines:
        here = bool(line) and line[0][:2] == (0, at.COME)
        away = here and len(line) > 1 and line[1][:2] == (0, at.PAUSE)
        (on if here and not away else off).append(line)
        if here:
            line[0] = (0, at.COME, -1)
    for line in on[seen:]:
        later = min(SLACK_NS, line[1][0])
        line[0] = (later, at.COME, -1)
        if line[1][1] == at.GO and later == line[1][0]:
            del line[:2]
    for line in off[: max(0, seen - len(on))]:
        if line and line[0][0] == 0:
            del line[1]
        else:
            until = min(SLACK_NS, line[0][0]) if line else SLACK_NS
            line[:0] = [(0, at.COME, -1), (until, at.GO, 0)]
