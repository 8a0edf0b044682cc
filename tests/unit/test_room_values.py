"""No naked numbers: what a value must carry to be printed, and how it reads in every state."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from demo_desk import DemoDesk

from andon.control_room.alarms import RETURNED_S, Alarm, AlarmBook, conditions
from andon.control_room.figures import figures
from andon.control_room.floor import FloorPlan
from andon.control_room.picture import Names, look
from andon.control_room.present import NakedNumber, Shown, shown, whole
from andon.control_room.room import _environment
from andon.core.readings import Origin, Quality, Value
from andon.core.time import SECOND, ManualClock, Nanos
from andon.sync.view import SignalView

NOW = 1_795_352_811_000_000_000
GOOD = Shown("180.0", "°C", "1 s", "good", "measured", "ok", NOW)
TEMPLATES = Path(__file__).parents[2] / "src" / "andon" / "control_room" / "templates"
STATIC = TEMPLATES.parent / "static"


def view(value: Value | None = 180.0, *, fresh: bool = True, why: str = "", **more: object) -> SignalView:
    base = SignalView(
        signal="oven-1.temperature",
        element="oven-1",
        source="plant",
        value=value,
        unit="Cel",
        quality=Quality.GOOD,
        status=0,
        source_time=Nanos(NOW),
        server_time=Nanos(NOW),
        received_time=Nanos(NOW),
        origin=Origin.MEASURED,
        age_s=1.0,
        fresh=fresh,
        why=why,
        purposes=(),
        low=0.0,
        high=260.0,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def render(value: object) -> str:
    names = Names(DemoDesk(ManualClock(NOW)).site())
    env = _environment(names)
    return env.from_string('{% from "macros.html" import value %}{{ value(v) }}').render(v=value)


@pytest.mark.parametrize("missing", ["text", "age", "quality", "origin", "state"])
def test_a_value_without_any_of_its_companions_is_not_printed(missing: str) -> None:
    with pytest.raises(NakedNumber, match=missing if missing != "text" else "text"):
        render(replace(GOOD, **{missing: ""}))


@pytest.mark.parametrize("bare", [180.0, "180", None, {"text": "180"}, True])
def test_a_bare_number_is_not_printed(bare: object) -> None:
    with pytest.raises(NakedNumber):
        render(bare)


def test_a_value_without_a_unit_is_not_printed_but_a_dimensionless_one_is() -> None:
    with pytest.raises(NakedNumber, match="unit"):
        whole(replace(GOOD, unit=None))  # type: ignore[arg-type]
    assert "180.0" in render(replace(GOOD, unit=""))


@pytest.mark.parametrize(
    ("seen", "state", "usable"),
    [
        (view(), "ok", True),
        (view(fresh=False, why="nothing for 38 s"), "stale", False),
        (view(quality=Quality.BAD), "bad", False),
        (view(quality=Quality.BAD, fresh=False), "bad", False),
        (view(quality=Quality.UNCERTAIN), "uncertain", True),
        (view(quality=Quality.UNCERTAIN, fresh=False), "stale", False),
        (view(None, fresh=False, age_s=None), "none", False),
        (view(None), "none", False),
        (view(origin=Origin.SIMULATED), "model", True),
        (view(origin=Origin.INFERRED), "model", True),
        (view(origin=Origin.REPLAYED), "replay", True),
        (view(origin=Origin.REPLAYED, fresh=False), "stale", False),
    ],
)
def test_each_state_reads_as_what_it_is(seen: SignalView, state: str, usable: bool) -> None:
    value = shown(seen, NOW)
    assert (value.state, value.usable) == (state, usable)
    text = render(value)
    assert f"s-{state}" in text
    assert ("do not use" in text) is not usable


def test_only_the_value_macro_prints_signals() -> None:
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text("utf-8")
        assert ".value.value" not in text
        assert not re.search(r"\{\{[^}]*views\[", text), template.name
        assert "| safe" not in text
        assert not re.search(r"<[^>]*\sstyle=", text), template.name


# --- what is abnormal


def picture_of(desk: DemoDesk) -> tuple[list[Alarm], Names]:
    names = Names(desk.site())
    return conditions(look(desk), names), names


def test_alarms_say_what_is_down_silent_bad_and_halted_most_urgent_first() -> None:
    clock = ManualClock(NOW)
    desk = DemoDesk(clock)
    texts = [a.text for a in picture_of(desk)[0]]
    assert "Test rig 2 down" in texts
    assert "Lathe 3: no data" in texts
    assert "rig-2.elapsed bad" in texts
    from andon.operate import port

    desk.submit(port.Halt(), port.Who())
    found = picture_of(desk)[0]
    assert found[0].text == "twin actions halted: site"
    assert [a.priority for a in found] == sorted(a.priority for a in found)


def test_a_source_that_is_down_is_one_alarm_and_not_a_hundred() -> None:
    desk = DemoDesk(ManualClock(NOW))
    desk.source_up = False
    texts = [a.text for a in picture_of(desk)[0]]
    assert texts.count("source plant down") == 1
    assert not any(t.endswith("no data") for t in texts)


def test_an_alarm_keeps_its_beginning_and_stays_a_while_as_returned() -> None:
    book = AlarmBook()
    first = Alarm("k", 2, "t", "", "/", 100 * SECOND)
    assert book.note(100 * SECOND, [first])[0].since == 100 * SECOND
    later = replace(first, since=107 * SECOND)
    assert book.note(107 * SECOND, [later])[0].since == 100 * SECOND
    gone = book.note(110 * SECOND, [])
    assert [(a.state, a.until) for a in gone] == [("returned", 110 * SECOND)]
    again = book.note(111 * SECOND, [replace(first, since=111 * SECOND)])
    assert [(a.state, a.since) for a in again] == [("active", 111 * SECOND)]
    book.note(112 * SECOND, [])
    assert book.note((112 + RETURNED_S + 1) * SECOND, []) == []


def test_a_condition_that_is_normal_for_a_moment_is_an_alarm_only_when_it_lasts() -> None:
    book = AlarmBook()
    blocked = Alarm("b", 3, "Oven 1 blocked", "", "/", 0, delay_s=120)
    assert book.note(0, [blocked]) == []
    assert book.note(119 * SECOND, [replace(blocked, since=119 * SECOND)]) == []
    assert [a.since for a in book.note(120 * SECOND, [replace(blocked, since=120 * SECOND)])] == [0]
    assert [a.state for a in book.note(121 * SECOND, [])] == ["returned"]
    assert book.note(500 * SECOND, [replace(blocked, since=500 * SECOND)]) == []
    assert book.note(501 * SECOND, []) == []


def test_figures_count_what_is_known_and_say_what_is_not() -> None:
    desk = DemoDesk(ManualClock(NOW))
    names = Names(desk.site())
    at_work = figures(look(desk), names)[0]
    assert at_work.note == "of 12 machines, 1 no data"
    for figure in figures(look(desk), names):
        whole(figure.value)
    forecast = next(f for f in figures(look(desk), names) if f.value.origin == "simulated")
    assert forecast.value.uncertainty.startswith("90 %: ")
    assert forecast.value.quality in {"accurate", "fragile", "guessing"}


def test_a_count_of_nothing_current_is_no_number() -> None:
    desk = DemoDesk(ManualClock(NOW))
    desk.source_up = False
    at_work = figures(look(desk), Names(desk.site()))[0]
    assert (at_work.value.text, at_work.value.state, at_work.value.usable) == ("no value", "none", False)


def test_the_floor_keeps_the_sites_own_places_and_tiles_do_not_cover_each_other() -> None:
    desk = DemoDesk(ManualClock(NOW))
    names = Names(desk.site())
    plan = FloorPlan(desk.site(), names)
    tiles = plan.tiles(look(desk))
    assert len(tiles) == 12
    for one in tiles:
        assert one.x - plan.tile_w / 2 >= 0
        assert one.x + plan.tile_w / 2 <= plan.width
        assert 0 <= one.y <= plan.height
        for other in tiles:
            apart = abs(one.x - other.x) >= plan.tile_w or abs(one.y - other.y) >= plan.tile_h
            assert one is other or apart
    silent = next(t for t in tiles if t.id == "lathe-3")
    assert (silent.state, silent.job, silent.stale) == ("no data", "", True)
    by_id = {e.id: e for e in desk.site().elements}
    east_first = sorted(tiles, key=lambda t: by_id[t.id].x_m)
    assert [t.x for t in east_first] == sorted(t.x for t in tiles)


# --- colours


def tokens() -> dict[str, tuple[str, str]]:
    text = (STATIC / "tokens.css").read_text("utf-8")
    pairs = re.findall(r"--([a-z0-9-]+): light-dark\((#[0-9A-F]{6}), (#[0-9A-F]{6})\)", text)
    single = re.findall(r"--([a-z0-9-]+): (#[0-9A-F]{6});", text)
    return {n: (a, b) for n, a, b in pairs} | {n: (c, c) for n, c in single}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXT = [
    *((ink, ground) for ink in ("ink", "second", "model") for ground in ("bg", "panel", "well")),
    ("model", "model-wash"),
    ("panel", "ink"),
    ("panel", "second"),
    ("black", "white"),
    ("p2", "panel"),
    ("ink", "hatch"),
    *((f"on-p{i}", f"p{i}") for i in (1, 2, 3, 4)),
]
SHAPES = [
    *((f"p{i}", ground) for i in (1, 2, 4) for ground in ("panel", "bg")),
    *(("p3-edge", ground) for ground in ("panel", "bg")),
    *(("outline", ground) for ground in ("bg", "panel", "well")),
    ("model", "panel"),
]


@pytest.mark.parametrize("pair", TEXT)
@pytest.mark.parametrize("when", [0, 1], ids=["day", "night"])
def test_text_contrast_is_at_least_four_and_a_half(pair: tuple[str, str], when: int) -> None:
    table = tokens()
    assert contrast(table[pair[0]][when], table[pair[1]][when]) >= 4.5


@pytest.mark.parametrize("pair", SHAPES)
@pytest.mark.parametrize("when", [0, 1], ids=["day", "night"])
def test_shapes_and_edges_contrast_is_at_least_three(pair: tuple[str, str], when: int) -> None:
    table = tokens()
    assert contrast(table[pair[0]][when], table[pair[1]][when]) >= 3.0


def test_every_colour_in_the_style_sheets_is_a_token() -> None:
    for name in ("room.css", "parts.css"):
        text = (STATIC / name).read_text("utf-8")
        assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", text)) <= {"#fff"}, name
        used = set(re.findall(r"var\(--([a-z0-9-]+)\)", text))
        assert used <= set(tokens()), name


def test_the_palette_is_the_one_that_was_decided() -> None:
    table = tokens()
    assert table["bg"] == ("#D9DDE0", "#1D2225")
    assert table["panel"] == ("#E8EBED", "#272D31")
    assert table["ink"] == ("#171D21", "#E6EAEC")
    assert table["model"] == ("#1B4B8A", "#8FB8F0")
    assert [table[f"p{i}"][0] for i in (1, 2, 3, 4)] == ["#B00020", "#9A3B00", "#FFD23F", "#6A2C91"]
