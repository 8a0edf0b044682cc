"""The room in a real browser: three widths, day and night, with and without JavaScript, through a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_kit import HAND, RULES, SMALL, WIDE, Served, Watched, until
from room_kit import PASSWORD

from andon.operate import port

axe_api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

PAGES = (
    "/",
    "/m/oven-1",
    "/m/lathe-3",
    "/decide",
    "/decide/R-1",
    "/propose",
    "/authority",
    "/authority/oven-set-point",
    "/record",
    "/record/3",
    "/challenges",
    "/challenge",
    "/signals",
    "/signals?show=odd",
    "/alarms",
    "/forecast",
    "/what-if",
    "/what-if/best",
    "/what-if/matters",
    "/commands",
    "/help",
    "/api",
    "/w/curing",
    "/stations",
    "/halt",
    "/bounds",
    "/sign-in",
    "/nothing-here",
)
MAIN = ("/", "/m/oven-1", "/decide/R-1", "/authority/oven-set-point", "/w/curing")
NARROW = (*MAIN, "/challenges", "/halt", "/sign-in", "/stations", "/record", "/signals?show=odd")
"""Pages whose narrow form is judged by axe as well; all of them are measured."""
RUNS = [
    *((p, WIDE, "light") for p in PAGES),
    *((p, SMALL, "dark") for p in PAGES),
    *((p, HAND, "light") for p in MAIN),
    *((p, WIDE, "dark") for p in MAIN[:3]),
]


@pytest.fixture(scope="module")
def pages(chromium: Any, served: Served) -> Iterator[dict[tuple[tuple[int, int], str], Watched]]:
    made = {
        (size, scheme): Watched(chromium, served.url, size, scheme)
        for size, scheme in ((WIDE, "light"), (SMALL, "dark"), (HAND, "light"), (WIDE, "dark"))
    }
    yield made
    for watched in made.values():
        watched.context.close()


@pytest.mark.parametrize(("path", "size", "scheme"), RUNS, ids=lambda v: v[0] if isinstance(v, tuple) else v)
def test_no_axe_violation_no_complaint_no_overflow(
    pages: dict[tuple[tuple[int, int], str], Watched], path: str, size: tuple[int, int], scheme: str
) -> None:
    watched = pages[(size, scheme)]
    watched.complaints.clear()
    watched.page.goto(path)
    if size == WIDE or path in NARROW:
        found = axe_api.Axe().run(watched.page, options=RULES).response["violations"]
        assert [f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in found] == []
    beyond = watched.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert beyond <= 0
    assert watched.complaints == []


SEEN = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter(e => e.checkVisibility() && !(e.type === 'radio' && !e.checked)).length"""
FOCUS = """() => { const e = document.activeElement; if (!e || e === document.body) return '';
  if (!e.dataset.visited) e.dataset.visited = String(++window.visits || (window.visits = 1));
  const counts = e.matches('a[href], button, input, select, textarea, summary');
  return counts ? e.dataset.visited : 'other' + e.dataset.visited }"""


@pytest.mark.parametrize("path", ["/", "/decide/R-1", "/authority/oven-set-point", "/w/curing"])
def test_the_keyboard_reaches_everything_and_starts_with_the_skip_link(
    chromium: Any, served: Served, path: str
) -> None:
    with Watched(chromium, served.url) as watched:
        page = watched.page
        page.goto(path)
        page.evaluate("for (const n of document.querySelectorAll('[data-fragment]')) delete n.dataset.fragment")
        expected = page.evaluate(SEEN)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        reached = set()
        for _ in range(expected + 40):
            mark = page.evaluate(FOCUS)
            if mark and not mark.startswith("other"):
                reached.add(mark)
            if len(reached) >= expected:
                break
            page.keyboard.press("Tab")
        assert len(reached) >= expected


def test_halt_and_challenge_work_without_javascript(chromium: Any, served: Served) -> None:
    with Watched(chromium, served.url, SMALL, java_script_enabled=False) as watched:
        page = watched.page
        page.goto("/w/curing")
        served.desk.calls.clear()
        page.get_by_label("Oven 2").check()
        page.get_by_role("button", name="This could hurt somebody").click()
        assert "It is recorded" in page.inner_text("h1")
        page.goto("/")
        assert page.get_by_text("Not live.").is_visible()
        page.get_by_role("button", name="Halt twin actions").click()
        assert page.inner_text("h1") == "Twin actions are halted"
        assert [type(a).__name__ for a, _ in served.desk.calls] == ["Challenge", "Halt"]
        assert served.desk.calls[0] == (port.Challenge("oven-2", "hazard", ""), port.Who(station="curing"))
        assert watched.context.cookies() == []
    served.desk._halts.clear()


def test_a_value_that_goes_stale_is_struck_on_the_open_page(chromium: Any, served: Served) -> None:
    with Watched(chromium, served.url) as watched:
        page = watched.page
        page.goto("/m/oven-1")
        value = page.locator('[data-signal="oven-1.temperature"]').first
        value.locator(".v-text").wait_for()
        served.desk.stale.add("oven-1")
        try:
            until(
                page,
                """() => document.querySelector('[data-signal="oven-1.temperature"]').classList.contains('s-stale')""",
            )
            assert value.locator(".v-warn").inner_text() == "do not use"
            assert "line-through" in value.locator(".v-text").evaluate("e => getComputedStyle(e).textDecorationLine")
        finally:
            served.desk.stale.discard("oven-1")
        until(page, """() => document.querySelector('[data-signal="oven-1.temperature"]').classList.contains('s-ok')""")
        assert watched.complaints == []


def test_vehicles_move_on_the_open_page(chromium: Any, served: Served) -> None:
    with Watched(chromium, served.url) as watched:
        page = watched.page
        page.goto("/")
        until(page, "() => document.querySelector('[data-vehicle=\"amr-1\"]').style.transform !== ''")
        first = page.evaluate("document.querySelector('[data-vehicle=\"amr-1\"]').style.transform")
        moved = f"() => document.querySelector('[data-vehicle=\"amr-1\"]').style.transform !== '{first}'"
        until(page, moved)


def test_night_is_a_choice_that_stays(chromium: Any, served: Served) -> None:
    with Watched(chromium, served.url) as watched:
        page = watched.page
        ground = "getComputedStyle(document.body).backgroundColor"
        page.goto("/help")
        assert page.evaluate(ground) == "rgb(217, 221, 224)"
        page.get_by_role("button", name="Night colours").click()
        assert page.evaluate(ground) == "rgb(29, 34, 37)"
        page.goto("/")
        assert page.evaluate(ground) == "rgb(29, 34, 37)"


def test_keys_go_to_pages_and_can_be_switched_off(chromium: Any, served: Served) -> None:
    with Watched(chromium, served.url) as watched:
        page = watched.page
        page.goto("/record")
        page.keyboard.press("g")
        page.keyboard.press("n")
        page.wait_for_url("**/")
        page.keyboard.press("?")
        page.wait_for_url("**/help")
        page.get_by_label("Keys are on").uncheck()
        page.goto("/record")
        page.keyboard.press("g")
        page.keyboard.press("n")
        page.wait_for_timeout(300)
        assert page.url.endswith("/record")


def test_print_keeps_the_shapes_of_alarms(chromium: Any, served: Served) -> None:
    with Watched(chromium, served.url) as watched:
        page = watched.page
        page.goto("/")
        page.emulate_media(media="print")
        # In one step: the list is replaced whenever an alarm changes.
        shape = page.evaluate(
            """() => { const e = document.querySelector('.alarm-list .pri');
              return [e.checkVisibility(), getComputedStyle(e).printColorAdjust] }"""
        )
        assert shape == [True, "exact"]
        assert not page.locator(".halt-button").is_visible()


def test_a_replay_has_its_blue_frame(chromium: Any, tmp_path: Path) -> None:
    room = Served(tmp_path, "replay")
    room.start()
    try:
        with Watched(chromium, room.url) as watched:
            watched.page.goto("/")
            assert watched.page.locator(".replay-banner").is_visible()
            frame = watched.page.evaluate("getComputedStyle(document.body, '::after').borderTopColor")
            assert frame == "rgb(27, 75, 138)"
    finally:
        room.stop()


def test_a_decision_by_hand_from_sign_in_to_record(chromium: Any, served: Served) -> None:
    with Watched(chromium, served.url) as watched:
        page = watched.page
        page.goto("/decide/R-2")
        assert page.evaluate("document.activeElement === document.body")
        page.get_by_label("Reason").fill("the gate valves are promised for noon")
        page.get_by_role("main").get_by_role("link", name="Sign in").click()
        page.get_by_label("Name").select_option("maria")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/decide/R-2")
        assert page.get_by_label("Reason").input_value() == "the gate valves are promised for noon"
        page.get_by_label("I looked at the floor").check()
        page.get_by_role("button", name="Accept").click()
        page.wait_for_url("**/decide/R-2*")
        assert "Recorded as" in page.inner_text(".said")
        act, who = served.desk.calls[-1]
        assert act == port.Decide("R-2", True, "the gate valves are promised for noon", looked=True)
        assert who.person == "maria"
        assert watched.complaints == []


def test_typed_text_and_the_page_survive_a_restart_of_the_server(chromium: Any, served: Served) -> None:
    with Watched(chromium, served.url) as watched:
        page = watched.page
        page.goto("/decide/R-1")
        page.get_by_label("Reason").fill("half a sentence that must not be lost")
        served.stop()
        page.get_by_text("NO DATA").wait_for(state="visible")
        assert page.get_by_label("Reason").input_value() == "half a sentence that must not be lost"
        served.start()
        page.get_by_text("NO DATA").wait_for(state="hidden")
        assert page.get_by_label("Reason").input_value() == "half a sentence that must not be lost"
        page.reload()
        assert page.get_by_label("Reason").input_value() == "half a sentence that must not be lost"
