"""`andon run`: the twin, its gateway and the control room of one site, in one command."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from andon.adapters.clock import SystemClock
from andon.adapters.keys import load_vkey
from andon.adapters.ledger_rows import LedgerReader
from andon.adapters.site_folder import load
from andon.app.folders import Folders
from andon.app.introduce import introduce_plant, own_certificates
from andon.app.supervise import Child, Supervisor, python_module
from andon.cli.output import CANNOT, SiteArg, fail
from andon.core.time import SECOND
from andon.site.model import Site

LATEST = 1_000
"""Records, from the end, among which the latest moment is looked for: the whole of a long ledger takes too long."""


def run(
    folder: SiteArg,
    *,
    with_plant: Annotated[bool, typer.Option("--with-plant", help="Run the site's virtual plant as well.")] = False,
    speed: Annotated[float, typer.Option(help="Site seconds in a second, for the virtual plant.")] = 1.0,
    port: Annotated[int, typer.Option(help="Port of the control room; 0 for any.", min=0, max=65535)] = 8700,
    replay: Annotated[
        float | None, typer.Option(help="Feed recorded data at this speed instead of live sources.", min=0.01)
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the recorded data; default: ANDON_DATA.", metavar="FOLDER")
    ] = None,
    start: Annotated[str, typer.Option("--from", help="Site time at which a replay begins (RFC 3339).")] = "",
    fault: Annotated[
        list[str] | None, typer.Option(help="A fault of the virtual plant, `NAME@SECONDS`; see `andon plant`.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Chance of the virtual plant, by number.", min=0)] = 1,
    plant_write_log: Annotated[
        Path | None,
        typer.Option(help="Have the virtual plant append every write that it receives to this file.", metavar="FILE"),
    ] = None,
) -> None:
    """Run the twin of a site until Ctrl-C."""
    site = load(folder)
    if not isinstance(site, Site):
        for problem in site[:20]:
            typer.echo(problem.sentence(), err=True)
        raise typer.Exit(CANNOT)
    if not site.sources:
        _alone(folder, site, with_plant=with_plant, replayed=replay is not None)
    folders = Folders(folder)
    try:
        folders.make()
        _claim(folders)
        introduce_plant(folders) if with_plant else own_certificates(folders)
    except OSError as error:
        fail(f"`{error.filename}` cannot be written ({error.strerror}); check its permissions")
    children = [_gateway(folder, folders)]
    twin = ["twin", str(folder), "--port", str(port)]
    if with_plant:
        time = _site_time(folders, speed)
        plant = _plant(folder, folders, time, fault or [], seed)
        if plant_write_log is not None:
            plant.command = [*plant.command, "--write-log", str(plant_write_log)]
        children.append(plant)
        twin += time if replay is None else []
    if replay is not None:
        twin += [
            "--replay",
            str(replay),
            *(["--data", str(data)] if data else []),
            *(["--from", start] if start else []),
        ]
    command = python_module("andon.app.serve", *twin[1:])
    children.append(Child("twin", command, folders.run / "twin.log", pid_file=folders.run / "twin.pid"))
    code = Supervisor(children, lambda line: typer.echo(line, err=True)).run()
    (folders.run / "parent.pid").unlink(missing_ok=True)
    raise typer.Exit(code)


def _alone(folder: Path, site: Site, *, with_plant: bool, replayed: bool) -> None:
    """A floor that nothing is connected to can be opened and simulated, if it says enough for that."""
    what = f"`{folder}` describes a floor and nothing to keep step with"
    if with_plant or replayed or not site.stations:
        fail(f"{what}; add sources.yaml, signals.csv and people.yaml (`andon init` writes examples)")
    typer.echo(f"{what}: nothing is seen and nothing can be told; What-if simulates it from empty", err=True)


def _claim(folders: Folders) -> None:
    """One parent a site; a gateway that an earlier parent left behind is ended before another is started."""
    pid = _alive(folders.run / "parent.pid", "andon")
    if pid:
        fail(f"`andon run` already runs for this site (process {pid}); open it, or end it first")
    left = _alive(folders.run / "gateway.pid", "andon.gateway")
    if left:
        os.kill(left, signal.SIGTERM)
    (folders.run / "parent.pid").write_text(str(os.getpid()), encoding="ascii")


def _alive(path: Path, expected: str) -> int:
    """The process of a pid file, if it lives and is still ours; else 0."""
    try:
        pid = int(path.read_text(encoding="ascii"))
        os.kill(pid, 0)
    except (OSError, ValueError):
        return 0
    command = Path(f"/proc/{pid}/cmdline")
    if command.exists() and expected not in command.read_bytes().replace(b"\0", b" ").decode(errors="replace"):
        return 0
    return pid if pid != os.getpid() else 0


def _last_recorded(folders: Folders) -> int:
    """Site time of the last record: a plant that ran faster than the wall must not start behind its own past."""
    if not folders.ledger.exists():
        return 0
    try:
        with LedgerReader(folders.ledger, load_vkey(folders.keys / "ledger.vkey")) as ledger:
            return max((r.at for r in ledger.records(max(0, ledger.size() - LATEST))), default=0)
    except (OSError, ValueError):
        return 0  # a ledger that cannot be read is the twin's to refuse, with its own sentence


def _gateway(folder: Path, folders: Folders) -> Child:
    return Child(
        "gateway",
        python_module("andon.gateway", str(folder)),
        folders.run / "gateway.log",
        exits_with_parent=False,
        pid_file=folders.run / "gateway.pid",
    )


def _site_time(folders: Folders, speed: float) -> list[str]:
    """How site time runs, as the plant and the twin are both told, at every start of either."""
    now = SystemClock().now()
    begins = max(now, _last_recorded(folders) + SECOND)
    return ["--speed", str(speed), "--epoch-wall", str(now), "--epoch-site", str(begins)]


def _plant(folder: Path, folders: Folders, time: list[str], faults: list[str], seed: int) -> Child:
    command = [sys.executable, "-m", "andon", "plant", str(folder), *time, "--seed", str(seed)]
    for fault in faults:
        command += ["--fault", fault]
    return Child("plant", command, folders.run / "plant.log", pid_file=folders.run / "plant.pid")
