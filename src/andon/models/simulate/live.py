"""The live state as plain data: what a replication begins from, and what had to be filled in because nobody sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from andon.core.canonical import digest
from andon.core.readings import Value
from andon.models.simulate.seen import VehicleNow, belt_now, told_of_vehicles, vehicle_now
from andon.models.simulate.seen import number as _number
from andon.site.floor import Station, places_of
from andon.site.model import Site

MACHINE_STATES = frozenset({"idle", "setup", "running", "blocked", "down", "off", "waiting_crew", "maintenance"})

LASTING = {"setup": "set-up", "down": "repair", "maintenance": "planned work"}
"""States whose beginning nobody observes, and what goes on in them."""


@dataclass(frozen=True, slots=True)
class MachineNow:
    """One machine as it is seen: `elapsed_s` is how long the present state's work has lasted; None is not seen."""

    state: str = "idle"
    job: str = ""
    elapsed_s: float | None = None
    jobs: int | None = None
    """How many jobs it holds, where that is known."""
    last: str = ""
    """The product it is set up for, where that is known; else that of `job`."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """Everything that a warm start takes over. Ids are the site's."""

    at_ns: int
    """Site time, nanoseconds since the epoch."""
    machines: dict[str, MachineNow] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    """Jobs waiting, by buffer."""
    queues: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Products waiting, first to last, by buffer, where that is known."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Jobs of the order book not yet released, by product."""
    vehicles: dict[str, VehicleNow] = field(default_factory=dict)
    belts: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Metres from the start of each job on a conveyor, the first one first."""
    present: dict[str, int] = field(default_factory=dict)
    """People there now, by crew: held until the shift plan next changes the crew."""
    setpoints: dict[str, float] = field(default_factory=dict)
    """Set-point in force, by machine."""
    sequence: int | None = None
    """Release sequence in force."""
    order_phase_s: dict[str, float] = field(default_factory=dict)
    """Seconds since the last order, by product, where that is known."""
    sampled: tuple[str, ...] = ()
    """What nobody observes and every replication therefore draws, one sentence each."""

    def as_json(self) -> dict[str, Any]:
        """The same as JSON, so that a run from this state can be repeated."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LiveState:
        """The state that `as_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is not one.
        """
        fields = dict(data)
        fields["machines"] = {k: MachineNow(**v) for k, v in data["machines"].items()}
        fields["vehicles"] = {k: VehicleNow(**v) for k, v in data["vehicles"].items()}
        fields["belts"] = {k: tuple(v) for k, v in data["belts"].items()}
        fields["queues"] = {k: tuple(v) for k, v in data["queues"].items()}
        fields["sampled"] = tuple(data["sampled"])
        return cls(**fields)

    def digest(self) -> str:
        """Content digest, for records."""
        data = self.as_json()
        data["at_ns"] = str(self.at_ns)
        return digest(data)


def live_state(site: Site, values: Mapping[str, Value], at_ns: int) -> LiveState:
    """The live state out of signal values by signal id; a signal that is missing is listed under `sampled`.

    Pass only values that may be believed: fresh and of good quality.
    """
    sampled: list[str] = []
    machines: dict[str, MachineNow] = {}
    setpoints: dict[str, float] = {}
    for station in site.stations:
        for machine in station.machines:
            machines[machine] = _machine(values, machine, station, sampled)
            value = _setpoint(site, values, machine, station)
            if value is not None:
                setpoints[machine] = value
    levels = {}
    for buffer in site.buffers:
        level = _number(values, f"{buffer.id}.level")
        if level is None:
            sampled.append(f"how many jobs wait in `{buffer.id}` (taken as none)")
        else:
            levels[buffer.id] = max(0, int(level))
    if any(levels.values()):
        sampled.append("which products wait in the buffers")
    waiting = {p.id: max(0, int(_number(values, f"{p.id}.waiting") or 0)) for p in site.products}
    missing = [p.id for p in site.products if _number(values, f"{p.id}.waiting") is None]
    if missing:
        sampled.append(f"how many jobs of {', '.join(f'`{p}`' for p in missing)} wait for release (taken as none)")
    present = {c.id: int(n) for c in site.crews if (n := _number(values, f"{c.id}.present")) is not None and n >= 0}
    vehicles = {v: vehicle_now(site, values, v) for fleet in site.fleets for v in fleet.vehicles}
    sampled += told_of_vehicles(site, vehicles) if vehicles else ()
    belts = {}
    for belt in site.conveyors:
        belts[belt.id], unseen = belt_now(values, belt, places_of(belt))
        sampled += [unseen] if unseen else []
    if any(belts.values()) and len(site.products) > 1:
        sampled.append("which products are on the conveyors")
    sampled += _unseen(site)
    return LiveState(
        at_ns=at_ns,
        machines=machines,
        levels=levels,
        waiting=waiting,
        vehicles=vehicles,
        belts=belts,
        present=present,
        setpoints=setpoints,
        sequence=_sequence(site, values),
        sampled=tuple(sampled),
    )


def _unseen(site: Site) -> Iterator[str]:
    """What no signal tells on a site that has such a thing."""
    if site.orders:
        yield "which of the orders in orders.csv wait (taken as the last ones that may be released)"
    if site.orders or any(s.dispatch in {"edd", "cr"} for s in site.stations):
        yield "which orders the jobs on the floor belong to (taken as the ones before those that wait)"
    if any(c.walk_m_per_s for c in site.crews):
        yield "where people are (taken as where they are needed first)"
    if any(c.work_max_min or c.lift_max_min for c in site.crews):
        yield "how long people have worked and what they have lifted this shift (taken as rested, and nothing)"
    if any(o.at_most for p in site.products for route in p.routes for step in route for o in step.outcomes):
        yield "how often jobs on the floor were sent back before (taken as never)"
    if any(s.lot for s in site.stations):
        yield "which jobs on the floor travel in lots (taken as none; levels count lots as one)"
    yield from _unseen_machines(site)
    if site.demand:
        yield "how long ago the last order of each product came, and how old the waiting orders are"


def _unseen_machines(site: Site) -> Iterator[str]:
    """The same of machines."""
    if any(s.breakdown for s in site.stations):
        yield "how long each machine has run since its last repair"
    if any(d.kind == "damaged-packaging" for d in site.disturbances):
        yield "which of the jobs that wait are damaged (drawn when they are taken up)"
    if any(s.switch_off_min is not None for s in site.stations):
        yield "how long idle machines have waited (taken as not at all; those that are off stay off)"
    if any(s.wear for s in site.stations):
        yield "how far tools are used up (taken as anything between new and worn out)"


def _machine(values: Mapping[str, Value], machine: str, station: Station, sampled: list[str]) -> MachineNow:
    state = str(values.get(f"{machine}.state", ""))
    if state not in MACHINE_STATES:
        sampled.append(f"what `{machine}` is doing (taken as idle)")
        return MachineNow()
    if state == "maintenance" and not station.maintenance and station.wear is None:
        sampled.append(f"how long the work on `{machine}` goes on (its site plans none; taken as idle)")
        return MachineNow()
    job = str(values.get(f"{machine}.job", ""))
    elapsed = _number(values, f"{machine}.elapsed")
    busy = state in {"running", "setup", "blocked"}
    if busy and not job:
        sampled.append(f"which product is on `{machine}`")
    if state == "running" and elapsed is None:
        sampled.append(f"how long `{machine}` has been at its job")
    if busy and station.batch > 1:
        sampled.append(f"how many jobs are in `{machine}`, and all but the first one's product")
    if state in LASTING:
        sampled.append(f"how long the {LASTING[state]} of `{machine}` has lasted")
        if state == "setup":
            elapsed = None
    return MachineNow(state, job, elapsed)


def _setpoint(site: Site, values: Mapping[str, Value], machine: str, station: Station) -> float | None:
    if station.setpoint is None:
        return None
    signal = site.signal(f"{machine}.{station.setpoint}")
    active = signal.confirm_signal if signal is not None else None
    seen = _number(values, active) if active else None
    return seen if seen is not None else _number(values, f"{machine}.{station.setpoint}")


def _sequence(site: Site, values: Mapping[str, Value]) -> int | None:
    if site.release is None or site.release.sequence_signal is None:
        return None
    signal = site.signal(site.release.sequence_signal)
    for name in (signal.confirm_signal if signal else None, site.release.sequence_signal):
        seen = _number(values, name) if name else None
        if seen is not None:
            return int(seen)
    return None
