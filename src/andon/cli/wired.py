"""Commands that a running twin or the record takes part in: `andon simulate`, `sensitivity`, `fit`, wired to both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from andon.app.client import NoTwin
from andon.cli import fit as fit_commands
from andon.cli import sensitivity as sensitivity_commands
from andon.cli import simulate as simulate_commands
from andon.models.simulate.live import LiveState
from andon.site.model import Site


def _live(folder: Path, site: Site) -> LiveState | str:
    from andon.app.live import live_of  # noqa: PLC0415 - only `--from now` needs it

    try:
        return live_of(folder, site)
    except NoTwin:
        return "no twin runs for this site"


def _record(folder: Path, use: str, passed: bool, measured: Mapping[str, Any]) -> str | None:
    from andon.app.offline import record_validation  # noqa: PLC0415 - only a finished fit needs it

    return record_validation(folder, use, passed, measured)


simulate = simulate_commands.command(_live)
sensitivity = sensitivity_commands.command(_live)
fit = fit_commands.command(_record)
__all__ = ["fit", "sensitivity", "simulate"]
