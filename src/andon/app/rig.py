"""A rig for drills: a second virtual plant and a second gateway of a site, with keys that live as long as the drill."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.adapters.clock import SiteClock, SystemClock
from andon.adapters.gateway_folder import bounds_of
from andon.adapters.history import History
from andon.adapters.opcua import OpcuaSource
from andon.adapters.pki import Pki
from andon.app import lifeline
from andon.app.floor import Floor
from andon.app.folders import Folders
from andon.app.introduce import introduce_plant
from andon.app.supervise import last_words, python_module
from andon.app.way_out import WayOut
from andon.core.readings import Value
from andon.protocols.permit import bounds_statement, reset_statement
from andon.site.model import Site

SPEED = 4.0
"""Of the drill's plant. Not more: at ten, half a second of a busy computer is half of a limit of ten seconds."""
START_S = 60.0
SEEN_SHARE = 0.9
"""Share of the signals that must be current before a drill begins: some change seldom."""
PEOPLE = ("drill-one", "drill-two")


class RigFailed(Exception):  # noqa: N818 - named for what it says
    """The rig could not be set up; one sentence."""


class Rig:
    """One drill's plant, gateway and floor, alive inside `rig()`."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.folders = Folders(folder)
        self.log = folder / "writes.jsonl"
        self.clock = SiteClock()
        self._keys = {name: Ed25519PrivateKey.generate() for name in PEOPLE}
        self._gateway: subprocess.Popen[bytes] | None = None
        public = {n: k.public_key().public_bytes_raw().hex() for n, k in self._keys.items()}
        self.folders.make()
        introduce_plant(self.folders)
        self.way_out = WayOut(site, self.folders, lambda: public, self.clock)
        statement = bounds_statement(bounds_of(site)).decode()
        for name in PEOPLE:
            self.way_out.sign_bounds(name, self._keys[name].sign(statement.encode()).hex())
        self.floor = Floor(site, self.clock, History(self.folders.history))

    def start_gateway(self) -> None:
        """Start the gateway (again)."""
        self._gateway = _start(python_module("andon.gateway", str(self.folders.site)), self.folders.run / "gateway.log")
        self.wait(lambda: self.way_out.fact().reachable, "the rig's gateway does not answer")

    def kill_gateway(self) -> None:
        """As a power cut would."""
        if self._gateway is not None:
            self._gateway.kill()
            self._gateway.wait()
            self._gateway = None

    def reset(self, people: tuple[str, ...], reason: str = "end of the drill") -> bool:
        """Ask the gateway to end its halts, signed by these people."""
        from andon.operate.outcome import ResetGateway  # noqa: PLC0415 - one use

        halts = sorted(self.way_out.fact().halts)
        message = reset_statement(halts, reason)
        signatures = {name: self._keys[name].sign(message).hex() for name in people}
        effect = ResetGateway(tuple(halts), (), reason, signatures, dict.fromkeys(people, reason))
        return self.way_out.reset(effect).ok

    def values(self) -> dict[str, Value]:
        """What is seen now, and may be believed."""
        return {v.signal: v.value for v in self.floor.views() if v.fresh and v.value is not None}

    def writes(self, signal: str = "") -> int:
        """Writes that reached the device, of one signal or of all."""
        if not self.log.exists():
            return 0
        lines = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines() if line]
        return sum(1 for line in lines if not signal or line["signal"] == signal)

    def wait(self, until: Callable[[], bool], sentence: str, within_s: float = START_S) -> float:
        """Real seconds until something is so.

        Raises:
            RigFailed: it did not become so; `sentence` says what.
        """
        began = time.monotonic()
        while not until():
            if time.monotonic() - began > within_s:
                raise RigFailed(f"{sentence} within {within_s:g} s")
            time.sleep(0.02)
        return time.monotonic() - began


@contextlib.contextmanager
def rig(site: Site, site_folder: Path, seed: int) -> Iterator[Rig]:
    """A rig, up and seen, and gone without a trace afterwards.

    Raises:
        RigFailed: a part of it does not come up.
    """
    virtual = [s for s in site.sources if s.virtual]
    if len(virtual) != 1:
        raise RigFailed(
            "a rehearsal needs one source that says `virtual: true` in sources.yaml; "
            "drill on the real floor, and record what was measured with `andon evidence`"
        )
    moved = virtual[0].model_copy(update={"url": f"opc.tcp://127.0.0.1:{free_port()}/andon/rig"})
    there = site.model_copy(update={"sources": tuple(moved if s.id == moved.id else s for s in site.sources)})
    with TemporaryDirectory(prefix="andon-rig-") as temporary, contextlib.ExitStack() as stack:
        folder = Path(temporary)
        for file in site_folder.iterdir():
            if file.is_file():
                (folder / file.name).write_bytes(file.read_bytes())
        made = Rig(there, folder)
        stack.callback(made.kill_gateway)
        now = str(SystemClock().now())
        plant = _start(
            [
                *(sys.executable, "-m", "andon", "plant", str(folder)),
                *("--speed", str(SPEED), "--seed", str(seed), "--port", str(_port(moved.url))),
                *("--epoch-wall", now, "--epoch-site", now, "--write-log", str(made.log)),
            ],
            made.folders.run / "plant.log",
        )
        stack.callback(_end, plant)
        made.start_gateway()
        source = OpcuaSource(moved, there.signals, Pki(made.folders.pki), made.floor.sink, made.clock)
        stack.callback(made.floor.stop)
        made.floor.start([source])
        wanted = {s.id for s in there.signals if s.source == moved.id}
        try:
            made.wait(
                lambda: len(wanted & made.values().keys()) >= SEEN_SHARE * len(wanted), "the rig's plant is not seen"
            )
        except RigFailed as error:
            raise RigFailed(
                f"{error} ({source.trouble or 'connected'}{last_words(made.folders.run / 'plant.log')})"
            ) from error
        yield made


def _port(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """A child that ends with us: its standard input is a pipe that only we hold."""
    environment: Mapping[str, str] = {**os.environ, lifeline.VARIABLE: "1"}
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own modules, no shell
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True, env=environment
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
