"""What a value must keep before it may become a command: type, bounds, rate, and a change that can be seen."""

from __future__ import annotations

import math

from andon.authority.facts import Facts
from andon.authority.records import RecordView
from andon.core.readings import Value
from andon.core.refusals import Reason
from andon.core.time import SECOND
from andon.dispatch.command import fold, in_flight
from andon.dispatch.confirm import differs
from andon.dispatch.moves import PAST_WRITE, Phase
from andon.site.model import Signal

RATE_WINDOW_NS = 60 * SECOND
TYPES: dict[str, tuple[type, ...]] = {"float": (int, float), "int": (int,), "bool": (bool,), "string": (str,)}
TEXT_MAX = 256


def value_reasons(signal: Signal, value: Value) -> tuple[Reason, ...]:
    """Why a value can never be written to this signal, whatever stands there now."""
    name = signal.id
    if not signal.writable:
        return (Reason("not-writable", f"`{name}` is not writable", "declare it writable, with bounds", "engineer"),)
    if isinstance(value, bool) != (signal.type == "bool") or not isinstance(value, TYPES[signal.type]):
        return (Reason("type", f"`{value}` is not a {signal.type}", f"give a {signal.type} for `{name}`"),)
    if isinstance(value, str):
        if len(value) > TEXT_MAX:
            return (Reason("bounds", f"the text for `{name}` is longer than {TEXT_MAX} characters", "shorten it"),)
        return ()
    if isinstance(value, bool):
        return ()
    if not math.isfinite(value):
        return (Reason("bounds", f"`{value}` is not a finite number", f"give a number for `{name}`"),)
    if signal.min is None or signal.max is None:
        return (Reason("bounds-missing", f"`{name}` has no bounds", "give min and max in signals.csv", "engineer"),)
    if not signal.min <= value <= signal.max:
        return (
            Reason(
                "bounds",
                f"{value:g} {signal.unit} is outside {signal.min:g} to {signal.max:g} {signal.unit} of `{name}`",
                "choose a value inside the bounds",
                evidence=name,
            ),
        )
    return ()


def change_reasons(
    signal: Signal, value: Value, current: Value | None, view: RecordView, facts: Facts
) -> tuple[Reason, ...]:
    """Why the change from what stands there now may not be made at this moment."""
    name = signal.id
    found = []
    waiting = in_flight(view, name)
    if waiting is not None:
        text = f"command `{waiting.id}` to `{name}` is {waiting.phase}"
        found.append(Reason("in-flight", text, "wait until it is confirmed, or resolve it", evidence=waiting.id))
    if current is None:
        return (
            *found,
            Reason("unknown-now", f"what `{name}` stands at is not known", "see that it is read", "engineer"),
        )
    if not differs(value, current, signal.confirm_tol):
        text = f"`{name}` stands at {current}; {value} is no change that `{signal.confirm_signal}` could show"
        found.append(Reason("no-change", text, "propose a larger change, or none"))
    if signal.max_rate is not None and _number(value) and _number(current):
        amount = abs(float(value) - float(current))
        recent = _changed_lately(signal, view, facts)
        if amount + recent > signal.max_rate * (1 + 1e-9):
            unit = signal.unit
            text = f"`{name}` may change by {signal.max_rate:g} {unit} a minute; this is {amount:g} after {recent:g}"
            found.append(Reason("rate", text, "go in smaller steps, or wait a minute"))
    return tuple(found)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _changed_lately(signal: Signal, view: RecordView, facts: Facts) -> float:
    """By how much our own commands have moved the signal within the last real minute, up and down alike.

    Real, as the gateway counts it, which knows nothing of a scaled clock.
    """
    moved = 0.0
    window = RATE_WINDOW_NS * max(facts.speed, 1.0)
    now = facts.at
    for trace in reversed(view.commands.values()):
        if trace.intent.at < now - 2 * window:
            break
        command = fold(trace)
        recent = command.written_after > now - window and command.phase in PAST_WRITE | {Phase.UNDONE}
        if recent and command.signal == signal.id and _number(command.value) and _number(command.previous):
            moved += abs(float(command.value) - float(command.previous or 0.0))
    return moved
