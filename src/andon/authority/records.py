"""The fold of the ledger that authority reads, kept so that one more record costs microseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from andon.authority.erased import WORST, is_erased
from andon.authority.said import (
    Answer,
    Approval,
    ChallengeCase,
    CommandTrace,
    Evidence,
    HaltCase,
    Incident,
    Passed,
    ProposalTrace,
    Published,
    TierRequest,
)
from andon.core.time import Nanos
from andon.ledger.record import Record
from andon.site.model import Tier

UNREADABLE_KEPT_MAX = 100


class RecordView:
    """What the records say so far. Feed it every record in order; rebuild it for a past time with `of(..., until=)`.

    A record that cannot be read never raises: it is counted in `unreadable`, and authority fails closed on it.

    One thread adds. Others may look meanwhile, and whoever goes through one of the mappings takes a tuple of it first.
    """

    def __init__(self) -> None:
        self.size = 0
        self.latest_at = Nanos(0)
        self.run_latest_at = Nanos(0)
        """Latest time since the last `run.started`: a scaled virtual plant may start over, a clock may not."""
        self.gap = False
        self.unreadable: list[int] = []
        self.run: Record | None = None
        self.published: dict[str, Published] = {}
        self.requests: dict[str, list[TierRequest]] = {}
        self.approvals: dict[str, list[Approval]] = {}
        self.revoked: dict[str, int] = {}
        self.lost: dict[str, dict[Tier, Record]] = {}
        """By use and tier: the latest record that took this tier away."""
        self.evidence: dict[tuple[str, str, str], Passed] = {}
        self.evidence_other: dict[tuple[str, str], Evidence] = {}
        """By use and kind: the latest passed on whatever baseline, to say what changed since."""
        self.challenges: dict[str, ChallengeCase] = {}
        self.challenges_open: dict[str, ChallengeCase] = {}
        self.halts: dict[str, HaltCase] = {}
        self.incidents: list[Incident] = []
        self.incidents_by_use: dict[str, list[Incident]] = {}
        self.uniques: set[tuple[str, str]] = set()
        self.drift: dict[str, Record] = {}
        self.validated_at: dict[str, int] = {}
        """By use: index of the latest passed validation, which ends a drift seen before it."""
        self.bounds: Record | None = None
        self.commands: dict[str, CommandTrace] = {}
        self.unsettled: dict[str, CommandTrace] = {}
        """Commands whose life is not over: no outcome yet, or acknowledged, or indeterminate."""
        self.proposals: dict[str, ProposalTrace] = {}
        self.proposals_open: dict[str, ProposalTrace] = {}
        self.decisions: dict[str, list[Record]] = {}
        """By use: decisions of people, oldest first."""
        self.outcomes: list[Record] = []

    @classmethod
    def of(cls, records: Iterable[Record], until: int | None = None) -> RecordView:
        """A view of all records, or of those no later than `until` (nanoseconds of site time)."""
        view = cls()
        for record in records:
            if until is not None and record.at > until:
                break
            view.add(record)
        return view

    def add(self, record: Record) -> None:
        """Take one more record in. Never raises for what a record contains."""
        if record.index != self.size:
            self.gap = True
        self.size = record.index + 1
        self.latest_at = max(self.latest_at, record.at)
        self.run_latest_at = record.at if record.kind == "run.started" else max(self.run_latest_at, record.at)
        if record.unique:
            self.uniques.add((record.kind, record.unique))
        fold = FOLDS.get(record.kind)
        if fold is None:
            return
        if is_erased(record):
            WORST[record.kind](self, record)
            return
        try:
            fold(self, record, record.payload)
        except (KeyError, TypeError, ValueError, AttributeError):
            if len(self.unreadable) < UNREADABLE_KEPT_MAX:
                self.unreadable.append(record.index)

    def taken(self, kind: str, unique: str) -> bool:
        """Whether a record of this kind carries this `unique` already."""
        return (kind, unique) in self.uniques


def _text(payload: Mapping[str, Any], key: str) -> str:
    value = payload[key]
    if not isinstance(value, str):
        raise TypeError(key)
    return value


def _ns(payload: Mapping[str, Any], key: str) -> Nanos:
    return Nanos(int(_text(payload, key)))


def _truth(payload: Mapping[str, Any], key: str) -> bool:
    value = payload[key]
    if not isinstance(value, bool):
        raise TypeError(key)
    return value


def _mapping(payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = payload.get(key, {})
    if not isinstance(value, Mapping):
        raise TypeError(key)
    return value


def _run(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    _mapping(payload, "mbom")
    view.run = record


def _published(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    view.published[_text(payload, "use")] = Published(record.index, record.at, _text(payload, "digest"))


def _requested(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    use = _text(payload, "use")
    asked = TierRequest(
        record.index,
        record.at,
        use,
        Tier(_text(payload, "tier")),
        _text(payload, "baseline"),
        record.actor,
        str(payload.get("reason", "")),
    )
    view.requests.setdefault(use, []).append(asked)


def _approval(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    use = _text(payload, "use")
    given = Approval(
        record.index,
        record.at,
        use,
        Tier(_text(payload, "tier")),
        _text(payload, "baseline"),
        _mapping(payload, "parts"),
        _text(payload, "proposer"),
        record.actor,
        _ns(payload, "until_ns"),
    )
    view.approvals.setdefault(use, []).append(given)


def _revoked(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    view.revoked[_text(payload, "use")] = record.index


def _lost(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    held, left = Tier(_text(payload, "from")), Tier(_text(payload, "to"))
    by_tier = view.lost.setdefault(_text(payload, "use"), {})
    for tier in Tier:
        if left.rank < tier.rank <= held.rank:
            by_tier[tier] = record


def _evidence(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    found = Evidence(
        record.index,
        record.at,
        _text(payload, "use"),
        _text(payload, "kind"),
        _truth(payload, "passed"),
        _text(payload, "baseline"),
        _mapping(payload, "parts"),
        _mapping(payload, "measured"),
        _ns(payload, "until_ns"),
        record.actor,
    )
    slot = view.evidence.setdefault((found.use, found.kind, found.baseline), Passed())
    if not found.passed:
        slot.best, slot.failed = None, found
        return
    if slot.best is None or found.until >= slot.best.until:
        slot.best = found
    view.evidence_other[found.use, found.kind] = found
    if found.kind == "validation":
        view.validated_at[found.use] = record.index


def _challenge(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    case = ChallengeCase(
        record.index,
        record.at,
        _text(payload, "id"),
        _text(payload, "element"),
        _text(payload, "reason"),
        str(payload.get("words", "")),
        str(payload.get("station", "")),
        str(payload.get("shift", "")),
        _ns(payload, "deadline_ns"),
    )
    view.challenges[case.id] = case
    view.challenges_open[case.id] = case


def _answered(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    case = view.challenges[_text(payload, "challenge")]
    answer = Answer(record.index, record.at, _text(payload, "outcome"), str(payload.get("reason", "")), record.actor)
    told = replace(case, answer=answer)
    view.challenges[case.id] = told
    if told.open:
        view.challenges_open[case.id] = told
    else:
        view.challenges_open.pop(case.id, None)


def _halt(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    case = HaltCase(
        record.index,
        record.at,
        _text(payload, "id"),
        _text(payload, "scope"),
        str(payload.get("reason", "")),
        str(payload.get("station", "")),
        _mapping(payload, "answers"),
    )
    view.halts[case.id] = case


def _signed(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    case = view.halts[_text(payload, "halt")]
    view.halts[case.id] = replace(
        case,
        signed={**case.signed, record.actor: str(payload.get("reason", ""))},
        signatures={**case.signatures, record.actor: str(payload.get("signature", ""))},
        words=case.words or str(payload.get("reason", "")),
    )


def _reset(view: RecordView, _record: Record, payload: Mapping[str, Any]) -> None:
    by = payload["by"]
    if len(set(by)) < 2:
        raise ValueError("by")
    view.halts.pop(_text(payload, "halt"), None)


def _incident(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    use = str(payload.get("use", ""))
    about = str(payload.get("about", ""))
    seen = Incident(
        record.index,
        record.at,
        str(payload.get("id", "")),
        _text(payload, "kind"),
        about,
        use,
        str(payload.get("text", "")),
    )
    view.incidents.append(seen)
    view.incidents_by_use.setdefault(use or about, []).append(seen)


def _drift(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    view.drift[_text(payload, "use")] = record


def _bounds(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    _text(payload, "digest")
    view.bounds = record


def _intent(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    command = _text(payload, "command")
    trace = CommandTrace(record, _text(payload, "signal"), _text(payload, "use"))
    view.commands[command] = trace
    view.unsettled[command] = trace


def _sent(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    view.commands[_text(payload, "command")].sent = record


SETTLED = frozenset({"void", "refused", "confirmed", "not-confirmed", "undone", "resolved"})
"""Phases after which nothing more is awaited of a command."""


def _outcome(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    command = _text(payload, "command")
    trace = view.commands[command]
    phase = _text(payload, "phase")
    trace.outcomes.append(record)
    if phase in SETTLED:
        view.unsettled.pop(command, None)
    else:
        view.unsettled[command] = trace


def _proposal(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    trace = ProposalTrace(
        record,
        _text(payload, "use"),
        _text(payload, "signal"),
        _text(payload, "proposer"),
        _ns(payload, "expires_ns"),
    )
    view.proposals[_text(payload, "id")] = trace
    view.proposals_open[_text(payload, "id")] = trace


def _decision(view: RecordView, record: Record, payload: Mapping[str, Any]) -> None:
    trace = view.proposals[_text(payload, "recommendation")]
    _truth(payload, "accept")
    trace.decision = record
    view.proposals_open.pop(_text(payload, "recommendation"), None)
    view.decisions.setdefault(trace.use, []).append(record)


def _compared(view: RecordView, record: Record, _payload: Mapping[str, Any]) -> None:
    view.outcomes.append(record)


FOLDS: Mapping[str, Callable[[RecordView, Record, Mapping[str, Any]], None]] = {
    "run.started": _run,
    "use.published": _published,
    "tier.requested": _requested,
    "approval": _approval,
    "approval.revoked": _revoked,
    "authority.lost": _lost,
    "evidence": _evidence,
    "challenge": _challenge,
    "challenge.answered": _answered,
    "halt": _halt,
    "halt.signed": _signed,
    "halt.reset": _reset,
    "incident": _incident,
    "drift": _drift,
    "gateway.bounds": _bounds,
    "command.intent": _intent,
    "command.sent": _sent,
    "command.outcome": _outcome,
    "proposal": _proposal,
    "recommendation": _proposal,
    "decision": _decision,
    "outcome": _compared,
}
"""One row for each kind of record that authority and what is above it read; other kinds say nothing here."""
