"""The figures that an answer gives, one number a replication each: one table for every kind of answer."""

from __future__ import annotations

from andon.models.simulate.energy import energy_figures
from andon.models.simulate.figure import Figure
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.rows import Rows
from andon.models.simulate.staff import staff_figures
from andon.models.simulate.traffic import traffic_figures

__all__ = ["Figure", "figures"]


def figures(rows: Rows) -> tuple[Figure, ...]:
    """Every figure of a site, the most asked-for first; a new one is a line here."""
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
