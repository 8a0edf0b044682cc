"""`andon state`: every signal with its value, age and quality, from the running twin, else from the sources."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from andon.adapters.clock import SiteClock
from andon.adapters.opcua import OpcuaSource
from andon.adapters.pki import Pki
from andon.adapters.site_folder import load
from andon.cli.output import JsonFlag, SiteArg, fail, print_json
from andon.protocols.events import Event
from andon.site.model import Site
from andon.sync.store import StateStore

ANSWER_S = 10.0
LOOK_S = 6.0
"""How long to wait for first values when no twin runs and the sources are asked directly."""
SETTLE_S = 0.5
WATCH_S = 1.0
PIPED_WIDTH = 160
NO_TWIN = "no twin runs for this site: this was read directly from its sources; start one with `andon run`"

State = dict[str, Any]


def state(
    folder: SiteArg,
    *,
    signal: Annotated[
        list[str] | None, typer.Option(help="Only signals whose id begins so; may be given again.", metavar="PREFIX")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep showing, once a second, until Ctrl-C.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Every signal: value, unit, age, quality, origin, and why it is not current. Exit code 1 when any is not."""
    site = load(folder)
    if not isinstance(site, Site):
        first, more = site[0], len(site) - 1
        rest = f" (and {more} more; run `andon check {folder}`)" if more else ""
        fail(f"{first.sentence()}{rest}", as_json=as_json)
    chosen = tuple(signal or ())
    try:
        if watch and not as_json:
            _watch(lambda: _picked(look(folder, site), chosen))
            return
        found = _picked(look(folder, site), chosen)
    except Unanswered as error:
        fail(str(error), as_json=as_json)
    except KeyboardInterrupt:
        return
    if as_json:
        print_json(found)
    else:
        console = Console()
        Console(width=None if console.is_terminal else PIPED_WIDTH).print(_table(found))
        for note in found["notes"]:
            typer.echo(note)
    if not found["signals"] or not all(s["fresh"] for s in found["signals"]):
        raise typer.Exit(1)


class Unanswered(Exception):  # noqa: N818 - a fact, not a fault
    """A twin says that it runs, and does not answer."""


def look(folder: Path, site: Site) -> State:
    """`{"from", "notes", "signals"}`: asked of the running twin, else of the sources for a few seconds.

    Raises:
        Unanswered: a twin is there and refuses or is silent.
    """
    answer = _ask_twin(folder)
    if answer is not None:
        rows = answer["signals"] if isinstance(answer, Mapping) else answer
        return {"from": "twin", "notes": _lost(rows), "signals": list(rows)}
    return read_directly(folder, site)


def _ask_twin(folder: Path) -> Any | None:
    """The twin's own answer; None when none runs."""
    try:
        found = json.loads((folder / ".andon" / "run" / "api.json").read_text(encoding="utf-8"))
        url, token = str(found["url"]), str(found["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    try:
        answer = httpx.get(
            f"{url.rstrip('/')}/api/state",
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_S,
            trust_env=False,
        )
        answer.raise_for_status()
        return answer.json()
    except httpx.ConnectError:
        return None  # it was killed, and left its address behind
    except httpx.HTTPStatusError as error:
        raise Unanswered(
            f"the twin at {url} refused ({error.response.status_code}); end it and start it again"
        ) from error
    except (httpx.HTTPError, ValueError) as error:
        raise Unanswered(f"the twin at {url} does not answer ({type(error).__name__}); end it and start it") from error


def read_directly(folder: Path, site: Site, wait_s: float = LOOK_S) -> State:
    """Connect to the OPC UA sources read-only, take the first values, and let go."""
    clock = SiteClock()
    inbox: queue.SimpleQueue[list[Event]] = queue.SimpleQueue()
    root = folder / ".andon"
    sources = [
        OpcuaSource(
            s,
            site.signals,
            Pki(root / "pki", root / s.trusted),
            lambda _, events: inbox.put(list(events)),
            clock,
            credentials=root / "credentials",
        )
        for s in site.sources
        if s.kind == "opcua"
    ]
    notes = [NO_TWIN]
    notes += [f"`{s.id}` is of kind {s.kind}, which only `andon run` reads" for s in site.sources if s.kind != "opcua"]
    store = StateStore(site)
    for source in sources:
        source.start()
    try:
        _fill(store, inbox, clock, {s.id for s in site.sources if s.kind == "opcua"}, wait_s)
        views = [view.as_json() for view in store.views(clock.now())]
    finally:
        for source in sources:
            source.stop()
    notes += [s.trouble for s in sources if s.trouble] + [s.note for s in sources if s.note]
    notes += [f"set aside: {r['count']} of `{r['signal']}`, {r['reason']}" for r in store.tally.rows()]
    return {"from": "sources", "notes": notes, "signals": views}


def _fill(
    store: StateStore, inbox: queue.SimpleQueue[list[Event]], clock: SiteClock, sources: Iterable[str], wait_s: float
) -> None:
    """Take events until every signal of the sources was received, or the wait is over."""
    wanted = set(sources)
    end = clock.monotonic() + wait_s * 1e9
    while clock.monotonic() < end:
        with suppress(queue.Empty):
            store.feed(inbox.get(timeout=SETTLE_S), clock.now())
        if all(v.received_time is not None for v in store.views(clock.now()) if v.source in wanted):
            return


def _picked(found: State, prefixes: tuple[str, ...]) -> State:
    if not prefixes:
        return found
    return {**found, "signals": [s for s in found["signals"] if s["signal"].startswith(prefixes)]}


def _watch(ask: Callable[[], State]) -> None:
    with Live(console=Console(), auto_refresh=False) as live:
        while True:
            live.update(_table(ask()), refresh=True)
            time.sleep(WATCH_S)


def _table(found: State) -> Table:
    """One row a signal; what is not current says why in the last column."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("signal", "left"), ("value", "right"), ("unit", "left"), ("age", "right")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type] # rich's literal names
    for name in ("quality", "origin"):
        table.add_column(name, no_wrap=True)
    table.add_column("why it is not current")
    for row in found["signals"]:
        table.add_row(
            row["signal"],
            _value(row["value"]),
            row["unit"],
            "never" if row["age_s"] is None else f"{row['age_s']:.1f} s",
            row["quality"],
            row["origin"] or "-",
            _short(row["why"]),
            style=None if row["fresh"] else "yellow",
        )
    return table


def _short(why: str) -> str:
    """A lost source's own reason stands once, below the table."""
    return why.partition("Z: ")[0] + "Z" if why.startswith("source `") and "Z: " in why else why


def _lost(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Why each lost source is lost, once."""
    reasons = (row["why"].partition("Z: ")[2] for row in rows if row["why"].startswith("source `"))
    return [reason for reason in dict.fromkeys(reasons) if reason]


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
