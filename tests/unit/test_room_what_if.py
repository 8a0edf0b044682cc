"""What-if in the room: the form, the answer on the page and as JSON, and every slip in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from room_kit import RoomKit, Tags

from andon.operate.port import Simulate, Who


@pytest.fixture
def kit(tmp_path: Path) -> RoomKit:
    return RoomKit(tmp_path)


def test_the_page_lists_what_may_be_changed_and_works_as_a_form(kit: RoomKit) -> None:
    page = kit.client.get("/what-if?n1=curing.machines&v1=3").text
    options = [o.get("value") for o in Tags(page).named("option")]
    assert options.count("curing.machines") == 3
    assert {s["name"] for s in kit.desk.settable()} <= set(options)
    assert 'value="curing.machines" selected' in page
    assert "Nothing is sent to any machine." in page
    status, text, _ = kit.post("/what-if", "/what-if", n1="curing.machines", v1="3", n2="oven-1.setpoint", v2="187,5")
    assert status == 200
    assert kit.desk.asked == [(Simulate({"curing.machines": 3.0, "oven-1.setpoint": 187.5}), Who())]
    for words in ("+2.1", "90 %:", "better in", "71 %", "turning with the change", "fragile", "simulated"):
        assert words in text, words
    for words in ("scrap and rework", "cure.spread", "which products wait", "andon simulate valve-works"):
        assert words in text, words


def test_an_open_page_gets_the_answer_alone(kit: RoomKit) -> None:
    form = {"token": kit.token("/what-if"), "n1": "curing.speed", "v1": "1.2", "futures": "50", "bottleneck": "1"}
    answer = kit.client.post("/what-if", data=form, headers={"x-part": "answer"})
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<section")
    assert kit.desk.asked[-1][0].replications == 50
    assert "both methods name curing" in answer.text


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({}, 422, "nothing is chosen"),
        ({"n1": "curing.machines", "v1": "many"}, 422, "is no number for"),
        ({"n1": "curing.machines", "v1": "inf"}, 422, "is no number for"),
        ({"n1": "curing.machines", "v1": "2", "n2": "curing.machines", "v2": "3"}, 422, "is chosen twice"),
        ({"n1": "curing.machine", "v1": "2"}, 403, "nearest:"),
        ({"n1": "<script>", "v1": "2"}, 403, "&lt;script&gt;"),
    ],
)
def test_a_slip_is_said_on_the_page_and_what_was_typed_stays(
    kit: RoomKit, form: dict[str, str], status: int, words: str
) -> None:
    got, text, _ = kit.post("/what-if", "/what-if", **form)
    assert got == status
    assert words in text
    assert "<script>" not in text.replace('<script src="/static/theme.js">', "")
    if form.get("v1"):
        assert f'value="{form["v1"]}"' in text


def test_a_form_of_somebody_else_is_refused(kit: RoomKit) -> None:
    answer = kit.client.post("/what-if", data={"n1": "curing.machines", "v1": "3", "token": "0" * 64})
    assert answer.status_code == 403
    assert kit.desk.asked == []


def test_the_api_answers_the_same(kit: RoomKit) -> None:
    rows = kit.client.get("/api/what-if").json()
    assert {"name", "what", "unit", "kind", "now", "whole", "near"} == set(rows[0])
    answer = kit.client.post("/api/what-if", json={"changes": {"curing.machines": 3}, "replications": 100, "seed": 9})
    assert answer.status_code == 200
    assert answer.json()["reproduce"].startswith("andon simulate")
    assert kit.desk.asked[-1] == (Simulate({"curing.machines": 3.0}, 100, 9), Who())
    refused = kit.client.post("/api/what-if", json={"changes": {"curing.machine": 3}})
    assert refused.status_code == 403
    assert refused.json()["reasons"][0]["code"] == "cannot-run"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"changes": {}},
        {"changes": dict.fromkeys("abcd", 1.0)},
        {"changes": {"a": "x"}},
        {"changes": {"a": 1}, "replications": 10**6},
        {"changes": {"a": 1}, "more": 1},
    ],
)
def test_what_the_api_does_not_understand_is_one_sentence(kit: RoomKit, body: dict[str, Any]) -> None:
    answer = kit.client.post("/api/what-if", json=body)
    assert answer.status_code == 422
    assert "\n" not in answer.json()["error"]
    assert kit.desk.asked == []
