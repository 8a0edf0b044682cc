"""The live state for planning: what the twin sees now, of signals that may be used for that, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from andon.app.client import Client
from andon.core.readings import Value
from andon.core.time import parse_iso
from andon.models.simulate.live import LiveState, live_state
from andon.site.model import Signal, Site

MODEL = "simulate"
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
    return permitted_state(site, values, parse_iso(told["at"]))


def why_not(site: Site) -> dict[str, str]:
    """Signals that no simulation may begin from, with the reason in words.

    Purposes stick: an answer of the simulator serves every use that names it, so it may be made only of signals that
    are for the purposes of all of them. Where a site states purposes and no such use says its own, nothing may be
    read. Signals that are personal are for people's safety and for running the floor, and never for planning.
    """
    purposes = [u.purpose for u in site.uses if MODEL in u.models]
    found = {}
    for signal in site.signals:
        reason = _why_not(site, signal, purposes)
        if reason:
            found[signal.id] = reason
    return found


def _why_not(site: Site, signal: Signal, purposes: list[str | None]) -> str:
    if signal.personal:
        return "personal"
    if not site.purposes:
        return ""
    if not purposes or None in purposes:
        return "read for a purpose that no use of the simulator states"
    missing = sorted({p for p in purposes if p is not None} - set(signal.purposes))
    return f"not for {' and '.join(missing)}" if missing else ""


class Permitted(Mapping[str, Value]):
    """Values that may be used; remembers which others were asked for."""

    def __init__(self, site: Site, values: Mapping[str, Value]) -> None:
        self._why_not = why_not(site)
        self._values = values
        self.missed: dict[str, str] = {}

    def __getitem__(self, signal: str) -> Value:
        """A value that may be used.

        Raises:
            KeyError: it is not there, or may not be used.
        """
        if signal in self._why_not:
            self.missed[signal] = self._why_not[signal]
            raise KeyError(signal)
        return self._values[signal]

    def __iter__(self) -> Iterator[str]:
        """Names of the values that may be used."""
        return (name for name in self._values if name not in self._why_not)

    def __len__(self) -> int:
        """How many they are."""
        return sum(1 for _ in self)


def permitted_state(site: Site, values: Mapping[str, Value], at_ns: int) -> LiveState:
    """The live state out of what may be used, saying under `sampled` what was left out and why.

    Who is there is then taken from the shift plan.
    """
    permitted = Permitted(site, values)
    live = live_state(site, permitted, at_ns)
    crews = {f"{crew.id}.present" for crew in site.crews}
    said = [PLANNED] if any(permitted.missed.get(name) == "personal" for name in crews) else []
    said += [f"`{s}` (left out: it is {why})" for s, why in permitted.missed.items() if s not in crews or not said]
    return replace(live, sampled=(*live.sampled, *said)) if said else live


def machine_seen(site: Site, values: Mapping[str, Value]) -> bool:
    """Whether the state of a machine is there that may be used: without one there is no now to begin from."""
    permitted = Permitted(site, values)
    return any(f"{m}.state" in permitted for s in site.stations for m in s.machines)
