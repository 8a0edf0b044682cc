"""A made-up twin of the valve works with rich, moving data: for looking at pages, never for testing authority."""

from __future__ import annotations

import atexit
import math
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from demo_body import advice, requirements
from demo_site import valve_works

from andon.app.asks import Asks
from andon.authority.facts import Authority, Facts, GatewayFact, SignalFact
from andon.core.canonical import digest
from andon.core.ids import CountingIds
from andon.core.readings import Origin, Quality, Value
from andon.core.refusals import Refusal, refuse
from andon.core.time import SECOND, Clock, Nanos
from andon.ledger.record import NewRecord, Record
from andon.operate import port
from andon.operate.simulation import kept_record
from andon.site.model import Signal, Site, Tier
from andon.sync.view import SignalView

STATES = ("running", "running", "running", "running", "setup", "idle", "running", "blocked", "waiting_crew", "running")
SPOTS = ((4, 30), (12.5, 27), (31, 27), (40, 24), (47.5, 26), (52, 14), (42, 11), (27, 10), (12, 9), (5, 12))


class DemoDesk:
    """Implements `Desk` with data that moves with the clock; `stale`, `bad` and `mode` are switches for tests."""

    def __init__(self, clock: Clock, mode: str = "live") -> None:
        self._clock = clock
        self._site = valve_works()
        self._ids = CountingIds()
        self._records: list[Record] = []
        self.mode = mode
        self.stale = {"lathe-3"}
        self.bad = {"rig-2.elapsed"}
        self.source_up = True
        self.calls: list[tuple[port.Request, port.Who]] = []
        folder = Path(tempfile.mkdtemp(prefix="demo-desk-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self._simulator = Asks(self._site, folder, self, clock, self.authority, self._note, CountingIds())
        self._bounds: dict[str, str] = {}
        self._halts: list[dict[str, Any]] = []
        self._open: list[dict[str, Any]] = []
        self._challenges: list[dict[str, Any]] = []
        self._commands: list[dict[str, Any]] = []
        self._set: dict[str, Value] = {"oven-1.setpoint": 180.0, "oven-2.setpoint": 178.0}
        self._seed()

    # --- what there is

    def site(self) -> Site:
        return self._site

    def facts(self) -> Facts:
        views = self.views()
        signals = {
            v.signal: SignalFact(v.signal, v.value, v.quality, v.fresh, v.why, v.origin, v.age_s or 0.0) for v in views
        }
        gateway = GatewayFact(
            reachable=True,
            epoch=7,
            halted=tuple(h["scope"] for h in self._halts),
            halts={h["id"]: h["scope"] for h in self._halts},
            bounds_digest=digest("bounds"),
            bounds_signers=("jonas", "amina"),
            bounded=("oven-1.setpoint", "oven-2.setpoint", "release.sequence"),
        )
        mode = "replay" if self.mode == "replay" else "live"
        return Facts(self._clock.now(), mode, 20.0, virtual=True, signals=signals, gateway=gateway)

    def views(self) -> Sequence[SignalView]:
        return [self._view(i, s) for i, s in enumerate(self._site.signals)]

    def _view(self, index: int, signal: Signal) -> SignalView:
        now = self._clock.now()
        stale = signal.element in self.stale or not self.source_up
        age = 38.0 + now / SECOND % 60 if stale else (index % 7) * 0.3
        bad = signal.id in self.bad
        quality = Quality.BAD if bad else Quality.UNCERTAIN if signal.id == "oven-2.temperature" else Quality.GOOD
        at = Nanos(now - round(age * SECOND))
        return SignalView(
            signal=signal.id,
            source=signal.source,
            element=signal.element,
            value=None if signal.id == "rig-1.order" else self._value(index, signal, at / SECOND),
            unit=signal.unit,
            quality=quality,
            status=0,
            source_time=at,
            server_time=at,
            received_time=at,
            origin=Origin.REPLAYED if self.mode == "replay" else Origin.MEASURED,
            age_s=age,
            fresh=not stale and not bad,
            why=f"nothing for {age:.0f} s, the limit is {signal.fresh_s:.0f} s" if stale else "sensor failure" * bad,
            purposes=signal.purposes,
            low=signal.low,
            high=signal.high,
        )

    def _value(self, index: int, signal: Signal, at_s: float) -> Value:
        element, prop = signal.element, signal.property
        phase = int(at_s / 240 + index * 3.7)
        machine = next((i for i, m in enumerate(self._machines()) if m == element), index)
        state = "down" if element == "rig-2" else STATES[int(at_s / 300 + machine * 2.3) % len(STATES)]
        product = self._site.products[(phase + machine) % 3].id
        table: dict[str, Callable[[], Value]] = {
            "state": lambda: self._vehicle(element, at_s)[2] if element.startswith("amr") else state,
            "job": lambda: product if state in {"running", "blocked"} else "",
            "order": lambda: f"{product[:2].upper()}-{400 + phase % 90}",
            "elapsed": lambda: at_s % 240,
            "count": lambda: int(at_s / 260 + index) % 400,
            "level": lambda: int(6 + 6 * math.sin(at_s / 150 + index)),
            "x": lambda: self._vehicle(element, at_s)[0],
            "y": lambda: self._vehicle(element, at_s)[1],
            "temperature": lambda: 179.4 + 1.6 * math.sin(at_s / 40 + index),
            "setpoint": lambda: self._set.get(signal.id, 180.0),
            "setpoint_active": lambda: self._set.get(f"{element}.setpoint", 180.0),
            "remote": lambda: True,
            "present": lambda: 1,
            "completed": lambda: 40 + int(at_s / 700 + index * 7) % 60,
            "waiting": lambda: 5 + int(at_s / 333 + index) % 12,
        }
        made = table.get(prop, lambda: 312)()
        return {"float": float, "int": int, "bool": bool, "string": str}[signal.type](made)  # type: ignore[arg-type,no-any-return]

    def _machines(self) -> list[str]:
        return [m for s in self._site.stations for m in s.machines]

    @staticmethod
    def _vehicle(vehicle: str, at_s: float) -> tuple[float, float, str]:
        along = (at_s / 14 + int(vehicle.rpartition("-")[2] or 1) * 2.6) % len(SPOTS)
        here, share = SPOTS[int(along)], min(1.0, (along % 1) * 1.5)
        there = SPOTS[(int(along) + 1) % len(SPOTS)]
        x, y = (a + (b - a) * share for a, b in zip(here, there, strict=True))
        return x, y, "moving" if share < 1 else "loading"

    def quarantine(self) -> Sequence[Mapping[str, Any]]:
        last = {"value": "NaN", "at_ns": str(self._clock.now() - 90 * SECOND)}
        return [
            {"source": "plant", "signal": "oven-2.temperature", "reason": "not a number", "count": 3, "last": last},
            {"source": "plant", "signal": "lathe-9.state", "reason": "undeclared signal", "count": 41, "last": "idle"},
        ]

    def sources(self) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "id": "plant",
                "kind": "opcua",
                "url": self._site.sources[0].url,
                "up": self.source_up,
                "since_ns": str(self._clock.now() - 900 * SECOND),
                "why": "" if self.source_up else "connection refused",
                "last_ns": str(self._clock.now()),
            }
        ]

    def trend(self, signal: str, since: Nanos, until: Nanos, points: int = 300) -> Sequence[port.Point]:
        index, found = next((i, s) for i, s in enumerate(self._site.signals) if s.id == signal)
        step = max(1, (until - since) // points)
        made = []
        for at in range(since, until, step):
            value = self._value(index, found, at / SECOND)
            gap = 0.42 < (at - since) / (until - since) < 0.5
            number = None if gap or isinstance(value, str) else float(value)
            low, high = (None, None) if number is None else (number - 0.4, number + 0.4)
            made.append(port.Point(Nanos(at), number, low, high, 0))
        return made

    def authorities(self) -> Sequence[Authority]:
        return [a for u in self._site.uses if isinstance(a := self.authority(u.id), Authority)]

    def authority(self, use: str, at: Nanos | None = None) -> Authority | Refusal:
        found = self._site.use(use)
        if found is None:
            return refuse("use-unknown", f"`{use}` is not a use of this site", "look at `andon authority`")
        now = self._clock.now() if at is None else at
        held = {"floor-view": Tier.VISUALISE, "throughput": Tier.ANALYSE, "oven-set-point": Tier.RECOMMEND}
        tier = held.get(use, Tier.ANALYSE)
        return Authority(use, tier, found.ceiling, now, digest(use), requirements(now, tier, found.ceiling))

    def records(self, kind: str = "", last: int = 200, start: int = 0) -> Sequence[Record]:
        return [r for r in self._records if r.index >= start and r.kind.startswith(kind)][-last:]

    def forecast(self) -> Mapping[str, Any] | None:
        now = self._clock.now()
        return {
            "at_ns": str(now - 24 * SECOND),
            "until_ns": str(now + 4 * 3600 * SECOND),
            "mark": "fragile",
            "mark_why": "12 % of the spread comes from the time between failures of the ovens",
            "model": "simulate 1",
            "replications": 400,
            "quantities": [
                {"name": "finished this shift", "unit": "{jobs}", "median": 128.0, "low90": 117.0, "high90": 139.0},
                {"name": "late orders", "unit": "1", "median": 2.0, "low90": 0.0, "high90": 6.0},
                {"name": "lead time", "unit": "min", "median": 96.4, "low90": 88.0, "high90": 112.3},
            ],
            "bottleneck": {"station": "curing", "share": 0.81},
            "not_represented": ["scrap and rework after a failed pressure test", "raw castings that arrive late"],
        }

    @property
    def simulator(self) -> Asks:
        """The real one, over this floor."""
        return self._simulator

    def _note(self, record: NewRecord) -> port.Done:
        return self._done(record.kind, record.actor, dict(record.payload), "")

    def keep_answer(self, answer: str, reason: str, who: port.Who) -> port.Done | Refusal:
        asked = self._simulator.keep(answer)
        if isinstance(asked, Refusal):
            return asked
        record = kept_record(asked, reason, who)
        return self._done(record.kind, record.actor, dict(record.payload), "the answer is on record")

    def recommendations(self) -> Sequence[Mapping[str, Any]]:
        return list(self._open)

    def commands(self) -> Sequence[Mapping[str, Any]]:
        return list(self._commands)

    def challenges(self) -> Sequence[Mapping[str, Any]]:
        return sorted(self._challenges, key=lambda c: bool(c["answer"]))

    def halts(self) -> Sequence[Mapping[str, Any]]:
        return list(self._halts)

    def proof(self, index: int) -> Mapping[str, Any] | Refusal:
        if not 0 <= index < len(self._records):
            return refuse("record-unknown", f"there is no record `{index}`", "look at the record page")
        return {
            "index": index,
            "leaf": digest(index),
            "path": [digest(f"n{i}") for i in range(3)],
            "checkpoint": f"andon.example/valve-works\n{len(self._records)}\n3Q2+7w==\n\n— andon.example AAAA\n",
            "vkey": "andon.example/valve-works+530d903a+AekyeRrm56hGpFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        }

    def bounds(self) -> Mapping[str, Any]:
        rows = [
            {"signal": s.id, "min": s.min, "max": s.max, "unit": s.unit, "max_rate": s.max_rate}
            for s in self._site.signals
            if s.writable
        ]
        return {
            "rows": rows,
            "statement": "andon-bounds-v1\n{}",
            "document": digest("bounds"),
            "digest": digest("bounds"),
            "signers": sorted(self._bounds),
            "in_force": len(self._bounds) > 1,
            "why": "",
        }

    def sign_bounds(self, who: port.Who, signature: str) -> port.Done | Refusal:
        self._bounds[who.person] = signature
        return self._done("gateway.bounds.signed", who.person, {"person": who.person}, f"signed by {who.person}")

    # --- what people do

    def submit(self, request: port.Request, who: port.Who) -> port.Done | Refusal:
        self.calls.append((request, who))
        actor = who.person or who.station or "floor"
        match request:
            case port.Halt():
                return self._halt(request, who)
            case port.Challenge():
                return self._challenge(request, who)
            case port.Decide(recommendation=wanted):
                return self._decide(wanted, request, actor)
            case port.Reset():
                return self._reset(request, actor)
            case port.AnswerChallenge(challenge=wanted):
                for entry in self._challenges:
                    if entry["id"] == wanted:
                        entry["answer"] = {"outcome": request.outcome, "reason": request.reason, "by": actor}
                return self._done("challenge.answered", actor, {"challenge": wanted}, "the answer is on record")
            case port.Approve() | port.RequestTier():
                if "supervisor" not in who.roles:
                    return refuse("role-missing", "this takes a supervisor", "ask maria", owner="supervisor")
                return self._done("approval", actor, {"use": request.use, "tier": request.tier}, "it is on record")
            case _:
                return self._done("act", actor, {"request": type(request).__name__}, "it is on record")

    def _done(self, kind: str, actor: str, payload: dict[str, Any], message: str, **detail: Any) -> port.Done:
        record = Record(len(self._records), kind, self._clock.now(), actor, payload)
        self._records.append(record)
        return port.Done((record,), message, detail)

    def _halt(self, request: port.Halt, who: port.Who) -> port.Done:
        halt = {
            "id": self._ids.fresh("H"),
            "scope": request.scope,
            "since_ns": str(self._clock.now()),
            "reason": request.reason,
            "station": who.station,
            "signed": [],
        }
        self._halts.append(halt)
        answers = {"asked": 3, "confirmed": 2, "silent": ["release"]}
        return self._done("halt", who.person or "floor", {**halt, "answers": answers}, "the twin is halted", **answers)

    def _reset(self, request: port.Reset, actor: str) -> port.Done | Refusal:
        if not self._halts:
            return refuse("nothing-halted", "nothing is halted", "nothing to do")
        signed = {*self._halts[0]["signed"], actor}
        for halt in self._halts:
            halt["signed"] = sorted(signed)
        if len(signed) < 2:
            return self._done("halt.signed", actor, {"reason": request.reason}, "signed; one more person must sign")
        self._halts.clear()
        return self._done("halt.reset", actor, {"by": sorted(signed)}, "the halt is reset; nothing resumes by itself")

    def _challenge(self, request: port.Challenge, who: port.Who) -> port.Done:
        entry = {
            "id": self._ids.fresh("C"),
            "element": request.element,
            "reason": request.reason,
            "words": request.words,
            "station": who.station,
            "deadline_ns": str(self._clock.now() + 3600 * SECOND),
            "answer": None,
        }
        self._challenges.append(entry)
        return self._done("challenge", who.person or "floor", entry, f"recorded as {entry['id']}", **entry)

    def _decide(self, wanted: str, request: port.Decide, actor: str) -> port.Done | Refusal:
        found = next((r for r in self._open if r["id"] == wanted), None)
        if found is None:
            return refuse("not-open", f"`{wanted}` is not open", "look at the open recommendations")
        self._open.remove(found)
        if request.accept:
            entry = {"id": f"K-{wanted}", "recommendation": wanted, "signal": found["signal"], "value": found["value"]}
            entry |= {"unit": found["unit"], "previous": found["now"], "phase": "confirmed", "use": found["use"]}
            self._commands.insert(0, entry | {"by": actor, "at_ns": str(self._clock.now())})
        payload = {"recommendation": wanted, "accept": request.accept, "reason": request.reason}
        return self._done("decision", actor, payload, "the decision is on record")

    def _seed(self) -> None:
        now = self._clock.now()
        self._done("run.started", "twin", {"mode": "live", "mbom": {"simulate": digest(1)}}, "")
        for use in self._site.uses:
            self._done("use.published", "jonas", {"use": use.id, "digest": digest(use.id)}, "")
        evidence = {"use": "oven-set-point", "kind": "undo-drill", "passed": True, "measured": {"seconds": 6.2}}
        self._done("evidence", "twin", evidence, "")
        signals = (("oven-1.setpoint", 184.0, 180.0, "Cel"), ("release.sequence", 231, 312, "1"))
        for name, value, current, unit in signals:
            item = advice(self._ids.fresh("R"), name, value, current, unit, now)
            self._open.append(item)
            self._done("recommendation", "twin", item, "")
        self._challenge(port.Challenge("mill-2", "timing", "set-up takes twice as long with the new chuck"), port.Who())
