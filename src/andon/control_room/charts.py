"""Pictures of answers as drawings: jobs over time with intervals, what stations do, what a figure leans on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from andon.control_room.present import number
from andon.control_room.trend import HEIGHT, LEFT, SLIM, TOP, WIDTH, Tick, steps, times
from andon.core.time import SECOND

BOTTOM, RIGHT = 42.0, 44.0
LETTERS = "ABCDEFGH"
STATES = {
    "busy": "busy",
    "setup": "set-up",
    "blocked": "blocked",
    "waiting_crew": "waits for people",
    "walking": "people on their way",
    "down": "down",
    "planned": "planned work",
    "warming": "warming up",
    "stopped": "stopped",
    "carrying": "under way with a job",
    "moving": "under way",
    "loading": "loading",
    "in_traffic": "waits for other vehicles",
    "charging": "charging",
    "battery_empty": "battery empty",
    "parked": "parked",
    "off": "off",
    "starved": "starved",
}
"""States of machines and vehicles in words, in the order in which they are drawn."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One floor's jobs over time."""

    letter: str
    label: str
    style: str
    """`base` or `model`; further ones are lines alone."""
    outer: str
    """Points of the 90 % band; empty where only the line is drawn."""
    inner: str
    line: str
    end_y: float


@dataclass(frozen=True, slots=True)
class Fan:
    """Jobs completed over time."""

    curves: tuple[Curve, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_title: str
    summary: str
    width: float
    right: float
    left: float = LEFT
    top: float = TOP
    height: float = HEIGHT + 30.0
    bottom: float = HEIGHT + 30.0 - BOTTOM


def floors_of(answer: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Label and part of an answer for base and alternatives."""
    return [(str(answer["label"]), answer), *((str(a["label"]), a) for a in answer["alternatives"])]


def fans(answer: Mapping[str, Any], zone: tzinfo) -> list[Fan]:
    """The fan for a wide and for a narrow page."""
    return [_fan(answer, zone, width) for width in (WIDTH, SLIM)]


def _fan(answer: Mapping[str, Any], zone: tzinfo, width: float) -> Fan:
    floors = floors_of(answer)
    end_h = float(answer["horizon_s"]) / 3600.0
    top = max([1.0, *(float(x) for _, part in floors for x in part["series"]["high_90"])]) * 1.06
    right, bottom = width - RIGHT, HEIGHT + 30.0 - BOTTOM

    def x(hours: float) -> float:
        return round(LEFT + hours / end_h * (right - LEFT), 1)

    def y(jobs: float) -> float:
        return round(bottom - jobs / top * (bottom - TOP), 1)

    curves = []
    for i, (label, part) in enumerate(floors):
        series = part["series"]
        hours = [0.0, *series["hours"]]

        def points(name: str, hours: Sequence[float] = hours, series: Mapping[str, Any] = series) -> list[str]:
            return [f"{x(h)},{y(v)}" for h, v in zip(hours, [0.0, *series[name]], strict=True)]

        def band(name: str) -> str:
            return " ".join([*points(f"high_{name}"), *reversed(points(f"low_{name}"))])

        banded = i < 2
        style = "base" if i == 0 and len(floors) > 1 else "model"
        name = "as it stands" if label == "as declared" else label
        curves.append(
            Curve(
                LETTERS[i - 1] if i else "", name, style, band("90") if banded else "", band("50") if banded else "",
                " ".join(points("median")), y(series["median"][-1]),
            )
        )  # fmt: skip
    last = floors[0][1]["series"]
    summary = (
        f"{number(float(last['median'][-1]))} jobs at the end in the middle of the futures, "
        f"90 %: {number(float(last['low_90'][-1]))} to {number(float(last['high_90'][-1]))}"
    )
    return Fan(
        tuple(_apart(curves)), tuple(_moments(answer, zone, x, 8 if width > SLIM else 4)),
        tuple(Tick(y(v), number(int(v))) for v in steps(0.0, top, 5) if v == int(v)),
        "time of day" if answer["from"] == "now" else "hours from the start", summary, width, right,
    )  # fmt: skip


def _apart(curves: Sequence[Curve]) -> list[Curve]:
    """Letters at the ends of lines, moved until none covers another."""
    placed: list[float] = []
    found = []
    for curve in sorted(curves, key=lambda c: c.end_y):
        y = max([curve.end_y, *(p + 15.0 for p in placed if curve.letter)])
        if curve.letter:
            placed.append(y)
        found.append((curve, y))
    order = {id(c): i for i, c in enumerate(curves)}
    return [
        Curve(c.letter, c.label, c.style, c.outer, c.inner, c.line, round(y, 1))
        for c, y in sorted(found, key=lambda pair: order[id(pair[0])])
    ]


def _moments(answer: Mapping[str, Any], zone: tzinfo, x: Any, most: int) -> list[Tick]:
    """Marks of the time axis: the time of day from now on, hours from an empty floor."""
    begin, horizon = int(answer["at_ns"]), float(answer["horizon_s"])
    if answer["from"] == "now":
        found = times(begin, begin + round(horizon * SECOND), zone, most)
        return [Tick(x((at - begin) / SECOND / 3600.0), text) for at, text in found]
    step = next((s for s in (0.25, 0.5, 1, 2, 4, 8, 24, 48) if horizon / 3600.0 / s <= most), 96)
    return [Tick(x(i * step), f"{i * step:g}") for i in range(int(horizon / 3600.0 / step) + 1)]


@dataclass(frozen=True, slots=True)
class Bar:
    """One station's time on one floor, in shares of a bar 100 wide."""

    station: str
    letter: str
    parts: tuple[tuple[str, float, float], ...]
    """State, from, width."""
    shares: tuple[tuple[str, int], ...]
    """State in words and percent, the largest first; what is below half a percent is left out."""
    queue: str
    bottleneck: int


def stations(answer: Mapping[str, Any], names: Mapping[str, str]) -> list[Bar]:
    """What every station does with its time, floor by floor."""
    floors = floors_of(answer)
    found = []
    order = [s["id"] for s in answer["stations"]]
    more = [s["id"] for _, part in floors[1:] for s in part["stations"] if s["id"] not in order]
    for station in [*order, *dict.fromkeys(more)]:
        for i, (_, part) in enumerate(floors):
            row = next((s for s in part["stations"] if s["id"] == station), None)
            if row is not None:
                letter = LETTERS[i - 1] if i else ""
                found.append(_bar(names.get(station, station), letter, row))
    return found


def _bar(station: str, letter: str, row: Mapping[str, Any]) -> Bar:
    at, parts = 0.0, []
    shares = row["shares"]
    for state in (*STATES, *(s for s in shares if s not in STATES)):
        share = 100.0 * float(shares.get(state, 0.0))
        if share > 0.0:
            parts.append((state, round(at, 2), round(share, 2)))
            at += share
    said = sorted(((STATES.get(s, s), round(100.0 * float(v))) for s, v in shares.items()), key=lambda p: -p[1])
    mean = row["queue"]["mean"]
    queue = "none" if mean is None else number(float(mean))
    kept = tuple(p for p in said if p[1] >= 1)
    return Bar(station, letter, tuple(parts), kept, queue, round(100.0 * float(row["bottleneck"])))


@dataclass(frozen=True, slots=True)
class Lean:
    """One assumption's bar of a tornado; places in shares of a bar 100 wide."""

    name: str
    span: str
    stated: bool
    low: tuple[float, float]
    """Left edge and width of what its low end does (Morris: of mu*)."""
    high: tuple[float, float]
    low_text: str
    high_text: str
    error: str
    sides: bool
    """Both ends push the same way: they are drawn one above the other."""
    luck: bool
    """What is seen is no larger than its error: it may be luck."""


@dataclass(frozen=True, slots=True)
class Tornado:
    """What a figure leans on."""

    rows: tuple[Lean, ...]
    zero: float
    reach: str
    rest: int


def tornado(answer: Mapping[str, Any], most: int = 20) -> Tornado:
    """The bars of a sensitivity, the longest first."""
    rows = list(answer["assumptions"])
    one_way = answer["method"] == "one-way"
    ends = [
        abs(float(v))
        for r in rows
        for v in ((r["low"], r["high"]) if one_way else (r["mu_star"],))
        if v is not None and math.isfinite(v)
    ]
    reach = max([*ends, 1e-12])
    zero, scale = (50.0, 49.0 / reach) if one_way else (0.0, 99.0 / reach)

    def place(value: float | None) -> tuple[float, float]:
        if value is None or not math.isfinite(value):
            return zero, 0.0
        long = abs(value) * scale
        return round(zero if value >= 0 else zero - long, 2), round(long, 2)

    found = []
    for r in rows[:most]:
        low, high = (r["low"], r["high"]) if one_way else (r["mu_star"], r["sigma"])
        error = r["half_width"] if one_way else r["error"]
        unit = "" if r["unit"] == "1" else f" {r['unit']}"
        found.append(
            Lean(
                r["name"], f"{short(r['from'])} to {short(r['to'])}{unit}", bool(r["stated"]), place(low),
                place(high) if one_way else (0.0, 0.0), signed(low) if one_way else short(low),
                signed(high) if one_way else short(high), short(error),
                one_way and low is not None and high is not None and low * high > 0,
                _luck(r["size"] if one_way else r["mu_star"], r["half_width"] if one_way else r["error"], one_way),
            )
        )  # fmt: skip
    return Tornado(tuple(found), zero, short(reach), max(0, len(rows) - most))


def _luck(size: float | None, error: float | None, one_way: bool) -> bool:
    """Whether an effect is within its error: the 95 % half-width, or two standard errors of mu*."""
    if size is None or error is None or not math.isfinite(error):
        return True
    return size <= (error if one_way else 2.0 * error)


def short(value: float | None) -> str:
    """Three significant digits.

    >>> short(0.01234), short(1234.0), short(None)
    ('0.0123', '1\u202f234', 'not known')
    """
    if value is None or not math.isfinite(value):
        return "not known"
    return f"{value:,.0f}".replace(",", "\u202f") if abs(value) >= 1000 else f"{value:.3g}"


def signed(value: float | None) -> str:
    """The same with its sign.

    >>> signed(1.5), signed(0.0)
    ('+1.5', '0')
    """
    text = short(value)
    if value is None or not value or not math.isfinite(value):
        return text
    return f"+{text}" if value > 0 else text.replace("-", "\u2212")
