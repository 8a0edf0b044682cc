"""The site's processes as a small program: what a machine, a demand, a crew's calendar do, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field

from andon.models.simulate.kernel import layout as at
from andon.site.floor import Station

Instruction = tuple[int, int, int, int]


@dataclass(slots=True)
class Code:
    """Instructions in the making, int64[4 n] in the end."""

    lines: list[Instruction] = field(default_factory=list)

    def add(self, op: int, a: int = 0, b: int = 0, c: int = 0) -> int:
        """Append an instruction; its place."""
        self.lines.append((op, a, b, c))
        return len(self.lines) - 1

    @property
    def here(self) -> int:
        """The place of the next instruction."""
        return len(self.lines)

    def patch(self, place: int, **operands: int) -> None:
        """Fill in operands that were not known when the instruction was added."""
        op, a, b, c = self.lines[place]
        self.lines[place] = (op, operands.get("a", a), operands.get("b", b), operands.get("c", c))


class Memory:
    """Words in the making."""

    def __init__(self) -> None:
        self.words: list[int] = [0] * at.HEADER

    def table(self, head: int, count_at: int, n: int, each: int) -> list[int]:
        """Room for `n` records of `each` words; their addresses. The header learns where and how many."""
        base = len(self.words)
        self.words += [0] * (n * each)
        self.words[head] = base
        if count_at:
            self.words[count_at] = n
        return [base + i * each for i in range(n)]

    def put(self, head: int, words: list[int]) -> int:
        """Write a table of plain words and tell the header where it stands (0: nowhere)."""
        base = len(self.words)
        self.words += words
        if head:
            self.words[head] = base
        return base


@dataclass(frozen=True, slots=True)
class Entries:
    """Where a machine's process may begin: empty, or in the midst of something."""

    fresh: int
    setup: int
    running: int
    blocked: int
    down_with_job: int
    down: int
    planned: int
    """The first of what falls due by use; of no meaning where nothing does."""
    kit: int


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Something that a machine needs after so much use: planned work, a new tool."""

    place: int
    """Of its counter, in the machine's own record."""
    law: int
    """Of its length."""
    crew: int
    state: int
    purpose: int
    renews: int = 0
    """Law of the life that the machine has anew after it; 0: it goes on ageing."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Addresses that a station's program needs; 0 where the station has no such thing."""

    store: int
    crew: int
    """Pool or ask that processing holds; 0: it runs unattended."""
    setup_crew: int
    """Pool or ask that a set-up holds."""
    goes_on: bool
    """The same people who set up go on to process."""
    setup: int
    changes: int
    """Address of the set-up factors by product, where they differ."""
    ttf: int
    ttr: int
    repair_crew: int
    fleet: int
    rule: int = at.BY_FIFO
    """Which of the waiting jobs a machine takes."""
    planned: bool = False
    """Its machines execute a given schedule."""
    asks: bool = False
    """A policy says which."""
    cards: bool = False
    """Whether its stage has cards."""
    ranks: int = 0
    """Table that the rule goes by: the station's own priorities, or set-up times by the pair of products."""
    sends: bool = False
    """Whether jobs leave it by more than one way."""
    minimal: bool = False
    """A repair leaves the machine as old as it was."""
    delay: int = 0
    """Law of the wait before a repair."""
    upkeep: tuple[Upkeep, ...] = ()
    """What falls due by use, between two jobs."""
    gathers: int = 0
    """Table of how a load is waited for, where it is."""
    kits: bool = False
    """Whether some of its jobs wait for components."""
    parts: bool = False
    """Whether some of its jobs are taken apart."""
    handed: bool = False
    """Whether its buffer has no places."""
    lot: bool = False
    """Whether its loads leave as lots."""
    split: int = 0
    """In lots of how many the lots leave that come; 0: as they came."""
    paced: bool = False
    """Its times are not always as stated."""
    wears: int = 0
    """Place of the counter of a tool whose wear makes the machine fail more often; 0: there is none."""
    handling: int = 0
    """Law of the time that a job takes which comes damaged; 0: none is looked for."""
    handler: int = 0
    """Pool or ask of those who see to it; 0: it needs nobody."""
    warm_up: int = 0
    """Law of warming up after a standstill."""
    switches_off: bool = False


def machine_code(code: Code, station: Station, wiring: Wiring) -> Entries:
    """A machine of `station`: take, set up, process, send on; fail by running time and be repaired."""
    running = station.breakdown is not None and station.breakdown.counts == "running"
    take = code.here
    planned = _upkeep_code(code, wiring)
    _take_code(code, wiring)
    rejoin = _damage_code(code, wiring) if wiring.handling else 0
    kit = code.add(at.KIT) if wiring.kits else 0
    _woken_code(code, wiring)
    setup = code.here
    if wiring.setup:
        change = code.add(at.CHANGE_FROM if wiring.changes else at.CHANGE, wiring.setup, 0, wiring.changes)
        if wiring.setup_crew:
            code.add(at.ACQUIRE, wiring.setup_crew, at.NO_CREW)
        code.add(at.WORK, at.SETUP, at.REM, 0)
        code.add(at.WORKED, at.SETUP, at.REM, 0)
        if wiring.setup_crew and not wiring.goes_on:
            code.add(at.RELEASE_CREW)
        code.patch(change, b=code.here)
    serve = code.add(at.ASIDE, at.ASIDE_SERVICE) if wiring.paced else code.add(at.SERVICE)
    for upkeep in wiring.upkeep:
        code.add(at.USE_UP, upkeep.place)
    begin = code.here
    if wiring.crew:
        code.add(at.ACQUIRE, wiring.crew, at.NO_CREW)
    work = code.add(at.WORK, at.BUSY, at.REM, 0)
    worked = code.add(at.WORKED, at.BUSY, at.REM, 0)
    if wiring.warm_up:
        code.add(at.ASIDE, at.ASIDE_COOL)
    if wiring.crew:
        code.add(at.RELEASE_CREW)
    leave = _leave_code(code, wiring, rejoin)
    code.add(at.JUMP, take)
    if not running:
        return Entries(take, setup, serve, leave, serve, take, planned, kit or setup)
    fails = code.add(at.RELEASE_CREW)
    _repair_code(code, wiring, fresh=True)
    _life_code(code, wiring)
    code.add(at.JUMP, begin)
    code.patch(work, c=fails)
    code.patch(worked, c=fails)
    places = [_with_life(code, wiring, place) for place in (take, setup, serve, leave, planned, kit or setup)]
    downs = []
    for place in (serve, take):
        downs.append(_repair_code(code, wiring))
        _life_code(code, wiring)
        code.add(at.JUMP, place)
    return Entries(places[0], places[1], places[2], places[3], downs[0], downs[1], places[4], places[5])


def _upkeep_code(code: Code, wiring: Wiring) -> int:
    """What falls due by use is done before the next job is taken; where the first of it begins."""
    first = code.here
    for i, upkeep in enumerate(wiring.upkeep):
        own = upkeep.place == wiring.wears > 0
        due = code.add(at.ASIDE, at.ASIDE_TOOL, upkeep.place) if own else code.add(at.FALLS_DUE, upkeep.place)
        first = code.here if i == 0 else first
        if upkeep.crew:
            code.add(at.ACQUIRE, upkeep.crew, upkeep.state)
        code.add(at.SPAN, upkeep.law, upkeep.purpose)
        code.add(at.WORK, upkeep.state, at.REP, -1)
        code.add(at.WORKED, upkeep.state, at.REP, -1)
        if upkeep.crew:
            code.add(at.RELEASE_CREW)
        if upkeep.renews:
            code.add(at.ASIDE, at.ASIDE_RENEW, 0, upkeep.renews)
        code.patch(due, **{"c" if own else "b": code.here})
    return first


def _take_code(code: Code, wiring: Wiring) -> int:
    """Take what waits: the plain way for first come, first served, which costs a station without a rule nothing."""
    if wiring.gathers:
        return code.add(at.GATHER, wiring.store, wiring.gathers)
    if wiring.handed:
        return code.add(at.GET_HANDED, wiring.store)
    if wiring.planned:
        return code.add(at.GET_PLAN, wiring.store)
    if wiring.asks:
        return code.add(at.GET_ASK, wiring.store)
    if wiring.rule == at.BY_FIFO and not wiring.cards:
        return code.add(at.GET, wiring.store)
    return code.add(at.GET_BY, wiring.store, wiring.rule, wiring.ranks)


def _woken_code(code: Code, wiring: Wiring) -> None:
    """A job is there: the machine is on again, and warms up if it has stood still for long."""
    if wiring.switches_off:
        code.add(at.ASIDE, at.ASIDE_HERE)
    if wiring.warm_up:
        cold = code.add(at.ASIDE, at.ASIDE_WARM, wiring.warm_up)
        code.add(at.WORK, at.WARMING, at.REM, 0)
        code.add(at.WORKED, at.WARMING, at.REM, 0)
        code.patch(cold, c=code.here)


def _leave_code(code: Code, wiring: Wiring, rejoin: int) -> int:
    """Send the load on, as the jobs or lots that it is now; where that begins. With none left, `rejoin` comes here."""
    start = code.here
    if wiring.parts:
        code.add(at.PART)
    if wiring.lot:
        code.add(at.LOT_FORM)
    if wiring.split:
        code.add(at.LOT_SPLIT, wiring.split)
    leave = code.add(at.SEND if wiring.sends else at.LEAVE, wiring.fleet)
    if rejoin:
        code.patch(rejoin, b=leave)
    if wiring.cards:
        code.add(at.CARDS_BACK)
    return start


def _with_life(code: Code, wiring: Wiring, place: int) -> int:
    """Begin at `place`, but draw the machine's life before."""
    entry = _life_code(code, wiring)
    code.add(at.JUMP, place)
    return entry


def _life_code(code: Code, wiring: Wiring) -> int:
    """A new life by running time; with a tool whose wear counts, it is weighed by that."""
    start = code.add(at.LIFE_AGED if wiring.minimal else at.LIFE_NEW, wiring.ttf)
    if wiring.wears:
        code.add(at.ASIDE, at.ASIDE_WEIGH)
    return start


def _damage_code(code: Code, wiring: Wiring) -> int:
    """Jobs that come damaged are seen to before all else; those that do not stay leave. The place that takes back."""
    if wiring.switches_off:
        code.add(at.ASIDE, at.ASIDE_HERE)
    look = code.add(at.ASIDE, at.ASIDE_LOOK, wiring.handling)
    if wiring.handler:
        code.add(at.ACQUIRE, wiring.handler, at.NO_CREW)
    code.add(at.WORK, at.SETUP, at.REM, 0)
    code.add(at.WORKED, at.SETUP, at.REM, 0)
    if wiring.handler:
        code.add(at.RELEASE_CREW)
    verdict = code.add(at.ASIDE, at.ASIDE_VERDICT)
    code.add(at.SEND, wiring.fleet)
    rejoin = code.add(at.ASIDE, at.ASIDE_REJOIN)
    code.patch(look, c=code.here)
    code.patch(verdict, b=code.here)
    return rejoin


def _repair_code(code: Code, wiring: Wiring, *, fresh: bool = False) -> int:
    """A repair; one that is `fresh` waits first, where the site says so. One that is seen is past its wait."""
    if fresh and wiring.delay:
        code.add(at.SPAN, wiring.delay, at.FOR_DELAY)
        code.add(at.WORK, at.FAILED, at.REP, -1)
        code.add(at.WORKED, at.FAILED, at.REP, -1)
    start = code.here
    if wiring.repair_crew:
        code.add(at.ACQUIRE, wiring.repair_crew, at.FAILED)
    code.add(at.REPAIR, wiring.ttr)
    code.add(at.WORK, at.FAILED, at.REP, -1)
    code.add(at.WORKED, at.FAILED, at.REP, -1)
    if wiring.repair_crew:
        code.add(at.RELEASE_CREW)
    return start


def breakdown_code(code: Code, wiring: Wiring, machine: int) -> tuple[int, int]:
    """Failures of one machine by the calendar; where the process begins, and where when the machine is down now."""
    start = code.add(at.LIFE_AGED if wiring.minimal else at.HOLD, wiring.ttf)
    code.add(at.BREAK, machine)
    down = _repair_code(code, wiring, fresh=True)
    code.add(at.MEND, machine)
    code.add(at.JUMP, start)
    return start, down


def planned_code(
    code: Code, plan: int, machine: int, law: int, crew: int, *, interrupts: bool, renews: int = 0
) -> tuple[int, int]:
    """Planned work on one machine by the calendar; where the process begins, and where when the work goes on now.

    `renews` is the law of the life that the machine has anew after it, 0 where it goes on ageing.
    """
    start = code.add(at.AWAIT, plan)
    if interrupts:
        code.add(at.HALT, machine, at.DOWN_PLANNED)
    else:
        code.add(at.SPARE, machine)
    inside = code.here
    if crew:
        code.add(at.ACQUIRE, crew, at.PLANNED)
    code.add(at.SPAN, law, at.FOR_PLANNED)
    code.add(at.WORK, at.PLANNED, at.REP, -1)
    code.add(at.WORKED, at.PLANNED, at.REP, -1)
    if crew:
        code.add(at.RELEASE_CREW)
    if renews:
        code.add(at.ASIDE, at.ASIDE_RENEW, machine, renews)
    code.add(at.GO_ON, machine, at.DOWN_PLANNED)
    code.add(at.JUMP, start)
    return start, inside


def stops_code(code: Code, machines: list[int], every: int, lasts: int) -> int:
    """Stops of a station: after a while all its machines stand for a while."""
    start = code.add(at.SPAN, every, at.FOR_STOP_EVERY)
    code.add(at.WORK, at.STARVED, at.REP, -1)
    code.add(at.WORKED, at.STARVED, at.REP, -1)
    for machine in machines:
        code.add(at.HALT, machine, at.DOWN_STOPPED)
    code.add(at.SPAN, lasts, at.FOR_STOP)
    code.add(at.WORK, at.STOPPED, at.REP, -1)
    code.add(at.WORKED, at.STOPPED, at.REP, -1)
    for machine in machines:
        code.add(at.GO_ON, machine, at.DOWN_STOPPED)
    code.add(at.JUMP, start)
    return start


def demand_code(code: Code, product: int, mix: int) -> tuple[int, int]:
    """Orders of one product, or of a mix; (begin with an order now, begin with the wait for the next one)."""
    place = code.add(at.ORDER_DRAWN, mix) if mix else code.add(at.ORDER_PLACE, product)
    wait = code.add(at.ORDER_NEXT, product)
    code.add(at.JUMP, place)
    return place, wait


def book_code(code: Code) -> int:
    """The orders with names, each when it may be released."""
    start = code.add(at.BOOK_NEXT)
    code.add(at.BOOK_PLACE)
    code.add(at.JUMP, start)
    return start


def calendar_code(code: Code, crew: int) -> int:
    """A crew's comings and goings."""
    start = code.add(at.LINE_NEXT, crew)
    code.add(at.LINE_SET, crew)
    code.add(at.JUMP, start)
    return start


def probe_code(code: Code) -> int:
    """The look at regular times."""
    start = code.add(at.BIN_NEXT)
    code.add(at.BIN_NOTE)
    code.add(at.JUMP, start)
    return start
