"""Commissioning on a virtual plant: plays the plan of `evidence.rehearsal` and measures; people still approve."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from andon.app import verify
from andon.app.rig import PEOPLE, Rig, rig
from andon.core.readings import Value
from andon.dispatch.confirm import differs
from andon.evidence import rehearsal, sim_to_real, validation
from andon.evidence.found import Found
from andon.models.simulate.calendar import first_shift_start
from andon.operate.outcome import HaltGateway, Result, SendCommand
from andon.site.model import ContextOfUse, Site, Tier

Say = Callable[[str], None]
SETTLE_S = 1.0


def rehearse(site: Site, folder: Path, uses: list[ContextOfUse], seed: int, say: Say) -> list[Found]:
    """Everything that the uses' ceilings demand, played through once. What failed is found, too.

    The plant that forecasts are held against begins on a day that the site's calendar alone decides: the same seed
    makes the same evidence on any day and any machine.

    Raises:
        RigFailed: the rig does not come up.
    """
    found: list[Found] = []
    modelled = [u for u in uses if "simulate" in u.models and u.ceiling.rank >= Tier.ANALYSE.rank]
    if modelled:
        checks = verify.verification(site, say)
        comparisons = verify.validation(site, first_shift_start(site), seed, say)
        say(verify.coverage(comparisons))
        for use in modelled:
            found.append(rehearsal.judge_verification(use.id, checks))
            found += validation.judge(use.id, comparisons, "virtual")
    controlled = [u for u in uses if u.ceiling is Tier.CONTROL]
    tested: dict[str, bool] = {}
    if controlled:
        with rig(site, folder, seed) as drill:
            for use in controlled:
                found.append(_undo(drill, use, say))
            say("halt drill: one press at the gateway, with no twin")
            halted = _halt(drill, controlled[0])
            found += [rehearsal.judge_halt(use.id, halted) for use in controlled]
            tested["gateway killed while halted"] = halted.survives_restart
            tested["command offered under halt"] = halted.writes_after == 0
    found += [
        sim_to_real.found(site, use, tested=tested or {"forecasts held against the virtual plant": bool(modelled)})
        for use in uses
        if use.ceiling.rank >= Tier.RECOMMEND.rank
    ]
    return found


def _command(drill: Rig, step: rehearsal.UndoStep, name: str, value: Value) -> Result:
    """One write through the rig's gateway, from what is seen there now."""
    signal = drill.site.signal(step.signal)
    fact = drill.way_out.fact()
    expected = drill.values().get(step.signal, step.previous)
    return drill.way_out.send(
        SendCommand(
            command=name,
            use=step.use,
            signal=step.signal,
            element=signal.element if signal else "",
            value=value,
            unit=signal.unit if signal else "",
            expected=expected,
            low=signal.min if signal else None,
            high=signal.max if signal else None,
            baseline="sha256:drill",
            epoch=fact.epoch,
        )
    )


def _undo(drill: Rig, use: ContextOfUse, say: Say) -> Found:
    planned = rehearsal.plan(drill.site, use, drill.values())
    measured: list[rehearsal.UndoMeasured] = []
    for number, step in enumerate(planned.undo):
        say(f"undo drill: {step.signal} from {step.previous} to {step.value} and back")
        before = drill.writes(step.signal)
        there = _confirmed(drill, step, f"drill-{use.id}-{number}-there", step.value)
        back = _confirmed(drill, step, f"drill-{use.id}-{number}-back", step.previous)
        view = drill.floor.view(step.confirm_signal)
        measured.append(
            rehearsal.UndoMeasured(
                step.signal, there, back, view.value if view else None, drill.writes(step.signal) - before
            )
        )
    return rehearsal.judge_undo(planned, measured)


def _confirmed(drill: Rig, step: rehearsal.UndoStep, name: str, value: Value) -> float | None:
    """Site seconds from the write until another signal shows it; None when it does not, or was refused."""
    began = drill.clock.now()
    if _command(drill, step, name, value).phase != "acknowledged":
        return None
    limit_real_s = step.limit_s / drill.clock.mapping.speed + SETTLE_S
    deadline = time.monotonic() + limit_real_s
    while time.monotonic() < deadline:
        view = drill.floor.view(step.confirm_signal)
        if view is not None and view.fresh and not differs(view.value, value, step.tolerance):
            return (drill.clock.now() - began) / 1e9
        time.sleep(0.02)
    return None


def _halt(drill: Rig, use: ContextOfUse) -> rehearsal.HaltMeasured:
    planned = rehearsal.plan(drill.site, use, drill.values())
    began = time.monotonic()
    latched = drill.way_out.halt(HaltGateway("H-drill", "site", "halt drill"))
    took = time.monotonic() - began
    before = drill.writes()
    refused = [_command(drill, step, f"drill-under-halt-{i}", step.value) for i, step in enumerate(planned.undo)]
    drill.kill_gateway()
    drill.start_gateway()
    survives = bool(drill.way_out.fact().halted)
    refused += [_command(drill, step, f"drill-after-restart-{i}", step.value) for i, step in enumerate(planned.undo)]
    one_refused = not drill.reset(PEOPLE[:1])
    two = drill.reset(PEOPLE)
    time.sleep(SETTLE_S)
    after = drill.writes()
    return rehearsal.HaltMeasured(
        latched_s=took if latched.ok else None,
        writes_after=after - before,
        survives_restart=survives,
        works_without_twin=latched.ok,
        one_person_refused=one_refused and all(r.phase != "acknowledged" for r in refused),
        two_people_reset=two,
        resumed_by_itself=after != before,
    )
