"""The twin's simulator: asked by authority, on record first, bounded, sharpened as it goes, repeatable to the bit."""

from __future__ import annotations

import io
import json
import shlex
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from pyarrow import parquet
from typer.testing import CliRunner

from andon.adapters.clock import SiteClock, SiteTime
from andon.adapters.site_folder import load
from andon.adapters.starts import STARTS_MAX, keep_start
from andon.app import asks as app_asks
from andon.app.asks import Asks
from andon.authority.facts import Authority, RequirementResult
from andon.cli.sensitivity import command as sensitivity
from andon.cli.simulate import command as simulate
from andon.core.ids import CountingIds
from andon.core.refusals import Refusal, refuse
from andon.core.time import SECOND
from andon.ledger.record import NewRecord
from andon.models.simulate.asked import asked
from andon.models.simulate.run import compile_site, replicate
from andon.operate.port import Done, Who
from andon.operate.simulation import Asked, Simulate, kept_record
from andon.site.model import Site, Tier

EXAMPLES = Path(__file__).parents[2] / "examples"
VALVES = EXAMPLES / "valve-works"
NOW = 1_795_356_000 * SECOND
PATIENCE_S = 120.0
SEEN = {
    "oven-1.state": "running", "oven-1.job": "ball-valve", "oven-1.elapsed": 300.0, "oven-1.setpoint_active": 172.0,
    "oven-2.state": "idle", "lathe-1.state": "running", "lathe-1.job": "gate-valve", "lathe-1.elapsed": 60.0,
    "curing-buffer.level": 9, "assembly-buffer.level": 2, "setters.present": 1,
}  # fmt: skip
MORE = {"curing.machines": 3.0}


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


class Twin(Asks):
    """The simulator over a site folder, with the records that it made."""

    def __init__(
        self, folder: Path, tier: Tier = Tier.ANALYSE, seen: dict[str, Any] | None = None, site: Path = VALVES
    ) -> None:
        shutil.copytree(site, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".andon"))
        read = load(folder)
        assert isinstance(read, Site)
        self.records: list[NewRecord] = []
        clock = SiteClock(SiteTime(NOW, NOW, 1.0))
        super().__init__(
            read, folder, Floor(SEEN if seen is None else seen), clock, _authority(tier), self.take, CountingIds()
        )

    def take(self, record: NewRecord) -> Done | Refusal:
        self.records.append(record)
        return Done((), "")

    def until(self, name: str, enough: Callable[[Asked], bool]) -> Asked:
        end = time.monotonic() + PATIENCE_S
        while True:
            found = self.asked(name)
            assert found is not None
            if enough(found):
                return found
            assert time.monotonic() < end, found
            time.sleep(0.01)

    def whole(self, question: Simulate, who: Who | None = None) -> Asked:
        begun = self.ask(question, who or Who("jonas"))
        assert isinstance(begun, Asked), begun
        return self.until(begun.id, lambda a: a.over)


@contextmanager
def held(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Every answer of the twin waits: events that one is being worked out, and that all may end."""
    inside, leave = threading.Event(), threading.Event()

    def slow(_self: Any, _tell: Any, stop: Callable[[], bool], _show: Any) -> dict[str, Any]:
        inside.set()
        while not stop() and not leave.is_set():
            time.sleep(0.01)
        return {}

    monkeypatch.setattr(app_asks.Work, "answer", slow)
    yield inside, leave
    leave.set()
    twin.stop()


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Twin]:
    made = Twin(tmp_path)
    yield made
    made.stop()


def typed(command: str) -> Any:
    """What the command line answers to a command."""
    app = typer.Typer()
    app.command("simulate")(simulate())
    app.command("sensitivity")(sensitivity())
    return json.loads(CliRunner().invoke(app, [*shlex.split(command)[1:], "--json"]).stdout)


def test_the_answer_can_be_repeated_by_its_command(twin: Twin, tmp_path: Path) -> None:
    changes = {"curing.machines": 3.0, "setters.early": 2.0}
    found = twin.whole(Simulate(against=(changes,), replications=40, bottleneck=True))
    answer = found.answer
    assert answer is not None
    assert (found.state, found.done) == ("done", 40)
    assert answer["alternatives"][0]["set"] == changes
    assert answer["mark"] == "fragile"
    assert answer["not_represented"]
    assert any("taken from the shift plan" in text for text in answer["sampled"])
    kept = json.loads(next((tmp_path / ".andon" / "starts").iterdir()).read_text(encoding="utf-8"))
    assert kept["present"] == {}, "who is there is personal, so it is neither used for planning nor kept"
    again = typed(answer["reproduce"])
    assert again["figures"] == answer["figures"]
    assert again["bottleneck_by_sensitivity"] == answer["bottleneck_by_sensitivity"]
    assert again["alternatives"][0]["differences"] == answer["alternatives"][0]["differences"]


QUESTIONS = {
    "outlook": Simulate(replications=30),
    "empty": Simulate(start="empty", hours=2.0, replications=30, changes={"turning.machines": 4.0}),
    "trouble": Simulate(against=({"missing-worker:assemblers@30min+1h": 1.0},), replications=20),
    "until": Simulate(of="throughput", until="5%", replications_max=200),
    "decided": Simulate(against=({"curing.speed": 1.3},), decided=True, replications_max=100),
    "select": Simulate(against=(MORE, {"setters.size": 2.0}), of="completed", select=True, indifference=2.0, hours=3.0),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_kind_of_question_is_answered_and_repeated(twin: Twin, name: str) -> None:
    found = twin.whole(QUESTIONS[name])
    assert found.state == "done", found.refusal
    assert found.answer is not None
    again = typed(found.answer["reproduce"])
    for part in ("figures", "chosen", "stopped", "stations", "orders"):
        assert again[part] == found.answer[part], part
    for mine, theirs in zip(found.answer["alternatives"], again["alternatives"], strict=True):
        assert mine["differences"] == theirs["differences"]
        assert mine["stations"] == theirs["stations"]


@pytest.mark.parametrize("method", ["one-way", "morris"])
def test_what_a_figure_leans_on(twin: Twin, method: Any) -> None:
    found = twin.whole(Simulate(leans_on=method, of="lead time", replications=4, trajectories=2, hours=2.0))
    assert found.answer is not None
    assert found.answer["method"] == method
    assert (found.done, found.wanted) == (found.answer["runs"], found.answer["runs"])
    assert typed(found.answer["reproduce"])["assumptions"] == found.answer["assumptions"]


def test_an_answer_is_there_at_once_and_sharpens(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_asks, "SHOW_EVERY_S", 0.0)
    seen: list[int] = []
    keep = twin._set

    def noted(run: Any, **news: Any) -> None:
        if news.get("answer"):
            seen.append(news["answer"]["replications"])
        keep(run, **news)

    monkeypatch.setattr(twin, "_set", noted)
    twin.whole(Simulate(against=(MORE,), replications=200))
    assert seen == [5, 25, 100, 200]


@pytest.mark.parametrize(
    "name", ["curing.machines", "curing.speed", "demand.ball-valve", "missing-worker:setters@0h+1h"]
)
def test_only_what_was_compared_with_the_floor_is_accurate(twin: Twin, name: str) -> None:
    changed = twin.whole(Simulate(against=({name: 3.0},), replications=5, hours=1.0)).answer
    within = twin.whole(Simulate(against=({"oven-1.setpoint": 180.0},), replications=5, hours=1.0)).answer
    assert changed is not None
    assert within is not None
    assert within["mark"] == "accurate"
    assert changed["mark"] == "fragile"
    assert f"no floor that has `{name}`" in changed["why"][0]


def test_settings_show_what_is_in_force(twin: Twin) -> None:
    rows = {row["name"]: row for row in twin.settable()}
    assert rows["oven-1.setpoint"]["now"] == 172.0
    assert rows["oven-2.setpoint"]["now"] == 180.0
    low, high = rows["oven-1.setpoint"]["near"]
    assert low < 172.0 < high
    assert rows["turning.machines"]["near"] == (1, 6)
    assert rows["release.sequence"]["near"] is None
    kinds = {t["kind"]: t["names"] for t in twin.troubles()}
    assert "assemblers" in kinds["missing-worker"]
    assert "blocked-aisle" not in kinds, "nothing says where the aisles are"
    assert kinds["network-outage"] == []


def test_without_authority_to_analyse_every_reason_is_given(tmp_path: Path) -> None:
    twin = Twin(tmp_path, Tier.VISUALISE)
    refusal = twin.ask(Simulate(against=(MORE,)), Who())
    assert isinstance(refusal, Refusal)
    assert "nobody has compared" in refusal.sentence()
    assert twin.records == []


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (Simulate(dict.fromkeys("abcdefghi", 1.0)), "changes"),
        (Simulate(against=(MORE,) * 6), "alternatives"),
        (Simulate(replications=10**6), "replications"),
        (Simulate(replications=0), "replications"),
        (Simulate(seed=-1), "seed"),
        (Simulate(hours=1000.0), "hours"),
        (Simulate(confidence=1.0, decided=True, against=(MORE,)), "confidence"),
        (Simulate(decided=True), "nothing"),
        (Simulate(select=True, against=(MORE,)), "indifference"),
        (Simulate(leans_on="morris", against=(MORE,)), "leans-on"),
        (Simulate(leans_on="morris", trajectories=10**6), "trajectories"),
        (Simulate(until="1%", replications_max=10**9), "bound"),
        (Simulate(until="well"), "cannot-run"),
        (Simulate(against=({"curing.machine": 3.0},)), "cannot-run"),
        (Simulate({"missing-worker:nobody@1h+1h": 1.0}), "cannot-run"),
        (Simulate({"blocked-aisle:a@1h+1h": 1.0}), "cannot-run"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_leaves_no_record(twin: Twin, question: Simulate, code: str) -> None:
    refusal = twin.ask(question, Who())
    assert isinstance(refusal, Refusal)
    assert refusal.reasons[0].code == code
    assert twin.records == []


def test_what_turns_out_not_to_run_says_why(twin: Twin) -> None:
    found = twin.whole(Simulate({"curing-buffer.capacity": 3.0}))
    assert found.state == "refused"
    assert found.refusal is not None
    assert "`curing-buffer`" in found.refusal.sentence()
    unknown = twin.whole(Simulate(leans_on="one-way", of="happiness", replications=2, hours=1.0))
    assert unknown.refusal is not None
    assert "`happiness` is no figure" in unknown.refusal.sentence()


def test_without_a_current_state_there_is_no_now_but_an_empty_floor(tmp_path: Path) -> None:
    twin = Twin(tmp_path, seen={"curing-buffer.level": 3})
    refusal = twin.ask(Simulate(), Who())
    assert isinstance(refusal, Refusal)
    assert refusal.reasons[0].code == "no-state"
    assert twin.whole(Simulate(start="empty", replications=5, hours=1.0)).state == "done"
    twin.stop()


def test_a_floor_that_nothing_is_connected_to_can_be_played_with(tmp_path: Path) -> None:
    twin = Twin(tmp_path, Tier.NONE, seen={}, site=EXAMPLES / "coffee-bar")
    refusal = twin.ask(Simulate(), Who())
    assert isinstance(refusal, Refusal)
    assert refusal.reasons[0].code == "not-connected"
    found = twin.whole(Simulate(start="empty", replications=5), Who())
    assert found.answer is not None
    assert found.answer["mark"] == "fragile"
    twin.stop()


def test_that_somebody_looks_is_recorded_first_and_once_a_minute_of_sliding(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for machines in (3.0, 4.0, 5.0):
        assert isinstance(twin.ask(Simulate(against=({"curing.machines": machines},)), Who("jonas"), "tab-1"), Asked)
    assert [(r.kind, r.actor, r.payload["against"]) for r in twin.records] == [
        ("simulation.asked", "jonas", [{"curing.machines": 3.0}])
    ]
    twin.ask(Simulate(leans_on="one-way", replications=2, hours=1.0), Who("jonas"), "tab-1")
    twin.ask(Simulate(replications=5), Who("jonas"), "tab-2")
    twin.ask(Simulate(replications=5), Who("maria"), "tab-1")
    assert [r.actor for r in twin.records] == ["jonas", "jonas", "jonas", "maria"]
    assert twin.records[0].payload["baseline"].startswith("sha256:")
    assert twin.records[0].payload["live_state"].startswith("sha256:")
    monkeypatch.setattr(twin, "_note", lambda _record: refuse("not-recorded", "the disk is full", "make room"))
    refusal = twin.ask(Simulate(replications=5), Who("amina"))
    assert isinstance(refusal, Refusal)
    assert refusal.reasons[0].code == "not-recorded"


def test_one_question_at_a_time_and_an_open_page_replaces_its_own(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(twin, monkeypatch) as (inside, leave):
        first = twin.ask(Simulate(), Who("jonas"))
        assert isinstance(first, Asked)
        assert inside.wait(PATIENCE_S)
        same = twin.ask(Simulate(), Who("jonas"))
        assert isinstance(same, Refusal)
        assert "your last question" in same.sentence()
        slid = [twin.ask(Simulate(), Who("maria"), "tab") for _ in range(3)]
        assert all(isinstance(s, Asked) for s in slid)
        assert [a.state for s in slid[:2] if isinstance(s, Asked) and (a := twin.asked(s.id))] == ["stopped", "stopped"]
        leave.set()
        last = slid[2]
        assert isinstance(last, Asked)
        assert twin.until(last.id, lambda a: a.over).state == "done"


def test_a_long_question_never_holds_up_a_quick_one_and_can_be_cancelled(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = app_asks.Work.answer
    with held(twin, monkeypatch) as (inside, _leave):
        long = twin.ask(Simulate(leans_on="morris"), Who("jonas"))
        assert isinstance(long, Asked)
        assert inside.wait(PATIENCE_S)
        monkeypatch.setattr(app_asks.Work, "answer", quick)
        assert twin.whole(Simulate(replications=5), Who("maria")).state == "done"
        waiting = twin.ask(Simulate(leans_on="morris"), Who("maria"))
        assert isinstance(waiting, Asked)
        assert twin.cancel(waiting.id) == twin.asked(waiting.id)
        twin.cancel(long.id)
        assert twin.until(long.id, lambda a: a.over).state == "stopped"
        assert twin.cancel("S-99") is None


def test_too_many_that_wait_are_refused(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(twin, monkeypatch) as (inside, _leave):
        twin.ask(Simulate(), Who("jonas"))
        assert inside.wait(PATIENCE_S)
        for i in range(app_asks.WAITING_MAX):
            assert isinstance(twin.ask(Simulate(), Who(f"p-{i}")), Asked)
        refusal = twin.ask(Simulate(), Who("late"))
        assert isinstance(refusal, Refusal)
        assert refusal.reasons[0].code == "busy"


def test_time_over_gives_what_is_done(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_asks, "QUICK_S", 0.0)
    answer = twin.whole(Simulate(against=(MORE,), replications=1000)).answer
    assert answer is not None
    assert answer["interrupted"]
    assert 1 <= answer["replications"] < 1000
    assert f"--replications {answer['replications']} " in answer["reproduce"]


def test_one_future_can_be_looked_at_and_taken_home(twin: Twin) -> None:
    found = twin.whole(Simulate(against=(MORE,), replications=20))
    base, other = twin.future(found.id), twin.future(found.id, 1, 7)
    assert not isinstance(base, Refusal)
    assert not isinstance(other, Refusal)
    assert base["replication"] == base["typical"]
    assert (other["replication"], len(other["machines"])) == (7, len(base["machines"]) + 1)
    for row in base["machines"]:
        assert row["bars"][0][0] == 0.0
        assert row["bars"][-1][1] == pytest.approx(base["horizon_s"], abs=0.01)
        assert all(a[1] == b[0] for a, b in zip(row["bars"], row["bars"][1:], strict=False))
    assert {b["id"] for b in base["buffers"]} >= {"curing-buffer"}
    log = twin.events(found.id, 1, 7)
    assert isinstance(log, bytes)
    table = parquet.read_table(io.BytesIO(log))
    assert table.num_rows > 100
    assert found.answer is not None
    assert table.schema.metadata[b"andon.command"].decode() == found.answer["reproduce"]
    for floor, number, code in ((5, None, "floor"), (0, 20, "replication"), (0, -1, "replication")):
        refusal = twin.future(found.id, floor, number)
        assert isinstance(refusal, Refusal)
        assert refusal.reasons[0].code == code
    gone = twin.events("S-99")
    assert isinstance(gone, Refusal)


def test_an_answer_on_record_says_what_it_rests_on_and_its_start_stays(twin: Twin, tmp_path: Path) -> None:
    found = twin.whole(Simulate(against=(MORE,), replications=20))
    kept = twin.keep(found.id)
    assert isinstance(kept, Asked)
    record = kept_record(kept, "promised to the customer", Who("jonas"))
    shutil.rmtree(tmp_path / ".andon" / "starts")
    again = typed(record.payload["reproduce"])
    assert again["figures"][: len(record.payload["figures"])] == record.payload["figures"]
    assert record.payload["baseline"] == again["baseline"]
    assert record.payload["alternatives"][0]["set"] == MORE
    assert (record.actor, record.payload["reason"]) == ("jonas", "promised to the customer")
    assert isinstance(twin.keep(found.id), Asked), "twice is once"


def test_starts_are_kept_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert STARTS_MAX > 1
    monkeypatch.setattr("andon.adapters.starts.STARTS_MAX", 3)
    for i in range(5):
        path = keep_start(tmp_path, f"sha256:{i}{0:063x}", {"at": i})
        assert json.loads(path.read_text(encoding="utf-8")) == {"at": i}
    assert len(list(path.parent.iterdir())) == 3
