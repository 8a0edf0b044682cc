"""The gateway's bounds: what it never exceeds, whatever the twin says; read, and signed by two different people."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from andon.control_room.api import may_read
from andon.control_room.api_acts import outcome
from andon.control_room.forms import Form, TheRoom, need
from andon.control_room.room import Room
from andon.core.refusals import Refusal
from andon.operate.port import Done, Who

router = APIRouter()


class SigningBounds(BaseModel):
    """One person's signature under the bounds as they stand."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=64)
    password: str = Field(max_length=256)


def sign(room: Room, name: str, password: str) -> Done | Refusal:
    """Sign with the person's own key and hand it to the desk."""
    signature = room.accounts.sign(name, password, str(room.desk.bounds()["statement"]))
    if isinstance(signature, Refusal):
        return signature
    roles = next((a.roles for a in room.accounts.people() if a.person == name), ())
    return room.desk.sign_bounds(Who(name, roles), signature)


@router.get(
    "/api/bounds", tags=["see"], summary="The gateway's bounds, and who has signed", dependencies=[Depends(may_read)]
)
def api_bounds(room: TheRoom) -> JSONResponse:
    """Rows (signal, limits, largest change a minute), digest, signers, and whether they are in force."""
    return JSONResponse(dict(room.desk.bounds()))


@router.post("/api/bounds/sign", tags=["people"], summary="Sign the gateway's bounds", dependencies=[Depends(may_read)])
def api_sign(room: TheRoom, body: SigningBounds) -> Response:
    """Two different people sign; the gateway takes the bounds with the second signature."""
    return outcome(sign(room, body.name, body.password))


@router.get("/bounds", include_in_schema=False)
def page(request: Request, room: TheRoom) -> Response:
    """The bounds as a page, with the form to sign them."""
    accounts = [a for a in room.accounts.people() if a.enrolled]
    return room.page(request, "bounds.html", bounds=room.desk.bounds(), accounts=accounts)


@router.post("/bounds/sign", include_in_schema=False)
def page_sign(request: Request, room: TheRoom, form: Form) -> Response:
    """One person's signature: their own name and password."""
    wrong = need(form, "name", "password")
    if wrong:
        return room.refused(request, wrong, "/bounds", 422)
    return room.after(request, sign(room, form["name"], form["password"]), "/bounds")
