"""`andon simulate`: what may happen on this floor, and what would be different, with intervals and limits."""

from __future__ import annotations

import json
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

from andon.adapters.policies import load_policy
from andon.adapters.pool import ThreadPool
from andon.adapters.site_folder import load
from andon.adapters.starts import keep_start
from andon.cli import simulate_show
from andon.cli.output import INTERRUPTED, NO, JsonFlag, SiteArg, fail, print_json
from andon.cli.simulate_files import Wanted, write
from andon.models.simulate import question as asking
from andon.models.simulate.bottleneck import by_sensitivity
from andon.models.simulate.compare import compare
from andon.models.simulate.laws import SECONDS, Unrunnable
from andon.models.simulate.live import LiveState
from andon.models.simulate.planned import Schedule
from andon.models.simulate.policy import Policy
from andon.models.simulate.question import Question, Width, overrides_of, width_of
from andon.models.simulate.schedule import read_schedule
from andon.models.simulate.settable import Setting, levels, settings
from andon.models.simulate.together import Tell
from andon.site.model import Site
from andon.site.problems import did_you_mean, words

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


def _policy(site: Site, text: str | None, stations: Sequence[str]) -> Policy | None:
    """Who is asked.

    Raises:
        ValueError: nobody, or at a station that is not there; one sentence.
    """
    known = [*(s.id for s in site.stations), *(f.id for f in site.fleets)]
    for station in stations:
        if station not in known:
            fix = did_you_mean(station, known, f"name one of {words(known)}")
            raise ValueError(f"`--policy-at {station}` names no station and no fleet; {fix}")
    if text is None:
        if stations:
            raise ValueError("`--policy-at` asks nobody; add `--policy`")
        return None
    return load_policy(text, stations)


def _schedule(site: Site, path: Path | None) -> Schedule | None:
    """The schedule of a file.

    Raises:
        Unrunnable, ValueError: it cannot be read, or is none of this site's; one sentence.
    """
    if path is None:
        return None
    try:
        return read_schedule(site, path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise ValueError(f"`{path}` cannot be read ({error.strerror}); name a CSV file") from None
    except UnicodeDecodeError:
        raise ValueError(f"`{path}` is not UTF-8; save it as UTF-8") from None


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
            typer.Option("--set", help="A change to the site; --settable lists what there is.", metavar="NAME=VALUE"),
        ] = None,
        scenario: Annotated[
            list[str] | None,
            typer.Option(
                "--scenario",
                help="Suppose a trouble: `missing-worker:CREW@2h+1h`, `network-outage@2h+1h`, "
                "`damaged-packaging:STATION@2h+1h`, `blocked-aisle:EDGE@2h+1h`; =NUMBER says how much.",
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
        of: Annotated[str, typer.Option(help="The figure that `decided` is about.")] = "throughput",
        select: Annotated[
            str | None, typer.Option(help="Choose the best alternative by this figure.", metavar="FIGURE")
        ] = None,
        indifference: Annotated[
            float | None, typer.Option(help="With --select: the smallest difference that matters, in its unit.")
        ] = None,
        confidence: Annotated[float, typer.Option(help="Of a decision or a selection.", min=0.5, max=0.999999)] = 0.95,
        replications_max: Annotated[
            int, typer.Option(help="Bound of --until and --select, of each alternative.")
        ] = asking.REPLICATIONS_MAX,
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
        policy_at: Annotated[
            list[str] | None,
            typer.Option(help="With --policy: ask at this station, or about this fleet, only; may be given again."),
        ] = None,
        settable: Annotated[bool, typer.Option("--settable", help="List what may be set, and end.")] = False,
        seed: Annotated[int, typer.Option(help="Same seed, same bits.", min=0)] = 1,
        threads: Annotated[int | None, typer.Option(help="Threads; none: all cores.", min=1, max=256)] = None,
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
            int | None, typer.Option(help="Which one to log and draw; none: the one nearest to the median.", min=0)
        ] = None,
        as_json: JsonFlag = False,
    ) -> None:
        """What may happen on this floor, and what a change would do: figures with intervals, bottleneck, due dates."""
        site = site_of(folder, as_json=as_json)
        try:
            if settable:
                _list(list(settings(site).values()), as_json=as_json)
                return
            question = Question(
                horizon_s=seconds_of(horizon),
                replications=replications,
                seed=seed,
                overrides=overrides_of([*(change or ()), *(scenario or ())], levels(site)),
                against=tuple(overrides_of([text], levels(site)) for text in against or ()),
                sites=tuple(against_site or ()),
                until=_width(until or ()),
                decided=of if "decided" in (until or ()) else "",
                select=select or "",
                indifference=_zone(select, indifference),
                confidence=confidence,
                replications_max=replications_max,
                bottleneck=bottleneck,
                policy=_policy(site, policy, policy_at or ()),
                schedule=_schedule(site, schedule),
            )
            live = beginning(folder, site, start, live_of)
            others = {name: site_of(Path(name), as_json=as_json) for name in question.sites}
            with interruptible() as stop, progress(quiet=as_json) as tell:
                pool = ThreadPool(threads)
                found = compare(site, question, live, others=others, pool=pool, tell=tell, stop=stop)
                pull = None
                if bottleneck and not stop():
                    pull = by_sensitivity(site, live, question, question.overrides, found.base, pool=pool, stop=stop)
        except (Unrunnable, ValueError) as error:
            fail(str(error), as_json=as_json)
        saved = kept(folder, live, start, save_state)
        if plot is not None:
            from andon.models.simulate.plot import picture  # noqa: PLC0415 - matplotlib takes half a second to load

            plot.write_text(picture(found.base), encoding="utf-8")
        again = found.again(str(folder), saved)
        try:
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


def _width(texts: Sequence[str]) -> Width | None:
    wanted = [width_of(text) for text in texts if text != "decided"]
    if len(wanted) > 1:
        raise ValueError("two precisions were asked for; give one, and `decided` beside it if you like")
    return wanted[0] if wanted else None


def _zone(select: str | None, indifference: float | None) -> float:
    if select and indifference is None:
        raise ValueError("--select needs --indifference; give the smallest difference that matters")
    return indifference or 0.0


def site_of(folder: Path, *, as_json: bool) -> Site:
    """The site of a folder; one that cannot be read ends the command with a sentence."""
    site = load(folder)
    if not isinstance(site, Site):
        fail(f"{site[0].sentence()} (`andon check {folder}` lists everything)", as_json=as_json)
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
        task = bar.add_task("futures", total=None)

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
    """Where the state that was begun from can be read again: without it a live answer could not be repeated."""
    if live is None or (start != "now" and wanted is None):
        return start
    if wanted is None:
        return str(keep_start(folder, live.digest(), live.as_json()))
    wanted.write_text(json.dumps(live.as_json(), indent=1), encoding="utf-8")
    return str(wanted)
