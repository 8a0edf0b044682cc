"""What a value must keep before it may become a command: type, bounds, rate, and a change that can be seen."""

from __future__ import annotations

import math

from andon.authority.records import RecordView
from andon.core.readings import Value
from andon.core.refusals import Reason
from andon.core.time import SECOND, Nanos
from andon.dispatch.command import all_commands, in_flight
from andon.dispatch.confirm import differs
from andon.dispatch.moves import PAST_WRITE
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
    signal: Signal, value: Value, current: Value | None, view: RecordView, now: Nanos
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
    if signal.max_rate is not None and not isinstance(value, str | bool):
        start = _value_at(signal, current, view, now)
        if isinstance(start, int | float) and abs(value - start) > signal.max_rate * (1 + 1e-9):
            text = f"`{name}` may change by {signal.max_rate:g} {signal.unit} a minute; this is {abs(value - start):g}"
            found.append(Reason("rate", text, "go in smaller steps, a minute apart"))
    return tuple(found)


def _value_at(signal: Signal, current: Value, view: RecordView, now: Nanos) -> Value:
    """What the signal stood at before our own commands of the last minute, or else what it stands at."""
    for command in all_commands(view):
        written = command.phase in PAST_WRITE
        if written and command.signal == signal.id and command.written_at > now - RATE_WINDOW_NS:
            return command.previous if command.previous is not None else current
    return current
