"""A whole running system for tests: `andon run --with-plant` on free ports, asked as people ask it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

EXAMPLE = Path(__file__).parents[2] / "examples" / "valve-works"
PASSWORD = "quiet-harbour-lantern-42"
PATIENCE_S = 120.0
"""How long anything may take on a loaded machine before a test says that it never happened."""
REHEARSAL_S = 600.0
CHILDREN = ("twin", "gateway", "plant")
PEOPLE = ("maria", "jonas", "amina")
"""Supervisor, engineer, safety."""
OK, REFUSED, NOBODY = 200, 403, 401

T = TypeVar("T")


class NeverHappenedError(AssertionError):
    """A condition that was polled for did not come about."""


def eventually(look: Callable[[], T], what: str, within_s: float = PATIENCE_S, pause_s: float = 0.1) -> T:
    """The first true answer of `look`; a twin that is away meanwhile is waited for."""
    until = time.monotonic() + within_s
    last: object = None
    while time.monotonic() < until:
        try:
            found = look()
        except (httpx.HTTPError, OSError, ValueError, LookupError) as error:
            last = error
        else:
            last = found
            if found:
                return found
        time.sleep(pause_s)
    raise NeverHappenedError(f"never happened within {within_s:g} s: {what}; last seen: {str(last)[:2000]}")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def alive(pid: int) -> bool:
    """Whether a process lives; one that is dead and not yet buried does not."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    return True


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Done, and recorded."""
        return self.status == OK

    @property
    def codes(self) -> set[str]:
        """The codes of a refusal."""
        return {str(r["code"]) for r in self.body.get("reasons", ())} if isinstance(self.body, dict) else set()

    @property
    def detail(self) -> Mapping[str, Any]:
        """What the act came to."""
        found: Mapping[str, Any] = self.body.get("detail", {})
        return found


@dataclass
class System:
    """One site and what runs for it. `start`, then ask; `end` when done, whatever happened."""

    folder: Path
    speed: float = 10.0
    seed: int = 1
    port: int = field(default_factory=free_port)
    environment: Mapping[str, str] = field(default_factory=dict)
    parent: subprocess.Popen[bytes] | None = None
    seen: set[int] = field(default_factory=set)
    """Every process id that this system ever had."""
    _sessions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, *, signals: Callable[[str], str] = str, **options: Any) -> System:
        """A copy of the example in `folder`, its plant on a free port. `signals` edits the text of signals.csv."""
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".andon"))
        sources = folder / "sources.yaml"
        sources.write_text(sources.read_text("utf-8").replace(":4840/", f":{free_port()}/"), "utf-8")
        listed = folder / "signals.csv"
        listed.write_text(signals(listed.read_text("utf-8")), "utf-8")
        return cls(folder, **options)

    # --- life

    @property
    def run_folder(self) -> Path:
        """Process ids and the address of the API."""
        return self.folder / ".andon" / "run"

    @property
    def write_log(self) -> Path:
        """Every write that the plant received."""
        return self.folder.parent / f"{self.folder.name}-writes.jsonl"

    @property
    def output(self) -> Path:
        """What the parent and the twin printed."""
        return self.folder.parent / f"{self.folder.name}-output.txt"

    @property
    def url(self) -> str:
        """Of the control room."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the parent and wait for the control room, the gateway and the plant."""
        command = [sys.executable, "-m", "andon", "run", str(self.folder), "--with-plant", "--port", str(self.port)]
        command += ["--speed", str(self.speed), "--seed", str(self.seed), "--plant-write-log", str(self.write_log)]
        with self.output.open("ab") as output:
            self.parent = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self.seen.add(self.parent.pid)
        self.up()

    def up(self) -> None:
        """Wait until all three are there and the twin is in step with the plant."""
        eventually(self.in_step, f"the system is up and in step; it said: {self.said()[-1500:]}")
        for name in CHILDREN:
            self.seen.add(self.pid(name))

    def in_step(self) -> bool:
        """The gateway answers, the plant is seen, and every set-point is current."""
        if self.parent is None or self.parent.poll() is not None:
            raise AssertionError(f"`andon run` ended: {self.said()[-3000:]}")
        state = self.get("/api/state")
        signals = {s["signal"]: s for s in state["signals"]}
        wanted = [signals[f"oven-{n}.{part}"] for n in (1, 2) for part in ("setpoint", "setpoint_active", "remote")]
        there = [s["fresh"] and s["value"] is not None for s in wanted]
        return bool(state["gateway"]["reachable"] and all(there) and state["speed"] == self.speed)

    def said(self) -> str:
        """What was printed, and the end of each child's log."""
        texts = [self.output.read_text("utf-8", "replace") if self.output.exists() else ""]
        for name in CHILDREN:
            log = self.run_folder / f"{name}.log"
            if log.exists():
                texts.append(f"--- {name}: {log.read_text('utf-8', 'replace')[-800:]}")
        return "\n".join(texts)

    def pid(self, name: str) -> int:
        """Process id of a child."""
        pid = int((self.run_folder / f"{name}.pid").read_text("ascii"))
        self.seen.add(pid)
        return pid

    def kill(self, name: str) -> int:
        """`kill -9` one child; its process id, or 0 when it was not there to be killed."""
        with contextlib.suppress(OSError, ValueError):
            pid = self.pid(name)
            os.kill(pid, signal.SIGKILL)
            return pid
        return 0

    def interrupt(self) -> float:
        """Ctrl-C to the parent; real seconds until it and everything that it started are gone.

        Raises:
            NeverHappenedError: something was left behind.
        """
        assert self.parent is not None
        for name in CHILDREN:
            with contextlib.suppress(OSError, ValueError):
                self.pid(name)
        began = time.monotonic()
        self.parent.send_signal(signal.SIGINT)
        self.parent.wait(PATIENCE_S)
        took = time.monotonic() - began
        eventually(lambda: not self.left(), f"nothing is left of {sorted(self.seen)}", 10.0)
        return took

    def left(self) -> list[int]:
        """Processes of this system that live: those ever seen, and any other that names its folder."""
        found = {pid for pid in self.seen if alive(pid)}
        for entry in Path("/proc").glob("[0-9]*") if Path("/proc").is_dir() else ():
            with contextlib.suppress(OSError):
                if str(self.folder).encode() in (entry / "cmdline").read_bytes() and int(entry.name) != os.getpid():
                    found.add(int(entry.name))
        return sorted(pid for pid in found if alive(pid))

    def end(self) -> None:
        """End everything, one way or the other."""
        if self.parent is not None and self.parent.poll() is None:
            self.parent.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.parent.wait(30.0)
        for pid in self.left():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if self.parent is not None:
            self.parent.wait(10.0)

    # --- asking

    def get(self, path: str, **query: Any) -> Any:
        """GET, as anybody on this machine may."""
        answer = httpx.get(self.url + path, params=query, timeout=30.0, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Mapping[str, Any], session: str = "") -> Answer:
        """POST once, never again by itself: an act that got no answer may have been done."""
        headers = {"X-Andon-Session": session} if session else {}
        answer = httpx.post(self.url + path, json=dict(body), headers=headers, timeout=60.0, trust_env=False)
        try:
            return Answer(answer.status_code, answer.json())
        except ValueError:
            return Answer(answer.status_code, {"reasons": [{"code": "not-json", "text": answer.text[:300]}]})

    def act(self, person: str, act: str, **body: Any) -> Answer:
        """One act by one person, who signs in when the twin does not know them (any more)."""
        for _ in range(2):
            if person not in self._sessions:
                signed = self.post("/api/sign-in", {"name": person, "password": PASSWORD})
                assert signed.ok, signed
                self._sessions[person] = signed.body["session"]
            answer = self.post(f"/api/act/{act}", body, self._sessions[person])
            if answer.status != NOBODY:
                break
            del self._sessions[person]
        return answer

    def andon(self, *arguments: str, within_s: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        """One command, typed: `andon COMMAND SITE ...`; the site's folder goes in after the command."""
        command, *rest = arguments
        words = [*command.split(), str(self.folder), *rest]
        return subprocess.run(
            [sys.executable, "-m", "andon", *words],
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
            env={**os.environ, "ANDON_PASSWORD": PASSWORD, "NO_COLOR": "1"},
        )

    def records(self, kind: str = "", start: int = 0) -> list[dict[str, Any]]:
        """What is on record, oldest first."""
        found: list[dict[str, Any]] = self.get("/api/records", kind=kind, last=2000, start=start)
        return found

    def tier(self, use: str) -> str:
        """What a use holds now."""
        return str(self.get(f"/api/authority/{use}")["tier"])

    def unmet(self, use: str, tier: str = "control") -> dict[str, str]:
        """Requirements that a use lacks for a tier, and why."""
        order = ("visualise", "analyse", "recommend", "control")
        rows = self.get(f"/api/authority/{use}")["requirements"]
        return {r["id"]: r["why"] for r in rows if not r["met"] and order.index(r["tier"]) <= order.index(tier)}

    def writes(self) -> list[dict[str, Any]]:
        """What the plant received, in order."""
        if not self.write_log.exists():
            return []
        return [json.loads(line) for line in self.write_log.read_text("utf-8").splitlines() if line]

    # --- what people do before a use may act

    def enrol(self, people: Sequence[str] = PEOPLE) -> None:
        """Give people their passwords."""
        for person in people:
            done = self.andon("account add", person)
            assert done.returncode == 0, done.stderr

    def publish_and_sign(self, uses: Sequence[str]) -> None:
        """Uses on record, and the gateway's bounds signed by two people."""
        for use in uses:
            assert self.act("jonas", "publish-use", use=use).ok
        for person in ("maria", "amina"):
            assert self.post("/api/bounds/sign", {"name": person, "password": PASSWORD}).ok

    def rehearse(self, uses: Sequence[str]) -> None:
        """Commissioning on the rig: real drills, real evidence."""
        chosen = [word for use in uses for word in ("--use", use)]
        done = self.andon("rehearse", "--as", "jonas", *chosen, within_s=REHEARSAL_S)
        assert done.returncode == 0, done.stdout + done.stderr

    def approve(self, use: str, tier: str = "control") -> None:
        """Requested by one person and approved by another; waits until the use holds it."""

        def held() -> bool:
            if self.tier(use) == tier:
                return True
            asked = self.act("jonas", "request-tier", use=use, tier=tier, reason="as before the loss")
            given = self.act("amina", "approve", use=use, tier=tier, reason="looked at what was lost")
            return asked.ok and given.ok and self.tier(use) == tier

        eventually(held, f"{use} holds {tier}", pause_s=0.5)

    def propose(self, person: str, use: str, signal_id: str, value: float) -> Answer:
        """A proposal by hand."""
        return self.act(person, "propose", use=use, signal=signal_id, value=value, reason="a trial")

    def accept(self, person: str, recommendation: str) -> Answer:
        """An acceptance by somebody who looked."""
        return self.act(
            person, "decide", recommendation=recommendation, accept=True, reason="looked at it", looked=True
        )

    def reset(self, person: str, reason: str = "checked on the floor") -> Answer:
        """One person's part of a reset."""
        return self.post("/api/reset", {"name": person, "password": PASSWORD, "reason": reason})

    def command(self, name: str) -> dict[str, Any]:
        """One command as it stands."""
        found: dict[str, Any] = next(c for c in self.get("/api/commands") if c["id"] == name)
        return found


@contextlib.contextmanager
def running(system: System) -> Iterator[System]:
    """A started system, ended for certain."""
    try:
        system.enrol()
        system.start()
        yield system
    finally:
        system.end()


@contextlib.contextmanager
def full_disk(pid: int, room: int = 4096) -> Iterator[None]:
    """No file of this process may grow beyond `room` bytes meanwhile: to it, the disk is full. Linux."""
    import resource

    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
