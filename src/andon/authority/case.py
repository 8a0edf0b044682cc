"""One question put to the requirements: a use, at a moment, with everything that a check may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from andon.authority.baseline import SiteIndex
from andon.authority.facts import Facts, SignalFact
from andon.authority.records import RecordView
from andon.core.time import Nanos
from andon.site.model import ContextOfUse, Signal, Site, Tier

PEOPLE_WHO_APPROVE = frozenset({"safety", "supervisor", "engineer"})
NAMED_MAX = 4
"""How many signals a reason names before it only counts the rest."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found. Anything but an explicit `met` is unmet."""

    met: bool
    why: str
    evidence: str = ""
    until: Nanos | None = None
    owner: str = ""
    """Who can mend it, where the case knows better than the table."""


@dataclass(frozen=True, slots=True)
class Case:
    """A use that exists, the records and facts of the moment, and its baseline."""

    use: ContextOfUse
    index: SiteIndex
    view: RecordView
    facts: Facts
    parts: Mapping[str, str]
    baseline: str
    part_tier: Callable[[str], Tier]
    """Tier that another use holds which this one is composed of."""

    @property
    def site(self) -> Site:
        """The site as read."""
        return self.index.site

    @property
    def at(self) -> Nanos:
        """The moment that is judged."""
        return self.facts.at

    def fact(self, signal: str) -> SignalFact | None:
        """What is known of a signal now."""
        return self.facts.signals.get(signal)

    def written(self) -> tuple[Signal, ...]:
        """The declared signals that this use may write."""
        return tuple(self.index.signals[w] for w in self.use.writes if w in self.index.signals)

    def elements_written(self) -> frozenset[str]:
        """Elements that a command of this use acts on."""
        return frozenset(s.element for s in self.written())


Check = Callable[[Case], Verdict]


def met(why: str, evidence: str = "", until: Nanos | None = None) -> Verdict:
    """The condition holds."""
    return Verdict(True, why, evidence, until)


def unmet(why: str, evidence: str = "", owner: str = "") -> Verdict:
    """The condition does not hold."""
    return Verdict(False, why, evidence, None, owner)


def named(problems: list[str]) -> str:
    """The first few problems, and how many more there are."""
    shown = "; ".join(problems[:NAMED_MAX])
    more = len(problems) - NAMED_MAX
    return f"{shown}; and {more} more" if more > 0 else shown


def person(site: Site, person_id: str) -> str:
    """A person's name in one spelling, by which two accounts of one human are recognised; empty when unknown."""
    found = next((p for p in site.people if p.id == person_id), None)
    return " ".join(found.name.casefold().split()) if found else ""


def roles(site: Site, person_id: str) -> frozenset[str]:
    """Roles that people.yaml gives a person."""
    found = next((p for p in site.people if p.id == person_id), None)
    return frozenset(found.roles) if found else frozenset()


def same_human(site: Site, one: str, other: str) -> bool:
    """Whether two ids are one account, or two accounts with the same name."""
    return one == other or (person(site, one) != "" and person(site, one) == person(site, other))
