"""The twin's what-if: from what is seen now, allowed by authority, bounded, and repeatable to the bit."""

from __future__ import annotations

import json
import shlex
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from andon.adapters.clock import SiteClock, SiteTime
from andon.adapters.site_folder import load
from andon.adapters.starts import STARTS_MAX, keep_start
from andon.app import whatif
from andon.app.whatif import WhatIf
from andon.authority.facts import Authority, RequirementResult
from andon.cli.simulate import command
from andon.core.refusals import Refusal
from andon.core.time import SECOND
from andon.models.simulate.asked import asked
from andon.models.simulate.run import compile_site, replicate
from andon.operate.port import Simulate, Who
from andon.site.model import Site, Tier

VALVES = Path(__file__).parents[2] / "examples" / "valve-works"
NOW = 1_795_356_000 * SECOND
SEEN = {
    "oven-1.state": "running", "oven-1.job": "ball-valve", "oven-1.elapsed": 300.0, "oven-1.setpoint_active": 172.0,
    "oven-2.state": "idle", "lathe-1.state": "running", "lathe-1.job": "gate-valve", "lathe-1.elapsed": 60.0,
    "curing-buffer.level": 9, "assembly-buffer.level": 2, "setters.present": 1,
}  # fmt: skip


@dataclass
class Floor:
    """Signals as a test wants them."""

    values: dict[str, Any]

    def views(self) -> Sequence[Any]:
        return [SimpleNamespace(signal=k, value=v, fresh=True) for k, v in self.values.items()]


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """The kernel is in its cache, as the outlook leaves it."""
    site = load(VALVES)
    assert isinstance(site, Site)
    replicate(compile_site(site, None, 60.0, asked(site, {})), 1, 1)


def _authority(tier: Tier) -> Any:
    def authority(use: str) -> Authority:
        rows = (
            RequirementResult("validated", Tier.ANALYSE, "validated", False, "nobody has compared", next_step="fit"),
        )
        return Authority(use, tier, Tier.ANALYSE, NOW, "sha256:0", rows if tier is Tier.VISUALISE else ())

    return authority


def _twin(folder: Path, tier: Tier = Tier.ANALYSE, seen: dict[str, Any] | None = None) -> WhatIf:
    shutil.copytree(VALVES, folder, dirs_exist_ok=True)
    site = load(folder)
    assert isinstance(site, Site)
    clock = SiteClock(SiteTime(NOW, NOW, 1.0))
    return WhatIf(site, folder, Floor(SEEN if seen is None else seen), clock, _authority(tier))


def test_the_answer_can_be_repeated_by_its_command(tmp_path: Path) -> None:
    changes = {"curing.machines": 3.0, "setters.early": 2.0}
    answer = _twin(tmp_path).ask(Simulate(changes, 40, bottleneck=True), Who("jonas"))
    assert not isinstance(answer, Refusal)
    assert answer["alternatives"][0]["set"] == {"curing.machines": 3.0, "setters.early": 2.0}
    assert answer["mark"] == "fragile"
    assert answer["not_represented"]
    assert any("taken from the shift plan" in text for text in answer["sampled"])
    kept = json.loads(next((tmp_path / ".andon" / "starts").iterdir()).read_text(encoding="utf-8"))
    assert kept["present"] == {}, "who is there is personal, so it is neither used for planning nor kept"
    app = typer.Typer()
    app.command("simulate")(command())
    app.command("other")(command())
    done = CliRunner().invoke(app, [*shlex.split(answer["reproduce"])[1:], "--json"])
    again = json.loads(done.stdout)
    assert again["figures"] == answer["figures"]
    assert again["bottleneck_by_sensitivity"] == answer["bottleneck_by_sensitivity"]
    assert again["alternatives"][0]["differences"] == answer["alternatives"][0]["differences"]


def test_settings_show_what_is_in_force(tmp_path: Path) -> None:
    rows = {row["name"]: row for row in _twin(tmp_path).settable()}
    assert rows["oven-1.setpoint"]["now"] == 172.0
    assert rows["oven-2.setpoint"]["now"] == 180.0
    low, high = rows["oven-1.setpoint"]["near"]
    assert low < 172.0 < high
    assert rows["turning.machines"]["near"] == (1, 6)
    assert rows["release.sequence"]["near"] is None


def test_without_authority_to_analyse_every_reason_is_given(tmp_path: Path) -> None:
    refusal = _twin(tmp_path, Tier.VISUALISE).ask(Simulate({"curing.machines": 3.0}), Who())
    assert isinstance(refusal, Refusal)
    assert "nobody has compared" in refusal.sentence()


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (Simulate({}), "changes"),
        (Simulate(dict.fromkeys(("a", "b", "c", "d"), 1.0)), "changes"),
        (Simulate({"curing.machines": 3.0}, 10**6), "replications"),
        (Simulate({"curing.machines": 3.0}, 10, -1), "seed"),
        (Simulate({"curing.machine": 3.0}), "cannot-run"),
        (Simulate({"curing-buffer.capacity": 3.0}), "cannot-run"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, question: Simulate, code: str) -> None:
    refusal = _twin(tmp_path).ask(question, Who())
    assert isinstance(refusal, Refusal)
    assert refusal.reasons[0].code == code


def test_without_a_current_state_there_is_no_now(tmp_path: Path) -> None:
    refusal = _twin(tmp_path, seen={"curing-buffer.level": 3}).ask(Simulate({"curing.machines": 3.0}), Who())
    assert isinstance(refusal, Refusal)
    assert refusal.reasons[0].code == "no-state"


def test_one_question_a_person_at_a_time_and_the_slot_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = _twin(tmp_path)
    inside, leave = threading.Event(), threading.Event()

    def slow(_question: Simulate) -> dict[str, Any]:
        inside.set()
        assert leave.wait(30)
        return {}

    monkeypatch.setattr(twin, "_answer", slow)
    first = threading.Thread(target=twin.ask, args=(Simulate({"curing.machines": 3.0}), Who("jonas")))
    first.start()
    assert inside.wait(30)
    same = twin.ask(Simulate({"curing.machines": 3.0}), Who("jonas"))
    assert isinstance(same, Refusal)
    assert "your last question" in same.sentence()
    monkeypatch.setattr(whatif, "AT_ONCE_MAX", 1)
    other = twin.ask(Simulate({"curing.machines": 3.0}), Who("maria"))
    assert isinstance(other, Refusal)
    assert "questions are being answered" in other.sentence()
    leave.set()
    first.join()
    assert twin.ask(Simulate({"curing.machines": 3.0}), Who("jonas")) == {}


def test_time_over_gives_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whatif, "SECONDS_MAX", 0.0)
    answer = _twin(tmp_path).ask(Simulate({"curing.machines": 3.0}, 1000), Who())
    assert not isinstance(answer, Refusal)
    assert answer["interrupted"]
    assert 1 <= answer["replications"] < 1000
    assert f"--replications {answer['replications']} " in answer["reproduce"]


def test_starts_are_kept_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert STARTS_MAX > 1
    monkeypatch.setattr("andon.adapters.starts.STARTS_MAX", 3)
    for i in range(5):
        path = keep_start(tmp_path, f"sha256:{i}{0:063x}", {"at": i})
        assert json.loads(path.read_text(encoding="utf-8")) == {"at": i}
    assert len(list(path.parent.iterdir())) == 3
