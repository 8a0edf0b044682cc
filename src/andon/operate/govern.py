"""Publishing, requesting, approving, revoking and recording evidence: what authority is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from andon.authority.baseline import baseline_of, index_of
from andon.authority.case import same_human
from andon.authority.compute import compute, parts_now
from andon.authority.facts import Authority
from andon.authority.requirements import APPROVALS
from andon.authority.said import TierRequest
from andon.authority.transitions import LATCHED, held
from andon.core.canonical import canonical
from andon.core.refusals import Reason, Refusal, refuse
from andon.core.time import iso, nanos
from andon.ledger.record import NewRecord
from andon.operate.outcome import Outcome, RaiseEpoch, World, ns
from andon.operate.port import Approve, PublishUse, RecordEvidence, RequestTier, Revoke, Who
from andon.operate.roles import EVIDENCE_BY, TWIN, standing
from andon.site.model import ContextOfUse, Tier

DAY_S = 86_400.0
APPROVAL_DAYS_MAX = 366.0
MEASURED_BYTES_MAX = 64 * 1024


def no_use(world: World, use: str) -> tuple[Reason, ...]:
    """Why this use cannot be talked about; empty when it exists."""
    if use in index_of(world.site).uses:
        return ()
    known = ", ".join(index_of(world.site).uses) or "none"
    return (Reason("no-use", f"no context of use `{use}`", f"choose one of: {known}", evidence="uses.yaml"),)


def no_reason(reason: str) -> tuple[Reason, ...]:
    """Everything that changes authority, or a machine, is given a reason that the floor can read."""
    return () if reason.strip() else (Reason("reason", "no reason is given", "say why; the floor sees it"),)


def publish(request: PublishUse, who: Who, world: World) -> Outcome | Refusal:
    """Put a context of use on record as it stands."""
    if missing := no_use(world, request.use):
        return Refusal(missing)
    index = index_of(world.site)
    digest = index.documents[request.use]
    on_record = world.view.published.get(request.use)
    if on_record is not None and on_record.digest == digest:
        return refuse("published", f"`{request.use}` is published as it stands", evidence=f"#{on_record.index}")
    document = index.uses[request.use].model_dump(mode="json")
    record = NewRecord("use.published", who.person, {"use": request.use, "digest": digest, "document": document})
    return Outcome((record,), message=f"`{request.use}` is published; it is judged by these words from now on")


def request_tier(request: RequestTier, who: Who, world: World) -> Outcome | Refusal:
    """Ask that a use be approved up to a tier, on the present baseline."""
    if missing := (*no_use(world, request.use), *no_reason(request.reason)):
        return Refusal(missing)
    use = index_of(world.site).uses[request.use]
    if request.tier not in LATCHED:
        return refuse("no-approval-needed", f"{request.tier} needs no approval", "see what it lacks: `andon authority`")
    if request.tier.rank > use.ceiling.rank:
        text = f"the ceiling of `{use.id}` is {use.ceiling}"
        return refuse("ceiling", text, "change it in uses.yaml, and publish again", owner="engineer")
    parts = parts_now(use.id, world.facts, world.site)
    payload = {
        "use": use.id,
        "tier": str(request.tier),
        "baseline": baseline_of(parts),
        "parts": dict(parts),
        "reason": request.reason.strip(),
    }
    lacking = _other_missing(compute(use.id, world.view, world.facts, world.site), request)
    words = f"; before that: {', '.join(r.text for r in lacking)}" if lacking else ""
    message = f"{request.tier} of `{use.id}` is requested; somebody else than {who.person} approves it{words}"
    detail = {"lacking": [r.as_json() for r in lacking]}
    return Outcome((NewRecord("tier.requested", who.person, payload),), message=message, detail=detail)


def _other_missing(authority: Authority, request: RequestTier | Approve) -> tuple[Reason, ...]:
    """What a tier lacks beside the approval itself, and beside what that approval would mend."""
    mended = APPROVALS | ({"review", "incidents"} if request.tier is Tier.CONTROL else frozenset[str]())
    return tuple(
        Reason(r.id, r.why, r.next_step, r.owner, r.evidence)
        for r in authority.missing(request.tier)
        if r.id not in mended
    )


def approve(request: Approve, who: Who, world: World) -> Outcome | Refusal:
    """Approve what was requested, once everything else that the tier demands is met."""
    if missing := (*no_use(world, request.use), *no_reason(request.reason)):
        return Refusal(missing)
    use = index_of(world.site).uses[request.use]
    parts = parts_now(use.id, world.facts, world.site)
    baseline = baseline_of(parts)
    asked = _open_request(world, request)
    reasons: list[Reason] = []
    if request.tier not in LATCHED or request.tier.rank > use.ceiling.rank:
        reasons.append(Reason("ceiling", f"`{use.id}` cannot be approved for {request.tier}", "see its ceiling"))
    if asked is None:
        text = f"nobody has requested {request.tier} of `{use.id}` since it was last approved, revoked or lost"
        reasons.append(Reason("no-request", text, "request it first", "engineer"))
    else:
        if same_human(world.site, asked.proposer, who.person):
            text = f"`{who.person}` requested this, and nobody approves their own request"
            reasons.append(Reason("self-approval", text, "ask somebody else", "safety", f"#{asked.index}"))
        if asked.baseline != baseline:
            text = f"what `{use.id}` rests on changed since request #{asked.index}"
            reasons.append(Reason("baseline", text, "request it again", "engineer", f"#{asked.index}"))
    if not 0 < request.days <= APPROVAL_DAYS_MAX:
        reasons.append(Reason("days", f"`{request.days:g}` days is not between 0 and 366", "choose fewer days"))
    reasons += _other_missing(compute(use.id, world.view, world.facts, world.site), request)
    if reasons or asked is None:
        return Refusal(tuple(reasons))
    until = world.now + nanos(request.days * DAY_S)
    payload = {
        "use": use.id,
        "tier": str(request.tier),
        "baseline": baseline,
        "parts": dict(parts),
        "proposer": asked.proposer,
        "request": asked.index,
        "until_ns": ns(until),
        "reason": request.reason.strip(),
    }
    message = (
        f"`{use.id}` is approved for {request.tier} until {iso(until)[:16]}Z, or until anything it rests on changes"
    )
    return Outcome(
        (NewRecord("approval", who.person, payload, unique=f"request:{asked.index}:{request.tier}"),), message=message
    )


def _open_request(world: World, request: Approve) -> TierRequest | None:
    """The latest request that covers this tier and that nothing has used up or voided since."""
    view = world.view
    lost = view.lost.get(request.use, {}).get(request.tier)
    spent = max(
        view.revoked.get(request.use, -1),
        lost.index if lost is not None else -1,
        max((a.index for a in view.approvals.get(request.use, ()) if a.tier.rank >= request.tier.rank), default=-1),
    )
    asked = [r for r in view.requests.get(request.use, ()) if r.tier.rank >= request.tier.rank and r.index > spent]
    return asked[-1] if asked else None


def revoke(request: Revoke, who: Who, world: World) -> Outcome | Refusal:
    """Take the approvals of a use back, at once."""
    if missing := (*no_use(world, request.use), *no_reason(request.reason)):
        return Refusal(missing)
    newest = max((a.index for a in world.view.approvals.get(request.use, ())), default=-1)
    if world.view.revoked.get(request.use, -1) >= newest:
        return refuse("no-approval", f"`{request.use}` has no approval to revoke")
    record = NewRecord("approval.revoked", who.person, {"use": request.use, "reason": request.reason.strip()})
    was = held(world.view, request.use)
    return Outcome(
        (record,),
        (RaiseEpoch(f"approval of {request.use} revoked"),),
        f"the approval of `{request.use}` is revoked (it held {was}); only a fresh one restores it",
    )


def record_evidence(request: RecordEvidence, who: Who, world: World) -> Outcome | Refusal:
    """Record what a check, a drill or a comparison found, bound to the present baseline."""
    reasons = list(no_use(world, request.use))
    allowed = EVIDENCE_BY.get(request.kind)
    if allowed is None:
        known = ", ".join(EVIDENCE_BY)
        reasons.append(Reason("kind", f"`{request.kind}` is no kind of evidence", f"choose one of: {known}"))
    elif not standing(world.site, who) & allowed:
        listed = ", ".join(sorted(allowed))
        reasons.append(Reason("role", f"`{who.person}` may not record {request.kind}", f"ask: {listed}", listed))
    measured = _measured(request, world)
    if isinstance(measured, Reason):
        reasons.append(measured)
    if reasons:
        return Refusal(tuple(reasons))
    use = index_of(world.site).uses[request.use]
    return Outcome(
        (_evidence(request, who.person, world, use, measured),),  # type: ignore[arg-type] # a Reason was returned above
        message=f"{request.kind} of `{use.id}` is on record: {'passed' if request.passed is True else 'failed'}",
    )


def _evidence(
    request: RecordEvidence, actor: str, world: World, use: ContextOfUse, measured: Mapping[str, Any]
) -> NewRecord:
    parts = parts_now(use.id, world.facts, world.site)
    payload = {
        "use": use.id,
        "kind": request.kind,
        "passed": request.passed is True,
        "baseline": baseline_of(parts),
        "parts": dict(parts),
        "measured": dict(measured),
        "until_ns": ns(world.now + nanos(use.evidence_days * DAY_S)),
    }
    return NewRecord("evidence", actor, payload)


def _measured(request: RecordEvidence, world: World) -> Mapping[str, Any] | Reason:
    """What was measured, as JSON; validation says what it was compared with."""
    measured = dict(request.measured)
    if request.kind == "validation":
        measured.setdefault("against", "virtual" if world.facts.virtual else "recorded")
    try:
        size = len(canonical(measured))
    except Exception as error:  # noqa: BLE001 - whatever cannot be recorded is refused, and says why
        return Reason("measured", f"what was measured is not JSON: {error}", "give finite numbers and text", TWIN)
    if size > MEASURED_BYTES_MAX:
        return Reason("measured", f"what was measured takes {size} bytes", f"keep it under {MEASURED_BYTES_MAX}")
    return measured
