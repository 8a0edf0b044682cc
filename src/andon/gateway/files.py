"""The gateway's own folder: bounds, people and pinned key that it reads; epoch, journal and latch that it keeps."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from andon.adapters.journal import Journal, append_line, read_lines, replace_file
from andon.gateway.bounds import Bounds, BoundsRefused, read_bounds, read_people
from andon.gateway.checks import SITE
from andon.gateway.restore import standing, were_reset
from andon.gateway.state import FilesRead, Halt

FILE_BYTES_MAX = 4 * 1024 * 1024
BOOT = Path("/proc/sys/kernel/random/boot_id")


class CannotRun(OSError):  # noqa: N818 - named for what it says
    """The gateway cannot run here; one sentence."""


class Folder:
    """`SITE/.andon/gateway`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[object, ...] = ()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held = _hold(path / "gateway.lock")
        except OSError as error:
            if isinstance(error, CannotRun):
                raise
            raise CannotRun(f"folder `{path}` cannot be written ({error.strerror}); mend its permissions") from error

    def close(self) -> None:
        """Let another gateway run here."""
        self._held.close()

    @property
    def latch(self) -> Path:
        """Halts and resets, one a line; anything else in it is a halt too."""
        return self.path / "latch"

    def boot(self) -> str:
        """Which boot of this machine it is; empty when the system does not say, which then never matches."""
        try:
            return BOOT.read_text().strip()
        except OSError:
            return ""

    def journal(self) -> Journal:
        """The journal of commands.

        Raises:
            OSError: damaged, or cannot be read.
        """
        return Journal(self.path / "journal")

    def epoch(self) -> int:
        """The saved epoch; 0 when there is none.

        Raises:
            OSError: there is one and it cannot be read.
        """
        path = self.path / "epoch"
        try:
            return int(path.read_text())
        except FileNotFoundError:
            return 0
        except ValueError as error:
            raise OSError(
                f"epoch file `{path}` is damaged; have somebody look, then write the last epoch in it"
            ) from error

    def save_epoch(self, epoch: int) -> None:
        """Make the epoch durable.

        Raises:
            OSError: it is not.
        """
        replace_file(self.path / "epoch", f"{epoch}\n".encode())

    def latch_line(self, entry: Mapping[str, Any]) -> None:
        """Make a halt or a reset durable.

        Raises:
            OSError: it may not be.
        """
        append_line(self.latch, entry)

    def changed(self) -> bool:
        """Whether a file that decisions rest on is not the one that was read last."""
        return self._seen != self._looked()

    def read(self) -> FilesRead:
        """Everything that decisions rest on; what cannot be used says why, and a latch that cannot be read halts."""
        self._seen = self._looked()
        people: dict[str, bytes] = {}
        bounds: Bounds | None = None
        why = ""
        try:
            people = read_people(self._bytes("people.json"))
            bounds = read_bounds(self._bytes("bounds.json"), people)
        except FileNotFoundError as error:
            why = f"`{Path(str(error.filename)).name}` is missing"
        except (OSError, BoundsRefused) as error:
            why = str(error)
        halts, reset = self._latched()
        return FilesRead(self._twin_key(), people, bounds, why, halts, reset)

    def _twin_key(self) -> bytes | None:
        try:
            key = bytes.fromhex(self._bytes("twin.pub").decode().strip())
        except (OSError, ValueError):
            return None
        return key if len(key) == 32 else None

    def _latched(self) -> tuple[tuple[Halt, ...], frozenset[str]]:
        try:
            if self.latch.exists() and self.latch.stat().st_size > FILE_BYTES_MAX:
                raise ValueError(f"larger than {FILE_BYTES_MAX} bytes")  # noqa: TRY301 - one way to say it
            lines = read_lines(self.latch)
            return standing(lines), were_reset(lines)
        except (OSError, ValueError) as error:
            return (Halt("H-unreadable", SITE, "", f"the latch file cannot be read ({error})"),), frozenset()

    def _bytes(self, name: str) -> bytes:
        path = self.path / name
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BoundsRefused(f"`{name}` is larger than {FILE_BYTES_MAX} bytes")
        return path.read_bytes()

    def _looked(self) -> tuple[object, ...]:
        return tuple(_stamp(self.path / name) for name in ("bounds.json", "people.json", "twin.pub", "latch"))


def _stamp(path: Path) -> object:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return str(error)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _hold(path: Path) -> IO[str]:
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise CannotRun(f"a gateway runs for `{path.parent}` already, process {holder}; stop that one first") from error
    with contextlib.suppress(OSError):  # the number is for people; the lock holds on a full disk too
        os.ftruncate(file.fileno(), 0)
        os.pwrite(file.fileno(), str(os.getpid()).encode(), 0)
    return file
