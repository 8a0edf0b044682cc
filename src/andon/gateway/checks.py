"""The numbered checks of a permit's path, each with its own refusal. Pure: state, permit and time in, reasons out."""

from __future__ import annotations

from collections.abc import Callable

from andon.core.readings import Value
from andon.core.refusals import Reason
from andon.core.time import SECOND
from andon.gateway.bounds import Bound
from andon.gateway.state import ENDED, Change, Command, Halt, Live, State
from andon.protocols.permit import LIFE_MAX_NS, Permit

MINUTE = 60 * SECOND
READ_BACK_RELATIVE = 1e-6
"""A value may come back in single precision."""
SITE = "site"


def before_reading(state: State, permit: Permit, now: int) -> list[Reason]:
    """Checks 2 to 9: everything that needs no machine; 1 is the signature, in `decide`."""
    found = current(state, permit, now)
    bound = state.bounds.signals.get(permit.signal) if state.bounds else None
    if state.bounds is not None and bound is None:
        found.append(_no("not-declared", f"signal `{permit.signal}` is not in the bounds document"))
    if bound is not None:
        found += in_bounds(bound, permit)
        found += unblocked(state, bound, permit)
    if permit.command in state.commands:
        phase = state.commands[permit.command].phase
        found.append(
            _no("already-seen", f"command `{permit.command}` was seen before and is {phase}", "make a new command")
        )
    return found


def current(state: State, permit: Permit, now: int) -> list[Reason]:
    """Checks 2 to 6: what may change while a command is on its way, and is checked again just before the write."""
    return [reason for check in CURRENT for reason in check(state, permit, now)]


def epoch_is_current(state: State, permit: Permit, _now: int) -> list[Reason]:
    """2. The permit was signed under the authority that holds now."""
    if permit.epoch == state.epoch:
        return []
    text = f"permit is of epoch {permit.epoch}, authority is at epoch {state.epoch}"
    return [_no("old-epoch", text, "compute authority anew and sign a new permit")]


def alive(_state: State, permit: Permit, now: int) -> list[Reason]:
    """3. The permit is alive, and was not signed to live longer than half a second."""
    if now > permit.deadline:
        return [_no("too-late", f"permit ended {(now - permit.deadline) / 1e6:.0f} ms ago", "sign a new permit")]
    if permit.deadline - now > LIFE_MAX_NS:
        text = f"permit would live {(permit.deadline - now) / 1e6:.0f} ms more, {LIFE_MAX_NS // 1_000_000} is the most"
        return [_no("lives-too-long", text, "sign a shorter permit")]
    return []


def not_halted(state: State, permit: Permit, _now: int) -> list[Reason]:
    """4. No halt covers the element. A scope that the bounds document does not know covers everything."""
    bound = state.bounds.signals.get(permit.signal) if state.bounds else None
    return [
        _no(
            "halted",
            f"halt `{halt.id}` by {halt.who or 'somebody'} covers `{halt.scope}`: {halt.why or 'no reason given'}",
            "two people reset it",
        )
        for halt in state.halts
        if covers(state, halt, bound)
    ]


def bounds_valid(state: State, _permit: Permit, _now: int) -> list[Reason]:
    """5. There are bounds, signed by two people."""
    return [] if state.bounds else [_no("no-bounds", state.bounds_why, "have two people sign the bounds document")]


def can_record(state: State, _permit: Permit, _now: int) -> list[Reason]:
    """6. The journal and the epoch can be kept on disk."""
    return [_no("cannot-record", state.broken, "mend the disk and restart the gateway")] if state.broken else []


CURRENT: tuple[Callable[[State, Permit, int], list[Reason]], ...] = (
    epoch_is_current,
    alive,
    not_halted,
    bounds_valid,
    can_record,
)


def in_bounds(bound: Bound, permit: Permit) -> list[Reason]:
    """7. Unit equal, type right, value inside the gateway's own bounds and the permit's."""
    found = []
    if permit.unit != bound.unit:
        found.append(_no("unit", f"permit says unit `{permit.unit}`, bounds say `{bound.unit}`"))
    if not bound.fits(permit.value):
        found.append(_no("type", f"`{permit.value}` is not a value of type {bound.type}"))
        return found
    if isinstance(permit.value, int | float):
        for whose, low, high in (("gateway", bound.min, bound.max), ("permit", permit.min, permit.max)):
            if (low is not None and permit.value < low) or (high is not None and permit.value > high):
                text = f"value {permit.value} is outside the {whose}'s bounds {low} to {high} {bound.unit}"
                found.append(_no(f"outside-{whose}-bounds", text))
    return found


def unblocked(state: State, bound: Bound, permit: Permit) -> list[Reason]:
    """8. No other command of this element is on its way or indeterminate."""
    return [
        _no(
            "blocked",
            f"element `{bound.element}` is blocked by command `{command.id}`, which is {command.phase}",
            "look at the machine and resolve the command" if command.phase == "indeterminate" else "wait for its end",
        )
        for command in open_commands(state)
        if command.element == bound.element and command.id != permit.command
    ]


def after_reading(state: State, command: Command, live: Live, permissive: Live | None, now: int) -> list[Reason]:
    """Checks 10 to 12: what the machine itself says, after everything that may have changed was checked again."""
    permit, bound = command.permit, command.bound
    if permit is None or bound is None:
        return [_no("lost", f"command `{command.id}` has lost its permit")]
    found = current(state, permit, now)
    found += as_expected(bound, permit, live)
    if not found:
        found += slow_enough(state, bound, permit, live, now)
    found += machine_agrees(bound, permissive)
    return found


def as_expected(bound: Bound, permit: Permit, live: Live) -> list[Reason]:
    """10. The live value is Good and is the one that the decision was made on."""
    if not live.good or live.value is None or not bound.fits(live.value):
        return [_no("live-not-good", f"`{bound.signal}` reads {live.value} with status {live.status}", "wait for Good")]
    if not near(live.value, permit.expected, permit.tolerance):
        text = f"`{bound.signal}` is {live.value}, the decision was made on {permit.expected}"
        return [_no("live-differs", text, "decide anew on the present value")]
    return []


def slow_enough(state: State, bound: Bound, permit: Permit, live: Live, now: int) -> list[Reason]:
    """11. The change is no faster than was signed: within the last minute, or on average since the last change."""
    if bound.max_rate is None or isinstance(permit.value, bool | str) or isinstance(live.value, bool | str | None):
        return []
    amount = abs(permit.value - live.value)
    changes = state.changes.get(bound.signal, ())
    recent = sum(change.amount for change in changes if now - change.at < MINUTE)
    last = max((change.at for change in changes), default=state.started)
    slack = bound.max_rate * 1e-9
    if amount + recent <= bound.max_rate + slack or amount <= bound.max_rate * (now - last) / MINUTE + slack:
        return []
    text = (
        f"a change of {amount:g} {bound.unit} is faster than {bound.max_rate:g} a minute ({recent:g} in the last one)"
    )
    return [_no("too-fast", text, "take smaller steps, or wait")]


def machine_agrees(bound: Bound, permissive: Live | None) -> list[Reason]:
    """12. The machine's own switch lets others command it."""
    if bound.permissive is None:
        return []
    if permissive is None or not permissive.good or permissive.value is not True:
        said = "does not answer" if permissive is None else f"reads {permissive.value} with status {permissive.status}"
        return [_no("not-permitted", f"`{bound.permissive.address}` {said}", "set the machine to remote")]
    return []


def covers(state: State, halt: Halt, bound: Bound | None) -> bool:
    """Whether a halt covers a signal's element: its own, or everything when the scope is not a known element."""
    known = {each.element for each in state.bounds.signals.values()} if state.bounds else set()
    return halt.scope not in known or bound is None or halt.scope == bound.element


def open_commands(state: State) -> list[Command]:
    """Commands that have not ended, oldest first."""
    return [command for command in state.commands.values() if command.phase not in ENDED]


def near(value: Value, other: Value, tolerance: float) -> bool:
    """Equal: exactly for booleans and text, within `tolerance` for numbers."""
    if isinstance(value, bool | str) or isinstance(other, bool | str):
        return type(value) is type(other) and value == other
    return abs(value - other) <= tolerance + 1e-9


def same(back: Live | None, value: Value | None) -> bool:
    """Whether what was read back is `value`."""
    if back is None or not back.good or back.value is None or value is None:
        return False
    span = READ_BACK_RELATIVE * abs(value) if isinstance(value, int | float) else 0.0
    return near(back.value, value, span)


def pruned(changes: tuple[Change, ...], now: int) -> tuple[Change, ...]:
    """The changes that a rate still depends on: those of the last minute, and the last one."""
    kept = tuple(change for change in changes[:-1] if now - change.at < MINUTE)
    return (*kept, *changes[-1:])


def _no(code: str, text: str, next_step: str = "") -> Reason:
    return Reason(code, text, next_step)
