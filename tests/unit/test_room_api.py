"""The API: the same answers as the pages, the same refusals, and one sentence for what it does not understand."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from room_kit import PASSWORD, TOKEN, RoomKit

from andon.control_room.api_acts import REQUESTS, kind_of
from andon.operate import port

READING = (
    "state",
    "site",
    "signals/oven-1.temperature/trend",
    "authority",
    "authority/oven-set-point",
    "authority/oven-set-point?at=2026-11-22T10:00:00Z",
    "records",
    "records?kind=evidence&last=1",
    "records/3",
    "records/3/proof",
    "recommendations",
    "commands",
    "challenges",
    "halts",
    "quarantine",
    "sources",
    "forecast",
    "simulate",
    "bounds",
    "openapi.json",
)
ACTS: dict[str, dict[str, Any]] = {
    "publish-use": {"use": "throughput"},
    "request-tier": {"use": "throughput", "tier": "analyse", "reason": "r"},
    "approve": {"use": "throughput", "tier": "analyse", "reason": "r", "days": 3},
    "revoke": {"use": "throughput", "reason": "r"},
    "propose": {"use": "oven-set-point", "signal": "oven-1.setpoint", "value": 182.5, "reason": "r"},
    "recommend": {"use": "oven-set-point", "signal": "oven-1.setpoint", "value": 182.5, "body": {"title": "t"}},
    "decide": {"recommendation": "R-1", "accept": False, "reason": "r"},
    "undo": {"command": "K-1", "reason": "r"},
    "resolve": {"command": "K-1", "done": True, "reason": "r"},
    "challenge": {"element": "oven-1", "reason": "timing"},
    "answer-challenge": {"challenge": "C-3", "outcome": "mended", "reason": "r"},
    "halt": {},
    "reset": {"reason": "r", "signature": "ab"},
    "record-evidence": {"use": "throughput", "kind": "verification", "passed": True, "measured": {"n": 3}},
}


@pytest.fixture
def kit(tmp_path: Path) -> RoomKit:
    return RoomKit(tmp_path)


@pytest.mark.parametrize("path", READING)
def test_everything_that_pages_show_is_there_as_json(kit: RoomKit, path: str) -> None:
    answer = kit.client.get(f"/api/{path}")
    assert answer.status_code == 200
    assert json.loads(answer.text) is not None


def test_every_value_travels_with_all_that_belongs_to_it(kit: RoomKit) -> None:
    for signal in kit.client.get("/api/state").json()["signals"]:
        for key in ("value", "unit", "quality", "age_s", "origin", "fresh", "why", "source", "source_time", "purposes"):
            assert key in signal
        assert signal["fresh"] or signal["why"]


def test_authority_names_for_each_requirement_why_who_and_what_next(kit: RoomKit) -> None:
    found = kit.client.get("/api/authority/oven-set-point").json()
    assert found["tier"] == "recommend"
    for row in found["requirements"]:
        for key in ("id", "tier", "title", "met", "why", "evidence", "until", "owner", "next_step", "source"):
            assert key in row


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("records/99999", 404),
        ("records/x", 422),
        ("authority/nothing", 404),
        ("authority/throughput?at=yesterday", 422),
        ("signals/none.such/trend", 404),
        ("signals/oven-1.temperature/trend?window_s=-1", 422),
        ("signals/oven-1.temperature/trend?points=9999999", 422),
        ("records?last=0", 422),
        ("records/99999/proof", 404),
        ("nothing", 404),
    ],
)
def test_what_is_not_there_or_not_understood_is_one_sentence(kit: RoomKit, path: str, status: int) -> None:
    answer = kit.client.get(f"/api/{path}")
    assert answer.status_code == status
    body = answer.json()
    sentence = body.get("error") or body["reasons"][0]["text"]
    assert sentence
    assert "\n" not in sentence


def test_the_local_token_reads_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    kit = RoomKit(tmp_path, open_reading=False)
    right, wrong = {"authorization": f"Bearer {TOKEN}"}, {"authorization": "Bearer guess"}
    assert kit.client.get("/api/state").status_code == 401
    assert kit.client.get("/api/state", headers=wrong).status_code == 401
    assert kit.client.get("/api/state", headers=right).status_code == 200
    kit.enrol("maria")
    session = kit.client.post("/api/sign-in", json={"name": "maria", "password": PASSWORD}, headers=right).json()[
        "session"
    ]
    assert kit.client.get("/api/state", headers={"x-andon-session": session}).status_code == 200


def test_the_token_alone_is_nobody(kit: RoomKit) -> None:
    answer = kit.client.post("/api/act/revoke", json=ACTS["revoke"], headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 401
    assert answer.json()["reasons"][0]["code"] == "not-signed-in"
    assert kit.desk.calls == []


def session_of(kit: RoomKit, person: str) -> dict[str, str]:
    kit.enrol(person)
    answer = kit.client.post("/api/sign-in", json={"name": person, "password": PASSWORD})
    assert answer.json()["person"] == person
    return {"x-andon-session": answer.json()["session"]}


def test_there_is_an_endpoint_for_every_request_of_the_desk(kit: RoomKit) -> None:
    assert set(REQUESTS) == {kind_of(r) for r in get_args(port.Request)} == set(ACTS)
    paths = kit.client.get("/api/openapi.json").json()["paths"]
    assert {f"/api/act/{name}" for name in REQUESTS} <= set(paths)


@pytest.mark.parametrize("name", sorted(ACTS))
def test_each_act_reaches_the_desk_as_the_request_it_is(kit: RoomKit, name: str) -> None:
    answer = kit.client.post(f"/api/act/{name}", json=ACTS[name], headers=session_of(kit, "maria"))
    assert answer.status_code in {200, 403}
    act, who = kit.desk.calls[-1]
    assert type(act) is REQUESTS[name]
    assert who.person == "maria"
    for key, value in ACTS[name].items():
        assert getattr(act, key) == value
        assert type(getattr(act, key)) in {type(value), float} or key == "tier"


@pytest.mark.parametrize("name", sorted(ACTS))
def test_an_act_with_a_field_too_many_or_too_long_is_not_understood(kit: RoomKit, name: str) -> None:
    headers = session_of(kit, "maria")
    for body in ({**ACTS[name], "sudo": True}, {**ACTS[name], fields(REQUESTS[name])[0].name: "x" * 9000}):
        answer = kit.client.post(f"/api/act/{name}", json=body, headers=headers)
        assert answer.status_code == 422
        assert "; see /api" in answer.json()["error"]
    assert kit.desk.calls == []


def test_a_refusal_is_403_with_every_reason(kit: RoomKit) -> None:
    answer = kit.client.post("/api/act/approve", json=ACTS["approve"], headers=session_of(kit, "tom"))
    assert answer.status_code == 403
    assert answer.json()["refused"] is True
    assert answer.json()["reasons"][0]["owner"] == "supervisor"


def test_halt_and_challenge_need_nobody(kit: RoomKit) -> None:
    assert kit.client.post("/api/halt").json()["detail"]["asked"] == 3
    assert kit.client.post("/api/halt", json={"reason": "smoke", "station": "curing"}).status_code == 200
    body = {"element": "oven-1", "reason": "hazard", "words": "w", "station": "curing"}
    assert kit.client.post("/api/challenge", json=body).json()["detail"]["id"].startswith("C-")
    assert [w for _, w in kit.desk.calls] == [port.Who(), port.Who(station="curing"), port.Who(station="curing")]
    assert kit.client.post("/api/challenge", json={**body, "element": "no"}).status_code == 404
    assert kit.client.post("/api/challenge", json={**body, "reason": "rude"}).status_code == 422


def test_signing_in_wrongly_is_refused_and_nothing_leaks(kit: RoomKit) -> None:
    answer = kit.client.post("/api/sign-in", json={"name": "maria", "password": "wrong"})
    assert answer.status_code == 403
    assert "session" not in answer.text
    bad = kit.client.post("/api/sign-in", json={"name": "maria", "password": "secret words" * 40})
    assert bad.status_code == 422
    assert "secret words" not in bad.text


def test_signing_out_ends_the_session(kit: RoomKit) -> None:
    headers = session_of(kit, "maria")
    assert kit.client.post("/api/sign-out", headers=headers).status_code == 200
    assert kit.client.post("/api/act/revoke", json=ACTS["revoke"], headers=headers).status_code == 401


def test_a_reset_is_signed_with_the_persons_own_key_over_what_the_gateway_checks(kit: RoomKit) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from andon.protocols.permit import reset_statement

    kit.enrol("maria")
    body = {"name": "maria", "password": PASSWORD, "reason": "looked"}
    assert kit.client.post("/api/reset", json=body).status_code == 403
    kit.client.post("/api/halt")
    assert kit.client.post("/api/reset", json=body).status_code == 200
    act = next(a for a, _ in kit.desk.calls if isinstance(a, port.Reset))
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(kit.accounts.public_keys()["maria"]))
    key.verify(bytes.fromhex(act.signature), reset_statement(kit.desk.facts().gateway.halts, "looked"))


def test_a_statement_is_signed_only_with_the_password(kit: RoomKit) -> None:
    kit.enrol("maria")
    body = {"name": "maria", "password": PASSWORD, "statement": "andon-bounds-v1\n{}"}
    answer = kit.client.post("/api/sign", json=body).json()
    assert (len(answer["signature"]), len(answer["public_key"])) == (128, 64)
    assert kit.client.post("/api/sign", json={**body, "password": "wrong"}).status_code == 403


def test_the_schema_describes_every_endpoint(kit: RoomKit) -> None:
    schema = kit.client.get("/api/openapi.json").json()
    for path, methods in schema["paths"].items():
        assert path.startswith("/api/")
        for entry in methods.values():
            assert entry["summary"]
            assert entry["tags"]
    assert "Reading needs no sign-in" in schema["info"]["description"]
