"""Assembly and disassembly, written into an image: shelves, and what steps take and give."""

from __future__ import annotations

from andon.models.simulate.build_flow import KIT_NUMBER, Graph
from andon.models.simulate.builder import Builder
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.ways import shelves, steps_of
from andon.site.supply import missing


def put_shelves(builder: Builder) -> None:
    """Each component's store and the step that its route ends in."""
    site, words = builder.site, builder.m.words
    capacity = {b.id: b.capacity for b in site.buffers}
    disciplines = {b.id: b.discipline for b in site.buffers}
    owned = {s.buffer for s in site.stations}
    stations = {s.id: i for i, s in enumerate(site.stations)}
    index = {p.id: i for i, p in enumerate(site.products)}
    of: dict[str, str] = {}
    for product, step, taken in shelves(site):
        if taken.buffer in owned or of.setdefault(taken.buffer, taken.product) != taken.product:
            raise Unrunnable(
                f"buffer `{taken.buffer}`, which `{product.id}` takes `{taken.product}` from, is also used for "
                "something else; give every component a buffer of its own"
            )
        if taken.buffer not in capacity or taken.product not in index:
            raise Unrunnable(
                f"`{product.id}` takes `{taken.product}` from `{taken.buffer}`, and one of them is not declared"
            )
        if capacity[taken.buffer] < taken.quantity:
            raise Unrunnable(
                f"`{product.id}` takes {taken.quantity} `{taken.product}` at once, and `{taken.buffer}` holds "
                f"{capacity[taken.buffer]}; give it more room"
            )
        if taken.product in builder.shelf_step:
            continue
        s = builder.shelf_at[taken.buffer]
        words[s + at.CAPACITY], words[s + at.RULE] = capacity[taken.buffer], at.ON_SHELF
        words[s + at.SERVES_RANKED] = int(disciplines[taken.buffer] == "priority")
        words[s + at.AT_STATION] = stations[step.station]
        words[s + at.MIX] = component = builder.product_at[index[taken.product]]
        words[component + at.IS_PART] = 1
        record = [0] * at.STEP_WORDS
        record[at.AT_STORE], record[at.TIME], record[at.CURVE] = s, builder.reals.one, -1
        record[at.STEP_STATION], record[at.STEP_NUMBER] = stations[step.station], KIT_NUMBER
        builder.shelf_step[taken.product] = builder.m.put(0, record)
    words[at.ASSEMBLES] = int(bool(of))
    _refuse_missing(builder)


def _refuse_missing(builder: Builder) -> None:
    """Say at once what would be waited for and never comes.

    Raises:
        Unrunnable: naming the component, its buffer and the station that waits.
    """
    site = builder.site
    ordered = [d.product for d in site.demand] + [o.product for o in site.orders]
    stocked = [b for b, level in builder.live.levels.items() if level > 0] if builder.live is not None else []
    for m in missing(site.products, ordered, stocked):
        raise Unrunnable(
            f"station `{m.step.station}` waits for `{m.taken.product}` in `{m.taken.buffer}` to make `{m.product.id}`, "
            f"and {m.why}; add `{m.taken.product}` to `demand`"
        )


def put_deeds(builder: Builder, graphs: dict[str, Graph]) -> None:
    """What every step takes and gives, beside its job."""
    words = builder.m.words
    index = {p.id: i for i, p in enumerate(builder.site.products)}
    batches = {s.id: s.batch for s in builder.site.stations}
    for product in builder.site.products:
        graph = graphs[product.id]
        for (r, k, _), here in graph.places.items():
            step = product.routes[r][k]
            if not step.takes and not step.gives:
                continue
            if step.takes and batches[step.station] > 1:
                raise Unrunnable(
                    f"station `{step.station}` assembles `{product.id}` and has `batch` above 1; a kit is for one job, "
                    "so remove `batch`"
                )
            table = [len(step.takes), len(step.gives)]
            for taken in step.takes:
                table += [builder.shelf_at[taken.buffer], taken.quantity]
            for given in step.gives:
                table += [_way_in(builder, graphs[given.product], here), index[given.product], given.quantity]
            words[here + at.DEED] = builder.m.put(0, table)


def _way_in(builder: Builder, graph: Graph, here: int) -> int:
    if graph.product.route:
        return graph.way_in(here)
    words = builder.m.words[here : here + at.STEP_WORDS]
    words[at.NEXT_STEP], words[at.FORK] = builder.shelf_step[graph.product.id], 0
    return builder.m.put(0, words)


def growth(builder: Builder) -> int:
    """How many jobs one job can become at most, by being taken apart, and its parts again."""

    def pieces(name: str, depth: int) -> int:
        product = next(p for p in builder.site.products if p.id == name)
        if depth > len(builder.site.products):
            raise Unrunnable(f"product `{name}` is taken apart into itself, again and again; mend its `gives`")
        each = [sum(g.quantity * pieces(g.product, depth + 1) for g in s.gives) for s in steps_of(product) if s.gives]
        return max([1, *each])

    return max((pieces(p.id, 0) for p in builder.site.products), default=1)
