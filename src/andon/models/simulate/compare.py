"""Alternatives compared future by future on common random numbers: differences with intervals, and who is better."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from andon.models.simulate.asked import asked
from andon.models.simulate.figures import Figure, figures
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.limits import Mark
from andon.models.simulate.live import LiveState
from andon.models.simulate.policy import Policy
from andon.models.simulate.question import Question, figure_of, joined
from andon.models.simulate.result import Result, answer
from andon.models.simulate.run import Pool, compile_site
from andon.models.simulate.sequential import Stopped, lasting_interval
from andon.models.simulate.spread import Spread, spread
from andon.models.simulate.together import Chosen, Grown, Tell, Together, run_together
from andon.site.model import Site

GRADES = ("accurate", "fragile", "guessing")
Show = Callable[[Callable[[], "Comparison"]], None]
"""Called after each round with what makes the answer so far: made only when somebody wants to see it."""
AS_DECLARED = "as declared"
SAME = 1e-9
"""Relative difference below which two futures count as alike."""


@dataclass(frozen=True)
class Difference(Spread):
    """One figure: alternative minus base, future by future; the intervals are of what may happen, not of the mean."""

    better: int
    """1: more is better; -1: less is; 0: neither."""
    base: float
    """Mean of the base."""
    probability_better: float | None
    """Share of the futures in which the alternative is better; None where no side is better."""
    probability_worse: float | None
    crn: float | None
    """How many times as many independent futures would be needed for the same error: variance independent / paired."""


@dataclass(frozen=True)
class Alternative:
    """One alternative: what it is, its own answer, and how it differs from the base."""

    label: str
    result: Result
    differences: tuple[Difference, ...]
    lasting: tuple[float, float] | None
    """Interval of the mean difference that holds however often one looked; only where a decision was asked for."""

    def difference(self, name: str) -> Difference:
        """One figure's difference."""
        return next(d for d in self.differences if d.name == name)


@dataclass(frozen=True)
class Comparison:
    """The answer to a question with alternatives, or to one that goes on until something is known."""

    question: Question
    base: Result
    label: str
    alternatives: tuple[Alternative, ...]
    stopped: Stopped | None
    chosen: Chosen | None
    interrupted: bool
    mark: Mark

    @property
    def labels(self) -> tuple[str, ...]:
        """What each is called: the base first."""
        return (self.label, *(a.label for a in self.alternatives))

    def again(self, folder: str, start: str) -> str:
        """The command that gives the same bits; where it was interrupted, for as many futures as it had."""
        question = self.question
        if self.interrupted:
            question = replace(question, replications=self.base.rows.n, until=None, decided="", select="")
        return question.command(folder, start)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with one of them, each said once."""
        every = (self.base, *(a.result for a in self.alternatives))
        return tuple(dict.fromkeys(sentence for result in every for sentence in result.warnings))

    def as_json(self) -> dict[str, Any]:
        """The answer for scripts, apart from the command."""
        decided = self.question.decided
        return {
            **self.base.as_json(),
            "mark": self.mark.mark,
            "why": list(self.mark.why),
            "label": self.label,
            "interrupted": self.interrupted,
            "warnings": list(self.warnings),
            "alternatives": [
                {
                    "label": a.label,
                    "set": a.result.overrides,
                    "policy": a.result.policy,
                    "site": a.result.site,
                    "baseline": a.result.baseline,
                    "differences": [d.as_json() for d in a.differences],
                    "bottleneck": {"station": a.result.bottleneck.id, "probability": a.result.bottleneck.bottleneck},
                    "mark": a.result.mark.mark,
                    "replications": a.result.rows.n,
                    "figures": [f.as_json() for f in a.result.figures],
                    "stations": a.result.as_json()["stations"],
                    "series": a.result.series(),
                    **({"lasting_interval": [decided, *map(_finite, a.lasting)]} if a.lasting else {}),
                }
                for a in self.alternatives
            ],
            "stopped": None if self.stopped is None else asdict(self.stopped),
            "chosen": None
            if self.chosen is None
            else {
                "label": self.labels[self.chosen.index],
                "reached": self.chosen.reached,
                "text": self.chosen.text,
                "left_at": {self.labels[i]: n for i, n in self.chosen.left_at.items()},
            },
        }


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def difference(base: Figure, other: Figure) -> Difference:
    """Paired difference of one figure, `other` minus `base`; futures in which one of them has none are left out."""
    both = np.isfinite(base.values) & np.isfinite(other.values)
    a, b = base.values[both], other.values[both]
    n, x = len(a), b - a
    x = np.where(np.abs(x) <= SAME * np.maximum(np.abs(a), np.abs(b)), 0.0, x)
    paired = float(x.var(ddof=1)) if n > 1 else math.inf
    apart = float(a.var(ddof=1) + b.var(ddof=1)) if n > 1 else math.inf
    sided = base.better != 0 and n > 0
    return Difference(
        **vars(spread(base.name, base.unit, x)),
        better=base.better,
        base=float(a.mean()) if n else math.nan,
        probability_better=float(np.mean(x * base.better > 0)) if sided else None,
        probability_worse=float(np.mean(x * base.better < 0)) if sided else None,
        crn=apart / paired if n > 1 and paired > 0.0 and apart > 0.0 else None,
    )


def differences(base: Sequence[Figure], other: Sequence[Figure]) -> tuple[Difference, ...]:
    """Of every figure that both have."""
    theirs = {f.name: f for f in other}
    return tuple(difference(f, theirs[f.name]) for f in base if f.name in theirs)


def compare(
    site: Site,
    question: Question,
    live: LiveState | None = None,
    *,
    others: Mapping[str, Site] | None = None,
    pool: Pool | None = None,
    tell: Tell | None = None,
    stop: Callable[[], bool] | None = None,
    start_ns: int | None = None,
    validated: bool = False,
    show: Show | None = None,
) -> Comparison:
    """Answer a question with alternatives.

    Args:
        site: as loaded.
        question: what is changed, against what, until when.
        live: the state to begin from; None: an empty floor.
        others: the sites of `question.sites`, by the name that they stand there with.
        pool: threads.
        tell: called with running intervals.
        stop: asked between parts; when it says yes, what is done so far is the answer.
        start_ns: site time at which an empty floor begins.
        validated: whether current evidence covers this model on this floor.
        show: called with the answer so far.

    Raises:
        Unrunnable: one sentence that names what cannot be simulated or asked.
    """
    sites = others or {}
    question.refuse()
    named = [(_label(one), site, one) for one in (question.overrides, *question.against)]
    named += [(name, sites[name], {}) for name in question.sites]
    variants = [(_asked(name, question.policy_of(k)), this, change) for k, (name, this, change) in enumerate(named)]
    if question.schedule is not None:
        _refuse_two_minds(question, site)
        label = variants[0][0]
        planned = f"schedule {question.schedule.name}"
        variants[0] = (planned if label == AS_DECLARED else f"{label}, {planned}", *variants[0][1:])
    _refuse_twins([label for label, _, _ in variants])
    if (question.decided or question.select) and len(variants) < 2:
        raise Unrunnable("there is nothing to decide between; give an alternative with --against")
    images = [
        compile_site(
            this,
            live,
            question.horizon_s,
            asked(this, change, None if this is site else site),
            start_ns=start_ns,
            policy=_asks_somewhere(question.policy_of(number), this),
            schedule=question.schedule if number == 0 else None,
            orders_only=question.schedule is not None,
        )
        for number, (_, this, change) in enumerate(variants)
    ]

    def made(together: Together) -> Comparison:
        return _comparison(variants, together, live, question, validated=validated)

    each = None if show is None else lambda together: show(lambda: made(together))
    return made(run_together([Grown(image, question.seed, pool) for image in images], question, tell, stop, each))


def _comparison(
    variants: Sequence[tuple[str, Site, Mapping[str, float]]],
    together: Together,
    live: LiveState | None,
    question: Question,
    *,
    validated: bool,
) -> Comparison:
    """What replications of every variant, the base first, say of one another."""
    results = [
        answer(this, live, question, change, rows, validated=validated)
        for (_, this, change), rows in zip(variants, together.rows, strict=True)
    ]
    base = figures(together.rows[0], question.decided)
    alternatives = []
    for (label, _, _), result in zip(variants[1:], results[1:], strict=True):
        n = min(result.rows.n, results[0].rows.n)
        found = differences(
            figures(results[0].rows.part(0, n), *question.names), figures(result.rows.part(0, n), *question.names)
        )
        lasting = _lasting(base, figures(result.rows, question.decided), question, len(variants) - 1)
        alternatives.append(Alternative(label, result, found, lasting))
    worst = max(results, key=lambda r: GRADES.index(r.mark.mark)).mark.mark
    why = dict.fromkeys(w for r in results if r.mark.mark == worst or len(results) == 1 for w in r.mark.why)
    return Comparison(
        question, results[0], variants[0][0], tuple(alternatives), together.stopped, together.chosen,
        together.interrupted, Mark(worst, tuple(why)),
    )  # fmt: skip


def _lasting(base: Sequence[Figure], other: Sequence[Figure], question: Question, k: int) -> tuple[float, float] | None:
    if not question.decided:
        return None
    x = figure_of(other, question.decided).values - figure_of(base, question.decided).values
    return lasting_interval(x[np.isfinite(x)], 1.0 - (1.0 - question.confidence) / k)


def _refuse_twins(labels: Sequence[str]) -> None:
    """Everything that is compared has a name of its own.

    Raises:
        Unrunnable: two are the same.
    """
    twice = [label for label in dict.fromkeys(labels) if labels.count(label) > 1]
    if twice:
        raise Unrunnable(f"`{twice[0]}` would be compared with itself; leave one of the two out")


def _asked(label: str, policy: Policy | None) -> str:
    """What a variant is called in which a policy is asked."""
    if policy is None:
        return label
    return f"policy {policy.name}" if label == AS_DECLARED else f"{label}, policy {policy.name}"


def _refuse_two_minds(question: Question, site: Site) -> None:
    """A schedule says which job comes next; a policy may then say which vehicle comes, and no more.

    Raises:
        Unrunnable: a policy is to say it, too.
    """
    if question.policy is not None and any(question.policy.asked_at(s.id) for s in site.stations):
        what = "a schedule says which job comes next at every station, and so would the policy"
        raise Unrunnable(f"{what}; leave one of them out, or ask the policy about a fleet alone with --policy-at")


def _asks_somewhere(policy: Policy | None, site: Site) -> Policy | None:
    """The policy, which is asked at stations that the site has.

    Raises:
        Unrunnable: there is no such station.
    """
    known = {*(s.id for s in site.stations), *(f.id for f in site.fleets)}
    lost = [name for name in (policy.stations if policy is not None else ()) if name not in known]
    if lost and policy is not None:
        what = f"policy `{policy.name}` is to be asked at `{lost[0]}`, which `{site.name}` has not"
        raise Unrunnable(f"{what}; name a station or a fleet of both, or leave --policy-at out")
    return policy


def _label(overrides: Mapping[str, float]) -> str:
    return joined(overrides) if overrides else AS_DECLARED
