"""Ed25519 keys as files: one line in the signed-note form, 0600, created once and never overwritten."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.ledger.checkpoint import ED25519, NoteRefused, SignerKey, VerifierKey

_PREFIX = "PRIVATE+KEY+"


class KeyRefused(OSError):  # noqa: N818 - named for what it says
    """A key file that is missing, readable by others, or not a key; one sentence."""


def encode_private(key: SignerKey) -> str:
    """`PRIVATE+KEY+name+keyid+base64(01 || seed)`, the form that other signed-note tools read."""
    seed = bytes([ED25519]) + key.private.private_bytes_raw()
    return f"{_PREFIX}{key.name}+{key.verifier.key_id.hex()}+{base64.b64encode(seed).decode()}"


def decode_private(text: str) -> SignerKey:
    """Read `encode_private`.

    Raises:
        KeyRefused: not that form, or a key id that is not the key's.

    >>> decode_private("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").name
    'PeterNeumann'
    """
    parts = text.strip().removeprefix(_PREFIX).split("+", 2)
    try:
        raw = base64.b64decode(parts[2], validate=True)
    except (IndexError, binascii.Error, ValueError) as error:
        raise KeyRefused("file holds no private key; expected one line `PRIVATE+KEY+name+id+base64`") from error
    if not text.startswith(_PREFIX) or len(raw) != 33 or raw[0] != ED25519:
        raise KeyRefused("file holds no Ed25519 private key; expected one line `PRIVATE+KEY+name+id+base64`")
    key = SignerKey(parts[0], Ed25519PrivateKey.from_private_bytes(raw[1:]))
    if key.verifier.key_id.hex() != parts[1]:
        raise KeyRefused(f"key `{parts[0]}` has id `{parts[1]}`, not its own; restore the file from its backup")
    return key


def load_key(path: Path) -> SignerKey:
    """The key in a file.

    Raises:
        KeyRefused: missing, open to other users, or not a key.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise KeyRefused(f"key `{path}` can be read by other users; run `chmod 600 {path}`")
        return decode_private(path.read_text())
    except FileNotFoundError as error:
        raise KeyRefused(f"key `{path}` is missing; it is made when the site first runs") from error
    except UnicodeDecodeError as error:
        raise KeyRefused(f"key `{path}` is not text; restore it from its backup") from error


def load_or_create_key(path: Path, name: str) -> SignerKey:
    """The key in `path`; made there, with its public half beside it as `.vkey`, when there is none yet.

    `name` is used for a new key only; an existing one keeps its own.

    Raises:
        KeyRefused: there is a file and it is not a key, or it is open to other users.
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = SignerKey(name, Ed25519PrivateKey.generate())
    with contextlib.suppress(FileExistsError):
        _create(path, encode_private(key))
    key = load_key(path)
    with contextlib.suppress(FileExistsError):
        _create(vkey_path(path), key.verifier.encode(), mode=0o644)
    return key


def vkey_path(path: Path) -> Path:
    """Where the public half of a key file stands."""
    return path.with_suffix(".vkey")


def load_vkey(path: Path) -> VerifierKey:
    """The verifier key in a file of one line.

    Raises:
        KeyRefused: missing or malformed.
    """
    try:
        return VerifierKey.parse(path.read_text())
    except FileNotFoundError as error:
        raise KeyRefused(f"verifier key `{path}` is missing; give one with --vkey") from error
    except (NoteRefused, UnicodeDecodeError) as error:
        # Never what the file says: it may be a private key, given by mistake.
        raise KeyRefused(f"`{path}` is not a verifier key; name the file that ends in .vkey") from error


def public_hex(key: SignerKey) -> str:
    """The raw public key, 64 hex digits: how the gateway pins keys."""
    return key.verifier.public.hex()


def _create(path: Path, text: str, mode: int = 0o600) -> None:
    # Written aside and linked into place: another process sees the whole key or none, and the first one wins.
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, path)
    finally:
        aside.unlink()
