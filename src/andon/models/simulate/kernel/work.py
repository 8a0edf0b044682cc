"""What a machine and a breakdown do: one function an opcode. Each returns the next place, or -1 to wait."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.calls import call_vehicle
from andon.models.simulate.kernel.chance import duration, isf, residual, unit
from andon.models.simulate.kernel.downtime import down_state, stand
from andon.models.simulate.kernel.events import enter, note_jobs, schedule
from andon.models.simulate.kernel.floor import arrive, finish, free, has_room, release, take
from andon.models.simulate.kernel.numbers import log
from andon.models.simulate.kernel.queues import append


def nanos(x: float) -> int:
    """Seconds to nanoseconds, rounded; never negative, and at most thirty years, so that no sum overflows."""
    return int(x * 1e9 + 0.5) if x < at.LONGEST_S else at.LONGEST_NS


def draw(m: at.Words, f: at.Reals, d: int, who: int, which: int, age: int) -> int:
    """Nanoseconds still to go of the time that distribution `d` gives to (who, which) at age `age` (UNSEEN: any)."""
    if age == at.UNSEEN:
        return nanos(residual(f, d, m[at.KEY], who, which))
    if age > 0:
        return nanos(duration(f, d, unit(m[at.KEY], who, which), age * 1e-9))
    return fresh(m, f, d, who, which)


def fresh(m: at.Words, f: at.Reals, d: int, who: int, which: int) -> int:
    """Nanoseconds of the whole time that distribution `d` gives to (who, which).

    A machine's next event waits for this one number, so what is drawn most, the exponential law, is done in place.
    """
    v = unit(m[at.KEY], who, which)
    nanoseconds = f[d + at.SCALE] * f[int(f[d + at.FACTOR])] * 1e9
    if f[d + at.KIND_D] == at.EXPONENTIAL:
        return int(0.5 - nanoseconds * f[d + at.P0] * log(v))
    return int(isf(f, d, v) * nanoseconds + 0.5)


def who_is(purpose: int, number: int) -> int:
    """The name of a draw's owner: a purpose and a number within it."""
    return (purpose << 32) + number


def which_is(m: at.Words, t: int) -> int:
    """The name of a draw within its owner's: the job's serial number and the number of the step that it is at."""
    return (m[t + at.SERIAL] << 8) + m[m[t + at.PLACE] + at.STEP_NUMBER]


def get(m: at.Words, p: int, s: int, pc: int) -> int:
    """Take up to SLICE jobs out of store `s`; wait, starved, while there are none."""
    if m[p + at.DOWN] != 0:
        m[p + at.PC] = pc
        stand(m, p)
        return -1
    if m[s + at.LEVEL] > 0:
        first = take(m, s)
        m[p + at.JOB] = first
        n = 1
        last = first
        while n < m[p + at.SLICE] and m[s + at.LEVEL] > 0:
            t = take(m, s)
            m[last + at.LINK] = t
            last = t
            n += 1
        m[p + at.JOBS] = n
        return pc + 1
    m[p + at.PC] = pc
    append(m, s + at.GET_HEAD, s + at.GET_TAIL, p, at.NEXT)
    m[p + at.WAITS_AT] = s
    enter(m, p, at.STARVED)
    return -1


def change(m: at.Words, f: at.Reals, p: int, d: int, skip: int, pc: int) -> int:
    """Set-up time from `d` into REM when the product changes; else go on at `skip`."""
    t = m[p + at.JOB]
    product = m[t + at.PRODUCT]
    if m[p + at.LAST] == product and m[p + at.STATE] != at.SETUP:
        return skip
    m[p + at.LAST] = product
    which = which_is(m, t)
    m[p + at.REM] = draw(m, f, d, who_is(at.FOR_SETUP, product), which, m[p + at.AGE])
    m[p + at.AGE] = 0
    return pc + 1


def service(m: at.Words, f: at.Reals, p: int, pc: int) -> int:
    """Processing time into REM: the longest among the jobs of the load; by time, or by curve at the set-point."""
    age = m[p + at.AGE]
    longest = 0
    t = m[p + at.JOB]
    while t != 0:
        product = m[t + at.PRODUCT]
        step = m[t + at.PLACE]
        who = who_is(at.FOR_TIME, product)
        which = which_is(m, t)
        curve = m[step + at.CURVE]
        if curve >= 0:
            span = by_curve(m, f, p, t, curve)
        elif age == 0:
            span = fresh(m, f, m[step + at.TIME], who, which)
        else:
            span = draw(m, f, m[step + at.TIME], who, which, age)
        longest = max(longest, span)
        t = m[t + at.LINK]
    m[p + at.REM] = longest
    m[p + at.AGE] = 0
    return pc + 1


def by_curve(m: at.Words, f: at.Reals, p: int, t: int, curve: int) -> int:
    """Nanoseconds still to go of job `t` on machine `p`, whose time is a curve's at its set-point, times a spread."""
    age = m[p + at.AGE]
    d = m[m[t + at.PLACE] + at.TIME]
    which = which_is(m, t)
    v = unit(m[at.KEY], who_is(at.FOR_TIME, m[t + at.PRODUCT]), which)
    column = m[p + at.NUMBER] * m[at.CURVES_N] + curve
    base_s = f[m[at.CURVES] + 2 * column + (1 if age != 0 else 0)]
    if age == at.UNSEEN:
        whole = base_s * duration(f, d, v, 0.0)
        return nanos(whole * unit(m[at.KEY], who_is(at.FOR_PHASE, m[t + at.PRODUCT]), which))
    return nanos(base_s * duration(f, d, v, age * 1e-9 / base_s))


def work(m: at.Words, p: int, state: int, word: int, fails: int, pc: int) -> int:
    """Work off register `word` in `state`; only BUSY time uses up the machine's LIFE (-1: it does not fail)."""
    if m[p + at.DOWN] & at.DOWN_NOW != 0 and fails >= 0:
        m[p + at.PARKED] = at.PARKED_AT_WORK
        m[p + at.PC] = pc
        if m[p + at.CREW] != 0:
            m[p + at.PC] = pc - 1
            release(m, p)
        enter(m, p, down_state(m[p + at.DOWN]))
        return -1
    span = m[p + word]
    if state == at.BUSY and m[p + at.LIFE] >= 0 and m[p + at.LIFE] < span:
        span = m[p + at.LIFE]
    enter(m, p, state)
    if m[at.TRACE_END] > 0 and state in (at.SETUP, at.BUSY):
        note_jobs(m, p)
    m[p + at.START] = m[at.NOW]
    m[p + at.WORKING] = word
    m[p + at.PC] = pc + 1
    schedule(m, p, m[at.NOW] + span)
    return -1


def worked(m: at.Words, p: int, word: int, fails: int, pc: int) -> int:
    """The end of a piece of work: of all of it, or of the machine's life, and then go on at `fails`."""
    done = m[at.NOW] - m[p + at.START]
    m[p + at.WORKING] = 0
    m[p + word] -= done
    if m[p + at.STATE] == at.BUSY and m[p + at.LIFE] >= 0:
        m[p + at.LIFE] -= done
        if m[p + word] > 0:
            enter(m, p, at.FAILED)
            return fails
    return pc + 1


def life(m: at.Words, f: at.Reals, p: int, d: int, pc: int) -> int:
    """A new LIFE: running time until the machine's next failure; the first one is the rest of a life of unknown age."""
    age = at.UNSEEN if m[p + at.DRAWS] == 0 else 0
    m[p + at.LIFE] = draw(m, f, d, who_is(at.FOR_FAILURE, m[p + at.NUMBER]), m[p + at.DRAWS], age)
    m[p + at.DRAWS] += 1
    return pc + 1


def repair(m: at.Words, f: at.Reals, p: int, d: int, pc: int) -> int:
    """A repair's length into REP, which says UNSEEN where the repair goes on since nobody knows when."""
    age = at.UNSEEN if m[p + at.REP] == at.UNSEEN else 0
    m[p + at.REP] = draw(m, f, d, who_is(at.FOR_REPAIR, m[p + at.NUMBER]), m[p + at.DRAWS], age)
    m[p + at.DRAWS] += 1
    return pc + 1


def leave(m: at.Words, p: int, fleet: int, pc: int) -> int:
    """Send the jobs on, one by one: out, into the next store, or onto a vehicle; blocked while neither has room."""
    while m[p + at.JOB] != 0:
        t = m[p + at.JOB]
        route = m[m[t + at.PLACE] + at.NEXT_STEP]
        if route == 0:
            m[p + at.JOB] = m[t + at.LINK]
            m[p + at.COUNT] += 1
            go_out(m, t)
            continue
        s = m[route + at.AT_STORE]
        if m[p + at.HAS_ROOM] == 0:
            if m[s + at.PUT_HEAD] == 0 and has_room(m, s):
                m[s + at.RESERVED] += 1
                m[p + at.HAS_ROOM] = 1
            else:
                m[p + at.PC] = pc
                append(m, s + at.PUT_HEAD, s + at.PUT_TAIL, p, at.NEXT)
                m[p + at.WAITS_AT] = s
                enter(m, p, at.BLOCKED)
                if m[at.CYCLIC] != 0:
                    seek_deadlock(m, p)
                return -1
        here = m[p + at.STATION]
        if fleet != 0 and m[m[at.TRAVEL] + here * m[at.STATIONS_N] + m[route + at.STEP_STATION]] >= 0:
            m[p + at.PC] = pc
            m[p + at.WAITS_AT] = fleet
            enter(m, p, at.BLOCKED)
            call_vehicle(m, p, fleet, here)
            return -1
        m[p + at.JOB] = m[t + at.LINK]
        m[t + at.PLACE] = route
        m[p + at.HAS_ROOM] = 0
        m[p + at.COUNT] += 1
        arrive(m, s, t)
    m[p + at.JOBS] = 0
    return pc + 1


def go_out(m: at.Words, t: int) -> None:
    """Job `t` is finished and leaves the floor, and so do those that it carries."""
    other = m[t + at.CARRIED]
    finish(m, t)
    free(m, t)
    while other != 0:
        after = m[other + at.LINK]
        finish(m, other)
        free(m, other)
        other = after


def seek_deadlock(m: at.Words, p: int) -> None:
    """Blocked machines that wait for one another in a ring never move again: find the ring, and say where.

    A store drains if a machine of its station has something to do and is not blocked, or is blocked by a store that
    drains. The stores' MARK says so during the search: 1 drains, 0 is not known to.
    """
    for i in range(m[at.STORES_N]):
        m[m[at.STORES] + i * at.STORE_WORDS + at.MARK] = 0
    changed = True
    while changed:
        changed = False
        for i in range(m[at.PROCS_N]):
            q = m[at.PROCS] + i * at.PROC_WORDS
            if m[q + at.KIND] != at.MACHINE and m[q + at.KIND] != at.CONVEYOR:
                continue
            s = m[q + at.HOME]
            if m[s + at.MARK] != 0:
                continue
            moves = drains(m, m[q + at.WAITS_AT]) if m[q + at.STATE] == at.BLOCKED else has_work(m, q, s)
            if moves:
                m[s + at.MARK] = 1
                changed = True
    if not drains(m, m[p + at.WAITS_AT]):
        m[at.FAULT] = at.FAULT_DEADLOCK
        m[at.FAULT_AT] = p


def has_work(m: at.Words, q: int, s: int) -> bool:
    """Whether machine `q` holds a job, or has one before it in its store `s`, or one is on its way there.

    A place that is promised is a job on its way, unless it is the card of a job on one of the station's machines. A
    machine before which there is no place takes the next job itself.
    """
    if m[q + at.JOB] != 0 or m[s + at.LEVEL] > 0 or m[s + at.RULE] == at.HANDED:
        return True
    coming = m[s + at.RESERVED]
    if m[s + at.CARDS] != 0:
        for i in range(m[at.PROCS_N]):
            other = m[at.PROCS] + i * at.PROC_WORDS
            if m[other + at.KIND] == at.MACHINE and m[other + at.HOME] == s:
                coming -= m[other + at.CARDS_HELD]
    return coming > 0


def drains(m: at.Words, w: int) -> bool:
    """Whether what a machine waits for, a store, a fleet or a group of stores, is marked as one that moves on."""
    if m[w + at.CAPACITY] > 0 or m[w + at.RULE] != at.FIRST_IN:
        return m[w + at.MARK] != 0 or m[w + at.RULE] == at.ON_SHELF
    members = m[w + at.GROUPS]
    if members == 0:
        return True
    marked = 0
    for i in range(m[members]):
        marked |= m[m[members + 1 + i] + at.MARK]
    return marked != 0
