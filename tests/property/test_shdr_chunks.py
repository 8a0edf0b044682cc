"""However a stream is cut, the same events come out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from andon.protocols.shdr import Item, Malformed, Parser, ShdrEvent

PIECES = st.sampled_from(
    [
        b"2017-02-01T13:59:35.0937500Z|a|1\n",
        b"2017-02-01T13:59:36Z|a|1|b|two\r\n",
        b"2017-02-01T13:59:36Z|c|FAULT|1|2|HIGH|text\n",
        b"2017-02-01T13:59:36Z|@ASSET@|T1|CuttingTool|--multiline--X\n<a>\n</a>\n--multiline--X\n",
        b"2017-02-01T13:59:36Z|@ASSET@|T1|CuttingTool|--multiline--X\n",
        b"--multiline--X\n",
        b"2017\n",
        b"* PING\n",
        b"* PONG 100\n",
        b"\n",
        b"2017-02-01T13:59:36Z|\xc3\xa4|\xe2\x82\xac\n",
        b"2017-02-01T13:59:36Z|a|\xff\xfe\n",
        b"2017-02-01T13:59:36Z|a|" + b"x" * 150 + b"\n",
        b"2017-02-01T13:59:36Z|a|" + b"\xc3\xa4" * 150 + b"\n",
        b"2017-02-01T13:59:36Z|a|1",
        b"|",
        b"\r",
    ]
)
STREAMS = st.lists(st.one_of(PIECES, st.binary(max_size=30)), max_size=12).map(b"".join)
LINE_MAX = 100


def whole(data: bytes) -> list[ShdrEvent]:
    parser = Parser(line_max=LINE_MAX)
    return parser.feed(data) + parser.close()


@given(STREAMS, st.lists(st.integers(min_value=0, max_value=400), max_size=20))
def test_cutting_a_stream_does_not_change_what_it_says(data: bytes, cuts: list[int]) -> None:
    parser = Parser(line_max=LINE_MAX)
    out: list[ShdrEvent] = []
    at = 0
    for cut in sorted(c for c in cuts if c < len(data)):
        out += parser.feed(data[at:cut])
        at = cut
    out += parser.feed(data[at:]) + parser.close()
    assert out == whole(data)


@given(STREAMS)
def test_one_byte_at_a_time_says_the_same(data: bytes) -> None:
    parser = Parser(line_max=LINE_MAX)
    out: list[ShdrEvent] = []
    for i in range(len(data)):
        out += parser.feed(data[i : i + 1])
    assert out + parser.close() == whole(data)


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    for event in whole(data):
        if isinstance(event, Malformed):
            assert event.why


NAMES = st.text(st.characters(exclude_characters="|\n\r\\\0@*", codec="utf-8"), min_size=1, max_size=10)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=5), st.integers(min_value=0, max_value=2**60))
def test_what_is_written_is_read(pairs: list[tuple[str, str]], at: int) -> None:
    from andon.adapters.shdr_replay import stamp

    pairs = [(k.strip() or "k", v) for k, v in pairs]
    line = f"{stamp(at)}|" + "|".join(f"{k}|{v}" for k, v in pairs) + "\n"
    parser = Parser()
    found = parser.feed(line.encode()) + parser.close()
    levels = {"NORMAL", "WARNING", "FAULT", "UNAVAILABLE"}
    if not any(v.upper() in levels for _, v in pairs) and pairs[-1][1]:
        assert found == [Item(at, k, v, 1) for k, v in pairs]
