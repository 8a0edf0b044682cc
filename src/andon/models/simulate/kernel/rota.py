"""The comings and goings of people who are told apart: shifts, breaks, rests, absence; and the crew's book.

Each person is a process of its own, so that one break, one rest, one shift's end is one event and nobody looks through
everybody.
"""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.chance import duration, unit
from andon.models.simulate.kernel.people import (
    begin_break,
    book_task,
    lose_person,
    plan_person,
    serve_need,
    settle_person,
    turn_person,
)
from andon.models.simulate.kernel.queues import unlink


def step_aside(m: at.Words, w: int) -> None:
    """Take person `w` from the task or the bench that they are at."""
    if m[w + at.P_STATE] == at.ON_TASK:
        lose_person(m, w)
    elif m[w + at.P_STATE] == at.FREE:
        b = m[w + at.P_AT]
        unlink(m, b + at.FREE_HEAD, b + at.FREE_TAIL, w)
        m[b + at.FREE_N] -= 1


def person_turn(m: at.Words, f: at.Reals, p: int, pc: int) -> int:
    """Something of person `p` is due: the plan's next word, the end of a rest, the latest moment for a break."""
    w = m[p + at.MORE_PEOPLE]
    now = m[at.NOW]
    m[p + at.PC] = pc
    if m[w + at.P_LATEST] > 0 and m[w + at.P_LATEST] <= now:
        m[w + at.P_LATEST] = 0
        step_aside(m, w)
        begin_break(m, w, m[w + at.P_DUE])
    if m[w + at.P_BACK] > 0 and m[w + at.P_BACK] <= now:
        m[w + at.P_BACK] = 0
        if m[w + at.P_STATE] == at.ON_BREAK:
            m[m[w + at.P_AT] + at.THERE_N] += 1
        turn_person(m, w, at.AT_REST)
    while m[w + at.P_LINE] < m[w + at.P_LINE_END] and m[m[w + at.P_LINE]] <= now:
        e = m[w + at.P_LINE]
        m[w + at.P_LINE] = e + 3
        if m[e + 1] == at.COME:
            come_in(m, f, w, m[e + 2])
        elif m[e + 1] == at.GO:
            go_home(m, w)
        else:
            take_pause(m, w, m[e + 2])
    # Only who is still there takes work: who began and lost it within one instant would leave behind a woken process.
    if m[w + at.P_STATE] == at.AT_REST and m[w + at.P_BACK] == 0:
        settle_person(m, w)
    elif m[at.TEAMS_WAIT] > 0:  # a team that is no longer there keeps nobody
        b = m[w + at.P_BENCH]
        for i in range(m[b + at.SERVES_N]):
            serve_need(m, m[m[b + at.SERVES] + i])
    plan_person(m, w)
    return -1


def come_in(m: at.Words, f: at.Reals, w: int, occurrence: int) -> None:
    """Person `w`'s shift begins, unless they are absent.

    `occurrence` names the shift of that day; -1: the person is seen to be there; -2 less the name: the shift began
    before the start, and nobody knows where the person is. The share of absent people is drawn once a crew and shift,
    then each person by it: a binomial number. Who comes back into a shift is counted once, with what they have lifted.
    """
    book = m[w + at.P_BOOK]
    returns = occurrence >= at.RETURNS
    if returns:
        occurrence -= at.RETURNS
    somewhere = occurrence < 0
    if occurrence < -1:
        occurrence = -2 - occurrence
    m[book + at.B_EXPECTED] += 0 if returns else 1
    if m[book + at.B_ABSENCE] != 0 and occurrence >= 0:
        crew = m[book + at.B_CREW]
        share = duration(f, m[book + at.B_ABSENCE], unit(m[at.KEY], (at.FOR_ABSENCE << 32) + crew, occurrence), 0.0)
        if unit(m[at.KEY], (at.FOR_ABSENT << 32) + crew, (occurrence << 16) + m[w + at.P_NUMBER]) < share:
            m[book + at.B_ABSENT] += 0 if returns else 1
            return
    m[w + at.P_X] = at.NOWHERE if somewhere else m[book + at.B_X]
    m[w + at.P_Y] = m[book + at.B_Y]
    m[w + at.P_PLACE] = m[book + at.B_PLACE]
    m[w + at.P_RUN] = 0
    if not returns:
        m[w + at.P_LOAD] = 0
    m[w + at.P_IDLE] = m[at.NOW] - m[book + at.B_PAUSE]
    m[w + at.P_AT] = m[w + at.P_BENCH]
    m[m[w + at.P_AT] + at.THERE_N] += 1
    m[m[book + at.B_POOL] + at.SIZE] += 1
    turn_person(m, w, at.AT_REST)


def go_home(m: at.Words, w: int) -> None:
    """Person `w`'s shift ends, whatever they do."""
    if m[w + at.P_STATE] == at.GONE:
        return
    step_aside(m, w)
    if m[w + at.P_STATE] != at.ON_BREAK:
        m[m[w + at.P_AT] + at.THERE_N] -= 1
    m[m[m[w + at.P_BOOK] + at.B_POOL] + at.SIZE] -= 1
    m[w + at.P_DUE] = 0
    m[w + at.P_LATEST] = 0
    m[w + at.P_BACK] = 0
    turn_person(m, w, at.GONE)


def take_pause(m: at.Words, w: int, span: int) -> None:
    """A break of person `w` begins: now, or after the task in hand where the crew says how late that may be."""
    if m[w + at.P_STATE] == at.GONE:
        return
    book = m[w + at.P_BOOK]
    m[book + at.B_PLANNED] += span // 1000
    if m[w + at.P_STATE] == at.ON_TASK and m[book + at.B_LATE] > 0:
        m[w + at.P_DUE] = span
        m[w + at.P_LATEST] = m[at.NOW] + m[book + at.B_LATE]
        return
    if m[w + at.P_STATE] == at.ON_BREAK:
        m[m[w + at.P_AT] + at.THERE_N] += 1
        span += m[w + at.P_BACK] - m[at.NOW]
    step_aside(m, w)
    begin_break(m, w, span)


def close_people(m: at.Words) -> None:
    """Book what people do at the end; a break that is not over is planned only as far as it could be taken."""
    for i in range(m[at.PEOPLE_N]):
        w = m[at.PEOPLE] + i * at.PERSON_WORDS
        book = m[w + at.P_BOOK]
        if m[w + at.P_STATE] == at.ON_TASK:
            book_task(m, w, m[m[w + at.P_TASK] + at.CREW])
            m[book + at.B_PLANNED] -= m[w + at.P_DUE] // 1000
        if m[w + at.P_STATE] == at.ON_BREAK:
            m[book + at.B_PLANNED] -= (m[w + at.P_BACK] - m[at.NOW]) // 1000
        turn_person(m, w, m[w + at.P_STATE])
    for i in range(m[at.POOLS_N]):
        if m[at.PEOPLE_N] == 0:
            return
        book = m[at.BOOKS] + i * at.BOOK_WORDS
        if m[book + at.B_POOL] != 0:
            r = m[book + at.B_POOL]
            m[r + at.USED_AREA] = m[book + at.B_WALKED] + m[book + at.B_WORKED]
            m[r + at.SIZE_AREA] = m[r + at.USED_AREA] + m[book + at.B_WAITED]


def reset_people(m: at.Words) -> None:
    """Forget what was counted so far; what of a break lies ahead stays planned."""
    if m[at.PEOPLE_N] == 0:
        return
    close_people(m)
    for i in range(m[at.POOLS_N]):
        for k in range(at.BOOKED):
            m[m[at.BOOKS] + i * at.BOOK_WORDS + k] = 0
    for i in range(m[at.PEOPLE_N]):
        w = m[at.PEOPLE] + i * at.PERSON_WORDS
        book = m[w + at.P_BOOK]
        m[book + at.B_PLANNED] += m[w + at.P_DUE] // 1000
        if m[w + at.P_STATE] == at.ON_BREAK:
            m[book + at.B_PLANNED] += (m[w + at.P_BACK] - m[at.NOW]) // 1000
