"""Sites of textbook form, whose long-run figures are known exactly: for verification, benchmarks and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from andon.site.floor import (
    Area,
    Assumption,
    Break,
    Breakdown,
    Buffer,
    Crew,
    Demand,
    Distribution,
    Product,
    Release,
    Shift,
    Station,
    Step,
)
from andon.site.model import Site


@dataclass(frozen=True)
class Stage:
    """One station of a textbook line; times in seconds."""

    time: Distribution
    machines: int = 1
    capacity: int = 100_000
    """Of the buffer in front of it."""
    batch: int = 1
    fails: Distribution | None = None
    repair: Distribution | None = None
    menders: int = 0
    """Size of the crew that repairs this station's machines; 0: nobody is needed."""
    calendar: bool = False
    """Failures by the calendar instead of by running time."""
    setup: Distribution | None = None
    crew: int = 0
    """Size of the crew that sets up and processes; 0: nobody is needed."""
    crew_for_setup: bool = False
    """The crew is needed for set-up only."""


def exponential(mean: float) -> Distribution:
    """An exponential law."""
    return Distribution(kind="exponential", mean=mean)


def constant(value: float) -> Distribution:
    """Always the same."""
    return Distribution(kind="constant", value=value)


def line(
    stages: Sequence[Stage],
    every: Distribution,
    *,
    quantity: int = 1,
    products: Sequence[Sequence[int]] = (),
    wip: int | None = None,
    shifts: tuple[Shift, ...] = (),
    uncertainty: float = 0.0,
) -> Site:
    """A line of stations s0, s1, ... and its products p0, p1, ...

    Args:
        stages: the stations in order.
        every: time between orders of each product, seconds.
        quantity: jobs an order.
        products: stations that each product visits, in order; none: one product through all.
        wip: release limit; None: none.
        shifts: when orders come and crews are there; none: always.
        uncertainty: of all processing times.
    """
    routes = products or (tuple(range(len(stages))),)
    assumptions = [_assumed("every", every)]
    for i, stage in enumerate(stages):
        assumptions.append(_assumed(f"time{i}", stage.time, uncertainty))
        for name, law in (("fails", stage.fails), ("repair", stage.repair), ("setup", stage.setup)):
            if law is not None:
                assumptions.append(_assumed(f"{name}{i}", law))
    everybody = tuple(s.id for s in shifts) or ("all",)
    crews = [
        Crew(id=f"{name}{i}", name=name, size=dict.fromkeys(everybody, size))
        for i, stage in enumerate(stages)
        for name, size in (("crew", stage.crew), ("menders", stage.menders))
        if size
    ]
    return Site(
        name="textbook",
        time_zone="UTC",
        shifts=shifts,
        areas=(Area(id="hall", name="Hall", x_m=0, y_m=0, width_m=10, height_m=10),),
        elements=(),
        stations=tuple(_station(i, stage) for i, stage in enumerate(stages)),
        buffers=tuple(Buffer(id=f"b{i}", capacity=stage.capacity) for i, stage in enumerate(stages)),
        crews=tuple(crews),
        fleets=(),
        products=tuple(
            Product(id=f"p{k}", name=f"p{k}", route=tuple(Step(station=f"s{i}", time=f"time{i}") for i in route))
            for k, route in enumerate(routes)
        ),
        curves=(),
        demand=tuple(Demand(product=f"p{k}", every="every", quantity=quantity, due_h=1e3) for k in range(len(routes))),
        release=Release(wip_limit=wip) if wip is not None else None,
        signals=(),
        sources=(),
        assumptions=tuple(assumptions),
        uses=(),
        people=(),
        purposes=(),
        digests={},
    )  # fmt: skip


def day_shift(start: str = "06:00", end: str = "14:00", pause: tuple[str, float] | None = None) -> Shift:
    """One shift, every day, with at most one break (start, minutes)."""
    return Shift(
        id="day",
        days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        start=start,
        end=end,
        breaks=(Break(start=pause[0], minutes=pause[1]),) if pause else (),
    )


def _assumed(name: str, law: Distribution, uncertainty: float = 0.0) -> Assumption:
    return Assumption(
        name=name,
        unit="s",
        distribution=law,
        uncertainty=uncertainty,
        origin="textbook",
        who="nobody",
        when="2026-01-01",
        review_by="2030-01-01",
    )


def _station(i: int, stage: Stage) -> Station:
    breakdown = None
    if stage.fails is not None:
        breakdown = Breakdown(
            time_to_failure=f"fails{i}",
            time_to_repair=f"repair{i}",
            counts="calendar" if stage.calendar else "running",
            crew=f"menders{i}" if stage.menders else None,
        )
    return Station(
        id=f"s{i}",
        name=f"s{i}",
        area="hall",
        machines=tuple(f"m{i}-{k}" for k in range(stage.machines)),
        buffer=f"b{i}",
        crew=f"crew{i}" if stage.crew else None,
        crew_for="setup" if stage.crew_for_setup else "processing",
        setup=f"setup{i}" if stage.setup else None,
        batch=stage.batch,
        breakdown=breakdown,
    )
