"""Preparing a gateway's folder: pinned keys, and the bounds document that people sign. Never run by the gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.adapters.journal import replace_file
from andon.authority.baseline import bounds_document
from andon.core.canonical import canonical
from andon.protocols.permit import bounds_statement
from andon.site.model import Site


def pin(folder: Path, twin: bytes, people: Mapping[str, bytes]) -> None:
    """Pin the twin's permit key and the people who may sign bounds and resets (raw public keys, 32 bytes).

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(folder / "twin.pub", twin.hex().encode() + b"\n")
    replace_file(folder / "people.json", canonical({name: key.hex() for name, key in people.items()}))


def bounds_of(site: Site) -> dict[str, Any]:
    """The bounds document of a site: what it declares writable, and where that is reached."""
    signals = bounds_document(site)
    permissives = {}
    for row in signals:
        permissive = site.signal(row["permissive_signal"]) if row["permissive_signal"] else None
        if permissive is not None:
            permissives[permissive.id] = {"source": permissive.source, "address": permissive.address}
    used = {row["source"] for row in signals} | {row["source"] for row in permissives.values()}
    sources = {s.id: {"url": s.url, "security": s.security} for s in site.sources if s.id in used}
    return {"v": 1, "sources": sources, "signals": signals, "permissives": permissives}


def sign_bounds(document: Mapping[str, Any], key: Ed25519PrivateKey) -> str:
    """One person's signature (hex) over a bounds document."""
    return key.sign(bounds_statement(document)).hex()


def write_bounds(folder: Path, document: Mapping[str, Any], signatures: Mapping[str, str]) -> None:
    """Put a document and its signatures (name to hex) where the gateway reads them; it notices by itself.

    Raises:
        OSError: the folder cannot be written.
    """
    replace_file(folder / "bounds.json", canonical({"document": document, "signatures": dict(signatures)}))


def read_signed_bounds(folder: Path) -> tuple[dict[str, Any], dict[str, str]] | None:
    """The document and signatures that lie there now, unchecked; None when there are none.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not JSON.
    """
    path = folder / "bounds.json"
    if not path.exists():
        return None
    value = json.loads(path.read_bytes())
    return value["document"], value["signatures"]
