"""A drifting oven sensor is found and takes authority away; eight shifts without a fault take none.

The detector sees what the twin sees, values and times, and never the plant's list of faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.adapters.site_folder import load
from andon.authority.compute import compute
from andon.authority.facts import Facts, GatewayFact
from andon.authority.records import RecordView
from andon.core.readings import Value
from andon.core.time import SECOND, Nanos
from andon.evidence.regulated import Watch, regulated
from andon.ledger.record import Record
from andon.plant.core import Plant
from andon.plant.faults import parse_fault
from andon.site.model import Site

SITE = load(Path(__file__).parents[2] / "examples" / "valve-works")
START = 1_795_305_600 * SECOND
SHIFT_S = 12 * 3600
LOOK_S = 20


def seen(plant: Plant, seconds: int) -> Iterator[tuple[int, dict[str, Value]]]:
    """What a twin sees of a plant, every 20 seconds."""
    begin = plant.now_ns
    for step in range(seconds // LOOK_S):
        plant.run_until(begin + (step + 1) * LOOK_S * SECOND)
        yield plant.now_ns, {s.signal: s.value for s in plant.sample_all() if s.value is not None}


def watches() -> list[Watch]:
    assert isinstance(SITE, Site)
    return [Watch.of(r) for r in regulated(SITE)]


def test_both_ovens_are_watched_against_what_they_regulate_to() -> None:
    assert {(w.what.measured, w.what.wanted) for w in watches()} == {
        ("oven-1.temperature", "oven-1.setpoint_active"),
        ("oven-2.temperature", "oven-2.setpoint_active"),
    }


def test_a_ramp_of_half_a_degree_a_minute_is_found_within_half_an_hour() -> None:
    assert isinstance(SITE, Site)
    plant = Plant(SITE, start_ns=START, seed=3, faults=[parse_fault("oven-sensor-drift:oven-1.temperature@3600")])
    running = watches()
    found_at: dict[str, float] = {}
    for now, values in seen(plant, 3 * 3600):
        running = [w.look(values, now) for w in running]
        for watch in running:
            if watch.alarm() is not None:
                found_at.setdefault(watch.what.measured, (now - START) / SECOND)
    assert set(found_at) == {"oven-1.temperature"}
    assert 3600 < found_at["oven-1.temperature"] < 3600 + 1800


@pytest.mark.parametrize("shift", range(8))
def test_a_shift_without_a_fault_raises_nothing(shift: int) -> None:
    assert isinstance(SITE, Site)
    plant = Plant(SITE, start_ns=START + shift * SHIFT_S * SECOND, seed=100 + shift)
    running = watches()
    for number, (now, values) in enumerate(seen(plant, SHIFT_S)):
        if number % 540 == 539:
            plant.write("oven-1.setpoint", 175.0 if number % 1080 == 539 else 185.0)
        running = [w.look(values, now) for w in running]
    assert [w.alarm() for w in running] == [None, None]


def test_a_drift_on_record_takes_analyse_away_and_says_which_sensor() -> None:
    assert isinstance(SITE, Site)
    alarm = {
        "use": "oven-set-point",
        "element": "oven-1",
        "signal": "oven-1.temperature",
        "text": "`oven-1.temperature` stands +4.2 Cel off `oven-1.setpoint_active`",
    }
    view = RecordView.of([Record(0, "drift", Nanos(START), "twin", alarm)])
    facts = Facts(Nanos(START), "live", 1.0, True, {}, GatewayFact(True))
    row = next(r for r in compute("oven-set-point", view, facts, SITE).requirements if r.title == "no drift")
    assert not row.met
    assert "`oven-1.temperature` stands +4.2 Cel off" in row.why
    assert row.evidence == "#0"
