"""What becomes a record when authority changes: a lost recommend or control, which only a fresh approval restores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from andon.authority.facts import Authority, RequirementResult
from andon.authority.records import RecordView
from andon.authority.requirements import UNSEEN_AT_START
from andon.ledger.record import NewRecord
from andon.site.model import Tier

LATCHED = (Tier.CONTROL, Tier.RECOMMEND)
ACTOR = "twin"


def held(view: RecordView, use: str) -> Tier:
    """The tier that the records say a use holds: approved, and not yet recorded as lost. Survives every restart.

    An approval that ran out or was revoked still counts as held until its loss is on record.
    """
    lost = view.lost.get(use, {})
    for tier in LATCHED:
        latest = lost[tier].index if tier in lost else -1
        if any(a.tier.rank >= tier.rank and a.index > latest for a in view.approvals.get(use, ())):
            return tier
    return Tier.NONE


def all_held(view: RecordView) -> dict[str, Tier]:
    """`held` of every use that was ever approved."""
    return {use: held(view, use) for use in view.approvals}


def transitions(
    before: Mapping[str, Tier | Authority], after: Mapping[str, Authority], *, unseen: bool = False
) -> tuple[NewRecord, ...]:
    """One `authority.lost` record for each use that held recommend or control and holds less now.

    Args:
        before: what was held, by use: a tier (`all_held`) or an authority computed earlier.
        after: authority computed now. A use that is not in it has lost everything.
        unseen: the twin may not have been able to look: what only waits for a look at the floor is not lost yet.
    """
    records = []
    for use, value in before.items():
        had = value.tier if isinstance(value, Authority) else value
        now = after.get(use)
        left = now.tier if now is not None else Tier.NONE
        if had not in LATCHED or left.rank >= had.rank:
            continue
        missing = now.missing(had) if now is not None else ()
        if unseen and missing and all(r.id in UNSEEN_AT_START for r in missing):
            continue
        records.append(
            NewRecord(
                "authority.lost",
                ACTOR,
                {
                    "use": use,
                    "from": str(had),
                    "to": str(left),
                    "lost": _reasons(missing, had, now),
                    "baseline": now.baseline if now is not None else "",
                },
            )
        )
    return tuple(records)


def _reasons(missing: Iterable[RequirementResult], had: Tier, now: Authority | None) -> list[dict[str, str]]:
    listed = [{"requirement": r.id, "why": r.why, "evidence": r.evidence} for r in missing]
    if listed:
        return listed
    why = "the use is no longer in uses.yaml" if now is None else f"the ceiling is {now.ceiling}, below {had}"
    return [{"requirement": "ceiling" if now is not None else "declared", "why": why, "evidence": ""}]
