"""The twin's process: everything wired once, the control room served, ended cleanly by SIGTERM."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import uvicorn

from andon.adapters.accounts import Accounts
from andon.adapters.clock import SiteClock, SiteTime
from andon.adapters.history import History
from andon.adapters.ids import RandomIds
from andon.adapters.keys import load_or_create_key
from andon.adapters.ledger_store import SqliteLedger
from andon.adapters.site_folder import load
from andon.app import lifeline
from andon.app.asks import Asks
from andon.app.components import running_components
from andon.app.desk import TwinDesk
from andon.app.floor import Floor
from andon.app.folders import Folders, write_private
from andon.app.outlook import make_outlook
from andon.app.sources import make_sources
from andon.app.way_out import WayOut
from andon.control_room.app import create_app
from andon.control_room.settings import RoomSettings
from andon.site.model import Site
from andon.sync.retention import retention_days

CANNOT = 2
HOST = "127.0.0.1"
GRACE_S = 1
"""How long answers that are being given when the twin ends may still take."""


def main() -> int:
    """Run one twin until it is told to end. Exit code 2 when it cannot run, with one sentence."""
    lifeline.hold()
    parser = argparse.ArgumentParser(prog="andon.app.serve")
    parser.add_argument("site", type=Path)
    parser.add_argument("--port", type=int, default=8700)
    parser.add_argument("--replay", type=float, default=None)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--from", dest="start", default="")
    parser.add_argument("--epoch-site", type=int, default=0)
    parser.add_argument("--epoch-wall", type=int, default=0)
    parser.add_argument("--speed", type=float, default=1.0)
    options = parser.parse_args()
    try:
        with listening(options.port) as listener, twin(options) as desk_and_app:
            serve(listener, options.site, *desk_and_app)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT
    return 0


@contextlib.contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """The socket of the control room, on this machine alone.

    Raises:
        OSError: the port is taken; one sentence.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise OSError(
            f"port {port} on {HOST} is in use; stop what listens there, or give another with --port"
        ) from error
    with contextlib.closing(listener):
        yield listener


@contextlib.contextmanager
def twin(options: argparse.Namespace) -> Iterator[tuple[TwinDesk, Accounts, SiteClock]]:
    """One twin, alive inside the block."""
    site = load(options.site)
    if not isinstance(site, Site):
        raise OSError("; ".join(p.sentence() for p in site[:3]))
    folders = Folders(options.site)
    folders.make()
    # A plant that the same parent started has told its time: a twin that restarts is on site time from the first.
    clock = SiteClock(SiteTime(options.epoch_site, options.epoch_wall, options.speed))
    mode: Literal["live", "replay"] = "replay" if options.replay is not None else "live"
    with contextlib.ExitStack() as stack:
        ledger = SqliteLedger(folders.ledger, load_or_create_key(folders.keys / "ledger.key", ledger_name(site)))
        stack.callback(ledger.close)
        history = History(_history(folders, mode), keep_days=retention_days(site))
        floor = Floor(site, clock, history)
        stack.callback(floor.stop)
        accounts = Accounts(folders.root, site.people, clock)
        gateway = WayOut(site, folders, accounts.public_keys, clock)
        ids = RandomIds()
        desk = TwinDesk(site, floor, ledger, gateway, clock, ids, running_components(), mode)
        stack.callback(desk.stop)
        floor.start(make_sources(site, folders, floor.sink, clock, options))
        outlook = make_outlook(site, options.site, desk, floor, clock) if mode == "live" else None
        if outlook is not None:
            stack.callback(outlook.stop)
        asks = Asks(site, options.site, floor, clock, desk.authority, desk.note, ids)
        stack.callback(asks.stop)
        desk.start(outlook, asks)
        if outlook is not None:
            outlook.start()
        else:
            asks.start()
        yield desk, accounts, clock


def _history(folders: Folders, mode: str) -> Path:
    """A replay has a history of its own, new each time: what was played is not what happened here."""
    if mode == "live":
        return folders.history
    played = folders.root / "replay.duckdb"
    for path in (played, played.with_name("replay.duckdb.wal")):
        path.unlink(missing_ok=True)
    return played


def ledger_name(site: Site) -> str:
    """The name under which this site's checkpoints are signed: its own, in a form that notes allow.

    >>> from types import SimpleNamespace
    >>> ledger_name(SimpleNamespace(name="Valve works"))
    'andon.local/valve-works'
    """
    return "andon.local/" + "-".join(site.name.lower().replace("+", " ").split())


def serve(listener: socket.socket, folder: Path, desk: TwinDesk, accounts: Accounts, clock: SiteClock) -> None:
    """Serve the control room until SIGTERM or SIGINT."""
    folders = Folders(folder)
    token = secrets.token_urlsafe(32)
    vkey = (folders.keys / "ledger.vkey").read_text("utf-8").strip()
    settings = RoomSettings(token=token, instance=secrets.token_hex(8), clock=clock, vkey=vkey)
    app = create_app(desk, accounts, settings)
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    write_private(folders.api, {"url": url, "token": token})
    listener.listen(128)
    sys.stdout.write(f"Andon: the control room of {desk.site().name} is at {url}\n")
    code = accounts.setup_code() if desk.site().people else None
    if code:
        sys.stdout.write(f"First run: people set their own passwords at {url}/setup?code={code}\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws_max_size=65536,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        # The server ends on it and then raises it once more, for whoever started it: everything else must still end.
        signal.signal(number, end)
    try:
        server.run(sockets=[listener])
    finally:
        folders.api.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
