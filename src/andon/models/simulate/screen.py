"""What an answer leans on: every assumption moved over what is believed of it, one at a time or by Morris's screening.

One-way: the mean of one assumption at its 5 % and 95 % quantile, everything else as declared, on the same futures.

Morris: trajectories through a grid of four levels, in which one assumption moves at a time; the effect of each move is
an elementary effect. M. D. Morris, Technometrics 33 (1991): their mean and standard deviation. F. Campolongo, J.
Cariboni and A. Saltelli, Environmental Modelling and Software 22 (2007): the mean of their sizes, mu*, which cannot
cancel. An effect is in the figure's unit, for the whole way from the low to the high end of the assumption.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.figures import figures
from andon.models.simulate.kernel.chance import key_of, unit
from andon.models.simulate.laws import Interrupted, Unrunnable, mean_of
from andon.models.simulate.limits import Mark, mark, not_represented
from andon.models.simulate.live import LiveState
from andon.models.simulate.question import Question, figure_of, plain
from andon.models.simulate.result import baseline_digest
from andon.models.simulate.run import Pool, Serial, compile_site, replicate
from andon.models.simulate.sequential import half_width
from andon.models.simulate.tables import used_assumptions
from andon.models.simulate.together import Tell
from andon.site.model import Site

Method = Literal["one-way", "morris"]
METHODS = ("one-way", "morris")
Show = Callable[[Callable[[], "Screen"]], None]
"""Called after each point with what makes the answer so far: made only when somebody wants to see it."""
Z_95 = 1.6448536269514722
"""The normal law's 95 % quantile."""
UNSTATED = 0.1
"""Share by which a mean is moved for which nobody has stated an uncertainty."""
LEVELS = 4
STEP = LEVELS / (2.0 * (LEVELS - 1))
"""Morris's step: two thirds of the way, so that each level is visited equally often."""
TRAJECTORIES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Span:
    """The range that an assumption's mean is moved over."""

    name: str
    unit: str
    low: float
    mean: float
    high: float
    stated: bool
    """Whether its uncertainty is declared (5 % to 95 % quantile); else it is 10 % either way."""

    def at(self, x: float) -> float:
        """The mean at a share of the way from low to high."""
        return self.low + x * (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one assumption does to the figure."""

    span: Span
    low: float
    """One-way: change of the figure's mean when the assumption is at its low end; Morris: mu."""
    high: float
    """One-way: the same at its high end; Morris: sigma."""
    error: float
    """One-way: the larger 95 % half-width of the two; Morris: standard error of mu*."""
    size: float
    """By which they are ordered: the larger change, or mu*."""


@dataclass(frozen=True)
class Screen:
    """The answer: every assumption's effect, the largest first, and what it is worth."""

    method: Method
    figure: str
    unit: str
    base: float
    effects: tuple[Effect, ...]
    replications: int
    trajectories: int
    runs: int
    interrupted: bool
    mark: Mark
    not_represented: tuple[str, ...]
    baseline: str
    kernel: str
    seed: int

    @property
    def unstated(self) -> tuple[str, ...]:
        """Assumptions without a stated uncertainty."""
        return tuple(e.span.name for e in self.effects if not e.span.stated)

    def as_json(self) -> dict[str, Any]:
        """The answer for scripts, apart from the command."""
        names = ("low", "high", "half_width") if self.method == "one-way" else ("mu", "sigma", "error")
        rows = [
            {
                **asdict(e.span), names[0]: e.low, names[1]: e.high, names[2]: e.error,
                ("size" if self.method == "one-way" else "mu_star"): e.size,
            }
            for e in self.effects
        ]  # fmt: skip
        for row, e in zip(rows, self.effects, strict=True):
            row["from"], row["to"] = e.span.low, e.span.high
        return {
            "method": self.method,
            "figure": self.figure,
            "unit": self.unit,
            "base": self.base,
            "assumptions": rows,
            "replications": self.replications,
            "trajectories": self.trajectories,
            "runs": self.runs,
            "interrupted": self.interrupted,
            "mark": self.mark.mark,
            "why": list(self.mark.why),
            "not_represented": list(self.not_represented),
            "baseline": self.baseline,
            "kernel": self.kernel,
            "seed": self.seed,
        }


def again(found: Screen, question: Question, folder: str, start: str) -> str:
    """The command that gives the same bits; `start` is `empty`, or the file of the state that it began from."""
    parts = ["andon", "sensitivity", folder, "--of", found.figure, "--method", found.method]
    if found.method == "morris":
        parts += ["--trajectories", str(found.trajectories)]
    parts += ["--replications", str(question.replications), "--horizon", f"{plain(question.horizon_s)}s"]
    parts += ["--seed", str(question.seed), "--from", start]
    for name, value in question.overrides.items():
        parts += ["--set", f"{name}={plain(value)}"]
    return " ".join(shlex.quote(p) for p in parts)


def spans(site: Site, overrides: Mapping[str, float]) -> tuple[Span, ...]:
    """The range of every assumption that the simulation reads.

    The mean is what `uncertainty` says it may be: log-normal with mean 1 times the declared one.
    """
    declared = {a.name: a for a in site.assumptions}
    found = []
    for name in used_assumptions(site):
        a = declared[name]
        mean = overrides.get(name, mean_of(a.distribution))
        if mean <= 0:
            continue
        sd = math.sqrt(math.log1p(a.uncertainty**2))
        low, high = (math.exp(-sd * sd / 2 + z * sd) for z in (-Z_95, Z_95)) if sd else (1 - UNSTATED, 1 + UNSTATED)
        found.append(Span(name, a.unit, mean * low, mean, mean * high, a.uncertainty > 0))
    return tuple(found)


@dataclass(frozen=True)
class _Floor:
    """The site as a function from means to one figure, future by future."""

    site: Site
    live: LiveState | None
    question: Question
    figure: str
    start_ns: int | None

    def values(self, change: Mapping[str, float], stop: Callable[[], bool] | None = None) -> np.ndarray | None:
        """float64[n], with every other assumption at its mean; None when it was stopped before that."""
        overrides = {**self.question.overrides, **change}
        image = compile_site(
            self.site, self.live, self.question.horizon_s, asked(self.site, overrides), start_ns=self.start_ns,
            uncertain=False, bins=1,
        )  # fmt: skip
        rows = replicate(image, self.question.replications, self.question.seed, stop=stop)
        if rows.n < self.question.replications:
            return None
        return np.asarray(figure_of(figures(rows, self.figure), self.figure).values, float)

    def all(
        self,
        points: Sequence[Mapping[str, float]],
        pool: Pool | None,
        tell: Tell | None,
        stop: Callable[[], bool] | None,
        each: Callable[[list[np.ndarray | None]], None] | None = None,
    ) -> list[np.ndarray | None]:
        """Every point, some of them at a time; None for those that were not reached."""
        found: list[np.ndarray | None] = [None] * len(points)
        work = (pool or Serial()).map(lambda i: (i, self.values(points[i], stop)), range(len(points)))
        for done, (number, values) in enumerate(work, 1):
            if values is None:
                break
            found[number] = values
            if tell is not None:
                tell(done, len(points), f"{self.figure} {_mean(values):.4g}")
            if each is not None and done < len(points):
                each(list(found))
            if stop is not None and stop():
                break
        return found


def _mean(values: np.ndarray) -> float:
    kept = values[np.isfinite(values)]
    return float(kept.mean()) if len(kept) else math.nan


def screen(
    site: Site,
    question: Question,
    figure: str,
    method: Method = "one-way",
    live: LiveState | None = None,
    *,
    trajectories: int = 10,
    pool: Pool | None = None,
    tell: Tell | None = None,
    stop: Callable[[], bool] | None = None,
    start_ns: int | None = None,
    validated: bool = False,
    show: Show | None = None,
) -> Screen:
    """Say what a figure leans on.

    Args:
        site: as loaded.
        question: horizon, replications of each point, seed, overrides.
        figure: its name.
        method: `one-way`, or `morris`.
        live: the state to begin from.
        trajectories: of Morris.
        pool: threads.
        tell: called after each point.
        stop: asked after each point; when it says yes, what is complete so far is the answer.
        start_ns: site time at which an empty floor begins.
        validated: whether current evidence covers this model on this floor.
        show: called with the answer so far.

    Raises:
        Unrunnable: one sentence that names what cannot be simulated or asked.
    """
    question.refuse()
    if not 1 <= trajectories <= TRAJECTORIES_MAX:
        raise Unrunnable(f"{trajectories} trajectories cannot be run; ask for 1 to {TRAJECTORIES_MAX}")
    known = spans(site, question.overrides)
    if not known:
        raise Unrunnable("the site uses no assumption whose mean could be moved; declare some in assumptions.yaml")
    floor = _Floor(site, live, question, figure, start_ns)
    points = _sides(known) if method == "one-way" else _walks(known, trajectories, question.seed)
    named = figure_of(figures(replicate(_one(floor), 1, question.seed), figure), figure)
    worth = mark(site, live, question.overrides, validated=validated)
    absent, rests_on = not_represented(site), baseline_digest(site)

    def made(values: Sequence[np.ndarray | None]) -> Screen:
        if values[0] is None:
            raise Interrupted("interrupted before anything was known")
        effects = one_way(known, values) if method == "one-way" else morris(known, values, question.seed)
        return Screen(
            method, named.name, named.unit, _mean(values[0]), tuple(sorted(effects, key=lambda e: -e.size)),
            question.replications, trajectories if method == "morris" else 0, sum(v is not None for v in values),
            any(v is None for v in values), worth, absent, rests_on, jit.source_hash(), question.seed,
        )  # fmt: skip

    def each(values: list[np.ndarray | None]) -> None:
        if show is not None and values[0] is not None:
            show(lambda: made(values))

    return made(floor.all([{}, *points], pool, tell, stop, each if show is not None else None))


def _one(floor: _Floor) -> Any:
    return compile_site(
        floor.site, floor.live, floor.question.horizon_s, asked(floor.site, floor.question.overrides),
        start_ns=floor.start_ns, bins=1,
    )  # fmt: skip


def _sides(known: Sequence[Span]) -> list[dict[str, float]]:
    return [{s.name: x} for s in known for x in (s.low, s.high)]


def one_way(known: Sequence[Span], values: Sequence[np.ndarray | None]) -> list[Effect]:
    """Effects from the base's values and two points an assumption; those that are not complete are left out."""
    base = values[0]
    found = []
    for i, span in enumerate(known):
        pair = values[1 + 2 * i], values[2 + 2 * i]
        if base is None or pair[0] is None or pair[1] is None:
            continue
        low, high = (x - base for x in pair if x is not None)
        means = _mean(low), _mean(high)
        errors = [half_width(x[np.isfinite(x)]) for x in (low, high)]
        sizes = [abs(m) for m in means if math.isfinite(m)]
        found.append(Effect(span, *means, max(errors), max(sizes, default=0.0)))
    return found


def walk(k: int, number: int, seed: int) -> list[tuple[int, list[float]]]:
    """One trajectory: which assumption moved to each point (-1: the first), and the point, in shares of ranges."""
    with np.errstate(over="ignore"):
        key = key_of(seed, number)
        draws = [[unit(key, (201 << 32) + i, what) for what in range(3)] for i in range(k)]
    up = [d[0] < 0.5 for d in draws]
    x = [(0 if d[1] < 0.5 else 1) / (LEVELS - 1) + (0.0 if up[i] else STEP) for i, d in enumerate(draws)]
    points = [(-1, list(x))]
    for i in sorted(range(k), key=lambda j: draws[j][2]):
        x[i] += STEP if up[i] else -STEP
        points.append((i, list(x)))
    return points


def _walks(known: Sequence[Span], trajectories: int, seed: int) -> list[dict[str, float]]:
    return [
        {s.name: s.at(share) for s, share in zip(known, x, strict=True)}
        for number in range(trajectories)
        for _, x in walk(len(known), number, seed)
    ]


def morris(known: Sequence[Span], values: Sequence[np.ndarray | None], seed: int) -> list[Effect]:
    """mu, sigma and mu* of every assumption, from the trajectories that are complete."""
    k = len(known)
    found: list[list[float]] = [[] for _ in known]
    for number in range((len(values) - 1) // (k + 1)):
        part = values[1 + number * (k + 1) : 1 + (number + 1) * (k + 1)]
        if any(v is None for v in part):
            continue
        means = [_mean(v) for v in part if v is not None]
        steps = walk(k, number, seed)
        for at, (i, x) in enumerate(steps):
            if i >= 0:
                effect = (means[at] - means[at - 1]) / (x[i] - steps[at - 1][1][i])
                if math.isfinite(effect):
                    found[i].append(effect)
    effects = []
    for span, each in zip(known, found, strict=True):
        if each:
            e, n = np.array(each), len(each)
            sigma = float(e.std(ddof=1)) if n > 1 else math.nan
            error = float(np.abs(e).std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
            effects.append(Effect(span, float(e.mean()), sigma, error, float(np.abs(e).mean())))
    return effects
