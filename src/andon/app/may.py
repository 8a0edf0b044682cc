"""Whether a question may be put to the simulator now: within bounds, and by authority."""

from __future__ import annotations

from collections.abc import Callable

from andon.authority.facts import Authority
from andon.core.refusals import Reason, Refusal, refuse
from andon.operate.simulation import Simulate
from andon.site.model import Site, Tier

CHANGES_MAX = 8
"""Changes that one floor may have."""
AGAINST_MAX = 5
"""Alternatives that may stand beside the base."""
REPLICATIONS_MAX = 1_000
LONG_REPLICATIONS_MAX = 20_000
TRAJECTORIES_MAX = 50
HOURS_MAX = 336.0
"""Two weeks."""


def may_ask(site: Site, question: Simulate, authority: Callable[[str], Authority | Refusal]) -> Refusal | None:
    """The reasons why not, or none."""
    return within_bounds(question) or _allowed(site, question, authority)


def within_bounds(question: Simulate) -> Refusal | None:
    """What is too much, or contradicts itself."""
    floors = (question.changes, *question.against)
    bounds: tuple[tuple[bool, str, str, str], ...] = (
        (all(len(f) <= CHANGES_MAX for f in floors), "changes", "too many changes", f"make {CHANGES_MAX} at most"),
        (
            len(question.against) <= AGAINST_MAX,
            "alternatives", f"{len(question.against)} alternatives were asked for", f"give {AGAINST_MAX} at most",
        ),
        (
            1 <= question.replications <= REPLICATIONS_MAX,
            "replications", f"{question.replications} replications were asked for", f"ask for 1 to {REPLICATIONS_MAX}",
        ),
        (
            1 <= question.replications_max <= LONG_REPLICATIONS_MAX,
            "bound", f"a bound of {question.replications_max} was asked for", f"give 1 to {LONG_REPLICATIONS_MAX}",
        ),
        (0 <= question.seed < 2**31, "seed", f"{question.seed} is no seed", "give a whole number from 0"),
        (
            0.0 <= question.hours <= HOURS_MAX,
            "hours", f"{question.hours:g} hours cannot be looked ahead", f"give 0 to {HOURS_MAX:g}",
        ),
        (
            0.5 <= question.confidence < 1.0,
            "confidence", f"{question.confidence:g} is no confidence", "give 0.5 to 0.999",
        ),
        (
            1 <= question.trajectories <= TRAJECTORIES_MAX,
            "trajectories", f"{question.trajectories} trajectories were asked for", f"give 1 to {TRAJECTORIES_MAX}",
        ),
        (
            not (question.select or question.decided) or bool(question.against),
            "nothing", "there is nothing to decide between", "give an alternative",
        ),
        (
            not question.select or question.indifference > 0.0,
            "indifference", "a choice needs the smallest difference that matters", "give a number above 0",
        ),
        (
            not question.leans_on or not question.against,
            "leans-on", "what a figure leans on is asked of one floor", "leave the alternatives out",
        ),
    )  # fmt: skip
    wrong = [Reason(code, text, step) for good, code, text, step in bounds if not good]
    return Refusal(tuple(wrong)) if wrong else None


def _allowed(site: Site, question: Simulate, authority: Callable[[str], Authority | Refusal]) -> Refusal | None:
    """Some use of the simulator holds analyse; where nothing is connected, a described floor may be played with."""
    if not site.sources:
        if question.start == "empty":
            return None
        return refuse("not-connected", "nothing is connected, so there is no now", "begin from an empty floor")
    standing = [authority(u.id) for u in site.uses if "simulate" in u.models]
    held = [a for a in standing if not isinstance(a, Refusal)]
    if any(a.tier.rank >= Tier.ANALYSE.rank for a in held):
        return None
    if not held:
        return refuse("no-use", "no context of use names the simulator", "declare one in uses.yaml")
    nearest = max(held, key=lambda a: a.ceiling.rank)
    reasons = tuple(
        Reason(r.id, f"{nearest.use}: {r.why}", r.next_step, r.owner, r.evidence)
        for r in nearest.requirements
        if not r.met and r.tier.rank <= Tier.ANALYSE.rank
    )
    return Refusal(reasons) if reasons else refuse("tier", "no use of the simulator may analyse", "see Authority")
