"""An OPC UA server for the virtual plant: it tells values with their times and status, and hands writes on.

It is the machine side of the line. Nothing here writes to a machine; clients do, and are asked for a certificate.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.user_managers import UserManager
from cryptography import x509

from andon.adapters.pki import Pki, thumbprint
from andon.core.readings import Value
from andon.core.time import Clock

NAMESPACE = "urn:andon:virtual-plant"
LOOPBACK = "127.0.0.1"
STOP_S = 0.6
"""How long connections may take to close by themselves."""
REJECTED_MAX = 64
"""Certificates kept for somebody to look at; more are only refused."""
TYPES = {
    "float": ua.VariantType.Double,
    "int": ua.VariantType.Int64,
    "bool": ua.VariantType.Boolean,
    "string": ua.VariantType.String,
}
ZERO: dict[str, Value] = {"float": 0.0, "int": 0, "bool": False, "string": ""}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PortTakenError(OSError):
    """Something else listens where the server should."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One node: where it stands, what it holds, whether clients find it writable."""

    name: str
    address: str
    element: str
    type: str
    unit: str = ""
    writable: bool = False


@dataclass(frozen=True, slots=True)
class ClientWrite:
    """A client wrote a value node; `allowed` says whether its session may write at all."""

    name: str
    value: object
    who: str
    allowed: bool


OnWrite = Callable[[ClientWrite], Awaitable[int]]
"""Hands a write on and returns the OPC UA status code to answer with."""


OPCUA_PORT = 4840
"""Registered for OPC UA; taken where an url names none."""


class Trust:
    """Whose certificate opens the door: folders read anew at every sign-on, and what was refused is kept."""

    def __init__(self, pki: Pki, more: tuple[Path, ...], wall: Clock) -> None:
        self._pki = pki
        self._folders = (pki, *(Pki(pki.folder, trusted=folder) for folder in more))
        self._wall = wall
        pki.trusted.mkdir(parents=True, exist_ok=True, mode=0o700)

    def name_of(self, der: bytes) -> str | None:
        """The common name of a trusted certificate that is in date; None for every other one."""
        certificate = x509.load_der_x509_certificate(der)
        in_date = certificate.not_valid_before_utc <= moment(self._wall.now()) <= certificate.not_valid_after_utc
        if in_date and any(thumbprint(der) in folder.thumbprints() for folder in self._folders):
            names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
            return str(names[0].value) if names else "certificate"
        if not self._pki.rejected.is_dir() or sum(1 for _ in self._pki.rejected.iterdir()) < REJECTED_MAX:
            self._pki.reject(der)
        return None


@dataclass
class PlantUser(User):  # type: ignore[misc]  # asyncua is untyped
    """Who a session belongs to, and whether a trusted certificate says so."""

    certified: bool = False


class Doorkeeper(UserManager):  # type: ignore[misc]  # asyncua is untyped
    """Looks at the certificate of the secure channel itself, which clients need not repeat when they open a session."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    def get_user(
        self, iserver: Any, username: str | None = None, password: str | None = None, certificate: bytes | None = None
    ) -> PlantUser:
        """The user of a session; anonymous without a certificate.

        Raises:
            ServiceError: the certificate is not trusted.
        """
        del iserver, username, password  # a plant has no accounts: certificates say who may write
        if not certificate:
            return PlantUser(role=UserRole.User, name="anonymous")
        name = self._trust.name_of(certificate)
        if name is None:
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)
        return PlantUser(role=UserRole.User, name=name, certified=True)


class PlantSession(InternalSession):  # type: ignore[misc]  # asyncua is untyped
    """A client's session: writes go to the plant, and publishing can fall silent."""

    desk: OpcuaServer
    label: str = ""

    async def create_session(self, params: Any, sockname: Any = None) -> Any:
        """Remember what the client calls itself."""
        self.label = str(params.SessionName or "")[:128]
        return await super().create_session(params, sockname)

    async def write(self, params: Any) -> list[Any]:
        """Each value is handed to the plant; nothing else can be written."""
        return [ua.StatusCode(await self.desk.received(self, item)) for item in params.NodesToWrite]

    async def create_subscription(self, params: Any, callback: Any, request_callback: Any = None) -> Any:
        """A subscription that finds no publish request while the server is silent."""

        def request(subscription: Any) -> Any:
            return None if self.desk.silent else request_callback(subscription)

        return await super().create_subscription(params, callback, request if request_callback else None)


class PlantInternals(InternalServer):  # type: ignore[misc]  # asyncua is untyped
    """Gives every client a `PlantSession`."""

    desk: OpcuaServer

    def create_session(self, name: str, user: Any = None, external: bool = False) -> PlantSession:
        """A session for one client."""
        session = PlantSession(
            self, self.aspace, self.subscription_service, name, user=user or User(UserRole.Anonymous), external=external
        )
        session.desk = self.desk
        return session


class OpcuaServer:
    """The server: `start`, `publish` as often as needed, `stop`.

    Args:
        url: `opc.tcp://127.0.0.1:4840/andon/plant`; it listens on the loopback interface whatever the host says.
        variables: the nodes.
        on_write: asked at every write of a value node.
        pki: its own certificate and those it trusts.
        trust: more folders of certificates to trust.
        anonymous_writes: whether a client without a trusted certificate may write.
        site_clock: what its timestamps are in.
        wall: for the dates of certificates.
    """

    def __init__(
        self,
        url: str,
        variables: list[Variable],
        on_write: OnWrite,
        *,
        pki: Pki,
        trust: tuple[Path, ...] = (),
        anonymous_writes: bool,
        site_clock: Clock,
        wall: Clock,
    ) -> None:
        self.url = url
        self.silent = False
        self.own = pki.own("plant", wall.now())
        self._variables = {v.name: v for v in variables}
        self._nodes: dict[str, Any] = {}
        self._names: dict[Any, str] = {}
        self._on_write = on_write
        self._anonymous_writes = anonymous_writes
        self._site_clock = site_clock
        self._trust = Trust(pki, trust, wall)
        self._server: Any = None

    async def start(self) -> int:
        """Build the address space and listen; returns the port.

        Raises:
            PortTakenError: the port is in use.
        """
        internals = PlantInternals(user_manager=Doorkeeper(self._trust))
        internals.desk = self
        server = Server(iserver=internals)
        server.set_server_name("Andon virtual plant")
        await server.init()
        await server.set_application_uri(self.own.uri)
        server.set_endpoint(self.url)
        port = urlparse(self.url).port
        server.socket_address = (LOOPBACK, OPCUA_PORT if port is None else port)  # 0 asks for any
        server.set_security_policy(
            [
                ua.SecurityPolicyType.NoSecurity,
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
                ua.SecurityPolicyType.Basic256Sha256_Sign,
            ]
        )
        server.set_identity_tokens([ua.AnonymousIdentityToken, ua.X509IdentityToken])
        await server.load_certificate(self.own.certificate)
        await server.load_private_key(self.own.key)
        server.disable_clock()
        self._server = server
        await self._build()
        try:
            await server.start()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTakenError(error.errno, "address in use") from error
            raise
        return int(server.bserver.port)

    async def _build(self) -> None:
        server = self._server
        await server.register_namespace(NAMESPACE)
        root = await server.nodes.objects.add_object(ua.NodeId("plant", 2), ua.QualifiedName("Plant", 2))
        folders: dict[str, Any] = {}
        for variable in self._variables.values():
            address = ua.NodeId.from_string(variable.address)
            while address.NamespaceIndex >= len(await server.get_namespace_array()):
                await server.register_namespace(f"{NAMESPACE}:{len(await server.get_namespace_array())}")
            if variable.element not in folders:
                name = ua.QualifiedName(variable.element, 2)
                folders[variable.element] = await root.add_object(ua.NodeId(f"element {variable.element}", 2), name)
            node = await folders[variable.element].add_variable(
                address,
                ua.QualifiedName(variable.name, 2),
                ZERO[variable.type],
                TYPES[variable.type],
            )
            await self._describe(node, variable)
            self._nodes[variable.name] = node.nodeid
            self._names[node.nodeid] = variable.name

    async def _describe(self, node: Any, variable: Variable) -> None:
        if variable.unit:
            unit = ua.EUInformation(
                NamespaceUri="http://unitsofmeasure.org",
                UnitId=-1,
                DisplayName=ua.LocalizedText(variable.unit),
                Description=ua.LocalizedText(variable.unit),
            )
            await node.add_property(
                ua.NodeId(f"unit {variable.name}", 2), ua.QualifiedName("EngineeringUnits", 0), unit
            )
        if variable.writable:
            await node.set_writable()

    async def publish(self, name: str, value: Value | None, source_ns: int | None, status: int = 0) -> None:
        """Tell a value: `None` with a Bad status; without a source time when `source_ns` is None."""
        variable = self._variables[name]
        data = ua.DataValue(
            Value=ua.Variant(value, TYPES[variable.type]) if value is not None else ua.Variant(),
            StatusCode=ua.StatusCode(status),
            SourceTimestamp=moment(source_ns) if source_ns is not None else None,
            ServerTimestamp=moment(self._site_clock.now()),
        )
        await self._server.write_attribute_value(self._nodes[name], data)

    async def received(self, session: PlantSession, item: Any) -> int:
        """A client's write of one attribute: the status code to answer with."""
        name = self._names.get(item.NodeId)
        if name is None or item.AttributeId != ua.AttributeIds.Value or item.IndexRange:
            return int(ua.StatusCodes.BadNotWritable)
        variant, wanted = item.Value.Value, TYPES[self._variables[name].type]
        value = variant.Value if variant is not None and variant.VariantType == wanted else None
        user = session.user
        certified = isinstance(user, PlantUser) and user.certified
        allowed = certified or self._anonymous_writes
        who = " ".join(part for part in (session.label, f"({user.name})" if certified else "") if part)
        return await self._on_write(ClientWrite(name, value, who, allowed))

    async def stop(self) -> None:
        """Close every connection and the socket; a client that does not read is cut off."""
        if self._server is None:
            return
        stopping = asyncio.ensure_future(self._server.stop())
        done, _ = await asyncio.wait({stopping}, timeout=STOP_S)
        if not done:
            for transport in list(self._server.iserver.asyncio_transports):
                transport.abort()
        await stopping


def moment(ns: int) -> datetime:
    """Nanoseconds since 1970 as the library's UTC time; microseconds are what it keeps.

    >>> moment(1_500_000_000)
    datetime.datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=datetime.timezone.utc)
    """
    return EPOCH + timedelta(microseconds=ns // 1000)
