"""Each fault of the virtual plant is seen from outside, begins and ends when told, and touches what it was told to."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest

from andon.adapters.site_folder import load
from andon.core.time import SECOND, parse_iso
from andon.plant.core import Answer, Memory, Plant
from andon.plant.draws import PlantError
from andon.plant.faults import BAD_SENSOR, BY_NAME, KINDS, UNCERTAIN_SENSOR, Sample, parse_fault
from andon.plant.store import MemoryFile, WriteLog, decode, encode
from andon.site.model import Site

ROOT = Path(__file__).parents[2]
START = parse_iso("2026-11-23T09:00:00Z")


@pytest.fixture(scope="session")
def works() -> Site:
    site = load(ROOT / "examples" / "valve-works")
    assert isinstance(site, Site), site
    return site


def faulty(works: Site, *faults: str, **more: Any) -> Plant:
    return Plant(works, start_ns=START, faults=[parse_fault(text) for text in faults], **more)


def run(plant: Plant, until_s: float, step_s: float = 5.0) -> list[Sample]:
    """What a server would have told, from the plant's present until `until_s` after the start."""
    samples = []
    at_s = (plant.now_ns - START) / SECOND
    while at_s < until_s:
        at_s = min(until_s, at_s + step_s)
        plant.run_until(START + round(at_s * SECOND))
        samples += plant.take()
    return samples


def of(samples: list[Sample], name: str) -> list[Sample]:
    return [s for s in samples if s.signal == name]


def latest(plant: Plant, name: str) -> Sample:
    return next(s for s in plant.sample_all() if s.signal == name)


# How a fault is written


@pytest.mark.parametrize(
    ("text", "start", "end", "target"),
    [
        ("oven-sensor-drift@600", 600, math.inf, None),
        ("oven-sensor-drift:oven-2@0", 0, math.inf, "oven-2"),
        ("bad-quality:oven-1.temperature@1.5-20", 1.5, 20, "oven-1.temperature"),
    ],
)
def test_a_fault_is_read_as_written(text: str, start: float, end: float, target: str | None) -> None:
    fault = parse_fault(text)
    assert (fault.start_s, fault.end_s, fault.target) == (start, end, target)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("oven-sensor-drift", "is not of the form NAME"),
        ("oven-sensor-drift@", "is not of the form NAME"),
        ("oven-sensor-drift@-5", "is not of the form NAME"),
        ("oven-sensor-drift@5-", "is not of the form NAME"),
        ("", "is not of the form NAME"),
        ("gremlins@5", "there is no fault `gremlins`; see `andon plant --list-faults`"),
        ("slow-worker@5", "there is no fault `slow-worker`"),
        ("silent@5-5", "ends before it starts"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(PlantError, match=says):
        parse_fault(text)


@pytest.mark.parametrize(
    "text",
    ["bad-quality:oven-9@0", "machine-down:oven@0", "local-mode:lathe-1@0", "ack-not-do:lathe-1@0", "silent:oven-1@0"],
)
def test_a_target_that_the_fault_cannot_touch_is_refused(works: Site, text: str) -> None:
    with pytest.raises(PlantError, match=r"oven|lathe"):
        faulty(works, text)


def test_no_fault_is_about_how_fast_a_person_works() -> None:
    assert not [k.name for k in KINDS if "worker" in k.name or "person" in k.name]
    assert len(BY_NAME) == len(KINDS)


# What each one does. Before its time nothing is to be seen of it.


def test_oven_sensor_drift_ramps_the_reading_and_not_the_oven(works: Site) -> None:
    plant, sound = faulty(works, "oven-sensor-drift@600"), faulty(works)
    drifted, true = run(plant, 1800), run(sound, 1800)
    gap = [
        float(a.value or 0) - float(b.value or 0)
        for a, b in zip(of(drifted, "oven-1.temperature"), of(true, "oven-1.temperature"), strict=True)
    ]
    assert max(abs(g) for g in gap[:100]) == 0
    assert gap[-1] == pytest.approx(10, abs=0.2), "0.5 a minute for twenty minutes"
    assert of(drifted, "oven-2.temperature") == of(true, "oven-2.temperature")
    assert of(drifted, "oven-1.count") == of(true, "oven-1.count"), "the cure is as it was"


def test_oven_sensor_frozen_keeps_its_value_and_refreshes_its_time(works: Site) -> None:
    told = of(run(faulty(works, "oven-sensor-frozen@60-120"), 180, 1), "oven-1.temperature")
    before, during, after = told[:55], told[61:118], told[122:]
    assert len({s.value for s in before}) > 30
    assert len({s.value for s in during}) == 1
    assert len({s.source_ns for s in during}) == len(during)
    assert len({s.value for s in after}) > 30


@pytest.mark.parametrize(
    ("name", "status", "value"), [("bad-quality", BAD_SENSOR, None), ("uncertain-quality", UNCERTAIN_SENSOR, ...)]
)
def test_quality_faults_are_told_by_the_status_and_taken_back(
    works: Site, name: str, status: int, value: object
) -> None:
    plant = faulty(works, f"{name}:oven-1@20-40")
    assert {s.status for s in run(plant, 15)} == {0}
    during = run(plant, 35)
    assert latest(plant, "oven-1.state").status == status
    assert {s.status for s in of(during, "oven-1.state")} == {status}, "told although the value did not change"
    assert {s.status for s in during if s.signal.startswith("oven-2")} == {0}
    assert value is ... or {s.value for s in of(during, "oven-1.temperature") if s.status} == {value}
    after = run(plant, 60)
    assert of(after, "oven-1.state")[-1].status == 0
    assert of(after, "oven-1.state")[-1].value


def test_null_timestamps(works: Site) -> None:
    plant = faulty(works, "null-timestamps@20")
    assert all(s.source_ns is not None for s in run(plant, 19))
    assert all(s.source_ns is None for s in run(plant, 60)[-100:])


def test_nan_values(works: Site) -> None:
    plant = faulty(works, "nan-values@20")
    told = of(run(plant, 60), "oven-1.temperature")
    assert math.isfinite(float(told[0].value or 0))
    assert isinstance(told[-1].value, float)
    assert math.isnan(told[-1].value)


def test_clocks_that_run_ahead_and_step_back(works: Site) -> None:
    ahead, back = faulty(works, "clock-ahead@20"), faulty(works, "clock-backwards@20")
    assert (of(run(ahead, 60), "oven-1.temperature")[-1].source_ns or 0) > START + 3600 * SECOND
    told = [s.source_ns or 0 for s in of(run(back, 60), "oven-1.temperature")]
    steps = [b - a for a, b in itertools.pairwise(told)]
    assert sum(step < 0 for step in steps) == 1
    assert told[-1] < START


def test_unit_scale(works: Site) -> None:
    assert float(of(run(faulty(works, "unit-scale@20"), 60), "oven-1.temperature")[-1].value or 0) > 170_000


def test_silent_tells_nothing_and_then_everything(works: Site) -> None:
    plant = faulty(works, "silent@20-60")
    assert run(plant, 19)
    run(plant, 21)
    assert plant.silent
    assert not run(plant, 55)
    back = run(plant, 65)
    assert not plant.silent
    assert {s.signal for s in back} == set(plant.signals)


def test_ack_not_do(works: Site) -> None:
    plant = faulty(works, "ack-not-do:oven-1@20-100")
    run(plant, 30)
    assert plant.write("oven-1.setpoint", 190.0) is Answer.TAKEN
    assert plant.write("oven-2.setpoint", 190.0) is Answer.TAKEN
    run(plant, 90)
    assert latest(plant, "oven-1.setpoint").value == 190.0
    assert latest(plant, "oven-1.setpoint_active").value == 180.0
    assert latest(plant, "oven-2.setpoint_active").value == 190.0
    run(plant, 110)
    plant.write("oven-1.setpoint", 185.0)
    run(plant, 120)
    assert latest(plant, "oven-1.setpoint_active").value == 185.0


def test_local_mode_refuses_writes_until_people_give_the_machine_back(works: Site) -> None:
    plant = faulty(works, "local-mode@20-100")
    run(plant, 30)
    assert latest(plant, "oven-1.remote").value is False
    assert plant.write("oven-1.setpoint", 190.0) is Answer.LOCAL
    assert latest(plant, "oven-1.setpoint").value == 180.0
    run(plant, 110)
    assert latest(plant, "oven-1.remote").value is True
    assert plant.write("oven-1.setpoint", 190.0) is Answer.TAKEN


def test_a_write_on_its_way_is_dropped_when_a_person_takes_the_machine(works: Site) -> None:
    plant = faulty(works, "local-mode@20-100")
    run(plant, 19.5)
    assert plant.write("oven-1.setpoint", 190.0) is Answer.TAKEN
    run(plant, 150)
    assert latest(plant, "oven-1.setpoint_active").value == 180.0
    assert latest(plant, "oven-1.setpoint").value == 180.0, "the register follows the machine"


def test_setpoint_turned_changes_machine_and_register_with_nobody_writing(works: Site) -> None:
    plant = faulty(works, "setpoint-turned:oven-2@20")
    run(plant, 30)
    assert latest(plant, "oven-2.setpoint").value == latest(plant, "oven-2.setpoint_active").value == 188.0
    assert latest(plant, "oven-2.remote").value is True
    assert latest(plant, "oven-1.setpoint_active").value == 180.0


def test_machine_down_lasts_until_its_end(works: Site) -> None:
    plant = faulty(works, "machine-down:washer-1@20-1200")
    run(plant, 25)
    assert latest(plant, "washer-1.state").value == "down"
    count = latest(plant, "washer-1.count").value
    run(plant, 1199)
    assert (latest(plant, "washer-1.state").value, latest(plant, "washer-1.count").value) == ("down", count)
    run(plant, 3600)
    assert int(latest(plant, "washer-1.count").value or 0) > int(count or 0)


def test_late_material_keeps_jobs_outside(works: Site) -> None:
    plant, sound = faulty(works, "late-material@20"), faulty(works)
    run(plant, 5000, 60)
    run(sound, 5000, 60)
    assert plant.floor.desk.on_floor() < sound.floor.desk.on_floor()
    assert not any(job.material for queue in plant.floor.desk.waiting.values() for job in queue)


def test_station_stops_are_ten_times_as_many(works: Site) -> None:
    often = run(faulty(works, "station-stops@0"), 4 * 3600, 20)
    usual = run(faulty(works), 4 * 3600, 20)

    def stops(samples: list[Sample]) -> int:
        return sum(s.value == "waiting_crew" for s in samples if s.signal.startswith(("lathe", "mill")))

    assert stops(often) > 3 * max(1, stops(usual))


def test_a_restart_in_the_middle_of_a_fault_finds_it_again(works: Site) -> None:
    fault = parse_fault("local-mode@600")
    again = Plant(works, start_ns=START + 900 * SECOND, epoch_ns=START, faults=[fault])
    again.run_until(START + 901 * SECOND)
    assert latest(again, "oven-1.remote").value is False
    turned = [parse_fault("setpoint-turned@600")]
    late = Plant(works, start_ns=START + 900 * SECOND, epoch_ns=START, faults=turned)
    late.run_until(START + 901 * SECOND)
    assert latest(late, "oven-1.setpoint").value == 188.0
    again = Plant(works, start_ns=START + 900 * SECOND, epoch_ns=START, faults=turned, memory=late.remember())
    again.run_until(START + 901 * SECOND)
    assert latest(again, "oven-1.setpoint").value == 188.0, "turned once, not again at every restart"


# What is left on disk


def test_memory_comes_back_as_it_was_saved(tmp_path: Path, works: Site) -> None:
    plant = Plant(works, start_ns=START)
    plant.write("oven-1.setpoint", 190.0)
    memory = plant.remember()
    MemoryFile(tmp_path / "a" / "plant").save(memory)
    assert MemoryFile(tmp_path / "a" / "plant").read() == (memory, "")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert decode(json.loads(json.dumps(encode(memory)))) == memory


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"format": 2}',
        '{"format": 1}',
        '{"format": 1, "registers": {"a": ["x", "y"]}, "counts": {}, "completed": {}, "next_order": {}, "waiting": []}',
    ],
)
def test_a_memory_that_cannot_be_read_is_put_aside_and_said(tmp_path: Path, content: str) -> None:
    file = MemoryFile(tmp_path / "plant")
    file.path.write_text(content)
    memory, note = file.read()
    assert memory is None
    assert "starts without" in note
    assert file.path.with_suffix(".broken").read_text() == content


def test_a_memory_of_another_site_changes_only_what_it_knows(works: Site) -> None:
    memory = Memory(
        registers={"kiln.setpoint": (1.0, 1.0), "oven-1.setpoint": (999.0, 999.0)}, waiting=[("hat", "hat-1")]
    )
    plant = Plant(works, start_ns=START, memory=memory)
    assert latest(plant, "oven-1.setpoint").value == 180.0


def test_the_write_log_is_appended_to(tmp_path: Path) -> None:
    for value in (1, 2):
        with WriteLog(tmp_path / "log") as log:
            log.append({"value": value})
    assert [json.loads(line)["value"] for line in (tmp_path / "log").read_text().splitlines()] == [1, 2]
