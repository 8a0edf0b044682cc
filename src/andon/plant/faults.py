"""Faults that can be switched on from the command line: one table, one row each, and how a request is written."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal

from andon.core.readings import Value
from andon.core.time import SECOND
from andon.plant.draws import PlantError
from andon.plant.floor import Floor
from andon.site.model import Signal

GOOD = 0x00000000
UNCERTAIN_SENSOR = 0x40930000
"""UncertainSensorNotAccurate (OPC UA Part 8)."""
BAD_SENSOR = 0x808C0000
"""BadSensorFailure."""
DRIFT_PER_S = 0.5 / 60.0
"""The drift of acceptance: half a unit a minute."""
AHEAD_NS = 3600 * SECOND
BACK_NS = 600 * SECOND
SCALE = 1000.0
TURN = 8.0
"""How far a person turns a set-point."""
DOWN_S = 45 * 60.0
"""How long the machine-down fault lasts when no end is given."""

Target = Literal["temperature", "all", "machine", "controlled", "none"]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A row of the table: what the fault is called, what it does, and what it touches unless told."""

    name: str
    does: str
    target: Target


KINDS = (
    FaultKind("oven-sensor-drift", "a temperature reading drifts upwards by 0.5 units a minute", "temperature"),
    FaultKind("oven-sensor-frozen", "a temperature reading stays as it is, with fresh timestamps", "temperature"),
    FaultKind("bad-quality", "a signal goes Bad (sensor failure) and has no value", "temperature"),
    FaultKind("uncertain-quality", "a signal goes Uncertain (sensor not accurate)", "temperature"),
    FaultKind("null-timestamps", "readings come without a source timestamp", "all"),
    FaultKind("nan-values", "a measured value is not a number", "temperature"),
    FaultKind("clock-ahead", "source timestamps are one hour ahead", "all"),
    FaultKind("clock-backwards", "source timestamps step back by ten minutes", "all"),
    FaultKind("unit-scale", "a temperature is given in thousandths of its unit", "temperature"),
    FaultKind("silent", "the server answers but publishes nothing, not even a keep-alive", "none"),
    FaultKind("ack-not-do", "a write is acknowledged and the controller ignores it", "controlled"),
    FaultKind("local-mode", "people keep a machine in local: the permissive is off", "controlled"),
    FaultKind("setpoint-turned", "a person turns the set-point at the machine by 8 units", "controlled"),
    FaultKind("machine-down", "a machine breaks down for 45 minutes, or until the given end", "machine"),
    FaultKind("late-material", "all material comes 90 minutes late, also for jobs that wait", "none"),
    FaultKind("station-stops", "people halt stations ten times as often as usual", "none"),
)
BY_NAME = {kind.name: kind for kind in KINDS}
FLOOR_FAULTS = frozenset(
    {"ack-not-do", "local-mode", "setpoint-turned", "machine-down", "late-material", "station-stops"}
)
WRITTEN = re.compile(r"(?P<name>[a-z-]+)(:(?P<target>[a-z0-9_.-]+))?@(?P<start>\d+(\.\d+)?)(-(?P<end>\d+(\.\d+)?))?")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was asked for: site seconds after the epoch, from and until."""

    kind: FaultKind
    start_s: float
    end_s: float = math.inf
    target: str | None = None

    def on(self, at_s: float) -> bool:
        """Whether it is on at a moment."""
        return self.start_s <= at_s < self.end_s


def parse_fault(text: str) -> Fault:
    """Read `NAME[:TARGET]@START[-END]`, times in site seconds after the plant's epoch.

    Raises:
        PlantError: not of that form, or no such fault.

    >>> parse_fault("bad-quality:oven-1@600-900").target
    'oven-1'
    """
    match = WRITTEN.fullmatch(text.strip())
    if match is None:
        raise PlantError(
            f"fault `{text}` is not of the form NAME[:TARGET]@START[-END]; write it like oven-sensor-drift@600"
        )
    kind = BY_NAME.get(match["name"])
    if kind is None:
        raise PlantError(f"there is no fault `{match['name']}`; see `andon plant --list-faults`")
    start_s, end_s = float(match["start"]), float(match["end"] or math.inf)
    if end_s <= start_s:
        raise PlantError(f"fault `{text}` ends before it starts; give a later end")
    return Fault(kind, start_s, end_s, match["target"])


@dataclass(frozen=True, slots=True)
class Sample:
    """What the server publishes: a value, when it was so at the source (None: not told), and an OPC UA status."""

    signal: str
    value: Value | None
    source_ns: int | None
    status: int = GOOD


def touches(fault: Fault, signal: Signal, default: str | None) -> bool:
    """Whether a fault of published values touches a signal; `default` is the first temperature signal."""
    if fault.target is not None:
        return fault.target in {signal.id, signal.element}
    return fault.kind.target == "all" or signal.id == default


@dataclass
class Veil:
    """Between what the plant's controllers know and what its server tells: the faults of published values."""

    faults: tuple[Fault, ...]
    signals: dict[str, Signal]
    _frozen: dict[tuple[str, str], Value | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.faults = tuple(f for f in self.faults if f.kind.name not in FLOOR_FAULTS)
        self._default = next((s.id for s in self.signals.values() if s.property == "temperature"), None)
        if self._default is None:
            self._default = next((s.id for s in self.signals.values() if s.type == "float"), None)

    def on(self, at_s: float) -> frozenset[int]:
        """Which faults are on, by position: when it changes, what they touch is told anew."""
        return frozenset(n for n, fault in enumerate(self.faults) if fault.on(at_s))

    def touched(self, numbers: frozenset[int]) -> list[str]:
        """Signals that these faults touch."""
        chosen = [self.faults[n] for n in numbers]
        return [s.id for s in self.signals.values() if any(touches(f, s, self._default) for f in chosen)]

    def silent(self, at_s: float) -> bool:
        """Whether the server publishes nothing now."""
        return any(f.kind.name == "silent" and f.on(at_s) for f in self.faults)

    def show(self, sample: Sample, at_s: float) -> Sample:
        """The sample as the server tells it at a moment (seconds after the epoch)."""
        signal = self.signals[sample.signal]
        for fault in self.faults:
            if fault.kind.name != "silent" and touches(fault, signal, self._default):
                if fault.on(at_s):
                    sample = self._apply(fault, sample, at_s)
                else:
                    self._frozen.pop((fault.kind.name, sample.signal), None)
        return sample

    def _apply(self, fault: Fault, sample: Sample, at_s: float) -> Sample:
        name, value, source_ns, status = sample.signal, sample.value, sample.source_ns, sample.status
        number = isinstance(value, float)
        match fault.kind.name:
            case "oven-sensor-drift" if isinstance(value, float):
                value = round(value + DRIFT_PER_S * (at_s - fault.start_s), 3)
            case "oven-sensor-frozen":
                value = self._frozen.setdefault((fault.kind.name, name), value)
            case "nan-values" if number:
                value = math.nan
            case "unit-scale" if isinstance(value, float):
                value = value * SCALE
            case "bad-quality":
                value, status = None, BAD_SENSOR
            case "uncertain-quality":
                status = UNCERTAIN_SENSOR
            case "null-timestamps":
                source_ns = None
            case "clock-ahead" if source_ns is not None:
                source_ns += AHEAD_NS
            case "clock-backwards" if source_ns is not None:
                source_ns -= BACK_NS
        return Sample(name, value, source_ns, status)


def begin(fault: Fault, floor: Floor) -> None:
    """Start a fault of the floor."""
    match fault.kind.name:
        case "ack-not-do":
            for name in _controlled(fault, floor):
                floor.controllers[name].deaf = True
        case "local-mode":
            for machine in _switched(fault, floor):
                floor.switches[machine].fault(local=True)
        case "setpoint-turned":
            for name in _controlled(fault, floor)[:1]:
                controller = floor.controllers[name]
                turned = controller.active + TURN
                controller.turn(turned if controller.accepts(turned) else controller.active - TURN)
        case "machine-down":
            floor.machines[_machine(fault, floor)].hold_down(held=True)
        case "late-material":
            floor.desk.begin_material_fault()
        case "station-stops":
            for stops in floor.stops.values():
                stops.begin_fault()
        case _:
            raise AssertionError(fault.kind.name)


def end(fault: Fault, floor: Floor) -> None:
    """Lift a fault of the floor; a turned set-point stays as the person left it."""
    match fault.kind.name:
        case "ack-not-do":
            for name in _controlled(fault, floor):
                floor.controllers[name].deaf = False
        case "local-mode":
            for machine in _switched(fault, floor):
                floor.switches[machine].fault(local=False)
        case "machine-down":
            floor.machines[_machine(fault, floor)].hold_down(held=False)
        case "late-material":
            floor.desk.material_fault = False
        case "station-stops":
            for stops in floor.stops.values():
                stops.factor = 1.0
        case _:
            return


def _controlled(fault: Fault, floor: Floor) -> list[str]:
    """Registers of machines; with a target those of that element, or that one."""
    if fault.target is None:
        return [c.signal for name in floor.switches if (c := floor.machines[name].controller) is not None]
    return [name for name in floor.controllers if fault.target in {name, name.partition(".")[0]}]


def _switched(fault: Fault, floor: Floor) -> list[str]:
    return [m for m in floor.switches if fault.target is None or fault.target.partition(".")[0] == m]


def _machine(fault: Fault, floor: Floor) -> str:
    return fault.target if fault.target is not None else next(iter(floor.machines))


def check_target(fault: Fault, floor: Floor, signals: dict[str, Signal]) -> None:
    """Refuse a target that the fault cannot touch.

    Raises:
        PlantError: no such element or signal for this fault.
    """
    if fault.target is None:
        return
    match fault.kind.target:
        case "machine":
            known = fault.target in floor.machines
        case "controlled":
            known = bool(_switched(fault, floor) if fault.kind.name == "local-mode" else _controlled(fault, floor))
        case "none":
            raise PlantError(f"fault `{fault.kind.name}` takes no target; leave `:{fault.target}` out")
        case _:
            known = any(fault.target in {s.id, s.element} for s in signals.values())
    if not known:
        raise PlantError(f"fault `{fault.kind.name}` cannot touch `{fault.target}`; name one of the site's that it can")
