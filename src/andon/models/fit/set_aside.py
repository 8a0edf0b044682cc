"""What is not a cycle, and why: one table of rules over what a log says. None of them looks at how long a unit took."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from andon.models.fit.cycles import Cycle, Log, Run, Told, make_cycle
from andon.models.fit.plan import Operation, Plan, Settings

HOUR_NS = 3_600 * 10**9


@dataclass(frozen=True, slots=True)
class Case:
    """One log and what was declared about its operation."""

    told: Told
    operation: Operation
    settings: Settings

    @property
    def own(self) -> list[Run]:
        """Runs of the operation's own program, or of one that this log does not name."""
        return [r for r in self.told.runs if r.program is None or self.operation.owns(r.program, self.told.log.unit)]

    @property
    def completed(self) -> list[Run]:
        """Those of them that completed."""
        return [r for r in self.own if r.ending == "completed"]

    @property
    def chain(self) -> list[Run]:
        """Own runs up to the first that completed; empty when none did."""
        own = self.own
        done = next((i for i, r in enumerate(own) if r.ending == "completed"), None)
        return [] if done is None else own[: done + 1]

    def from_start(self, run: Run, of: Run) -> bool:
        """Whether a run began at the start of the program that `of` completed; a log without blocks cannot tell."""
        if run.first_block is None or of.last_block == 0:
            return True
        return run.first_block <= self.settings.start_share * of.last_block + self.settings.start_blocks


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to set a log aside."""

    name: str
    because: str
    """Why a log like this is no cycle, for the reader of a report."""
    caught: Callable[[Case], str | None]
    """One sentence with the particulars, or None."""


def _stub(case: Case) -> str | None:
    if case.told.runs:
        return None
    count = case.told.log.readings
    return f"no program starts in it ({count} reading{'' if count == 1 else 's'})"


def _night(case: Case) -> str | None:
    hours = case.told.log.silence / HOUR_NS
    limit = case.settings.unattended_h
    return f"silent for {hours:.1f} h, longer than {limit:g} h: nobody attended" if hours > limit else None


def _other_program(case: Case) -> str | None:
    if case.own:
        return None
    return f"only `{'`, `'.join(case.told.programs)}` ran, which does not make this operation"


def _never_completed(case: Case) -> str | None:
    if case.completed:
        return None
    best = max(case.own, key=lambda r: r.counter_s, default=None)
    at = "" if best is None else f" (stopped after {best.counter_s:.0f} s at block {best.last_block})"
    others = [p for p in case.told.programs if not case.operation.owns(p, case.told.log.unit)]
    then = f"; `{others[-1]}` ran after it" if others else ""
    return f"the operation's program never completed{at}{then}"


def _several(case: Case) -> str | None:
    n = len(case.completed)
    return f"the program completed {n} times: more than one unit, or one unit made again" if n > 1 else None


def _partial(case: Case) -> str | None:
    last = case.chain[-1]
    if any(case.from_start(r, last) for r in case.chain):
        return None
    return f"begun at block {case.chain[0].first_block} of {last.last_block}, not at the program's start"


def _begun_anew(case: Case) -> str | None:
    *before, last = case.chain
    if not case.from_start(last, last):
        return None
    aborted = next((r for r in before if r.counter_s > case.settings.false_start_s), None)
    if aborted is None:
        return None
    return f"stopped after {aborted.counter_s:.0f} s at block {aborted.last_block} and begun anew from the start"


RULES: tuple[Rule, ...] = (
    Rule("stub", "a log in which no program starts shows no cycle", _stub),
    Rule("night", "a machine that nobody attends for hours is between cycles, not in one", _night),
    Rule("other-program", "another program is another job", _other_program),
    Rule("aborted", "a program that was stopped and never completed made no unit", _never_completed),
    Rule("several", "which of several completed runs is the unit's cannot be told", _several),
    Rule("partial", "a run that began in mid-program is part of a cycle", _partial),
    Rule("begun-anew", "an aborted run and a whole one together are not one cycle", _begun_anew),
)
"""In the order in which they are tried; the first that catches gives the reason."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A log that is not a cycle."""

    log: Log
    rule: str
    why: str


def sort_out(told: Iterable[Told], plan: Plan) -> tuple[list[Cycle], list[SetAside]]:
    """Every log as a cycle or as set aside, in the order given; one of an undeclared operation is set aside as such."""
    cycles: list[Cycle] = []
    aside: list[SetAside] = []
    for one in told:
        operation = plan.operation(one.log.key)
        if operation is None:
            name = f"{one.log.product} {one.log.operation}"
            aside.append(SetAside(one.log, "undeclared", f"`{name}` is not declared; add it to `operations`"))
            continue
        case = Case(one, operation, plan.settings)
        for rule in RULES:
            why = rule.caught(case)
            if why is not None:
                aside.append(SetAside(one.log, rule.name, why))
                break
        else:
            chain = case.chain
            resumed = not case.from_start(chain[-1], chain[-1])
            cycles.append(make_cycle(one, chain, resumed=resumed, pause_s=plan.settings.pause_s))
    return cycles, aside
