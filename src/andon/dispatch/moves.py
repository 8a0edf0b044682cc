"""A command's life as a table: which event leads from which phase to which. What is not in the table cannot happen.

Theory of operation. A proposal becomes a command when a person accepts it and the intent is durable. From then on only
what was observed moves it: the gateway's answer (acknowledged, refused, void), silence (indeterminate), another signal
(confirmed, not confirmed), a person (resolved). An acknowledgement is a promise. Nothing is ever sent twice: after a
crash the gateway is fenced first and asked second, and what stays ambiguous waits for a person. Undo is a new command;
when it is confirmed the first one is undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Phase(StrEnum):
    """Where a command is."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    INTENDED = "intended"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not-confirmed"
    UNDONE = "undone"
    VOID = "void"
    INDETERMINATE = "indeterminate"
    REFUSED = "refused"
    RESOLVED = "resolved"
    LAPSED = "lapsed"


class Event(StrEnum):
    """What happens to it."""

    ACCEPT = "accept"
    """A person accepts the proposal."""
    LAPSE = "lapse"
    """It expires, or what it rests on changes, before it is intended."""
    INTEND = "intend"
    """The intent is durable in the ledger."""
    SEND = "send"
    """The permit left for the gateway."""
    ACKNOWLEDGE = "acknowledge"
    """The gateway says, or answers when asked after a crash, that it wrote."""
    REFUSE = "refuse"
    """The gateway, or a person, says no; nothing was written."""
    VOID = "void"
    """After fencing, the gateway says that it never wrote and never will."""
    LOSE = "lose"
    """No answer, and no way to know."""
    CONFIRM = "confirm"
    """Another signal shows the effect in time."""
    MISS = "miss"
    """Another signal does not show it in time."""
    UNDO = "undo"
    """The command that puts the previous value back is confirmed."""
    RESOLVE = "resolve"
    """A person has looked and says what became of it."""


MOVES: Mapping[Phase, Mapping[Event, Phase]] = {
    Phase.PROPOSED: {
        Event.ACCEPT: Phase.APPROVED,
        Event.REFUSE: Phase.REFUSED,
        Event.LAPSE: Phase.LAPSED,
    },
    Phase.APPROVED: {
        Event.INTEND: Phase.INTENDED,
        Event.LAPSE: Phase.LAPSED,
    },
    Phase.INTENDED: {
        Event.SEND: Phase.SENT,
        Event.ACKNOWLEDGE: Phase.ACKNOWLEDGED,
        Event.REFUSE: Phase.REFUSED,
        Event.VOID: Phase.VOID,
        Event.LOSE: Phase.INDETERMINATE,
    },
    Phase.SENT: {
        Event.ACKNOWLEDGE: Phase.ACKNOWLEDGED,
        Event.REFUSE: Phase.REFUSED,
        Event.VOID: Phase.VOID,
        Event.LOSE: Phase.INDETERMINATE,
    },
    Phase.INDETERMINATE: {
        Event.ACKNOWLEDGE: Phase.ACKNOWLEDGED,
        Event.VOID: Phase.VOID,
        Event.RESOLVE: Phase.RESOLVED,
    },
    Phase.ACKNOWLEDGED: {
        Event.CONFIRM: Phase.CONFIRMED,
        Event.MISS: Phase.NOT_CONFIRMED,
        Event.UNDO: Phase.UNDONE,
    },
    Phase.CONFIRMED: {Event.UNDO: Phase.UNDONE},
    Phase.NOT_CONFIRMED: {
        Event.UNDO: Phase.UNDONE,
        Event.RESOLVE: Phase.RESOLVED,
    },
    Phase.RESOLVED: {Event.UNDO: Phase.UNDONE},
    Phase.UNDONE: {},
    Phase.VOID: {},
    Phase.REFUSED: {},
    Phase.LAPSED: {},
}

PAST_WRITE = frozenset({Phase.ACKNOWLEDGED, Phase.CONFIRMED, Phase.NOT_CONFIRMED})
"""The machine has, or may have, what was commanded."""
IN_FLIGHT = frozenset({Phase.INTENDED, Phase.SENT, Phase.INDETERMINATE, Phase.ACKNOWLEDGED})
"""Nothing else is sent to the same signal while a command is here."""

EVENT_OF_OUTCOME: Mapping[str, Event] = {
    "acknowledged": Event.ACKNOWLEDGE,
    "void": Event.VOID,
    "indeterminate": Event.LOSE,
    "refused": Event.REFUSE,
    "confirmed": Event.CONFIRM,
    "not-confirmed": Event.MISS,
    "undone": Event.UNDO,
    "resolved": Event.RESOLVE,
}
"""The event that a `command.outcome` record of that phase states."""


class Impossible(ValueError):  # noqa: N818 - named for what it says
    """An event that cannot happen in this phase."""


def move(phase: Phase, event: Event) -> Phase:
    """The phase after an event.

    Raises:
        Impossible: the table has no such row.

    >>> move(Phase.SENT, Event.ACKNOWLEDGE)
    <Phase.ACKNOWLEDGED: 'acknowledged'>
    """
    try:
        return MOVES[phase][event]
    except KeyError:
        raise Impossible(f"a command that is `{phase}` cannot `{event}`") from None


def may(phase: Phase, event: Event) -> bool:
    """Whether the table has a row for this pair."""
    return event in MOVES[phase]


def mermaid() -> str:
    """The table as a mermaid state diagram, for the docs."""
    lines = ["stateDiagram-v2", "    [*] --> proposed"]
    for phase, row in MOVES.items():
        source = phase.value.replace("-", "_")
        lines += [f"    {source} --> {target.value.replace('-', '_')}: {event}" for event, target in row.items()]
        if not row:
            lines.append(f"    {source} --> [*]")
    return "\n".join(lines)
