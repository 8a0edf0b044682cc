"""`andon halt` and `andon reset`: stop what the twin does, at once, whether it lives or not; and what ends that."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from andon.adapters.gateway_link import GatewayLink
from andon.app.client import Client, NoTwin
from andon.app.folders import Folders
from andon.cli.acts import tell
from andon.cli.output import AsOption, JsonFlag, SiteArg, ask_password, fail, print_json

RECORD_LOOKS = 40
RECORD_WAIT_S = 0.25


def halt(
    folder: SiteArg,
    scope: Annotated[str, typer.Option(help="The whole site, or one element.")] = "site",
    reason: Annotated[str, typer.Option(help="Optional; nothing is asked back.")] = "",
    who: Annotated[str, typer.Option("--as", help="Optional: nobody needs to sign in.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Withdraw the twin's authority now, with the twin dead as well. Not an emergency stop."""
    try:
        held = GatewayLink(Folders(folder).gateway).halt(scope, who, reason)
    except OSError as error:
        fail(f"the halt could not be latched ({error}); stop the machines by other means", as_json=as_json)
    recorded = _on_record(folder, held.scope)
    if as_json:
        said = {"halt": held.halt, "scope": held.scope, "how": held.how, "in_flight": list(held.in_flight)}
        print_json({**said, "on_record": recorded})
    else:
        typer.echo(held.sentence() + ("; it is on record" if recorded else ""))


def _on_record(folder: Path, scope: str) -> bool:
    """Whether the running twin has noticed and recorded it: it holds already; this only waits a while to say so."""
    try:
        client = Client.connect(folder)
        for _ in range(RECORD_LOOKS):
            if any(h["scope"] in {scope, "site"} for h in client.get("/api/halts")):
                return True
            time.sleep(RECORD_WAIT_S)
    except NoTwin:
        return False
    return False


def reset(
    folder: SiteArg,
    person: AsOption,
    reason: Annotated[str, typer.Option("--reason", help="Why it is right to go on.")],
    as_json: JsonFlag = False,
) -> None:
    """Sign one person's part of a reset. Two different people are needed; nothing resumes by itself."""
    try:
        client = Client.connect(folder)
        body = {"name": person, "password": ask_password(person), "reason": reason}
        status, answer = client.post("/api/reset", body)
    except NoTwin as error:
        fail(str(error), as_json=as_json)
    tell(status, answer, as_json)
