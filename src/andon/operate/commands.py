"""What follows an intent: the gateway's answers, undo, what a person resolves, and recovery after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from andon.authority.baseline import index_of
from andon.authority.compute import compute
from andon.core.canonical import canonical
from andon.core.ids import Ids
from andon.core.refusals import Reason, Refusal, refuse
from andon.core.time import nanos
from andon.dispatch.command import Command, command_of, unsettled
from andon.dispatch.limits import change_reasons, value_reasons
from andon.dispatch.moves import EVENT_OF_OUTCOME, Event, Phase, may
from andon.ledger.record import NewRecord
from andon.operate.govern import no_reason
from andon.operate.outcome import NOTHING, FenceAndAsk, Outcome, ResolveGateway, Result, SendCommand, World
from andon.operate.port import Resolve, Undo, Who
from andon.operate.propose import Wish, intend, tier_reasons
from andon.site.model import Tier

ANSWERS = frozenset({"acknowledged", "void", "refused", "indeterminate"})
"""What may be said of a command that was sent, or asked after. Anything else counts as not knowing."""
ASK_S = 60.0
"""Real seconds, from the intent or from a restart, in which a gateway that gives no answer is asked again."""


def outcome_record(command: str, phase: str, why: str, measured: Mapping[str, Any] | None = None) -> NewRecord:
    """One `command.outcome`, by the twin."""
    payload = {"command": command, "phase": phase, "why": why, "measured": dict(measured or {})}
    return NewRecord("command.outcome", "twin", payload)


def answered(effect: SendCommand | FenceAndAsk, result: Result, world: World) -> Outcome:
    """What the gateway said of a command, or that it said nothing that can be understood."""
    command = command_of(world.view, effect.command)
    if command is None:
        return NOTHING
    sent = [NewRecord("command.sent", "twin", {"command": effect.command})]
    first = isinstance(effect, SendCommand) and command.phase is Phase.INTENDED
    records = sent if first else []
    phase, why = result.phase, result.why
    if not phase:
        if not tired(command, world):
            text = f"command `{command.id}` has no answer yet ({why}); the gateway is fenced and asked after it"
            return Outcome(tuple(records), message=text, detail={"command": command.id, "phase": "sent", "why": why})
        phase = "indeterminate"
    if phase not in ANSWERS:
        phase, why = "indeterminate", f"the gateway's answer `{phase}` was not understood"
    if isinstance(effect, FenceAndAsk) and phase == "refused":
        phase = "void"
    if not may(command.phase, EVENT_OF_OUTCOME[phase]):
        return NOTHING
    records.append(outcome_record(effect.command, phase, why, _plain(result.measured)))
    if phase == "indeterminate":
        text = f"nobody knows what became of command `{command.id}` on `{command.signal}`: {why}"
        records.append(_incident("indeterminate", command, text))
    words = {
        "acknowledged": "is acknowledged; it counts as done only when another signal shows it",
        "void": "was never written, and never will be",
        "refused": f"was refused by the gateway: {why}",
        "indeterminate": "may or may not have been written; look, and resolve it",
    }[phase]
    detail = {"command": command.id, "phase": phase, "why": why}
    return Outcome(tuple(records), message=f"command `{command.id}` {words}", detail=detail)


def tired(command: Command, world: World) -> bool:
    """Whether the gateway was asked for long enough, in this run, to say that nobody knows."""
    run = world.view.run
    since = max(command.times[Phase.INTENDED], run.at if run is not None and run.at <= world.now else 0)
    return world.now - since > nanos(ASK_S * max(world.facts.speed, 1.0))


def _incident(kind: str, command: Command, text: str) -> NewRecord:
    unique = f"{kind}:{command.id}"
    payload = {"id": f"I-{command.id}-{kind}", "kind": kind, "about": command.id, "use": command.use, "text": text}
    return NewRecord("incident", "twin", payload, unique=unique)


def _plain(measured: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured, if it can be recorded; an answer is never lost because of its decoration."""
    try:
        canonical(dict(measured))
    except Exception:  # noqa: BLE001 - kept out of the record, and said so there
        return {"unreadable": True}
    return dict(measured)


def undo(request: Undo, who: Who, world: World, ids: Ids) -> Outcome | Refusal:
    """A new command, through the whole gate, that puts the previous value back."""
    command = command_of(world.view, request.command)
    if command is None:
        return refuse("no-command", f"no command `{request.command}`", "see the list of commands")
    reasons = list(no_reason(request.reason))
    if not may(command.phase, Event.UNDO):
        text = f"command `{command.id}` is {command.phase}; there is nothing to undo"
        reasons.append(Reason("phase", text, evidence=f"#{command.index}"))
    if command.previous is None:
        reasons.append(Reason("no-previous", f"what stood before command `{command.id}` is not on record"))
    authority = compute(command.use, world.view, world.facts, world.site)
    if authority.tier.rank < Tier.CONTROL.rank:
        reasons += tier_reasons(authority, Tier.CONTROL)
    signal = index_of(world.site).signals.get(command.signal)
    fact = world.facts.signals.get(command.signal)
    current = fact.value if fact is not None else None
    if signal is None:
        reasons.append(Reason("no-signal", f"`{command.signal}` is no longer declared", "set it by hand", "engineer"))
    elif command.previous is not None:
        reasons += value_reasons(signal, command.previous)
        blocking = change_reasons(signal, command.previous, current, world.view, world.facts)
        reasons += [r for r in blocking if not (r.code == "in-flight" and r.evidence == command.id)]
    if reasons or signal is None or current is None or command.previous is None:
        return Refusal(tuple(reasons))
    wish = Wish(command.recommendation, command.use, signal, command.previous, current, undo_of=command.id)
    fresh = ids.fresh("C")
    intent, send = intend(wish, who, authority, world, fresh)
    reasoned = NewRecord(intent.kind, intent.actor, {**intent.payload, "reason": request.reason.strip()}, intent.unique)
    message = f"command `{fresh}` puts {command.signal} back to {command.previous} {signal.unit}".rstrip()
    return Outcome((reasoned,), (send,), message, {"command": fresh, "undo_of": command.id})


def resolve(request: Resolve, who: Who, world: World) -> Outcome | Refusal:
    """A person has looked, and says what became of a command that nobody else can know."""
    command = command_of(world.view, request.command)
    if command is None:
        return refuse("no-command", f"no command `{request.command}`", "see the list of commands")
    reasons = list(no_reason(request.reason))
    if not may(command.phase, Event.RESOLVE):
        text = f"command `{command.id}` is {command.phase}; only an indeterminate or unconfirmed one is resolved"
        reasons.append(Reason("phase", text, evidence=f"#{command.index}"))
    if reasons:
        return Refusal(tuple(reasons))
    payload = {
        "command": command.id,
        "phase": "resolved",
        "why": request.reason.strip(),
        "measured": {"done": request.done is True},
    }
    word = "done" if request.done else "not done"
    tell = ResolveGateway(command.id, request.done is True, who.person, request.reason.strip())
    message = f"command `{command.id}` is resolved as {word}"
    return Outcome((NewRecord("command.outcome", who.person, payload),), (tell,), message)


def recover(world: World) -> Outcome:
    """After a start: every command with an intent and no answer is fenced and asked after, and never sent again."""
    index = index_of(world.site)
    effects = []
    for command in unsettled(world.view):
        if command.phase in {Phase.INTENDED, Phase.SENT}:
            signal = index.signals.get(command.signal)
            element = signal.element if signal is not None else command.signal.partition(".")[0]
            effects.append(FenceAndAsk(command.id, command.signal, element))
    count = len(effects)
    return Outcome(effects=tuple(effects), message=f"{count} commands to ask after" if count else "")
