"""The plants that are measured: a line of any length, a job shop of thirty machines, a plant of fifty."""

from __future__ import annotations

import random
from dataclasses import dataclass

from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.floor import (
    Area,
    Assumption,
    Break,
    Breakdown,
    Buffer,
    Crew,
    Demand,
    Distribution,
    Fleet,
    Product,
    Release,
    Shift,
    Station,
    Step,
)
from andon.site.model import Element, ElementKind, Site
from andon.site.roads import Edge, Node, Roads, Stop

EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def long_line(
    stations: int,
    room: int = 10,
    work_s: float = 1.0,
    odd: tuple[int, float] | None = None,
    *,
    forever: bool = False,
) -> Site:
    """Machines in a row with exponential work, failures by running time and buffers; the first one never starves.

    Args:
        stations: how many.
        room: capacity of each buffer.
        work_s: mean of the work.
        odd: (station, mean of its work), where one differs.
        forever: orders come one after the other in lots of a few hours' work, for long horizons.
    """
    stages = [
        Stage(
            exponential(odd[1] if odd and odd[0] == i else work_s),
            capacity=room,
            fails=exponential(100.0 * work_s),
            repair=exponential(5.0 * work_s),
        )
        for i in range(stations)
    ]
    every, quantity = (5000.0, 8000) if not forever else (4000.0, 6000)
    return line(stages, constant(every * work_s), quantity=quantity, wip=2000 * stations if forever else None)


@dataclass(frozen=True)
class Shop:
    """What a job shop is made of; both we and a peer build it from these figures. Times in seconds, ways in metres."""

    stations: int = 10
    machines: int = 3
    """Of each station."""
    products: int = 6
    vehicles: int = 4
    speed: float = 1.5
    operators: int = 12
    """Needed for set-up and processing at every other station."""
    setters: int = 3
    """Needed for set-up at the others; they can mend machines, too."""
    menders: int = 2
    work: tuple[float, float] = (300.0, 90.0)
    setup: tuple[float, float] = (60.0, 180.0)
    handling: tuple[float, float] = (20.0, 6.0)
    fails: float = 4 * 3600.0
    repair: float = 1200.0
    wip: int = 60
    quantity: int = 4
    jobs_an_hour: float = 28.0
    pitch: float = 8.0
    """Between stations, on a grid five wide."""
    roads: bool = False
    """Vehicles keep to one-way aisles that hold one of them a segment, instead of straight ways."""
    breaks: tuple[tuple[float, float], ...] = ((2 * 3600.0, 900.0), (4.5 * 3600.0, 1800.0))
    """Start after the shift's, length."""

    def routes(self) -> list[list[int]]:
        """Stations that each product visits."""
        chance = random.Random(7)  # noqa: S311 - a plan, drawn once
        length = max(2, min(self.stations, 6))
        return [chance.sample(range(self.stations), length) for _ in range(self.products)]

    def place(self, station: int) -> tuple[float, float]:
        """Where a station stands."""
        return 5.0 + self.pitch * (station % 5), 5.0 + self.pitch * (station // 5)

    @property
    def every(self) -> float:
        """Between orders of one product."""
        return 3600.0 * self.products * self.quantity / self.jobs_an_hour


def aisles(shop: Shop) -> Roads:
    """A loop between the two rows of stations, north side east, south side west, with a short cut; stops beside it."""
    columns = range(5)
    nodes = [Node(id=f"a{k}", x_m=shop.place(k)[0], y_m=10) for k in columns]
    nodes += [Node(id=f"b{k}", x_m=shop.place(k)[0], y_m=8) for k in columns]
    nodes += [
        Node(id=f"stop{k}", x_m=shop.place(k)[0], y_m=6.5 if k < len(columns) else 11.5) for k in range(shop.stations)
    ]
    nodes += [Node(id=f"p{i}", x_m=0.4 * i, y_m=9, parks=f"amr-{i}", charger=True) for i in range(shop.vehicles)]
    ways = [*((f"a{k}", f"a{k + 1}") for k in columns[:-1]), ("a4", "b4"), ("b0", "a0"), ("a2", "b2")]
    ways += [(f"b{k + 1}", f"b{k}") for k in columns[:-1]]
    edges = [Edge(id=f"{a}-{b}", **{"from": a, "to": b}, way="one") for a, b in ways]
    spurs = [(f"{'b' if k < len(columns) else 'a'}{k % 5}", f"stop{k}") for k in range(shop.stations)]
    spurs += [("b0", f"p{i}") for i in range(shop.vehicles)]
    edges += [Edge(id=f"{a}-{b}", **{"from": a, "to": b}) for a, b in spurs]
    stops = tuple(Stop(station=f"s{k}", pick_up=f"stop{k}") for k in range(shop.stations))
    return Roads(nodes=tuple(nodes), edges=tuple(edges), stops=stops)


def shop_site(shop: Shop) -> Site:
    """The shop as a site."""

    def clock(seconds: float) -> str:
        return f"{6 + int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}"

    shift = Shift(
        id="day",
        days=EVERY_DAY,
        start="06:00",
        end="14:00",
        breaks=tuple(Break(start=clock(start), minutes=span / 60) for start, span in shop.breaks),
    )
    places = [shop.place(k) for k in range(shop.stations)]
    machines = [[f"m{k}-{i}" for i in range(shop.machines)] for k in range(shop.stations)]
    vehicles = tuple(f"amr-{i}" for i in range(shop.vehicles))

    def element(name: str, area: str, place: tuple[float, float]) -> Element:
        return Element(id=name, kind=ElementKind.EQUIPMENT, name=name, area=area, x_m=place[0], y_m=place[1])

    gamma = [Distribution(kind="gamma", mean=mean, sd=sd) for mean, sd in (shop.work, shop.handling)]
    laws = {
        "work": gamma[0],
        "handling": gamma[1],
        "setup": Distribution(kind="uniform", low=shop.setup[0], high=shop.setup[1]),
        "fails": exponential(shop.fails),
        "repair": exponential(shop.repair),
        "every": exponential(shop.every),
    }
    return Site(
        name="job shop",
        time_zone="UTC",
        shifts=(shift,),
        areas=tuple(
            Area(id=f"a{k}", name=f"a{k}", x_m=x - 3, y_m=y - 3, width_m=6, height_m=6)
            for k, (x, y) in enumerate(places)
        ),
        elements=tuple(element(m, f"a{k}", places[k]) for k, row in enumerate(machines) for m in row)
        + tuple(element(v, "a0", places[0]) for v in vehicles),
        stations=tuple(
            Station(
                id=f"s{k}",
                name=f"s{k}",
                area=f"a{k}",
                machines=tuple(row),
                buffer=f"b{k}",
                skill="operators" if k % 2 == 0 else "setters",
                crew_for="processing" if k % 2 == 0 else "setup",
                setup="setup",
                breakdown=Breakdown(time_to_failure="fails", time_to_repair="repair", skill="menders"),
            )
            for k, row in enumerate(machines)
        ),
        buffers=tuple(Buffer(id=f"b{k}", capacity=shop.wip) for k in range(shop.stations)),
        crews=tuple(
            Crew(id=name, name=name, size={"day": size}, skills=skills)
            for name, size, skills in (
                ("operators", shop.operators, ()),
                ("setters", shop.setters, ("menders",)),
                ("menders", shop.menders, ()),
            )
        ),
        fleets=(Fleet(id="amr", vehicles=vehicles, speed_m_per_s=shop.speed, handling="handling"),),
        products=tuple(
            Product(id=f"p{i}", name=f"p{i}", route=tuple(Step(station=f"s{k}", time="work") for k in route))
            for i, route in enumerate(shop.routes())
        ),
        curves=(),
        demand=tuple(
            Demand(product=f"p{i}", every="every", quantity=shop.quantity, due_h=8.0) for i in range(shop.products)
        ),
        release=Release(wip_limit=shop.wip),
        signals=(),
        sources=(),
        assumptions=tuple(
            Assumption(
                name=name,
                unit="s",
                distribution=law,
                origin="benchmark",
                who="nobody",
                when="2026-01-01",
                review_by="2030-01-01",
            )
            for name, law in laws.items()
        ),
        uses=(),
        people=(),
        purposes=(),
        digests={},
        roads=aisles(shop) if shop.roads else None,
    )
