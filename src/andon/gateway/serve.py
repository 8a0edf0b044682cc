"""The Unix socket: length-framed canonical JSON, requests one by one on each of a bounded number of connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from andon.adapters.gateway_socket import NAME, remove, to_bind
from andon.adapters.machines.opcua_writer import Unreachable
from andon.core.refusals import Reason
from andon.gateway.checks import SITE
from andon.gateway.decide import status
from andon.gateway.process import Gateway
from andon.gateway.state import Asked, Event, HaltAsked, RaiseEpoch, ResetAsked, ResolveAsked
from andon.protocols.permit import PermitRefused, frame, frame_length, read_message, text_of

CLIENTS_MAX = 32
"""Connections beyond these are answered too, if all they want is to halt."""
CONNECTIONS_MAX = 64
IDLE_S = 60.0
FRAME_S = 5.0


class SocketServer:
    """Serves one gateway on `folder/gateway.sock`."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self._gateway = gateway
        self._folder = folder
        self._clients = 0
        self._handlers: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def begin(self) -> None:
        """Listen.

        Raises:
            OSError: the socket cannot be made.
        """
        with to_bind(self._folder) as path:
            self._server = await asyncio.start_unix_server(self._serve, path)
            (self._folder / NAME).chmod(0o600)

    async def end(self) -> None:
        """Stop listening and let go of every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._handlers:
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        remove(self._folder)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._handlers.add(task)
            task.add_done_callback(self._handlers.discard)
        self._clients += 1
        try:
            if self._clients <= CONNECTIONS_MAX:
                await self._converse(reader, writer, self._clients > CLIENTS_MAX)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            return  # the client went away, which changes nothing here
        finally:
            self._clients -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, crowded: bool) -> None:
        while True:
            try:
                async with asyncio.timeout(FRAME_S if crowded else IDLE_S):
                    head = await reader.readexactly(4)
                async with asyncio.timeout(FRAME_S):
                    message = read_message(await reader.readexactly(frame_length(head)))
                if crowded and message.get("do") != "halt":
                    answer = _refusal("crowded", f"{CLIENTS_MAX} clients are connected already; try again later")
                else:
                    answer = await self._answer(message)
            except PermitRefused as error:
                answer = _refusal("bad-request", str(error))
                crowded = True
            writer.write(_framed(answer))
            await writer.drain()
            if crowded:
                return

    async def _answer(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        match message.get("do"):
            case "status":
                self._gateway.look()
                return {**status(self._gateway.state), "no_session": self._gateway.no_session()}
            case "query":
                return self._query(text_of(message, "command", needed=True))
            case "live":
                return await self._live(text_of(message, "signal", needed=True))
            case what:
                return await self._gateway.ask(event_of(what, message))

    def _query(self, name: str) -> Mapping[str, Any]:
        command = self._gateway.state.commands.get(name)
        if command is None:
            return {"ok": True, "command": name, "phase": "unknown"}
        return {"ok": True, **command.as_json()}

    async def _live(self, signal: str) -> Mapping[str, Any]:
        bounds = self._gateway.state.bounds
        bound = bounds.signals.get(signal) if bounds else None
        if bound is None:
            return _refusal("not-declared", f"signal `{signal}` is not in the bounds document")
        try:
            live = await self._gateway.live(bound)
        except Unreachable as error:
            return _refusal("unreachable", str(error))
        return {"ok": True, "signal": signal, "value": live.value, "good": live.good, "status": live.status}


def event_of(what: Any, message: Mapping[str, Any]) -> Callable[[int], Event]:
    """What a request makes happen, given the number that its answer goes to.

    Raises:
        PermitRefused: an unknown request, or a field that does not fit.
    """
    match what:
        case "permit":
            envelope = message.get("permit")
            return lambda ask: Asked(ask, envelope)
        case "raise_epoch":
            why = text_of(message, "why")
            return lambda ask: RaiseEpoch(ask, why)
        case "halt":
            scope, who, why = _clipped(message, "scope") or SITE, _clipped(message, "who"), _clipped(message, "why")
            return lambda ask: HaltAsked(ask, scope, who, why)
        case "reset":
            halts, reason = message.get("halts"), text_of(message, "reason")
            if not isinstance(halts, list) or not all(isinstance(name, str) for name in halts):
                raise PermitRefused("`halts` is not a list of names")
            return lambda ask: ResetAsked(ask, tuple(dict.fromkeys(halts)), reason, message.get("signatures"))
        case "resolve":
            done = message.get("done")
            if not isinstance(done, bool):
                raise PermitRefused("`done` is not true or false")
            command, who = text_of(message, "command", needed=True), text_of(message, "who", needed=True)
            why = text_of(message, "why", needed=True)
            return lambda ask: ResolveAsked(ask, command, done, who, why)
        case _:
            known = "status, raise_epoch, permit, query, halt, reset, resolve, live"
            raise PermitRefused(f"request `{str(what)[:40]}` is not one of {known}")


def _framed(answer: Mapping[str, Any]) -> bytes:
    try:
        return frame(answer)
    except PermitRefused as error:
        return frame(_refusal("fault", f"the answer cannot be sent: {error}"))


def _clipped(message: Mapping[str, Any], key: str) -> str:
    # A halt is never refused for its form.
    return str(message.get(key) or "")[:100].encode("utf-8", "replace").decode()


def _refusal(code: str, text: str) -> Mapping[str, Any]:
    return {"ok": False, "reasons": [Reason(code, text).as_json()]}
