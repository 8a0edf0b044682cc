"""Authority at a past moment, as the records have it: the floor of then is not on record, and what it took away is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from andon.authority.baseline import baseline_of, index_of
from andon.authority.case import Case
from andon.authority.compute import answer, parts_now, tier_of
from andon.authority.facts import Authority, Facts, GatewayFact, RequirementResult
from andon.authority.records import RecordView
from andon.authority.requirements import REQUIREMENTS
from andon.core.time import Nanos
from andon.site.model import Site, Tier

ON_RECORD = frozenset(
    {
        "records",
        "verified",
        "validated",
        "uncertainty",
        "drift",
        "agreement",
        "sim-to-real",
        "challenges",
        "approval",
        "review",
        "halt",
        "unblocked",
        "undo-drill",
        "halt-drill",
        "incidents",
        "approval-control",
    }
)
"""Requirements that the records alone answer. What the others said then is not kept; that they took recommend or
control away is, as `authority.lost`, which the approvals' rows read."""


def compute_at(use: str, view: RecordView, at: Nanos, site: Site) -> Authority:
    """The authority of a use at a past moment.

    Args:
        use: id of a context of use.
        view: the fold of the records up to `at` (`RecordView.of(records, until=at)`).
        at: the moment, nanoseconds of site time.
        site: the site as read now; what a use rested on then is taken from the records themselves.
    """
    index = index_of(site)
    found = index.uses.get(use)
    nothing = Facts(at, "live", 1.0, virtual=True, signals={}, gateway=GatewayFact(reachable=True))
    if found is None:
        why = f"no context of use `{use}` in uses.yaml"
        unknown = RequirementResult("declared", Tier.VISUALISE, "use declared", False, why)
        return Authority(use, Tier.NONE, Tier.NONE, at, "", (unknown,))
    parts = _parts_then(use, view) or parts_now(use, nothing, site)
    case = Case(found, index, view, nothing, parts, baseline_of(parts), lambda _: Tier.CONTROL)
    rows = []
    for row in REQUIREMENTS:
        result = answer(row, case)
        if row.id not in ON_RECORD:
            result = replace(result, met=True, why="not kept on record; no loss was recorded", next_step="")
        rows.append(result)
    if use not in view.published:
        rows = [
            replace(r, met=False, why="the context of use was not published yet") if r.id == "published" else r
            for r in rows
        ]
    return Authority(use, tier_of(found, rows), found.ceiling, at, case.baseline, tuple(rows))


def _parts_then(use: str, view: RecordView) -> Mapping[str, str]:
    """What the newest approval or evidence of this use was bound to."""
    bound = [(a.index, a.parts) for a in view.approvals.get(use, ())]
    bound += [(s.best.index, s.best.parts) for (u, _, _), s in tuple(view.evidence.items()) if u == use and s.best]
    bound += [
        (s.failed.index, s.failed.parts) for (u, _, _), s in tuple(view.evidence.items()) if u == use and s.failed
    ]
    return max(bound, key=lambda pair: pair[0])[1] if bound else {}
