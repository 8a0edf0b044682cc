"""Andon: a governed factory twin. Authority is computed from evidence at the moment of use, and never configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from andon.app.notebook import open_twin

__version__ = "0.1.0"
__all__ = ["__version__", "open_twin"]


def __getattr__(name: str) -> Any:
    # Loaded when it is asked for: `import andon` alone stays quick.
    if name == "open_twin":
        from andon.app.notebook import open_twin  # noqa: PLC0415 - as above

        return open_twin
    raise AttributeError(f"module `andon` has no attribute `{name}`")
