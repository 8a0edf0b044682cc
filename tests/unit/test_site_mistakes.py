"""Every mistake in a site folder is told with its file, its line, what is wrong and what to do: a table of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from andon.adapters.site_folder import texts_of
from andon.site.parse import read

ROOT = Path(__file__).parents[2]
BASE, _ = texts_of(ROOT / "examples" / "valve-works")
TABLE = ROOT / "tests" / "golden" / "site_mistakes.txt"


@dataclass
class Row:
    name: str
    file: str = ""
    old: str = ""
    new: str = ""
    sentences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def rows() -> list[Row]:
    found: list[Row] = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        mark, text = line[:2], line[2:]
        match mark:
            case "# ":
                found.append(Row(text))
            case "@ ":
                found[-1].file = text
            case "- ":
                found[-1].old = json.loads(text)
            case "+ ":
                found[-1].new = json.loads(text)
            case "= ":
                found[-1].sentences.append(text)
            case "~ ":
                found[-1].notes.append(text)
    return found


ROWS = rows()


def test_the_table_is_large_enough() -> None:
    assert len(ROWS) >= 150
    assert len({r.name for r in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[r.name.replace(" ", "-") for r in ROWS])
def test_a_mistake_is_told_exactly(row: Row) -> None:
    assert BASE[row.file].count(row.old) == 1, "the example has changed: mend this row"
    outcome = read(dict(BASE) | {row.file: BASE[row.file].replace(row.old, row.new)})
    assert [p.sentence() for p in outcome.errors] == row.sentences
    assert [p.sentence() for p in outcome.problems if p.severity == "note"] == row.notes
    assert (outcome.site is None) == bool(row.sentences)
    assert row.sentences or row.notes


@pytest.mark.parametrize("row", ROWS, ids=[r.name.replace(" ", "-") for r in ROWS])
def test_a_sentence_has_one_what_and_one_fix(row: Row) -> None:
    for sentence in [*row.sentences, *row.notes]:
        bare = re.sub(r"`[^`]*`", "``", sentence)
        assert bare.count("; ") == 1, sentence
        assert re.match(r"[a-z]+\.(yaml|csv):[0-9]+: ", sentence)
        assert not sentence.endswith(".")


def test_no_mistake_hides_another() -> None:
    """All mistakes that touch different lines, made at once in every file, are all told at once."""
    files = dict(BASE)
    wanted: list[str] = []
    taken: set[tuple[str, int]] = set()
    for row in ROWS:
        lines = {(s.split(":")[0], int(s.split(":")[1])) for s in row.sentences}
        simple = len(row.sentences) == 1 and row.new.count("\n") == row.old.count("\n")
        if not simple or BREAKING.search(row.sentences[0]) or row.name in DEPENDENT or lines & taken:
            continue
        if files[row.file].count(row.old) != 1:
            continue
        files[row.file] = files[row.file].replace(row.old, row.new)
        wanted.extend(row.sentences)
        taken |= lines
    told = {p.sentence() for p in read(files).errors}
    assert len(wanted) >= 40
    assert set(wanted) <= told, sorted(set(wanted) - told)


BREAKING = re.compile(
    r"tab|closed|second `:`|not known|missing|stands twice|header has|cannot|backslash|second document|indentation"
)
"""What ends the reading of a file or of a list, so that nobody can see what comes after."""
DEPENDENT = frozenset({"bad id", "bad clock", "vehicles without places"})
"""Mistakes without which another one cannot be seen, or that show only where all else is right: the id that a sentence
names, the hour that a break lies in, the areas between which vehicles go."""
