"""Pictures of one replication: a Gantt chart of machines and vehicles, and queues over time. SVG text."""

from __future__ import annotations

import io
from typing import Any

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.replay import Replay

PRODUCTS = (
    "#1B4B8A",
    "#2E7D5B",
    "#B3600A",
    "#6A2C91",
    "#8A1B4B",
    "#4B6A88",
    "#6B6B1B",
    "#1B7A8A",
    "#7A4A2B",
    "#4B4B4B",
)
"""Colours of products, told apart by lightness too; the eleventh product has the first one's again."""
STATES = {
    "setup": ("#C9D6E8", "..", "set-up"),
    "blocked": ("#F3D9C6", "//", "blocked"),
    "waiting_crew": ("#E3D4EE", "\\\\", "waits for people"),
    "walking": ("#F1E9F6", "..", "people on their way"),
    "down": ("#E8A0AA", "xx", "down"),
    "planned": ("#D8C7A0", "xx", "planned maintenance"),
    "warming": ("#F0E0A0", "..", "warming up"),
    "moving": ("#9FB7A8", "", "under way"),
    "carrying": ("#6F9A80", "", "under way with a job"),
    "loading": ("#C9D6E8", "", "loading"),
    "in_traffic": ("#F3D9C6", "//", "waits for other vehicles"),
    "charging": ("#F0E0A0", "", "charging"),
    "battery_empty": ("#E8A0AA", "//", "battery empty"),
    "off": ("#EEEEEE", "", "off"),
}
"""Colour, hatch and word of what is not processing; states that are not here leave the floor's white."""
ROWS_MAX = 120
"""Machines and vehicles that a chart has room for."""


def gantt(replay: Replay) -> str:
    """Machines and vehicles over the hours: what they process by colour of product, and why they do not by hatch."""
    image = replay.image
    processes = {name: address for address, name in image.processes.items()}
    names = [n for n in (*image.machines, *image.vehicles) if n in processes][:ROWS_MAX]
    colours = {p: PRODUCTS[i % len(PRODUCTS)] for i, p in enumerate(image.products)}
    plt, context = _matplotlib()
    with context:
        figure, axes = plt.subplots(figsize=(12, 1.4 + 0.26 * len(names)), layout="constrained")
        for row, name in enumerate(names):
            groups: dict[tuple[str, str], list[tuple[float, float]]] = {}
            for begin, end, state, product in replay.bars(processes[name]):
                key = (state, product if state == "busy" else "")
                groups.setdefault(key, []).append((begin / 3600.0, (end - begin) / 3600.0))
            for (state, product), spans in sorted(groups.items()):
                if state == "busy":
                    axes.broken_barh(spans, (row - 0.4, 0.8), facecolors=colours.get(product, "#1B4B8A"))
                elif state in STATES:
                    colour, hatch, _ = STATES[state]
                    axes.broken_barh(spans, (row - 0.4, 0.8), facecolors=colour, hatch=hatch, edgecolor="#777777", lw=0)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(0, replay.horizon_s / 3600.0)
        axes.set_xlabel(f"hours from the start; replication {replay.replication}, seed {replay.seed}")
        axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
        axes.set_axisbelow(True)
        _legend(plt, axes, colours, replay)
        return _svg(plt, figure)


def queues(replay: Replay) -> str:
    """Jobs waiting in each buffer over the hours, with its capacity where that is near."""
    image = replay.image
    plt, context = _matplotlib()
    n = min(len(image.stores), ROWS_MAX)
    with context:
        figure, rows = plt.subplots(n, 1, figsize=(12, 0.8 + 0.9 * n), sharex=True, squeeze=False, layout="constrained")
        for i, (name, axes) in enumerate(zip(image.stores, rows[:, 0], strict=False)):
            seconds, level = replay.levels(i)
            axes.fill_between(seconds / 3600.0, level, step="post", color="#1B4B8A", alpha=0.25, linewidth=0)
            axes.step(seconds / 3600.0, level, where="post", color="#1B4B8A", linewidth=1)
            room = int(image.memory[int(image.memory[at.STORES]) + i * at.STORE_WORDS + at.CAPACITY])
            top = max(1, int(level.max()))
            if room <= 2 * top:
                axes.axhline(room, color="#9A3B00", linewidth=0.8, linestyle="--")
            axes.set_ylim(0, max(top, min(room, 2 * top)) * 1.15)
            axes.set_ylabel(name, rotation=0, ha="right", va="center")
            axes.yaxis.get_major_locator().set_params(integer=True, nbins=3)
        rows[-1, 0].set_xlim(0, replay.horizon_s / 3600.0)
        rows[-1, 0].set_xlabel(
            f"hours from the start; replication {replay.replication}, seed {replay.seed}; broken line: full"
        )
        return _svg(plt, figure)


def _legend(plt: Any, axes: Any, colours: dict[str, str], replay: Replay) -> None:
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour, label=product) for product, colour in colours.items()]
    shown = {state for p in replay.image.processes for _, _, state, _ in replay.bars(p)}
    for state, (colour, hatch, word) in STATES.items():
        if state in shown:
            patch = plt.Rectangle((0, 0), 1, 1, facecolor=colour, hatch=hatch, edgecolor="#777777", lw=0, label=word)
            handles.append(patch)
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=7, frameon=False, fontsize=8)


def _matplotlib() -> tuple[Any, Any]:
    import matplotlib as mpl  # noqa: PLC0415 - only a picture needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    look: dict[Any, Any] = {"svg.hashsalt": "andon", "svg.fonttype": "none", "font.size": 9, "hatch.linewidth": 0.5}
    return plt, mpl.rc_context(look)


def _svg(plt: Any, figure: Any) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "andon"})
    plt.close(figure)
    return out.getvalue()
