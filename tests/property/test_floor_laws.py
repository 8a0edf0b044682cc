"""Laws that hold on every floor that can be described, over sites drawn from the whole vocabulary."""

from __future__ import annotations

import pytest
from drawn_laws import keeps_every_law, run
from drawn_sites import HORIZON_S, WORDS, sites
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.site.model import Site


@given(site=sites(), replication=st.integers(0, 1000))
@settings(max_examples=40)
def test_every_run_of_every_floor_keeps_the_laws(site: Site, replication: int) -> None:
    keeps_every_law(run(site, HORIZON_S, replication))


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_drawn_and_keeps_the_laws(word: str) -> None:
    """Each word for certain, with few others beside it."""

    @given(site=sites(always=(word,)))
    @settings(max_examples=6)
    def check(site: Site) -> None:
        keeps_every_law(run(site, HORIZON_S))

    check()
