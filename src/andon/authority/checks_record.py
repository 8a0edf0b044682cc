"""Checks that look at the records: published, verified, validated, drilled, agreed, challenged, approved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from andon.authority.baseline import changed_words
from andon.authority.case import PEOPLE_WHO_APPROVE, Case, Check, Verdict, met, named, roles, same_human, unmet
from andon.authority.said import Approval, Evidence
from andon.core.time import SECOND, iso
from andon.site.model import ModelRef, Tier

INCIDENTS_THAT_REOPEN = frozenset({"not-confirmed", "override", "breach", "near-miss", "indeterminate"})
"""Kinds of incident after which control needs a fresh approval (R73)."""
RUBBER_STAMP = "rubber-stamp"


def records_whole(case: Case) -> Verdict:
    """Law 3: the record set is complete and every record in it can be read."""
    if case.view.gap:
        return unmet("the records have a gap; what is missing might be what forbids")
    if case.view.unreadable:
        index = case.view.unreadable[0]
        return unmet(f"{len(case.view.unreadable)} records cannot be read, the first is #{index}", evidence=f"#{index}")
    return met(f"{case.view.size} records read")


def published(case: Case) -> Verdict:
    """R40: the context of use stands on record as it stands in the site folder."""
    on_record = case.view.published.get(case.use.id)
    if on_record is None:
        return unmet("the context of use was never published")
    if on_record.digest != case.index.documents.get(case.use.id):
        return unmet("the context of use changed since it was published", evidence=f"#{on_record.index}")
    return met("published as it stands", evidence=f"#{on_record.index}")


def mbom(case: Case) -> Verdict:
    """R43, R44: what runs is what was put on record when it started."""
    run = case.view.run
    if run is None:
        return unmet("no run is on record, so what should be running is not known")
    if not case.facts.running:
        return unmet("what runs is not known", evidence=f"#{run.index}")
    listed = run.payload.get("mbom", {})
    if not isinstance(listed, Mapping) or dict(listed) != dict(case.facts.running):
        words = changed_words(listed if isinstance(listed, Mapping) else {}, case.facts.running)
        return unmet(f"what runs is not what the model bill of materials says: {words}", evidence=f"#{run.index}")
    return met(f"{len(case.facts.running)} components run as listed", evidence=f"#{run.index}")


def holding(case: Case, kind: str, what: str) -> Verdict | Evidence:
    """The passed, unexpired evidence of a kind on this baseline, or why there is none."""
    slot = case.view.evidence.get((case.use.id, kind, case.baseline))
    if slot is None or (slot.best is None and slot.failed is None):
        other = case.view.evidence_other.get((case.use.id, kind))
        if other is None:
            return unmet(f"no {what} is on record")
        words = changed_words(other.parts, case.parts)
        return unmet(f"{words} since {what} #{other.index}", evidence=f"#{other.index}")
    if slot.best is None:
        index = slot.failed.index if slot.failed else -1
        return unmet(f"{what} #{index} failed", evidence=f"#{index}")
    if slot.best.until <= case.at:
        return unmet(
            f"{what} #{slot.best.index} ran out on {iso(slot.best.until)[:10]}", evidence=f"#{slot.best.index}"
        )
    return slot.best


def evidence(kind: str, what: str) -> Check:
    """A check that evidence of this kind passed on this baseline and has not run out."""

    def check(case: Case) -> Verdict:
        held = holding(case, kind, what)
        if isinstance(held, Verdict):
            return held
        return met(f"{what} passed", evidence=f"#{held.index}", until=held.until)

    return check


def validated(case: Case) -> Verdict:
    """R20, R79, R89: compared with the plant it is used on; a virtual plant proves nothing about a real one."""
    held = holding(case, "validation", "validation")
    if isinstance(held, Verdict):
        return held
    against = held.measured.get("against")
    if not isinstance(against, str) or not against:
        return unmet(f"validation #{held.index} does not say what it was compared with", evidence=f"#{held.index}")
    if against == "virtual" and case.facts.virtual is not True:
        return unmet(f"validation #{held.index} was made on a virtual plant", evidence=f"#{held.index}")
    return met(f"validation passed against {against} data", evidence=f"#{held.index}", until=held.until)


def agreement(case: Case) -> Verdict:
    """Where personal signals are touched, the workers' representative has agreed."""
    touched = [
        name
        for name in (*case.use.signals, *case.use.writes)
        if (signal := case.index.signals.get(name)) is None or signal.personal
    ]
    if not touched:
        return met("no personal signal is touched")
    held = holding(case, "agreement", "worker agreement")
    if isinstance(held, Verdict):
        return held
    if "representative" not in roles(case.site, held.by):
        return unmet(f"agreement #{held.index} is not by a worker representative", evidence=f"#{held.index}")
    return met(f"agreed by {held.by}", evidence=f"#{held.index}", until=held.until)


def assumptions(case: Case) -> Verdict:
    """R27: what the model assumes is declared, with an origin and a name."""
    if ModelRef.SIMULATE not in case.use.models:
        return met("no model that simulates is used")
    if not case.site.assumptions:
        return unmet("the model runs on assumptions, and none is declared")
    bare = [f"`{a.name}` has no origin" for a in case.site.assumptions if not a.origin.strip() or not a.who.strip()]
    return unmet(named(bare)) if bare else met(f"{len(case.site.assumptions)} assumptions declared")


def assumptions_reviewed(case: Case) -> Verdict:
    """R47: no assumption is past the day by which somebody looks at it again."""
    if not case.use.models:
        return met("no model is used")
    today = datetime.fromtimestamp(case.at // SECOND, UTC).date()
    late = []
    first: date | None = None
    for assumption in case.site.assumptions:
        try:
            day = date.fromisoformat(assumption.review_by)
        except ValueError:
            late.append(f"`{assumption.name}` has no readable day of review")
            continue
        if day < today:
            late.append(f"`{assumption.name}` was to be reviewed by {day}")
        first = day if first is None or day < first else first
    if late:
        return unmet(named(late))
    return met(f"next review by {first}" if first else "no assumption to review")


def no_drift(case: Case) -> Verdict:
    """R35: no drift was seen since the model was last validated."""
    seen = case.view.drift.get(case.use.id)
    if seen is None:
        return met("no drift on record")
    if case.view.validated_at.get(case.use.id, -1) > seen.index:
        return met(f"validated again since drift #{seen.index}", evidence=f"#{seen.index}")
    said = str(seen.payload.get("text") or "what is observed has drifted from what is forecast")
    return unmet(f"drift: {said} (#{seen.index})", evidence=f"#{seen.index}")


def challenges(case: Case) -> Verdict:
    """R49: no challenge is open on anything that the use leans on."""
    leans = case.index.leans.get(case.use.id, frozenset())
    for challenge in tuple(case.view.challenges_open.values()):
        if challenge.element in leans or challenge.element not in case.index.places:
            state = "upheld" if challenge.answer else "open"
            return unmet(
                f"challenge `{challenge.id}` ({challenge.reason}) on `{challenge.element}` is {state}",
                evidence=f"#{challenge.index}",
            )
    return met("no open challenge")


def responsible(case: Case) -> Verdict:
    """R22: a person who exists answers for the use."""
    who = case.use.responsible
    if not roles(case.site, who) & PEOPLE_WHO_APPROVE:
        return unmet(f"`{who}` is not a supervisor, engineer or safety person of people.yaml")
    return met(f"{who} answers for it")


def weakest_part(tier: Tier) -> Check:
    """R13: a use that is composed of other uses holds at most what each of them holds."""

    def check(case: Case) -> Verdict:
        used = [m for m in case.use.models if m in case.index.uses]
        low = [f"`{u}` holds {held}" for u in used if (held := case.part_tier(u)).rank < tier.rank]
        return unmet(named(low)) if low else met("no part holds less" if used else "not composed of other uses")

    return check


def approved(tier: Tier) -> Check:
    """R21-R23, R62: somebody else than the proposer approved this tier on this baseline, after it was last lost."""

    def check(case: Case) -> Verdict:
        given = [a for a in case.view.approvals.get(case.use.id, ()) if a.tier.rank >= tier.rank]
        if not given:
            return unmet(f"nobody has approved {tier}")
        for approval in reversed(given):
            if not _void(case, approval, tier):
                return met(
                    f"approved for {approval.tier} by {approval.approver}",
                    evidence=f"#{approval.index}",
                    until=approval.until,
                )
        return unmet(_void(case, given[-1], tier), evidence=f"#{given[-1].index}")

    return check


def _void(case: Case, approval: Approval, tier: Tier) -> str:
    """Why an approval does not count; empty when it does."""
    lost = case.view.lost.get(case.use.id, {}).get(tier)
    tests: tuple[tuple[Callable[[], bool], str], ...] = (
        (
            lambda: case.view.revoked.get(case.use.id, -1) > approval.index,
            f"approval #{approval.index} was revoked",
        ),
        (
            lambda: not approval.approver or not approval.proposer,
            f"approval #{approval.index} does not name who proposed and who approved",
        ),
        (
            lambda: same_human(case.site, approval.approver, approval.proposer),
            f"approval #{approval.index} is by the proposer",
        ),
        (
            lambda: not roles(case.site, approval.approver) & PEOPLE_WHO_APPROVE,
            f"`{approval.approver}` may not approve (#{approval.index})",
        ),
        (
            lambda: approval.baseline != case.baseline,
            f"{changed_words(approval.parts, case.parts)} since approval #{approval.index}",
        ),
        (
            lambda: approval.until <= case.at,
            f"approval #{approval.index} ran out on {iso(max(approval.until, 0))[:10]}",
        ),
        (
            lambda: lost is not None and lost.index > approval.index,
            f"{tier} was lost (#{lost.index if lost else ''}) after approval #{approval.index}; approve afresh",
        ),
    )
    return next((text for fails, text in tests if fails()), "")


def review(case: Case) -> Verdict:
    """R26: acceptance without looking is control in fact, and needs what control needs."""
    flagged = [i for i in case.view.incidents_by_use.get(case.use.id, ()) if i.kind == RUBBER_STAMP]
    if not flagged:
        return met("people look before they decide")
    last = flagged[-1]
    control = approved(Tier.CONTROL)(case)
    index = int(control.evidence.removeprefix("#") or -1) if control.met else -1
    if index > last.index:
        return met(f"approved for control since #{last.index}", evidence=control.evidence)
    return unmet(
        f"recommendations were accepted without looking (#{last.index}), which is control in fact",
        evidence=f"#{last.index}",
    )


def incidents(case: Case) -> Verdict:
    """R73: an incident reopens the safety case until control is approved afresh."""
    found = [i for i in case.view.incidents_by_use.get(case.use.id, ()) if i.kind in INCIDENTS_THAT_REOPEN]
    if not found:
        return met("no incident on record")
    last = found[-1]
    newest = max((a.index for a in case.view.approvals.get(case.use.id, ()) if a.tier is Tier.CONTROL), default=-1)
    if newest > last.index:
        return met(f"approved afresh (#{newest}) since incident #{last.index}", evidence=f"#{newest}")
    return unmet(f"incident #{last.index} ({last.kind}): {last.text}", evidence=f"#{last.index}")
