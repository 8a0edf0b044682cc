"""`andon simulate`: what may happen on this floor, with intervals, limits and the command that repeats it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from andon.adapters.pool import ThreadPool
from andon.adapters.site_folder import load
from andon.cli.output import JsonFlag, SiteArg, fail, print_json
from andon.models.simulate.laws import SECONDS, Unrunnable
from andon.models.simulate.live import LiveState
from andon.models.simulate.result import Result, simulate
from andon.models.simulate.spread import Spread
from andon.site.model import Site

LiveOf = Callable[[Path, Site], LiveState | str]
"""The live state of the site's running twin, or one sentence that says why there is none."""


def seconds_of(text: str) -> float:
    """A length of time such as `8h`, `90min`, `3600s` or `2d`, in seconds.

    Raises:
        ValueError: it is none; one sentence.

    >>> seconds_of("8h"), seconds_of("90min")
    (28800.0, 5400.0)
    """
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :] or "s"
    if unit not in SECONDS or unit == "1":
        raise ValueError(f"`{text}` is no length of time; write it like 8h, 90min, 3600s or 2d")
    try:
        return float(number) * SECONDS[unit]
    except ValueError:
        raise ValueError(f"`{text}` is no length of time; write it like 8h, 90min, 3600s or 2d") from None


def overrides_of(texts: Sequence[str]) -> dict[str, float]:
    """`NAME=VALUE` pairs.

    Raises:
        ValueError: one sentence.
    """
    found: dict[str, float] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise ValueError(f"`{text}` sets nothing; write NAME=NUMBER, such as cure.spread=1.1") from None
        if not sign or not name.strip():
            raise ValueError(f"`{text}` sets nothing; write NAME=NUMBER, such as cure.spread=1.1")
    return found


def command(live_of: LiveOf | None = None) -> Callable[..., None]:
    """The command, with a way to the running twin's state for `--from now`."""

    def simulate_command(
        folder: SiteArg,
        *,
        replications: Annotated[int, typer.Option(help="Futures to run.")] = 200,
        horizon: Annotated[str, typer.Option(help="How far to look ahead: 8h, 90min, 2d.")] = "8h",
        start: Annotated[
            str, typer.Option("--from", help="`empty`, `now` (the running twin), or a state saved before.")
        ] = "empty",
        change: Annotated[
            list[str] | None,
            typer.Option(
                "--set", help="An assumption's mean, a set-point, the release sequence.", metavar="NAME=VALUE"
            ),
        ] = None,
        seed: Annotated[int, typer.Option(help="Same seed, same bits.", min=0)] = 1,
        threads: Annotated[int | None, typer.Option(help="Threads; none: all cores.", min=1, max=256)] = None,
        plot: Annotated[Path | None, typer.Option(help="Write a picture (SVG) there.", metavar="FILE.svg")] = None,
        save_state: Annotated[
            Path | None, typer.Option(help="Save the state that was begun from, to repeat it.", metavar="FILE.json")
        ] = None,
        as_json: JsonFlag = False,
    ) -> None:
        """What may happen on this floor: throughput, lead time, bottleneck, due dates, with intervals."""
        site = load(folder)
        if not isinstance(site, Site):
            fail(f"{site[0].sentence()} (`andon check {folder}` lists everything)", as_json=as_json)
        try:
            live = _start(folder, site, start, live_of)
            changed = overrides_of(change or ())
            horizon_s = seconds_of(horizon)
            result = _run(site, live, horizon_s, replications, seed, changed, ThreadPool(threads), quiet=as_json)
        except (Unrunnable, ValueError) as error:
            fail(str(error), as_json=as_json)
        if save_state is not None and live is not None:
            save_state.write_text(json.dumps(live.as_json(), indent=1), encoding="utf-8")
        if plot is not None:
            from andon.models.simulate.plot import picture  # noqa: PLC0415 - matplotlib takes half a second to load

            plot.write_text(picture(result), encoding="utf-8")
        again = str(save_state) if save_state is not None and live is not None else start
        if as_json:
            print_json(result.as_json(str(folder), again))
            return
        _show(result, result.command(str(folder), again))

    simulate_command.__name__ = "simulate"
    return simulate_command


def _start(folder: Path, site: Site, start: str, live_of: LiveOf | None) -> LiveState | None:
    """The state to begin from.

    Raises:
        ValueError: there is none; one sentence.
    """
    if start == "empty":
        return None
    if start == "now":
        found = live_of(folder, site) if live_of is not None else "no twin runs for this site"
        if isinstance(found, str):
            raise ValueError(f"{found}; start one with `andon run {folder}`, or use --from empty")
        return found
    try:
        return LiveState.from_json(json.loads(Path(start).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"`{start}` is no start; use `empty`, `now`, or a file that --save-state wrote") from None


def _run(
    site: Site,
    live: LiveState | None,
    horizon_s: float,
    replications: int,
    seed: int,
    changed: dict[str, float],
    pool: ThreadPool,
    *,
    quiet: bool,
) -> Result:
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        return simulate(site, live, horizon_s, replications, seed, changed, pool=pool)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("futures", total=replications)

        def tell(done: int, _wanted: int, mean: float, half: float) -> None:
            bar.update(task, completed=done, description=f"futures: {mean:.1f} +- {half:.1f} jobs")

        return simulate(site, live, horizon_s, replications, seed, changed, pool=pool, progress=tell)


def _number(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _row(f: Spread) -> tuple[str, ...]:
    if not f.n:
        return (f.name, f.unit, "none", "", "", "", "", "")
    unknown = "" if f.unknown_share is None else f"{f.unknown_share:.0%}"
    show = [_number(x, f.unit) for x in (f.mean, f.median, f.low_50, f.high_50, f.low_90, f.high_90)]
    error = _number(f.monte_carlo_error, f.unit)
    return (
        f.name,
        f.unit,
        show[0],
        show[1],
        f"{show[2]} .. {show[3]}",
        f"{show[4]} .. {show[5]}",
        f"+-{error}",
        unknown,
    )


def _show(result: Result, again: str) -> None:
    console = Console()
    wide = console if console.is_terminal else Console(width=132)
    table = Table(
        title=f"{result.site}: {result.horizon_s / 3600:g} h from {result.start}, {result.replications} futures"
    )
    for head in ("figure", "unit", "mean", "median", "50 %", "90 %", "error of mean", "not known"):
        table.add_column(head, justify="left" if head in {"figure", "unit"} else "right")
    for f in result.figures:
        table.add_row(*_row(f))
    wide.print(table)
    stations = Table(title="stations: mean share of time")
    order = ["busy", "setup", "blocked", "starved", "down", "waiting_crew"]
    order += list(dict.fromkeys(k for s in result.stations for k in s.shares if k not in order))
    for head in ("station", *(k.replace("_", " ") for k in order), "queue", "bottleneck"):
        stations.add_column(head, justify="left" if head == "station" else "right")
    for s in result.stations:
        shares = [f"{s.shares.get(k, 0.0):.1%}" for k in order]
        stations.add_row(s.id, *shares, f"{s.queue.mean:.1f}", f"{s.bottleneck:.0%}")
    wide.print(stations)
    _show_orders(result, wide)
    crews = ", ".join(f"{name} {load:.0%}" for name, load in result.crews.items())
    for line in (
        f"bottleneck: {result.bottleneck.id}, with probability {result.bottleneck.bottleneck:.0%}",
        f"crews at work: {crews}; vehicles under way: {result.vehicles:.0%}" if crews else "",
        *(f"warning: {sentence}" for sentence in result.warnings),
        f"mark: {result.mark.mark} ({'; '.join(result.mark.why)})",
        "leans on: " + ", ".join(f"{x.assumption} ({x.elasticity:+.2f} %/%)" for x in result.leans_on),
        f"not represented: {'; '.join(result.not_represented)}",
        f"sampled, since nobody observes it: {'; '.join(result.sampled)}" if result.sampled else "",
        f"baseline {result.baseline[:19]}, kernel {result.kernel}, seed {result.seed}",
        f"again: {again}",
    ):
        if line and not line.endswith(": "):
            typer.echo(line)


def _show_orders(result: Result, console: Console) -> None:
    if not result.orders:
        return
    table = Table(title="open orders (ages assumed)")
    for head in ("product", "order", "on time", "complete in, median h", "90 %"):
        table.add_column(head, justify="left" if head == "product" else "right")
    for o in result.orders:
        c = o.complete_h
        interval = f"{c.low_90:.1f} .. {c.high_90:.1f}" if c.n else ""
        table.add_row(o.product, str(o.number), f"{o.on_time:.0%}", f"{c.median:.1f}" if c.n else "later", interval)
    console.print(table)
