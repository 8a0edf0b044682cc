"""Scenario switches: each changes what it says, from when to when it says, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState
from andon.models.simulate.missing import shorter
from andon.models.simulate.question import overrides_of
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.staff import staff
from andon.models.simulate.textbook import Stage, constant, day_shift, line
from andon.site.floor import Assumption, Break, Crew, Distribution
from andon.site.model import Site

HOUR = 3600.0


def hand_work() -> Site:
    """Two benches, two people, a job of 6 minutes each: 20 jobs an hour; then a machine of 1 minute."""
    stages = [Stage(constant(360.0), machines=2, capacity=50, crew=2), Stage(constant(60.0), capacity=50)]
    return line(stages, constant(180.0), wip=10)


def law(site: Site, name: str, d: Distribution, unit: str = "s") -> Site:
    more = Assumption(
        name=name, unit=unit, distribution=d, origin="test", who="nobody", when="2026-01-01", review_by="2030-01-01"
    )
    return site.model_copy(update={"assumptions": (*site.assumptions, more)})


def run(site: Site, *switches: str, hours: float = 4.0) -> Rows:
    image = compile_site(site, None, hours * HOUR, asked(site, overrides_of(switches)), bins=int(hours * 60))
    return replicate(image, 1, 3, flavour="plain")


def test_a_missing_worker_halves_two_benches_for_as_long_as_said() -> None:
    site = hand_work()
    gone = run(site, "missing-worker:crew0@1h+2h")
    lost = run(site).share(0, at.BUSY) + run(site).share(1, at.BUSY) - gone.share(0, at.BUSY) - gone.share(1, at.BUSY)
    assert lost[0] * 4 == pytest.approx(2.0, abs=0.1)
    assert np.array_equal(gone.series("done")[0][:60], run(site).series("done")[0][:60])
    nobody = run(site, "missing-worker:crew0@1h+2h=2")
    assert nobody.series("done")[0][175] == nobody.series("done")[0][70]
    assert nobody.series("done")[0][-1] > nobody.series("done")[0][175]


def test_a_crew_s_line_is_shorter_while_somebody_is_missing() -> None:
    site = asked(hand_work(), overrides_of(["missing-worker:crew0@10s+20s=3"])).site
    assert site is not None
    second = 10**9
    line_of_crew = [(0, 2), (20 * second, 5), (25 * second, 4)]
    wanted = [(0, 2), (10 * second, 0), (20 * second, 2), (25 * second, 1), (30 * second, 4)]
    assert shorter(site, "crew0", line_of_crew) == wanted
    assert shorter(site, "other", line_of_crew) == line_of_crew


def test_a_network_outage_stops_release_and_machines_go_on_with_what_they_have() -> None:
    site = hand_work()
    out = run(site, "network-outage@1h+1h")
    wip, done = out.series("wip")[0], out.series("done")[0]
    at_outage, after = int(done[60]), int(done[118])
    assert wip[118] == 0
    assert after - at_outage <= 10
    assert out.series("waiting:p0")[0][118] >= 18
    assert done[-1] > after + 15
    assert np.array_equal(done[:60], run(site).series("done")[0][:60])


def with_crews(site: Site, *crews: Crew) -> Site:
    return site.model_copy(update={"crews": crews})


def apart(site: Site, **words: Any) -> Site:
    """The same crew as single people: a break that may be late, of which the site has none."""
    (crew,) = site.crews
    return with_crews(site, crew.model_copy(update={"break_late_min": 1.0, **words}))


@pytest.mark.parametrize("switch", ["@1h+2h", "@1h+2h=2", "", "@90min", "@0h+1h=2"])
def test_people_who_are_told_apart_are_missing_as_those_who_are_counted(switch: str) -> None:
    """Hand work does not depend on who does it: what is left of a crew makes as many jobs, minute by minute."""
    name = f"missing-worker:crew0{switch}"
    counted, single = run(hand_work(), name), run(apart(hand_work()), name)
    assert np.array_equal(counted.series("done"), single.series("done"))
    assert counted.done()[0] < run(hand_work()).done()[0]


def test_of_those_who_are_told_apart_nobody_is_there_while_missing_and_all_come_back() -> None:
    rows = run(apart(hand_work()), "missing-worker:crew0@1h+2h=2")
    done = rows.series("done")[0]
    assert done[175] == done[70]
    assert done[-1] - done[185] == pytest.approx(20 * 55 / 60, abs=2)


def test_a_break_is_kept_by_who_is_there_and_not_taken_by_who_is_away() -> None:
    shift = day_shift("00:00", "12:00").model_copy(update={"breaks": (Break(start="02:00", minutes=30),)})
    site = apart(
        hand_work().model_copy(update={"shifts": (shift,)}), size={"day": 2}, break_late_min=0.0, walk_m_per_s=3
    )
    plain, gone = staff(run(site)), staff(run(site, "missing-worker:crew0@1h+2h"))
    counted = with_crews(site, Crew(id="crew0", name="Crew", size={"day": 2}))
    assert staff(run(counted, "missing-worker:crew0@1h+2h"))[0].shares["on_break"] == pytest.approx(0.5 / 6, abs=1e-6)
    assert [s[0].shares["on_break"] for s in (plain, gone)] == pytest.approx([1 / 8, 0.5 / 6])
    assert gone[0].rest_kept is not None
    assert gone[0].rest_kept.mean == pytest.approx(1.0)


def test_who_is_absent_stays_so_and_the_others_keep_their_luck() -> None:
    """A crew of twelve of whom a third is ill: one fewer in the plan is one fewer, or none where that one was ill."""
    site = hand_work()
    shift = day_shift("00:00", "12:00")
    ill = law(site.model_copy(update={"shifts": (shift,)}), "ill", constant(1 / 3), "1")
    site = with_crews(ill, Crew(id="crew0", name="Crew", size={"day": 12}, absence="ill"))
    before = _present(site, 40)
    after = _present(site, 40, "missing-worker:crew0@1h+1h")
    assert set(before - after) <= {0, 1}
    assert (before - after).mean() == pytest.approx(2 / 3, abs=0.3)


def _present(site: Site, n: int, *switches: str) -> np.ndarray:
    """People of the crew at one moment of the second hour: from person hours there."""
    hours = []
    for end in (1.25, 1.75):
        image = compile_site(site, None, end * HOUR, asked(site, overrides_of(switches)), bins=1)
        hours.append(replicate(image, n, 3, flavour="plain").crew_minutes(0)[1] / 60.0)
    return np.asarray(np.round((hours[1] - hours[0]) / 0.5))


def skilled() -> Site:
    """Packing by packers or by handlers, who alone can load: two machines of each, two people of each."""
    stages = [Stage(constant(360.0), machines=2, capacity=50), Stage(constant(360.0), machines=2, capacity=50)]
    site = line(stages, constant(180.0), wip=10)
    stations = tuple(
        s.model_copy(update={"skill": skill}) for s, skill in zip(site.stations, ("pack", "load"), strict=True)
    )
    site = site.model_copy(update={"stations": stations})
    packers = Crew(id="packers", name="Packers", size={"all": 2}, skills=("pack",))
    return with_crews(site, Crew(id="handlers", name="Handlers", size={"all": 2}, skills=("pack", "load")), packers)


def test_a_skill_that_is_missing_is_missing_where_people_can_do_the_least() -> None:
    site = skilled()
    for switch, packers, handlers in (
        ("missing-worker:pack@0h", 1, 2),
        ("missing-worker:pack@0h=3", 0, 1),
        ("missing-worker:load@0h", 2, 1),
        ("missing-worker:packers@0h", 1, 2),
    ):
        rows = run(site, switch)
        there = tuple(rows.crew_minutes(i)[1][0] / 240.0 for i in range(2))
        assert there == pytest.approx((handlers, packers)), switch


def test_seen_people_are_fewer_by_those_who_are_missing() -> None:
    site = apart(hand_work())
    seen = LiveState(at_ns=1_767_571_200 * 10**9, present={"crew0": 2}, levels={"b0": 40})
    image = compile_site(site, seen, HOUR, asked(site, overrides_of(["missing-worker:crew0"])), bins=1)
    assert replicate(image, 1, 3, flavour="plain").station_share(0, at.BUSY)[0] == pytest.approx(0.5)


def test_scenarios_are_alternatives_like_others_and_need_no_number() -> None:
    assert overrides_of(["missing-worker:crew0@1h+2h,s0.machines=3"]) == {
        "missing-worker:crew0@1h+2h": 1.0,
        "s0.machines": 3.0,
    }


@pytest.mark.parametrize(
    ("switch", "sentence"),
    [
        ("missing-worker:crew9@1h+2h", "names `crew9`, which is not there; name one of `crew0`"),
        ("missing-worker@1h+2h", "is no scenario; write one of"),
        ("missing-wrker:crew0@1h+2h", "is no scenario; write one of"),
        ("missing-worker:crew0@1h+0h", "takes no time; give it a length"),
        ("missing-worker:crew0@1h+2parsecs", "is no length of time; write it like 8h"),
        ("missing-worker:crew0@1h+2h=1.5", "cannot be 1.5; give a whole number"),
        ("damaged-packaging:s1@1h+2h", "nothing says what a damaged job takes at `s1`; declare a disturbance"),
        ("blocked-aisle:east@1h+2h", "the site has no roads, so nothing says where an aisle is; add roads.yaml"),
    ],
)
def test_a_switch_that_cannot_be_is_refused_in_one_sentence(switch: str, sentence: str) -> None:
    with pytest.raises(Unrunnable) as refused:
        asked(hand_work(), overrides_of([switch]))
    assert sentence in str(refused.value)
