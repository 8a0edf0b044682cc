"""A twin's own readings as a log of events: what each machine's signals said together, moment by moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from andon.core.readings import Quality, Reading
from andon.models.fit.episodes import ORDER, Event
from andon.site.model import Site

PROPERTIES = ("state", "job", "count")
"""Of a machine; of a product `waiting`, which goes up when an order comes."""


def wanted_signals(site: Site) -> tuple[str, ...]:
    """The signals of a site that say what its machines did and when orders came."""
    machines = {m for s in site.stations for m in s.machines}
    products = {p.id for p in site.products}
    return tuple(
        s.id
        for s in site.signals
        if (s.element in machines and s.property in PROPERTIES) or (s.element in products and s.property == "waiting")
    )


@dataclass
class _Seen:
    """What is known of one machine."""

    state: str | None = None
    product: str = ""
    count: int | None = None


def events_of(site: Site, readings: Iterable[Reading]) -> Iterator[Event]:
    """Events out of readings that are ordered by source time, then arrival.

    Readings of one machine at the same moment become one event. A state of bad quality is unknown from then on.
    """
    machines = {m for s in site.stations for m in s.machines}
    seen: dict[str, _Seen] = {}
    waiting: dict[str, float] = {}
    changed: dict[str, int] = {}
    now = -1
    for reading in readings:
        element, _, name = reading.signal.partition(".")
        if reading.source_time != now:
            yield from _told(seen, changed, now)
            changed, now = {}, int(reading.source_time)
        bad = reading.quality == Quality.BAD
        if element in machines:
            here = seen.setdefault(element, _Seen())
            if name == "state":
                here.state = "unknown" if bad else str(reading.value)
            elif name == "job" and not bad:
                here.product = str(reading.value)
            elif name == "count" and not bad:
                here.count = int(reading.value)
            changed[element] = now
        elif name == "waiting" and not bad:
            level = float(reading.value)
            if level > waiting.get(element, level):
                yield Event(now, element, ORDER)
            waiting[element] = level
    yield from _told(seen, changed, now)


def _told(seen: dict[str, _Seen], changed: dict[str, int], now: int) -> Iterator[Event]:
    for element in changed:
        here = seen[element]
        if here.state is not None:
            yield Event(now, element, here.state, here.product, here.count)
