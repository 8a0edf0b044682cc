"""What an answer is worth: accurate, fragile or guessing, why, and what the model does not represent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from andon.models.simulate.hidden import hidden
from andon.models.simulate.live import LiveState
from andon.models.simulate.scenario import is_switch
from andon.models.simulate.settable import settings
from andon.models.simulate.tables import curve_value_s
from andon.site.model import Site

ALWAYS = ("late material",)
"""Realities that this model leaves out on every site."""
NEAR = 0.1
"""Share of a validated range that counts as its edge."""


@dataclass(frozen=True)
class Mark:
    """`accurate` inside validated conditions, `fragile` near their edge, `guessing` outside; with the reasons."""

    mark: str
    why: tuple[str, ...]


def not_represented(site: Site, use: str | None = None) -> tuple[str, ...]:
    """What this model of this site leaves out, the use's own list first."""
    found: list[str] = []
    for context in site.uses:
        if (use is None and "simulate" in context.models) or context.id == use:
            found += [text for text in context.not_represented if text not in found]
    found += [f"{h.name}: {h.otherwise}" for h in hidden(site) if not h.stated]
    found += ALWAYS
    if not any(s.wear for s in site.stations):
        found.append("tool wear")
    damage = any(d.outcomes and d.share > 0 for d in site.disturbances)
    if not damage and not any(step.outcomes for product in site.products for route in product.routes for step in route):
        found.append("scrap and rework")
    found += _people(site)
    if site.fleets and site.roads is None:
        found.append("vehicles: no congestion, no batteries, straight ways")
    elif site.fleets:
        found.append("people on the roads outside the stated closures, and vehicles of others")
    return tuple(found)


def _people(site: Site) -> list[str]:
    """What is left out of the people that a site needs."""
    found = []
    machines: dict[str, int] = {}
    for s in site.stations:
        repairs = {s.breakdown.crew, s.breakdown.skill} if s.breakdown else set()
        for who in {s.crew, s.skill, s.setup_skill, *repairs} - {None}:
            machines[who or ""] = machines.get(who or "", 0) + len(s.machines)
    still = [c for c in site.crews if c.walk_m_per_s is None]
    several = [f"`{c.id}`" for c in still if sum(machines.get(who, 0) for who in {c.id, *c.skills}) > 1]
    if several:
        found.append(f"walking: people of {', '.join(several)} are at once where they are needed")
    return found


def conditions(site: Site, live: LiveState | None, overrides: Mapping[str, float]) -> dict[str, float]:
    """Set-points that a question rests on, by the signals that validity ranges are stated for."""
    found: dict[str, float] = {}
    for station in site.stations:
        if station.setpoint is None:
            continue
        for machine in station.machines:
            name = f"{machine}.{station.setpoint}"
            signal = site.signal(name)
            now = live.setpoints.get(machine) if live is not None else None
            value = overrides.get(name, now)
            if value is None:
                continue
            found[name] = value
            if signal is not None and signal.confirm_signal is not None:
                found[signal.confirm_signal] = value
    return found


def mark(
    site: Site,
    live: LiveState | None,
    overrides: Mapping[str, float],
    *,
    validated: bool,
    use: str | None = None,
    unknown: float | None = None,
) -> Mark:
    """Grade an answer.

    Args:
        site: the site.
        live: what it began from.
        overrides: what was changed.
        validated: whether current evidence says that this model was compared with this floor and held.
        use: only this use's validity ranges; None: those of every use of the simulator.
        unknown: share of the variance that uncertain assumptions cause.
    """
    guessing: list[str] = []
    fragile: list[str] = []
    seen = conditions(site, live, overrides)
    for context in site.uses:
        if "simulate" not in context.models or (use is not None and context.id != use):
            continue
        for signal, (low, high) in context.validity.items():
            if signal not in seen:
                continue
            value, edge = seen[signal], NEAR * (high - low)
            if not low <= value <= high:
                guessing.append(f"`{signal}` at {value:g} is outside the validated {low:g} to {high:g}")
            elif value < low + edge or value > high - edge:
                fragile.append(f"`{signal}` at {value:g} is near the edge of the validated {low:g} to {high:g}")
    _beyond_curves(site, seen, guessing)
    other = _never_compared(site, overrides)
    if other:
        fragile.append(f"no floor that has {' and '.join(other)} was ever compared with the model")
    if not validated:
        fragile.append("no current evidence compares this model with this floor")
    if unknown is not None and unknown > 0.5:
        fragile.append(f"{unknown:.0%} of the spread comes from assumptions that we are unsure of")
    if guessing:
        return Mark("guessing", tuple(dict.fromkeys(guessing + fragile)))
    if fragile:
        return Mark("fragile", tuple(dict.fromkeys(fragile)))
    return Mark("accurate", ("inside the conditions that current evidence covers",))


def _never_compared(site: Site, overrides: Mapping[str, float]) -> list[str]:
    """Changes that make another floor of it: all but set-points and the sequence, which have validated ranges."""
    known = settings(site)
    found = []
    for name, value in overrides.items():
        if is_switch(name):
            found.append(f"`{name}`")
        elif name in known and known[name].kind not in {"set-point", "sequence"} and value != known[name].now:
            found.append(f"`{name}` at {value:g}")
    return found


def _beyond_curves(site: Site, seen: Mapping[str, float], guessing: list[str]) -> None:
    """A set-point beyond a curve's declared points is read level from its end: a guess."""
    for station in site.stations:
        for machine in station.machines:
            value = seen.get(f"{machine}.{station.setpoint}")
            if value is None:
                continue
            used = {s.curve for p in site.products for s in p.visits if s.curve and s.station == station.id}
            for curve in site.curves:
                xs = [x for x, _ in curve.points]
                if curve.id in used and not min(xs) <= value <= max(xs) and curve_value_s(curve, value) >= 0:
                    guessing.append(
                        f"`{machine}.{station.setpoint}` at {value:g} is beyond the points of curve `{curve.id}`"
                    )
