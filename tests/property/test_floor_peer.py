"""Drawn floors with several words at once, played by the engine and by SimPy: the same to the nanosecond."""

from __future__ import annotations

from typing import Any

import pytest
from drawn_sites import HORIZON_S, LAWS, WORDS, assume, change, sites
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from peer_kit import compare

from andon.site.model import Site

NOT_PLAYED = frozenset({"skills", "roads", "curves", "doubt", "paces", "damage", "somebody missing"})
"""Words that the SimPy floor does not know; each has a model of its own elsewhere."""
PLAYED = tuple(word for word in WORDS if word not in NOT_PLAYED)


def _own_times(draw: Any, site: Site) -> Site:
    """The last product takes times of its own, without which rules that go by times could not tell jobs apart."""
    product = site.products[-1]
    if len(site.products) < 2 or not product.route:
        return site
    route = []
    for k, step in enumerate(product.route):
        site = assume(site, f"own{k}", draw(LAWS))
        route.append(change(step, time=f"own{k}"))
    return change(site, products=(*site.products[:-1], change(product, route=tuple(route))))


@st.composite
def floors(draw: Any, always: tuple[str, ...] = ()) -> Site:
    """A drawn site; every other one with few places, so that much is blocked, and now and then all of it for good."""
    site = _own_times(draw, draw(sites(words=PLAYED, always=always)))
    if draw(st.booleans()):
        return site
    own = {s.buffer: s for s in site.stations}
    room = [
        b if b.capacity == 0 or b.id not in own else change(b, capacity=draw(st.integers(1, 3))) for b in site.buffers
    ]
    least = {s.buffer: s.batch_least for s in site.stations}
    room = [change(b, capacity=max(b.capacity, least.get(b.id, 0))) if b.capacity else b for b in room]
    places = {b.id: b.capacity for b in room}
    stations = [change(s, cards=min(s.cards, places[s.buffer])) if s.cards else s for s in site.stations]
    return change(site, buffers=tuple(room), stations=tuple(stations))


@given(site=floors(), replication=st.integers(0, 1000))
@settings(max_examples=60)
def test_floors_of_many_words_are_the_same_in_simpy(site: Site, replication: int) -> None:
    assert not compare(site, HORIZON_S, replication).difference


@pytest.mark.parametrize("word", PLAYED)
def test_every_word_is_the_same_in_simpy(word: str) -> None:
    """Each word for certain, with others beside it."""

    @given(site=floors(always=(word,)), replication=st.integers(0, 1000))
    @settings(max_examples=5)
    def check(site: Site, replication: int) -> None:
        assert not compare(site, HORIZON_S, replication).difference

    check()


@pytest.mark.proof
@pytest.mark.timeout(0)
def test_many_thousand_floors_are_the_same_in_simpy() -> None:
    """A different thousand for each word, and some without; says how many sites and events it compared."""
    seen = [0, 0]

    @given(data=st.data(), replication=st.integers(0, 10**6))
    @settings(max_examples=1000, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def check(word: tuple[str, ...], data: st.DataObject, replication: int) -> None:
        compared = compare(data.draw(floors(always=word)), HORIZON_S, replication)
        assert not compared.difference
        seen[0] += 1
        seen[1] += compared.events

    for word in ((), *((w,) for w in PLAYED)):
        check(word)
        print(f"{word[0] if word else 'all'}: {seen[0]} sites, {seen[1]} events compared")  # noqa: T201 - a proof's record
