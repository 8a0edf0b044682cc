"""The specification of the permit says what the code does: bytes, codes of refusal, phases."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.core.canonical import canonical
from andon.gateway.state import Phase
from andon.protocols.permit import PERMIT_DOMAIN, Permit, frame, reset_statement, sign_permit

ROOT = Path(__file__).parents[2]
SPEC = (ROOT / "docs" / "spec" / "permit.md").read_text()
REFERENCE = (ROOT / "docs" / "reference" / "gateway.md").read_text()
GATEWAY = ROOT / "src" / "andon" / "gateway"


def test_the_example_is_what_the_code_makes() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    permit = Permit(
        command="C-7f3a9c1e04b2d815",
        epoch=12,
        baseline="sha256:" + "0" * 64,
        signal="oven-1.setpoint",
        value=182.5,
        unit="Cel",
        expected=180.0,
        tolerance=0.5,
        min=160.0,
        max=200.0,
        deadline=2_731_687_873_766,
    )
    envelope = sign_permit(permit, key)
    for shown in (
        key.public_key().public_bytes_raw().hex(),
        (PERMIT_DOMAIN + canonical(permit.document())).decode(),
        envelope["signature"],
        frame({"do": "permit", "permit": envelope})[:4].hex(),
        reset_statement(["H-9", "H-12"], "oven checked, nobody inside").decode(),
    ):
        assert shown in SPEC


def test_every_refusal_and_every_phase_stands_in_the_reference() -> None:
    text = (GATEWAY / "checks.py").read_text() + (GATEWAY / "decide.py").read_text()
    codes = set(re.findall(r'(?:_no|Reason)\(\s*f?"([a-z{}-]+)"', text))
    codes = {each.replace("{whose}", who) for each in codes for who in ("gateway", "permit")}
    apart = {"lost", "refused", "fault"}  # faults of the gateway itself
    requests = {"no-such-halt", "no-reason", "two-people", "not-indeterminate", "unknown"}
    listed = set(re.findall(r"`([a-z-]+)`", REFERENCE))
    assert codes - apart - requests <= listed
    assert {phase.value for phase in Phase} - {"checking", "beginning", "writing"} <= listed
