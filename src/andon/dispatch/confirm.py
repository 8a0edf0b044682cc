"""Confirmed means observed elsewhere: what another signal says about a command that was acknowledged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from andon.authority.facts import Facts, SignalFact
from andon.core.readings import Origin, Quality, Value
from andon.core.time import nanos
from andon.dispatch.command import Command
from andon.dispatch.moves import Phase
from andon.site.model import Signal

SAME_RELATIVE = 1e-5
"""Two floats are the same set-point when they differ by no more than single precision rounds away."""
TRAVEL_S = 3.0
"""Real seconds that a reading may take from its source to here before its absence means something."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What watching a command has come to."""

    state: Literal["waiting", "confirmed", "not-confirmed"]
    why: str
    value: Value | None = None
    source_time: int | None = None


def differs(one: Value | None, other: Value | None, tolerance: float | None = None) -> bool:
    """Whether two values are different, by more than a tolerance where both are numbers.

    >>> differs(185.0, 185.3, 0.5), differs(312, 321, 0.0), differs("a", "b")
    (False, True, True)
    """
    if _number(one) and _number(other):
        a, b = float(one), float(other)  # type: ignore[arg-type] # both are numbers, as just checked
        allowed = max(tolerance or 0.0, SAME_RELATIVE * max(abs(a), abs(b)))
        return not abs(a - b) <= allowed
    return type(one) is not type(other) or one != other


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def watch(command: Command, signal: Signal | None, facts: Facts) -> Seen:
    """Look for the effect of an acknowledged command on the signal that confirms it.

    Confirmed only by a reading that is measured, fresh, Good, inside the tolerance, and whose source says that it came
    after the intent and within `confirm_s` of the acknowledgement. Without one by then, and some time for the reading
    to travel, it is not confirmed.
    """
    if signal is None or not signal.confirm_signal or signal.confirm_signal == signal.id:
        return Seen("not-confirmed", f"no other signal confirms `{command.signal}`")
    fact = facts.signals.get(signal.confirm_signal)
    acknowledged = command.times.get(Phase.ACKNOWLEDGED, command.written_after)
    last = acknowledged + nanos(signal.confirm_s or 0.0)
    why = _no_effect(command, signal, fact, last)
    if not why and fact is not None:
        return Seen("confirmed", f"`{fact.signal}` shows {fact.value}", fact.value, fact.source_time)
    if facts.at > last + nanos(TRAVEL_S * max(facts.speed, 1.0)):
        value = fact.value if fact is not None else None
        text = f"`{signal.confirm_signal}` did not show {command.value} within {signal.confirm_s or 0:g} s: {why}"
        return Seen("not-confirmed", text, value, fact.source_time if fact is not None else None)
    return Seen("waiting", why)


def _no_effect(command: Command, signal: Signal, fact: SignalFact | None, last: int) -> str:
    """Why this reading does not show the effect; empty when it does."""
    if fact is None or fact.value is None:
        return "nothing was received"
    if fact.origin is not Origin.MEASURED:
        return f"it is {fact.origin}, not measured"
    if fact.fresh is not True:
        return f"it is not current ({fact.why})"
    if fact.quality != Quality.GOOD:
        return "its quality is not Good"
    if fact.source_time is None or fact.source_time < command.written_after:
        return "it has not changed since the write"
    if fact.source_time > last:
        return "it changed too late"
    if differs(fact.value, command.value, signal.confirm_tol):
        return f"it shows {fact.value}"
    return ""


def override(command: Command, facts: Facts) -> str:
    """What somebody else set while the command was in force; empty when nobody did.

    Looks at the written signal itself, at readings later than the acknowledgement. It is never fought.
    """
    if command.phase not in {Phase.ACKNOWLEDGED, Phase.CONFIRMED}:
        return ""
    fact = facts.signals.get(command.signal)
    if fact is None or fact.value is None or fact.quality != Quality.GOOD or fact.fresh is not True:
        return ""
    after = command.times.get(Phase.ACKNOWLEDGED, command.written_after)
    if fact.origin is not Origin.MEASURED or fact.source_time is None or fact.source_time <= after:
        return ""
    if not differs(fact.value, command.value):
        return ""
    return (
        f"`{command.signal}` was set to {fact.value} by somebody else; command `{command.id}` had set {command.value}"
    )
