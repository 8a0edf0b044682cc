"""Accounts of people in one private file: passwords as argon2id, a signing key each, sealed under the password."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from andon.core.refusals import Refusal, refuse
from andon.core.time import SECOND, Clock
from andon.operate.port import Who
from andon.site.model import Person

PASSWORD_MIN = 12
PASSWORD_MAX = 256
FREE_ATTEMPTS = 5
"""Wrong passwords in a row that cost no waiting."""
BACKOFF_MAX_S = 300
SESSIONS_MAX = 256
SESSION_S = 12 * 3600
SETUP_S = 24 * 3600
INVITE_S = 24 * 3600
_STRANGER = "\0stranger"
"""One bucket for every name that nobody has, so that guessing names costs the same and the table stays small."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one argon2id computation costs; the default is the second recommended setting of RFC 9106."""

    time: int = 3
    memory_kib: int = 65_536
    lanes: int = 4


@dataclass(frozen=True, slots=True)
class Session:
    """A person who has signed in; `token` is the only copy, the room keeps its digest."""

    token: str
    person: str
    until: int
    """Monotonic nanoseconds."""


@dataclass(frozen=True, slots=True)
class Account:
    """What may be shown of an account."""

    person: str
    name: str
    roles: tuple[str, ...]
    enrolled: bool
    public_key: str


@dataclass(slots=True)
class _Failures:
    count: int = 0
    locked_until: int = 0


class Accounts:
    """The people of a site who can sign in. Roles come from people.yaml, never from the file.

    The file (`accounts.json`, mode 0600) is read under a lock at every use, so that the twin and the command
    line see the same. Sessions and failed attempts are in memory: a restart signs everybody out.

    Raises:
        ValueError: the file is there and is not what this class writes.
    """

    def __init__(self, folder: Path, people: Sequence[Person], clock: Clock, cost: Cost | None = None) -> None:
        self._path = folder / "accounts.json"
        self._people = {p.id: p for p in people}
        self._clock = clock
        self._cost = cost or Cost()
        self._hasher = PasswordHasher(self._cost.time, self._cost.memory_kib, self._cost.lanes, type=Type.ID)
        self._sessions: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._failures: dict[str, _Failures] = {}
        self._memory = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._nobody = self._hasher.hash(secrets.token_urlsafe())
        self._read()

    # --- who there is

    def people(self) -> tuple[Account, ...]:
        """Everybody of people.yaml, and whether they can sign in."""
        held = self._read()["people"]
        return tuple(
            Account(p.id, p.name, p.roles, p.id in held, held.get(p.id, {}).get("public", ""))
            for p in self._people.values()
        )

    def public_keys(self) -> dict[str, str]:
        """Ed25519 public keys (32 bytes, hex) of everybody who has enrolled and still stands in people.yaml."""
        return {n: a["public"] for n, a in self._read()["people"].items() if n in self._people}

    # --- how people come in

    def setup_code(self) -> str | None:
        """A fresh one-time code for the first run; None as soon as anybody has enrolled. A new one voids the old."""
        code = secrets.token_urlsafe(12)

        def change(book: dict[str, Any]) -> str | None:
            if book["people"]:
                return None
            book["setup"] = self._ticket(code, SETUP_S)
            return code

        return self._change(change)

    def setup_open(self, code: str) -> bool:
        """Whether this setup code still enrols people: it does until everybody has, or its day is over."""
        book = self._read()
        return self._admits(book["setup"], code) and not set(self._people) <= set(book["people"])

    def invite(self, person: str) -> str | Refusal:
        """A one-time code with which this one person sets a password (a new key pair as well)."""
        if person not in self._people:
            return self._unknown(person)
        code = secrets.token_urlsafe(12)

        def change(book: dict[str, Any]) -> str:
            book["invites"][person] = self._ticket(code, INVITE_S)
            return code

        return self._change(change)

    def invited(self, person: str, code: str) -> bool:
        """Whether this code lets this person set a password."""
        return self._admits(self._read()["invites"].get(person), code)

    def enrol(self, person: str, password: str, code: str) -> Account | Refusal:
        """Set a password with a setup code (people who have none yet) or with one's own invitation."""
        wrong = self._check_new(person, password)
        if wrong is not None:
            return wrong
        made = self._make(person, password)

        def change(book: dict[str, Any]) -> bool:
            if self._admits(book["invites"].get(person), code):
                del book["invites"][person]
            elif person in book["people"] or not self._admits(book["setup"], code):
                return False
            book["people"][person] = made
            return True

        if not self._change(change):
            return refuse(
                "code-not-valid",
                "this code does not let you set a password",
                "ask an administrator for `andon account invite`",
                owner="administrator",
            )
        self.sign_out_everywhere(person)
        return self._account(person)

    def add(self, person: str, password: str) -> Account | Refusal:
        """Set a password without a code: for the command line of somebody who holds the site folder."""
        wrong = self._check_new(person, password)
        if wrong is not None:
            return wrong
        made = self._make(person, password)

        def change(book: dict[str, Any]) -> None:
            book["people"][person] = made
            book["invites"].pop(person, None)

        self._change(change)
        self.sign_out_everywhere(person)
        return self._account(person)

    # --- signing in

    def sign_in(self, person: str, password: str) -> Session | Refusal:
        """A session for somebody who knows their password. Wrong ones cost growing, bounded waiting."""
        entry = self._proved(person, password)
        if isinstance(entry, Refusal):
            return entry
        token = secrets.token_urlsafe(32)
        until = self._clock.monotonic() + SESSION_S * SECOND
        with self._memory:
            self._sessions[_digest(token)] = (person, until)
            while len(self._sessions) > SESSIONS_MAX:
                self._sessions.popitem(last=False)
        return Session(token, person, until)

    def who(self, token: str) -> Who | None:
        """Who holds this session, with the roles of people.yaml; None when it is over or never was."""
        key = _digest(token)
        with self._memory:
            person, until = self._sessions.get(key, ("", 0))
            if person and self._clock.monotonic() >= until:
                del self._sessions[key]
                return None
        held = self._people.get(person)
        return Who(person=held.id, roles=tuple(held.roles)) if held else None

    def sign_out(self, token: str) -> None:
        """End one session."""
        with self._memory:
            self._sessions.pop(_digest(token), None)

    def sign_out_everywhere(self, person: str) -> None:
        """End every session of one person, as a new password does."""
        with self._memory:
            for key in [k for k, (name, _) in self._sessions.items() if name == person]:
                del self._sessions[key]

    def sign(self, person: str, password: str, statement: str | bytes) -> str | Refusal:
        """The person's Ed25519 signature (hex) over a statement (text as UTF-8); needs the password each time."""
        entry = self._proved(person, password)
        if isinstance(entry, Refusal):
            return entry
        sealed = entry["sealed"]
        key = self._key(password, bytes.fromhex(sealed["salt"]), sealed["cost"])
        try:
            box = AESGCM(key).decrypt(bytes.fromhex(sealed["nonce"]), bytes.fromhex(sealed["box"]), person.encode())
        except InvalidTag:
            return refuse("key-damaged", f"the signing key of `{person}` does not open", "set a new password")
        message = statement.encode() if isinstance(statement, str) else statement
        return Ed25519PrivateKey.from_private_bytes(box).sign(message).hex()

    # --- inside

    def _proved(self, person: str, password: str) -> dict[str, Any] | Refusal:
        entry = self._read()["people"].get(person) if person in self._people else None
        bucket = person if entry else _STRANGER
        now = self._clock.monotonic()
        with self._memory:
            failures = self._failures.setdefault(bucket, _Failures())
            if now < failures.locked_until:
                wait_s = -(-(failures.locked_until - now) // SECOND)
                return refuse("too-many-attempts", "too many wrong passwords", f"wait {wait_s} s and try again")
        known = entry["hash"] if entry else self._nobody
        try:
            self._hasher.verify(known, password[: PASSWORD_MAX + 1])
        except (VerificationError, InvalidHashError):
            entry = None
        with self._memory:
            if entry:
                self._failures.pop(bucket, None)
                return dict(entry)
            failures = self._failures.setdefault(bucket, _Failures())
            failures.count += 1
            over = failures.count - FREE_ATTEMPTS
            if over >= 0:
                failures.locked_until = now + min(2 ** min(over, 16), BACKOFF_MAX_S) * SECOND
        return refuse("sign-in-failed", "this name and password do not belong together", "check both and try again")

    def _check_new(self, person: str, password: str) -> Refusal | None:
        if person not in self._people:
            return self._unknown(person)
        if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
            return refuse(
                "password-length",
                f"the password has {len(password)} characters",
                f"choose {PASSWORD_MIN} to {PASSWORD_MAX}; a few unrelated words do well",
            )
        if len(set(password)) < 5 or person in password.lower():
            return refuse("password-weak", "the password is easy to guess", "choose one without your name or repeats")
        return None

    def _unknown(self, person: str) -> Refusal:
        return refuse(
            "person-unknown", f"`{person[:64]}` does not stand in people.yaml", "add them there first, with their roles"
        )

    def _account(self, person: str) -> Account:
        return next(a for a in self.people() if a.person == person)

    def _make(self, person: str, password: str) -> dict[str, Any]:
        private = Ed25519PrivateKey.generate()
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        cost = [self._cost.time, self._cost.memory_kib, self._cost.lanes]
        box = AESGCM(self._key(password, salt, cost)).encrypt(nonce, private.private_bytes_raw(), person.encode())
        return {
            "hash": self._hasher.hash(password),
            "public": private.public_key().public_bytes_raw().hex(),
            "sealed": {"salt": salt.hex(), "nonce": nonce.hex(), "box": box.hex(), "cost": cost},
        }

    @staticmethod
    def _key(password: str, salt: bytes, cost: Sequence[int]) -> bytes:
        time, memory, lanes = cost
        return hash_secret_raw(password.encode(), salt, time, memory, lanes, 32, Type.ID)

    def _ticket(self, code: str, life_s: int) -> dict[str, str]:
        return {"digest": _digest(code), "until_ns": str(self._clock.monotonic() + life_s * SECOND)}

    def _admits(self, ticket: Mapping[str, str] | None, code: str) -> bool:
        # Monotonic time starts again when the machine does: a deadline further away than any life is an old one.
        if not ticket or not hmac.compare_digest(ticket["digest"], _digest(code)):
            return False
        left = int(ticket["until_ns"]) - self._clock.monotonic()
        return 0 < left <= max(SETUP_S, INVITE_S) * SECOND

    def _read(self) -> dict[str, Any]:
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            return {"version": 1, "people": {}, "invites": {}, "setup": None}
        try:
            book: dict[str, Any] = json.loads(text)
            whole = book["version"] == 1 and isinstance(book["people"], dict) and isinstance(book["invites"], dict)
        except (ValueError, KeyError, TypeError):
            book, whole = {}, False
        if not whole or "setup" not in book:
            raise ValueError(f"`{self._path}` is damaged; restore it from a backup, or move it away and enrol again")
        return book

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._path.parent / "accounts.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _change(self, change: Callable[[dict[str, Any]], T]) -> T:
        with self._locked():
            book = self._read()
            result = change(book)
            fresh = self._path.with_suffix(".new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
                json.dump(book, handle, indent=1, sort_keys=True)
                handle.flush()
                os.fsync(handle.fileno())
            fresh.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return result


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
