"""The gateway's promises I1 to I6 over its own step function: a dumb device, a lossy wire, a crash at every fsync.

I1 nothing is sent without a durable intent; I2 nothing is sent on old authority, outside bounds or late; I3 nothing is
sent under a halt; I4 what takes effect after a halt was named in its answer; I5 a command takes effect at most once;
I6 what was declared void never takes effect.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from andon.core.canonical import canonical
from andon.gateway.bounds import read_bounds
from andon.gateway.checks import covers
from andon.gateway.decide import step
from andon.gateway.restore import restore, standing
from andon.gateway.state import (
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
        self.latch: list[tuple[bytes, dict[str, Any]]] = []
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
        return FilesRead(public, PEOPLE, bounds, "" if bounds else "gone", standing(self.latch))

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
                    if isinstance(effect, Begin):
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
        assert not any(covers(self.state, halt, effect.bound) for halt in self.state.halts), "I3"
        self.wire.append((permit.command, permit.signal, float(permit.value)))

    def answered(self, effect: Reply) -> None:
        if effect.body.get("ok") and "epoch" in effect.body:
            self.floor = effect.body["epoch"]
        if effect.body.get("ok") and "halt" in effect.body:
            self.latched_for_sure.add(effect.body["halt"])
        if "in_flight" in effect.body:
            assert {command for command, _, _ in self.wire} <= set(effect.body["in_flight"]), "I4"

    # --- what can happen

    @rule(
        signal=st.sampled_from(SIGNALS),
        value=st.sampled_from([10.0, 30.0, 99.0, 101.0]),
        old=st.integers(0, 2),
        life=st.sampled_from([1, 400, 500, 501]),
        again=st.booleans(),
        off=st.sampled_from([0.0, 0.0, 0.0, 5.0]),
    )
    def ask(self, signal: str, value: float, old: int, life: int, again: bool, off: float) -> None:
        self.serial += 0 if again and self.serial else 1
        permit = Permit(
            command=f"C-{self.serial}",
            epoch=max(0, self.state.epoch - (old == 2)),
            baseline="",
            signal=signal,
            value=value,
            unit="Cel",
            expected=self.device[signal] + off,
            tolerance=0.5,
            min=None,
            max=None,
            deadline=self.now + life * MS,
        )
        self.feed(Asked(1, sign_permit(permit, TWIN)))

    @precondition(lambda self: any(isinstance(effect, Read) for effect in self.waiting))
    @rule(which=st.integers(0, 5), lost=st.sampled_from([False, False, False, True]))
    def machine_answers(self, which: int, lost: bool) -> None:
        reads = [effect for effect in self.waiting if isinstance(effect, Read)]
        effect = reads[which % len(reads)]
        self.waiting.remove(effect)
        live = None if lost or not self.reachable else self.reading(effect.bound.signal)
        self.feed(WasRead(effect.command.id, live, None))

    @precondition(lambda self: self.wire)
    @rule(which=st.integers(0, 5), answer=st.sampled_from(["good", "lost", "unread", "lies"]))
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
    @rule(which=st.integers(0, 5))
    def answer_does_not_come(self, which: int) -> None:
        """The write is still on its way when the gateway stops waiting."""
        command, _, _ = self.wire[which % len(self.wire)]
        self.feed(Wrote(command, "unknown", None, "no answer"))

    @precondition(lambda self: self.wire)
    @rule(which=st.integers(0, 5))
    def write_is_lost(self, which: int) -> None:
        self.wire.pop(which % len(self.wire))

    @precondition(lambda self: any(isinstance(effect, Settle) for effect in self.waiting))
    @rule(which=st.integers(0, 5))
    def fence_and_look(self, which: int) -> None:
        """After the fence nothing of the old session arrives: that is what fencing and waiting are for."""
        settles = [effect for effect in self.waiting if isinstance(effect, Settle)]
        effect = settles[which % len(settles)]
        self.waiting.remove(effect)
        self.wire = [item for item in self.wire if item[0] != effect.command.id]
        self.feed(Settled(effect.command.id, self.reading(effect.command.signal) if self.reachable else None))

    @rule(scope=st.sampled_from(["site", "oven-1", "machining"]))
    def halt(self, scope: str) -> None:
        self.feed(HaltAsked(2, scope, "tom", ""))

    @precondition(lambda self: self.state.halts)
    @rule(people=st.sampled_from([(), ("amina",), ("amina", "jonas")]))
    def reset(self, people: tuple[str, ...]) -> None:
        halt = self.state.halts[0].id
        keys = {"amina": AMINA, "jonas": JONAS}
        signatures = {name: keys[name].sign(reset_statement(halt, "checked")).hex() for name in people}
        if len(people) == 2:
            self.latched_for_sure.discard(halt)
        self.feed(ResetAsked(3, (halt,), "checked", signatures))

    @rule()
    def challenge(self) -> None:
        self.feed(RaiseEpoch(4, "challenge"))

    @rule(there=st.booleans())
    def bounds_file(self, there: bool) -> None:
        self.bounds_there = there
        self.feed(self.files())

    @rule(ms=st.sampled_from([1, 100, 501]))
    def time_passes(self, ms: int) -> None:
        self.now += ms * MS

    @rule(signal=st.sampled_from(SIGNALS), value=st.sampled_from([20.0, 55.0]))
    def person_at_the_machine(self, signal: str, value: float) -> None:
        self.device[signal] = value

    @rule(there=st.booleans())
    def machine_comes_and_goes(self, there: bool) -> None:
        self.reachable = there

    @rule(fsyncs=st.integers(1, 6))
    def crash_soon(self, fsyncs: int) -> None:
        self.crash_in = fsyncs

    @rule()
    def crash_now(self) -> None:
        self.boot()

    @rule()
    def disk_refuses(self) -> None:
        self.feed(Broken("disk full"))
        self.boot()

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


Gateway.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestGateway = Gateway.TestCase
