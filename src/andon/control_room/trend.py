"""A trend as a drawing: the line, its band, the limits, and gaps left open where nothing was known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from andon.control_room.present import MINUS, number
from andon.core.readings import Quality
from andon.core.time import SECOND, Nanos
from andon.operate.port import Point

WINDOWS = {"5m": (300, "5 min"), "1h": (3600, "1 h"), "8h": (28_800, "8 h")}
"""Windows a trend can show: seconds of site time, and what they are called."""
WIDTH, SLIM, HEIGHT = 860.0, 350.0, 240.0
"""Broad for a desk, slim for a hand: drawn at the size at which its text is 13 px."""
LEFT, RIGHT, TOP, BOTTOM = 58.0, 12.0, 12.0, 26.0
POINTS = 300


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A declared limit inside the drawn range."""

    y: float
    text_y: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the template draws; coordinates in drawing units."""

    lines: tuple[str, ...]
    bands: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    gaps: tuple[tuple[float, float], ...]
    """Left edge and width of every stretch without a usable value."""
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    limits: tuple[Limit, ...]
    summary: str
    width: float
    right: float
    height: float = HEIGHT
    left: float = LEFT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM


def draw(
    points: Sequence[Point],
    window: tuple[int, int],
    limits: tuple[float | None, float | None],
    unit: str,
    zone: tzinfo,
    width: float = WIDTH,
    held: Point | None = None,
) -> Drawing:
    """Points to a drawing over exactly the window (site time, ns), with the declared limits where they are near.

    `held`: the present value and when it was received, if its source still confirms it.
    """
    (since, until), (low, high) = window, limits
    runs = _held(_runs(points), held, since, until)
    known = [p for run in runs for p in run]
    values = [v for p in known for v in (p.value, p.low, p.high) if v is not None]
    bottom, top = _range(values, low, high)

    def x(at: int) -> float:
        return round(LEFT + (at - since) / max(1, until - since) * (width - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(TOP + (top - value) / (top - bottom) * (HEIGHT - TOP - BOTTOM), 1)

    lines, bands, dots = [], [], []
    for run in runs:
        spots = [(x(p.at), y(p.value)) for p in run if p.value is not None]
        if len(spots) == 1:
            dots.append(spots[0])
        else:
            lines.append(" ".join(f"{a},{b}" for a, b in spots))
        edge = [p for p in run if p.low is not None and p.high is not None]
        if len(edge) > 1:
            over = [f"{x(p.at)},{y(p.high)}" for p in edge if p.high is not None]
            under = [f"{x(p.at)},{y(p.low)}" for p in reversed(edge) if p.low is not None]
            bands.append(" ".join(over + under))
    return Drawing(
        lines=tuple(lines),
        bands=tuple(bands),
        dots=tuple(dots),
        gaps=tuple((x(a), round(x(b) - x(a), 1)) for a, b in _gaps(runs, since, until)),
        x_ticks=tuple(Tick(x(at), text) for at, text in times(since, until, zone, 6 if width > SLIM else 3)),
        y_ticks=tuple(Tick(y(v), short(v)) for v in steps(bottom, top)),
        limits=tuple(
            Limit(y(v), max(y(v) - 5, TOP + 14), f"{word} {short(v)}")
            for v, word in ((low, "low limit"), (high, "high limit"))
            if v is not None and bottom <= v <= top
        ),
        summary=_summary([p.value for p in known if p.value is not None], len(runs), unit),
        width=width,
        right=width - RIGHT,
    )


def short(value: float) -> str:
    """A number on an axis, in at most six characters or so.

    >>> short(10_000_000.0), short(25_000.0), short(180.5), short(0.0)
    ('10 M', '25 k', '180.5', '0')
    """
    for size, word in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            unit = 1e3 if word == "k" else size
            return f"{value / unit:.4g} {word}".replace("-", MINUS)
    return number(value)


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """Stretches of usable neighbours: a missing, bad or much later point ends one."""
    usual = sorted(b.at - a.at for a, b in itertools.pairwise(points))
    apart = 4 * usual[len(usual) // 2] if usual else 0
    runs: list[list[Point]] = []
    before: Point | None = None
    for point in points:
        usable = point.value is not None and Quality.of_status(point.quality) is not Quality.BAD
        if usable and before is not None and point.at - before.at <= apart:
            runs[-1].append(point)
        elif usable:
            runs.append([point])
        before = point if usable else None
    return runs


def _held(runs: list[list[Point]], held: Point | None, since: int, until: int) -> list[list[Point]]:
    """The last stretch goes on to the end where its value still holds: a server reports changes only."""
    if held is None or held.value is None or (runs and until - runs[-1][-1].at <= (until - since) // 60):
        return runs
    last = replace(held, at=Nanos(until))
    if runs and runs[-1][-1].value == held.value:
        return [*runs[:-1], [*runs[-1], last]]
    return [*runs, [replace(held, at=Nanos(min(max(held.at, since), until))), last]]


def _gaps(runs: Sequence[Sequence[Point]], since: int, until: int) -> list[tuple[int, int]]:
    edges = [since, *(t for run in runs for t in (run[0].at, run[-1].at)), until]
    least = (until - since) // 60
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > least]


def _range(values: Sequence[float], low: float | None, high: float | None) -> tuple[float, float]:
    if not values:
        return (low, high) if low is not None and high is not None and low < high else (0.0, 1.0)
    bottom, top = min(values), max(values)
    span = max(top - bottom, abs(top) * 0.01, 1e-6)
    # A limit is drawn when it is near enough to matter; a far one would flatten the line.
    near = [v for v in (low, high) if v is not None and bottom - 2 * span <= v <= top + 2 * span]
    bottom, top = min([bottom, *near]), max([top, *near])
    room = 0.08 * (top - bottom or span)
    return bottom - room, top + room


def steps(bottom: float, top: float, aim: int = 6) -> list[float]:
    """Round values between two bounds.

    >>> steps(178.2, 181.9)
    [179.0, 180.0, 181.0]
    """
    raw = (top - bottom) / aim
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= raw)
    first = math.ceil(bottom / step)
    return [round(i * step, 9) for i in range(first, math.floor(top / step) + 1)]


def times(since: int, until: int, zone: tzinfo, most: int) -> list[tuple[int, str]]:
    """Round times of day between two moments (ns), `most` at most, with how they are written."""
    span = (until - since) / SECOND
    step = next((s for s in (60, 300, 600, 1800, 3600, 7200) if span / s <= most), 14_400)
    offset = datetime.fromtimestamp(since // SECOND, UTC).astimezone(zone).utcoffset()
    shift = int(offset.total_seconds()) if offset else 0
    first = -(-(since // SECOND + shift) // step) * step - shift
    return [
        (at * SECOND, datetime.fromtimestamp(at, UTC).astimezone(zone).strftime("%H:%M"))
        for at in range(first, until // SECOND, step)
        if at * SECOND >= since
    ]


def _summary(values: Sequence[float], runs: int, unit: str) -> str:
    if not values:
        return "no usable value in this window"
    gaps = f", {runs - 1} gap{'s' * (runs > 2)}" if runs > 1 else ""
    span = f"{number(min(values))} to {number(max(values))} {unit}".rstrip()
    return f"{span}, last {number(values[-1])} {unit}".rstrip() + gaps
