"""A small site, facts that support everything, a ledger in memory, a dumb device, and the shell that joins them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from andon.authority.baseline import bounds_digest, index_of
from andon.authority.compute import compute
from andon.authority.facts import Authority, Facts, GatewayFact, SignalFact
from andon.authority.records import RecordView
from andon.core.ids import CountingIds
from andon.core.readings import Origin, Quality, Value
from andon.core.refusals import Refusal
from andon.core.time import SECOND, Nanos, nanos
from andon.ledger.record import AlreadyRecorded, NewRecord, Record
from andon.operate import port
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
from andon.operate.tick import Memory, tick
from andon.site import floor
from andon.site import model as m

T0 = Nanos(1_800_000_000 * SECOND)
USE = "oven-set-point"
WRITE, CONFIRM, REMOTE = "oven-1.setpoint", "oven-1.setpoint_active", "oven-1.remote"
RUNNING = {"engine": "sha256:e1", "python": "3.11", "numba": "0.63"}
MARIA = port.Who("maria", ("supervisor",))
JONAS = port.Who("jonas", ("engineer",))
AMINA = port.Who("amina", ("safety",))
TOM = port.Who("tom", ("worker",))
LENA = port.Who("lena", ("representative",))
ERIK = port.Who("erik", ("auditor",))
TWIN = port.Who("twin", ("twin",))
KIOSK = port.Who(station="curing")
EVIDENCE = ("verification", "validation", "uncertainty", "sim-to-real", "undo-drill", "halt-drill")


def signal(name: str, **more: Any) -> m.Signal:
    row: dict[str, Any] = {
        "id": name,
        "element": name.partition(".")[0],
        "source": "plant",
        "address": f"ns=2;s={name}",
        "type": "float",
        "period_s": 1.0,
        "fresh_s": 5.0,
    }
    return m.Signal(**{**row, **more})


def oven(number: int) -> tuple[m.Signal, ...]:
    name = f"oven-{number}"
    return (
        signal(
            f"{name}.setpoint",
            unit="Cel",
            writable=True,
            min=160.0,
            max=200.0,
            max_rate=10.0,
            confirm_signal=f"{name}.setpoint_active",
            confirm_tol=0.5,
            confirm_s=20.0,
            permissive_signal=f"{name}.remote",
        ),
        signal(f"{name}.setpoint_active", unit="Cel"),
        signal(f"{name}.remote", type="bool"),
        signal(f"{name}.temperature", unit="Cel"),
    )


def use(name: str, ceiling: m.Tier, **more: Any) -> m.ContextOfUse:
    row: dict[str, Any] = {
        "id": name,
        "question": "what set-point?",
        "decision": "the set-point",
        "consequence": "medium",
        "influence": "high",
        "models": ("simulate",),
        "signals": ("oven-1.temperature", "oven-1.setpoint"),
        "affected": ("testers",),
        "responsible": "maria",
        "ceiling": ceiling,
    }
    return m.ContextOfUse(**{**row, **more})


def site(**more: Any) -> m.Site:
    everyday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

    def element(name: str, kind: m.ElementKind = m.ElementKind.EQUIPMENT) -> m.Element:
        return m.Element(id=name, kind=kind, name=name, area="hall", x_m=1, y_m=1)

    fields: dict[str, Any] = {
        "name": "small works",
        "time_zone": "UTC",
        "shifts": (
            floor.Shift(id="early", days=everyday, start="00:00", end="12:00"),
            floor.Shift(id="late", days=everyday, start="12:00", end="24:00"),
        ),
        "areas": (floor.Area(id="hall", name="hall", x_m=0, y_m=0, width_m=10, height_m=10),),
        "elements": (
            *(element(e) for e in ("oven-1", "oven-2", "lathe-1")),
            element("curing-buffer", m.ElementKind.PROCESS),
            element("turning-buffer", m.ElementKind.PROCESS),
            element("testers", m.ElementKind.PERSONNEL),
        ),
        "stations": (
            floor.Station(
                id="curing", name="curing", area="hall", machines=("oven-1", "oven-2"), buffer="curing-buffer"
            ),
            floor.Station(id="turning", name="turning", area="hall", machines=("lathe-1",), buffer="turning-buffer"),
        ),
        "buffers": (floor.Buffer(id="curing-buffer", capacity=9), floor.Buffer(id="turning-buffer", capacity=9)),
        "crews": (floor.Crew(id="testers", name="testers", size={"early": 2, "late": 2}),),
        "fleets": (),
        "products": (),
        "curves": (),
        "demand": (),
        "release": None,
        "signals": (
            *oven(1),
            *oven(2),
            signal("lathe-1.state", type="string"),
            signal("testers.present", type="int", personal=True),
        ),
        "sources": (m.Source(id="plant", kind="opcua", url="opc.tcp://127.0.0.1:4840", virtual=True),),
        "assumptions": (
            floor.Assumption(
                name="cure-spread",
                unit="1",
                distribution=floor.Distribution(kind="constant", value=1.0),
                origin="trials",
                who="jonas",
                when="2026-01-01",
                review_by="2028-01-01",
            ),
        ),
        "uses": (
            use("floor-view", m.Tier.VISUALISE, models=(), signals=("lathe-1.state", "oven-1.temperature")),
            use("throughput", m.Tier.ANALYSE, signals=("lathe-1.state",)),
            use(
                USE,
                m.Tier.CONTROL,
                writes=("oven-1.setpoint", "oven-2.setpoint"),
                validity={"oven-1.temperature": (150.0, 210.0)},
            ),
        ),
        "people": tuple(
            m.Person(id=i, name=n, roles=r)
            for i, n, r in (
                ("maria", "Maria", ("supervisor",)),
                ("jonas", "Jonas", ("engineer",)),
                ("jonas2", "jonas ", ("engineer", "supervisor")),
                ("amina", "Amina", ("safety",)),
                ("tom", "Tom", ("worker",)),
                ("lena", "Lena", ("representative",)),
                ("erik", "Erik", ("auditor",)),
            )
        ),
        "purposes": (),
        "digests": {
            p: f"sha256:{p}" for p in ("layout", "signals", "connectors", "assumptions", "uses", "people", "settings")
        },
    }
    return m.Site(**{**fields, **more})


def fact(name: str, value: Value | None, at: int = T0, **more: Any) -> SignalFact:
    row: dict[str, Any] = {
        "signal": name,
        "value": value,
        "quality": Quality.GOOD,
        "fresh": True,
        "why": "",
        "origin": Origin.MEASURED,
        "age_s": 0.5,
        "source_time": Nanos(at),
    }
    return SignalFact(**{**row, **more})


def facts(the_site: m.Site, at: int = T0, **more: Any) -> Facts:
    values: dict[str, Value] = {}
    for row in the_site.signals:
        values[row.id] = {"bool": True, "string": "running", "int": 2}.get(row.type, 180.0)
    fields: dict[str, Any] = {
        "at": Nanos(at),
        "mode": "live",
        "speed": 1.0,
        "virtual": True,
        "signals": {name: fact(name, value) for name, value in values.items()},
        "gateway": GatewayFact(
            reachable=True,
            epoch=7,
            bounds_digest=bounds_digest(the_site),
            bounds_signers=("maria", "amina"),
            bounded=tuple(s.id for s in the_site.signals if s.writable),
        ),
        "running": dict(RUNNING),
    }
    return Facts(**{**fields, **more})


def with_signal(now: Facts, name: str, **more: Any) -> Facts:
    if name not in now.signals:
        return now
    changed = replace(now.signals[name], **more)
    return replace(now, signals={**now.signals, name: changed})


def with_gateway(now: Facts, **more: Any) -> Facts:
    return replace(now, gateway=replace(now.gateway, **more))


class MemoryLedger:
    """Appends all or nothing, keeps `unique`, and can be told to fail."""

    def __init__(self) -> None:
        self.rows: list[Record] = []
        self.broken = False

    def append(self, records: Sequence[NewRecord], at: int) -> tuple[Record, ...]:
        if self.broken:
            raise OSError("no space left on device")
        taken = {(r.kind, r.unique) for r in self.rows if r.unique}
        for new in records:
            if new.unique and (new.kind, new.unique) in taken:
                raise AlreadyRecorded(new.unique)
            taken.add((new.kind, new.unique))
        start = len(self.rows)
        made = tuple(
            Record(start + i, n.kind, Nanos(at), n.actor, dict(n.payload), n.unique) for i, n in enumerate(records)
        )
        self.rows += made
        return made


class DumbDevice:
    """A device without any memory of ids behind a gateway that fences by epoch and remembers what it wrote."""

    def __init__(self) -> None:
        self.epoch = 7
        self.halted: set[str] = set()
        self.done: dict[str, Value] = {}
        self.writes: list[tuple[str, str, Value]] = []
        self.answers = True
        self.lies = False
        """Acknowledges, and does nothing."""
        self.values: dict[str, Value] = {}
        self.changed_at: dict[str, int] = {}

    def run(self, effect: Effect, now: int) -> Result:
        if not self.answers:
            return Result(False, "no answer")
        match effect:
            case RaiseEpoch():
                self.epoch += 1
                return Result(True)
            case HaltGateway(scope=scope):
                self.halted.add(scope)
                self.epoch += 1
                return Result(True, measured={"asked": 1, "confirmed": 1, "silent": []})
            case ResetGateway(signatures=signatures):
                if len(signatures) < 2:
                    return Result(False, "two signatures are needed")
                self.halted.clear()
                return Result(True)
            case FenceAndAsk(command=command):
                self.epoch += 1
                return Result(True, phase="acknowledged" if command in self.done else "void")
            case ResolveGateway():
                return Result(True)
            case SendCommand():
                return self.write(effect, now)

    def write(self, effect: SendCommand, now: int) -> Result:
        if self.halted or effect.epoch != self.epoch:
            return Result(False, "halted or old epoch", phase="refused")
        self.done[effect.command] = effect.value
        self.writes.append((effect.command, effect.signal, effect.value))
        if not self.lies:
            self.values[effect.signal] = effect.value
            self.values[effect.signal + "_active"] = effect.value
            self.changed_at[effect.signal] = self.changed_at[effect.signal + "_active"] = now
        return Result(True, phase="acknowledged", measured={"written_ns": str(now)})


class Shell:
    """Does what the theory of operation says a shell does, and no more."""

    def __init__(self, the_site: m.Site | None = None, **more: Any) -> None:
        self.site = the_site or site()
        self.ledger = MemoryLedger()
        self.view = RecordView()
        self.device = DumbDevice()
        self.ids = CountingIds()
        self.memory = Memory()
        self.at = T0
        self.more = more
        self.heard: list[str] = []

    def facts(self) -> Facts:
        now = facts(self.site, self.at)
        seen = {
            name: replace(now.signals[name], value=value, source_time=Nanos(self.device.changed_at[name]))
            for name, value in self.device.values.items()
            if name in now.signals
        }
        gateway = replace(
            now.gateway,
            reachable=self.device.answers,
            epoch=self.device.epoch,
            halted=tuple(sorted(self.device.halted)),
        )
        made = replace(now, signals={**now.signals, **seen}, gateway=gateway)
        return replace(made, **{k: v(made) if callable(v) else v for k, v in self.more.items()})

    def world(self) -> World:
        return World(self.site, self.view, self.facts())

    def authority(self, name: str = USE) -> Authority:
        return compute(name, self.view, self.facts(), self.site)

    def append(self, records: Sequence[NewRecord]) -> tuple[Record, ...]:
        made = self.ledger.append(records, self.at)
        for record in made:
            self.view.add(record)
        return made

    def follow(self, outcome: Outcome) -> tuple[Record, ...]:
        """Records, then effects, then what they came to."""
        done = self.append(outcome.records) if outcome.records else ()
        if outcome.message:
            self.heard.append(outcome.message)
        for effect in outcome.effects:
            result = self.device.run(effect, self.at)
            done += self.follow(effect_result(effect, result, self.world()))
        return done

    def submit(self, request: port.Request, who: port.Who) -> tuple[Record, ...] | Refusal:
        outcome = handle(request, who, self.world(), self.ids)
        if isinstance(outcome, Refusal):
            return outcome
        try:
            return self.follow(outcome)
        except AlreadyRecorded:
            return raced()
        except OSError as error:
            return not_recorded(str(error))

    def follow_raw(self, request: port.Request, who: port.Who) -> None:
        """Like `submit`, and lets whatever the ledger raises through."""
        outcome = handle(request, who, self.world(), self.ids)
        assert not isinstance(outcome, Refusal)
        self.follow(outcome)

    def must(self, request: port.Request, who: port.Who) -> tuple[Record, ...]:
        done = self.submit(request, who)
        assert not isinstance(done, Refusal), done.sentence()
        return done

    def refused(self, request: port.Request, who: port.Who) -> set[str]:
        done = self.submit(request, who)
        assert isinstance(done, Refusal), done
        return {r.code for r in done.reasons}

    def tick(self, alarms: Sequence[Mapping[str, Any]] = ()) -> tuple[Record, ...]:
        done: tuple[Record, ...] = ()
        for _ in range(4):
            ticked = tick(self.world(), self.memory, alarms)
            self.memory = ticked.memory
            made = self.follow(ticked.outcome)
            done += made
            if not made:
                break
        return done

    def pass_time(self, seconds: float) -> tuple[Record, ...]:
        self.at = Nanos(self.at + nanos(seconds))
        return self.tick()

    def commission(self, name: str = USE, until: m.Tier = m.Tier.CONTROL) -> None:
        """Run, publish, record evidence, request and approve: all through the one path."""
        self.append([NewRecord("run.started", "twin", {"mbom": dict(RUNNING), "mode": "live"})])
        self.must(port.PublishUse(name), JONAS)
        for kind in EVIDENCE:
            self.must(port.RecordEvidence(name, kind, True, {"figure": 1.0}), TWIN)
        if until.rank >= m.Tier.RECOMMEND.rank:
            self.must(port.RequestTier(name, until, "commissioned"), JONAS)
            self.must(port.Approve(name, until, "evidence read"), AMINA)
        self.tick()

    def propose(self, value: Value = 185.0, signal_id: str = WRITE, who: port.Who = JONAS) -> str:
        done = self.must(port.Propose(USE, signal_id, value, "hotter cures faster"), who)
        return str(done[0].payload["id"])

    def command(self, value: Value = 185.0, signal_id: str = WRITE) -> str:
        """Propose and accept; the id of the command."""
        name = self.propose(value, signal_id)
        self.at = Nanos(self.at + 20 * SECOND)
        done = self.must(port.Decide(name, True, "agreed", looked=True), MARIA)
        return next(str(r.payload["command"]) for r in done if r.kind == "command.intent")

    def kinds(self) -> list[str]:
        return [r.kind for r in self.ledger.rows]


def forced(the_site: m.Site, change: Any = None, name: str = USE, after: Sequence[NewRecord] = ()) -> Shell:
    """Everything on record that could support a use, put there past the one path, whatever the site looks like."""
    shell = Shell(the_site)
    if change is not None:
        shell.facts = lambda base=shell.facts: change(base())  # type: ignore[method-assign]
    before = [
        NewRecord("run.started", "twin", {"mbom": dict(RUNNING), "mode": "live"}),
        NewRecord("use.published", "jonas", {"use": name, "digest": index_of(the_site).documents.get(name, "")}),
    ]
    shell.append(before)
    baseline = shell.authority(name).baseline
    bound = {"use": name, "baseline": baseline, "parts": {}, "until_ns": str(T0 + 30 * 86_400 * SECOND)}
    for kind in EVIDENCE:
        against = {"against": "virtual"}
        shell.append([NewRecord("evidence", "twin", {**bound, "kind": kind, "passed": True, "measured": against})])
    shell.append([NewRecord("approval", "amina", {**bound, "tier": "control", "proposer": "jonas", "reason": "x"})])
    shell.append(after)
    return shell
