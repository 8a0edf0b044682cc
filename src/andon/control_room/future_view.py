"""One future as drawings: a Gantt chart of machines and vehicles, and the queues over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from andon.control_room.charts import STATES
from andon.control_room.trend import Tick, times
from andon.core.time import SECOND

WIDTH, LEFT, RIGHT = 1120.0, 132.0, 14.0
ROW, HEAD = 24.0, 26.0
LANE = 62.0
PRODUCTS_MAX = 6
"""Kinds of fill for products; the seventh has the first one's again, and the legend says so."""
QUIET = ("starved", "off", "parked")
PATTERNS = {
    "blocked": "blocked",
    "in_traffic": "blocked",
    "setup": "setup",
    "down": "down",
    "battery_empty": "down",
    "waiting_crew": "crew",
    "walking": "crew",
}
"""States that are drawn as a pattern, so that they are told apart without colour."""
SEEN_MIN = 0.15
"""Narrower than this, in drawing units, a bar is joined with its neighbour of the same kind."""


@dataclass(frozen=True, slots=True)
class Group:
    """All bars of one kind as one path."""

    kind: str
    """`p0` to `p5` for products, else the state."""
    path: str
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One machine or vehicle."""

    name: str
    y: float
    shares: tuple[tuple[str, int], ...]
    """What it did with its time, in words and percent."""


@dataclass(frozen=True, slots=True)
class Gantt:
    """Machines and vehicles over time."""

    lines: tuple[Line, ...]
    groups: tuple[Group, ...]
    ticks: tuple[Tick, ...]
    products: tuple[tuple[str, str], ...]
    """Kind of fill and product."""
    states: tuple[tuple[str, str, str], ...]
    """States that occur, their words, and the pattern."""
    height: float
    width: float = WIDTH
    left: float = LEFT
    right: float = WIDTH - RIGHT
    row: float = ROW
    head: float = HEAD


@dataclass(frozen=True, slots=True)
class Queue:
    """One buffer over time."""

    name: str
    y: float
    area: str
    line: str
    full_y: float | None
    """Where it is full, when that is near."""
    most: int
    mean: float


@dataclass(frozen=True, slots=True)
class Queues:
    """Every buffer over time."""

    lanes: tuple[Queue, ...]
    ticks: tuple[Tick, ...]
    height: float
    width: float = WIDTH
    left: float = LEFT
    right: float = WIDTH - RIGHT
    lane: float = LANE
    head: float = HEAD


def _x(horizon_s: float) -> Any:
    scale = (WIDTH - LEFT - RIGHT) / horizon_s
    return lambda seconds: round(LEFT + seconds * scale, 2)


def ticks(future: Mapping[str, Any], answer: Mapping[str, Any], zone: tzinfo) -> tuple[Tick, ...]:
    """Marks of the time axis."""
    x, horizon = _x(float(future["horizon_s"])), float(future["horizon_s"])
    if answer["from"] == "now":
        begin = int(answer["at_ns"])
        found = times(begin, begin + round(horizon * SECOND), zone, 12)
        return tuple(Tick(x((at - begin) / SECOND), text) for at, text in found)
    step = next((s for s in (0.25, 0.5, 1, 2, 4, 8, 24) if horizon / 3600.0 / s <= 12), 48)
    return tuple(Tick(x(i * step * 3600.0), f"{i * step:g} h") for i in range(int(horizon / 3600.0 / step) + 1))


def gantt(future: Mapping[str, Any], marks: tuple[Tick, ...], names: Mapping[str, str]) -> Gantt:
    """The chart; what is starved or off is left open."""
    x = _x(float(future["horizon_s"]))
    products = list(future["products"])
    paths: dict[str, list[str]] = {}
    lines = []
    for i, row in enumerate([*future["machines"], *future["vehicles"]]):
        y = HEAD + i * ROW
        for kind, begin, end in _joined(row["bars"], products, x):
            paths.setdefault(kind, []).append(f"M{begin} {y + 3:g}H{end}v{ROW - 6:g}H{begin}z")
        lines.append(Line(names.get(row["id"], row["id"]), y, _shares(row["bars"])))
    occur = {kind for kind in paths if not _is_product(kind)}
    every = (*STATES, *sorted(occur - set(STATES)))
    shown = [p for i, p in enumerate(products) if f"p{i % PRODUCTS_MAX}" in paths]
    return Gantt(
        tuple(lines),
        tuple(Group(kind, "".join(parts), PATTERNS.get(kind, "")) for kind, parts in sorted(paths.items())),
        marks,
        tuple((f"p{products.index(p) % PRODUCTS_MAX}", p) for p in shown),
        tuple((s, STATES.get(s, s), PATTERNS.get(s, "")) for s in every if s in occur),
        HEAD + len(lines) * ROW + 6.0,
    )


def _is_product(kind: str) -> bool:
    return len(kind) == 2 and kind[0] == "p" and kind[1].isdigit()


def _joined(bars: Sequence[Any], products: Sequence[str], x: Any) -> list[tuple[str, float, float]]:
    """Kind, begin and end in drawing units; neighbours of one kind with no visible gap are one."""
    found: list[tuple[str, float, float]] = []
    for begin, end, state, product in bars:
        if state in QUIET:
            continue
        kind = f"p{products.index(product) % PRODUCTS_MAX}" if state == "busy" and product in products else state
        a, b = x(begin), x(end)
        if found and found[-1][0] == kind and a - found[-1][2] <= SEEN_MIN:
            found[-1] = (kind, found[-1][1], b)
        else:
            found.append((kind, a, b))
    return found


def _shares(bars: Sequence[Any]) -> tuple[tuple[str, int], ...]:
    total: dict[str, float] = {}
    for begin, end, state, _ in bars:
        total[state] = total.get(state, 0.0) + end - begin
    whole = sum(total.values()) or 1.0
    said = [(STATES.get(s, s), round(100.0 * t / whole)) for s, t in total.items()]
    return tuple(sorted((s for s in said if s[1] >= 1), key=lambda s: -s[1]))


def queues(future: Mapping[str, Any], marks: tuple[Tick, ...], names: Mapping[str, str]) -> Queues:
    """One lane a buffer; the broken line is where it is full."""
    x, horizon = _x(float(future["horizon_s"])), float(future["horizon_s"])
    lanes = []
    for i, buffer in enumerate(future["buffers"]):
        y = HEAD + i * LANE
        base = y + LANE - 8.0
        points = buffer["points"]
        most = max((n for _, n in points), default=0)
        capacity = buffer["capacity"]
        near = capacity is not None and capacity <= 2 * max(1, most)
        top = max(1, most, capacity if near else 0)
        scale = (LANE - 18.0) / top

        def height(n: float, base: float = base, scale: float = scale) -> float:
            return round(base - n * scale, 1)

        steps = _steps(points, x, height, x(horizon))
        mean, start = _mean(points, horizon), f"M{x(0.0)} {base}"
        full = height(capacity) if near else None
        name = names.get(buffer["id"], buffer["id"])
        lanes.append(Queue(name, y, f"{start}{steps}V{base}z", f"{start}{steps}", full, most, mean))
    return Queues(tuple(lanes), marks, HEAD + len(lanes) * LANE + 6.0)


def _steps(points: Sequence[Any], x: Any, height: Any, end: float) -> str:
    """A stepped path; of what falls into one drawn column the lowest and the highest are kept."""
    parts: list[str] = []
    column, low, high, last = -1.0, 0, 0, 0
    for seconds, n in points:
        at = round(x(seconds) * 2.0) / 2.0
        if at != column:
            parts.append(_column(column, low, high, last, height))
            column, low, high = at, n, n
        low, high, last = min(low, n), max(high, n), n
    parts.append(_column(column, low, high, last, height))
    return "".join(parts) + f"H{end}"


def _column(column: float, low: int, high: int, last: int, height: Any) -> str:
    if column < 0:
        return ""
    spread = f"V{height(low)}V{height(high)}" if high != low else ""
    return f"H{column:g}{spread}V{height(last)}"


def _mean(points: Sequence[Any], horizon: float) -> float:
    ends = [*(p[0] for p in points[1:]), horizon]
    return float(sum(n * (end - begin) for (begin, n), end in zip(points, ends, strict=True)) / horizon)
