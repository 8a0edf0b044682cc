"""What a site folder says, once it has been read without a mistake: frozen, typed, in declared units."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from andon.site.floor import (
    Area,
    Assumption,
    Buffer,
    Conveyor,
    Crew,
    Curve,
    Demand,
    Fleet,
    Product,
    Release,
    Shift,
    Station,
)
from andon.site.network import Ot
from andon.site.orders import Order
from andon.site.pace import SetupTime
from andon.site.part import Id as Id  # noqa: PLC0414 - re-exported: rooms above name parts from here
from andon.site.part import Part as Part  # noqa: PLC0414 - same
from andon.site.part import SignalId as SignalId  # noqa: PLC0414 - same
from andon.site.roads import Roads
from andon.site.stops import Disturbance, Scenario


class ElementKind(StrEnum):
    """Observable manufacturing elements (ISO 23247-1)."""

    EQUIPMENT = "equipment"
    MATERIAL = "material"
    PROCESS = "process"
    FACILITY = "facility"
    ENVIRONMENT = "environment"
    PRODUCT = "product"
    DOCUMENT = "document"
    PERSONNEL = "personnel"


class Element(Part):
    """One observable manufacturing element with a place on the floor."""

    id: Id
    kind: ElementKind
    name: str
    area: Id
    x_m: float
    y_m: float
    vendor: str = ""
    model: str = ""


class Signal(Part):
    """One observable property: a row of signals.csv."""

    id: SignalId
    element: Id
    source: Id
    address: str
    type: Literal["float", "int", "bool", "string"]
    unit: str = ""
    low: float | None = None
    high: float | None = None
    period_s: float = Field(gt=0)
    fresh_s: float = Field(gt=0)
    purposes: tuple[str, ...] = ()
    personal: bool = False
    writable: bool = False
    min: float | None = None
    max: float | None = None
    max_rate: float | None = None
    """Largest change a minute, in the signal's unit."""
    confirm_signal: SignalId | None = None
    confirm_tol: float | None = None
    confirm_s: float | None = None
    permissive_signal: SignalId | None = None

    @property
    def property(self) -> str:
        """The part of the id behind the dot."""
        return self.id.partition(".")[2]


class Source(Part):
    """An endpoint that readings come from. Credentials only by reference."""

    id: Id
    kind: Literal["opcua", "shdr", "replay"]
    url: str
    security: Literal["none", "Basic256Sha256"] = "none"
    trusted: str = "pki/trusted"
    """Folder, inside the site's `.andon`, of certificates that may be talked to."""
    credential: str | None = None
    """Name of a file in `.andon/credentials`; never the secret itself."""
    virtual: bool = False
    """A virtual plant of ours: the only thing that a scaled clock may command."""
    zone: str = ""


class ModelRef(StrEnum):
    """Models that a use may name."""

    SIMULATE = "simulate"
    FIT = "fit"


class Tier(StrEnum):
    """Visualise < analyse < recommend < control. Compare with `rank`."""

    NONE = "none"
    VISUALISE = "visualise"
    ANALYSE = "analyse"
    RECOMMEND = "recommend"
    CONTROL = "control"

    @property
    def rank(self) -> int:
        """0 for none, up to 4 for control."""
        return list(Tier).index(self)


class ContextOfUse(Part):
    """One question, one decision, and what it touches (ASME V&V 40). `ceiling` can only lower what evidence earns."""

    id: Id
    question: str
    decision: str
    consequence: Literal["low", "medium", "high"]
    influence: Literal["low", "medium", "high"]
    models: tuple[str, ...]
    signals: tuple[SignalId, ...]
    writes: tuple[SignalId, ...] = ()
    """Writable signals that a proposal under this use may change."""
    affected: tuple[str, ...]
    """Crews and roles whose work it touches."""
    responsible: str
    """A person of people.yaml."""
    ceiling: Tier
    evidence_days: float = Field(default=30, gt=0, le=366)
    """How long verification, validation and drills stay current."""
    not_represented: tuple[str, ...] = ()
    purpose: Id | None = None
    """What this use is for; every signal that it reads must allow it (purposes stick to what is derived)."""
    validity: dict[SignalId, tuple[float, float]] = Field(default_factory=dict)
    """Range of conditions the model was validated in; outside it answers are `guessing`."""


class Person(Part):
    """Somebody who holds roles. Passwords are never here."""

    id: Id
    name: str
    roles: tuple[
        Literal["worker", "supervisor", "engineer", "safety", "representative", "auditor", "administrator"], ...
    ]


class Purpose(Part):
    """Something that readings may be used for, and the limits that go with it."""

    id: Id
    description: str = ""
    retention_days: float | None = Field(default=None, gt=0, le=36_600)
    """How long readings taken for this purpose are kept."""
    aggregate_min: int | None = Field(default=None, ge=1, le=1000)
    """Fewest people that a figure over personal signals may stand for."""
    window_min_minutes: float | None = Field(default=None, gt=0, le=10_080)
    """Shortest time that a figure over personal signals may cover."""


class Site(Part):
    """Everything a site folder says."""

    name: str
    time_zone: str
    shifts: tuple[Shift, ...]
    areas: tuple[Area, ...]
    elements: tuple[Element, ...]
    stations: tuple[Station, ...]
    buffers: tuple[Buffer, ...]
    crews: tuple[Crew, ...]
    fleets: tuple[Fleet, ...]
    products: tuple[Product, ...]
    curves: tuple[Curve, ...]
    demand: tuple[Demand, ...]
    release: Release | None
    signals: tuple[Signal, ...]
    sources: tuple[Source, ...]
    assumptions: tuple[Assumption, ...]
    uses: tuple[ContextOfUse, ...]
    people: tuple[Person, ...]
    purposes: tuple[str, ...]
    digests: dict[str, str]
    """Content digest of each governed part: layout, flows, signals, connectors, assumptions, uses, people, settings."""
    conveyors: tuple[Conveyor, ...] = ()
    purpose_rules: tuple[Purpose, ...] = ()
    """The purposes with their limits; `purposes` has their ids."""
    setups: tuple[SetupTime, ...] = ()
    orders: tuple[Order, ...] = ()
    """Set-ups that depend on the product before."""
    disturbances: tuple[Disturbance, ...] = ()
    """What twins usually hide, where this site states it."""
    scenarios: tuple[Scenario, ...] = ()
    """What a question supposes; empty in a site as declared."""
    ot: Ot | None = None
    """The control network as declared; None when the folder has no ot.yaml."""
    roads: Roads | None = None
    """The ways of vehicles; None when the folder has no roads.yaml: they then drive in straight lines."""

    def signal(self, signal_id: str) -> Signal | None:
        """The signal of that id, if there is one."""
        return next((s for s in self.signals if s.id == signal_id), None)

    def use(self, use_id: str) -> ContextOfUse | None:
        """The context of use of that id, if there is one."""
        return next((u for u in self.uses if u.id == use_id), None)
