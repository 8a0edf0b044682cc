"""Alarms: what is not normal now, since when, and what has just returned to normal. Nothing is acknowledged away."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from andon.control_room.floor import SHAPES
from andon.control_room.picture import Names, Picture, answered
from andon.control_room.present import duration, ns_of, number, time_of
from andon.core.readings import Quality
from andon.core.time import SECOND
from andon.sync.view import SignalView

RETURNED_S = 300
"""How long an alarm that has cleared stays visible as returned."""
KEPT_MAX = 200
BLOCKED_S = 120
"""A machine that is blocked no longer than this is no alarm: it is how a line breathes."""
NO_SESSION_S = 10
"""A gateway that connects again within this time is no alarm."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One abnormal condition. `state` is `active` or `returned` (ISA-18.2: active, returned to normal)."""

    key: str
    priority: int
    text: str
    detail: str
    href: str
    since: int
    state: str = "active"
    until: int | None = None
    delay_s: int = 0
    """Normal while it lasts no longer than this: a machine is blocked for a moment at every full buffer."""


def conditions(picture: Picture, names: Names) -> list[Alarm]:
    """Everything abnormal in one picture, most urgent first."""
    found = [
        *_halts(picture),
        *_commands(picture),
        *_sources(picture),
        *_machines(picture, names),
        *_signals(picture, names),
        *_drift(picture),
        *_lost(picture),
        *_overdue(picture, names),
    ]
    if not picture.gateway.reachable:
        why = picture.gateway.why or "it does not answer"
        found.append(Alarm("gateway", 2, "gateway not reachable", why, "/authority", picture.at))
    for source, why in picture.gateway.no_session.items():
        text = f"gateway has no session with {source}"
        found.append(Alarm(f"gateway {source}", 2, text, why, "/authority", picture.at, delay_s=NO_SESSION_S))
    return sorted(found, key=lambda a: (a.priority, a.since, a.key))


def _halts(picture: Picture) -> Iterator[Alarm]:
    for halt in picture.halts:
        scope = str(halt.get("scope", "site"))
        since = ns_of(halt, "since_ns") or picture.at
        yield Alarm(
            f"halt {scope}",
            1,
            f"twin actions halted: {scope}",
            str(halt.get("reason") or "no reason given"),
            "/halt",
            since,
        )


def _commands(picture: Picture) -> Iterator[Alarm]:
    for command in picture.commands:
        if command.get("phase") == "indeterminate":
            name = str(command.get("id", ""))
            since = ns_of(command, "at_ns") or picture.at
            yield Alarm(f"command {name}", 1, f"command {name} indeterminate", "look and resolve", "/commands", since)


def _sources(picture: Picture) -> Iterator[Alarm]:
    for source in picture.sources:
        if not source.get("up", True):
            since = time_of(source, "since") or picture.at
            yield Alarm(
                f"source {source['id']}",
                1,
                f"source {source['id']} down",
                str(source.get("why") or "no connection"),
                "/signals",
                since,
            )


def _machines(picture: Picture, names: Names) -> Iterator[Alarm]:
    for machine in (*names.machines, *names.vehicles):
        state = picture.current(f"{machine}.state")
        if isinstance(state, str):
            _, priority = SHAPES.get(state.lower(), ("", 0))
            if 0 < priority < 4:
                text = f"{names.of(machine)} {number(state)}"
                delay_s = 0 if priority <= 2 else BLOCKED_S
                key = f"state {machine} {state}"
                yield Alarm(key, priority, text, "", f"/m/{machine}", picture.at, delay_s=delay_s)


def _signals(picture: Picture, names: Names) -> Iterator[Alarm]:
    down = {str(s["id"]) for s in picture.sources if not s.get("up", True)}
    silent: dict[str, list[SignalView]] = {}
    for view in picture.views.values():
        where = names.of(view.element)
        href = f"/m/{view.element}"
        if view.quality is Quality.BAD and view.value is not None:
            yield Alarm(f"bad {view.signal}", 3, f"{view.signal} bad", view.why or "quality bad", href, picture.at)
        elif not view.fresh:
            if view.source not in down:
                silent.setdefault(view.element, []).append(view)
        elif view.quality is Quality.UNCERTAIN:
            yield Alarm(f"uncertain {view.signal}", 4, f"{view.signal} uncertain", where, href, picture.at)
        elif isinstance(view.value, int | float) and _outside(float(view.value), view.low, view.high):
            yield Alarm(
                f"limit {view.signal}", 2, f"{view.signal} outside its limits", number(view.value), href, picture.at
            )
    for element, views in silent.items():
        ages = [v.age_s for v in views if v.age_s is not None]
        since = picture.at - round(max(ages, default=0.0) * SECOND)
        of = sum(1 for v in picture.views.values() if v.element == element)
        said = "no data" if len(views) == of else f"{len(views)} of {of} signals silent"
        causes = "; ".join(sorted({v.why for v in views if v.why})[:3])
        yield Alarm(f"stale {element}", 4, f"{names.of(element)}: {said}", causes, f"/m/{element}", since)


def _drift(picture: Picture) -> Iterator[Alarm]:
    for authority in picture.authorities:
        for requirement in authority.requirements:
            if "drift" in requirement.id and not requirement.met and requirement.evidence:
                yield Alarm(
                    f"drift {authority.use}",
                    2,
                    f"{authority.use}: model drifts",
                    requirement.why,
                    f"/authority/{authority.use}",
                    picture.at,
                )


def _lost(picture: Picture) -> Iterator[Alarm]:
    for record in picture.lost:
        use = str(record.payload.get("use", ""))
        causes = record.payload.get("lost") or ()
        why = "; ".join(str(c.get("why", "")) for c in causes if isinstance(c, Mapping))
        text = f"{use} fell from {record.payload.get('from')} to {record.payload.get('to')}"
        yield Alarm(f"lost {use}", 2, text, why, f"/authority/{use}", record.at)


def _overdue(picture: Picture, names: Names) -> Iterator[Alarm]:
    for challenge in picture.challenges:
        deadline = ns_of(challenge, "deadline_ns")
        if not answered(challenge) and deadline is not None and deadline < picture.at:
            text = f"challenge {challenge['id']} not answered in time"
            late = duration((picture.at - deadline) / SECOND)
            yield Alarm(
                f"overdue {challenge['id']}",
                3,
                text,
                f"{names.of(str(challenge.get('element', '')))}, {late} late",
                "/challenges",
                deadline,
            )


def _outside(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


class AlarmBook:
    """Remembers when each condition began, and shows for a while that it has returned to normal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[str, Alarm] = {}
        self._returned: dict[str, Alarm] = {}

    def note(self, now: int, found: Iterable[Alarm]) -> list[Alarm]:
        """Active alarms, most urgent first, then those that returned to normal a short while ago."""
        with self._lock:
            return self._note(now, found)

    def _note(self, now: int, found: Iterable[Alarm]) -> list[Alarm]:
        fresh: dict[str, Alarm] = {}
        for alarm in found:
            before = self._active.get(alarm.key)
            fresh[alarm.key] = alarm if before is None else replace(alarm, since=min(before.since, alarm.since))
        for key, alarm in self._active.items():
            if key not in fresh and now - alarm.since >= alarm.delay_s * SECOND:
                self._returned[key] = replace(alarm, state="returned", until=now)
        self._active = fresh
        self._returned = {
            k: a
            for k, a in self._returned.items()
            if k not in fresh and a.until is not None and 0 <= now - a.until < RETURNED_S * SECOND
        }
        returned = sorted(self._returned.values(), key=lambda a: -(a.until or 0))
        lasting = [a for a in fresh.values() if now - a.since >= a.delay_s * SECOND]
        return [*lasting, *returned][:KEPT_MAX]
