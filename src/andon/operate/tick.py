"""What time alone brings: authority lost, effects confirmed or missed, answers overdue, proposals expired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from andon.authority.baseline import index_of
from andon.authority.compute import compute_all
from andon.authority.facts import Authority
from andon.authority.transitions import LATCHED, all_held, transitions
from andon.core.canonical import canonical
from andon.core.time import Nanos, nanos
from andon.dispatch.command import Command, in_force, unsettled
from andon.dispatch.confirm import override, watch
from andon.dispatch.moves import Phase
from andon.ledger.record import NewRecord
from andon.operate.commands import outcome_record, tired
from andon.operate.floor import SEEN_S, unlatched
from andon.operate.outcome import Effect, FenceAndAsk, Outcome, RaiseEpoch, World, ns

START_S = 30.0
"""Real seconds after a start in which what has not been seen yet loses no authority (and gives none either)."""
FLICKER_S = 3.0
"""Real seconds for which, under a scaled clock only, what is not seen may be the machine's load and not the floor."""
STUCK_S = 10.0
"""Real seconds after which a command without an answer is asked after."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What one run of the twin remembers between ticks. A restart starts with an empty one."""

    since: Nanos | None = None
    """Site time of the first tick."""
    regained: frozenset[str] = frozenset()
    """Uses that have held, in this run, what the records say that they hold."""
    unheld: Mapping[str, Nanos] = field(default_factory=dict)
    """Uses that hold less than the records say, since when."""
    gateway_halts: Mapping[str, Nanos] = field(default_factory=dict)
    """Scopes that the gateway says are halted and no record says so, since when."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick came to: the outcome for the shell, the memory for the next tick, and the authorities as computed."""

    outcome: Outcome
    memory: Memory
    authorities: Mapping[str, Authority]


def tick(world: World, memory: Memory, alarms: Sequence[Mapping[str, Any]] = ()) -> Ticked:
    """Called every second, and after every change of the ledger.

    Args:
        world: records and fresh facts.
        memory: what the last tick returned.
        alarms: drifts that the detectors report, each `{use, statistic, threshold, ...}`.
    """
    since = world.now if memory.since is None or world.now < memory.since else memory.since
    authorities = compute_all(world.view, world.facts, world.site)
    lost, regained, unheld = _lost(world, authorities, since, memory)
    if world.facts.mode != "live":
        lost, alarms = [], ()  # a replay looks at another time: it shows less, and takes nothing from the live floor
    watched, stuck = _watch(world)
    halts, seen = _gateway_halts(world, memory)
    records = [
        *lost,
        *watched,
        *_overrides(world),
        *_expired(world),
        *_overdue(world),
        *_drifts(world, alarms),
        *_bounds(world),
        *halts,
    ]
    effects: list[Effect] = []
    if lost:
        uses = ", ".join(sorted({str(r.payload["use"]) for r in lost}))
        effects.append(RaiseEpoch(f"authority of {uses} lost"))
    effects += stuck
    effects += unlatched(world)
    kept = Memory(since, regained, unheld, seen)
    message = "; ".join(f"{r.payload['use']} lost {r.payload['from']}" for r in lost)
    return Ticked(Outcome(tuple(records), tuple(effects), message), kept, authorities)


def _lost(
    world: World, authorities: Mapping[str, Authority], since: Nanos, memory: Memory
) -> tuple[list[NewRecord], frozenset[str], dict[str, Nanos]]:
    """Records of what was lost, the uses that hold again what they held before the start, and those that do not."""
    speed = max(world.facts.speed, 1.0)
    starting = world.now - since < nanos(START_S * speed)
    lost: list[NewRecord] = []
    unheld: dict[str, Nanos] = {}
    regained = set(memory.regained)
    for use, had in all_held(world.view).items():
        if had not in LATCHED:
            continue
        now = authorities.get(use)
        if now is not None and now.tier.rank >= had.rank:
            regained.add(use)
            continue
        unheld[use] = memory.unheld.get(use, world.now)
        flicker = speed > 1.0 and world.now - unheld[use] < nanos(FLICKER_S * speed)
        lost += transitions(
            {use: had},
            {use: now} if now is not None else {},
            unseen=(starting and use not in memory.regained) or flicker,
        )
    return lost, frozenset(regained), unheld


def _watch(world: World) -> tuple[list[NewRecord], list[FenceAndAsk]]:
    """Commands that wait for another signal to show them, and commands that wait for an answer."""
    index = index_of(world.site)
    records: list[NewRecord] = []
    stuck: list[FenceAndAsk] = []
    commands = unsettled(world.view)
    being_undone = {c.undo_of for c in commands if c.undo_of}
    for command in commands:
        signal = index.signals.get(command.signal)
        if command.phase in {Phase.INTENDED, Phase.SENT}:
            waited = world.now - command.times[Phase.INTENDED] > nanos(STUCK_S * max(world.facts.speed, 1.0))
            if waited and (world.facts.gateway.reachable or tired(command, world)):
                element = signal.element if signal is not None else command.signal.partition(".")[0]
                stuck.append(FenceAndAsk(command.id, command.signal, element))
        elif command.phase is Phase.ACKNOWLEDGED and command.id not in being_undone:
            seen = watch(command, signal, world.facts)
            if seen.state != "waiting":
                measured = {"value": seen.value, "source_ns": ns(seen.source_time) if seen.source_time else ""}
                records.append(outcome_record(command.id, seen.state, seen.why, measured))
            if seen.state == "confirmed" and command.undo_of in world.view.commands:
                records.append(outcome_record(command.undo_of, "undone", f"by command `{command.id}`"))
            if seen.state == "not-confirmed":
                records += _incident(world, "not-confirmed", command, f"command `{command.id}`: {seen.why}")
    return records, stuck


def _incident(world: World, kind: str, command: Command, text: str) -> list[NewRecord]:
    """One incident of a kind about a command; none when it is on record already."""
    unique = f"{kind}:{command.id}"
    if world.view.taken("incident", unique):
        return []
    payload = {"id": f"I-{command.id}-{kind}", "kind": kind, "about": command.id, "use": command.use, "text": text}
    return [NewRecord("incident", "twin", payload, unique=unique)]


def _overrides(world: World) -> list[NewRecord]:
    """Somebody set something else at the machine: reviewed, never fought."""
    records: list[NewRecord] = []
    for command in in_force(world.view).values():
        text = override(command, world.facts)
        if text:
            records += _incident(world, "override", command, text)
    return records


def _expired(world: World) -> list[NewRecord]:
    """No answer in time counts as no."""
    return [
        NewRecord(
            "decision",
            "",
            {
                "recommendation": name,
                "use": trace.use,
                "accept": False,
                "reason": "nobody decided in time, which counts as no",
                "looked": False,
            },
            unique=name,
        )
        for name, trace in world.view.proposals_open.items()
        if trace.expires <= world.now
    ]


def _overdue(world: World) -> list[NewRecord]:
    records = []
    for case in world.view.challenges_open.values():
        unique = f"challenge-overdue:{case.id}"
        if case.answer is None and case.deadline <= world.now and not world.view.taken("incident", unique):
            text = f"challenge `{case.id}` on `{case.element}` was not answered in time"
            payload = {"id": f"I-{case.id}", "kind": "challenge-overdue", "about": case.id, "use": "", "text": text}
            records.append(NewRecord("incident", "twin", payload, unique=unique))
    return records


def _drifts(world: World, alarms: Sequence[Mapping[str, Any]]) -> list[NewRecord]:
    """One record for each drift that is not on record since the use was last validated."""
    records = []
    for alarm in alarms:
        use = str(alarm.get("use", ""))
        known = world.view.drift.get(use)
        if known is not None and world.view.validated_at.get(use, -1) < known.index:
            continue
        records.append(NewRecord("drift", "twin", {**_plain(alarm), "use": use}))
    return records


def _plain(alarm: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        canonical(dict(alarm))
    except Exception:  # noqa: BLE001 - a drift is recorded even when its figures cannot be
        return {"unreadable": True}
    return alarm


def _bounds(world: World) -> list[NewRecord]:
    """What the gateway says its bounds are, when that differs from what it said last."""
    said = world.facts.gateway
    if not said.reachable or not said.bounds_digest:
        return []
    payload = {"digest": said.bounds_digest, "signers": list(said.bounds_signers)}
    if world.view.bounds is not None and dict(world.view.bounds.payload) == payload:
        return []
    return [NewRecord("gateway.bounds", "twin", payload)]


def _gateway_halts(world: World, memory: Memory) -> tuple[list[NewRecord], Mapping[str, Nanos]]:
    """Halts pulled at the gateway itself, perhaps while the twin was dead: on record once seen for long enough."""
    on_record = {h.scope for h in world.view.halts.values()}
    said = world.facts.gateway
    unknown = [s for s in said.halted if s not in on_record] if said.reachable else []
    seen = {s: memory.gateway_halts.get(s, world.now) for s in unknown}
    limit = SEEN_S * max(world.facts.speed, 1.0)
    records = [
        NewRecord(
            "halt",
            "",
            {
                "id": f"H-gateway-{scope}-{world.view.size}",
                "scope": scope,
                "reason": "pulled at the gateway",
                "station": "gateway",
                "answers": {"gateway": "latched"},
            },
        )
        for scope, first in seen.items()
        if world.now - first >= limit
    ]
    return records, seen
