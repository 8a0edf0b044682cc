"""`andon account`: what it prints, what it refuses, and that roles stay in people.yaml."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from andon.adapters import accounts
from andon.cli.account import app

GOOD = "seven brass valves"
EXAMPLE = Path(__file__).parents[2] / "examples" / "valve-works"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(accounts.Cost.__init__, "__defaults__", (1, 8, 1))
    shutil.copytree(EXAMPLE, tmp_path / "site", ignore=shutil.ignore_patterns(".andon"))
    return tmp_path / "site"


def run(*words: str, password: str = GOOD) -> tuple[int, str]:
    env = {"ANDON_PASSWORD": password}
    answer = CliRunner().invoke(app, list(words), env=env)
    return answer.exit_code, answer.output


def test_adding_a_person_lets_them_sign_in_with_the_roles_of_people_yaml(site: Path) -> None:
    code, text = run("add", str(site), "maria")
    assert (code, text) == (0, "Maria Santos can sign in as `maria`: supervisor\n")
    code, text = run("list", str(site), "--json")
    row = next(r for r in json.loads(text) if r["person"] == "maria")
    assert (row["enrolled"], row["roles"], len(row["public_key"])) == (True, ["supervisor"], 64)


@pytest.mark.parametrize(
    ("name", "password", "says"),
    [("nobody", "seven brass valves", "does not stand in people.yaml"), ("maria", "short", "has 5 characters")],
)
def test_what_is_refused_is_one_sentence_and_exit_one(site: Path, name: str, password: str, says: str) -> None:
    code, text = run("add", str(site), name, password=password)
    assert code == 1
    assert says in text
    assert text.count("\n") == 1


def test_an_invitation_is_a_link_that_works_once(site: Path) -> None:
    code, text = run("invite", str(site), "tom")
    assert code == 0
    link = text.splitlines()[1]
    assert link.startswith("http://127.0.0.1:8700/setup?person=tom&code=")
    code, text = run("invite", str(site), "tom", "--json")
    assert json.loads(text)["hours"] == 24


def test_a_folder_that_is_no_site_cannot_run(tmp_path: Path) -> None:
    code, text = run("list", str(tmp_path / "nowhere"))
    assert code == 2
    assert "is not a folder" in text
