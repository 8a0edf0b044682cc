"""The twin looking ahead: every minute of site time a forecast of the shift, and proposals when they pay.

Later it looks back: every forecast is held against what was then observed, and drift is what that comparison finds.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from andon.adapters.clock import SiteClock
from andon.app.desk import TwinDesk
from andon.app.drifts import DriftWatch, SensorWatch
from andon.app.floor import Floor
from andon.app.warm import warm
from andon.core.readings import Value
from andon.core.refusals import Refusal
from andon.core.time import Nanos, nanos
from andon.evidence.validation import compare
from andon.ledger.record import NewRecord
from andon.operate.outcome import Outcome, World
from andon.operate.port import Recommend, Who
from andon.operate.roles import TWIN
from andon.site.model import Site, Tier

T = TypeVar("T")
R = TypeVar("R")
EVERY_S = 60.0
"""Site time between two forecasts."""
REST_S = 5.0
"""Real time between two forecasts at least: a scaled clock must not keep a core busy."""
PROPOSE_EVERY_S = 300.0
"""Site time between two searches for proposals."""
SAMPLES_MAX = 20_000
CHECKS_MAX = 1_000


class Counts:
    """How many jobs had been completed, moment by moment: what forecasts are held against."""

    def __init__(self) -> None:
        self._times: deque[int] = deque(maxlen=SAMPLES_MAX)
        self._totals: deque[float] = deque(maxlen=SAMPLES_MAX)

    def note(self, at: int, total: float) -> None:
        """One more look."""
        if not self._times or at > self._times[-1]:
            self._times.append(at)
            self._totals.append(total)

    def between(self, since: int, until: int) -> float | None:
        """Jobs completed between two moments; None when the floor was not seen near one of them."""
        times = list(self._times)
        first, last = bisect_right(times, since) - 1, bisect_right(times, until) - 1
        if first < 0 or last <= first:
            return None
        gap = max(nanos(60.0), (until - since) // 20)
        if since - times[first] > gap or until - times[last] > gap:
            return None
        done = self._totals[last] - self._totals[first]
        return done if done >= 0 else None


class EndedError(Exception):
    """The twin ends, and no answer is wanted any more."""


class UntilEnded:
    """One thread for the simulator, which looks up between two parts of its work."""

    threads = 1

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Results in order.

        Raises:
            EndedError: the twin ends.
        """
        for item in items:
            if self._ended.is_set():
                raise EndedError
            yield function(item)


class ShiftOutlook:
    """Forecasts, proposals and what became of them, on a thread of its own."""

    def __init__(self, site: Site, folder: Path, desk: TwinDesk, floor: Floor, clock: SiteClock) -> None:
        self._site = site
        self._folder = folder
        self._desk = desk
        self._floor = floor
        self._clock = clock
        self._counters = tuple(f"{p.id}.completed" for p in site.products)
        self._counts = Counts()
        self._latest: Mapping[str, Any] | None = None
        self._due: deque[tuple[str, Any]] = deque(maxlen=CHECKS_MAX)
        self._drift = DriftWatch()
        self._sensors = SensorWatch(site)
        self._seed = 0
        self._next_forecast = 0
        self._next_proposal = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outlook", daemon=True)
        self.trouble = ""

    def start(self) -> None:
        """Begin to look ahead."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def forecast(self) -> Mapping[str, Any] | None:
        """The latest forecast; None while there is none."""
        return self._latest

    def alarms(self) -> Sequence[Mapping[str, Any]]:
        """Drift, for every use that the simulator answers for."""
        validated = dict(self._desk.acts.view.validated_at)
        uses = [u.id for u in self._site.uses if "simulate" in u.models]
        sensors = self._sensors.alarms(self._current(), self._clock.now(), validated)
        return [*self._drift.alarms(uses, validated), *sensors]

    def _run(self) -> None:
        warm(self._folder, self._stop)
        rested = 0
        while not self._stop.wait(0.5):
            values = self._current()
            now = self._clock.now()
            self._count(values, now)
            if now < self._next_forecast or self._clock.monotonic() < rested:
                continue
            try:
                self._look(values, now)
                self.trouble = ""
            except EndedError:
                return
            except Exception as error:
                self.trouble = f"no forecast: {error}"
                logging.getLogger("andon").exception("no forecast")
                self._latest = None
            self._next_forecast = now + nanos(EVERY_S)
            rested = self._clock.monotonic() + nanos(REST_S)

    def _current(self) -> dict[str, Value]:
        return {v.signal: v.value for v in self._floor.views() if v.fresh and v.value is not None}

    def _count(self, values: Mapping[str, Value], now: Nanos) -> None:
        numbers = [values.get(c) for c in self._counters]
        if numbers and all(isinstance(n, int | float) for n in numbers):
            self._counts.note(now, float(sum(n for n in numbers if isinstance(n, int | float))))

    def _look(self, values: Mapping[str, Value], now: Nanos) -> None:
        from andon.advise.forecast import forecast  # noqa: PLC0415 - the simulator is an optional part
        from andon.advise.propose import propose  # noqa: PLC0415 - same
        from andon.app.live import machine_seen, permitted_state  # noqa: PLC0415 - same

        self._judge(now)
        if not machine_seen(self._site, values):
            return
        live = permitted_state(self._site, values, now)
        self._seed += 1
        pool = UntilEnded(self._stop)
        made = forecast(self._site, live, seed=self._seed, pool=pool, validated=self._validated())
        self._latest = made.as_json()
        if self._drift.wants(made.check):
            self._drift.take(made.check)
            self._due.append(("", made.check))
        if now < self._next_proposal:
            return
        self._next_proposal = now + nanos(PROPOSE_EVERY_S)
        wanted = {u.id for u in self._site.uses if u.writes and self._holds(u.id, Tier.RECOMMEND)}
        if not wanted:
            return
        advice = propose(self._site, live, seed=self._seed, pool=pool, validated=self._validated())
        self._latest = {**self._latest, "nothing": [vars(n) for n in advice.nothing]}
        for proposal in advice.proposals:
            if proposal.use in wanted:
                request = Recommend(proposal.use, proposal.signal, proposal.value, proposal.body())
                answer = self._desk.submit(request, Who(TWIN, (TWIN,)))
                if not isinstance(answer, Refusal):
                    self._due.append((str(answer.records[0].payload["id"]), proposal.check))

    def _holds(self, use: str, tier: Tier) -> bool:
        authority = self._desk.authority(use)
        return not isinstance(authority, Refusal) and authority.tier.rank >= tier.rank

    def _validated(self) -> bool:
        """Whether some use of the simulator holds analyse now: then its evidence is current."""
        return any(self._holds(u.id, Tier.ANALYSE) for u in self._site.uses if "simulate" in u.models)

    def _judge(self, now: Nanos) -> None:
        """Hold what has come due against what was observed."""
        waiting: deque[tuple[str, Any]] = deque(maxlen=CHECKS_MAX)
        for recommendation, check in self._due:
            if now < check.at_ns:
                waiting.append((recommendation, check))
                continue
            observed = self._counts.between(check.since_ns, check.at_ns)
            if observed is None:
                continue
            if recommendation:
                self._record_outcome(recommendation, observed)
            else:
                self._drift.note(check, observed)
        self._due = waiting

    def _record_outcome(self, recommendation: str, observed: float) -> None:
        """Forecast against outcome, for a recommendation that took effect; for others there is nothing to compare."""

        def make(world: World) -> Outcome:
            done = {
                t.intent.payload["recommendation"]
                for t in world.view.commands.values()
                if any(o.payload.get("phase") == "confirmed" for o in t.outcomes)
            }
            trace = world.view.proposals.get(recommendation)
            if recommendation not in done or trace is None:
                return Outcome()
            body = trace.record.payload["body"]
            found = compare(body["forecast"], observed)
            payload = {
                "recommendation": recommendation,
                "forecast": dict(body["forecast"]),
                "observed": observed,
                "inside": found.inside,
            }
            return Outcome((NewRecord("outcome", TWIN, payload),))

        self._desk.acts.carry(make)


def make_outlook(site: Site, folder: Path, desk: TwinDesk, floor: Floor, clock: SiteClock) -> ShiftOutlook | None:
    """The outlook of a site that describes a flow; None for one that does not, or where the simulator is absent."""
    if not site.stations or not any("simulate" in u.models for u in site.uses):
        return None
    if importlib.util.find_spec("numba") is None:
        return None
    return ShiftOutlook(site, folder, desk, floor, clock)
