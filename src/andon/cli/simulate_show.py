"""The simulator's answers as tables for people."""

from __future__ import annotations

import math
from collections.abc import Callable

import typer
from rich.console import Console

from andon.cli.tables import Rows, page, say, show_rows
from andon.models import ergonomics
from andon.models.simulate.bottleneck import FASTER, Bottleneck
from andon.models.simulate.compare import Alternative, Comparison
from andon.models.simulate.result import Result
from andon.models.simulate.schedule import executed
from andon.models.simulate.settable import Setting
from andon.models.simulate.spread import Spread
from andon.models.simulate.staff import ACTS, Staff


def number(value: float, unit: str, sign: bool = False) -> str:
    """A figure for people."""
    plus = "+" if sign else ""
    if unit == "share":
        return f"{value:{plus}.1%}"
    return f"{value:{plus}.1f}" if abs(value) >= 10 else f"{value:{plus}.3g}"


def show(found: Comparison, bottleneck: Bottleneck | None, again: str) -> None:
    """The whole answer; the last line is what to type to get the same bits again."""
    console = page()
    result = found.base
    _figures(result, found.label, console)
    _stations(result, bottleneck, console)
    _energy(result, console)
    _staff(result, console)
    _orders(result, console)
    if result.rows.image.schedule is not None:
        say(_schedule(result), console)
    for one in found.alternatives:
        _differences(one, found.label, console)
    for line in (
        f"bottleneck: {result.bottleneck.id}, with probability {result.bottleneck.bottleneck:.0%} (active periods)",
        f"bottleneck by sensitivity: {bottleneck.text}" if bottleneck else "",
        f"vehicles under way: {result.vehicles:.0%}" if result.rows.image.vehicles else "",
        *_traffic(result),
        ergonomics.sentence(result.lifting),
        *_ended(found),
        *(f"warning: {sentence}" for sentence in found.warnings),
        f"mark: {found.mark.mark} ({'; '.join(found.mark.why)})",
        "leans on: " + ", ".join(f"{x.assumption} ({x.elasticity:+.2f} %/%)" for x in result.leans_on),
        "disturbances: " + "; ".join(h.line() for h in result.disturbances if h.stated),
        f"not represented: {'; '.join(result.not_represented)}",
        f"sampled, since nobody observes it: {'; '.join(result.sampled)}" if result.sampled else "",
        f"baseline {result.baseline[:19]}, kernel {result.kernel}, seed {result.seed}",
    ):
        if line and not line.endswith(": "):
            say(line, console)
    typer.echo(f"again: {again}")


def _traffic(result: Result) -> list[str]:
    """What vehicles did, where they drive on roads."""
    if result.traffic is None or not any(f.shares["in traffic"] for f in result.traffic.fleets):
        return []
    lines = []
    for fleet in result.traffic.fleets:
        shares = ", ".join(f"{name} {value:.0%}" for name, value in fleet.shares.items() if value >= 0.005)
        lines.append(f"fleet {fleet.id}: {shares}")
    waits = ", ".join(f"{s.segment} ({s.wait_s / 60:.0f} min)" for s in result.traffic.segments)
    lines.append(f"vehicles wait for one another before: {waits}" if waits else "")
    return lines


def _ended(found: Comparison) -> list[str]:
    lines = []
    if found.stopped is not None:
        word = "stopped" if found.stopped.reached else "not reached"
        lines.append(f"{word}: {found.stopped.text} (rule: {found.stopped.rule})")
    if found.chosen is not None:
        word = "best" if found.chosen.reached else "best so far"
        lines.append(f"{word}: {found.labels[found.chosen.index]}, {found.chosen.text}")
        left = {found.labels[i]: n for i, n in sorted(found.chosen.left_at.items(), key=lambda x: x[1])}
        if left:
            lines.append("left behind: " + ", ".join(f"{name} after {n}" for name, n in left.items()))
    if found.interrupted:
        lines.append(f"interrupted: this is what is known from {futures(found.base.rows.n)}")
    return lines


def futures(n: int) -> str:
    """So many of them.

    >>> futures(1), futures(200)
    ('1 future', '200 futures')
    """
    return "1 future" if n == 1 else f"{n} futures"


def _spread(f: Spread) -> tuple[str, ...]:
    if not f.n:
        return (f.name, f.unit, "none", "", "", "", "", "")
    unknown = "" if f.unknown_share is None else f"{f.unknown_share:.0%}"
    cells = [number(x, f.unit) for x in (f.mean, f.median, f.low_50, f.high_50, f.low_90, f.high_90)]
    error = f"+-{number(f.monte_carlo_error, f.unit)}" if math.isfinite(f.monte_carlo_error) else ""
    return (
        f.name, f.unit, cells[0], cells[1], f"{cells[2]} .. {cells[3]}", f"{cells[4]} .. {cells[5]}", error,
        unknown,
    )  # fmt: skip


def _figures(result: Result, label: str, console: Console) -> None:
    show_rows(
        Rows(
            f"{result.site}, {label}: {result.horizon_s / 3600:g} h from {result.start}, {futures(result.rows.n)}",
            ("figure", "unit", "mean", "median", "50 %", "90 %", "error of mean", "not known"),
            [_spread(f) for f in result.figures],
            left=("unit",),
            spare=("50 %", "median", "not known", "error of mean", "unit"),
        ),
        console,
    )


def _differences(one: Alternative, base: str, console: Console) -> None:
    heads = ("figure", "unit", "base", "mean", "median", "50 %", "90 %", "error of mean", "better", "worse", "gain")
    rows = []
    for d in one.differences:
        if not d.n:
            rows.append([d.name, d.unit, "none", *([""] * 8)])
            continue
        cells = [number(x, d.unit, True) for x in (d.mean, d.median, d.low_50, d.high_50, d.low_90, d.high_90)]
        rows.append(
            [
                d.name, d.unit, number(d.base, d.unit), cells[0], cells[1], f"{cells[2]} .. {cells[3]}",
                f"{cells[4]} .. {cells[5]}", f"+-{number(d.monte_carlo_error, d.unit)}" if d.n > 1 else "",
                "" if d.probability_better is None else f"{d.probability_better:.0%}",
                "" if d.probability_worse is None else f"{d.probability_worse:.0%}",
                "" if d.crn is None else f"{d.crn:.1f}x",
            ]
        )  # fmt: skip
    show_rows(
        Rows(
            f"{one.label}, against {base}: difference future by future, on the same random numbers",
            heads,
            rows,
            left=("unit",),
            spare=("50 %", "gain", "median", "base", "unit", "worse", "error of mean"),
            caption="gain: how many times as many futures the same error would take without common random numbers",
        ),
        console,
    )


def _stations(result: Result, bottleneck: Bottleneck | None, console: Console) -> None:
    order = ["busy", "setup", "blocked", "starved", "down", "waiting_crew"]
    order += list(dict.fromkeys(k for s in result.stations for k in s.shares if k not in order))
    heads = ["station", "busy 90 %", *(k.replace("_", " ") for k in order), "queue", "bottleneck"]
    pulls = {p.station: p for p in bottleneck.pulls} if bottleneck is not None else {}
    if pulls:
        heads += ["by sensitivity", f"jobs at {FASTER:g}x"]
    rows = []
    for s in result.stations:
        busy = s.spreads["busy"]
        cells = [f"{busy.low_90:.0%} .. {busy.high_90:.0%}", *(f"{s.shares.get(k, 0.0):.1%}" for k in order)]
        more = [f"{pulls[s.id].share:.0%}", f"{pulls[s.id].gain:+.2f}"] if pulls else []
        rows.append([s.id, *cells, f"{s.queue.mean:.1f}", f"{s.bottleneck:.0%}", *more])
    show_rows(Rows("stations: mean share of time", heads, rows, spare=("busy 90 %",)), console)


def _energy(result: Result, console: Console) -> None:
    """Kilowatt-hours by station and state, where stations state their power."""
    if result.energy is None:
        return
    states = list(dict.fromkeys(state for of in result.energy.states.values() for state in of))
    heads = ["station", *(state.replace("_", " ") for state in states), "in all", "90 %"]
    rows = []
    for name, used in result.energy.stations.items():
        of = result.energy.states[name]
        cells = [number(of[s].mean, "kWh") if s in of else "" for s in states]
        rows.append([name, *cells, number(used.mean, "kWh"), f"{used.low_90:.4g} .. {used.high_90:.4g}"])
    show_rows(Rows("energy: mean kWh by state", heads, rows, spare=("90 %",)), console)


def _staff(result: Result, console: Console) -> None:
    """Crews, never people."""
    if not result.staff:
        return
    walks = any(s.walked_km for s in result.staff)
    rests = any(s.shares["resting"] for s in result.staff)
    lifts = any(s.lifted for s in result.staff)
    acts = [a for a in ACTS if (a != "walking" or walks) and (a != "resting" or rests)]
    heads = ["crew", *(a.replace("_", " ") for a in acts), "load", "load 90 %", "rest kept"]
    more: list[tuple[str, bool, Callable[[Staff], Spread | None]]] = [
        ("walked km", walks, lambda s: s.walked_km),
        ("absent", any(s.absent for s in result.staff), lambda s: s.absent),
        ("index min a person", lifts, lambda s: s.lifted),
        ("above index 1", lifts, lambda s: s.heavy),
        ("longest work min", any(s.longest_min for s in result.staff), lambda s: s.longest_min),
    ]
    heads += [name for name, shown, _ in more if shown]
    rows = []
    for s in result.staff:
        cells = [f"{s.shares[a]:.1%}" for a in acts]
        cells += [f"{s.load.mean:.0%}", f"{s.load.low_90:.0%} .. {s.load.high_90:.0%}"]
        cells += ["" if s.rest_kept is None else f"{s.rest_kept.mean:.1%}"]
        found = [of(s) for _, shown, of in more if shown]
        rows.append([s.crew, *cells, *("" if f is None else number(f.mean, f.unit) for f in found)])
    show_rows(Rows("crews: mean share of time on shift", heads, rows), console)


def _schedule(result: Result) -> str:
    """How the schedule was kept, in one line; empty where there was none."""
    found = executed(result.rows)
    if not found:
        return ""
    late = [e for e in found if e.late_h is not None and e.late_h.n and e.late_h.mean > 1.0 / 3600.0]
    begun = sum(e.begun == 1.0 for e in found)
    text = (
        f"schedule: {begun} of {len(found)} operations begin within the horizon, {len(late)} of them later than planned"
    )
    if late:
        e = max(late, key=lambda e: e.late_h.mean if e.late_h is not None else 0.0)
        hours = e.late_h.mean if e.late_h is not None else 0.0
        p = e.planned
        text += f"; most of all step {p.step + 1} of job {p.job} of `{p.order}` on `{p.machine}`: {hours * 60:.1f} min"
    return text


def _orders(result: Result, console: Console) -> None:
    if not result.orders:
        return
    named = any(o.order for o in result.orders)
    heads = ["product", "order", "on time", "complete in, median h", "90 %"]
    heads += ["due in, h", "late by, mean h"] if named else []
    rows = []
    for o in result.orders:
        c = o.complete_h
        interval = f"{c.low_90:.1f} .. {c.high_90:.1f}" if c.n else ""
        cells = [
            f"{o.on_time:.0%}" if math.isfinite(o.on_time) else "open",
            f"{c.median:.1f}" if c.n else "later",
            interval,
        ]
        if o.tardiness_h is not None:
            cells += [f"{o.due_h:.1f}", f"{o.tardiness_h.mean:.2g}"]
        rows.append([o.product, o.order or str(o.number), *cells])
    show_rows(Rows("orders" if named else "open orders (ages assumed)", heads, rows, spare=("90 %",)), console)


def show_settings(settings: list[Setting]) -> None:
    """What may be set, with its present value."""
    rows = []
    for s in settings:
        limits = [f"{s.low:g}" if s.low > 0 or s.whole else "", f"{s.high:g}" if s.high < 1e300 else ""]
        rows.append([s.name, "" if s.now is None else f"{s.now:g}", s.unit, s.what, *limits])
    show_rows(
        Rows(
            "what --set and --against may change",
            ("name", "now", "unit", "what it is", "from", "to"),
            rows,
            left=("unit", "what it is"),
            spare=("to", "from", "what it is"),
        )
    )
