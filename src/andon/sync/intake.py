"""One observation at a time: judged by the table, then accepted, taken as a repetition, or set aside."""

from __future__ import annotations

from typing import Any

from andon.core.readings import Origin, Quality, Reading, Value
from andon.core.time import Nanos
from andon.protocols.events import Down, Observation
from andon.protocols.opcua import overflowed
from andon.site.model import Site, Source
from andon.sync.columns import BOOL, FLOAT, NEVER, ORIGIN_CODES, STRING, Columns
from andon.sync.quarantine import SHOWN_MAX, Case, Held, Quarantined, Tally, judge, plain, shown

TIME_BELOW = 2**63
"""Nanoseconds since 1970 that a column can hold: the year 2262."""


def live_origins(source: Source) -> frozenset[Origin]:
    """What a source may truthfully state: a live one measures, a replay replays, and nothing simulated enters state."""
    return frozenset({Origin.REPLAYED}) if source.kind == "replay" else frozenset({Origin.MEASURED, Origin.REPLAYED})


def _or_none(at: Any) -> int | None:
    return None if at == NEVER else int(at)


def believable(at: int | None) -> bool:
    """Whether a time can be one at all: after 1970, and before the columns end."""
    return at is None or 0 < at < TIME_BELOW


def _sane(seen: Observation) -> Observation:
    """Without times that cannot be: a server's is not needed, and of Bad only the status is news."""
    if not believable(seen.server_time):
        seen = seen._replace(server_time=None)
    if not believable(seen.source_time) and Quality.of_status(seen.status) is Quality.BAD:
        seen = seen._replace(source_time=None)
    return seen


class Intake:
    """The slow and defining path into the columns."""

    def __init__(self, site: Site, columns: Columns, down: dict[str, Down], tally: Tally, skew: int) -> None:
        self.columns = columns
        self.down = down
        self.tally = tally
        self.skew = skew
        self.origins = {s.id: live_origins(s) for s in site.sources}

    def one(self, seen: Observation) -> Reading | Quarantined | None:
        """What an observation came to: a reading, set aside, or None for a repetition that was vouched for anew."""
        if overflowed(seen.status):
            self.tally.count(plain(seen.source), plain(seen.address), "overflow")
        if seen.source not in self.origins:
            return self._aside(
                seen, None, "undeclared-source", "no source of that id in sources.yaml; find out who sends"
            )
        seen = _sane(seen)
        i = self.columns.by_address.get((seen.source, seen.address))
        if i is None:
            text = f"no signal of `{seen.source}` has the address `{seen.address:.80}`; add it to signals.csv"
            return self._aside(seen, None, "undeclared-signal", text)
        case = Case(self.columns.signals[i], seen, self._held(i), self.origins[seen.source], self.skew)
        rule = judge(case)
        if rule is None:
            return self._accept(i, case)
        text = rule.sentence(case)
        if rule.voids:
            self.columns.refuse(i, plain(f"{rule.name}: {text}"))
        return self._aside(seen, case.signal.id, rule.name, text)

    def _held(self, i: int) -> Held:
        c = self.columns
        return Held(
            value=c.value(i),
            value_time=_or_none(c.value_time[i]),
            sequence=int(c.sequence[i]),
            server_time=_or_none(c.server_time[i]),
            status=int(c.status[i]),
            awaiting=bool(c.awaiting[i]),
        )

    def _aside(self, seen: Observation, signal: str | None, reason: str, text: str) -> Quarantined:
        item = Quarantined(
            plain(seen.source[:SHOWN_MAX]),
            signal or "",
            plain(seen.address[:SHOWN_MAX]),
            reason,
            plain(text),
            shown(seen.value),
            seen.source_time,
            seen.received_time,
        )
        self.tally.add(item)
        return item

    def _accept(self, i: int, case: Case) -> Reading | None:
        """Write an observation that no rule caught; None when it only vouches for what is held."""
        c, seen, held = self.columns, case.seen, case.held
        stamped = seen.source_time
        if case.bad:
            news = not c.seen[i] or seen.status != held.status or stamped not in {None, _or_none(c.source_time[i])}
            stamped = stamped or seen.server_time or seen.received_time
        else:
            newer = held.value_time is None or (stamped or 0, seen.sequence) > (held.value_time, held.sequence)
            newer = newer or not case.same_value
            news = newer or seen.status != held.status
            if newer:
                self._take_value(i, seen, stamped or 0)
        if news:
            c.source_time[i] = stamped or 0
            c.status[i] = seen.status
            c.origin[i] = ORIGIN_CODES[seen.origin]
        c.server_time[i] = NEVER if seen.server_time is None else seen.server_time
        c.received[i] = seen.received_time
        c.alive[i] = max(int(c.alive[i]), seen.received_time)
        c.seen[i] = True
        c.refused[i] = c.awaiting[i] = False
        self.down.pop(seen.source, None)
        if not news:
            self.tally.count(seen.source, case.signal.id, "repeated")
            return None
        quality = Quality.of_status(seen.status)
        return Reading(
            signal=case.signal.id,
            value=self._nothing(i) if case.bad else typed(int(c.kind[i]), seen.value),
            source_time=Nanos(stamped or 0),
            server_time=Nanos(seen.server_time or 0),
            received_time=Nanos(seen.received_time),
            quality=quality,
            origin=seen.origin,
            status=seen.status,
        )

    def _take_value(self, i: int, seen: Observation, stamped: int) -> None:
        c, value = self.columns, seen.value
        if c.watched[i] and isinstance(value, int | float):
            c.moved(i, float(value), stamped)
        if isinstance(value, str):
            c.text[i] = value
        elif value is not None:
            c.number[i] = value
        c.value_time[i], c.sequence[i], c.has_value[i] = stamped, seen.sequence, True

    def _nothing(self, i: int) -> Value:
        """What a Bad reading carries: never an old value."""
        return "" if self.columns.kind[i] == STRING else float("nan")


def typed(kind: int, value: Value | None) -> Value:
    """An accepted value in its declared type.

    >>> typed(1, 3.0), typed(FLOAT, 3)
    (3, 3.0)
    """
    if kind == STRING or isinstance(value, str) or value is None:
        return str(value)
    if kind == FLOAT:
        return float(value)
    return bool(value) if kind == BOOL else int(value)
