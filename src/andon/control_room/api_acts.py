"""The API, acting: one endpoint for each request of the desk, with models made from the requests themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Annotated, Any, get_args, get_type_hints

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from andon.control_room.api import answer_refused, may_read, missing, record_json
from andon.control_room.forms import TheRoom, room_of
from andon.control_room.reset import reset as reset_halt
from andon.control_room.room import Room
from andon.control_room.settings import REASON_MAX, WORDS_MAX
from andon.core.refusals import Refusal, refuse
from andon.operate import port
from andon.operate.port import Done, Who

router = APIRouter(prefix="/api", dependencies=[Depends(may_read)])
TEXT_MAX = {"words": WORDS_MAX, "reason": REASON_MAX}
"""Characters that free text may have; every other text is an id of at most 200."""


def kind_of(request: type) -> str:
    """The request's name in an address.

    >>> kind_of(port.AnswerChallenge)
    'answer-challenge'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "-", request.__name__).lower()


REQUESTS: dict[str, type] = {kind_of(r): r for r in get_args(port.Request)}


def model_of(request: type) -> type[BaseModel]:
    """A pydantic model with exactly the request's fields, closed to others, text bounded."""
    hints = get_type_hints(request)
    made: dict[str, Any] = {}
    for f in fields(request):
        hint = hints[f.name]
        if hint is str:
            hint = Annotated[str, Field(max_length=TEXT_MAX.get(f.name, 200))]
        elif f.name == "days":
            hint = Annotated[float, Field(gt=0, le=366)]
        default: Any = f.default if f.default is not MISSING else ...
        if f.default_factory is not MISSING:
            default = Field(default_factory=f.default_factory)
        made[f.name] = (hint, default)
    config = ConfigDict(extra="forbid", allow_inf_nan=False)
    return create_model(request.__name__, __config__=config, __doc__=request.__doc__, **made)


def done_json(done: Done) -> dict[str, Any]:
    """What was recorded, as JSON."""
    return {
        "done": True,
        "message": done.message,
        "detail": dict(done.detail),
        "records": [record_json(r) for r in done.records],
    }


def outcome(answer: Done | Refusal) -> Response:
    """200 with what was recorded, or 403 with every reason."""
    return answer_refused(answer) if isinstance(answer, Refusal) else JSONResponse(done_json(answer))


def acting(request: Request) -> Who | None:
    """The person who asks, by session."""
    return room_of(request).who(request)


Acting = Annotated[Who | None, Depends(acting)]
NOT_SIGNED_IN = refuse("not-signed-in", "this act needs a person", "POST /api/sign-in first, with your own name")


def _handler(request: type, model: type[BaseModel]) -> Callable[..., Response]:
    def handle(body: BaseModel, room: Room, who: Who | None) -> Response:
        if who is None:
            return answer_refused(NOT_SIGNED_IN, 401)
        return outcome(room.desk.submit(request(**{f.name: getattr(body, f.name) for f in fields(request)}), who))

    # FastAPI reads the types here: the body's model differs for each request.
    handle.__annotations__ = {"body": model, "room": TheRoom, "who": Acting, "return": Response}
    return handle


for _name, _request in REQUESTS.items():
    router.add_api_route(
        f"/act/{_name}",
        _handler(_request, model_of(_request)),
        methods=["POST"],
        tags=["act"],
        summary=(_request.__doc__ or _name).strip().splitlines()[0],
        operation_id=f"act_{_name.replace('-', '_')}",
        response_class=JSONResponse,
        responses={401: {"description": "nobody is signed in"}, 403: {"description": "refused, with every reason"}},
    )


class Halting(BaseModel):
    """Withdraw the twin's authority. An empty body halts the whole site."""

    model_config = ConfigDict(extra="forbid")
    scope: str = Field(default="site", max_length=64)
    reason: str = Field(default="", max_length=WORDS_MAX)
    station: str = Field(default="", max_length=64)


class Challenging(BaseModel):
    """Say that the twin is wrong about an element."""

    model_config = ConfigDict(extra="forbid")
    element: str = Field(max_length=64)
    reason: port.ChallengeReason
    words: str = Field(default="", max_length=WORDS_MAX)
    station: str = Field(default="", max_length=64)


class SigningIn(BaseModel):
    """A person's own name and password."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=64)
    password: str = Field(max_length=256)


class Signing(BaseModel):
    """A statement to sign with one's own key; the password opens the key."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=64)
    password: str = Field(max_length=256)
    statement: str = Field(min_length=1, max_length=8000)


@router.post("/halt", tags=["floor"], summary="Halt what the twin does; anyone may", response_class=JSONResponse)
def halt(room: TheRoom, who: Acting, body: Halting | None = None) -> Response:
    """Never refused for want of a sign-in. Says who was asked, who confirmed and who stayed silent."""
    asked = body or Halting()
    place = who or Who(station=asked.station)
    return outcome(room.desk.submit(port.Halt(asked.scope, asked.reason), place))


@router.post("/challenge", tags=["floor"], summary="Say that the twin is wrong", response_class=JSONResponse)
def challenge(room: TheRoom, who: Acting, body: Challenging) -> Response:
    """Recorded at once; suspends what leans on the element until somebody answers with a reason."""
    if body.element not in room.names.elements:
        return missing("element", body.element)
    if body.reason != "hazard" and not room.challenges_seen.take(body.station or "api"):
        return answer_refused(TOO_MANY, 429)
    place = who or Who(station=body.station)
    return outcome(room.desk.submit(port.Challenge(body.element, body.reason, body.words), place))


TOO_MANY = refuse(
    "too-many-challenges",
    "there were many challenges from here in the last minute",
    "those are recorded; wait a minute, or choose `hazard`, which is never held back",
)


@router.post("/sign-in", tags=["people"], summary="Sign in", response_class=JSONResponse)
def sign_in(room: TheRoom, body: SigningIn) -> Response:
    """The `session` of the answer goes into the header `X-Andon-Session` of later requests."""
    session = room.accounts.sign_in(body.name, body.password)
    if isinstance(session, Refusal):
        return answer_refused(session)
    who = room.accounts.who(session.token)
    return JSONResponse({"session": session.token, "person": session.person, "roles": list(who.roles) if who else []})


@router.post("/sign-out", tags=["people"], summary="End this session", response_class=JSONResponse)
def sign_out(request: Request, room: TheRoom) -> Response:
    """Ends the session of the header or cookie."""
    room.accounts.sign_out(room.session(request))
    return JSONResponse({"done": True})


class Resetting(BaseModel):
    """One person's part of a reset."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=64)
    password: str = Field(max_length=256)
    reason: str = Field(min_length=1, max_length=REASON_MAX)


@router.post("/reset", tags=["people"], summary="One person's part of a reset", response_class=JSONResponse)
def reset(room: TheRoom, body: Resetting) -> Response:
    """Signs the reset statement with the person's own key and submits it. Two different people are needed."""
    return outcome(reset_halt(room, body.name, body.password, body.reason))


@router.post("/sign", tags=["people"], summary="Sign a statement with one's own key", response_class=JSONResponse)
def sign(room: TheRoom, body: Signing) -> Response:
    """For a reset and for the gateway's bounds. The private key leaves its seal for this signature alone."""
    signature = room.accounts.sign(body.name, body.password, body.statement)
    if isinstance(signature, Refusal):
        return answer_refused(signature)
    return JSONResponse({"signature": signature, "public_key": room.accounts.public_keys().get(body.name, "")})
