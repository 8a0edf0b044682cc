"""Live states that answers began from, kept so that every answer can be repeated: `.andon/starts`, the newest few."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STARTS_MAX = 1000
"""States that are kept; the oldest go first."""
KEPT = "kept"
"""Folder of states that answers on record began from; they stay."""


def keep_start(site: Path, digest: str, state: Mapping[str, Any]) -> Path:
    """Write a state under its digest; the same state is written once.

    Raises:
        OSError: the folder cannot be written.
    """
    path = site / ".andon" / "starts" / f"{digest.rpartition(':')[2][:16]}.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(state, indent=1), encoding="utf-8")
    part.replace(path)
    kept = sorted(path.parent.glob("*.json"), key=lambda p: p.stat().st_mtime_ns)
    for old in kept[: max(0, len(kept) - STARTS_MAX)]:
        old.unlink(missing_ok=True)
    return path


def keep_for_good(site: Path, start: Path) -> Path:
    """Keep a state that an answer on record began from; the path to read it at.

    Raises:
        OSError: it is gone, or the folder cannot be written.
    """
    path = site / ".andon" / KEPT / start.name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_bytes(start.read_bytes())
    part.replace(path)
    return path
