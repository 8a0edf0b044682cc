"""The figures that an answer gives, one number a replication each: one table for every kind of answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from andon.models.simulate.energy import energy_figures
from andon.models.simulate.figure import Figure
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.rows import STATES, Rows
from andon.models.simulate.staff import staff_figures
from andon.models.simulate.traffic import traffic_figures

__all__ = ["Figure", "figures"]


LESS = frozenset({"setup", "blocked", "down", "waiting_crew", "planned", "warming", "stopped"})
"""States of a machine of which less is better; of the others nobody says."""


def key(name: str) -> str:
    """A figure's name as it is compared: spaces, dashes and underscores are alike.

    >>> key(" Lead_time "), key("ball-valve completed")
    ('lead time', 'ball valve completed')
    """
    return re.sub(r"[\s_-]+", " ", name.strip().lower())


def figures(rows: Rows, *names: str) -> tuple[Figure, ...]:
    """Every figure of a site, the most asked-for first; a new one is a line here.

    Args:
        rows: the replications.
        names: what is asked for; a figure of a station stands behind the usual ones only when it is among them, or
            all of them do when there is none of that name.
    """
    found, asked = _usual(rows), {key(name) for name in names if name}
    asked -= {key(f.name) for f in found}
    if not asked:
        return found
    more = tuple(station_figures(rows))
    named = tuple(f for f in more if key(f.name) in asked)
    return (*found, *(named if len(named) == len(asked) else more))


def station_figures(rows: Rows) -> Iterator[Figure]:
    """What stations do with their time, and how many jobs wait there; hundreds of figures on a large site."""
    for i, station in enumerate(rows.image.site.stations):
        for k, state in enumerate(STATES):
            name = f"{station.id} {state.replace('_', ' ')}"
            yield Figure(name, "share", rows.station_share(i, k), -1 if state in LESS else 0)
        yield Figure(f"{station.id} queue", "jobs", rows.queue(i), -1)


def _usual(rows: Rows) -> tuple[Figure, ...]:
    hours = rows.seconds / 3600.0
    found = [
        Figure("completed", "jobs", rows.done(), 1),
        Figure("throughput", "jobs/h", rows.done() / hours, 1),
        Figure("lead time", "h", rows.lead_s() / 3600.0, -1),
        Figure("floor time", "h", rows.lead_s(word=at.FLOW_US) / 3600.0, -1),
        Figure("work in progress", "jobs", rows.wip(), -1),
        Figure("orders on time", "share", rows.on_time(), 1),
    ]
    for i, product in enumerate(rows.image.products):
        found += [
            Figure(f"{product} completed", "jobs", rows.done(i), 1),
            Figure(f"{product} lead time", "h", rows.lead_s(i) / 3600.0, -1),
            Figure(f"{product} orders on time", "share", rows.on_time(i), 1),
        ]
        if any(step.outcomes for route in rows.image.site.products[i].routes for step in route):
            found += [
                Figure(f"{product} yield", "share", rows.good(i), 1),
                Figure(f"{product} scrapped", "jobs", rows.scrapped(i), -1),
                Figure(f"{product} reworked", "times", rows.reworked(i), -1),
            ]
    for i, belt in enumerate(rows.image.conveyors):
        found += [
            Figure(f"{belt} jobs", "jobs", rows.on_belt(i), -1),
            Figure(f"{belt} blocked", "share", rows.belt_share(i, at.BLOCKED), -1),
        ]
    found += [Figure(f"{shelf} stock", "jobs", rows.stock(i), -1) for i, shelf in enumerate(rows.image.shelves)]
    if rows.image.book:
        found.append(Figure("orders' tardiness", "h", rows.tardiness_s() / 3600.0, -1))
        found += [
            Figure(f"{product} orders' tardiness", "h", rows.tardiness_s(i) / 3600.0, -1)
            for i, product in enumerate(rows.image.products)
        ]
    return (*found, *traffic_figures(rows), *energy_figures(rows), *staff_figures(rows))
