"""Energy: the time that machines spend in each state, times the power that they take in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from andon.models.simulate.figure import Figure
from andon.models.simulate.rows import STATES, Column, Rows
from andon.models.simulate.spread import Spread, spread
from andon.models.simulate.structure import speed_of
from andon.site.floor import Station


@dataclass(frozen=True)
class Energy:
    """Energy over the counted time, kilowatt-hours."""

    stations: dict[str, Spread]
    machines: dict[str, Spread]
    states: dict[str, dict[str, Spread]]
    """By station and state of its machines; states in which it takes none are left out."""

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "stations": {k: v.as_json() for k, v in self.stations.items()},
            "machines": {k: v.as_json() for k, v in self.machines.items()},
            "states": {k: {state: v.as_json() for state, v in of.items()} for k, of in self.states.items()},
        }


def powers(station: Station, machine: str) -> dict[str, float]:
    """Kilowatts by state: when busy, those of its level of speed; between levels in proportion, level beyond them."""
    found: dict[str, float] = {str(state): kw for state, kw in station.energy_kw.items()}
    known = sorted((s.factor, s.kw) for s in station.speeds.values() if s.kw is not None)
    if known:
        found["busy"] = float(np.interp(speed_of(station, machine), [x for x, _ in known], [y for _, y in known]))
    return found


def states_power(station: Station) -> bool:
    """Whether a station states any power."""
    return bool(station.energy_kw) or any(s.kw is not None for s in station.speeds.values())


def kwh(rows: Rows, station: int | None = None, machine: int | None = None, only: str | None = None) -> Column:
    """Kilowatt-hours of one machine, of a station's machines, or of all; in all states, or in one of them."""
    hours = rows.seconds / 3600.0
    total = np.zeros(rows.n)
    for k, i in enumerate(rows.image.machine_station):
        if (station is None or station == i) and (machine is None or machine == k):
            of = rows.image.site.stations[i]
            for state, power in powers(of, rows.image.machines[k]).items():
                if only not in {None, state}:
                    continue
                total += rows.share(k, STATES.index(state)) * power * hours
                if state == "waiting_crew":  # somebody is on the way: to the machine the same thing
                    total += rows.share(k, STATES.index("walking")) * power * hours
    return total


def energy_figures(rows: Rows) -> tuple[Figure, ...]:
    """Energy in all and per job completed; none where no station states its power."""
    if not any(states_power(s) for s in rows.image.site.stations):
        return ()
    total, done = kwh(rows), rows.done()
    each = np.where(done > 0, total / np.maximum(done, 1), np.nan)
    return (Figure("energy", "kWh", total, -1), Figure("energy per job", "kWh/job", each, -1))


def energy(rows: Rows) -> Energy | None:
    """Energy by station and machine, where stations state their power; None where none does."""
    site = rows.image.site
    which = [i for i, s in enumerate(site.stations) if states_power(s)]
    if not which:
        return None
    stations = {site.stations[i].id: spread(site.stations[i].id, "kWh", kwh(rows, station=i), rows) for i in which}
    machines = {
        name: spread(name, "kWh", kwh(rows, machine=k), rows)
        for k, name in enumerate(rows.image.machines)
        if rows.image.machine_station[k] in which
    }
    states: dict[str, dict[str, Spread]] = {}
    for i in which:
        of = {s: kwh(rows, station=i, only=s) for s in dict.fromkeys([*site.stations[i].energy_kw, "busy"])}
        name = site.stations[i].id
        states[name] = {s: spread(f"{name} {s}", "kWh", used, rows) for s, used in of.items() if used.any()}
    return Energy(stations, machines, states)
