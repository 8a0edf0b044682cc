"""Sensors that drift away from what their machine regulates to: a sequential test for each regulated value.

A machine with a set-point has three signals in one unit: the set-point that may be written, the signal that confirms it
(what the controller says that it regulates to), and a measured value. In steady running the measured value stays near
the confirmed one. How near is what the site declares for confirming (`confirm_tol`): twice that is nothing unusual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from andon.core.readings import Value
from andon.core.time import nanos
from andon.evidence import drift
from andon.site.model import Site

EVERY_S = 60.0
"""Site time between two looks."""
PAUSE_S = 900.0
"""Site time without looks after the confirmed set-point changed: the machine is on its way."""
TOLERANCE_OF_CONFIRM = 2.0
NOISE_OF_CONFIRM = 0.6
"""The reading's noise has at most this standard deviation, as a share of `confirm_tol`."""
FALSE_ALARMS = 0.001
"""Probability, for each sensor, that its test ever alarms from one validation to the next while nothing drifts."""


@dataclass(frozen=True, slots=True)
class Regulated:
    """One measured value, what it is regulated to, and how far apart they may stand."""

    element: str
    measured: str
    wanted: str
    unit: str
    tolerance: float
    noise_sd: float


def regulated(site: Site) -> tuple[Regulated, ...]:
    """Every measured value that a written and confirmed set-point of the same element and unit regulates."""
    found: list[Regulated] = []
    for signal in site.signals:
        if not signal.writable or signal.confirm_signal is None or not signal.confirm_tol or signal.type != "float":
            continue
        found += [
            Regulated(
                signal.element,
                other.id,
                signal.confirm_signal,
                other.unit,
                TOLERANCE_OF_CONFIRM * signal.confirm_tol,
                NOISE_OF_CONFIRM * signal.confirm_tol,
            )
            for other in site.signals
            if other.element == signal.element
            and other.unit == signal.unit
            and other.type == "float"
            and other.id not in {signal.id, signal.confirm_signal}
        ]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Watch:
    """The running test of one regulated value. `look` and `afresh` return the next state."""

    what: Regulated
    test: drift.Drift
    wanted: float | None = None
    quiet_until: int = 0
    next_look: int = 0
    residual: float = 0.0
    """Measured minus wanted, at the last look."""

    @classmethod
    def of(cls, what: Regulated) -> Watch:
        """A test that has seen nothing yet."""
        return cls(what, drift.start(drift.Bet.EXCESS, FALSE_ALARMS))

    def afresh(self) -> Watch:
        """The same, after somebody validated anew."""
        return replace(self, test=drift.start(drift.Bet.EXCESS, FALSE_ALARMS))

    def look(self, values: Mapping[str, Value], now: int) -> Watch:
        """One more look, if it is time for one; values that are not current are left out of `values`."""
        wanted, measured = _number(values, self.what.wanted), _number(values, self.what.measured)
        if wanted is None or measured is None:
            return self
        if wanted != self.wanted:
            return replace(self, wanted=wanted, quiet_until=now + nanos(PAUSE_S), next_look=now + nanos(PAUSE_S))
        if now < self.next_look or now < self.quiet_until:
            return self
        residual = measured - wanted
        p = drift.excess_p(residual, self.what.tolerance, self.what.noise_sd)
        return replace(self, test=drift.observe(self.test, p), residual=residual, next_look=now + nanos(EVERY_S))

    def alarm(self) -> dict[str, Any] | None:
        """What is to be put on record, without the use; None while nothing drifts."""
        if not self.test.alarm:
            return None
        return {
            "element": self.what.element,
            "signal": self.what.measured,
            "text": f"`{self.what.measured}` stands {self.residual:+.1f} {self.what.unit} off `{self.what.wanted}`",
            "statistic": self.test.total,
            "threshold": 1.0 / FALSE_ALARMS,
            "false_alarms": FALSE_ALARMS,
            "source": drift.SOURCE,
        }


def _number(values: Mapping[str, Value], signal: str) -> float | None:
    value = values.get(signal)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
