"""The bottleneck by sensitivity: which station, made a little faster, lets the floor finish more, future by future."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from andon.models.simulate.asked import asked
from andon.models.simulate.live import LiveState
from andon.models.simulate.question import Question
from andon.models.simulate.result import Result
from andon.models.simulate.run import Pool, compile_site
from andon.models.simulate.together import Grown, Tell
from andon.site.model import Site

FASTER = 1.1
"""How much faster each station is made, one after the other, on the same futures."""
REPLICATIONS_MAX = 200
"""Futures of each at most: one run a station is already many."""


@dataclass(frozen=True, slots=True)
class Pull:
    """What one station's speed is worth."""

    station: str
    gain: float
    """Jobs completed more, on average, when its machines are a tenth faster."""
    share: float
    """Share of the futures in which no other station's speed brings more; ties are shared."""


@dataclass(frozen=True)
class Bottleneck:
    """The bottleneck by two methods, and whether they agree."""

    pulls: tuple[Pull, ...]
    nobody: float
    """Share of the futures in which no station's speed brings a job more."""
    replications: int
    text: str

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "faster": FASTER,
            "replications": self.replications,
            "stations": [{"id": p.station, "gain": p.gain, "share": p.share} for p in self.pulls],
            "nobody": self.nobody,
            "text": self.text,
        }


def by_sensitivity(
    site: Site,
    live: LiveState | None,
    question: Question,
    overrides: Mapping[str, float],
    result: Result,
    *,
    pool: Pool | None = None,
    tell: Tell | None = None,
    stop: Callable[[], bool] | None = None,
    start_ns: int | None = None,
) -> Bottleneck | None:
    """Make each station a tenth faster, on the same futures as `result`; None when it was stopped before the end."""
    n = min(result.rows.n, REPLICATIONS_MAX)
    base = result.rows.part(0, n).done()
    change = asked(site, overrides)
    gains = []
    stations = (change.site or site).stations
    for number, station in enumerate(stations):
        if tell is not None:
            tell(number, len(stations), f"{station.id} a tenth faster")
        pace = {**change.pace, station.id: change.pace.get(station.id, 1.0) / FASTER}
        image = compile_site(
            site,
            live,
            question.horizon_s,
            replace(change, pace=pace),
            start_ns=start_ns,
            policy=question.policy,
            schedule=question.schedule,
        )
        rows = Grown(image, question.seed, pool).to(n, stop)
        if rows.n < n:
            return None
        gains.append(rows.done() - base)
    names = tuple(s.id for s in (change.site or site).stations)
    return judge(names, np.array(gains), result)


def judge(names: tuple[str, ...], gains: np.ndarray, result: Result) -> Bottleneck:
    """Shares from gains, float64[stations, n], and the sentence that compares them with the active periods."""
    top = gains.max(axis=0)
    best = (gains == top) & (top > 0)
    ties = best / np.maximum(best.sum(axis=0), 1)
    shares = ties.mean(axis=1)
    nobody = float(np.mean(top <= 0))
    pulls = tuple(
        Pull(name, float(g.mean()), float(share)) for name, g, share in zip(names, gains, shares, strict=True)
    )
    first = max(pulls, key=lambda p: (p.share, p.gain))
    active = result.bottleneck
    if first.share == 0.0:
        text = f"no station's speed alone brings a job more; the longest active periods are those of {active.id}"
    elif first.station == active.id:
        text = f"both methods name {active.id}"
    else:
        text = (
            f"the methods disagree: the longest active periods are those of {active.id} "
            f"({active.bottleneck:.0%} of the futures), but more would be finished by a faster {first.station} "
            f"({first.share:.0%} of the futures, {first.gain:+.1f} jobs when it is a tenth faster)"
        )
    return Bottleneck(pulls, nobody, gains.shape[1], text)
