"""The plant's core, unserved: what a floor does with jobs, people, vehicles, ovens and time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from andon.adapters.site_folder import load
from andon.core.time import SECOND, parse_iso
from andon.plant.core import WARM_UP_S, Answer, Plant
from andon.plant.draws import Draws, PlantError, Streams, curve_seconds, draw
from andon.plant.faults import Sample
from andon.plant.hours import Hours
from andon.site.floor import (
    Area,
    Assumption,
    Breakdown,
    Buffer,
    Crew,
    Curve,
    Demand,
    Distribution,
    Fleet,
    Product,
    Release,
    Shift,
    Station,
    Step,
)
from andon.site.model import Element, ElementKind, Signal, Site, Source

ROOT = Path(__file__).parents[2]
START = parse_iso("2026-11-23T08:00:00Z")
STATES = {"idle", "setup", "running", "blocked", "down", "off", "waiting_crew"}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def test_a_site_with_words_that_the_plant_does_not_play_is_refused(works: Site) -> None:
    stations = (works.stations[0].model_copy(update={"dispatch": "spt"}), *works.stations[1:])
    with pytest.raises(
        PlantError, match="station `turning` dispatches by `spt`, which the virtual plant does not play"
    ):
        Plant(works.model_copy(update={"stations": stations}), start_ns=START)


@pytest.fixture(scope="session")
def works() -> Site:
    site = load(ROOT / "examples" / "valve-works")
    assert isinstance(site, Site), site
    return site


def constant(name: str, value: float, unit: str = "s") -> Assumption:
    return Assumption(
        name=name,
        unit=unit,
        distribution=Distribution(kind="constant", value=value),
        origin="test",
        who="test",
        when="2026-01-01",
        review_by="2027-01-01",
    )


def signal(name: str, kind: str = "string", **more: Any) -> Signal:
    fields = {"period_s": 1.0, "fresh_s": 15.0, **more}
    return Signal.model_validate(
        {
            "id": name,
            "element": name.partition(".")[0],
            "source": "plant",
            "address": f"ns=2;s={name}",
            "type": kind,
            **fields,
        }
    )


def tiny(**changes: Any) -> Site:
    """Two stations in a row, constant times, nothing random: cut (100 s) and pack (60 s), one order an hour."""
    fields: dict[str, Any] = {
        "name": "Tiny",
        "time_zone": "UTC",
        "shifts": (Shift(id="day", days=DAYS, start="00:00", end="00:00"),),
        "areas": (Area(id="hall", name="Hall", x_m=0, y_m=0, width_m=50, height_m=50),),
        "elements": (
            Element(id="saw", kind=ElementKind.EQUIPMENT, name="Saw", area="hall", x_m=10, y_m=10),
            Element(id="packer", kind=ElementKind.EQUIPMENT, name="Packer", area="hall", x_m=40, y_m=10),
        ),
        "stations": (
            Station(id="cut", name="Cut", area="hall", machines=("saw",), buffer="in"),
            Station(id="pack", name="Pack", area="hall", machines=("packer",), buffer="mid"),
        ),
        "buffers": (Buffer(id="in", capacity=10), Buffer(id="mid", capacity=2)),
        "crews": (),
        "fleets": (),
        "products": (
            Product(
                id="box", name="Box", route=(Step(station="cut", time="t.cut"), Step(station="pack", time="t.pack"))
            ),
        ),
        "curves": (),
        "demand": (Demand(product="box", every="t.order", quantity=5, due_h=4),),
        "release": Release(wip_limit=4),
        "signals": tuple(
            signal(name, kind)
            for name, kind in (
                ("saw.state", "string"),
                ("packer.state", "string"),
                ("packer.count", "int"),
                ("saw.elapsed", "float"),
                ("in.level", "int"),
                ("mid.level", "int"),
                ("box.completed", "int"),
                ("box.waiting", "int"),
            )
        ),
        "sources": (Source(id="plant", kind="opcua", url="opc.tcp://127.0.0.1:4840/p", virtual=True),),
        "assumptions": (constant("t.cut", 100), constant("t.pack", 60), constant("t.order", 1, "h")),
        "uses": (),
        "people": (),
        "purposes": (),
        "digests": {},
    }
    return Site(**(fields | changes))


def tell(plant: Plant) -> dict[str, Sample]:
    return {sample.signal: sample for sample in plant.sample_all()}


def after(plant: Plant, seconds: float) -> dict[str, Any]:
    plant.run_until(START + round(seconds * SECOND))
    return {name: sample.value for name, sample in tell(plant).items()}


def trail(plant: Plant, hours: float) -> list[tuple[str, Any, int | None]]:
    out = []
    for step in range(int(hours * 60)):
        plant.run_until(START + (step + 1) * 60 * SECOND)
        out += [(s.signal, s.value, s.source_ns) for s in plant.take()]
    return out


# A line whose every moment can be worked out by hand


def test_a_constant_line_does_what_arithmetic_says() -> None:
    plant = Plant(tiny(), start_ns=START, warm_up_s=0)
    # Five jobs at once; the saw takes 100 s each, the packer 60 s behind it.
    assert after(plant, 50)["saw.state"] == "running"
    assert after(plant, 50)["saw.elapsed"] == pytest.approx(50)
    assert after(plant, 159)["packer.count"] == 0
    assert after(plant, 161)["packer.count"] == 1
    assert after(plant, 100 * 5 + 61)["packer.count"] == 5
    assert after(plant, 3500)["saw.state"] == "idle"
    assert after(plant, 3600 + 50)["saw.state"] == "running", "the next order comes after an hour"


def test_no_more_jobs_are_released_than_the_limit_allows() -> None:
    plant = Plant(tiny(), start_ns=START, warm_up_s=0)
    seen = after(plant, 1)
    assert plant.floor.desk.on_floor() == 4
    assert seen["box.waiting"] == 1
    assert seen["in.level"] == 3, "one is on the saw"
    assert after(plant, 161)["box.waiting"] == 0, "the first has left, the fifth may enter"


def test_a_full_buffer_blocks_the_machine_before_it() -> None:
    slow = (constant("t.cut", 10), constant("t.pack", 600), constant("t.order", 10, "h"))
    plant = Plant(tiny(assumptions=slow, release=Release(wip_limit=9)), start_ns=START, warm_up_s=0)
    seen = after(plant, 100)
    assert (seen["saw.state"], seen["mid.level"], seen["packer.state"]) == ("blocked", 2, "running")
    assert after(plant, 615)["saw.state"] == "running", "room again: the last of five is cut"


def test_a_batch_takes_what_is_there_up_to_its_size_and_by_its_curve() -> None:
    oven = Station(id="cut", name="Cure", area="hall", machines=("saw",), buffer="in", batch=3, setpoint="setpoint")
    site = tiny(
        stations=(oven, tiny().stations[1]),
        products=(
            Product(
                id="box", name="Box", route=(Step(station="cut", curve="cure"), Step(station="pack", time="t.pack"))
            ),
        ),
        curves=(Curve(id="cure", name="Cure", input_unit="Cel", output_unit="min", points=((160, 30), (200, 10))),),
        signals=(
            *tiny().signals,
            signal("saw.setpoint", "float", writable=True, low=0, high=260, min=160, max=200, confirm_signal="saw.sp"),
            signal("saw.sp", "float"),
            signal("saw.temperature", "float"),
        ),
        release=Release(wip_limit=9),
    )
    plant = Plant(site, start_ns=START, warm_up_s=0)
    assert after(plant, 1)["in.level"] == 2, "five jobs: three in the first load"
    assert after(plant, 20 * 60 - 1)["mid.level"] == 0, "180 is half-way: 20 minutes"
    assert after(plant, 20 * 60 + 1)["mid.level"] == 2, "one is packed at once, two wait"


def test_people_who_are_not_there_leave_the_station_off_and_nobody_is_held_twice() -> None:
    crewed = tiny().stations[0].model_copy(update={"crew": "cutters"})
    other = tiny().stations[1].model_copy(update={"crew": "cutters"})
    site = tiny(
        stations=(crewed, other),
        crews=(Crew(id="cutters", name="Cutters", size={"day": 1}),),
        shifts=(Shift(id="day", days=DAYS, start="09:00", end="17:00"),),
        signals=(*tiny().signals, signal("cutters.present", "int")),
    )
    plant = Plant(site, start_ns=START, warm_up_s=0)
    seen = after(plant, 1800)
    assert (seen["saw.state"], seen["cutters.present"]) == ("off", 0), "half past eight: nobody there"
    states: Counter[tuple[Any, Any]] = Counter()
    for minute in range(61, 180):
        seen = after(plant, minute * 60)
        states[seen["saw.state"], seen["packer.state"]] += 1
        assert plant.floor.crews["cutters"].held <= 1
    assert not states["running", "running"], "one person cannot hold two machines"
    assert plant.floor.desk.totals.completed > 0


def test_a_breakdown_stops_the_work_and_the_rest_of_it_is_done_after_the_repair() -> None:
    breakdown = Breakdown(time_to_failure="t.fail", time_to_repair="t.mend")
    site = tiny(
        stations=(tiny().stations[0].model_copy(update={"breakdown": breakdown}), tiny().stations[1]),
        assumptions=(*tiny().assumptions, constant("t.fail", 150), constant("t.mend", 500)),
    )
    plant = Plant(site, start_ns=START, warm_up_s=0)
    assert after(plant, 149)["saw.state"] == "running"
    assert after(plant, 151)["saw.state"] == "down"
    assert after(plant, 649)["saw.state"] == "down"
    assert after(plant, 651)["saw.state"] == "running"
    assert after(plant, 699)["packer.state"] == "idle"
    assert after(plant, 701)["packer.state"] == "running", "50 s of the second job were left"


def test_a_vehicle_carries_between_areas_and_is_seen_on_its_way() -> None:
    areas = (
        Area(id="hall", name="Hall", x_m=0, y_m=0, width_m=20, height_m=50),
        Area(id="dock", name="Dock", x_m=20, y_m=0, width_m=30, height_m=50),
    )
    amr = Element(id="amr-1", kind=ElementKind.EQUIPMENT, name="AMR", area="hall", x_m=10, y_m=10)
    site = tiny(
        areas=areas,
        elements=(*tiny().elements, amr),
        stations=(tiny().stations[0], tiny().stations[1].model_copy(update={"area": "dock"})),
        fleets=(Fleet(id="amr", vehicles=("amr-1",), speed_m_per_s=1, handling="t.handle"),),
        assumptions=(*tiny().assumptions, constant("t.handle", 40)),
        signals=(*tiny().signals, signal("amr-1.x", "float"), signal("amr-1.y", "float"), signal("amr-1.state")),
    )
    plant = Plant(site, start_ns=START, warm_up_s=0)
    seen = after(plant, 110)
    assert (seen["saw.state"], seen["amr-1.state"]) == ("blocked", "loading"), "loading takes 20 s"
    seen = after(plant, 125)
    assert seen["amr-1.state"] == "moving"
    assert 10 < seen["amr-1.x"] < 40
    assert seen["amr-1.y"] == pytest.approx(10)
    assert after(plant, 100 + 20 + 30 + 20 + 25)["packer.state"] == "running", (
        "30 m, unloading, at most 20 s of traffic"
    )


# The valve works


def test_a_warmed_up_works_is_found_in_the_middle_of_its_work(works: Site) -> None:
    plant = Plant(works, start_ns=START)
    seen = tell(plant)
    assert set(seen) == {s.id for s in works.signals}
    assert not plant.unsupported()
    assert {seen[f"{m}.state"].value for m in plant.floor.machines} <= STATES
    assert "running" in {seen[f"{m}.state"].value for m in plant.floor.machines}
    assert all(START - SECOND < (s.source_ns or 0) <= START for s in seen.values()), "read anew, stamped now"
    assert all(s.status == 0 for s in seen.values())
    assert {s.value for n, s in seen.items() if n.endswith(".count")} == {0}, "counted since start"
    for s in works.signals:
        value = seen[s.id].value
        assert isinstance(value, {"float": float, "int": int, "bool": bool, "string": str}[s.type]), s.id


def test_the_same_seed_gives_the_same_sequence_however_it_is_cut_into_steps(works: Site) -> None:
    one = Plant(works, start_ns=START, seed=7)
    two = Plant(works, start_ns=START, seed=7)
    assert trail(one, 3) == trail(two, 3)
    discrete = {s.id for s in works.signals} - set(one.floor.board.analogues)
    cut = Plant(works, start_ns=START, seed=7)
    pieces = []
    for step in range(3 * 3600 // 37):
        cut.run_until(START + (step + 1) * 37 * SECOND)
        pieces += [(s.signal, s.value, s.source_ns) for s in cut.take() if s.signal in discrete]
    whole = [t for t in trail(Plant(works, start_ns=START, seed=7), 3) if t[0] in discrete]
    assert pieces == whole[: len(pieces)]
    assert trail(Plant(works, start_ns=START, seed=8), 1) != trail(Plant(works, start_ns=START, seed=7), 1)


def test_no_job_is_lost_or_made_over_two_days(works: Site) -> None:
    plant = Plant(works, start_ns=START, seed=3)
    for hour in range(48):
        plant.run_until(START + (hour + 1) * 3600 * SECOND)
        totals = plant.floor.desk.totals
        waiting = sum(len(q) for q in plant.floor.desk.waiting.values())
        assert totals.ordered == totals.released + waiting
        assert plant.floor.jobs_on_floor() == totals.released - totals.completed
        assert all(len(b.jobs) + b.reserved <= b.capacity for b in plant.floor.buffers.values())
    assert sum(plant.floor.desk.completed.values()) > 500


def test_throughput_and_cycle_times_are_those_of_a_plausible_plant(works: Site) -> None:
    hours = 72
    plant = Plant(works, start_ns=START, seed=5)
    states: Counter[Any] = Counter()
    temperatures = []
    for minute in range(hours * 60):
        plant.run_until(START + (minute + 1) * 60 * SECOND)
        states[plant.floor.board.latest["oven-1.state"].value] += 1
        temperatures.append(plant.floor.machines["oven-1"].chamber.felt(plant.floor.env.now))  # type: ignore[union-attr]  # an oven has one
    made = sum(plant.floor.desk.completed.values())
    assert 14 * hours < made < 22 * hours, "eighteen jobs an hour are ordered in the long run"
    assert 0.5 < states["running"] / (hours * 60) < 1.0, "the ovens set the pace"
    assert abs(np.mean(temperatures) - 180) < 0.6
    assert 0.15 < np.std(temperatures) < 0.6
    assert np.max(np.abs(np.array(temperatures) - 180)) < 2.5


def test_simulated_time_keeps_the_order_of_events(works: Site) -> None:
    plant = Plant(works, start_ns=START)
    plant.take()
    analogues = set(plant.floor.board.analogues)
    times = [at for name, _, at in trail(plant, 2) if name not in analogues and at is not None]
    assert times == sorted(times)
    assert times[0] > START
    assert times[-1] <= plant.now_ns


# Registers


def test_a_written_set_point_is_taken_over_after_a_moment_and_the_chamber_ramps(works: Site) -> None:
    plant = Plant(works, start_ns=START)
    plant.run_until(START + 10 * SECOND)
    assert plant.write("oven-1.setpoint", 190.0) is Answer.TAKEN
    seen = tell(plant)
    assert seen["oven-1.setpoint"].value == 190.0
    assert seen["oven-1.setpoint_active"].value == 180.0, "acknowledged is not done"
    plant.run_until(START + 11 * SECOND)
    assert tell(plant)["oven-1.setpoint_active"].value == 180.0
    plant.run_until(START + 16 * SECOND)
    (done,) = [s for s in plant.take() if s.signal == "oven-1.setpoint_active"]
    assert done.value == 190.0
    assert START + 12 * SECOND <= (done.source_ns or 0) <= START + 15 * SECOND
    seen = tell(plant)
    assert 178.5 < float(seen["oven-1.temperature"].value or 0) < 182.5, "the chamber is slower than its controller"
    plant.run_until(START + 300 * SECOND)
    assert 188.5 < float(tell(plant)["oven-1.temperature"].value or 0) < 191.5


@pytest.mark.parametrize(
    ("name", "value", "answer"),
    [
        ("oven-1.setpoint", 175, Answer.WRONG_TYPE),
        ("oven-1.setpoint", True, Answer.WRONG_TYPE),
        ("oven-1.setpoint", "175", Answer.WRONG_TYPE),
        ("oven-1.setpoint", None, Answer.WRONG_TYPE),
        ("oven-1.setpoint", float("nan"), Answer.OUT_OF_RANGE),
        ("oven-1.setpoint", float("inf"), Answer.OUT_OF_RANGE),
        ("oven-1.setpoint", 261.0, Answer.OUT_OF_RANGE),
        ("oven-1.setpoint_active", 175.0, Answer.READ_ONLY),
        ("oven-1.temperature", 175.0, Answer.READ_ONLY),
        ("lathe-1.count", 0, Answer.READ_ONLY),
        ("oven-9.setpoint", 175.0, Answer.UNKNOWN),
        ("release.sequence", 312, Answer.TAKEN),
        ("release.sequence", 311, Answer.OUT_OF_RANGE),
        ("release.sequence", 12, Answer.OUT_OF_RANGE),
        ("release.sequence", 3.0, Answer.WRONG_TYPE),
    ],
)
def test_what_the_machine_answers_to_a_write(works: Site, name: str, value: object, answer: Answer) -> None:
    assert Plant(works, start_ns=START, warm_up_s=1).write(name, value) is answer


def test_a_refused_write_changes_nothing(works: Site) -> None:
    plant = Plant(works, start_ns=START)
    plant.write("oven-1.setpoint", 500.0)
    plant.run_until(START + 20 * SECOND)
    assert tell(plant)["oven-1.setpoint"].value == 180.0


def test_the_release_sequence_decides_who_enters_first(works: Site) -> None:
    plant = Plant(works, start_ns=START)
    plant.write("release.sequence", 312)
    plant.run_until(START + 10 * SECOND)
    assert tell(plant)["release.active_sequence"].value == 312
    assert plant.floor.desk.order_of_release() == ["check-valve", "ball-valve", "gate-valve"]


# Memory


def test_what_controllers_keep_survives_a_restart(works: Site) -> None:
    first = Plant(works, start_ns=START)
    first.write("oven-2.setpoint", 172.0)
    first.write("release.sequence", 231)
    first.run_until(START + 2 * 3600 * SECOND)
    kept = first.remember()
    second = Plant(works, start_ns=START + 2 * 3600 * SECOND, memory=kept)
    assert second.remember().counts == kept.counts
    numbers = [int(job.order[-4:]) for job in second.floor.jobs_on_machines() if job.product == "ball-valve"]
    assert min(numbers, default=9999) >= kept.next_order["ball-valve"] - 1, "orders on the floor bear new numbers"
    seen = tell(second)
    assert seen["oven-2.setpoint"].value == seen["oven-2.setpoint_active"].value == 172.0
    assert 170 < float(seen["oven-2.temperature"].value or 0) < 174, "already there"
    assert seen["release.active_sequence"].value == 231
    assert {m: seen[f"{m}.count"].value for m in second.floor.machines} == kept.counts
    assert {p: seen[f"{p}.completed"].value for p in kept.completed} == kept.completed


def test_a_register_written_just_before_a_kill_is_taken_over_after_it(works: Site) -> None:
    first = Plant(works, start_ns=START)
    first.write("oven-1.setpoint", 185.0)
    second = Plant(works, start_ns=START, memory=first.remember())
    assert tell(second)["oven-1.setpoint_active"].value == 185.0


# Chance and hours


def test_streams_are_independent_of_each_other() -> None:
    a, b = Streams(1), Streams(1)
    a["other"].random(1000)
    assert a["this"].random() == b["this"].random()
    assert Streams(1)["this"].random() != Streams(2)["this"].random()


@pytest.mark.parametrize(
    ("distribution", "mean", "sd"),
    [
        (Distribution(kind="constant", value=5), 5, 0),
        (Distribution(kind="uniform", low=2, high=8), 5, 1.732),
        (Distribution(kind="triangular", low=2, mode=5, high=8), 5, 1.225),
        (Distribution(kind="normal", mean=5, sd=1), 5, 1),
        (Distribution(kind="lognormal", mean=5, sd=2), 5, 2),
        (Distribution(kind="gamma", mean=5, sd=2), 5, 2),
        (Distribution(kind="gamma", shape=4, scale=1.25), 5, 2.5),
        (Distribution(kind="weibull", shape=1, scale=5), 5, 5),
        (Distribution(kind="exponential", mean=5), 5, 5),
        (Distribution(kind="empirical", values=(4, 5, 6)), 5, 0.816),
    ],
    ids=lambda d: getattr(d, "kind", ""),
)
def test_a_distribution_has_its_stated_moments(distribution: Distribution, mean: float, sd: float) -> None:
    rng = np.random.default_rng(1)
    values = np.array([draw(distribution, rng) for _ in range(20_000)])
    assert np.mean(values) == pytest.approx(mean, rel=0.03)
    assert np.std(values) == pytest.approx(sd, rel=0.06, abs=1e-9)


def test_the_true_mean_differs_from_the_assumed_one_within_its_uncertainty() -> None:
    base = constant("t.cut", 100)
    sure, unsure = base, base.model_copy(update={"uncertainty": 0.1})
    assert Draws(tiny(assumptions=(sure,)), 1).seconds("t.cut", "x") == 100
    truths = {Draws(tiny(assumptions=(unsure,)), seed).seconds("t.cut", "x") for seed in range(50)}
    assert len(truths) > 40
    assert all(85 <= t <= 115 for t in truths)


def test_a_time_in_a_unit_that_is_no_time_is_refused_with_a_sentence() -> None:
    with pytest.raises(PlantError, match=r"assumption `t\.cut` is in `m`"):
        Draws(tiny(assumptions=(constant("t.cut", 1, "m"),)), 1).seconds("t.cut", "x")


def test_a_curve_is_linear_between_its_points_and_level_outside() -> None:
    curve = Curve(id="c", name="C", input_unit="Cel", output_unit="min", points=((200, 10), (160, 30)))
    assert [curve_seconds(curve, x) for x in (100, 160, 180, 200, 300)] == [1800, 1800, 1200, 600, 600]


def test_hours_follow_the_sites_own_clock_over_a_change_of_daylight_saving() -> None:
    site = tiny(time_zone="Europe/Berlin", shifts=(Shift(id="day", days=DAYS, start="06:00", end="14:00"),))
    hours = Hours(site)
    assert hours.opens_at(parse_iso("2026-10-24T13:00:00Z")) == parse_iso("2026-10-25T05:00:00Z"), "winter time"
    assert hours.opens_at(parse_iso("2026-10-23T13:00:00Z")) == parse_iso("2026-10-24T04:00:00Z"), "summer time"
    assert hours.open_until(parse_iso("2026-10-25T06:00:00Z")) == parse_iso("2026-10-25T13:00:00Z")
    assert hours.open_until(parse_iso("2026-10-25T13:00:00Z")) is None


def test_a_shift_past_midnight_and_its_break_belong_to_the_day_it_began() -> None:
    night = Shift.model_validate(
        {"id": "n", "days": ["mon"], "start": "22:00", "end": "06:00", "breaks": [{"start": "02:00", "minutes": 30}]}
    )
    hours = Hours(tiny(shifts=(night,)))
    assert hours.open_until(parse_iso("2026-11-24T05:00:00Z")) == parse_iso("2026-11-24T06:00:00Z"), "Tuesday morning"
    assert hours.open_until(parse_iso("2026-11-25T05:00:00Z")) is None
    (spell,) = hours.spells_of(hours.day_of(parse_iso("2026-11-23T12:00:00Z")))
    assert spell.pauses_ns == ((parse_iso("2026-11-24T02:00:00Z"), 1800 * SECOND),)


def test_a_break_is_taken_late_in_full_and_the_works_go_on_after_it(works: Site) -> None:
    plant = Plant(works, start_ns=parse_iso("2026-11-23T03:55:00Z"), seed=2)
    present = {}
    for second in range(0, 50 * 60, 10):
        plant.run_until(parse_iso("2026-11-23T03:55:00Z") + second * SECOND)
        present[second] = plant.floor.crews["assemblers"].scheduled
    away = [s for s, n in present.items() if n == 0]
    assert 300 <= away[0] <= 300 + 200
    assert 1790 <= away[-1] - away[0] <= 1810
    assert present[49 * 60] == 2


def test_the_warm_up_is_over_quickly_enough_to_be_done_at_every_start(works: Site) -> None:
    assert WARM_UP_S == 4 * 3600
    events = Plant(works, start_ns=START).floor.env
    assert events.now == pytest.approx(WARM_UP_S)


def test_a_site_without_a_virtual_source_is_refused_with_a_sentence() -> None:
    real = Source(id="plant", kind="opcua", url="opc.tcp://127.0.0.1:4840/p")
    with pytest.raises(PlantError, match="no source of the site is virtual; set `virtual: true`"):
        Plant(tiny(sources=(real,)), start_ns=START)
