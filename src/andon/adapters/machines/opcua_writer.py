"""One OPC UA session that may write. Reads, writes once, reads back; and says what it does not know.

What this adapter can do, as the gateway's rules need it: *fence* (its session is closed, so that nothing more is sent
in it), *query* (by reading back: writes are absolute), *idempotent* (the same absolute value). It does not deduplicate.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncua import Client, ua
from asyncua.crypto import uacrypto
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from andon.adapters.pki import Own, Pki, Untrusted
from andon.core.readings import Quality, Value
from andon.core.time import Clock

# The library logs every request that fails; what matters is in our own answers.
for _name in ("asyncua", "asyncuagds"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

CONNECT_S = 4.0
ANSWER_S = 2.0
"""How long an answer is waited for; the server is told the same in each request."""
CLOSE_S = 1.0
REFUSALS = frozenset(
    {
        ua.StatusCodes.BadAttributeIdInvalid,
        ua.StatusCodes.BadIndexRangeInvalid,
        ua.StatusCodes.BadInvalidState,
        ua.StatusCodes.BadNodeIdInvalid,
        ua.StatusCodes.BadNodeIdUnknown,
        ua.StatusCodes.BadNotWritable,
        ua.StatusCodes.BadOutOfRange,
        ua.StatusCodes.BadSecurityModeInsufficient,
        ua.StatusCodes.BadSessionIdInvalid,
        ua.StatusCodes.BadSessionNotActivated,
        ua.StatusCodes.BadTypeMismatch,
        ua.StatusCodes.BadUserAccessDenied,
        ua.StatusCodes.BadWriteNotSupported,
    }
)
"""Answers that say that a write was not taken. Any other bad one (a time-out behind the server, say) leaves it open."""
USER_REFUSED = frozenset({"BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid"})
OWN = "gateway"
"""Name of our own certificate."""


@dataclass(frozen=True, slots=True)
class LiveValue:
    """A value with its quality, as one answer carried it."""

    value: Value | None
    good: bool
    status: str
    kind: int = 0
    """OPC UA variant type that the server gave it: a write uses the same."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a write: `good`, `refused` or `unknown`."""

    verdict: str
    why: str = ""


class Unreachable(OSError):  # noqa: N818 - named for what it says
    """No usable answer from the machine; one sentence."""


class OpcUaWriter:
    """A session of its own with one server.

    In `folder`, `pki/` holds `own/gateway.der`, `own/gateway.key.pem` (made when they are not there) and the servers
    that may be talked to in `trusted/`; it is needed for security `Basic256Sha256` only. A server whose certificate is
    not there is not talked to: what it showed is kept in `rejected/`, for a person to compare and to move.
    `credentials/SOURCE` is one line `user:password` for a server that tells users apart; else the session is anonymous.
    """

    def __init__(self, url: str, security: str, folder: Path, source: str, clock: Clock) -> None:
        self.url = url
        self._security = security
        self._pki = Pki(folder / "pki")
        self._credential = folder / "credentials" / Path(source).name
        self._clock = clock
        self.trouble = "not connected yet"
        """Why there is no session; empty while there is one."""
        self._client: Client | None = None
        self._opening = asyncio.Lock()

    async def read(self, address: str) -> LiveValue:
        """The present value, asked from the machine now (maximum age 0).

        Raises:
            Unreachable: no session, no such node, no answer.
        """
        client = await self._session()
        try:
            async with asyncio.timeout(ANSWER_S):
                data = await client.get_node(address).read_data_value(raise_on_bad_status=False)
        except (ua.UaError, OSError, TimeoutError) as error:
            await self._lost(client, error)
            raise Unreachable(f"`{address}` at `{self.url}` does not answer ({_named(error)})") from error
        return _live(data)

    async def write(self, address: str, value: Value, kind: int) -> Answer:
        """Write once, in the session that is open; never opens one and never tries again."""
        client = self._client
        if client is None:
            return Answer("refused", "the session closed before anything was sent")
        data = ua.DataValue(ua.Variant(_typed(value, kind), ua.VariantType(kind)))
        try:
            async with asyncio.timeout(ANSWER_S):
                await client.get_node(address).write_value(data)
        except (TimeoutError, OSError) as error:
            return Answer("unknown", f"no answer within {ANSWER_S:g} s ({_named(error)})")
        except ua.UaError as error:
            said_no = isinstance(error, ua.UaStatusCodeError) and error.code in REFUSALS
            return Answer("refused" if said_no else "unknown", _named(error))
        return Answer("good")

    async def keep(self) -> None:
        """Open the session if there is none, and see that it lives.

        Raises:
            Unreachable: it does not.
        """
        client = await self._session()
        try:
            async with asyncio.timeout(ANSWER_S):
                await client.get_node(ua.ObjectIds.Server_ServerStatus_State).read_data_value()
        except (ua.UaError, OSError, TimeoutError) as error:
            if client is self._client:
                await self.fence()
            self.trouble = f"`{self.url}` does not answer ({_named(error)})"
            raise Unreachable(self.trouble) from error

    async def fence(self) -> None:
        """Close the session: nothing more is sent in it, and the server ends what it holds of it."""
        client, self._client = self._client, None
        if client is not None:
            # A dead server cannot be told; closing our side is all that can be done.
            with contextlib.suppress(ua.UaError, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await client.disconnect()

    async def _lost(self, client: Client, error: Exception) -> None:
        if client is self._client and not isinstance(error, ua.UaStatusCodeError):
            await self.fence()

    async def _session(self) -> Client:
        async with self._opening:
            if self._client is None:
                try:
                    self._client = await self._connected()
                except Unreachable as error:
                    self.trouble = str(error)
                    raise
                self.trouble = ""
            return self._client

    async def _connected(self) -> Client:
        client = Client(self.url, timeout=ANSWER_S, watchdog_intervall=30.0)
        client.name = client.description = "Andon gateway"
        own: Own | None = None
        try:
            async with asyncio.timeout(CONNECT_S):
                self._sign_in(client)
                if self._security != "none":
                    own = await self._secure(client)
                await client.connect()
        except Exception as error:
            # Whatever the stack raises (assertions and short reads included), there is no session.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(CLOSE_S):
                    await client.disconnect()
            if isinstance(error, Unreachable):
                raise
            raise Unreachable(self._refused(own, error)) from error
        return client

    def _sign_in(self, client: Client) -> None:
        """Give the user and password, if there are any."""
        if not self._credential.exists():
            return
        user, found, password = self._credential.read_text(encoding="utf-8").strip().partition(":")
        if not found:
            raise Unreachable(f"`{self._credential}` has no `:`; write `user:password` there")
        if self._security == "none":
            raise Unreachable(f"`{self.url}` is not encrypted, and a password is not sent openly; use Basic256Sha256")
        client.set_user(user)
        client.set_password(password)

    async def _secure(self, client: Client) -> Own:
        """Prepare an encrypted channel with the one certificate that the server shows, if it is trusted.

        Raises:
            Unreachable: it is not, or no such channel is offered.
        """
        policy, mode = SecurityPolicyBasic256Sha256, ua.MessageSecurityMode.SignAndEncrypt
        endpoints = await client.connect_and_get_server_endpoints()
        offered = [e for e in endpoints if e.SecurityMode == mode and e.SecurityPolicyUri == policy.URI]
        if not offered:
            raise Unreachable(f"`{self.url}` offers no Basic256Sha256 SignAndEncrypt endpoint; switch one on there")
        certificate = uacrypto.der_from_x509(uacrypto.x509_from_der(offered[0].ServerCertificate))
        now = self._clock.now()
        try:
            own = self._pki.own(OWN, now)
            self._pki.check(certificate, f"`{self.url}`", now)
        except Untrusted as error:
            raise Unreachable(f"the gateway does not talk to it: {error}") from error
        client.application_uri = own.uri
        shown = uacrypto.CertProperties(certificate, "der")
        await client.set_security(policy, own.certificate, own.key, server_certificate=shown, mode=mode)
        return own

    def _refused(self, own: Own | None, error: BaseException) -> str:
        why = "connection refused" if isinstance(error, ConnectionRefusedError) else _named(error)
        if type(error).__name__ in USER_REFUSED:
            return f"`{self.url}` refuses the gateway's user ({why}); write `user:password` in `{self._credential}`"
        if own is None or isinstance(error, ConnectionRefusedError):
            return f"no session with `{self.url}` ({why}); see that the server runs there"
        return (
            f"`{self.url}` closed the gateway's encrypted connection ({why}): most likely it does not trust its "
            f"certificate; let its administrator trust `{own.certificate}`"
        )


def _live(data: Any) -> LiveValue:
    status = data.StatusCode
    code = status.value if status is not None else 0
    variant = data.Value
    value = variant.Value if variant is not None else None
    known = isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))
    kind = variant.VariantType.value if variant is not None and variant.VariantType is not None else 0
    return LiveValue(
        value=value if known else None,
        good=known and Quality.of_status(code) == Quality.GOOD,
        status=status.name if status is not None else "Good",
        kind=kind,
    )


def _typed(value: Value, kind: int) -> Value:
    floating = kind in {ua.VariantType.Float.value, ua.VariantType.Double.value}
    if isinstance(value, bool | str):
        return value
    return float(value) if floating else int(value)


def _named(error: BaseException) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
