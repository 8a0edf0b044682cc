"""What the plant leaves on disk: its controllers' memory, written whole or not at all, and the log of writes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from andon.plant.core import Memory

FORMAT = 1


class MemoryFile:
    """`state.json`: replaced atomically, so that a kill at any moment leaves the old one or the new one."""

    def __init__(self, folder: Path) -> None:
        for each in (folder.parent, folder):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / "state.json"
        self._saved: Memory | None = None

    def read(self) -> tuple[Memory | None, str]:
        """The memory, and a sentence when there is one that cannot be used (it is put aside)."""
        if not self.path.exists():
            return None, ""
        try:
            return decode(json.loads(self.path.read_text("utf-8"))), ""
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            aside = self.path.with_suffix(".broken")
            self.path.replace(aside)
            return (
                None,
                f"the plant's memory cannot be read ({error}); it starts without, the file is kept as `{aside}`",
            )

    def save(self, memory: Memory) -> None:
        """Replace the file if the memory differs from what it holds."""
        if memory == self._saved:
            return
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(encode(memory)), "utf-8")
        beside.replace(self.path)
        self._saved = memory


def encode(memory: Memory) -> dict[str, Any]:
    """The memory as JSON."""
    return {
        "format": FORMAT,
        "registers": {name: list(pair) for name, pair in memory.registers.items()},
        "counts": memory.counts,
        "completed": memory.completed,
        "next_order": memory.next_order,
        "waiting": [list(pair) for pair in memory.waiting],
    }


def decode(data: dict[str, Any]) -> Memory:
    """JSON back to a memory.

    Raises:
        ValueError: of another format.
        KeyError, TypeError: not what `encode` writes.
    """
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']} is not {FORMAT}")
    return Memory(
        registers={str(k): (_number(v[0]), _number(v[1])) for k, v in data["registers"].items()},
        counts={str(k): int(v) for k, v in data["counts"].items()},
        completed={str(k): int(v) for k, v in data["completed"].items()},
        next_order={str(k): int(v) for k, v in data["next_order"].items()},
        waiting=[(str(product), str(order)) for product, order in data["waiting"]],
    )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"`{value}` is not a number")
    return value


class WriteLog:
    """One JSON line a received write, on the disk before the client is answered."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def append(self, record: dict[str, Any]) -> None:
        """Write and sync one line."""
        self._file.write(json.dumps(record, allow_nan=True) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
