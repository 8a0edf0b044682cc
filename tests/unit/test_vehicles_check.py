"""Every mistake about roads and fleets is told with its line: a table of them, made one at a time in the hall."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from andon.adapters.site_folder import load, texts_of
from andon.control_room.floor import FloorPlan
from andon.control_room.picture import Names
from andon.plant.draws import PlantError
from andon.plant.unplayed import refuse
from andon.site.model import Site
from andon.site.parse import read

HALL = Path(__file__).parents[2] / "examples" / "vehicles-hall"
BASE, _ = texts_of(HALL)
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "unknown node",
        "roads.yaml",
        "from: a1, to: a2,",
        "from: a1, to: a9,",
        "`to` of edge `a1-a2` names node `a9`, which is not declared; declare the node or name another",
    ),
    (
        "no parking place",
        "roads.yaml",
        ", parks: amr-2}",
        "}",
        (
            "`amr-2` of fleet `amr` has no parking place; give each a node with `parks` in roads.yaml: without one, "
            "vehicles could block one another for ever"
        ),
    ),
    (
        "two parking places",
        "roads.yaml",
        ", parks: amr-2}",
        ", parks: amr-1}",
        "node `p2` is a second parking place of `amr-1` (line 27); keep one of them",
    ),
    (
        "parks what no fleet has",
        "roads.yaml",
        ", parks: amr-2}",
        ", parks: saw-1}",
        "node `p2` parks `saw-1`, which no fleet has; name a vehicle",
    ),
    (
        "parking in a block",
        "roads.yaml",
        ", parks: amr-2}",
        ", parks: amr-2, block: door}",
        "parking place `p2` is in block `door`; take it out: whoever stands there would block the others",
    ),
    (
        "a stop at a charger",
        "roads.yaml",
        "station: painting, pick_up: paint-stop",
        "station: painting, pick_up: c1",
        "charger `c1` is a stop, too; give the stop a node of its own, since no way leads through this one",
    ),
    (
        "no stop",
        "roads.yaml",
        "  - {station: painting, pick_up: paint-stop}\n",
        "",
        "vehicles serve station `painting`, which has no stop; add it to `stops` in roads.yaml",
    ),
    (
        "no way back",
        "roads.yaml",
        "{id: paint-spur, from: a3, to: paint-stop}",
        "{id: paint-spur, from: a3, to: paint-stop, way: one}",
        (
            "`amr-1` has no way from `paint-stop` to its parking place, `p1`; add or turn an edge; no way leads "
            "through parking or chargers"
        ),
    ),
    (
        "no way there",
        "roads.yaml",
        "{id: weld-spur, from: a2, to: weld-stop}",
        "{id: weld-spur, from: weld-stop, to: a2, way: one}",
        (
            "`amr-1` has no way from `p1` to the stop of `welding`, `weld-stop`; add or turn an edge; no way leads "
            "through parking or chargers"
        ),
    ),
    (
        "a block of one",
        "roads.yaml",
        "way: one, block: door} #",
        "way: one, block: dor} #",
        "block `dor` of edge `a3-a4` has no other member; write it like the others, or remove it",
    ),
    (
        "an edge to itself",
        "roads.yaml",
        "{id: a1-a2, from: a1, to: a2,",
        "{id: a1-a2, from: a1, to: a1,",
        "edge `a1-a2` leads from node `a1` to itself; name another node",
    ),
    (
        "two lanes, one way",
        "roads.yaml",
        "from: a2, to: a3, way: one}",
        "from: a2, to: a3, way: one, lanes: 2}",
        "edge `a2-a3` has two lanes and one way; use one lane: it holds one vehicle at a time",
    ),
    (
        "a closure without a clock",
        "roads.yaml",
        'start: "13:55"',
        'start: "13.55"',
        '`start` of closure `shift-change` is `13.55`; write a time of day as "HH:MM", 00:00 to 23:59',
    ),
    (
        "two fleets carry the same",
        "site.yaml",
        "    products: [frame]\n",
        "",
        (
            "fleet `tugger` and fleet `amr` both carry `bracket` from `sawing` to `welding`; give each its `products` "
            "or its `areas`"
        ),
    ),
    (
        "no fleet carries it",
        "site.yaml",
        "    products: [frame]\n",
        "    products: [frame]\n    areas: [sawing, welding, painting]\n",
        "no fleet carries `frame` from `painting` to `packing`; add them to the `products` and `areas` of a fleet",
    ),
    (
        "thresholds the wrong way round",
        "site.yaml",
        "leave_above: 0.7",
        "leave_above: 0.2",
        "`leave_above` of fleet `amr` is below `charge_below`; exchange them",
    ),
    (
        "no recovery",
        "site.yaml",
        "      recovery: {time: amr.battery-swap, crew: menders} # should one be empty all the same\n",
        "",
        "fleet `amr` has no `battery.recovery`; add `recovery`",
    ),
    (
        "a recovery by nobody",
        "site.yaml",
        "amr.battery-swap, crew: menders",
        "amr.battery-swap, skill: mending",
        (
            "`battery.recovery.skill` of fleet `amr` is `mending`, and no crew has that skill; "
            "add it to the `skills` of a crew"
        ),
    ),
    (
        "a repair by a crew and a skill",
        "site.yaml",
        "time_to_repair: amr.time-to-repair, crew: menders",
        "time_to_repair: amr.time-to-repair, crew: menders, skill: menders",
        "fleet `amr` names a `crew` and a `skill`; keep one of them",
    ),
    (
        "fails by the calendar",
        "site.yaml",
        "time_to_repair: amr.time-to-repair, crew: menders",
        "time_to_repair: amr.time-to-repair, crew: menders, counts: calendar",
        "fleet `amr` fails by the calendar; use `running`: vehicles fail by driving time",
    ),
)


@pytest.mark.parametrize(("name", "file", "old", "new", "sentence"), ROWS, ids=[r[0] for r in ROWS])
def test_a_mistake_is_told(name: str, file: str, old: str, new: str, sentence: str) -> None:
    assert BASE[file].count(old) == 1, f"the example has changed: mend {name}"
    told = [p.sentence() for p in read(dict(BASE) | {file: BASE[file].replace(old, new)}).errors]
    assert any(t.partition(": ")[2] == sentence and re.match(r"(roads|site)\.yaml:\d+: ", t) for t in told), told
    assert len(told) <= 3, told


def test_without_roads_nothing_that_needs_them_is_ignored() -> None:
    files = {k: v for k, v in BASE.items() if k != "roads.yaml"}
    told = [p.sentence().partition(": ")[2] for p in read(files).errors]
    assert told == [
        "fleet `amr` has a `breakdown`, which is played on roads only; describe the ways in roads.yaml, or remove it",
        "fleet `amr` has a `battery`, which is played on roads only; describe the ways in roads.yaml, or remove it",
    ]


def test_the_virtual_plant_refuses_roads() -> None:
    site = load(HALL)
    assert isinstance(site, Site)
    with pytest.raises(PlantError, match=r"roads.yaml has nodes and edges, which the virtual plant does not play"):
        refuse(site)
    with pytest.raises(PlantError, match="fleet `amr` says `loaded_speed_m_per_s`"):
        refuse(site.model_copy(update={"roads": None}))


def test_the_map_of_the_floor_draws_the_roads() -> None:
    site = load(HALL)
    assert isinstance(site, Site)
    assert site.roads is not None
    plan = FloorPlan(site, Names(site))
    first, edge = plan.roads[0], site.roads.edges[0]
    node = {n.id: n for n in site.roads.nodes}
    assert len(plan.roads) == len(site.roads.edges)
    assert (first.x1, first.y1) == (plan.x(node[edge.source].x_m), plan.y(node[edge.source].y_m))
    assert FloorPlan(site.model_copy(update={"roads": None}), Names(site)).roads == ()
