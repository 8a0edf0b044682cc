"""What-if in a real browser: an answer that comes at once and follows the slider, with and without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest
from browser_kit import HAND, RULES, SMALL, WIDE, Served, Watched, until
from demo_site import valve_works
from room_kit import PASSWORD

from andon.models.simulate.asked import asked
from andon.models.simulate.run import compile_site, replicate

axe_api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
OVER = """() => document.querySelector('#run')?.dataset.over === 'yes'"""
SLIDE = "(e, v) => { e.value = v; for (const t of ['input', 'change']) e.dispatchEvent(new Event(t)) }"
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SIZES = [(WIDE, "light"), (SMALL, "dark")]


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """The kernel is in its cache, as the outlook leaves it."""
    site = valve_works()
    replicate(compile_site(site, None, 60.0, asked(site, {})), 1, 1)


def clean(watched: Watched, *, axe: bool = True) -> None:
    """No accessibility violation, nothing wider than the page, no complaint."""
    if axe:
        found = axe_api.Axe().run(watched.page, options=RULES).response["violations"]
        assert [f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in found] == []
    assert watched.page.evaluate(BEYOND) <= 0
    assert watched.complaints == []


@pytest.mark.parametrize(("size", "scheme"), SIZES)
def test_the_outlook_comes_by_itself_and_a_change_follows_the_slider(
    chromium: Any, served: Served, size: tuple[int, int], scheme: str
) -> None:
    with Watched(chromium, served.url, size, scheme) as watched:
        page = watched.page
        page.goto("/what-if")
        page.get_by_role("heading", name="The floor as it stands").wait_for()
        until(page, OVER)
        assert page.locator(".fan:visible").count() == 1
        page.locator("#n1").select_option("curing.machines")
        assert page.locator("#v1").input_value() == "2"
        slider = page.get_by_label("New value of change 1, as a slider")
        for value in (3, 5, 4):
            slider.evaluate(SLIDE, value)
        page.get_by_role("heading", name="curing.machines at 4").wait_for()
        until(page, OVER)
        assert page.locator("#v1").input_value() == "4"
        assert "n1=curing.machines&v1=4" in page.url, "the state is an address"
        assert page.get_by_role("heading", name="The same bits again").is_visible()
        clean(watched)
        address = page.url
        page.goto("about:blank")
        page.goto(address)
        assert page.locator("#v1").input_value() == "4"
        assert page.get_by_role("heading", name="curing.machines at 4").is_visible()


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "dark"), (HAND, "light")])
def test_one_future_the_best_of_several_and_what_matters(
    chromium: Any, served: Served, size: tuple[int, int], scheme: str
) -> None:
    with Watched(chromium, served.url, size, scheme) as watched:
        page = watched.page
        page.goto("/what-if/best?an1=curing.machines&av1=3&bn1=setters.size&bv1=2&difference=3&hours=2")
        page.get_by_role("button", name="Simulate").click()
        page.get_by_role("heading", name="Which is best by completed").wait_for()
        until(page, OVER)
        clean(watched, axe=size == WIDE)
        page.get_by_role("link", name="The same with B").click()
        page.get_by_role("heading", name="Who did what").wait_for()
        clean(watched, axe=size == WIDE)
        assert page.locator("#floor").input_value() == "2"
        page.get_by_role("link", name="Back to the answer").click()
        assert page.locator("#bv1").input_value() == "2"
        page.goto("/what-if/matters?points=3&hours=1")
        page.get_by_role("button", name="Simulate").click()
        page.locator(".tornado").wait_for()
        until(page, OVER)
        clean(watched, axe=size == WIDE)


def test_a_long_question_shows_how_far_it_is_and_is_stopped_and_halt_is_never_behind_it(
    chromium: Any, served: Served
) -> None:
    with Watched(chromium, served.url) as watched:
        page = watched.page
        page.goto("/what-if/matters?method=morris&points=500&trajectories=50")
        page.get_by_role("button", name="Simulate").click()
        page.locator("progress").wait_for()
        with Watched(chromium, served.url) as other:
            other.page.goto("/")
            other.page.get_by_role("button", name="Halt twin actions").click()
            assert other.page.inner_text("h1") == "Twin actions are halted"
        assert page.locator("#run").get_attribute("data-over") == "no"
        page.get_by_role("button", name="Stop", exact=True).click()
        until(page, OVER)
    served.desk._halts.clear()


def test_everything_works_without_javascript(chromium: Any, served: Served) -> None:
    with Watched(chromium, served.url, WIDE, java_script_enabled=False) as watched:
        page = watched.page
        page.goto("/what-if")
        page.get_by_text("More changes").click()
        page.locator("#n2").select_option("oven-1.setpoint")
        page.locator("#v2").fill("187.5")
        page.get_by_text("Suppose a trouble").click()
        page.locator("#trouble").select_option("missing-worker")
        page.locator("#hits").select_option("setters")
        page.get_by_role("button", name="Simulate").click()
        page.get_by_role("heading", name="The same bits again").wait_for()
        said = page.locator("#h-answer").inner_text()
        assert "at 187.5" in said
        assert "missing worker (setters)" in said
        page.get_by_role("link", name="Look at the typical one").click()
        assert page.locator(".gantt").count() == 2


def test_an_answer_is_put_on_record(chromium: Any, served: Served) -> None:
    with Watched(chromium, served.url) as watched:
        page = watched.page
        page.goto("/what-if?n1=curing.machines&v1=3")
        until(page, OVER)
        page.get_by_text("Rely on it: put it on record").click()
        page.get_by_role("link", name="Sign in").last.click()
        sign_in(page)
        page.get_by_text("Rely on it: put it on record").click()
        page.locator("#keep-reason").fill("promised to the customer")
        page.get_by_role("button", name="Put on record").click()
        page.get_by_text("put an answer of the simulator on record: promised to the customer").wait_for()
        assert watched.complaints == []


def sign_in(page: Any) -> None:
    """Sign in as Maria on the page that asks for it."""

    field = page.locator("[name=name]")
    if field.evaluate("e => e.tagName") == "SELECT":
        field.select_option("maria")
    else:
        field.fill("maria")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
