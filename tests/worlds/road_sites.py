"""Sites with roads: a line of stations in areas of their own, and whatever network and fleets a test gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from andon.models.simulate.textbook import Stage, constant, line
from andon.site.floor import Area, Assumption, Distribution, Fleet
from andon.site.model import Element, ElementKind, Site
from andon.site.roads import Closure, Edge, Node, Roads, Stop

Places = Mapping[str, tuple[float, float]]


def assumption(name: str, law: Distribution, unit: str = "s") -> Assumption:
    return Assumption(
        name=name,
        unit=unit,
        distribution=law,
        origin="textbook",
        who="nobody",
        when="2026-01-01",
        review_by="2030-01-01",
    )


def node(name: str, x_m: float, y_m: float = 0.0, **more: Any) -> Node:
    return Node(id=name, x_m=x_m, y_m=y_m, **more)


def edge(start: str, end: str, **more: Any) -> Edge:
    return Edge.model_validate({"id": f"{start}-{end}", "from": start, "to": end, **more})


def one(start: str, end: str, **more: Any) -> Edge:
    return edge(start, end, way="one", **more)


def road_site(
    stages: Sequence[Stage],
    nodes: Sequence[Node],
    edges: Sequence[Edge],
    stops: Sequence[str | tuple[str, str]],
    *,
    handling: Distribution,
    speed: float = 1.0,
    every: Distribution | None = None,
    closures: Sequence[Closure] = (),
    fleets: Sequence[Fleet] = (),
    assumptions: Sequence[Assumption] = (),
    **options: Any,
) -> Site:
    """Station `s0`, `s1`, ... each in its own area `a0`, `a1`, ...; stop k serves station k (pick-up, set-down).

    Vehicles are those that the nodes park; without `fleets` they are one fleet at `speed`.
    """
    site = line(stages, every or constant(1e6), **options)
    stations = tuple(s.model_copy(update={"area": f"a{i}"}) for i, s in enumerate(site.stations))
    areas = tuple(Area(id=f"a{i}", name=f"a{i}", x_m=0, y_m=0, width_m=99, height_m=99) for i in range(len(stations)))
    parked = tuple(n.parks for n in nodes if n.parks)
    own = Fleet(id="amr", vehicles=parked, speed_m_per_s=speed, handling="handling")
    elements = tuple(
        Element(id=e, kind=ElementKind.EQUIPMENT, name=e, area=area, x_m=1, y_m=1)
        for e, area in [
            *((m, s.area) for s in stations for m in s.machines),
            *((v, "a0") for v in parked),
        ]
    )
    roads = Roads(
        nodes=tuple(nodes),
        edges=tuple(edges),
        stops=tuple(
            Stop(station=f"s{k}", pick_up=s)
            if isinstance(s, str)
            else Stop(station=f"s{k}", pick_up=s[0], set_down=s[1])
            for k, s in enumerate(stops)
        ),
        closures=tuple(closures),
    )
    return site.model_copy(
        update={
            "stations": stations,
            "areas": areas,
            "elements": elements,
            "fleets": tuple(fleets) or (own,),
            "assumptions": (*site.assumptions, assumption("handling", handling), *assumptions),
            "roads": roads,
        }
    )
