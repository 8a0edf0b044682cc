"""What-if: pages that ask the simulator, and show the answer while it sharpens."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from andon.control_room import future_view
from andon.control_room.answer_view import changed, shown
from andon.control_room.charts import LETTERS
from andon.control_room.forms import Form, Person, TheRoom, need
from andon.control_room.room import Room, safe_path
from andon.control_room.simulate_api import events, settled
from andon.control_room.what_if_form import (
    TABS,
    Tab,
    address,
    change_fields,
    choices,
    filled,
    question,
)
from andon.core.refusals import Refusal, refuse
from andon.operate.port import Who
from andon.operate.simulation import Asked

router = APIRouter(include_in_schema=False)
ANSWERS = "/what-if/answers"
FIRST_S = 0.4
"""How long an open page waits for the first interval before it is shown that the question is being answered."""
PAGE_S = 2.0
"""How long a page without JavaScript waits for the whole answer before it is shown what there is."""
POLL_S = 15.0
"""How long an open page waits for something new."""
GONE = refuse(
    "no-answer", "this answer is not kept any more", "ask it again: the form beside says what was asked, from now on"
)


@router.get("/what-if")
def ahead(request: Request, room: TheRoom) -> Response:
    """What may happen, and what a change would do; the question may stand in the address."""
    return _form(request, room, "ahead")


@router.get("/what-if/best")
def best(request: Request, room: TheRoom) -> Response:
    """The best of several alternatives."""
    return _form(request, room, "best")


@router.get("/what-if/matters")
def matters(request: Request, room: TheRoom) -> Response:
    """What a figure leans on."""
    return _form(request, room, "matters")


def _form(request: Request, room: Room, tab: Tab) -> Response:
    return _page(request, room, tab, dict(request.query_params))


@router.post("/what-if")
async def ask_ahead(request: Request, room: TheRoom, form: Form) -> Response:
    """Ask."""
    return await _ask(request, room, form, "ahead")


@router.post("/what-if/best")
async def ask_best(request: Request, room: TheRoom, form: Form) -> Response:
    """Ask which is best."""
    return await _ask(request, room, form, "best")


@router.post("/what-if/matters")
async def ask_matters(request: Request, room: TheRoom, form: Form) -> Response:
    """Ask what a figure leans on."""
    return await _ask(request, room, form, "matters")


async def _ask(request: Request, room: Room, form: Mapping[str, str], tab: Tab) -> Response:
    """Ask. An open page gets the part with the answer alone (`x-part: answer`); others are led to its address."""
    fields = filled(tab, form, connected=bool(room.site.sources))
    part = request.headers.get("x-part") == "answer"
    asked = await run_in_threadpool(_asked, room, request, form, tab, fields)
    if isinstance(asked, Refusal):
        status = 422 if asked.reasons[0].code in {"nothing", "value", "twice", "difference", "trouble"} else 403
        if part:
            return await _fragment(request, room, None, asked, status, fields, tab)
        return await run_in_threadpool(_page, request, room, tab, fields, None, asked, status)
    if part:
        found = await settled(room, asked.id, FIRST_S, first=True) or asked
        return await _fragment(request, room, found, None, 200, fields, tab)
    query = address({**fields, "tab": tab})
    return RedirectResponse(f"{ANSWERS}/{asked.id}?{query}", 303)


def _asked(
    room: Room, request: Request, form: Mapping[str, str], tab: Tab, fields: Mapping[str, str]
) -> Asked | Refusal:
    simulator = room.desk.simulator
    made = question(tab, fields, simulator.troubles())
    if isinstance(made, Refusal):
        return made
    return simulator.ask(made, room.who(request) or Who(), form.get("page", "")[:40])


@router.get("/what-if/answers/{answer}")
async def page(request: Request, room: TheRoom, answer: str) -> Response:
    """An answer beside the form that asked for it."""
    asked = await settled(room, answer, PAGE_S)
    return await run_in_threadpool(_kept, request, room, answer, asked)


def _kept(request: Request, room: Room, _answer: str, asked: Asked | None) -> Response:
    given = dict(request.query_params)
    tab: Tab = "best" if given.get("tab") == "best" else "matters" if given.get("tab") == "matters" else "ahead"
    refusal = GONE if asked is None else None
    return _page(request, room, tab, given, asked, refusal, 404 if asked is None else 200)


@router.get("/what-if/answers/{answer}/part")
async def part(request: Request, room: TheRoom, answer: str, after: int = -1) -> Response:
    """The answer alone as soon as it is newer than `after`; 204 when there is nothing newer for a while."""
    asked = await settled(room, answer, POLL_S, after)
    if asked is not None and asked.version <= after:
        return Response(status_code=204)
    given = dict(request.query_params)
    tab: Tab = "best" if given.get("tab") == "best" else "matters" if given.get("tab") == "matters" else "ahead"
    fields = filled(tab, given, connected=bool(room.site.sources))
    return await _fragment(request, room, asked, None if asked else GONE, 200 if asked else 404, fields, tab)


@router.post("/what-if/answers/{answer}/cancel")
async def cancel(room: TheRoom, answer: str, form: Form) -> Response:
    """Stop; what is known by then is the answer."""
    await run_in_threadpool(room.desk.simulator.cancel, answer)
    await settled(room, answer, 2.0)
    return RedirectResponse(safe_path(form.get("back", "/what-if")), 303)


@router.post("/what-if/answers/{answer}/keep")
def keep(request: Request, room: TheRoom, answer: str, form: Form, who: Person) -> Response:
    """Put it on record."""
    wrong = need(form, "reason")
    back = safe_path(form.get("back", "/what-if"))
    if wrong is not None:
        return room.refused(request, wrong, back, 422)
    return room.after(request, room.desk.keep_answer(answer, form["reason"], who), back)


@router.get("/what-if/answers/{answer}/future")
def future(request: Request, room: TheRoom, answer: str, floor: str = "0", replication: str = "") -> Response:
    """One future: who did what when, and the queues."""
    asked = room.desk.simulator.asked(answer)
    found = room.desk.simulator.future(answer, _count(floor) or 0, _count(replication))
    if isinstance(found, Refusal) or asked is None or asked.answer is None:
        missing = found if isinstance(found, Refusal) else GONE
        return room.refused(request, missing, "/what-if", 404 if asked is None else 403)
    names = {**{e.id: e.name for e in room.site.elements}, **{b.id: b.id for b in room.site.buffers}}
    marks = future_view.ticks(found, asked.answer, room.names.zone)
    return room.page(
        request,
        "future.html",
        asked=asked,
        answer=asked.answer,
        future=found,
        gantt=future_view.gantt(found, marks, names),
        queues=future_view.queues(found, marks, names),
        letters=LETTERS,
        query=request.query_params.get("q", "")[:1500],
        axis="time of day" if asked.answer["from"] == "now" else "hours from the start",
    )


@router.get("/what-if/answers/{answer}/events.parquet")
def log(room: TheRoom, answer: str, floor: str = "0", replication: str = "") -> Response:
    """The event log of one future."""
    return events(room, answer, _count(floor) or 0, _count(replication))


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _page(
    request: Request,
    room: Room,
    tab: Tab,
    given: Mapping[str, str],
    asked: Asked | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> Response:
    fields = filled(tab, given, connected=bool(room.site.sources))
    return room.page(
        request,
        "what_if.html",
        status,
        tabs=TABS,
        tab=tab,
        fields=fields,
        floors=change_fields(tab),
        page=secrets.token_hex(8),
        **choices(room),
        **_context(room, asked, refusal, fields, tab),
    )


def _context(
    room: Room, asked: Asked | None, refusal: Refusal | None, fields: Mapping[str, str], tab: Tab
) -> dict[str, Any]:
    """What the part with the answer needs."""
    query = address({**fields, "tab": tab})
    return {
        **shown(room, asked),
        "refusal_said": refusal or (asked.refusal if asked is not None else None),
        "changed": changed,
        "query": query,
        "here": f"{ANSWERS}/{asked.id}?{query}" if asked is not None else f"{TABS[tab][0]}?{query}",
    }


async def _fragment(
    request: Request,
    room: Room,
    asked: Asked | None,
    refusal: Refusal | None,
    status: int,
    fields: Mapping[str, str],
    tab: Tab,
) -> Response:
    def render() -> str:
        who = room.who(request)
        token = room.tokens.make(room.session(request) if who else "")
        return room.fragment("answer", {**_context(room, asked, refusal, fields, tab), "who": who, "token": token})

    return HTMLResponse(await run_in_threadpool(render), status)
