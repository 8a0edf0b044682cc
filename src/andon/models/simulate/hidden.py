"""The six assumptions that twins usually hide: whether a site states them, by which laws, and how much they matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from andon.models.simulate.rows import Rows
from andon.models.simulate.spread import leans_on
from andon.site.model import Site


@dataclass(frozen=True)
class Hidden:
    """One of the six, on one site."""

    name: str
    stated: bool
    by: tuple[str, ...]
    """Assumptions that carry it."""
    otherwise: str
    """What the model does where it is not stated."""
    share: float | None = None
    """Share of the spread of completed jobs that comes from our uncertainty about its means; None: not measured."""

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "name": self.name,
            "stated": self.stated,
            "by": list(self.by),
            "share": self.share,
            "not_represented": None if self.stated else self.otherwise,
        }

    def line(self) -> str:
        """`downtime: mill.time-to-failure, ...; 12 % of the spread`, or what is not represented."""
        if not self.stated:
            return f"{self.name}: not represented ({self.otherwise})"
        share = "" if self.share is None else f"; {self.share:.0%} of the spread"
        return f"{self.name}: {', '.join(self.by) or 'by the shift plan'}{share}"


def hidden(site: Site) -> tuple[Hidden, ...]:
    """The six, as this site states them."""
    laws: dict[str, list[str]] = {"exceptions": [], "maintenance-delay": [], "sensor-error": []}
    stated = [d for d in site.disturbances if d.kind != "damaged-packaging" or d.share > 0]
    for d in stated:  # damage is an exception, too
        kind = "exceptions" if d.kind == "damaged-packaging" else d.kind
        laws[kind] += [n for n in (d.every, d.lasts, d.levels, d.elapsed) if n]
    kinds = {"exceptions" if d.kind == "damaged-packaging" else d.kind for d in stated}
    orders = ["orders.csv"] if site.orders else []
    downs = [s.breakdown for s in site.stations if s.breakdown is not None]
    waits = bool(downs) and all(b.crew or b.skill for b in downs)
    return (
        Hidden(
            "demand",
            bool(site.demand or site.orders),
            _once([d.every for d in site.demand] + orders),
            "nothing says when work arrives",
        ),
        Hidden(
            "downtime",
            bool(downs),
            _once([n for b in downs for n in (b.time_to_failure, b.time_to_repair)]),
            "no station declares failures",
        ),
        Hidden(
            "worker availability",
            bool(site.crews) and all(c.absence for c in site.crews),
            _once([c.absence for c in site.crews if c.absence]),
            _present(site),
        ),
        Hidden("sensor error", "sensor-error" in kinds, _once(laws["sensor-error"]), "what is read is taken as true"),
        Hidden(
            "maintenance delay",
            waits or "maintenance-delay" in kinds,
            _once(laws["maintenance-delay"] + [who for b in downs if (who := b.crew or b.skill)]),
            "somebody is always there to repair",
        ),
        Hidden(
            "exceptions",
            "exceptions" in kinds,
            _once(laws["exceptions"]),
            "improvised repairs, mix-ups, people stopping the line",
        ),
    )


def _present(site: Site) -> str:
    if not site.crews:
        return "nobody is needed anywhere"
    present = ", ".join(f"`{c.id}`" for c in site.crews if c.absence is None)
    return f"everybody of {present} is there as planned"


def _once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def measured(rows: Rows) -> tuple[Hidden, ...]:
    """The six, each with its share of the spread of completed jobs where the replications are enough to tell."""
    shares = {x.assumption: x.share for x in leans_on(rows.done(), rows, most=len(rows.image.assumptions), noticed=0.0)}
    return tuple(
        Hidden(
            h.name,
            h.stated,
            h.by,
            h.otherwise,
            sum(shares.get(n, 0.0) for n in h.by) if h.stated and shares else None,
        )
        for h in hidden(rows.image.site)
    )
