"""The one fixed machine: it takes the next process, runs its program until it waits, and does so until END."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.belt import lay_on
from andon.models.simulate.kernel.book import book_next, book_place, close_book, dispatch_all, settle_book, times_next
from andon.models.simulate.kernel.chance import key_of, unit
from andon.models.simulate.kernel.control import cards_back, get_ask, get_by
from andon.models.simulate.kernel.desk import (
    bin_next,
    bin_note,
    dispatch,
    line_next,
    line_set,
    order_next,
    order_place,
    reset,
)
from andon.models.simulate.kernel.downtime import book_off, break_down, mend
from andon.models.simulate.kernel.events import next_ready, pop, schedule
from andon.models.simulate.kernel.fleet import step_on_roads, step_straight
from andon.models.simulate.kernel.floor import acquire, book_crew, book_wip, count, rank_anew, release
from andon.models.simulate.kernel.match import match_ask
from andon.models.simulate.kernel.misread import misread_levels, misread_machine
from andon.models.simulate.kernel.numbers import exp, normal_quantile
from andon.models.simulate.kernel.parts import seek_missing, step_flow
from andon.models.simulate.kernel.people import acquire_people
from andon.models.simulate.kernel.plan import get_plan
from andon.models.simulate.kernel.rota import close_people, person_turn
from andon.models.simulate.kernel.unusual import step_machine
from andon.models.simulate.kernel.work import (
    change,
    draw,
    get,
    leave,
    life,
    repair,
    service,
    who_is,
    work,
    worked,
)


def step(m: at.Words, f: at.Reals, code: at.Program, p: int, pc: int) -> int:  # noqa: C901, PLR0911, PLR0912 - a flat switch: compiled to a jump table
    """Run one instruction of process `p`; the next place in the program, or -1 when the process waits."""
    i = 4 * pc
    op = code[i]
    a = code[i + 1]
    b = code[i + 2]
    c = code[i + 3]
    if op == at.GET:
        return get(m, p, a, pc)
    if op == at.SERVICE:
        return service(m, f, p, pc)
    if op == at.WORK:
        return work(m, p, a, b, c, pc)
    if op == at.WORKED:
        return worked(m, p, b, c, pc)
    if op == at.LEAVE:
        return leave(m, p, a, pc)
    if op == at.JUMP:
        return a
    if op == at.ACQUIRE:
        return acquire(m, p, a, b, pc)
    if op == at.RELEASE_CREW:
        release(m, p)
        return pc + 1
    if op == at.CHANGE:
        return change(m, f, p, a, b, pc)
    if op == at.LIFE_NEW:
        return life(m, f, p, a, pc)
    if op == at.REPAIR:
        return repair(m, f, p, a, pc)
    if at.MEET <= op <= at.DROP:
        return step_straight(m, f, p, op, a, b, pc)
    if op >= road.SEEK:
        return step_on_roads(m, f, p, op, a, b, c, pc)
    if op < at.CHANGE_FROM:
        return step_other(m, f, p, op, a, pc)
    if op < at.SEND:
        return step_machine(m, f, p, op, a, b, c, pc)
    if op < at.GET_BY:
        return step_flow(m, p, op, a, b, pc)
    if op < at.ACQUIRE_PEOPLE:
        return step_control(m, p, op, a, b, c, pc)
    return step_people(m, f, p, op, a, pc)


def step_people(m: at.Words, f: at.Reals, p: int, op: int, a: int, pc: int) -> int:
    """The instructions of people who are told apart."""
    if op == at.ACQUIRE_PEOPLE:
        return acquire_people(m, p, a, pc)
    return person_turn(m, f, p, pc)


def step_control(m: at.Words, p: int, op: int, a: int, b: int, c: int, pc: int) -> int:
    """The instructions of rules: which job next, cards, the order book."""
    if op == at.GET_BY:
        return get_by(m, p, a, b, c, pc)
    if op == at.DISPATCH_ALL:
        return dispatch_all(m, p, a, pc)
    if op == at.BOOK_NEXT:
        return book_next(m, p, pc)
    if op == at.BOOK_PLACE:
        return book_place(m, pc)
    if op == at.TIMES_NEXT:
        return times_next(m, p, a, pc)
    if op == at.GET_ASK:
        return get_ask(m, p, a, pc)
    if op == at.GET_PLAN:
        return get_plan(m, p, a, pc)
    if op == at.MATCH_ASK:
        return match_ask(m, p, a, pc)
    if op == at.CARDS_BACK:
        return cards_back(m, p, pc)
    return -1


def step_other(m: at.Words, f: at.Reals, p: int, op: int, a: int, pc: int) -> int:  # noqa: PLR0911 - a flat switch
    """The instructions of what is not a machine or a vehicle."""
    if op == at.DISPATCH:
        return dispatch(m, p, pc)
    if op == at.ORDER_NEXT:
        return order_next(m, f, p, a, pc)
    if op == at.ORDER_PLACE:
        return order_place(m, a, pc)
    if op == at.LINE_NEXT:
        return line_next(m, p, a, pc)
    if op == at.LINE_SET:
        return line_set(m, a, pc)
    if op == at.BIN_NEXT:
        return bin_next(m, p, pc)
    if op == at.BIN_NOTE:
        return bin_note(m, pc)
    if op == at.RESET:
        return reset(m, pc)
    if op == at.BREAK:
        break_down(m, a, at.DOWN_FAILED)
        return pc + 1
    if op == at.MEND:
        mend(m, a, at.DOWN_FAILED)
        return pc + 1
    if op == at.HOLD:
        age = at.UNSEEN if m[p + at.DRAWS] == 0 else 0
        span = draw(m, f, a, who_is(at.FOR_FAILURE, m[p + at.NUMBER]), m[p + at.DRAWS], age)
        m[p + at.DRAWS] += 1
        m[p + at.PC] = pc + 1
        schedule(m, p, m[at.NOW] + span)
    return -1


def run(m: at.Words, f: at.Reals, code: at.Program) -> None:
    """Let a replication run from its image to END, or to a fault."""
    here = m[at.NOW]
    steps = m[at.STEPS_HERE]
    before = m[at.STEPS]
    limit = m[at.STEPS_LIMIT]
    while m[at.FAULT] == 0:
        p = next_ready(m)
        if p == 0:
            p = pop(m)
            if p == 0:
                break
            if m[at.NOW] != here:
                here = m[at.NOW]
                before += steps
                steps = 0
        pc = m[p + at.PC]
        while pc >= 0:
            pc = step(m, f, code, p, pc)
            steps += 1
        if steps > at.STEPS_AT_ONE_INSTANT_MAX:
            m[at.FAULT] = at.FAULT_RUNAWAY
            m[at.FAULT_AT] = p
        if before > limit:
            m[at.FAULT] = at.FAULT_BUDGET
            m[at.FAULT_AT] = p
    m[at.STEPS] = before
    if m[at.FAULT] == at.FAULT_ASKS:
        m[at.STEPS_HERE] = steps - 1  # to ask is no step
        return
    m[at.STEPS_HERE] = steps
    close(m)


def close(m: at.Words) -> None:
    """Book all that is still open at the end."""
    if m[at.FAULT] == 0 and m[at.ASSEMBLES] != 0:
        seek_missing(m)
    if m[at.FAULT] == 0:
        m[at.NOW] = m[at.END]
        m[at.NOW_US] = m[at.END] // 1000
    now = m[at.NOW]
    for i in range(m[at.PROCS_N]):
        p = m[at.PROCS] + i * at.PROC_WORDS
        book_off(m, p)
        state = m[p + at.STATE]
        m[p + at.TIMES + state] += now - m[p + at.SINCE]
        m[p + at.SINCE] = now
    for i in range(m[at.STORES_N]):
        count(m, m[at.STORES] + i * at.STORE_WORDS, 0)
    for i in range(m[at.POOLS_N]):
        book_crew(m, m[at.POOLS] + i * at.POOL_WORDS)
    close_people(m)
    for i in range(m[at.PRODUCTS_N]):
        a = m[at.PRODUCTS] + i * at.PRODUCT_WORDS
        for k in range(m[a + at.RING_DONE], m[a + at.RING_IN]):
            o = m[a + at.RING] + (k & m[a + at.RING_MASK]) * at.ORDER_WORDS
            if m[o + at.ORDER_DUE] < now:
                m[a + at.OVERDUE] += 1
    close_book(m)
    book_wip(m)


def draw_factors(m: at.Words, f: at.Reals) -> None:
    """What we do not know of each assumption's mean: one factor a replication."""
    n = int(f[at.FACTORS_N])
    for i in range(n):
        sd = f[at.FACTORS + 2 * i]
        factor = 1.0
        if sd > 0.0:
            z = normal_quantile(unit(m[at.KEY], who_is(at.FOR_FACTOR, i), 0))
            factor = exp(sd * z - 0.5 * sd * sd)
        f[at.FACTORS + 2 * i + 1] *= factor


def begin(m: at.Words, f: at.Reals, seed: int, replication: int) -> None:
    """Give the replication its key; draw what is not known: factors of assumptions, products behind bare counts."""
    m[at.KEY] = key_of(seed, replication)
    draw_factors(m, f)
    fill_orders(m)
    errors = m[at.MISREAD]
    if errors != 0 and m[errors + at.ERROR_LEVELS] != 0:
        misread_levels(m, f, m[errors + at.ERROR_LEVELS])
    settle_stores(m)
    for i in range(m[at.PROCS_N]):
        p = m[at.PROCS] + i * at.PROC_WORDS
        if m[p + at.KIND] == at.VEHICLE and m[p + at.JOB] != 0:
            board(m, f, p)
        if m[p + at.KIND] != at.MACHINE:
            continue
        mix = m[m[p + at.HOME] + at.MIX]
        if m[p + at.JOBS] < 0:
            cut_load(m, p)
        if errors != 0:
            misread_machine(m, f, p, errors)
        settle(m, m[p + at.JOB], mix)
        if m[p + at.LAST] == -2:
            m[p + at.LAST] = drawn(m, mix, m[p + at.NUMBER] + (1 << 42)) >> at.MIX_BITS
            if m[p + at.JOB] != 0:
                m[p + at.LAST] = m[m[p + at.JOB] + at.PRODUCT]
    if m[at.BOOK_N] > 0:
        settle_book(m)
    rank_anew(m)


def settle_stores(m: at.Words) -> None:
    """The jobs in buffers and on conveyors are jobs that could stand there."""
    for i in range(m[at.STORES_N]):
        s = m[at.STORES] + i * at.STORE_WORDS
        if m[s + at.RULE] != at.ON_SHELF:
            settle(m, m[s + at.HEAD], m[s + at.MIX])
        if m[s + at.RULE] == at.TIMED:
            lay_on(m, s)


def fill_orders(m: at.Words) -> None:
    """Copy the order book of the start into the products' rings."""
    for i in range(m[at.INITIAL_N]):
        e = m[at.INITIAL] + i * (1 + at.ORDER_WORDS)
        a = m[e]
        o = m[a + at.RING] + (m[a + at.RING_IN] & m[a + at.RING_MASK]) * at.ORDER_WORDS
        for k in range(at.ORDER_WORDS):
            m[o + k] = m[e + 1 + k]
        m[a + at.RING_IN] += 1
        m[a + at.WAITING] += m[e + 1 + at.ORDER_OUT]


def board(m: at.Words, f: at.Reals, p: int) -> None:
    """What a vehicle carries that is seen under way, where that is not known: nothing in half of the futures, else any.

    COUNT says that it surely carries something, SLICE names what it may be (a mix; 0: whatever is carried). On straight
    ways it is anywhere on its way; half of the handling, and the trip, are scaled by the same fraction (see `carry`).
    """
    t = m[p + at.JOB]
    surely = m[p + at.COUNT]
    m[p + at.COUNT] = 0
    if surely == 0 and unit(m[at.KEY], who_is(at.FOR_MIX, 2), m[p + at.NUMBER]) < 0.5:
        m[p + at.JOB] = 0
        m[p + at.PC] = m[p + at.REP]
        return
    both = drawn(m, m[p + at.SLICE] if m[p + at.SLICE] != 0 else m[at.ROAD_MIX], m[t + at.SERIAL])
    reveal(m, t, both)
    know(m, t)
    route = m[t + at.PLACE]
    m[p + at.LAST] = m[route - at.STEP_WORDS + at.STEP_STATION]
    m[m[route + at.AT_STORE] + at.RESERVED] += 1
    m[p + at.REM] = draw(m, f, m[p + at.AGE], who_is(at.FOR_CARRY, m[t + at.PRODUCT]), m[t + at.SERIAL], 0) // 2
    m[at.WIP] += 1


def cut_load(m: at.Words, p: int) -> None:
    """How full a load is that nobody observed: any number of jobs from one to all, equally likely."""
    n = 1 + int(unit(m[at.KEY], who_is(at.FOR_MIX, 1), m[p + at.NUMBER]) * m[p + at.SLICE])
    t = m[p + at.JOB]
    for _ in range(n - 1):
        t = m[t + at.LINK]
    m[t + at.LINK] = 0
    m[at.WIP] -= m[p + at.SLICE] - n
    m[p + at.JOBS] = n


def reveal(m: at.Words, t: int, both: int) -> None:
    """Job `t` is of a product and at a step that a mix names."""
    m[t + at.PRODUCT] = both >> at.MIX_BITS
    route = m[m[at.PRODUCTS] + m[t + at.PRODUCT] * at.PRODUCT_WORDS + at.ROUTE]
    m[t + at.PLACE] = route + (both & ((1 << at.MIX_BITS) - 1)) * at.STEP_WORDS


def settle(m: at.Words, t: int, mix: int) -> None:
    """Give the jobs of a list whose product was not observed one that could stand there, and all of them a due time."""
    while t != 0:
        if m[t + at.PRODUCT] < 0:
            both = drawn(m, mix, m[t + at.SERIAL])
            reveal(m, t, both)
        know(m, t)
        t = m[t + at.LINK]


def know(m: at.Words, t: int) -> None:
    """Count job `t`, on the floor at the start, and give it what its product's jobs have: due time and priority."""
    product = m[at.PRODUCTS] + m[t + at.PRODUCT] * at.PRODUCT_WORDS
    m[t + at.JOB_DUE] = m[product + at.FLOOR_DUE]
    m[t + at.JOB_PRIORITY] = m[product + at.PRODUCT_PRIORITY]
    m[product + at.ON_FLOOR] += 1
    m[at.WIP_LIMIT] += m[product + at.IS_PART]


def drawn(m: at.Words, mix: int, which: int) -> int:
    """A draw from a mix: how many entries, then (product and step, cumulative parts per million) each."""
    u = int(unit(m[at.KEY], who_is(at.FOR_MIX, 0), which) * 1e6)
    n = m[mix]
    for i in range(n):
        if u < m[mix + 2 + 2 * i]:
            return m[mix + 1 + 2 * i]
    return m[mix - 1 + 2 * n]


def run_chunk(  # noqa: PLR0917 - the compiled entry takes places, not names
    image: at.Words,
    used: int,
    m: at.Words,
    reals: at.Reals,
    reals_n: int,
    f: at.Reals,
    code: at.Program,
    seed: int,
    first: int,
    count: int,
    rows: at.Words,
    words: int,
    factors: at.Reals,
    assumptions: int,
) -> None:
    """Run replications `first`, `first` + 1, ... `first` + `count` - 1.

    Args:
        image: int64[used], the memory before the first instruction; what lies behind it needs no beginning.
        used: how many words; 0: go on with the replication that `m` and `f` hold, which asked for an answer.
        m: int64[size], the machine's memory: scratch of this thread.
        reals: float64[reals_n], distributions and factors.
        reals_n: how many.
        f: float64[reals_n], scratch of this thread.
        code: int64[4 k], the program.
        seed: the experiment's seed.
        first: number of the first replication.
        count: how many replications.
        rows: int64[count, words], filled with the first words of each replication's memory at its end.
        words: how many.
        factors: float64[count, assumptions], filled with the factors drawn.
        assumptions: how many.
    """
    for i in range(count):
        for k in range(used):
            m[k] = image[k]
        for k in range(reals_n):
            f[k] = reals[k]
        if used > 0:
            begin(m, f, seed, first + i)
        run(m, f, code)
        for k in range(words):
            rows[i * words + k] = m[k]
        for k in range(assumptions):
            factors[i * assumptions + k] = f[at.FACTORS + 2 * k + 1]
