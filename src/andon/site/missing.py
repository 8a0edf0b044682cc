"""What a site does not say, in plain words: printed with every answer that it could change."""

from __future__ import annotations

from andon.site.model import Site
from andon.site.supply import begun


def not_represented(site: Site) -> tuple[str, ...]:
    """The usual assumptions that a site lacks: demand, downtime, worker availability, sensor error, delays, exceptions.

    None of them is an error. Each line says what is missing and how the models behave without it.
    """
    missing: list[str] = []
    ordered = {d.product for d in site.demand} | {o.product for o in site.orders}
    ever = begun(site.products, ordered)
    if site.products and not ordered:
        missing.append("demand: no orders are declared, so nothing says when work arrives")
    elif unordered := [p.id for p in site.products if p.id not in ever]:
        missing.append(f"demand: nobody orders {_listed(unordered)}")
    if never := [s.id for s in site.stations if s.breakdown is None]:
        missing.append(f"downtime: no breakdowns are declared for {_listed(never)}")
    if alone := [s.id for s in site.stations if s.crew is None and s.skill is None]:
        missing.append(f"worker availability: nobody is needed at {_listed(alone)}")
    if never_absent := [c.id for c in site.crews if c.absence is None]:
        what = f"nobody of {_listed(never_absent)} is ever ill or called away"
        missing.append(f"worker availability: {what}, so crews are as large as the shift says")
    stated = {d.kind if d.kind != "damaged-packaging" else "exceptions" for d in site.disturbances}
    if site.signals and "sensor-error" not in stated:
        missing.append("sensor error: readings are taken as exact")
    prompt = [s.id for s in site.stations if s.breakdown is not None and not (s.breakdown.crew or s.breakdown.skill)]
    if prompt and "maintenance-delay" not in stated:
        missing.append(f"maintenance delay: repairs begin at once at {_listed(prompt)}")
    inspected = any(step.outcomes for product in site.products for route in product.routes for step in route)
    if site.stations and "exceptions" not in stated:
        known = "" if inspected else "rework, scrap, "
        missing.append(f"exceptions: no {known}missing material, spill or improvised repair")
    return tuple(missing)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)
