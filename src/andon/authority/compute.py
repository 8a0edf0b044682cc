"""Authority: the pure, total function from records, facts and the site to the tier that a use holds at this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from andon.authority.baseline import SiteIndex, baseline_of, index_of, parts_of
from andon.authority.case import Case, Verdict
from andon.authority.facts import Authority, Facts, RequirementResult
from andon.authority.records import RecordView
from andon.authority.requirements import REQUIREMENTS, Requirement
from andon.core.time import Nanos
from andon.site.model import ContextOfUse, Site, Tier

TIERS = (Tier.VISUALISE, Tier.ANALYSE, Tier.RECOMMEND, Tier.CONTROL)


def compute(
    use: str,
    view: RecordView,
    facts: Facts,
    site: Site,
    table: Sequence[Requirement] = REQUIREMENTS,
) -> Authority:
    """The authority of one use. Total: whatever is missing, broken or unknown comes back as an unmet requirement.

    Args:
        use: id of a context of use of `site`.
        view: the fold of the records so far (or up to a past time).
        facts: what is true at `facts.at`.
        site: the site as read.
        table: the requirements; a test may take rows away to show that each one counts.
    """
    return _compute(use, view, facts, index_of(site), table, ())


def compute_all(view: RecordView, facts: Facts, site: Site) -> dict[str, Authority]:
    """The authority of every use of the site, by id."""
    return {use.id: compute(use.id, view, facts, site) for use in site.uses}


def _compute(
    use_id: str,
    view: RecordView,
    facts: Facts,
    index: SiteIndex,
    table: Sequence[Requirement],
    above: tuple[str, ...],
) -> Authority:
    use = index.uses.get(use_id)
    if use is None or use_id in above:
        why = f"no context of use `{use_id}` in uses.yaml" if use is None else f"`{use_id}` is composed of itself"
        return _nothing(use_id, facts.at, why)
    try:
        parts = parts_of(use, index.site, facts.running)
        baseline = baseline_of(parts)
    except Exception as error:  # noqa: BLE001 - total by contract: what cannot be digested holds no authority
        return _nothing(use_id, facts.at, f"what it rests on has no digest ({type(error).__name__})")

    def part_tier(part: str) -> Tier:
        return _compute(part, view, facts, index, table, (*above, use_id)).tier

    case = Case(use, index, view, facts, parts, baseline, part_tier)
    results = tuple(answer(row, case) for row in table)
    return Authority(use_id, tier_of(use, results), use.ceiling, facts.at, baseline, results)


def answer(row: Requirement, case: Case) -> RequirementResult:
    """One row's verdict; a check that raises, or that answers anything but a verdict, is unmet."""
    try:
        said: object = row.check(case)
        if isinstance(said, Verdict) and said.met in (True, False):
            verdict = said
        else:
            verdict = Verdict(False, f"the check answered `{said}`")
    except Exception as error:  # noqa: BLE001 - a rule that throws refuses (law 3), and says that it threw
        verdict = Verdict(False, f"the check failed: {type(error).__name__}: {error}")
    return RequirementResult(
        id=row.id,
        tier=row.tier,
        title=row.title,
        met=verdict.met,
        why=verdict.why,
        evidence=verdict.evidence,
        until=verdict.until,
        owner=verdict.owner or row.owner,
        next_step="" if verdict.met else row.next_step,
        source=row.source,
    )


def tier_of(use: ContextOfUse, results: Sequence[RequirementResult]) -> Tier:
    """The highest tier all of whose requirements, and all of those below, are met; no higher than the ceiling.

    A tier for which the table demands nothing is not held: an empty list proves nothing.
    """
    held = Tier.NONE
    if len({r.id for r in results}) != len(results):
        return held
    for tier in TIERS:
        rows = [r for r in results if r.tier is tier]
        if tier.rank > use.ceiling.rank or not rows or not all(r.met for r in rows):
            break
        held = tier
    return held


def _nothing(use: str, at: Nanos, why: str) -> Authority:
    unmet = RequirementResult(
        "declared", Tier.VISUALISE, "use declared", False, why, owner="engineer", next_step="declare it in uses.yaml"
    )
    return Authority(use, Tier.NONE, Tier.NONE, at, "", (unmet,))


def parts_now(use: str, facts: Facts, site: Site) -> Mapping[str, str]:
    """The digests that a use rests on now; what approvals and evidence carry beside the baseline."""
    found = index_of(site).uses.get(use)
    return parts_of(found, site, facts.running) if found is not None else {}
