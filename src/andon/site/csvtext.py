"""CSV text to rows that remember their lines; comma, semicolon or tab; pure, and never an exception for bad text."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from andon.site.problems import Problem, did_you_mean, shown, words

ROWS_MAX = 1_000_000
CELL_CHARS_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its first line (from 1) and its cells by column, trimmed; cells of unknown columns are not here."""

    line: int
    cells: dict[str, str]
    whole: bool = True
    """False when the row has too few or too many cells, so that nobody knows which cell is which."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one file, and the known columns that its header names."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    whole: bool = True
    """False when the rest of the file could not be read."""


def read_table(
    file: str, text: str, known: Sequence[str], required: Sequence[str]
) -> tuple[Table | None, list[Problem]]:
    """Rows of `text` under a header line, and every problem of its form.

    The table is None when there is no usable header. Lines may end in LF or CRLF; the delimiter is the one of
    comma, semicolon and tab that the header uses.
    """
    lines, problems = _cells(file, text)
    complete = not problems
    if not lines:
        if not problems:
            problems.append(
                Problem(file, 1, "the file is empty", f"begin with a header line: {','.join(required)},...")
            )
        return None, problems
    head_line, header = lines[0]
    names = [h.strip() for h in header]
    columns: dict[int, str] = {}
    for place, name in enumerate(names):
        if name not in known:
            fix = did_you_mean(name, known, f"remove it (known columns: {words(known, 30)})")
            what = f"column {shown(name)} is not known" if name else f"column {place + 1} has no name"
            problems.append(Problem(file, head_line, what, fix))
        elif name in columns.values():
            problems.append(Problem(file, head_line, f"column `{name}` stands twice", "keep one of them"))
        else:
            columns[place] = name
    problems.extend(
        Problem(file, head_line, f"column `{name}` is missing", f"add `{name}` to the header and to every row")
        for name in required
        if name not in columns.values()
    )
    if not columns:
        return None, problems
    rows: list[Row] = []
    for line, cells in lines[1:]:
        whole = len(cells) == len(names)
        if not whole:
            what = f"the row has {len(cells)} cells, the header has {len(names)}"
            fix = "quote a cell that contains the delimiter" if len(cells) > len(names) else "add the missing cells"
            problems.append(Problem(file, line, what, fix))
        rows.append(Row(line, {n: cells[p].strip() for p, n in columns.items() if p < len(cells)}, whole))
    return Table(tuple(columns.values()), tuple(rows), complete), problems


def _cells(file: str, text: str) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """Non-empty lines of cells with their first line number."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return found, []
        except csv.Error as error:
            what = (
                "a quoted cell that begins here is never closed"
                if "unexpected end" in str(error)
                else "the row cannot be read"
            )
            return found, [Problem(file, start, what, 'check the quotes: a quote inside a quoted cell is written `""`')]
        if any(c.strip() for c in cells):
            if any(len(c) > CELL_CHARS_MAX for c in cells):
                return found, [Problem(file, start, f"a cell is longer than {CELL_CHARS_MAX} characters", "shorten it")]
            found.append((start, cells))
        if len(found) > ROWS_MAX:
            return found[:ROWS_MAX], [Problem(file, start, f"more than {ROWS_MAX} rows", "split the site")]
