"""The checker of the kill loop finds what is planted, each promise broken once; and nothing in what is clean."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from loop_checker import Left, Told, broken

SECOND = 1_000_000_000
Json = dict[str, Any]


class Story:
    """One command that was intended at 10 s, begun, written at 11 s and acknowledged; then a halt from 20 to 30 s."""

    def __init__(self) -> None:
        intent = {"command": "C-1", "signal": "oven-1.setpoint", "value": 181.5, "epoch": 5}
        self.records: list[Json] = [
            {"kind": "command.intent", "at": 10 * SECOND, "actor": "jonas", "payload": intent},
            {"kind": "command.sent", "at": 10 * SECOND, "actor": "twin", "payload": {"command": "C-1"}},
            {
                "kind": "command.outcome",
                "at": 12 * SECOND,
                "actor": "twin",
                "payload": {"command": "C-1", "phase": "acknowledged"},
            },
        ]
        self.begun: list[Json] = [{"do": "begun", **intent, "wall": "1970-01-01T00:00:10.500000Z"}]
        self.writes: list[Json] = [
            {"signal": "oven-1.setpoint", "value": 181.5, "wall_ns": 11 * SECOND, "site_ns": 11 * SECOND}
        ]
        self.told: list[Json] = [{"index": 0, **{k: v for k, v in self.records[0].items() if k != "at"}}]
        self.halts = [Told(20 * SECOND, "gateway", (), 30 * SECOND)]
        self.plant_killed = [9 * SECOND, 14 * SECOND]

    def left(self, folder: Path) -> Left:
        with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
            ledger.execute("CREATE TABLE records(place INTEGER PRIMARY KEY, kind TEXT, at INTEGER, body BLOB)")
            for place, r in enumerate(self.records):
                body = json.dumps({"actor": r["actor"], "payload": r["payload"]}).encode()
                ledger.execute("INSERT INTO records VALUES (?, ?, ?, ?)", (place, r["kind"], r["at"], body))
            ledger.commit()
        lines = [json.dumps(entry).encode() for entry in self.begun]
        (folder / "journal").write_bytes(b"".join(b"%08x %b\n" % (zlib.crc32(line), line) for line in lines))
        (folder / "writes").write_text("".join(json.dumps(w) + "\n" for w in self.writes), "utf-8")
        files = (folder / "ledger.db", folder / "journal", folder / "writes")
        return Left(*files, self.told, self.halts, self.plant_killed)


def again(at_s: int) -> Callable[[Story], None]:
    def plant(story: Story) -> None:
        story.writes.append({**story.writes[0], "wall_ns": at_s * SECOND, "site_ns": at_s * SECOND})

    return plant


def lose(story: Story) -> None:
    story.records.pop(0)


def alter(story: Story) -> None:
    story.records[0] = {**story.records[0], "actor": "maria"}


def intend_late(story: Story) -> None:
    story.records[0] = {**story.records[0], "at": 11 * SECOND + 1}


def begin_twice(story: Story) -> None:
    story.begun.append(story.begun[0])


def begin_other(story: Story) -> None:
    story.begun[0] = {**story.begun[0], "value": 182.5}


def call_void(story: Story) -> None:
    story.records[2]["payload"]["phase"] = "void"


def write_under_halt(story: Story) -> None:
    story.writes[0] = {**story.writes[0], "wall_ns": 21 * SECOND, "site_ns": 21 * SECOND}


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (lose, "was told as"),
        (alter, "was told as"),
        (intend_late, "intents to write it"),
        (again(12), "was written 2 times"),
        (begin_twice, "was begun 2 times"),
        (begin_other, "on record stands"),
        (call_void, "of its commands may have been"),
        (write_under_halt, "came after"),
    ],
    ids=["lost", "altered", "late", "twice", "begun-twice", "other-value", "void-and-written", "under-halt"],
)
def test_a_planted_fault_is_found(plant: Callable[[Story], None], says: str, tmp_path: Path) -> None:
    story = Story()
    plant(story)
    found = broken(story.left(tmp_path))
    assert any(says in text for text in found), found


def test_nothing_is_found_where_every_promise_was_kept(tmp_path: Path) -> None:
    assert broken(Story().left(tmp_path)) == []


def on_its_way(story: Story) -> None:
    write_under_halt(story)
    story.halts = [Told(20 * SECOND, "gateway", ("C-1",), 30 * SECOND)]


def deaf_gateway(story: Story) -> None:
    write_under_halt(story)
    story.halts = [Told(20 * SECOND, "latch file", (), 30 * SECOND)]


def after_the_reset(story: Story) -> None:
    story.writes[0] = {**story.writes[0], "wall_ns": 31 * SECOND}


def died_with_it(story: Story) -> None:
    call_void(story)
    story.plant_killed = [11 * SECOND + 1_000_000]


@pytest.mark.parametrize("plant", [on_its_way, deaf_gateway, after_the_reset, died_with_it])
def test_what_was_said_or_died_is_no_breach(plant: Callable[[Story], None], tmp_path: Path) -> None:
    story = Story()
    plant(story)
    assert broken(story.left(tmp_path)) == []
