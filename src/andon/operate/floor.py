"""What anyone on the floor may do, signed in or not: challenge and halt; and what it takes to end either."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from andon.authority.baseline import index_of, leaning
from andon.authority.case import same_human
from andon.authority.records import RecordView
from andon.authority.said import HaltCase
from andon.authority.transitions import held
from andon.core.ids import Ids
from andon.core.refusals import Reason, Refusal, refuse
from andon.core.time import SECOND, Nanos, iso, nanos
from andon.ledger.record import NewRecord
from andon.operate.govern import no_reason
from andon.operate.outcome import HaltGateway, Outcome, RaiseEpoch, ResetGateway, Result, World, ns
from andon.operate.port import AnswerChallenge, Challenge, Halt, Reset, Who
from andon.site.model import Site, Tier

HOUR_NS = 3600 * SECOND
ANSWER_HOURS = {"hazard": 1}
ANSWER_HOURS_ELSE = 24
"""Real hours in which a challenge is to be answered, by its reason."""
WORDS_MAX = 2000
PER_STATION_AND_HOUR_MAX = 30
"""More than so many challenges from one place in an hour are put off; a hazard never is."""
SIGNERS_MIN = 2
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def challenge(request: Challenge, who: Who, world: World, ids: Ids) -> Outcome | Refusal:
    """Take a challenge down, suspend what leans on the element, and give a receipt. Who raised it is not recorded."""
    places = index_of(world.site).places
    if request.element not in places:
        near = difflib.get_close_matches(request.element, sorted(places), 1)
        hint = f"did you mean `{near[0]}`?" if near else "name an element, a station, or `site`"
        return refuse("no-element", f"there is no `{request.element}` on this site", hint)
    if request.reason != "hazard" and _flooded(world, who.station):
        text = f"{PER_STATION_AND_HOUR_MAX} challenges came from `{who.station or 'here'}` within the hour"
        return refuse("rate", text, "they are on record; a hazard is always taken")
    receipt = ids.fresh("CH")
    hours = ANSWER_HOURS.get(request.reason, ANSWER_HOURS_ELSE)
    deadline = _answer_by(world.now, hours * max(world.facts.speed, 1.0))
    payload = {
        "id": receipt,
        "element": request.element,
        "reason": request.reason,
        "words": request.words[:WORDS_MAX],
        "station": who.station,
        "shift": shift_at(world.site, world.now),
        "deadline_ns": ns(deadline),
    }
    suspended = [use for use in leaning(world.site, request.element) if held(world.view, use) is not Tier.NONE]
    due = f"an answer is due by {iso(deadline)[:16]}Z"
    message = f"receipt {receipt}: {due}; what leans on `{request.element}` waits until then"
    return Outcome(
        (NewRecord("challenge", "", payload, unique=receipt),),
        (RaiseEpoch(f"challenge {receipt}"),),
        message,
        {"id": receipt, "deadline_ns": ns(deadline), "suspends": suspended},
    )


def _flooded(world: World, station: str) -> bool:
    since = world.now - HOUR_NS
    recent = sum(1 for c in world.view.challenges.values() if c.at > since and c.station == station)
    return recent >= PER_STATION_AND_HOUR_MAX


def _answer_by(now: int, hours: float) -> Nanos:
    """The next full hour after so many hours: a deadline to the minute would tell when the challenge was raised."""
    return Nanos(-(-(now + round(hours * HOUR_NS)) // HOUR_NS) * HOUR_NS)


def shift_at(site: Site, at: int) -> str:
    """The id of the shift on duty, in the site's time zone; empty between shifts or when the zone is unknown."""
    try:
        local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(ZoneInfo(site.time_zone))
    except (KeyError, ValueError, OSError):
        return ""
    minute = local.hour * 60 + local.minute
    for shift in site.shifts:
        start, end = _minutes(shift.start), _minutes(shift.end)
        end = end or 24 * 60
        day = local
        inside = start <= minute < end
        if end <= start:
            inside = minute >= start or minute < end
            day = local - timedelta(days=1) if minute < end else local
        if inside and WEEKDAYS[day.weekday()] in shift.days:
            return shift.id
    return ""


def _minutes(clock: str) -> int:
    hours, _, rest = clock.partition(":")
    return (int(hours) * 60 + int(rest or 0)) % (24 * 60)


def answer(request: AnswerChallenge, who: Who, world: World) -> Outcome | Refusal:
    """A reasoned answer. Authority that was lost meanwhile does not come back with it."""
    case = world.view.challenges.get(request.challenge)
    if case is None:
        return refuse("no-challenge", f"no challenge `{request.challenge}`", "see the list of open ones")
    reasons = list(no_reason(request.reason))
    if not case.open and case.answer is not None:
        text = f"`{case.id}` was answered as {case.answer.outcome}"
        reasons.append(Reason("answered", text, "raise a new one", evidence=f"#{case.answer.index}"))
    if request.outcome not in {"upheld", "not-upheld", "mended"}:
        reasons.append(Reason("outcome", f"`{request.outcome}` is no answer", "say upheld, not-upheld or mended"))
    waits = [
        t.record.index
        for t in world.view.proposals_open.values()
        if same_human(world.site, t.proposer, who.person) and case.element in _places_of(world, t.use)
    ]
    if waits and request.outcome != "upheld":
        text = f"`{who.person}` has a proposal waiting on this challenge"
        reasons.append(Reason("interest", text, "let somebody else answer", "safety", f"#{waits[0]}"))
    if reasons:
        return Refusal(tuple(reasons))
    payload = {"challenge": case.id, "outcome": request.outcome, "reason": request.reason.strip()}
    after = "it stays suspended until it is mended" if request.outcome == "upheld" else "approve afresh what was lost"
    message = f"`{case.id}` is answered as {request.outcome}; {after}"
    return Outcome((NewRecord("challenge.answered", who.person, payload),), message=message)


def _places_of(world: World, use: str) -> frozenset[str]:
    return index_of(world.site).leans.get(use, frozenset())


def halt(request: Halt, who: Who, world: World, ids: Ids) -> Outcome:
    """Halt first, record afterwards. Never refused: a scope that nobody knows halts the whole site."""
    scope = request.scope if request.scope in index_of(world.site).places else "site"
    effect = HaltGateway(ids.fresh("H"), scope, request.reason[:WORDS_MAX], who.station)
    return Outcome(effects=(effect,), detail={"id": effect.id, "scope": scope})


def halted(effect: HaltGateway, result: Result) -> Outcome:
    """What the gateway answered to a halt. On record whether it answered or not: the twin's own halt holds anyway."""
    answers = {k: v for k, v in result.measured.items() if isinstance(v, str | list | int | bool)}
    told = (
        "the gateway has latched it" if result.ok else f"the gateway did not answer ({result.why}) and is asked again"
    )
    message = f"halted on {effect.scope}: {told}; the twin commands nothing here until two people reset it"
    detail = {"id": effect.id, "scope": effect.scope, "answers": answers, "latched": result.ok}
    if effect.recorded:
        return Outcome(message=message, detail=detail)
    payload = {
        "id": effect.id,
        "scope": effect.scope,
        "reason": effect.reason,
        "station": effect.station,
        "answers": {**answers, "gateway": "latched" if result.ok else "silent"},
    }
    return Outcome((NewRecord("halt", "", payload, unique=effect.id),), message=message, detail=detail)


def reason_to_sign(view: RecordView, reason: str) -> str:
    """The reason that stands in the statement which both people sign: the first signer's, or else this one.

    What the second person says is recorded, too; but two signatures end a halt only over the same words.
    """
    return next((case.words for case in view.halts.values() if case.words), reason.strip())


def reset(request: Reset, who: Who, world: World) -> Outcome | Refusal:
    """One person's part of a reset; with the second one the gateway is asked to end the halt. Resumes nothing."""
    reasons = list(no_reason(request.reason))
    halts = tuple(world.view.halts.values())
    if not halts:
        reasons.append(Reason("no-halt", "no halt is on record", "nothing is there to reset"))
    complete = bool(halts) and all(len(_humans(h, world)) >= SIGNERS_MIN for h in halts)
    mine = bool(halts) and all(any(same_human(world.site, p, who.person) for p in h.signed) for h in halts)
    again = all(h.signatures.get(who.person) == request.signature for h in halts)
    if mine and again and not complete:
        text = f"`{who.person}` has signed already"
        reasons.append(Reason("second-person", text, "another supervisor, safety person or engineer signs", "safety"))
    if reasons:
        return Refusal(tuple(reasons))
    reason = request.reason.strip()
    records = tuple(
        NewRecord("halt.signed", who.person, {"halt": h.id, "reason": reason, "signature": request.signature})
        for h in halts
    )
    others = {p for h in halts for p in h.signed if not same_human(world.site, p, who.person)}
    both = {p for p in others if all(p in h.signed for h in halts)}
    if not both:
        message = f"{who.person} has signed; the reset waits for a second person, and for a reason from them"
        return Outcome(records, message=message, detail={"signed": [who.person], "needed": SIGNERS_MIN})
    first = halts[0]
    effect = ResetGateway(
        halts=tuple(h.id for h in halts),
        scopes=tuple(sorted({h.scope for h in halts})),
        reason=reason_to_sign(world.view, reason),
        signatures={**{p: first.signatures.get(p, "") for p in sorted(both)}, who.person: request.signature},
        reasons={**{p: first.signed.get(p, "") for p in sorted(both)}, who.person: reason},
    )
    message = f"signed by {', '.join(sorted(effect.signatures))}; the gateway is asked to end the halt"
    return Outcome(records, (effect,), message)


def _humans(case: HaltCase, world: World) -> tuple[str, ...]:
    """Signers, each human once."""
    kept: list[str] = []
    for signer in case.signed:
        if not any(same_human(world.site, signer, k) for k in kept):
            kept.append(signer)
    return tuple(kept)


def was_reset(effect: ResetGateway, result: Result, world: World) -> Outcome:
    """The gateway's answer to a reset. Control stays lost until it is approved afresh."""
    if not result.ok:
        return Outcome(message=f"the gateway did not end the halt: {result.why}; sign again when that is mended")
    by = sorted(effect.signatures)
    reason = "; ".join(f"{p}: {effect.reasons[p]}" for p in by if p in effect.reasons)
    records = tuple(
        NewRecord("halt.reset", "twin", {"halt": h, "by": by, "reason": reason})
        for h in effect.halts
        if h in world.view.halts
    )
    message = f"the halt is ended by {' and '.join(by)}; nothing resumes by itself, control is approved afresh"
    return Outcome(records, message=message)


def unlatched(world: World) -> tuple[HaltGateway, ...]:
    """Halts on record that a reachable gateway does not hold: it is told again until it does."""
    if not world.facts.gateway.reachable:
        return ()
    return tuple(
        HaltGateway(h.id, h.scope, h.reason, h.station, recorded=True)
        for h in world.view.halts.values()
        if h.scope not in world.facts.gateway.halted and "site" not in world.facts.gateway.halted
    )


SEEN_S = nanos(3.0)
"""A halt that only the gateway knows goes on record once it was seen for so long, so that an old look makes none."""
