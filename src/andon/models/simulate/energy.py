"""Energy: the time that machines spend in each state, times the power that they take in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from andon.models.simulate.figure import Figure
from andon.models.simulate.rows import STATES, Column, Rows
from andon.models.simulate.spread import Spread, spread


@dataclass(frozen=True)
class Energy:
    """Energy over the counted time, kilowatt-hours."""

    stations: dict[str, Spread]
    machines: dict[str, Spread]

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "stations": {k: v.as_json() for k, v in self.stations.items()},
            "machines": {k: v.as_json() for k, v in self.machines.items()},
        }


def kwh(rows: Rows, station: int | None = None, machine: int | None = None) -> Column:
    """Kilowatt-hours of one machine, of a station's machines, or of all."""
    hours = rows.seconds / 3600.0
    total = np.zeros(rows.n)
    for k, i in enumerate(rows.image.machine_station):
        if (station is None or station == i) and (machine is None or machine == k):
            for state, power in rows.image.site.stations[i].energy_kw.items():
                total += rows.share(k, STATES.index(state)) * power * hours
                if state == "waiting_crew":  # somebody is on the way: to the machine the same thing
                    total += rows.share(k, STATES.index("walking")) * power * hours
    return total


def energy_figures(rows: Rows) -> tuple[Figure, ...]:
    """Energy in all and per job completed; none where no station states its power."""
    if not any(s.energy_kw for s in rows.image.site.stations):
        return ()
    total, done = kwh(rows), rows.done()
    each = np.where(done > 0, total / np.maximum(done, 1), np.nan)
    return (Figure("energy", "kWh", total, -1), Figure("energy per job", "kWh/job", each, -1))


def energy(rows: Rows) -> Energy | None:
    """Energy by station and machine, where stations state their power; None where none does."""
    site = rows.image.site
    which = [i for i, s in enumerate(site.stations) if s.energy_kw]
    if not which:
        return None
    stations = {site.stations[i].id: spread(site.stations[i].id, "kWh", kwh(rows, station=i), rows) for i in which}
    machines = {
        name: spread(name, "kWh", kwh(rows, machine=k), rows)
        for k, name in enumerate(rows.image.machines)
        if rows.image.machine_station[k] in which
    }
    return Energy(stations, machines)
