"""A page with one button, on 127.0.0.1: halts without the twin, without a login and without scripts."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Mapping

from andon.gateway.checks import SITE
from andon.gateway.process import Gateway
from andon.gateway.state import HaltAsked, State

REQUEST_BYTES_MAX = 16_384
REQUEST_S = 5.0
CONNECTIONS_MAX = 32
_HEAD = (
    "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'\r\nReferrer-Policy: same-origin\r\nConnection: close\r\n"
)
_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#000;"
    "background:#fff}"
    "button{font:inherit;font-size:2rem;font-weight:700;width:100%;min-height:8rem;color:#fff;background:#000;"
    "border:.3rem solid #000;cursor:pointer}button:focus-visible{outline:.4rem solid #000;outline-offset:.3rem}"
    ".latched{border:.3rem solid #000;padding:.5rem 1rem}"
)


class Page:
    """Serves the page for one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._server: asyncio.Server | None = None
        self._open = 0
        self._handlers: set[asyncio.Task[None]] = set()
        self.port = 0

    async def begin(self, port: int) -> None:
        """Listen on 127.0.0.1; port 0 lets the system choose.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=REQUEST_BYTES_MAX)
        self.port = self._server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        for task in self._handlers:
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._handlers.add(task)
            task.add_done_callback(self._handlers.discard)
        self._open += 1
        try:
            if self._open <= CONNECTIONS_MAX:
                async with asyncio.timeout(REQUEST_S):
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                writer.write(await self._answer(head))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # the browser went away, or sent what is not a request
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, head: str) -> bytes:
        lines = head.split("\r\n")
        method, _, rest = lines[0].partition(" ")
        path = rest.partition(" ")[0]
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        if method == "POST" and path == "/halt":
            if not self._own(headers):
                return _respond("403 Forbidden", "<p>This button is pressed on its own page.</p>")
            await self._gateway.ask(
                lambda ask: HaltAsked(ask, SITE, "gateway page", "pressed on the gateway's own page")
            )
            return b"HTTP/1.1 303 See Other\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        if method in {"GET", "HEAD"} and path == "/":
            self._gateway.look()
            return _respond("200 OK", render(self._gateway.state))
        return _respond("404 Not Found", '<p>Nothing here. <a href="/">The button</a></p>')

    def _own(self, headers: Mapping[str, str]) -> bool:
        # Another site's page may not press the button; a browser that says nothing may.
        origin = headers.get("origin", "")
        return origin in {"", f"http://127.0.0.1:{self.port}", f"http://localhost:{self.port}"}


def render(state: State) -> str:
    """The page's body."""
    if state.halts:
        rows = "".join(
            f"<li><b>{html.escape(halt.scope)}</b> ({html.escape(halt.id)}) {html.escape(halt.why)}</li>"
            for halt in state.halts
        )
        said = (
            f'<div class="latched" role="status"><p><b>Halted.</b> The twin writes nothing there.</p><ul>{rows}</ul>'
            "<p>Two people and a reason release it: <code>andon reset</code>. Releasing resumes nothing.</p></div>"
        )
    else:
        said = '<p role="status">Not halted. The twin may write inside the bounds that two people signed.</p>'
    return (
        "<h1>Halt the twin's actions</h1>"
        '<form method="post" action="/halt"><button type="submit">HALT TWIN ACTIONS</button></form>'
        "<p><b>This is not an emergency stop.</b> It stops what the twin writes to machines; machines go on as they "
        f"are. For danger use the red button at the machine.</p>{said}"
        '<p><a href="/">Look again</a></p>'
    )


def _respond(status: str, body: str) -> bytes:
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>Halt</title><style>{_STYLE}</style></head><body><main>{body}</main>'
        "</body></html>"
    ).encode()
    return f"HTTP/1.1 {status}\r\n{_HEAD}Content-Length: {len(page)}\r\n\r\n".encode() + page
