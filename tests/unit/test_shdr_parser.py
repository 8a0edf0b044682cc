"""SHDR lines to events: what each kind of line says, and that nothing which cannot be read is dropped."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from pathlib import Path

import pytest

from andon.protocols.shdr import (
    Asset,
    Command,
    Condition,
    Item,
    Malformed,
    Message,
    Parser,
    Ping,
    Pong,
    ShdrEvent,
    pong,
)

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ANDON_DATA", ROOT.parent / "shared" / "data"))
AT = 1485957575093750000
STAMP = "2017-02-01T13:59:35.0937500Z"


def events(text: str | bytes, **options: object) -> list[ShdrEvent]:
    parser = Parser(**options)  # type: ignore[arg-type]
    raw = text if isinstance(text, bytes) else text.encode()
    return parser.feed(raw) + parser.close()


ROWS: list[tuple[str, list[ShdrEvent]]] = [
    (f"{STAMP}|Feed_Rate|63.01\n", [Item(AT, "Feed_Rate", "63.01", 1)]),
    (f"{STAMP}|Feed_Rate|63.01\r\n", [Item(AT, "Feed_Rate", "63.01", 1)]),
    (f"{STAMP}|a|1|b|two\n", [Item(AT, "a", "1", 1), Item(AT, "b", "two", 1)]),
    (f"{STAMP}|a|1|b|\n", [Item(AT, "a", "1", 1), Item(AT, "b", "", 1)]),
    (f"{STAMP}|a|1|\n", [Item(AT, "a", "1", 1)]),
    (f"{STAMP}|Hurco02:state|UNAVAILABLE\n", [Item(AT, "Hurco02:state", "UNAVAILABLE", 1)]),
    ("|a|1\n", [Item(None, "a", "1", 1)]),
    ("2017-02-01T13:59:35Z|a|1\n", [Item(AT - 93750000, "a", "1", 1)]),
    ("2017-02-01T13:59:35.09375|a|1\n", [Item(AT, "a", "1", 1)]),
    ("2017-02-01T14:59:35.09375+01:00|a|1\n", [Item(AT, "a", "1", 1)]),
    (f"{STAMP}@100.0|a|1\n", [Item(AT, "a", "1", 1)]),
    (
        f"{STAMP}|logic|Fault|8100|2|HIGH|door is open\n",
        [Condition(AT, "logic", "FAULT", "8100", "2", "HIGH", "door is open", 1)],
    ),
    (f"{STAMP}|travel|Unavailable||||\n", [Condition(AT, "travel", "UNAVAILABLE", "", "", "", "", 1)]),
    (f'{STAMP}|note|"a \\| b"|x|y\n', [Item(AT, "note", "a | b", 1), Item(AT, "x", "y", 1)]),
    ("* PING\n", [Ping(1)]),
    ("* PONG 10000\n", [Pong(10000, 1)]),
    ("* adapterVersion: 1.2\n", [Command("adapterVersion", "1.2", 1)]),
    ("*adapterVersion:UNAVAILABLE\n", [Command("adapterVersion", "UNAVAILABLE", 1)]),
    (f"{STAMP}|@ASSET@|T1|CuttingTool|<a/>\n", [Asset(AT, "ASSET", "T1", "CuttingTool", "<a/>", 1)]),
    (
        f"{STAMP}|@ASSET@|T1|CuttingTool|--multiline--AB\n<a>\n|x|\n</a>\n--multiline--AB\n{STAMP}|a|1\n",
        [Asset(AT, "ASSET", "T1", "CuttingTool", "<a>\n|x|\n</a>", 1), Item(AT, "a", "1", 6)],
    ),
    (f"{STAMP}|@REMOVE_ASSET@|T1\n", [Asset(AT, "REMOVE_ASSET", "T1", "", "", 1)]),
    (f"{STAMP}|@REMOVE_ALL_ASSETS@|CuttingTool\n", [Asset(AT, "REMOVE_ALL_ASSETS", "", "CuttingTool", "", 1)]),
    ("\n   \n", []),
    (f"{STAMP}|a|1", [Item(AT, "a", "1", 1)]),
]


@pytest.mark.parametrize(("text", "expected"), ROWS, ids=[repr(r[0])[:50] for r in ROWS])
def test_a_line_says_what_it_says(text: str, expected: list[ShdrEvent]) -> None:
    assert events(text) == expected


BROKEN: list[tuple[str | bytes, str]] = [
    ("2017\n", "not a timestamp"),
    ("2017.919363|a|1\n", "not a timestamp"),
    ("2017-02-30T00:00:00Z|a|1\n", "not a timestamp"),
    ("yesterday|a|1\n", "not a timestamp"),
    (f"{STAMP}\n", "says nothing"),
    (f"{STAMP}|a\n", "has no value"),
    (f"{STAMP}||1\n", "has no key"),
    (f"{STAMP}|@SHRED@|T1\n", "no asset command"),
    (b"2017-02-01T13:59:35Z|a|\xff\n", "not UTF-8"),
    ("* PONG soon\n", "no period"),
    ("* what\n", "`name: value`"),
    (f"{STAMP}|@ASSET@|T1|CuttingTool|--multiline--AB\n<a>\n", "never ended"),
    (f"{STAMP}|a|{'x' * 300}\n", "longer than 200 bytes"),
]


@pytest.mark.parametrize(("text", "why"), BROKEN, ids=[repr(r[0])[:50] for r in BROKEN])
def test_what_cannot_be_read_is_told_with_its_reason(text: str | bytes, why: str) -> None:
    found = events(text, line_max=200)
    assert [type(e) for e in found] == [Malformed]
    assert isinstance(found[0], Malformed)
    assert why in found[0].why
    assert len(found[0].excerpt) < 130


def test_a_broken_line_costs_only_itself() -> None:
    found = events(f"{STAMP}|a|1\n2017\n{STAMP}|a|2\n{STAMP}|a|3|b\n")
    assert [type(e) for e in found] == [Item, Malformed, Item, Item, Malformed]


def test_declared_messages_and_conditions_are_read_as_such() -> None:
    assert events(f"{STAMP}|m|100|change | tool\n", messages=["m"]) == [Message(AT, "m", "100", "change | tool", 1)]
    assert events(f"{STAMP}|c|NORMAL\n", conditions=["c"]) == [Condition(AT, "c", "NORMAL", "", "", "", "", 1)]
    assert isinstance(events(f"{STAMP}|c|HOT\n", conditions=["c"])[0], Malformed)


def test_our_heartbeat_is_read_back() -> None:
    assert events(pong(250)) == [Pong(250, 1)]


def test_the_recorded_okuma_is_read_whole() -> None:
    path = DATA / "mtconnect" / "okuma.txt.gz"
    if not path.is_file():
        pytest.skip("the recorded data is not there (ANDON_DATA)")
    kinds = Counter(type(e).__name__ for e in events(gzip.decompress(path.read_bytes())))
    assert kinds["Item"] > 25_000
    assert kinds["Asset"] >= 118
    assert kinds["Condition"] > 0
    assert kinds["Malformed"] == 0


def test_the_recorded_shop_is_read_whole() -> None:
    folder = DATA / "nist_sms" / "raw"
    if not folder.is_dir():
        pytest.skip("the recorded data is not there (ANDON_DATA)")
    kinds: Counter[str] = Counter()
    for path in sorted(folder.glob("*/*")):
        raw = path.read_bytes()
        kinds.update(type(e).__name__ for e in events(gzip.decompress(raw) if path.suffix == ".gz" else raw))
    assert kinds["Condition"] > 1_000
    assert kinds["Malformed"] == 0
