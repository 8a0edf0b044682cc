"""Records whose content was erased, as the law may demand: what supported no longer does, what defeated defeats more.

An erased record keeps its place, kind, time and claim (`unique`). What it said of whom is gone, so the fold takes the
worst that it can have said; and always such that people can mend it by acting afresh.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from andon.authority.said import ChallengeCase, CommandTrace, HaltCase, ProposalTrace
from andon.core.time import Nanos
from andon.ledger.record import Record

if TYPE_CHECKING:
    from andon.authority.records import RecordView

ERASED = {"erased": True}
"""The payload that the ledger gives for a record whose content was erased."""


def is_erased(record: Record) -> bool:
    """Whether the content of this record was erased."""
    return dict(record.payload) == ERASED


def _nothing(_view: RecordView, _record: Record) -> None:
    """It could only support; now it does not."""


def _no_run(view: RecordView, _record: Record) -> None:
    view.run = None


def _no_publication(view: RecordView, _record: Record) -> None:
    view.published.clear()


def _no_evidence(view: RecordView, _record: Record) -> None:
    """It may have been a failure of anything."""
    view.evidence.clear()
    view.evidence_other.clear()


def _no_approval(view: RecordView, _record: Record) -> None:
    """It may have taken any approval away."""
    view.approvals.clear()


def _drift(view: RecordView, record: Record) -> None:
    for use in view.published:
        view.drift[use] = record


def _challenge(view: RecordView, record: Record) -> None:
    case = ChallengeCase(record.index, record.at, record.unique, "site", "erased", "", "", "", record.at)
    view.challenges[case.id] = case
    view.challenges_open[case.id] = case


def _halt(view: RecordView, record: Record) -> None:
    view.halts[record.unique] = HaltCase(record.index, record.at, record.unique, "site", "erased", "", {})


def _intent(view: RecordView, record: Record) -> None:
    trace = CommandTrace(record, "", "")
    view.commands[record.unique] = trace
    view.unsettled[record.unique] = trace


def _proposal(view: RecordView, record: Record) -> None:
    view.proposals[record.unique] = ProposalTrace(record, "", "", "", Nanos(0))


def _decision(view: RecordView, record: Record) -> None:
    trace = view.proposals.get(record.unique)
    if trace is not None:
        trace.decision = record
    view.proposals_open.pop(record.unique, None)


WORST: Mapping[str, Callable[[RecordView, Record], None]] = {
    "run.started": _no_run,
    "use.published": _no_publication,
    "tier.requested": _nothing,
    "approval": _nothing,
    "approval.revoked": _no_approval,
    "authority.lost": _no_approval,
    "evidence": _no_evidence,
    "challenge": _challenge,
    "challenge.answered": _nothing,
    "halt": _halt,
    "halt.signed": _nothing,
    "halt.reset": _nothing,
    "incident": _no_approval,
    "drift": _drift,
    "gateway.bounds": _nothing,
    "command.intent": _intent,
    "command.sent": _nothing,
    "command.outcome": _nothing,
    "proposal": _proposal,
    "recommendation": _proposal,
    "decision": _decision,
    "outcome": _nothing,
}
"""The worst that an erased record of each kind can have said."""
