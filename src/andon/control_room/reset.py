"""A reset as one person does it: their signature over the statement that the gateway checks, and their reason."""

from __future__ import annotations

from andon.control_room.room import Room
from andon.core.refusals import Refusal, refuse
from andon.operate.port import Done, Reset, Who
from andon.protocols.permit import reset_statement


def statement(room: Room, reason: str) -> bytes:
    """What is signed: every halt that the gateway holds, and the first signer's reason, so that both sign the same."""
    halts = room.desk.halts()
    oldest = str(halts[0].get("id", "")) if halts else ""
    for record in room.desk.records(kind="halt.signed", last=2000):
        if record.payload.get("halt") == oldest:
            reason = str(record.payload.get("reason", reason))
            break
    return reset_statement(sorted(room.desk.facts().gateway.halts), reason)


def reset(room: Room, person: str, password: str, reason: str) -> Done | Refusal:
    """Sign with the person's own key and hand it to the desk; two different people are needed."""
    if not room.desk.halts():
        return refuse("no-halt", "nothing is halted", "nothing is there to reset")
    signature = room.accounts.sign(person, password, statement(room, reason.strip()))
    if isinstance(signature, Refusal):
        return signature
    roles = next((a.roles for a in room.accounts.people() if a.person == person), ())
    return room.desk.submit(Reset(reason.strip(), signature), Who(person, roles))
