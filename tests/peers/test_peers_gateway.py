"""The gateway's process against a foreign server: one write, every refusal none, a liar found out, doubt kept."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.adapters.gateway_folder import pin, sign_bounds, write_bounds
from andon.adapters.gateway_link import GatewayLink, GatewayUnreachable
from andon.adapters.pki import Pki, der_of
from andon.core.time import Nanos, nanos
from andon.protocols.permit import Permit

TWIN, AMINA, JONAS = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
PATIENCE_S = 60.0
SETPOINT, REMOTE = "oven.setpoint", "oven.remote"
ROW = {
    "signal": SETPOINT,
    "element": "oven",
    "source": "line-3",
    "address": f"ns=1;s={SETPOINT}",
    "type": "float",
    "unit": "Cel",
    "min": 100,
    "max": 1000,
    "max_rate": 60,
    "permissive_signal": REMOTE,
}
BEGIN = 180.0


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def eventually(check: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(GatewayUnreachable):
            found = check()
            if found:
                return found
        time.sleep(0.05)
    pytest.fail(f"never happened: {what}")


def codes(answer: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in answer.get("reasons", ())}


@dataclass
class Cell:
    """A site folder with a gateway of its own, and the foreign server that it writes to."""

    site: Path
    peer: Any
    process: subprocess.Popen[str] | None = None

    @property
    def folder(self) -> Path:
        return self.site / ".andon" / "gateway"

    @property
    def pki(self) -> Pki:
        return Pki(self.folder / "pki")

    @property
    def link(self) -> GatewayLink:
        return GatewayLink(self.folder, answer_s=PATIENCE_S, command_s=PATIENCE_S)

    def prepare(self) -> None:
        """Keys pinned, bounds signed by two people; no certificate exchanged."""
        pin(self.folder, public(TWIN), {"amina": public(AMINA), "jonas": public(JONAS)})
        document = {
            "v": 1,
            "sources": {"line-3": {"url": self.peer.url, "security": "Basic256Sha256"}},
            "signals": [ROW],
            "permissives": {REMOTE: {"source": "line-3", "address": f"ns=1;s={REMOTE}"}},
        }
        keys = {"amina": AMINA, "jonas": JONAS}
        write_bounds(self.folder, document, {name: sign_bounds(document, key) for name, key in keys.items()})

    def exchange(self) -> None:
        """Certificates both ways, as files."""
        own = self.pki.own("gateway", Nanos(time.time_ns()))
        self.peer.trust(own.certificate)
        self.pki.trusted.mkdir(parents=True)
        shutil.copy(self.peer.certificate, self.pki.trusted / "line-3.pem")

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "andon.gateway", str(self.site)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said.startswith("gateway ready"), said

    def end(self, number: int = signal.SIGKILL) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(number)
            process.communicate(timeout=PATIENCE_S)

    def connected(self) -> None:
        eventually(lambda: self.link.live(SETPOINT).get("good"), "a session with the foreign server")

    def reset(self) -> None:
        """The oven at 180, on remote, obedient, and nothing counted."""
        self.peer.order(mode="obey")
        self.peer.set(SETPOINT, BEGIN)
        self.peer.set(REMOTE, value=True)
        self.connected()
        self.peer.writes.clear()

    def permit(self, command: str, value: float, **changes: Any) -> Permit:
        fields: dict[str, Any] = {
            "command": command,
            "epoch": self.link.status()["epoch"],
            "baseline": "sha256:0",
            "signal": SETPOINT,
            "value": value,
            "unit": "Cel",
            "expected": BEGIN,
            "tolerance": 0.1,
            "min": None,
            "max": None,
            "deadline": time.monotonic_ns() + nanos(0.49),
        }
        return Permit(**{**fields, **changes})

    def ask(self, command: str, value: float, **changes: Any) -> dict[str, Any]:
        """One permit; asked again under another id while the loaded machine makes it late."""
        for attempt in range(100):
            answer = self.link.permit(self.permit(f"{command}.{attempt}", value, **changes), TWIN)
            if "too-late" not in codes(answer):
                return answer
        pytest.fail("every permit came too late")

    def ended(self, command: str) -> dict[str, Any]:
        query = eventually(lambda: (q := self.link.query(command))["phase"] != "settling" and q, "the command settles")
        assert isinstance(query, dict)
        return query

    def values(self) -> list[float]:
        return [write["value"] for write in self.peer.writes]


@pytest.fixture(scope="module")
def shared_cell(tmp_path_factory: pytest.TempPathFactory, shared_peer: Any) -> Iterator[Cell]:
    cell = Cell(tmp_path_factory.mktemp("works"), shared_peer)
    cell.prepare()
    cell.exchange()
    cell.start()
    try:
        yield cell
    finally:
        cell.end()


@pytest.fixture
def cell(shared_cell: Cell) -> Cell:
    shared_cell.reset()
    return shared_cell


def test_a_write_arrives_at_the_foreign_server_once_whoever_sends_its_permit_again(cell: Cell) -> None:
    assert cell.link.status()["no_session"] == {}
    answer = cell.ask("once", 185.0)
    assert (answer["ok"], answer["phase"], answer["previous"], answer["read_back"]) == (True, "done", 180, 185)
    assert cell.peer.writes == [{"name": SETPOINT, "value": 185, "mode": "obey"}]
    again = cell.permit(answer["command"], 185.0, expected=185.0)
    answers: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(cell.link.permit(again, TWIN))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(answers) == 6
    assert all("already-seen" in codes(answer) for answer in answers)
    assert cell.values() == [185]
    assert cell.link.query(answer["command"])["phase"] == "done"


def test_what_is_refused_is_never_written(cell: Cell) -> None:
    table: list[tuple[set[str], dict[str, Any]]] = [
        ({"live-differs"}, {"value": 185.0, "expected": 179.0}),
        ({"outside-gateway-bounds"}, {"value": 99.0}),
        ({"outside-permit-bounds"}, {"value": 185.0, "max": 184.0}),
        ({"too-fast"}, {"value": 990.0}),
        ({"unit"}, {"value": 185.0, "unit": "K"}),
        ({"type"}, {"value": True}),
        ({"not-declared"}, {"value": 185.0, "signal": "pump.pressure"}),
        ({"old-epoch"}, {"value": 185.0, "epoch": 0}),
        ({"lives-too-long"}, {"value": 185.0, "deadline": time.monotonic_ns() + nanos(3600)}),
    ]
    for number, (expected, changes) in enumerate(table):
        assert codes(cell.ask(f"no-{number}", **changes)) == expected
    assert codes(cell.link.permit(cell.permit("forged", 185.0), JONAS)) == {"signature"}
    assert codes(cell.link.permit(cell.permit("late", 185.0, deadline=1), TWIN)) == {"too-late"}
    cell.peer.set(REMOTE, value=False)
    assert codes(cell.ask("local", 185.0)) == {"not-permitted"}
    cell.peer.set(REMOTE, True, "UncertainLastUsableValue")
    assert codes(cell.ask("uncertain-switch", 185.0)) == {"not-permitted"}
    cell.peer.set(REMOTE, value=True)
    for status in ("UncertainSensorNotAccurate", "BadSensorFailure"):
        cell.peer.set(SETPOINT, BEGIN, status)
        assert codes(cell.ask(status, 185.0)) == {"live-not-good"}
    assert cell.peer.writes == []


def test_a_server_that_acknowledges_and_does_not_is_found_out_by_reading_back(cell: Cell) -> None:
    cell.peer.order(mode="deaf")
    answer = cell.ask("deaf", 185.0)
    assert (answer["ok"], answer["phase"], answer["taken"], answer["read_back"]) == (False, "failed", True, 180)
    assert "acknowledged 185" in answer["why"]
    assert cell.values() == [185]
    assert cell.link.status()["blocked"] == []


def test_reading_back_does_not_find_a_controller_that_ignores_its_setpoint(cell: Cell) -> None:
    """The set-point itself reads as written: only the confirming signal tells, and the twin watches that."""
    cell.peer.order(mode="lie")
    assert cell.ask("lie", 184.0)["phase"] == "done"
    assert cell.values() == [184]


def test_a_server_that_refuses_is_believed_while_its_value_stands(cell: Cell) -> None:
    cell.peer.order(mode="refuse")
    answer = cell.ask("refuse", 185.0)
    assert (answer["ok"], answer["phase"], answer["taken"], answer["read_back"]) == (False, "failed", False, 180)
    assert "BadNotWritable" in answer["why"]
    assert cell.link.live(SETPOINT)["value"] == BEGIN
    assert cell.values() == [185], "asked once, and never again"


def test_a_server_that_does_it_and_never_answers_is_fenced_and_found_to_have_done_it(cell: Cell) -> None:
    cell.peer.order(mode="late")
    answer = cell.ask("late", 185.0)
    assert (answer["ok"], answer["phase"]) == (False, "settling")
    ended = cell.ended(answer["command"])
    assert (ended["phase"], ended["why"]) == ("done", "found done after fencing")
    assert cell.values() == [185]


def test_no_answer_and_no_value_stays_in_doubt_until_a_person_has_looked(cell: Cell) -> None:
    cell.peer.order(mode="mute")
    answer = cell.ask("mute", 185.0)
    assert (answer["ok"], answer["phase"]) == (False, "settling")
    name = answer["command"]
    assert "blocked" in codes(cell.ask("during", 186.0))
    ended = cell.ended(name)
    assert ended["phase"] == "indeterminate"
    assert "BadNoCommunication; a person must look and resolve it" in ended["why"]
    cell.peer.order(mode="obey")
    cell.peer.set(SETPOINT, BEGIN)
    assert codes(cell.ask("blocked", 186.0)) == {"blocked"}
    cell.end(signal.SIGKILL)
    cell.start()
    assert cell.link.status()["blocked"] == ["oven"], "a restart resolves nothing"
    assert cell.link.resolve(name, done=False, who="jonas", why="the panel shows 180")["phase"] == "void"
    cell.connected()
    assert cell.values() == [185], "sent once"
    assert cell.ask("after", 182.0)["phase"] == "done"


def test_a_server_killed_in_the_middle_is_never_written_to_twice(cell: Cell) -> None:
    cell.peer.order(mode="mute")
    answers: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: answers.append(cell.ask("killed", 185.0)))
    thread.start()
    eventually(lambda: cell.peer.writes, "the write reaches the server")
    cell.peer.kill()
    cell.peer.start()  # comes back obedient, at 180
    thread.join(PATIENCE_S)
    ended = cell.ended(answers[0]["command"])
    assert ended["phase"] in {"void", "indeterminate"}
    if ended["phase"] == "indeterminate":
        cell.link.resolve(answers[0]["command"], done=False, who="jonas", why="it restarted at 180")
    cell.connected()
    assert cell.link.live(SETPOINT)["value"] == BEGIN
    assert cell.values() == [185]
    assert cell.ask("next", 182.0)["phase"] == "done"
    assert cell.values() == [185, 182]


def test_a_gateway_killed_in_the_middle_finds_out_and_sends_nothing_again(cell: Cell) -> None:
    cell.peer.order(mode="late")

    def send() -> None:
        with suppress(GatewayUnreachable):
            cell.ask("cut", 185.0)

    thread = threading.Thread(target=send)
    thread.start()
    eventually(lambda: cell.peer.writes, "the write reaches the server")
    cell.end(signal.SIGKILL)
    thread.join(PATIENCE_S)
    cell.start()
    assert cell.link.status()["blocked"] == ["oven"], "open until it has been read back"
    [name] = [command["command"] for command in cell.link.status()["open"]]
    assert cell.ended(name)["phase"] == "done"
    assert cell.values() == [185]


def test_an_untrusted_certificate_is_one_sentence_on_either_side_and_files_mend_it(
    shared_peer: Any, tmp_path: Path
) -> None:
    cell, peer = Cell(tmp_path / "works", shared_peer), shared_peer
    cell.prepare()
    cell.start()
    try:
        refused = cell.ask("stranger", 185.0)
        assert codes(refused) == {"unreachable"}
        sentence = cell.link.status()["no_session"]["line-3"]
        [kept] = cell.pki.rejected.iterdir()
        assert f"the certificate of `{peer.url}`" in sentence
        assert (
            f"is not trusted; compare it with the server's own, then move `{kept}` to `{cell.pki.trusted}`" in sentence
        )
        assert sentence in refused["reasons"][0]["text"]
        assert "\n" not in sentence
        assert kept.read_bytes() == der_of(peer.certificate)
        shutil.move(kept, cell.pki.trusted)
        own = cell.pki.folder / "own" / "gateway.der"
        told = f"does not trust its certificate; let its administrator trust `{own}`"
        eventually(lambda: told in cell.link.status()["no_session"].get("line-3", ""), "the other side's refusal")
        peer.trust(own)
        cell.reset()
        assert cell.link.status()["no_session"] == {}
        assert cell.ask("friend", 182.0)["phase"] == "done"
        assert cell.values() == [182]
    finally:
        cell.end()


def test_a_user_that_the_server_refuses_is_one_sentence_and_a_file_mends_it(cell: Cell) -> None:
    file = cell.folder / "credentials" / "line-3"
    file.parent.mkdir()

    def reconnected(line: str) -> dict[str, str]:
        """What the gateway says after it has connected anew with this line in its file."""
        file.write_text(line)
        cell.end(signal.SIGKILL)
        cell.start()
        connecting = {"line-3": "not connected yet"}
        eventually(lambda: cell.link.status()["no_session"] != connecting, "an attempt to connect")
        return dict(cell.link.status()["no_session"])

    try:
        assert "refuses the gateway's user (BadUserAccessDenied" in reconnected("andon:wrong")["line-3"]
        told = cell.link.status()["no_session"]["line-3"]
        assert told.endswith(f"write `user:password` in `{file}`")
        assert "wrong" not in told
        assert reconnected("andon")["line-3"] == f"`{file}` has no `:`; write `user:password` there"
        assert reconnected("andon:a:secret\n") == {}
        assert cell.ask("user", 182.0)["phase"] == "done"
        assert cell.values() == [182]
    finally:
        file.unlink()
        file.parent.rmdir()
