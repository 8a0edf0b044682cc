"""One picture of an answer: jobs completed over time with intervals, what each station does, queues."""

from __future__ import annotations

import io

import numpy as np

from andon.models.simulate.result import Result

ORDER = (
    *("busy", "setup", "blocked", "waiting_crew", "walking", "down", "planned", "warming", "stopped", "off"),
    "starved",
)
COLOURS = {
    "busy": "#1B4B8A",
    "setup": "#7FA3D1",
    "blocked": "#9A3B00",
    "starved": "#D9DDE0",
    "down": "#B00020",
    "waiting_crew": "#6A2C91",
    "walking": "#A98BC4",
    "planned": "#2F6B3A",
    "warming": "#C77F00",
    "off": "#6B7278",
    "stopped": "#D4537E",
}
HATCHES = {
    "busy": "",
    "setup": "..",
    "blocked": "//",
    "starved": "",
    "down": "xx",
    "waiting_crew": "\\\\",
    "walking": "..",
    "planned": "++",
    "warming": "oo",
    "off": "",
    "stopped": "--",
}


def picture(result: Result) -> str:
    """The answer as SVG text, the same bytes for the same answer."""
    import matplotlib as mpl  # noqa: PLC0415 - only a picture needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    with mpl.rc_context({"svg.hashsalt": "andon", "svg.fonttype": "none", "font.size": 9}):
        figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
        hours = result.rows.bin_ends_s() / 3600.0
        done = result.rows.series("done")
        low_90, low_50, median, high_50, high_90 = np.quantile(done, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0)
        left.fill_between(hours, low_90, high_90, color="#1B4B8A", alpha=0.18, label="90 %", linewidth=0)
        left.fill_between(hours, low_50, high_50, color="#1B4B8A", alpha=0.35, label="50 %", linewidth=0)
        left.plot(hours, median, color="#1B4B8A", linestyle="--", label="median")
        left.set_xlabel(f"hours from {result.begins[:16]}Z")
        left.set_ylabel("jobs completed")
        left.set_title(f"{result.site}: {result.replications} futures, {result.mark.mark}")
        left.legend(loc="upper left", frameon=False)
        base = np.zeros(len(result.stations))
        names = [s.id for s in result.stations]
        shown = [s for s in ORDER if any(s in station.shares for station in result.stations)]
        for state in shown:
            share = np.array([s.shares.get(state, 0.0) for s in result.stations])
            right.barh(
                names, share, left=base, color=COLOURS[state], hatch=HATCHES[state], edgecolor="white",
                label=state.replace("_", " "), linewidth=0.4,
            )  # fmt: skip
            base += share
        right.set_xlim(0, 1)
        right.invert_yaxis()
        right.set_xlabel("mean share of time")
        right.set_title(f"bottleneck: {result.bottleneck.id} ({result.bottleneck.bottleneck:.0%})")
        right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=len(shown), frameon=False, fontsize=8)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "andon"})
        plt.close(figure)
    return out.getvalue()
