"""Searches for a change that pays: oven set-points and the release sequence, compared in the same futures.

Two stages. All candidates are screened against the baseline on the same random numbers; the best one is then measured
again on fresh futures, so that it is not credited with the luck that made it look best. Objectives are jobs finished
and orders on time; people, their pace and their rest are never among them, and no future changes a crew or a break.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from andon.advise.forecast import CHECK_S, check_of, horizon_of, late, lean_json
from andon.advise.proposal import Advice, Effect, Nothing, Proposal, effect_of
from andon.models.simulate.asked import asked, sequence_signal, setpoint_signals
from andon.models.simulate.limits import mark, not_represented
from andon.models.simulate.live import LiveState
from andon.models.simulate.result import baseline_digest
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import Pool, compile_site, replicate
from andon.models.simulate.spread import unknown_share
from andon.site.model import ContextOfUse, Signal, Site

SCREEN = 60
"""Replications of the first stage, for each candidate."""
CONFIRM = 200
"""Replications of the second stage."""
GAIN_MIN = 0.5
"""Smallest mean gain worth a person's decision: jobs, or late orders avoided."""
WORSE_MAX = 0.3
"""A change that makes things worse in more futures than this is not proposed."""
ERRORS_MIN = 3.0
"""The mean gain must exceed its Monte Carlo error so many times."""
LATE_WORTH_SAYING = 0.05
"""Fewer late orders than this, on average, would be printed as none."""
LATE_MATTERS = 0.5
"""From this many late orders expected on, avoiding them is what a sequence is judged by."""
LATE_MORE_MAX = 0.1
"""More late orders on average than this are not accepted for more jobs."""
STEP = 5.0
"""Grid of set-points, in the signal's unit."""
PERMUTED_MAX = 4
"""Up to so many products every order is tried; beyond, each product brought to the front."""


@dataclass(frozen=True)
class Candidate:
    """One change that is tried."""

    signal: str
    now: float
    value: float

    def overrides(self) -> dict[str, float]:
        """As a question to the simulator."""
        return {self.signal: self.value}


@dataclass(frozen=True)
class Study:
    """What all comparisons of one moment share."""

    site: Site
    live: LiveState
    seed: int
    pool: Pool | None
    validated: bool
    horizon_s: float
    known: dict[str, float]
    """Set-points and sequence in force."""

    def futures(self, change: dict[str, float], replications: int, seed: int) -> Rows:
        """Futures with a change; the same seed gives the same random numbers."""
        bins = max(1, round(self.horizon_s / CHECK_S))
        image = compile_site(self.site, self.live, self.horizon_s, asked(self.site, change), bins=bins)
        return replicate(image, replications, seed, pool=self.pool)


def propose(
    site: Site,
    live: LiveState,
    *,
    seed: int = 1,
    pool: Pool | None = None,
    validated: bool = False,
) -> Advice:
    """What would be worth doing now, and why not more.

    Args:
        site: as loaded.
        live: what is seen now; a set-point or sequence that is not seen is not proposed to be changed.
        seed: of the futures.
        pool: threads.
        validated: whether current evidence covers this model on this floor.

    Raises:
        Unrunnable: the site cannot be simulated; one sentence.
    """
    known = {f"{m}.{s.setpoint}": v for s in site.stations for m in s.machines if (v := live.setpoints.get(m))}
    sequence = sequence_signal(site)
    if sequence is not None and live.sequence is not None:
        known[sequence] = live.sequence
    study = Study(site, live, seed, pool, validated, horizon_of(site, live.at_ns), known)
    baseline = study.futures({}, SCREEN, seed)
    proposals: list[Proposal] = []
    nothing: list[Nothing] = []
    for kind, use, candidates, limits in searches(study):
        found = best(study, kind, use, candidates, limits, baseline)
        if isinstance(found, Proposal):
            proposals.append(found)
        else:
            nothing.append(found)
    return Advice(tuple(proposals), tuple(nothing))


def searches(study: Study) -> Iterable[tuple[str, ContextOfUse, list[Candidate], list[str]]]:
    """Each use that may write something the simulator knows, with its candidates and what bounds them."""
    setpoints, sequence = setpoint_signals(study.site), sequence_signal(study.site)
    for use in study.site.uses:
        if "simulate" not in use.models:
            continue
        ovens: list[Candidate] = []
        limits: list[str] = []
        for name in use.writes:
            signal = study.site.signal(name)
            if name in setpoints and signal is not None and name in study.known:
                low, high, why = reach(use, signal, study.known[name])
                limits.append(why)
                ovens += [Candidate(name, study.known[name], x) for x in grid(low, high, study.known[name])]
        if any(name in setpoints for name in use.writes):
            yield "set-point", use, ovens, limits
        if sequence is not None and sequence in use.writes:
            yield "sequence", use, orders(study, sequence), ["every product once"]


def reach(use: ContextOfUse, signal: Signal, now: float) -> tuple[float, float, str]:
    """How far a set-point may go: the signal's bounds, one minute of its rate, and what was validated."""
    low = signal.min if signal.min is not None else now
    high = signal.max if signal.max is not None else now
    parts = [f"bounds {low:g} to {high:g}"]
    valid = use.validity.get(signal.confirm_signal or "") or use.validity.get(signal.id)
    if valid is not None:
        low, high = max(low, valid[0]), min(high, valid[1])
        parts.append(f"validated {valid[0]:g} to {valid[1]:g}")
    if signal.max_rate is not None:
        low, high = max(low, now - signal.max_rate), min(high, now + signal.max_rate)
        parts.append(f"at most {signal.max_rate:g} in one step")
    return low, high, f"`{signal.id}`: {', '.join(parts)}"


def grid(low: float, high: float, now: float) -> list[float]:
    """Round values between the limits, and not the present one."""
    first = int(np.ceil(low / STEP))
    return [k * STEP for k in range(first, int(np.floor(high / STEP)) + 1) if abs(k * STEP - now) > STEP / 4]


def orders(study: Study, signal: str) -> list[Candidate]:
    """Release sequences to try, as codes."""
    if signal not in study.known:
        return []
    now = study.known[signal]
    present = [c for c in str(int(now)) if c.isdigit()]
    if len(present) <= PERMUTED_MAX:
        codes = {int("".join(p)) for p in itertools.permutations(sorted(present))}
    else:
        codes = {int("".join([c, *(x for x in present if x != c)])) for c in present}
    declared = study.site.signal(signal)
    low = declared.min if declared is not None and declared.min is not None else -np.inf
    high = declared.max if declared is not None and declared.max is not None else np.inf
    return [Candidate(signal, now, code) for code in sorted(codes) if code != int(now) and low <= code <= high]


@dataclass(frozen=True)
class Aim:
    """What a comparison is about: larger differences are better."""

    quantity: str
    unit: str
    late: bool

    def gain(self, changed: Rows, baseline: Rows) -> Any:
        """Paired differences."""
        return late(baseline) - late(changed) if self.late else changed.done() - baseline.done()

    def side(self, changed: Rows, baseline: Rows) -> Effect:
        """The other figure, which the rule watches: more is better here, too."""
        if self.late:
            return effect_of("jobs finished", "{jobs}", changed.done() - baseline.done())
        return effect_of("late orders avoided", "1", late(baseline) - late(changed))


def best(
    study: Study, kind: str, use: ContextOfUse, candidates: list[Candidate], limits: list[str], baseline: Rows
) -> Proposal | Nothing:
    """The best candidate if it pays on fresh futures, else why nothing is proposed."""
    if not candidates:
        return Nothing(kind, use.id, "the value in force is not seen, or its bounds leave no other value")
    matters = kind == "sequence" and float(late(baseline).mean()) >= LATE_MATTERS
    aim = Aim("late orders avoided", "1", True) if matters else Aim("jobs finished", "{jobs}", False)
    tried: list[tuple[float, Candidate, Effect]] = []
    for candidate in candidates:
        futures = study.futures(candidate.overrides(), SCREEN, study.seed)
        effect = effect_of(aim.quantity, aim.unit, aim.gain(futures, baseline))
        more_late = float((late(futures) - late(baseline)).mean())
        penalty = 0.0 if aim.late or more_late <= LATE_MORE_MAX else 1e6
        tried.append((effect.mean - penalty, candidate, effect))
    tried.sort(key=lambda t: -t[0])
    score, candidate, screened = tried[0]
    if score < GAIN_MIN:
        return Nothing(kind, use.id, _too_little(candidate, screened, aim, score))
    fresh = study.seed + 1
    before = study.futures({}, CONFIRM, fresh)
    after = study.futures(candidate.overrides(), CONFIRM, fresh)
    effect = effect_of(aim.quantity, aim.unit, aim.gain(after, before))
    side = aim.side(after, before)
    refused = _refused(effect, side, aim)
    if refused:
        return Nothing(kind, use.id, f"`{candidate.signal}` to {candidate.value:g}: {refused}")
    alternatives = tuple(
        {"signal": c.signal, "value": c.value, **{k: v for k, v in e.as_json().items() if k in SHOWN}}
        for _, c, e in tried[1:]
    )
    return _proposal(study, kind, use, candidate, limits, aim, (effect, side), alternatives, (before, after))


SHOWN = ("mean", "low90", "high90", "probability_worse")


def _too_little(candidate: Candidate, effect: Effect, aim: Aim, score: float) -> str:
    if score < -1e5:
        return "every change that would finish more jobs makes more orders late"
    text = (
        f"the best change tried (`{candidate.signal}` to {candidate.value:g}) is expected to bring {effect.mean:+.2f}"
    )
    return f"{text} {aim.quantity}, less than {GAIN_MIN:g}"


def _refused(effect: Effect, side: Effect, aim: Aim) -> str:
    """Which part of the rule the confirmed effect fails; empty when none."""
    if effect.mean < GAIN_MIN:
        return f"on fresh futures it brings {effect.mean:+.2f} {aim.quantity}, less than {GAIN_MIN:g}"
    if effect.mean < ERRORS_MIN * effect.monte_carlo_se:
        return f"its gain of {effect.mean:+.2f} {aim.quantity} cannot be told from chance"
    if effect.probability_worse > WORSE_MAX:
        return f"it would be worse in {effect.probability_worse:.0%} of the futures, more than {WORSE_MAX:.0%}"
    if not aim.late and side.mean < -LATE_MORE_MAX:
        return f"it would make {-side.mean:.2f} more orders late"
    return ""


def _proposal(  # noqa: PLR0917 - what one comparison came to, handed on once
    study: Study,
    kind: str,
    use: ContextOfUse,
    candidate: Candidate,
    limits: list[str],
    aim: Aim,
    effects: tuple[Effect, Effect],
    alternatives: tuple[dict[str, Any], ...],
    futures: tuple[Rows, Rows],
) -> Proposal:
    before, after = futures
    site, live = study.site, study.live
    signal = site.signal(candidate.signal)
    unit = signal.unit if signal is not None else ""
    gain = aim.gain(after, before)
    share = unknown_share(gain, after.factors)
    conditions = {**{k: v for k, v in study.known.items() if k in setpoint_signals(site)}}
    if kind == "set-point":
        conditions[candidate.signal] = candidate.value
    check = check_of(site, live, after)
    low, high = check.interval()
    whole = kind == "sequence" or float(candidate.value).is_integer()
    return Proposal(
        kind=kind,
        use=use.id,
        signal=candidate.signal,
        value=int(candidate.value) if kind == "sequence" else candidate.value,
        now=int(candidate.now) if kind == "sequence" else candidate.now,
        unit=unit,
        title=title(site, kind, candidate, unit, whole=whole),
        why_now=why_now(study, before, use),
        effect=effects[0],
        others=effects[1:],
        leans_on=tuple(lean_json(after, gain)),
        not_represented=not_represented(site, use.id),
        alternatives=alternatives,
        limits=tuple(limits),
        rule=(
            f"proposed when the mean gain is at least {GAIN_MIN:g} and {ERRORS_MIN:g} times its Monte Carlo error, and "
            f"at most {WORSE_MAX:.0%} of the futures are worse"
        ),
        check=check,
        expected=(check.median(), low, high),
        sampled=live.sampled,
        mark=mark(site, live, conditions, validated=study.validated, use=use.id, unknown=share),
        rests_on=baseline_digest(site),
        seed=study.seed + 1,
        replications=after.n,
        horizon_s=study.horizon_s,
        at_ns=live.at_ns,
    )


def title(site: Site, kind: str, candidate: Candidate, unit: str, *, whole: bool) -> str:
    """One line for a list."""
    if kind == "sequence":
        names = [site.products[int(c) - 1].name for c in str(int(candidate.value))]
        return f"Release {', then '.join(name.lower() + 's' for name in names)}"
    element = candidate.signal.partition(".")[0]
    name = next((e.name for e in site.elements if e.id == element), element)
    word = "up" if candidate.value > candidate.now else "down"
    value = f"{candidate.value:.0f}" if whole else f"{candidate.value:g}"
    return f"Turn {name} {word} to {value} {unit}".strip()


def why_now(study: Study, before: Rows, use: ContextOfUse) -> tuple[dict[str, Any], ...]:
    """Measured facts first, then what the baseline's futures say."""
    site, live = study.site, study.live
    facts: list[dict[str, Any]] = []
    shares = before.bottleneck()
    index = int(shares.argmax())
    station = site.stations[index]
    level = live.levels.get(station.buffer)
    if level:
        facts.append(
            {
                "text": f"jobs wait for {station.name.lower()}",
                "signal": f"{station.buffer}.level",
                "value": level,
                "unit": "{jobs}",
            }
        )
    for product in site.products:
        waiting = live.waiting.get(product.id, 0)
        if waiting and any("release" in name for name in use.writes):
            text = f"{product.name.lower()} jobs wait for release"
            facts.append({"text": text, "signal": f"{product.id}.waiting", "value": waiting, "unit": "{jobs}"})
    facts.append({"text": f"{station.name.lower()} is the bottleneck in {shares[index]:.0%} of the futures"})
    overdue = float(late(before).mean())
    if overdue >= LATE_WORTH_SAYING:
        facts.append({"text": f"{overdue:.1f} orders are expected to be late if nothing is changed"})
    return tuple(facts)
