"""`python -m andon.gateway DIR`: runs the gateway of a site until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path

from andon.adapters.journal import replace_file
from andon.core.time import Nanos
from andon.gateway.files import CannotRun
from andon.gateway.page import Page
from andon.gateway.process import Gateway
from andon.gateway.serve import SocketServer


class _Clock:
    """The machine's clocks; the gateway has no other time."""

    def now(self) -> Nanos:
        """Wall time: written into the journal for people, used for no decision."""
        return Nanos(time.time_ns())  # noqa: TID251 - the gateway may not import the adapters' clock

    def monotonic(self) -> Nanos:
        """What permits live on."""
        return Nanos(time.monotonic_ns())


async def run(folder: Path, http_port: int) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        CannotRun: another gateway runs here, or the folder cannot be used.
    """
    gateway = Gateway(folder, _Clock())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sockets, page = SocketServer(gateway, folder), Page(gateway)
    try:
        await page.begin(http_port)
        await sockets.begin()
        with contextlib.suppress(OSError):  # a full disk must not keep halt from being served
            replace_file(folder / "port", f"{page.port}\n".encode())
        await gateway.begin()
        said = gateway.state.broken or (gateway.state.bounds_why if gateway.state.bounds is None else "")
        print(  # noqa: T201 - one line that says where it is and what it will not do
            f"gateway ready: epoch {gateway.state.epoch}, halt page http://127.0.0.1:{page.port}/"
            + (f"; refuses every permit: {said}" if said else ""),
            flush=True,
        )
        await stop.wait()
    except OSError as error:
        raise CannotRun(f"gateway cannot listen ({error}); choose another --http-port") from error
    finally:
        await page.end()
        await sockets.end()
        await gateway.end()


def main() -> int:
    """Exit code 0 when told to end, 2 when it cannot run."""
    parser = argparse.ArgumentParser(prog="andon.gateway", description="Verifies permits, writes to machines, halts.")
    parser.add_argument("directory", type=Path, help="the site folder")
    parser.add_argument("--http-port", type=int, default=0, help="port of the halt page on 127.0.0.1; 0: any")
    options = parser.parse_args()
    try:
        asyncio.run(run(options.directory / ".andon" / "gateway", options.http_port))
    except CannotRun as error:
        print(error, file=sys.stderr)  # noqa: T201 - the sentence
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
