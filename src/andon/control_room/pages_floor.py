"""Pages that show the floor: Now, a machine, signals, alarms, commands."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from andon.control_room.figures import forecast_figures
from andon.control_room.forms import TheRoom
from andon.control_room.picture import Picture, look
from andon.control_room.present import shown, unit_text
from andon.control_room.room import Room
from andon.control_room.trend import POINTS, SLIM, WIDTH, WINDOWS, Drawing, draw
from andon.core.refusals import refuse
from andon.core.time import SECOND, Nanos
from andon.operate.port import Point
from andon.site.model import Signal
from andon.sync.view import SignalView

router = APIRouter(include_in_schema=False)


@router.get("/")
def now(request: Request, room: TheRoom) -> Response:
    """The first page."""
    return room.page(request, "now.html")


@router.get("/m/{element}")
def machine(request: Request, room: TheRoom, element: str, signal: str = "", window: str = "1h") -> Response:
    """One element: every signal, a trend, and a challenge."""
    found = room.names.elements.get(element)
    if found is None:
        missing = refuse(
            "element-unknown", f"`{element[:64]}` is not an element of this site", "choose one on the floor map"
        )
        return room.refused(request, missing, "/", 404)
    picture = look(room.desk, room.tail)
    own = sorted((s for s in room.site.signals if s.element == element), key=_rank)
    chosen = _chosen(own, signal)
    return room.page(
        request,
        "machine.html",
        picture=picture,
        element=found,
        station=room.names.station_of.get(element),
        rows=[(s, shown(picture.views[s.id], picture.at)) for s in own if s.id in picture.views],
        chosen=chosen,
        window=window if window in WINDOWS else "1h",
        windows=WINDOWS,
        drawings=[] if chosen is None else _drawings(room, picture, chosen, window),
        own_alarms=[a for a in room.alarms(picture) if a.href == f"/m/{element}"],
        uses=[u for u in room.site.uses if any(s.id in u.signals for s in own)],
    )


@router.get("/m/{element}/trend")
def trend_part(room: TheRoom, element: str, signal: str, window: str = "1h") -> Response:
    """The trend alone, for a page that is already open."""
    found = next((s for s in room.site.signals if s.element == element and s.id == signal), None)
    if found is None:
        return HTMLResponse("", 404)
    picture = look(room.desk, room.tail)
    drawings = _drawings(room, picture, found, window)
    context = {"drawings": drawings, "chosen": found, "unit_name": unit_text(found.unit)}
    return HTMLResponse(room.fragment("trend", context))


ORDER = ("state", "job", "order", "elapsed", "count", "temperature", "setpoint", "setpoint_active", "remote")
"""What people look for first; other properties follow by name."""


def _rank(signal: Signal) -> tuple[int, str]:
    return (ORDER.index(signal.property) if signal.property in ORDER else len(ORDER), signal.property)


def _chosen(own: list[Signal], wanted: str) -> Signal | None:
    numeric = [s for s in own if s.type in {"float", "int"}]
    named = next((s for s in numeric if s.id == wanted), None)
    order = ("temperature", "level", "completed", "count", "elapsed")
    usual = sorted(numeric, key=lambda s: order.index(s.property) if s.property in order else len(order))
    return named or next(iter(usual), None)


def _drawings(room: Room, picture: Picture, signal: Signal, window: str) -> list[Drawing]:
    """The trend twice: for a wide and for a narrow page."""
    span_s, _ = WINDOWS.get(window, WINDOWS["1h"])
    span = (picture.at - span_s * SECOND, picture.at)
    points = room.desk.trend(signal.id, Nanos(span[0]), Nanos(span[1]), POINTS)
    limits, unit = (signal.low, signal.high), unit_text(signal.unit)
    held = _held(picture.views.get(signal.id))
    return [draw(points, span, limits, unit, room.names.zone, width, held) for width in (WIDTH, SLIM)]


def _held(view: SignalView | None) -> Point | None:
    """The present value, if it is current."""
    if view is None or not view.fresh or view.received_time is None or not isinstance(view.value, int | float):
        return None
    return Point(Nanos(view.received_time), float(view.value), None, None, view.status)


@router.get("/signals")
def signals(request: Request, room: TheRoom, show: str = "all") -> Response:
    """Every signal as a table, the sources, and what was set aside."""
    picture = look(room.desk, room.tail)
    rows = [(v, shown(v, picture.at)) for v in picture.views.values()]
    odd = [(v, s) for v, s in rows if s.state not in {"ok", "model", "replay"}]
    return room.page(
        request,
        "signals.html",
        picture=picture,
        show="odd" if show == "odd" else "all",
        rows=odd if show == "odd" else rows,
        total=len(rows),
        odd_count=len(odd),
        quarantine=room.desk.quarantine(),
    )


@router.get("/alarms")
def alarms(request: Request, room: TheRoom) -> Response:
    """Every alarm, active and just returned to normal."""
    return room.page(request, "alarms.html")


@router.get("/commands")
def commands(request: Request, room: TheRoom) -> Response:
    """Every command and what became of it."""
    return room.page(request, "commands.html")


@router.get("/forecast")
def forecast(request: Request, room: TheRoom) -> Response:
    """The latest forecast whole: quantities, what it leans on, what was sampled, what is not represented."""
    picture = look(room.desk, room.tail)
    shown_ = forecast_figures(picture, room.names.zone)
    return room.page(request, "forecast.html", picture=picture, quantities=shown_, forecast=picture.forecast or {})


@router.get("/help")
def help_page(request: Request, room: TheRoom) -> Response:
    """Keys, shapes and words."""
    return room.page(request, "help.html")


@router.get("/api")
def api_page(request: Request, room: TheRoom) -> Response:
    """Every endpoint in a list; the machine-readable form is /api/openapi.json."""
    schema = request.app.openapi()
    groups = []
    for tag in schema["tags"]:
        rows = [
            (method.upper(), address, entry.get("summary", ""))
            for address, methods in schema["paths"].items()
            for method, entry in methods.items()
            if tag["name"] in entry.get("tags", [])
        ]
        groups.append((tag, rows))
    about = [p.replace("\n", " ") for p in schema["info"]["description"].strip().split("\n\n")]
    return room.page(request, "api.html", groups=groups, about=about)
