"""`andon simulate`: what may happen on this floor, and what would be different, with intervals and limits."""

from __future__ import annotations

import json
import shlex
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from andon.adapters.policies import policy_of
from andon.adapters.pool import ThreadPool
from andon.adapters.schedules import schedule_of
from andon.adapters.site_folder import load
from andon.adapters.starts import keep_start
from andon.cli import simulate_show
from andon.cli.files import refuse_unwritable, write_whole
from andon.cli.output import INTERRUPTED, NO, JsonFlag, SiteArg, fail, print_json
from andon.cli.simulate_asked import (
    Horizon,
    Seed,
    Start,
    Threads,
    indifference_of,
    policies_of,
    refuse_idle,
    width_wanted,
)
from andon.cli.simulate_files import Wanted, write
from andon.models.simulate import jit
from andon.models.simulate.bottleneck import by_sensitivity
from andon.models.simulate.compare import compare
from andon.models.simulate.laws import Unrunnable, seconds_of
from andon.models.simulate.live import LiveState
from andon.models.simulate.question import (
    REPLICATIONS_MAX,
    Question,
    overrides_of,
    switches_of,
)
from andon.models.simulate.settable import Setting, levels, settings
from andon.models.simulate.together import Tell
from andon.site.model import Site
from andon.site.problems import foremost

LiveOf = Callable[[Path, Site], LiveState | str]
"""The live state of the site's running twin, or one sentence that says why there is none."""


def command(live_of: LiveOf | None = None) -> Callable[..., None]:
    """The command, with a way to the running twin's state for `--from now`."""

    def simulate_command(
        folder: SiteArg,
        *,
        replications: Annotated[int | None, typer.Option(help="Futures to run; none: 200.")] = None,
        horizon: Horizon = "8h",
        start: Start = "empty",
        change: Annotated[
            list[str] | None,
            typer.Option("--set", help="A change to the site; --settable lists what there is.", metavar="NAME=VALUE"),
        ] = None,
        scenario: Annotated[
            list[str] | None,
            typer.Option(
                "--scenario",
                help="Suppose a trouble: `missing-worker:CREW@2h+1h`, `network-outage@2h+1h`, "
                "`damaged-packaging:STATION@2h+1h`, `blocked-aisle:EDGE@2h+1h`; =NUMBER says how much; without "
                "+1h it lasts, without @2h all along.",
                metavar="KIND:WHAT@START+LENGTH",
            ),
        ] = None,
        against: Annotated[
            list[str] | None,
            typer.Option(
                help="An alternative to compare with, its changes joined by commas; may be given again.",
                metavar="NAME=VALUE,...",
            ),
        ] = None,
        against_site: Annotated[
            list[str] | None, typer.Option(help="Another site folder to compare with; may be given again.")
        ] = None,
        until: Annotated[
            list[str] | None,
            typer.Option(help="Go on until `throughput±1%`, `lead time±0.1`, or `decided`.", metavar="WHAT"),
        ] = None,
        of: Annotated[
            str | None, typer.Option(help="The figure that `decided` is about; none: throughput.", metavar="FIGURE")
        ] = None,
        select: Annotated[
            str | None, typer.Option(help="Choose the best alternative by this figure.", metavar="FIGURE")
        ] = None,
        indifference: Annotated[
            float | None, typer.Option(help="With --select: the smallest difference that matters, in its unit.")
        ] = None,
        confidence: Annotated[
            float | None, typer.Option(help="Of a decision or a selection, from 0.5 to 0.999999; none: 0.95.")
        ] = None,
        replications_max: Annotated[
            int | None,
            typer.Option(help=f"Bound of --until and --select, of each alternative; none: {REPLICATIONS_MAX:,}."),
        ] = None,
        bottleneck: Annotated[
            bool, typer.Option("--bottleneck", help="Also make each station a tenth faster, and say which one matters.")
        ] = False,
        schedule: Annotated[
            Path | None,
            typer.Option(help="Execute this schedule as given: machine, order, job, step, start.", metavar="FILE.csv"),
        ] = None,
        policy: Annotated[
            str | None,
            typer.Option(
                help="Ask which waiting job a machine takes: module:function, file.py:function or file.onnx.",
                metavar="WHO",
            ),
        ] = None,
        against_policy: Annotated[
            list[str] | None,
            typer.Option(
                help="In the alternatives: `same`, `rule` (nobody is asked), or another policy; one for all, or given "
                "again for each in their order. None: rule.",
                metavar="WHO",
            ),
        ] = None,
        policy_at: Annotated[
            list[str] | None,
            typer.Option(help="Ask policies at this station, or about this fleet, only; may be given again."),
        ] = None,
        settable: Annotated[bool, typer.Option("--settable", help="List what may be set, and end.")] = False,
        seed: Seed = 1,
        threads: Threads = None,
        plot: Annotated[Path | None, typer.Option(help="Write a picture (SVG) there.", metavar="FILE.svg")] = None,
        save_state: Annotated[
            Path | None, typer.Option(help="Save the state that was begun from, to repeat it.", metavar="FILE.json")
        ] = None,
        log: Annotated[
            Path | None, typer.Option(help="Write one replication's events there.", metavar="FILE.parquet")
        ] = None,
        gantt: Annotated[
            Path | None, typer.Option(help="Draw one replication's machines over time (SVG).", metavar="FILE.svg")
        ] = None,
        queues: Annotated[
            Path | None, typer.Option(help="Draw one replication's queues over time (SVG).", metavar="FILE.svg")
        ] = None,
        replication: Annotated[
            int | None, typer.Option(help="Which one to log and draw, from 0; none: the one nearest to the median.")
        ] = None,
        as_json: JsonFlag = False,
    ) -> None:
        """What may happen on this floor, and what a change would do: figures with intervals, bottleneck, due dates."""
        site = site_of(folder, as_json=as_json)
        try:
            if settable:
                _list(list(settings(site).values()), as_json=as_json)
                return
            refuse_idle(
                {
                    "--of": of, "--confidence": confidence, "--replications-max": replications_max,
                    "--indifference": indifference, "--replication": replication, "--save-state": save_state,
                    "--policy-at": policy_at, "--against-policy": against_policy,
                    "--replications": replications,
                },
                {
                    "--until decided": "decided" in (until or ()), "--until": until, "--select": select,
                    "--log": log, "--gantt": gantt, "--queues": queues, "--policy": policy,
                    "--against-policy": against_policy, "--against": against, "--against-site": against_site,
                    "--from now": start != "empty",
                },
            )  # fmt: skip
            refuse_unwritable((plot, save_state, log, gantt, queues))
            who = policy_of(site, policy, policy_at or ())
            question = Question(
                horizon_s=seconds_of(horizon),
                replications=200 if replications is None else replications,
                seed=seed,
                overrides=overrides_of([*(change or ()), *switches_of(scenario or ())], levels(site)),
                against=tuple(overrides_of([text], levels(site)) for text in against or ()),
                sites=tuple(against_site or ()),
                until=width_wanted(until or ()),
                decided=(of or "throughput") if "decided" in (until or ()) else "",
                select=select or "",
                indifference=indifference_of(select, indifference),
                confidence=0.95 if confidence is None else confidence,
                replications_max=REPLICATIONS_MAX if replications_max is None else replications_max,
                bottleneck=bottleneck,
                policy=who,
                against_policies=policies_of(site, against_policy or (), policy_at or (), who),
                schedule=schedule_of(site, schedule),
            )
            live = beginning(folder, site, start, live_of)
            others = {name: site_of(Path(name), as_json=as_json) for name in question.sites}
            with interruptible() as stop, progress(quiet=as_json) as tell:
                pool = ThreadPool(threads)
                found = compare(site, question, live, others=others, pool=pool, tell=tell, stop=stop)
                pull = None
                if bottleneck and not stop():
                    pull = by_sensitivity(
                        site, live, question, question.overrides, found.base, pool=pool, tell=tell, stop=stop
                    )
            saved = kept(folder, live, start, save_state)
            again = found.again(str(folder), saved)
            if plot is not None:
                from andon.models.simulate.plot import picture  # noqa: PLC0415 - matplotlib takes half a second to load

                write_whole(plot, picture(found.base))
            written = write(found.base, Wanted(log, gantt, queues, replication), again)
        except (Unrunnable, ValueError) as error:
            fail(str(error), as_json=as_json)
        if as_json:
            by = {} if pull is None else {"bottleneck_by_sensitivity": pull.as_json()}
            print_json({**found.as_json(), **by, "written": written, "reproduce": again})
        else:
            for line in written:
                typer.echo(line)
            simulate_show.show(found, pull, again)
        if found.interrupted:
            raise typer.Exit(INTERRUPTED)
        ended = found.stopped or found.chosen
        if ended is not None and not ended.reached:
            raise typer.Exit(NO)

    simulate_command.__name__ = "simulate"
    return simulate_command


def site_of(folder: Path, *, as_json: bool) -> Site:
    """The site of a folder; one that cannot be read ends the command with a sentence."""
    site = load(folder)
    if not isinstance(site, Site):
        more = f" (`andon check {shlex.quote(str(folder))}` lists everything)" if folder.is_dir() else ""
        fail(f"{foremost(site).sentence()}{more}", as_json=as_json)
    return site


def _list(found: Sequence[Setting], *, as_json: bool) -> None:
    if not as_json:
        simulate_show.show_settings(list(found))
        return
    rows: list[dict[str, Any]] = [
        {"name": s.name, "now": s.now, "unit": s.unit, "what": s.what, "kind": s.kind, "whole": s.whole} for s in found
    ]
    print_json(rows)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C asks the work to end with what is done so far; a second one ends at once."""
    asked = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Tell | None]:
    """A bar with a running interval, where somebody looks."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("futures" if jit.ready() else "compiling, once on this machine", total=None)

        def tell(done: int, wanted: int, text: str) -> None:
            bar.update(task, completed=done, total=wanted, description=text)

        yield tell


def beginning(folder: Path, site: Site, start: str, live_of: LiveOf | None) -> LiveState | None:
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


def kept(folder: Path, live: LiveState | None, start: str, wanted: Path | None) -> str:
    """Where the state that was begun from can be read again: without it a live answer could not be repeated.

    Raises:
        ValueError: it cannot be kept; one sentence.
    """
    if live is None or (start != "now" and wanted is None):
        return start
    if wanted is None:
        try:
            return str(keep_start(folder, live.digest(), live.as_json()))
        except OSError as error:
            text = f"the state that it began from cannot be kept in `{folder}` ({error.strerror})"
            raise ValueError(f"{text}; name a place with --save-state") from error
    write_whole(wanted, json.dumps(live.as_json(), indent=1))
    return str(wanted)
