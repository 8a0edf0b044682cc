"""What-if in the room: forms, answers on pages and as JSON, one future, keeping, and every slip in one sentence."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from demo_site import valve_works
from pyarrow import parquet
from room_kit import RoomKit, Tags

from andon.control_room import future_view, what_if_form
from andon.control_room.charts import STATES
from andon.control_room.what_if_form import address, filled, question
from andon.core.refusals import Refusal
from andon.models.simulate import replay, rows
from andon.models.simulate.asked import asked
from andon.models.simulate.run import compile_site, replicate
from andon.operate.simulation import Simulate

PATIENCE_S = 120.0
MORE = {"n1": "curing.machines", "v1": "3", "futures": "50"}


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """The kernel is in its cache, as the outlook leaves it."""
    site = valve_works()
    replicate(compile_site(site, None, 60.0, asked(site, {})), 1, 1)


@pytest.fixture
def kit(tmp_path: Path) -> RoomKit:
    return RoomKit(tmp_path)


def answered(kit: RoomKit, page: str = "/what-if", **form: str) -> str:
    """Ask without JavaScript: the address of the answer, once it is whole."""
    status, _text, where = kit.post(page, page, **form)
    assert status == 303, _text
    until = time.monotonic() + PATIENCE_S
    while 'data-over="no"' in kit.client.get(where).text:
        assert time.monotonic() < until
    return where


def test_the_page_lists_what_may_be_changed_and_works_as_a_form(kit: RoomKit) -> None:
    page = kit.client.get("/what-if?n1=curing.machines&v1=3&trouble=missing-worker&hits=setters").text
    options = [o.get("value") for o in Tags(page).named("option")]
    assert options.count("curing.machines") == 3
    assert {s["name"] for s in kit.desk.simulator.settable()} <= set(options)
    assert 'value="curing.machines" selected' in page
    assert 'value="setters" selected' in page
    assert "Nothing is sent to any machine." in page
    where = answered(kit, **MORE, n2="oven-1.setpoint", v2="187,5")
    text = kit.client.get(where).text
    for words in ("90 %:", "better in", "Bottleneck:", "fragile", "simulated", "Not represented", "andon simulate"):
        assert words in text, words
    for words in ("scrap and rework", "which products wait", "at 187.5", "What stations do with their time"):
        assert words in text, words
    assert 'value="curing.machines" selected' in text, "the form says what was asked"
    said = dict(parse_qsl(where.partition("?")[2]))
    assert said == {**MORE, "n2": "oven-1.setpoint", "v2": "187,5", "tab": "ahead"}


def test_a_large_floor_has_one_list_of_names(kit: RoomKit, monkeypatch: pytest.MonkeyPatch) -> None:
    row = dict(kit.desk.simulator.settable()[0])
    many = [{**row, "name": f"station-{i}.machines"} for i in range(4000)]
    monkeypatch.setattr(kit.desk.simulator, "settable", lambda: many)
    page = kit.client.get("/what-if/best?an1=station-7.machines&av1=3").text
    assert page.count('value="station-3999.machines"') == 1
    assert page.count('list="known"') == 8
    assert 'value="station-7.machines" list="known"' in page


def test_the_plain_outlook_has_every_figure_with_its_intervals(kit: RoomKit) -> None:
    text = kit.client.get(answered(kit, futures="50", hours="2")).text
    for words in ("The floor as it stands", "50 % interval", "error of the mean", "of the spread, not known", "Orders"):
        assert words in text, words
    assert "Every figure" in text
    assert text.count('class="trend fan') == 2, "drawn for wide and for narrow pages"


def test_an_open_page_gets_the_answer_alone_and_goes_on_to_the_end(kit: RoomKit) -> None:
    form = {"token": kit.token("/what-if"), "n1": "curing.speed", "v1": "1.2", "futures": "50", "bottleneck": "1"}
    got = kit.client.post("/what-if", data={**form, "page": "p1"}, headers={"x-part": "answer"})
    assert got.status_code == 200
    until = time.monotonic() + PATIENCE_S
    versions = []
    while 'data-over="yes"' not in got.text:
        found = re.search(r'data-id="([^"]+)" data-version="(\d+)"', got.text)
        assert found
        versions.append(int(found[2]))
        got = kit.client.get(f"/what-if/answers/{found[1]}/part?after={found[2]}")
        assert got.status_code in {200, 204}
        assert time.monotonic() < until
    assert versions == sorted(set(versions))
    assert "By sensitivity:" in got.text
    assert got.text.lstrip().startswith("<div")


@pytest.mark.parametrize(
    ("page", "form", "words"),
    [
        (
            "/what-if/best",
            {"an1": "curing.machines", "av1": "3", "bn1": "setters.size", "bv1": "2", "difference": "3", "hours": "2"},
            ("Which is best by completed", "Kim and Nelson", "left behind", "--select completed"),
        ),
        (
            "/what-if/matters",
            {"of": "lead time", "points": "3", "hours": "1"},
            ("What lead time leans on", "at the low end", "andon sensitivity", "Not represented"),
        ),
        (
            "/what-if/matters",
            {"method": "morris", "points": "2", "trajectories": "2", "hours": "1"},
            ("mu*", "sigma", "2 trajectories", "--method morris"),
        ),
        (
            "/what-if",
            {"ends": "width", "of": "completed", "width": "10%", "hours": "2"},
            ("Known: half-width", "Chow and Robbins", "--until"),
        ),
        (
            "/what-if",
            {"trouble": "missing-worker", "hits": "assemblers", "begins": "30", "lasts": "60", "futures": "50"},
            ("missing-worker:assemblers@30min+60min", "missing worker (assemblers) for 60min", "Difference by figure"),
        ),
        (
            "/what-if",
            {**MORE, "trouble": "network-outage", "both": "1"},
            ("--set network-outage@0min+60min=1", "--against"),
        ),
    ],
)
def test_every_question_of_the_command_line_has_a_form(
    kit: RoomKit, page: str, form: dict[str, str], words: tuple[str, ...]
) -> None:
    text = kit.client.get(answered(kit, page, **form)).text
    for one in words:
        assert one in text, one


@pytest.mark.parametrize(
    ("page", "form", "status", "words"),
    [
        ("/what-if", {"n1": "curing.machines", "v1": "many"}, 422, "is no number for"),
        ("/what-if", {"n1": "curing.machines", "v1": "inf"}, 422, "is no number for"),
        ("/what-if", {"n1": "curing.machines", "v1": "2", "n2": "curing.machines", "v2": "3"}, 422, "is chosen twice"),
        ("/what-if", {"n1": "curing.machine", "v1": "2"}, 403, "nearest:"),
        ("/what-if", {"n1": "<script>", "v1": "2"}, 403, "&lt;script&gt;"),
        ("/what-if", {"hours": "10000"}, 403, "hours cannot be looked ahead"),
        ("/what-if", {"ends": "decided"}, 422, "nothing to decide between"),
        ("/what-if", {"trouble": "plague"}, 422, "is no trouble"),
        ("/what-if", {"trouble": "missing-worker"}, 422, "does not say which"),
        ("/what-if/best", {}, 422, "no alternative is chosen"),
        ("/what-if/best", {"an1": "curing.machines", "av1": "3"}, 422, "smallest difference that matters"),
        ("/what-if/matters", {"points": "2.5"}, 422, "is no whole number"),
        ("/what-if/matters", {"trajectories": "9999"}, 403, "trajectories were asked for"),
    ],
)
def test_a_slip_is_said_on_the_page_and_what_was_typed_stays(
    kit: RoomKit, page: str, form: dict[str, str], status: int, words: str
) -> None:
    got, text, _ = kit.post(page, page, **form)
    assert got == status
    assert words in text
    assert "<script>" not in text.replace('<script src="/static/theme.js">', "")
    if form.get("v1"):
        assert f'value="{form["v1"]}"' in text


def test_a_form_of_somebody_else_is_refused(kit: RoomKit) -> None:
    answer = kit.client.post("/what-if", data={**MORE, "token": "0" * 64})
    assert answer.status_code == 403
    assert kit.client.get("/what-if/answers/S-1").status_code == 404


def test_an_answer_that_is_gone_says_so_and_its_address_still_asks(kit: RoomKit) -> None:
    gone = kit.client.get("/what-if/answers/S-77?n1=curing.machines&v1=4&tab=ahead")
    assert gone.status_code == 404
    assert "this answer is not kept any more" in gone.text
    assert 'value="4"' in gone.text


def test_a_question_that_takes_long_is_stopped_by_a_button(kit: RoomKit) -> None:
    form = {"method": "morris", "points": "500", "trajectories": "50", "token": kit.token("/what-if")}
    got = kit.client.post("/what-if/matters", data=form, headers={"x-part": "answer"})
    assert "<progress" in got.text
    found = re.search(r'data-id="([^"]+)"', got.text)
    assert found
    status, _, where = kit.post(f"/what-if/answers/{found[1]}/cancel", "/what-if")
    assert (status, where) == (303, "/what-if")
    until = time.monotonic() + PATIENCE_S
    while (state := kit.client.get(f"/api/simulate/{found[1]}").json())["state"] != "stopped":
        assert time.monotonic() < until, state


def test_one_future_is_drawn_and_its_events_can_be_taken_home(kit: RoomKit) -> None:
    answered(kit, **MORE)
    page = kit.client.get("/what-if/answers/S-1/future?floor=1&replication=3").text
    assert "Replication 3 of 50" in page
    paths = [p for p in Tags(page).named("path") if p.get("class", "").startswith("kind")]
    assert any(p["class"] == "kind k-p0" for p in paths)
    known = {f"kind k-{s}" for s in (*STATES, *(f"p{i}" for i in range(6)))}
    assert {p["class"] for p in paths} <= known
    assert 'class="level"' in page
    assert "<style" not in page
    assert " style=" not in page
    log = kit.client.get("/what-if/answers/S-1/events.parquet?floor=1&replication=3")
    assert parquet.read_table(io.BytesIO(log.content)).num_rows > 10
    assert log.headers["content-disposition"].startswith("attachment")
    assert kit.client.get("/what-if/answers/S-1/future?replication=5000").status_code == 403
    assert kit.client.get("/what-if/answers/S-9/future").status_code == 404


def test_every_state_of_machines_and_vehicles_has_a_word_and_a_look(kit: RoomKit) -> None:
    css = kit.client.get("/static/parts.css").text
    named = {*rows.STATES, *replay.VEHICLE_STATES.values()}
    assert named <= set(STATES)
    for state in named - set(future_view.QUIET) - set(future_view.PATTERNS):
        assert f".k-{state} " in css, state
    for state in rows.STATES:
        assert f".u-{state} " in css, state


def test_a_person_puts_an_answer_on_record_with_its_command(kit: RoomKit) -> None:
    kit.enrol("jonas")
    where = answered(kit, **MORE)
    refused, text, _ = kit.post("/what-if/answers/S-1/keep", "/what-if", reason="for the customer")
    assert refused == 401
    kit.sign_in("jonas")
    assert kit.post("/what-if/answers/S-1/keep", "/what-if", reason="")[0] == 422
    status, text, done = kit.post("/what-if/answers/S-1/keep", "/what-if", reason="for the customer")
    assert (status, done.startswith("/what-if?done=")) == (303, True), text
    record = kit.desk.records("simulation.kept")[-1]
    assert record.actor == "jonas"
    assert record.payload["reproduce"].startswith("andon simulate")
    assert record.payload["baseline"].startswith("sha256:")
    assert len(kit.desk.records("simulation.asked")) == 1
    shown = kit.client.get(f"/record/{record.index}").text
    assert "for the customer" in shown
    assert "asked the simulator" not in kit.client.get("/").text, "who looked is no news of the floor"
    assert "<code>" in kit.client.get(where).text


def test_the_api_answers_the_same(kit: RoomKit) -> None:
    offered = kit.client.get("/api/simulate").json()
    assert {"name", "what", "unit", "kind", "now", "whole", "near"} == set(offered["settable"][0])
    assert {t["kind"] for t in offered["troubles"]} == {"missing-worker", "network-outage"}
    body = {"against": [{"curing.machines": 3}], "replications": 50, "seed": 9}
    got = kit.client.post("/api/simulate?wait_s=20", json=body).json()
    until = time.monotonic() + PATIENCE_S
    while got["state"] not in {"done", "refused"}:
        got = kit.client.get(f"/api/simulate/{got['id']}?wait_s=20").json()
        assert time.monotonic() < until
    assert got["answer"]["reproduce"].startswith("andon simulate")
    assert got["question"]["seed"] == 9
    assert got["answer"]["alternatives"][0]["set"] == {"curing.machines": 3.0}
    one = kit.client.get(f"/api/simulate/{got['id']}/future?floor=1").json()
    assert one["label"] == "curing.machines=3"
    log = kit.client.get(f"/api/simulate/{got['id']}/events.parquet")
    assert parquet.read_table(io.BytesIO(log.content)).num_rows > 10
    assert kit.client.post(f"/api/simulate/{got['id']}/cancel").json()["state"] == "done"
    assert kit.client.post(f"/api/simulate/{got['id']}/keep", json={"reason": "x"}).status_code == 401
    refused = kit.client.post("/api/simulate", json={"against": [{"curing.machine": 3}]})
    assert refused.status_code == 403
    assert refused.json()["reasons"][0]["code"] == "cannot-run"
    assert kit.client.get("/api/simulate/S-99").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"changes": {"a": "x"}},
        {"changes": {"a": 1}, "more": 1},
        {"start": "tomorrow"},
        {"leans_on": "guess"},
        {"against": {"a": 1}},
        {"replications": "many"},
    ],
)
def test_what_the_api_does_not_understand_is_one_sentence(kit: RoomKit, body: dict[str, Any]) -> None:
    answer = kit.client.post("/api/simulate", json=body)
    assert answer.status_code == 422
    assert "\n" not in answer.json()["error"]


def test_the_address_of_a_form_is_the_form(kit: RoomKit) -> None:
    troubles = kit.desk.simulator.troubles()
    for tab, given in (
        ("ahead", {**MORE, "hours": "3", "ends": "decided", "confidence": "99", "bottleneck": "1"}),
        ("best", {"an1": "curing.machines", "av1": "3", "cn2": "setters.size", "cv2": "2", "difference": "1"}),
        ("matters", {"of": "lead time", "method": "morris", "trajectories": "4"}),
    ):
        fields = filled(tab, given, connected=True)  # type: ignore[arg-type]
        again = filled(tab, dict(parse_qsl(address(fields))), connected=True)  # type: ignore[arg-type]
        assert again == fields
        made = question(tab, fields, troubles)  # type: ignore[arg-type]
        assert isinstance(made, Simulate), made
        assert question(tab, again, troubles) == made  # type: ignore[arg-type]
    assert filled("ahead", {}, connected=False)["from"] == "empty"
    assert isinstance(question("ahead", {**filled("ahead", {}, connected=True), "seed": "x"}, troubles), Refusal)
    assert what_if_form.TABS["ahead"][0] == "/what-if"
