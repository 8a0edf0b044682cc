"""From SHDR text to observations: types, words, devices, and what nobody declared."""

from __future__ import annotations

import pytest

from andon.core.readings import Origin
from andon.protocols.events import BAD, GOOD, UNCERTAIN
from andon.protocols.shdr import Parser
from andon.protocols.shdr_feeds import NO_COMMUNICATION, Feeds, parse_address, typed
from andon.site.model import Signal

AT = 1485957575000000000
STATE = "M1:Program_Status{ACTIVE=running;PROGRAM_STOPPED=idle}"


def signal(ident: str, address: str, kind: str) -> Signal:
    return Signal.model_validate(
        {"id": ident, "element": "m1", "source": "shop", "address": address, "type": kind, "period_s": 1, "fresh_s": 9}
    )


SIGNALS = (
    signal("m1.state", STATE, "string"),
    signal("m1.status", "M1:Program_Status", "string"),
    signal("m1.count", "M1:Part_Count", "int"),
    signal("m1.feed", "M1:Feed_Rate", "float"),
    signal("m1.door", "M1:Door", "bool"),
    signal("m1.logic", "M1:logic", "string"),
)


def said(line: str, received: int | None = None, prefix: str = "M1:") -> list[tuple[str, object, int]]:
    feeds = Feeds("shop", SIGNALS, origin=Origin.REPLAYED)
    events = Parser().feed(f"2017-02-01T13:59:35Z|{line}\n".encode())
    return [(o.address, o.value, o.status) for o in feeds.observations(events, received, prefix)]


ROWS: list[tuple[str, list[tuple[str, object, int]]]] = [
    ("Feed_Rate|63.5", [("M1:Feed_Rate", 63.5, GOOD)]),
    ("M1:Feed_Rate|63.5", [("M1:Feed_Rate", 63.5, GOOD)]),
    ("M2:Feed_Rate|63.5", [("M2:Feed_Rate", "63.5", GOOD)]),
    ("Feed_Rate|fast", [("M1:Feed_Rate", "fast", GOOD)]),
    ("Feed_Rate|", [("M1:Feed_Rate", "", GOOD)]),
    ("Feed_Rate|UNAVAILABLE", [("M1:Feed_Rate", None, NO_COMMUNICATION)]),
    ("Part_Count|12.000000", [("M1:Part_Count", 12, GOOD)]),
    ("Part_Count|12.5", [("M1:Part_Count", "12.5", GOOD)]),
    ("Door|on", [("M1:Door", True, GOOD)]),
    ("Program_Status|ACTIVE", [(STATE, "running", GOOD), ("M1:Program_Status", "ACTIVE", GOOD)]),
    ("Program_Status|ODD", [(STATE, None, BAD), ("M1:Program_Status", "ODD", GOOD)]),
    ("logic|FAULT|81|||door", [("M1:logic", "FAULT 81 door", GOOD)]),
    ("Nobody|7", [("M1:Nobody", "7", GOOD)]),
]


@pytest.mark.parametrize(("line", "expected"), ROWS, ids=[r[0] for r in ROWS])
def test_a_line_feeds_the_signals_that_are_declared(line: str, expected: list[tuple[str, object, int]]) -> None:
    assert said(line) == expected


def test_a_line_without_a_time_is_stamped_by_its_reader_and_says_so() -> None:
    feeds = Feeds("shop", SIGNALS)
    (one,) = feeds.observations(Parser().feed(b"|M1:Feed_Rate|1\n"), AT)
    assert (one.source_time, one.status) == (AT, UNCERTAIN)


def test_lines_of_one_moment_keep_their_order() -> None:
    feeds = Feeds("shop", SIGNALS)
    lines = b"2017-02-01T13:59:35Z|M1:Feed_Rate|1\n2017-02-01T13:59:35Z|M1:Feed_Rate|2\n"
    first, second = feeds.observations(Parser().feed(lines), AT)
    assert first.sequence < second.sequence


def test_what_is_no_observation_is_counted() -> None:
    feeds = Feeds("shop", SIGNALS)
    lines = b"2017\n* a: b\n2017-02-01T13:59:35Z|@REMOVE_ASSET@|T1\n* PONG 100\n"
    assert feeds.observations(Parser().feed(lines), AT) == []
    assert (feeds.tally.malformed, feeds.tally.commands, feeds.tally.assets) == (1, 2, 1)
    assert feeds.tally.examples[0].excerpt == "2017"


@pytest.mark.parametrize("address", ["a{b", "a{b=c}d", "{a=b}", "a{b}", "a{b=c;b=d}", "a{=c}"])
def test_an_address_that_cannot_be_read_says_what_to_write(address: str) -> None:
    with pytest.raises(ValueError, match=r"write"):
        parse_address(address)


def test_a_word_table_may_hold_an_empty_word() -> None:
    assert parse_address("a{b=}") == ("a", {"b": ""})


@pytest.mark.parametrize(("text", "kind"), [("nan", "float"), ("inf", "float")])
def test_odd_numbers_are_passed_on_for_the_quarantine(text: str, kind: str) -> None:
    assert isinstance(typed(text, kind), float)


@pytest.mark.parametrize("text", ["nan", "inf", "1e400"])
def test_odd_integers_stay_text(text: str) -> None:
    assert typed(text, "int") == text
