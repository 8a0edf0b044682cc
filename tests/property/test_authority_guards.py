"""Every guard counts: taking any row out of the table lets some case hold more than it may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from small_world import (
    CONFIRM,
    REMOTE,
    RUNNING,
    T0,
    USE,
    WRITE,
    Shell,
    forced,
    site,
    use,
    with_gateway,
    with_signal,
)

from andon.authority.compute import compute
from andon.authority.requirements import REQUIREMENTS, UNSEEN_AT_START
from andon.core.readings import Origin, Quality
from andon.core.time import SECOND, Nanos
from andon.ledger.record import NewRecord
from andon.site import model as m

TEMP = "oven-1.temperature"
DAY = 86_400 * SECOND


def changed(**more: object) -> m.Site:
    base = site()
    return base.model_copy(
        update={"uses": tuple(u.model_copy(update=more) if u.id == USE else u for u in base.uses)},
    )


def unbounded() -> m.Site:
    base = site()
    signals = tuple(s.model_copy(update={"max": None}) if s.id == WRITE else s for s in base.signals)
    return base.model_copy(update={"signals": signals})


def failed(kind: str) -> NewRecord:
    shell = forced(site())
    payload = {"use": USE, "kind": kind, "passed": False, "baseline": shell.authority().baseline, "parts": {}}
    return NewRecord("evidence", "twin", {**payload, "measured": {}, "until_ns": str(T0 + DAY)})


def lost(left: str) -> NewRecord:
    return NewRecord("authority.lost", "twin", {"use": USE, "from": "control", "to": left, "lost": []})


def personal() -> m.Site:
    return changed(signals=("oven-1.temperature", "testers.present"))


def incident(kind: str) -> NewRecord:
    return NewRecord("incident", "twin", {"id": "I-1", "kind": kind, "about": USE, "use": USE, "text": ""})


def part(ceiling: m.Tier, models: tuple[str, ...]) -> m.Site:
    base = changed(models=("simulate", "floor"))
    return base.model_copy(
        update={"uses": (*base.uses, use("floor", ceiling, models=models, signals=("lathe-1.state",)))}
    )


def part_at_analyse() -> Shell:
    """The part holds analyse and no more, so only recommend is out of reach."""
    the_site = part(m.Tier.ANALYSE, ("simulate",))
    shell = forced(the_site)
    baseline = shell.authority("floor").baseline
    shell.append(
        [NewRecord("use.published", "jonas", {"use": "floor", "digest": _document(the_site)})]
        + [
            NewRecord(
                "evidence",
                "twin",
                {
                    "use": "floor",
                    "kind": kind,
                    "passed": True,
                    "baseline": baseline,
                    "parts": {},
                    "measured": {"against": "virtual"},
                    "until_ns": str(T0 + DAY),
                },
            )
            for kind in ("verification", "validation", "uncertainty")
        ]
    )
    assert shell.authority("floor").tier is m.Tier.ANALYSE
    return shell


def _document(the_site: m.Site) -> str:
    from andon.authority.baseline import use_digest

    found = the_site.use("floor")
    assert found is not None
    return use_digest(found)


CHALLENGE = NewRecord(
    "challenge", "", {"id": "CH-1", "element": "oven-1", "reason": "hazard", "deadline_ns": str(T0 + DAY)}
)

# For each row of the table a case that this row alone holds back.
ALONE: dict[str, Callable[[], Shell]] = {
    "declared": lambda: forced(site().model_copy(update={"sources": ()})),
    "origin": lambda: forced(site(), lambda f: with_signal(f, TEMP, origin=Origin.SIMULATED)),
    "records": lambda: forced(site(), after=[NewRecord("challenge", "", {"id": "CH-1"})]),
    "published": lambda: forced(site(), after=[NewRecord("use.published", "jonas", {"use": USE, "digest": "other"})]),
    "models": lambda: forced(changed(models=())),
    "fresh": lambda: forced(site(), lambda f: with_signal(f, TEMP, fresh=False)),
    "quality": lambda: forced(site(), lambda f: with_signal(f, "oven-1.temperature", value=None)),
    "mbom": lambda: forced(site(), after=[NewRecord("run.started", "twin", {"mbom": {**RUNNING, "numba": "0"}})]),
    "verified": lambda: forced(site(), after=[failed("verification")]),
    "validated": lambda: forced(site(), lambda f: replace(f, virtual=False)),
    "uncertainty": lambda: forced(site(), after=[failed("uncertainty")]),
    "assumptions": lambda: forced(site().model_copy(update={"assumptions": ()})),
    "drift": lambda: forced(site(), after=[NewRecord("drift", "twin", {"use": USE})]),
    "agreement": lambda: forced(personal()),
    "part-analyse": lambda: forced(part(m.Tier.VISUALISE, ())),
    "live": lambda: forced(site(), lambda f: replace(f, mode="replay")),
    "clock": lambda: forced(site(), lambda f: replace(f, at=Nanos(f.at - 60 * SECOND))),
    "measured": lambda: forced(site(), lambda f: with_signal(f, TEMP, origin=Origin.INFERRED)),
    "good": lambda: forced(site(), lambda f: with_signal(f, TEMP, quality=Quality.UNCERTAIN)),
    "validity": lambda: forced(site(), lambda f: with_signal(f, TEMP, value=149.9)),
    "assumptions-reviewed": lambda: forced(
        site().model_copy(
            update={"assumptions": (site().assumptions[0].model_copy(update={"review_by": "2026-01-01"}),)}
        )
    ),
    "sim-to-real": lambda: forced(site(), after=[failed("sim-to-real")]),
    "challenges": lambda: forced(site(), after=[CHALLENGE]),
    "responsible": lambda: forced(changed(responsible="tom")),
    "part-recommend": part_at_analyse,
    "approval": lambda: forced(site(), after=[lost("analyse")]),
    "review": lambda: forced(site(), after=[incident("rubber-stamp")]),
    "writes": lambda: forced(unbounded()),
    "bounds": lambda: forced(site(), lambda f: with_gateway(f, bounds_signers=("maria",))),
    "gateway": lambda: forced(site(), lambda f: with_gateway(f, reachable=False)),
    "observable": lambda: forced(site(), lambda f: with_signal(f, CONFIRM, fresh=False)),
    "permissive": lambda: forced(site(), lambda f: with_signal(f, REMOTE, value=False)),
    "halt": lambda: forced(site(), lambda f: with_gateway(f, halted=("site",))),
    "unblocked": lambda: forced(site(), lambda f: with_gateway(f, blocked=("oven-1",))),
    "clock-true": lambda: forced(
        site(), lambda f: replace(f, speed=20.0, virtual=False), after=[validated_on_the_real_plant()]
    ),
    "undo-drill": lambda: forced(site(), after=[failed("undo-drill")]),
    "halt-drill": lambda: forced(site(), after=[failed("halt-drill")]),
    "incidents": lambda: forced(site(), after=[incident("override")]),
    "approval-control": lambda: forced(site(), after=[lost("recommend")]),
}


def validated_on_the_real_plant() -> NewRecord:
    shell = forced(site())
    payload = {"use": USE, "kind": "validation", "passed": True, "baseline": shell.authority().baseline, "parts": {}}
    return NewRecord(
        "evidence", "jonas", {**payload, "measured": {"against": "physical"}, "until_ns": str(T0 + 40 * DAY)}
    )


def test_the_forced_case_holds_control() -> None:
    assert forced(site()).authority().tier is m.Tier.CONTROL


def test_there_is_a_case_for_every_row() -> None:
    assert set(ALONE) == {r.id for r in REQUIREMENTS}
    assert set(ALONE) > UNSEEN_AT_START


@pytest.mark.parametrize("row", [r.id for r in REQUIREMENTS])
def test_without_this_row_the_case_would_hold_more(row: str) -> None:
    shell = ALONE[row]()
    whole = shell.authority()
    without = compute(USE, shell.view, shell.facts(), shell.site, tuple(r for r in REQUIREMENTS if r.id != row))
    assert whole.tier.rank < without.tier.rank, [r.id for r in whole.requirements if not r.met]
