"""Publishing, requesting, approving, revoking, evidence: what each needs, and every reason at once."""

from __future__ import annotations

from typing import Any

import pytest
from small_world import AMINA, EVIDENCE, JONAS, MARIA, T0, TWIN, USE, Shell, site

from andon.core.refusals import Refusal
from andon.core.time import SECOND, Nanos
from andon.operate import port
from andon.site.model import Tier

JONAS2 = port.Who("jonas2", ("supervisor",))
HOUR = 3600 * SECOND


def ready(until: Tier = Tier.CONTROL) -> Shell:
    """Everything but the approval."""
    shell = Shell()
    shell.commission(until=Tier.ANALYSE)
    shell.must(port.RequestTier(USE, until, "drilled"), JONAS)
    return shell


def test_the_whole_way_up() -> None:
    shell = ready()
    assert shell.authority().tier is Tier.ANALYSE
    shell.must(port.Approve(USE, Tier.CONTROL, "read it all"), AMINA)
    assert shell.authority().tier is Tier.CONTROL
    assert shell.kinds().count("gateway.bounds") == 1
    assert shell.tick() == ()


def test_nobody_approves_their_own_request_under_either_account() -> None:
    for who in (JONAS, JONAS2):
        assert "self-approval" in ready().refused(port.Approve(USE, Tier.CONTROL, "x"), who)


def test_an_approval_needs_a_request() -> None:
    shell = Shell()
    shell.commission(until=Tier.ANALYSE)
    assert shell.refused(port.Approve(USE, Tier.CONTROL, "x"), AMINA) == {"no-request"}


def test_two_approvers_at_once_make_one_approval() -> None:
    shell = ready()
    shell.must(port.Approve(USE, Tier.CONTROL, "x"), AMINA)
    assert "no-request" in shell.refused(port.Approve(USE, Tier.CONTROL, "x"), MARIA)
    assert shell.kinds().count("approval") == 1


def test_a_request_is_void_once_what_it_rests_on_changed() -> None:
    shell = ready()
    shell.site = site(digests={**site().digests, "layout": "sha256:moved"})
    assert {"baseline", "verified"} <= shell.refused(port.Approve(USE, Tier.CONTROL, "x"), AMINA)


def test_a_request_from_before_a_loss_is_spent() -> None:
    shell = ready()
    shell.must(port.Approve(USE, Tier.CONTROL, "x"), AMINA)
    shell.must(port.Revoke(USE, "noise"), MARIA)
    shell.tick()
    assert shell.kinds()[-1] == "authority.lost"
    assert shell.refused(port.Approve(USE, Tier.CONTROL, "x"), AMINA) == {"no-request"}
    shell.must(port.RequestTier(USE, Tier.CONTROL, "again"), JONAS)
    shell.must(port.Approve(USE, Tier.CONTROL, "again"), AMINA)
    assert shell.authority().tier is Tier.CONTROL


def test_an_approval_while_anything_else_is_missing_lists_all_of_it() -> None:
    shell = ready()
    shell.must(port.RecordEvidence(USE, "undo-drill", False, {}), TWIN)
    shell.must(port.Challenge("oven-1", "hazard"), port.Who())
    assert {"undo-drill", "challenges"} <= shell.refused(port.Approve(USE, Tier.CONTROL, "x"), AMINA)
    assert "undo-drill" not in shell.refused(port.Approve(USE, Tier.RECOMMEND, "x"), AMINA)


def test_a_request_for_control_can_be_granted_as_recommend() -> None:
    shell = ready()
    shell.must(port.Approve(USE, Tier.RECOMMEND, "not yet further"), AMINA)
    assert shell.authority().tier is Tier.RECOMMEND
    shell.must(port.Approve(USE, Tier.CONTROL, "now"), MARIA)
    assert shell.authority().tier is Tier.CONTROL


@pytest.mark.parametrize("days", [0, -1, 367, float("nan"), float("inf")])
def test_an_approval_has_an_end(days: float) -> None:
    assert "days" in ready().refused(port.Approve(USE, Tier.CONTROL, "x", days), AMINA)


def test_an_approval_runs_out_and_the_loss_is_on_record() -> None:
    shell = ready()
    shell.must(port.Approve(USE, Tier.CONTROL, "x", days=1 / 24), AMINA)
    shell.tick()
    shell.at = Nanos(T0 + HOUR - 1)
    assert shell.authority().tier is Tier.CONTROL
    shell.at = Nanos(T0 + HOUR)
    assert shell.authority().tier is Tier.ANALYSE
    lost = shell.tick()
    assert [r.payload["from"] for r in lost if r.kind == "authority.lost"] == ["control"]
    assert shell.tick() == ()


@pytest.mark.parametrize(
    ("request_", "codes"),
    [
        (port.PublishUse("nothing"), {"no-use"}),
        (port.RequestTier("nothing", Tier.CONTROL, " "), {"no-use", "reason"}),
        (port.RequestTier(USE, Tier.CONTROL, "  "), {"reason"}),
        (port.RequestTier(USE, Tier.ANALYSE, "x"), {"no-approval-needed"}),
        (port.RequestTier("throughput", Tier.RECOMMEND, "x"), {"ceiling"}),
        (port.Revoke(USE, "x"), {"no-approval"}),
        (port.Revoke(USE, ""), {"reason"}),
        (port.RecordEvidence(USE, "horoscope", True, {}), {"kind"}),
        (port.RecordEvidence("nothing", "horoscope", True, {}), {"no-use", "kind"}),
        (port.RecordEvidence(USE, "verification", True, {"x": float("nan")}), {"measured"}),
        (port.RecordEvidence(USE, "verification", True, {"x": 2**60}), {"measured"}),
        (port.RecordEvidence(USE, "verification", True, {"x": "y" * 70_000}), {"measured"}),
    ],
)
def test_refusals(request_: port.Request, codes: set[str]) -> None:
    assert Shell().refused(request_, JONAS) == codes


def test_publishing_twice_says_so_and_publishing_a_change_works() -> None:
    shell = Shell()
    shell.must(port.PublishUse(USE), JONAS)
    assert shell.refused(port.PublishUse(USE), MARIA) == {"published"}
    uses = tuple(u.model_copy(update={"question": "other"}) for u in site().uses)
    shell.site = site(uses=uses)
    shell.must(port.PublishUse(USE), MARIA)


@pytest.mark.parametrize("passed", [1, "yes", None])
def test_only_true_is_passed(passed: Any) -> None:
    shell = Shell()
    shell.must(port.RecordEvidence(USE, "verification", passed, {}), TWIN)
    assert shell.ledger.rows[-1].payload["passed"] is False


def test_validation_on_a_virtual_plant_says_so() -> None:
    shell = Shell()
    shell.must(port.RecordEvidence(USE, "validation", True, {}), TWIN)
    assert shell.ledger.rows[-1].payload["measured"]["against"] == "virtual"
    shell.must(port.RecordEvidence(USE, "validation", True, {"against": "physical"}), TWIN)
    assert shell.ledger.rows[-1].payload["measured"]["against"] == "physical"


def test_evidence_runs_out_by_the_use_it_is_for() -> None:
    shell = Shell()
    for kind in EVIDENCE:
        shell.must(port.RecordEvidence(USE, kind, True, {}), TWIN)
    assert {r.payload["until_ns"] for r in shell.ledger.rows} == {str(T0 + 30 * 24 * HOUR)}


def test_revoking_raises_the_epoch_before_it_is_said() -> None:
    shell = ready()
    shell.must(port.Approve(USE, Tier.CONTROL, "x"), AMINA)
    before = shell.device.epoch
    shell.must(port.Revoke(USE, "noise"), MARIA)
    assert shell.device.epoch > before


def test_a_full_ledger_refuses_and_does_nothing() -> None:
    shell = ready()
    shell.ledger.broken = True
    done = shell.submit(port.Approve(USE, Tier.CONTROL, "x"), AMINA)
    assert isinstance(done, Refusal)
    assert "no space left" in done.sentence()
    assert shell.authority().tier is Tier.ANALYSE
