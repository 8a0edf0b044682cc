"""What makes and moves things on a site: stations, crews, fleets, products, orders, and what is assumed of them."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from andon.site.battery import Battery
from andon.site.lifting import Lifting
from andon.site.pace import Hours, Learning, MachineState, Speed, WarmUp, Wear
from andon.site.part import Id, Part, SignalId
from andon.site.stops import Maintenance, Outcome, Weekday


class Break(Part):
    """A pause inside a shift, local wall time."""

    start: str
    minutes: float = Field(gt=0, le=240)
    groups: int = Field(default=1, ge=1, le=20)
    """Each crew takes it in so many groups, one after the other; 1: all at the same time."""


class Shift(Part):
    """When people work, in the site's own time zone; `end` before `start` runs past midnight."""

    id: Id
    days: tuple[Weekday, ...]
    start: str
    end: str
    breaks: tuple[Break, ...] = ()


class Area(Part):
    """A rectangle of the floor, metres from the site's south-west corner."""

    id: Id
    name: str
    x_m: float
    y_m: float
    width_m: float = Field(gt=0)
    height_m: float = Field(gt=0)


DISPATCH = ("fifo", "spt", "edd", "cr", "setup-minimising", "priority")
"""Dispatch rules, in the order of their numbers."""


class Breakdown(Part):
    """Failures and repairs of each machine of a station, by assumption name; running time or calendar time."""

    time_to_failure: str
    time_to_repair: str
    counts: Literal["running", "calendar"] = "running"
    crew: Id | None = None
    """Crew whose member is needed for a repair."""
    skill: Id | None = None
    """Skill that a repair needs, of whatever crew; instead of `crew`."""
    people: int = Field(default=1, ge=1, le=100)
    """So many people at a time."""
    repair: Literal["renewal", "minimal"] = "renewal"
    """`renewal`: as good as new after a repair; `minimal`: as old as before it (with a Weibull law, the power law)."""
    age_h: float = Field(default=0.0, ge=0, le=1e6)
    """`minimal`: hours that each machine has behind it at the start, counted as `counts` says."""


class Station(Part):
    """Interchangeable machines behind one input buffer; a finished job blocks its machine until the next has room."""

    id: Id
    name: str
    area: Id
    machines: tuple[Id, ...] = Field(min_length=1)
    buffer: Id
    crew: Id | None = None
    """Crew whose member is held while a job is set up and processed; none runs unattended."""
    crew_for: Literal["setup", "processing"] = "processing"
    """`setup`: held for set-up only; `processing`: held for set-up and processing."""
    skill: Id | None = None
    """Skill that the work needs, of whatever crew; instead of `crew`."""
    people: int = Field(default=1, ge=1, le=100)
    """So many people at a time, from the start of the work to its end."""
    setup_skill: Id | None = None
    """Skill that a set-up needs, where it is not that of the work."""
    setup_people: int = Field(default=1, ge=1, le=100)
    """So many people for a set-up with `setup_skill`."""
    lifting: tuple[Lifting, ...] = ()
    """What is lifted by hand in processing, for the NIOSH lifting index."""
    setup: str | None = None
    """Assumption that gives the set-up time when the product changes."""
    batch: int = Field(default=1, ge=1, le=1000)
    """Jobs processed together (an oven's load): up to this many, at once, whatever their product."""
    batch_least: int = Field(default=1, ge=1, le=1000)
    """Jobs that are waited for before a load begins; a full buffer is not waited for."""
    batch_wait_min: float | None = Field(default=None, gt=0, le=10_080)
    """Minutes that a job waits at most for others; then the load begins with what is there."""
    batch_alike: bool = False
    """Only jobs of one product in a load."""
    lot: bool = False
    """A load, of one product, leaves as one lot: one place, one trip, one time, until a station splits it."""
    split: int | None = Field(default=None, ge=1, le=1000)
    """Lots that come leave in lots of so many jobs, 1: singly. None: as they came."""
    dispatch: Literal["fifo", "spt", "edd", "cr", "setup-minimising", "priority"] = "fifo"
    """Which of the jobs that wait a machine takes when it is free; of equals the one that came first."""
    priorities: dict[Id, int] = Field(default_factory=dict)
    """Product to priority at this station, 1 first; other products keep the priority of their order."""
    cards: int | None = Field(default=None, ge=1, le=100_000)
    """Kanban: jobs in its buffer and on its machines together, at most; a job gives its card back when it leaves."""
    breakdown: Breakdown | None = None
    setpoint: str | None = None
    """Property of each machine that its processing curve reads, such as `setpoint`."""
    maintenance: tuple[Maintenance, ...] = ()
    """Planned work on each machine."""
    hours: tuple[Hours, ...] = ()
    """Times of the day at which processing takes longer or shorter."""
    learning: Learning | None = None
    wear: Wear | None = None
    warm_up: WarmUp | None = None
    switch_off_min: float | None = Field(default=None, ge=0, le=100_000)
    """A machine that waits for a job for longer than this switches itself off."""
    speeds: dict[Id, Speed] = Field(default_factory=dict)
    """Levels of speed that its machines can be set to."""
    speed: Id | None = None
    """The level that they run at; none: as the times are stated."""
    speed_of: dict[Id, float] = Field(default_factory=dict)
    """Speed of single machines, where it differs from `speed`."""
    energy_kw: dict[MachineState, float] = Field(default_factory=dict)
    """Power that each machine takes in a state, kilowatts; a state that is not named takes none."""


DISCIPLINES = ("fifo", "lifo", "priority")
"""Orders of a buffer, in the order of their numbers."""


class Buffer(Part):
    """Jobs waiting in front of a station."""

    id: Id
    capacity: int = Field(ge=0, le=100_000)
    """0: a job stays on its machine until a machine of the station takes it over."""
    discipline: Literal["fifo", "lifo", "priority"] = "fifo"
    """`lifo`: a stack, from which the one that came last is taken first; `priority`: the lowest number first."""


class Crew(Part):
    """People who share skills, as a pool; how many are there in each shift. Never individuals."""

    id: Id
    name: str
    size: dict[Id, int]
    """Shift id to number of people present."""
    skills: tuple[Id, ...] = ()
    """What each of them can do; the crew's own id is always one."""
    walk_m_per_s: float | None = Field(default=None, gt=0, le=3)
    """Walking speed between machines; none: walking takes no time."""
    walk_along: Literal["straight", "roads"] = "straight"
    """In straight lines, or along the edges of roads.yaml, in either direction."""
    break_late_min: float = Field(default=0.0, ge=0, le=120)
    """0: a break begins at once; else after the task in hand, at most so much later."""
    work_max_min: float | None = Field(default=None, gt=0, le=720)
    """Work without a rest after which one is due before the next task."""
    rest_min: float = Field(default=5.0, gt=0, le=120)
    """A pause without a task of at least this length is a rest."""
    lift_max_min: float | None = Field(default=None, gt=0, le=10_000)
    """Minutes times lifting index, a person and shift, after which nothing more is lifted that shift."""
    absence: str | None = None
    """Assumption (a share): how much of the crew does not come, drawn each shift."""


class Conveyor(Part):
    """A belt that takes jobs from one station to the buffer of another, in order."""

    id: Id
    start: Id
    """Station whose finished jobs it takes."""
    end: Id
    """Station into whose buffer it gives them."""
    length_m: float = Field(gt=0, le=10_000)
    speed_m_per_s: float = Field(gt=0, le=10)
    spacing_m: float = Field(gt=0, le=1000)
    """Least distance from job to job; length over spacing is how many it holds."""
    accumulating: bool = True
    """Whether jobs close up while the first one waits at the end; else the whole belt stands."""


def places_of(belt: Conveyor) -> int:
    """How many jobs a conveyor holds."""
    return math.floor(belt.length_m / belt.spacing_m + 1e-9)


class Fleet(Part):
    """Vehicles that carry jobs between stations of different areas, as a pool."""

    id: Id
    vehicles: tuple[Id, ...] = Field(min_length=1)
    speed_m_per_s: float = Field(gt=0, le=10)
    loaded_speed_m_per_s: float | None = Field(default=None, gt=0, le=10)
    """None: as fast as empty."""
    handling: str
    """Assumption for loading plus unloading time."""
    products: tuple[Id, ...] = ()
    """Products that it carries; none named: all."""
    areas: tuple[Id, ...] = ()
    """Areas between which it carries; none named: all."""
    vehicle_choice: Literal["nearest", "longest-idle"] = "nearest"
    """Which of several free vehicles answers a call."""
    call_choice: Literal["longest-waiting", "nearest"] = "longest-waiting"
    """Which of several waiting calls a vehicle answers that becomes free."""
    breakdown: Breakdown | None = None
    """Failures by driving time; a broken vehicle stands where it is until it is repaired."""
    battery: Battery | None = None


class OtherStation(Part):
    """A station where a step can be done instead, in its own time."""

    station: Id
    time: str | None = None
    curve: Id | None = None
    share: float | None = Field(default=None, gt=0, lt=1)
    """Of the jobs, where chance chooses; the step's own station gets what is left of 1."""


class Taken(Part):
    """What a step takes into its job: finished jobs of another product, off the buffer where they are kept."""

    product: Id
    buffer: Id
    """The component's own: jobs of it end here, and it is nobody else's."""
    quantity: int = Field(default=1, ge=1, le=10_000)


class Given(Part):
    """What a job is taken apart into: jobs of another product, which begin their own routes."""

    product: Id
    quantity: int = Field(default=1, ge=1, le=1000)


class Step(Part):
    """One operation of a route: where, and how long by an assumption's or a curve's name."""

    station: Id
    time: str | None = None
    curve: Id | None = None
    name: Id | None = None
    """What outcomes call it; without one they call it by its station."""
    choice: Literal["shortest-queue", "first-free", "priority", "probability"] = "shortest-queue"
    """How one of its station and the others is chosen."""
    others: tuple[OtherStation, ...] = ()
    """Stations where it can be done instead."""
    outcomes: tuple[Outcome, ...] = ()
    """Ends other than going on, with their shares."""
    takes: tuple[Taken, ...] = ()
    """Components that every job needs before it is begun (assembly)."""
    gives: tuple[Given, ...] = ()
    """Jobs of other products that there are instead when it is done (disassembly); of a last step."""

    @property
    def places(self) -> tuple[Step | OtherStation, ...]:
        """Itself, and the other stations."""
        return (self, *self.others)

    @property
    def called(self) -> str:
        """What outcomes call it."""
        return self.name or self.station


class OtherRoute(Part):
    """A whole route that a share of a product's jobs takes instead."""

    share: float = Field(gt=0, lt=1)
    route: tuple[Step, ...] = Field(min_length=1)


class Product(Part):
    """A product and the route its jobs take, in order."""

    id: Id
    name: str
    route: tuple[Step, ...]
    """Empty: material, delivered straight to the buffer that it is taken from."""
    priority: int = Field(default=100, ge=1, le=1000)
    """Of its jobs, 1 first, where a station or the release desk goes by priority."""
    other_routes: tuple[OtherRoute, ...] = ()
    """Routes that some of its jobs take instead."""

    @property
    def routes(self) -> tuple[tuple[Step, ...], ...]:
        """Its route, then the other ones."""
        return (self.route, *(other.route for other in self.other_routes))

    @property
    def visits(self) -> tuple[Step | OtherStation, ...]:
        """Every place where a job of it may be worked on: of each route the steps, then the other stations."""
        found: list[Step | OtherStation] = []
        for route in self.routes:
            found += route
            found += [other for step in route for other in step.others]
        return tuple(found)

    correlation: float = Field(default=0.0, ge=0, le=1)
    """How alike the times of one job are from step to step: correlation of their normal scores (a Gaussian copula)."""


class Curve(Part):
    """Processing time as a function of a machine's set-point, piecewise linear between declared points."""

    id: Id
    name: str
    input_unit: str
    output_unit: str
    points: tuple[tuple[float, float], ...] = Field(min_length=2)
    spread: str | None = None
    """Assumption for a dimensionless factor that the curve's value is multiplied with."""


class Demand(Part):
    """The order book's pattern: every `every_s` of open shift time an order of `quantity` jobs, due after `due_s`."""

    product: Id
    every: str
    quantity: int = Field(ge=1, le=10_000)
    due_h: float = Field(gt=0)
    share: float | None = Field(default=None, gt=0, lt=1)
    """Demands of one `every` that have shares are one stream: each order is for one of their products, by chance."""
    replace_scrap: bool = True
    """Whether a job is released for every one that is scrapped; else orders stay open until later jobs fill them."""


class Release(Part):
    """How waiting jobs enter the floor: as soon as there is room, unless limits, a sequence or times hold them back."""

    wip_limit: int | None = Field(default=None, ge=1, le=100_000)
    """Jobs on the floor at once, at most (CONWIP); none: a job enters as soon as its first buffer has room (push)."""
    wip_limits: dict[Id, int] = Field(default_factory=dict)
    """Product to its jobs on the floor at once, at most."""
    times: tuple[str, ...] = ()
    """Times of day, "HH:MM", at which jobs enter; none: whenever they may."""
    sequence_signal: SignalId | None = None
    """Integer code, one digit a product in the order of `products`: 312 releases the third product first."""


class Distribution(Part):
    """A distribution by name; parameters in the assumption's unit."""

    kind: Literal[
        "constant", "uniform", "triangular", "normal", "lognormal", "gamma", "weibull", "exponential", "empirical"
    ]
    value: float | None = None
    low: float | None = None
    mode: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: float | None = None
    shape: float | None = None
    scale: float | None = None
    values: tuple[float, ...] = ()


class Assumption(Part):
    """A named quantity with a distribution, an origin and a date by which somebody looks at it again."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=96)
    unit: str
    distribution: Distribution
    uncertainty: float = Field(default=0.0, ge=0, le=1)
    """Relative standard deviation of the mean: what we do not know, drawn once a replication."""
    origin: str
    who: str
    when: str
    review_by: str
