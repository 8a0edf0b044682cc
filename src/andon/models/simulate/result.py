"""The answer to `simulate`: figures with intervals, bottleneck, due dates, limits, and how to get the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from andon.core.canonical import digest
from andon.core.time import iso
from andon.models.ergonomics import indices
from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.energy import Energy, energy
from andon.models.simulate.figures import figures
from andon.models.simulate.hidden import Hidden, measured
from andon.models.simulate.limits import Mark, mark, not_represented
from andon.models.simulate.live import LiveState
from andon.models.simulate.orders import OrderDue, orders_due, unreleased
from andon.models.simulate.planned import Schedule
from andon.models.simulate.policy import Policy
from andon.models.simulate.question import Question
from andon.models.simulate.rows import STATES, STATES_USUAL, Rows
from andon.models.simulate.run import Pool, Progress, compile_site, replicate
from andon.models.simulate.scenario import too_late
from andon.models.simulate.schedule import executed, unplanned
from andon.models.simulate.spread import Lean, Spread, leans_on, spread, spreads
from andon.models.simulate.stable import stuck, warnings
from andon.models.simulate.staff import Staff, staff
from andon.models.simulate.structure import adapted
from andon.models.simulate.traffic import Traffic, traffic
from andon.site.model import Site


@dataclass(frozen=True)
class Station:
    """One station over the horizon."""

    id: str
    shares: dict[str, float]
    """Mean share of time by state, the unusual ones where they occur; they add up to 1."""
    spreads: dict[str, Spread]
    """The same shares over the replications: mean, median, intervals."""
    queue: Spread
    bottleneck: float
    """Probability that it is the bottleneck (average active period method)."""


@dataclass(frozen=True)
class Result:
    """Everything that an answer says."""

    site: str
    begins: str
    start: str
    """Where it began from: `empty`, or `now`."""
    horizon_s: float
    replications: int
    seed: int
    overrides: dict[str, float]
    figures: tuple[Spread, ...]
    stations: tuple[Station, ...]
    orders: tuple[OrderDue, ...]
    crews: dict[str, float]
    """Mean share of present time at work, by crew. A crew, never a person."""
    staff: tuple[Staff, ...]
    """What each crew does with its time, its rest and what it lifts."""
    lifting: dict[str, float]
    """Lifting index by station, where something is lifted by hand."""
    vehicles: float
    energy: Energy | None
    disturbances: tuple[Hidden, ...]
    """The six assumptions that twins usually hide, and what each is worth here."""
    traffic: Traffic | None
    leans_on: tuple[Lean, ...]
    sampled: tuple[str, ...]
    not_represented: tuple[str, ...]
    warnings: tuple[str, ...]
    """Stations and crews that cannot keep up in the long run, and what no job ever reaches."""
    mark: Mark
    baseline: str
    kernel: str
    live_digest: str | None
    rows: Rows

    @property
    def policy(self) -> dict[str, str] | None:
        """Name and digest of the policy that was asked, where one was."""
        policy = self.rows.image.policy
        return None if policy is None else {"name": policy.name, "digest": policy.digest}

    def figure(self, name: str) -> Spread:
        """A figure by name."""
        return next(f for f in self.figures if f.name == name)

    @property
    def bottleneck(self) -> Station:
        """The likeliest bottleneck."""
        return max(self.stations, key=lambda s: s.bottleneck)

    def series(self) -> dict[str, Any]:
        """Jobs completed over time: hours from the start, and at each the quantiles of the futures."""
        done = self.rows.series("done")
        names = ("low_90", "low_50", "median", "high_50", "high_90")
        lines = np.quantile(done, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0)
        hours = (self.rows.bin_ends_s() / 3600.0).tolist()
        return {"hours": hours, **{name: line.tolist() for name, line in zip(names, lines, strict=True)}}

    def as_json(self) -> dict[str, Any]:
        """The answer for scripts."""
        return {
            "site": self.site,
            "begins": self.begins,
            "from": self.start,
            "horizon_s": self.horizon_s,
            "replications": self.replications,
            "seed": self.seed,
            "set": self.overrides,
            "policy": self.policy,
            "schedule": [e.as_json() for e in executed(self.rows)] or None,
            "mark": self.mark.mark,
            "why": list(self.mark.why),
            "figures": [f.as_json() for f in self.figures],
            "bottleneck": {"station": self.bottleneck.id, "probability": self.bottleneck.bottleneck},
            "stations": [
                {
                    "id": s.id,
                    "shares": s.shares,
                    "spreads": {state: x.as_json() for state, x in s.spreads.items()},
                    "queue": s.queue.as_json(),
                    "bottleneck": s.bottleneck,
                }
                for s in self.stations
            ],
            "series": self.series(),
            "orders": [o.as_json() for o in self.orders],
            "crews": self.crews,
            "staff": [s.as_json() for s in self.staff],
            "lifting_index": self.lifting,
            "vehicles": self.vehicles,
            "traffic": self.traffic.as_json() if self.traffic is not None else None,
            "energy": self.energy.as_json() if self.energy is not None else None,
            "disturbances": [h.as_json() for h in self.disturbances],
            "leans_on": [
                {"assumption": x.assumption, "elasticity": x.elasticity, "share": x.share} for x in self.leans_on
            ],
            "sampled": list(self.sampled),
            "not_represented": list(self.not_represented),
            "warnings": list(self.warnings),
            "baseline": self.baseline,
            "kernel": self.kernel,
            "live_state": self.live_digest,
        }


def baseline_digest(site: Site) -> str:
    """What an answer rests on: every governed part of the site, and the kernel's source."""
    return digest({"site": dict(sorted(site.digests.items())), "kernel": jit.source_hash()})


def simulate(
    site: Site,
    live: LiveState | None = None,
    horizon_s: float = 8 * 3600.0,
    replications: int = 200,
    seed: int = 1,
    overrides: Mapping[str, float] | None = None,
    *,
    pool: Pool | None = None,
    progress: Progress | None = None,
    start_ns: int | None = None,
    validated: bool = False,
    policy: Policy | None = None,
    schedule: Schedule | None = None,
) -> Result:
    """Simulate a site and say what may happen.

    Args:
        site: as loaded.
        live: the state to begin from; None: an empty floor with one order of each product.
        horizon_s: seconds to look ahead.
        replications: futures to run.
        seed: same seed, same bits, whatever the pool.
        overrides: assumption means (in the assumption's unit), set-points by signal, the release sequence.
        pool: threads (`andon.adapters.pool.ThreadPool`).
        progress: called after every chunk of replications.
        start_ns: site time at which an empty floor begins; None: the first shift of a Monday.
        validated: whether current evidence covers this model on this floor.
        policy: who says which of the waiting jobs a machine takes (`andon.models.simulate.policy`).
        schedule: what the machines execute as given (`andon.models.simulate.schedule.read_schedule`).

    Raises:
        Unrunnable: one sentence that names what cannot be simulated.
    """
    question = Question(horizon_s, replications, seed, dict(overrides or {}), policy=policy, schedule=schedule)
    change = asked(site, question.overrides)
    image = compile_site(site, live, horizon_s, change, start_ns=start_ns, policy=policy, schedule=schedule)
    rows = replicate(image, replications, seed, pool=pool, progress=progress)
    return answer(site, live, question, question.overrides, rows, validated=validated)


def answer(
    site: Site,
    live: LiveState | None,
    question: Question,
    overrides: Mapping[str, float],
    rows: Rows,
    *,
    validated: bool = False,
) -> Result:
    """What replications say about a site with overrides.

    Args:
        site: as declared.
        live: the state that they began from; None: an empty floor.
        question: horizon and seed.
        overrides: what was changed.
        rows: the replications.
        validated: whether current evidence covers this model on this floor.
    """
    changed = dict(overrides)
    change = asked(site, changed)
    built = rows.image.site
    seen = live if live is None or built is site else adapted(live, site, built)
    spreads = tuple(spread(f.name, f.unit, f.values, rows) for f in figures(rows, *question.names))
    return Result(
        site=site.name,
        begins=iso(rows.image.options.start_ns),
        start="empty" if live is None else "now",
        horizon_s=question.horizon_s,
        replications=rows.n,
        seed=question.seed,
        overrides=changed,
        figures=spreads,
        stations=_stations(rows),
        orders=orders_due(rows),
        crews={crew.id: float(rows.crew_load(i).mean()) for i, crew in enumerate(built.crews)},
        staff=staff(rows),
        lifting=indices(built.stations),
        vehicles=float(rows.vehicle_use().mean()),
        energy=energy(rows),
        disturbances=measured(rows),
        traffic=traffic(rows),
        leans_on=leans_on(rows.done(), rows),
        sampled=(*seen.sampled, *rows.image.notes) if seen is not None else (),
        not_represented=(*not_represented(site), *unplanned(rows)),
        warnings=(
            *unreleased(rows),
            *stuck(rows, change),
            *warnings(site, change),
            *too_late(changed, question.horizon_s),
        ),
        mark=mark(site, live, changed, validated=validated, unknown=spreads[0].unknown_share),
        baseline=baseline_digest(site),
        kernel=jit.source_hash(),
        live_digest=live.digest() if live is not None else None,
        rows=rows,
    )


def _shares(rows: Rows, i: int) -> dict[str, Spread]:
    """Shares of a station's time by state: the usual ones, and others that occur."""
    station = rows.image.site.stations[i].id
    values = {state: rows.station_share(i, k) for k, state in enumerate(STATES)}
    shown = {state: x for k, (state, x) in enumerate(values.items()) if k < STATES_USUAL or x.any()}
    names = [f"{station} {state.replace('_', ' ')}" for state in shown]
    return dict(zip(shown, spreads(names, "share", np.array(list(shown.values()))), strict=True))


def _stations(rows: Rows) -> tuple[Station, ...]:
    first = rows.bottleneck()
    found = []
    for i, station in enumerate(rows.image.site.stations):
        shares = _shares(rows, i)
        queue = spread(f"{station.id} queue", "jobs", rows.queue(i), rows)
        means = {state: x.mean for state, x in shares.items()}
        found.append(Station(station.id, means, shares, queue, float(first[i])))
    return tuple(found)
