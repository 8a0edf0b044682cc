"""What the twin watches for drift: forecasts of the shift against what came, and regulated sensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from andon.core.readings import Value
from andon.evidence import drift, regulated
from andon.site.model import Site

FALSE_ALARMS = 0.01
"""Probability that the drift test ever alarms, from one validation to the next, while nothing drifts."""


class DriftWatch:
    """The sequential test over forecasts that do not overlap; starts afresh with each new validation."""

    def __init__(self) -> None:
        self._state = drift.start(drift.Bet.EXCESS, FALSE_ALARMS)
        self._until = 0
        self._validated: Mapping[str, int] = {}

    def wants(self, check: Any) -> bool:
        """Whether this forecast begins after the last one that was taken: overlapping ones are not independent."""
        return int(check.since_ns) >= self._until

    def take(self, check: Any) -> None:
        """This forecast will be held against what comes."""
        self._until = int(check.at_ns)

    def note(self, check: Any, observed: float) -> None:
        """One forecast and its outcome: how surprising it is, beyond the tenth that the model may be off by."""
        self._state = drift.observe(self._state, check.surprise(observed))

    def alarms(self, uses: Sequence[str], validated: Mapping[str, int]) -> Sequence[Mapping[str, Any]]:
        """What is to be put on record, for each use."""
        if validated != self._validated:
            self._validated = dict(validated)
            self._state = drift.start(drift.Bet.EXCESS, FALSE_ALARMS)
        if not self._state.alarm:
            return ()
        found = {
            "text": f"jobs completed were not what {self._state.n} forecasts of the shift said",
            "statistic": self._state.total,
            "threshold": 1.0 / FALSE_ALARMS,
            "false_alarms": FALSE_ALARMS,
            "forecasts": self._state.n,
            "source": drift.SOURCE,
        }
        return [{"use": use, **found} for use in uses]


class SensorWatch:
    """A sequential test for each regulated sensor; starts afresh with each new validation."""

    def __init__(self, site: Site) -> None:
        self._watches = [regulated.Watch.of(r) for r in regulated.regulated(site)]
        self._leaning = {
            w.what.measured: [u.id for u in site.uses if w.what.measured in u.signals] for w in self._watches
        }
        self._validated: Mapping[str, int] = {}

    def alarms(self, values: Mapping[str, Value], now: int, validated: Mapping[str, int]) -> list[Mapping[str, Any]]:
        """One more look; what is to be put on record, for each use that leans on a sensor that drifts."""
        if validated != self._validated:
            self._validated = dict(validated)
            self._watches = [w.afresh() for w in self._watches]
        self._watches = [w.look(values, now) for w in self._watches]
        found: list[Mapping[str, Any]] = []
        for watch in self._watches:
            alarm = watch.alarm()
            if alarm is not None:
                found += [{"use": use, **alarm} for use in self._leaning[watch.what.measured]]
        return found
