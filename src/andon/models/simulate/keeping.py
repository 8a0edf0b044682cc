"""Compiled code between processes: read only where nobody else can have written it.

Whoever can write the file can run what they like as whoever reads it. So file and folder must belong to the user (or to
root, who needs no such way), and nobody else may write them. What is not so is not read: the code is compiled anew.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from pathlib import Path

LOG = logging.getLogger(__name__)


def ours(found: os.stat_result) -> bool:
    """Whether a file or folder can have been written by nobody but its user and root."""
    return found.st_uid in {os.getuid(), 0} and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def read_kept(path: Path) -> bytes | None:
    """What was kept; None where there is nothing, or where somebody else may have put or cut it."""
    try:
        if not ours(path.parent.lstat()):
            return None
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            if not ours(os.fstat(file.fileno())):
                return None
            digest, _, data = file.read().partition(b"\n")
    except OSError:
        return None
    return data if digest == hashlib.sha256(data).hexdigest().encode() else None


def own_folder(path: Path) -> bool:
    """Make a folder that nobody else can write; False where it cannot be made, or is somebody else's."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
            path.chmod(0o700)
            return True
    except OSError:
        pass
    LOG.warning("compiled code cannot be kept in `%s`; set ANDON_CACHE to a folder of your own", path)
    return False


def keep(path: Path, data: bytes) -> None:
    """Keep something, whole or not at all; where that cannot be, the next process makes it anew."""
    if not own_folder(path.parent):
        return
    part = path.with_suffix(f".{os.getpid()}")
    try:
        part.write_bytes(hashlib.sha256(data).hexdigest().encode() + b"\n" + data)
        part.chmod(0o600)
        part.replace(path)
    except OSError as error:
        LOG.warning("compiled code cannot be kept in `%s` (%s); make room there", path.parent, error.strerror)
    finally:
        part.unlink(missing_ok=True)
