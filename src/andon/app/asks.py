"""The simulator as the desk offers it: questions checked, put on record, answered on lanes of their own, kept a while.

Two lanes, each one thread of low priority: quick questions never wait for long ones, and neither ever waits in a thread
of the room. An answer sharpens while it is worked out; what is known so far can be seen at any time.
"""

from __future__ import annotations

import importlib.util
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from andon.adapters.lane import Lane
from andon.adapters.starts import KEPT, keep_for_good
from andon.app.answers import EMPTY_HOURS, Work, chosen_future, event_log, future_json
from andon.app.may import may_ask
from andon.app.warm import warm
from andon.authority.facts import Authority
from andon.core.ids import Ids
from andon.core.readings import Value
from andon.core.refusals import Refusal, refuse
from andon.core.time import Clock, nanos
from andon.ledger.record import NewRecord
from andon.operate.port import Done, Who
from andon.operate.simulation import Asked, Simulate, asked_record
from andon.site.model import Site
from andon.sync.view import SignalView

if TYPE_CHECKING:
    from andon.models.simulate.live import LiveState
    from andon.models.simulate.settable import Setting

T = TypeVar("T")
QUICK_S, LONG_S = 10.0, 600.0
"""Real time that an answer may take, once it is its turn; what is done by then is the answer."""
WAITING_MAX = 6
"""Questions that wait in a lane."""
KEPT_MAX = 24
"""Answers that can still be looked at."""
SHOW_EVERY_S = 0.1
"""Real time between two looks at an answer that is being worked out."""
LOOKERS_MAX = 500
"""Open pages of which it is remembered when they were last on record."""
RECORD_EVERY_S = 60.0
"""Questions that somebody asks one after the other within this time go under one record."""


class Views(Protocol):
    """Whoever knows every signal as it stands."""

    def views(self) -> Sequence[SignalView]:
        """Every signal."""
        ...


@dataclass
class Run:
    """One question, from asking to the end. `asked` is replaced under the lock of `Asks`."""

    asked: Asked
    work: Work
    who: Who
    tab: str
    cancelled: threading.Event = field(default_factory=threading.Event)
    shown_ns: int = 0
    """Moment of real time at which the answer was last made for show; 0: never."""


class Asks:
    """Implements `operate.port.Simulator` for one site."""

    def __init__(
        self,
        site: Site,
        folder: Path,
        floor: Views,
        clock: Clock,
        authority: Callable[[str], Authority | Refusal],
        note: Callable[[NewRecord], Done | Refusal],
        ids: Ids,
    ) -> None:
        self._site, self._folder, self._floor, self._clock = site, folder, floor, clock
        self._authority, self._note, self._ids = authority, note, ids
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._lanes = {False: Lane("ask-quick"), True: Lane("ask-long")}
        self._recorded: OrderedDict[tuple[str, str, str], int] = OrderedDict()
        self._drawing = threading.BoundedSemaphore(2)

    def start(self) -> None:
        """Have the simulator compiled, where nobody else sees to it."""
        if self._possible():
            threading.Thread(target=warm, args=(self._folder, self._ended), name="warm", daemon=True).start()

    def stop(self) -> None:
        """End what is being answered."""
        self._ended.set()
        for lane in self._lanes.values():
            lane.stop()

    # --- what may be asked

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

    def troubles(self) -> Sequence[Mapping[str, Any]]:
        """Scenario switches that this site can suppose."""
        if not self._possible():
            return ()
        from andon.models.simulate.scenario import choices  # noqa: PLC0415 - the simulator is an optional part

        return choices(self._site)

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

    # --- asking

    def ask(self, question: Simulate, who: Who, tab: str = "") -> Asked | Refusal:
        """Check, put on record, and let it wait for its turn. Returns at once."""
        if not self._possible():
            return refuse("no-simulator", "this twin has no simulator or no flow", "install `andon[simulate]`")
        if (refusal := may_ask(self._site, question, self._authority)) is not None:
            return refusal
        work = self._work(question)
        if isinstance(work, Refusal):
            return work
        if (refusal := self._place(question, who, tab)) is not None:
            return refusal
        if (refusal := self._record(question, who, tab, work)) is not None:
            return refusal
        wanted = question.replications_max if question.long else question.replications
        run = Run(Asked(self._ids.fresh("S"), question, "waiting", wanted=wanted), work, who, tab)
        with self._lock:
            self._runs[run.asked.id] = run
            over = [name for name, r in self._runs.items() if r.asked.over]
            for name in over[: max(0, len(self._runs) - KEPT_MAX)]:
                del self._runs[name]
        self._lanes[question.long].put(lambda: self._answer(run))
        return run.asked

    def asked(self, answer: str) -> Asked | None:
        """A question as it stands."""
        with self._lock:
            run = self._runs.get(answer)
            return run.asked if run is not None else None

    def cancel(self, answer: str) -> Asked | None:
        """Stop it; one that still waits has no answer."""
        with self._lock:
            run = self._runs.get(answer)
        if run is None:
            return None
        run.cancelled.set()
        if run.asked.state == "waiting":
            self._set(run, state="stopped")
        return run.asked

    def _work(self, question: Simulate) -> Work | Refusal:
        """The question in the simulator's words, with the state that it begins from."""
        from andon.advise.forecast import horizon_of  # noqa: PLC0415 - the simulator is an optional part
        from andon.app.live import machine_seen, permitted_state  # noqa: PLC0415 - same
        from andon.models.simulate import calendar, jit  # noqa: PLC0415 - same
        from andon.models.simulate.asked import asked  # noqa: PLC0415 - same
        from andon.models.simulate.laws import Unrunnable  # noqa: PLC0415 - same

        if not jit.ready():
            return refuse("compiling", "the simulator is still being compiled", "ask again in half a minute")
        live: LiveState | None = None
        begins = calendar.first_shift_start(self._site)
        hours = question.hours or EMPTY_HOURS
        if question.start == "now":
            values, begins = self._values(), self._clock.now()
            if not machine_seen(self._site, values):
                nothing = "no machine's state is current and may be used, so there is no now to begin from"
                return refuse("no-state", nothing, "see Signals, or begin from an empty floor")
            live = permitted_state(self._site, values, begins)
            hours = question.hours or horizon_of(self._site, begins) / 3600.0
        try:
            for change in (question.changes, *question.against):
                asked(self._site, change)
            worded = _worded(question, hours)
        except (Unrunnable, ValueError) as error:
            return refuse("cannot-run", str(error), "change what was asked")
        validated = live is not None and bool(self._site.sources)
        return Work(self._site, self._folder, question, worded, live, begins, self._clock.now(), validated)

    def _place(self, question: Simulate, who: Who, tab: str) -> Refusal | None:
        """Make room for it: an open page's last question gives way, anybody else's does not."""
        with self._lock:
            mine = [
                r
                for r in self._runs.values()
                if not r.asked.over and (r.who, r.tab, r.asked.question.long) == (who, tab, question.long)
            ]
        if mine and not tab:
            return refuse("busy", "your last question is still being answered", "wait for it, or cancel it")
        for run in mine:
            self.cancel(run.asked.id)
        with self._lock:
            waiting = [r for r in self._runs.values() if r.asked.state == "waiting"]
        if sum(r.asked.question.long == question.long for r in waiting) >= WAITING_MAX:
            return refuse("busy", f"{WAITING_MAX} questions wait already", "ask again in a few seconds")
        return None

    def _record(self, question: Simulate, who: Who, tab: str, work: Work) -> Refusal | None:
        """That somebody looks: first, or not at all. Sliding a value to and fro is one look."""
        key, now = (who.person, who.station, tab), self._clock.monotonic()
        with self._lock:
            lately = now - self._recorded.get(key, -(10**18)) < nanos(RECORD_EVERY_S)
        if not question.long and tab and lately:
            return None
        from andon.models.simulate.result import baseline_digest  # noqa: PLC0415 - the simulator is an optional part

        state = work.live.digest() if work.live is not None else ""
        about = {"baseline": baseline_digest(self._site), "live_state": state}
        done = self._note(asked_record(question, who, about))
        if isinstance(done, Refusal):
            return done
        with self._lock:
            self._recorded[key] = now
            while len(self._recorded) > LOOKERS_MAX:
                self._recorded.popitem(last=False)
        return None

    # --- answering, in a lane's thread

    def _answer(self, run: Run) -> None:
        from andon.models.simulate.laws import Unrunnable  # noqa: PLC0415 - the simulator is an optional part

        if run.cancelled.is_set() or self._ended.is_set():
            return
        self._set(run, state="running")
        until = self._clock.monotonic() + nanos(LONG_S if run.asked.question.long else QUICK_S)

        def stop() -> bool:
            return run.cancelled.is_set() or self._ended.is_set() or self._clock.monotonic() > until

        def tell(done: int, wanted: int, text: str) -> None:
            self._set(run, done=done, wanted=wanted, text=text)

        def show(make: Callable[[], Mapping[str, Any]]) -> None:
            now = self._clock.monotonic()
            if not run.shown_ns or now - run.shown_ns > nanos(SHOW_EVERY_S):
                self._set(run, answer=make())
                run.shown_ns = self._clock.monotonic()

        try:
            answer = run.work.answer(tell, stop, show)
        except Unrunnable as error:
            stopped = run.cancelled.is_set() and run.asked.answer is None
            no = refuse("cannot-run", str(error), "change what was asked")
            self._set(run, **({"state": "stopped"} if stopped else {"state": "refused", "refusal": no}))
        except OSError as error:
            no = refuse("not-kept", f"the state it began from cannot be kept ({error})", "mend the folder `.andon`")
            self._set(run, state="refused", refusal=no)
        except Exception as error:
            no = refuse("failed", f"the simulator failed: {error}", "report this with the site folder")
            self._set(run, state="refused", refusal=no)
            raise
        else:
            self._set(run, state="stopped" if run.cancelled.is_set() else "done", answer=answer)

    def _set(self, run: Run, **news: Any) -> None:
        with self._lock:
            if not run.asked.over:
                run.asked = replace(run.asked, version=run.asked.version + 1, **news)

    def keep(self, answer: str) -> Asked | Refusal:
        """Keep for good the state that an answer began from; its command reads it there."""
        with self._lock:
            run = self._runs.get(answer)
        if run is None or run.asked.answer is None:
            return refuse("no-answer", f"the answer `{answer[:40]}` is not kept any more", "ask again")
        start = Path(run.work.begun_from)
        if run.work.live is None or start.parent.name == KEPT:
            return run.asked
        try:
            path = keep_for_good(self._folder, start)
        except OSError as error:
            return refuse("not-kept", f"the state it began from cannot be kept ({error})", "ask again, then keep it")
        run.work.begun_from = str(path)
        with self._lock:
            whole = dict(run.asked.answer)
            whole["reproduce"] = str(whole["reproduce"]).replace(str(start), str(path))
            run.asked = replace(run.asked, version=run.asked.version + 1, answer=whole)
            return run.asked

    # --- one future of an answer

    def future(self, answer: str, floor: int = 0, number: int | None = None) -> Mapping[str, Any] | Refusal:
        """One future event by event; none given: the one nearest to the median."""
        return self._of(
            answer, floor, number, lambda run, which: future_json(run.work.floors, floor, which, self._site)
        )

    def events(self, answer: str, floor: int = 0, number: int | None = None) -> bytes | Refusal:
        """Its event log as a Parquet file."""

        def log(run: Run, which: int) -> bytes:
            return event_log(run.work.floors[floor], which, run.asked.answer or {})

        return self._of(answer, floor, number, log)

    def _of(self, answer: str, floor: int, number: int | None, make: Callable[[Run, int], T]) -> T | Refusal:
        from andon.models.simulate.laws import Unrunnable  # noqa: PLC0415 - the simulator is an optional part

        with self._lock:
            run = self._runs.get(answer)
        if run is None:
            return refuse("no-answer", f"the answer `{answer[:40]}` is not kept any more", "ask again")
        if not run.work.floors:
            return refuse("not-done", "its futures are not known yet", "wait for the answer")
        chosen = chosen_future(run.work.floors, floor, number)
        if isinstance(chosen, Refusal):
            return chosen
        if not self._drawing.acquire(blocking=False):
            return refuse("busy", "two futures are being looked at", "ask again in a moment")
        try:
            return make(run, chosen[1])
        except Unrunnable as error:
            return refuse("cannot-run", str(error), "choose another replication")
        finally:
            self._drawing.release()


def _worded(question: Simulate, hours: float) -> Any:
    """The simulator's own question.

    Raises:
        ValueError: the wanted precision is none.
    """
    from andon.models.simulate.question import Question, width_of  # noqa: PLC0415 - the simulator is an optional part

    return Question(
        horizon_s=hours * 3600.0,
        replications=question.replications,
        seed=question.seed,
        overrides=dict(question.changes),
        against=tuple(dict(one) for one in question.against),
        until=width_of(f"{question.of}±{question.until}") if question.until else None,
        decided=question.of if question.decided else "",
        select=question.of if question.select else "",
        indifference=question.indifference,
        confidence=question.confidence,
        replications_max=question.replications_max,
        bottleneck=question.bottleneck,
    )
