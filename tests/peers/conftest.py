"""Foreign peers for the tests: a node-opcua server in a process of its own, started, ordered about and killed.

`shared_peer` is one that all tests share. `tests/peers/install.sh` installs what it needs; without that these tests
skip, and say so.
"""

from __future__ import annotations

import json
import queue
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "node"
DEADLINE_S = 60.0


def why_not() -> str:
    """Why the foreign peers cannot run here; empty when they can."""
    if shutil.which("node") is None:
        return "node is not here; install Node.js 20 and run `sh tests/peers/install.sh`"
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["node-opcua"]
    try:
        found = json.loads((HERE / "node_modules" / "node-opcua" / "package.json").read_text())["version"]
    except OSError:
        return "node-opcua is not here; run `sh tests/peers/install.sh`"
    return "" if found == wanted else f"node-opcua is {found}, not {wanted}; run `sh tests/peers/install.sh`"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Peer:
    """One foreign OPC UA server. Its variables: `ns=1;s=pump.pressure|flow|level|state`, `ns=1;s=oven.setpoint|
    setpoint_active|remote`. Modes of the oven: obey, lie, deaf, refuse, late, mute (see node/server.js).
    """

    def __init__(self, folder: Path, *, mode: str = "obey", accept_any: bool = False) -> None:
        self.port = free_port()
        self.url = f"opc.tcp://127.0.0.1:{self.port}/peer"
        self.pki = folder / "peer-pki"
        self.mode = mode
        self.accept_any = accept_any
        self.certificate = Path()
        """The server's certificate (PEM), once it has started."""
        self.writes: list[dict[str, Any]] = []
        """Every write that the server received, in order: `{name, value, mode}`."""
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        command = ["node", "server.js", "--port", str(self.port), "--pki", str(self.pki), "--mode", self.mode]
        command += ["--accept-any"] if self.accept_any else []
        self._process = subprocess.Popen(
            command,
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        self.certificate = Path(self._until("ready")["certificate"])

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.startswith("{"):
                continue
            said = json.loads(line)
            if "write" in said:
                self.writes.append(said["write"])
            else:
                self._said.put(said)

    def _until(self, key: str) -> dict[str, Any]:
        end = time.monotonic() + DEADLINE_S
        while (left := end - time.monotonic()) > 0:
            said = self._said.get(timeout=left)
            if "failed" in said:
                raise AssertionError(said["failed"])
            if key in said:
                return said
        raise AssertionError(f"the peer never said `{key}`")

    def order(self, **order: Any) -> None:
        """Have it set a variable or change its mode, and wait until it did."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._until("done")

    def set(self, name: str, value: Any, status: str = "Good") -> None:
        """A variable takes a value and a status, now."""
        self.order(set=name, value=value, status=status)

    def trust(self, certificate: Path) -> None:
        """Let the server trust a client's certificate, which it may have refused before."""
        self.order(trust=str(certificate.resolve()))

    def kill(self) -> None:
        """kill -9; nothing is said to any client."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(DEADLINE_S)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close() if stream is self._process.stdin else self._join(stream)
        self._process = None

    def _join(self, stream: Any) -> None:
        if self._reader is not None:
            self._reader.join(DEADLINE_S)
        stream.close()


@pytest.fixture(scope="session")
def shared_peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """One foreign server for all tests, since it takes its time to start; each test begins by putting it right.

    Killed and started again it is as it was at first.
    """
    if reason := why_not():
        pytest.skip(reason)
    peer = Peer(tmp_path_factory.mktemp("peer"))
    try:
        peer.start()
        yield peer
    finally:
        peer.kill()
