"""What a simulation may begin from: purposes stick, personal signals stay out, and what was left out is said."""

from __future__ import annotations

from typing import Any

import pytest
from demo_site import valve_works

from andon.app.live import PLANNED, Permitted, machine_seen, permitted_state, why_not
from andon.site.model import Site

SEEN = {
    "oven-1.state": "running",
    "oven-1.job": "ball-valve",
    "oven-1.elapsed": 300.0,
    "curing-buffer.level": 9,
    "setters.present": 1,
}
AT = 1_795_356_000_000_000_000


def site_with(**signals: dict[str, Any]) -> Site:
    """The valve works with other words about some of its signals; `_` for what stands between names."""
    site = valve_works()
    changed = {name.replace("__", ".").replace("_", "-"): more for name, more in signals.items()}
    return site.model_copy(
        update={"signals": tuple(s.model_copy(update=changed[s.id]) if s.id in changed else s for s in site.signals)}
    )


def test_who_is_there_is_personal_and_comes_from_the_plan() -> None:
    live = permitted_state(valve_works(), SEEN, AT)
    assert live.present == {}
    assert live.levels["curing-buffer"] == 9
    assert live.sampled.count(PLANNED) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"purposes": ("safety",)}, "not for planning"),
        ({"purposes": ()}, "not for planning"),
        ({"personal": True}, "personal"),
    ],
)
def test_what_is_not_for_planning_is_left_out_and_named(words: dict[str, Any], said: str) -> None:
    site = site_with(curing_buffer__level=words)
    live = permitted_state(site, SEEN, AT)
    assert "curing-buffer" not in live.levels
    assert f"`curing-buffer.level` (left out: it is {said})" in live.sampled
    assert permitted_state(valve_works(), SEEN, AT).levels["curing-buffer"] == 9


def test_nothing_may_be_read_where_nobody_says_what_for() -> None:
    site = valve_works()
    nobody = site.model_copy(update={"uses": tuple(u for u in site.uses if "simulate" not in u.models)})
    silent = site.model_copy(update={"uses": tuple(u.model_copy(update={"purpose": None}) for u in site.uses)})
    for one in (nobody, silent):
        assert set(why_not(one)) == {s.id for s in one.signals}
        assert not machine_seen(one, SEEN)
        assert len(Permitted(one, SEEN)) == 0
    free = site.model_copy(update={"purposes": ()})
    assert set(why_not(free)) == {s.id for s in free.signals if s.personal}, "a site without purposes has only people"


def test_an_answer_that_serves_two_uses_needs_what_both_are_for() -> None:
    site = valve_works()
    first, *rest = [u for u in site.uses if "simulate" in u.models]
    both = site.model_copy(update={"uses": (first.model_copy(update={"purpose": "safety"}), *rest)})
    assert why_not(both)["oven-1.state"] == "not for safety"
    assert not machine_seen(both, SEEN)


def test_what_may_not_be_used_does_not_change_what_is_seen() -> None:
    permitted = Permitted(valve_works(), SEEN)
    assert dict(permitted) == {k: v for k, v in SEEN.items() if k != "setters.present"}
    assert permitted.get("setters.present") is None
    assert permitted.missed == {"setters.present": "personal"}
