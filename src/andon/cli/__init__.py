"""The command line: every capability of Andon that a person types."""

from __future__ import annotations

import sys

import typer

from andon import __version__
from andon.app import lifeline
from andon.cli import acts, authority, halt, plant, run, simulate, site, state
from andon.cli import ledger as ledger_commands

app = typer.Typer(
    name="andon",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A governed factory twin. Authority is computed from evidence at the moment of use, and never configured.",
)


@app.callback(invoke_without_command=True)
def _top(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    if version:
        typer.echo(f"andon {__version__}")
        raise typer.Exit


COMMANDS = {
    "init": site.init,
    "check": site.check,
    "run": run.run,
    "plant": plant.plant,
    "state": state.state,
    "simulate": simulate.simulate,
    "authority": authority.authority,
    "bounds": authority.bounds,
    "publish": acts.publish,
    "request": acts.request,
    "approve": acts.approve,
    "revoke": acts.revoke,
    "set": acts.set_value,
    "recommendations": acts.recommendations,
    "accept": acts.accept,
    "reject": acts.reject,
    "undo": acts.undo,
    "resolve": acts.resolve,
    "challenge": acts.challenge,
    "answer": acts.answer,
    "halt": halt.halt,
    "reset": halt.reset,
}
for _name, _function in COMMANDS.items():
    app.command(_name)(_function)
app.add_typer(ledger_commands.app, name="ledger")
# app.add_typer(account.app, name="account")


def main() -> None:
    """Run one command. Ctrl-C ends quietly; what no command foresaw is one sentence, never a traceback."""
    lifeline.hold()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
