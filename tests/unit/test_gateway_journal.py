"""The journal file: torn ends are cut, damage is refused, a refusing disk leaves it whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from andon.adapters import journal as module
from andon.adapters.journal import (
    Journal,
    JournalDamaged,
    append_line,
    decode_line,
    encode_line,
    read_lines,
    replace_file,
)
from andon.core.time import ManualClock
from andon.gateway import process, restore

ENTRIES = [{"do": "begun", "n": 1}, {"do": "done", "n": 1, "text": "gr\u00fcn"}, {"do": "begun", "n": 2}]


def written(path: Path) -> bytes:
    journal = Journal(path)
    for entry in ENTRIES:
        journal.append(entry)
    return path.read_bytes()


def test_entries_are_read_back(tmp_path: Path) -> None:
    data = written(tmp_path / "journal")
    again = Journal(tmp_path / "journal")
    assert again.entries == ENTRIES
    assert again.bytes == len(data)
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o600


def test_every_cut_keeps_whole_entries_and_goes_on(tmp_path: Path) -> None:
    data = written(tmp_path / "journal")
    for cut in range(len(data)):
        path = tmp_path / f"cut-{cut}"
        path.write_bytes(data[:cut])
        journal = Journal(path)
        assert journal.entries == ENTRIES[: data[:cut].count(b"\n")]
        journal.append({"do": "next"})
        assert Journal(path).entries == [*journal.entries, {"do": "next"}]


def test_every_flipped_bit_before_the_end_is_refused_or_cuts_the_end(tmp_path: Path) -> None:
    data = written(tmp_path / "journal")
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 0x04
        path = tmp_path / "changed"
        path.write_bytes(changed)
        try:
            entries = Journal(path).entries
        except JournalDamaged:
            continue
        assert place == len(data) - 1, "only the last newline may go"
        assert entries == ENTRIES[:2]


def test_a_disk_that_refuses_leaves_the_journal_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.append(ENTRIES[0])
    real = os.write

    def half(descriptor: int, data: bytes) -> int:
        return real(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(module.os, "write", half)
    with pytest.raises(OSError, match="could not be written"):
        journal.append(ENTRIES[1])
    monkeypatch.setattr(module.os, "write", real)
    journal.append(ENTRIES[2])
    assert Journal(path).entries == [ENTRIES[0], ENTRIES[2]]


def test_rewriting_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    data = written(path)
    journal = Journal(path)

    def refuse(descriptor: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr(module.os, "fsync", refuse)
    with pytest.raises(OSError, match="no space"):
        journal.rewrite(ENTRIES[:1])
    assert path.read_bytes() == data
    monkeypatch.undo()
    journal.rewrite(ENTRIES[:1])
    journal.append(ENTRIES[2])
    assert Journal(path).entries == [ENTRIES[0], ENTRIES[2]]


def test_a_shared_file_keeps_a_torn_line_apart(tmp_path: Path) -> None:
    path = tmp_path / "latch"
    append_line(path, ENTRIES[0])
    with path.open("ab") as file:
        file.write(encode_line(ENTRIES[1])[:-5])
    append_line(path, ENTRIES[2])
    assert [entry for _, entry in read_lines(path)] == [ENTRIES[0], None, ENTRIES[2]]
    assert read_lines(tmp_path / "none") == []


def test_lines_are_bounded_and_hold_objects() -> None:
    with pytest.raises(ValueError, match="is the most"):
        encode_line({"x": "y" * 20_000})
    with pytest.raises(ValueError, match="JSON"):
        encode_line({"x": float("nan")})
    assert decode_line(b"") is None
    assert decode_line(encode_line(ENTRIES[0]).rstrip()) == ENTRIES[0]


def test_a_small_file_is_replaced_whole(tmp_path: Path) -> None:
    replace_file(tmp_path / "epoch", b"7\n")
    replace_file(tmp_path / "epoch", b"8\n")
    assert (tmp_path / "epoch").read_bytes() == b"8\n"
    assert [path.name for path in tmp_path.iterdir()] == ["epoch"]


def test_a_running_gateway_rewrites_a_long_journal_and_forgets_nothing_that_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "JOURNAL_BYTES_MAX", 4_000)
    monkeypatch.setattr(restore, "ENDED_KEPT_MAX", 5)
    gateway = process.Gateway(tmp_path, ManualClock(0, 10**12))
    try:
        for number in range(200):
            begun = {"do": "begun", "command": f"C-{number}", "signal": "s.x", "element": "s", "epoch": 1, "value": 1}
            gateway._record({**begun, "previous": 0, "baseline": ""})
            if number != 3:
                gateway._record({"do": "void", "command": f"C-{number}", "back": None, "why": ""})
        assert (tmp_path / "journal").stat().st_size < 6_000
        names = [entry["command"] for entry in Journal(tmp_path / "journal").entries if entry["do"] == "begun"]
        assert "C-3" in names
        assert names[-5:] == [f"C-{number}" for number in range(195, 200)]
    finally:
        gateway._folder.close()
