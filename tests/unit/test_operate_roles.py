"""Who may do what: every request against every role, and sessions that claim more than people.yaml gives."""

from __future__ import annotations

import typing

import pytest
from small_world import AMINA, ERIK, JONAS, KIOSK, LENA, MARIA, TOM, TWIN, USE, WRITE, Shell

from andon.core.refusals import Refusal
from andon.operate import port
from andon.operate.handle import HANDLERS
from andon.operate.roles import MAY
from andon.site.model import Tier

REQUESTS: tuple[tuple[port.Request, set[port.Who]], ...] = (
    (port.PublishUse(USE), {JONAS, MARIA}),
    (port.RequestTier(USE, Tier.CONTROL, "x"), {JONAS, MARIA}),
    (port.Approve(USE, Tier.CONTROL, "x"), {JONAS, MARIA, AMINA}),
    (port.Revoke(USE, "x"), {JONAS, MARIA, AMINA, LENA}),
    (port.Propose(USE, WRITE, 185.0, "x"), {JONAS, MARIA, TOM}),
    (port.Recommend(USE, WRITE, 185.0, {}), {TWIN}),
    (port.Decide("R-1", False, "x"), {JONAS, MARIA}),
    (port.Undo("C-1", "x"), {JONAS, MARIA}),
    (port.Resolve("C-1", True, "x"), {JONAS, MARIA, AMINA}),
    (port.Challenge("oven-1", "hazard"), {JONAS, MARIA, AMINA, TOM, LENA, ERIK, KIOSK, TWIN}),
    (port.AnswerChallenge("CH-1", "mended", "x"), {JONAS, MARIA, AMINA}),
    (port.Halt(), {JONAS, MARIA, AMINA, TOM, LENA, ERIK, KIOSK, TWIN}),
    (port.Reset("x"), {JONAS, MARIA, AMINA}),
    (port.RecordEvidence(USE, "verification", True, {}), {JONAS, MARIA, AMINA, TWIN}),
    (port.RecordEvidence(USE, "agreement", True, {}), {LENA}),
)
EVERYBODY = (MARIA, JONAS, AMINA, TOM, LENA, ERIK, TWIN, KIOSK)
NO_ROLE = {"role", "sign-in"}


def test_every_request_has_a_row_and_a_handler() -> None:
    every = set(typing.get_args(port.Request))
    assert set(MAY) == every
    assert set(HANDLERS) == every
    assert {type(r) for r, _ in REQUESTS} == every


@pytest.mark.parametrize(("request_", "may"), REQUESTS)
@pytest.mark.parametrize("who", EVERYBODY, ids=lambda w: w.person or "kiosk")
def test_who_may(request_: port.Request, may: set[port.Who], who: port.Who) -> None:
    done = Shell().submit(request_, who)
    refused = isinstance(done, Refusal) and bool({r.code for r in done.reasons} & NO_ROLE)
    assert refused is (who not in may)


@pytest.mark.parametrize(
    "who",
    [
        port.Who("tom", ("worker", "supervisor")),
        port.Who("stranger", ("supervisor",)),
        port.Who("", ("supervisor",)),
        port.Who("jonas", ("twin",)),
        port.Who("twin", ("engineer",)),
        port.Who("twin", ()),
        port.Who("maria", ()),
    ],
)
def test_a_session_that_claims_a_role_does_not_hold_it(who: port.Who) -> None:
    assert Shell().refused(port.PublishUse(USE), who) & NO_ROLE
    assert Shell().refused(port.Recommend(USE, WRITE, 185.0, {}), who) & NO_ROLE


def test_something_that_is_no_request_is_refused() -> None:
    assert Shell().refused(typing.cast(port.Request, object()), MARIA) == {"unknown-request"}


def test_a_refusal_says_who_can() -> None:
    done = Shell().submit(port.Approve(USE, Tier.CONTROL, "x"), TOM)
    assert isinstance(done, Refusal)
    assert done.reasons[0].owner == "engineer, safety, supervisor"
    assert done.reasons[0].next_step
