"""People: signing in and out, first passwords, the halt page, and the pages of the floor (kiosk, stations)."""

from __future__ import annotations

import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from andon.adapters.accounts import PASSWORD_MIN, SESSION_S
from andon.control_room.forms import Form, TheRoom
from andon.control_room.room import safe_path
from andon.core.refusals import Refusal, refuse

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def sign_in_page(request: Request, room: TheRoom, next: str = "/") -> Response:  # noqa: A002 - the field's own name
    """Name and password."""
    return room.page(request, "sign_in.html", next=safe_path(next), refusal=None, asked=False)


@router.post("/sign-in")
def sign_in(request: Request, room: TheRoom, form: Form) -> Response:
    """Set the session's cookie and go where the person came from."""
    back = safe_path(form.get("next", "/"))
    session = room.accounts.sign_in(form.get("name", ""), form.get("password", ""))
    if isinstance(session, Refusal):
        return room.page(request, "sign_in.html", 403, next=back, refusal=session, asked=False)
    answer = RedirectResponse(back, 303)
    answer.set_cookie(
        room.cookie, session.token, max_age=SESSION_S, httponly=True, samesite="strict", secure=room.settings.secure
    )
    return answer


@router.post("/sign-out")
def sign_out(request: Request, room: TheRoom, form: Form) -> Response:
    """End the session."""
    room.accounts.sign_out(room.session(request))
    answer = RedirectResponse(safe_path(form.get("back", "/")), 303)
    answer.delete_cookie(room.cookie, httponly=True, samesite="strict", secure=room.settings.secure)
    return answer


@router.get("/setup")
def setup_page(request: Request, room: TheRoom, code: str = "", person: str = "") -> Response:
    """First passwords: with the setup code of the first run, or with one's own invitation."""
    return _setup(request, room, code, person, None)


def _setup(request: Request, room: TheRoom, code: str, person: str, refusal: Refusal | None) -> Response:
    invited = bool(person) and room.accounts.invited(person, code)
    open_ = invited or room.accounts.setup_open(code)
    people = [a for a in room.accounts.people() if not person or a.person == person]
    if not open_ and refusal is None:
        refusal = refuse(
            "code-not-valid",
            "this code does not, or no longer, let anybody set a password",
            "ask for an invitation: `andon account invite SITE NAME`",
        )
    return room.page(
        request,
        "setup.html",
        200 if open_ and refusal is None else 403,
        code=code,
        people_left=[a for a in people if invited or not a.enrolled],
        people_done=[a for a in people if a.enrolled and not invited],
        open_setup=open_,
        invited=invited,
        refusal=refusal,
        password_min=PASSWORD_MIN,
    )


@router.post("/setup")
def setup(request: Request, room: TheRoom, form: Form) -> Response:
    """Set one person's first password."""
    code, name = form.get("code", ""), form.get("name", "")
    password = form.get("password", "")
    if password != form.get("again", ""):
        differ = refuse("passwords-differ", "the two passwords are not the same", "type both again")
        return _setup(request, room, code, "", differ)
    made = room.accounts.enrol(name, password, code)
    if isinstance(made, Refusal):
        return _setup(request, room, code, "", made)
    if room.accounts.setup_open(code):
        return RedirectResponse(f"/setup?code={code}", 303)
    return RedirectResponse("/sign-in", 303)


@router.get("/halt")
def halt_page(request: Request, room: TheRoom) -> Response:
    """Halts in force, and the form with which two people reset them."""
    accounts = [a for a in room.accounts.people() if a.enrolled]
    return room.page(request, "halt.html", accounts=accounts, refusal=None)


@router.get("/w/{station}")
def kiosk(request: Request, room: TheRoom, station: str, element: str = "") -> Response:
    """A station's own page: Halt and Challenge, large, without signing in and without a cookie."""
    found = next((s for s in room.site.stations if s.id == station), None)
    if found is None:
        missing = refuse(
            "station-unknown", f"`{station[:64]}` is not a station", "choose one from the list of stations"
        )
        return room.refused(request, missing, "/stations", 404)
    places = [*found.machines, found.buffer]
    chosen = element if element in places else found.machines[0]
    return room.page(request, "kiosk.html", station=found, places=places, chosen=chosen)


@router.get("/stations")
def stations(request: Request, room: TheRoom) -> Response:
    """Every station with a code to print and hang up."""
    base = str(request.base_url).rstrip("/")
    codes = {
        s.id: Markup(  # noqa: S704 - drawn here from the site's own ids, which are letters, digits and dashes
            segno.make(f"{base}/w/{s.id}", error="m").svg_inline(
                border=0, omitsize=True, svgclass="qr", lineclass=None, title=f"Code of {s.id}"
            )
        )
        for s in room.site.stations
    }
    return room.page(request, "stations.html", codes=codes)
