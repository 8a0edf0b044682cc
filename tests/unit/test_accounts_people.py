"""Accounts: who can come in, who can sign, and what the file never shows."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from andon.adapters.accounts import BACKOFF_MAX_S, FREE_ATTEMPTS, SESSION_S, SESSIONS_MAX, Accounts, Cost
from andon.core.refusals import Refusal
from andon.core.time import ManualClock
from andon.site.model import Person

PEOPLE = (
    Person(id="maria", name="Maria Rossi", roles=("supervisor",)),
    Person(id="jonas", name="Jonas Weber", roles=("engineer", "administrator")),
)
GOOD = "seven brass valves"
CHEAP = Cost(1, 8, 1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(monotonic=10**12)


@pytest.fixture
def accounts(tmp_path: Path, clock: ManualClock) -> Accounts:
    return Accounts(tmp_path / ".andon", PEOPLE, clock, CHEAP)


def test_nobody_can_sign_in_before_a_password_is_set(accounts: Accounts) -> None:
    assert isinstance(accounts.sign_in("maria", ""), Refusal)
    assert accounts.public_keys() == {}


def test_the_setup_code_enrols_each_person_once_and_ends_with_the_first_run(accounts: Accounts) -> None:
    code = accounts.setup_code()
    assert code
    assert accounts.setup_open(code)
    assert not isinstance(accounts.enrol("maria", GOOD, code), Refusal)
    assert isinstance(accounts.enrol("maria", "another long one", code), Refusal)
    assert accounts.setup_open(code)
    assert accounts.setup_code() is None
    assert not isinstance(accounts.enrol("jonas", GOOD + "!", code), Refusal)
    assert not accounts.setup_open(code)


def test_the_setup_code_of_another_process_is_the_same_code(
    tmp_path: Path, accounts: Accounts, clock: ManualClock
) -> None:
    code = accounts.setup_code()
    twin = Accounts(tmp_path / ".andon", PEOPLE, clock, CHEAP)
    assert code
    assert twin.setup_open(code)
    assert not isinstance(twin.enrol("maria", GOOD, code), Refusal)
    assert not isinstance(accounts.sign_in("maria", GOOD), Refusal)


@pytest.mark.parametrize(
    ("person", "password", "code"),
    [
        ("maria", "short", "password-length"),
        ("maria", "x" * 300, "password-length"),
        ("maria", "aaaaaaaaaaaaaaa", "password-weak"),
        ("maria", "hello-maria-hello", "password-weak"),
        ("nobody", GOOD, "person-unknown"),
    ],
)
def test_what_is_not_accepted_as_an_account(accounts: Accounts, person: str, password: str, code: str) -> None:
    answer = accounts.add(person, password)
    assert isinstance(answer, Refusal)
    assert answer.reasons[0].code == code
    assert GOOD not in answer.sentence()


def test_an_invitation_is_for_one_person_once(accounts: Accounts) -> None:
    code = accounts.invite("jonas")
    assert isinstance(code, str)
    assert isinstance(accounts.enrol("maria", GOOD, code), Refusal)
    assert accounts.invited("jonas", code)
    assert not isinstance(accounts.enrol("jonas", GOOD, code), Refusal)
    assert isinstance(accounts.enrol("jonas", GOOD, code), Refusal)


def test_a_code_ends_with_its_day(accounts: Accounts, clock: ManualClock) -> None:
    code = accounts.invite("jonas")
    assert isinstance(code, str)
    clock.advance(24 * 3600 + 1)
    assert isinstance(accounts.enrol("jonas", GOOD, code), Refusal)


def test_a_session_carries_the_roles_of_people_yaml_and_ends(accounts: Accounts, clock: ManualClock) -> None:
    accounts.add("maria", GOOD)
    session = accounts.sign_in("maria", GOOD)
    assert not isinstance(session, Refusal)
    who = accounts.who(session.token)
    assert who is not None
    assert (who.person, who.roles, who.station) == ("maria", ("supervisor",), "")
    clock.advance(SESSION_S + 1)
    assert accounts.who(session.token) is None


def test_signing_out_and_a_new_password_end_sessions(accounts: Accounts) -> None:
    accounts.add("maria", GOOD)
    one, two = accounts.sign_in("maria", GOOD), accounts.sign_in("maria", GOOD)
    assert not isinstance(one, Refusal)
    assert not isinstance(two, Refusal)
    accounts.sign_out(one.token)
    assert accounts.who(one.token) is None
    assert accounts.who(two.token) is not None
    accounts.add("maria", GOOD + " again")
    assert accounts.who(two.token) is None


def test_somebody_who_left_people_yaml_cannot_come_in(tmp_path: Path, accounts: Accounts, clock: ManualClock) -> None:
    accounts.add("maria", GOOD)
    later = Accounts(tmp_path / ".andon", PEOPLE[1:], clock, CHEAP)
    assert isinstance(later.sign_in("maria", GOOD), Refusal)
    assert later.public_keys() == {}


def test_wrong_passwords_cost_growing_but_bounded_waiting(accounts: Accounts, clock: ManualClock) -> None:
    accounts.add("maria", GOOD)
    for _ in range(FREE_ATTEMPTS):
        answer = accounts.sign_in("maria", "wrong")
        assert isinstance(answer, Refusal)
        assert answer.reasons[0].code == "sign-in-failed"
    locked = accounts.sign_in("maria", GOOD)
    assert isinstance(locked, Refusal)
    assert locked.reasons[0].code == "too-many-attempts"
    clock.advance(1.1)
    for _ in range(20):
        accounts.sign_in("maria", "wrong")
        clock.advance(BACKOFF_MAX_S + 1)
    assert not isinstance(accounts.sign_in("maria", GOOD), Refusal)


def test_a_stranger_and_a_wrong_password_read_the_same(accounts: Accounts) -> None:
    accounts.add("maria", GOOD)
    assert accounts.sign_in("maria", "wrong") == accounts.sign_in("nobody", "wrong")


def test_the_file_is_private_and_holds_neither_password_nor_key(tmp_path: Path, accounts: Accounts) -> None:
    accounts.add("maria", GOOD)
    path = tmp_path / ".andon" / "accounts.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    book = json.loads(path.read_text())
    assert GOOD not in path.read_text()
    assert set(book["people"]["maria"]) == {"hash", "public", "sealed"}
    assert book["people"]["maria"]["hash"].startswith("$argon2id$")
    assert "roles" not in path.read_text()


def test_a_signature_needs_the_password_and_verifies_under_the_published_key(accounts: Accounts) -> None:
    accounts.add("maria", GOOD)
    assert isinstance(accounts.sign("maria", "wrong", "reset H-1"), Refusal)
    signature = accounts.sign("maria", GOOD, "reset H-1")
    assert isinstance(signature, str)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(accounts.public_keys()["maria"]))
    key.verify(bytes.fromhex(signature), b"reset H-1")


def test_a_damaged_file_is_said_in_one_sentence(tmp_path: Path, clock: ManualClock) -> None:
    folder = tmp_path / ".andon"
    folder.mkdir()
    (folder / "accounts.json").write_text("[1")
    with pytest.raises(ValueError, match="is damaged; restore it"):
        Accounts(folder, PEOPLE, clock, CHEAP)


def test_the_table_of_sessions_is_bounded(accounts: Accounts) -> None:
    accounts.add("maria", GOOD)
    first = accounts.sign_in("maria", GOOD)
    assert not isinstance(first, Refusal)
    for _ in range(SESSIONS_MAX):
        accounts.sign_in("maria", GOOD)
    assert accounts.who(first.token) is None
