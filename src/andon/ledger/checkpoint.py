"""Checkpoints as C2SP signed notes: origin, size, root; Ed25519 signatures (01) and witness cosignatures (04)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE = 0x04
NOTE_BYTES_MAX = 65_536
SIGNATURES_MAX = 100
NAME = re.compile(r"[^\s+]+")
_MARK = "\u2014 "
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteRefused(ValueError):  # noqa: N818 - named for what it says
    """A note, key or checkpoint that is not what its format or its key says; one sentence."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: a key's name and id, and what it signed (64 bytes; a cosignature has 8 of time before)."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """The line without its newline."""
        return f"{_MARK}{self.name} {base64.b64encode(self.key_id + self.blob).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note: text that ends in a newline, and the signatures over it."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> str:
        """Text, blank line, one line a signature."""
        return self.text + "\n" + "".join(signature.line() + "\n" for signature in self.signatures)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with a name, as `name+keyid+base64(type || key)`."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise NoteRefused(f"key name `{self.name}` holds a space, a plus or nothing; choose one without")

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || type || key), first four bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def encode(self) -> str:
        """The vkey line."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a vkey.

        Raises:
            NoteRefused: malformed, an unknown type, or a key id that is not the key's.

        >>> VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").name
        'PeterNeumann'
        """
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise NoteRefused(f"`{text[:80]}` is not a verifier key; expected name+keyid+base64")
        raw = _unbase64(parts[2])
        if len(raw) != 33 or raw[0] not in {ED25519, COSIGNATURE}:
            raise NoteRefused(f"verifier key `{parts[0]}` is not Ed25519; type 01 or 04 with 32 bytes is understood")
        key = cls(parts[0], raw[0], raw[1:])
        if key.key_id.hex() != parts[1]:
            raise NoteRefused(f"verifier key `{parts[0]}` has id `{parts[1]}`, not its own `{key.key_id.hex()}`")
        return key


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private Ed25519 key with the name it signs under. Never printed."""

    name: str
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, ED25519, self.private.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """A type 01 signature over a note's text."""
        return Signature(self.name, self.verifier.key_id, self.private.sign(text.encode()))

    def cosign(self, text: str, at_s: int) -> Signature:
        """A type 04 cosignature: that this checkpoint was seen at `at_s`, consistent with all seen before."""
        key = VerifierKey(self.name, COSIGNATURE, self.verifier.public)
        message = cosignature_message(text, at_s)
        return Signature(self.name, key.key_id, struct.pack(">Q", at_s) + self.private.sign(message))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: which log, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    def encode(self) -> str:
        """The note text, three lines.

        >>> Checkpoint("example.com/log", 0, bytes(32)).encode().splitlines()[1]
        '0'
        """
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note text; extension lines are tolerated and dropped, as the format demands.

        Raises:
            NoteRefused: not three lines of origin, decimal size without leading zeros and 32 base64 bytes.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not _DECIMAL.fullmatch(lines[1]):
            raise NoteRefused("not a checkpoint; expected lines of origin, size and base64 root")
        root = _unbase64(lines[2])
        if len(root) != 32:
            raise NoteRefused(f"checkpoint root has {len(root)} bytes; expected 32")
        return cls(lines[0], int(lines[1]), root)


def parse_note(encoded: str) -> Note:
    """Read a signed note.

    Raises:
        NoteRefused: larger than `NOTE_BYTES_MAX`, no blank line before the signatures, or a malformed line.
    """
    if len(encoded.encode()) > NOTE_BYTES_MAX:
        raise NoteRefused(f"note is larger than {NOTE_BYTES_MAX} bytes")
    if any(ord(char) < 0x20 and char != "\n" for char in encoded):
        raise NoteRefused("note holds control characters")
    head, blank, tail = encoded.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or not tail or lines.pop() or not 1 <= len(lines) <= SIGNATURES_MAX:
        raise NoteRefused("not a signed note; expected text, a blank line and signature lines")
    return Note(head + "\n", tuple(_parse_signature(line) for line in lines))


def verify_note(note: Note, key: VerifierKey) -> bool:
    """Whether `key` signed the text (type 01). Lines of other keys, or of a colliding id, are passed over."""
    return any(
        signature.name == key.name
        and signature.key_id == key.key_id
        and len(signature.blob) == 64
        and _signed(key, signature.blob, note.text.encode())
        for signature in note.signatures
    )


def cosigned_at(note: Note, key: VerifierKey) -> int | None:
    """When the witness `key` (type 04) says it saw this checkpoint, seconds since 1970; None without its cosignature.

    A time of 0 claims nothing and is not accepted.
    """
    for signature in note.signatures:
        if signature.name == key.name and signature.key_id == key.key_id and len(signature.blob) == 72:
            (at_s,) = struct.unpack(">Q", signature.blob[:8])
            if at_s and _signed(key, signature.blob[8:], cosignature_message(note.text, at_s)):
                return int(at_s)
    return None


def cosignature_message(text: str, at_s: int) -> bytes:
    r"""What a cosignature signs.

    >>> cosignature_message("example.com/log\n0\nroot\n", 7)
    b'cosignature/v1\ntime 7\nexample.com/log\n0\nroot\n'
    """
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


def open_checkpoint(encoded: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint in a note that `key` signed, for the log that bears the key's name.

    Raises:
        NoteRefused: malformed, not signed by `key`, or of another log.
    """
    note = parse_note(encoded)
    if not verify_note(note, key):
        raise NoteRefused(f"checkpoint is not signed by `{key.name}+{key.key_id.hex()}`")
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != key.name:
        raise NoteRefused(f"checkpoint is of log `{checkpoint.origin}`, expected `{key.name}`")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[SignerKey]) -> str:
    """The checkpoint as a signed note, in the order of `signers`."""
    text = checkpoint.encode()
    return Note(text, tuple(signer.sign(text) for signer in signers)).encode()


def _signed(key: VerifierKey, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _parse_signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    raw = _unbase64(encoded) if encoded else b""
    if not line.startswith(_MARK) or not NAME.fullmatch(name) or len(raw) < 5:
        raise NoteRefused(f"signature line `{line[:60]}` is malformed; expected an em dash, a name and base64")
    return Signature(name, raw[:4], raw[4:])


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteRefused(f"`{text[:60]}` is not base64") from error
