"""Buffers and crews, written into an image."""

from __future__ import annotations

from andon.models.simulate.builder import Builder
from andon.models.simulate.calendar import SLACK_NS, crew_line, seen_line
from andon.models.simulate.crews import told_apart
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.missing import shorter
from andon.models.simulate.ways import carried_to
from andon.site.floor import Buffer, Crew, Station


def stores_and_pools(builder: Builder) -> None:
    """Each station's buffer; each crew with the line of its strength over time."""
    site, words = builder.site, builder.m.words
    capacity = {b.id: b.capacity for b in site.buffers}
    buffers = {b.id: b for b in site.buffers}
    sharing: dict[str, int] = {}
    for i, station in enumerate(site.stations):
        s = builder.store_at[i]
        if station.buffer in sharing:
            raise Unrunnable(f"buffer `{station.buffer}` serves two stations; give each station its own buffer")
        sharing[station.buffer] = s
        words[s + at.CAPACITY] = capacity[station.buffer]
        words[s + at.AT_STATION] = i
        words[s + at.RULE] = rule_of(builder, buffers[station.buffer], station)
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
        line = shorter(site, crew.id, line)
        words[r + at.SIZE] = line[0][1]
        words[r + at.LINES] = builder.m.put(0, [w for entry in line[1:] for w in entry])
        words[r + at.LINES_N] = len(line) - 1


def gathers(station: Station) -> bool:
    """Whether its loads are waited for."""
    return station.batch_least > 1 or station.batch_alike or station.lot


DISCIPLINES = {"fifo": at.FIRST_IN, "lifo": at.LAST_IN, "priority": at.RANKED}
"""Orders of a buffer, and what the kernel calls them."""


def rule_of(builder: Builder, buffer: Buffer, station: Station) -> int:
    """How jobs stand in the buffer of a station."""
    if buffer.capacity == 0 and not station.cards:
        _refuse_nothing_to_wait_in(builder, buffer, station)
        return at.HANDED
    if buffer.discipline == "priority" and station.dispatch != "fifo":
        raise Unrunnable(
            f"jobs in `{buffer.id}` stand by priority, and station `{station.id}` dispatches by `{station.dispatch}`; "
            "keep one of the two"
        )
    if not gathers(station):
        return DISCIPLINES[buffer.discipline]
    if station.dispatch != "fifo" or buffer.discipline == "lifo":
        what = f"station `{station.id}` waits for loads, first come first served or by its buffer's priority"
        raise Unrunnable(
            f"{what}, and has another rule for its queue; remove `dispatch` and `discipline: lifo`, or `batch_least`, "
            "`batch_alike` and `lot`"
        )
    if station.batch_least > station.batch:
        raise Unrunnable(
            f"station `{station.id}` waits for {station.batch_least} jobs and holds {station.batch}; mend it"
        )
    return at.RANKED if buffer.discipline == "priority" else at.TIMED


def _refuse_nothing_to_wait_in(builder: Builder, buffer: Buffer, station: Station) -> None:
    """What needs jobs that wait, where none can.

    Raises:
        Unrunnable: naming the buffer and the station.
    """
    why = ""
    if station.batch > 1 or gathers(station):
        why = "loads are put together from jobs that wait there"
    elif station.dispatch != "fifo" or buffer.discipline != "fifo":
        why = "a rule chooses among jobs that wait there"
    elif builder.schedule is not None:
        why = "a schedule chooses among jobs that wait there"
    elif station.id in carried_to(builder.site):
        why = "vehicles set jobs down there"
    if why:
        raise Unrunnable(f"buffer `{buffer.id}` of station `{station.id}` has no places, and {why}; give it places")


def _last_change(builder: Builder, crew: Crew) -> int | None:
    """Nanoseconds since the plan last changed this crew, where that was within the slack of a break; else None."""
    slack = SLACK_NS
    before = crew_line(builder.site, crew, builder.options.start_ns - slack, slack)
    return slack - before[-1][0] if len(before) > 1 else None
