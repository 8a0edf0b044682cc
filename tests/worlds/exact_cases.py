"""Sites whose long-run figures are known exactly, drawn by a seed, and the verdict over all of them at once."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import chains
import numpy as np
from drawn_sites import change
from scipy import stats

from andon.adapters.pool import ThreadPool
from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.floor import Distribution, Outcome
from andon.site.model import Site

CONFIDENCE = 0.99
ROOM = 100_000
"""More than ever wait."""


@dataclass(frozen=True)
class Figure:
    """A figure of a site, and what it is."""

    name: str
    of: Callable[[Rows], np.ndarray]
    exact: float
    steer: tuple[tuple[Callable[[Rows], np.ndarray], float], ...] = ()
    """Other figures whose mean is known, which go up and down with this one: control variates."""


@dataclass(frozen=True)
class Case:
    """A site, how long it is looked at, and what must come out."""

    name: str
    site: Site
    horizon_s: float
    warmup_s: float
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Seen:
    """One figure after the replications."""

    name: str
    exact: float
    mean: float
    error: float
    """Standard error of `mean`."""
    freedom: int

    @property
    def half_width(self) -> float:
        """Of the 99 % interval, relative to the exact value."""
        return float(stats.t.ppf(0.5 + CONFIDENCE / 2, self.freedom)) * self.error / abs(self.exact)

    def inside(self, confidence: float = CONFIDENCE) -> bool:
        """Whether the exact value lies in the interval."""
        return abs(self.mean - self.exact) <= float(stats.t.ppf(0.5 + confidence / 2, self.freedom)) * self.error


def dice(seed: int) -> random.Random:
    """The chance that draws a grid of parameters."""
    return random.Random(seed)  # noqa: S311 - a simulation


def look(case: Case, replications: int, seed: int) -> list[Seen]:
    """Run a case."""
    image = compile_site(
        case.site, None, case.horizon_s, asked(case.site, {}), warmup_s=case.warmup_s, bins=1, steps=10**11
    )
    rows = replicate(image, replications, seed, pool=ThreadPool(2))
    return [_seen(f"{case.name}: {figure.name}", figure, rows) for figure in case.figures]


def look_until(case: Case, half_width: float, seed: int, *, most: int, pilot: int = 100) -> list[Seen]:
    """A pilot says how many replications are needed, at most `most`; the run has a seed of its own.

    Where the pilot was too hopeful, the run is made longer; its size then leans on its own variance, by far less than
    matters at thousands of replications.
    """
    wide = max(s.half_width for s in look(case, pilot, seed + 1000))
    count = pilot
    for _ in range(4):
        count = min(most, max(pilot, math.ceil(count * (1.06 * wide / half_width) ** 2)))
        seen = look(case, count, seed)
        wide = max(s.half_width for s in seen)
        if wide <= half_width or count == most:
            break
    return seen


def _seen(name: str, figure: Figure, rows: Rows) -> Seen:
    """Mean and standard error, by regression on the control variates (Law and Kelton, section 11.4)."""
    values = figure.of(rows)
    n, k = len(values), len(figure.steer)
    others = np.array([of(rows) - mean for of, mean in figure.steer]).reshape(k, n).T
    design = np.column_stack([np.ones(n), others])
    coefficients, *_ = np.linalg.lstsq(design, values, rcond=None)
    left = values - design @ coefficients
    variance = float((left**2).sum()) / (n - k - 1)
    inverse = np.linalg.inv(design.T @ design)
    return Seen(name, figure.exact, float(coefficients[0]), math.sqrt(variance * inverse[0, 0]), n - k - 1)


def together(count: int) -> float:
    """Confidence of each of `count` intervals such that all hold with 99 % (Sidak 1967, independent or not)."""
    return CONFIDENCE ** (1.0 / count)


def verdict(seen: Sequence[Seen], half_width: float) -> None:
    """Every interval is narrow enough, and all hold at once.

    Each exact value must lie in an interval of such a confidence that a right engine passes them all with 99 %; and no
    more figures than the binomial law allows may lie outside their own 99 % interval.
    """
    wide = [f"{s.name}: {s.half_width:.3%}" for s in seen if s.half_width > half_width]
    assert not wide, wide
    each = together(len(seen))
    missed = [f"{s.name}: {s.mean:.6g} +- {s.error:.2g}, exact {s.exact:.6g}" for s in seen if not s.inside(each)]
    assert not missed, missed
    outside = [s.name for s in seen if not s.inside()]
    assert len(outside) <= stats.binom.ppf(CONFIDENCE, len(seen), 1 - CONFIDENCE), outside


# --- queues


def _ordered(rows: Rows) -> np.ndarray:
    return np.sum([rows.product(i, at.ORDERED) for i in range(len(rows.image.products))], axis=0) / rows.seconds


def _queue(station: int, exact: float, rate: float, busy: float) -> Figure:
    """Mean number of waiting jobs, steered by the orders that came and by how busy the machines were."""
    steer = ((_ordered, rate), (lambda r: r.station_share(station, at.BUSY), busy))
    return Figure(f"queue of s{station}", lambda r: r.queue(station), exact, steer)


def queue_mmc(servers: int, rho: float, span_s: float) -> Case:
    """M/M/c."""
    rate = rho * servers
    site = line([Stage(exponential(1.0), machines=servers)], exponential(1.0 / rate))
    figure = _queue(0, chains.mmc_queue(servers, rate), rate, rho)
    return Case(f"M/M/{servers} at {rho:.2f}", site, span_s * 1.1, span_s * 0.1, (figure,))


SERVICES: dict[str, tuple[Distribution, float]] = {
    "constant": (constant(1.0), 1.0),
    "uniform": (Distribution(kind="uniform", low=0.2, high=1.8), 1.0 + 1.6**2 / 12),
    "triangular": (Distribution(kind="triangular", low=0.2, mode=0.4, high=2.4), 0.0),
    "lognormal": (Distribution(kind="lognormal", mean=1.0, sd=1.3), 1.0 + 1.3**2),
    "gamma": (Distribution(kind="gamma", mean=1.0, sd=0.4), 1.0 + 0.4**2),
    "weibull": (Distribution(kind="weibull", shape=1.6, scale=1.0 / math.gamma(1 + 1 / 1.6)), 0.0),
    "empirical": (Distribution(kind="empirical", values=(0.3, 0.5, 0.7, 2.5)), (0.09 + 0.25 + 0.49 + 6.25) / 4),
    "normal": (Distribution(kind="normal", mean=1.0, sd=0.3, low=0.1, high=1.9), 0.0),
}
"""Laws with mean 1 and their second moments; 0: worked out below."""


def second_moment(name: str) -> float:
    """Of a law of `SERVICES`."""
    law, second = SERVICES[name]
    if second:
        return second
    if name == "triangular":
        a, c, b = 0.2, 0.4, 2.4
        return 1.0 + (a * a + b * b + c * c - a * b - a * c - b * c) / 18
    if name == "weibull":
        assert law.scale is not None
        return law.scale**2 * math.gamma(1 + 2 / 1.6)
    return 1.0 + float(stats.truncnorm(-3.0, 3.0, 1.0, 0.3).var())


def queue_mg1(name: str, rho: float, span_s: float) -> Case:
    """M/G/1."""
    site = line([Stage(SERVICES[name][0])], exponential(1.0 / rho))
    figure = _queue(0, chains.mg1_queue(rho, 1.0, second_moment(name)), rho, rho)
    return Case(f"M/G/1 {name} at {rho:.2f}", site, span_s * 1.1, span_s * 0.1, (figure,))


def network(chance: random.Random, span_s: float, rho_max: float) -> Case:
    """An open network: products with Poisson orders and routes of their own, some of which come back.

    All jobs of a station have one exponential law and wait in one line, so that each station is an M/M/c queue in the
    long run (Jackson 1957, Kelly 1975).
    """
    stations = chance.randint(3, 5)
    routes = [tuple(chance.randrange(stations) for _ in range(chance.randint(2, 6))) for _ in range(3)]
    routes.append(tuple(range(stations)))
    visits = [[route.count(i) for i in range(stations)] for route in routes]
    every = chance.uniform(2.0, 4.0)
    flow = [sum(v[i] for v in visits) / every for i in range(stations)]
    servers = [chance.randint(1, 4) for _ in range(stations)]
    rho = [chance.uniform(0.3, rho_max) for _ in range(stations)]
    means = [r * c / f for r, c, f in zip(rho, servers, flow, strict=True)]
    site = line(
        [Stage(exponential(m), machines=c) for m, c in zip(means, servers, strict=True)],
        exponential(every),
        products=routes,
    )
    waiting = sum(chains.mmc_queue(c, r * c) for c, r in zip(servers, rho, strict=True))
    total = Figure(
        "jobs on the floor",
        lambda r: r.wip(),
        waiting + sum(r * c for c, r in zip(servers, rho, strict=True)),
        ((_ordered, len(routes) / every),),
    )
    return Case(f"network of {stations} with {servers} machines", site, span_s * 1.1, span_s * 0.1, (total,))


def jackson(chance: random.Random, span_s: float, rho_max: float) -> Case:
    """An open network whose jobs choose their way by chance at every station (Jackson 1957)."""
    n = chance.randint(3, 5)
    every = chance.uniform(2.0, 4.0)
    ways = np.zeros((n, n))
    outcomes: list[tuple[Outcome, ...]] = []
    for i in range(n):
        back, out = chance.uniform(0.05, 0.35), chance.uniform(0.05, 0.3)
        to = chance.randrange(n)
        outcomes.append((Outcome(share=back, to=f"s{to}"), Outcome(share=out, to="done")))
        ways[i, to] += back
        if i + 1 < n:
            ways[i, i + 1] += 1.0 - back - out
    enters = np.zeros(n)
    enters[0] = 1.0 / every
    flow = np.linalg.solve(np.eye(n) - ways.T, enters)
    servers = [chance.randint(1, 3) for _ in range(n)]
    rho = [chance.uniform(0.3, rho_max) for _ in range(n)]
    means = [r * c / f for r, c, f in zip(rho, servers, flow, strict=True)]
    site = line([Stage(exponential(m), machines=c) for m, c in zip(means, servers, strict=True)], exponential(every))
    product = site.products[0]
    route = tuple(change(step, outcomes=o) for step, o in zip(product.route, outcomes, strict=True))
    site = change(site, products=(change(product, route=route),))
    held = sum(chains.mmc_queue(c, r * c) + r * c for c, r in zip(servers, rho, strict=True))
    total = Figure("jobs on the floor", lambda r: r.wip(), held, ((_ordered, 1.0 / every),))
    return Case(f"random ways through {n} with {servers} machines", site, span_s * 1.1, span_s * 0.1, (total,))


# --- lines


def _saturated(stages: Sequence[Stage], rooms: Sequence[int], **more: object) -> Site:
    """A line whose first station always has work: up to nine jobs a second."""
    room = (ROOM, *rooms)
    made = [Stage(**{**s.__dict__, "capacity": c}) for s, c in zip(stages, room, strict=True)]
    return line(made, constant(1000.0), quantity=9_000, **more)  # type: ignore[arg-type]


def _throughput(exact: float) -> Figure:
    return Figure("throughput", lambda r: r.done() / r.seconds, exact)


def buffered_line(chance: random.Random, stations: int, span_s: float, *, fail: bool) -> Case:
    """A saturated line of exponential machines with finite buffers, which fail only while they process."""
    machines = _machines(chance, stations, fail=fail)
    rooms = [chance.randint(1, 6 if stations < 5 else 2) for _ in range(stations - 1)]
    return line_case(machines, rooms, span_s)


def unbuffered_line(chance: random.Random, stations: int, span_s: float, *, fail: bool) -> Case:
    """The same with no place before some of its machines, or before any."""
    machines = _machines(chance, stations, fail=fail)
    rooms = [chance.choice((0, 0, 1)) for _ in range(stations - 1)]
    rooms[chance.randrange(stations - 1)] = 0
    return line_case(machines, rooms, span_s)


def _machines(chance: random.Random, stations: int, *, fail: bool) -> list[chains.Machine]:
    return [
        chains.Machine(
            1.0 / chance.uniform(0.7, 1.3),
            1.0 / chance.uniform(15.0, 60.0) if fail else 0.0,
            1.0 / chance.uniform(2.0, 12.0) if fail else 1.0,
        )
        for _ in range(stations)
    ]


def line_case(machines: Sequence[chains.Machine], rooms: Sequence[int], span_s: float) -> Case:
    """A saturated line, by its Markov chain: throughput, and jobs in its buffers where it has any."""
    exact = chains.line(machines, rooms)
    stages = [
        Stage(
            exponential(1.0 / m.rate),
            fails=exponential(1.0 / m.fails) if m.fails else None,
            repair=exponential(1.0 / m.mends) if m.fails else None,
        )
        for m in machines
    ]
    n = len(machines)
    held = Figure(
        "jobs in the buffers",
        lambda r: np.sum([r.queue(i) for i in range(1, n)], axis=0),
        sum(exact.queues[1:]),
    )
    word = "unreliable" if machines[0].fails else "exponential"
    name = f"{word} line of {n} with room for {list(rooms)}"
    figures = (_throughput(exact.throughput), *((held,) if any(rooms) else ()))
    return Case(name, _saturated(stages, rooms), span_s + 500.0, 500.0, figures)


def repair_shop(chance: random.Random, span_s: float) -> Case:
    """Machines that fail while they run and are mended by a few people."""
    machines = chance.randint(3, 8)
    menders = chance.randint(1, min(3, machines - 1))
    fails, mends = chance.uniform(5.0, 30.0), chance.uniform(2.0, 8.0)
    stage = Stage(
        constant(1.0), machines=machines, fails=exponential(fails), repair=exponential(mends), menders=menders
    )
    exact = chains.repair_shop(machines, menders, 1.0 / fails, 1.0 / mends)
    figure = Figure("share up", lambda r: r.station_share(0, at.BUSY), exact)
    return Case(f"{machines} machines, {menders} menders", _saturated([stage], ()), span_s + 300, 300.0, (figure,))


def closed_loop(chance: random.Random, span_s: float) -> Case:
    """A release limit keeps the number of jobs in a tandem of exponential machines constant."""
    means = [chance.uniform(0.5, 1.5) for _ in range(chance.randint(2, 5))]
    jobs = chance.randint(2, 8)
    rate, held = chains.closed_tandem(means, jobs)
    stages = [Stage(exponential(m)) for m in means]
    queues = sum(held) - sum(rate * m for m in means)
    waiting = Figure("jobs in the buffers", lambda r: np.sum([r.queue(i) for i in range(len(means))], axis=0), queues)
    site = _saturated(stages, [ROOM] * (len(means) - 1), wip=jobs)
    return Case(f"{jobs} jobs in a loop of {len(means)}", site, span_s + 500, 500.0, (_throughput(rate), waiting))
