"""Runs of sites with roads by the plain kernel, and what a vehicle did when."""

from __future__ import annotations

from drawn_laws import Run, run

from andon.core.time import SECOND
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.site.model import Site

NAMES = {
    at.STARVED: "parked",
    at.MOVING: "empty",
    road.CARRYING: "loaded",
    road.LOADING: "handling",
    road.IN_TRAFFIC: "waits",
    road.CHARGING: "charging",
    at.FAILED: "down",
    road.FLAT: "flat",
}


def days(r: Run) -> dict[str, list[tuple[float, str]]]:
    """(from when in seconds, what) of every vehicle; what lasts no time is left out."""
    found: dict[str, list[tuple[float, str]]] = {}
    for when, p, state in r.events(at.TRACE_STATE):
        if r.m[p + at.KIND] == at.VEHICLE:
            line = found.setdefault(r.image.processes[int(p)], [])
            if line and line[-1][0] == when / SECOND:
                line.pop()
            if not line or line[-1][1] != NAMES[int(state)]:
                line.append((when / SECOND, NAMES[int(state)]))
    return found


def played(site: Site, horizon_s: float) -> Run:
    """One replication with trace."""
    return run(site, horizon_s)


def last_exit_ns(r: Run) -> int:
    """When the last job of the first product was done, nanoseconds."""
    return int(r.m[r.products[0] + at.LAST_EXIT])


def done(r: Run) -> int:
    """Jobs of the first product that were done."""
    return int(r.m[r.products[0] + at.DONE])
