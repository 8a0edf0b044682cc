"""The way to the gateway: one short request on its Unix socket; and the halt that works with the gateway dead."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.adapters.gateway_socket import to_connect
from andon.adapters.journal import append_line
from andon.protocols.permit import (
    Permit,
    PermitRefused,
    frame,
    frame_length,
    read_message,
    reset_statement,
    sign_permit,
)

ANSWER_S = 2.0
COMMAND_S = 10.0
"""A permit's answer includes the machine's own answer and its read back."""


class GatewayUnreachable(OSError):  # noqa: N818 - named for what it says
    """The gateway does not answer; one sentence."""


@dataclass(frozen=True, slots=True)
class Halted:
    """How a halt came about."""

    how: Literal["gateway", "latch file"]
    """`gateway`: it has latched and answered. `latch file`: it is dead or deaf; it is halted before it next writes."""
    halt: str
    scope: str
    epoch: int | None
    in_flight: tuple[str, ...]
    """Commands that a machine already has and that may still take effect."""
    durable: bool = True
    """False: it holds until the gateway restarts, since no disk would take it."""

    def sentence(self) -> str:
        """For a person."""
        if self.how == "latch file":
            return (
                f"halt `{self.halt}` is latched in the gateway's file, since the gateway does not answer; "
                "it starts halted, and machines go on as they are"
            )
        if not self.durable:
            return (
                f"halt `{self.halt}` holds while the gateway runs, but no disk would take it; "
                "stop the machines by other means before anything is restarted"
            )
        late = f"; already on its way and may still take effect: {', '.join(self.in_flight)}" if self.in_flight else ""
        return f"halt `{self.halt}` is latched by the gateway for `{self.scope}`{late}"


class GatewayLink:
    """Requests to one gateway. Every call opens its own connection, so it may be shared between threads.

    Raises (every method):
        GatewayUnreachable: no answer within the time.
    """

    def __init__(self, folder: Path, answer_s: float = ANSWER_S, command_s: float = COMMAND_S) -> None:
        self.folder = folder
        self._answer_s = answer_s
        self._command_s = command_s

    def status(self) -> dict[str, Any]:
        """Epoch, halts, bounds (digest, signers, signals), open commands, blocked elements, and what is broken."""
        return self.request({"do": "status"})

    def raise_epoch(self, why: str) -> int:
        """Void every permit signed so far; returns the epoch to sign new ones with.

        Raises:
            GatewayUnreachable: no answer, or it is not durable.
        """
        answer = self.request({"do": "raise_epoch", "why": why[:300]})
        if not answer["ok"]:
            raise GatewayUnreachable(f"the gateway's epoch is not safely raised: {reasons_of(answer)}")
        return int(answer["epoch"])

    def permit(self, permit: Permit, key: Ed25519PrivateKey) -> dict[str, Any]:
        """Sign and send; the answer says `phase` (done, failed, void, settling, indeterminate), or `reasons`."""
        return self.request({"do": "permit", "permit": sign_permit(permit, key)}, self._command_s)

    def query(self, command: str) -> dict[str, Any]:
        """What became of a command: `phase`, `read_back`, `why`; phase `unknown` when the gateway never began it."""
        return self.request({"do": "query", "command": command})

    def live(self, signal: str) -> dict[str, Any]:
        """The present value, read from the machine now."""
        return self.request({"do": "live", "signal": signal}, self._command_s)

    def halt(self, scope: str, who: str, why: str) -> Halted:
        """Halt through the gateway, or by its latch file when it does not answer.

        Raises:
            OSError: neither worked. Stop the machines by other means.
        """
        held: Halted | None = None
        with suppress(GatewayUnreachable):  # the file is the answer to that
            answer = self.request({"do": "halt", "scope": scope, "who": who[:200], "why": why[:200]})
            if "halt" in answer:
                late = tuple(answer["in_flight"])
                held = Halted("gateway", answer["halt"], answer["scope"], answer["epoch"], late, answer["ok"])
            if held is not None and held.durable:
                return held
        name = held.halt if held else f"H-{secrets.token_hex(6)}"
        entry = {"do": "halt", "halt": name, "scope": scope or "site", "who": who[:200], "why": why[:200]}
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            append_line(self.folder / "latch", entry)
        except OSError:
            if held is None:
                raise
            return held
        return Halted("latch file", name, scope or "site", None, ())

    def reset(self, halts: str | Sequence[str], reason: str, signatures: Mapping[str, str]) -> dict[str, Any]:
        """Release halts, by the gateway's own ids (`status`).

        `signatures` maps two people's names to their signatures over `reset_statement` of just these halts and reason.
        """
        names = [halts] if isinstance(halts, str) else list(halts)
        return self.request({"do": "reset", "halts": names, "reason": reason, "signatures": dict(signatures)})

    def resolve(self, command: str, *, done: bool, who: str, why: str) -> dict[str, Any]:
        """A person says what became of an indeterminate command."""
        return self.request({"do": "resolve", "command": command, "done": done, "who": who, "why": why})

    def request(self, message: Mapping[str, Any], within_s: float | None = None) -> dict[str, Any]:
        """One request, one answer."""
        wait_s = within_s or self._answer_s
        try:
            with _connected(self.folder, wait_s) as connection:
                connection.sendall(frame(message))
                return read_message(_exactly(connection, frame_length(_exactly(connection, 4))))
        except (OSError, PermitRefused) as error:
            why = "no answer in time" if isinstance(error, TimeoutError) else str(error)
            raise GatewayUnreachable(f"the gateway does not answer ({why}); start it with `andon run`") from error


def sign_reset(halts: str | Sequence[str], reason: str, key: Ed25519PrivateKey) -> str:
    """One person's signature (hex) for `GatewayLink.reset`."""
    return key.sign(reset_statement(halts, reason)).hex()


def reasons_of(answer: Mapping[str, Any]) -> str:
    """The reasons of a refusal as one line."""
    parts = [f"{r['text']}; {r['next_step']}" if r.get("next_step") else r["text"] for r in answer.get("reasons", ())]
    return ". ".join(parts)


@contextmanager
def _connected(folder: Path, within_s: float) -> Iterator[socket.socket]:
    with to_connect(folder) as path, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(within_s)
        connection.connect(path)
        yield connection


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise OSError("the gateway closed the connection")
        data += part
    return data
