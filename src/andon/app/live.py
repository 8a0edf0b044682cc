"""The live state of a running twin, for questions that start from now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from andon.app.client import Client
from andon.core.readings import Value
from andon.core.time import parse_iso
from andon.models.simulate.live import LiveState, live_state
from andon.site.model import Site

PLANNED = "how many people are there now (taken from the shift plan: those signals are personal)"


def live_of(folder: Path, site: Site) -> LiveState:
    """What the running twin sees now, of signals that are current.

    Raises:
        NoTwin: none runs.
    """
    client = Client.connect(folder)
    told = client.get("/api/state")
    client.close()
    values = {s["signal"]: s["value"] for s in told["signals"] if s["fresh"] and s["value"] is not None}
    return impersonal_state(site, values, parse_iso(told["at"]))


def impersonal_state(site: Site, values: Mapping[str, Value], at_ns: int) -> LiveState:
    """The live state for planning: without signals that are personal, which allow no such purpose and are not kept.

    Who is there is then taken from the shift plan, and the answer says so.
    """
    personal = {s.id for s in site.signals if s.personal}
    live = live_state(site, {k: v for k, v in values.items() if k not in personal}, at_ns)
    if not any(f"{crew.id}.present" in personal for crew in site.crews):
        return live
    return replace(live, sampled=(*live.sampled, PLANNED))
