"""Files that a command is asked to write: refused before anything is run, and written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def refuse_unwritable(paths: Iterable[Path | None]) -> None:
    """Say of files that are wanted which of them cannot be written, while nothing has been computed yet.

    Raises:
        ValueError: one of them cannot be, or two are the same; one sentence.
    """
    wanted = [path for path in paths if path is not None]
    seen: set[Path] = set()
    for path in wanted:
        why = _trouble(path)
        if why:
            raise ValueError(f"`{path}` cannot be written ({why}); name a file in a folder that exists")
        if path.resolve() in seen and path.is_file() | (not path.exists()):
            raise ValueError(f"`{path}` is named for two files; give each its own")
        seen.add(path.resolve())


def _trouble(path: Path) -> str:
    if path.is_dir():
        return "it is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    place = path if path.exists() else path.parent
    return "" if os.access(place, os.W_OK) else "no permission"


def write_whole(path: Path, text: str) -> None:
    """Write a text file; one that is there is replaced whole, or not at all. What is no plain file is written into.

    Raises:
        ValueError: it cannot be written; one sentence.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"`{path}` cannot be written ({error.strerror}); name another file") from error
