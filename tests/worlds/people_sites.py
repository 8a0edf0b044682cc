"""Sites with people in all the ways that a site can have them, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from andon.models.simulate.textbook import Stage, line
from andon.site.floor import Breakdown, Crew, Distribution, Shift
from andon.site.model import Element, ElementKind, Site


def changed(site: Site, stations: Mapping[int, Mapping[str, Any]], crews: tuple[Crew, ...] = ()) -> Site:
    """The site with some stations changed, and other crews."""
    return site.model_copy(
        update={
            "stations": tuple(s.model_copy(update=dict(stations.get(i, {}))) for i, s in enumerate(site.stations)),
            "crews": crews,
        }
    )


def crew(name: str, people: int, shift: str = "all", **words: Any) -> Crew:
    """A crew of some people in one shift."""
    return Crew(id=name, name=name, size={shift: people}, **words)


def placed(site: Site, where: Mapping[str, tuple[float, float]]) -> Site:
    """The site with machines and crews at places, metres."""
    people = {c.id for c in site.crews}
    elements = tuple(
        Element(
            id=name,
            kind=ElementKind.PERSONNEL if name in people else ElementKind.EQUIPMENT,
            name=name,
            area="hall",
            x_m=x,
            y_m=y,
        )
        for name, (x, y) in where.items()
    )
    return site.model_copy(update={"elements": elements})


def attended(
    stations: int,
    law: Distribution,
    every: Distribution,
    needs: Mapping[int, Mapping[str, Any]],
    crews: tuple[Crew, ...],
    *,
    machines: int = 1,
    shifts: tuple[Shift, ...] = (),
    quantity: int = 1,
) -> Site:
    """Stations side by side, each with a product of its own, that people attend to."""
    made = line(
        [Stage(law, machines=machines) for _ in range(stations)],
        every,
        products=tuple((i,) for i in range(stations)),
        shifts=shifts,
        quantity=quantity,
    )
    return changed(made, needs, crews)


def repaired(skill: str, people: int = 1) -> Breakdown:
    """Failures by running time whose repair needs a skill; the laws are those of the stage."""
    return Breakdown(time_to_failure="fails0", time_to_repair="repair0", skill=skill, people=people)
