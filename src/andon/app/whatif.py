"""What if: changes to the floor, simulated from what the twin sees now, beside the floor as it stands."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from andon.adapters.clock import SiteClock
from andon.adapters.pool import ThreadPool
from andon.adapters.starts import keep_start
from andon.authority.facts import Authority
from andon.core.readings import Value
from andon.core.refusals import Reason, Refusal, refuse
from andon.core.time import iso, nanos
from andon.operate.port import Simulate, Who
from andon.site.model import Site, Tier
from andon.sync.view import SignalView

if TYPE_CHECKING:
    from andon.models.simulate.settable import Setting

AT_ONCE_MAX = 2
"""Questions that are answered at the same time, whoever asks."""
SECONDS_MAX = 10.0
"""Real time that one answer may take; what is done by then is the answer."""
CHANGES_MAX = 3
REPLICATIONS_MAX = 1000


class Views(Protocol):
    """Whoever knows every signal as it stands."""

    def views(self) -> Sequence[SignalView]:
        """Every signal."""
        ...


class WhatIf:
    """Answers `Simulate` questions from the live state, bounded in number, size and time."""

    def __init__(
        self, site: Site, folder: Path, floor: Views, clock: SiteClock, authority: Callable[[str], Authority | Refusal]
    ) -> None:
        self._site, self._folder, self._floor, self._clock, self._authority = site, folder, floor, clock, authority
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    def stop(self) -> None:
        """End what is being answered."""
        self._ended.set()

    def settable(self) -> Sequence[Mapping[str, Any]]:
        """What may be changed: name, words, unit, value in force, limits, and a range that is worth a look."""
        if not self._possible():
            return ()
        from andon.models.simulate.laws import Unrunnable  # noqa: PLC0415 - the simulator is an optional part
        from andon.models.simulate.settable import settings  # noqa: PLC0415 - same

        known = self._known()
        try:
            return [self._row(s, known.get(s.name, s.now)) for s in settings(self._site).values()]
        except Unrunnable:
            return ()

    def _row(self, s: Setting, now: float | None) -> Mapping[str, Any]:
        plain = now is not None and s.kind != "sequence"
        return {
            "name": s.name,
            "what": s.what,
            "unit": s.unit,
            "kind": s.kind,
            "now": now,
            "whole": s.whole or s.kind == "sequence",
            "near": self._near(s.name, now, s.whole, s.low) if plain and now is not None else None,
        }

    def _near(self, name: str, now: float, whole: bool, low: float) -> tuple[float, float]:
        signal = self._site.signal(name)
        if signal is not None and signal.min is not None and signal.max is not None:
            return signal.min, signal.max
        return (max(low, 0.0), max(2.0 * now, now + 3.0)) if whole else (0.5 * now, 1.5 * now)

    def _known(self) -> dict[str, float]:
        """Set-points and sequence in force."""
        values = self._values()
        found: dict[str, float] = {}
        for signal in self._site.signals:
            seen = values.get(signal.confirm_signal or "", values.get(signal.id))
            if signal.writable and isinstance(seen, int | float) and not isinstance(seen, bool):
                found[signal.id] = float(seen)
        return found

    def _values(self) -> dict[str, Value]:
        return {v.signal: v.value for v in self._floor.views() if v.fresh and v.value is not None}

    def _possible(self) -> bool:
        return bool(self._site.stations) and importlib.util.find_spec("numba") is not None

    def ask(self, question: Simulate, who: Who) -> Mapping[str, Any] | Refusal:
        """Answer, or say why not. Takes up to `SECONDS_MAX` of real time in the calling thread."""
        if (refusal := self._may(question)) is not None:
            return refusal
        with self._lock:
            if who.person in self._busy:
                return refuse("busy", "your last question is still being answered", "wait for it, then ask again")
            if len(self._busy) >= AT_ONCE_MAX:
                return refuse("busy", f"{AT_ONCE_MAX} questions are being answered", "ask again in a few seconds")
            self._busy.add(who.person)
        try:
            return self._answer(question)
        finally:
            with self._lock:
                self._busy.discard(who.person)

    def _may(self, question: Simulate) -> Refusal | None:
        """Whether this may be asked now: the simulator is there and ready, and some use of it holds analyse."""
        if not self._possible():
            return refuse("no-simulator", "this twin has no simulator or no flow", "install `andon[simulate]`")
        if not question.changes or len(question.changes) > CHANGES_MAX:
            count = len(question.changes)
            return refuse("changes", f"{count} changes were asked for", f"choose one to {CHANGES_MAX}")
        if not 1 <= question.replications <= REPLICATIONS_MAX:
            wrong = f"{question.replications} replications were asked for"
            return refuse("replications", wrong, f"ask for 1 to {REPLICATIONS_MAX}")
        if not 0 <= question.seed < 2**31:
            return refuse("seed", f"{question.seed} is no seed", "give a whole number from 0")
        uses = [u for u in self._site.uses if "simulate" in u.models]
        standing = [(u, self._authority(u.id)) for u in uses]
        held = [a for _, a in standing if not isinstance(a, Refusal)]
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

    def _answer(self, question: Simulate) -> Mapping[str, Any] | Refusal:
        from andon.advise.forecast import horizon_of  # noqa: PLC0415 - the simulator is an optional part
        from andon.app.live import impersonal_state  # noqa: PLC0415 - same
        from andon.models.simulate import jit  # noqa: PLC0415 - same
        from andon.models.simulate.bottleneck import by_sensitivity  # noqa: PLC0415 - same
        from andon.models.simulate.compare import compare  # noqa: PLC0415 - same
        from andon.models.simulate.laws import Unrunnable  # noqa: PLC0415 - same
        from andon.models.simulate.question import Question  # noqa: PLC0415 - same

        if not jit.ready():
            return refuse("compiling", "the simulator is still being compiled", "ask again in half a minute")
        values, now = self._values(), self._clock.now()
        if not any(f"{m}.state" in values for s in self._site.stations for m in s.machines):
            return refuse("no-state", "no machine's state is current, so there is no now to begin from", "see Signals")
        try:
            live = impersonal_state(self._site, values, now)
            asked = Question(
                horizon_of(self._site, now),
                question.replications,
                question.seed,
                against=(dict(question.changes),),
                bottleneck=question.bottleneck,
            )
            until = self._clock.monotonic() + nanos(SECONDS_MAX)
            pool = ThreadPool(1)

            def stop() -> bool:
                return self._ended.is_set() or self._clock.monotonic() > until

            found = compare(self._site, asked, live, pool=pool, stop=stop, validated=True)
            pull = None
            if question.bottleneck and not stop():
                pull = by_sensitivity(self._site, live, asked, {}, found.base, pool=pool, stop=stop)
            start = keep_start(self._folder, live.digest(), live.as_json())
        except Unrunnable as error:
            return refuse("cannot-run", str(error), "change what was asked")
        except OSError as error:
            return refuse("not-kept", f"the state it began from cannot be kept ({error})", "mend the folder `.andon`")
        again = found.again(str(self._folder), str(start))
        end = iso(now + round(asked.horizon_s * 1e9))
        return {
            **found.as_json(),
            "at_ns": str(now),
            "until": end,
            "changes": dict(question.changes),
            "reproduce": again,
            **({} if pull is None else {"bottleneck_by_sensitivity": pull.as_json()}),
        }
