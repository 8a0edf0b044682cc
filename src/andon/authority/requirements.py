"""The requirements: one table of what each tier demands, why, of whom, and the check that answers it."""

from __future__ import annotations

from dataclasses import dataclass

from andon.authority import checks_floor as floor
from andon.authority import checks_record as record
from andon.authority.case import Check
from andon.site.model import Tier


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row: a tier and every tier above it demand that `check` is met."""

    id: str
    tier: Tier
    title: str
    source: str
    owner: str
    next_step: str
    check: Check


V, A, R, C = Tier.VISUALISE, Tier.ANALYSE, Tier.RECOMMEND, Tier.CONTROL

REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement(
        "declared", V, "signals declared", "R1 R2", "engineer", "declare it in the site folder", floor.declared
    ),
    Requirement(
        "origin", V, "nothing simulated shown as live", "R1 R18", "engineer", "correct the source", floor.origin
    ),
    Requirement("records", A, "records whole", "R57", "engineer", "run `andon ledger verify`", record.records_whole),
    Requirement(
        "published", A, "context of use published", "R40 R41 R42", "engineer", "publish the use", record.published
    ),
    Requirement("models", A, "models known", "R9 R14", "engineer", "name a model in uses.yaml", floor.models),
    Requirement("fresh", A, "signals current", "R36", "engineer", "see that the source delivers", floor.fresh),
    Requirement("quality", A, "no signal Bad", "R19 R20", "engineer", "mend the sensor", floor.quality_usable),
    Requirement(
        "mbom",
        A,
        "runs what is listed",
        "R43 R44",
        "engineer",
        "restart the twin, so that a run is recorded",
        record.mbom,
    ),
    Requirement(
        "verified",
        A,
        "model verified",
        "R20 R41",
        "engineer",
        "run `andon rehearse`",
        record.evidence("verification", "verification"),
    ),
    Requirement(
        "validated", A, "model validated", "R20 R45 R47 R79 R89", "engineer", "run `andon rehearse`", record.validated
    ),
    Requirement(
        "uncertainty",
        A,
        "uncertainty stated and tested",
        "R20 R46",
        "engineer",
        "run `andon rehearse`",
        record.evidence("uncertainty", "uncertainty check"),
    ),
    Requirement(
        "assumptions", A, "assumptions declared", "R27", "engineer", "complete assumptions.yaml", record.assumptions
    ),
    Requirement("drift", A, "no drift", "R35", "engineer", "mend the cause and validate again", record.no_drift),
    Requirement(
        "agreement", A, "worker agreement", "R30 R51", "representative", "ask the representative", record.agreement
    ),
    Requirement(
        "part-analyse", A, "parts hold analyse", "R13", "engineer", "raise the part first", record.weakest_part(A)
    ),
    Requirement("live", R, "not a replay", "R36", "engineer", "run on the live floor", floor.live),
    Requirement("clock", R, "clock runs forward", "R36", "engineer", "mend the clock", floor.clock_forward),
    Requirement("measured", R, "signals measured", "R1 R13", "engineer", "connect the real sensor", floor.measured),
    Requirement("good", R, "quality Good", "R19 R36", "engineer", "mend the sensor", floor.quality_good),
    Requirement(
        "validity",
        R,
        "inside the validated range",
        "R16 R42",
        "engineer",
        "validate for these conditions",
        floor.validity,
    ),
    Requirement(
        "assumptions-reviewed",
        R,
        "assumptions reviewed in time",
        "R47 R63",
        "engineer",
        "review the assumption and give it a new day",
        record.assumptions_reviewed,
    ),
    Requirement(
        "sim-to-real",
        R,
        "sim-to-real record",
        "R74 R75 R76 R77 R78",
        "engineer",
        "run `andon rehearse`",
        record.evidence("sim-to-real", "sim-to-real record"),
    ),
    Requirement(
        "challenges", R, "no open challenge", "R48 R49", "supervisor", "answer the challenge", record.challenges
    ),
    Requirement(
        "responsible", R, "responsible person named", "R22", "supervisor", "name one in uses.yaml", record.responsible
    ),
    Requirement(
        "part-recommend", R, "parts hold recommend", "R13", "engineer", "raise the part first", record.weakest_part(R)
    ),
    Requirement(
        "approval",
        R,
        "recommend approved by somebody else",
        "R21 R23 R62",
        "safety",
        "request the tier, then have it approved",
        record.approved(R),
    ),
    Requirement(
        "review",
        R,
        "people look before they accept",
        "R26",
        "supervisor",
        "review, then approve control",
        record.review,
    ),
    Requirement("writes", C, "writes bounded and confirmed", "R22", "engineer", "complete signals.csv", floor.writes),
    Requirement(
        "bounds", C, "gateway bounds signed by two", "R22 R61", "safety", "sign the gateway's bounds", floor.bounds
    ),
    Requirement("gateway", C, "gateway answers", "R37", "engineer", "start the gateway", floor.gateway),
    Requirement(
        "observable",
        C,
        "written and confirming signals seen",
        "R36",
        "engineer",
        "see that both are read",
        floor.observable,
    ),
    Requirement(
        "permissive", C, "machine on remote", "R66", "worker", "turn the machine's switch to remote", floor.permissive
    ),
    Requirement("halt", C, "not halted", "R66 R67 R68", "supervisor", "two people reset the halt", floor.not_halted),
    Requirement(
        "unblocked", C, "no command in doubt", "R54", "engineer", "look, and resolve the command", floor.unblocked
    ),
    Requirement(
        "clock-true", C, "true clock, or a virtual plant", "R25", "engineer", "run at speed 1", floor.clock_true
    ),
    Requirement(
        "undo-drill",
        C,
        "undo rehearsed",
        "R22 R64",
        "engineer",
        "run `andon rehearse`",
        record.evidence("undo-drill", "undo drill"),
    ),
    Requirement(
        "halt-drill",
        C,
        "halt drilled",
        "R22 R67",
        "engineer",
        "run `andon rehearse`",
        record.evidence("halt-drill", "halt drill"),
    ),
    Requirement(
        "incidents",
        C,
        "no incident unreviewed",
        "R70 R71 R73",
        "safety",
        "review it, then approve control",
        record.incidents,
    ),
    Requirement(
        "approval-control",
        C,
        "control approved by somebody else",
        "R22 R23 R62",
        "safety",
        "request control, then have it approved",
        record.approved(C),
    ),
)
"""The ladder. `compute` refuses a table that is empty, repeats an id, or leaves a tier without a row."""

APPROVALS = frozenset({"approval", "approval-control"})
"""Rows that an approval itself meets: the only ones that may be open while somebody approves."""
UNSEEN_AT_START = frozenset(
    {
        "fresh",
        "quality",
        "good",
        "measured",
        "observable",
        "permissive",
        "validity",
        "gateway",
        "bounds",
        "part-analyse",
        "part-recommend",
    }
)
"""Rows that a twin which has just started cannot answer yet; for a short while their absence loses no authority."""
