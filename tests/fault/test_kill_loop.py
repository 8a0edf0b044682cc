"""`kill -9` of twin, gateway and plant at random moments, while people propose, accept, undo, halt and reset."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from loop_checker import Left, Told, broken, records
from loop_kit import CHILDREN, OK, Answer, NeverHappenedError, System, eventually, running

from andon.adapters.gateway_link import GatewayLink

OVEN = "oven-set-point"
SIGNALS = ("oven-1.setpoint", "oven-2.setpoint")
CHECKER = Path(__file__).parents[2] / "docs" / "spec" / "verify_ledger.py"
AWAY = (httpx.HTTPError, OSError)
"""What a person meets while the twin is dead."""


def fast(signals: str) -> str:
    """The example's set-points, allowed to move as often as the test likes."""
    return signals.replace(",true,160,200,10,", ",true,160,200,100000,")


@dataclass
class People:
    """Three people at work, on a thread of their own, who write down what they were told."""

    system: System
    chance: random.Random
    left: Left
    stop: threading.Event = field(default_factory=threading.Event)
    accepting: threading.Event = field(default_factory=threading.Event)
    """Set while an acceptance is on its way: the moments that matter most."""
    did: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Inside what was validated; each value is used once, so that a write says which command it belongs to.
        self.fresh = [165.5 + n / 100 for n in range(2900)]
        self.chance.shuffle(self.fresh)
        self.thread = threading.Thread(target=self.work, name="people")

    def work(self) -> None:
        while not self.stop.is_set():
            try:
                self.turn()
            except AWAY:
                self.did["met a dead twin"] += 1
                time.sleep(0.2)
            except Exception as error:  # noqa: BLE001 - kept, and fails the test
                self.trouble.append(f"{type(error).__name__}: {error}")
                return

    def turn(self) -> None:
        """One thing that somebody does."""
        what = self.chance.random()
        if what < 0.03:
            self.halt_and_reset()
        elif what < 0.04:
            self.challenge()
        elif what < 0.14:
            self.undo()
        else:
            self.command()
        time.sleep(self.chance.uniform(0.0, 0.3))

    def note(self, what: str, answer: Answer) -> Answer:
        """Keep what was acknowledged; count what was refused."""
        if answer.status == OK:
            self.left.told += answer.body["records"]
            self.did[what] += 1
        else:
            self.refused.update(answer.codes or {f"status {answer.status}"})
        return answer

    def command(self) -> None:
        if self.system.tier(OVEN) != "control":
            self.renew()
            return
        # The first decimals differ by more than the confirming signal's tolerance nearly always; else it is refused.
        proposed = self.note(
            "propose", self.system.propose("maria", OVEN, self.chance.choice(SIGNALS), self.fresh.pop())
        )
        if proposed.ok:
            self.accepting.set()
            try:
                self.note("accept", self.system.accept("jonas", proposed.detail["id"]))
            finally:
                self.accepting.clear()

    def renew(self) -> None:
        """Fresh approval by two people, once everything else is as it should be."""
        waiting = set(self.system.unmet(OVEN)) - {"approval", "approval-control", "incidents", "review"}
        self.did["lacked " + ", ".join(sorted(waiting)[:3])] += 1
        if "drift" in waiting:
            self.system.rehearse([OVEN])
        elif "challenges" in waiting:
            self.answer_all()
        elif "halted" in waiting or self.system.get("/api/halts"):
            self.reset_all([])
        elif "unblocked" in waiting:
            self.resolve()
        elif waiting:
            time.sleep(0.3)
        else:
            asked = self.note(
                "request", self.system.act("jonas", "request-tier", use=OVEN, tier="control", reason="again")
            )
            if asked.ok:
                self.note("approve", self.system.act("amina", "approve", use=OVEN, tier="control", reason="looked"))

    def undo(self) -> None:
        done = [c for c in self.system.get("/api/commands")[:10] if c["phase"] == "confirmed" and not c["undo_of"]]
        if done:
            self.note("undo", self.system.act("jonas", "undo", command=done[0]["id"], reason="back"))

    def resolve(self) -> None:
        """What nobody can know, a person looks at: at the plant's own log."""
        for command in self.system.get("/api/commands"):
            if command["phase"] in {"indeterminate", "not-confirmed"}:
                written = any(
                    (w["signal"], w["value"]) == (command["signal"], command["value"]) for w in self.system.writes()
                )
                body = {"command": command["id"], "done": written, "reason": "looked at the machine"}
                self.note("resolve", self.system.act("maria", "resolve", **body))

    def challenge(self) -> None:
        body = {"element": "oven-1", "reason": "mismatch", "words": "", "station": "curing"}
        self.note("challenge", self.system.post("/api/challenge", body))
        self.answer_all()

    def answer_all(self) -> None:
        for case in self.system.get("/api/challenges"):
            if case["answer"] is None:
                body = {"challenge": case["id"], "outcome": "mended", "reason": "looked"}
                self.note("answer", self.system.act("amina", "answer-challenge", **body))

    def halt_and_reset(self) -> None:
        """Halt from the page or from the command line; look for what still moves; then two people end it."""
        told: list[Told] = []
        if self.chance.random() < 0.5:
            answer = self.note("halt from the page", self.system.post("/api/halt", {"reason": "a trial"}))
            if answer.ok and answer.detail["latched"]:
                said = answer.detail["answers"]
                told.append(Told(time.time_ns(), said["how"], tuple(said["in_flight"])))
        else:
            held = GatewayLink(self.system.folder / ".andon" / "gateway").halt("site", "somebody", "a trial")
            told.append(Told(time.time_ns(), held.how, held.in_flight))
            self.did[f"halt by {held.how}"] += 1
        self.left.halts += told
        until = time.monotonic() + self.chance.uniform(0.5, 3.0)
        while time.monotonic() < until and not self.stop.is_set():
            with contextlib.suppress(*AWAY):
                proposed = self.system.propose("maria", OVEN, self.chance.choice(SIGNALS), self.fresh.pop())
                if proposed.ok:
                    self.system.accept("jonas", proposed.detail["id"])
            time.sleep(0.2)
        self.reset_all(told)

    def reset_all(self, told: list[Told]) -> None:
        """Two people sign until nothing is halted; the twin or the gateway may die in between."""

        def ended() -> bool:
            state = self.system.get("/api/state")
            if state["gateway"]["reachable"] and not state["gateway"]["halted"] and not self.system.get("/api/halts"):
                return True
            self.note("reset", self.system.reset("maria"))
            for halt in told:
                halt.released = halt.released or time.time_ns()
            self.note("reset", self.system.reset("amina"))
            return False

        eventually(ended, "the halt is ended by two people", within_s=240.0, pause_s=0.5)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with running(System.make(tmp_path / "valve-works", signals=fast, speed=20.0)) as made:
        made.publish_and_sign([OVEN])
        made.rehearse([OVEN])
        made.approve(OVEN)
        yield made


def one_kill(system: System, people: People, chance: random.Random, lately: list[str]) -> None:
    """Kill one process at a random moment, mostly of an acceptance; sometimes while the one before comes back."""
    time.sleep(chance.uniform(0.2, 3.0))
    if chance.random() < 0.7 and people.accepting.wait(5.0):
        time.sleep(chance.uniform(0.0, 0.2))
    # Never the same one three times running: the parent gives up on what dies again and again just after its start.
    name = chance.choice([c for c in CHILDREN if lately[-2:] != [c, c]])
    old = system.kill(name)
    if not old:
        return  # it is dead already
    if name == "plant":
        people.left.plant_killed.append(time.time_ns())
    lately.append(name)
    eventually(lambda: system.pid(name) != old, f"the {name} is started again; {system.said()[-1500:]}")
    if chance.random() < 0.25:
        return  # the next one comes while this one still finds its feet
    with contextlib.suppress(NeverHappenedError):  # the people meanwhile may have halted everything
        eventually(system.in_step, "the system is in step again", within_s=30.0)


def run(system: System, kills: int, seed: int) -> tuple[People, Counter[str]]:
    """So many kills with people at work; afterwards everything resumes, and one more command is confirmed."""
    left = Left(
        ledger=system.folder / ".andon" / "ledger.db",
        journal=system.folder / ".andon" / "gateway" / "journal",
        writes=system.write_log,
    )
    chance, theirs = random.Random(seed), random.Random(seed + 1)  # noqa: S311 - to be repeated, not to be secret
    killed: list[str] = []
    people = People(system, theirs, left)
    people.thread.start()
    try:
        while len(killed) < kills and not people.trouble:
            one_kill(system, people, chance, killed)
    finally:
        people.stop.set()
        people.thread.join(600.0)
    assert not people.trouble, people.trouble
    eventually(system.in_step, f"the system is in step again; {system.said()[-1500:]}")
    people.reset_all([])
    people.answer_all()
    after_all_is_quiet(system, people)
    return people, Counter(killed)


def after_all_is_quiet(system: System, people: People) -> None:
    """Everything resumes but authority: that takes a fresh approval, then a command goes through again."""

    def settled() -> bool:
        people.resolve()
        open_ones = [c for c in system.get("/api/commands") if c["phase"] in {"intended", "sent", "acknowledged"}]
        return not open_ones and not system.get("/api/state")["gateway"]["blocked"]

    eventually(settled, "every command in flight has come to an end", pause_s=0.5)

    def through() -> Any:
        if system.tier(OVEN) != "control":
            people.renew()
            return None
        proposed = people.note("propose", system.propose("maria", OVEN, SIGNALS[0], people.fresh.pop()))
        taken = people.note("accept", system.accept("jonas", proposed.detail["id"])) if proposed.ok else proposed
        return taken.detail.get("command") if taken.ok else None

    command = eventually(through, f"a command goes through; lacks {system.unmet(OVEN)}", pause_s=0.5, within_s=240.0)
    eventually(lambda: system.command(command)["phase"] == "confirmed", "another signal shows it")


def check(system: System, people: People, killed: Counter[str]) -> None:
    system.interrupt()
    found = broken(people.left)
    recorded = records(people.left.ledger)
    figures = {
        "killed": dict(killed),
        "did": dict(people.did),
        "refused": dict(people.refused),
        "records": len(recorded),
        "kinds": dict(Counter(r["kind"] for r in recorded)),
        "writes": len(system.writes()),
    }
    print(figures)  # noqa: T201 - the figures, shown with -s and when it fails
    assert found == [], "\n".join(found)
    assert len(system.writes()) >= sum(killed.values()) // 4, "too little was written for this to mean anything"
    assert people.left.halts or sum(killed.values()) < 20, "nobody halted"
    ours = system.andon("ledger verify")
    assert ours.returncode == 0, ours.stdout + ours.stderr
    vkey = system.folder / ".andon" / "keys" / "ledger.vkey"
    theirs = subprocess.run(
        [sys.executable, str(CHECKER), str(people.left.ledger), str(vkey)], capture_output=True, text=True, check=False
    )
    assert theirs.returncode == 0, theirs.stdout + theirs.stderr


@pytest.mark.timeout(1200)
def test_twenty_kills_lose_nothing_write_nothing_unmeant_and_nothing_twice(system: System) -> None:
    people, killed = run(system, kills=20, seed=20)
    check(system, people, killed)


@pytest.mark.proof
@pytest.mark.timeout(14_400)
def test_five_hundred_kills_lose_nothing_write_nothing_unmeant_and_nothing_twice(system: System) -> None:
    people, killed = run(system, kills=500, seed=500)
    check(system, people, killed)
