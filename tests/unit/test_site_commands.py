"""`andon init` and `andon check`: what they print, in words and as JSON, and how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from andon.cli import site as commands

VALVES = Path(__file__).parents[2] / "examples" / "valve-works"
APP = typer.Typer()
APP.command()(commands.init)
APP.command()(commands.check)
RUN = CliRunner()


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    folder = tmp_path / "hall"
    assert RUN.invoke(APP, ["init", str(folder)]).exit_code == 0
    return folder


def test_a_new_site_passes_its_check(fresh: Path) -> None:
    done = RUN.invoke(APP, ["check", str(fresh)])
    assert done.exit_code == 0
    assert "New site: 1 area, 9 elements, 3 stations, 1 product, 18 signals, 1 source" in done.stdout
    assert "not represented: sensor error: readings are taken as exact" in done.stdout
    assert done.stdout.rstrip().endswith("no problems")


def test_init_says_what_it_wrote(tmp_path: Path) -> None:
    done = RUN.invoke(APP, ["init", str(tmp_path / "x"), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["files"] == sorted(p.name for p in (tmp_path / "x").iterdir())


def test_init_refuses_what_is_not_empty(fresh: Path) -> None:
    before = {p.name: p.read_bytes() for p in fresh.iterdir()}
    done = RUN.invoke(APP, ["init", str(fresh)])
    assert done.exit_code == 2
    assert done.stderr == f"{fresh}: something is there already; name a folder that does not exist yet\n"
    assert {p.name: p.read_bytes() for p in fresh.iterdir()} == before


def test_check_prints_every_problem_and_ends_with_one(fresh: Path) -> None:
    people = fresh / "people.yaml"
    people.write_text(people.read_text(encoding="utf-8").replace("engineer,", "enginer,"), encoding="utf-8")
    uses = fresh / "uses.yaml"
    uses.write_text(uses.read_text(encoding="utf-8").replace("ceiling: analyse", "ceiling: analyze"), encoding="utf-8")
    done = RUN.invoke(APP, ["check", str(fresh)])
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "people.yaml:5: `roles` of person `ada` is `enginer`; did you mean `engineer`?",
        "uses.yaml:27: `ceiling` of use `throughput` is `analyze`; did you mean `analyse`?",
    ]
    assert done.stderr == "2 problems\n"


def test_check_as_json(fresh: Path) -> None:
    good = json.loads(RUN.invoke(APP, ["check", str(VALVES), "--json"]).stdout)
    assert good["ok"] is True
    assert good["counts"]["signals"] == 100
    assert good["digests"]["layout"].startswith("sha256:")
    (fresh / "sources.yaml").unlink()
    done = RUN.invoke(APP, ["check", str(fresh), "--json"])
    assert done.exit_code == 1
    bad = json.loads(done.stdout)
    assert bad["ok"] is False
    assert bad["problems"] == [
        {
            "file": "sources.yaml",
            "line": 0,
            "what": "the file is missing",
            "fix": "add it (`andon init` writes an example)",
            "severity": "error",
        }
    ]


def test_check_of_no_folder_is_wrong_usage(tmp_path: Path) -> None:
    done = RUN.invoke(APP, ["check", str(tmp_path / "nowhere")])
    assert done.exit_code == 2
    assert done.stderr.endswith("is not a folder; name a site folder, or write one with `andon init DIR`\n")


def test_checking_common_units_does_not_load_the_registry() -> None:
    program = (
        "import sys; from pathlib import Path; from andon.adapters.site_folder import read; "
        f"site = read(Path({str(VALVES)!r})).site; print(site.name, 'pint' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Valve works False"
