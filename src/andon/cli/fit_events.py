"""`andon fit DIR --events FILE`: distributions of a site's assumptions from a log of events, with their intervals."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import typer

from andon.adapters.clock import SystemClock
from andon.adapters.event_files import Log, NoLog, read
from andon.app.folders import Folders
from andon.cli.files import write_whole
from andon.cli.output import NO, fail, print_json
from andon.cli.tables import Rows, page, say, show_rows
from andon.models.fit.assumed import Estimate, estimates, open_time
from andon.models.fit.episodes import Times, times_of
from andon.models.fit.observed import events_of, wanted_signals
from andon.models.simulate.question import argument
from andon.site.model import Site

HISTORY = "history"
"""In place of a file: the readings that the twin kept."""
Line = Callable[[Any], str]
"""Writes a row of assumptions.yaml on one line."""


def fit_events(
    folder: Path, site: Site, events: Path, silence_s: float, out: Path | None, line: Line, *, as_json: bool
) -> None:
    """The whole command; ends with 1 where some times are too few."""
    try:
        log = _history(folder, site) if str(events) == HISTORY else read(events)
    except OSError as error:
        fail(str(error), as_json=as_json)
    moments = [e.at for e in log.events]
    times = times_of(log.events, silence_s, open_time(site, min(moments), max(moments)))
    found = estimates(site, times)
    if not found:
        fail(
            f"no record of `{events}` is of a machine, product or state that the site knows; name them as in site.yaml",
            as_json=as_json,
        )
    if out is not None:
        _write(folder, site, events, found, out, line, as_json=as_json)
    again = ["andon", "fit", argument(str(folder)), "--events", str(events)]
    again += ["--silence", f"{silence_s:g}"] if silence_s > 0.0 else []
    if as_json:
        print_json({**_document(log, times, found), "reproduce": shlex.join(again)})
    else:
        _show(log, times, found)
        typer.echo(f"again: {shlex.join(again)}")
    if any(e.law.needed for e in found):
        raise typer.Exit(NO)


def _history(folder: Path, site: Site) -> Log:
    """The readings that the site's twin kept.

    Raises:
        OSError: there are none, or another process holds them; one sentence.
    """
    from andon.adapters.history import History  # noqa: PLC0415 - DuckDB takes a while to load

    path = Folders(folder).history
    if not path.is_file():
        raise NoLog(f"`{path}` is not there; run the twin for a while with `andon run {folder}`, or give a file")
    history = History(path, read_only=True)
    try:
        _, last, _ = history.extent()
        found = list(events_of(site, history.readings(wanted_signals(site), 0, last + 1)))
    finally:
        history.close()
    if not found:
        raise NoLog(f"`{path}` says nothing of what machines did; their signals `state`, `job` and `count` are needed")
    return Log(found, 0)


def _write(
    folder: Path, site: Site, events: Path, found: tuple[Estimate, ...], out: Path, line: Line, *, as_json: bool
) -> None:
    """Rows that can stand in assumptions.yaml as they are."""
    today: date = datetime.fromtimestamp(SystemClock().now() / 1e9, UTC).date()
    who = next((use.responsible for use in site.uses if "fit" in use.models), site.people[0].id if site.people else "")
    lines = [f"# Estimated by `andon fit {folder} --events {events}`.", "", "assumptions:"]
    for estimate in found:
        row = estimate.row(who, today)
        lines.append(f"  # {estimate.of}: {estimate.law.verdict() or 'enough'}")
        if row is not None:
            lines.append(f"  - {line(row)}")
    try:
        write_whole(out, "\n".join(lines) + "\n")
    except ValueError as error:
        fail(str(error), as_json=as_json)


def _document(log: Log, times: Times, found: tuple[Estimate, ...]) -> dict[str, Any]:
    return {
        "records": times.records,
        "duplicates": times.duplicates,
        "late": times.late,
        "gaps": times.gaps,
        "malformed": log.malformed,
        "assumptions": [json.loads(json.dumps(e.as_json())) for e in found],
        "enough": not any(e.law.needed for e in found),
    }


def _show(log: Log, times: Times, found: tuple[Estimate, ...]) -> None:
    console = page()
    rows = []
    for e in found:
        law, scale = e.law, e.scale
        sign = {True: "", False: " ✗", None: ""}[e.agrees]
        few = law.kind == "too few"
        rows.append(
            [
                e.assumption.name,
                str(law.seen),
                str(law.cut),
                _law(e),
                f"{law.mean / scale:.4g} {e.assumption.unit}" if law.seen else "-",
                "-" if few else f"{law.mean_low / scale:.4g} .. {law.mean_high / scale:.4g}",
                "-" if e.declared is None else f"{e.declared:.4g}{sign}",
                "-" if few else f"{law.uncertainty:.1%}",
            ]
        )
    heads = ("assumption", "times", "cut off", "law", "mean", "95 %", "declared", "uncertainty")
    show_rows(Rows("", heads, rows, left=("law",), spare=("cut off", "uncertainty", "times", "law")), console)
    for e in found:
        if e.law.verdict():
            say(f"{e.assumption.name} ({e.of}): {e.law.verdict()}", console)
    if any(e.agrees is False for e in found):
        say("✗ the declared mean lies outside of the interval", console)
    said = f"{times.records} records: {times.duplicates} twice, {times.late} late, {log.malformed} malformed rows"
    say(f"{said}; {times.gaps} gaps", console)


def _law(e: Estimate) -> str:
    found = e.law.distribution(e.scale)
    if found is None:
        return "too few"
    numbers = found.model_dump(exclude_none=True, exclude_defaults=True)
    return f"{found.kind} " + ", ".join(f"{k} {v:g}" for k, v in numbers.items() if isinstance(v, float))
