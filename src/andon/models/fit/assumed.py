"""A site's assumptions held against a log of events: which times each of them stands for, and what those times say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from andon.models.fit.choose import Law, choose
from andon.models.fit.episodes import Elapsed, Times
from andon.models.simulate.calendar import open_spans
from andon.models.simulate.laws import Unrunnable, mean_of, scale_of
from andon.site.floor import Assumption, Station
from andon.site.model import Site

Key = tuple[str, str, str]
LOOKED_BACK_NS = 400 * 86_400 * 10**9
"""The longest log whose orders are counted in open time."""


@dataclass(frozen=True)
class Estimate:
    """One assumption: what is declared, and what the log says."""

    assumption: Assumption
    of: str
    """What it is, for people: `processing of `valve` at `turning``."""
    law: Law
    scale: float
    """Seconds in one of the assumption's unit."""

    @property
    def declared(self) -> float | None:
        """The declared mean, in the assumption's unit."""
        try:
            return mean_of(self.assumption.distribution)
        except Unrunnable:
            return None

    @property
    def agrees(self) -> bool | None:
        """Whether the declared mean lies in the interval; None where the log says too little."""
        if self.declared is None or self.law.kind == "too few":
            return None
        return self.law.mean_low <= self.declared * self.scale <= self.law.mean_high

    def row(self, who: str, today: date) -> dict[str, Any] | None:
        """A row for assumptions.yaml; None where the log says too little."""
        found = self.law.distribution(self.scale)
        if found is None:
            return None
        times = f"{self.law.seen} times" + (f", {self.law.cut} cut off" if self.law.cut else "")
        return {
            "name": self.assumption.name,
            "unit": self.assumption.unit,
            "distribution": found.model_dump(exclude_none=True, exclude_defaults=True) | {"kind": found.kind},
            "uncertainty": float(f"{self.law.uncertainty:.3g}"),
            "origin": f"andon fit of a log of events, {times}",
            "who": who,
            "when": f"{today}",
            "review_by": f"{today + timedelta(days=365)}",
        }

    def as_json(self) -> dict[str, Any]:
        """All of it; the law in seconds, the declared mean in the assumption's unit."""
        return {
            "name": self.assumption.name,
            "of": self.of,
            "unit": self.assumption.unit,
            "declared_mean": self.declared,
            "agrees": self.agrees,
            "law": self.law.as_json(),
            "verdict": self.law.verdict() or None,
        }


def estimates(site: Site, times: Times) -> tuple[Estimate, ...]:
    """Every assumption that some time of the log is of, in the site's order."""
    keys: dict[str, list[Key]] = {}
    words: dict[str, str] = {}
    for name, of, key in _wanted(site, times):
        keys.setdefault(name, [])
        words.setdefault(name, of)
        if key not in keys[name]:
            keys[name].append(key)
    found = []
    for assumption in site.assumptions:
        if assumption.name not in keys:
            continue
        sample = times.sample(keys[assumption.name])
        if not len(sample.seen) and not len(sample.cut):
            continue
        scale = scale_of(assumption.unit, assumption.name)
        found.append(Estimate(assumption, words[assumption.name], choose(sample), scale))
    return tuple(found)


def _wanted(site: Site, times: Times) -> Iterator[tuple[str, str, Key]]:
    """(assumption, what it is, key of its times)."""
    for station in site.stations:
        made = [(p.id, step) for p in site.products for step in p.route if step.station == station.id]
        for machine in station.machines:
            for product, step in made:
                if step.time is None:
                    continue
                of = f"processing of `{product}` at `{station.id}`"
                yield step.time, of, ("running", machine, product)
                if len(made) == 1:
                    yield step.time, of, ("running", machine, "")
            yield from _of_machine(station, machine, times)
    for demand in site.demand:
        yield demand.every, f"time between orders of `{demand.product}`", ("between", demand.product, "")


def _of_machine(station: Station, machine: str, times: Times) -> Iterator[tuple[str, str, Key]]:
    if station.setup:
        for key in sorted({*times.seen, *times.cut}):
            if key[:2] == ("setup", machine):
                yield station.setup, f"set-up of `{station.id}`", key
    if station.breakdown is not None:
        running = station.breakdown.counts == "running"
        word = "running time to failure" if running else "time to failure"
        yield station.breakdown.time_to_failure, f"{word} of `{station.id}`", ("life" if running else "up", machine, "")
        yield station.breakdown.time_to_repair, f"time down of `{station.id}`", ("down", machine, "")


def open_time(site: Site, begin: int, end: int) -> Elapsed:
    """How much open shift time lies between two moments of a log that goes from `begin` to `end`, nanoseconds."""
    spans = [(begin + a, begin + b) for a, b in open_spans(site, begin, min(end - begin, LOOKED_BACK_NS))]

    def elapsed(a: int, b: int) -> int:
        return sum(max(0, min(b, y) - max(a, x)) for x, y in spans)

    return elapsed
