"""`andon fit`: assumptions from recorded logs, forecasts of what was held back, and how far they may be believed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from andon.adapters.clock import SystemClock
from andon.adapters.fit_logs import Taken, take
from andon.adapters.recordings import NoRecording, data_folder, find_logs, read_plan
from andon.adapters.site_folder import load
from andon.cli.output import NO, JsonFlag, SiteArg, fail, print_json
from andon.models.fit.compare import Comparison, Outcome, compare
from andon.models.fit.forecast import Interval
from andon.models.fit.plan import Plan
from andon.models.fit.report import Basis, as_json, fitted, validation
from andon.site.model import ContextOfUse, Site

Recorder = Callable[[Path, str, bool, Mapping[str, Any]], str | None]
"""Records a validation (site folder, use, passed, measured); a sentence when it could not, None when it did."""
PLAIN = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z][A-Za-z0-9 ._-]*$")
"""What YAML takes as text without quotes."""
MARK_SIGN = {"accurate": "● accurate", "fragile": "◆ fragile", "guessing": "✕ guessing"}


def command(record: Recorder | None = None) -> Callable[..., None]:
    """The command, with a way to put its validation on record."""

    def fit_command(
        folder: SiteArg,
        *,
        data: Annotated[
            Path | None,
            typer.Option(help="Folder of recorded data; else ANDON_DATA, else ../shared/data.", metavar="FOLDER"),
        ] = None,
        plan: Annotated[str | None, typer.Option(help="Which plan of `recordings/`.", metavar="NAME")] = None,
        out: Annotated[Path | None, typer.Option(help="Write a picture there.", metavar="FILE.svg")] = None,
        assumptions: Annotated[
            Path | None,
            typer.Option(help="Write what was estimated as rows for assumptions.yaml.", metavar="FILE.yaml"),
        ] = None,
        events: Annotated[
            Path | None,
            typer.Option(
                help="Estimate the site's assumptions from a log instead: .csv, .csv.gz, .parquet, or `history`.",
                metavar="FILE",
            ),
        ] = None,
        silence: Annotated[
            float, typer.Option(help="With --events: seconds of silence that are a gap; 0: none is.", min=0)
        ] = 0.0,
        seed: Annotated[int, typer.Option(help="Same seed, same figures.", min=0)] = 1,
        workers: Annotated[int, typer.Option(help="Processes to read with, one a machine.", min=1, max=64)] = 2,
        as_json: JsonFlag = False,
    ) -> None:
        """Estimate machine time and interruptions from the first units of recorded logs; hold the rest against them."""
        site = load(folder)
        if not isinstance(site, Site):
            fail(f"{site[0].sentence()} (`andon check {folder}` lists everything)", as_json=as_json)
        if events is not None:
            from andon.cli.fit_events import fit_events  # noqa: PLC0415 - scipy takes half a second to load

            idle = [name for name, given in (("--out", out), ("--data", data), ("--plan", plan)) if given is not None]
            if idle:
                fail(f"`{idle[0]}` does nothing with --events; leave one of them out", as_json=as_json)
            fit_events(folder, site, events, silence, assumptions, _flow, as_json=as_json)
            return
        try:
            chosen, digest = read_plan(folder, plan)
            files = find_logs(data_folder(data), chosen)
            taken = _take(site, chosen, files, workers, quiet=as_json)
        except NoRecording as error:
            fail(str(error), as_json=as_json)
        found = compare(taken.told, chosen, seed)
        basis = _basis(folder, site, chosen, digest, taken, data, plan, seed)
        if out is not None:
            _picture(found, out, site.name, basis.credit, as_json=as_json)
        if assumptions is not None:
            _assumptions(found, site, basis, assumptions, as_json=as_json)
        passed, measured = validation(found, basis)
        said = _record(record, folder, site, passed, measured)
        if as_json:
            print_json(_document(found, chosen, basis, passed, said))
        else:
            _show(found, basis, passed, said, out)
        if not passed:
            raise typer.Exit(NO)

    fit_command.__name__ = "fit"
    return fit_command


def _take(site: Site, plan: Plan, files: Any, workers: int, *, quiet: bool) -> Taken:
    """Read the logs, with progress for people."""
    console = Console(stderr=True, quiet=quiet)
    columns = (TextColumn("reading logs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        bar = progress.add_task("read", total=len(files))
        return take(site, plan, files, lambda _, done, __: progress.update(bar, completed=done), workers)


def _basis(
    folder: Path, site: Site, plan: Plan, digest: str, taken: Taken, data: Path | None, name: str | None, seed: int
) -> Basis:
    words = ["andon", "fit", str(folder)]
    words += ["--data", str(data)] if data is not None else []
    words += ["--plan", name] if name is not None else []
    words += ["--seed", str(seed)]
    return Basis(
        site.name,
        digest,
        site.digests.get("assumptions", ""),
        taken.digests,
        seed,
        shlex.join(words),
        taken.readings,
        taken.quarantined,
        taken.malformed,
        plan.credit,
    )


def _picture(found: Comparison, out: Path, name: str, credit: str, *, as_json: bool) -> None:
    try:
        from andon.adapters.fit_picture import draw  # noqa: PLC0415 - matplotlib takes half a second to load

        draw(found, out, name, credit)
    except ImportError:
        fail("a picture needs matplotlib; install `andon[simulate]`, or leave `--out` away", as_json=as_json)
    except (OSError, ValueError) as error:
        fail(f"`{out}` cannot be written ({error}); name another file", as_json=as_json)


def _assumptions(found: Comparison, site: Site, basis: Basis, out: Path, *, as_json: bool) -> None:
    """Rows that can stand in assumptions.yaml as they are: origin, who, when and the day to look again included."""
    today = datetime.fromtimestamp(SystemClock().now() / 1e9, UTC).date()
    who = next((use.responsible for use in _uses(site)), site.people[0].id if site.people else "")
    lines = [f"# Estimated by `{basis.reproduce}`.", "", "assumptions:"]
    for outcome in found.outcomes:
        units = [c.log.unit for c in outcome.first]
        note = f"andon fit, units {units[0]} to {units[-1]}, {outcome.forecast.mark}" if units else ""
        for row in fitted(outcome):
            about = {"origin": note, "who": who, "when": f"{today}", "review_by": f"{today + timedelta(days=365)}"}
            lines.append(f"  - {_flow(row | about)}")
    try:
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        fail(f"`{out}` cannot be written ({error.strerror}); name another file", as_json=as_json)


def _flow(value: Any) -> str:
    """YAML on one line, plain words without quotes.

    >>> _flow({"name": "a.b", "values": [1.5, 2], "when": "2026-01-01"})
    '{name: a.b, values: [1.5, 2], when: "2026-01-01"}'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return value if isinstance(value, str) and PLAIN.match(value) else json.dumps(value)


def _uses(site: Site) -> list[ContextOfUse]:
    return [use for use in site.uses if "fit" in use.models]


def _record(
    record: Recorder | None, folder: Path, site: Site, passed: bool, measured: Mapping[str, Any]
) -> dict[str, str]:
    """Use to what became of its validation."""
    if record is None:
        return {}
    plain = json.loads(json.dumps(measured))
    return {use.id: record(folder, use.id, passed, plain) or "recorded" for use in _uses(site)}


def _document(found: Comparison, plan: Plan, basis: Basis, passed: bool, said: dict[str, str]) -> dict[str, Any]:
    data = as_json(found, plan, basis)
    data["validation"] = {"passed": passed, "records": said}
    return data


def _span(seconds: float) -> str:
    """A length of time for people.

    >>> _span(80.24), _span(1218.4), _span(5400)
    ('80.2 s', '1218 s', '1.50 h')
    """
    if seconds >= 3600:
        return f"{seconds / 3600:.2f} h"
    return f"{seconds:.0f} s" if seconds >= 1000 else f"{seconds:.1f} s"


def _band(interval: Interval | None) -> str:
    """The 90 % interval in one unit, that of its middle."""
    if interval is None:
        return "-"
    if interval.median >= 3600:
        return f"{interval.low90 / 3600:.2f}-{interval.high90 / 3600:.2f} h"
    digits = 0 if interval.median >= 1000 else 1
    return f"{interval.low90:.{digits}f}-{interval.high90:.{digits}f} s"


def _row(o: Outcome) -> tuple[str, ...]:
    """One operation as a line of the table."""
    interval, done = o.forecast.cycle, o.finish
    inside = "-"
    if interval is not None and o.held_back:
        inside = f"{sum(interval.inside90(c.cycle_s) for c in o.held_back)}/{len(o.held_back)}"
    finish = "-"
    if done is not None:
        f = done.forecast
        sign = "✓" if done.inside90 else "✗"
        finish = f"{sign} {done.actual_s / 3600:.2f} h ({f.low90 / 3600:.2f}-{f.high90 / 3600:.2f})"
    median = "-" if interval is None else _span(interval.median)
    name = f"{o.operation.product} {o.operation.operation}"
    return name, MARK_SIGN[o.forecast.mark], median, _band(interval), inside, finish


def _show(found: Comparison, basis: Basis, passed: bool, said: dict[str, str], out: Path | None) -> None:
    console = Console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for heading in ("operation", "mark", "cycle", "90 % interval", "inside", "staffed finish (90 %)"):
        table.add_column(heading, justify="left" if heading in {"operation", "mark"} else "right")
    for o in found.outcomes:
        table.add_row(*_row(o))
    console.print(table)
    for o in found.outcomes:
        for why in o.forecast.why:
            console.print(
                f"  {o.operation.product} {o.operation.operation} is {o.forecast.mark}: {why}", highlight=False
            )
    console.print(
        f"{len(found.logs)} logs: {len(found.cycles)} cycles, {len(found.set_aside)} set aside:", highlight=False
    )
    for aside in found.set_aside:
        console.print(f"  {aside.log.file}: {aside.rule}: {aside.why}", highlight=False, markup=False)
    _figures(console, found, basis)
    console.print("validation passed" if passed else "validation NOT passed", style="bold", highlight=False)
    for use, what in said.items():
        console.print(f"  {use}: {what}", highlight=False, markup=False)
    if out is not None:
        console.print(f"picture: {out}", highlight=False, markup=False)
    if basis.credit:
        console.print(basis.credit, style="dim", highlight=False, markup=False)


def _figures(console: Console, found: Comparison, basis: Basis) -> None:
    accurate = len(found.scored())
    lines = [f"{found.held_back} cycles held back, {accurate} of them marked accurate"]
    c50, c90 = found.coverage(Interval.inside50), found.coverage(Interval.inside90)
    ours, plain = found.mean_score(), found.mean_score(empirical=True)
    if None not in {c50, c90, ours, plain}:
        lines.append(f"of these {c90:.1%} inside their 90 % interval, {c50:.1%} inside their 50 % interval")
        lines.append(
            f"mean interval score {ours:.1f} s; quantiles of the first units {plain:.1f} s (smaller is better)"
        )
    finishes = sum(o.finish is not None for o in found.outcomes)
    lines.append(f"staffed finish inside its 90 % interval for {found.finishes_inside} of {finishes} operations")
    aside = ", ".join(f"{n} {reason}" for reason, n in basis.quarantined.items())
    lines.append(f"{basis.readings} readings; quarantined: {aside or 'none'}; {basis.malformed} malformed lines")
    if found.skips:
        parts = sum(s.following - s.last - 1 for s in found.skips)
        lines.append(f"{parts} parts were counted that no log shows, between {len(found.skips)} pairs of logs")
    lines.append(f"again: {basis.reproduce}")
    for line in lines:
        console.print(line, highlight=False, markup=False)
