"""Tables fit where they are read: nothing wider than the terminal, no name cut, and what is left out is said."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from andon.adapters.site_folder import load
from andon.cli.tables import Rows, compact, say, show_rows
from andon.site.model import Site
from andon.site.problems import foremost

COFFEE = Path(__file__).parents[2] / "examples" / "coffee-bar"
TABLE = Rows(
    "Valve works, as declared: 8 h from empty, 20 futures",
    ("figure", "unit", "mean", "50 %", "90 %", "error of mean", "empty"),
    [
        ["completed", "jobs", "105.7", "91.8 .. 116.0", "81.8 .. 131.3", "+-3.8", ""],
        ["check-valve orders on time", "share", "100.0%", "100.0% .. 100.0%", "100.0% .. 100.0%", "+-0.0%", ""],
    ],
    left=("unit",),
    spare=("50 %", "error of mean", "unit"),
    caption="50 %: half of the futures",
)


@pytest.mark.parametrize("width", [30, 40, 50, 60, 79, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal_and_no_name_is_cut(width: int) -> None:
    lines = compact(TABLE, width)
    assert all(cell_len(line) <= width for line in lines)
    text = " ".join(" ".join(lines).split())
    assert "…" not in text
    for part in ("check-valve", "orders", "time", "105.7", "81.8 .. 131.3"):
        assert part in text


def test_what_is_left_out_is_said() -> None:
    narrow = "\n".join(compact(TABLE, 60))
    assert "left out here: 50 %" in narrow
    assert "half of the futures" not in narrow, "nor is it explained"
    wide = "\n".join(compact(TABLE, 200))
    assert "left out" not in wide
    assert "half of the futures" in wide


def test_a_table_without_columns_to_spare_goes_on_below() -> None:
    table = Rows("shares", ("station", *(f"state {i}" for i in range(12))), [["turning", *(["12.3%"] * 12)]])
    lines = compact(table, 40)
    assert sum(line.startswith("turning") for line in lines) == 3
    assert " ".join(lines).count("12.3%") == 12


words = st.text(st.sampled_from("abcdefgh -漢"), max_size=30)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(26, 160))
def test_every_table_fits(data: st.DataObject, width: int) -> None:
    n = data.draw(st.integers(1, 6))
    heads = [f"h{i} x" for i in range(n)]
    rows = data.draw(st.lists(st.lists(words.map(lambda s: s[:9]), min_size=n, max_size=n), max_size=4))
    assert all(cell_len(line) <= width for line in compact(Rows("t", heads, rows, spare=heads[1:3]), width))


def test_a_page_without_an_edge_has_the_frame() -> None:
    out = io.StringIO()
    show_rows(TABLE, Console(file=out, width=100_000))
    assert "┃ error of mean ┃" in out.getvalue()


def test_a_sentence_is_broken_between_words() -> None:
    out = io.StringIO()
    say("not represented: " + "scrap and rework; " * 9, Console(file=out, width=40))
    assert all(len(line) <= 40 for line in out.getvalue().split("\n"))


@pytest.mark.parametrize("as_json", [False, True])
def test_a_full_disk_and_a_name_that_is_no_text(as_json: bool, tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    shutil.copytree(COFFEE, folder)
    command = [sys.executable, "-m", "andon", "simulate", folder, "--replications", "5", "--horizon", "1h"]
    command += ["--json"] if as_json else []
    ran = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"caf\xe9" in ran.stdout
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 2
    assert ran.stderr == b"the answer cannot be written (No space left on device); make room and ask again\n"


def test_an_empty_folder_lacks_its_site_before_all_else(tmp_path: Path) -> None:
    problems = load(tmp_path)
    assert not isinstance(problems, Site)
    assert foremost(problems).sentence().startswith("site.yaml: the file is missing")
