"""Routes with more than one way: outcomes, other stations, other routes; shares that add up and names that exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from andon.site.check_flows import simulates
from andon.site.draft import Draft
from andon.site.floor import OtherStation, Product, Step
from andon.site.problems import Problem, did_you_mean, shown
from andon.site.shape import Item, Path

ENDS = ("scrap", "done")
"""Where an outcome may lead besides a step."""
EXACT = 1e-9


def check(made: Draft) -> Iterator[Problem]:
    """Everything about the ways of every product that is otherwise right."""
    for item in made.all("product"):
        product = item.part
        if not isinstance(product, Product):
            continue
        yield from _route(made, item, ("route",), product.route)
        for n, other in enumerate(product.other_routes):
            yield from _route(made, item, ("other_routes", n, "route"), other.route)
        total = sum(other.share for other in product.other_routes)
        if total >= 1.0 - EXACT:
            what = f"`other_routes` of {item.label} take {total:g} of its jobs, which leaves none for `route`"
            yield item.problem(("other_routes",), what, "use shares that add up to less than 1")


def _route(made: Draft, item: Item, at: Path, route: Sequence[Step]) -> Iterator[Problem]:
    for k, step in enumerate(route):
        name = f"step {k + 1} of {item.label}"
        if step.called in ENDS:
            what = f"{name} is called `{step.called}`, which is a word of `outcomes`"
            yield item.problem((*at, k), what, "give it another `name`")
        if at[0] != "route":
            yield from _time(made, item, (*at, k), name, step)
        yield from _others(made, item, (*at, k), name, step)
        yield from _outcomes(item, (*at, k), name, route, k)
    if not _ends(route):
        what = f"no job of {item.label} ever gets through its route"
        yield item.problem(at, what, "lower the shares that send jobs back, or give them `at_most`")


def _time(made: Draft, item: Item, at: Path, name: str, visit: Step | OtherStation) -> Iterator[Problem]:
    if visit.time is not None and visit.curve is not None:
        yield item.problem(at, f"{name} has a `time` and a `curve` at `{visit.station}`", "keep one of them")
    if visit.time is None and visit.curve is None and simulates(made):
        what = f"{name} has no `time` and no `curve` at `{visit.station}`"
        yield item.problem(at, what, "name one, since simulation needs it")


def _others(made: Draft, item: Item, at: Path, name: str, step: Step) -> Iterator[Problem]:
    if "choice" in step.model_fields_set and not step.others:
        yield item.problem((*at, "choice"), f"{name} has a `choice` and no `others`", "add `others`, or remove it")
    by_chance = step.choice == "probability"
    for n, other in enumerate(step.others):
        place = (*at, "others", n)
        yield from _time(made, item, place, name, other)
        if by_chance and other.share is None:
            what = f"{name} is chosen by probability, and `{other.station}` has no `share`"
            yield item.problem(place, what, "add `share`")
        if not by_chance and other.share is not None:
            what = f"`share` of `{other.station}` means nothing, since {name} is chosen by `{step.choice}`"
            yield item.problem(place, what, "remove it, or use `choice: probability`")
    names = [step.station, *(other.station for other in step.others)]
    for n, station in enumerate(names):
        if station in names[:n]:
            what = f"{name} names station {shown(station)} twice"
            yield item.problem((*at, "others", n - 1), what, "name each station once")
    total = sum(other.share or 0.0 for other in step.others)
    if by_chance and total >= 1.0 - EXACT:
        what = f"the others of {name} take {total:g} of its jobs, which leaves none for `{step.station}`"
        yield item.problem((*at, "others"), what, "use shares that add up to less than 1")


def _outcomes(item: Item, at: Path, name: str, route: Sequence[Step], k: int) -> Iterator[Problem]:
    called = [step.called for step in route]
    for n, outcome in enumerate(route[k].outcomes):
        place = (*at, "outcomes", n)
        if outcome.to not in ENDS and outcome.to not in called:
            what = f"`to` of an outcome of {name} is {shown(outcome.to)}, which is no step of its route"
            yield item.problem(
                place, what, did_you_mean(outcome.to, [*called, *ENDS], "name a step, `scrap` or `done`")
            )
        if called.count(outcome.to) > 1:
            what = f"`to` of an outcome of {name} is `{outcome.to}`, and several steps of its route are called that"
            yield item.problem(place, what, "give each of them a `name`")
        back = outcome.to in called and called.index(outcome.to) <= k
        if outcome.at_most is not None and not back:
            what = f"`at_most` of an outcome of {name} means nothing, since `{outcome.to}` sends nothing back"
            yield item.problem(place, what, "remove it")
    total = sum(outcome.share for outcome in route[k].outcomes)
    if total > 1.0 + EXACT:
        what = f"the outcomes of {name} add up to {total:g}"
        yield item.problem((*at, "outcomes"), what, "use shares that add up to at most 1")


def _ends(route: Sequence[Step]) -> bool:
    """Whether some job can get from the first step out of the route."""
    called = {step.called: k for k, step in enumerate(route)}
    seen: set[int] = set()
    ahead = [0]
    while ahead:
        k = ahead.pop()
        if k == len(route):
            return True
        if k in seen:
            continue
        seen.add(k)
        outcomes = route[k].outcomes
        if any(o.to in ENDS or o.at_most is not None or o.to not in called for o in outcomes):
            return True
        ahead += [called[o.to] for o in outcomes]
        if sum(o.share for o in outcomes) < 1.0 - EXACT:
            ahead.append(k + 1)
    return False
