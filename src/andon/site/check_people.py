"""Who is asked for, who can, and how people rest: skills, numbers of people, breaks in groups, lifting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from andon.site.check_names import EACH, walk
from andon.site.draft import Draft
from andon.site.floor import Distribution
from andon.site.problems import Problem, did_you_mean, shown
from andon.site.shape import Item, Path

ASKS: tuple[tuple[Path, str], ...] = (
    (("skill",), "people"),
    (("setup_skill",), "setup_people"),
    (("breakdown", "skill"), "people"),
    (("maintenance", EACH, "skill"), "people"),
    (("wear", "skill"), ""),
)
"""Where a station names a skill, and how many people with it."""


def check(made: Draft) -> Iterator[Problem]:
    """Everything about people that no other check knows."""
    for item in made.all("station"):
        yield from _asks(made, item)
        yield from _lifting(item)
    for item in made.all("disturbance"):
        yield from _who(item, (), item.raw)
        if isinstance(item.raw.get("skill"), str) and not made.unread & {"crew", "shift"}:
            yield from _asked(made, item, ("skill",), item.raw["skill"], ("people",))
    for item in made.all("fleet"):
        for place in (("breakdown",), ("battery", "recovery")):
            yield from _helpers(made, item, place)
    for item in made.all("crew"):
        if item.get("lift_max_min") and not any(s.raw.get("lifting") for s in made.all("station")):
            what = f"{item.label} has a limit on lifting, and no station says what is lifted"
            yield item.problem(("lift_max_min",), what, "add `lifting` to a station, or remove it")
        yield from _absence(made, item)
        if item.raw.get("walk_along") == "roads" and item.raw.get("walk_m_per_s") is None:
            what = f"{item.label} walks along roads in no time"
            yield item.problem(("walk_along",), what, "add `walk_m_per_s`, or remove it")
        if item.raw.get("walk_along") == "roads" and not made.all("node") and "node" not in made.unread:
            what = f"{item.label} walks along roads, and the site has none"
            yield item.problem(("walk_along",), what, "add roads.yaml, or walk straight")
    for item in made.all("shift"):
        yield from _groups(item)


def _asks(made: Draft, item: Item) -> Iterator[Problem]:
    raw: dict[str, Any] = item.raw
    paths: tuple[Path, ...] = ((), ("breakdown",), ("wear",), ("maintenance", EACH))
    for path in paths:
        for place, own in walk(raw, path):
            if isinstance(own, dict):
                yield from _who(item, place, own)
    if raw.get("setup_skill") is not None and raw.get("setup") is None:
        what = f"{item.label} has a `setup_skill` and no `setup`"
        yield item.problem(("setup_skill",), what, "name a set-up time, or remove it")
    if raw.get("setup_people") not in {None, 1} and raw.get("setup_skill") is None:
        what = f"{item.label} has `setup_people` and no `setup_skill`"
        yield item.problem(("setup_people",), what, "name the skill, or use `people`")
    if raw.get("skill") is not None and raw.get("crew_for") == "setup" and raw.get("setup") is None:
        what = f"{item.label} holds people for set-up and has no `setup`"
        yield item.problem(("crew_for",), what, "name a set-up time, or use `crew_for: processing`")
    if made.unread & {"crew", "shift"}:
        return
    for path, count in ASKS:
        for place, skill in walk(raw, path):
            if isinstance(skill, str):
                yield from _asked(made, item, place, skill, (*place[:-1], count) if count else ())
    if isinstance(raw.get("crew"), str) and raw["crew"] in made.ids("crew"):
        yield from _asked(made, item, ("crew",), raw["crew"], ("people",))


def _who(item: Item, place: Path, own: dict[str, Any]) -> Iterator[Problem]:
    """A crew or a skill, and which people it takes."""
    if own.get("crew") is not None and own.get("skill") is not None:
        yield item.problem((*place, "skill"), f"{item.label} names a `crew` and a `skill`", "keep one of them")
    if own.get("people") not in {None, 1} and own.get("crew") is None and own.get("skill") is None:
        what = f"{item.label} needs people and does not say which"
        yield item.problem((*place, "people"), what, "name a `crew` or a `skill`")


def _helpers(made: Draft, item: Item, place: Path) -> Iterator[Problem]:
    """Who repairs vehicles, and who recovers them."""
    own: Any = item.raw
    for key in place:
        own = own.get(key) if isinstance(own, dict) else None
    if not isinstance(own, dict):
        return
    yield from _who(item, place, own)
    if made.unread & {"crew", "shift"}:
        return
    for word in ("skill", "crew"):
        who = own.get(word)
        if isinstance(who, str) and (word == "skill" or who in made.ids("crew")):
            yield from _asked(made, item, (*place, word), who, (*place, "people"))


def _asked(made: Draft, item: Item, place: Path, skill: str, count: Path) -> Iterator[Problem]:
    can = [c for c in made.all("crew") if c.written_id == skill or skill in (c.raw.get("skills") or ())]
    if not can:
        known = {s for c in made.all("crew") for _, s in walk(c.raw, ("skills", EACH)) if isinstance(s, str)}
        known |= set(made.names("crew"))
        where = ".".join(key for key in place if isinstance(key, str))
        what = f"`{where}` of {item.label} is {shown(skill)}, and no crew has that skill"
        yield item.problem(place, what, did_you_mean(skill, known, "add it to the `skills` of a crew"))
        return
    wanted = _number(item.raw, count) if count else 1
    sizes: dict[str, int] = {}
    for crew in can:
        for shift, people in (crew.get("size") or {}).items():
            sizes[shift] = sizes.get(shift, 0) + people
    most = max(sizes.values(), default=0)
    if isinstance(wanted, int) and wanted > most > 0:
        what = f"{item.label} needs {wanted} people with `{skill}` at a time, and no shift has more than {most}"
        yield item.problem(count, what, "make the crew larger, or ask for fewer")


def _number(raw: Any, path: Path) -> Any:
    """What stands at a path; 1 where nothing does."""
    for key in path:
        try:
            raw = raw[key]
        except (KeyError, IndexError, TypeError):
            return 1
    return raw


def _lifting(item: Item) -> Iterator[Problem]:
    raw = item.raw
    if not raw.get("lifting"):
        return
    if (raw.get("crew") is None and raw.get("skill") is None) or raw.get("crew_for") == "setup":
        what = f"{item.label} says what is lifted in processing, and nobody is held for processing"
        yield item.problem(("lifting",), what, "name a `crew` or a `skill`, and `crew_for: processing`")


def _absence(made: Draft, item: Item) -> Iterator[Problem]:
    """A share, not a percentage."""
    assumption = made.ids("assumption").get(item.get("absence") or "")
    found = assumption.get("distribution") if assumption is not None else None
    if assumption is None or not isinstance(found, Distribution):
        return
    largest = next((x for x in (found.value, found.high, found.mean) if x is not None), 0.0)
    if largest > 1.0 and assumption.get("unit") == "1":
        what = f"{assumption.label} can be {largest:g}, and {item.label} takes it as a share of absent people"
        yield assumption.problem(("distribution",), what, "write 0.05 for one in twenty")


def _groups(item: Item) -> Iterator[Problem]:
    """The last group's break ends inside the shift."""
    for place, pause in enumerate(item.get("breaks") or ()):
        start, end = item.get("start"), item.get("end")
        if pause.groups == 1 or start is None or end is None:
            continue
        try:
            begin, finish, at = (int(t[:2]) * 60 + int(t[3:]) for t in (start, end, pause.start))
        except ValueError:
            continue
        if (at - begin) % 1440 + pause.groups * pause.minutes > ((finish - begin) % 1440 or 1440):
            what = f"the last of {pause.groups} groups of {item.label} has its break of {pause.start} after the shift"
            yield item.problem(("breaks", place, "groups"), what, "start it earlier, or use fewer groups")
