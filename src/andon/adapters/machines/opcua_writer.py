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
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from andon.core.readings import Quality, Value

# The library logs every request that fails; what matters is in our own answers.
for _name in ("asyncua", "asyncuagds"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

CONNECT_S = 4.0
ANSWER_S = 2.0
"""How long an answer is waited for; the server is told the same in each request."""
CLOSE_S = 1.0
APPLICATION_URI = "urn:andon:gateway"


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

    `pki` holds `own/gateway.der`, `own/gateway.key.pem` and the servers that may be talked to in `trusted/`; it is
    needed for security `Basic256Sha256` only. A server whose certificate is not among the trusted is not talked to.
    """

    def __init__(self, url: str, security: str, pki: Path) -> None:
        self.url = url
        self._security = security
        self._pki = pki
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
        except ua.UaStatusCodeError as error:
            return Answer("refused", _named(error))
        except ua.UaError as error:
            return Answer("unknown", _named(error))
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
            await self.fence()
            raise Unreachable(f"`{self.url}` does not answer ({_named(error)})") from error

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
                self._client = await self._connected()
            return self._client

    async def _connected(self) -> Client:
        client = Client(self.url, timeout=ANSWER_S, watchdog_intervall=30.0)
        client.application_uri = APPLICATION_URI
        client.name = client.description = "Andon gateway"
        try:
            async with asyncio.timeout(CONNECT_S):
                if self._security != "none":
                    await self._secure(client)
                await client.connect()
        except (ua.UaError, OSError, TimeoutError, ValueError) as error:
            with contextlib.suppress(ua.UaError, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await client.disconnect()
            raise Unreachable(f"no session with `{self.url}` ({_named(error)})") from error
        return client

    async def _secure(self, client: Client) -> None:
        trusted = {path.read_bytes() for path in sorted((self._pki / "trusted").glob("*.der"))}
        own = self._pki / "own"
        if not trusted:
            raise Unreachable(f"no trusted server certificate in `{self._pki / 'trusted'}`; put the server's there")

        async def pinned(certificate: x509.Certificate, _server: Any) -> None:
            if certificate.public_bytes(Encoding.DER) not in trusted:
                raise ua.UaStatusCodeError(ua.StatusCodes.BadCertificateUntrusted)

        client.certificate_validator = pinned
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            certificate=str(own / "gateway.der"),
            private_key=str(own / "gateway.key.pem"),
            mode=ua.MessageSecurityMode.SignAndEncrypt,
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
