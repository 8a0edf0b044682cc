"""A writer is killed at any moment: all that it acknowledged is there and verifies, and nothing is half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from andon.adapters.keys import load_or_create_key
from andon.adapters.ledger_store import SqliteLedger
from andon.core.time import Nanos
from andon.ledger.record import AlreadyRecorded, NewRecord

WRITER = """
import sys
from pathlib import Path
from andon.adapters.keys import load_key
from andon.adapters.ledger_store import SqliteLedger
from andon.ledger.record import NewRecord

with SqliteLedger(Path(sys.argv[1]), load_key(Path(sys.argv[2]))) as ledger:
    number = len(ledger.records())
    while True:
        batch = [NewRecord("note", "m", {"number": number + i}, f"c-{number + i}") for i in range(1 + number % 3)]
        made = ledger.append(batch, number)
        number += len(made)
        sys.stdout.write(f"{made[-1].index}\\n")
        sys.stdout.flush()
"""


def killed_after(path: Path, key: Path, acknowledgements: int) -> int:
    """The last index that a writer acknowledged before it was killed."""
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(key)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    last = -1
    try:
        for _ in range(acknowledgements):
            last = int(child.stdout.readline())
    finally:
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read()
        child.stdout.close()
        child.wait()
    # A line that was cut off by the kill was not an acknowledgement.
    whole = rest[: rest.rfind("\n") + 1].split()
    return int(whole[-1]) if whole else last


def check(path: Path, key_path: Path, acknowledged: int) -> int:
    with SqliteLedger(path, load_or_create_key(key_path, "andon/crash")) as ledger:
        numbers = [record.payload["number"] for record in ledger.records()]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > acknowledged
        assert ledger.verify().ok
        with pytest.raises(AlreadyRecorded):
            ledger.append([NewRecord("note", "m", {}, "c-0")], Nanos(0))
        return len(numbers)


def test_everything_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path, key = tmp_path / "ledger.db", tmp_path / "ledger.key"
    load_or_create_key(key, "andon/crash")
    for acknowledgements in (1, 7, 20):
        check(path, key, killed_after(path, key, acknowledgements))


@pytest.mark.proof
def test_a_thousand_kills(tmp_path: Path) -> None:
    path, key = tmp_path / "ledger.db", tmp_path / "ledger.key"
    load_or_create_key(key, "andon/crash")
    for kill in range(1000):
        check(path, key, killed_after(path, key, 1 + kill % 11))


def test_a_file_size_limit_is_a_refusal_and_the_ledger_stays_whole(tmp_path: Path) -> None:
    path, key = tmp_path / "ledger.db", tmp_path / "ledger.key"
    load_or_create_key(key, "andon/crash")
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n" + WRITER
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path), str(key)], capture_output=True, text=True, check=False, timeout=200
    )
    assert "OSError: ledger" in run.stderr, run.stderr
    assert "nothing was recorded" in run.stderr
    acknowledged = int(run.stdout.split()[-1])
    assert check(path, key, acknowledged) == acknowledged + 1


def test_a_power_loss_in_the_middle_of_the_log_file_keeps_a_prefix(tmp_path: Path) -> None:
    """The write-ahead log is cut anywhere: whole transactions remain, and the head file tells when some are missing."""
    path, key_path = tmp_path / "a" / "ledger.db", tmp_path / "ledger.key"
    key = load_or_create_key(key_path, "andon/crash")
    with SqliteLedger(path, key) as ledger:
        for number in range(12):
            ledger.append([NewRecord("note", "m", {"number": number}, f"c-{number}")], Nanos(number))
        wal = path.with_name("ledger.db-wal").read_bytes()
        main = path.read_bytes()
    for number, cut in enumerate(range(0, len(wal), max(1, len(wal) // 9))):
        copy = tmp_path / str(number) / "ledger.db"
        copy.parent.mkdir()
        copy.write_bytes(main)
        copy.with_name("ledger.db-wal").write_bytes(wal[:cut])
        with SqliteLedger(copy, key) as ledger:
            numbers = [record.payload["number"] for record in ledger.records()]
        assert numbers == list(range(len(numbers)))
    assert len(json.dumps(numbers)) > 2


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    path, key = tmp_path / "ledger.db", tmp_path / "ledger.key"
    load_or_create_key(key, "andon/crash")
    killed_after(path, key, 1)
    with SqliteLedger(path, load_or_create_key(key, "andon/crash")) as ledger:
        assert len(ledger.records()) >= 1
