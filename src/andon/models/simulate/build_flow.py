"""Routes as a graph of steps: what follows what, by chance or by choice, written into an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from andon.models.simulate.builder import Builder
from andon.models.simulate.damage import damage_at
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.site.floor import OtherStation, Product, Step
from andon.site.stops import Outcome

KINDS = {"priority": at.BY_ORDER, "first-free": at.BY_FREE, "shortest-queue": at.BY_QUEUE}
SCRAPPED, FINISHED = "scrap", "done"
"""Words of an outcome that are no steps."""
IF_DAMAGED = 1000
"""What outcomes of damage are counted from, beside those of the step."""
COUNTERS_MAX = 15
"""Outcomes of one product that count how often a job was sent back."""
STEPS_MAX = 60_000
ENTRY_NUMBER, KIT_NUMBER = 255, 254
"""Steps of one product, alternatives included."""
Link = tuple[int, int]
"""NEXT_STEP and FORK of a record."""


def draw_number(number: int) -> int:
    """What names a step's draws, beside its job's serial number, which stands from the ninth bit on.

    Steps beyond those that eight bits can tell apart, and beyond the two numbers that stand for entries and kits, are
    told apart above every serial number.
    """
    return number if number < KIT_NUMBER else ((number >> 8) + 1 << 54) + (number & 255)


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways of a fork in the making."""

    share: float
    link: Link
    does: int = at.LET_GO
    counter: int = 0
    most: int = 0


class Graph:
    """The steps of one product: first the real ones, then the ways out that forks put jobs at."""

    def __init__(self, builder: Builder, product: Product, address: int) -> None:
        self.builder, self.product, self.address = builder, product, address
        self.places: dict[tuple[int, int, int], int] = {}
        """Address by route, step and alternative (0: the step's own station)."""
        self._stations = {s.id: i for i, s in enumerate(builder.site.stations)}
        self._curves = {c.id: i for i, c in enumerate(builder.site.curves)}
        self._counters: dict[tuple[int, int, int], int] = {}
        """Which counter an outcome with `at_most` has, by route, step and outcome: the same at all of its stations."""
        self._enters = False

    def write(self) -> None:
        """All of it; the product's record learns where it begins."""
        words, a = self.builder.m.words, self.address
        where = [(r, k, j) for r, k, j, _ in self._visits()]
        if len(where) > STEPS_MAX:
            raise Unrunnable(f"product `{self.product.id}` has more than {STEPS_MAX} steps; make the route shorter")
        if not where:
            self._deliver(a)
            return
        first = self.builder.m.put(0, [w for _, k, _, visit in self._visits() for w in self._step(visit)])
        self.places = {key: first + n * at.STEP_WORDS for n, key in enumerate(where)}
        number = 0
        for r, route in enumerate(self.product.routes):
            for k, step in enumerate(route):
                for j in range(1 + len(step.others)):
                    words[self.places[r, k, j] + at.STEP_NUMBER] = draw_number(number)
                number += 1
        for r, k, j in where:
            here = self.places[r, k, j]
            words[here + at.NEXT_STEP], words[here + at.FORK] = self._after(here, r, k)
            words[here + at.IF_DAMAGED] = self._if_damaged(here, r, k)
        words[a + at.ROUTE], words[a + at.ROUTE_N] = first, len(where)
        words[a + at.FIRST] = words[first + at.AT_STORE]
        self._entry(a)

    def _visits(self) -> Iterator[tuple[int, int, int, Step | OtherStation]]:
        for r, route in enumerate(self.product.routes):
            yield from ((r, k, 0, step) for k, step in enumerate(route))
            yield from ((r, k, j, v) for k, step in enumerate(route) for j, v in enumerate(step.others, 1))

    def _step(self, visit: Step | OtherStation) -> list[int]:
        builder = self.builder
        k = self._stations[visit.station]
        words = [0] * at.STEP_WORDS
        words[at.AT_STORE], words[at.STEP_STATION] = builder.store_at[k], k
        curve = builder.site.curves[self._curves[visit.curve]] if visit.curve else None
        words[at.CURVE] = self._curves[visit.curve] if visit.curve else -1
        if visit.time:
            words[at.TIME] = _paced(builder, visit.time, visit.station)
        else:
            words[at.TIME] = builder.reals.at[curve.spread] if curve and curve.spread else builder.reals.one
        return words

    def _after(self, here: int, r: int, k: int) -> Link:
        """Where a job goes from the step at `here`, which is step `k` of route `r`."""
        step = self.product.routes[r][k]
        if not step.outcomes:
            return self._to(here, r, k + 1)
        ways = [self._way(here, r, k, i, outcome) for i, outcome in enumerate(step.outcomes)]
        rest = 1.0 - sum(o.share for o in step.outcomes)
        if rest < -1e-9:
            raise Unrunnable(
                f"the outcomes of `{step.called}` of product `{self.product.id}` add up to more than 1; lower a share"
            )
        if rest > 1e-9:
            ways.append(Way(rest, self._to(here, r, k + 1)))
        return 0, self._fork(here, at.BY_CHANCE, at.FOR_OUTCOME, ways)

    def _way(self, here: int, r: int, k: int, i: int, outcome: Outcome) -> Way:
        route = self.product.routes[r]
        if outcome.to == SCRAPPED:
            return Way(outcome.share, (0, 0), at.SCRAP)
        if outcome.to == FINISHED:
            return Way(outcome.share, self._to(here, r, len(route)))
        there = next((n for n, step in enumerate(route) if step.called == outcome.to), None)
        if there is None:
            raise Unrunnable(
                f"`{route[k].called}` of product `{self.product.id}` sends jobs to `{outcome.to}`, which is no step of "
                "its route; name one"
            )
        counter = 0
        if outcome.at_most:
            counter = self._counters.setdefault((r, k, i), len(self._counters))
            if counter >= COUNTERS_MAX:
                raise Unrunnable(
                    f"product `{self.product.id}` has more than {COUNTERS_MAX} outcomes with `at_most`; use fewer"
                )
        back = at.SEND_BACK if there <= k else at.LET_GO
        return Way(outcome.share, self._to(here, r, there), back, counter, outcome.at_most or 0)

    def _if_damaged(self, here: int, r: int, k: int) -> int:
        """The fork of jobs that come damaged to the step at `here`; 0 where they all go on after their handling."""
        site = self.builder.site
        stated = damage_at(site, site.stations[self.builder.m.words[here + at.STEP_STATION]].id)
        steps = {step.called for step in self.product.routes[r]}
        outcomes = [o for o in (stated.outcomes if stated else ()) if o.to == SCRAPPED or o.to in steps]
        if not outcomes:
            return 0
        ways = [self._way(here, r, k, IF_DAMAGED + i, outcome) for i, outcome in enumerate(outcomes)]
        ways.append(Way(1.0 - sum(o.share for o in outcomes), (0, 0), at.GOES_ON))
        return self._fork(here, at.BY_CHANCE, at.FOR_VERDICT, ways)

    def _to(self, here: int, r: int, k: int) -> Link:
        """The way to step `k` of route `r`, from the step at `here` (0: from outside)."""
        if k == len(self.product.routes[r]):
            return self.builder.shelf_step.get(self.product.id, 0), 0
        step = self.product.routes[r][k]
        ends = [(self._over(here, self.places[r, k, j]), 0) for j in range(1 + len(step.others))]
        if not step.others:
            return ends[0]
        if step.choice != "probability":
            return 0, self._fork(here, KINDS[step.choice], 0, [Way(0.0, end) for end in ends])
        shares = [other.share or 0.0 for other in step.others]
        ways = [Way(share, end) for share, end in zip([1.0 - sum(shares), *shares], ends, strict=True)]
        return 0, self._fork(here, at.BY_CHANCE, at.FOR_WAY, ways)

    def _over(self, here: int, there: int) -> int:
        """The step at `there`, or, where a conveyor goes from here to there, a step on the conveyor before it."""
        words, stations = self.builder.m.words, self.builder.site.stations
        if not here:
            return there
        ends = tuple(stations[words[step + at.STEP_STATION]].id for step in (here, there))
        belt = next((c for c in self.builder.site.conveyors if (c.start, c.end) == ends), None)
        if belt is None or self._enters:
            return there
        record = words[there : there + at.STEP_WORDS]
        record[at.AT_STORE], record[at.STEP_STATION] = self.builder.belt_at[belt.id], words[here + at.STEP_STATION]
        record[at.NEXT_STEP], record[at.FORK], record[at.DEED] = there, 0, 0
        return self.builder.m.put(0, record)

    def _fork(self, here: int, kind: int, purpose: int, ways: Sequence[Way]) -> int:
        m = self.builder.m
        words = [kind, len(ways), purpose, 0]
        so_far = 0.0
        for way in ways:
            so_far += way.share
            words += [round(so_far * at.CERTAIN), self._copy(here, way.link), way.does, way.counter, way.most]
        if kind != at.BY_CHANCE:
            stores = tuple(dict.fromkeys(m.words[way.link[0] + at.AT_STORE] for way in ways))
            words[at.FORK_GROUP] = self.builder.group(stores)
        return m.put(0, words)

    def _copy(self, here: int, link: Link) -> int:
        """A way out of the step at `here`."""
        words = self.builder.m.words[here : here + at.STEP_WORDS] if here else [0] * at.STEP_WORDS
        words[at.NEXT_STEP], words[at.FORK] = link
        if self._enters:
            words[at.STEP_NUMBER] = ENTRY_NUMBER
        return self.builder.m.put(0, words)

    def _deliver(self, a: int) -> None:
        """Material: its only place is the shelf."""
        words = self.builder.m.words
        if self.product.id not in self.builder.shelf_step:
            raise Unrunnable(f"product `{self.product.id}` has no route, and nothing takes it; give it one")
        words[a + at.ROUTE] = shelf = self.builder.shelf_step[self.product.id]
        words[a + at.FIRST] = words[shelf + at.AT_STORE]
        words[words[a + at.FIRST] + at.IS_FIRST] |= at.IS_ENTRY

    def _entry(self, a: int) -> None:
        """Where a job begins, when that is not always the same step."""
        words, product = self.builder.m.words, self.product
        firsts = [(r, j) for r, route in enumerate(product.routes) for j in range(1 + len(route[0].others))]
        for r, j in firsts:
            store = words[self.places[r, 0, j] + at.AT_STORE]
            words[store + at.IS_FIRST] |= at.IS_ENTRY
        if len(firsts) > 1:
            words[a + at.ENTRY] = self.way_in(0)

    def way_in(self, here: int) -> int:
        """A record from which a job begins its route: a copy of the step at `here`, or, with 0, a place outside."""
        self._enters, product = True, self.product
        links = [self._to(here, r, 0) for r in range(len(product.routes))]
        link = links[0]
        if product.other_routes:
            shares = [other.share for other in product.other_routes]
            ways = [Way(s, x) for s, x in zip([1.0 - sum(shares), *shares], links, strict=True)]
            link = 0, self._fork(here, at.BY_CHANCE, at.FOR_ROUTE, ways)
        made = self._copy(here, link)
        self._enters = False
        return made


def _paced(builder: Builder, name: str, station: str) -> int:
    """Where the distribution of a time at a station stands; where it is asked to be faster, a copy of it is."""
    law, pace = builder.reals.at[name], builder.asked.pace.get(station, 1.0)
    if pace != 1.0:
        builder.f += builder.f[law : law + at.DIST_WORDS]
        law = len(builder.f) - at.DIST_WORDS
        builder.f[law + at.SCALE] *= pace
    return law
