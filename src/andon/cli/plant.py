"""`andon plant`: a virtual plant for a site, behind an OPC UA server on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.adapters.clock import SystemClock
from andon.adapters.site_folder import load
from andon.cli.output import JsonFlag, fail, print_json
from andon.site.model import Site

if TYPE_CHECKING:
    from andon.plant.serve import Ready


def plant(
    folder: Annotated[Path | None, typer.Argument(help="The site folder.", metavar="DIR")] = None,
    *,
    speed: Annotated[float, typer.Option(help="Site seconds in a second.")] = 1.0,
    epoch_wall: Annotated[int | None, typer.Option(help="Wall time of the epoch, ns since 1970.", metavar="NS")] = None,
    epoch_site: Annotated[int | None, typer.Option(help="Site time of the epoch, ns since 1970.", metavar="NS")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Switch a fault on, in site seconds after the epoch.", metavar="NAME[:TARGET]@START[-END]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Chance, by number.", min=0)] = 1,
    port: Annotated[int | None, typer.Option(help="Another port than the site's; 0 for any.", min=0, max=65535)] = None,
    write_log: Annotated[
        Path | None, typer.Option(help="Append every write received to this file.", metavar="FILE")
    ] = None,
    trust: Annotated[
        list[Path] | None, typer.Option(help="A further folder of certificates that may write.", metavar="FOLDER")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget set-points and counters from before.")] = False,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="List the faults and end.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Run a virtual plant for a site until Ctrl-C: a factory to be in step with, with its own mind."""
    try:
        from andon.plant import faults, serve  # noqa: PLC0415 - SimPy is an optional part
        from andon.plant.draws import PlantError  # noqa: PLC0415 - same
    except ModuleNotFoundError as error:
        fail(f"the virtual plant needs `{error.name}`; install `andon[plant]`", as_json=as_json)
    if list_faults:
        _list_faults(as_json=as_json)
        return
    if folder is None:
        fail("no site folder is named; write `andon plant DIR`", as_json=as_json)
    site = _site(folder, as_json=as_json)
    try:
        settings = serve.Settings(
            folder=folder / ".andon" / "plant",
            mapping=serve.mapping_of(SystemClock(), speed, epoch_wall, epoch_site),
            seed=seed,
            faults=tuple(faults.parse_fault(text) for text in fault or ()),
            port=port,
            write_log=write_log,
            trust=tuple(trust or ()),
            fresh=fresh,
        )
        serve.serve(site, settings, lambda ready: _tell(ready, as_json=as_json))
    except PlantError as error:
        fail(str(error), as_json=as_json)
    except OSError as error:
        fail(
            f"the plant cannot use `{error.filename or folder}` ({error.strerror}); check its permissions",
            as_json=as_json,
        )
    except KeyboardInterrupt:
        return


def _site(folder: Path, *, as_json: bool) -> Site:
    outcome = load(folder)
    if not isinstance(outcome, Site):
        first, more = outcome[0], len(outcome) - 1
        rest = f" (and {more} more; run `andon check {folder}`)" if more else ""
        fail(f"{first.sentence()}{rest}", as_json=as_json)
    return outcome


def _list_faults(*, as_json: bool) -> None:
    from andon.plant.faults import KINDS  # noqa: PLC0415 - SimPy is an optional part

    if as_json:
        print_json([{"name": kind.name, "does": kind.does, "target": kind.target} for kind in KINDS])
        return
    width = max(len(kind.name) for kind in KINDS)
    for kind in KINDS:
        typer.echo(f"{kind.name:<{width}}  {kind.does}")


def _tell(ready: Ready, *, as_json: bool) -> None:
    """One line when it can be reached, flushed, since somebody may wait for it."""
    for note in ready.notes:
        typer.echo(note, err=True)
    if as_json:
        typer.echo(json.dumps({"ready": True, **asdict(ready)}))
    else:
        typer.echo(f"serving {ready.signals} signals at {ready.endpoint}, speed {ready.speed:g}; Ctrl-C ends it")
