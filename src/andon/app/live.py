"""The live state of a running twin, for questions that start from now."""

from __future__ import annotations

from pathlib import Path

from andon.app.client import Client
from andon.core.time import parse_iso
from andon.models.simulate.live import LiveState, live_state
from andon.site.model import Site


def live_of(folder: Path, site: Site) -> LiveState:
    """What the running twin sees now, of signals that are current.

    Raises:
        NoTwin: none runs.
    """
    client = Client.connect(folder)
    told = client.get("/api/state")
    client.close()
    values = {s["signal"]: s["value"] for s in told["signals"] if s["fresh"] and s["value"] is not None}
    return live_state(site, values, parse_iso(told["at"]))
