"""The sim-to-real record (R74-R79): what the model represents, simplifies, leaves out, and what reopens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from andon.evidence.found import Found
from andon.site.model import ContextOfUse, Site

STRESSES = (
    "dust",
    "glare",
    "damaged packaging",
    "blockage",
    "improvised repair",
    "several languages and social coordination",
    "an act of a worker that nobody modelled",
)
"""Conditions that every record names, tested or not (R28, R29)."""
EXCLUDED_BEHAVIOURS = (
    "improvised repair and workarounds",
    "helping out at another station",
    "pace that changes with fatigue, heat or company",
    "stops for a person's own reasons",
    "learning a new task",
)
"""What people do that a pool of workers does not (R76)."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the engine says of itself: its vocabulary, and what it makes simpler than it is."""

    name: str
    represents: tuple[str, ...]
    simplifies: tuple[str, ...]
    monitors: tuple[str, ...] = ("drift of forecast against observation", "validity range of each use")


SIMULATE = EngineFacts(
    name="simulate",
    represents=(
        "stations with blocking",
        "finite buffers",
        "routes",
        "set-ups",
        "failures and repairs",
        "shifts",
        "crews and vehicles as pools",
        "orders and due dates",
    ),
    simplifies=(
        "workers of a crew are alike",
        "vehicles of a fleet are alike and do not block each other",
        "failures come as declared distributions, independent of each other",
        "processing times do not depend on each other",
    ),
)
"""The discrete-event engine, in the words of its record."""


def record(
    site: Site,
    use: ContextOfUse,
    engine: EngineFacts = SIMULATE,
    tested: Mapping[str, bool] | None = None,
) -> dict[str, Any]:
    """The record as JSON, generated from the site and the engine.

    Args:
        site: the site as read.
        use: the use that the record is for.
        engine: what the engine represents and simplifies.
        tested: failures that were played through, and whether the twin noticed or withstood each.
    """
    played = dict(tested or {})
    return {
        "engine": engine.name,
        "represented": [*engine.represents, *_represented(site)],
        "simplified": list(engine.simplifies),
        "not_represented": [*use.not_represented, *_missing(site)],
        "worker_behaviours_excluded": list(EXCLUDED_BEHAVIOURS),
        "roles_of_people": {crew.id: "pool of operators, never individuals" for crew in site.crews},
        "failures_tested": {name: "passed" if good else "failed" for name, good in played.items()},
        "untested": [name for name in STRESSES if name not in played],
        "monitors_that_reopen": [
            *engine.monitors,
            *(f"{name} outside {low:g} to {high:g}" for name, (low, high) in use.validity.items()),
            "a challenge from the floor",
        ],
        "standing": "a simulation replaces no consultation and lowers no proof",
    }


def _represented(site: Site) -> list[str]:
    return [
        f"{len(site.stations)} stations with {sum(len(s.machines) for s in site.stations)} machines",
        f"{len(site.products)} products",
        f"{len(site.shifts)} shifts",
    ]


def _missing(site: Site) -> list[str]:
    """What an answer could depend on and the site does not describe (R27)."""
    parts: Sequence[tuple[bool, str]] = (
        (bool(site.demand or site.orders), "demand"),
        (any(s.breakdown for s in site.stations), "downtime"),
        (bool(site.crews), "availability of workers"),
        (any("sensor" in a.name for a in site.assumptions), "error of sensors"),
        (any("delay" in a.name or "repair" in a.name for a in site.assumptions), "delay of maintenance"),
        (any("exception" in a.name or "interrupt" in a.name for a in site.assumptions), "frequency of exceptions"),
    )
    return [name for there, name in parts if not there]


def found(
    site: Site, use: ContextOfUse, engine: EngineFacts = SIMULATE, tested: Mapping[str, bool] | None = None
) -> Found:
    """The record as evidence. It passes when failures were played through, and the twin stood up to each."""
    made = record(site, use, engine, tested)
    return Found(use.id, "sim-to-real", bool(tested) and all((tested or {}).values()), made)
