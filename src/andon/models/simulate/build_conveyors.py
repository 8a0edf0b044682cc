"""Conveyors, written into an image."""

from __future__ import annotations

from andon.core.time import SECOND
from andon.models.simulate import warm
from andon.models.simulate.builder import Builder
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.tables import mix_words, weights
from andon.models.simulate.ways import follows
from andon.site.floor import Conveyor, places_of
from andon.site.model import Site


def put_belts(builder: Builder) -> None:
    """Each conveyor's store."""
    words, site = builder.m.words, builder.site
    stations = {s.id: i for i, s in enumerate(site.stations)}
    goes = {(a.station, b.station) for p in site.products for a, b in follows(p)}
    taken: set[tuple[str, str]] = set()
    for belt in site.conveyors:
        ends = (belt.start, belt.end)
        if ends not in goes or ends in taken:
            why = "another conveyor goes there" if ends in taken else "no route does"
            raise Unrunnable(f"conveyor `{belt.id}` goes from `{belt.start}` to `{belt.end}`, and {why}; remove it")
        taken.add(ends)
        if places_of(belt) < 1:
            raise Unrunnable(
                f"conveyor `{belt.id}` is shorter than its `spacing_m`, so it holds nothing; mend one of them"
            )
        s = builder.belt_at[belt.id]
        words[s + at.CAPACITY], words[s + at.RULE] = places_of(belt), at.TIMED
        words[s + at.AT_STATION] = stations[belt.start]
        if builder.live is not None and builder.live.belts.get(belt.id):
            words[s + at.MIX] = builder.m.put(0, mix_words(_mix_of(site, belt)))
            warm.belt(words, s, builder.live.belts[belt.id][: places_of(belt)], belt.speed_m_per_s)


def _mix_of(site: Site, belt: Conveyor) -> list[tuple[float, int]]:
    """What may be on a conveyor: (weight, product and the step that it comes from)."""
    return [
        (weight, (i << at.MIX_BITS) + k)
        for i, (p, weight) in enumerate(zip(site.products, weights(site), strict=True))
        for k in range(len(p.route) - 1)
        if (p.route[k].station, p.route[k + 1].station) == (belt.start, belt.end)
    ]


def run_belts(builder: Builder) -> None:
    """Each conveyor's process, which stands at its end."""
    words, begin = builder.m.words, -(1 << 60)
    for belt in builder.site.conveyors:
        rule = [0] * 7
        rule[at.TRANSIT] = round(belt.length_m / belt.speed_m_per_s * SECOND)
        rule[at.HEADWAY] = round(belt.spacing_m / belt.speed_m_per_s * SECOND)
        rule[at.LAST_ON] = rule[at.LAST_OFF] = begin
        rule[at.STOPS_WHOLE], rule[at.PLACES] = int(not belt.accumulating), places_of(belt)
        s = builder.belt_at[belt.id]
        pc = builder.code.add(at.BELT, s, builder.m.put(0, rule))
        p = builder.process(belt.id, at.CONVEYOR, pc, 2)
        words[p + at.HOME] = s
