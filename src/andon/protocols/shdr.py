"""SHDR, the text protocol of MTConnect adapters: bytes to events and back, with no socket, whatever the chunks.

Grammar: MTConnect Part 5 of the cppagent adapter protocol (`timestamp|key|value|key|value...`, conditions, messages,
assets, `* PING` and `* PONG nnn`). A line that cannot be read becomes a `Malformed` event with the reason: nothing is
dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

LINE_MAX = 1 << 20
"""Bytes of one line; a longer one is one `Malformed` event."""
ASSET_MAX = 1 << 22
"""Bytes of one multi-line asset."""
EXCERPT_MAX = 120
"""Characters of a malformed line that its event keeps."""
LEVELS = frozenset({"NORMAL", "WARNING", "FAULT", "UNAVAILABLE"})
UNAVAILABLE = "UNAVAILABLE"
PING = b"* PING\n"
MULTILINE = "--multiline--"


class Item(NamedTuple):
    """One data item said something."""

    time: int | None
    """Source time, nanoseconds; None when the line left it to the receiver."""
    key: str
    """With its device prefix, if it has one: `Hurco02:Program_Status`."""
    value: str
    line: int


class Condition(NamedTuple):
    """One condition changed: `key|level|native code|native severity|qualifier|text`."""

    time: int | None
    key: str
    level: str
    native_code: str
    native_severity: str
    qualifier: str
    text: str
    line: int


class Message(NamedTuple):
    """A text for people: `key|native code|text`."""

    time: int | None
    key: str
    native_code: str
    text: str
    line: int


class Asset(NamedTuple):
    """A tool, a fixture, a program: `action` is ASSET, UPDATE_ASSET, REMOVE_ASSET or REMOVE_ALL_ASSETS."""

    time: int | None
    action: str
    asset_id: str
    kind: str
    body: str
    line: int


class Command(NamedTuple):
    """A line that begins with `*` and is not a heartbeat: `* adapterVersion: 1.2`."""

    name: str
    value: str
    line: int


class Ping(NamedTuple):
    """The other side asks whether we live."""

    line: int


class Pong(NamedTuple):
    """The adapter lives, and promises an answer within `period_ms` of each ping."""

    period_ms: int
    line: int


class Malformed(NamedTuple):
    """A line, or the rest of one, that cannot be read."""

    line: int
    excerpt: str
    why: str


ShdrEvent = Item | Condition | Message | Asset | Command | Ping | Pong | Malformed


def device_of(key: str) -> tuple[str, str]:
    """The device prefix of a key, empty when it has none, and the key without it.

    >>> device_of("Hurco02:Feed_Rate"), device_of("Feed_Rate")
    (('Hurco02', 'Feed_Rate'), ('', 'Feed_Rate'))
    """
    device, colon, rest = key.partition(":")
    return (device, rest) if colon else ("", key)


class Parser:
    """Bytes in, events out. Feeding the same bytes in other chunks gives the same events."""

    def __init__(
        self, *, conditions: Iterable[str] = (), messages: Iterable[str] = (), line_max: int = LINE_MAX
    ) -> None:
        """Take the keys that the device model declares as conditions and as messages.

        A condition of five fields with a known level is recognised without being declared, a message is not.
        """
        self._conditions = frozenset(conditions)
        self._messages = frozenset(messages)
        self._line_max = line_max
        self._pending = b""
        self._skipping = ""
        self._line = 0
        self._second = ""
        self._second_ns = 0
        self._asset: tuple[Asset, str, list[str], int] | None = None

    def feed(self, data: bytes) -> list[ShdrEvent]:
        """Events of the lines that `data` completes."""
        out: list[ShdrEvent] = []
        whole, ends, self._pending = (self._pending + data).rpartition(b"\n")
        if ends:
            self._lines(whole, out)
        if len(self._pending) > self._line_max:
            self._skipping = self._skipping or self._excerpt(self._pending)
            self._pending = b""
        return out

    def _lines(self, whole: bytes, out: list[ShdrEvent]) -> None:
        """Whole lines: nearly all are `timestamp|key|value` in a second that is known already, and go a short way."""
        try:
            lines = whole.decode("utf-8").split("\n")
        except UnicodeDecodeError:
            for raw in whole.split(b"\n"):
                self._line += 1
                self._whole(raw, out)
            return
        special = self._conditions | self._messages
        short = self._line_max // 4
        for text in lines:
            self._line += 1
            if len(text) < short and not self._skipping and self._asset is None and "\\" not in text:
                fields = text.split("|")
                if len(fields) == 3 and fields[0][:19] == self._second and fields[1] and fields[1][0] != "@":
                    stamp, key, value = fields
                    fraction = stamp[20:-1]
                    plain = stamp[19:20] == "." and stamp[-1] == "Z" and fraction.isascii() and fraction.isdecimal()
                    if plain and key not in special and value[-1:] != "\r":
                        time = self._second_ns + int(fraction[:9].ljust(9, "0"))
                        out.append(Item(time, key, value, self._line))
                        continue
            self._whole(text.encode(), out)

    def close(self) -> list[ShdrEvent]:
        """Events of what is left when the stream ends: a last line without its line end, an unfinished asset."""
        out: list[ShdrEvent] = []
        if self._pending or self._skipping:
            self._line += 1
            raw, self._pending = self._pending, b""
            self._whole(raw, out)
        if self._asset is not None:
            asset, _, _, _ = self._asset
            self._asset = None
            out.append(Malformed(asset.line, asset.asset_id, "the multi-line asset never ended"))
        return out

    def _whole(self, raw: bytes, out: list[ShdrEvent]) -> None:
        if self._skipping or len(raw) > self._line_max:
            excerpt = self._skipping or self._excerpt(raw)
            self._skipping = ""
            out.append(Malformed(self._line, excerpt, f"longer than {self._line_max} bytes"))
            return
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as bad:
            out.append(Malformed(self._line, self._excerpt(raw), f"byte {bad.start} is not UTF-8"))
            return
        text = text.removesuffix("\r")
        if self._asset is not None:
            self._more_asset(text, out)
            return
        fields = text.split("|")
        if len(fields) == 3 and fields[1] and text[0] != "*" and fields[1][0] != "@" and "\\" not in text:
            self._item(text, fields[0], fields[1], fields[2], out)
        elif text.strip():
            self._other(text, out)

    def _excerpt(self, raw: bytes) -> str:
        return _cut(raw[: self._line_max].decode("utf-8", "replace"))

    def _item(self, text: str, stamp: str, key: str, value: str, out: list[ShdrEvent]) -> None:
        if key in self._conditions or key in self._messages:
            self._other(text, out)
            return
        try:
            time = self._time(stamp)
        except ValueError as bad:
            out.append(Malformed(self._line, _cut(text), str(bad)))
            return
        out.append(Item(time, key, value, self._line))

    def _time(self, stamp: str) -> int | None:
        """Nanoseconds of an RFC 3339 stamp; the second is remembered, since lines come many a second.

        Raises:
            ValueError: it is not one.
        """
        if not stamp:
            return None
        second, rest = stamp[:19], stamp[19:].partition("@")[0]
        if second != self._second:
            try:
                moment = datetime.fromisoformat(second).replace(tzinfo=UTC)
            except ValueError as bad:
                raise ValueError(f"`{_cut(stamp)}` is not a timestamp") from bad
            if len(second) != 19:
                raise ValueError(f"`{_cut(stamp)}` is not a timestamp")
            self._second, self._second_ns = second, int(moment.timestamp()) * 1_000_000_000
        rest = rest.removesuffix("Z")
        if not rest:
            return self._second_ns
        if rest[0] == "." and rest[1:].isdecimal() and rest.isascii():
            return self._second_ns + int(rest[1:10].ljust(9, "0"))
        return self._offset(second, rest, stamp)

    @staticmethod
    def _offset(second: str, rest: str, stamp: str) -> int:
        """A stamp that names an offset: rare, so it may be slow."""
        fraction = rest[1 : len(rest) - len(rest.lstrip(".0123456789"))] if rest[0] == "." else ""
        zone = rest[len(fraction) + 1 :] if fraction else rest
        try:
            moment = datetime.fromisoformat(second + zone)
        except ValueError as bad:
            raise ValueError(f"`{_cut(stamp)}` is not a timestamp") from bad
        if moment.tzinfo is None:
            raise ValueError(f"`{_cut(stamp)}` is not a timestamp")
        return int(moment.timestamp()) * 1_000_000_000 + int((fraction + "0" * 9)[:9])

    def _other(self, text: str, out: list[ShdrEvent]) -> None:
        """Everything but the plain `timestamp|key|value`."""
        if text.startswith("*"):
            out.append(self._command(text))
            return
        fields = _split(text)
        try:
            time = self._time(fields[0])
        except ValueError as bad:
            out.append(Malformed(self._line, _cut(text), str(bad)))
            return
        rest = fields[1:]
        if not rest:
            out.append(Malformed(self._line, _cut(text), "a timestamp alone says nothing"))
        elif rest[0].startswith("@"):
            self._begin_asset(time, rest, text, out)
        elif rest[0] in self._messages:
            out.append(Message(time, rest[0], rest[1] if len(rest) > 1 else "", "|".join(rest[2:]), self._line))
        elif rest[0] in self._conditions or (len(rest) == 6 and rest[1].upper() in LEVELS):
            self._condition(time, rest, text, out)
        else:
            self._pairs(time, rest, text, out)

    def _command(self, text: str) -> ShdrEvent:
        words = text[1:].strip()
        verb, _, rest = words.partition(" ")
        if verb == "PING":
            return Ping(self._line)
        if verb == "PONG":
            period = rest.strip()
            if period.isascii() and period.isdecimal():
                return Pong(int(period), self._line)
            return Malformed(self._line, _cut(text), "the heartbeat names no period in milliseconds")
        name, colon, value = words.partition(":")
        if not colon:
            return Malformed(self._line, _cut(text), "a command needs `name: value`")
        return Command(name.strip(), value.strip(), self._line)

    def _condition(self, time: int | None, rest: list[str], text: str, out: list[ShdrEvent]) -> None:
        level = rest[1].upper() if len(rest) > 1 else ""
        if level not in LEVELS:
            out.append(Malformed(self._line, _cut(text), f"`{_cut(level)}` is not the level of a condition"))
            return
        code, severity, qualifier = ([*rest[2:5], "", "", ""])[:3]
        out.append(Condition(time, rest[0], level, code, severity, qualifier, "|".join(rest[5:]), self._line))

    def _pairs(self, time: int | None, rest: list[str], text: str, out: list[ShdrEvent]) -> None:
        if len(rest) % 2 and not rest[-1]:
            rest = rest[:-1]  # a separator behind the last value says nothing
        for key, value in zip(rest[::2], rest[1::2], strict=False):
            if key:
                out.append(Item(time, key, value, self._line))
            else:
                out.append(Malformed(self._line, _cut(text), f"the value `{_cut(value)}` has no key"))
        if len(rest) % 2:
            out.append(Malformed(self._line, _cut(text), f"the key `{_cut(rest[-1])}` has no value"))

    def _begin_asset(self, time: int | None, rest: list[str], text: str, out: list[ShdrEvent]) -> None:
        action = rest[0].strip("@")
        ident, kind, body = ([*rest[1:3], "", ""])[0], ([*rest[1:3], "", ""])[1], "|".join(rest[3:])
        if action == "REMOVE_ALL_ASSETS":
            ident, kind = "", ident
        elif action not in {"ASSET", "UPDATE_ASSET", "REMOVE_ASSET"}:
            out.append(Malformed(self._line, _cut(text), f"`{_cut(rest[0])}` is no asset command"))
            return
        asset = Asset(time, action, ident, kind, body, self._line)
        if body.startswith(MULTILINE):
            self._asset = (asset, body, [], 0)
        else:
            out.append(asset)

    def _more_asset(self, text: str, out: list[ShdrEvent]) -> None:
        if self._asset is None:
            return
        asset, tag, lines, size = self._asset
        if text.strip() == tag.strip():
            self._asset = None
            if size > ASSET_MAX:
                out.append(Malformed(asset.line, asset.asset_id, f"the asset is longer than {ASSET_MAX} bytes"))
            else:
                out.append(asset._replace(body="\n".join(lines)))
            return
        size += len(text) + 1
        if size > ASSET_MAX:
            lines.clear()
        else:
            lines.append(text)
        self._asset = (asset, tag, lines, size)


def _cut(text: str) -> str:
    return text if len(text) <= EXCERPT_MAX else text[:EXCERPT_MAX] + "..."


def _split(text: str) -> list[str]:
    r"""Fields of a line; `\|` inside a field is a bar, and quotes around a field that holds one are taken away.

    >>> _split(r'a|"x\|y"|z')
    ['a', 'x|y', 'z']
    """
    if "\\|" not in text:
        return text.split("|")
    fields = [f.replace("\0", "|") for f in text.replace("\0", " ").replace("\\|", "\0").split("|")]
    return [f[1:-1] if "|" in f and len(f) > 1 and f[0] == f[-1] == '"' else f for f in fields]


def pong(period_ms: int) -> bytes:
    r"""The adapter's answer to a ping.

    >>> pong(10000)
    b'* PONG 10000\n'
    """
    return f"* PONG {period_ms}\n".encode()
