"""An append-only file of checksummed JSON lines, each on disk before its writer goes on; small files replaced whole.

A line is eight hex digits of CRC-32, a space, JSON, a newline. A last line without its newline was never acknowledged
and is cut off on opening; a damaged line before that is refused, since what it said is unknown.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

LINE_BYTES_MAX = 16_384


class JournalDamaged(OSError):  # noqa: N818 - named for what it says
    """A journal holds a line that is not what was written."""


def encode_line(entry: Mapping[str, Any]) -> bytes:
    r"""One line.

    >>> encode_line({"do": "begun"})
    b'fcfe538f {"do":"begun"}\n'
    """
    body = json.dumps(entry, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()
    if len(body) > LINE_BYTES_MAX:
        raise ValueError(f"journal line of {len(body)} bytes, {LINE_BYTES_MAX} is the most")
    return b"%08x %b\n" % (zlib.crc32(body), body)


def decode_line(line: bytes) -> dict[str, Any] | None:
    """What a line (without its newline) says; None when it is not whole."""
    checksum, _, body = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(body):
        return None
    value = json.loads(body)
    return value if isinstance(value, dict) else None


def append_line(path: Path, entry: Mapping[str, Any]) -> None:
    """Append one entry to a file that several processes may append to, and wait for the disk.

    It starts with a newline of its own, so that a torn line before it stays alone.

    Raises:
        OSError: it may or may not be on the disk.
    """
    _append(path, b"\n" + encode_line(entry))


class Journal:
    """A journal with one writer.

    Raises (on opening):
        JournalDamaged: a line that is not the last is damaged.
        OSError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: list[dict[str, Any]] = []
        data = path.read_bytes() if path.exists() else b""
        whole = data.rfind(b"\n") + 1
        for number, line in enumerate(data[:whole].split(b"\n")[:-1], 1):
            entry = decode_line(line)
            if entry is None:
                raise JournalDamaged(
                    f"journal `{path}` is damaged in line {number}; keep the file and have somebody look"
                )
            self.entries.append(entry)
        if whole < len(data):
            os.truncate(path, whole)
            _sync(path)
        self.bytes = whole

    def append(self, entry: Mapping[str, Any]) -> None:
        """Make one entry durable.

        After a failure, what the file holds beyond the last whole entry is cut off; if even that fails, later appends
        would follow a torn line, so the failure stays until the journal is opened anew.

        Raises:
            OSError: the entry is not recorded.
        """
        line = encode_line(entry)
        try:
            if self.path.exists() and self.path.stat().st_size != self.bytes:
                os.truncate(self.path, self.bytes)
            _append(self.path, line)
        except OSError as error:
            raise OSError(f"journal `{self.path}` could not be written ({error.strerror or error})") from error
        self.bytes += len(line)

    def rewrite(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Replace the whole journal by fewer entries, atomically.

        Raises:
            OSError: the old journal stands.
        """
        data = b"".join(encode_line(entry) for entry in entries)
        replace_file(self.path, data)
        self.bytes = len(data)


def read_lines(path: Path) -> list[tuple[bytes, dict[str, Any] | None]]:
    """Every line of a shared file, with what it says or None; a last line without newline counts as a line.

    Raises:
        OSError: cannot be read.
    """
    if not path.exists():
        return []
    return [(line, decode_line(line)) for line in path.read_bytes().split(b"\n") if line]


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a small file: whole and on disk, or not at all.

    Raises:
        OSError: the old file stands.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    _sync_folder(path.parent)


def _append(path: Path, line: bytes) -> None:
    fresh = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # One write call: appends of several processes do not mix.
        if os.write(descriptor, line) != len(line):
            raise OSError(f"`{path}` took only part of a line; the disk is full")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if fresh:
        _sync_folder(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
