"""Tables that fit where they are read: whole on a page, without the lesser columns on a narrow terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

NAME_MIN = 14
"""Cells that the first column keeps, where its words are longer than what is left for it."""
NAME_LEAST = 6
"""And where even one column beside it leaves less."""
GAP = 2
FRAME = 3
"""Cells that a frame takes beside each column."""


@dataclass(frozen=True)
class Rows:
    """A table as text.

    Args:
        title: above it.
        heads: of the columns; the first one names the rows.
        rows: as many cells each.
        left: heads of columns that stand to the left; the first one always does.
        spare: heads of columns that a narrow terminal can do without, the least needed first.
        caption: below it; one that begins with a column's head and a colon is about that column.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Collection[str] = ()
    spare: Sequence[str] = ()
    caption: str = ""


class Page(Console):
    """Where answers are printed."""

    def on_broken_pipe(self) -> None:
        """Somebody read enough: that is no answer `no`."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141)


def page() -> Console:
    """The terminal; where nobody looks, a page without an edge."""
    console = Page()
    return console if console.is_terminal else Page(width=100_000)


def show_rows(table: Rows, console: Console | None = None) -> None:
    """Print a table: framed where it fits, else compact."""
    console = console or page()
    natural = [max(map(cell_len, (head, *(row[i] for row in table.rows)))) for i, head in enumerate(table.heads)]
    if sum(natural) + FRAME * len(natural) + 1 <= console.width:
        _framed(table, console)
        return
    for line in compact(table, console.width):
        console.print(line, markup=False, highlight=False, no_wrap=True, overflow="ignore", crop=False)


def say(line: str, console: Console | None = None) -> None:
    """A sentence, broken between words where a terminal is too narrow for it."""
    console = console or page()
    if cell_len(line) > console.width:
        line = "\n  ".join(wrapped(line, max(console.width - 2, 18)))
    console.print(line, markup=False, highlight=False, no_wrap=True, overflow="ignore", crop=False)


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """Lines of at most `width` cells, broken between words; a longer word is broken anyway.

    >>> wrapped("orders on time", 9), wrapped("orders on time", 9, indent=2), wrapped("abcdefgh", 5)
    (['orders on', 'time'], ['orders on', '  time'], ['abcde', 'fgh'])
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        rest = word
        while rest:
            longer = f"{line} {rest}" if line.strip() else line + rest
            if cell_len(longer) <= width:
                line = longer
                break
            if line.strip():
                lines.append(line)
                line = " " * indent
                continue
            n = max(1, next(k for k in range(len(rest), 0, -1) if k == 1 or cell_len(line + rest[:k]) <= width))
            lines.append(line + rest[:n])
            line, rest = " " * indent, rest[n:]
    return [*lines, line] if line.strip() else lines


def _framed(table: Rows, console: Console) -> None:
    framed = Table(title=Text(table.title), caption=Text(table.caption) if table.caption else None)
    for i, head in enumerate(table.heads):
        to_left = i == 0 or head in table.left
        framed.add_column(Text(head), justify="left" if to_left else "right", no_wrap=True)
    for row in table.rows:
        framed.add_row(*(Text(cell) for cell in row))
    console.print(framed)


def compact(table: Rows, width: int) -> list[str]:
    """The lines of a table without a frame, none wider than `width` cells where that is possible.

    Columns that can be spared go first; then names are broken into lines; then the table goes on below itself.
    """
    columns = [i for i in range(1, len(table.heads)) if not table.rows or any(row[i] for row in table.rows)]
    sizes = {i: _size(table, i) for i in range(len(table.heads))}
    wanted = max(min(sizes[0], NAME_MIN), *(cell_len(w) for row in table.rows for w in row[0].split()), 1)
    wanted = min(wanted, max(NAME_MIN, width // 2))

    def room(kept: Sequence[int]) -> int:
        """What is left for names."""
        return width - sum(sizes[i] + GAP for i in kept)

    gone: list[str] = []
    for head in table.spare:
        if room(columns) >= min(sizes[0], max(wanted, NAME_MIN)):
            break
        place = table.heads.index(head)
        if place in columns:
            columns.remove(place)
            gone.append(head)
    lines = [*wrapped(table.title, max(width, 20))]
    for part in _parts(columns, sizes, width, wanted):
        name = min(sizes[0], max(room(part), wanted if len(part) > 1 else NAME_LEAST))
        lines += _block(table, part, sizes, name)
    if table.caption and table.caption.partition(":")[0] not in gone:
        lines += wrapped(table.caption, max(width, 20))
    if gone:
        told = f"left out here: {', '.join(h for h in table.heads if h in gone)}; a wider terminal or --json has them"
        lines += wrapped(told, max(width, 20))
    return lines


def _size(table: Rows, i: int) -> int:
    """Cells that a column needs when its head is broken between words."""
    words = table.heads[i].split() or [""]
    return max(map(cell_len, (*words, *(row[i] for row in table.rows))))


def _parts(columns: Sequence[int], sizes: dict[int, int], width: int, name: int) -> Iterator[list[int]]:
    """Columns that stand beside one another, in order."""
    part: list[int] = []
    for i in columns:
        if part and name + sum(sizes[k] + GAP for k in (*part, i)) > width:
            yield part
            part = []
        part.append(i)
    yield part


def _block(table: Rows, part: Sequence[int], sizes: dict[int, int], name: int) -> list[str]:
    """Head, rule and rows of some columns."""
    places = [0, *part]
    widths = [name, *(sizes[i] for i in part)]
    heads = [wrapped(table.heads[i], w) or [""] for i, w in zip(places, widths, strict=True)]
    tall = max(map(len, heads))
    lines = [_line(table, places, widths, [([""] * (tall - len(h)) + h)[k] for h in heads]) for k in range(tall)]
    lines.append((" " * GAP).join("─" * w for w in widths))
    for row in table.rows:
        first, *more = wrapped(row[0], name, indent=2) or [""]
        lines.append(_line(table, places, widths, [first, *(row[i] for i in part)]))
        lines += more
    return [*lines, ""]


def _line(table: Rows, places: Sequence[int], widths: Sequence[int], cells: Sequence[str]) -> str:
    found = []
    for place, width, cell in zip(places, widths, cells, strict=True):
        space = " " * max(0, width - cell_len(cell))
        found.append(cell + space if place == 0 or table.heads[place] in table.left else space + cell)
    return (" " * GAP).join(found).rstrip()
