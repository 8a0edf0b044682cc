"""The twin as everybody sees it: the desk, put together from floor, records, authority and outlook."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from andon.adapters.clock import SiteClock, SiteTime
from andon.adapters.ledger_store import SqliteLedger
from andon.app.acts import Acts, Gateway
from andon.app.floor import Floor
from andon.authority.compute import compute, compute_all
from andon.authority.facts import Authority, Facts, GatewayFact, SignalFact
from andon.authority.past import compute_at
from andon.authority.records import RecordView
from andon.core.ids import Ids
from andon.core.refusals import Refusal, refuse
from andon.core.time import Nanos, nanos
from andon.ledger.record import NewRecord, Record
from andon.operate import replies
from andon.operate.outcome import Outcome
from andon.operate.port import Done, Point, Request, Simulator, Who
from andon.operate.roles import standing
from andon.operate.simulation import NoSimulator, kept_record, recorded
from andon.site.model import Site
from andon.sync.view import SignalView

TICK_S = 1.0
BOUNDS_SIGNERS = frozenset({"engineer", "supervisor", "safety"})
BOUNDS_SIGNERS_MIN = 2
CLOCK_WAIT_S = 10.0
GATEWAY_FACT_S = 0.5
"""How old the gateway's last word may be before it is asked again."""


class GatewayWithFacts(Gateway, Protocol):
    """A gateway that can also be asked how it stands, and given its bounds."""

    def bounds(self) -> dict[str, Any]:
        """The bounds that this site describes, and who has signed them."""
        ...

    def sign_bounds(self, person: str, signature: str) -> None:
        """Add one person's signature."""
        ...

    def fact(self) -> GatewayFact:
        """What it says of itself now."""
        ...


class Outlook(Protocol):
    """Forecasts and drift alarms, made on a thread of their own."""

    trouble: str
    """Why the last forecast failed; empty when it did not."""

    def forecast(self) -> Mapping[str, Any] | None:
        """The latest forecast."""
        ...

    def alarms(self) -> Sequence[Mapping[str, Any]]:
        """Drifts that are to be put on record."""
        ...


class TwinDesk:
    """Implements `operate.port.Desk`."""

    def __init__(
        self,
        site: Site,
        floor: Floor,
        ledger: SqliteLedger,
        gateway: GatewayWithFacts,
        clock: SiteClock,
        ids: Ids,
        running: Mapping[str, str],
        mode: Literal["live", "replay"],
    ) -> None:
        self._site = site
        self._floor = floor
        self._ledger = ledger
        self._gateway = gateway
        self._clock = clock
        self._running = dict(running)
        self._mode: Literal["live", "replay"] = mode
        self._fact = GatewayFact(False, "not asked yet")
        self._fact_at = -(10**18)
        self._outlook: Outlook | None = None
        self._simulator: Simulator = NoSimulator()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="tick", daemon=True)
        self.trouble = ""
        """The last thing that went wrong in a tick, for the alarms; empty when the last one went well."""
        self.acts = Acts(site, ledger, gateway, self.facts, clock, ids)

    # --- life

    def start(self, outlook: Outlook | None, simulator: Simulator | None = None) -> None:
        """Begin: once site time is known, the start goes on record and what was in flight is recovered; then ticks."""
        self._outlook = outlook
        self._simulator = simulator or self._simulator
        self._thread.start()

    def _await_clock(self) -> None:
        """A virtual or replayed source brings its own clock; nothing is stamped before it is known, within reason.

        A parent that started the plant has told it already: then there is nothing to wait for.
        """
        if self._mode == "live" and not any(s.virtual for s in self._site.sources):
            return
        until = self._clock.monotonic() + nanos(CLOCK_WAIT_S)
        while self._clock.mapping == SiteTime() and self._clock.monotonic() < until:
            if self._stop.wait(0.05):
                return

    def _begin(self) -> bool:
        """Put the start on record and recover. False when it could not be recorded: then it is tried again."""
        started = NewRecord(
            "run.started",
            "",
            {
                "mbom": dict(self._running),
                "baseline_parts": dict(self._site.digests),
                "mode": self._mode,
                "speed": float(self._clock.mapping.speed),
            },
        )
        if isinstance(self.acts.carry(lambda _world: Outcome((started,))), Refusal):
            return False
        self.acts.recover()
        return True

    def stop(self) -> None:
        """Stop ticking."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _tick(self) -> None:
        self._await_clock()
        begun = False
        wait_s = 0.0
        mapping = self._clock.mapping
        while not self._stop.wait(wait_s):
            wait_s = TICK_S
            if self._clock.mapping != mapping:
                # Site time has jumped: what was counted in it since the start (such as the grace) begins anew.
                mapping = self._clock.mapping
                self.acts.forget()
            try:
                begun = begun or self._begin()
                self.acts.tick(self._outlook.alarms() if self._outlook else ())
            except Exception as error:  # noqa: BLE001 - a tick that fails must not end the ticking; it becomes an alarm
                self.trouble = f"the last look at authority failed: {error}"
            else:
                self.trouble = ""

    # --- Desk

    def site(self) -> Site:
        """The site as read at start."""
        return self._site

    def facts(self) -> Facts:
        """What is true now; the gateway's word is at most half a second old."""
        now = self._clock.now()
        signals = {v.signal: _fact(v) for v in self._floor.views()}
        writable = {s.source for s in self._site.signals if s.writable}
        return Facts(
            at=now,
            mode=self._mode,
            speed=self._clock.mapping.speed,
            virtual=all(s.virtual for s in self._site.sources if s.id in writable),
            signals=signals,
            gateway=self._gateway_fact(),
            running=self._running,
        )

    def _gateway_fact(self) -> GatewayFact:
        now = self._clock.monotonic()
        if now - self._fact_at > nanos(GATEWAY_FACT_S):
            self._fact = self._gateway.fact()
            self._fact_at = now
        return self._fact

    def views(self) -> Sequence[SignalView]:
        """Every signal as it stands now."""
        return self._floor.views()

    def quarantine(self) -> Sequence[Mapping[str, Any]]:
        """What was set aside, counted."""
        return self._floor.quarantine()

    def sources(self) -> Sequence[Mapping[str, Any]]:
        """Every source: up or down, since when and why; and the parts of the twin itself that are in trouble."""
        outlook = self._outlook.trouble if self._outlook is not None else ""
        parts = {"history": self._floor.trouble, "authority": self.trouble, "forecast": outlook}
        own = [{"id": f"twin-{part}", "kind": "twin", "up": False, "why": why} for part, why in parts.items() if why]
        return [*self._floor.sources(), *own]

    def trend(self, signal: str, since: Nanos, until: Nanos, points: int = 300) -> Sequence[Point]:
        """History of one signal, thinned."""
        return self._floor.trend(signal, since, until, points)

    def authorities(self) -> Sequence[Authority]:
        """Authority of every use, computed now."""
        return tuple(compute_all(self.acts.view, self.facts(), self._site).values())

    def authority(self, use: str, at: Nanos | None = None) -> Authority | Refusal:
        """Authority of one use now; or at a past time as the records of then have it."""
        if self._site.use(use) is None:
            known = ", ".join(u.id for u in self._site.uses)
            return refuse("no-use", f"no context of use `{use}`", f"choose one of: {known}")
        if at is None:
            return compute(use, self.acts.view, self.facts(), self._site)
        view = RecordView.of(self._ledger.records(), until=at)
        return compute_at(use, view, at, self._site)

    def records(self, kind: str = "", last: int = 200, start: int = 0) -> Sequence[Record]:
        """Records from `start` on whose kind is `kind` or begins with it, the last so many."""
        found = self._ledger.records(start)
        if kind:
            found = [r for r in found if r.kind == kind or r.kind.startswith(f"{kind}.")]
        return found[-last:] if last > 0 else []

    def forecast(self) -> Mapping[str, Any] | None:
        """The latest forecast of the shift."""
        return self._outlook.forecast() if self._outlook else None

    @property
    def simulator(self) -> Simulator:
        """The simulator, with what it may be asked."""
        return self._simulator

    def note(self, record: NewRecord) -> Done | Refusal:
        """Put one record there that has no effect but to be there."""
        return self.acts.carry(recorded([record]))

    def keep_answer(self, answer: str, reason: str, who: Who) -> Done | Refusal:
        """Put an answer on record. A person does, with a reason, when the answer is whole."""
        asked = self._simulator.asked(answer)
        if asked is None:
            return refuse("no-answer", f"the answer `{answer[:40]}` is not there any more", "ask again")
        if not who.person:
            return refuse("not-signed-in", "an answer is kept by a person", "sign in with your own name")
        if not reason.strip():
            return refuse("reason", "an answer is kept for a reason", "say what it is used for")
        if asked.answer is None or not asked.over:
            return refuse("not-done", "the answer is not whole yet", "wait for it, or stop it")
        kept = self._simulator.keep(answer)
        if isinstance(kept, Refusal):
            return kept
        message = "the answer is on record, with the command that repeats it"
        return self.acts.carry(recorded([kept_record(kept, reason.strip(), who)], message))

    def recommendations(self) -> Sequence[Mapping[str, Any]]:
        """Open recommendations, newest first."""
        return replies.recommendations(self.acts.view, self._clock.now())

    def commands(self) -> Sequence[Mapping[str, Any]]:
        """Commands, newest first."""
        return replies.commands(self.acts.view)

    def challenges(self) -> Sequence[Mapping[str, Any]]:
        """Challenges, open ones first."""
        return replies.challenges(self.acts.view)

    def halts(self) -> Sequence[Mapping[str, Any]]:
        """Halts in force."""
        return replies.halts(self.acts.view)

    def proof(self, index: int) -> Mapping[str, Any] | Refusal:
        """An offline receipt for one record."""
        try:
            return self._ledger.prove(index).as_json()
        except (ValueError, OSError) as error:
            return refuse("no-record", str(error), "see the list of records")

    def bounds(self) -> Mapping[str, Any]:
        """The gateway's bounds as this site describes them, and who has signed."""
        return self._gateway.bounds()

    def sign_bounds(self, who: Who, signature: str) -> Done | Refusal:
        """Add one person's signature, on record first; two different people are needed."""
        held = self._gateway.bounds()
        if not BOUNDS_SIGNERS & standing(self._site, who):
            listed = ", ".join(sorted(BOUNDS_SIGNERS))
            return refuse("role", f"`{who.person}` may not sign bounds", f"let one of these sign: {listed}")
        if not held["rows"]:
            return refuse("no-bounds", "this site has no writable signal", "nothing is there to sign")
        payload = {"person": who.person, "document": held["document"], "rows": len(held["rows"])}
        record = NewRecord("gateway.bounds.signed", who.person, payload)
        answer = self.acts.carry(lambda _world: Outcome((record,)))
        if isinstance(answer, Refusal):
            return answer
        try:
            self._gateway.sign_bounds(who.person, signature)
        except OSError as error:
            return refuse("gateway-folder", f"the gateway's folder cannot be written ({error})", "mend its permissions")
        signers = self._gateway.bounds()["signers"]
        more = "the gateway holds them now" if len(signers) >= BOUNDS_SIGNERS_MIN else "a second person signs, too"
        return Done(answer.records, f"signed by {', '.join(signers)}; {more}")

    def submit(self, request: Request, who: Who) -> Done | Refusal:
        """The one path for every act."""
        answer = self.acts.submit(request, who)
        self._fact_at = -(10**18)
        return answer


def _fact(view: SignalView) -> SignalFact:
    return SignalFact(
        view.signal, view.value, view.quality, view.fresh, view.why, view.origin, view.age_s or 0.0, view.source_time
    )
