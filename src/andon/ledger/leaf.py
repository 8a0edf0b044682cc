"""What is hashed: one record's leaf, the salted commitment in it, and the two hashes of RFC 9162 section 2.1.1."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785

from andon.core.canonical import canonical

VERSION = 1
SALT_BYTES = 32
BODY_BYTES_MAX = 60_000
"""Canonical bytes of actor, payload and unique together: an entry must fit C2SP's 65,535-byte tile entries."""
KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
"""A kind needs no escaping in JSON, so a verifier needs no JSON library to rebuild a leaf."""


class RecordRefused(ValueError):  # noqa: N818 - named for what it says
    """A record that the ledger's formats cannot hold; says which rule, and what to do."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One record in its final bytes: `body` and `salt` may be erased later, `leaf_hash` stays."""

    kind: str
    at: int
    body: bytes
    salt: bytes
    commitment: bytes
    leaf_hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf: SHA-256(0x00 || data).

    >>> leaf_hash(b"L123456").hex()
    '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56'
    """
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 || left || right).

    >>> node_hash(b"N123", b"N456").hex()
    'aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb'
    """
    return hashlib.sha256(b"\x01" + left + right).digest()


def commitment_of(salt: bytes, body: bytes) -> bytes:
    """SHA-256(salt || body): reveals nothing about the body without the salt, and binds it with it."""
    return hashlib.sha256(salt + body).digest()


def leaf_data(kind: str, at: int, commitment: bytes) -> bytes:
    """The leaf: canonical JSON (RFC 8785) that holds nothing but a commitment. `at` is text: it exceeds 2**53.

    >>> leaf_data("approval", 5, bytes(32))[:60]
    b'{"at":"5","commitment":"000000000000000000000000000000000000'
    """
    return canonical({"v": VERSION, "kind": kind, "at": str(at), "commitment": commitment.hex()})


def body_of(actor: str, payload: Mapping[str, Any], unique: str) -> bytes:
    """The canonical bytes that a commitment covers.

    Raises:
        RecordRefused: not JSON, an integer beyond 2**53, or more than `BODY_BYTES_MAX` bytes.
    """
    try:
        body = canonical({"actor": actor, "payload": dict(payload), "unique": unique})
    except (rfc8785.CanonicalizationError, TypeError, UnicodeError) as error:
        raise RecordRefused(
            f"payload is not canonical JSON ({error}); write integers beyond 2**53, such as nanoseconds, as text"
        ) from error
    if len(body) > BODY_BYTES_MAX:
        raise RecordRefused(
            f"payload has {len(body)} bytes and {BODY_BYTES_MAX} is the most; record a digest of the large part instead"
        )
    return body


def seal(kind: str, at: int, body: bytes, salt: bytes) -> Sealed:
    """A record's final form.

    Raises:
        RecordRefused: `kind` or `at` does not fit the format.
    """
    if not KIND.fullmatch(kind):
        raise RecordRefused(f"kind `{kind}` is not a name; use up to 64 letters, digits and any of `._:-`")
    if at < 0:
        raise RecordRefused(f"record time `{at}` is before 1970; give nanoseconds since then")
    if len(salt) != SALT_BYTES:
        raise RecordRefused(f"salt has {len(salt)} bytes; give {SALT_BYTES} random ones")
    commitment = commitment_of(salt, body)
    return Sealed(kind, at, body, salt, commitment, leaf_hash(leaf_data(kind, at, commitment)))
