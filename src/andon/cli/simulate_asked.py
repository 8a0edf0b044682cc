"""What a person has typed for `andon simulate`, read and checked before anything is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from andon.adapters.policies import policy_of
from andon.models.simulate.policy import Policy
from andon.models.simulate.question import Width, width_of
from andon.site.model import Site

Horizon = Annotated[str, typer.Option(help="How far to look ahead: 8h, 90min, 2d.")]
Start = Annotated[str, typer.Option("--from", help="`empty`, `now` (the running twin), or a state saved before.")]
Seed = Annotated[int, typer.Option(help="Same seed, same bits; a whole number from 0.")]
Threads = Annotated[int | None, typer.Option(help="Threads; none: all cores.")]
NEEDS: dict[str, tuple[str, ...]] = {
    "--of": ("--until decided",),
    "--confidence": ("--until decided", "--select"),
    "--replications-max": ("--until", "--select"),
    "--indifference": ("--select",),
    "--replication": ("--log", "--gantt", "--queues"),
    "--save-state": ("--from now",),
    "--policy-at": ("--policy", "--against-policy"),
    "--against-policy": ("--against", "--against-site"),
}
"""Options that do nothing unless one of these stands beside them."""


def refuse_idle(given: Mapping[str, Any], beside: Mapping[str, Any]) -> None:
    """No option is taken and then not used.

    Args:
        given: options of `NEEDS`, and `--replications`; what was not typed is None or empty.
        beside: what they may stand beside; what was not typed is false.

    Raises:
        ValueError: one would do nothing; one sentence.
    """
    for option, needed in NEEDS.items():
        if given[option] not in (None, []) and not any(beside[each] for each in needed):
            raise ValueError(f"`{option}` does nothing alone; add {' or '.join(needed)}, or leave it out")
    for rule in ("--until", "--select"):
        if given["--replications"] is not None and beside[rule]:
            raise ValueError(f"`{rule}` says itself how many futures it needs; bound it with --replications-max")


def policies_of(
    site: Site, texts: Sequence[str], stations: Sequence[str], same: Policy | None
) -> tuple[Policy | None, ...]:
    """Who is asked in the alternatives: `same` as in the base, nobody (`rule`), or who is named.

    Raises:
        ValueError: nobody is asked in the base, or nobody is found; one sentence.
    """
    if "same" in texts and same is None:
        raise ValueError("`--against-policy same` needs a `--policy`; add it, or name a policy")
    words_for = {"same": same, "rule": None}
    return tuple(words_for[t] if t in words_for else policy_of(site, t, stations) for t in texts)


def width_wanted(texts: Sequence[str]) -> Width | None:
    """The one precision that is asked for.

    Raises:
        ValueError: there are two, or it is none; one sentence.
    """
    wanted = [width_of(text) for text in texts if text != "decided"]
    if len(wanted) > 1:
        raise ValueError("two precisions were asked for; give one, and `decided` beside it if you like")
    return wanted[0] if wanted else None


def indifference_of(select: str | None, indifference: float | None) -> float:
    """The smallest difference that matters to a selection.

    Raises:
        ValueError: it is missing; one sentence.
    """
    if select and indifference is None:
        raise ValueError("`--select` needs `--indifference`; give the smallest difference that matters")
    return indifference or 0.0
