"""Whatever the seed, hour, writes and faults: jobs are conserved, capacities hold, and the plant repeats itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from andon.adapters.site_folder import load
from andon.core.time import SECOND, parse_iso
from andon.plant.core import Answer, Plant
from andon.plant.faults import KINDS, parse_fault
from andon.plant.orders import is_sequence
from andon.site.model import Site

ROOT = Path(__file__).parents[2]
DAY = parse_iso("2026-11-23T00:00:00Z")
WRITES = st.tuples(
    st.integers(0, 7200),
    st.one_of(
        st.tuples(st.sampled_from(["oven-1.setpoint", "oven-2.setpoint"]), st.floats(150, 280)),
        st.tuples(st.just("release.sequence"), st.integers(100, 333)),
    ),
)


@cache
def works() -> Site:
    site = load(ROOT / "examples" / "valve-works")
    assert isinstance(site, Site), site
    return site


def live(seed: int, hour: int, writes: list[Any], fault: str | None) -> tuple[Plant, list[Any]]:
    start = DAY + hour * 3600 * SECOND
    faults = [] if fault is None else [parse_fault(f"{fault}@600-5000")]
    plant = Plant(works(), start_ns=start, seed=seed, faults=faults, warm_up_s=3600)
    told: list[Any] = []
    for at_s, (name, value) in [*sorted(writes), (7200, ("", 0))]:
        plant.run_until(start + at_s * SECOND)
        told += [(s.signal, repr(s.value), s.source_ns, s.status) for s in plant.take()]
        if name:
            told.append(plant.write(name, value))
    return plant, told


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    hour=st.integers(0, 23),
    writes=st.lists(WRITES, max_size=4),
    fault=st.none() | st.sampled_from([k.name for k in KINDS]),
)
def test_a_plant_conserves_jobs_keeps_capacities_and_repeats_itself(
    seed: int, hour: int, writes: list[Any], fault: str | None
) -> None:
    plant, told = live(seed, hour, writes, fault)
    desk = plant.floor.desk
    assert desk.totals.ordered == desk.totals.released + sum(len(q) for q in desk.waiting.values())
    assert plant.floor.jobs_on_floor() == desk.on_floor() <= 48
    for buffer in plant.floor.buffers.values():
        assert 0 <= len(buffer.jobs) + buffer.reserved <= buffer.capacity
    for pool in plant.floor.crews.values():
        assert pool.held >= 0
    for machine in plant.floor.machines.values():
        assert len(machine.jobs) <= machine.station.batch
    for name, (commanded, active) in plant.remember().registers.items():
        bounded = name == "release.sequence" or 0 <= min(commanded, active) <= max(commanded, active) <= 260
        assert bounded
    assert live(seed, hour, writes, fault)[1] == told


@given(code=st.integers(-1000, 9999))
def test_a_sequence_is_taken_only_if_it_names_every_product_once(code: int) -> None:
    plant = PLANT()
    taken = plant.write("release.sequence", code) is Answer.TAKEN
    assert taken == is_sequence(code, 3) == (code in {123, 132, 213, 231, 312, 321})


@cache
def PLANT() -> Plant:  # noqa: N802 - a constant that is built once
    return Plant(works(), start_ns=DAY, warm_up_s=1)
