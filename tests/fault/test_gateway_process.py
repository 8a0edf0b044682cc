"""The gateway as a process against a real OPC UA server: writes once, halts with all else dead, survives kills."""

from __future__ import annotations

import asyncio
import contextlib
import http.client as http_client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.adapters.clock import SystemClock
from andon.adapters.gateway_folder import pin, sign_bounds, write_bounds
from andon.adapters.gateway_link import GatewayLink, GatewayUnreachable, sign_reset
from andon.adapters.opcua_server import ClientWrite, OpcuaServer, Variable
from andon.adapters.pki import Pki
from andon.core.time import nanos
from andon.protocols.permit import Permit

TWIN, AMINA, JONAS = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
PATIENCE_S = 60.0
SETPOINTS = ("oven-1.setpoint", "oven-2.setpoint")
REMOTES = ("oven-1.remote", "oven-2.remote")


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def eventually(check: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with contextlib.suppress(GatewayUnreachable):
            found = check()
            if found:
                return found
        time.sleep(0.02)
    pytest.fail(f"never happened: {what}")


@dataclass
class Device:
    """A dumb machine behind a real server, in a thread: does what it is told, late, wrongly or never."""

    folder: Path
    security: str = "none"
    trust: tuple[Path, ...] = ()
    port: int = 0
    writes: list[tuple[str, float]] = field(default_factory=list)
    delay_s: float = 0.0
    behaviour: str = "does"
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _server: OpcuaServer | None = None

    def start(self) -> None:
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,))
        self._thread.start()
        assert ready.wait(PATIENCE_S)

    def reset(self) -> None:
        if self._thread is None:
            self.start()
        self.behaviour, self.delay_s = "does", 0.0
        self.writes.clear()
        for name in SETPOINTS:
            self.put(name, 180.0)
        for name in REMOTES:
            self.put(name, value=True)

    def stop(self) -> None:
        if self._thread is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(PATIENCE_S)
            assert not self._thread.is_alive()
            self._thread = None

    def put(self, name: str, value: float | bool, status: int = 0) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self._put(name, value, status), self._loop).result(PATIENCE_S)

    def value(self) -> float:
        assert self._loop is not None
        return float(asyncio.run_coroutine_threadsafe(self._value(), self._loop).result(PATIENCE_S))

    async def _value(self) -> float:
        assert self._server is not None
        return await self._server._server.get_node("ns=2;s=oven-1.setpoint").read_value()

    async def _put(self, name: str, value: float | bool, status: int = 0) -> None:
        assert self._server is not None
        await self._server.publish(name, value, SystemClock().now(), status)

    def _run(self, ready: threading.Event) -> None:
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        names = [*((n, "float") for n in SETPOINTS), *((n, "bool") for n in REMOTES)]
        self._server = OpcuaServer(
            self.url,
            [Variable(n, f"ns=2;s={n}", n.split(".", 1)[0], kind, "", kind == "float") for n, kind in names],
            self._written,
            pki=Pki(self.folder / "plant-pki"),
            trust=self.trust,
            anonymous_writes=self.security == "none",
            site_clock=SystemClock(),
            wall=SystemClock(),
        )
        await self._server.start()
        for name, kind in names:
            await self._put(name, 180.0 if kind == "float" else True)
        ready.set()
        await self._ended.wait()
        await self._server.stop()

    async def _written(self, write: ClientWrite) -> int:
        if not write.allowed:
            return 0x801F0000
        if self.behaviour == "refuses":
            return 0x803B0000
        if self.behaviour == "times out behind":
            self.writes.append((write.name, float(write.value)))  # type: ignore[arg-type]  # the test writes numbers
            return 0x800A0000
        self.writes.append((write.name, float(write.value)))  # type: ignore[arg-type]  # the test writes numbers
        if self.behaviour == "before":
            await self._put(write.name, write.value)  # type: ignore[arg-type]  # the same
        await asyncio.sleep(self.delay_s)
        if self.behaviour == "does":
            await self._put(write.name, write.value)  # type: ignore[arg-type]  # the same
        return 0

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/andon/device"


def row(signal: str) -> dict[str, Any]:
    element = signal.split(".", 1)[0]
    return {
        "signal": signal,
        "element": element,
        "source": "plant",
        "address": f"ns=2;s={signal}",
        "type": "float",
        "unit": "Cel",
        "min": 160,
        "max": 200,
        "max_rate": 10,
        "permissive_signal": f"{element}.remote",
    }


@dataclass
class Rig:
    """A site folder, its device and its gateway process."""

    site: Path
    device: Device
    process: subprocess.Popen[str] | None = None
    said: str = ""

    @property
    def folder(self) -> Path:
        return self.site / ".andon" / "gateway"

    @property
    def link(self) -> GatewayLink:
        return GatewayLink(self.folder, answer_s=PATIENCE_S, command_s=PATIENCE_S)

    def sign(self, *keys: tuple[str, Ed25519PrivateKey]) -> None:
        document = {
            "v": 1,
            "sources": {"plant": {"url": self.device.url, "security": self.device.security}},
            "signals": [row(signal) for signal in SETPOINTS],
            "permissives": {name: {"source": "plant", "address": f"ns=2;s={name}"} for name in REMOTES},
        }
        write_bounds(self.folder, document, {name: sign_bounds(document, key) for name, key in keys})

    def start(self, command: list[str] | None = None) -> None:
        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "andon.gateway", str(self.site)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        assert self.said.startswith("gateway ready"), self.said

    def end(self, number: int = signal.SIGTERM) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return process.returncode

    def connected(self) -> None:
        eventually(lambda: self.link.live("oven-1.setpoint").get("ok"), "a session with the device")

    def permit(self, command: str, value: float, expected: float = 180.0, **changes: Any) -> Permit:
        fields: dict[str, Any] = {
            "command": command,
            "epoch": self.link.status()["epoch"],
            "baseline": "sha256:0",
            "signal": "oven-1.setpoint",
            "value": value,
            "unit": "Cel",
            "expected": expected,
            "tolerance": 0.1,
            "min": None,
            "max": None,
            "deadline": time.monotonic_ns() + nanos(0.49),
        }
        return Permit(**{**fields, **changes})

    def ask(self, command: str, value: float, expected: float = 180.0, **changes: Any) -> dict[str, Any]:
        """One permit; asked again under another id while the loaded machine makes it late."""
        for attempt in range(100):
            name = command if not attempt else f"{command}.{attempt}"
            answer = self.link.permit(self.permit(name, value, expected, **changes), TWIN)
            if codes(answer) != {"too-late"}:
                return answer
        pytest.fail("every permit came too late")


def codes(answer: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in answer.get("reasons", ())}


@pytest.fixture(scope="module")
def shared_device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    device = Device(tmp_path_factory.mktemp("device"))
    device.start()
    yield device
    device.stop()


@pytest.fixture
def rig(tmp_path: Path, shared_device: Device) -> Iterator[Rig]:
    shared_device.reset()
    made = Rig(tmp_path / "works", shared_device)
    pin(made.folder, public(TWIN), {"amina": public(AMINA), "jonas": public(JONAS)})
    made.sign(("amina", AMINA), ("jonas", JONAS))
    try:
        yield made
    finally:
        made.end(signal.SIGKILL)


@pytest.fixture
def running(rig: Rig) -> Rig:
    rig.start()
    rig.connected()
    return rig


def test_one_valid_permit_is_written_exactly_once(running: Rig) -> None:
    answer = running.ask("C-1", 185.0)
    assert (answer["ok"], answer["phase"], answer["read_back"]) == (True, "done", 185)
    assert running.device.writes == [("oven-1.setpoint", 185.0)]
    again = running.link.permit(running.permit(answer["command"], 185.0, 185.0), TWIN)
    assert codes(again) == {"already-seen"}
    assert len(running.device.writes) == 1
    assert running.link.query(answer["command"])["phase"] == "done"
    assert running.link.query("C-never")["phase"] == "unknown"


def test_the_same_permit_from_many_clients_at_once_is_written_once(running: Rig) -> None:
    running.device.delay_s = 0.3
    permit = running.permit("C-1", 185.0)
    answers: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(running.link.permit(permit, TWIN))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(answers) == 12
    assert len(running.device.writes) <= 1
    assert sum(answer["ok"] for answer in answers) == len(running.device.writes)


def test_what_the_machine_says_now_decides(running: Rig) -> None:
    assert codes(running.ask("C-1", 185.0, 179.0)) == {"live-differs"}
    running.device.put("oven-1.remote", value=False)
    assert codes(running.ask("C-2", 185.0)) == {"not-permitted"}
    running.device.put("oven-1.remote", value=True)
    running.device.put("oven-1.setpoint", 180.0, 0x80890000)
    assert codes(running.ask("C-3", 185.0)) == {"live-not-good"}
    running.device.put("oven-1.setpoint", 180.0)
    assert codes(running.ask("C-4", 185.0, signal="oven-9.setpoint")) == {"not-declared"}
    assert running.device.writes == []
    assert running.ask("C-5", 185.0)["phase"] == "done"
    assert codes(running.ask("C-6", 199.0, 185.0)) == {"too-fast"}


def test_a_machine_that_acknowledges_and_does_not_is_found_out(running: Rig) -> None:
    running.device.behaviour = "lies"
    answer = running.ask("C-1", 185.0)
    assert (answer["ok"], answer["phase"], answer["taken"], answer["read_back"]) == (False, "failed", True, 180)
    assert running.link.status()["blocked"] == []


def test_a_machine_that_refuses_is_believed_when_its_value_stands(running: Rig) -> None:
    running.device.behaviour = "refuses"
    answer = running.ask("C-1", 185.0)
    assert (answer["phase"], answer["taken"]) == ("failed", False)
    assert "BadNotWritable" in answer["why"]


def test_a_server_that_cannot_say_what_its_machine_did_is_not_believed(running: Rig) -> None:
    running.device.behaviour = "times out behind"
    answer = running.ask("C-1", 185.0)
    assert answer["phase"] == "settling", "BadTimeout is no refusal"
    name = answer["command"]
    ended = eventually(lambda: (q := running.link.query(name))["phase"] != "settling" and q, "the command settles")
    assert ended["phase"] == "void"
    assert len(running.device.writes) == 1


def test_a_machine_that_answers_too_late_is_fenced_and_read_back(running: Rig) -> None:
    running.device.behaviour, running.device.delay_s = "before", 6.0
    answer = running.ask("C-1", 185.0)
    assert (answer["ok"], answer["phase"]) == (False, "settling")
    name = answer["command"]
    assert running.link.status()["blocked"] == ["oven-1"]
    assert codes(running.ask("C-2", 186.0)) >= {"blocked"}
    running.device.delay_s = 0.0
    assert running.ask("C-3", 185.0, signal="oven-2.setpoint")["phase"] == "done", "another element is free"
    ended = eventually(lambda: (q := running.link.query(name))["phase"] != "settling" and q, "the command settles")
    assert ended["phase"] == "done"
    assert running.link.status()["blocked"] == []
    assert [write for write in running.device.writes if write[0] == "oven-1.setpoint"] == [("oven-1.setpoint", 185.0)]


def test_a_machine_that_dies_in_the_middle_blocks_its_element_until_a_person_looks(rig: Rig) -> None:
    code = "import andon.gateway.process as p; p.SETTLE_TRY_S = 0.0\nfrom andon.gateway.__main__ import main\nmain()"
    rig.start([sys.executable, "-c", code, str(rig.site)])
    rig.connected()
    rig.device.behaviour, rig.device.delay_s = "never", 6.0
    answer = rig.ask("C-1", 185.0)
    assert answer["phase"] == "settling"
    name = answer["command"]
    rig.device.stop()
    stuck = eventually(lambda: (q := rig.link.query(name))["phase"] == "indeterminate" and q, "it stays unknown")
    assert "a person must look" in stuck["why"]
    rig.device.behaviour, rig.device.delay_s = "does", 0.0
    rig.device.start()
    rig.connected()
    assert codes(rig.ask("C-2", 185.0)) == {"blocked"}
    rig.end(signal.SIGKILL)
    rig.start()
    assert rig.link.status()["blocked"] == ["oven-1"], "a restart resolves nothing"
    assert rig.link.resolve(name, done=False, who="jonas", why="display shows 180")["phase"] == "void"
    rig.connected()
    assert rig.ask("C-3", 185.0)["phase"] == "done"


@pytest.mark.parametrize("behaviour", ["before", "does", "never"])
def test_a_kill_between_intent_and_end_leads_to_at_most_one_effect(rig: Rig, behaviour: str) -> None:
    rig.start()
    rig.connected()
    rig.device.behaviour, rig.device.delay_s = behaviour, 1.5

    def send() -> None:
        with contextlib.suppress(GatewayUnreachable):
            rig.ask("C-1", 185.0)

    before = rig.link.status()["epoch"]
    thread = threading.Thread(target=send)
    thread.start()
    eventually(lambda: rig.device.writes, "the write reaches the device")
    rig.end(signal.SIGKILL)
    thread.join(PATIENCE_S)
    begun = [line for line in (rig.folder / "journal").read_text().split("\n") if '"begun"' in line]
    (name,) = {line.split('"command":"')[1].split('"')[0] for line in begun}
    rig.start()
    status = rig.link.status()
    assert status["epoch"] > before
    assert status["blocked"] == ["oven-1"], "open until it has been read back"
    ended = eventually(lambda: (q := rig.link.query(name))["phase"] != "settling" and q, "recovery ends")
    # A device that was at it when its client died may do it or drop it; what is said must be what is, and stay so.
    value = 180.0 if behaviour == "never" else 185.0 if behaviour == "before" else rig.device.value()
    assert ended["phase"] == ("done" if value == 185.0 else "void")
    rig.device.delay_s = 0.0
    time.sleep(2.0)
    assert rig.device.value() == value
    assert rig.device.writes == [("oven-1.setpoint", 185.0)]
    assert codes(rig.link.permit(rig.permit(name, 190.0, 185.0), TWIN)) >= {"already-seen"}


def test_halt_stops_everything_survives_kills_and_two_people_reset_it(running: Rig) -> None:
    before = running.link.status()["epoch"]
    early = running.permit("C-early", 185.0)
    held = running.link.halt("site", "tom", "smoke")
    assert (held.how, held.durable) == ("gateway", True)
    assert held.epoch is not None
    assert held.epoch > before
    assert codes(running.link.permit(early, TWIN)) >= {"halted", "old-epoch"}
    assert codes(running.ask("C-1", 185.0)) == {"halted"}
    running.end(signal.SIGKILL)
    running.start()
    running.connected()
    assert codes(running.ask("C-2", 185.0)) == {"halted"}
    one = {"amina": sign_reset(held.halt, "no fire", AMINA)}
    assert codes(running.link.reset(held.halt, "no fire", one)) == {"two-people"}
    both = {**one, "jonas": sign_reset(held.halt, "no fire", JONAS)}
    assert running.link.reset(held.halt, "no fire", both)["by"] == ["amina", "jonas"]
    assert codes(running.link.permit(early, TWIN)) >= {"old-epoch"}, "a reset brings no permit back"
    assert running.device.writes == []
    assert running.ask("C-3", 185.0)["phase"] == "done"


def test_an_epoch_that_was_raised_voids_what_was_signed_before(running: Rig) -> None:
    early = running.permit("C-1", 185.0)
    raised = running.link.raise_epoch("challenge")
    assert "old-epoch" in codes(running.link.permit(early, TWIN))
    running.end(signal.SIGKILL)
    running.start()
    assert running.link.status()["epoch"] > raised
    assert running.device.writes == []


def test_a_late_and_a_long_permit_are_refused(running: Rig) -> None:
    late = running.permit("C-1", 185.0, deadline=time.monotonic_ns() - 1)
    assert codes(running.link.permit(late, TWIN)) == {"too-late"}
    long = running.permit("C-2", 185.0, deadline=time.monotonic_ns() + nanos(3600))
    assert codes(running.link.permit(long, TWIN)) == {"lives-too-long"}
    assert codes(running.link.permit(running.permit("C-3", 185.0), JONAS)) == {"signature"}


def test_halt_works_with_the_gateway_dead_and_it_starts_halted(rig: Rig) -> None:
    held = rig.link.halt("oven-1", "tom", "smoke")
    assert held.how == "latch file"
    assert "starts halted" in held.sentence()
    rig.start()
    rig.connected()
    assert [halt["halt"] for halt in rig.link.status()["halts"]] == [held.halt]
    assert codes(rig.ask("C-1", 185.0)) == {"halted"}
    assert rig.ask("C-2", 185.0, signal="oven-2.setpoint")["phase"] == "done"


def test_a_latch_written_by_hand_halts_a_running_gateway(running: Rig) -> None:
    with (running.folder / "latch").open("a") as file:
        file.write("halt\n")
    assert codes(running.ask("C-1", 185.0)) >= {"halted"}
    assert running.device.writes == []


def test_without_bounds_of_two_people_it_runs_refuses_and_halts(rig: Rig) -> None:
    (rig.folder / "bounds.json").unlink()
    rig.start()
    assert "refuses every permit: `bounds.json` is missing" in rig.said
    assert codes(rig.ask("C-1", 185.0)) == {"no-bounds"}
    rig.sign(("amina", AMINA))
    answer = rig.ask("C-2", 185.0)
    assert codes(answer) == {"no-bounds"}
    assert "two different people" in answer["reasons"][0]["text"]
    held = rig.link.halt("site", "tom", "")
    assert held.how == "gateway"
    (rig.folder / "latch").unlink()
    assert rig.link.status()["halts"], "taking the file away resets nothing"
    both = {"amina": sign_reset(held.halt, "checked", AMINA), "jonas": sign_reset(held.halt, "checked", JONAS)}
    assert rig.link.reset(held.halt, "checked", both)["ok"]
    rig.sign(("amina", AMINA), ("jonas", JONAS))
    rig.connected()
    assert rig.ask("C-3", 185.0)["phase"] == "done", "new bounds are taken without a restart"


def test_damaged_files_refuse_every_permit_and_halt_still_works(rig: Rig) -> None:
    (rig.folder / "journal").write_text("00000000 {}\n")
    rig.start()
    assert "journal" in rig.said
    assert codes(rig.ask("C-1", 185.0)) >= {"cannot-record"}
    assert rig.link.halt("site", "tom", "").how == "gateway"
    rig.end()
    (rig.folder / "journal").unlink()
    (rig.folder / "epoch").write_text("many\n")
    rig.start()
    answer = rig.ask("C-2", 185.0)
    assert codes(answer) >= {"cannot-record", "halted"}
    assert rig.device.writes == []


def http(port: int, method: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http_client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_page_halts_without_scripts_and_other_sites_cannot_press_it(running: Rig) -> None:
    port = int((running.folder / "port").read_text())
    status, page = http(port, "GET", "/")
    assert status == 200
    assert "<script" not in page
    assert "not an emergency stop" in page
    assert '<form method="post" action="/halt">' in page
    assert http(port, "POST", "/halt", Origin="https://elsewhere.example")[0] == 403
    assert http(port, "GET", "/halt")[0] == 404
    assert running.link.status()["halts"] == []
    assert http(port, "POST", "/halt", Origin=f"http://127.0.0.1:{port}")[0] == 303
    assert "<b>Halted.</b>" in http(port, "GET", "/")[1]
    assert [halt["scope"] for halt in running.link.status()["halts"]] == ["site"]
    for request in (b"\r\n\r\n", b"GET /x HTTP/1.1\r\n\r\n", b"x" * 40_000, b"POST /halt"):
        raw = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        with raw, contextlib.suppress(OSError):
            raw.sendall(request)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
    assert running.link.status()["ok"]


def test_garbage_and_crowds_on_the_socket_do_not_keep_a_halt_out(running: Rig) -> None:
    held: list[socket.socket] = []
    directory = os.open(running.folder, os.O_RDONLY)
    path = f"/proc/self/fd/{directory}/gateway.sock"
    try:
        for message in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x02[]", b"\x00\x00\x00\x04nope", b"\x00\x00\x00\x02{}"):
            with socket.socket(socket.AF_UNIX) as raw:
                raw.settimeout(PATIENCE_S)
                raw.connect(path)
                raw.sendall(message)
                assert b'"bad-request"' in raw.recv(65_536)
        for _ in range(40):
            raw = socket.socket(socket.AF_UNIX)
            raw.connect(path)
            held.append(raw)
        assert codes(running.link.status()) == {"crowded"}
        assert running.link.halt("site", "tom", "").how == "gateway"
    finally:
        for raw in held:
            raw.close()
        os.close(directory)
    eventually(lambda: running.link.status().get("halts"), "the crowd is gone")
    assert (running.folder / "gateway.sock").stat().st_mode & 0o777 == 0o600


def test_two_gateways_cannot_run_for_one_site(running: Rig) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "andon.gateway", str(running.site)], capture_output=True, text=True, check=False
    )
    assert second.returncode == 2
    assert "runs for" in second.stderr
    assert running.link.status()["ok"]


def test_it_ends_with_zero_when_told_to(running: Rig) -> None:
    assert running.end() == 0
    with pytest.raises(GatewayUnreachable, match="start it with `andon run`"):
        running.link.status()


def test_an_encrypted_session_writes_and_an_unknown_server_is_not_talked_to(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "works", Device(tmp_path, security="Basic256Sha256"))
    pin(rig.folder, public(TWIN), {"amina": public(AMINA), "jonas": public(JONAS)})
    ours = Pki(rig.folder / "pki")
    own = ours.own("gateway", SystemClock().now())
    rig.device.trust = (own.certificate.parent,)
    rig.device.start()
    try:
        rig.sign(("amina", AMINA), ("jonas", JONAS))
        rig.start()
        told = rig.link.live("oven-1.setpoint")["reasons"][0]["text"]
        [kept] = ours.rejected.iterdir()
        assert f"is not trusted; compare it with the server's own, then move `{kept}` to `{ours.trusted}`" in told
        assert rig.link.status()["no_session"] == {"plant": told}
        stranger = Pki(tmp_path / "stranger").own("plant", SystemClock().now())
        (ours.trusted / "stranger.der").write_bytes(stranger.certificate.read_bytes())
        assert not rig.link.live("oven-1.setpoint")["ok"]
        theirs = Pki(tmp_path / "plant-pki").own("plant", SystemClock().now())
        (ours.trusted / "plant.der").write_bytes(theirs.certificate.read_bytes())
        rig.connected()
        assert rig.link.status()["no_session"] == {}
        answer = rig.ask("C-1", 185.0)
        assert answer["phase"] == "done", answer
        assert rig.device.writes == [("oven-1.setpoint", 185.0)]
    finally:
        rig.end()
        rig.device.stop()


def test_a_disk_that_takes_nothing_stops_writing_and_not_halting(rig: Rig) -> None:
    rig.start()
    rig.end()
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "from andon.gateway.__main__ import main\nmain()"
    )
    rig.start([sys.executable, "-c", code, str(rig.site)])
    assert "refuses every permit: the epoch cannot be saved" in rig.said
    assert codes(rig.ask("C-1", 185.0)) == {"cannot-record"}
    answer = rig.link.request({"do": "halt", "scope": "site", "who": "tom", "why": "smoke"})
    assert (answer["ok"], codes(answer)) == (False, {"not-durable"})
    assert [halt["scope"] for halt in rig.link.status()["halts"]] == ["site"], "it holds while the gateway runs"
    held = rig.link.halt("oven-1", "tom", "smoke")
    assert held.how == "latch file", "whoever asks for a halt tries the disk too"
    assert rig.device.writes == []
