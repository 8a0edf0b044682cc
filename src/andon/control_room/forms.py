"""Posted forms: read within bounds, checked for the token of the session, and given to handlers as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from andon.control_room.room import Room, safe_path
from andon.core.refusals import Refusal, refuse
from andon.operate.port import Who

FIELDS_MAX = 40


class Answered(Exception):  # noqa: N818 - carries an answer, not a fault
    """A check has already answered the request."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        super().__init__("answered")
        self.answer = answer


def room_of(request: Request) -> Room:
    """The room of this application."""
    room: Room = request.app.state.room
    return room


async def read_form(request: Request) -> dict[str, str]:
    """Every text field of a posted form; files are not taken."""
    async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
        return {k: v.strip() for k, v in form.items() if not isinstance(v, UploadFile)}


def checked_form(request: Request, form: Annotated[dict[str, str], Depends(read_form)]) -> dict[str, str]:
    """A form whose token belongs to the session that posts it."""
    room = room_of(request)
    known = room.who(request) is not None
    session = room.session(request) if known else ""
    if not room.tokens.check(session, form.get("token", "")):
        back = safe_path(form.get("back", "/"))
        if room.session(request) and not known and "password" not in form:
            # Signed in when the page was read, and no longer: the session is over or the twin has restarted.
            raise Answered(lambda r: room.page(r, "sign_in.html", 401, next=back, refusal=None, asked=True))
        stale = refuse(
            "form-out-of-date",
            "this form was read before you signed in or before the control room restarted",
            "go back, look again, and send it once more; what you typed is still there",
        )
        raise Answered(lambda r: room.refused(r, stale, back, 403))
    return form


def person(request: Request, form: Annotated[dict[str, str], Depends(read_form)]) -> Who:
    """The person who is signed in; others are asked to sign in first and come back to where they were."""
    room = room_of(request)
    who = room.who(request)
    if who is None:
        back = safe_path(form.get("back", "/"))
        raise Answered(lambda r: room.page(r, "sign_in.html", 401, next=back, refusal=None, asked=True))
    return who


Form = Annotated[dict[str, str], Depends(checked_form)]
Open = Annotated[dict[str, str], Depends(read_form)]
"""A form without a token: Halt and Challenge alone."""
Person = Annotated[Who, Depends(person)]
TheRoom = Annotated[Room, Depends(room_of)]


def need(form: dict[str, str], *names: str) -> Refusal | None:
    """One sentence for every field that must not be empty and is."""
    missing = [n for n in names if not form.get(n)]
    if not missing:
        return None
    listed = ", ".join(f"`{n.replace('_', ' ')}`" for n in missing)
    return refuse("field-empty", f"{listed} is empty", "fill it in; others will read it")
