"""The only shell that acts: appends records, then runs effects, then tells the person. One act at a time.

A halt is the exception, on purpose: it reaches the gateway before anything else is waited for.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from andon.authority.facts import Authority, Facts
from andon.authority.records import RecordView
from andon.core.ids import Ids
from andon.core.refusals import Refusal
from andon.core.time import Clock
from andon.ledger.record import AlreadyRecorded, Ledger, Record
from andon.operate.commands import recover
from andon.operate.handle import effect_result, handle, not_recorded, raced
from andon.operate.outcome import (
    Effect,
    FenceAndAsk,
    HaltGateway,
    Outcome,
    RaiseEpoch,
    ResetGateway,
    ResolveGateway,
    Result,
    SendCommand,
    World,
)
from andon.operate.port import Done, Halt, Request, Who
from andon.operate.tick import Memory, tick
from andon.site.model import Site

STEPS_MAX = 200
"""Outcomes that one request may lead to: a bound on what effects and their results can set off."""


class Gateway(Protocol):
    """What the shell needs of the one process that writes to machines. Never raises: a failure is a result."""

    def raise_epoch(self, effect: RaiseEpoch) -> Result:
        """Void every permit signed so far."""
        ...

    def halt(self, effect: HaltGateway) -> Result:
        """Latch a halt."""
        ...

    def reset(self, effect: ResetGateway) -> Result:
        """End halts, with two people's signatures."""
        ...

    def send(self, effect: SendCommand) -> Result:
        """Sign a permit and hand it over, once."""
        ...

    def fence_and_ask(self, effect: FenceAndAsk) -> Result:
        """Raise the epoch, then ask what became of a command."""
        ...

    def resolve(self, effect: ResolveGateway) -> Result:
        """Tell what a person found."""
        ...


class Acts:
    """Requests in, records and effects out."""

    def __init__(
        self, site: Site, ledger: Ledger, gateway: Gateway, facts: Callable[[], Facts], clock: Clock, ids: Ids
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._gateway = gateway
        self._facts = facts
        self._clock = clock
        self._ids = ids
        self._lock = threading.RLock()
        self._memory = Memory()
        self._seen: Facts | None = None
        self.view = RecordView.of(ledger.records())

    def world(self) -> World:
        """Everything that an answer may rest on, as it is now."""
        self._seen = self._facts()
        return World(self._site, self.view, self._seen)

    def submit(self, request: Request, who: Who) -> Done | Refusal:
        """One request, from whoever asks."""
        if isinstance(request, Halt):
            return self._halt(request, who)
        with self._lock:
            answer = handle(request, who, self.world(), self._ids)
            return answer if isinstance(answer, Refusal) else self._carry(answer)

    def _halt(self, request: Halt, who: Who) -> Done | Refusal:
        """First the gateway, with no lock and no ledger; then the record of what it answered."""
        # A halt rests on nothing but the site: it must not wait for a gateway that is asked how it stands.
        world = World(self._site, self.view, self._seen) if self._seen is not None else self.world()
        answer = handle(request, who, world, self._ids)
        if isinstance(answer, Refusal):
            return answer
        results = [(effect, self._run(effect)) for effect in answer.effects]
        with self._lock:
            done = Done((), answer.message, answer.detail)
            for effect, result in results:
                outcome = effect_result(effect, result, self.world())
                more = self._carry(outcome)
                if isinstance(more, Refusal):
                    if not result.ok:
                        return more
                    # It holds: whoever pulled it must hear that, whatever the disk says. A tick records it later.
                    more = Done((), f"{outcome.message} (not on record yet: {more.sentence()})", outcome.detail)
                done = Done((*done.records, *more.records), more.message or done.message, more.detail or done.detail)
        return done

    def tick(self, alarms: Sequence[Mapping[str, Any]] = ()) -> Mapping[str, Authority]:
        """Look at everything once: what was lost, confirmed, overdue. Returns authority as computed."""
        with self._lock:
            ticked = tick(self.world(), self._memory, alarms)
            self._memory = ticked.memory
            self._carry(ticked.outcome)
            return ticked.authorities

    def forget(self) -> None:
        """Begin to count time anew, as after a start: the clock is another one now."""
        with self._lock:
            self._memory = Memory()

    def recover(self) -> None:
        """After a start: find out what became of every command in flight."""
        with self._lock:
            self._carry(recover(self.world()))

    def carry(self, make: Callable[[World], Outcome | Refusal]) -> Done | Refusal:
        """Carry out what a pure function of the world wants."""
        with self._lock:
            answer = make(self.world())
            return answer if isinstance(answer, Refusal) else self._carry(answer)

    def _carry(self, first: Outcome) -> Done | Refusal:
        todo = deque([first])
        made: list[Record] = []
        message, detail = first.message, first.detail
        for _ in range(STEPS_MAX):
            if not todo:
                return Done(tuple(made), message, detail)
            outcome = todo.popleft()
            try:
                made.extend(self._record(outcome))
            except AlreadyRecorded:
                return raced()
            except OSError as error:
                return not_recorded(str(error))
            if outcome.message:
                message, detail = outcome.message, outcome.detail
            for effect in outcome.effects:
                todo.append(effect_result(effect, self._run(effect), self.world()))
        raise RuntimeError(f"one request led to more than {STEPS_MAX} outcomes")

    def _record(self, outcome: Outcome) -> tuple[Record, ...]:
        if not outcome.records:
            return ()
        records = self._ledger.append(outcome.records, self._clock.now())
        for record in records:
            self.view.add(record)
        return records

    def _run(self, effect: Effect) -> Result:
        match effect:
            case RaiseEpoch():
                return self._gateway.raise_epoch(effect)
            case HaltGateway():
                return self._gateway.halt(effect)
            case ResetGateway():
                return self._gateway.reset(effect)
            case SendCommand():
                return self._gateway.send(effect)
            case FenceAndAsk():
                return self._gateway.fence_and_ask(effect)
            case ResolveGateway():
                return self._gateway.resolve(effect)
