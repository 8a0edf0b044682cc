"""Pages that govern: Decide, Authority, Record, Challenges. Reading only; what people do is in pages_acts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from andon.control_room.api import moment, record_json
from andon.control_room.forms import TheRoom
from andon.control_room.picture import answered, look
from andon.control_room.present import shown
from andon.control_room.room import Room
from andon.control_room.words import SENTENCES
from andon.core.refusals import Refusal, refuse
from andon.core.time import Nanos
from andon.site.model import Tier

router = APIRouter(include_in_schema=False)
PAGE = 60
"""Records on one page."""


@router.get("/decide")
def decide(request: Request, room: TheRoom) -> Response:
    """Everything that waits for a decision, and what was decided lately."""
    lately = list(reversed(room.desk.records(kind="decision", last=12)))
    return room.page(request, "decide.html", lately=lately)


@router.get("/decide/{name}")
def recommendation(request: Request, room: TheRoom, name: str) -> Response:
    """One recommendation with everything that a person needs to decide on it."""
    picture = look(room.desk, room.tail)
    item = next((r for r in picture.recommendations if r.get("id") == name), None)
    closed = item is None
    if item is None:
        item = _closed(room, name)
    if item is None:
        missing = refuse(
            "recommendation-unknown", f"there is no recommendation `{name[:40]}`", "look at those that wait"
        )
        return room.refused(request, missing, "/decide", 404)
    signal = str(item.get("signal", ""))
    view = picture.views.get(signal)
    decisions = [r for r in room.desk.records(kind="decision", last=2000) if r.payload.get("recommendation") == name]
    return room.page(
        request,
        "recommendation.html",
        picture=picture,
        item=item,
        body=item.get("body") or {},
        closed=closed,
        declared=room.site.signal(signal),
        live=None if view is None else shown(view, picture.at),
        authority=next((a for a in picture.authorities if a.use == item.get("use")), None),
        use=room.site.use(str(item.get("use", ""))),
        decisions=decisions,
        commands=[c for c in picture.commands if c.get("recommendation") == name],
        bar=effect_bar((item.get("body") or {}).get("effect") or {}),
    )


def _closed(room: Room, name: str) -> Mapping[str, Any] | None:
    for kind in ("recommendation", "proposal"):
        for record in reversed(room.desk.records(kind=kind, last=2000)):
            if record.payload.get("id") == name:
                return record.payload
    return None


def effect_bar(effect: Mapping[str, Any]) -> dict[str, float] | None:
    """Where zero, the mean and the 90 % interval lie on a bar 560 wide; None without an interval."""
    try:
        low, mean, high = float(effect["low90"]), float(effect["mean"]), float(effect["high90"])
    except (KeyError, TypeError, ValueError):
        return None
    left, right = min(low, 0.0), max(high, 0.0)
    room_ = (right - left) * 0.08 or 1.0
    scale = 520 / (right - left + 2 * room_)

    def x(value: float) -> float:
        return round(20 + (value - left + room_) * scale, 1)

    return {"zero": x(0), "low": x(low), "mean": x(mean), "high": x(high)}


@router.get("/propose")
def propose(request: Request, room: TheRoom, signal: str = "") -> Response:
    """A proposal made by hand, for the signals that a use may write."""
    picture = look(room.desk, room.tail)
    writable = []
    for use in room.site.uses:
        for name in use.writes:
            declared, view = room.site.signal(name), picture.views.get(name)
            if declared is not None and view is not None:
                writable.append((use, declared, shown(view, picture.at)))
    return room.page(request, "propose.html", picture=picture, writable=writable, chosen=signal)


@router.get("/authority")
def authority(request: Request, room: TheRoom) -> Response:
    """Every use: what it may do now, and what is missing."""
    return room.page(request, "authority.html")


@router.get("/authority/{use}")
def use_page(request: Request, room: TheRoom, use: str, at: str = "") -> Response:
    """The ladder of one use, now or at a past time."""
    past = moment(at if "+" in at or at.endswith("Z") or not at else at + _offset(room, at), None)
    if isinstance(past, Refusal):
        return room.refused(request, past, f"/authority/{use}", 422)
    picture = look(room.desk, room.tail)
    found = room.desk.authority(use, None if past is None else Nanos(past))
    if isinstance(found, Refusal):
        return room.refused(request, found, "/authority", 404)
    declared = room.site.use(use)
    about = [r for r in room.desk.records(last=2000) if r.payload.get("use") == use]
    return room.page(
        request,
        "use.html",
        picture=picture,
        authority=found,
        use=declared,
        past=past,
        ladder=[(tier, [r for r in found.requirements if r.tier is tier]) for tier in list(Tier)[1:]],
        about=list(reversed(about))[:15],
        requested=[r for r in about if r.kind == "tier.requested"][-1:],
    )


def _offset(room: Room, text: str) -> str:
    """A time typed without an offset is in the site's own zone."""
    wall = moment(text + "Z", None)
    if not isinstance(wall, int):
        return "Z"
    from datetime import UTC, datetime  # noqa: PLC0415 - only this page takes times from people

    offset = datetime.fromtimestamp(wall / 1e9, UTC).replace(tzinfo=None).astimezone(room.names.zone).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@router.get("/record")
def record_page(request: Request, room: TheRoom, kind: str = "", before: int = -1) -> Response:
    """The ledger, newest first, by kind."""
    newest = room.desk.records(last=1)
    size = newest[-1].index + 1 if newest else 0
    found = room.desk.records(kind=kind[:64], last=2000)
    rows = [r for r in reversed(found) if before < 0 or r.index < before][:PAGE]
    return room.page(
        request,
        "record.html",
        rows=rows,
        kind=kind if kind in SENTENCES else "",
        kinds=sorted(SENTENCES),
        size=size,
        older=rows[-1].index if len(rows) == PAGE else None,
        proof=_proof(room, size - 1),
    )


def _proof(room: Room, index: int) -> Mapping[str, Any] | None:
    found = room.desk.proof(index) if index >= 0 else None
    return None if found is None or isinstance(found, Refusal) else found


@router.get("/record/{index}")
def entry(request: Request, room: TheRoom, index: int) -> Response:
    """One record with its payload."""
    found = room.record(str(index))
    if found is None:
        missing = refuse("record-unknown", f"there is no record `{index}`", "look at the list")
        return room.refused(request, missing, "/record", 404)
    payload = json.dumps(record_json(found)["payload"], indent=2, ensure_ascii=False)
    return room.page(request, "entry.html", record=found, payload=payload, proof=_proof(room, index))


@router.get("/record/{index}/proof")
def proof(request: Request, room: TheRoom, index: int) -> Response:
    """The inclusion proof as a file."""
    found = room.desk.proof(index)
    if isinstance(found, Refusal):
        return room.refused(request, found, "/record", 404)
    receipt = found.get("receipt")
    text = receipt if isinstance(receipt, str) else json.dumps(dict(found), indent=2, ensure_ascii=False)
    headers = {"content-disposition": f'attachment; filename="record-{index}.proof.{"txt" if receipt else "json"}"'}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/challenges")
def challenges(request: Request, room: TheRoom) -> Response:
    """What people on the floor said is wrong, and the answers."""
    picture = look(room.desk, room.tail)
    closed = [c for c in picture.challenges if answered(c)]
    return room.page(request, "challenges.html", picture=picture, open_ones=picture.open_challenges, closed=closed)


@router.get("/challenge")
def challenge(request: Request, room: TheRoom, element: str = "") -> Response:
    """Say that the twin is wrong: from any page, without signing in."""
    return room.page(request, "challenge.html", element=element if element in room.names.elements else "")
