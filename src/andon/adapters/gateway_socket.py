"""Where a gateway's Unix socket lies, and a path by which it can be used: such a path may have some 100 characters.

It is `folder/gateway.sock`. Where the system has `/proc` it is reached by way of the open folder, however long the
folder's name. Elsewhere (macOS) it is used by its own path while that is short; else the socket lies in the system's
folder for temporary files, in a folder of its owner alone, and `folder/gateway.sock` is a link that says where.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "gateway.sock"
BYTES_MAX = 100
"""Linux takes 107 and macOS 103."""
FDS = Path("/proc/self/fd")


@contextmanager
def to_bind(folder: Path) -> Iterator[str]:
    """The path to listen on; what was left of an earlier gateway is removed first.

    Raises:
        OSError: the folder cannot be used, or somebody else owns the one for temporary files.
    """
    remove(folder)
    if FDS.exists():
        with _held(folder) as path:
            yield path
        return
    own = folder.resolve() / NAME
    if _short(own):
        yield str(own)
        return
    there = _temporary(folder)
    there.unlink(missing_ok=True)
    own.symlink_to(there)
    yield str(there)


@contextmanager
def to_connect(folder: Path) -> Iterator[str]:
    """The path to connect to.

    Raises:
        OSError: there is no such folder, or no gateway has left its socket.
    """
    if FDS.exists():
        with _held(folder) as path:
            yield path
        return
    own = folder.resolve() / NAME
    yield str(own) if _short(own) else str(own.readlink())


def remove(folder: Path) -> None:
    """Remove the socket; nothing happens when there is none."""
    own = folder / NAME
    if own.is_symlink():
        own.resolve().unlink(missing_ok=True)
    own.unlink(missing_ok=True)


@contextmanager
def _held(folder: Path) -> Iterator[str]:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"{FDS}/{number}/{NAME}"
    finally:
        os.close(number)


def _short(path: Path) -> bool:
    return len(os.fsencode(path)) <= BYTES_MAX


def _temporary(folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    made = Path(tempfile.gettempdir()) / f"andon-{name}"
    made.mkdir(mode=0o700, exist_ok=True)
    found = made.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"`{made}` is not a folder of this user alone; remove it, or shorten the site's path")
    return made / NAME
