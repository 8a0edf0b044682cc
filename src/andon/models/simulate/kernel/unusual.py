"""The instructions of machines that are not plain: planned work, ageing, stops, paces, standstill."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.calls import call_again
from andon.models.simulate.kernel.damage import look_over, rejoin, verdict
from andon.models.simulate.kernel.downtime import book_off, break_down, mend, spare
from andon.models.simulate.kernel.floor import wake_desk
from andon.models.simulate.kernel.pace import change_from, service_paced, warm_up
from andon.models.simulate.kernel.stops import await_plan, due, life_aged, span, use
from andon.models.simulate.kernel.wear import renew, tool_due, weigh_life


def step_machine(m: at.Words, f: at.Reals, p: int, op: int, a: int, b: int, c: int, pc: int) -> int:
    """The instructions of machines that are not plain."""
    if op == at.CHANGE_FROM:
        return change_from(m, f, p, a, b, c, pc)
    if op == at.FALLS_DUE:
        return due(m, f, p, a, b, pc)
    if op == at.USE_UP:
        return use(m, f, p, a, pc)
    if op == at.SPAN:
        return span(m, f, p, a, b, pc)
    if op == at.LIFE_AGED:
        return life_aged(m, f, p, a, pc)
    if op == at.AWAIT:
        return await_plan(m, p, a, pc)
    if op == at.SPARE:
        return spare(m, p, a, pc)
    if op == at.HALT:
        break_down(m, a, b)
    if op == at.ASIDE:
        return aside(m, f, p, a, b, c, pc)
    if op == at.GO_ON:
        mend(m, a, b)
    return pc + 1


def aside(m: at.Words, f: at.Reals, p: int, what: int, b: int, c: int, pc: int) -> int:
    """What few machines need."""
    if what == at.ASIDE_SERVICE:
        return service_paced(m, f, p, pc)
    if what == at.ASIDE_WARM:
        return warm_up(m, f, p, b, c, pc)
    if what == at.ASIDE_COOL:
        m[m[p + at.MORE_MACHINE] + at.COLD] = m[at.NOW]
        return pc + 1
    if what == at.ASIDE_HERE:
        book_off(m, p)
        return pc + 1
    if what >= at.ASIDE_LOOK:
        return upset(m, f, p, what, b, c, pc)
    if what == at.ASIDE_OUT:
        m[at.OUTAGE] += 1
        return pc + 1
    m[at.OUTAGE] -= 1
    if m[at.OUTAGE] == 0:
        call_again(m)
        wake_desk(m)
    return pc + 1


def upset(m: at.Words, f: at.Reals, p: int, what: int, b: int, c: int, pc: int) -> int:
    """What happens to machines and jobs: damage, wear that makes machines fail, work that makes them new."""
    if what == at.ASIDE_LOOK:
        return look_over(m, f, p, b, c, pc)
    if what == at.ASIDE_VERDICT:
        return verdict(m, p, b, pc)
    if what == at.ASIDE_REJOIN:
        return rejoin(m, p, b, pc)
    if what == at.ASIDE_TOOL:
        return tool_due(m, f, p, b, c, pc)
    if what == at.ASIDE_WEIGH:
        weigh_life(m, f, p)
    else:
        renew(m, f, p if b == 0 else b, c)
    return pc + 1
