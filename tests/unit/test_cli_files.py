"""Files that commands write: whole or not at all, and never in the place of what is no file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from andon.cli.files import refuse_unwritable, write_whole


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.svg"
    path.write_text("before")
    write_whole(path, "after")
    assert path.read_text() == "after"
    assert [p.name for p in tmp_path.iterdir()] == ["x.svg"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.svg"
    path.write_text("before")

    def full(self: Path, text: str, encoding: str) -> int:
        self.write_bytes(text.encode(encoding)[:3])
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ValueError, match=r"cannot be written \(No space left on device\)"):
        write_whole(path, "after")
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["x.svg"]


def test_a_device_is_written_into_and_stays_one() -> None:
    write_whole(Path(os.devnull), "after")
    assert not Path(os.devnull).is_file()


def test_what_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    refuse_unwritable((None, tmp_path / "a", tmp_path / "b", Path(os.devnull), Path(os.devnull)))
    with pytest.raises(ValueError, match="is named for two files"):
        refuse_unwritable((tmp_path / "a", tmp_path / "." / "a"))
    with pytest.raises(ValueError, match="it is a folder"):
        refuse_unwritable((tmp_path,))
    with pytest.raises(ValueError, match="there is no folder"):
        refuse_unwritable((tmp_path / "none" / "a",))
