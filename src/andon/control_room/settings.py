"""What the control room is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass

from andon.core.time import Clock

BODY_MAX = 64 * 1024
"""Bytes of a request; the longest honest form is under 8 KiB."""
WORDS_MAX = 500
"""Characters of a challenge's words."""
REASON_MAX = 2000
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """`token` reads the API from the command line; `instance` names this start of the process."""

    token: str
    instance: str
    clock: Clock
    secure: bool = False
    """Served over TLS: cookies are then marked Secure."""
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    open_reading: bool = True
    """Reading needs no sign-in. Switch off when the room is served beyond this machine."""
    tick_s: float = 0.5
    """How often the broadcaster looks at the desk; four of these without a frame freeze the page."""
    version: str = "0.1.0"
    vkey: str = ""
    """The ledger's verifier key, shown beside its checkpoint."""
