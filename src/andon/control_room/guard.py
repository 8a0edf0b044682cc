"""What every request passes first: host, origin, size; and the headers that every answer carries."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from andon.control_room.settings import BODY_MAX, RoomSettings
from andon.core.time import SECOND, Clock

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class TooLarge(Exception):  # noqa: N818 - named for what it says
    """A body went past its bound while it was being read."""


class Guard:
    """Pure ASGI: refuses foreign hosts and origins and large bodies, and adds the security headers."""

    def __init__(self, app: ASGIApp, settings: RoomSettings) -> None:
        self._app = app
        self._hosts = settings.hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None and scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1][:120]})
            return
        sender = _Sender(send, scope)
        if refusal is not None:
            status, sentence = refusal
            await PlainTextResponse(sentence + "\n", status)(scope, receive, sender)
            return
        try:
            await self._app(scope, _Bounded(receive), sender)
        except TooLarge:
            if not sender.started:
                await PlainTextResponse("the request is too large; shorten the text\n", 413)(scope, receive, sender)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if _name(host) not in self._hosts:
            return 421, f"`{host[:80]}` is not this control room's address; open it at http://127.0.0.1"
        writing = scope["type"] == "websocket" or scope["method"] not in _READING
        if writing and not _same_origin(headers, host):
            return 403, "this request comes from another site; use the pages of the control room itself"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > BODY_MAX:
            return 413, f"the request is larger than {BODY_MAX} bytes; shorten the text"
        return None


class _Sender:
    """Adds the headers, and knows whether an answer has begun."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send = send
        self._static = scope["path"].startswith("/static/")
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            if "cache-control" not in headers:
                headers["cache-control"] = "no-cache" if self._static else "no-store"
        await self._send(message)


class _Bounded:
    """Counts what is read, for bodies that do not say their length."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > BODY_MAX:
                raise TooLarge
        return message


def _name(host: str) -> str:
    """The host without its port.

    >>> _name("localhost:8700"), _name("[::1]:8700"), _name("127.0.0.1")
    ('localhost', '[::1]', '127.0.0.1')
    """
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _same_origin(headers: Headers, host: str) -> bool:
    """A browser names the origin of what it posts; tools such as curl name none and carry no cookies by accident."""
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    if site not in {"same-origin", "none"}:
        return False
    return origin is None or origin.partition("://")[2] == host


class Tokens:
    """Form tokens: proof that a form was read from a page of this room, bound to the session that posts it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def make(self, session: str) -> str:
        """The token for a session (empty: for a page that nobody is signed in on)."""
        return hmac.new(self._secret, b"form\0" + session.encode(), sha256).hexdigest()

    def check(self, session: str, token: str) -> bool:
        """Whether this token was made for this session by this start of the room."""
        return hmac.compare_digest(self.make(session), token)


class Bounded:
    """So many a minute for each key, in bounded memory."""

    def __init__(self, clock: Clock, per_minute: int, keys_max: int = 512) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._keys_max = keys_max
        self._seen: OrderedDict[str, list[int]] = OrderedDict()

    def take(self, key: str) -> bool:
        """One more for this key; False when there were too many in the last minute."""
        now = self._clock.monotonic()
        recent = [t for t in self._seen.pop(key, []) if now - t < 60 * SECOND]
        allowed = len(recent) < self._per_minute
        if allowed:
            recent.append(now)
        self._seen[key] = recent
        while len(self._seen) > self._keys_max:
            self._seen.popitem(last=False)
        return allowed
