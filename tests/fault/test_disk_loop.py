"""The disk refuses: acts are refused in one sentence, nothing is done unrecorded, and halt works all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_kit import CHILDREN, REFUSED, System, eventually, full_disk, running

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is set from outside, as Linux allows"),
]
OVEN, SIGNAL = "oven-set-point", "oven-1.setpoint"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(System.make(tmp_path_factory.mktemp("disk") / "valve-works", speed=1.0)) as made:
        made.publish_and_sign([OVEN])
        yield made


def sentence(text: str) -> bool:
    """One line, no traceback, and it says what to do."""
    return len(text.strip().splitlines()) == 1 and "Traceback" not in text and ";" in text


def test_with_the_ledger_full_every_act_is_refused_in_one_sentence_and_halt_works(system: System) -> None:
    before = system.records()
    with full_disk(system.pid("twin")):
        proposed = system.propose("maria", OVEN, SIGNAL, 182.0)
        assert (proposed.status, proposed.codes) == (REFUSED, {"ledger"}), proposed
        typed = system.andon("set", OVEN, SIGNAL, "182", "--as", "maria", "--reason", "a trial")
        assert typed.returncode == 1, typed
        assert sentence(typed.stderr), typed.stderr
        assert "nothing was done" in typed.stderr
        challenged = system.post("/api/challenge", {"element": "oven-1", "reason": "hazard", "words": "smoke"})
        assert (challenged.status, challenged.codes) == (REFUSED, {"ledger"}), challenged
        assert system.get("/api/state")["gateway"]["halted"] == []
        halted = system.post("/api/halt", {"reason": "with a full disk"})
        eventually(lambda: system.get("/api/state")["gateway"]["halted"] == ["site"], "the gateway has latched")
        assert halted.ok, "whoever halts hears that it holds, record or not"
        assert halted.detail["latched"]
        assert "not on record yet" in halted.body["message"]
    eventually(lambda: system.records("halt"), "the halt is on record once the disk takes it")
    after = system.records()
    assert after[: len(before)] == before
    assert not [r for r in after[len(before) :] if r["kind"] in {"proposal", "challenge"}], (
        "what was refused is not there"
    )
    for person in ("maria", "amina"):
        assert system.reset(person).ok
    eventually(lambda: not system.get("/api/state")["gateway"]["halted"], "two people ended it")
    assert system.propose("maria", OVEN, SIGNAL, 182.0).ok, "and everything goes on"


def test_with_the_gateways_disk_full_a_halt_is_kept_by_whoever_pulls_it(system: System) -> None:
    gateway = system.pid("gateway")
    with full_disk(gateway, 0):
        halted = system.andon("halt", "--reason", "the gateway has no disk", "--json")
        assert halted.returncode == 0, halted.stderr
        assert json.loads(halted.stdout)["how"] == "latch file"
        eventually(lambda: not system.get("/api/state")["gateway"]["reachable"], "it says that it is broken")
        system.kill("gateway")
    eventually(lambda: system.pid("gateway") != gateway and system.in_step(), "the gateway is back")
    assert system.get("/api/state")["gateway"]["halted"] == ["site"], "it is on disk, and was read again"
    eventually(lambda: system.get("/api/halts"), "and the twin has it on record")
    for person in ("maria", "amina"):
        system.reset(person)
    eventually(lambda: not system.get("/api/state")["gateway"]["halted"], "two people ended it")


def test_a_ledger_that_cannot_be_opened_is_one_sentence_and_halt_latches_all_the_same(tmp_path: Path) -> None:
    system = System.make(tmp_path / "valve-works")
    (system.folder / ".andon" / "ledger.db").mkdir(parents=True)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "andon", "run", str(system.folder), "--port", str(system.port)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr, ended.stderr
        assert "ledger" in ended.stderr, ended.stderr
        assert not any((system.run_folder / f"{name}.pid").exists() for name in CHILDREN)
        halted = system.andon("halt", "--reason", "nothing runs", "--json")
        assert halted.returncode == 0, halted.stderr
        assert json.loads(halted.stdout)["how"] == "latch file"
        assert '"do":"halt"' in (system.folder / ".andon" / "gateway" / "latch").read_text("utf-8")
    finally:
        system.end()
    assert system.left() == []
