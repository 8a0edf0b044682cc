"""The wire format between twin and gateway: signed permits, signed statements of people, length-framed canonical JSON.

The byte-exact specification is docs/spec/permit.md.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from andon.core.canonical import canonical
from andon.core.readings import Value

VERSION = 1
LIFE_MAX_NS = 500_000_000
"""A permit lives at most half a second."""
FRAME_BYTES_MAX = 64 * 1024
TEXT_CHARACTERS_MAX = 300
PERMIT_DOMAIN = b"andon-permit-v1\n"
BOUNDS_DOMAIN = b"andon-bounds-v1\n"
RESET_DOMAIN = b"andon-reset-v1\n"
_COMMAND = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class PermitRefused(ValueError):  # noqa: N818 - named for what it says
    """Bytes that are not what the format or the signature says; one sentence."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission for one command, on one baseline, under one epoch, for half a second at most."""

    command: str
    epoch: int
    baseline: str
    """Digest of what the command rests on; kept in the journal, so that an effect leads back to its reasons."""
    signal: str
    value: Value
    unit: str
    expected: Value
    """The live value that the decision was made on."""
    tolerance: float
    """How far the live value may be from `expected`, in `unit`."""
    min: float | None
    max: float | None
    deadline: int
    """CLOCK_MONOTONIC of the machine that both processes run on, nanoseconds."""

    def document(self) -> dict[str, Any]:
        """The JSON object that is signed; the deadline is text, since it can exceed 2**53."""
        return {**asdict(self), "deadline": str(self.deadline), "v": VERSION}


def sign_permit(permit: Permit, key: Ed25519PrivateKey) -> dict[str, Any]:
    """The envelope that the gateway takes: the permit and its signature.

    Raises:
        PermitRefused: a field that the format cannot hold.
    """
    document = permit.document()
    _read_permit(document)
    signature = key.sign(PERMIT_DOMAIN + _canonical(document))
    return {"permit": document, "signature": signature.hex()}


def open_permit(envelope: Any, public: bytes) -> Permit:
    """The permit in an envelope that `public` (32 bytes) signed.

    Raises:
        PermitRefused: malformed, or not signed by that key.
    """
    if not isinstance(envelope, Mapping) or set(envelope) != {"permit", "signature"}:
        raise PermitRefused("permit envelope is not an object of `permit` and `signature`")
    document = envelope["permit"]
    if not isinstance(document, Mapping):
        raise PermitRefused("permit is not an object")
    if not signed_by(public, PERMIT_DOMAIN + _canonical(dict(document)), envelope["signature"]):
        raise PermitRefused("permit is not signed by the twin's pinned key")
    return _read_permit(document)


def bounds_statement(document: Mapping[str, Any]) -> bytes:
    """What two people sign so that the gateway takes a bounds document."""
    return BOUNDS_DOMAIN + _canonical(dict(document))


def reset_statement(halts: str | Sequence[str], reason: str) -> bytes:
    """What two people sign so that the gateway resets these halts (by the gateway's own ids)."""
    names = [halts] if isinstance(halts, str) else sorted(set(halts))
    return RESET_DOMAIN + _canonical({"halts": names, "reason": reason})


def signed_by(public: bytes, message: bytes, signature: Any) -> bool:
    """Whether `signature` (hex) is that key's over `message`; False for anything malformed."""
    if not isinstance(signature, str) or len(signature) != 128:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signers(message: bytes, signatures: Any, people: Mapping[str, bytes]) -> tuple[str, ...]:
    """The different people, by name, whose valid signature is there; two names with one key count once.

    Args:
        message: what was signed.
        signatures: name to hex signature.
        people: name to pinned public key.
    """
    if not isinstance(signatures, Mapping) or len(signatures) > 16:
        return ()
    keys: dict[bytes, str] = {}
    for name in sorted(str(key) for key in signatures):
        public = people.get(name)
        if public is not None and signed_by(public, message, signatures.get(name)):
            keys.setdefault(public, name)
    return tuple(sorted(keys.values()))


def frame(message: Mapping[str, Any]) -> bytes:
    r"""One message on the socket: four bytes of length, big-endian, then canonical JSON.

    Raises:
        PermitRefused: not canonical JSON, or larger than `FRAME_BYTES_MAX`.

    >>> frame({"do": "status"})
    b'\x00\x00\x00\x0f{"do":"status"}'
    """
    body = _canonical(dict(message))
    if len(body) > FRAME_BYTES_MAX:
        raise PermitRefused(f"message has {len(body)} bytes, {FRAME_BYTES_MAX} is the most")
    return struct.pack(">I", len(body)) + body


def frame_length(head: bytes) -> int:
    """Length of the message behind four bytes of length.

    Raises:
        PermitRefused: larger than `FRAME_BYTES_MAX`.
    """
    (length,) = struct.unpack(">I", head)
    if length > FRAME_BYTES_MAX:
        raise PermitRefused(f"message of {length} bytes announced, {FRAME_BYTES_MAX} is the most")
    return int(length)


def read_message(body: bytes) -> dict[str, Any]:
    """A message's JSON object.

    Raises:
        PermitRefused: not an object, not JSON, or holding NaN or a key twice.
    """
    try:
        value = json.loads(body, parse_int=_double, parse_constant=_no_constant, object_pairs_hook=_no_double)
    except (ValueError, RecursionError) as error:
        raise PermitRefused(f"message is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise PermitRefused("message is not a JSON object")
    return value


def text_of(message: Mapping[str, Any], key: str, *, needed: bool = False, what: str = "") -> str:
    """A bounded text field; what is not text or too long is refused.

    Raises:
        PermitRefused: not text, longer than `TEXT_CHARACTERS_MAX`, or empty though needed.
    """
    value = message.get(key, "")
    if not isinstance(value, str) or len(value) > TEXT_CHARACTERS_MAX:
        raise PermitRefused(f"{what}`{key}` is not text of at most {TEXT_CHARACTERS_MAX} characters")
    if needed and not value.strip():
        raise PermitRefused(f"{what}`{key}` is missing")
    return value


def _read_permit(document: Mapping[str, Any]) -> Permit:
    if set(document) != {field.name for field in fields(Permit)} | {"v"} or document["v"] != VERSION:
        raise PermitRefused(f"permit does not have the fields of version {VERSION}")
    for name in ("command", "baseline", "signal", "unit"):
        text_of(document, name, what="permit field ")
    if not _COMMAND.fullmatch(document["command"]):
        raise PermitRefused("permit field `command` is not a name of at most 64 letters, digits and `._:-`")
    deadline = document["deadline"]
    if not isinstance(deadline, str) or not _DECIMAL.fullmatch(deadline):
        raise PermitRefused("permit field `deadline` is not decimal nanoseconds as text")
    epoch = document["epoch"]
    if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0:
        raise PermitRefused("permit field `epoch` is not a whole number")
    for name in ("value", "expected"):
        if not isinstance(document[name], bool | int | float | str) or not _finite(document[name]):
            raise PermitRefused(f"permit field `{name}` is not a value")
    for name in ("min", "max"):
        if document[name] is not None and not _number(document[name]):
            raise PermitRefused(f"permit field `{name}` is not a number")
    if not _number(document["tolerance"]) or document["tolerance"] < 0:
        raise PermitRefused("permit field `tolerance` is not a number from 0 up")
    return Permit(**{**{key: document[key] for key in document if key != "v"}, "deadline": int(deadline)})


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _finite(value)


def _finite(value: Value) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _canonical(value: Any) -> bytes:
    try:
        return canonical(value)
    except (rfc8785.CanonicalizationError, TypeError, UnicodeError, RecursionError) as error:
        raise PermitRefused(f"not canonical JSON ({error})") from error


def _double(text: str) -> int | float:
    # RFC 8785 writes a whole double beyond 2**53 without a point; numbers are doubles, so it is read as one again.
    value = int(text) if len(text) < 20 else float(text)
    return value if abs(value) < 2**53 else float(value)


def _no_constant(name: str) -> Any:
    raise ValueError(f"`{name}` is not JSON")


def _no_double(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result
