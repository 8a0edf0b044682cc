"""From SHDR events to observations: which signal a key feeds, in which type, and what its words mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from andon.core.readings import Origin, Value
from andon.protocols.events import BAD, GOOD, UNCERTAIN, Observation
from andon.protocols.shdr import UNAVAILABLE, Asset, Command, Condition, Item, Malformed, Message, Ping, Pong, ShdrEvent
from andon.site.model import Signal

NO_COMMUNICATION = 0x80310000
"""BadNoCommunication (OPC UA Part 4): what SHDR says as UNAVAILABLE."""
CONDITION_STATUS = {"NORMAL": GOOD, "WARNING": GOOD, "FAULT": GOOD, UNAVAILABLE: NO_COMMUNICATION}
ADDRESS = re.compile(r"^(?P<key>[^{}]+?)\s*(?:\{(?P<words>[^{}]*)\})?$")


@dataclass(frozen=True, slots=True)
class Feed:
    """One signal that a key feeds."""

    address: str
    """As it stands in signals.csv."""
    type: str
    words: Mapping[str, str] | None = None
    """The source's word to the site's; None where the text is taken as it is."""

    def value(self, text: str) -> tuple[Value | None, int]:
        """The value in the signal's type and its status. What does not fit stays text, for sync to set aside."""
        if self.type == "float" and self.words is None:
            try:
                return float(text), GOOD
            except ValueError:
                pass  # UNAVAILABLE, or text that sync sets aside
        if text.upper() == UNAVAILABLE:
            return None, NO_COMMUNICATION
        if self.words is not None:
            word = self.words.get(text)
            return (None, BAD) if word is None else (word, GOOD)
        return typed(text, self.type), GOOD


def typed(text: str, kind: str) -> Value:
    """Text in a signal's declared type, or the text itself where it is none.

    >>> typed("42.000000", "int"), typed("3.5", "int"), typed("ON", "bool"), typed("x", "float")
    (42, '3.5', True, 'x')
    """
    if kind == "string":
        return text
    if kind == "bool":
        return {"TRUE": True, "ON": True, "1": True, "FALSE": False, "OFF": False, "0": False}.get(text.upper(), text)
    try:
        number = float(text)
    except ValueError:
        return text
    if kind == "float":
        return number
    return int(number) if number.is_integer() else text


def parse_address(address: str) -> tuple[str, dict[str, str] | None]:
    """Key and word table of a signal's address.

    Raises:
        ValueError: neither `key` nor `key{WORD=word;WORD=word}`.

    >>> parse_address("Hurco02:Program_Status{ACTIVE=running;STOPPED=down}")
    ('Hurco02:Program_Status', {'ACTIVE': 'running', 'STOPPED': 'down'})
    >>> parse_address("Hurco02:Feed_Rate")
    ('Hurco02:Feed_Rate', None)
    """
    match = ADDRESS.match(address)
    if match is None:
        raise ValueError(f"`{address}` is no SHDR address; write `key` or `key{{WORD=word;WORD=word}}`")
    if match["words"] is None:
        return match["key"], None
    words: dict[str, str] = {}
    for pair in filter(None, (p.strip() for p in match["words"].split(";"))):
        theirs, equals, ours = (part.strip() for part in pair.partition("="))
        if not equals or not theirs or theirs in words:
            raise ValueError(f"`{pair}` in `{address}` is no `WORD=word`, or says a word twice; write each once")
        words[theirs] = ours
    return match["key"], words


@dataclass(slots=True)
class Tally:
    """What came that is no observation, counted; the latest few malformed lines to look at."""

    malformed: int = 0
    messages: int = 0
    assets: int = 0
    commands: int = 0
    examples: list[Malformed] = field(default_factory=list)

    EXAMPLES_MAX = 20


class Feeds:
    """The keys of one source and the signals that they feed. Keys that feed none pass on, for sync to count."""

    def __init__(self, source: str, signals: Iterable[Signal], *, origin: Origin = Origin.MEASURED) -> None:
        """Read the addresses of the signals of `source`.

        Raises:
            ValueError: an address cannot be read.
        """
        self.source = source
        self.origin = origin
        self.tally = Tally()
        self._by_key: dict[str, tuple[Feed, ...]] = {}
        self._known: dict[str, dict[str, tuple[Feed, ...]]] = {}
        self._sequence = 0
        for signal in signals:
            if signal.source == source:
                key, words = parse_address(signal.address)
                self._by_key[key] = (*self._by_key.get(key, ()), Feed(signal.address, signal.type, words))

    def observations(self, events: Iterable[ShdrEvent], received: int | None, prefix: str = "") -> list[Observation]:
        """Observations of a batch of events, in order.

        Args:
            events: what the parser gave.
            received: when they arrived, nanoseconds of site time; None in a replay from files, where each arrives at
                its own source time.
            prefix: device prefix of keys that carry none, such as `Hurco02:`.
        """
        out: list[Observation] = []
        known = self._known.get(prefix)
        if known is None:
            known = self._known[prefix] = self._as_written(prefix)
        for event in events:
            self._sequence += 1
            if event.__class__ is not Item:
                self._rare(event, received, prefix, out)
                continue
            time, key, text, _ = event
            feeds = known.get(key)
            if feeds is None or time is None:
                self._item(event, received, prefix, out)
                continue
            at = time if received is None else received
            for feed in feeds:
                value, status = feed.value(text)
                out.append(
                    Observation(
                        self.source, feed.address, value, time, None, at, status, None, self.origin, self._sequence
                    )
                )
        return out

    def _as_written(self, prefix: str) -> dict[str, tuple[Feed, ...]]:
        """Declared keys as a log of that device writes them."""
        known = {key: feeds for key, feeds in self._by_key.items() if ":" in key or not prefix}
        bare = {key.removeprefix(prefix): feeds for key, feeds in self._by_key.items() if key.startswith(prefix)}
        return known | {key: feeds for key, feeds in bare.items() if ":" not in key}

    def _item(self, item: Item, received: int | None, prefix: str, out: list[Observation]) -> None:
        time, key, text, _ = item
        at = received if received is not None else (time or 0)
        feeds = self._by_key.get(prefix + key if prefix and ":" not in key else key)
        if feeds is None:
            # an undeclared key: the store counts it by this address
            name = prefix + key if prefix and ":" not in key else key
            out.append(self._say(name, text, time, at, GOOD))
            return
        for feed in feeds:
            value, status = feed.value(text)
            out.append(self._say(feed.address, value, time, at, status))

    def _say(self, address: str, value: Value | None, time: int | None, at: int, status: int) -> Observation:
        if time is None:
            time = at  # the adapter leaves the stamp to its reader, and says so by leaving it out
            status = status or UNCERTAIN
        return Observation(self.source, address, value, time, None, at, status, None, self.origin, self._sequence)

    def _rare(self, event: ShdrEvent, received: int | None, prefix: str, out: list[Observation]) -> None:
        match event:
            case Condition():
                words = " ".join(w for w in (event.level, event.native_code, event.qualifier, event.text) if w)
                self._item(Item(event.time, event.key, words, event.line), received, prefix, out)
            case Message():
                self.tally.messages += 1
                self._item(Item(event.time, event.key, event.text, event.line), received, prefix, out)
            case Malformed():
                self.tally.malformed += 1
                if len(self.tally.examples) < Tally.EXAMPLES_MAX:
                    self.tally.examples.append(event)
            case Asset():
                self.tally.assets += 1
            case Command() | Ping() | Pong():
                self.tally.commands += 1
            case Item():
                self._item(event, received, prefix, out)
