"""How a connection to an OPC UA server comes about, and the one sentence that says why it did not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

from asyncua import Client, ua
from asyncua.crypto import uacrypto
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from andon.adapters.clock import SystemClock
from andon.adapters.pki import Own, Pki, Untrusted
from andon.site.model import Source

TIMEOUT_S = 4.0
"""For one request; a server on the site's own network answers in milliseconds."""
CLOSE_S = 2.0
SESSION_MS = 30_000
"""How long a server keeps our session after we are gone."""
DER = "der"


class Trouble(Exception):  # noqa: N818 - named for what it says
    """Why a source is not connected: one sentence, what is wrong and what to do."""


def quiet() -> None:
    """Silence the vendor's own log: everything that it would print is turned into a sentence here."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)


async def connect(source: Source, pki: Pki, name: str, credentials: Path | None = None) -> Client:
    """A connected client with an active session.

    Args:
        source: endpoint, security, credential reference.
        pki: our certificates and the trusted ones.
        name: under which our certificate is made; one a process, so that two never make the same file.
        credentials: folder with the files that `source.credential` names: one line `user:password`.

    Raises:
        Trouble: with the sentence.
    """
    quiet()
    client = Client(source.url, timeout=TIMEOUT_S)
    client.name = client.description = f"Andon {name}"
    client.session_timeout = SESSION_MS
    if source.credential:
        _sign_in(client, source, credentials)
    own = await _secure(client, source, pki, name) if source.security != "none" else None
    try:
        await asyncio.wait_for(client.connect(), 3 * TIMEOUT_S)
    except Exception as error:
        # Whatever the stack raises (assertions and short reads included) stands for one of two things.
        await close(client)
        raise Trouble(_refused(source, own, error)) from error
    return client


async def close(client: Client) -> None:
    """End a connection, alive or dead; never raises, never takes long."""
    protocol = client.uaclient.protocol
    with contextlib.suppress(Exception):
        await asyncio.wait_for(client.disconnect(), CLOSE_S)
    transport = getattr(protocol, "transport", None)
    if transport is not None:
        transport.abort()  # a server that hangs would keep the socket open for as long as it does
    await asyncio.sleep(0)


def _sign_in(client: Client, source: Source, credentials: Path | None) -> None:
    path = (credentials or Path()) / str(source.credential)
    try:
        user, found, password = path.read_text(encoding="utf-8").strip().partition(":")
    except OSError as error:
        raise Trouble(f"credential `{path}` of `{source.id}` cannot be read; write `user:password` there") from error
    if not found:
        raise Trouble(f"credential `{path}` of `{source.id}` has no `:`; write `user:password` there")
    client.set_user(user)
    client.set_password(password)


async def _secure(client: Client, source: Source, pki: Pki, name: str) -> Own:
    """Ask for the server's certificate, compare it with the trusted ones, and prepare an encrypted channel."""
    now = SystemClock().now()
    try:
        endpoints = await asyncio.wait_for(client.connect_and_get_server_endpoints(), 2 * TIMEOUT_S)
    except Exception as error:
        raise Trouble(unreachable(source, error)) from error
    policy, mode = SecurityPolicyBasic256Sha256, ua.MessageSecurityMode.SignAndEncrypt
    offered = [e for e in endpoints if e.SecurityMode == mode and e.SecurityPolicyUri == policy.URI]
    if not offered:
        raise Trouble(
            f"`{source.id}` at {source.url} offers no Basic256Sha256 SignAndEncrypt endpoint; switch one on there"
        )
    certificate = uacrypto.der_from_x509(uacrypto.x509_from_der(offered[0].ServerCertificate))
    try:
        own = pki.own(name, now)
        pki.check(certificate, f"`{source.id}` at {source.url}", now)
    except Untrusted as error:
        raise Trouble(str(error)) from error
    except OSError as error:
        raise Trouble(f"`{pki.folder}` cannot be written ({error.strerror}); correct its owner and mode") from error
    client.application_uri = own.uri
    await client.set_security(
        policy, own.certificate, own.key, server_certificate=uacrypto.CertProperties(certificate, DER), mode=mode
    )
    return own


def unreachable(source: Source, error: BaseException) -> str:
    """The sentence for a server that does not answer at all."""
    why = "connection refused" if isinstance(error, ConnectionRefusedError) else type(error).__name__
    return f"`{source.id}` at {source.url} does not answer ({why}); start the server or correct its url"


def _refused(source: Source, own: Own | None, error: BaseException) -> str:
    """The sentence for a server that answers and does not let us in."""
    if isinstance(error, ConnectionRefusedError) or (own is None and isinstance(error, OSError | TimeoutError)):
        return unreachable(source, error)
    name = type(error).__name__
    if name in {"BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid"}:
        return f"`{source.id}` refused our user ({name}); correct the credential in sources.yaml"
    if own is None:
        return f"`{source.id}` at {source.url} refused the session ({name}); it may want `security: Basic256Sha256`"
    return (
        f"`{source.id}` closed the encrypted connection ({name}): most likely it does not trust our certificate; "
        f"let its administrator trust `{own.certificate}`"
    )
