"""`andon sensitivity`: what a figure leans on, assumption by assumption, as a table and a tornado plot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from andon.adapters.pool import ThreadPool
from andon.cli.files import refuse_unwritable, write_whole
from andon.cli.output import CANNOT, INTERRUPTED, JsonFlag, SiteArg, fail, print_json
from andon.cli.simulate import LiveOf, beginning, interruptible, kept, progress, site_of
from andon.cli.simulate_asked import Horizon, Seed, Start, Threads
from andon.cli.tables import Rows, page, say, show_rows
from andon.models.simulate.laws import Interrupted, Unrunnable, seconds_of
from andon.models.simulate.question import Question, overrides_of
from andon.models.simulate.screen import Method, Screen, screen
from andon.models.simulate.screen import again as receipt
from andon.models.simulate.settable import levels
from andon.models.simulate.tornado import tornado

METHODS: dict[str, tuple[Method, int]] = {"one-way": ("one-way", 100), "morris": ("morris", 20)}
"""Method by name, with the futures that each point gets unless asked otherwise."""


def command(live_of: LiveOf | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN201 - typer reads the inner one
    """The command, with a way to the running twin's state for `--from now`."""

    def sensitivity_command(
        folder: SiteArg,
        *,
        of: Annotated[str, typer.Option(help="The figure: throughput, lead time, ...")] = "throughput",
        method: Annotated[str, typer.Option(help="`one-way`, or `morris`.")] = "one-way",
        trajectories: Annotated[int | None, typer.Option(help="Of Morris's screening; none: 10.")] = None,
        replications: Annotated[
            int | None, typer.Option(help="Futures of each point; none: 100, or 20 for morris.")
        ] = None,
        horizon: Horizon = "8h",
        start: Start = "empty",
        change: Annotated[
            list[str] | None, typer.Option("--set", help="A change to the site.", metavar="NAME=VALUE")
        ] = None,
        seed: Seed = 1,
        threads: Threads = None,
        plot: Annotated[Path | None, typer.Option(help="Write a tornado plot there.", metavar="FILE.svg")] = None,
        as_json: JsonFlag = False,
    ) -> None:
        """What a figure leans on: every assumption moved over what is believed of it, on the same futures."""
        site = site_of(folder, as_json=as_json)
        try:
            if method not in METHODS:
                raise ValueError(f"`{method}` is no method; use one of {', '.join(METHODS)}")  # noqa: TRY301 - one way out
            chosen, usual = METHODS[method]
            if trajectories is not None and chosen != "morris":
                raise ValueError("`--trajectories` does nothing alone; add `--method morris`, or leave it out")  # noqa: TRY301 - as above
            refuse_unwritable((plot,))
            live = beginning(folder, site, start, live_of)
            question = Question(
                horizon_s=seconds_of(horizon),
                replications=usual if replications is None else replications,
                seed=seed,
                overrides=overrides_of(change or (), levels(site)),
            )
            with interruptible() as stop, progress(quiet=as_json) as tell:
                found = screen(
                    site,
                    question,
                    of,
                    chosen,
                    live,
                    trajectories=10 if trajectories is None else trajectories,
                    pool=ThreadPool(threads),
                    tell=tell,
                    stop=stop,
                )
            again = receipt(found, question, str(folder), kept(folder, live, start, None))
            if plot is not None:
                write_whole(plot, tornado(found))
        except (Unrunnable, ValueError) as error:
            fail(str(error), as_json=as_json, code=INTERRUPTED if isinstance(error, Interrupted) else CANNOT)
        if found.interrupted and not found.effects:
            fail("interrupted before one assumption was complete", as_json=as_json, code=INTERRUPTED)
        if as_json:
            print_json({**found.as_json(), "reproduce": again})
        else:
            _show(found, again)
        if found.interrupted:
            raise typer.Exit(INTERRUPTED)

    sensitivity_command.__name__ = "sensitivity"
    return sensitivity_command


def _show(found: Screen, again: str) -> None:
    one_way = found.method == "one-way"
    heads = ["assumption", "unit", "low", "mean", "high"]
    heads += ["at low", "at high", "+-"] if one_way else ["mu*", "error", "mu", "sigma"]
    rows = []
    for e in found.effects:
        s = e.span
        name = s.name if s.stated else f"{s.name} *"
        cells = [f"{e.low:+.3g}", f"{e.high:+.3g}", f"{e.error:.2g}"]
        if not one_way:
            cells = [f"{e.size:.3g}", f"{e.error:.2g}", f"{e.low:+.3g}", f"{e.high:.3g}"]
        rows.append([name, s.unit, f"{s.low:.3g}", f"{s.mean:.3g}", f"{s.high:.3g}", *cells])
    console = page()
    title = f"what {found.figure} leans on; base {found.base:.4g} {found.unit}"
    show_rows(Rows(title, heads, rows, left=("unit",), spare=("low", "high", "unit", "mean")), console)
    how = "the figure's change with the mean at its 5 % and its 95 % quantile, the others as declared"
    if not one_way:
        how = "change over the whole range (Morris 1991): mu* mean size, mu mean, sigma how much it hangs on the others"
    for line in (
        f"{how}; {found.replications} futures of each of {found.runs} points, the same ones",
        "* nobody states how uncertain it is: 10 % either way" if found.unstated else "",
        f"interrupted: {len(found.effects)} assumptions are complete; the command below does them all"
        if found.interrupted
        else "",
        f"mark: {found.mark.mark} ({'; '.join(found.mark.why)})",
        f"not represented: {'; '.join(found.not_represented)}",
        f"baseline {found.baseline[:19]}, kernel {found.kernel}, seed {found.seed}",
    ):
        if line:
            say(line, console)
    typer.echo(f"again: {again}")
