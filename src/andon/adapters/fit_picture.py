"""The picture of a fit: per operation the first units, the intervals made from them, and what came. Works in print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from andon.models.fit.compare import Comparison, Outcome

MARKERS = {"accurate": "o", "fragile": "D", "guessing": "X"}
"""Shape carries the mark, so that the picture works without colour."""
INK, PALE, PAPER = "#1a1a1a", "#c9c9c9", "#e9e9e9"
HELD = {"accurate": "#00558c", "fragile": "#9a5b00", "guessing": "#8a2f5c"}
COLUMNS = 2


def draw(found: Comparison, path: Path, title: str, note: str) -> None:
    """Write the picture as SVG (or whatever `path` ends in). The same comparison gives the same bytes.

    Raises:
        OSError: it cannot be written.
    """
    import matplotlib as mpl  # noqa: PLC0415 - only a picture needs it

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - same

    rows = -(-len(found.outcomes) // COLUMNS)
    settings: dict[Any, Any] = {
        "svg.hashsalt": "andon-fit",
        "svg.fonttype": "none",
        "font.size": 9,
        "font.family": "sans-serif",
    }
    with mpl.rc_context(settings):
        figure, axes = plt.subplots(rows, COLUMNS, figsize=(11, 2.3 * rows + 1.2), layout="constrained", squeeze=False)
        flat = [axis for line in axes for axis in line]
        for axis, outcome in zip(flat, found.outcomes, strict=False):
            _panel(axis, outcome)
        for axis in flat[len(found.outcomes) :]:
            axis.set_visible(False)
        figure.suptitle(f"{title}\n{_legend()}", fontsize=10, ha="left", x=0.01)
        figure.supxlabel(note, fontsize=8, ha="left", x=0.01)
        try:
            figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
        finally:
            plt.close(figure)


def _legend() -> str:
    return (
        "Cycle time in seconds, by unit. Dots: first units. Bands: 50 % and 90 % intervals forecast from them alone.\n"
        "Held-back units: circle accurate, diamond fragile, cross guessing; hollow when outside the 90 % interval; "
        "an arrow gives a value above the panel."
    )


def _panel(axis: Any, outcome: Outcome) -> None:
    said = outcome.forecast
    name = f"{outcome.operation.product} {outcome.operation.operation}"
    axis.set_title(f"{name}: {said.mark}", loc="left", fontsize=9, fontweight="bold")
    axis.tick_params(labelsize=8)
    axis.grid(axis="y", color=PAPER, linewidth=0.6)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    first = [(c.log.unit, c.cycle_s) for c in outcome.first]
    axis.plot([u for u, _ in first], [s for _, s in first], ".", color=INK, markersize=5)
    units = [c.log.unit for c in outcome.held_back]
    if said.cycle is not None:
        begin = (first[-1][0] if first else 0) + 0.5
        end = (units[-1] if units else begin + 10) + 0.5
        i = said.cycle
        axis.fill_between([begin, end], i.low90, i.high90, color=PAPER, zorder=0)
        axis.fill_between([begin, end], i.low50, i.high50, color=PALE, zorder=1)
        axis.hlines(i.median, begin, end, color=INK, linewidth=0.8, zorder=2)
    _held(axis, outcome)
    _limits(axis, outcome)


def _held(axis: Any, outcome: Outcome) -> None:
    said = outcome.forecast
    for cycle in outcome.held_back:
        inside = said.cycle is not None and said.cycle.inside90(cycle.cycle_s)
        colour = HELD[said.mark]
        axis.plot(
            [cycle.log.unit],
            [cycle.cycle_s],
            MARKERS[said.mark],
            color=colour,
            markerfacecolor=colour if inside else "white",
            markersize=5,
            zorder=3,
        )


def _limits(axis: Any, outcome: Outcome) -> None:
    """Show the bulk; what lies far above it is written at the edge, with its value, instead of flattening the rest."""
    values = [c.cycle_s for c in (*outcome.first, *outcome.held_back)]
    if outcome.forecast.cycle is not None:
        values += [outcome.forecast.cycle.low90, outcome.forecast.cycle.high90]
    if not values:
        return
    top = _bulk(values)
    low = min(values)
    room = max(top - low, 0.01 * top)
    axis.set_ylim(low - 0.15 * room, top + 0.25 * room)
    last = max(c.log.unit for c in (*outcome.first, *outcome.held_back))
    axis.set_xlim(0, max(21, last + 1))
    axis.set_xticks([1, *range(5, max(21, last + 1), 5)])
    for cycle in (*outcome.first, *outcome.held_back):
        if cycle.cycle_s > top:
            edge = top + 0.18 * room
            axis.annotate(
                f"↑ {cycle.cycle_s:.0f}", (cycle.log.unit, edge), fontsize=7, ha="center", va="center", color=INK
            )


def _bulk(values: Sequence[float]) -> float:
    """The largest value that is not cut off: at most three times as far above the middle as three quarters lie."""
    ordered = sorted(values)
    middle = ordered[len(ordered) // 2]
    reach = max(3 * (ordered[(3 * len(ordered)) // 4] - middle), 0.3 * middle)
    return max(v for v in ordered if v <= middle + reach)
