"""`andon init` and `andon check`: a new site folder, and what is wrong with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from andon.cli.output import NO, JsonFlag, SiteArg, fail, print_json

if TYPE_CHECKING:
    from andon.site.model import Site
    from andon.site.parse import Outcome

_ONE = {
    "areas": "area",
    "elements": "element",
    "stations": "station",
    "products": "product",
    "signals": "signal",
    "sources": "source",
    "assumptions": "assumption",
    "uses": "use",
    "people": "person",
}
"""What a summary counts, and what one of it is called."""


def init(folder: SiteArg, *, as_json: JsonFlag = False) -> None:
    """Write a new site folder: small, commented, without a problem, and ready to run."""
    from andon.adapters.clock import SystemClock  # noqa: PLC0415 - keeps `andon --help` fast
    from andon.adapters.site_folder import create  # noqa: PLC0415 - same
    from andon.site.problems import Problem  # noqa: PLC0415 - same

    made = create(folder, SystemClock())
    if isinstance(made, Problem):
        fail(made.sentence(), as_json=as_json)
    if as_json:
        print_json({"folder": str(folder), "files": list(made)})
        return
    typer.echo(f"wrote {len(made)} files to {folder}")
    typer.echo(f"next: andon check {folder}")


def check(folder: SiteArg, *, as_json: JsonFlag = False) -> None:
    """Say everything that is wrong with a site folder, with file, line and what to do."""
    from andon.adapters.clock import SystemClock  # noqa: PLC0415 - keeps `andon --help` fast
    from andon.adapters.site_folder import read  # noqa: PLC0415 - same

    if not folder.is_dir():
        fail(f"`{folder}` is not a folder; name a site folder, or write one with `andon init DIR`", as_json=as_json)
    outcome = read(folder, SystemClock())
    if as_json:
        print_json(_as_json(outcome))
    else:
        _print(outcome)
    if outcome.site is None:
        raise typer.Exit(NO)


def _as_json(outcome: Outcome) -> dict[str, Any]:
    from andon.models.ergonomics import indices  # noqa: PLC0415 - keeps `andon --help` fast
    from andon.site.missing import not_represented  # noqa: PLC0415 - keeps `andon --help` fast

    site = outcome.site
    return {
        "ok": site is not None,
        "problems": [p.as_json() for p in outcome.problems],
        "name": site.name if site is not None else None,
        "counts": _counts(site) if site is not None else {},
        "digests": site.digests if site is not None else {},
        "lifting_index": indices(site.stations) if site is not None else {},
        "not_represented": list(not_represented(site)) if site is not None else [],
    }


def _counts(site: Site) -> dict[str, int]:
    return {name: len(getattr(site, name)) for name in _ONE}


def _print(outcome: Outcome) -> None:
    from andon.models.ergonomics import indices, sentence  # noqa: PLC0415 - keeps `andon --help` fast
    from andon.site.missing import not_represented  # noqa: PLC0415 - keeps `andon --help` fast

    for problem in outcome.problems:
        typer.echo(f"note: {problem.sentence()}" if problem.severity == "note" else problem.sentence())
    site = outcome.site
    if site is None:
        count = len(outcome.errors)
        typer.echo(f"{count} problem{'' if count == 1 else 's'}", err=True)
        return
    counted = (f"{n} {_ONE[name] if n == 1 else name}" for name, n in _counts(site).items() if n)
    typer.echo(f"{site.name}: {', '.join(counted)}")
    for name, value in site.digests.items():
        typer.echo(f"  {name:<12} {value[:19]}")
    if lifting := sentence(indices(site.stations)):
        typer.echo(lifting)
    for line in not_represented(site):
        typer.echo(f"not represented: {line}")
    typer.echo("no problems")
