"""Floors that may block themselves: a run goes on, or ends with a sentence that names where; it never just stands."""

from __future__ import annotations

from drawn_laws import LAWS, it_ends, run
from drawn_sites import HORIZON_S, WORDS, change, sites
from hypothesis import event, given, settings
from hypothesis import strategies as st

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, exponential, line
from andon.site.floor import OtherStation, Outcome, Release
from andon.site.model import Site

QUIET_S = 600.0
"""Longer than any time that is drawn here."""


@st.composite
def _mazes(draw: st.DrawFn) -> Site:
    """Few places, routes that come back, work that is sent back, other stations: whatever can bite its own tail."""
    n = draw(st.integers(2, 4))
    stages = [
        Stage(exponential(draw(st.floats(2, 20))), machines=draw(st.integers(1, 2)), capacity=draw(st.integers(0, 8)))
        for _ in range(n)
    ]
    routes = draw(st.lists(st.lists(st.integers(0, n - 1), min_size=1, max_size=5), min_size=1, max_size=3))
    site = line(stages, exponential(draw(st.floats(10, 60))), products=routes, quantity=draw(st.integers(1, 5)))
    if draw(st.booleans()):
        site = change(site, stations=tuple(change(s, cards=draw(st.none() | st.integers(1, 4))) for s in site.stations))
    if draw(st.booleans()):
        site = change(site, release=Release(wip_limits={"p0": draw(st.integers(1, 6))}))
    products = list(site.products)
    for i, product in enumerate(products):
        names = [step.called for step in product.route]
        if len(set(names)) < len(names):
            continue
        k = draw(st.integers(0, len(names) - 1))
        step = product.route[k]
        if draw(st.booleans()):
            step = change(step, outcomes=(Outcome(share=0.4, to=draw(st.sampled_from(names))),))
        free = [s.id for s in site.stations if s.id != step.station]
        if draw(st.booleans()):
            step = change(step, others=(OtherStation(station=draw(st.sampled_from(free)), time=step.time),))
        products[i] = change(product, route=(*product.route[:k], step, *product.route[k + 1 :]))
    return change(site, products=tuple(products))


def _it_never_moves(site: Site, replication: int, machine: int, since: int) -> None:
    """The same future without looking for rings: the machine that was named stands from that moment to the end."""
    on = run(site, HORIZON_S, replication, seek=False)
    moves = [int(when) for when, p, _ in on.events(at.TRACE_STATE) if p == machine]
    assert on.m[machine + at.STATE] == at.BLOCKED
    assert max(moves) <= since, "it was called a deadlock, and went on"


@given(site=_mazes(), replication=st.integers(0, 100))
@settings(max_examples=150)
def test_who_blocks_one_another_for_ever_is_found_at_once(site: Site, replication: int) -> None:
    r = run(site, HORIZON_S, replication)
    event(f"fault {int(r.m[at.FAULT])}")
    if r.m[at.FAULT]:
        assert r.m[at.FAULT] == at.FAULT_DEADLOCK
        _it_never_moves(site, replication, int(r.m[at.FAULT_AT]), int(r.m[at.NOW]))
        return
    for law in LAWS:
        law(r)
    machines = [p for p in r.processes if r.m[p + at.KIND] == at.MACHINE and r.m[p + at.JOB]]
    quiet = int(r.m[at.END]) - round(QUIET_S * 1e9)
    changed = {int(p): int(when) for when, p, _ in r.events(at.TRACE_STATE)}
    stands = [r.m[p + at.STATE] == at.BLOCKED and changed.get(p, 0) < quiet for p in machines]
    assert not (machines and all(stands)), "all that have work stand, and nothing said so"


@given(site=_mazes())
@settings(max_examples=40)
def test_the_sentence_names_a_machine_and_a_buffer(site: Site) -> None:
    said = ""
    try:
        replicate(compile_site(site, None, HORIZON_S, asked(site, {})), 2, 3, flavour="plain")
    except Unrunnable as error:
        said = str(error)
    assert not said or ("`m" in said and "room" in said and "\n" not in said), said


@given(site=sites(words=tuple(WORDS)))
@settings(max_examples=30)
def test_no_word_of_the_vocabulary_makes_a_run_hang(site: Site) -> None:
    """Whatever is drawn, a run takes fewer steps than a budget that is ten times what such sites need."""
    r = run(site, HORIZON_S)
    it_ends(r)
    assert r.m[at.STEPS] < 200_000
