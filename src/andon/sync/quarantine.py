"""What is set aside, and why: one table of rules, and counts of everything that a rule ever caught."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from andon.core.readings import Origin, Quality, Value
from andon.core.time import iso, nanos, seconds
from andon.protocols.events import Observation
from andon.site.model import Signal

LATEST_MAX = 500
"""How many set-aside observations are kept to look at; the counts are complete however many there were."""
TALLY_KEYS_MAX = 10_000
"""Distinct (source, signal, reason) counted apart; beyond it names that a hostile source invents share one row."""
FUTURE_SKEW_S = 5.0
"""How far a source's clock may be ahead of ours, seconds of site time."""
SCALES = (1e3, 1e-3, 1e6, 1e-6, 1e2, 1e-2, 10.0, 0.1, 60.0, 1 / 60, 3600.0, 1 / 3600, 25.4, 1 / 25.4)
"""Factors that a forgotten conversion leaves: milli, micro, centi, deci, minutes, hours, inches."""
INT_BELOW = 2**64
"""Integers beyond it are no counts of anything; state holds integers exactly below 2**53."""
TEXT_MAX = 4_096
"""Characters of a text value."""
SHOWN_MAX = 200
"""Characters of a value that was set aside that are kept to look at."""
SCALE_NEAR = 0.2
"""A rescaled value that lands within this fraction of the last one suggests a forgotten conversion."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds for a signal when the next observation is judged."""

    value: Value | None
    """The last accepted value; None before the first."""
    value_time: int | None
    """Source time of the last accepted value."""
    sequence: int
    server_time: int | None
    status: int
    awaiting: bool
    """The source was lost since, so that a repetition is news."""


@dataclass(frozen=True, slots=True)
class Case:
    """One observation to be judged, with everything that a rule may look at."""

    signal: Signal
    seen: Observation
    held: Held
    live_origins: frozenset[Origin]
    """Origins that this source may truthfully state."""
    skew: int
    """Nanoseconds that a source may be ahead."""

    @property
    def bad(self) -> bool:
        """The source itself calls the value unusable: then only its status is news."""
        return Quality.of_status(self.seen.status) is Quality.BAD

    @property
    def same_value(self) -> bool:
        """The value is the held one, bit for bit."""
        return self.held.value is not None and self.held.value == self.seen.value


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to set an observation aside."""

    name: str
    caught: Callable[[Case], bool]
    sentence: Callable[[Case], str]
    voids: bool = True
    """The held value may no longer be what the source says, so that it is not current until the next accepted one."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One observation that did not enter state, and why."""

    source: str
    signal: str
    """Signal id; empty where the address belongs to none."""
    address: str
    reason: str
    """Name of the rule, for scripts and counts."""
    why: str
    """One sentence: what is wrong; what to do."""
    value: Value | None
    source_time: int | None
    at: int
    """When it arrived, nanoseconds of site time."""

    def as_json(self) -> dict[str, Any]:
        """The same as JSON; a value that JSON cannot carry is given as text."""
        value = self.value
        if isinstance(value, float) and not math.isfinite(value):
            value = str(value)
        return {
            "source": self.source,
            "signal": self.signal,
            "address": self.address,
            "reason": self.reason,
            "why": self.why,
            "value": value,
            "source_time": None if self.source_time is None else _when(self.source_time),
            "at": _when(self.at),
        }


def _when(at: int) -> str:
    """RFC 3339, or the bare number where a hostile timestamp is beyond the calendar."""
    try:
        return iso(at)
    except (ValueError, OverflowError, OSError):
        return f"{at} ns"


def fits(declared: str, value: object) -> bool:
    """Whether a value is of a signal's declared type. An integral float is an int; a bool is never a number.

    >>> fits("int", 3.0), fits("float", 3), fits("float", True), fits("string", 3)
    (True, True, False, False)
    """
    if isinstance(value, bool):
        return declared == "bool"
    if isinstance(value, int):
        return declared in {"int", "float"} and abs(value) < INT_BELOW
    if isinstance(value, float):
        return declared == "float" or (declared == "int" and value.is_integer())
    return declared == "string" and isinstance(value, str)


def readable(text: str) -> bool:
    """Whether a text is short enough and can be written down: a lone half of a surrogate pair cannot.

    >>> readable("run"), readable(chr(0xD800)), readable("x" * 5000)
    (True, False, False)
    """
    return len(text) <= TEXT_MAX and (text.isascii() or plain(text) == text)


def plain(text: str) -> str:
    """A text that can be written down, whatever came; what cannot becomes `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def shown(value: object) -> Value | None:
    """A value as it is kept to look at: JSON can carry it, and it is not long whatever a source sends.

    >>> shown(10**5000), shown([1, 2]), shown("x" * 9999) == "x" * 200
    ('an int of 16610 bits', '[1, 2]', True)
    """
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < INT_BELOW else f"an int of {value.bit_length()} bits"
    return plain(value[:SHOWN_MAX] if isinstance(value, str) else repr(value)[:SHOWN_MAX])


def same_unit(said: str | None, declared: str) -> bool:
    """Whether what a source says of its unit agrees with the declared one; saying nothing agrees with everything.

    >>> same_unit(None, "mm"), same_unit("1", ""), same_unit("m", "mm")
    (True, True, False)
    """
    return said is None or said == declared or {said, declared} <= {"", "1"}


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _not_finite(case: Case) -> bool:
    return isinstance(case.seen.value, float) and not math.isfinite(case.seen.value)


def _inside(signal: Signal, value: float) -> bool:
    return not ((signal.low is not None and value < signal.low) or (signal.high is not None and value > signal.high))


def _outside(case: Case) -> bool:
    value = _number(case.seen.value)
    return value is not None and not _inside(case.signal, value)


def likely_scale(case: Case) -> float | None:
    """The factor that would bring an out-of-range value back beside the last one, if there is one."""
    value, last = _number(case.seen.value), _number(case.held.value)
    if value is None or not last or not _outside(case):
        return None
    near = (f for f in SCALES if abs(value * f - last) <= SCALE_NEAR * abs(last))
    return next((f for f in near if _inside(case.signal, value * f)), None)


def _range(signal: Signal) -> str:
    low = "" if signal.low is None else f"{signal.low:g}"
    high = "" if signal.high is None else f"{signal.high:g}"
    return f"{low}..{high} {signal.unit}".strip()


def _scale_sentence(case: Case) -> str:
    factor = likely_scale(case) or 1.0
    value = _number(case.seen.value) or 0.0
    return (
        f"`{value:g}` is outside {_range(case.signal)}, and {value * factor:g} would be beside the last value: "
        f"the source may send another scale (factor {factor:g}); correct its unit"
    )


def _same_moment(case: Case) -> bool:
    """Not newer by source time, nor by the source's own order within it."""
    seen, held = case.seen, case.held
    return held.value_time is not None and seen.source_time == held.value_time and seen.sequence <= held.sequence


def server_is_newer(case: Case) -> bool:
    """The server vouches for the value again, later than before."""
    seen, held = case.seen.server_time, case.held.server_time
    return seen is not None and (held is None or seen > held)


def _server_is_older(case: Case) -> bool:
    seen, held = case.seen.server_time, case.held.server_time
    return seen is not None and held is not None and seen < held


def _second_in_a_tick(case: Case) -> bool:
    """A coarse clock: the server vouches for another value later, and the source time is no older than fresh."""
    age = case.seen.received_time - (case.seen.source_time or 0)
    return server_is_newer(case) and age <= nanos(case.signal.fresh_s)


def _backward(case: Case) -> bool:
    seen, held = case.seen, case.held
    if seen.source_time is None or held.value_time is None:
        return False
    if seen.source_time < held.value_time:
        return True
    if seen.source_time > held.value_time or seen.sequence > held.sequence:
        return False
    return seen.status != held.status and _server_is_older(case)


def _duplicate(case: Case) -> bool:
    """The very same again, with nobody vouching for it anew."""
    if case.held.awaiting or server_is_newer(case) or case.seen.status != case.held.status:
        return False
    return _same_moment(case) and (case.same_value or case.bad)


RULES: tuple[Rule, ...] = (
    Rule(
        "simulated-as-live",
        lambda c: c.seen.origin not in c.live_origins,
        lambda c: (
            f"the source states `{c.seen.origin.value}` data where the site declares a live one; "
            "mark the source `virtual: true` or connect the real one"
        ),
    ),
    Rule(
        "wrong-type",
        lambda c: not c.bad and not fits(c.signal.type, c.seen.value),
        lambda c: (
            f"`{shown(c.seen.value)!s:.40}` is a {type(c.seen.value).__name__}, "
            f"the signal is declared {c.signal.type}; correct the type in signals.csv or the address"
        ),
    ),
    Rule(
        "unreadable-text",
        lambda c: isinstance(c.seen.value, str) and not readable(c.seen.value),
        lambda c: (
            f"a text of {len(str(c.seen.value))} characters that is no Unicode or longer than {TEXT_MAX}; "
            "see what the source sends"
        ),
    ),
    Rule(
        "not-a-number",
        lambda c: not c.bad and _not_finite(c),
        lambda c: f"the value is {c.seen.value}; repair the sensor or its converter",
    ),
    Rule(
        "null-timestamp",
        lambda c: not c.bad and (c.seen.source_time is None or c.seen.source_time <= 0),
        lambda _: "no source timestamp; let the source stamp its values",
    ),
    Rule(
        "future",
        lambda c: c.seen.source_time is not None and c.seen.source_time > c.seen.received_time + c.skew,
        lambda c: (
            f"source time is {seconds((c.seen.source_time or 0) - c.seen.received_time):.1f} s ahead, more than the "
            f"{seconds(c.skew):g} s allowed; set the source's clock"
        ),
    ),
    Rule(
        "wrong-unit",
        lambda c: not c.bad and not same_unit(c.seen.unit, c.signal.unit),
        lambda c: (
            f"the source says `{c.seen.unit}`, signals.csv says `{c.signal.unit}`; "
            "make them agree, nothing is converted"
        ),
    ),
    Rule("wrong-scale", lambda c: not c.bad and likely_scale(c) is not None, _scale_sentence),
    Rule(
        "out-of-range",
        lambda c: not c.bad and _outside(c),
        lambda c: f"`{c.seen.value}` is outside {_range(c.signal)}; repair the sensor or widen low and high",
    ),
    Rule(
        "duplicate",
        _duplicate,
        lambda _: "the same observation arrived again; the network or a gateway repeats",
        voids=False,
    ),
    Rule(
        "replayed",
        lambda c: not c.bad and _same_moment(c) and not c.same_value and not _second_in_a_tick(c),
        lambda c: (
            f"another value, `{shown(c.seen.value)!s:.40}`, under a source time already used; "
            "look for a replay or a clock that is too coarse"
        ),
    ),
    Rule(
        "backward",
        _backward,
        lambda c: (
            f"source time is {seconds((c.held.value_time or 0) - (c.seen.source_time or 0)):.3f} s before the last; "
            "look for a late packet, a replay, or a clock that was set back"
        ),
    ),
)
"""In the order in which they are tried; the first that catches names the reason."""


def judge(case: Case) -> Rule | None:
    """The first rule that catches the observation, or None when it may enter state."""
    return next((rule for rule in RULES if rule.caught(case)), None)


class Tally:
    """Counts by (source, signal, reason), and the latest few to look at. Nothing is dropped without a count."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], int] = {}
        self._latest: deque[Quarantined] = deque(maxlen=LATEST_MAX)

    def add(self, item: Quarantined) -> None:
        """Count one, and keep it among the latest."""
        self.count(item.source, item.signal or item.address, item.reason)
        self.example(item)

    def example(self, item: Quarantined) -> None:
        """Keep one among the latest, already counted."""
        self._latest.append(item)

    def count(self, source: str, signal: str, reason: str, times: int = 1) -> None:
        """Count without keeping an example."""
        key = (source, signal, reason)
        if key not in self._counts and len(self._counts) >= TALLY_KEYS_MAX:
            key = ("*", "*", reason)
        self._counts[key] = self._counts.get(key, 0) + times

    def counts(self) -> dict[tuple[str, str, str], int]:
        """(source, signal or address, reason) to how many."""
        return dict(self._counts)

    def latest(self) -> tuple[Quarantined, ...]:
        """The last few, oldest first."""
        return tuple(self._latest)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The counts as JSON rows, the most frequent first."""
        for (source, signal, reason), n in sorted(self._counts.items(), key=lambda kv: (-kv[1], kv[0])):
            yield {"source": source, "signal": signal, "reason": reason, "count": n}
