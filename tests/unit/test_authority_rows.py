"""Authority, row by row: from a use that holds control, each single thing that takes it away, and how far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from small_world import (
    AMINA,
    CONFIRM,
    EVIDENCE,
    JONAS,
    LENA,
    REMOTE,
    RUNNING,
    T0,
    TWIN,
    USE,
    WRITE,
    Shell,
    facts,
    forced,
    site,
    use,
    with_gateway,
    with_signal,
)

from andon.authority.compute import compute
from andon.authority.facts import Facts
from andon.authority.records import RecordView
from andon.authority.requirements import REQUIREMENTS
from andon.core.canonical import digest
from andon.core.readings import Origin, Quality
from andon.core.time import SECOND, Nanos
from andon.ledger.record import NewRecord, Record
from andon.operate import port
from andon.site import model as m

DAY = 86_400 * SECOND
TEMP = "oven-1.temperature"
Change = Callable[[Facts], Facts]


def world(change: Change | None = None, the_site: m.Site | None = None) -> Shell:
    """A use that was commissioned up to control; `change` is what is true from then on."""
    shell = Shell(the_site)
    shell.commission()
    if change is not None:
        shell.facts = lambda base=shell.facts: change(base())  # type: ignore[method-assign]
    return shell


# What stands in the way, how it comes about, and the tier that is left.
FACT_ROWS: tuple[tuple[str, Change, m.Tier], ...] = (
    ("origin", lambda f: with_signal(f, TEMP, origin=Origin.SIMULATED), m.Tier.NONE),
    ("fresh", lambda f: with_signal(f, TEMP, fresh=False, why="38 s old"), m.Tier.VISUALISE),
    ("fresh", lambda f: with_signal(f, TEMP, source_time=Nanos(0), fresh=False, why="frozen"), m.Tier.VISUALISE),
    ("quality", lambda f: with_signal(f, TEMP, quality=Quality.BAD), m.Tier.VISUALISE),
    ("quality", lambda f: with_signal(f, WRITE, value=None), m.Tier.VISUALISE),
    ("good", lambda f: with_signal(f, TEMP, quality=Quality.UNCERTAIN), m.Tier.ANALYSE),
    ("measured", lambda f: with_signal(f, TEMP, origin=Origin.INFERRED), m.Tier.ANALYSE),
    ("measured", lambda f: with_signal(f, TEMP, origin=Origin.REPLAYED), m.Tier.ANALYSE),
    ("live", lambda f: replace(f, mode="replay"), m.Tier.ANALYSE),
    ("clock", lambda f: replace(f, at=Nanos(T0 - 60 * SECOND)), m.Tier.ANALYSE),
    ("validity", lambda f: with_signal(f, TEMP, value=211.0), m.Tier.ANALYSE),
    ("validity", lambda f: with_signal(f, TEMP, value=float("nan")), m.Tier.ANALYSE),
    ("validity", lambda f: with_signal(f, TEMP, value="hot"), m.Tier.ANALYSE),
    ("mbom", lambda f: replace(f, running={**RUNNING, "engine": "sha256:e2"}), m.Tier.VISUALISE),
    ("mbom", lambda f: replace(f, running={}), m.Tier.VISUALISE),
    ("gateway", lambda f: with_gateway(f, reachable=False, why="no socket"), m.Tier.RECOMMEND),
    ("bounds", lambda f: with_gateway(f, bounded=(WRITE,)), m.Tier.RECOMMEND),
    ("bounds", lambda f: with_gateway(f, bounds_digest=digest("other")), m.Tier.RECOMMEND),
    ("bounds", lambda f: with_gateway(f, bounds_signers=("maria",)), m.Tier.RECOMMEND),
    ("bounds", lambda f: with_gateway(f, bounds_signers=("jonas", "jonas2")), m.Tier.RECOMMEND),
    ("bounds", lambda f: with_gateway(f, bounds_signers=("maria", "nobody")), m.Tier.RECOMMEND),
    ("halt", lambda f: with_gateway(f, halted=("site",)), m.Tier.RECOMMEND),
    ("halt", lambda f: with_gateway(f, halted=("oven-1",)), m.Tier.RECOMMEND),
    ("halt", lambda f: with_gateway(f, halted=("a scope that nobody knows",)), m.Tier.RECOMMEND),
    ("unblocked", lambda f: with_gateway(f, blocked=("oven-2",)), m.Tier.RECOMMEND),
    ("permissive", lambda f: with_signal(f, REMOTE, value=False), m.Tier.RECOMMEND),
    ("permissive", lambda f: with_signal(f, REMOTE, value=1), m.Tier.RECOMMEND),
    ("permissive", lambda f: with_signal(f, REMOTE, fresh=False), m.Tier.RECOMMEND),
    ("permissive", lambda f: with_signal(f, REMOTE, quality=Quality.UNCERTAIN), m.Tier.RECOMMEND),
    ("observable", lambda f: with_signal(f, CONFIRM, fresh=False), m.Tier.RECOMMEND),
    ("observable", lambda f: with_signal(f, "oven-2.setpoint", quality=Quality.BAD), m.Tier.RECOMMEND),
    ("observable", lambda f: with_signal(f, CONFIRM, origin=Origin.SIMULATED), m.Tier.RECOMMEND),
    ("clock-true", lambda f: replace(f, speed=20.0, virtual=False), m.Tier.VISUALISE),
    ("validated", lambda f: replace(f, virtual=False), m.Tier.VISUALISE),
    ("verified", lambda f: replace(f, at=Nanos(T0 + 31 * DAY)), m.Tier.VISUALISE),
    ("assumptions-reviewed", lambda f: replace(f, at=Nanos(T0 + 400 * DAY)), m.Tier.VISUALISE),
)


def test_a_use_with_everything_holds_control() -> None:
    authority = world().authority()
    assert authority.tier is m.Tier.CONTROL
    assert all(r.met and r.why for r in authority.requirements)
    assert len(authority.requirements) == len(REQUIREMENTS)


@pytest.mark.parametrize(("lost", "change", "left"), FACT_ROWS)
def test_what_is_true_now_takes_it_away(lost: str, change: Change, left: m.Tier) -> None:
    authority = world(change).authority()
    assert authority.tier is left
    row = next(r for r in authority.requirements if r.id == lost)
    assert not row.met
    assert row.why
    assert row.owner
    assert row.next_step
    assert row.source


def payload_ns(at: int) -> str:
    return str(at)


def fact_of(kind: str, payload: dict[str, object], actor: str = "twin") -> NewRecord:
    return NewRecord(kind, actor, payload)


CHALLENGE = {"id": "CH-9", "element": "oven-1", "reason": "mismatch", "deadline_ns": payload_ns(T0 + DAY)}
RECORD_ROWS: tuple[tuple[str, NewRecord, m.Tier], ...] = (
    ("challenges", fact_of("challenge", CHALLENGE, ""), m.Tier.ANALYSE),
    ("challenges", fact_of("challenge", {**CHALLENGE, "element": "curing"}, ""), m.Tier.ANALYSE),
    ("challenges", fact_of("challenge", {**CHALLENGE, "element": "hall"}, ""), m.Tier.ANALYSE),
    ("challenges", fact_of("challenge", {**CHALLENGE, "element": "of another site"}, ""), m.Tier.ANALYSE),
    ("drift", fact_of("drift", {"use": USE, "statistic": 9.0, "threshold": 5.0}), m.Tier.VISUALISE),
    ("halt", fact_of("halt", {"id": "H-9", "scope": "site"}), m.Tier.RECOMMEND),
    ("halt", fact_of("halt", {"id": "H-9", "scope": "oven-2"}), m.Tier.RECOMMEND),
    ("halt", fact_of("halt", {"id": "H-9", "scope": "a scope that nobody knows"}), m.Tier.RECOMMEND),
    ("incidents", fact_of("incident", {"id": "I", "kind": "override", "about": USE}), m.Tier.RECOMMEND),
    (
        "incidents",
        fact_of("incident", {"id": "I", "kind": "not-confirmed", "about": "C", "use": USE}),
        m.Tier.RECOMMEND,
    ),
    ("review", fact_of("incident", {"id": "I", "kind": "rubber-stamp", "about": USE, "use": USE}), m.Tier.ANALYSE),
    ("approval", fact_of("approval.revoked", {"use": USE, "reason": "x"}, "maria"), m.Tier.ANALYSE),
    (
        "approval-control",
        fact_of("authority.lost", {"use": USE, "from": "control", "to": "recommend", "lost": []}),
        m.Tier.RECOMMEND,
    ),
    (
        "approval",
        fact_of("authority.lost", {"use": USE, "from": "control", "to": "visualise", "lost": []}),
        m.Tier.ANALYSE,
    ),
    ("published", fact_of("use.published", {"use": USE, "digest": "sha256:other"}, "jonas"), m.Tier.VISUALISE),
    ("mbom", fact_of("run.started", {"mbom": {**RUNNING, "numba": "0.62"}}), m.Tier.VISUALISE),
    ("records", fact_of("challenge", {"id": "CH-9"}), m.Tier.VISUALISE),
    ("records", fact_of("challenge.answered", {"challenge": "CH-77", "outcome": "mended"}), m.Tier.VISUALISE),
    ("records", fact_of("halt.reset", {"halt": "H", "by": ["maria", "maria"]}), m.Tier.VISUALISE),
)


@pytest.mark.parametrize(("lost", "record", "left"), RECORD_ROWS)
def test_what_is_on_record_takes_it_away(lost: str, record: NewRecord, left: m.Tier) -> None:
    shell = world()
    shell.append([record])
    authority = shell.authority()
    assert authority.tier is left
    assert lost in {r.id for r in authority.requirements if not r.met}


FAILED_ROWS = {
    # kind: (the tier that a failed check leaves, the tier that the same check, passed again, gives back by itself)
    "verification": (m.Tier.VISUALISE, m.Tier.ANALYSE),
    "validation": (m.Tier.VISUALISE, m.Tier.ANALYSE),
    "uncertainty": (m.Tier.VISUALISE, m.Tier.ANALYSE),
    "sim-to-real": (m.Tier.ANALYSE, m.Tier.ANALYSE),
    "undo-drill": (m.Tier.RECOMMEND, m.Tier.RECOMMEND),
    "halt-drill": (m.Tier.RECOMMEND, m.Tier.RECOMMEND),
}


@pytest.mark.parametrize("kind", EVIDENCE)
def test_a_failed_check_takes_it_away_and_a_passed_one_gives_no_approval_back(kind: str) -> None:
    shell = world()
    left, after = FAILED_ROWS[kind]
    shell.must(port.RecordEvidence(USE, kind, False, {}), TWIN)
    assert shell.authority().tier is left
    shell.tick()
    shell.must(port.RecordEvidence(USE, kind, True, {}), TWIN)
    assert shell.authority().tier is after


def other(the_site: m.Site, **more: object) -> m.Site:
    return the_site.model_copy(update=more)


def use_changed(**more: object) -> m.Site:
    base = site()
    uses = tuple(u.model_copy(update=more) if u.id == USE else u for u in base.uses)
    return other(base, uses=uses)


def signal_changed(name: str, **more: object) -> m.Site:
    base = site()
    return other(base, signals=tuple(s.model_copy(update=more) if s.id == name else s for s in base.signals))


SITE_ROWS: tuple[tuple[str, m.Site], ...] = (
    ("published", use_changed(question="another question")),
    ("declared", use_changed(signals=("oven-1.temperature", "oven-9.temperature"))),
    ("declared", other(site(), sources=())),
    ("declared", other(site(), elements=site().elements[1:])),
    ("models", use_changed(models=())),
    ("models", use_changed(models=("crystal-ball",))),
    ("fresh", use_changed(signals=())),
    ("assumptions", other(site(), assumptions=())),
    ("assumptions", other(site(), assumptions=(site().assumptions[0].model_copy(update={"origin": " "}),))),
    ("assumptions-reviewed", other(site(), assumptions=(site().assumptions[0].model_copy(update={"review_by": "?"}),))),
    ("responsible", use_changed(responsible="tom")),
    ("responsible", use_changed(responsible="nobody")),
    ("writes", use_changed(writes=())),
    ("writes", signal_changed(WRITE, max=None)),
    ("writes", signal_changed(WRITE, writable=False)),
    ("writes", signal_changed(WRITE, confirm_signal=WRITE)),
    ("writes", signal_changed(WRITE, confirm_tol=None)),
    ("writes", signal_changed(WRITE, permissive_signal=None)),
    ("writes", signal_changed(WRITE, permissive_signal="oven-1.key")),
    ("writes", signal_changed(WRITE, confirm_signal="oven-1.nothing")),
    ("writes", signal_changed(WRITE, confirm_s=None)),
    ("writes", signal_changed(WRITE, min=None)),
    ("agreement", use_changed(signals=("oven-1.temperature", "testers.present"))),
    ("part-analyse", use_changed(models=("simulate", "throughput"))),
    ("part-recommend", use_changed(models=("simulate", "throughput"))),
    ("verified", other(site(), digests={**site().digests, "layout": "sha256:moved"})),
    ("approval", other(site(), digests={**site().digests, "assumptions": "sha256:fitted anew"})),
)


@pytest.mark.parametrize(("lost", "changed"), SITE_ROWS)
def test_a_changed_site_takes_it_away(lost: str, changed: m.Site) -> None:
    shell = world()
    shell.site = changed
    authority = shell.authority()
    assert authority.tier is not m.Tier.CONTROL
    assert lost in {r.id for r in authority.requirements if not r.met}


def test_the_reason_names_what_changed_since_which_approval() -> None:
    shell = world()
    approval = next(r.index for r in shell.ledger.rows if r.kind == "approval")
    digests = {**shell.site.digests, "assumptions": "sha256:2", "layout": "sha256:2"}
    shell.site = other(shell.site, digests=digests)
    row = next(r for r in shell.authority().requirements if r.id == "approval-control")
    assert row.why == f"assumptions and layout changed since approval #{approval}"
    assert row.evidence == f"#{approval}"


@pytest.mark.parametrize(
    ("payload", "actor"),
    [
        ({"proposer": "amina"}, "amina"),
        ({"proposer": "jonas"}, "jonas2"),
        ({"proposer": "jonas"}, "tom"),
        ({"proposer": "jonas"}, "nobody"),
        ({"proposer": ""}, "amina"),
        ({"proposer": "jonas", "until_ns": payload_ns(T0)}, "amina"),
        ({"proposer": "jonas", "baseline": "sha256:other"}, "amina"),
        ({"proposer": "jonas", "tier": "analyse"}, "amina"),
        ({"proposer": "jonas", "until_ns": "soon"}, "amina"),
        ({"proposer": "jonas", "until_ns": 9e18}, "amina"),
    ],
)
def test_approvals_that_do_not_count(payload: dict[str, object], actor: str) -> None:
    shell = Shell()
    shell.commission(until=m.Tier.ANALYSE)
    whole = {
        "use": USE,
        "tier": "control",
        "baseline": shell.authority().baseline,
        "parts": {},
        "until_ns": payload_ns(T0 + DAY),
        "reason": "",
    }
    shell.append([fact_of("approval", {**whole, **payload}, actor)])
    assert shell.authority().tier.rank <= m.Tier.ANALYSE.rank
    shell.view.unreadable.clear()
    assert shell.authority().tier is m.Tier.ANALYSE


@pytest.mark.parametrize("measured", [{"against": ""}, {"against": None}, {"against": 1}, {}])
def test_a_validation_that_does_not_say_against_what_counts_for_nothing(measured: dict[str, object]) -> None:
    shell = forced(site())
    baseline = shell.authority().baseline
    payload = {"use": USE, "kind": "validation", "passed": True, "baseline": baseline, "parts": {}}
    shell.append([fact_of("evidence", {**payload, "measured": measured, "until_ns": payload_ns(T0 + 60 * DAY)})])
    assert shell.authority().tier is m.Tier.VISUALISE


def test_what_is_missing_is_said_in_words() -> None:
    shell = Shell()
    words = {r.id: r.why for r in shell.authority().requirements if not r.met}
    assert words["verified"] == "no verification is on record"
    assert words["published"] == "the context of use was never published"
    assert words["approval-control"] == "nobody has approved control"
    shell = forced(site(), after=[])
    payload = {"use": USE, "kind": "verification", "passed": False, "baseline": shell.authority().baseline}
    shell.append([fact_of("evidence", {**payload, "parts": {}, "measured": {}, "until_ns": payload_ns(T0 + DAY)})])
    row = next(r for r in shell.authority().requirements if r.id == "verified")
    assert row.why == f"verification #{len(shell.ledger.rows) - 1} failed"
    assert row.evidence == f"#{len(shell.ledger.rows) - 1}"
    shell.site = other(shell.site, digests={**shell.site.digests, "layout": "2"})
    row = next(r for r in shell.authority().requirements if r.id == "verified")
    assert "changed since verification #" in row.why


def test_an_assumption_is_good_through_the_day_of_its_review() -> None:
    today = site().assumptions[0].model_copy(update={"review_by": "2027-01-15"})
    yesterday = today.model_copy(update={"review_by": "2027-01-14"})
    assert forced(site(assumptions=(today,))).authority().tier is m.Tier.CONTROL
    assert forced(site(assumptions=(yesterday,))).authority().tier is m.Tier.ANALYSE


def test_a_rubber_stamp_is_mended_by_an_approval_for_control_that_is_later() -> None:
    shell = forced(site(), after=[fact_of("incident", {"id": "I", "kind": "rubber-stamp", "about": USE, "use": USE})])
    assert shell.authority().tier is m.Tier.ANALYSE
    again = next(r for r in shell.ledger.rows if r.kind == "approval")
    shell.append([fact_of("approval", {**again.payload, "tier": "recommend"}, "amina")])
    assert shell.authority().tier is m.Tier.ANALYSE
    shell.append([fact_of("approval", dict(again.payload), "amina")])
    assert shell.authority().tier is m.Tier.CONTROL


def test_evidence_is_over_at_its_last_moment_and_not_before() -> None:
    for at, left in ((T0 + 30 * DAY - 1, m.Tier.CONTROL), (T0 + 30 * DAY, m.Tier.VISUALISE)):
        shell = forced(site())
        assert compute(USE, shell.view, facts(site(), at), site()).tier is left


def test_an_approval_for_control_covers_recommend_and_not_the_other_way_round() -> None:
    shell = Shell()
    shell.commission(until=m.Tier.RECOMMEND)
    assert shell.authority().tier is m.Tier.RECOMMEND
    assert [r.id for r in shell.authority().missing(m.Tier.CONTROL)] == ["approval-control"]


def test_the_ceiling_lowers_and_never_raises() -> None:
    for ceiling in m.Tier:
        the_site = use_changed(ceiling=ceiling)
        shell = Shell(the_site)
        shell.append([fact_of("run.started", {"mbom": dict(RUNNING)})])
        shell.must(port.PublishUse(USE), JONAS)
        for kind in EVIDENCE:
            shell.must(port.RecordEvidence(USE, kind, True, {}), TWIN)
        assert shell.authority().tier.rank <= min(ceiling.rank, m.Tier.ANALYSE.rank)


def test_personal_signals_need_the_representative() -> None:
    the_site = use_changed(signals=("oven-1.temperature", "testers.present"), ceiling=m.Tier.ANALYSE)
    shell = Shell(the_site)
    shell.commission(until=m.Tier.ANALYSE)
    assert shell.authority().tier is m.Tier.VISUALISE
    assert shell.refused(port.RecordEvidence(USE, "agreement", True, {}), JONAS) == {"role"}
    shell.must(port.RecordEvidence(USE, "agreement", True, {"text": "agreed"}), LENA)
    assert shell.authority().tier is m.Tier.ANALYSE
    shell.must(port.RecordEvidence(USE, "agreement", False, {"text": "withdrawn"}), LENA)
    assert shell.authority().tier is m.Tier.VISUALISE


def test_a_composed_use_holds_what_its_weakest_part_holds() -> None:
    base = site()
    composed = use("whole", m.Tier.RECOMMEND, models=("simulate", USE), signals=("oven-1.temperature",))
    shell = Shell(other(base, uses=(*base.uses, composed)))
    shell.commission()
    shell.must(port.PublishUse("whole"), JONAS)
    for kind in EVIDENCE:
        shell.must(port.RecordEvidence("whole", kind, True, {}), TWIN)
    shell.must(port.RequestTier("whole", m.Tier.RECOMMEND, "x"), JONAS)
    shell.must(port.Approve("whole", m.Tier.RECOMMEND, "x"), AMINA)
    assert shell.authority("whole").tier is m.Tier.RECOMMEND
    shell.append([fact_of("drift", {"use": USE})])
    assert shell.authority(USE).tier is m.Tier.VISUALISE
    assert shell.authority("whole").tier is m.Tier.VISUALISE


def test_a_use_composed_of_itself_holds_nothing() -> None:
    base = site()
    shell = Shell(other(base, uses=(*base.uses, use("loop", m.Tier.ANALYSE, models=("simulate", "loop")))))
    shell.must(port.PublishUse("loop"), JONAS)
    assert shell.authority("loop").tier is m.Tier.VISUALISE


def test_an_unknown_use_holds_nothing_and_says_why() -> None:
    authority = compute("nothing", RecordView(), facts(site()), site())
    assert authority.tier is m.Tier.NONE
    assert "no context of use `nothing`" in authority.requirements[0].why


def test_an_empty_table_or_one_without_a_tier_proves_nothing() -> None:
    shell = world()
    assert compute(USE, shell.view, shell.facts(), shell.site, ()).tier is m.Tier.NONE
    for tier in (m.Tier.VISUALISE, m.Tier.ANALYSE, m.Tier.RECOMMEND, m.Tier.CONTROL):
        table = tuple(r for r in REQUIREMENTS if r.tier is not tier)
        assert compute(USE, shell.view, shell.facts(), shell.site, table).tier.rank == tier.rank - 1


def test_a_row_that_stands_twice_proves_nothing() -> None:
    shell = world()
    assert compute(USE, shell.view, shell.facts(), shell.site, (*REQUIREMENTS, REQUIREMENTS[0])).tier is m.Tier.NONE


@pytest.mark.parametrize("answer", [None, True, "met", 1, object()])
def test_a_check_that_answers_anything_but_a_verdict_is_unmet(answer: object) -> None:
    shell = world()
    strange = replace(REQUIREMENTS[0], check=lambda _case: answer)  # type: ignore[arg-type,return-value]
    authority = compute(USE, shell.view, shell.facts(), shell.site, (strange, *REQUIREMENTS[1:]))
    assert authority.tier is m.Tier.NONE
    assert not authority.requirements[0].met


def test_a_check_that_throws_is_unmet_and_says_so() -> None:
    def broken(_case: object) -> object:
        raise ZeroDivisionError("by nothing")

    shell = world()
    table = tuple(replace(r, check=broken) if r.id == "challenges" else r for r in REQUIREMENTS)  # type: ignore[arg-type]
    authority = compute(USE, shell.view, shell.facts(), shell.site, table)
    assert authority.tier is m.Tier.ANALYSE
    assert "ZeroDivisionError" in next(r.why for r in authority.requirements if r.id == "challenges")


def test_a_gap_in_the_records_is_not_read_over() -> None:
    shell = world()
    shell.view.add(Record(shell.view.size + 3, "decision", T0, "maria", {}))
    assert shell.authority().tier is m.Tier.VISUALISE


def test_a_past_moment_is_judged_by_the_records_of_that_moment() -> None:
    shell = world()
    before = shell.at
    shell.at = Nanos(shell.at + 100 * SECOND)
    shell.must(port.Revoke(USE, "second thoughts"), AMINA)
    then = RecordView.of(shell.ledger.rows, until=before)
    assert compute(USE, then, facts(shell.site, before), shell.site).tier is m.Tier.CONTROL
    assert compute(USE, shell.view, facts(shell.site, shell.at), shell.site).tier is m.Tier.ANALYSE


def test_what_happens_elsewhere_takes_nothing_away_here() -> None:
    elsewhere: tuple[NewRecord, ...] = (
        fact_of("halt", {"id": "H-9", "scope": "lathe-1"}),
        fact_of("challenge", {**CHALLENGE, "element": "turning"}, ""),
        fact_of("drift", {"use": "throughput"}),
        fact_of("incident", {"id": "I", "kind": "override", "about": "throughput"}),
        fact_of("incident", {"id": "I", "kind": "challenge-overdue", "about": USE}),
        fact_of("approval.revoked", {"use": "throughput", "reason": "x"}),
        fact_of("authority.lost", {"use": "throughput", "from": "control", "to": "none", "lost": []}),
        fact_of("authority.lost", {"use": USE, "from": "recommend", "to": "recommend", "lost": []}),
    )
    for record in elsewhere:
        shell = world()
        shell.append([record])
        assert shell.authority().tier is m.Tier.CONTROL, record
    for change in (
        lambda f: with_gateway(f, halted=("lathe-1",)),
        lambda f: with_gateway(f, blocked=("lathe-1",)),
        lambda f: with_signal(f, "lathe-1.state", fresh=False),
        lambda f: with_signal(f, TEMP, value=210.0),
        lambda f: with_signal(f, TEMP, value=150),
        lambda f: replace(f, at=Nanos(T0 - 2 * SECOND)),
    ):
        assert world(change).authority().tier is m.Tier.CONTROL


@pytest.mark.parametrize(
    ("signal_id", "phase", "left"),
    [
        (WRITE, "indeterminate", m.Tier.RECOMMEND),
        ("lathe-1.speed", "indeterminate", m.Tier.CONTROL),
        (WRITE, "void", m.Tier.CONTROL),
        (WRITE, "acknowledged", m.Tier.CONTROL),
    ],
)
def test_a_command_in_doubt_blocks_its_own_asset_only(signal_id: str, phase: str, left: m.Tier) -> None:
    shell = world()
    intent = {"command": "C-9", "signal": signal_id, "use": USE, "value": 1.0, "baseline": "", "epoch": 1, "by": "x"}
    shell.append([fact_of("command.intent", intent), fact_of("command.outcome", {"command": "C-9", "phase": phase})])
    assert shell.authority().tier is left
