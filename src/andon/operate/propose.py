"""Proposals, by hand or by a model, and the decisions of people on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from andon.authority.baseline import index_of
from andon.authority.case import same_human
from andon.authority.checks_record import RUBBER_STAMP
from andon.authority.compute import compute
from andon.authority.facts import Authority
from andon.authority.said import ProposalTrace
from andon.core.canonical import canonical
from andon.core.ids import Ids
from andon.core.readings import Value
from andon.core.refusals import Reason, Refusal, refuse
from andon.core.time import Nanos, nanos
from andon.dispatch.limits import change_reasons, value_reasons
from andon.ledger.record import NewRecord
from andon.operate.govern import no_reason, no_use
from andon.operate.outcome import Outcome, SendCommand, World, ns
from andon.operate.port import Decide, Propose, Recommend, Who
from andon.site.model import Signal, Tier

PROPOSAL_LIFE_S = 900.0
"""Real seconds that a hand-made proposal waits for a decision, and a recommendation that names no time of its own."""
PROPOSAL_LIFE_S_MAX = 86_400.0
HASTY_S = 5.0
"""An acceptance within this many seconds, by somebody who does not say that they looked, is hasty."""
HASTY_OF_LAST = (3, 5)
"""So many hasty ones among the last so many acceptances of a use count as a rubber stamp."""
BODY_BYTES_MAX = 256 * 1024


def propose(request: Propose, who: Who, world: World, ids: Ids) -> Outcome | Refusal:
    """A proposal made by hand."""
    missing = (*no_use(world, request.use), *no_reason(request.reason))
    if missing:
        return Refusal(missing)
    body = {
        "kind": "hand-made",
        "title": f"{request.signal} to {request.value}",
        "why_now": [{"text": request.reason.strip()}],
        "not_represented": list(index_of(world.site).uses[request.use].not_represented),
        "mark": "guessing",
        "mark_why": "made by hand; no model has forecast its effect",
    }
    draft = Draft("proposal", ids.fresh("R"), request.use, request.signal, request.value, who.person, body)
    return _proposed(draft, world, world.now + _life(PROPOSAL_LIFE_S, world))


def recommend(request: Recommend, who: Who, world: World, ids: Ids) -> Outcome | Refusal:
    """A proposal made by a model; demands that the use holds recommend."""
    if missing := no_use(world, request.use):
        return Refusal(missing)
    authority = compute(request.use, world.view, world.facts, world.site)
    if authority.tier.rank < Tier.RECOMMEND.rank:
        return Refusal(tier_reasons(authority, Tier.RECOMMEND))
    stated = request.body.get("baseline", authority.baseline)
    if stated != authority.baseline:
        return refuse("baseline", "what it was computed on has changed since", "compute it again", evidence=str(stated))
    for trace in world.view.proposals_open.values():
        same = trace.signal == request.signal and trace.record.payload.get("value") == request.value
        if same and trace.use == request.use and trace.expires > world.now:
            return refuse("open", "the same recommendation is open already", evidence=f"#{trace.record.index}")
    body = {**request.body, "baseline": authority.baseline}
    draft = Draft("recommendation", ids.fresh("R"), request.use, request.signal, request.value, who.person, body)
    return _proposed(draft, world, _expiry(request.body, world))


def _expiry(body: Mapping[str, Any], world: World) -> Nanos:
    """The moment that the body names, if it is a sensible one."""
    try:
        stated = int(body.get("expires_ns", 0))
    except (TypeError, ValueError):
        stated = 0
    latest = world.now + _life(PROPOSAL_LIFE_S_MAX, world)
    return Nanos(stated) if world.now < stated <= latest else Nanos(world.now + _life(PROPOSAL_LIFE_S, world))


def _life(real_s: float, world: World) -> int:
    """Site time that passes while a person has so many real seconds."""
    return nanos(real_s * max(world.facts.speed, 1.0))


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal about to be recorded."""

    kind: str
    id: str
    use: str
    signal: str
    value: Value
    proposer: str
    body: Mapping[str, Any]


def _proposed(draft: Draft, world: World, expires: int) -> Outcome | Refusal:
    use = index_of(world.site).uses[draft.use]
    signal = index_of(world.site).signals.get(draft.signal)
    if signal is None or draft.signal not in use.writes:
        listed = ", ".join(use.writes) or "none"
        text = f"`{draft.use}` does not write `{draft.signal}`"
        return refuse("not-in-use", text, f"choose one of: {listed}", evidence="uses.yaml")
    if reasons := value_reasons(signal, draft.value):
        return Refusal(reasons)
    try:
        too_long = len(canonical(dict(draft.body))) > BODY_BYTES_MAX
    except Exception as error:  # noqa: BLE001 - whatever cannot be recorded is refused, and says why
        return refuse("body", f"the proposal cannot be recorded: {error}", "give finite numbers and text")
    if too_long:
        return refuse("body", f"the proposal is longer than {BODY_BYTES_MAX} bytes", "shorten it")
    fact = world.facts.signals.get(signal.id)
    authority = compute(draft.use, world.view, world.facts, world.site)
    payload = {
        "id": draft.id,
        "use": draft.use,
        "signal": signal.id,
        "element": signal.element,
        "value": draft.value,
        "unit": signal.unit,
        "now": fact.value if fact is not None else None,
        "proposer": draft.proposer,
        "body": dict(draft.body),
        "baseline": authority.baseline,
        "expires_ns": ns(expires),
    }
    message = f"`{draft.id}` is proposed: {signal.id} to {_with_unit(draft.value, signal)}; somebody else decides"
    record = NewRecord(draft.kind, draft.proposer, payload, unique=draft.id)
    return Outcome((record,), message=message, detail={"id": draft.id})


def tier_reasons(authority: Authority, tier: Tier) -> tuple[Reason, ...]:
    """Every requirement that stands between a use and a tier, as reasons."""
    reasons = [Reason(r.id, r.why, r.next_step, r.owner, r.evidence) for r in authority.missing(tier)]
    if authority.ceiling.rank < tier.rank:
        text = f"the ceiling of `{authority.use}` is {authority.ceiling}"
        reasons.append(Reason("ceiling", text, "change it in uses.yaml", "engineer", "uses.yaml"))
    return tuple(reasons) or (Reason("tier", f"`{authority.use}` holds {authority.tier}, not {tier}"),)


def decide(request: Decide, who: Who, world: World, ids: Ids) -> Outcome | Refusal:
    """A person's decision. Accepting under control records the intent and asks for a permit; rejecting ends it."""
    trace = world.view.proposals.get(request.recommendation)
    if trace is None:
        return refuse("no-recommendation", f"no recommendation `{request.recommendation}`", "see the list of open ones")
    reasons = [*_not_open(trace, request, world), *no_reason(request.reason)]
    if not request.accept:
        return Refusal(tuple(reasons)) if reasons else _rejected(request, who, trace)
    if same_human(world.site, trace.proposer, who.person):
        text = f"`{who.person}` proposed this, and nobody accepts their own proposal"
        reasons.append(
            Reason("self-approval", text, "ask somebody else to decide", "supervisor", f"#{trace.record.index}")
        )
    authority = compute(trace.use, world.view, world.facts, world.site)
    if authority.tier.rank < Tier.RECOMMEND.rank:
        reasons += tier_reasons(authority, Tier.RECOMMEND)
    payload = trace.record.payload
    if payload.get("baseline") != authority.baseline:
        text = "what it rests on changed since it was proposed"
        reasons.append(Reason("baseline", text, "have it proposed again", "engineer", f"#{trace.record.index}"))
    signal = index_of(world.site).signals.get(trace.signal)
    if signal is None:
        reasons.append(Reason("no-signal", f"`{trace.signal}` is no longer declared", "propose again", "engineer"))
        return Refusal(tuple(reasons))
    value: Value = payload.get("value", "")
    reasons += value_reasons(signal, value)
    fact = world.facts.signals.get(signal.id)
    current = fact.value if fact is not None else None
    reasons += change_reasons(signal, value, current, world.view, world.facts)
    if reasons or current is None:
        return Refusal(tuple(reasons))
    wish = Wish(request.recommendation, trace.use, signal, value, current)
    return _accepted(request, who, trace, wish, authority, ids, world)


def _not_open(trace: ProposalTrace, request: Decide, world: World) -> tuple[Reason, ...]:
    if trace.decision is not None:
        word = "accepted" if trace.decision.payload.get("accept") else "rejected"
        by = trace.decision.actor
        text = f"`{request.recommendation}` was {word} by {by or 'nobody in time'} already"
        return (Reason("decided", text, evidence=f"#{trace.decision.index}"),)
    if trace.expires <= world.now:
        text = f"`{request.recommendation}` expired; no answer in time counts as no"
        return (Reason("expired", text, "have it proposed again", evidence=f"#{trace.record.index}"),)
    return ()


def _rejected(request: Decide, who: Who, trace: ProposalTrace) -> Outcome:
    payload = decision_payload(request, trace.use)
    record = NewRecord("decision", who.person, payload, unique=request.recommendation)
    return Outcome((record,), message=f"`{request.recommendation}` is rejected: {request.reason.strip()}")


def decision_payload(request: Decide, use: str) -> dict[str, Any]:
    """A decision as it is recorded."""
    return {
        "recommendation": request.recommendation,
        "use": use,
        "accept": request.accept is True,
        "reason": request.reason.strip(),
        "looked": request.looked is True,
    }


@dataclass(frozen=True, slots=True)
class Wish:
    """A change that has passed every check and is about to be intended."""

    recommendation: str
    use: str
    signal: Signal
    value: Value
    current: Value
    undo_of: str = ""


def intend(wish: Wish, who: Who, authority: Authority, world: World, command: str) -> tuple[NewRecord, SendCommand]:
    """The intent, unique by command id, and the effect that follows once it is durable."""
    signal = wish.signal
    epoch = world.facts.gateway.epoch
    payload = {
        "command": command,
        "recommendation": wish.recommendation,
        "use": wish.use,
        "signal": signal.id,
        "value": wish.value,
        "unit": signal.unit,
        "expected": wish.current,
        "previous": wish.current,
        "baseline": authority.baseline,
        "epoch": epoch,
        "by": who.person,
        "undo_of": wish.undo_of,
    }
    send = SendCommand(
        command=command,
        use=wish.use,
        signal=signal.id,
        element=signal.element,
        value=wish.value,
        unit=signal.unit,
        expected=wish.current,
        low=signal.min,
        high=signal.max,
        baseline=authority.baseline,
        epoch=epoch,
        undo_of=wish.undo_of,
    )
    return NewRecord("command.intent", who.person, payload, unique=command), send


def _accepted(
    request: Decide, who: Who, trace: ProposalTrace, wish: Wish, authority: Authority, ids: Ids, world: World
) -> Outcome:
    """The decision; the intent when the use holds control; and the flag when acceptance has become a rubber stamp."""
    hasty = _hasty(request, trace, world)
    payload = {**decision_payload(request, trace.use), "hasty": hasty, "tier": str(authority.tier)}
    records = [NewRecord("decision", who.person, payload, unique=request.recommendation)]
    words = f"{wish.signal.id} to {_with_unit(wish.value, wish.signal)}"
    stamp = _rubber_stamp(trace.use, world, hasty=hasty)
    if stamp is not None:
        records.append(NewRecord("incident", "twin", {"id": ids.fresh("I"), **stamp}))
    if authority.tier.rank < Tier.CONTROL.rank or stamp is not None:
        message = f"`{request.recommendation}` is accepted; a person sets {words}: the twin sends nothing"
        why = [r.as_json() for r in tier_reasons(authority, Tier.CONTROL)] if stamp is None else [stamp]
        return Outcome(tuple(records), message=message, detail={"carried_out_by": "person", "why_not_control": why})
    command = ids.fresh("C")
    intent, send = intend(wish, who, authority, world, command)
    message = f"`{request.recommendation}` is accepted; command `{command}` sets {words}"
    return Outcome((*records, intent), (send,), message, {"command": command, "carried_out_by": "gateway"})


def _hasty(request: Decide, trace: ProposalTrace, world: World) -> bool:
    """Whether nobody can have looked: too soon (in real seconds), and it is not even said."""
    limit = nanos(HASTY_S * max(world.facts.speed, 1.0))
    return not request.looked and world.now - trace.record.at < limit


def _rubber_stamp(use: str, world: World, *, hasty: bool) -> dict[str, str] | None:
    """R26: the incident, when this hasty acceptance is one too many. Counted by use, never by person."""
    flagged = [i.index for i in world.view.incidents_by_use.get(use, ()) if i.kind == RUBBER_STAMP]
    since = flagged[-1] if flagged else -1
    many, last = HASTY_OF_LAST
    accepted = [d for d in world.view.decisions.get(use, ()) if d.payload.get("accept") is True and d.index > since]
    quick = [hasty, *(d.payload.get("hasty") is True for d in accepted[-(last - 1) :])]
    if not hasty or sum(quick) < many:
        return None
    text = f"{sum(quick)} of the last {len(quick)} recommendations were accepted within seconds, without looking"
    return {"kind": RUBBER_STAMP, "about": use, "use": use, "text": text}


def _with_unit(value: Value, signal: Signal) -> str:
    return f"{value} {signal.unit}".strip()
