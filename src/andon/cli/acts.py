"""What people do from the command line: the same acts as on the pages, by the same path, with the same refusals."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from andon.app.client import Client, NoTwin, sentence_of
from andon.cli.output import NO, AsOption, JsonFlag, SiteArg, ask_password, fail, print_json

HTTP_OK = 200
Reason = Annotated[str, typer.Option("--reason", help="Why; the floor sees it.")]


def act(site: Path, kind: str, body: dict[str, Any], person: str, as_json: bool) -> None:
    """Do one act through the running twin, and say what came of it. Exit code 1 when it was refused."""
    send(site, f"/api/act/{kind}", body, person, as_json)


def send(site: Path, path: str, body: dict[str, Any], person: str, as_json: bool) -> None:
    """The same at any address of the API."""
    try:
        client = Client.connect(site)
        if person:
            wrong = client.sign_in(person, ask_password(person))
            if wrong:
                fail(wrong, as_json=as_json, code=NO)
        status, answer = client.post(path, body)
    except NoTwin as error:
        fail(str(error), as_json=as_json)
    tell(status, answer, as_json)


LATEST = "latest"
"""Stands for the newest open recommendation, or the newest command."""
POLL_S = 1.0


def newest(site: Path, path: str, key: str, given: str, as_json: bool) -> str:
    """The id that was given, or the newest one when `latest` was."""
    if given != LATEST:
        return given
    try:
        client = Client.connect(site)
        found = client.get(path)
    except NoTwin as error:
        fail(str(error), as_json=as_json)
    client.close()
    if not found:
        fail("there is none yet; see `andon recommendations` and `andon authority`", as_json=as_json, code=NO)
    return str(found[0][key])


def tell(status: int, answer: Any, as_json: bool) -> None:
    """Print an act's answer; a refusal lists every reason and ends with code 1."""
    if as_json:
        print_json(answer)
    elif status == HTTP_OK:
        typer.echo(answer.get("message", "done"))
    else:
        for reason in answer.get("reasons", []) or [{"text": sentence_of(answer)}]:
            step = f"; {reason['next_step']}" if reason.get("next_step") else ""
            who = f" ({reason['owner']})" if reason.get("owner") else ""
            typer.echo(f"refused: {reason['text']}{step}{who}", err=True)
    if status != HTTP_OK:
        raise typer.Exit(NO)


def publish(site: SiteArg, use: str, person: AsOption, as_json: JsonFlag = False) -> None:
    """Put a context of use on record as it stands in uses.yaml."""
    act(site, "publish-use", {"use": use}, person, as_json)


def request(
    site: SiteArg,
    use: str,
    tier: Annotated[str, typer.Argument(help="recommend or control.")],
    person: AsOption,
    reason: Reason,
    as_json: JsonFlag = False,
) -> None:
    """Ask that a use be approved up to a tier; somebody else approves it."""
    act(site, "request-tier", {"use": use, "tier": tier, "reason": reason}, person, as_json)


def approve(
    site: SiteArg,
    use: str,
    tier: Annotated[str, typer.Argument(help="recommend or control.")],
    person: AsOption,
    reason: Reason,
    days: Annotated[float, typer.Option(min=0.01, max=366, help="How long it holds.")] = 30.0,
    as_json: JsonFlag = False,
) -> None:
    """Approve what somebody else requested, on the present baseline."""
    act(site, "approve", {"use": use, "tier": tier, "reason": reason, "days": days}, person, as_json)


def revoke(site: SiteArg, use: str, person: AsOption, reason: Reason, as_json: JsonFlag = False) -> None:
    """Take an approval back."""
    act(site, "revoke", {"use": use, "reason": reason}, person, as_json)


def keep(
    site: SiteArg,
    answer: Annotated[str, typer.Argument(help="Of the simulator, as its page or the API names it: S-...")],
    person: AsOption,
    reason: Reason,
    as_json: JsonFlag = False,
) -> None:
    """Put an answer of the running twin's simulator on record, with the command that repeats it."""
    send(site, f"/api/simulate/{quote(answer, safe='')}/keep", {"reason": reason}, person, as_json)


def evidence(
    site: SiteArg,
    use: str,
    kind: Annotated[
        str,
        typer.Argument(help="verification, validation, uncertainty, sim-to-real, undo-drill, halt-drill or agreement."),
    ],
    person: AsOption,
    passed: Annotated[bool, typer.Option("--passed/--failed", help="What it showed.")],
    measured: Annotated[
        list[str], typer.Option(help="What was measured, as NAME=VALUE; may be given again.", metavar="NAME=VALUE")
    ],
    as_json: JsonFlag = False,
) -> None:
    """Record what people measured on the real floor, where `andon rehearse` cannot: a drill, a comparison."""
    parts = [each.partition("=") for each in measured]
    if not all(name and found and value for name, found, value in parts):
        fail("`--measured` is not NAME=VALUE; write for instance `--measured seconds=2.4`", as_json=as_json)
    values = {name: _measured(value) for name, _, value in parts}
    act(site, "record-evidence", {"use": use, "kind": kind, "passed": passed, "measured": values}, person, as_json)


def _measured(text: str) -> str | float:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def set_value(
    site: SiteArg,
    use: str,
    signal: str,
    value: Annotated[float, typer.Argument(help="The proposed value, in the signal's unit.")],
    person: AsOption,
    reason: Reason,
    as_json: JsonFlag = False,
) -> None:
    """Propose one value for one writable signal by hand; somebody else accepts it."""
    number: float | int = int(value) if value.is_integer() else value
    act(site, "propose", {"use": use, "signal": signal, "value": number, "reason": reason}, person, as_json)


def accept(
    site: SiteArg,
    recommendation: str,
    person: AsOption,
    reason: Reason,
    looked: Annotated[bool, typer.Option("--looked", help="You looked at the floor.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Accept a recommendation (`latest`: the newest); where the use holds control, its command goes to the gateway."""
    recommendation = newest(site, "/api/recommendations", "id", recommendation, as_json)
    body = {"recommendation": recommendation, "accept": True, "reason": reason, "looked": looked}
    act(site, "decide", body, person, as_json)


def reject(site: SiteArg, recommendation: str, person: AsOption, reason: Reason, as_json: JsonFlag = False) -> None:
    """Reject a recommendation (`latest`: the newest), with a reason."""
    recommendation = newest(site, "/api/recommendations", "id", recommendation, as_json)
    body = {"recommendation": recommendation, "accept": False, "reason": reason, "looked": False}
    act(site, "decide", body, person, as_json)


def undo(site: SiteArg, command: str, person: AsOption, reason: Reason, as_json: JsonFlag = False) -> None:
    """Put the value before a command (`latest`: the newest) back, as a new command by the same path."""
    command = newest(site, "/api/commands", "id", command, as_json)
    act(site, "undo", {"command": command, "reason": reason}, person, as_json)


def resolve(
    site: SiteArg,
    command: str,
    person: AsOption,
    reason: Reason,
    done: Annotated[bool, typer.Option("--done/--not-done", help="What you saw at the machine.")],
    as_json: JsonFlag = False,
) -> None:
    """Say what became of an indeterminate command, having looked."""
    act(site, "resolve", {"command": command, "done": done, "reason": reason}, person, as_json)


def challenge(
    site: SiteArg,
    element: str,
    reason: Annotated[str, typer.Argument(help="mismatch, hazard, timing, route or omission.")],
    words: Annotated[str, typer.Option(help="In your own words.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Say that the model is wrong about an element, without signing in; what leans on it waits for an answer."""
    try:
        client = Client.connect(site)
        status, answer = client.post("/api/challenge", {"element": element, "reason": reason, "words": words})
    except NoTwin as error:
        fail(str(error), as_json=as_json)
    tell(status, answer, as_json)


def answer(
    site: SiteArg,
    challenge_id: Annotated[str, typer.Argument(metavar="CHALLENGE")],
    outcome: Annotated[str, typer.Argument(help="upheld, not-upheld or mended.")],
    person: AsOption,
    reason: Reason,
    as_json: JsonFlag = False,
) -> None:
    """Answer a challenge, with a reason."""
    body = {"challenge": challenge_id, "outcome": outcome, "reason": reason}
    act(site, "answer-challenge", body, person, as_json)


def recommendations(
    site: SiteArg,
    wait: Annotated[float, typer.Option(help="Wait so many seconds for one, at most.", min=0, max=3600)] = 0.0,
    as_json: JsonFlag = False,
) -> None:
    """Open recommendations: what, why now, expected effect, and how each stands. Exit code 1 when there is none."""
    found = look(site, "/api/recommendations", wait)
    if as_json:
        print_json(found)
        raise typer.Exit(0 if found else NO)
    for item in found:
        body = item.get("body") or {}
        effect = body.get("effect") or {}
        typer.echo(f"{item['id']}  {item['use']}: {item['signal']} {item.get('now')} -> {item['value']} {item['unit']}")
        if effect:
            typer.echo(
                f"    {effect['quantity']}: {effect['mean']:+.3g} {effect['unit']}"
                f" (90 % {effect['low90']:+.3g} .. {effect['high90']:+.3g}), {body.get('mark', '')}"
            )
    if not found:
        typer.echo("no open recommendations")
        raise typer.Exit(NO)


def look(site: Path, path: str, wait_s: float) -> Any:
    """What the running twin says at a path, looked at again and again until there is something, or time is up."""
    waited = 0.0
    try:
        client = Client.connect(site)
        found = client.get(path)
        while not found and waited < wait_s:
            time.sleep(POLL_S)
            waited += POLL_S
            found = client.get(path)
    except NoTwin as error:
        fail(str(error))
    client.close()
    return found
