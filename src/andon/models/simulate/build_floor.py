"""Buffers and crews, written into an image."""

from __future__ import annotations

from andon.models.simulate.builder import Builder
from andon.models.simulate.calendar import SLACK_NS, crew_line, seen_line
from andon.models.simulate.crews import told_apart
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.site.floor import Crew


def stores_and_pools(builder: Builder) -> None:
    """Each station's buffer; each crew with the line of its strength over time."""
    site, words = builder.site, builder.m.words
    capacity = {b.id: b.capacity for b in site.buffers}
    sharing: dict[str, int] = {}
    for i, station in enumerate(site.stations):
        s = builder.store_at[i]
        if station.buffer in sharing:
            raise Unrunnable(f"buffer `{station.buffer}` serves two stations; give each station its own buffer")
        sharing[station.buffer] = s
        words[s + at.CAPACITY] = capacity[station.buffer]
        words[s + at.AT_STATION] = i
        words[s + at.MIX] = builder.mix_at[i]
    apart = told_apart(site)
    for i, crew in enumerate(site.crews):
        if crew.id in apart:
            continue
        r = builder.pool_at[i]
        line = crew_line(site, crew, builder.options.start_ns, builder.options.horizon_ns)
        now = builder.live.present.get(crew.id) if builder.live is not None else None
        if now is not None:
            line = seen_line(line, now, _last_change(builder, crew))
        words[r + at.SIZE] = line[0][1]
        words[r + at.LINES] = builder.m.put(0, [w for entry in line[1:] for w in entry])
        words[r + at.LINES_N] = len(line) - 1


def _last_change(builder: Builder, crew: Crew) -> int | None:
    """Nanoseconds since the plan last changed this crew, where that was within the slack of a break; else None."""
    slack = SLACK_NS
    before = crew_line(builder.site, crew, builder.options.start_ns - slack, slack)
    return slack - before[-1][0] if len(before) > 1 else None
