"""The forecast of a shift from the live state, in a form that can be held against what then happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from andon.core.readings import Value
from andon.models.simulate import calendar, jit
from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.limits import Mark, mark, not_represented
from andon.models.simulate.live import LiveState
from andon.models.simulate.result import baseline_digest
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import Pool, compile_site, replicate
from andon.models.simulate.spread import leans_on, unknown_share
from andon.site.model import Site

MODEL = "simulate"
LOOK_AHEAD_S_MIN = 7200.0
"""Nearer to the end of the shift than this, the look goes on into the next one."""
LOOK_AHEAD_S = 14_400.0
"""How far it then looks, and where the site has no shifts."""
CHECK_S = 7200.0
"""Forecast and observation are held against each other this far ahead."""
TOLERANCE = 0.1
"""Share by which a forecast may be off before that counts as drift."""


@dataclass(frozen=True)
class Quantity:
    """One forecast figure: median and 90 % prediction interval."""

    name: str
    unit: str
    median: float
    low90: float
    high90: float

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {
            "name": self.name, "unit": self.unit, "median": self.median, "low90": self.low90, "high90": self.high90
        }  # fmt: skip


@dataclass(frozen=True)
class Check:
    """A prediction that time will judge: how many jobs are completed between two moments."""

    since_ns: int
    at_ns: int
    signals: tuple[str, ...]
    """Counters whose increase, summed, is the observation."""
    values: tuple[int, ...]
    """What the futures counted, distinct and ascending."""
    counts: tuple[int, ...]
    """How many futures counted each."""

    def pit(self, observed: float, u: float) -> float:
        """Randomised probability integral transform: uniform on (0, 1) when the forecast is right (Smith 1985).

        Args:
            observed: the observed count.
            u: a number in (0, 1) that breaks ties within the count.
        """
        total = sum(self.counts) + 1
        below = sum(c for v, c in zip(self.values, self.counts, strict=True) if v < observed)
        same = sum(c for v, c in zip(self.values, self.counts, strict=True) if v == observed)
        return (below + u * (same + 1)) / total

    def surprise(self, observed: float, tolerance: float = TOLERANCE) -> float:
        """A p-value that is not too small as long as the floor's true level is within `tolerance` of the forecast's.

        Two-sided tail of the futures, moved towards the observation by the tolerated share of their median, and at
        least by one job. It feeds the drift test, which thereby asks whether the model is off by more than its users
        were told, not whether it is off at all: every model is.
        """
        room = max(1.0, tolerance * self.median())
        total = sum(self.counts) + 1
        above = sum(c for v, c in zip(self.values, self.counts, strict=True) if v >= observed - room) + 1
        below = sum(c for v, c in zip(self.values, self.counts, strict=True) if v <= observed + room) + 1
        return min(1.0, 2.0 * min(above, below) / total)

    def median(self) -> float:
        """The middle of the futures."""
        return float(np.median(np.repeat(self.values, self.counts)))

    def interval(self, share: float = 0.9) -> tuple[float, float]:
        """The central interval that holds `share` of the futures."""
        flat = np.repeat(self.values, self.counts)
        low, high = np.quantile(flat, ((1.0 - share) / 2.0, (1.0 + share) / 2.0))
        return float(low), float(high)

    def as_json(self) -> dict[str, Any]:
        """Times as strings, since nanoseconds exceed what JSON numbers hold."""
        return {
            "since_ns": str(self.since_ns),
            "at_ns": str(self.at_ns),
            "signals": list(self.signals),
            "values": list(self.values),
            "counts": list(self.counts),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Check:
        """What `as_json` wrote."""
        return cls(
            int(data["since_ns"]),
            int(data["at_ns"]),
            tuple(data["signals"]),
            tuple(data["values"]),
            tuple(data["counts"]),
        )


@dataclass(frozen=True)
class Forecast:
    """What the twin expects, from when to when, how sure, and what it rests on."""

    at_ns: int
    until_ns: int
    quantities: tuple[Quantity, ...]
    bottleneck: tuple[str, float]
    check: Check
    leans_on: tuple[dict[str, Any], ...]
    sampled: tuple[str, ...]
    not_represented: tuple[str, ...]
    mark: Mark
    rests_on: str
    seed: int
    replications: int
    unknown_share: float | None

    def as_json(self) -> dict[str, Any]:
        """The forecast for pages, API and records."""
        return {
            "at_ns": str(self.at_ns),
            "until_ns": str(self.until_ns),
            "mark": self.mark.mark,
            "mark_why": "; ".join(self.mark.why),
            "model": f"{MODEL} {jit.source_hash()}",
            "replications": self.replications,
            "seed": self.seed,
            "quantities": [q.as_json() for q in self.quantities],
            "bottleneck": {"station": self.bottleneck[0], "share": self.bottleneck[1]},
            "leans_on": list(self.leans_on),
            "sampled": list(self.sampled),
            "not_represented": list(self.not_represented),
            "unknown_share": self.unknown_share,
            "rests_on": self.rests_on,
            "check": self.check.as_json(),
        }


def horizon_of(site: Site, at_ns: int) -> float:
    """Seconds to look ahead: to the end of the shift, or four hours where that is near or there is no shift."""
    end = calendar.shift_end(site, at_ns)
    left = (end - at_ns) / 1e9 if end is not None else 0.0
    return left if left >= LOOK_AHEAD_S_MIN else LOOK_AHEAD_S


def late(rows: Rows) -> np.ndarray:
    """Orders that were completed late, or are overdue at the end, by replication."""
    n = range(len(rows.image.products))
    done = sum(rows.product(i, at.ORDERS_DONE) - rows.product(i, at.ON_TIME) for i in n)
    overdue = sum(rows.product(i, at.OVERDUE) for i in n)
    return np.asarray(done + overdue, dtype=float)


def forecast(
    site: Site,
    live: LiveState,
    *,
    seed: int = 1,
    replications: int = 200,
    pool: Pool | None = None,
    validated: bool = False,
) -> Forecast:
    """Forecast the rest of the shift from the live state.

    Args:
        site: as loaded.
        live: what is seen now.
        seed: of the futures.
        replications: futures.
        pool: threads.
        validated: whether current evidence covers this model on this floor.

    Raises:
        Unrunnable: the site cannot be simulated; one sentence.
    """
    horizon_s = horizon_of(site, live.at_ns)
    bins = max(1, round(horizon_s / CHECK_S))
    image = compile_site(site, live, horizon_s, asked(site, {}), bins=bins)
    rows = replicate(image, replications, seed, pool=pool)
    until = live.at_ns + round(horizon_s * 1e9)
    share = unknown_share(rows.done(), rows.factors)
    first = rows.bottleneck()
    quantities = [
        quantity("finished by then", "{jobs}", rows.done()),
        quantity("late orders", "1", late(rows)),
        quantity("lead time", "min", rows.lead_s() / 60.0),
        *(quantity(f"{p.id} finished by then", "{jobs}", rows.done(i)) for i, p in enumerate(site.products)),
    ]
    return Forecast(
        at_ns=live.at_ns,
        until_ns=until,
        quantities=tuple(q for q in quantities if q is not None),
        bottleneck=(rows.image.stations[int(first.argmax())], float(first.max())),
        check=check_of(site, live, rows),
        leans_on=tuple(lean_json(rows, rows.done())),
        sampled=live.sampled,
        not_represented=not_represented(site),
        mark=mark(site, live, {}, validated=validated, unknown=share),
        rests_on=baseline_digest(site),
        seed=seed,
        replications=rows.n,
        unknown_share=share,
    )


def quantity(name: str, unit: str, values: np.ndarray) -> Quantity | None:
    """Median and central 90 %; None where no future has the figure."""
    x = values[np.isfinite(values)]
    if not len(x):
        return None
    low, median, high = np.quantile(x, (0.05, 0.5, 0.95))
    return Quantity(name, unit, float(median), float(low), float(high))


def check_of(site: Site, live: LiveState, rows: Rows, bin_index: int = 0) -> Check:
    """The prediction of jobs completed by the end of a bin of the series."""
    done = rows.series("done")[:, bin_index].astype(int)
    values, counts = np.unique(done, return_counts=True)
    at_ns = live.at_ns + round(float(rows.bin_ends_s()[bin_index]) * 1e9)
    signals = tuple(f"{p.id}.completed" for p in site.products)
    return Check(live.at_ns, at_ns, signals, tuple(int(v) for v in values), tuple(int(c) for c in counts))


def lean_json(rows: Rows, values: np.ndarray, most: int = 5) -> list[dict[str, Any]]:
    """What a figure leans on, as pages show it: share of the spread, and the effect of a tenth more.

    Where nothing stands out from chance, the three that come nearest to it are named, with their share.
    """
    mean = float(np.nanmean(values)) if np.isfinite(values).any() else 0.0
    found = leans_on(values, rows, most) or leans_on(values, rows, 3, noticed=0.0)
    return [
        {
            "assumption": lean.assumption,
            "share": round(lean.share, 4),
            "effect_per_10pct": round(lean.elasticity * mean * float(np.log(1.1)), 4),
        }
        for lean in found
    ]


def completed(values: Mapping[str, Value], signals: tuple[str, ...]) -> int | None:
    """The sum of counters; None where one of them is not there."""
    total = 0
    for signal in signals:
        value = values.get(signal)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        total += int(value)
    return total


def compare(check: Check, before: Mapping[str, Value], after: Mapping[str, Value], u: float) -> dict[str, Any] | None:
    """Hold a forecast against what was observed: the measured part of a validation record.

    Args:
        check: the prediction.
        before: counters at `check.since_ns`.
        after: counters at `check.at_ns`.
        u: a number in (0, 1) for ties.

    Returns:
        observed, interval, inside_90, pit; None where a counter is missing or ran backwards (a restart).
    """
    first, last = completed(before, check.signals), completed(after, check.signals)
    if first is None or last is None or last < first:
        return None
    low, high = check.interval()
    observed = last - first
    return {
        "quantity": "jobs completed",
        "since_ns": str(check.since_ns),
        "at_ns": str(check.at_ns),
        "observed": observed,
        "low90": low,
        "high90": high,
        "inside_90": bool(low <= observed <= high),
        "pit": round(check.pit(observed, u), 6),
    }
