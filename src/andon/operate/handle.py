"""The one path for every act: who may, whether it is allowed at this moment, what is recorded, what is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from andon.core.ids import Ids
from andon.core.refusals import Refusal, refuse
from andon.operate import commands, floor, govern, port, propose
from andon.operate.outcome import (
    Effect,
    FenceAndAsk,
    HaltGateway,
    Outcome,
    RaiseEpoch,
    ResetGateway,
    ResolveGateway,
    Result,
    SendCommand,
    World,
)
from andon.operate.roles import not_allowed

Handler = Callable[[Any, port.Who, World, Ids], Outcome | Refusal]


def _without_ids(function: Callable[[Any, port.Who, World], Outcome | Refusal]) -> Handler:
    def handler(request: Any, who: port.Who, world: World, _ids: Ids) -> Outcome | Refusal:
        return function(request, who, world)

    return handler


HANDLERS: Mapping[type, Handler] = {
    port.PublishUse: _without_ids(govern.publish),
    port.RequestTier: _without_ids(govern.request_tier),
    port.Approve: _without_ids(govern.approve),
    port.Revoke: _without_ids(govern.revoke),
    port.RecordEvidence: _without_ids(govern.record_evidence),
    port.Propose: propose.propose,
    port.Recommend: propose.recommend,
    port.Decide: propose.decide,
    port.Undo: commands.undo,
    port.Resolve: _without_ids(commands.resolve),
    port.Challenge: floor.challenge,
    port.AnswerChallenge: _without_ids(floor.answer),
    port.Halt: floor.halt,
    port.Reset: _without_ids(floor.reset),
}
"""One row for each request."""


def handle(request: port.Request, who: port.Who, world: World, ids: Ids) -> Outcome | Refusal:
    """What a request comes to. Pure: the shell appends the records, then runs the effects (see `outcome`)."""
    handler = HANDLERS.get(type(request))
    if handler is None:
        return refuse("unknown-request", f"`{type(request).__name__}` is nothing that can be asked")
    if reasons := not_allowed(request, world.site, who):
        return Refusal(reasons)
    return handler(request, who, world, ids)


def effect_result(effect: Effect, result: Result, world: World) -> Outcome:
    """What an effect's result comes to; the shell treats this outcome like the first one."""
    match effect:
        case SendCommand() | FenceAndAsk():
            return commands.answered(effect, result, world)
        case HaltGateway():
            return floor.halted(effect, result)
        case ResetGateway():
            return floor.was_reset(effect, result, world)
        case ResolveGateway():
            return Outcome() if result.ok else Outcome(message=f"the gateway keeps its block: {result.why}")
        case RaiseEpoch():
            if result.ok:
                return Outcome()
            why = f"the gateway did not answer ({result.why}); permits signed before run out within half a second"
            return Outcome(message=why)


def raced() -> Refusal:
    """The answer when an append met `AlreadyRecorded`: somebody else was a moment faster, and theirs stands."""
    return refuse("raced", "somebody else was a moment faster", "look again; what they did stands")


def not_recorded(why: str) -> Refusal:
    """The answer when the ledger refused to append: nothing was done, since nothing is done unrecorded."""
    return refuse("ledger", f"it could not be recorded ({why}), so nothing was done", "see the disk; halt still works")
