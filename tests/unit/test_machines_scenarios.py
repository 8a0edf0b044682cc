"""Scenario switches: each changes what it says, from when to when it says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.question import overrides_of
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.missing import shorter
from andon.models.simulate.textbook import Stage, constant, line
from andon.site.model import Site

HOUR = 3600.0


def hand_work() -> Site:
    """Two benches, two people, a job of 6 minutes each: 20 jobs an hour; then a machine of 1 minute."""
    stages = [Stage(constant(360.0), machines=2, capacity=50, crew=2), Stage(constant(60.0), capacity=50)]
    return line(stages, constant(180.0), wip=10)


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


def test_damaged_packaging_slows_what_is_begun_at_a_station() -> None:
    site = hand_work()
    slow = run(site, "damaged-packaging:s1@1h+1h=2", hours=3.0)
    plain = run(site, hours=3.0)
    jobs = plain.done()[0] / 3.0
    assert (slow.share(2, at.BUSY)[0] - plain.share(2, at.BUSY)[0]) * 180.0 == pytest.approx(jobs, abs=1.5)


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
        ("blocked-aisle:east@1h+2h", "the site has no roads, so nothing says where an aisle is; add roads.yaml"),
    ],
)
def test_a_switch_that_cannot_be_is_refused_in_one_sentence(switch: str, sentence: str) -> None:
    with pytest.raises(Unrunnable) as refused:
        asked(hand_work(), overrides_of([switch]))
    assert sentence in str(refused.value)
