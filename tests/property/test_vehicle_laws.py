"""Vehicles on drawn roads: never two in a segment, never a standstill, and every call is answered in the end."""

from __future__ import annotations

from typing import Any

from drawn_laws import keeps_every_law, run
from drawn_sites import HORIZON_S, sites
from hypothesis import given, settings
from hypothesis import strategies as st
from road_sites import edge, node, one, road_site

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential
from andon.site.model import Site
from andon.site.roads import Edge


@st.composite
def halls(draw: Any) -> Site:
    """Narrow two-way streets in a tree, and some more edges; a few vehicles that all want to go through the same."""
    n = draw(st.integers(2, 6))
    nodes = [node(f"n{i}", 3.0 * i, 2.0 * (i % 3)) for i in range(n)]
    edges: list[Edge] = []
    for i in range(1, n):
        lanes = draw(st.sampled_from((1, 1, 1, 2)))
        edges.append(edge(f"n{draw(st.integers(0, i - 1))}", f"n{i}", lanes=lanes))
    for _ in range(draw(st.integers(0, 2))):
        a, b = draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))
        if a != b and f"n{a}-n{b}" not in {e.id for e in edges}:
            edges.append(one(f"n{a}", f"n{b}") if draw(st.booleans()) else edge(f"n{a}", f"n{b}"))
    if draw(st.booleans()):
        members = draw(st.sets(st.integers(0, n - 1), min_size=2, max_size=3))
        nodes = [x.model_copy(update={"block": "x"}) if i in members else x for i, x in enumerate(nodes)]
    for k in range(draw(st.integers(1, 4))):
        nodes.append(node(f"p{k}", -2.0 - k, 5.0, parks=f"v{k}"))
        edges.append(edge(f"p{k}", f"n{draw(st.integers(0, n - 1))}"))
    stations = draw(st.integers(2, 4))
    stops = [(f"n{draw(st.integers(0, n - 1))}", f"n{draw(st.integers(0, n - 1))}") for _ in range(stations)]
    stages = [Stage(exponential(draw(st.floats(2, 20))), machines=2, capacity=4) for _ in range(stations)]
    return road_site(
        stages,
        nodes,
        edges,
        stops,
        handling=exponential(draw(st.floats(0.5, 10))),
        speed=draw(st.floats(0.5, 2)),
        every=constant(1e6),
        quantity=12,
    )


@given(site=halls(), replication=st.integers(0, 1000))
@settings(deadline=None, max_examples=60)
def test_drawn_roads_keep_the_laws(site: Site, replication: int) -> None:
    r = run(site, 20_000.0, replication)
    keeps_every_law(r)
    assert r.m[r.products[0] + at.DONE] == 12


@given(site=halls(), replication=st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_where_ways_home_never_cross_nothing_would_have_been_refused(site: Site, replication: int) -> None:
    """Trying, step by step, whether all can still go home comes to the same as not trying, where that is found idle."""
    image = compile_site(site, None, 20_000.0, asked(site, {}))
    if not image.memory[road.NET + road.NEVER_CROSS]:
        return
    found = []
    for idle in (1, 0):
        image.memory[road.NET + road.NEVER_CROSS] = idle
        rows = replicate(image, 1, 1, first=replication, flavour="plain")
        first = len(image.machines)
        states = (at.STARVED, at.MOVING, road.CARRYING, road.LOADING, road.IN_TRAFFIC)
        shares = [float(rows.share(first + k, s)[0]) for k in range(len(image.vehicles)) for s in states]
        found.append((int(rows.header(at.EVENTS)[0]), int(rows.header(road.NET + road.GAVE_WAY)[0]), shares))
    assert found[0] == found[1]


SMOOTH = (
    *(
        "parallel machines",
        "batches",
        "failures",
        "set-ups",
        "operators",
        "a shared crew",
        "skills",
        "breaks in groups",
    ),
    *("a release limit", "curves", "doubt", "dispatch rules", "alternatives"),
)
"""Words with which a floor cannot block itself: that it can is told, and tested elsewhere."""


@given(site=sites(words=SMOOTH, always=("vehicles", "roads")), replication=st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_drawn_sites_with_roads_keep_the_laws(site: Site, replication: int) -> None:
    keeps_every_law(run(site, HORIZON_S, replication))
