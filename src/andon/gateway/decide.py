"""The gateway's decisions: `step(state, event, now)` returns the next state and what to do, and does nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from andon.core.readings import Value
from andon.core.refusals import Reason
from andon.gateway.checks import (
    SITE,
    after_reading,
    before_reading,
    current,
    near,
    open_commands,
    pruned,
    same,
)
from andon.gateway.state import (
    ENDED,
    Asked,
    Begin,
    Broken,
    Change,
    Command,
    Durable,
    Effect,
    Event,
    FilesRead,
    Halt,
    HaltAsked,
    Latch,
    Live,
    Note,
    Phase,
    RaiseEpoch,
    Read,
    Reply,
    ResetAsked,
    ResolveAsked,
    SaveEpoch,
    Settle,
    Settled,
    State,
    WasRead,
    Write,
    Wrote,
)
from andon.protocols.permit import PermitRefused, open_permit, reset_statement, signers

ENDED_KEPT_MAX = 10_000
"""Ended commands that are remembered by id. Older ones are refused all the same: their permits died long before."""
OPEN_MAX = 64
HALTS_MAX = 16
"""Halts of different scopes; a further one halts the site."""
SHOWN_MAX = 20
RESETTERS_MIN = 2

Step = tuple[State, tuple[Effect, ...]]


def step(state: State, event: Event, now: int) -> Step:  # noqa: PLR0911 - one line for each event
    """What follows from one event at monotonic time `now`, nanoseconds."""
    match event:
        case Asked():
            return _asked(event, state, now)
        case WasRead():
            return _was_read(event, state, now)
        case Durable():
            return _durable(event, state, now)
        case Wrote():
            return _wrote(event, state, now)
        case Settled():
            return _settled(event, state, now)
        case RaiseEpoch():
            return _raise_epoch(event, state)
        case HaltAsked():
            return _halt(event, state)
        case ResetAsked():
            return _reset(event, state)
        case ResolveAsked():
            return _resolve(event, state, now)
        case FilesRead():
            return _files(event, state)
        case Broken():
            return replace(state, broken=state.broken or event.why), ()


def _asked(event: Asked, state: State, now: int) -> Step:
    if state.twin_key is None:
        return state, (refused(event.ask, [Reason("no-key", "no permit key of a twin is pinned in `twin.pub`")]),)
    try:
        permit = open_permit(event.envelope, state.twin_key)
    except PermitRefused as error:
        return state, (refused(event.ask, [Reason("signature", str(error))]),)
    reasons = before_reading(state, permit, now)
    if len(open_commands(state)) >= OPEN_MAX:
        reasons.append(Reason("too-many", f"{OPEN_MAX} commands are open", "resolve them"))
    if reasons or state.bounds is None:
        return state, (refused(event.ask, reasons),)
    bound = state.bounds.signals[permit.signal]
    command = Command(
        id=permit.command,
        signal=permit.signal,
        element=bound.element,
        epoch=permit.epoch,
        value=permit.value,
        phase=Phase.CHECKING,
        permit=permit,
        bound=bound,
        ask=event.ask,
    )
    return _with(state, command), (Read(command, bound),)


def _was_read(event: WasRead, state: State, now: int) -> Step:
    command = state.commands.get(event.command)
    if command is None or command.phase != Phase.CHECKING:
        return state, ()
    if event.live is None:
        reasons = [Reason("unreachable", f"`{command.signal}` cannot be read ({event.why})", "mend the connection")]
    else:
        reasons = after_reading(state, command, event.live, event.permissive, now)
    if reasons or event.live is None:
        return _without(state, command), (refused(command.ask, reasons),)
    begun = replace(command, phase=Phase.BEGINNING, previous=event.live.value)
    entry = {
        "do": "begun",
        "command": begun.id,
        "signal": begun.signal,
        "element": begun.element,
        "epoch": begun.epoch,
        "value": begun.value,
        "previous": begun.previous,
        "baseline": begun.permit.baseline if begun.permit else "",
    }
    return _with(state, begun), (Begin(begun, entry),)


def _durable(event: Durable, state: State, now: int) -> Step:
    command = state.commands.get(event.command)
    if command is None or command.phase != Phase.BEGINNING or command.permit is None or command.bound is None:
        return state, ()
    if event.why:
        # The intent may be on disk all the same; nothing was sent, so it is void whatever a restart finds.
        reasons = [Reason("cannot-record", f"the intent could not be recorded ({event.why})", "mend the disk")]
        broken = replace(state, broken=state.broken or event.why)
        return _end(broken, command, Phase.VOID, "never sent", None, now, refused(command.ask, reasons))
    reasons = current(state, command.permit, now)
    bounds = state.bounds
    if bounds is not None and bounds.signals.get(command.signal) != command.bound:
        reasons.append(Reason("bounds-changed", f"the bounds of `{command.signal}` changed", "sign a new permit"))
    if reasons:
        why = "never sent: " + "; ".join(reason.text for reason in reasons)
        return _end(state, command, Phase.VOID, why, None, now, refused(command.ask, reasons))
    writing = replace(command, phase=Phase.WRITING)
    return _with(state, writing), (Write(writing, command.bound),)


def _wrote(event: Wrote, state: State, now: int) -> Step:
    command = state.commands.get(event.command)
    if command is None or command.phase != Phase.WRITING:
        return state, ()
    back = event.back
    command = replace(command, taken=event.answer == "good")
    if event.answer == "unknown" or back is None or not back.good:
        settling = replace(command, phase=Phase.SETTLING, why=event.why or "the machine did not answer", ask=0)
        body = {"ok": False, **settling.as_json(), "reasons": [_unknown(settling)]}
        return _with(state, settling), (Settle(settling), Reply(command.ask, body))
    if event.answer == "refused" and same(back, command.previous):
        return _end(state, command, Phase.FAILED, f"the machine refused ({event.why})", back, now)
    if same(back, command.value):
        return _end(state, command, Phase.DONE, "", back, now)
    if event.answer == "refused":
        why = f"the machine refused ({event.why}) and reads {back.value}"
        return _end(state, command, Phase.INDETERMINATE, why, back, now)
    why = f"the machine acknowledged {command.value} and reads {back.value}"
    return _end(state, command, Phase.FAILED, why, back, now)


def _settled(event: Settled, state: State, now: int) -> Step:
    command = state.commands.get(event.command)
    if command is None or command.phase != Phase.SETTLING:
        return state, ()
    back = event.back
    if same(back, command.value):
        return _end(state, command, Phase.DONE, "found done after fencing", back, now)
    if same(back, command.previous):
        return _end(state, command, Phase.VOID, "found undone after fencing", back, now)
    said = "the machine does not answer" if back is None else f"the machine reads {back.value}, status {back.status}"
    return _end(state, command, Phase.INDETERMINATE, f"{said}; a person must look and resolve it", back, now)


def _raise_epoch(event: RaiseEpoch, state: State) -> Step:
    raised = replace(state, epoch=state.epoch + 1)
    body = {"ok": True, "epoch": raised.epoch, "in_flight": in_flight(raised)}
    return raised, (SaveEpoch(raised.epoch), Reply(event.ask, body))


def _halt(event: HaltAsked, state: State) -> Step:
    raised = replace(state, epoch=state.epoch + 1)
    scope = event.scope if len(state.halts) < HALTS_MAX else SITE
    standing = next((halt for halt in state.halts if halt.scope == scope), None)
    if standing is None:
        standing = Halt(f"H-{raised.epoch}", scope, event.who, event.why)
        raised = replace(raised, halts=(*raised.halts, standing))
    entry = {"do": "halt", **standing.as_json()}
    body = {"ok": True, **standing.as_json(), "epoch": raised.epoch, "in_flight": in_flight(raised)}
    return raised, (SaveEpoch(raised.epoch), Latch(entry), Reply(event.ask, body))


def _reset(event: ResetAsked, state: State) -> Step:
    reasons = []
    absent = set(event.halts) - {halt.id for halt in state.halts}
    if absent or not event.halts:
        standing = ", ".join(f"`{halt.id}`" for halt in state.halts) or "none"
        named = ", ".join(f"`{name}`" for name in sorted(absent)) or "none named"
        reasons.append(Reason("no-such-halt", f"not standing: {named}; standing: {standing}"))
    if not event.reason.strip():
        reasons.append(Reason("no-reason", "a reset needs a reason", "say why it is safe to go on"))
    names = signers(reset_statement(event.halts, event.reason), event.signatures, state.people)
    if len(names) < RESETTERS_MIN:
        text = f"a reset needs the signatures of two different people, {len(names)} valid"
        reasons.append(Reason("two-people", text, "have a second person sign the same statement"))
    if reasons:
        return state, (refused(event.ask, reasons),)
    kept = tuple(halt for halt in state.halts if halt.id not in event.halts)
    raised = replace(state, epoch=state.epoch + 1, halts=kept)
    said = {"reason": event.reason, "who": list(names)}
    lines = tuple(Latch({"do": "reset", "halt": name, **said}) for name in event.halts)
    body = {"ok": True, "halts": list(event.halts), "by": list(names), "epoch": raised.epoch}
    return raised, (SaveEpoch(raised.epoch), *lines, Reply(event.ask, body))


def _resolve(event: ResolveAsked, state: State, now: int) -> Step:
    command = state.commands.get(event.command)
    if command is None or command.phase != Phase.INDETERMINATE:
        phase = "unknown" if command is None else str(command.phase)
        text = f"command `{event.command}` is {phase}, only an indeterminate one can be resolved"
        return state, (refused(event.ask, [Reason("not-indeterminate", text)]),)
    phase = Phase.DONE if event.done else Phase.VOID
    asked = replace(command, ask=event.ask)
    return _end(state, asked, phase, f"resolved by {event.who}: {event.why}", None, now)


def _files(event: FilesRead, state: State) -> Step:
    # A halt that the disk would not take is in memory only; nothing but a reset ends it while the gateway runs.
    standing = {halt.id for halt in event.halts}
    held = tuple(halt for halt in state.halts if halt.id not in standing | event.reset)
    read = replace(
        state,
        twin_key=event.twin_key,
        people=event.people,
        bounds=event.bounds,
        bounds_why=event.bounds_why,
        halts=(*event.halts, *held),
    )
    if read == state:
        return state, ()
    raised = replace(read, epoch=state.epoch + 1)
    return raised, (SaveEpoch(raised.epoch),)


def refused(ask: int, reasons: list[Reason]) -> Reply:
    """No, and why."""
    listed = reasons or [Reason("refused", "refused without a reason, which is a fault of the gateway")]
    return Reply(ask, {"ok": False, "reasons": [reason.as_json() for reason in listed]})


def in_flight(state: State) -> list[str]:
    """Commands that were handed to a machine and have not ended: they may still take effect."""
    return [command.id for command in open_commands(state) if command.phase in {Phase.WRITING, Phase.SETTLING}]


def status(state: State) -> dict[str, Any]:
    """What the gateway says of itself."""
    bounds = state.bounds
    return {
        "ok": True,
        "epoch": state.epoch,
        "halts": [halt.as_json() for halt in state.halts],
        "bounds_digest": bounds.digest if bounds else "",
        "bounds_document": bounds.document_digest if bounds else "",
        "bounds_signers": list(bounds.signers) if bounds else [],
        "bounds_why": "" if bounds else state.bounds_why,
        "bounded": sorted(bounds.signals) if bounds else [],
        "open": [command.as_json() for command in open_commands(state)[:SHOWN_MAX]],
        "blocked": sorted({command.element for command in open_commands(state) if command.phase != Phase.CHECKING}),
        "broken": state.broken,
    }


def _end(
    state: State, command: Command, phase: Phase, why: str, back: Live | None, now: int, reply: Reply | None = None
) -> Step:
    """Record how a command ended (or that nobody knows), and answer who waits."""
    value = back.value if back is not None else None
    ended = replace(command, phase=phase, why=why, back=value, ask=0)
    entry = {"do": phase.value, "command": command.id, "back": value, "why": why, "taken": command.taken}
    moved = _moved(command, phase, value)
    after = _with(state, ended)
    if moved:
        changes = (*state.changes.get(command.signal, ()), Change(now, moved))
        after = replace(after, changes={**state.changes, command.signal: pruned(changes, now)})
        entry["moved"] = moved
    body: Mapping[str, Any] = {"ok": phase in {Phase.DONE, Phase.VOID}, **ended.as_json()}
    if reply is None and phase not in {Phase.DONE, Phase.VOID}:
        body = {**body, "reasons": [Reason(phase.value, why, "look at the machine").as_json()]}
    answer = (reply or Reply(command.ask, body),) if command.ask else ()
    return after, (Note(entry), *answer)


def _moved(command: Command, phase: Phase, back: Value | None) -> float:
    """By how much the machine's value changed: what later rates are reckoned from."""
    target = command.value if phase == Phase.DONE else back
    if phase == Phase.VOID or isinstance(target, bool | str | None) or isinstance(command.previous, bool | str | None):
        return 0.0
    return 0.0 if near(target, command.previous, 0.0) else abs(target - command.previous)


def _unknown(command: Command) -> dict[str, Any]:
    text = f"what became of command `{command.id}` is not known yet ({command.why})"
    return Reason("unknown", text, "query it in a few seconds; it blocks its element until then").as_json()


def _with(state: State, command: Command) -> State:
    commands = {**state.commands, command.id: command}
    if len(commands) > ENDED_KEPT_MAX + OPEN_MAX:
        ended = [key for key, each in commands.items() if each.phase in ENDED]
        for key in ended[: len(ended) - ENDED_KEPT_MAX]:
            del commands[key]
    return replace(state, commands=commands)


def _without(state: State, command: Command) -> State:
    return replace(state, commands={key: each for key, each in state.commands.items() if key != command.id})
