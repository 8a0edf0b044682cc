"""Where a running site keeps what it leaves behind: one folder, `.andon`, readable by its owner alone."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Folders:
    """The run-time folder of one site."""

    site: Path

    @property
    def root(self) -> Path:
        """`SITE/.andon`."""
        return self.site / ".andon"

    @property
    def ledger(self) -> Path:
        """The ledger's database."""
        return self.root / "ledger.db"

    @property
    def history(self) -> Path:
        """The readings' database."""
        return self.root / "history.duckdb"

    @property
    def keys(self) -> Path:
        """Private keys of this installation."""
        return self.root / "keys"

    @property
    def accounts(self) -> Path:
        """Who can sign in."""
        return self.root / "accounts.json"

    @property
    def pki(self) -> Path:
        """Certificates: own, trusted, rejected."""
        return self.root / "pki"

    @property
    def gateway(self) -> Path:
        """What the gateway reads and writes."""
        return self.root / "gateway"

    @property
    def run(self) -> Path:
        """Process ids, ports and the local token of what runs now."""
        return self.root / "run"

    @property
    def api(self) -> Path:
        """Address and token of the running twin's API."""
        return self.run / "api.json"

    def make(self) -> None:
        """Create the folders that any process may need, mode 0700."""
        for folder in (self.root, self.keys, self.gateway, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_private(path: Path, data: Any) -> None:
    """Write JSON so that only the owner reads it, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
