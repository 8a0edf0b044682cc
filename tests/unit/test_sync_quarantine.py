"""Every reason to set an observation aside, one row each; and that nothing which is set aside goes uncounted."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from andon.core.readings import Origin
from andon.core.time import SECOND
from andon.protocols.events import Observation
from andon.site.model import Signal, Site, Source
from andon.sync import quarantine
from andon.sync.store import StateStore

T = 1_700_000_000 * SECOND
S = SECOND


def site_of(*signals: Signal, sources: tuple[Source, ...] | None = None) -> Site:
    names = ("areas", "elements", "stations", "buffers", "crews", "fleets", "products", "curves", "demand")
    empty: dict[str, Any] = dict.fromkeys((*names, "shifts", "assumptions", "uses", "people", "purposes"), ())
    sources = sources or (
        Source(id="plant", kind="opcua", url="opc.tcp://127.0.0.1:4840"),
        Source(id="logs", kind="replay", url="file:logs"),
    )
    return Site(name="t", time_zone="UTC", release=None, signals=signals, sources=sources, digests={}, **empty)


def signal(name: str, kind: str = "float", **more: Any) -> Signal:
    settings = {"element": name.partition(".")[0], "source": "plant", "period_s": 1, "fresh_s": 10, **more}
    return Signal(id=name, address=f"ns=2;s={name}", type=kind, **settings)


SITE = site_of(
    signal("oven.temperature", unit="Cel", low=0, high=300),
    signal("tank.depth", unit="m", low=0, high=20),
    signal("oven.count", "int", low=0, high=1000),
    signal("oven.remote", "bool"),
    signal("oven.state", "string"),
    signal("log.state", "string", source="logs"),
)


def seen(name: str = "oven.temperature", value: Any = 180.0, at: int | None = T, **more: Any) -> Observation:
    settings = {"source": "plant", "server_time": at, "received_time": (at or T) + S // 100, **more}
    return Observation(address=f"ns=2;s={name}", value=value, source_time=at, **settings)


@dataclass
class Row:
    reason: str
    caught: Observation
    before: list[Observation] = field(default_factory=list)
    says: str = ""
    current: bool = False
    """Whether the value before it may still be called current."""


HELD = [seen()]
ROWS = {
    "null time stamp": Row("null-timestamp", seen(at=None, received_time=T + S), HELD, "no source timestamp"),
    "zero time stamp": Row("null-timestamp", seen(at=0, received_time=T + S), HELD),
    "NaN": Row("not-a-number", seen(value=math.nan, at=T + S), HELD, "the value is nan; repair the sensor"),
    "plus infinity": Row("not-a-number", seen(value=math.inf, at=T + S), HELD),
    "minus infinity": Row("not-a-number", seen(value=-math.inf, at=T + S), HELD),
    "above high": Row("out-of-range", seen(value=300.5, at=T + S), HELD, "`300.5` is outside 0..300 Cel"),
    "below low": Row("out-of-range", seen(value=-0.1, at=T + S), HELD),
    "another unit": Row("wrong-unit", seen(value=450.0, at=T + S, unit="K"), HELD, "says `K`, signals.csv says `Cel`"),
    "millimetres for metres": Row(
        "wrong-scale", seen("tank.depth", 12_480.0, T + S), [seen("tank.depth", 12.5)], "12.48 would be beside the last"
    ),
    "scale unknown before a first value": Row("out-of-range", seen("tank.depth", 12_480.0, T + S)),
    "text for a number": Row("wrong-type", seen(value="180", at=T + S), HELD, "a str, the signal is declared float"),
    "bool for a number": Row("wrong-type", seen(value=True, at=T + S), HELD),
    "fraction for an int": Row("wrong-type", seen("oven.count", 3.5, T + S), [seen("oven.count", 3)]),
    "number for a bool": Row("wrong-type", seen("oven.remote", 1, T + S), [seen("oven.remote", True)]),
    "number for text": Row("wrong-type", seen("oven.state", 1, T + S), [seen("oven.state", "idle")]),
    "array for a number": Row("wrong-type", seen(value=[1.0, 2.0], at=T + S), HELD),
    "an absurdly large int": Row("wrong-type", seen("oven.count", 10**5000, T + S), [seen("oven.count", 3)]),
    "bytes for a number": Row("wrong-type", seen(value=b"180", at=T + S), HELD),
    "endless text": Row(
        "unreadable-text", seen("oven.state", "x" * 10_000, T + S), [seen("oven.state", "idle")], "10000 characters"
    ),
    "half a character": Row("unreadable-text", seen("oven.state", "a\ud800", T + S), [seen("oven.state", "idle")]),
    "an address that is no text": Row("undeclared-signal", seen("\ud800" * 500, 1.0)),
    "nothing for a number": Row("wrong-type", seen(value=None, at=T + S), HELD),
    "undeclared source": Row("undeclared-source", seen(source="spoofed", at=T + S), HELD, "sources.yaml", current=True),
    "undeclared signal": Row("undeclared-signal", seen("oven.secret", 1.0, T + S), HELD, "signals.csv", current=True),
    "signal of another source": Row("undeclared-signal", seen("oven.state", "idle", source="logs"), current=True),
    "exact duplicate": Row("duplicate", seen(), HELD, "arrived again", current=True),
    "duplicate long after": Row("duplicate", seen(received_time=T + 5 * S), HELD, current=True),
    "replayed with another value": Row("replayed", seen(value=181.0), HELD, "a source time already used"),
    "clock that stands still": Row(
        "replayed", seen(value=181.0, server_time=T + 60 * S, received_time=T + 60 * S), HELD, "too coarse"
    ),
    "older with another value": Row("backward", seen(value=170.0, at=T - S), HELD, "1.000 s before the last"),
    "older with the same value": Row("backward", seen(at=T - S), HELD),
    "older Bad": Row("backward", seen(value=None, at=T - S, status=0x80000000), HELD),
    "older status by the server": Row("backward", seen(status=0x40000000, server_time=T - S), HELD),
    "future": Row(
        "future", seen(at=T + 60 * S, received_time=T), HELD, "source time is 60.0 s ahead, more than the 5 s allowed"
    ),
    "future Bad": Row("future", seen(value=None, at=T + 60 * S, received_time=T, status=0x80000000), HELD),
    "absurd future": Row("future", seen(at=2**80, received_time=T), HELD),
    "simulated as live": Row("simulated-as-live", seen(at=T + S, origin=Origin.SIMULATED), HELD, "virtual: true"),
    "inferred as live": Row("simulated-as-live", seen(at=T + S, origin=Origin.INFERRED), HELD),
    "live tag on a replay": Row("simulated-as-live", seen("log.state", "idle", source="logs")),
}


def padding(n: int) -> list[Observation]:
    """Clean observations of another signal, so that the batch is large enough for the path over columns."""
    return [seen("tank.depth", 5.0 + k / 1000, T - 100 * S + k) for k in range(n)]


@pytest.mark.parametrize("batch", [1, 40])
@pytest.mark.parametrize("name", ROWS)
def test_each_reason_is_found_named_and_counted(name: str, batch: int) -> None:
    row = ROWS[name]
    store = StateStore(SITE)
    assert store.apply(row.before, T).quarantined == []
    before = [(v.value, v.source_time) for v in store.views(T)]
    if batch > 1 and row.caught.address != "ns=2;s=tank.depth":
        done = store.apply([*padding(batch - 1), row.caught], T)
    else:
        done = store.apply([row.caught], T)
    [item] = done.quarantined
    assert item.reason == row.reason
    assert row.says in item.why
    assert ";" in item.why
    assert item.why[0].islower() or item.why[0] == "`"
    assert sum(store.counts().values()) == 1
    after = [(v.value, v.source_time) for v in store.views(T) if v.signal != "tank.depth"]
    assert after == [b for b, s in zip(before, SITE.signals, strict=True) if s.id != "tank.depth"]
    assert len(json.dumps(item.as_json(), ensure_ascii=False).encode()) < 1500


@pytest.mark.parametrize("name", [n for n in ROWS if ROWS[n].before])
def test_what_was_set_aside_never_leaves_the_old_value_looking_current(name: str) -> None:
    row = ROWS[name]
    store = StateStore(SITE)
    store.apply([*row.before, row.caught], T)
    held = row.before[0].address.rpartition("s=")[2]
    store.alive("plant", T + S)
    view = store.view(held, T + S)
    assert view is not None
    assert view.fresh is row.current
    assert row.current or "set aside" in view.why


def test_every_rule_of_the_table_has_a_row() -> None:
    assert {rule.name for rule in quarantine.RULES} <= {row.reason for row in ROWS.values()}


ACCEPTED = {
    "a newer value": (seen(), seen(value=181.0, at=T + S)),
    "an unchanged value, newer": (seen(), seen(at=T + S)),
    "a little ahead of our clock": (seen(), seen(at=T + 4 * S, received_time=T)),
    "a unit that agrees": (seen(), seen(value=181.0, at=T + S, unit="Cel")),
    "an int where a float is declared": (seen(), seen(value=181, at=T + S)),
    "an integral float where an int is declared": (seen("oven.count", 1), seen("oven.count", 2.0, T + S)),
    "the edge of the range": (seen(), seen(value=300.0, at=T + S)),
    "a second value within one tick of a coarse clock": (seen(), seen(value=181.0, server_time=T + 1)),
    "a later line of one log second": (seen(), seen(value=181.0, server_time=None, sequence=7)),
    "a status change without a value change": (seen(), seen(status=0x40900000, server_time=T + S)),
    "a server time that cannot be": (seen(), seen(value=181.0, at=T + S, server_time=2**80)),
    "Bad at a time that cannot be": (seen(), seen(value=None, at=-(2**70), received_time=T, status=0x80050000)),
    "Bad without any time of its own": (seen(), seen(value=None, at=None, status=0x80050000)),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_right_is_not_set_aside(name: str) -> None:
    first, second = ACCEPTED[name]
    store = StateStore(SITE)
    done = store.apply([first, second], T)
    assert done.quarantined == []
    assert len(done.readings) == 2


def test_a_repetition_that_the_server_vouches_for_is_no_duplicate_and_no_news() -> None:
    store = StateStore(SITE)
    done = store.apply([seen(), seen(server_time=T + S, received_time=T + S)], T)
    assert (len(done.readings), done.quarantined) == (1, [])
    view = store.view("oven.temperature", T + S)
    assert view is not None
    assert (view.server_time, view.age_s) == (T + S, 0.0)


def test_names_that_a_hostile_source_invents_do_not_grow_the_counts_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "TALLY_KEYS_MAX", 10)
    store = StateStore(SITE)
    store.apply([seen(f"oven.x{k}", 1.0) for k in range(50)], T)
    counts = store.counts()
    assert len(counts) == 11
    assert counts["*", "*", "undeclared-signal"] == 40
    assert sum(counts.values()) == 50


def test_the_examples_kept_are_bounded_and_the_counts_are_not() -> None:
    store = StateStore(SITE)
    many = quarantine.LATEST_MAX + 100
    store.apply([seen(value=math.nan, at=T + k) for k in range(many)], T)
    assert len(store.quarantined()) == quarantine.LATEST_MAX
    assert store.counts() == {("plant", "oven.temperature", "not-a-number"): many}
