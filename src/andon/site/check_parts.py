"""Assembly and disassembly: components that come from somewhere, jobs that end where they are parted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from andon.site.check_flows import simulates
from andon.site.draft import Draft
from andon.site.floor import Product, Step
from andon.site.problems import Problem, shown
from andon.site.shape import Item, Path
from andon.site.supply import begun


def check(made: Draft) -> Iterator[Problem]:
    """What steps take and give, in every product that is otherwise right."""
    kept: dict[str, str] = {}
    buffers = {b: item for item in made.all("station") if (b := item.get("buffer"))}
    ordered = {str(item.raw.get("product")) for noun in ("demand", "order") for item in made.all(noun)}
    supplied = begun([item.part for item in made.all("product") if isinstance(item.part, Product)], ordered)
    for item in made.all("product"):
        if not isinstance(item.part, Product):
            continue
        for at, route in _routes(item.part):
            for k, step in enumerate(route):
                name = f"step {k + 1} of {item.label}"
                yield from _takes(made, item, (*at, k), name, step, supplied)
                for n, taken in enumerate(step.takes):
                    place = (*at, k, "takes", n, "buffer")
                    if taken.buffer in buffers:
                        what = f"{name} takes {shown(taken.product)} from {shown(taken.buffer)}, where jobs wait for "
                        what += buffers[taken.buffer].label
                        yield item.problem(place, what, "give the component a buffer of its own")
                    elif (holds := _capacity(made, taken.buffer)) < taken.quantity:
                        what = f"{name} takes {taken.quantity} {shown(taken.product)} at once, and "
                        what += f"{shown(taken.buffer)} holds {holds}"
                        yield item.problem(place, what, "give the buffer more `capacity`")
                    elif kept.setdefault(taken.buffer, taken.product) != taken.product:
                        what = f"{name} takes {shown(taken.product)} from {shown(taken.buffer)}, which is for "
                        what += f"{shown(kept[taken.buffer])}"
                        yield item.problem(place, what, "give every component a buffer of its own")
                yield from _gives(item, (*at, k), name, step, last=k + 1 == len(route))
    taken_ones = set(kept.values())
    for item in made.all("product"):
        if isinstance(item.part, Product) and not item.part.route and item.id not in taken_ones:
            yield item.problem(("route",), f"{item.label} has no route, and nothing takes it", "add its steps")


def _capacity(made: Draft, buffer: str) -> int:
    """Places of a buffer; beyond all measure when nobody can tell."""
    item = made.ids("buffer").get(buffer)
    found = item.get("capacity") if item is not None else None
    return found if isinstance(found, int) else 1 << 60


def _routes(product: Product) -> Iterator[tuple[Path, Sequence[Step]]]:
    yield ("route",), product.route
    for n, other in enumerate(product.other_routes):
        yield ("other_routes", n, "route"), other.route


def _takes(made: Draft, item: Item, at: Path, name: str, step: Step, supplied: set[str]) -> Iterator[Problem]:
    station = made.ids("station").get(step.station)
    if step.takes and station is not None and (station.get("batch") or 1) > 1:
        what = f"{name} takes components at {station.label}, which has `batch` {station.get('batch')}"
        yield item.problem((*at, "takes"), what, "remove `batch`, since a kit is for one job")
    names = [taken.product for taken in step.takes]
    for n, taken in enumerate(step.takes):
        place = (*at, "takes", n)
        if taken.product == item.id:
            yield item.problem(
                place, f"{name} takes {shown(taken.product)}, which is what it makes", "name a component"
            )
        if taken.product in names[:n]:
            yield item.problem(place, f"{name} takes {shown(taken.product)} twice", "add the quantities up")
        elif taken.product not in supplied and taken.product in made.ids("product") and simulates(made):
            what = f"{name} takes {shown(taken.product)}, which nobody orders, delivers or gives"
            yield item.problem(place, what, "add it to `demand`")


def _gives(item: Item, at: Path, name: str, step: Step, *, last: bool) -> Iterator[Problem]:
    if not step.gives:
        return
    if not last:
        what = f"{name} has `gives`, and is not the last step: the job does not exist any more"
        yield item.problem((*at, "gives"), what, "let the given products go on in routes of their own")
    if step.outcomes:
        what = f"{name} has `gives` and `outcomes`"
        yield item.problem((*at, "outcomes"), what, "put the inspection in a step before")
    for n, given in enumerate(step.gives):
        if given.product == item.id:
            what = f"{name} gives {shown(given.product)}, which it takes apart"
            yield item.problem((*at, "gives", n), what, "name what it is taken apart into")
