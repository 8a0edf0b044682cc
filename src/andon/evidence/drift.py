"""Drift: does what is observed still agree with what was forecast? A sequential test with a stated false-alarm rate.

The test is a bet against the forecast that starts with a capital of 1 and may never be borrowed for. While the forecast
is right, the capital is a non-negative (super)martingale, and by Ville's inequality (1939) the probability that it ever
reaches 1/alpha is at most alpha, however often one looks and whenever one stops. So `alpha` is the false-alarm rate of
a whole run, from one validation to the next.

Two bets. `FORECAST` bets on probability integral transforms, which are uniform when the forecast is right: Vovk's
"simple jumper" (Vovk, Petej, Nouretdinov, Ahlberg, Carlsson and Gammerman, "Retrain or not retrain: conformal test
martingales for change-point detection", 2021; plug-in and mixture bets on p-values: Fedorova, Gammerman, Nouretdinov
and Vovk 2012), half on their place, half on their spread. `EXCESS` bets on p-values that are only known not to be too
small, such as those of `excess_p`: a mixture of k p^(k-1) (Shafer, Shen, Vereshchagin and Vovk 2011).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

SOURCE = "Ville 1939; Vovk et al. 2021 (simple jumper); Shafer et al. 2011 (calibrators)"
STAKES = (-1.5, -0.75, 0.0, 0.75, 1.5)
"""Slopes of the bets 1 + stake (x - 1/2); each pays fairly when x is uniform."""
JUMP = 0.02
"""Share of the capital that is spread over all stakes anew at each step, so that a late change is still found."""
POWERS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
"""Exponents k of the bets k p^(k-1)."""
P_MIN = 1e-3
"""Smaller p-values are read as this: one reading alone must not raise an alarm."""
CAPITAL_MIN = 1e-12


class Bet(StrEnum):
    """What is known of the numbers that come in when nothing has drifted."""

    FORECAST = "forecast"
    """They are uniform on (0, 1)."""
    EXCESS = "excess"
    """They are at most as often small as uniform ones."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The state of a running test."""

    bet: Bet
    alpha: float
    """Probability that the test ever alarms while nothing has drifted, at most."""
    capital: tuple[float, ...]
    """By stake."""
    n: int = 0
    """Observations."""
    alarmed_at: int | None = None
    """The observation at which it alarmed; it stays alarmed until a new test is started."""

    @property
    def total(self) -> float:
        """The capital: evidence against the forecast; 1 at the start."""
        return sum(self.capital)

    @property
    def alarm(self) -> bool:
        """Whether drift has been found."""
        return self.alarmed_at is not None

    def as_json(self) -> dict[str, Any]:
        """For records and restarts."""
        return {
            "bet": self.bet.value,
            "alpha": self.alpha,
            "capital": list(self.capital),
            "n": self.n,
            "alarmed_at": self.alarmed_at,
            "source": SOURCE,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Drift:
        """What `as_json` wrote."""
        return cls(Bet(data["bet"]), data["alpha"], tuple(data["capital"]), data["n"], data["alarmed_at"])


def start(bet: Bet = Bet.FORECAST, alpha: float = 0.01) -> Drift:
    """A new test.

    Args:
        bet: what kind of numbers will come.
        alpha: false-alarm probability of the whole run, above 0 and below 1.

    Raises:
        ValueError: `alpha` is no such number.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"a false-alarm rate of {alpha:g} cannot be kept; use one between 0 and 1")
    count = 2 * len(STAKES) if bet is Bet.FORECAST else len(POWERS)
    return Drift(bet, alpha, (1.0 / count,) * count)


def observe(state: Drift, p: float) -> Drift:
    """The test after one more number; a number that is not in [0, 1] changes nothing.

    >>> state = start(alpha=0.05)
    >>> for _ in range(40):
    ...     state = observe(state, 0.97)
    >>> state.alarm, observe(start(), float("nan")).n
    (True, 0)
    """
    if not 0.0 <= p <= 1.0:
        return state
    capital = _forecast(state.capital, p) if state.bet is Bet.FORECAST else _excess(state.capital, p)
    n = state.n + 1
    alarmed = state.alarmed_at
    if alarmed is None and sum(capital) >= 1.0 / state.alpha:
        alarmed = n
    return replace(state, capital=capital, n=n, alarmed_at=alarmed)


def _forecast(capital: tuple[float, ...], p: float) -> tuple[float, ...]:
    """Half of the capital bets on the place of `p`, half on its distance from the middle."""
    half = len(STAKES)
    return (*_jumper(capital[:half], p), *_jumper(capital[half:], abs(2.0 * p - 1.0)))


def _jumper(capital: tuple[float, ...], x: float) -> tuple[float, ...]:
    pool = sum(capital)
    shared = [(1.0 - JUMP) * c + JUMP * pool / len(capital) for c in capital]
    return tuple(max(c * (1.0 + stake * (x - 0.5)), CAPITAL_MIN) for c, stake in zip(shared, STAKES, strict=True))


def _excess(capital: tuple[float, ...], p: float) -> tuple[float, ...]:
    """Mixture of power bets with the same sharing; each has an expected factor of at most 1."""
    pool = sum(capital)
    x = max(p, P_MIN)
    shared = [(1.0 - JUMP) * c + JUMP * pool / len(capital) for c in capital]
    return tuple(max(c * k * x ** (k - 1.0), CAPITAL_MIN) for c, k in zip(shared, POWERS, strict=True))


def excess_p(residual: float, tolerance: float, sd: float) -> float:
    """How surprising it is that a reading is so far off, when being off by `tolerance` is nothing unusual.

    Args:
        residual: observed minus expected.
        tolerance: how far the true deviation may be without anything being wrong, in the same unit.
        sd: standard deviation of the reading's noise, in the same unit.

    Returns:
        The two-sided normal tail beyond the tolerance: for every true deviation within it, this is at most as often
        small as a uniform number would be.

    >>> excess_p(0.4, 1.0, 0.3), excess_p(4.0, 1.0, 0.3) < 1e-6
    (1.0, True)
    """
    beyond = abs(residual) - tolerance
    if not math.isfinite(beyond):
        return 1.0
    return 1.0 if beyond <= 0.0 else math.erfc(beyond / sd / math.sqrt(2.0))
