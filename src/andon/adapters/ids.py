"""Random ids from the system's own source of chance."""

from __future__ import annotations

import secrets


class RandomIds:
    """Ids such as `R-7f3a9c1e04b2d815`: 64 random bits, so that no two ever meet on one site."""

    def fresh(self, prefix: str) -> str:
        """A new id behind `prefix`."""
        return f"{prefix}-{secrets.token_hex(8)}"
