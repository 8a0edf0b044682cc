"""The map of the house names only rooms and files that are there, and every room."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_file_named_is_there() -> None:
    named = set(re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", TEXT))
    assert len(named) > 20
    places = (ROOT, ROOT / "src" / "andon")
    assert not [name for name in named if not any((place / name).is_file() for place in places)]


def test_every_room_is_named() -> None:
    rooms = {p.name for p in (ROOT / "src" / "andon").iterdir() if p.is_dir() and not p.name.startswith("_")}
    assert not [room for room in rooms if f"`{room}`" not in TEXT and f"`{room}/" not in TEXT]
