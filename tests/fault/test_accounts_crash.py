"""Accounts when the disk fails or people come at once: the file is the old one or the new one, never half of either."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from andon.adapters.accounts import Accounts, Cost
from andon.core.refusals import Refusal
from andon.core.time import ManualClock
from andon.site.model import Person

GOOD = "seven brass valves"
PEOPLE = tuple(Person(id=f"p{i}", name=f"Person {i}", roles=("engineer",)) for i in range(6))


def accounts(folder: Path) -> Accounts:
    return Accounts(folder, PEOPLE, ManualClock(monotonic=10**12), Cost(1, 8, 1))


@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace"])
def test_a_failing_disk_leaves_everybody_who_could_sign_in_able_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    held = accounts(tmp_path)
    held.add("p0", GOOD)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as broken:
        if step == "open":
            broken.setattr(os, "open", fail)
        elif step == "write":
            broken.setattr("andon.adapters.accounts.json.dump", fail)
        elif step == "fsync":
            broken.setattr(os, "fsync", fail)
        else:
            broken.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="no space"):
            held.add("p1", GOOD)
    again = accounts(tmp_path)
    assert not isinstance(again.sign_in("p0", GOOD), Refusal)
    assert isinstance(again.sign_in("p1", GOOD), Refusal)
    assert not isinstance(again.add("p1", GOOD), Refusal)
    assert set(again.public_keys()) == {"p0", "p1"}


def test_people_who_enrol_at_once_do_not_lose_each_other(tmp_path: Path) -> None:
    codes = accounts(tmp_path).setup_code()
    assert codes

    def enrol(person: str) -> None:
        accounts(tmp_path).enrol(person, GOOD, codes)

    threads = [threading.Thread(target=enrol, args=(p.id,)) for p in PEOPLE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(accounts(tmp_path).public_keys()) == {p.id for p in PEOPLE}


def test_one_code_for_one_person_is_used_once_even_by_two_at_once(tmp_path: Path) -> None:
    code = accounts(tmp_path).invite("p0")
    assert isinstance(code, str)
    answers: list[object] = []

    def enrol(password: str) -> None:
        answers.append(accounts(tmp_path).enrol("p0", password, code))

    threads = [threading.Thread(target=enrol, args=(f"{GOOD} {i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(1 for a in answers if not isinstance(a, Refusal)) == 1
