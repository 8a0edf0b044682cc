"""The gateway's promises I1 to I6 over its own step function: a dumb device, a lossy wire, a crash at every fsync.

I1 nothing is sent without a durable intent; I2 nothing is sent on old authority, outside bounds or late; I3 nothing is
sent under a halt; I4 what takes effect after a halt was named in its answer; I5 a command takes effect at most once;
I6 what was declared void never takes effect.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from andon.core.canonical import canonical
from andon.gateway.bounds import read_bounds
from andon.gateway.decide import step
from andon.gateway.restore import restore, standing, were_reset
from andon.gateway.state import (
    ENDED,
    Asked,
    Begin,
    Broken,
    Durable,
    Effect,
    Event,
    FilesRead,
    HaltAsked,
    Latch,
    Live,
    Note,
    Phase,
    RaiseEpoch,
    Read,
    Reply,
    ResetAsked,
    ResolveAsked,
    SaveEpoch,
    Settle,
    Settled,
    State,
    WasRead,
    Write,
    Wrote,
)
from andon.protocols.permit import Permit, bounds_statement, reset_statement, sign_permit

TWIN, AMINA, JONAS = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
PEOPLE = {"amina": AMINA.public_key().public_bytes_raw(), "jonas": JONAS.public_key().public_bytes_raw()}
SIGNALS = ("oven-1.setpoint", "oven-2.setpoint")
ROWS = [
    {
        "signal": signal,
        "element": signal.split(".", 1)[0],
        "source": "plant",
        "address": signal,
        "type": "float",
        "unit": "Cel",
        "min": 0,
        "max": 100,
        "max_rate": None,
        "permissive_signal": None,
    }
    for signal in SIGNALS
]
DOCUMENT = {
    "v": 1,
    "sources": {"plant": {"url": "opc.tcp://x", "security": "none"}},
    "signals": ROWS,
    "permissives": {},
}
_STATEMENT = bounds_statement(DOCUMENT)
BOUNDS = read_bounds(
    canonical(
        {
            "document": DOCUMENT,
            "signatures": {"amina": AMINA.sign(_STATEMENT).hex(), "jonas": JONAS.sign(_STATEMENT).hex()},
        }
    ),
    PEOPLE,
)
MS = 1_000_000


class CrashError(Exception):
    """The process ends here: what is in memory is gone, what is on disk stays."""


class Gateway(RuleBasedStateMachine):
    """The shell's part is played here, one effect at a time; the decisions are the product's own."""

    @initialize()
    def start(self) -> None:
        self.now = 10_000_000_000
        self.journal: list[dict[str, Any]] = []
        self.saved_epoch = 0
        self.latch: list[tuple[bytes, dict[str, Any] | None]] = []
        self.by_hand = b""
        self.touched = False
        self.last: Permit | None = None
        self.bounds_there = True
        self.device = dict.fromkeys(SIGNALS, 20.0)
        self.reachable = True
        self.wire: list[tuple[str, str, float]] = []
        self.waiting: list[Effect] = []
        self.effects_of: Counter[str] = Counter()
        self.crash_in = 0
        self.serial = 0
        self.floor = 0
        self.latched_for_sure: set[str] = set()
        self.named: set[str] | None = None
        self.boot()

    # --- the shell

    def boot(self) -> None:
        self.waiting = []
        state, settles = restore(self.journal, self.saved_epoch, self.now, "boot")
        self.state, _ = step(state, self.files(), self.now)
        self.saved_epoch = self.state.epoch
        self.waiting += settles
        assert self.state.epoch > self.floor
        assert self.latched_for_sure <= {halt.id for halt in self.state.halts}

    def files(self) -> FilesRead:
        public = TWIN.public_key().public_bytes_raw()
        bounds = BOUNDS if self.bounds_there else None
        return FilesRead(public, PEOPLE, bounds, "" if bounds else "gone", standing(self.latch), were_reset(self.latch))

    def fsync(self) -> None:
        if self.crash_in:
            self.crash_in -= 1
            if not self.crash_in:
                raise CrashError

    def feed(self, event: Event) -> None:
        try:
            self._feed(event)
        except CrashError:
            self.boot()

    def _feed(self, event: Event) -> None:
        before = self.state.epoch
        self.state, effects = step(self.state, event, self.now)
        assert self.state.epoch >= before
        for effect in effects:
            match effect:
                case SaveEpoch():
                    self.fsync()
                    self.saved_epoch = effect.epoch
                    self.fsync()
                case Latch():
                    self.fsync()
                    self.latch.append((b"", dict(effect.entry)))
                    self.fsync()
                case Note() | Begin():
                    self.fsync()
                    self.journal.append({**effect.entry, "at": str(self.now), "boot": "boot"})
                    self.fsync()
                    if effect.entry["do"] == "void" and not self.touched:
                        assert not self.effects_of[effect.entry["command"]], "I6"
                    if isinstance(effect, Begin):
                        if self.by_hand:
                            self.latch.append((self.by_hand, None))
                            self.by_hand = b""
                        self._feed(self.files())
                        self._feed(Durable(effect.command.id))
                case Write():
                    self.send(effect)
                case Reply():
                    self.answered(effect)
                case Read() | Settle():
                    self.waiting.append(effect)

    def send(self, effect: Write) -> None:
        permit = effect.command.permit
        assert permit is not None
        begun = [entry for entry in self.journal if entry["do"] == "begun" and entry["command"] == permit.command]
        assert len(begun) == 1, "I1"
        assert permit.epoch == self.state.epoch, "I2"
        assert self.now <= permit.deadline <= self.now + 500 * MS, "I2"
        assert self.state.bounds is not None, "I2"
        assert 0 <= float(permit.value) <= 100, "I2"
        element = permit.signal.split(".", 1)[0]
        assert not {halt.scope for halt in self.state.halts} & {"site", "machining", element}, "I3"
        others = {c.phase for c in self.state.commands.values() if c.element == element and c.id != permit.command}
        assert not others - ENDED, "one command an element at a time"
        self.wire.append((permit.command, permit.signal, float(permit.value)))

    def answered(self, effect: Reply) -> None:
        if effect.body.get("ok") and "epoch" in effect.body:
            self.floor = effect.body["epoch"]
            assert self.saved_epoch == self.floor, "on disk before it is answered"
        if effect.body.get("ok") and "halt" in effect.body:
            self.latched_for_sure.add(effect.body["halt"])
        if "in_flight" in effect.body:
            assert {command for command, _, _ in self.wire} <= set(effect.body["in_flight"]), "I4"

    # --- what can happen

    def permit(self, signal: str, value: float, **changes: Any) -> Permit:
        fields: dict[str, Any] = {
            "command": f"C-{self.serial}",
            "epoch": self.state.epoch,
            "baseline": "",
            "signal": signal,
            "value": value,
            "unit": "Cel",
            "expected": self.device[signal],
            "tolerance": 0.5,
            "min": None,
            "max": None,
            "deadline": self.now + 400 * MS,
        }
        return Permit(**{**fields, **changes})

    def ask(self, permit: Permit) -> None:
        self.last = permit
        self.feed(Asked(1, sign_permit(permit, TWIN)))

    @rule(
        signal=st.sampled_from(SIGNALS),
        value=st.sampled_from([10.0, 30.0, 99.0]),
        at_once=st.sampled_from([True, True, False]),
    )
    def ask_well(self, signal: str, value: float, at_once: bool) -> None:
        self.serial += 1
        self.ask(self.permit(signal, value))
        if at_once and any(isinstance(effect, Read) for effect in self.waiting):
            self.machine_answers(lost=False)

    @rule(
        signal=st.sampled_from(SIGNALS),
        value=st.sampled_from([30.0, 101.0]),
        old=st.integers(0, 1),
        life=st.sampled_from([0, 400, 500, 501]),
        off=st.sampled_from([0.0, 5.0]),
    )
    def ask_badly(self, signal: str, value: float, old: int, life: int, off: float) -> None:
        self.serial += 1
        changes = {"epoch": max(0, self.state.epoch - old), "expected": self.device[signal] + off}
        self.ask(self.permit(signal, value, deadline=self.now + life * MS, **changes))

    @precondition(lambda self: self.last)
    @rule(fresh=st.booleans())
    def ask_the_same_again(self, fresh: bool) -> None:
        """The same bytes, or the same id signed anew."""
        permit = self.last
        if fresh:
            now = {"epoch": self.state.epoch, "deadline": self.now + 400 * MS}
            permit = replace(permit, expected=self.device[permit.signal], **now)
        self.feed(Asked(1, sign_permit(permit, TWIN)))

    @precondition(lambda self: any(isinstance(effect, Read) for effect in self.waiting))
    @rule(lost=st.sampled_from([False, False, False, True]))
    def machine_answers(self, lost: bool) -> None:
        effect = next(effect for effect in self.waiting if isinstance(effect, Read))
        self.waiting.remove(effect)
        live = None if lost or not self.reachable else self.reading(effect.bound.signal)
        self.feed(WasRead(effect.command.id, live, None))

    @precondition(lambda self: self.wire)
    @rule(which=st.integers(0, 5), answer=st.sampled_from(["good", "good", "lost", "unread", "lies"]))
    def write_arrives(self, which: int, answer: str) -> None:
        command, signal, value = self.wire.pop(which % len(self.wire))
        if answer != "lies":
            voided = [e for e in self.journal if e["command"] == command and e["do"] == "void"]
            assert not voided, "I6"
            self.effects_of[command] += 1
            assert self.effects_of[command] == 1, "I5"
            self.device[signal] = value
        if answer in {"good", "lies"}:
            self.feed(Wrote(command, "good", self.reading(signal)))
        elif answer == "unread":
            self.feed(Wrote(command, "good", None))
        else:
            self.feed(Wrote(command, "unknown", None, "no answer"))

    @precondition(lambda self: self.wire)
    @rule(which=st.integers(0, 5), gone=st.booleans())
    def answer_does_not_come(self, which: int, gone: bool) -> None:
        """The write is still on its way, or lost for good, when the gateway stops waiting."""
        item = self.wire[which % len(self.wire)]
        if gone:
            self.wire.remove(item)
        self.feed(Wrote(item[0], "unknown", None, "no answer"))

    @precondition(lambda self: any(isinstance(effect, Settle) for effect in self.waiting))
    @rule()
    def fence_and_look(self) -> None:
        """After the fence nothing of the old session arrives: that is what fencing and waiting are for."""
        effect = next(effect for effect in self.waiting if isinstance(effect, Settle))
        self.waiting.remove(effect)
        self.wire = [item for item in self.wire if item[0] != effect.command.id]
        self.feed(Settled(effect.command.id, self.reading(effect.command.signal) if self.reachable else None))

    @precondition(lambda self: self.state.halts)
    @rule(people=st.sampled_from([("amina", "jonas"), ("amina", "jonas"), ("amina",)]))
    def reset(self, people: tuple[str, ...]) -> None:
        names = [halt.id for halt in self.state.halts]
        keys = {"amina": AMINA, "jonas": JONAS}
        signatures = {name: keys[name].sign(reset_statement(names, "checked")).hex() for name in people}
        if len(people) == 2:
            self.latched_for_sure -= set(names)
        self.feed(ResetAsked(3, tuple(names), "checked", signatures))

    @rule(
        what=st.sampled_from(
            [
                "halt",
                "halt",
                "challenge",
                "bounds gone",
                "late",
                "person",
                "away",
                "crash",
                "crash soon",
                "disk",
                "latch by hand",
            ]
        ),
        much=st.integers(1, 6),
    )
    def something_happens(self, what: str, much: int) -> None:
        match what:
            case "halt":
                self.feed(HaltAsked(2, ("site", "oven-1", "machining")[much % 3], "tom", ""))
            case "challenge":
                self.feed(RaiseEpoch(4, "challenge"))
            case "bounds gone":
                self.bounds_there = False
                self.feed(self.files())
            case "late":
                self.now += 501 * MS
            case "person":
                self.device[SIGNALS[much % 2]] = 55.0
                self.touched = True  # a hand on the machine can undo what a command did
            case "away":
                self.reachable = False
            case "crash":
                self.boot()
            case "crash soon":
                self.crash_in = much
            case "disk":
                self.feed(Broken("disk full"))
            case "latch by hand":
                self.by_hand = b"halt %d" % much

    @rule()
    def all_is_well_again(self) -> None:
        self.reachable = True
        if not self.bounds_there:
            self.bounds_there = True
            self.feed(self.files())
        if self.state.broken:
            self.boot()
        if self.state.halts:
            self.reset(("amina", "jonas"))
        for effect in [effect for effect in self.waiting if isinstance(effect, Settle)]:
            if effect in self.waiting:
                self.fence_and_look()
        self.now += MS

    @precondition(lambda self: any(c.phase == Phase.INDETERMINATE for c in self.state.commands.values()))
    @rule(done=st.booleans())
    def person_resolves(self, done: bool) -> None:
        stuck = next(c.id for c in self.state.commands.values() if c.phase == Phase.INDETERMINATE)
        self.wire = [item for item in self.wire if item[0] != stuck]
        self.feed(ResolveAsked(5, stuck, done, "jonas", "looked"))

    def reading(self, signal: str) -> Live:
        return Live(self.device[signal], good=True, status="Good")

    @invariant()
    def what_is_on_disk_and_what_is_known_agree(self) -> None:
        state: State | None = getattr(self, "state", None)
        if state is None:
            return
        begun = Counter(entry["command"] for entry in self.journal if entry["do"] == "begun")
        assert all(count == 1 for count in begun.values()), "an id begins once"
        for command, count in self.effects_of.items():
            assert count <= 1, "I5"
            assert begun[command] == 1, "I1"
        assert self.saved_epoch >= self.floor
        for name in begun:
            assert state.commands[name].phase != Phase.CHECKING


Gateway.TestCase.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
TestGateway = Gateway.TestCase


@pytest.mark.proof
def test_many_more_histories() -> None:
    run_state_machine_as_test(
        Gateway, settings=settings(max_examples=5_000, stateful_step_count=80, deadline=None, derandomize=False)
    )
