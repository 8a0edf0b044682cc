"""`andon bench`: our speed against the peers that are installed, as ratios made in one run."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

import andon
from andon.cli.output import NO, JsonFlag, fail, print_json

HERE = Path(andon.__file__).parents[2] / "benchmarks"


def bench(
    group: Annotated[str, typer.Argument(help="One group, such as sim.")] = "",
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Smaller runs, under 50 s in all.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw how time grows with size (SVG) there.", metavar="FILE.svg")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure and compare; exit code 1 when a ratio that must be reached is not."""
    found = {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}
    if not found:
        fail("the benchmarks stand in the repository, not in the package; run this from a checkout", as_json=as_json)
    if group and group not in found:
        fail(f"no group `{group}`; there are: {', '.join(found)}", as_json=as_json)
    rows: list[dict[str, Any]] = []
    for name, path in found.items():
        if group in ("", name):
            with Console(stderr=True).status(f"measuring {name}"):
                rows += _module_of(path).rows(quick)
    if plot is not None:
        plot.write_text(_module_of(found["sim"]).plot(rows), encoding="utf-8")
    if as_json:
        print_json(rows)
    else:
        _show(rows)
    if any(row["met"] is False for row in rows):
        raise typer.Exit(NO)


def _module_of(path: Path) -> Any:
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    return importlib.import_module(path.stem)


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table("group", "what", "value", "unit", "against", "ratio", "must", "aim", "met")
    for row in rows:
        cells = (row[k] for k in ("group", "name", "value", "unit", "peer", "ratio", "must", "aim", "met"))
        table.add_row(*("-" if c is None else f"{c:,.3g}" if isinstance(c, float) else str(c) for c in cells))
    Console(width=None if Console().is_terminal else 160).print(table)
