"""The API, reading: the same answers as the pages, as JSON."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from andon.authority.facts import Authority
from andon.control_room.forms import TheRoom, room_of
from andon.core.refusals import Refusal, refuse
from andon.core.time import SECOND, Nanos, iso, parse_iso
from andon.ledger.record import Record

DESCRIPTION = """\
The API of one running twin. Everything that the control room shows or asks is here, through the same path and
with the same refusals.

Reading needs no sign-in on the machine that the twin runs on; where the site has switched that off it takes
`Authorization: Bearer TOKEN`, the token that the twin wrote into `.andon/run/api.json`, or a signed-in person.
An act needs a person: `POST /api/sign-in`, then the `session` of the answer as the header `X-Andon-Session`.
`POST /api/halt` and `POST /api/challenge` need neither.

Times are RFC 3339 in UTC, of the site's own clock. A refusal is status 403 with every reason, who can mend it and
the next step. What is not understood is status 422 with one sentence.
"""
TAGS = [
    {"name": "see", "description": "What is true now, and what is on record."},
    {"name": "act", "description": "What a signed-in person does. Each is recorded first."},
    {"name": "floor", "description": "What anybody may do, without signing in."},
    {"name": "people", "description": "Signing in and out."},
]


def may_read(request: Request) -> None:
    """Let in the local token, a signed-in person, and, where reading is open, everybody on this machine."""
    room = room_of(request)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        if hmac.compare_digest(given.encode(), room.settings.token.encode()):
            return
        raise HTTPException(401, "the token is not that of the running twin; read `.andon/run/api.json` again")
    if not room.settings.open_reading and room.who(request) is None:
        raise HTTPException(401, "this twin is read with its token or by a signed-in person")


router = APIRouter(prefix="/api", tags=["see"], dependencies=[Depends(may_read)])
Json = dict[str, Any]


def answer_refused(refusal: Refusal, status: int = 403) -> Response:
    """A refusal as JSON."""
    return JSONResponse(refusal.as_json(), status)


def missing(what: str, name: str) -> Response:
    """Something that the site or the record does not have."""
    return answer_refused(refuse(f"{what}-unknown", f"`{name[:80]}` is not a {what} here"), 404)


def record_json(record: Record) -> Json:
    """A record as JSON; `at` is RFC 3339."""
    return {**asdict(record), "payload": dict(record.payload), "at": iso(record.at)}


def authority_json(authority: Authority) -> Json:
    """Authority as JSON, every requirement with why, evidence, owner, next step and until."""
    rows = [
        {**asdict(r), "tier": r.tier.value, "until": None if r.until is None else iso(r.until)}
        for r in authority.requirements
    ]
    return {
        "use": authority.use,
        "tier": authority.tier.value,
        "ceiling": authority.ceiling.value,
        "at": iso(authority.at),
        "baseline": authority.baseline,
        "requirements": rows,
    }


def rows_json(rows: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Plain rows of the desk."""
    return [dict(r) for r in rows]


@router.get("/state", summary="Every signal: value, unit, quality, times, origin, age")
def state(room: TheRoom) -> Json:
    """Everything that travels with a value travels here too. `fresh` says whether it may be called current."""
    facts = room.desk.facts()
    signals = [v.as_json() for v in room.desk.views()]
    gateway = asdict(facts.gateway)
    return {
        "at": iso(facts.at),
        "mode": facts.mode,
        "speed": facts.speed,
        "virtual": facts.virtual,
        "gateway": gateway,
        "signals": signals,
    }


@router.get("/site", summary="The site as read at start, with its digests")
def site(room: TheRoom) -> Json:
    """Areas, elements, stations, signals, uses: as the site folder says."""
    found = room.site.model_dump(mode="json")
    return {**found, "instance": room.settings.instance}


@router.get("/signals/{signal}/trend", summary="History of one signal, thinned")
def trend(
    room: TheRoom,
    signal: str,
    window_s: Annotated[float, Query(gt=0, le=31 * 86_400, description="seconds of site time up to `until`")] = 3600,
    until: Annotated[str, Query(description="RFC 3339; now when empty", max_length=40)] = "",
    points: Annotated[int, Query(ge=2, le=5000)] = 300,
) -> Any:
    """At most `points` points: mean, lowest and highest of each stretch; null where nothing was known."""
    if room.site.signal(signal) is None:
        return missing("signal", signal)
    end = moment(until, room.desk.facts().at)
    if isinstance(end, Refusal):
        return answer_refused(end, 422)
    found = room.desk.trend(signal, Nanos(end - round(window_s * SECOND)), Nanos(end), points)
    declared = room.site.signal(signal)
    unit = declared.unit if declared else ""
    return {"signal": signal, "unit": unit, "points": [{**asdict(p), "at": iso(p.at)} for p in found]}


@router.get("/authority", summary="The tier that each use holds now, and why not more")
def authorities(room: TheRoom) -> list[Json]:
    """Computed at this moment from records and facts; never stored."""
    return [authority_json(a) for a in room.desk.authorities()]


@router.get("/authority/{use}", summary="One use, now or at a past time")
def authority(room: TheRoom, use: str, at: Annotated[str, Query(description="RFC 3339", max_length=40)] = "") -> Any:
    """Every requirement, met or not, with its evidence, its owner and the next step."""
    past = moment(at, None)
    if isinstance(past, Refusal):
        return answer_refused(past, 422)
    found = room.desk.authority(use, None if past is None else Nanos(past))
    return answer_refused(found, 404) if isinstance(found, Refusal) else authority_json(found)


@router.get("/records", summary="Records of the ledger, oldest first")
def records(
    room: TheRoom,
    kind: Annotated[str, Query(description="a kind, or how it begins", max_length=64)] = "",
    last: Annotated[int, Query(ge=1, le=2000)] = 200,
    start: Annotated[int, Query(ge=0)] = 0,
) -> list[Json]:
    """The last so many records from index `start` on."""
    return [record_json(r) for r in room.desk.records(kind, last, start)]


@router.get("/records/{index}", summary="One record")
def record(room: TheRoom, index: int) -> Any:
    """The record with its payload."""
    found = room.record(str(index))
    return missing("record", str(index)) if found is None else record_json(found)


@router.get("/records/{index}/proof", summary="An offline receipt: inclusion proof, checkpoint, key")
def proof(room: TheRoom, index: int) -> Any:
    """What somebody needs to check, without us, that this record is in the log."""
    found = room.desk.proof(index)
    return answer_refused(found, 404) if isinstance(found, Refusal) else dict(found)


@router.get("/recommendations", summary="Open recommendations, newest first")
def recommendations(room: TheRoom) -> list[Json]:
    """Each with its body: why now, expected effect, what it leans on, what is not represented, how to undo."""
    return rows_json(room.desk.recommendations())


@router.get("/commands", summary="Commands, newest first")
def commands(room: TheRoom) -> list[Json]:
    """Each with its phase: confirmed means observed by another signal."""
    return rows_json(room.desk.commands())


@router.get("/challenges", summary="Challenges, open ones first")
def challenges(room: TheRoom) -> list[Json]:
    """What people on the floor said is wrong, until when an answer is due, and the answer."""
    return rows_json(room.desk.challenges())


@router.get("/halts", summary="Halts in force")
def halts(room: TheRoom) -> list[Json]:
    """Scope, since when, why, and who has signed a reset."""
    return rows_json(room.desk.halts())


@router.get("/quarantine", summary="Readings that were set aside, counted")
def quarantine(room: TheRoom) -> list[Json]:
    """Source, signal, reason, count and the last example."""
    return rows_json(room.desk.quarantine())


@router.get("/sources", summary="Every source, up or down, and why")
def sources(room: TheRoom) -> list[Json]:
    """Kind, address, since when, last data."""
    return rows_json(room.desk.sources())


@router.get("/forecast", summary="The latest forecast of the shift")
def forecast(room: TheRoom) -> Json | None:
    """With its intervals, its mark and its age; null while there is none."""
    found = room.desk.forecast()
    return None if found is None else dict(found)


def moment(text: str, default: int | None) -> Any:
    """RFC 3339 to nanoseconds, the default when empty, or a refusal in words."""
    if not text:
        return default
    try:
        return parse_iso(text.replace(" ", "+"))
    except ValueError:
        return refuse("time-not-understood", f"`{text[:40]}` is not a time", "write it as 2026-11-22T14:00:00Z")
