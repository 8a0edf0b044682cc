"""Rehearsal: what commissioning on the virtual plant has to play through, and what counts as having passed.

Pure: `plan` says what to do, the shell does it and measures, the judges say what was shown. People still approve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from andon.core.readings import Value
from andon.evidence.found import Found
from andon.site.model import ContextOfUse, Signal, Site, Tier

HALT_LATCH_S_MAX = 1.0
"""A halt that latches later than this has not worked."""
STEP_SHARE = 0.05
"""An undo drill moves a signal by this share of its range, and by no more than half of what a minute allows."""
VERIFICATION_LEAST = 3
"""Fewer checks of the engine than this verify nothing."""


@dataclass(frozen=True, slots=True)
class UndoStep:
    """Write `value`, see it confirmed, put the previous value back, see that confirmed."""

    use: str
    signal: str
    value: Value
    previous: Value
    confirm_signal: str
    tolerance: float
    limit_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play through for one use."""

    use: str
    kinds: tuple[str, ...]
    undo: tuple[UndoStep, ...]
    cannot: tuple[str, ...] = ()
    """What cannot be drilled, and why."""


def plan(site: Site, use: ContextOfUse, current: Mapping[str, Value]) -> Plan:
    """The drills that a use needs for the tiers up to its ceiling.

    Args:
        site: the site as read.
        use: the use.
        current: what the signals stand at on the virtual plant.
    """
    kinds: list[str] = []
    if use.ceiling.rank >= Tier.ANALYSE.rank:
        kinds += ["verification", "validation", "uncertainty"]
    if use.ceiling.rank >= Tier.RECOMMEND.rank:
        kinds.append("sim-to-real")
    steps: list[UndoStep] = []
    cannot: list[str] = []
    if use.ceiling is Tier.CONTROL:
        kinds += ["undo-drill", "halt-drill"]
        for name in use.writes:
            made = _undo_step(site, use, name, current.get(name))
            if isinstance(made, UndoStep):
                steps.append(made)
            else:
                cannot.append(made)
    return Plan(use.id, tuple(kinds), tuple(steps), tuple(cannot))


def _undo_step(site: Site, use: ContextOfUse, name: str, now: Value | None) -> UndoStep | str:
    signal = site.signal(name)
    if signal is None or signal.confirm_signal is None or signal.confirm_s is None:
        return f"`{name}` has no signal that confirms it"
    value = _other_value(site, signal, now)
    if value is None or now is None:
        return f"`{name}` stands at {now}, and no other value inside its bounds can be seen"
    return UndoStep(use.id, name, value, now, signal.confirm_signal, signal.confirm_tol or 0.0, signal.confirm_s)


def _other_value(site: Site, signal: Signal, now: Value | None) -> Value | None:
    """A small, harmless, visible change: a twentieth of the range, or another order of release."""
    if isinstance(now, bool):
        return not now
    if not isinstance(now, int | float) or signal.min is None or signal.max is None:
        return None
    if site.release is not None and site.release.sequence_signal == signal.id:
        return _swapped(int(now), signal.min, signal.max)
    step = (signal.max - signal.min) * STEP_SHARE
    if signal.max_rate is not None:
        step = min(step, signal.max_rate / 2)
    step = max(step, 2 * (signal.confirm_tol or 0.0))
    if signal.type == "int":
        step = max(1, round(step))
    for value in (now + step, now - step):
        if signal.min <= value <= signal.max and (signal.max_rate is None or step * 2 <= signal.max_rate):
            return round(value) if signal.type == "int" else float(value)
    return None


def _swapped(code: int, low: float, high: float) -> int | None:
    """The same digits with two neighbours changed over, such that the code stays inside its bounds."""
    digits = list(str(code))
    for i in range(len(digits) - 1, 0, -1):
        other = digits.copy()
        other[i - 1], other[i] = other[i], other[i - 1]
        made = int("".join(other))
        if made != code and len(str(made)) == len(digits) and low <= made <= high:
            return made
    return None


@dataclass(frozen=True, slots=True)
class UndoMeasured:
    """What was seen of one undo drill; None where nothing came."""

    signal: str
    confirmed_s: float | None
    undone_s: float | None
    left_at: Value | None
    """What the confirming signal shows in the end."""
    writes: int
    """How many writes the device counted: two, the command and its undo."""


def judge_undo(planned: Plan, measured: Sequence[UndoMeasured]) -> Found:
    """Passed when every writable signal went there and back, each time confirmed in time, with two writes each."""
    by_signal = {m.signal: m for m in measured}
    rows: list[dict[str, Any]] = []
    for step in planned.undo:
        seen = by_signal.get(step.signal)
        rows.append({"signal": step.signal, "limit_s": step.limit_s, "why": _undo_fault(step, seen)})
        if seen is not None:
            rows[-1].update(asdict(seen))
    passed = bool(rows) and not planned.cannot and not any(r["why"] for r in rows)
    return Found(planned.use, "undo-drill", passed, {"signals": rows, "cannot": list(planned.cannot)})


def _undo_fault(step: UndoStep, seen: UndoMeasured | None) -> str:
    if seen is None:
        return "it was not played through"
    for what, took in (("the command", seen.confirmed_s), ("the undo", seen.undone_s)):
        if took is None or not 0 <= took <= step.limit_s:
            return f"{what} was not confirmed within {step.limit_s:g} s"
    if seen.writes != 2:
        return f"the device counted {seen.writes} writes, not 2"
    there, back = seen.left_at, step.previous
    if isinstance(there, int | float) and isinstance(back, int | float):
        return "" if abs(there - back) <= step.tolerance + 1e-9 else f"it was left at {there}, not at {back}"
    return "" if there == back else f"it was left at {there}, not at {back}"


@dataclass(frozen=True, slots=True)
class HaltMeasured:
    """What was seen of the halt drill."""

    latched_s: float | None
    """From the press to the gateway's answer."""
    writes_after: int
    """Writes that reached the device after the latch, while commands were offered."""
    survives_restart: bool
    works_without_twin: bool
    one_person_refused: bool
    two_people_reset: bool
    resumed_by_itself: bool


def judge_halt(use: str, measured: HaltMeasured | None) -> Found:
    """Passed when the halt latched in time, nothing was written, it survived, and only two people ended it."""
    if measured is None:
        return Found(use, "halt-drill", False, {"why": "it was not played through"})
    faults = [
        text
        for bad, text in (
            (measured.latched_s is None or not 0 <= measured.latched_s <= HALT_LATCH_S_MAX, "did not latch in time"),
            (measured.writes_after != 0, "something was written after the latch"),
            (not measured.survives_restart, "was gone after a restart"),
            (not measured.works_without_twin, "did not work without the twin"),
            (not measured.one_person_refused, "one person could reset it"),
            (not measured.two_people_reset, "two people could not reset it"),
            (measured.resumed_by_itself, "something resumed by itself"),
        )
        if bad
    ]
    return Found(use, "halt-drill", not faults, {**asdict(measured), "faults": faults, "limit_s": HALT_LATCH_S_MAX})


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One check of the engine that was run: against an oracle, an exact result, or itself without compilation."""

    name: str
    passed: bool
    measured: Mapping[str, Any]
    against: Literal["oracle", "exact", "self"] = "oracle"


def judge_verification(use: str, checks: Sequence[CheckRun], required: Sequence[str] = ()) -> Found:
    """Passed when enough checks ran, every required one among them, and none failed."""
    names = {c.name for c in checks}
    missing = [name for name in required if name not in names]
    passed = len(names) >= VERIFICATION_LEAST and not missing and all(c.passed is True for c in checks)
    rows = [{"name": c.name, "passed": c.passed, "against": c.against, "measured": dict(c.measured)} for c in checks]
    return Found(use, "verification", passed, {"checks": rows, "missing": missing})
