"""Which crews a site needs as single people, and which as mere numbers; who may be asked for what."""

from __future__ import annotations

from andon.models.simulate.laws import Unrunnable
from andon.site.floor import Crew
from andon.site.model import Site

PEOPLE_MAX = 20_000
"""People who are told apart, over all crews and shifts."""


def askers(site: Site) -> list[tuple[str, str, int]]:
    """Every ask of a site: (who asks, for which skill or crew, how many people)."""
    found = []
    for s in site.stations:
        who = s.skill or s.crew
        if who and (s.crew_for == "processing" or (s.setup and not s.setup_skill)):
            found.append((f"station `{s.id}`", who, s.people))
        if s.setup_skill and s.setup:
            found.append((f"the set-up of station `{s.id}`", s.setup_skill, s.setup_people))
        b = s.breakdown
        if b is not None and (b.skill or b.crew):
            found.append((f"a repair at station `{s.id}`", b.skill or b.crew or "", b.people))
        plans = [plan for plan in s.maintenance if plan.skill or plan.crew]
        found += [(f"planned work at station `{s.id}`", p.skill or p.crew or "", p.people) for p in plans]
        if s.wear is not None and (s.wear.skill or s.wear.crew):
            found.append((f"a new tool at station `{s.id}`", s.wear.skill or s.wear.crew or "", 1))
    damages = [d for d in site.disturbances if d.kind == "damaged-packaging" and (d.skill or d.crew)]
    found += [(f"damage `{d.id}`", d.skill or d.crew or "", d.people) for d in damages]
    for fleet in site.fleets:
        if (b := fleet.breakdown) is not None and (b.skill or b.crew):
            found.append((f"a repair of fleet `{fleet.id}`", b.skill or b.crew or "", b.people))
        r = fleet.battery.recovery if fleet.battery is not None else None
        if r is not None and (r.skill or r.crew):
            found.append((f"a recovery of fleet `{fleet.id}`", r.skill or r.crew or "", r.people))
    return found


def who_can(site: Site, skill: str) -> list[Crew]:
    """The crews whose people have a skill; a crew's own id is a skill of it alone."""
    return [c for c in site.crews if c.id == skill or skill in c.skills]


def told_apart(site: Site) -> frozenset[str]:
    """Crews whose people are single people in the model; the others are a number of people, which costs less.

    Raises:
        Unrunnable: somebody asks for a skill that nobody has, or for more people than there ever are.
    """
    apart = {
        c.id for c in site.crews if c.walk_m_per_s or c.break_late_min or c.work_max_min or c.lift_max_min or c.absence
    }
    lifting = {s.skill or s.crew for s in site.stations if s.lifting}
    for who, skill, people in askers(site):
        crews = who_can(site, skill)
        if not crews:
            raise Unrunnable(f"{who} needs `{skill}`, and no crew has that skill; add it to `skills` of a crew")
        most = max(
            (sum(c.size.get(shift, 0) for c in crews) for shift in [s.id for s in site.shifts]),
            default=sum(sum(c.size.values()) for c in crews),
        )
        if most == 0 and skill not in {c.id for c in crews}:
            raise Unrunnable(f"{who} needs `{skill}`, and nobody who has it is in any shift; give a crew people")
        if people > most > 0:
            raise Unrunnable(
                f"{who} needs {people} people with `{skill}` at a time, and no shift has more than {most}; "
                "make the crew larger or ask for fewer"
            )
        if people > 1 or len(crews) > 1 or skill in lifting:
            apart |= {c.id for c in crews}
    return frozenset(apart)


def people_of(site: Site) -> int:
    """How many people are told apart."""
    apart = told_apart(site)
    shifts = [s.id for s in site.shifts]
    total = sum(
        sum(c.size.get(s, 0) for s in shifts) if shifts else sum(c.size.values()) for c in site.crews if c.id in apart
    )
    if total > PEOPLE_MAX:
        raise Unrunnable(f"{total:,} people cannot be told apart; {PEOPLE_MAX:,} can")
    return total
