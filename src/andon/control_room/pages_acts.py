"""What people do on pages: every form posts here, and every handler asks the desk one thing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from andon.control_room.api_acts import TOO_MANY
from andon.control_room.forms import Form, Open, Person, TheRoom, need
from andon.control_room.reset import reset as reset_halt
from andon.control_room.room import Room
from andon.control_room.settings import REASON_MAX, WORDS_MAX
from andon.core.readings import Value
from andon.core.refusals import Refusal, refuse
from andon.operate import port
from andon.operate.port import Done, Who
from andon.site.model import Signal, Tier

router = APIRouter(include_in_schema=False)


def _reason(form: dict[str, str]) -> str:
    return form.get("reason", "")[:REASON_MAX]


def _finish(request: Request, room: Room, form: dict[str, str], act: port.Request | Refusal, who: Who) -> Response:
    answer = act if isinstance(act, Refusal) else room.desk.submit(act, who)
    return room.after(request, answer, form.get("back", "/"))


# --- without signing in


@router.post("/halt")
def halt(request: Request, room: TheRoom, form: Open) -> Response:
    """One press. Never refused here: what the desk answers is shown."""
    who = room.who(request) or Who(station=form.get("station", "")[:64])
    answer = room.desk.submit(port.Halt(form.get("scope") or "site", form.get("reason", "")[:WORDS_MAX]), who)
    refusal, done = (answer, None) if isinstance(answer, Refusal) else (None, answer)
    return room.page(
        request,
        "halted.html",
        200 if done else 503,
        answer=None if done is None else heard(done),
        halted=done,
        refusal=refusal,
        station=form.get("station", ""),
    )


def heard(done: Done) -> dict[str, Any]:
    """Who was asked to halt, who confirmed, who stayed silent: from the answer, else from what was recorded."""
    detail: dict[str, Any] = dict(done.detail)
    for inner in (detail.get("answers"), *(r.payload.get("answers") for r in done.records)):
        if isinstance(inner, Mapping):
            detail = {**inner, **detail}
    return {
        "asked": _names(detail.get("asked")),
        "confirmed": _names(detail.get("confirmed")),
        "silent": _names(detail.get("silent")),
        "in_flight": _names(detail.get("in_flight")),
        "latched": detail.get("latched", detail.get("gateway") == "latched"),
    }


def _names(said: Any) -> str:
    """A count or a list of names as one text; empty when nothing was said.

    >>> _names(3), _names(["oven-1", "oven-2"]), _names(None), _names([])
    ('3', 'oven-1, oven-2', '', '')
    """
    if said is None or said is False or said == "":
        return ""
    return ", ".join(str(s) for s in said) if isinstance(said, list | tuple) else str(said)


@router.post("/challenge")
def challenge(request: Request, room: TheRoom, form: Open) -> Response:
    """One tap. Bounded for each station, and a hazard is never held back."""
    element, reason = form.get("element", ""), form.get("reason", "")
    station = form.get("station", "")[:64]
    if element not in room.names.elements or reason not in get_args(port.ChallengeReason):
        wrong = refuse("challenge-incomplete", "the place or the reason is missing", "choose both, then send")
        return room.refused(request, wrong, f"/w/{station}" if station else "/challenge", 422)
    if reason != "hazard" and not room.challenges_seen.take(station or "page"):
        return room.refused(request, TOO_MANY, f"/w/{station}" if station else "/challenge", 429)
    who = room.who(request) or Who(station=station)
    act = port.Challenge(element, reason, form.get("words", "")[:WORDS_MAX])  # type: ignore[arg-type]  # checked above
    answer = room.desk.submit(act, who)
    if isinstance(answer, Refusal):
        return room.refused(request, answer, f"/w/{station}" if station else "/challenge")
    payload = answer.records[0].payload if answer.records else {}
    number = str(answer.detail.get("id") or answer.detail.get("challenge") or payload.get("id") or "")
    deadline = str(answer.detail.get("deadline_ns") or payload.get("deadline_ns") or "")
    return room.page(
        request,
        "receipt.html",
        number=number,
        message=answer.message,
        element=element,
        reason=reason,
        deadline=int(deadline) if deadline.isdigit() else None,
        station=station,
    )


# --- with a person


@router.post("/decide/{name}")
def decide(request: Request, room: TheRoom, name: str, form: Form, who: Person) -> Response:
    """Accept or reject, with a reason that the floor can read."""
    choice = form.get("choice", "")
    act: port.Request | Refusal = port.Decide(name, choice == "accept", _reason(form), bool(form.get("looked")))
    if choice not in {"accept", "reject"}:
        act = refuse("choice-missing", "neither accept nor reject was chosen", "choose one")
    return _finish(request, room, form, need(form, "reason") or act, who)


@router.post("/propose")
def propose(request: Request, room: TheRoom, form: Form, who: Person) -> Response:
    """A proposal made by hand."""
    wanted, _, signal = form.get("target", "").partition(" ")
    declared = room.site.signal(signal)
    if declared is None:
        return _finish(request, room, form, refuse("signal-unknown", "no signal was chosen", "choose one"), who)
    value = typed(declared, form.get("value", ""))
    act = value if isinstance(value, Refusal) else port.Propose(wanted, signal, value, _reason(form))
    return _finish(request, room, form, need(form, "value", "reason") or act, who)


def typed(signal: Signal, text: str) -> Value | Refusal:
    """Text as the signal's own type."""
    wrong = refuse("value-not-understood", f"`{text[:40]}` is not a value of `{signal.id}`", f"type {signal.type}")
    if signal.type == "string":
        return text
    if signal.type == "bool":
        return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower(), wrong)
    try:
        value = int(text) if signal.type == "int" else float(text.replace(",", "."))
    except ValueError:
        return wrong
    return value if math.isfinite(value) else wrong


def _tier(text: str) -> Tier | None:
    return Tier(text) if text in set(Tier) else None


@router.post("/authority/{use}/request")
def request_tier(request: Request, room: TheRoom, use: str, form: Form, who: Person) -> Response:
    """Ask for a tier; somebody else approves."""
    tier = _tier(form.get("tier", ""))
    act = refuse("tier-unknown", "no tier was chosen", "choose one") if tier is None else None
    wanted = port.RequestTier(use, tier or Tier.NONE, _reason(form))
    return _finish(request, room, form, need(form, "reason") or act or wanted, who)


@router.post("/authority/{use}/approve")
def approve(request: Request, room: TheRoom, use: str, form: Form, who: Person) -> Response:
    """Approve what another person asked for."""
    tier = _tier(form.get("tier", ""))
    days = form.get("days", "30")
    if tier is None or not days.isdigit() or not 0 < int(days) <= 366:
        bad = refuse("approval-incomplete", "the tier or the number of days is missing", "choose 1 to 366 days")
        return _finish(request, room, form, bad, who)
    act = port.Approve(use, tier, _reason(form), float(days))
    return _finish(request, room, form, need(form, "reason") or act, who)


@router.post("/authority/{use}/revoke")
def revoke(request: Request, room: TheRoom, use: str, form: Form, who: Person) -> Response:
    """Take an approval back."""
    return _finish(request, room, form, need(form, "reason") or port.Revoke(use, _reason(form)), who)


@router.post("/authority/{use}/publish")
def publish(request: Request, room: TheRoom, use: str, form: Form, who: Person) -> Response:
    """Put the context of use on record as it stands."""
    return _finish(request, room, form, port.PublishUse(use), who)


@router.post("/challenges/{name}/answer")
def answer(request: Request, room: TheRoom, name: str, form: Form, who: Person) -> Response:
    """A reasoned answer."""
    outcome = form.get("outcome", "")
    act: port.Request | Refusal
    match outcome:
        case "upheld" | "not-upheld" | "mended":
            act = port.AnswerChallenge(name, outcome, _reason(form))
        case _:
            act = refuse("outcome-missing", "no outcome was chosen", "choose one")
    return _finish(request, room, form, need(form, "reason") or act, who)


@router.post("/commands/{name}/undo")
def undo(request: Request, room: TheRoom, name: str, form: Form, who: Person) -> Response:
    """Put the previous value back, as a new command."""
    return _finish(request, room, form, need(form, "reason") or port.Undo(name, _reason(form)), who)


@router.post("/commands/{name}/resolve")
def resolve(request: Request, room: TheRoom, name: str, form: Form, who: Person) -> Response:
    """Say what became of an indeterminate command, having looked."""
    act = port.Resolve(name, form.get("seen") == "done", _reason(form))
    return _finish(request, room, form, need(form, "reason", "seen") or act, who)


@router.post("/reset")
def reset(request: Request, room: TheRoom, form: Form) -> Response:
    """One person's part of a reset: their own name, password and reason. Two different people are needed."""
    wrong = need(form, "name", "password", "reason")
    if wrong:
        return room.refused(request, wrong, "/halt", 422)
    return room.after(request, reset_halt(room, form["name"], form["password"], _reason(form)), "/halt")


@router.post("/authority/{use}/agreement")
def agreement(request: Request, room: TheRoom, use: str, form: Form, who: Person) -> Response:
    """The representative records that the people concerned agree, and to what."""
    words = form.get("words", "")[:REASON_MAX]
    act = port.RecordEvidence(use, "agreement", True, {"words": words})
    return _finish(request, room, form, need(form, "words") or act, who)
