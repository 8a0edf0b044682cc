"""Commands that a running twin or the record takes part in: `andon simulate`, `sensitivity`, `fit`, wired to both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from andon.models.simulate.live import LiveState
from andon.site.model import Site


def _live(folder: Path, site: Site) -> LiveState | str:
    from andon.app.client import NoTwin  # noqa: PLC0415 - only `--from now` needs it
    from andon.app.live import live_of  # noqa: PLC0415 - as above

    try:
        return live_of(folder, site)
    except NoTwin:
        return "no twin runs for this site"


def _record(folder: Path, use: str, passed: bool, measured: Mapping[str, Any]) -> str | None:
    from andon.app.offline import record_validation  # noqa: PLC0415 - only a finished fit needs it

    return record_validation(folder, use, passed, measured)


def __getattr__(name: str) -> Any:
    # Each command loads what it needs, and nobody waits for the others' libraries.
    if name == "fit":
        from andon.cli import fit  # noqa: PLC0415 - as above

        return fit.command(_record)
    if name == "simulate":
        from andon.cli import simulate  # noqa: PLC0415 - as above

        return simulate.command(_live)
    if name == "sensitivity":
        from andon.cli import sensitivity  # noqa: PLC0415 - as above

        return sensitivity.command(_live)
    raise AttributeError(name)
