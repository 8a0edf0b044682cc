"""`andon authority`: the tier that each use holds now, every requirement, met or not, and why; `andon bounds`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from andon.app.client import Client, NoTwin, sentence_of
from andon.cli.acts import tell
from andon.cli.output import NO, JsonFlag, SiteArg, ask_password, fail, print_json

TIERS = ("none", "visualise", "analyse", "recommend", "control")


def authority(
    folder: SiteArg,
    use: Annotated[str, typer.Argument(help="One use, with every requirement.")] = "",
    at: Annotated[str, typer.Option(help="As the records had it at this site time (RFC 3339).")] = "",
    need: Annotated[str, typer.Option(help="Exit code 1 unless the use holds at least this tier.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """The tier each use holds now, computed at this moment; with USE, every requirement, met or not, and why."""
    if need and (need not in TIERS or not use):
        fail(f"`--need {need}` takes one of {', '.join(TIERS)}, and a use", as_json=as_json)
    try:
        client = Client.connect(folder)
        found = client.get(f"/api/authority/{use}" if use else "/api/authority", at=at or None)
    except NoTwin as error:
        fail(str(error), as_json=as_json)
    client.close()
    if isinstance(found, dict) and ("reasons" in found or "error" in found):
        if as_json:
            print_json(found)
            raise typer.Exit(NO)
        fail(sentence_of(found), code=NO)
    if as_json:
        print_json(found)
    elif use:
        _ladder(found)
    else:
        for one in found:
            _line(one)
    if need and TIERS.index(found["tier"]) < TIERS.index(need):
        raise typer.Exit(NO)


def _line(one: dict[str, Any]) -> None:
    reachable = TIERS[: TIERS.index(one["ceiling"]) + 1]
    missing = [r["title"] for r in one["requirements"] if not r["met"] and r["tier"] in reachable]
    lacks = f"; lacks: {', '.join(missing[:4])}{' ...' if len(missing) > 4 else ''}" if missing else ""
    typer.echo(f"{one['use']:<20} {one['tier']:<10} ceiling {one['ceiling']}{lacks}")


def _ladder(one: dict[str, Any]) -> None:
    typer.echo(f"{one['use']} holds {one['tier']} (ceiling {one['ceiling']}), baseline {one['baseline'][:19]}")
    for r in one["requirements"]:
        mark = "ok" if r["met"] else "NO"
        until = f", until {r['until']}" if r.get("until") else ""
        evidence = f" [{r['evidence']}]" if r.get("evidence") else ""
        typer.echo(f"  {mark}  {r['tier']:<10} {r['title']}: {r['why']}{until}{evidence}")
        if not r["met"] and r.get("next_step"):
            typer.echo(f"                   -> {r['next_step']}" + (f" ({r['owner']})" if r.get("owner") else ""))


def bounds(
    folder: SiteArg,
    sign: Annotated[str, typer.Option("--sign", help="Sign them as this person of people.yaml.", metavar="NAME")] = "",
    as_json: JsonFlag = False,
) -> None:
    """The gateway's own bounds: what it will never exceed, whatever the twin says. Two different people sign them."""
    try:
        client = Client.connect(folder)
        if not sign:
            found = client.get("/api/bounds")
        else:
            status, answer = client.post("/api/bounds/sign", {"name": sign, "password": ask_password(sign)})
            tell(status, answer, as_json)
            return
    except NoTwin as error:
        fail(str(error), as_json=as_json)
    if as_json:
        print_json(found)
        return
    for row in found["rows"]:
        typer.echo(
            f"{row['signal']:<28} {row['min']:g} .. {row['max']:g} {row['unit']}, at most {row['max_rate']:g} a minute"
        )
    typer.echo(
        f"digest {found['digest'][:19]}; signed by {', '.join(found['signers']) or 'nobody yet'} (two are needed)"
    )
