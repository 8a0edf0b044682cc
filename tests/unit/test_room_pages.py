"""Pages of the room: what every one of them promises, and what its forms do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from room_kit import RoomKit, Tags

from andon.operate import port

PAGES = (
    "/",
    "/m/oven-1",
    "/m/oven-1?signal=oven-1.temperature&window=8h",
    "/m/amr-1",
    "/m/lathe-3",
    "/m/curing-buffer",
    "/decide",
    "/decide/R-1",
    "/decide/R-2",
    "/propose",
    "/authority",
    "/authority/oven-set-point",
    "/authority/floor-view?at=2026-11-22T10:00",
    "/record",
    "/record?kind=evidence",
    "/record/3",
    "/challenges",
    "/challenge?element=mill-2",
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
)


@pytest.fixture
def kit(tmp_path: Path) -> RoomKit:
    return RoomKit(tmp_path)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_served_whole_and_within_its_policy(kit: RoomKit, path: str) -> None:
    answer = kit.client.get(path)
    assert answer.status_code == 200
    tags = Tags(answer.text)
    assert next(tags.named("html"))["lang"] == "en"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert all(attrs.get("src", "").startswith("/static/") for attrs in tags.named("script"))
    assert not any("style" in attrs or any(a.startswith("on") for a in attrs) for _, attrs in tags.found)
    assert "<style" not in answer.text
    outside = re.findall(r"""(?:href|src|action)="(?:https?:)?//[^"]*""", answer.text)
    assert outside == []
    ids = [attrs["id"] for _, attrs in tags.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", PAGES)
def test_halt_and_challenge_are_on_every_page_without_a_script(kit: RoomKit, path: str) -> None:
    tags = Tags(kit.client.get(path).text)
    assert any(f.get("action") == "/halt" and f.get("method") == "post" for f in tags.named("form"))
    links = [a.get("href", "") for a in tags.named("a")]
    forms = [f.get("action", "") for f in tags.named("form")]
    assert "/challenge" in forms or any(h.startswith("/challenge") for h in links)


def test_halt_says_that_it_is_no_emergency_stop(kit: RoomKit) -> None:
    assert "not an emergency stop" in kit.client.get("/").text


def test_a_replay_says_so_on_every_page(tmp_path: Path) -> None:
    text = RoomKit(tmp_path, "replay").client.get("/").text
    assert "mode-replay" in text
    assert "nothing here is happening now" in text
    assert ">LIVE<" not in text


def test_what_is_not_current_is_struck_and_not_to_be_used(kit: RoomKit) -> None:
    text = kit.client.get("/m/lathe-3").text
    assert "s-stale" in text
    assert "do not use" in text
    assert "Lathe 3: no data" in kit.client.get("/").text


def test_a_missing_page_is_one_sentence_and_keeps_halt(kit: RoomKit) -> None:
    for path in ("/nope", "/m/nobody", "/decide/R-99", "/authority/nothing", "/record/9999", "/w/nowhere"):
        answer = kit.client.get(path)
        assert answer.status_code == 404, path
        assert 'action="/halt"' in answer.text
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "127.0.0.1:8700"}, 200),
        ({"host": "localhost:8700"}, 200),
        ({"host": "localhost.evil.example"}, 421),
        ({"host": ""}, 421),
    ],
)
def test_only_this_machines_own_names_are_answered(kit: RoomKit, headers: dict[str, str], status: int) -> None:
    assert kit.client.get("/", headers=headers).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_no_other_site_can_halt_or_challenge_or_decide(kit: RoomKit, headers: dict[str, str]) -> None:
    for path in ("/halt", "/challenge", "/decide/R-1", "/api/halt"):
        assert kit.client.post(path, data={"reason": "hazard"}, headers=headers).status_code == 403
    assert kit.desk.calls == []


def test_a_large_body_is_refused_whether_or_not_it_says_so(kit: RoomKit) -> None:
    big = b"words=" + b"x" * 70_000
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert kit.client.post("/challenge", content=big, headers=form).status_code == 413
    pieces = [big[i : i + 4096] for i in range(0, len(big), 4096)]
    assert kit.client.post("/challenge", content=pieces, headers=form).status_code == 413
    assert kit.desk.calls == []


# --- without signing in


def test_halt_takes_one_press_and_says_who_answered(kit: RoomKit) -> None:
    answer = kit.client.post("/halt")
    assert answer.status_code == 200
    assert "Asked 3, confirmed 2" in answer.text
    assert "silent: release" in answer.text
    assert "set-cookie" not in answer.headers
    assert kit.desk.calls == [(port.Halt("site", ""), port.Who())]
    assert "Twin actions are halted" in kit.client.get("/").text


def test_a_kiosk_halts_and_challenges_with_its_station_and_nothing_else(kit: RoomKit) -> None:
    assert "set-cookie" not in kit.client.get("/w/curing").headers
    assert kit.client.post("/halt", data={"station": "curing"}).status_code == 200
    form = {"station": "curing", "element": "oven-2", "reason": "hazard", "words": "smoke"}
    receipt = kit.client.post("/challenge", data=form)
    assert receipt.status_code == 200
    assert ">C-5<" in receipt.text
    assert "Somebody answers with a reason by" in receipt.text
    assert kit.desk.calls[-1] == (port.Challenge("oven-2", "hazard", "smoke"), port.Who(station="curing"))


def test_a_challenge_without_place_or_reason_is_asked_again(kit: RoomKit) -> None:
    for form in ({}, {"element": "oven-1"}, {"element": "nowhere", "reason": "hazard"}, {"reason": "rude"}):
        assert kit.client.post("/challenge", data=form).status_code == 422
    assert kit.desk.calls == []


def test_many_challenges_from_one_station_are_held_back_but_never_a_hazard(kit: RoomKit) -> None:
    form = {"station": "curing", "element": "oven-1", "reason": "timing"}
    answers = [kit.client.post("/challenge", data=form).status_code for _ in range(20)]
    assert answers.count(429) == 8
    assert kit.client.post("/challenge", data={**form, "reason": "hazard"}).status_code == 200
    assert kit.client.post("/challenge", data={**form, "station": "washing"}).status_code == 200
    kit.clock.advance(61)
    assert kit.client.post("/challenge", data=form).status_code == 200


# --- signing in


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_never_see(kit: RoomKit) -> None:
    kit.enrol("maria")
    form = {"name": "maria", "password": "seven brass valves", "token": kit.token(), "next": "/decide/R-1"}
    answer = kit.client.post("/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/decide/R-1")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "Maria" in kit.client.get("/").text


def test_a_wrong_password_says_neither_which_was_wrong(kit: RoomKit) -> None:
    kit.enrol("maria")
    form = {"password": "wrong", "token": kit.token(), "next": "/"}
    texts = []
    for name in ("maria", "tom"):
        answer = kit.client.post("/sign-in", data={**form, "name": name})
        assert answer.status_code == 403
        texts.append("do not belong together" in answer.text)
    assert texts == [True, True]


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_only_to_pages_of_this_room(kit: RoomKit, target: str) -> None:
    kit.enrol("maria")
    form = {"name": "maria", "password": "seven brass valves", "token": kit.token(), "next": target}
    assert kit.client.post("/sign-in", data=form).headers["location"] == "/"


def test_the_first_run_enrols_each_person_alone_and_then_is_over(kit: RoomKit) -> None:
    code = kit.accounts.setup_code()
    page = kit.client.get(f"/setup?code={code}")
    assert page.status_code == 200
    assert "Nobody should know another" in page.text
    for account in kit.accounts.people():
        form = {"code": code, "name": account.person, "password": "long enough words", "again": "long enough words"}
        assert kit.client.post("/setup", data={**form, "token": kit.token()}).status_code == 303
    assert kit.client.get(f"/setup?code={code}").status_code == 403
    assert kit.client.get("/setup?code=guess").status_code == 403


def test_two_different_passwords_are_not_set(kit: RoomKit) -> None:
    code = kit.accounts.setup_code()
    form = {"code": code, "name": "maria", "password": "long enough words", "again": "other enough words"}
    answer = kit.client.post("/setup", data={**form, "token": kit.token()})
    assert answer.status_code == 403
    assert "the two passwords are not the same" in answer.text


# --- acts


def test_an_act_asks_for_a_person_first_and_is_not_done(kit: RoomKit) -> None:
    status, text, _ = kit.post("/decide/R-1", "/sign-in", choice="accept", reason="fine")
    assert status == 401
    assert "This act needs a person" in text
    assert kit.desk.calls == []


def test_a_form_without_its_token_or_with_another_sessions_does_nothing(kit: RoomKit) -> None:
    kit.enrol("maria")
    before = kit.token()
    kit.sign_in("maria")
    for token in ("", "0" * 64, before):
        form = {"token": token, "choice": "accept", "reason": "fine"}
        answer = kit.client.post("/decide/R-1", data=form)
        assert answer.status_code == 403
        assert "this form was read before" in answer.text.lower()
    assert kit.desk.calls == []


def test_who_was_signed_out_meanwhile_is_asked_to_sign_in_and_nothing_is_done(kit: RoomKit) -> None:
    kit.enrol("maria")
    kit.sign_in("maria")
    token = kit.token("/decide/R-1")
    kit.accounts.sign_out_everywhere("maria")
    form = {"token": token, "choice": "accept", "reason": "fine", "back": "/decide/R-1"}
    answer = kit.client.post("/decide/R-1", data=form)
    assert answer.status_code == 401
    assert 'name="next" value="/decide/R-1"' in answer.text
    assert kit.desk.calls == []


def test_a_decision_needs_a_reason_and_names_the_person(kit: RoomKit) -> None:
    kit.enrol("maria")
    kit.sign_in("maria")
    page = "/decide/R-1"
    status, text, _ = kit.post(page, page, choice="accept", reason="  ")
    assert status == 403
    assert "is empty" in text
    assert kit.desk.calls == []
    status, _, location = kit.post(page, page, choice="accept", reason="seen it", looked="yes")
    assert status == 303
    assert location.startswith("/decide/R-1?done=")
    act, who = kit.desk.calls[-1]
    assert act == port.Decide("R-1", True, "seen it", looked=True)
    assert (who.person, who.roles) == ("maria", ("supervisor",))
    assert "Accepted" in kit.client.get("/decide/R-1").text


def test_accept_is_neither_the_first_button_nor_focused_nor_prefilled(kit: RoomKit) -> None:
    text = kit.client.get("/decide/R-1").text
    form = text[text.index('action="/decide/R-1"') :]
    assert form.index('value="reject"') < form.index('value="accept"')
    assert "autofocus" not in text
    assert "required" in form[: form.index("</form>")]
    assert "checked" not in form[: form.index("</form>")]


def test_the_decide_page_says_everything_that_a_decision_rests_on(kit: RoomKit) -> None:
    text = kit.client.get("/decide/R-1").text
    for part in (
        "What changes",
        "Why now",
        "Expected effect",
        "90 % interval",
        "Worse than doing nothing in 11 of 100",
    ):
        assert part in text
    for part in ("What it leans on", "Alternatives that were tried", "Not represented", "electricity price"):
        assert part in text
    for part in ("How to undo", "bound to", "I looked at the floor", "proposed", "160.0", "200.0"):
        assert part in text


@pytest.mark.parametrize(
    ("path", "form", "act"),
    [
        (
            "/authority/throughput/request",
            {"tier": "analyse", "reason": "r"},
            port.RequestTier("throughput", "analyse", "r"),  # type: ignore[arg-type]
        ),
        (
            "/authority/throughput/approve",
            {"tier": "analyse", "reason": "r", "days": "7"},
            port.Approve("throughput", "analyse", "r", 7.0),  # type: ignore[arg-type]
        ),
        ("/authority/throughput/revoke", {"reason": "r"}, port.Revoke("throughput", "r")),
        ("/authority/throughput/publish", {}, port.PublishUse("throughput")),
        (
            "/authority/throughput/agreement",
            {"words": "w"},
            port.RecordEvidence("throughput", "agreement", True, {"words": "w"}),
        ),
        (
            "/propose",
            {"target": "oven-set-point oven-1.setpoint", "value": "182,5", "reason": "r"},
            port.Propose("oven-set-point", "oven-1.setpoint", 182.5, "r"),
        ),
        ("/challenges/C-3/answer", {"outcome": "mended", "reason": "r"}, port.AnswerChallenge("C-3", "mended", "r")),
        ("/commands/K-1/undo", {"reason": "r"}, port.Undo("K-1", "r")),
        ("/commands/K-1/resolve", {"reason": "r", "seen": "not-done"}, port.Resolve("K-1", False, "r")),
    ],
)
def test_each_form_asks_the_desk_exactly_one_thing(
    kit: RoomKit, path: str, form: dict[str, str], act: port.Request
) -> None:
    kit.enrol("maria")
    kit.sign_in("maria")
    status, _, location = kit.post(path, "/propose", **form)
    assert status == 303
    assert "done=" in location
    assert [a for a, _ in kit.desk.calls] == [act]


@pytest.mark.parametrize("value", ["", "hot", "nan", "inf", "1e999", "180 C"])
def test_a_value_that_is_none_is_said_and_not_proposed(kit: RoomKit, value: str) -> None:
    kit.enrol("maria")
    kit.sign_in("maria")
    form = {"target": "oven-set-point oven-1.setpoint", "value": value, "reason": "r"}
    status, _, _ = kit.post("/propose", "/propose", **form)
    assert status == 403
    assert kit.desk.calls == []


def test_a_refusal_shows_every_reason_and_who_can_mend_it(kit: RoomKit) -> None:
    kit.enrol("tom")
    kit.sign_in("tom")
    page = "/authority/throughput"
    status, text, _ = kit.post(page + "/approve", page, tier="analyse", reason="please", days="30")
    assert status == 403
    assert "This takes a supervisor" in text
    assert "ask maria" in text
    assert "owner: supervisor" in text


def test_a_reset_takes_two_people_each_with_their_own_password(kit: RoomKit) -> None:
    kit.enrol("maria", "amina")
    kit.client.post("/halt")
    form = {"name": "maria", "reason": "looked at both ovens"}
    assert kit.post("/reset", "/halt", **form, password="wrong")[0] == 403
    assert kit.post("/reset", "/halt", **form, password="seven brass valves")[0] == 303
    assert "1 more needed" in kit.client.get("/halt").text
    form = {"name": "amina", "reason": "agreed", "password": "seven brass valves"}
    assert kit.post("/reset", "/halt", **form)[0] == 303
    assert "Nothing is halted" in kit.client.get("/halt").text
    resets = [(a, w) for a, w in kit.desk.calls if isinstance(a, port.Reset)]
    assert [(w.person, len(a.signature)) for a, w in resets] == [("maria", 128), ("amina", 128)]


def test_the_bounds_are_signed_by_two_people_each_with_their_own_password(kit: RoomKit) -> None:
    kit.enrol("maria", "amina")
    assert kit.post("/bounds/sign", "/bounds", name="maria", password="wrong")[0] == 403
    for person in ("maria", "amina"):
        assert kit.post("/bounds/sign", "/bounds", name=person, password="seven brass valves")[0] == 303
    assert "the gateway holds them" in kit.client.get("/bounds").text


def test_what_an_act_answered_is_shown_and_cannot_be_forged_by_a_link(kit: RoomKit) -> None:
    kit.enrol("maria")
    kit.client.post("/halt")
    form = {"name": "maria", "reason": "looked", "password": "seven brass valves"}
    _, _, location = kit.post("/reset", "/halt", **form)
    assert "Signed; one more person must sign" in kit.client.get(location).text
    forged = kit.client.get("/halt?said=call+this+number&seal=" + "0" * 32).text
    assert "call this number" not in forged.lower()


def test_authority_that_was_lost_is_an_alarm_until_it_is_approved_afresh(kit: RoomKit) -> None:
    lost = {"use": "oven-set-point", "from": "control", "to": "analyse", "lost": [{"requirement": "drift", "why": "w"}]}
    kit.desk._done("authority.lost", "", lost, "")
    assert "oven-set-point fell from control to analyse" in kit.client.get("/").text
    kit.desk._done("approval", "maria", {"use": "oven-set-point", "tier": "control"}, "")
    assert "back to normal" in kit.client.get("/alarms").text or "returned to normal" in kit.client.get("/alarms").text


def test_what_people_write_is_text_and_never_markup(kit: RoomKit) -> None:
    bad = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    kit.client.post("/challenge", data={"element": "oven-1", "reason": "hazard", "words": bad})
    text = kit.client.get("/challenges").text
    assert "<img src=x" not in text
    assert "&lt;script&gt;" in text
