"""The API of the simulator: ask, watch the answer sharpen, stop it, look at one future, keep it on record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from andon.control_room.api import Json, answer_refused, may_read, missing, rows_json
from andon.control_room.api_acts import NOT_SIGNED_IN, Acting, model_of, outcome
from andon.control_room.forms import TheRoom
from andon.control_room.room import Room
from andon.control_room.settings import REASON_MAX
from andon.core.refusals import Refusal
from andon.operate.port import Who
from andon.operate.simulation import Asked, Simulate

router = APIRouter(prefix="/api/simulate", tags=["see"], dependencies=[Depends(may_read)])
LOOK_S = 0.03
"""Between two looks at a question that somebody waits for."""
WAIT_MAX_S = 20.0
Wait = Annotated[float, Query(ge=0, le=WAIT_MAX_S, description="seconds to wait at most")]
Floor = Annotated[int, Query(ge=0, le=20, description="0: the base; 1 and on: the alternatives")]
Number = Annotated[int | None, Query(ge=0, le=10**6, description="none: the one nearest to the median")]
PARQUET = "application/vnd.apache.parquet"


class Keeping(BaseModel):
    """Why an answer is put on record."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=REASON_MAX)


Question: Any = model_of(Simulate)


async def settled(
    room: Room, answer: str, wait_s: float, after: int | None = None, *, first: bool = False
) -> Asked | None:
    """The question once it is over, or when the time is up. Holds no thread while it waits.

    Args:
        room: whose desk.
        answer: its id.
        wait_s: seconds to wait at most.
        after: something newer than this version is enough.
        first: the first interval is enough.
    """
    asked = room.desk.simulator.asked(answer)
    for _ in range(int(wait_s / LOOK_S)):
        if asked is None or asked.over or (first and asked.answer is not None):
            break
        if after is not None and asked.version > after:
            break
        await asyncio.sleep(LOOK_S)
        asked = room.desk.simulator.asked(answer)
    return asked


def asked_json(asked: Asked) -> Json:
    """A question as it stands, as JSON."""
    return {
        "id": asked.id,
        "state": asked.state,
        "version": asked.version,
        "done": asked.done,
        "wanted": asked.wanted,
        "text": asked.text,
        "question": {f.name: _plain(getattr(asked.question, f.name)) for f in fields(asked.question)},
        "answer": None if asked.answer is None else dict(asked.answer),
        "refusal": None if asked.refusal is None else asked.refusal.as_json(),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return [dict(one) for one in value] if isinstance(value, tuple) else value


def _told(asked: Asked | None, answer: str) -> Response:
    if asked is None:
        return missing("answer", answer)
    if asked.refusal is not None:
        return answer_refused(asked.refusal)
    return JSONResponse(asked_json(asked))


@router.get("", summary="What a question may change, with the values in force; and the troubles that may be supposed")
def api_settable(room: TheRoom) -> Json:
    """Name, words, unit, value in force, whether it is whole, and a range that is worth a look."""
    simulator = room.desk.simulator
    return {"settable": rows_json(simulator.settable()), "troubles": rows_json(simulator.troubles())}


@router.post("", summary="Ask what may happen, what a change would do, which is best, or what a figure leans on")
async def api_ask(room: TheRoom, who: Acting, body: Annotated[Question, Body()], wait_s: Wait = 10.0) -> Response:
    """Asked and, within `wait_s`, answered; else `state` says how far it is, and `GET /api/simulate/ID` goes on."""
    asked = await run_in_threadpool(room.desk.simulator.ask, _simulate(body), who or Who())
    if isinstance(asked, Refusal):
        return answer_refused(asked)
    return _told(await settled(room, asked.id, wait_s), asked.id)


def _simulate(body: BaseModel) -> Simulate:
    said = body.model_dump()
    return Simulate(**{**said, "against": tuple(said["against"])})


@router.get("/{answer}", summary="A question as it stands: how far it is, and the answer so far")
async def api_asked(room: TheRoom, answer: str, wait_s: Wait = 0.0, after: int | None = None) -> Response:
    """With `wait_s` it answers when the question is over; with `after` as soon as there is something newer."""
    return _told(await settled(room, answer, wait_s, after), answer)


@router.post("/{answer}/cancel", summary="Stop; what is known by then is the answer")
async def api_cancel(room: TheRoom, answer: str) -> Response:
    """One that still waits for its turn has no answer."""
    asked = await run_in_threadpool(room.desk.simulator.cancel, answer)
    return _told(await settled(room, answer, 2.0) if asked is not None else None, answer)


@router.get("/{answer}/future", summary="One future event by event: who did what when, and the queues")
def api_future(room: TheRoom, answer: str, floor: Floor = 0, replication: Number = None) -> Response:
    """Bars of machines and vehicles (begin, end, state, product), levels of buffers; seconds from the start."""
    found = room.desk.simulator.future(answer, floor, replication)
    return answer_refused(found) if isinstance(found, Refusal) else JSONResponse(dict(found))


@router.get("/{answer}/events.parquet", summary="The event log of one future", response_class=Response)
def api_events(room: TheRoom, answer: str, floor: Floor = 0, replication: Number = None) -> Response:
    """A Parquet file; its metadata names baseline, seed, replication and the command that makes it again."""
    return events(room, answer, floor, replication)


def events(room: Room, answer: str, floor: int, replication: int | None) -> Response:
    """The file, or the refusal as JSON."""
    found = room.desk.simulator.events(answer, floor, replication)
    if isinstance(found, Refusal):
        return answer_refused(found)
    name = f"events-{answer}-{floor}{'' if replication is None else f'-{replication}'}.parquet"
    return Response(found, media_type=PARQUET, headers={"content-disposition": f'attachment; filename="{name}"'})


@router.post("/{answer}/keep", tags=["act"], summary="Put an answer on record, with the command that repeats it")
def api_keep(room: TheRoom, who: Acting, answer: str, body: Keeping) -> Response:
    """Figures, intervals, mark, what is not represented, baseline and command become a record of the ledger."""
    if who is None:
        return answer_refused(NOT_SIGNED_IN, 401)
    return outcome(room.desk.keep_answer(answer, body.reason, who))
