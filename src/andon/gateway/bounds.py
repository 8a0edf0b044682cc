"""What the gateway may do at all: a document of endpoints and bounds that two people have signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from andon.core.canonical import digest
from andon.core.readings import Value
from andon.protocols.permit import PermitRefused, bounds_statement, read_message, signers

SIGNERS_MIN = 2
SIGNALS_MAX = 300
"""Their names fit one answer of `status`."""
NAME_CHARACTERS_MAX = 128
TYPES = ("float", "int", "bool")
SECURITY = ("none", "Basic256Sha256")
_ROW = {
    "signal",
    "element",
    "source",
    "address",
    "type",
    "unit",
    "min",
    "max",
    "max_rate",
    "permissive_signal",
}


class BoundsRefused(ValueError):  # noqa: N818 - named for what it says
    """A bounds document, or the people who sign it, cannot be used; one sentence."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a source's machines are reached."""

    source: str
    url: str
    security: str


@dataclass(frozen=True, slots=True)
class Node:
    """A variable at a source."""

    source: str
    address: str


@dataclass(frozen=True, slots=True)
class Bound:
    """One signal that may be written, and how far."""

    signal: str
    element: str
    node: Node
    type: str
    unit: str
    min: float | None
    max: float | None
    max_rate: float | None
    """Largest change a minute, in `unit`; None: no limit was signed."""
    permissive: Node | None

    def fits(self, value: Value) -> bool:
        """Whether a value is of this signal's type."""
        if self.type == "bool" or isinstance(value, bool):
            return self.type == "bool" and isinstance(value, bool)
        return isinstance(value, int | float) and (self.type == "float" or float(value).is_integer())


@dataclass(frozen=True, slots=True)
class Bounds:
    """A valid document."""

    endpoints: Mapping[str, Endpoint]
    signals: Mapping[str, Bound]
    digest: str
    """Over the rows of signals, so that the twin can compare them with the site's."""
    document_digest: str
    signers: tuple[str, ...]


def read_people(data: bytes) -> dict[str, bytes]:
    """Pinned public keys by name: `{"amina": "<64 hex digits>"}`.

    Raises:
        BoundsRefused: anything else.
    """
    try:
        people = {name: bytes.fromhex(key) for name, key in read_message(data).items()}
    except (PermitRefused, ValueError, TypeError) as error:
        raise BoundsRefused("`people.json` is not an object of names and public keys in hex") from error
    if not all(name and len(key) == 32 for name, key in people.items()):
        raise BoundsRefused("`people.json` holds a key that is not 32 bytes in hex")
    return people


def read_bounds(data: bytes, people: Mapping[str, bytes]) -> Bounds:
    """The bounds in a signed document.

    Raises:
        BoundsRefused: malformed, or not signed by two different people of `people`.
    """
    try:
        outer = read_message(data)
        document, signatures = outer["document"], outer["signatures"]
        names = signers(bounds_statement(document), signatures, people)
    except (PermitRefused, KeyError, TypeError, ValueError) as error:
        raise BoundsRefused(f"`bounds.json` is not a signed bounds document ({error})") from error
    if len(names) < SIGNERS_MIN:
        known = ", ".join(names) or "nobody"
        raise BoundsRefused(f"`bounds.json` carries a valid signature of {known}; two different people must sign")
    try:
        return _read(document, names)
    except (KeyError, TypeError, AttributeError) as error:
        raise BoundsRefused(f"`bounds.json` lacks {error} or has it in another form") from error


def _read(document: Mapping[str, Any], names: tuple[str, ...]) -> Bounds:
    if document["v"] != 1 or set(document) != {"v", "sources", "signals", "permissives"}:
        raise BoundsRefused("`bounds.json` is not a bounds document of version 1")
    endpoints = {}
    for source, row in document["sources"].items():
        if not row["url"].startswith("opc.tcp://") or row["security"] not in SECURITY:
            raise BoundsRefused(
                f"source `{source}` is not an `opc.tcp://` address with security {' or '.join(SECURITY)}"
            )
        endpoints[source] = Endpoint(source, row["url"], row["security"])
    if len(document["signals"]) > SIGNALS_MAX:
        raise BoundsRefused(f"`bounds.json` has more than {SIGNALS_MAX} signals")
    permissives = {name: Node(row["source"], row["address"]) for name, row in document["permissives"].items()}
    signals: dict[str, Bound] = {}
    for row in document["signals"]:
        bound = _bound(row, permissives)
        if bound.signal in signals:
            raise BoundsRefused(f"signal `{bound.signal}` stands twice in `bounds.json`")
        for node in (bound.node, bound.permissive):
            if node is not None and node.source not in endpoints:
                raise BoundsRefused(f"signal `{bound.signal}` names source `{node.source}`, which has no address")
        signals[bound.signal] = bound
    return Bounds(endpoints, signals, digest(document["signals"]), digest(dict(document)), names)


def _bound(row: Mapping[str, Any], permissives: Mapping[str, Node]) -> Bound:
    if set(row) != _ROW:
        raise BoundsRefused(f"a row of `bounds.json` has other fields than {', '.join(sorted(_ROW))}")
    signal = row["signal"]
    if not isinstance(signal, str) or not 0 < len(signal) <= NAME_CHARACTERS_MAX:
        raise BoundsRefused(f"a signal's name has more than {NAME_CHARACTERS_MAX} characters, or none")
    if row["type"] not in TYPES:
        raise BoundsRefused(f"signal `{signal}` has type `{row['type']}`; only {', '.join(TYPES)} may be written")
    numbers = [row["min"], row["max"], row["max_rate"]]
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers if n is not None):
        raise BoundsRefused(f"signal `{signal}` has a bound that is not a number")
    if row["type"] != "bool" and (row["min"] is None or row["max"] is None or row["min"] > row["max"]):
        raise BoundsRefused(f"signal `{signal}` has no range; give min and max")
    wanted = row["permissive_signal"]
    if wanted is not None and wanted not in permissives:
        raise BoundsRefused(f"signal `{signal}` needs permissive `{wanted}`, which has no address")
    return Bound(
        signal=signal,
        element=row["element"],
        node=Node(row["source"], row["address"]),
        type=row["type"],
        unit=row["unit"],
        min=row["min"],
        max=row["max"],
        max_rate=row["max_rate"],
        permissive=None if wanted is None else permissives[wanted],
    )
