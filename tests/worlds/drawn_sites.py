"""Sites drawn over the whole vocabulary of a floor, for Hypothesis.

A word joins in two steps: write a function that gives a drawn site the word, and add it to `WORDS`. What every run of
every drawn site must keep stands in `drawn_laws`; a word with a law of its own adds it to `LAWS` there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

from andon.models.simulate.textbook import Stage, day_shift, exponential, line
from andon.site.battery import Battery, Recovery
from andon.site.floor import (
    Area,
    Assumption,
    Breakdown,
    Buffer,
    Conveyor,
    Crew,
    Curve,
    Demand,
    Distribution,
    Fleet,
    Given,
    OtherRoute,
    OtherStation,
    Outcome,
    Product,
    Release,
    Taken,
)
from andon.site.lifting import Lifting
from andon.site.model import Element, ElementKind, Site
from andon.site.orders import Order
from andon.site.pace import Hours, Learning, WarmUp, Wear
from andon.site.part import Part
from andon.site.roads import Blocked, Edge, Node, Roads, Stop
from andon.site.stops import Disturbance, Maintenance, Scenario

HORIZON_S = 1800.0
"""How long drawn sites are run: times are drawn such that some hundred things happen."""
BREAK_FROM_S, BREAK_S = 600, 420
"""The break of drawn shifts, from the start of a run."""

Draw = Callable[[Any], Any]
Word = Callable[[Draw, Site], Site]
P = TypeVar("P", bound=Part)

LAWS = st.one_of(
    st.builds(lambda v: Distribution(kind="constant", value=v), st.floats(0.5, 60)),
    st.builds(lambda v: Distribution(kind="exponential", mean=v), st.floats(0.5, 60)),
    st.builds(lambda v, c: Distribution(kind="lognormal", mean=v, sd=c * v), st.floats(0.5, 60), st.floats(0.1, 2)),
    st.builds(lambda v, c: Distribution(kind="gamma", mean=v, sd=c * v), st.floats(0.5, 60), st.floats(0.2, 1.5)),
    st.builds(lambda k, v: Distribution(kind="weibull", shape=k, scale=v), st.floats(0.6, 4), st.floats(0.5, 60)),
    st.builds(
        lambda a, b, c: Distribution(kind="triangular", low=a, mode=a + b, high=a + b + c),
        st.floats(0.5, 20),
        st.floats(0.1, 20),
        st.floats(0.1, 20),
    ),
    st.builds(lambda v: Distribution(kind="empirical", values=tuple(v)), st.lists(st.floats(0.1, 60), min_size=1)),
)
"""Times of up to about a minute."""


# --- what words are made with


def assume(site: Site, name: str, law: Distribution, unit: str = "s", uncertainty: float = 0.0) -> Site:
    """The site with one more assumption."""
    more = Assumption(
        name=name,
        unit=unit,
        distribution=law,
        uncertainty=uncertainty,
        origin="drawn",
        who="nobody",
        when="2026-01-01",
        review_by="2030-01-01",
    )
    return change(site, assumptions=(*site.assumptions, more))


def change(part: P, **fields: Any) -> P:
    """A part with other fields, checked like any other."""
    return type(part).model_validate({**{n: getattr(part, n) for n in type(part).model_fields}, **fields})


def change_station(site: Site, number: int, **fields: Any) -> Site:
    """The site with one station changed."""
    stations = list(site.stations)
    stations[number] = change(stations[number], **fields)
    return change(site, stations=tuple(stations))


def some_station(draw: Draw, site: Site) -> int:
    """The number of one of the stations."""
    return int(draw(st.integers(0, len(site.stations) - 1)))


def add_crew(site: Site, crew_id: str, size: int) -> Site:
    """The site with one more crew, of that size in every shift."""
    shifts = tuple(s.id for s in site.shifts) or ("all",)
    return change(site, crews=(*site.crews, Crew(id=crew_id, name=crew_id, size=dict.fromkeys(shifts, size))))


# --- the words


def parallel(draw: Draw, site: Site) -> Site:
    """Several machines at a station."""
    i = some_station(draw, site)
    return change_station(site, i, machines=tuple(f"m{i}-{k}" for k in range(draw(st.integers(2, 3)))))


def batch(draw: Draw, site: Site) -> Site:
    """Jobs that are processed together."""
    i = some_station(draw, site)
    return change_station(site, i, batch=draw(st.integers(2, 4)))


def tight(draw: Draw, site: Site) -> Site:
    """Buffers with one place."""
    return change(site, buffers=tuple(change(b, capacity=1) for b in site.buffers))


def failures(draw: Draw, site: Site) -> Site:
    """Breakdowns by running time or by the calendar, with menders or without."""
    i = some_station(draw, site)
    site = assume(site, f"fails{i}", exponential(draw(st.floats(20, 500))))
    site = assume(site, f"repair{i}", draw(LAWS))
    crew = None
    if draw(st.booleans()):
        crew = f"menders{i}"
        site = add_crew(site, crew, draw(st.integers(1, 2)))
    counts = draw(st.sampled_from(("running", "calendar")))
    repair = draw(st.sampled_from(("renewal", "minimal")))
    down = Breakdown(
        time_to_failure=f"fails{i}",
        time_to_repair=f"repair{i}",
        counts=counts,
        crew=crew,
        repair=repair,
        age_h=draw(st.floats(0, 1)) if repair == "minimal" else 0.0,
    )
    return change_station(site, i, breakdown=down)


def planned_work(draw: Draw, site: Site) -> Site:
    """Planned work by the hour or at times of the day; it stops the machine or waits for it, with people or without."""
    i = some_station(draw, site)
    site = assume(site, f"planned{i}", draw(LAWS))
    crew = None
    if draw(st.booleans()):
        crew = f"planners{i}"
        site = add_crew(site, crew, 1)
    when: dict[str, Any] = {"at": ("00:05", "00:20")}
    if draw(st.booleans()):
        when = {"every_h": draw(st.floats(0.05, 0.5)), "counts": draw(st.sampled_from(("calendar", "running")))}
    renews = site.stations[i].breakdown is not None and draw(st.booleans())
    work = Maintenance(time=f"planned{i}", crew=crew, interrupts=draw(st.booleans()), renews=renews, **when)
    return change_station(site, i, maintenance=(work,))


def disturbances(draw: Draw, site: Site) -> Site:
    """Stops that nobody planned for, and waits before repairs."""
    for name in ("stop-every", "stop", "delay"):
        site = assume(site, name, exponential(draw(st.floats(100, 400))) if name == "stop-every" else draw(LAWS))
    somewhere = (site.stations[some_station(draw, site)].id,) if draw(st.booleans()) else ()
    return change(
        site,
        disturbances=(
            Disturbance(id="stops", kind="exceptions", stations=somewhere, every="stop-every", lasts="stop"),
            Disturbance(id="slow", kind="maintenance-delay", lasts="delay"),
        ),
    )


def setups(draw: Draw, site: Site) -> Site:
    """Set-up when the product changes."""
    i = some_station(draw, site)
    return change_station(assume(site, f"setup{i}", draw(LAWS)), i, setup=f"setup{i}")


def operators(draw: Draw, site: Site) -> Site:
    """A crew that processes, or only sets up."""
    i = some_station(draw, site)
    site = add_crew(site, f"crew{i}", draw(st.integers(1, 2)))
    return change_station(site, i, crew=f"crew{i}", crew_for=draw(st.sampled_from(("setup", "processing"))))


def shared_crew(draw: Draw, site: Site) -> Site:
    """One crew for all stations that have none yet."""
    site = add_crew(site, "everybody", draw(st.integers(1, 3)))
    free = [i for i, s in enumerate(site.stations) if s.crew is None]
    for i in free:
        site = change_station(site, i, crew="everybody")
    return site


def skilled(draw: Draw, site: Site) -> Site:
    """People told apart by what they can do: several at a task, walking, rests, late breaks, lifting, absence."""
    i = some_station(draw, site)
    shifts = tuple(s.id for s in site.shifts) or ("all",)
    absence = None
    if draw(st.booleans()):
        site, absence = assume(site, "ill", Distribution(kind="constant", value=0.3), "1"), "ill"
    kinds = (("hands", ("turn",)), ("all-rounders", ("turn", "set")))
    crews = [
        Crew(
            id=name,
            name=name,
            size=dict.fromkeys(shifts, draw(st.integers(1, 3))),
            skills=skills,
            walk_m_per_s=draw(st.none() | st.floats(0.5, 2)),
            break_late_min=draw(st.sampled_from((0.0, 2.0))),
            work_max_min=draw(st.none() | st.floats(2, 20)),
            rest_min=1.5,
            lift_max_min=draw(st.none() | st.floats(1, 20)),
            absence=absence,
        )
        for name, skills in kinds
    ]
    site = change(site, crews=(*site.crews, *crews))
    fields = {"crew": None, "skill": "turn", "people": draw(st.integers(1, 2))}
    if draw(st.booleans()):
        lift = Lifting(load_kg=12, horizontal_cm=40, vertical_cm=50, distance_cm=40, lifts_per_min=2)
        fields["lifting"] = (lift,)
    if site.stations[i].setup is not None:
        fields["setup_skill"] = draw(st.none() | st.just("set"))
    return change_station(site, i, **fields)


def break_groups(draw: Draw, site: Site) -> Site:
    """Breaks that a crew takes in groups, one after the other."""
    shifts = [change(s, breaks=tuple(change(b, groups=2) for b in s.breaks)) for s in site.shifts]
    return change(site, shifts=tuple(shifts))


def limit(draw: Draw, site: Site) -> Site:
    """A release limit."""
    return change(site, release=Release(wip_limit=draw(st.integers(1, 20))))


def vehicles(draw: Draw, site: Site) -> Site:
    """A fleet that carries between two areas."""
    areas = tuple(Area(id=a, name=a, x_m=x, y_m=0, width_m=10, height_m=10) for a, x in (("hall", 0), ("yard", 20)))
    stations = tuple(change(s, area=areas[i % 2].id) for i, s in enumerate(site.stations))
    names = tuple(f"v{k}" for k in range(draw(st.integers(1, 2))))
    elements = [
        Element(id=m, kind=ElementKind.EQUIPMENT, name=m, area=s.area, x_m=20 * (i % 2) + k, y_m=i)
        for i, s in enumerate(stations)
        for k, m in enumerate(s.machines)
    ]
    elements += [Element(id=v, kind=ElementKind.EQUIPMENT, name=v, area="hall", x_m=5, y_m=5) for v in names]
    site = assume(site, "handling", draw(LAWS))
    fleet = Fleet(
        id="fleet",
        vehicles=names,
        speed_m_per_s=draw(st.floats(0.5, 3)),
        handling="handling",
        vehicle_choice=draw(st.sampled_from(("nearest", "longest-idle"))),
        call_choice=draw(st.sampled_from(("longest-waiting", "nearest"))),
    )
    return change(site, areas=areas, stations=stations, elements=tuple(elements), fleets=(fleet,))


def roads(draw: Draw, site: Site) -> Site:
    """Roads for the fleets: a tree of narrow streets and wider ones, batteries, breakdowns, a blocked edge."""
    if not site.fleets:
        site = vehicles(draw, site)
    n = draw(st.integers(2, 5))
    nodes = [Node(id=f"n{i}", x_m=4.0 * i, y_m=3.0 * (i % 2)) for i in range(n)]
    edges = [
        Edge.model_validate(
            {"id": f"e{i}", "from": f"n{draw(st.integers(0, i - 1))}", "to": f"n{i}", "lanes": draw(st.integers(1, 2))}
        )
        for i in range(1, n)
    ]
    names = [v for f in site.fleets for v in f.vehicles]
    for k, v in enumerate(names):
        nodes.append(Node(id=f"p{k}", x_m=-2.0 - k, y_m=6.0, parks=v, charger=draw(st.booleans())))
        edges.append(Edge.model_validate({"id": f"b{k}", "from": f"p{k}", "to": f"n{draw(st.integers(0, n - 1))}"}))
    nodes.append(Node(id="c", x_m=-1.0, y_m=9.0, charger=True))
    edges.append(Edge.model_validate({"id": "bc", "from": "c", "to": "n0"}))
    stops = tuple(
        Stop(station=s.id, pick_up=f"n{draw(st.integers(0, n - 1))}", set_down=f"n{draw(st.integers(0, n - 1))}")
        for s in site.stations
    )
    blocked = (Blocked(edge="e1", from_s=draw(st.floats(0, 900)), for_s=60.0),) if draw(st.booleans()) else ()
    if draw(st.booleans()):
        site = assume(
            assume(site, "vehicle-fails", exponential(draw(st.floats(30, 300)))), "vehicle-repair", draw(LAWS)
        )
        down = Breakdown(time_to_failure="vehicle-fails", time_to_repair="vehicle-repair")
        site = change(site, fleets=tuple(change(f, breakdown=down) for f in site.fleets))
    if draw(st.booleans()):
        wh = draw(st.floats(0.5, 5))
        site = assume(site, "recovery", draw(LAWS))
        battery = Battery(
            capacity_wh=wh,
            empty_wh_per_m=0.01,
            loaded_wh_per_m=0.02,
            idle_w=1.0,
            charge_w=60.0,
            recovery=Recovery(
                time="recovery",
                how=draw(st.sampled_from(("swap", "tow"))),
                charged_to=draw(st.sampled_from((0.2, 1.0))),
            ),
        )
        site = change(site, fleets=tuple(change(f, battery=battery) for f in site.fleets))
    made = Roads(nodes=tuple(nodes), edges=tuple(edges), stops=stops, blocked=blocked)
    return change(site, roads=made)


def curves(draw: Draw, site: Site) -> Site:
    """Processing time by a set-point's curve, times a spread."""
    station = site.stations[some_station(draw, site)]
    site = assume(site, "spread", Distribution(kind="lognormal", mean=1.0, sd=draw(st.floats(0.05, 0.5))), "1")
    points = ((100.0, draw(st.floats(5, 60))), (200.0, draw(st.floats(5, 60))))
    curve = Curve(id="heat", name="heat", input_unit="Cel", output_unit="s", points=points, spread="spread")
    products = tuple(
        change(
            p,
            route=tuple(
                change(step, time=None, curve="heat") if step.station == station.id else step for step in p.route
            ),
        )
        for p in site.products
    )
    return change(site, curves=(curve,), products=products)


def doubt(draw: Draw, site: Site) -> Site:
    """Means that are not known."""
    return change(site, assumptions=tuple(change(a, uncertainty=0.2) for a in site.assumptions))


def dispatch(draw: Draw, site: Site) -> Site:
    """Another rule than first come, first served."""
    i = some_station(draw, site)
    rules = ["spt", "edd", "cr", "priority"] + ["setup-minimising"] * (site.stations[i].setup is not None)
    rule = draw(st.sampled_from(rules))
    own = {"p0": draw(st.integers(1, 9))} if rule == "priority" and draw(st.booleans()) else {}
    products = tuple(change(p, priority=draw(st.integers(1, 9))) for p in site.products)
    return change_station(change(site, products=products), i, dispatch=rule, priorities=own)


def inspection(draw: Draw, site: Site) -> Site:
    """Scrap and rework after some step; a limit and room enough, so that what is sent back never blocks itself."""
    site = roomy(site)
    product = site.products[0]
    k = draw(st.integers(0, len(product.route) - 1))
    back = product.route[draw(st.integers(0, k))].called
    outcomes = (
        Outcome(share=draw(st.floats(0.05, 0.4)), to=back, at_most=draw(st.none() | st.integers(1, 3))),
        Outcome(share=draw(st.floats(0.05, 0.4)), to=draw(st.sampled_from(("scrap", "done")))),
    )
    route = [change(step, outcomes=outcomes) if n == k else step for n, step in enumerate(product.route)]
    demand = tuple(change(d, replace_scrap=draw(st.booleans())) for d in site.demand)
    return change(site, products=(change(product, route=tuple(route)), *site.products[1:]), demand=demand)


def alternatives(draw: Draw, site: Site) -> Site:
    """A step that several stations can do, and a route that some jobs take instead."""
    site = roomy(site)
    product = site.products[-1]
    k = draw(st.integers(0, len(product.route) - 1))
    names = [s.id for s in site.stations if s.id != product.route[k].station]
    choice = draw(st.sampled_from(("shortest-queue", "first-free", "priority", "probability")))
    share = 0.9 / max(1, len(names)) if choice == "probability" else None
    others = tuple(OtherStation(station=name, time=product.route[k].time or "every", share=share) for name in names)
    step = change(product.route[k], others=others)
    route = (*product.route[:k], step, *product.route[k + 1 :])
    more = (OtherRoute(share=0.3, route=tuple(reversed(product.route))),) if draw(st.booleans()) else ()
    return change(site, products=(*site.products[:-1], change(product, route=route, other_routes=more)))


def assembly(draw: Draw, site: Site) -> Site:
    """A component off a shelf, delivered now and then."""
    site = assume(site, "deliveries", exponential(draw(st.floats(20, 200))))
    product = site.products[0]
    k = draw(st.integers(0, len(product.route) - 1))
    if next(s for s in site.stations if s.id == product.route[k].station).batch > 1:
        return site
    taken = Taken(product="bolt", buffer="bolts", quantity=draw(st.integers(1, 3)))
    route = tuple(change(step, takes=(taken,)) if n == k else step for n, step in enumerate(product.route))
    return change(
        site,
        products=(change(product, route=route), *site.products[1:], Product(id="bolt", name="bolt", route=())),
        buffers=(
            *site.buffers,
            Buffer(
                id="bolts", capacity=draw(st.integers(3, 9)), discipline=draw(st.sampled_from(("fifo", "priority")))
            ),
        ),
        demand=(*site.demand, Demand(product="bolt", every="deliveries", quantity=draw(st.integers(1, 5)), due_h=1.0)),
    )


def disassembly(draw: Draw, site: Site) -> Site:
    """A job that is taken apart into jobs of another product."""
    if len(site.products) < 2 or site.products[0].route[-1].outcomes:
        return site
    product = site.products[0]
    given = Given(product=site.products[1].id, quantity=draw(st.integers(1, 3)))
    route = (*product.route[:-1], change(product.route[-1], gives=(given,)))
    buffers = tuple(change(b, capacity=10_000) for b in site.buffers)
    return change(site, products=(change(product, route=route), *site.products[1:]), buffers=buffers)


def loads(draw: Draw, site: Site) -> Site:
    """A machine that waits for its load, and a stack."""
    i = some_station(draw, site)
    kits = {step.station for p in site.products for step in p.route if step.takes}
    station = site.stations[i]
    if station.dispatch != "fifo" or station.id in kits:
        return site
    if draw(st.booleans()):
        buffers = tuple(change(b, discipline="lifo") if b.id == station.buffer else b for b in site.buffers)
        return change(site, buffers=buffers)
    least = draw(st.integers(1, 3))
    wait = draw(st.floats(0.05, 3)) if least > 1 else None
    more = max(station.batch, least)
    return change_station(site, i, batch=more, batch_least=least, batch_wait_min=wait, batch_alike=draw(st.booleans()))


def lots(draw: Draw, site: Site) -> Site:
    """A station whose loads leave as lots, and one further down that splits them."""
    i = some_station(draw, site)
    station = site.stations[i]
    buffers = {b.id: b for b in site.buffers}
    plain = station.dispatch == "fifo" and buffers[station.buffer].discipline == "fifo"
    steps = [step for p in site.products for step in p.route]
    if not plain or any(s.takes or s.gives or s.outcomes for s in steps):
        return site
    least = draw(st.integers(1, 3))
    wait = draw(st.floats(0.05, 3)) if least > 1 else None
    batch = max(station.batch, least, 2)
    site = change_station(site, i, batch=batch, batch_least=least, batch_wait_min=wait, lot=True)
    after = [k for k in range(i + 1, len(site.stations)) if not site.stations[k].lot]
    return change_station(site, draw(st.sampled_from(after)), split=draw(st.integers(1, 2))) if after else site


def ranked(draw: Draw, site: Site) -> Site:
    """A buffer whose jobs stand by priority, and products that have some."""
    i = some_station(draw, site)
    station = site.stations[i]
    if station.dispatch != "fifo" or station.batch_least > 1 or station.batch_alike or station.lot:
        return site
    products = tuple(change(p, priority=draw(st.integers(1, 3))) for p in site.products)
    buffers = tuple(change(b, discipline="priority") if b.id == station.buffer else b for b in site.buffers)
    return change(site, products=products, buffers=buffers)


def no_places(draw: Draw, site: Site) -> Site:
    """Buffers without places: jobs are handed from machine to machine."""
    chosen = draw(st.sets(st.integers(0, len(site.stations) - 1), min_size=1))
    stations = {k: site.stations[k] for k in chosen}
    backward = any(
        p.other_routes or any(s.others or s.outcomes or s.gives for s in p.route)
        or sorted(s.station for s in p.route) != [s.station for s in p.route]
        for p in site.products
    )  # fmt: skip
    buffers = {b.id: b for b in site.buffers}
    for k, s in stations.items():
        waits = (
            s.batch > 1
            or s.batch_alike
            or s.dispatch != "fifo"
            or buffers[s.buffer].discipline != "fifo"
            or s.cards is not None
        )
        if not waits and not backward and not site.fleets and k < len(site.stations):
            buffers[s.buffer] = change(buffers[s.buffer], capacity=0)
    return change(site, buffers=tuple(buffers.values()))


def stream(draw: Draw, site: Site) -> Site:
    """One stream of orders for two products."""
    if len(site.demand) < 2 or site.demand[0].every != site.demand[1].every:
        return site
    share = draw(st.floats(0.1, 0.9))
    mixed = (change(site.demand[0], share=share), change(site.demand[1], share=1.0 - share))
    return change(site, demand=(*mixed, *site.demand[2:]))


def belts(draw: Draw, site: Site) -> Site:
    """A conveyor between two stations that follow each other."""
    pairs = [(a.station, b.station) for p in site.products for a, b in itertools.pairwise(p.route)]
    if not pairs:
        return site
    start, end = draw(st.sampled_from(pairs))
    belt = Conveyor(
        id="belt",
        start=start,
        end=end,
        length_m=draw(st.floats(2, 20)),
        speed_m_per_s=draw(st.floats(0.2, 2)),
        spacing_m=draw(st.floats(0.5, 2)),
        accumulating=draw(st.booleans()),
    )
    return change(site, conveyors=(belt,))


def roomy(site: Site) -> Site:
    """The site with few jobs and room for all of them in every buffer."""
    buffers = tuple(change(b, capacity=12) for b in site.buffers)
    return change(site, buffers=buffers, release=Release(wip_limit=12))


def order_book(draw: Draw, site: Site) -> Site:
    """Orders with names, beside the pattern of demand or alone."""
    orders = tuple(
        Order(
            order=f"o{k}",
            product=draw(st.sampled_from([p.id for p in site.products])),
            quantity=draw(st.integers(1, 6)),
            due=f"2026-01-05 00:{draw(st.integers(30, 59))}",
            priority=draw(st.none() | st.integers(1, 3)),
            release=draw(st.none() | st.integers(0, 29).map(lambda minute: f"2026-01-05 00:{minute:02d}")),
        )
        for k in range(draw(st.integers(1, 4)))
    )
    return change(site, orders=orders, **({"demand": ()} if draw(st.booleans()) else {}))


def kanban(draw: Draw, site: Site) -> Site:
    """Cards at some station, as many as its buffer has places or fewer; for all jobs, where they may come back."""
    i = some_station(draw, site)
    places = next(b.capacity for b in site.buffers if b.id == site.stations[i].buffer)
    back = any(p.other_routes or any(s.others or s.outcomes or s.gives for s in p.route) for p in site.products)
    return change_station(site, i, cards=2 * places if back else draw(st.integers(1, places)))


def shares(draw: Draw, site: Site) -> Site:
    """Limits by product, or times of release."""
    limits = {"p0": draw(st.integers(1, 4))} if draw(st.booleans()) else {}
    times = tuple(f"00:{minute:02d}" for minute in (0, 9, 17)) if draw(st.booleans()) else ()
    whole = site.release.wip_limit if site.release is not None else None
    return change(site, release=Release(wip_limit=whole, wip_limits=limits, times=times))


def planned(draw: Draw, site: Site) -> Site:
    """Planned work by the calendar, by use or at a time of day, that interrupts or waits for the job."""
    i = some_station(draw, site)
    site = assume(site, f"service{i}", draw(LAWS))
    crew = None
    if draw(st.booleans()):
        crew = f"fitters{i}"
        site = add_crew(site, crew, 1)
    how: dict[str, Any] = draw(
        st.sampled_from(
            (
                {"every_h": 0.05},
                {"every_h": 0.03, "interrupts": True},
                {"every_h": 0.02, "counts": "running"},
                {"at": ("06:05", "00:05", "00:20"), "interrupts": True},
            )
        )
    )
    return change_station(site, i, maintenance=(Maintenance(time=f"service{i}", crew=crew, **how),))


def minimal_repair(draw: Draw, site: Site) -> Site:
    """Failures after which a machine is as old as before."""
    i = some_station(draw, site)
    law = Distribution(kind="weibull", shape=draw(st.floats(0.7, 2.0)), scale=draw(st.floats(60, 600)))
    site = assume(assume(site, f"ages{i}", law), f"patch{i}", draw(LAWS))
    counts = draw(st.sampled_from(("running", "calendar")))
    down = Breakdown(
        time_to_failure=f"ages{i}", time_to_repair=f"patch{i}", counts=counts, repair="minimal", age_h=0.01
    )
    return change_station(site, i, breakdown=down)


def disturbed(draw: Draw, site: Site) -> Site:
    """Stops of stations, and a wait before every repair."""
    for name in ("between", "stop", "wait"):
        site = assume(site, name, draw(LAWS))
    hidden = (
        Disturbance(id="stops", kind="exceptions", every="between", lasts="stop"),
        Disturbance(id="slow", kind="maintenance-delay", lasts="wait"),
    )
    return change(site, disturbances=hidden)


def paced(draw: Draw, site: Site) -> Site:
    """Times by the hour, by learning, by tools, by speed, alike within a job; warming up, switching off."""
    i = some_station(draw, site)
    for name in ("life", "change", "warming"):
        site = assume(site, f"{name}{i}", draw(LAWS))
    breakdown = site.stations[i].breakdown
    fails = draw(st.sampled_from((0.0, 4.0))) if breakdown is not None and breakdown.counts == "running" else 0.0
    site = change_station(
        site,
        i,
        hours=(Hours(start="00:05", end="00:15", factor=1.4),),
        learning=Learning(rate=0.9, floor=0.5),
        wear=Wear(life=f"life{i}", change=f"change{i}", slows=0.3, fails=fails),
        warm_up=WarmUp(after_min=0.5, time=f"warming{i}"),
        switch_off_min=draw(st.none() | st.floats(0.1, 1)),
        speed_of={site.stations[i].machines[0]: draw(st.floats(0.5, 2.0))},
    )
    alike = draw(st.floats(0, 1))
    return change(site, products=tuple(change(p, correlation=alike) for p in site.products))


def damage(draw: Draw, site: Site) -> Site:
    """Jobs that come damaged, always or by a scenario: handled, scrapped, sent back."""
    i = some_station(draw, site)
    here = site.stations[i]
    route = next((p.route for p in site.products if any(s.station == here.id for s in p.route)), ())
    outcomes = [Outcome(share=draw(st.floats(0.1, 0.5)), to="scrap")]
    back = [s.called for s in route if _area(site, s.station) == here.area]
    steps = [step for p in site.products for r in p.routes for step in r]
    held_up = any(s.takes or s.gives for s in steps) or any(s.cards for s in site.stations)
    if draw(st.booleans()) and back and not held_up:  # what is sent back must never wait for itself
        site = roomy(site)
        outcomes.append(Outcome(share=draw(st.floats(0.1, 0.5)), to=draw(st.sampled_from(back)), at_most=2))
    handler = None
    if draw(st.booleans()):
        handler = "handlers"
        site = add_crew(site, handler, 1)
    made = Disturbance(
        id="crushed",
        kind="damaged-packaging",
        stations=(here.id,),
        lasts="handling-damage",
        share=draw(st.floats(0, 0.5)),
        crew=handler,
        outcomes=tuple(outcomes),
    )
    site = assume(site, "handling-damage", draw(LAWS))
    some = Scenario(kind="damaged-packaging", what=here.id, from_s=300.0, for_s=600.0, amount=0.8)
    scenarios = (*site.scenarios, some) if draw(st.booleans()) else site.scenarios
    return change(site, disturbances=(*site.disturbances, made), scenarios=scenarios)


def _area(site: Site, station: str) -> str:
    return next(s.area for s in site.stations if s.id == station)


def missing(draw: Draw, site: Site) -> Site:
    """Somebody of some crew is not there for a while, often from just when a break begins or ends."""
    if not site.crews:
        return site
    who = draw(st.sampled_from([c.id for c in site.crews] + [s for c in site.crews for s in c.skills]))
    edges = (0.0, BREAK_FROM_S, BREAK_FROM_S + BREAK_S / 2, BREAK_FROM_S + BREAK_S)
    from_s = float(draw(st.floats(0, 1500) | st.sampled_from(edges)))
    gone = Scenario(kind="missing-worker", what=who, from_s=from_s, for_s=600.0, amount=draw(st.integers(1, 3)))
    return change(site, scenarios=(*site.scenarios, gone))


WORDS: dict[str, Word] = {
    "parallel machines": parallel,
    "batches": batch,
    "tight buffers": tight,
    "failures": failures,
    "planned work": planned_work,
    "disturbances": disturbances,
    "set-ups": setups,
    "operators": operators,
    "a shared crew": shared_crew,
    "skills": skilled,
    "breaks in groups": break_groups,
    "a release limit": limit,
    "vehicles": vehicles,
    "roads": roads,
    "curves": curves,
    "doubt": doubt,
    "dispatch rules": dispatch,
    "alternatives": alternatives,
    "inspection": inspection,
    "an order book": order_book,
    "shares of the floor": shares,
    "assembly": assembly,
    "disassembly": disassembly,
    "loads": loads,
    "belts": belts,
    "minimal repair": minimal_repair,
    "stops and waits": disturbed,
    "service": planned,
    "paces": paced,
    "cards": kanban,
    "a stream": stream,
    "lots": lots,
    "buffers by priority": ranked,
    "no places": no_places,
    "damage": damage,
    "somebody missing": missing,
}
"""In the order in which they are applied."""


@st.composite
def sites(draw: Any, words: tuple[str, ...] = tuple(WORDS), always: tuple[str, ...] = ()) -> Site:
    """A site of one to four stations and up to two products that uses some of `words`, and all of `always`."""
    n = draw(st.integers(1, 4))
    stages = [Stage(time=draw(LAWS), capacity=draw(st.integers(1, 5))) for _ in range(n)]
    routes = [tuple(range(n))]
    if draw(st.booleans()):
        routes.append(tuple(sorted(draw(st.sets(st.integers(0, n - 1), min_size=1)))))
    begin = f"00:{BREAK_FROM_S // 60:02d}"
    shifts = (day_shift("00:00", "08:00", (begin, BREAK_S / 60)),) if draw(st.booleans()) else ()
    site = line(
        stages,
        exponential(draw(st.floats(30, 400))),
        quantity=draw(st.integers(1, 6)),
        products=routes,
        shifts=shifts,
    )
    chosen = draw(st.sets(st.sampled_from(words), max_size=6)) if words else set()
    for name, word in WORDS.items():
        if name in chosen or name in always:
            site = word(draw, site)
    return site
