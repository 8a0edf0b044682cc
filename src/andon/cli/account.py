"""`andon account add|invite|list`: who of people.yaml can sign in. Roles stay in people.yaml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.app.folders import Folders
from andon.cli.output import NO, JsonFlag, SiteArg, ask_password, fail, print_json
from andon.core.refusals import Refusal

if TYPE_CHECKING:
    from andon.adapters.accounts import Accounts

app = typer.Typer(no_args_is_help=True, help="Who can sign in: set a password, invite somebody, list.")
DEFAULT_URL = "http://127.0.0.1:8700"

Name = Annotated[str, typer.Argument(help="A person of people.yaml.", metavar="NAME", show_default=False)]


def _accounts(folder: Path, as_json: bool) -> Accounts:
    from andon.adapters.accounts import Accounts  # noqa: PLC0415 - keeps `andon --help` fast
    from andon.adapters.clock import SystemClock  # noqa: PLC0415 - same
    from andon.adapters.site_folder import read  # noqa: PLC0415 - same

    if not folder.is_dir():
        fail(f"`{folder}` is not a folder; name a site folder, or write one with `andon init DIR`", as_json=as_json)
    site = read(folder, SystemClock()).site
    if site is None:
        fail(f"`{folder}` has problems; see them with `andon check {folder}`", as_json=as_json)
    try:
        return Accounts(Folders(folder).root, site.people, SystemClock())
    except (ValueError, OSError) as error:
        fail(str(error), as_json=as_json)


def _refused(refusal: Refusal, as_json: bool) -> None:
    if as_json:
        print_json(refusal.as_json())
    else:
        typer.echo(refusal.sentence(), err=True)
    raise typer.Exit(NO)


@app.command("add")
def add(folder: SiteArg, name: Name, *, as_json: JsonFlag = False) -> None:
    """Set the password of one person, asked for without echo (or ANDON_PASSWORD). Theirs to type, nobody else's."""
    made = _accounts(folder, as_json).add(name, ask_password(name))
    if isinstance(made, Refusal):
        return _refused(made, as_json)
    if as_json:
        print_json({"person": made.person, "roles": list(made.roles), "public_key": made.public_key})
    else:
        typer.echo(f"{made.name} can sign in as `{made.person}`: {', '.join(made.roles)}")
    return None


@app.command("invite")
def invite(folder: SiteArg, name: Name, *, as_json: JsonFlag = False) -> None:
    """Make a one-time link with which one person sets their own password, within a day."""
    code = _accounts(folder, as_json).invite(name)
    if isinstance(code, Refusal):
        return _refused(code, as_json)
    link = f"{_url(folder)}/setup?person={name}&code={code}"
    if as_json:
        print_json({"person": name, "link": link, "hours": 24})
    else:
        typer.echo(f"for {name} alone, once, within 24 hours:\n{link}")
    return None


@app.command("list")
def listing(folder: SiteArg, *, as_json: JsonFlag = False) -> None:
    """Everybody of people.yaml, their roles, and whether they can sign in."""
    people = _accounts(folder, as_json).people()
    if as_json:
        rows = [
            {
                "person": a.person,
                "name": a.name,
                "roles": list(a.roles),
                "enrolled": a.enrolled,
                "public_key": a.public_key,
            }
            for a in people
        ]
        print_json(rows)
        return
    width = max((len(a.person) for a in people), default=0)
    for a in people:
        typer.echo(f"{a.person:<{width}}  {'can sign in' if a.enrolled else 'no password':<11}  {', '.join(a.roles)}")


def _url(folder: Path) -> str:
    try:
        return str(json.loads(Folders(folder).api.read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return DEFAULT_URL
