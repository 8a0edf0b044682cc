"""How every command speaks: one way to print JSON, one way to fail, the same exit codes everywhere."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

OK = 0
NO = 1
"""The answer is no: refused, problems found, not verified."""
CANNOT = 2
"""Wrong usage, or it cannot run here; the sentence says what to do."""
INTERRUPTED = 130
"""Ended by Ctrl-C, with what was done so far."""

SiteArg = Annotated[Path, typer.Argument(help="The site folder.", metavar="DIR")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
AsOption = Annotated[str, typer.Option("--as", help="Who you are: a person of people.yaml.", metavar="NAME")]


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, sort_keys=False, default=str))


def fail(sentence: str, *, as_json: bool = False, code: int = CANNOT) -> NoReturn:
    """End with one sentence on standard error (or as JSON on standard output)."""
    if as_json:
        print_json({"error": sentence})
    else:
        typer.echo(sentence, err=True)
    raise typer.Exit(code)


def ask_password(person: str) -> str:
    """The password of `person`: from ANDON_PASSWORD, or asked for without echo."""
    given = os.environ.get("ANDON_PASSWORD")
    return given if given is not None else str(typer.prompt(f"password of {person}", hide_input=True))
