"""What the records hold, as the lists that a desk shows: recommendations, commands, challenges, halts, incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from andon.authority.records import RecordView
from andon.authority.said import ProposalTrace
from andon.core.time import Nanos
from andon.dispatch.command import Command, fold
from andon.operate.outcome import ns

SHOWN_MAX = 500
"""The longest list that is given at once; the ledger has the rest."""


def recommendations(view: RecordView, now: Nanos, *, everything: bool = False) -> list[dict[str, Any]]:
    """Open recommendations and hand-made proposals, newest first; with `everything`, the decided ones, too."""
    traces = view.proposals if everything else view.proposals_open
    return [_recommendation(t, now) for t in islice(reversed(tuple(traces.values())), SHOWN_MAX)]


def _recommendation(trace: ProposalTrace, now: Nanos) -> dict[str, Any]:
    said = trace.record.payload
    decision = trace.decision
    state = "open" if trace.expires > now else "expired"
    if decision is not None:
        state = "accepted" if decision.payload.get("accept") is True else "rejected"
    shown = {
        key: said.get(key)
        for key in ("id", "use", "signal", "element", "value", "unit", "now", "proposer", "body", "baseline")
    }
    return {
        **shown,
        "kind": trace.record.kind,
        "at_ns": ns(trace.record.at),
        "expires_ns": ns(trace.expires),
        "index": trace.record.index,
        "state": state,
        "decision": None
        if decision is None
        else {
            "accept": decision.payload.get("accept") is True,
            "reason": str(decision.payload.get("reason", "")),
            "by": decision.actor,
            "looked": decision.payload.get("looked") is True,
            "index": decision.index,
        },
    }


def commands(view: RecordView) -> list[dict[str, Any]]:
    """Commands, newest first."""
    return [command_json(fold(t)) for t in islice(reversed(tuple(view.commands.values())), SHOWN_MAX)]


def command_json(command: Command) -> dict[str, Any]:
    """One command, with the time of every phase it went through."""
    return {
        "id": command.id,
        "recommendation": command.recommendation,
        "use": command.use,
        "signal": command.signal,
        "element": command.signal.partition(".")[0],
        "value": command.value,
        "unit": command.unit,
        "previous": command.previous,
        "phase": str(command.phase),
        "why": command.why,
        "by": command.by,
        "undo_of": command.undo_of,
        "baseline": command.baseline,
        "epoch": command.epoch,
        "at_ns": ns(command.times["intended"]),
        "times": {str(phase): ns(at) for phase, at in command.times.items()},
        "measured": dict(command.measured or {}),
        "index": command.index,
        "strange": list(command.strange),
    }


def challenges(view: RecordView) -> list[dict[str, Any]]:
    """Challenges, open ones first, newest first. The shift is told; the minute and the person are not."""
    rows = [
        {
            "id": case.id,
            "element": case.element,
            "reason": case.reason,
            "words": case.words,
            "station": case.station,
            "shift": case.shift,
            "deadline_ns": ns(case.deadline),
            "open": case.open,
            "index": case.index,
            "answer": None
            if case.answer is None
            else {"outcome": case.answer.outcome, "reason": case.answer.reason, "by": case.answer.by},
        }
        for case in islice(reversed(tuple(view.challenges.values())), SHOWN_MAX)
    ]
    return sorted(rows, key=lambda row: not row["open"])


def halts(view: RecordView) -> list[dict[str, Any]]:
    """Halts in force, oldest first."""
    return [
        {
            "id": case.id,
            "scope": case.scope,
            "since_ns": ns(case.at),
            "reason": case.reason,
            "station": case.station,
            "answers": dict(case.answers),
            "signed": sorted(case.signed),
            "index": case.index,
        }
        for case in tuple(view.halts.values())
    ]


def incidents(view: RecordView) -> list[dict[str, Any]]:
    """What must be reviewed, newest first."""
    return [
        {
            "id": i.id,
            "kind": i.kind,
            "about": i.about,
            "use": i.use,
            "text": i.text,
            "at_ns": ns(i.at),
            "index": i.index,
        }
        for i in islice(reversed(tuple(view.incidents)), SHOWN_MAX)
    ]


def chain(view: RecordView, command: str) -> Sequence[Mapping[str, Any]]:
    """R24: from an effect back to what allowed it: intent, decision, recommendation, approval, evidence."""
    trace = view.commands.get(command)
    if trace is None:
        return ()
    links: list[dict[str, Any]] = [{"what": "intent", "index": trace.intent.index, "by": trace.intent.actor}]
    links += [{"what": str(o.payload.get("phase")), "index": o.index, "by": o.actor} for o in trace.outcomes]
    proposal = view.proposals.get(str(trace.intent.payload.get("recommendation", "")))
    if proposal is not None:
        links.append({"what": proposal.record.kind, "index": proposal.record.index, "by": proposal.proposer})
        if proposal.decision is not None:
            links.append({"what": "decision", "index": proposal.decision.index, "by": proposal.decision.actor})
    baseline = str(trace.intent.payload.get("baseline", ""))
    before = trace.intent.index
    given = [a for a in view.approvals.get(trace.use, ()) if a.baseline == baseline and a.index < before]
    links += [{"what": f"approval for {a.tier}", "index": a.index, "by": a.approver} for a in given[-1:]]
    for (use, kind, bound), slot in tuple(view.evidence.items()):
        if use == trace.use and bound == baseline and slot.best is not None and slot.best.index < before:
            links.append({"what": kind, "index": slot.best.index, "by": slot.best.by})
    return tuple(sorted(links, key=lambda link: int(link["index"])))
