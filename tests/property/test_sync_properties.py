"""State as a fold over the stream: however it is cut or repeated, the same stream gives the same state."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from andon.core.readings import Origin, Quality
from andon.core.time import SECOND
from andon.protocols.events import Alive, Down, Event, Observation, Overflow, Restarted
from andon.site.model import Signal, Site, Source
from andon.sync.batch import SLOW_BELOW
from andon.sync.store import StateStore

T = 1_700_000_000 * SECOND
KINDS = ("float", "int", "bool", "string")
VALUES: dict[str, list[Any]] = {
    "float": [0.0, 1.5, 1.5, 2.5, 9.0, 9_000.0, -1.0, math.nan, math.inf, 3, "x", None],
    "int": [0, 1, 2, 2, 3.0, 3.5, 10**30, 10**400, True, b"x", None],
    "bool": [True, False, 1, None],
    "string": ["idle", "running", "", 4, None, [1], "x" * 5000, "\ud800", "läuft"],
}


def site() -> Site:
    names = ("areas", "elements", "stations", "buffers", "crews", "fleets", "products", "curves", "demand")
    empty: dict[str, Any] = dict.fromkeys((*names, "shifts", "assumptions", "uses", "people", "purposes"), ())
    signals = tuple(
        Signal(
            id=f"m{k // 4}.{kind}",
            element=f"m{k // 4}",
            source=("plant", "logs")[k // 4],
            address=f"a{k}",
            type=kind,  # type: ignore[arg-type]
            unit="m" if kind == "float" else "",
            low=0 if kind in {"float", "int"} else None,
            high=10 if kind in {"float", "int"} else None,
            period_s=1,
            fresh_s=10,
        )
        for k, kind in enumerate((*KINDS, *KINDS))
    )
    sources = (
        Source(id="plant", kind="opcua", url="opc.tcp://127.0.0.1:4840", virtual=True),
        Source(id="logs", kind="shdr", url="shdr://127.0.0.1:7878"),
    )
    return Site(name="t", time_zone="UTC", release=None, signals=signals, sources=sources, digests={}, **empty)


SITE = site()
times = st.integers(0, 12).map(lambda k: T + k * SECOND)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    k = draw(st.integers(0, len(SITE.signals) - 1))
    signal = SITE.signals[k]
    clean = draw(st.integers(0, 9)) < 6
    at = draw(times)
    return Observation(
        source=signal.source if clean else draw(st.sampled_from(["plant", "logs", "ghost"])),
        address=signal.address if clean else draw(st.sampled_from(["a0", "a1", "nowhere"])),
        value=draw(st.sampled_from(VALUES[signal.type])),
        source_time=at if clean else draw(st.sampled_from([None, 0, at, T + 10**13, 2**70, -(2**70)])),
        server_time=draw(st.one_of(st.none(), times)) if clean else draw(st.sampled_from([None, 0, -5, T, 2**70])),
        received_time=draw(times),
        status=0 if clean else draw(st.sampled_from([0, 0x480, 0x40900000, 0x80000000, 0x80310000, 0xC0000000])),
        unit=None if clean else draw(st.sampled_from([None, "m", "mm", "1", ""])),
        origin=Origin.MEASURED if clean else draw(st.sampled_from(list(Origin))),
        sequence=draw(st.sampled_from([0, 0, 0, 1, 2])),
    )


@st.composite
def events(draw: st.DrawFn) -> Event:
    if draw(st.integers(0, 9)) < 8:
        return draw(observations())
    source = draw(st.sampled_from(["plant", "logs", "ghost"]))
    at = draw(times)
    signals = draw(st.sampled_from([None, ("m0.float",), ("m1.int", "nobody.here")]))
    return draw(
        st.sampled_from(
            [Alive(source, at, signals), Down(source, at, "x"), Overflow(source, at, 3, "y"), Restarted(source, at)]
        )
    )


def outcome(stream: list[Event], cuts: list[int]) -> tuple[Any, ...]:
    """Everything that a store can be asked after the stream came in pieces of these sizes."""
    store = StateStore(SITE)
    readings: list[str] = []
    aside: list[str] = []
    at = 0
    for size in [*cuts, len(stream)]:
        done = store.feed(stream[at : at + size], T)
        readings += [repr(r) for r in done.readings]
        aside += [repr(q) for q in done.quarantined]
        at += size
    views = tuple(repr(v) for k in (0, 5, 50) for v in store.views(T + k * SECOND))
    return views, readings, aside, store.counts(), store.frozen(), store.sources()


@given(st.lists(events(), max_size=60), st.lists(st.integers(0, 25), max_size=12))
def test_chunking_a_stream_never_changes_anything(stream: list[Event], cuts: list[int]) -> None:
    assert outcome(stream, cuts) == outcome(stream, [])


@given(st.lists(events(), min_size=SLOW_BELOW, max_size=60))
def test_columns_and_the_table_of_rules_mean_the_same(stream: list[Event]) -> None:
    assert outcome(stream, [1] * len(stream)) == outcome(stream, [])


@given(st.lists(events(), max_size=60))
def test_every_observation_is_accounted_for(stream: list[Event]) -> None:
    store = StateStore(SITE)
    done = store.feed(stream, T)
    seen = sum(isinstance(e, Observation) for e in stream)
    aside = {reason for (_, _, reason) in store.counts()} - {"repeated", "overflow", "time-line-restarted"}
    repeated = sum(n for (_, _, reason), n in store.counts().items() if reason == "repeated")
    assert len(done.readings) + len(done.quarantined) + repeated == seen
    assert {q.reason for q in done.quarantined} <= aside


@given(st.lists(observations(), max_size=40))
def test_playing_the_same_stream_again_changes_no_value(stream: list[Observation]) -> None:
    store = StateStore(SITE)
    store.apply(stream, T)
    before = [(v.signal, v.value) for v in store.views(T) if v.quality is not Quality.BAD]
    valued = [o for o in stream if Quality.of_status(o.status) is not Quality.BAD]
    for k in range(len(valued)):
        store.apply([valued[k]._replace(server_time=None)], T)
    after = {v.signal: v.value for v in store.views(T)}
    assert [(s, after[s]) for s, _ in before] == before


@given(st.lists(events(), max_size=60))
def test_what_is_called_current_is_good_recent_and_in_range(stream: list[Event]) -> None:
    store = StateStore(SITE)
    store.feed(stream, T)
    now = T + 12 * SECOND
    for view in store.views(now):
        assert view.fresh is (view.why == "")
        if view.fresh:
            assert view.quality is Quality.GOOD
            assert view.value is not None
            assert view.age_s is not None
            assert view.age_s <= 10
            assert store.sources()[view.source] is None
            if isinstance(view.value, float):
                assert 0 <= view.value <= 10
        if view.quality is Quality.BAD:
            assert view.value is None
