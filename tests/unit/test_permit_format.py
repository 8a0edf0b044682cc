"""The permit's wire format: what was signed is what is read, and anything else is refused with a sentence."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from andon.protocols.permit import (
    FRAME_BYTES_MAX,
    Permit,
    PermitRefused,
    bounds_statement,
    frame,
    frame_length,
    open_permit,
    read_message,
    reset_statement,
    sign_permit,
    signers,
    text_of,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PERMIT = Permit(
    command="C-7f3a",
    epoch=12,
    baseline="sha256:" + "a" * 64,
    signal="oven-1.setpoint",
    value=182.5,
    unit="Cel",
    expected=180.0,
    tolerance=0.5,
    min=160.0,
    max=200.0,
    deadline=2**60 + 1,
)


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
permits = st.builds(
    Permit,
    command=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True),
    epoch=st.integers(0, 2**53 - 1),
    baseline=texts,
    signal=texts,
    value=numbers | st.booleans(),
    unit=texts,
    expected=numbers | st.booleans(),
    tolerance=numbers.filter(lambda n: n >= 0),
    min=st.none() | numbers,
    max=st.none() | numbers,
    deadline=st.integers(0, 2**62),
)


@given(permits)
def test_what_was_signed_is_what_is_read_through_a_frame(permit: Permit) -> None:
    sent = frame({"do": "permit", "permit": sign_permit(permit, KEY)})
    assert frame_length(sent[:4]) == len(sent) - 4
    assert open_permit(read_message(sent[4:])["permit"], public(KEY)) == permit


@given(st.data())
def test_no_field_can_be_changed_without_the_key(data: st.DataObject) -> None:
    envelope = sign_permit(PERMIT, KEY)
    name = data.draw(st.sampled_from(sorted(envelope["permit"])))
    other = data.draw(st.integers(0, 1000) | st.text("abc", max_size=3) | st.booleans() | st.none())
    changed = {**envelope["permit"], name: other}
    if changed == envelope["permit"]:
        return
    with pytest.raises(PermitRefused, match="not signed by the twin's pinned key"):
        open_permit({**envelope, "permit": changed}, public(KEY))


@pytest.mark.parametrize(
    "change",
    [
        {"command": ""},
        {"command": "two words"},
        {"command": "x" * 65},
        {"epoch": -1},
        {"epoch": True},
        {"epoch": 1.5},
        {"value": None},
        {"expected": [1]},
        {"tolerance": -0.1},
        {"tolerance": None},
        {"min": "low"},
        {"max": True},
        {"deadline": 5},
        {"deadline": "05"},
        {"deadline": "-5"},
        {"deadline": "9" * 20},
        {"unit": 5},
        {"unit": "x" * 301},
        {"v": 2},
        {"more": 1},
    ],
)
def test_a_signed_permit_with_a_wrong_field_is_refused(change: Mapping[str, Any]) -> None:
    from andon.core.canonical import canonical
    from andon.protocols.permit import PERMIT_DOMAIN

    document = {**PERMIT.document(), **change}
    envelope = {"permit": document, "signature": KEY.sign(PERMIT_DOMAIN + canonical(document)).hex()}
    with pytest.raises(PermitRefused, match="permit"):
        open_permit(envelope, public(KEY))


@pytest.mark.parametrize(
    "envelope",
    [
        None,
        [],
        {},
        {"permit": {}},
        {"permit": [], "signature": ""},
        {"permit": PERMIT.document(), "signature": None},
        {"permit": PERMIT.document(), "signature": "zz" * 64},
        {"permit": PERMIT.document(), "signature": "00" * 64},
        {**sign_permit(PERMIT, KEY), "extra": 1},
        sign_permit(PERMIT, OTHER),
    ],
)
def test_a_malformed_or_foreign_envelope_is_refused(envelope: object) -> None:
    with pytest.raises(PermitRefused):
        open_permit(envelope, public(KEY))


def test_a_signature_for_one_purpose_is_none_for_another() -> None:
    document = PERMIT.document()
    envelope = {"permit": document, "signature": KEY.sign(bounds_statement(document)).hex()}
    with pytest.raises(PermitRefused):
        open_permit(envelope, public(KEY))


def test_a_nan_cannot_be_signed() -> None:
    for change in ({"value": float("nan")}, {"tolerance": float("inf")}, {"min": float("-inf")}):
        with pytest.raises(PermitRefused):
            sign_permit(replace(PERMIT, **change), KEY)


def test_two_people_are_two_names_with_two_keys() -> None:
    statement = reset_statement("H-3", "oven checked")
    one, two = KEY.sign(statement).hex(), OTHER.sign(statement).hex()
    people = {"amina": public(KEY), "jonas": public(OTHER), "double": public(KEY)}
    assert signers(statement, {"amina": one, "jonas": two}, people) == ("amina", "jonas")
    rows: list[tuple[object, tuple[str, ...]]] = [
        ({"amina": one}, ("amina",)),
        ({"amina": one, "double": one}, ("amina",)),
        ({"amina": one, "jonas": one}, ("amina",)),
        ({"amina": one, "stranger": two}, ("amina",)),
        ({"amina": two, "jonas": one}, ()),
        ({"amina": one[:-2], "jonas": None}, ()),
        ({}, ()),
        (None, ()),
        ([one, two], ()),
        ({f"n{i}": one for i in range(17)}, ()),
    ]
    for signatures, expected in rows:
        assert signers(statement, signatures, people) == expected, signatures
    assert signers(reset_statement("H-4", "oven checked"), {"amina": one, "jonas": two}, people) == ()
    assert signers(reset_statement("H-3", "oven"), {"amina": one, "jonas": two}, people) == ()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"1", b"{", b"\xff", b'{"a":NaN}', b'{"a":1,"a":2}', b"[" * 40_000, b'{"a":Infinity}']
)
def test_a_message_that_is_not_one_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(PermitRefused):
        read_message(body)


def test_frames_are_bounded_on_both_sides() -> None:
    with pytest.raises(PermitRefused, match="is the most"):
        frame({"x": "y" * FRAME_BYTES_MAX})
    with pytest.raises(PermitRefused, match="is the most"):
        frame_length(struct.pack(">I", FRAME_BYTES_MAX + 1))
    assert frame_length(struct.pack(">I", FRAME_BYTES_MAX)) == FRAME_BYTES_MAX


def test_text_fields_are_bounded_and_may_be_needed() -> None:
    assert text_of({}, "why") == ""
    assert text_of({"why": "x"}, "why", needed=True) == "x"
    for message in ({"why": 5}, {"why": "x" * 301}):
        with pytest.raises(PermitRefused):
            text_of(message, "why")
    with pytest.raises(PermitRefused, match="`why` is missing"):
        text_of({"why": " "}, "why", needed=True)
