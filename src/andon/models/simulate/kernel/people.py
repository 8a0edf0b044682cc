"""People who are told apart: who comes when somebody is asked for, how they walk, when a rest is due.

A process asks for some people with a skill (`A_NEED`, `A_PEOPLE`) and has all of them at once or none. Who waits for
work stands on a bench: the people of a crew who may do the same things. Of the benches that an ask may be served from,
the one comes first whose people can do the least; then who has waited longest. Whoever becomes free takes interrupted
work first, then the oldest ask that they can serve.
"""

from __future__ import annotations

import math

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.events import cancel, enter, note, schedule, wake
from andon.models.simulate.kernel.queues import append, interrupt, shift

HELD_FIRST = 1 << 60
"""What an interrupted ask is ahead of every other by."""


def acquire_people(m: at.Words, p: int, r: int, pc: int) -> int:
    """Have the people of ask `r`; wait until they are free, and until the last of them has walked here."""
    held = m[p + at.CREW]
    if held == r:
        return pc + 1
    task = m[p + at.MORE_PEOPLE]
    if held != 0:  # the same people go on with something else
        w = m[task + at.T_HOLD]
        while w != 0:
            book_task(m, w, held)
            w = m[w + at.P_MATE]
        m[p + at.CREW] = r
        return pc + 1
    need = m[r + at.A_NEED]
    m[task + at.T_ASK] = r
    m[at.ASKED_N] += 1
    m[task + at.T_SEQ] = m[at.ASKED_N]
    if m[at.TEAMS_WAIT] == 0 and m[need + at.WAIT_HEAD] == 0 and m[need + at.HELD_HEAD] == 0 and enough_free(m, need):
        way = assign_people(m, p)
        if way == 0:
            return pc + 1
        walk_there(m, p, pc + 1, way)
        return -1
    m[p + at.PC] = pc
    enter(m, p, m[r + at.A_STATE])
    append(m, need + at.WAIT_HEAD, need + at.WAIT_TAIL, p, at.NEXT)
    if m[need + at.N_PEOPLE] > 1:
        m[at.TEAMS_WAIT] += 1
    if m[at.TEAMS_WAIT] > 0:
        serve_need(m, need)
    return -1


def enough_free(m: at.Words, need: int) -> bool:
    """Whether as many people as `need` asks for are free."""
    n = 0
    for i in range(m[need + at.N_BENCHES_N]):
        n += m[m[m[need + at.N_BENCHES] + i] + at.FREE_N]
        if n >= m[need + at.N_PEOPLE]:
            return True
    return False


def are_there(m: at.Words, need: int) -> bool:
    """Whether as many people as `need` asks for are there at all, at work or free."""
    n = 0
    for i in range(m[need + at.N_BENCHES_N]):
        n += m[m[m[need + at.N_BENCHES] + i] + at.THERE_N]
    return n >= m[need + at.N_PEOPLE]


def next_bench(m: at.Words, need: int) -> int:
    """The bench that the next person for `need` comes from: whose people can do the least, then who waited longest."""
    best = 0
    for i in range(m[need + at.N_BENCHES_N]):
        b = m[m[need + at.N_BENCHES] + i]
        w = m[b + at.FREE_HEAD]
        if w == 0:
            continue
        if best == 0:
            best = b
        elif m[b + at.RANK_OF] > m[best + at.RANK_OF]:
            break
        elif m[w + at.P_SINCE] < m[m[best + at.FREE_HEAD] + at.P_SINCE]:
            best = b
    return best


def assign_people(m: at.Words, p: int) -> int:
    """Give process `p` the people of its ask, who are free; nanoseconds until the last of them has walked there."""
    task = m[p + at.MORE_PEOPLE]
    r = m[task + at.T_ASK]
    need = m[r + at.A_NEED]
    m[task + at.T_HOLD] = 0
    longest = 0
    for _ in range(m[need + at.N_PEOPLE]):
        b = next_bench(m, need)
        w = shift(m, b + at.FREE_HEAD, b + at.FREE_TAIL, at.P_NEXT)
        m[b + at.FREE_N] -= 1
        turn_person(m, w, at.ON_TASK)
        book = m[w + at.P_BOOK]
        if m[at.NOW] - m[w + at.P_IDLE] >= m[book + at.B_PAUSE]:
            m[w + at.P_RUN] = 0
        way = 0
        if m[book + at.B_NS_PER_MM] > 0 and m[task + at.T_X] != at.NOWHERE:
            if m[w + at.P_X] != at.NOWHERE:
                m[w + at.P_MM] = millimetres(m, w, task, m[book + at.B_WAYS])
                way = m[w + at.P_MM] * m[book + at.B_NS_PER_MM]
            m[w + at.P_PLACE] = m[task + at.T_PLACE]
            m[w + at.P_X] = m[task + at.T_X]
            m[w + at.P_Y] = m[task + at.T_Y]
        m[w + at.P_WAY] = way
        longest = max(longest, way)
        m[w + at.P_TASK] = p
        m[w + at.P_MATE] = m[task + at.T_HOLD]
        m[task + at.T_HOLD] = w
        use_person(m, book, 1)
        if m[at.TRACE_END] > 0:
            note(m, at.TRACE_PERSON, w, p)
    m[p + at.CREW] = r
    return longest


def millimetres(m: at.Words, w: int, task: int, ways: int) -> int:
    """The way of person `w` to a task: along the roads of table `ways`, or straight."""
    if ways != 0:
        return m[ways + 1 + m[w + at.P_PLACE] * m[ways] + m[task + at.T_PLACE]]
    dx = float(m[task + at.T_X] - m[w + at.P_X])
    dy = float(m[task + at.T_Y] - m[w + at.P_Y])
    return int(math.sqrt(dx * dx + dy * dy) + 0.5)


def use_person(m: at.Words, book: int, change: int) -> None:
    """One more or one fewer of the crew is at work."""
    pool = m[book + at.B_POOL]
    m[pool + at.USED] += change
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_CREW, pool, m[pool + at.USED])


def walk_there(m: at.Words, p: int, pc: int, way: int) -> None:
    """Process `p` goes on at `pc` when its people have come; a machine that is down or worked on stays so meanwhile."""
    state = m[m[p + at.CREW] + at.A_STATE]
    enter(m, p, at.WALKING if state == at.NO_CREW else state)
    m[p + at.PC] = pc
    schedule(m, p, m[at.NOW] + way)


def turn_person(m: at.Words, w: int, state: int) -> None:
    """Person `w` does something else from now on; the time so far is booked for the crew."""
    now = m[at.NOW]
    old = m[w + at.P_STATE]
    if old != at.GONE and old != at.ON_TASK:  # noqa: PLR1714 - numba has no cheap set
        m[m[w + at.P_BOOK] + old] += (now - m[w + at.P_SINCE]) // 1000
    m[w + at.P_STATE] = state
    m[w + at.P_SINCE] = now


def book_task(m: at.Words, w: int, r: int) -> None:
    """Book what person `w` has walked and worked for ask `r` since it was last booked."""
    book = m[w + at.P_BOOK]
    span = m[at.NOW] - m[w + at.P_SINCE]
    walked = min(m[w + at.P_WAY], span)
    if walked > 0:
        mm = m[w + at.P_MM]
        if walked < m[w + at.P_WAY]:
            mm = walked // m[book + at.B_NS_PER_MM]
        m[w + at.P_MM] -= mm
        m[book + at.B_MM] += mm
        m[w + at.P_WAY] -= walked
        m[book + at.B_WALKED] += walked // 1000
    us = (span - walked) // 1000
    m[book + at.B_WORKED] += us
    m[w + at.P_RUN] += span
    m[book + at.B_RUN_MAX] = max(m[book + at.B_RUN_MAX], m[w + at.P_RUN] // 1000)
    if m[r + at.A_LIFT] > 0:
        load = us * m[r + at.A_LIFT] // 1000
        m[w + at.P_LOAD] += load
        m[book + at.B_LIFTED] += load
        m[book + at.B_LIFTED_MAX] = max(m[book + at.B_LIFTED_MAX], m[w + at.P_LOAD])
        if m[r + at.A_LIFT] > 1000:
            m[book + at.B_HEAVY] += us
    m[w + at.P_SINCE] = m[at.NOW]


def dismiss_person(m: at.Words, w: int, r: int) -> None:
    """Person `w` is no longer at a task."""
    book_task(m, w, r)
    m[w + at.P_TASK] = 0
    m[w + at.P_IDLE] = m[at.NOW]
    use_person(m, m[w + at.P_BOOK], -1)
    if m[at.TRACE_END] > 0:
        note(m, at.TRACE_PERSON, w, 0)


def release_people(m: at.Words, p: int) -> None:
    """Take its people away from process `p`; they rest if it is due, else take what waits for them."""
    r = m[p + at.CREW]
    m[p + at.CREW] = 0
    w = m[m[p + at.MORE_PEOPLE] + at.T_HOLD]
    while w != 0:
        mate = m[w + at.P_MATE]
        dismiss_person(m, w, r)
        settle_person(m, w)
        w = mate


def lose_person(m: at.Words, w: int) -> None:
    """Person `w` leaves a task at once: it waits, with what is left of it; the others who were at it are free."""
    p = m[w + at.P_TASK]
    r = m[p + at.CREW]
    if m[p + at.WORKING] != 0:
        interrupt(m, p, m[p + at.WORKING])
    else:
        cancel(m, p)  # they were still walking
    m[p + at.CREW] = 0
    enter(m, p, m[r + at.A_STATE])
    need = m[r + at.A_NEED]
    append(m, need + at.HELD_HEAD, need + at.HELD_TAIL, p, at.NEXT)
    if m[need + at.N_PEOPLE] > 1:
        m[at.TEAMS_WAIT] += 1
    v = m[m[p + at.MORE_PEOPLE] + at.T_HOLD]
    dismiss_person(m, w, r)
    while v != 0:
        mate = m[v + at.P_MATE]
        if v != w:
            dismiss_person(m, v, r)
            settle_person(m, v)
        v = mate


def settle_person(m: at.Words, w: int) -> None:
    """Person `w` has come, or ended a task or a rest: a break or a rest that is due, else the bench."""
    if m[w + at.P_DUE] > 0:
        begin_break(m, w, m[w + at.P_DUE])
        return
    book = m[w + at.P_BOOK]
    limit = m[book + at.B_RUN_LIMIT]
    if limit > 0:
        if m[at.NOW] - m[w + at.P_IDLE] >= m[book + at.B_PAUSE]:
            m[w + at.P_RUN] = 0
        elif m[w + at.P_RUN] >= limit:
            turn_person(m, w, at.AT_REST)
            m[w + at.P_BACK] = m[w + at.P_IDLE] + m[book + at.B_PAUSE]
            plan_person(m, w)
            return
    turn_person(m, w, at.FREE)
    b = m[w + at.P_AT]
    if m[book + at.B_LIFT_LIMIT] > 0 and m[w + at.P_LOAD] >= m[book + at.B_LIFT_LIMIT] and m[b + at.TIRED] != 0:
        m[b + at.THERE_N] -= 1
        b = m[b + at.TIRED]
        m[b + at.THERE_N] += 1
        m[w + at.P_AT] = b
    append(m, b + at.FREE_HEAD, b + at.FREE_TAIL, w, at.P_NEXT)
    m[b + at.FREE_N] += 1
    serve_bench(m, b)


def serve_need(m: at.Words, need: int) -> None:
    """Let the free people who could serve `need` take what waits for them."""
    for i in range(m[need + at.N_BENCHES_N]):
        serve_bench(m, m[m[need + at.N_BENCHES] + i])


def serve_bench(m: at.Words, b: int) -> None:
    """Let the free people of bench `b` take interrupted work, then the oldest asks.

    An ask for several people who are there but not all free keeps those who are: nobody overtakes it.
    """
    while m[b + at.FREE_HEAD] != 0:
        best = 0
        best_need = 0
        best_key = 0
        for i in range(m[b + at.SERVES_N]):
            need = m[m[b + at.SERVES] + i]
            p = m[need + at.HELD_HEAD]
            key = -HELD_FIRST
            if p == 0:
                p = m[need + at.WAIT_HEAD]
                key = 0
            if p == 0:
                continue
            key += m[m[p + at.MORE_PEOPLE] + at.T_SEQ]
            if best != 0 and key >= best_key:
                continue
            if m[need + at.N_PEOPLE] > 1 and not are_there(m, need):
                continue
            best = p
            best_need = need
            best_key = key
        if best == 0 or not enough_free(m, best_need):
            return
        pc = m[best + at.PC]
        if best_key < 0:
            shift(m, best_need + at.HELD_HEAD, best_need + at.HELD_TAIL, at.NEXT)
        else:
            shift(m, best_need + at.WAIT_HEAD, best_need + at.WAIT_TAIL, at.NEXT)
            pc += 1
        if m[best_need + at.N_PEOPLE] > 1:
            m[at.TEAMS_WAIT] -= 1
        way = assign_people(m, best)
        if way == 0:
            wake(m, best, pc)
        else:
            walk_there(m, best, pc, way)


def plan_person(m: at.Words, w: int) -> None:
    """Let person `w` be looked at when something is due next: by the plan, the end of a rest, a break's latest."""
    when = m[at.END] + 1
    if m[w + at.P_LINE] < m[w + at.P_LINE_END]:
        when = m[m[w + at.P_LINE]]
    if m[w + at.P_BACK] > 0:
        when = min(when, m[w + at.P_BACK])
    if m[w + at.P_LATEST] > 0:
        when = min(when, m[w + at.P_LATEST])
    schedule(m, m[w + at.P_PROC], when)


def begin_break(m: at.Words, w: int, span: int) -> None:
    """Person `w`, who is at no task, goes on a break of full length."""
    m[w + at.P_DUE] = 0
    m[w + at.P_LATEST] = 0
    m[m[w + at.P_AT] + at.THERE_N] -= 1
    turn_person(m, w, at.ON_BREAK)
    m[w + at.P_BACK] = m[at.NOW] + span
    plan_person(m, w)
