"""Several words of one person's plan at the same instant: who comes back and is gone again takes no work meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_laws import (
    it_ends,
    jobs_are_conserved,
    machines_do_one_thing,
    people_are_in_one_place,
    people_do_one_thing,
)
from drawn_laws import run as traced
from people_sites import changed, crew

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, line
from andon.site.floor import Break, Shift
from andon.site.model import Site
from andon.site.stops import Scenario

HOURS_S = 3 * 3600.0
JOB_S = 55.0
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _by_hand(breaks: tuple[Break, ...], missing: tuple[tuple[float, float], ...], apart: bool) -> Site:
    """One machine, one person from midnight until two, and always a job that waits."""
    shift = Shift(id="day", days=DAYS, start="00:00", end="02:00", breaks=breaks)
    site = line([Stage(constant(JOB_S), crew=1)], constant(20.0), wip=5, shifts=(shift,))
    crews = tuple(c.model_copy(update={"walk_m_per_s": 1.0 if apart else None}) for c in site.crews)
    gone = tuple(
        Scenario(kind="missing-worker", what="crew0", from_s=60.0 * a, for_s=60.0 * (b - a), amount=1)
        for a, b in missing
    )
    return site.model_copy(update={"crews": crews, "scenarios": gone})


@pytest.mark.parametrize(
    ("breaks", "missing", "minutes"),
    [
        ((("01:30", 30),), (), 90),  # the break ends with the shift
        ((("00:30", 10), ("00:40", 20)), (), 90),  # one break after the other
        ((("00:00", 10),), (), 110),  # the shift begins with a break
        ((("00:30", 10),), ((40, 60),), 90),  # missing from the end of a break on
        ((("00:30", 10),), ((10, 30),), 90),  # missing until a break
        ((("00:30", 10),), ((0, 30),), 80),
        ((("00:30", 10),), ((30, 40),), 110),  # missing instead of a break
        ((("00:30", 10),), ((10, 20), (20, 25)), 95),
        ((("01:50", 10),), ((0, 110),), 0),
    ],
)
def test_who_is_gone_again_within_the_same_instant_takes_no_work(
    breaks: tuple[tuple[str, float], ...], missing: tuple[tuple[float, float], ...], minutes: float
) -> None:
    """The machine works as long as somebody is there, to the job and like one with a counted crew."""
    pauses = tuple(Break(start=a, minutes=n) for a, n in breaks)
    single, counted = (_by_hand(pauses, missing, apart) for apart in (True, False))
    r = traced(single, HOURS_S)
    for law in (it_ends, jobs_are_conserved, machines_do_one_thing, people_are_in_one_place, people_do_one_thing):
        law(r)
    assert r.m[r.products[0] + at.DONE] == pytest.approx(minutes * 60 / JOB_S, abs=1)
    figures = [
        replicate(compile_site(s, None, HOURS_S, asked(s, {})), 1, 1, flavour="plain").share(0, at.BUSY)[0]
        for s in (single, counted)
    ]
    assert np.isclose(*figures)


@pytest.mark.parametrize("apart", [True, False])
def test_a_look_that_begins_within_a_break_finds_nobody_until_it_is_over(apart: bool) -> None:
    """Twenty seconds of the job are left, and five minutes of the break."""
    site = _by_hand((Break(start="00:30", minutes=10),), (), apart)
    midnight = compile_site(site, None, 60.0, asked(site, {})).options.start_ns
    live = LiveState(midnight + 35 * 60 * 10**9, {"m0-0": MachineNow("running", "p0", JOB_S - 20.0)})
    image = compile_site(site, live, 600.0, asked(site, {}), bins=60)
    done = replicate(image, 1, 1, flavour="plain").series("done")[0]
    assert [int(done[k]) for k in (29, 30, 31)] == [0, 0, 1], "by 300, 310 and 320 s"
    people_do_one_thing(traced(site, 600.0, live=live))


@pytest.mark.parametrize("away", ["a", "b"])
def test_a_team_that_is_no_longer_there_keeps_nobody_from_other_work(away: str) -> None:
    """Jobs of 600 s and 100 s for one person, of 60 s for two; one of two people leaves at 500 s for 3000 s."""
    stages = [Stage(constant(t)) for t in (600.0, 60.0, 100.0)]
    site = line(stages, constant(1e5), quantity=1, products=((0,), (1,), (2,)))
    asks = {0: {"skill": "s"}, 1: {"skill": "s", "people": 2}, 2: {"skill": "s"}}
    site = changed(site, asks, (crew("a", 1, skills=("s",)), crew("b", 1, skills=("s",))))
    gone = Scenario(kind="missing-worker", what=away, from_s=100_500.0, for_s=3000.0, amount=1)
    r = traced(site.model_copy(update={"scenarios": (gone,)}), 110_000.0)
    left = tuple(round(t / 1e9) for t, _, _ in r.events(at.TRACE_EXIT))
    assert sorted(t for t in left if t > 100_000) == [100_600, 100_700, 103_560]
