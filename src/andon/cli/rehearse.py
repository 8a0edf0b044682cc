"""`andon rehearse`: commissioning on a virtual plant, leaving real evidence in the record. People still approve."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from andon.adapters.site_folder import load
from andon.app.client import Client, NoTwin, sentence_of
from andon.cli.output import NO, AsOption, JsonFlag, SiteArg, ask_password, fail, print_json
from andon.site.model import Site

HTTP_OK = 200


def rehearse(
    folder: SiteArg,
    person: AsOption,
    *,
    use: Annotated[list[str] | None, typer.Option(help="Only this use; may be given again.")] = None,
    seed: Annotated[int, typer.Option(help="Chance of the rig's plant, by number.", min=0)] = 1,
    as_json: JsonFlag = False,
) -> None:
    """Verification, validation, undo and halt drills on a rig of this site; exit code 1 when anything failed."""
    try:
        from andon.app.rehearse import rehearse as play  # noqa: PLC0415 - needs the optional parts
        from andon.app.rig import RigFailed  # noqa: PLC0415 - same
    except ModuleNotFoundError as error:
        fail(f"a rehearsal needs `{error.name}`; install `andon[all]`", as_json=as_json)
    site = load(folder)
    if not isinstance(site, Site):
        fail(f"{site[0].sentence()} (run `andon check {folder}`)", as_json=as_json)
    chosen = [u for u in site.uses if not use or u.id in use]
    unknown = set(use or ()) - {u.id for u in site.uses}
    if unknown:
        fail(f"no context of use `{min(unknown)}`; there are: {', '.join(u.id for u in site.uses)}", as_json=as_json)
    console = Console(stderr=True)
    try:
        client = Client.connect(folder)
        wrong = client.sign_in(person, ask_password(person))
        if wrong:
            fail(wrong, as_json=as_json, code=NO)
        with console.status("rehearsing") as status:
            found = play(site, folder, chosen, seed, status.update)
        rows = [_record(client, item) for item in found]
    except (NoTwin, RigFailed) as error:
        fail(str(error), as_json=as_json)
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            typer.echo(f"{'passed' if row['passed'] else 'FAILED'}  {row['use']:<18} {row['kind']:<14} {row['record']}")
        typer.echo("the evidence is on record; people still approve: `andon request`, then `andon approve`")
    if not all(row["passed"] and row["recorded"] for row in rows):
        raise typer.Exit(NO)


def _record(client: Client, item: Any) -> dict[str, Any]:
    body = {"use": item.use, "kind": item.kind, "passed": item.passed, "measured": dict(item.measured)}
    status, answer = client.post("/api/act/record-evidence", body)
    recorded = status == HTTP_OK
    where = f"#{answer['records'][0]['index']}" if recorded else f"not recorded: {sentence_of(answer)}"
    return {**body, "recorded": recorded, "record": where}
