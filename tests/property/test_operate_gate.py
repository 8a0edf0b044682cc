"""The gate as a state machine with two processes, crashes at every step, a dumb device and a network that loses.

Mirrors `gate.pml` over the real code: `operate.handle`, `tick`, `recover`, `effect_result`, the fold of the records.
The shell is taken apart into single steps (append, hand a permit to the wire, deliver it, bring the answer back), and
anything may happen between any two of them: a crash of the twin, a halt, a challenge, a change, a late packet.

I1 sent only after the intent is durable; I2 sent only on current authority; I3 nothing is sent under a halt; I4 nothing
takes effect after the latch, or with an old epoch; I5 at most one effect for each command; I6 void is never executed.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from small_world import AMINA, EVIDENCE, JONAS, KIOSK, MARIA, TOM, TWIN, USE, WRITE, Shell, site

from andon.authority.records import RecordView
from andon.authority.transitions import held
from andon.core.refusals import Refusal
from andon.core.time import SECOND, Nanos
from andon.dispatch.command import all_commands
from andon.ledger.record import AlreadyRecorded
from andon.operate import port
from andon.operate.commands import recover
from andon.operate.handle import effect_result, handle
from andon.operate.outcome import Effect, FenceAndAsk, Outcome, Result, SendCommand
from andon.operate.tick import Memory, tick
from andon.site.model import Tier

TWO = port.Who("jonas2", ("engineer", "supervisor"))


class Gate(RuleBasedStateMachine):
    """One twin that may crash between any two steps, one gateway, one device that remembers nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.shell = Shell()
        self.todo: list[Outcome | Effect] = []
        self.wire: list[SendCommand] = []
        self.refused_permits: list[SendCommand] = []
        self.answers: list[tuple[SendCommand, Result]] = []
        self.value = 180
        self.effects: Counter[str] = Counter()
        self.fence = 0
        """Size of the ledger when the epoch was last raised: nothing intended before may take effect any more."""

    @initialize()
    def commissioned(self) -> None:
        self.shell.commission()

    # --- what people and time do

    def ask(self, request: port.Request, who: port.Who) -> None:
        """Queue what the request comes to; nothing of it has happened yet."""
        outcome = handle(request, who, self.shell.world(), self.shell.ids)
        if not isinstance(outcome, Refusal):
            self.todo.append(outcome)

    @rule()
    def propose(self) -> None:
        now = self.shell.facts().signals[WRITE].value
        assert isinstance(now, float)
        self.ask(port.Propose(USE, WRITE, 185.0 if now < 185.0 else 180.0, "try"), TOM)

    @rule(who=st.sampled_from([MARIA, TWO]))
    def accept(self, who: port.Who) -> None:
        for name in list(self.shell.view.proposals_open)[-1:]:
            self.ask(port.Decide(name, True, "agreed", looked=True), who)

    @rule(steps=st.integers(0, 4), both=st.booleans())
    def command(self, steps: int, both: bool) -> None:
        """A proposal, accepted once or twice at the same time, and a few steps of what follows."""
        self.drain()
        self.propose()
        self.drain()
        self.accept(MARIA)
        if both:
            self.accept(TWO)
        for _ in range(min(steps, len(self.todo))):
            self.step()

    @rule()
    def undo(self) -> None:
        for name in list(self.shell.view.commands)[-1:]:
            self.ask(port.Undo(name, "back"), MARIA)

    @rule(done=st.booleans())
    def resolve(self, done: bool) -> None:
        for name in list(self.shell.view.unsettled)[-1:]:
            self.ask(port.Resolve(name, done, "looked"), AMINA)

    @rule()
    def challenge(self) -> None:
        self.ask(port.Challenge("oven-1", "mismatch"), KIOSK)

    @rule()
    def answer(self) -> None:
        for name in list(self.shell.view.challenges_open)[:1]:
            self.ask(port.AnswerChallenge(name, "mended", "mended"), AMINA)

    @rule()
    def revoke(self) -> None:
        self.ask(port.Revoke(USE, "noise"), AMINA)

    @rule()
    def halt(self) -> None:
        self.ask(port.Halt(), KIOSK)

    @rule()
    def halt_at_the_gateway_itself(self) -> None:
        self.shell.device.halted.add("site")
        self.shell.device.epoch += 1

    @rule()
    def reset(self) -> None:
        for who in (MARIA, AMINA):
            self.ask(port.Reset("gone", who.person), who)

    @rule(part=st.sampled_from(["layout", "assumptions"]), version=st.sampled_from(["1", "2"]))
    def change_the_site(self, part: str, version: str) -> None:
        digests = {**self.shell.site.digests, part: version}
        self.shell.site = site(digests=digests)

    @rule(fresh=st.booleans())
    def the_sensor_stops_or_comes_back(self, fresh: bool) -> None:
        def seen(now: Any) -> Any:
            fact = now.signals["oven-1.temperature"]
            return {**now.signals, fact.signal: replace(fact, fresh=fresh, why="" if fresh else "silent")}

        self.shell.more["signals"] = seen

    @rule()
    def approve_afresh(self) -> None:
        self.drain()
        for kind in EVIDENCE:
            self.ask(port.RecordEvidence(USE, kind, True, {}), TWIN)
        self.drain()
        self.ask(port.RequestTier(USE, Tier.CONTROL, "again"), JONAS)
        self.drain()
        self.ask(port.Approve(USE, Tier.CONTROL, "read"), AMINA)
        self.drain()

    @rule(seconds=st.sampled_from([0.3, 1, 12, 60]))
    def time_passes(self, seconds: float) -> None:
        self.shell.at = Nanos(self.shell.at + round(seconds * SECOND))
        ticked = tick(self.shell.world(), self.shell.memory)
        self.shell.memory = ticked.memory
        self.todo.append(ticked.outcome)

    # --- what the shell, the wire and the device do, one step at a time

    @precondition(lambda self: self.todo)
    @rule()
    def some_step(self) -> None:
        self.step()

    def step(self) -> None:
        """Append one outcome's records, or run one effect. A crash may come before the next step."""
        if not self.todo:
            return
        item = self.todo.pop(0)
        if isinstance(item, Outcome):
            try:
                if item.records:
                    self.shell.append(item.records)
            except AlreadyRecorded:
                return
            self.todo = [*item.effects, *self.todo]
        elif isinstance(item, SendCommand):
            self.check_send(item)
            self.wire.append(item)
        else:
            result = self.run_effect(item)
            self.todo.insert(0, effect_result(item, result, self.shell.world()))

    def run_effect(self, effect: Effect) -> Result:
        before = self.shell.device.epoch
        result = self.shell.device.run(effect, self.shell.at)
        if self.shell.device.epoch != before:
            self.fence = self.shell.view.size
        return result

    def check_send(self, permit: SendCommand) -> None:
        """I1, and what a permit must carry. The gateway's own epoch makes I2 and I3 hold while it travels."""
        intents = [r for r in self.shell.ledger.rows if r.kind == "command.intent" and r.unique == permit.command]
        assert len(intents) == 1, "I1: sent without exactly one durable intent"
        assert intents[0].payload["baseline"] == permit.baseline
        assert intents[0].payload["epoch"] == permit.epoch

    @precondition(lambda self: self.wire)
    @rule(newest=st.booleans(), lose_permit=st.booleans(), lose_answer=st.booleans())
    def arrives(self, newest: bool, lose_permit: bool, lose_answer: bool) -> None:
        self.deliver(newest=newest, lose_permit=lose_permit, lose_answer=lose_answer)

    def deliver(self, *, newest: bool = True, lose_permit: bool = False, lose_answer: bool = False) -> None:
        """The permit arrives, now or long after; it, or its answer, may be lost."""
        if not self.wire:
            return
        permit = self.wire.pop(-1 if newest else 0)
        result = Result(False, "no answer", phase="indeterminate")
        if not lose_permit:
            said = self.at_the_gateway(permit)
            result = result if lose_answer else said
        self.todo.insert(0, effect_result(permit, result, self.shell.world()))

    def at_the_gateway(self, permit: SendCommand) -> Result:
        device = self.shell.device
        halted, epoch, done = bool(device.halted), device.epoch, permit.command in device.done
        void = any(c.id == permit.command and c.phase == "void" for c in all_commands(self.shell.view))
        live = self.shell.facts().signals[WRITE].value
        if done or live != permit.expected:
            return Result(False, "seen before, or the live value differs", phase="refused")
        result = device.run(permit, self.shell.at)
        if result.phase == "acknowledged":
            self.effects[permit.command] += 1
            intent = self.shell.view.commands.get(permit.command)
            assert intent is None or intent.intent.index >= self.fence, "I2: intended before authority was withdrawn"
            assert not halted, "I4: an effect after the latch"
            assert permit.epoch == epoch, "I4: an effect with an old epoch"
            assert not void, "I6: void was executed"
        return result

    @rule()
    def crash_and_restart(self) -> None:
        """Everything that was not durable is gone; permits on the wire are not."""
        shell = self.shell
        self.todo = []
        shell.view, shell.memory = RecordView.of(shell.ledger.rows), Memory()
        self.todo.append(recover(shell.world()))

    def drain(self) -> None:
        for _ in range(200):
            if not self.todo:
                return
            self.step()
        raise AssertionError("the shell never comes to rest")

    @rule()
    def come_to_rest(self) -> None:
        self.drain()

    # --- what must hold, always

    @invariant()
    def at_most_one_effect(self) -> None:
        assert all(n == 1 for n in self.effects.values()), "I5"
        assert len(self.shell.device.writes) == sum(self.effects.values())

    @invariant()
    def one_acceptance_is_one_command(self) -> None:
        wanted = [c.recommendation for c in all_commands(self.shell.view) if not c.undo_of]
        assert len(wanted) == len(set(wanted)), "two commands for one decision"

    @invariant()
    def every_effect_has_its_intent(self) -> None:
        intents = {r.unique for r in self.shell.ledger.rows if r.kind == "command.intent"}
        assert set(self.effects) <= intents, "I1"

    @invariant()
    def what_the_records_call_void_was_never_written(self) -> None:
        for command in all_commands(self.shell.view):
            if command.phase in {"void", "refused"}:
                assert command.id not in self.effects, "I6"
            assert not command.strange

    @invariant()
    def no_authority_that_the_records_do_not_bear(self) -> None:
        tier = self.shell.authority().tier
        if tier.rank >= Tier.RECOMMEND.rank:
            assert held(self.shell.view, USE).rank >= tier.rank
            assert not self.shell.view.challenges_open
        if tier is Tier.CONTROL:
            assert not self.shell.view.halts
            assert not self.shell.device.halted, "I3"

    @invariant()
    def the_fold_is_what_a_restart_would_see(self) -> None:
        again = RecordView.of(self.shell.ledger.rows)
        assert (again.size, set(again.unsettled)) == (self.shell.view.size, set(self.shell.view.unsettled))
        assert held(again, USE) == held(self.shell.view, USE)

    def teardown(self) -> None:
        """L1, as far as a test can: once everything comes to rest, a halt that was pulled is latched."""
        self.wire.clear()
        self.drain()
        self.shell.tick()
        if self.shell.view.halts:
            assert self.shell.device.halted


TestGate = Gate.TestCase
TestGate.settings = settings(deadline=None, max_examples=50, stateful_step_count=30)


# --- the mutants of gate.pml that live at this level: each must be found out


class NaiveResend(Gate):
    """M1: after a crash the command is sent again."""

    @rule()
    def crash_and_restart(self) -> None:
        super().crash_and_restart()
        last = self.todo.pop()
        assert isinstance(last, Outcome)
        for effect in last.effects:
            trace = self.shell.view.commands.get(getattr(effect, "command", ""))
            if trace is not None:
                said = trace.intent.payload
                epoch = self.shell.device.epoch
                again = SendCommand(
                    str(said["command"]), USE, WRITE, "oven-1", said["value"], "Cel", said["expected"], 160.0, 200.0,
                    str(said["baseline"]), epoch,
                )  # fmt: skip
                self.todo.append(again)

    def check_send(self, permit: SendCommand) -> None:
        return


class LateIntent(Gate):
    """M3: the effect first, the record afterwards."""

    def ask(self, request: port.Request, who: port.Who) -> None:
        outcome = handle(request, who, self.shell.world(), self.shell.ids)
        if not isinstance(outcome, Refusal):
            self.todo += [*outcome.effects, replace(outcome, effects=())]


class NoEpoch(Gate):
    """M6: the gateway does not look at the epoch."""

    def at_the_gateway(self, permit: SendCommand) -> Result:
        return super().at_the_gateway(replace(permit, epoch=self.shell.device.epoch))


class NoClaim(Gate):
    """M7: check, then append: no record is unique."""

    def step(self) -> None:
        item = self.todo[0] if self.todo else None
        if isinstance(item, Outcome):
            self.todo[0] = replace(item, records=tuple(replace(r, unique="") for r in item.records))
        super().step()

    def check_send(self, permit: SendCommand) -> None:
        return


class NoFence(Gate):
    """M8: after a crash the gateway is asked, and not fenced."""

    def run_effect(self, effect: Effect) -> Result:
        epoch = self.shell.device.epoch
        result = super().run_effect(effect)
        if isinstance(effect, FenceAndAsk):
            self.shell.device.epoch = epoch
            self.fence = 0
        return result


INTERLOPERS: tuple[Callable[[Gate], None], ...] = (
    lambda _: None,
    lambda g: g.challenge(),
    lambda g: g.revoke(),
    lambda g: g.halt(),
    lambda g: g.halt_at_the_gateway_itself(),
    lambda g: g.accept(TWO),
)
LOSSES = ({}, {"lose_permit": True}, {"lose_answer": True})
STEPS_MAX = 7


def schedule(
    gate: Gate, *, crash_after: int, meddle_after: int, meddle: int, loss: dict[str, bool], late: bool
) -> None:
    """One command; a crash and somebody else's act after so many steps; a permit that arrives in time or late."""
    gate.commissioned()
    gate.propose()
    gate.drain()
    gate.accept(MARIA)
    if meddle == len(INTERLOPERS) - 1 and meddle_after == 0:
        gate.accept(TWO)
    for number in range(STEPS_MAX):
        if number == meddle_after:
            INTERLOPERS[meddle](gate)
        if number == crash_after:
            gate.crash_and_restart()
        if not late:
            gate.deliver(**loss)
        gate.step()
        look(gate)
    gate.drain()
    gate.deliver(**loss)
    look(gate)
    gate.drain()
    look(gate)
    gate.time_passes(60)
    gate.drain()
    look(gate)
    gate.teardown()


def look(gate: Gate) -> None:
    """Every invariant, by hand."""
    gate.at_most_one_effect()
    gate.every_effect_has_its_intent()
    gate.one_acceptance_is_one_command()
    gate.what_the_records_call_void_was_never_written()
    gate.no_authority_that_the_records_do_not_bear()
    gate.the_fold_is_what_a_restart_would_see()


SCHEDULES = [
    {"crash_after": c, "meddle_after": a, "meddle": m, "loss": loss, "late": late}
    for c, a, m, loss, late in itertools.product(
        (0, 1, 2, 3, 4, 99), (0, 1, 2, 3, 4), range(len(INTERLOPERS)), LOSSES, (False, True)
    )
]


@pytest.mark.parametrize("meddle", range(len(INTERLOPERS)))
def test_a_kill_between_any_two_steps_with_anything_in_between(meddle: int) -> None:
    written = 0
    for row in SCHEDULES:
        if row["meddle"] == meddle:
            gate = Gate()
            schedule(gate, **row)  # type: ignore[arg-type]
            written += len(gate.shell.device.writes)
    assert written, "the schedules reach the device"


@pytest.mark.parametrize("mutant", [NaiveResend, LateIntent, NoEpoch, NoClaim, NoFence])
def test_a_mutant_of_the_gate_is_found_out(mutant: type[Gate]) -> None:
    size = len(SCHEDULES)
    for number in range(size):
        row = SCHEDULES[number * 397 % size]  # every one of them once, far from the last one
        try:
            schedule(mutant(), **row)  # type: ignore[arg-type]
        except AssertionError:
            return
    pytest.fail(f"nothing noticed {mutant.__doc__}")
