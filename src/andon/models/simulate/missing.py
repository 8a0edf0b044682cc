"""Who is not there by a scenario: so many of a crew, or of those with a skill, and never anybody in particular."""

from __future__ import annotations

from andon.models.simulate.crews import who_can
from andon.models.simulate.kernel import layout as at
from andon.site.model import Site
from andon.site.stops import Scenario

Line = list[tuple[int, int, int]]
"""What one person's plan says: (when, COME, GO or PAUSE, number)."""


def gone(site: Site, crew: str, shift: str) -> list[tuple[int, int, int]]:
    """(from when, until when, how many) people of a crew are missing in a shift, nanoseconds from the start.

    Of a skill that several crews have, they are missing where people can do the least: specialists first; and in the
    next crew where that one has not as many.
    """
    found = []
    for s in site.scenarios:
        if s.kind == "missing-worker":
            n = _of(site, s, crew, shift)
            if n:
                found.append((round(s.from_s * 1e9), round((s.from_s + s.for_s) * 1e9), n))
    return found


def _of(site: Site, scenario: Scenario, crew: str, shift: str) -> int:
    left = int(scenario.amount)
    able = sorted(who_can(site, scenario.what), key=lambda c: len(set(c.skills)))
    if [c.id for c in able] == [crew]:
        return left
    for one in able:
        here = min(left, one.size.get(shift, 0) if shift else sum(one.size.values()))
        if one.id == crew:
            return here
        left -= here
    return 0


def shorter(site: Site, crew: str, line: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """A crew's line without those who are missing by a scenario: (from when, how many are there)."""
    shifts = [s.id for s in site.shifts] or [""]
    # How many are missing is the same in every shift, unless one has too few people; then nobody is there anyway.
    most: dict[tuple[int, int, int], int] = {}
    for k, scenario in enumerate(s for s in site.scenarios if s.kind == "missing-worker"):
        n = max(_of(site, scenario, crew, shift) for shift in shifts)
        if n:
            most[round(scenario.from_s * 1e9), round((scenario.from_s + scenario.for_s) * 1e9), k] = n
    if not most:
        return line
    moments = sorted({when for when, _ in line} | {t for begin, end, _ in most for t in (begin, end)})
    found: list[tuple[int, int]] = []
    for when in moments:
        there = [n for t, n in line if t <= when][-1]
        left = max(0, there - sum(n for (begin, end, _), n in most.items() if begin <= when < end))
        if not found or found[-1][1] != left:
            found.append((when, left))
    return found


def without(line: Line, begin: int, end: int) -> Line:
    """A person's line with nobody there from `begin` to `end`: they go then, and come when it is over, as planned.

    Who would come back in the middle of a break comes when that is over.

    >>> come, go, pause = at.COME, at.GO, at.PAUSE
    >>> without([(0, come, 7), (30, pause, 5), (60, pause, 5), (90, go, 0)], 20, 50)
    [(0, 1, 7), (20, 2, 0), (50, 1, 1099511627783), (60, 3, 5), (90, 2, 0)]
    >>> without([(10, come, 7), (30, pause, 5), (90, go, 0)], 0, 200)
    []
    >>> without([(10, come, 7), (30, pause, 5), (90, go, 0)], 0, 32)
    [(35, 1, 7), (90, 2, 0)]
    """
    found: Line = []
    name, come, since = 0, False, 0
    pauses: Line = []
    for when, does, number in line:
        if does == at.COME:
            name, come, since, pauses = number, True, when, []
        elif does == at.PAUSE:
            pauses.append((when, does, number))
        elif come:
            come = False
            back_at = max([end, *(t + n for t, _, n in pauses if t < end < t + n)])  # not in the middle of a break
            for a, b in ((since, min(when, begin)), (max(since, back_at), when)):
                if a < b:
                    back = a > since and since < begin and name != -1
                    found.append((a, at.COME, at.RETURNS + (name if name >= 0 else -2 - name) if back else name))
                    found += [(t, what, min(n, b - t)) for t, what, n in pauses if a <= t < b]
                    found.append((b, at.GO, 0))
    return found
