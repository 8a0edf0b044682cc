"""Structural alternatives: what may be set, what it builds, whose luck stays, and the live state on a changed floor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from andon.adapters.site_folder import load
from andon.core.time import SECOND
from andon.models.simulate.asked import asked, changed
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.limits import mark
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.seen import VehicleNow
from andon.models.simulate.settable import settings
from andon.models.simulate.structure import adapted
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.model import Site

NOW = 1_795_356_000 * SECOND


@pytest.fixture(scope="module")
def valves() -> Site:
    site = load(Path(__file__).parents[2] / "examples" / "valve-works")
    assert isinstance(site, Site)
    return site


def _run(
    site: Site, overrides: dict[str, float], n: int = 2, horizon_s: float = 600.0, like: Site | None = None
) -> Rows:
    image = compile_site(site, None, horizon_s, asked(site, overrides, like))
    return replicate(image, n, 1, flavour="plain")


@pytest.mark.parametrize(
    ("name", "value", "seen"),
    [
        ("turning.machines", 5, lambda s: s.stations[0].machines[2:] == ("lathe-3", "lathe-4", "lathe-5")),
        ("turning.machines", 1, lambda s: s.stations[0].machines == ("lathe-1",)),
        ("turning.dispatch", 1, lambda s: s.stations[0].dispatch == "spt"),
        ("washing.cards", 9, lambda s: s.stations[2].cards == 9),
        ("ball-valve.wip_limit", 7, lambda s: s.release.wip_limits == {"ball-valve": 7} and s.release.wip_limit == 48),
        ("curing.batch", 6, lambda s: s.stations[3].batch == 6),
        ("assembly.people", 2, lambda s: s.stations[4].people == 2),
        ("washing-buffer.capacity", 20, lambda s: s.buffers[2].capacity == 20),
        ("setters.size", 3, lambda s: s.crews[3].size == {"early": 3, "late": 3}),
        ("setters.early", 2, lambda s: s.crews[3].size == {"early": 2, "late": 1}),
        ("amr.vehicles", 5, lambda s: s.fleets[0].vehicles[-1] == "amr-5"),
        ("amr.speed", 0.8, lambda s: s.fleets[0].speed_m_per_s == 0.8),
        ("release.wip_limit", 30, lambda s: s.release.wip_limit == 30),
        ("ball-valve.quantity", 8, lambda s: s.demand[0].quantity == 8),
        ("gate-valve.due", 2.5, lambda s: s.demand[1].due_h == 2.5),
    ],
)  # fmt: skip
def test_what_is_set_is_built_and_the_declared_site_stays(valves: Site, name: str, value: float, seen: object) -> None:
    before = valves.model_dump_json()
    built = changed(valves, {name: value})
    assert seen(built)  # type: ignore[operator]
    assert settings(built)[name].now == value
    assert valves.model_dump_json() == before
    assert asked(valves, {name: value}).site == built
    _run(valves, {name: value}, n=1)


def test_what_is_set_to_what_it_is_changes_no_bit(valves: Site) -> None:
    for name, setting in settings(valves).items():
        if setting.kind == "structure" and setting.now is not None:
            assert changed(valves, {name: setting.now}) == valves, name
    plain, named = _run(valves, {}), _run(valves, {"turning.machines": 3, "curing.speed": 1.0, "setters.size": 1})
    assert np.array_equal(plain.words, named.words)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"turning.machine": 4}, "nearest: `turning.machines`"),
        ({"turning.machines": 2.5}, "give a whole number from 1 to 1000"),
        ({"turning.machines": 0}, "give a whole number from 1 to 1000"),
        ({"setters.size": -1}, "give a whole number from 0 to 10000"),
        ({"curing.speed": 0}, "give a number from 0.01 to 100"),
        ({"oven-3.setpoint": 180}, "nearest: `oven-2.setpoint`"),
        ({"oven-1.setpoint": float("nan")}, "give a number"),
        ({"release.wip_limit": float("inf")}, "`release.wip_limit` cannot be inf"),
        ({"washing.cards": 13}, "`washing-buffer` has 12 places; give it a place for every card of `washing`"),
        ({"washing.dispatch": 4}, "station `washing` has no `setup` to avoid; set another rule"),
        ({"washing.dispatch": 6}, "`washing.dispatch` cannot be 6; give a whole number from 0 to 5"),
        ({"cure.spread": float("nan")}, "`cure.spread` cannot be nan; give a number"),
    ],
)
def test_a_slip_is_one_sentence(valves: Site, overrides: dict[str, float], words: str) -> None:
    with pytest.raises(Unrunnable) as caught:
        asked(valves, overrides)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_new_machine_has_the_set_point_of_its_neighbour_and_can_have_its_own(valves: Site) -> None:
    built = changed(valves, {"curing.machines": 3})
    assert settings(built)["oven-3.setpoint"].now == settings(built)["oven-1.setpoint"].now == 180.0
    assert asked(valves, {"curing.machines": 3, "oven-3.setpoint": 190.0}).setpoints == {"oven-3.setpoint": 190.0}


@pytest.mark.parametrize("folder", sorted((Path(__file__).parents[2] / "examples").iterdir()), ids=lambda p: p.name)
def test_every_setting_of_every_example_runs_or_is_refused_in_a_sentence(folder: Path) -> None:
    site = load(folder)
    if not isinstance(site, Site) or not (site.demand or site.orders):
        return
    for name, setting in settings(site).items():
        if setting.now is None or setting.kind == "sequence":
            continue
        value = min(setting.now + 1 if setting.whole else setting.now * 1.05, setting.high)
        said = "runs; ends"
        try:
            replicate(compile_site(site, None, 900.0, asked(site, {name: value})), 1, 1)
        except Unrunnable as error:
            said = str(error)
        assert "; " in said, name
        assert "\n" not in said, name


def test_a_disturbance_can_be_switched_off() -> None:
    found = [load(folder) for folder in sorted((Path(__file__).parents[2] / "examples").iterdir())]
    disturbed = [site for site in found if isinstance(site, Site) and site.disturbances]
    for site in disturbed:
        one = site.disturbances[0]
        assert one not in changed(site, {f"{one.id}.on": 0}).disturbances
        assert changed(site, {f"{one.id}.on": 1}) == site


def test_speed_is_the_times_divided() -> None:
    site = line([Stage(constant(10.0)), Stage(constant(4.0))], constant(1000.0))
    assert float(_run(site, {}, 1).lead_s()[0]) == 14.0
    assert float(_run(site, {"s0.speed": 2.0}, 1).lead_s()[0]) == 9.0
    assert float(_run(site, {"s0.speed": 0.5, "s1.speed": 4.0}, 1).lead_s()[0]) == 21.0


def _downs(rows: Rows, machine: str) -> np.ndarray:
    return np.asarray(rows.share(rows.image.machines.index(machine), at.FAILED))


def test_a_new_machine_shifts_nobody_elses_luck() -> None:
    """Failures by the calendar go on whatever the jobs do: those of the old machines stay, to the nanosecond."""
    stage = Stage(exponential(20.0), fails=exponential(60.0), repair=exponential(30.0), calendar=True)
    site = line([stage, stage], exponential(30.0))
    before, after = _run(site, {}, 3), _run(site, {"s0.machines": 2}, 3)
    assert after.image.machines == ("m0-0", "m0-1", "m1-0")
    for machine in ("m0-0", "m1-0"):
        assert np.array_equal(_downs(before, machine), _downs(after, machine))
    assert not np.array_equal(_downs(after, "m0-0"), _downs(after, "m0-1"))


def test_another_site_has_the_luck_of_the_machines_that_both_have() -> None:
    stage = Stage(exponential(20.0), fails=exponential(60.0), repair=exponential(30.0), calendar=True)
    first = line([stage, stage], exponential(30.0))
    other = first.model_copy(update={"stations": first.stations[::-1]})
    assert other.stations[0].id == "s1"
    before, after = _run(first, {}, 3), _run(other, {}, 3, like=first)
    for machine in ("m0-0", "m1-0"):
        assert np.array_equal(_downs(before, machine), _downs(after, machine))


LIVE = LiveState(
    NOW,
    {
        "lathe-3": MachineNow("running", "ball-valve", 60.0),
        "oven-2": MachineNow("running", "gate-valve", 300.0, jobs=3),
    },
    {"turning-buffer": 2, "curing-buffer": 9},
    vehicles={"amr-4": VehicleNow("moving")},
    present={"setters": 1, "assemblers": 1},
    setpoints={"oven-1": 175.0, "oven-2": 170.0},
)


def test_the_live_state_goes_over_to_a_changed_floor(valves: Site) -> None:
    more = changed(valves, {"curing.machines": 3, "setters.size": 3, "assemblers.size": 1})
    seen = adapted(LIVE, valves, more)
    assert seen.setpoints["oven-3"] == 170.0
    assert "oven-3" not in seen.machines, "a new machine begins idle"
    assert seen.present == {"setters": 3, "assemblers": 0}
    fewer = changed(valves, {"curing.machines": 1, "turning.machines": 2, "amr.vehicles": 3})
    seen = adapted(LIVE, valves, fewer)
    assert seen.levels == {"turning-buffer": 3, "curing-buffer": 12}
    assert len(seen.sampled) == 3
    for built in (more, fewer):
        overrides = {"curing.machines": float(len(built.stations[3].machines))}
        replicate(compile_site(valves, LIVE, 600.0, asked(valves, overrides)), 1, 1, flavour="plain")


def test_a_buffer_is_not_made_smaller_than_what_it_holds(valves: Site) -> None:
    with pytest.raises(Unrunnable, match="`curing-buffer` holds 9 jobs now; give it 9 places or more"):
        compile_site(valves, LIVE, 600.0, asked(valves, {"curing-buffer.capacity": 8}))


def test_jobs_that_are_there_keep_their_luck_when_something_is_built(valves: Site) -> None:
    """With the same futures, a machine that nobody needs changes nothing at all in the half hour that follows."""
    live = LiveState(
        NOW, {"bench-1": MachineNow("running", "ball-valve")}, {"testing-buffer": 3}, present={"testers": 1}
    )
    rows = [
        replicate(compile_site(valves, live, 900.0, asked(valves, o)), 3, 1, flavour="plain")
        for o in ({}, {"turning.machines": 9}, {"washing.machines": 2})
    ]
    for other in rows[1:]:
        assert np.array_equal(rows[0].done(), other.done())
        assert np.array_equal(rows[0].station_share(5, at.BUSY), other.station_share(5, at.BUSY))


def test_what_is_built_differently_was_never_compared_with_a_floor(valves: Site) -> None:
    found = mark(valves, None, {"turning.machines": 4}, validated=True)
    assert found.mark == "fragile"
    assert "`turning.machines` at 4" in found.why[0]
    assert mark(valves, None, {}, validated=True).mark == "accurate"
