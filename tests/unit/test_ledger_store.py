"""What the SQLite ledger promises: durable or not at all, one writer, one claim; altered is refused, erased is gone."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from andon.adapters.keys import KeyRefused, load_key, load_or_create_key, load_vkey, vkey_path
from andon.adapters.ledger_rows import LedgerDamaged, LedgerReader
from andon.adapters.ledger_store import LedgerBusy, SqliteLedger
from andon.cli.ledger import app
from andon.core.time import Nanos
from andon.ledger.checkpoint import NoteRefused, SignerKey, open_checkpoint
from andon.ledger.leaf import RecordRefused
from andon.ledger.proof import verify_consistency
from andon.ledger.receipt import Receipt, TlogProof, verify_receipt
from andon.ledger.record import AlreadyRecorded, NewRecord
from andon.ledger.verify import ERASED

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "spec" / "verify_ledger.py"
AT = Nanos(1_760_000_000_123_456_789)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "works"


@pytest.fixture
def key(site: Path) -> SignerKey:
    return load_or_create_key(site / ".andon" / "keys" / "ledger.key", "andon/works")


def path_of(site: Path) -> Path:
    return site / ".andon" / "ledger.db"


@pytest.fixture
def ledger(site: Path, key: SignerKey) -> Iterator[SqliteLedger]:
    with SqliteLedger(path_of(site), key) as opened:
        yield opened


def note(number: int, unique: str = "") -> NewRecord:
    return NewRecord("note", "maria", {"number": number, "text": "gr\u00fcn \U0001f7e2"}, unique)


def filled(site: Path, key: SignerKey, count: int = 11) -> Path:
    with SqliteLedger(path_of(site), key) as ledger:
        for number in range(count):
            ledger.append([note(number, f"c-{number}")], AT)
    return path_of(site)


def script(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *map(str, args)], capture_output=True, text=True, check=False
    )


def test_what_was_appended_is_read_back_the_same_now_and_after_reopening(site: Path, key: SignerKey) -> None:
    with SqliteLedger(path_of(site), key) as ledger:
        first = ledger.append([note(1), NewRecord("approval", "jonas", {"share": 1.0}, "R-1")], AT)
        assert [record.index for record in first] == [0, 1]
        assert ledger.records() == list(first)
        assert ledger.append([], AT) == ()
    with SqliteLedger(path_of(site), key) as ledger:
        assert tuple(ledger.records()) == first
        assert tuple(ledger.records(1)) == first[1:]
        assert ledger.records(2) == []
        assert ledger.append([note(3)], AT)[0].index == 2
        with LedgerReader(path_of(site), key.verifier) as reader:
            assert tuple(reader.records())[:2] == first
            assert reader.size() == 3


def test_a_claim_is_taken_once_and_a_loser_leaves_nothing(ledger: SqliteLedger) -> None:
    ledger.append([NewRecord("command.intent", "andon", {}, "C-1")], AT)
    ledger.append([NewRecord("command.outcome", "andon", {}, "C-1")], AT)
    before = ledger.checkpoint()
    with pytest.raises(AlreadyRecorded, match=r"`command\.intent` record already holds `C-1`"):
        ledger.append([note(1), NewRecord("command.intent", "andon", {}, "C-1"), note(2)], AT)
    with pytest.raises(AlreadyRecorded):
        ledger.append([NewRecord("command.intent", "a", {}, "C-2"), NewRecord("command.intent", "b", {}, "C-2")], AT)
    assert ledger.size() == len(ledger.records()) == 2
    assert ledger.checkpoint() == before
    assert ledger.append([NewRecord("command.intent", "andon", {}, "C-2")], AT)[0].index == 2
    assert ledger.verify().ok


def test_a_record_that_does_not_fit_stops_the_whole_append(ledger: SqliteLedger) -> None:
    for bad in (
        NewRecord("note", "m", {"x": "y" * 60_000}),
        NewRecord("two words", "m", {}),
        NewRecord("n", "m", {"x": 2**60}),
    ):
        with pytest.raises(RecordRefused):
            ledger.append([note(1), bad], AT)
    assert ledger.size() == 0
    with pytest.raises(RecordRefused, match="append in parts"):
        ledger.append([note(1)] * 10_001, AT)


def test_a_second_writer_is_told_who_holds_it(site: Path, key: SignerKey, ledger: SqliteLedger) -> None:
    with pytest.raises(LedgerBusy, match="is open for writing in process"):
        SqliteLedger(path_of(site), key)
    ledger.append([note(1)], AT)
    assert ledger.size() == 1


def test_a_full_disk_is_an_oserror_and_nothing_is_recorded(ledger: SqliteLedger) -> None:
    ledger.append([note(0)], AT)
    (pages,) = ledger._connection.execute("PRAGMA page_count").fetchone()
    ledger._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    kept = 1
    failed = ""
    while not failed:
        try:
            ledger.append([NewRecord("note", "m", {"number": kept, "text": "y" * 1000})], AT)
            kept += 1
        except OSError as error:
            failed = str(error)
    assert "disk is full" in failed
    assert failed.endswith("nothing was recorded")
    assert ledger.size() == len(ledger.records()) == kept
    ledger._connection.execute("PRAGMA max_page_count = 1000000")
    assert ledger.append([note(1)], AT)[0].index == kept
    assert ledger.verify().ok


def test_it_cannot_be_opened_where_no_file_can_be(tmp_path: Path, key: SignerKey) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        SqliteLedger(tmp_path / "file" / "ledger.db", key)
    with pytest.raises(OSError, match="does not exist; it is made when the site first runs"):
        LedgerReader(tmp_path / "absent.db", key.verifier)


ALTERATIONS = {
    "payload": "UPDATE records SET body = CAST(replace(body, 'maria', 'jonas') AS BLOB) WHERE place = 3",
    "payload whole": "UPDATE records SET body = (SELECT body FROM records WHERE place = 4) WHERE place = 3",
    "salt": "UPDATE records SET salt = zeroblob(32) WHERE place = 3",
    "salt dropped": "UPDATE records SET salt = NULL WHERE place = 3",
    "body dropped": "UPDATE records SET body = NULL WHERE place = 3",
    "erased behind its back": "UPDATE records SET body = NULL, salt = NULL WHERE place = 3",
    "kind": "UPDATE records SET kind = 'approval' WHERE place = 3",
    "kind that is no name": "UPDATE records SET kind = 'a b' WHERE place = 3",
    "time": "UPDATE records SET at = at + 1 WHERE place = 3",
    "commitment": "UPDATE records SET commitment = zeroblob(32) WHERE place = 3",
    "leaf": "UPDATE records SET leaf = zeroblob(32) WHERE place = 3",
    "claim": "UPDATE records SET claim = 'c-99' WHERE place = 3",
    "claim dropped": "UPDATE records SET claim = NULL WHERE place = 3",
    "place": "UPDATE records SET place = 99 WHERE place = 3",
    "swapped": "UPDATE records SET place = CASE place WHEN 3 THEN -4 ELSE -3 END WHERE place IN (3, 4);"
    "UPDATE records SET place = -place WHERE place < 0",
    "removed": "DELETE FROM records WHERE place = 3",
    "removed last": "DELETE FROM records WHERE place = 10",
    "all removed": "DELETE FROM records",
    "added": "INSERT INTO records SELECT 11, kind, at, commitment, leaf, body, salt, 'x' FROM records WHERE place = 3",
    "checkpoint root": "UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 5) WHERE size = 6",
    "checkpoint text": "UPDATE checkpoints SET note = replace(note, 'works', 'work') WHERE size = 6",
    "checkpoint signature": "UPDATE checkpoints SET note = substr(note, 1, length(note) - 12) || 'AAAAAAAAAA='"
    " || char(10) WHERE size = 6",
    "checkpoint size": "UPDATE checkpoints SET size = 60 WHERE size = 6",
    "checkpoint last removed": "DELETE FROM checkpoints WHERE size = 11",
    "checkpoints removed": "DELETE FROM checkpoints",
    "node": "UPDATE nodes SET hash = zeroblob(32) WHERE level = 2 AND place = 0",
    "node removed": "DELETE FROM nodes WHERE level = 2 AND place = 0",
    "node added": "INSERT INTO nodes VALUES (9, 9, zeroblob(32))",
    "truncated together": "DELETE FROM records WHERE place > 5; DELETE FROM checkpoints WHERE size > 6;"
    "DELETE FROM nodes WHERE (place + 1) << level > 6",
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_every_alteration_is_found_by_opening_verifying_and_the_independent_script(
    name: str, site: Path, key: SignerKey
) -> None:
    path = filled(site, key)
    assert script(path, key.verifier.encode(), path.with_suffix(".head")).returncode == 0
    with sqlite3.connect(path) as database:
        database.executescript(ALTERATIONS[name])
    database.close()
    with pytest.raises(LedgerDamaged, match=r"is damaged or was altered: .*; keep the file and restore a backup"):
        SqliteLedger(path, key)
    known = [open_checkpoint(path.with_suffix(".head").read_text(), key.verifier)]
    with LedgerReader(path, key.verifier) as reader:
        result = reader.verify(known)
    assert not result.ok
    assert result.problems()
    run = script(path, key.verifier.encode(), path.with_suffix(".head"))
    assert (run.returncode, run.stdout[:13]) == (1, "not verified:"), run.stdout + run.stderr


def test_a_ledger_put_back_from_an_older_copy_is_refused(site: Path, key: SignerKey) -> None:
    path = filled(site, key, 5)
    older = path.read_bytes()
    with SqliteLedger(path, key) as ledger:
        ledger.append([NewRecord("revocation", "amina", {"of": "R-1"})], AT)
    path.write_bytes(older)
    with pytest.raises(LedgerDamaged, match="shorter than a checkpoint of 6 records"):
        SqliteLedger(path, key)
    path.unlink()
    with pytest.raises(LedgerDamaged, match="shorter than a checkpoint of 6 records"):
        SqliteLedger(path, key)


def test_a_ledger_signed_by_another_key_is_refused(site: Path, tmp_path: Path, key: SignerKey) -> None:
    path = filled(site, key, 3)
    other = load_or_create_key(tmp_path / "other.key", "andon/works")
    path.with_suffix(".head").unlink()
    with pytest.raises(LedgerDamaged, match="is not signed by"):
        SqliteLedger(path, other)


def test_a_file_that_is_no_ledger_is_refused(site: Path, key: SignerKey) -> None:
    path_of(site).write_bytes(b"not a database at all, but long enough to be looked at" * 50)
    with pytest.raises(LedgerDamaged, match="not a database"):
        SqliteLedger(path_of(site), key)


def test_erasing_forgets_what_was_said_and_proofs_survive(site: Path, key: SignerKey) -> None:
    path = filled(site, key, 9)
    with SqliteLedger(path, key) as ledger:
        before = ledger.prove(4)
        secret = before.body
        assert secret is not None
        made = ledger.erase(4, actor="lena", reason="asked to", at=AT)
        assert (made.index, made.kind, made.payload["index"]) == (9, ERASED, 4)
        gone = ledger.records(4)[0]
        assert (gone.kind, gone.actor, gone.payload, gone.unique) == ("note", "", {"erased": True}, "c-4")
        verify_receipt(before, key.verifier)
        after = ledger.prove(4)
        assert after.body is None
        assert after.said() is None
        assert verify_receipt(after, key.verifier).size == 10
        assert ledger.verify().ok
        for index in (4, 9, 10, -1):
            with pytest.raises(RecordRefused):
                ledger.erase(index, actor="lena", reason="again", at=AT)
        with pytest.raises(AlreadyRecorded):
            ledger.append([note(4, "c-4")], AT)
    for file in path.parent.iterdir():
        if file.is_file():
            assert b'"number":4' not in file.read_bytes(), file
    with SqliteLedger(path, key) as ledger:
        assert ledger.verify().erased == 1
    assert "(1 erased)" in script(path, key.verifier.encode()).stdout


def test_the_claim_of_an_erased_record_cannot_be_altered(site: Path, key: SignerKey) -> None:
    path = filled(site, key, 5)
    with SqliteLedger(path, key) as ledger:
        ledger.erase(2, actor="lena", reason="asked to", at=AT)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE records SET claim = 'other' WHERE place = 2")
    database.close()
    with pytest.raises(LedgerDamaged, match="erased holding the claim `c-2`"):
        SqliteLedger(path, key)


def test_a_receipt_proves_its_record_offline_and_nothing_else(site: Path, key: SignerKey) -> None:
    filled(site, key, 7)
    with LedgerReader(path_of(site), key.verifier) as reader:
        receipt = reader.prove(5)
        with pytest.raises(RecordRefused, match="the last is 6"):
            reader.prove(7)
    value = json.loads(json.dumps(receipt.as_json()))
    assert Receipt.from_json(value) == receipt
    assert TlogProof.parse(receipt.text()) == receipt.proof
    assert TlogProof.parse(receipt.text().replace("\nindex", "\nextra AAAA\nindex", 1)) == receipt.proof
    assert receipt.text().startswith("c2sp.org/tlog-proof@v1\nindex 5\n")
    assert verify_receipt(receipt, key.verifier).size == 7
    wrong = {
        "body": value["body"].replace("maria", "jonas"),
        "salt": "00" * 32,
        "kind": "approval",
        "at": "5",
        "commitment": "00" * 32,
        "proof": value["proof"].replace("index 5", "index 4"),
        "index": 4,
        "format": "other",
    }
    for name, instead in wrong.items():
        with pytest.raises(NoteRefused):
            verify_receipt(Receipt.from_json({**value, name: instead}), key.verifier)
        with pytest.raises(NoteRefused):
            Receipt.from_json({key_: kept for key_, kept in value.items() if key_ != name})


def test_a_witness_can_be_shown_that_the_log_only_grew(site: Path, key: SignerKey) -> None:
    heads = []
    with SqliteLedger(path_of(site), key) as ledger:
        for number in range(9):
            ledger.append([note(number)], AT)
            heads.append(open_checkpoint(ledger.checkpoint(), key.verifier))
        for old in heads:
            path = ledger.prove_extension(old.size, 9)
            assert verify_consistency(old.size, 9, path, old.root, heads[-1].root)
        for old, new in ((0, 9), (5, 4), (9, 10)):
            with pytest.raises(RecordRefused):
                ledger.prove_extension(old, new)


def test_reading_beside_the_writer(site: Path, key: SignerKey, ledger: SqliteLedger) -> None:
    with LedgerReader(path_of(site), key.verifier) as reader:
        with pytest.raises(RecordRefused, match="nothing is recorded yet"):
            reader.checkpoint()
        for number in range(5):
            ledger.append([note(number)], AT)
            assert reader.verify().ok
            assert reader.size() == number + 1
        with pytest.raises(sqlite3.OperationalError):
            reader._connection.execute("DELETE FROM records")


def test_keys_are_private_created_once_and_named(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ledger.key"
    first = load_or_create_key(path, "andon/a")
    again = load_or_create_key(path, "andon/b")
    assert again.verifier == first.verifier == load_vkey(vkey_path(path)) == load_key(path).verifier
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []
    path.chmod(0o640)
    with pytest.raises(KeyRefused, match="run `chmod 600"):
        load_key(path)
    with pytest.raises(KeyRefused, match="is missing"):
        load_key(tmp_path / "none.key")
    bad = tmp_path / "bad.key"
    bad.touch(0o600)
    for text in ("", "PRIVATE+KEY+a+b+c", "PRIVATE+KEY+a+00000000+" + "A" * 44, "hello"):
        bad.write_text(text)
        with pytest.raises(KeyRefused):
            load_key(bad)
    with pytest.raises(KeyRefused):
        load_vkey(bad)


def test_the_commands_verify_show_and_prove(site: Path, key: SignerKey, tmp_path: Path) -> None:
    run = CliRunner().invoke
    path = filled(site, key, 6)
    with SqliteLedger(path, key) as ledger:
        ledger.append([NewRecord("evidence.validation", "jonas", {"use": "throughput"})], AT)
        result = run(app, ["verify", str(site)])
        assert result.exit_code == 0, result.output
        assert "verified: 7 records, key andon/works" in result.output
    shown = run(app, ["show", str(site), "--last", "2"]).output.splitlines()
    assert len(shown) == 2
    assert "2025-10-09T08:53:20.123456Z  evidence.validation" in shown[1]
    assert shown[1].endswith("use=throughput")
    assert len(run(app, ["show", str(site), "--kind", "evidence"]).output.splitlines()) == 1
    assert "no records of kind `nothing`" in run(app, ["show", str(site), "--kind", "nothing"]).output
    assert json.loads(run(app, ["show", str(site), "--json", "--last", "1"]).output)[0]["payload"] == {
        "use": "throughput"
    }
    assert run(app, ["prove", str(site), "2"]).output.startswith("c2sp.org/tlog-proof@v1\nindex 2\n")
    bundle = tmp_path / "receipt.json"
    assert run(app, ["prove", str(site), "2", "--out", str(bundle)]).exit_code == 0
    assert run(app, ["verify", str(site), "--receipt", str(bundle)]).exit_code == 0
    assert script("--receipt", bundle, key.verifier.encode()).returncode == 0
    bundle.write_text(bundle.read_text().replace("maria", "jonas"))
    assert run(app, ["verify", str(site), "--receipt", str(bundle)]).exit_code == 1
    assert script("--receipt", bundle, key.verifier.encode()).returncode == 1
    assert run(app, ["prove", str(site), "99"]).exit_code == 2
    assert run(app, ["show", str(tmp_path / "nowhere")]).exit_code == 2
    copy = tmp_path / "copy"
    assert key.verifier.encode() in run(app, ["export", str(site), str(copy)]).output
    assert script(copy / "ledger.db", copy / "ledger.vkey", copy / "ledger.head").returncode == 0
    assert "exists already" in run(app, ["export", str(site), str(copy)]).output
    with sqlite3.connect(path) as database:
        database.execute(ALTERATIONS["payload"])
    database.close()
    altered = run(app, ["verify", str(site), "--json"])
    assert altered.exit_code == 1
    assert json.loads(altered.output)["steps"][1]["ok"] is False
