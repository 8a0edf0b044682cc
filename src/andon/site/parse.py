"""Site folder to typed site: pure, every problem in one pass, sorted, none hidden by another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from andon.site import (
    check_assumptions,
    check_calendar,
    check_control,
    check_conveyors,
    check_flows,
    check_loads,
    check_lots,
    check_machines,
    check_names,
    check_parts,
    check_people,
    check_roads,
    check_signals,
    check_sources,
    check_streams,
    check_uses,
    check_ways,
)
from andon.site.digests import digests
from andon.site.draft import Draft, draft, parts
from andon.site.model import ContextOfUse, Site
from andon.site.network import Ot
from andon.site.problems import Problem
from andon.site.roads import Roads
from andon.site.sections import SECTIONS, UseText


@dataclass(frozen=True, slots=True)
class Outcome:
    """What reading a folder gave: a site unless there is an error, and every problem, notes included."""

    site: Site | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop the site from running."""
        return tuple(p for p in self.problems if p.severity == "error")


def read(files: Mapping[str, str], today: str | None = None) -> Outcome:
    """Read and check a site folder.

    Args:
        files: text by file name, such as `site.yaml`.
        today: YYYY-MM-DD, against which review dates are held; without it they are not looked at.
    """
    made = draft(files)
    for found in (
        check_names.check(made),
        check_calendar.check(made, today),
        check_assumptions.check(made),
        check_flows.check(made),
        check_machines.check(made),
        check_control.check(made),
        check_ways.check(made),
        check_streams.check(made),
        check_conveyors.check(made),
        check_loads.check(made),
        check_lots.check(made),
        check_people.check(made),
        check_roads.check(made),
        check_parts.check(made),
        check_signals.check(made),
        check_sources.check(made),
        check_uses.check(made),
    ):
        made.problems.extend(found)
    problems = sorted(set(made.problems))
    site = None if any(p.severity == "error" for p in problems) else _site(made)
    return Outcome(site, tuple(problems))


def parse(files: Mapping[str, str]) -> Site | tuple[Problem, ...]:
    """The site that the files describe, or everything that keeps them from describing one."""
    outcome = read(files)
    return outcome.site if outcome.site is not None else outcome.errors


def _site(made: Draft) -> Site:
    def listed(noun: str) -> tuple[Any, ...]:
        return tuple(parts(made, noun))

    def sorted_by_id(noun: str, key: str = "id") -> tuple[Any, ...]:
        return tuple(sorted(parts(made, noun), key=lambda p: str(getattr(p, key))))

    signals = sorted_by_id("signal")
    site = Site(
        name=made.settings["name"],
        time_zone=made.settings["time_zone"],
        shifts=listed("shift"),
        areas=sorted_by_id("area"),
        elements=sorted_by_id("element"),
        stations=listed("station"),
        buffers=listed("buffer"),
        crews=listed("crew"),
        conveyors=listed("conveyor"),
        fleets=listed("fleet"),
        products=listed("product"),
        curves=sorted_by_id("curve"),
        demand=listed("demand"),
        release=made.release.part if made.release is not None else None,
        signals=signals,
        sources=sorted_by_id("source"),
        assumptions=sorted_by_id("assumption", "name"),
        uses=tuple(_expanded(use, [s.id for s in signals]) for use in sorted_by_id("use")),
        people=sorted_by_id("person"),
        purposes=tuple(p.id for p in sorted_by_id("purpose")),
        digests={},
        purpose_rules=sorted_by_id("purpose"),
        setups=listed("set-up"),
        orders=sorted_by_id("order", "order"),
        disturbances=sorted_by_id("disturbance"),
        ot=_ot(made),
        roads=_roads(made),
    )
    return site.model_copy(update={"digests": digests(site)})


def _expanded(use: UseText, ids: list[str]) -> ContextOfUse:
    """The use with every signal pattern replaced by the signals that it means, in the order of ids."""
    fields = {name: getattr(use, name) for name in ContextOfUse.model_fields}
    return ContextOfUse(**fields | {"signals": expand(use.signals, ids)})


def expand(wanted: tuple[str, ...], ids: list[str]) -> tuple[str, ...]:
    """Signal ids that the patterns and ids of a use mean, sorted, each once.

    >>> expand(("*.state",), ["a.job", "a.state", "b.state"])
    ('a.state', 'b.state')
    """
    return tuple(sorted({i for w in wanted for i in ids if fnmatchcase(i, w)}))


def _ot(made: Draft) -> Ot | None:
    if not made.has_ot:
        return None
    return Ot(**{s.key: tuple(parts(made, s.noun)) for s in SECTIONS if s.file == "ot.yaml"})


def _roads(made: Draft) -> Roads | None:
    if not made.has_roads:
        return None
    return Roads(**{s.key: tuple(parts(made, s.noun)) for s in SECTIONS if s.file == "roads.yaml"})
