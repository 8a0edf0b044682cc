"""Every law can fail: where the kernel is broken by hand, the law that is meant for it says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import drawn_laws as laws
import pytest
import road_laws
from broken import broken
from control_kit import Kind, shop
from drawn_laws import Run, run
from drawn_sites import HORIZON_S, change, change_station, sites
from hypothesis import HealthCheck, Phase, find, settings

from andon.models.simulate.textbook import Stage, constant
from andon.site.model import Site

# the rarest of these is noticed in one site of fourteen; what is drawn depends on what else was imported
MANY = settings(max_examples=400, phases=[Phase.generate], suppress_health_check=list(HealthCheck), derandomize=True)


def _fails(law: Callable[[Run], None], site: Any) -> bool:
    try:
        law(run(site, HORIZON_S))
    except (AssertionError, KeyError):
        return True
    return False


@pytest.mark.parametrize(
    ("law", "words", "name", "right", "wrong"),
    [
        (laws.it_ends, (), "token", "if t + at.TOKEN_WORDS > m[at.TOKENS_END]:", "if True:"),
        (laws.time_goes_on, (), "pop", "m[at.NOW] = when", "m[at.NOW] = when ^ (1 << 20)"),
        (laws.jobs_are_conserved, ("batches",), "get", "last = t", "last = t if n > 1 else last"),
        (laws.jobs_are_conserved, ("inspection",), "throw_away", "m[at.WIP] -= 1", "pass"),
        (laws.jobs_are_conserved, ("disassembly",), "begin_part", "m[at.WIP] += 1", "pass"),
        (laws.every_exit_was_a_start, (), "go_out", "finish(m, t)", "finish(m, t)\n    finish(m, t)"),
        (laws.capacity_is_kept, ("tight buffers",), "has_room", "<", "<="),
        (laws.levels_move_by_jobs, ("batches",), "take", "count(m, s, -1)", "count(m, s, -m[s + at.LEVEL])"),
        (laws.machines_do_one_thing, (), "enter", "m[p + at.SINCE] = now", "pass"),
        (laws.people_are_in_one_place, ("a shared crew",), "set_size", "m[r + at.USED] > size", "False"),
        (laws.people_are_in_one_place, ("a shared crew",), "crew_free", "m[r + at.USED] < m[r + at.SIZE]", "True"),
        (laws.people_do_one_thing, ("skills",), "dismiss_person", "note(m, at.TRACE_PERSON", "(m, at.TRACE_PERSON"),
        (laws.time_of_people_adds_up, ("skills",), "turn_person", "m[w + at.P_SINCE] = now", "pass"),
        (laws.cards_and_shares_are_kept, ("cards",), "take_after", "m[s + at.RESERVED] += 1", "pass"),
        (road_laws.one_vehicle_a_segment, ("vehicles", "roads"), "try_to_go", "if depends != 0:", "if False:"),
        (laws.cards_and_shares_are_kept, ("shares of the floor",), "dispatch_all",
         ">= m[a + at.FLOOR_LIMIT]", "> 1 << 61"),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)  # fmt: skip
def test_a_law_notices_what_it_is_meant_for(
    law: Callable[[Run], None], words: tuple[str, ...], name: str, right: str, wrong: str
) -> None:
    with broken(name, right, wrong):
        find(sites(words=words, always=words), lambda site: _fails(law, site), settings=MANY)


def _urgent() -> Site:
    """One slow machine, two products, and always somebody in the queue who is more urgent than the one before."""
    kinds = [
        Kind(constant(7.0), ((0, constant(9.0)),), 2, priority=2),
        Kind(constant(5.0), ((0, constant(9.0)),), priority=1),
    ]
    site = shop([Stage(constant(1.0))], kinds)
    return change(site, buffers=tuple(change(b, discipline="priority") for b in site.buffers))


def _mixed_lots() -> Site:
    """A packer that makes lots of two, jobs of two products in its buffer in turn, and a slow machine behind it."""
    kinds = [Kind(constant(every), ((0, constant(6.0)), (1, constant(50.0))), 1) for every in (7.0, 5.0)]
    site = shop([Stage(constant(1.0)), Stage(constant(1.0))], kinds)
    return change_station(site, 0, batch=2, batch_least=2, batch_wait_min=0.2, lot=True)


@pytest.mark.parametrize(
    ("law", "site", "name", "right", "wrong"),
    [
        (laws.urgent_jobs_stand_before_others, _urgent, "rank", "<= own", ">= own"),
        (laws.lots_are_of_one_product, _mixed_lots, "gather_load", "m[t + word] == wanted", "True"),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_a_law_that_drawn_sites_seldom_try_notices_on_a_site_made_for_it(
    law: Callable[[Run], None], site: Callable[[], Site], name: str, right: str, wrong: str
) -> None:
    assert not _fails(law, site())
    with broken(name, right, wrong):
        assert _fails(law, site())
