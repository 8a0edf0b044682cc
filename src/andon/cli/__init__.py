"""The command line: every capability of Andon that a person types. Only what is asked for is imported."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from andon import __version__
from andon.app import lifeline

if TYPE_CHECKING:
    import typer

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("site", "init"),
    "check": ("site", "check"),
    "run": ("run", "run"),
    "plant": ("plant", "plant"),
    "state": ("state", "state"),
    "simulate": ("wired", "simulate"),
    "sensitivity": ("wired", "sensitivity"),
    "fit": ("wired", "fit"),
    "rehearse": ("rehearse", "rehearse"),
    "authority": ("authority", "authority"),
    "bounds": ("authority", "bounds"),
    "publish": ("acts", "publish"),
    "request": ("acts", "request"),
    "approve": ("acts", "approve"),
    "revoke": ("acts", "revoke"),
    "keep": ("acts", "keep"),
    "evidence": ("acts", "evidence"),
    "set": ("acts", "set_value"),
    "recommendations": ("acts", "recommendations"),
    "accept": ("acts", "accept"),
    "reject": ("acts", "reject"),
    "undo": ("acts", "undo"),
    "resolve": ("acts", "resolve"),
    "challenge": ("acts", "challenge"),
    "answer": ("acts", "answer"),
    "halt": ("halt", "halt"),
    "reset": ("halt", "reset"),
    "bench": ("bench", "bench"),
}
"""Command to the module of this package, and the function in it."""
GROUPS = {"ledger": "ledger", "account": "account"}


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
OPTIONAL = {
    "numba": "simulate",
    "llvmlite": "simulate",
    "scipy": "simulate",
    "matplotlib": "simulate",
    "simpy": "plant",
}
"""Libraries of the heavy parts, and the extra that brings each."""


def build(names: Iterable[str] = (*COMMANDS, *GROUPS)) -> typer.Typer:
    """The program with these commands."""
    import typer  # noqa: PLC0415 - it takes a while to load, and Ctrl-C is heard meanwhile

    app = typer.Typer(
        name="andon",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="A governed factory twin. Authority is computed from evidence at the moment of use, never configured.",
    )

    @app.callback(invoke_without_command=True)
    def _top(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
        if version:
            typer.echo(f"andon {__version__}")
            raise typer.Exit

    for name in names:
        if name in GROUPS:
            app.add_typer(import_module(f"andon.cli.{GROUPS[name]}").app, name=name)
        else:
            module, function = COMMANDS[name]
            app.command(name)(getattr(import_module(f"andon.cli.{module}"), function))
    return app


def main() -> None:
    """Run one command. Ctrl-C ends quietly."""
    lifeline.hold()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files may be no text: they come out as they went in
            stream.reconfigure(errors="surrogateescape" if stream.encoding.lower() == "utf-8" else "backslashreplace")
    wanted = [a for a in sys.argv[1:2] if a in COMMANDS or a in GROUPS]
    # A group of one command would lose its name, so a second, light one stands beside it.
    names = {*wanted, "halt", "ledger"} if wanted else {*COMMANDS, *GROUPS}
    try:
        build(sorted(names))()
    except KeyboardInterrupt:
        sys.exit(130)
    except ModuleNotFoundError as error:
        extra = OPTIONAL.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        sys.stderr.write(f"this needs `{error.name}`; install `andon[{extra}]`\n")
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        if error.errno not in NO_ROOM or error.filename is not None:
            raise
        # Standard output is full. What is left in it would fail once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write(f"the answer cannot be written ({error.strerror}); make room and ask again\n")
        sys.exit(2)
