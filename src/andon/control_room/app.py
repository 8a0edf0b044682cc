"""The control room as an ASGI application: pages, API, live stream, and the guard before all of them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, WebSocket
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from andon.adapters.accounts import Accounts
from andon.control_room import (
    api,
    api_acts,
    bounds,
    pages_acts,
    pages_floor,
    pages_govern,
    pages_people,
    simulate_api,
    what_if,
)
from andon.control_room.forms import Answered
from andon.control_room.guard import Guard
from andon.control_room.live import Broadcaster
from andon.control_room.room import HERE, Room
from andon.control_room.settings import RoomSettings
from andon.core.refusals import refuse
from andon.operate.port import Desk


def create_app(desk: Desk, accounts: Accounts, settings: RoomSettings) -> FastAPI:
    """The control room over one desk. Everything that it shows or asks goes through `desk`."""
    room = Room(desk, accounts, settings)
    broadcaster = Broadcaster(room)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        broadcaster.start()
        yield
        await broadcaster.stop()

    app = FastAPI(
        title="Andon",
        version=settings.version,
        description=api.DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        openapi_tags=api.TAGS,
    )
    app.state.room = room
    for router in (api.router, api_acts.router, pages_floor.router, pages_govern.router, pages_acts.router):
        app.include_router(router)
    app.include_router(pages_people.router)
    app.include_router(bounds.router)
    app.include_router(what_if.router)
    app.include_router(simulate_api.router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_exception_handler(Answered, _answered)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Guard, settings=settings)

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await broadcaster.serve(socket)

    return app


async def _answered(request: Request, error: Exception) -> Response:
    if not isinstance(error, Answered):
        raise error
    return error.answer(request)


async def _invalid(request: Request, error: Exception) -> Response:
    """Say in one sentence what of the request was not understood."""
    if not isinstance(error, RequestValidationError):
        raise error
    sentence = "; ".join(_one(e) for e in error.errors()[:5])
    if request.url.path.startswith("/api"):
        return JSONResponse({"error": sentence + "; see /api for what is taken"}, 422)
    room: Room = request.app.state.room
    return room.refused(request, refuse("not-understood", sentence, "check the address or the form"), "/", 422)


def _one(error: dict[str, object]) -> str:
    place = error.get("loc")
    parts = [str(p) for p in place if p not in {"body", "query", "path"}] if isinstance(place, tuple) else []
    message = str(error.get("msg", "is not valid"))
    return f"`{'.'.join(parts) or 'request'}`: {message[:1].lower()}{message[1:]}"


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if request.url.path.startswith(("/api", "/static")):
        return JSONResponse({"error": str(error.detail).lower()}, error.status_code, headers=error.headers)
    room: Room = request.app.state.room
    words = {404: "there is no such page", 405: "this address takes no such request"}
    missing = refuse("http", words.get(error.status_code, str(error.detail).lower()), "go back to Now")
    return room.refused(request, missing, "/", error.status_code)
