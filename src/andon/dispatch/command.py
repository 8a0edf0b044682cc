"""A command as its records tell it: what was wanted, how far it came, and what was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from andon.authority.records import RecordView
from andon.authority.said import CommandTrace
from andon.core.readings import Value
from andon.core.time import Nanos
from andon.dispatch.moves import EVENT_OF_OUTCOME, IN_FLIGHT, PAST_WRITE, Event, Impossible, Phase, move


@dataclass(frozen=True, slots=True)
class Command:
    """One command, folded from its records."""

    id: str
    recommendation: str
    use: str
    signal: str
    value: Value
    unit: str
    expected: Value | None
    previous: Value | None
    """What the signal stood at when the intent was recorded: what an undo puts back."""
    baseline: str
    epoch: int
    by: str
    undo_of: str
    phase: Phase
    times: Mapping[str, Nanos]
    """Phase to the time of the record that states it."""
    index: int
    """Record of the intent."""
    why: str = ""
    measured: Mapping[str, Any] | None = None
    strange: tuple[int, ...] = ()
    """Records that state what the table says cannot happen; kept visible, and never followed."""

    @property
    def written_after(self) -> Nanos:
        """A moment before the write: nothing is sent until the intent is durable."""
        return self.times[Phase.INTENDED]


def fold(trace: CommandTrace) -> Command:
    """The command that these records tell of."""
    said = trace.intent.payload
    phase = Phase.INTENDED
    times = {str(Phase.INTENDED): trace.intent.at}
    if trace.sent is not None:
        phase = Phase.SENT
        times[Phase.SENT] = trace.sent.at
    why, measured, strange = "", None, []
    for record in trace.outcomes:
        event = EVENT_OF_OUTCOME.get(str(record.payload.get("phase", "")))
        try:
            phase = move(phase, event or Event.ACCEPT)
        except Impossible:
            strange.append(record.index)
            continue
        times[phase] = record.at
        why = str(record.payload.get("why", ""))
        if isinstance(record.payload.get("measured"), Mapping):
            measured = {**(measured or {}), **record.payload["measured"]}
    return Command(
        id=str(said.get("command", "")),
        recommendation=str(said.get("recommendation", "")),
        use=trace.use,
        signal=trace.signal,
        value=said.get("value", ""),
        unit=str(said.get("unit", "")),
        expected=said.get("expected"),
        previous=said.get("previous"),
        baseline=str(said.get("baseline", "")),
        epoch=_int(said.get("epoch")),
        by=str(said.get("by", "")),
        undo_of=str(said.get("undo_of") or ""),
        phase=phase,
        times=times,
        index=trace.intent.index,
        why=why,
        measured=measured,
        strange=tuple(strange),
    )


def _int(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def command_of(view: RecordView, command: str) -> Command | None:
    """The command of that id, if an intent for it is on record."""
    trace = view.commands.get(command)
    return fold(trace) if trace is not None else None


def all_commands(view: RecordView) -> tuple[Command, ...]:
    """Every command, oldest first."""
    return tuple(fold(trace) for trace in tuple(view.commands.values()))


def unsettled(view: RecordView) -> tuple[Command, ...]:
    """Commands of which something is still awaited, oldest first."""
    return tuple(fold(trace) for trace in tuple(view.unsettled.values()))


def in_flight(view: RecordView, signal: str) -> Command | None:
    """The command that keeps another one to the same signal waiting, if there is one."""
    return next((c for c in unsettled(view) if c.signal == signal and c.phase in IN_FLIGHT), None)


def in_force(view: RecordView) -> dict[str, Command]:
    """By signal: the latest command that the machine has, or may have, and that nothing has taken back."""
    latest: dict[str, CommandTrace] = {}
    for trace in reversed(view.commands.values()):
        if trace.signal not in latest and trace.last_phase not in {"", "void", "refused"}:
            latest[trace.signal] = trace
    commands = {signal: fold(trace) for signal, trace in latest.items()}
    return {s: c for s, c in commands.items() if c.phase in PAST_WRITE or c.phase is Phase.RESOLVED}
