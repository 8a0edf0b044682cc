"""State: what is current, what is not and why, over keep-alives, losses, frozen sensors and overflows."""

from __future__ import annotations

from typing import Any

import pytest

from andon.core.readings import Origin, Quality
from andon.core.time import SECOND
from andon.protocols.events import Alive, Down, Observation, Overflow, Restarted
from andon.site.model import Purpose, Signal, Site, Source
from andon.sync.retention import retention_days
from andon.sync.store import StateStore
from andon.sync.view import SignalView

T = 1_700_000_000 * SECOND
S = SECOND


def signal(name: str, kind: str = "float", **more: Any) -> Signal:
    settings = {"element": name.partition(".")[0], "source": "plant", "period_s": 1, "fresh_s": 10, **more}
    return Signal(id=name, address=f"ns=2;s={name}", type=kind, **settings)


def site_of(*signals: Signal) -> Site:
    names = ("areas", "elements", "stations", "buffers", "crews", "fleets", "products", "curves", "demand")
    empty: dict[str, Any] = dict.fromkeys((*names, "shifts", "assumptions", "uses", "people", "purposes"), ())
    source = Source(id="plant", kind="opcua", url="opc.tcp://127.0.0.1:4840", virtual=True)
    return Site(name="t", time_zone="UTC", release=None, signals=signals, sources=(source,), digests={}, **empty)


SITE = site_of(
    signal("oven.temperature", unit="Cel", low=0, high=300, purposes=("operations",)),
    signal("oven.setpoint", unit="Cel", writable=True, min=160, max=200, confirm_signal="oven.setpoint_active"),
    signal("oven.setpoint_active", unit="Cel"),
    signal("amr.x", unit="m"),
    signal("oven.state", "string", fresh_s=30),
    signal("oven.count", "int"),
    signal("oven.remote", "bool"),
)


def seen(name: str = "oven.temperature", value: Any = 180.0, at: int = T, **more: Any) -> Observation:
    settings = {"source": "plant", "server_time": at, "received_time": at, **more}
    return Observation(address=f"ns=2;s={name}", value=value, source_time=settings.pop("source_time", at), **settings)


def view_of(store: StateStore, now: int, name: str = "oven.temperature") -> SignalView:
    view = store.view(name, now)
    assert view is not None
    return view


def test_a_signal_never_received_says_so() -> None:
    view = view_of(StateStore(SITE), T)
    assert (view.value, view.fresh, view.why, view.age_s) == (None, False, "never received", None)
    assert view.quality is Quality.BAD


def test_a_value_travels_with_everything_about_it() -> None:
    store = StateStore(SITE)
    store.apply([seen(received_time=T + 5)], T)
    view = view_of(store, T + 2 * S)
    assert view.as_json() == {
        "signal": "oven.temperature",
        "element": "oven",
        "source": "plant",
        "value": 180.0,
        "unit": "Cel",
        "quality": "good",
        "status": "0x00000000",
        "source_time": "2023-11-14T22:13:20.000000Z",
        "server_time": "2023-11-14T22:13:20.000000Z",
        "received_time": "2023-11-14T22:13:20.000000Z",
        "origin": "measured",
        "age_s": 1.999999995,
        "fresh": True,
        "why": "",
        "purposes": ["operations"],
        "low": 0.0,
        "high": 300.0,
    }


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("oven.temperature", 180, 180.0),
        ("oven.count", 7.0, 7),
        ("oven.remote", False, False),
        ("oven.state", "running", "running"),
        ("oven.state", "", ""),
    ],
)
def test_values_are_held_in_their_declared_type(name: str, value: Any, held: Any) -> None:
    store = StateStore(SITE)
    [reading] = store.apply([seen(name, value)], T).readings
    view = view_of(store, T, name)
    assert (view.value, type(view.value)) == (held, type(held))
    assert (reading.value, type(reading.value)) == (held, type(held))


def test_an_unchanged_value_is_current_while_its_source_keeps_alive() -> None:
    store = StateStore(SITE)
    store.apply([seen()], T)
    for later in range(0, 100, 5):
        store.alive("plant", T + later * S)
        view = view_of(store, T + later * S + 3 * S)
        assert (view.fresh, view.age_s) == (True, 3.0)
    assert view.source_time == T


def test_without_a_sign_of_life_it_is_stale_and_says_since_when() -> None:
    store = StateStore(SITE)
    store.apply([seen()], T)
    assert view_of(store, T + 10 * S).fresh
    view = view_of(store, T + 34 * S)
    assert (view.fresh, view.why) == (False, "stale 34 s > 10 s")
    assert (view.value, view.age_s) == (180.0, 34.0)


def test_each_signal_has_its_own_limit() -> None:
    store = StateStore(SITE)
    store.apply([seen(), seen("oven.state", "idle")], T)
    fresh = dict(zip((s.id for s in SITE.signals), store.fresh(T + 20 * S).tolist(), strict=True))
    assert (fresh["oven.temperature"], fresh["oven.state"]) == (False, True)


def test_life_in_one_subscription_says_nothing_about_another() -> None:
    store = StateStore(SITE)
    store.apply([seen(), seen("oven.count", 1)], T)
    store.alive("plant", T + 20 * S, ("oven.count", "oven.unheard_of"))
    assert view_of(store, T + 20 * S, "oven.count").fresh
    assert not view_of(store, T + 20 * S).fresh


@pytest.mark.parametrize(
    ("status", "quality", "value", "why"),
    [
        (0x00000000, Quality.GOOD, 180.0, ""),
        (0x00960000, Quality.GOOD, 180.0, ""),
        (0x40900000, Quality.UNCERTAIN, 180.0, "quality UncertainLastUsableValue 0x40900000"),
        (0x808C0000, Quality.BAD, None, "quality BadSensorFailure 0x808C0000"),
        (0xC0000000, Quality.BAD, None, "quality Bad 0xC0000000"),
    ],
)
def test_quality_is_shown_as_it_came_and_a_bad_value_never(
    status: int, quality: Quality, value: float | None, why: str
) -> None:
    store = StateStore(SITE)
    store.apply([seen(at=T - S), seen(status=status)], T)
    view = view_of(store, T)
    assert (view.quality, view.value, view.why, view.fresh) == (quality, value, why, not why)
    assert view.status == status


def test_bad_without_a_value_hides_the_old_one_and_good_brings_it_back() -> None:
    store = StateStore(SITE)
    gone = seen(value=None, status=0x80310000, source_time=None, received_time=T + S, server_time=T + S)
    done = store.apply([seen(), gone], T)
    assert view_of(store, T + S).value is None
    assert done.readings[1].quality is Quality.BAD
    assert done.readings[1].value != done.readings[1].value
    back = store.apply([seen(server_time=T + 2 * S, received_time=T + 2 * S)], T)
    assert [r.value for r in back.readings] == [180.0]
    assert view_of(store, T + 2 * S).fresh


def test_repeated_bad_is_one_reading() -> None:
    store = StateStore(SITE)
    bad = [
        seen(value=None, status=0x80310000, source_time=None, server_time=T + k, received_time=T + k) for k in range(5)
    ]
    done = store.apply([seen(), *bad], T)
    assert (len(done.readings), done.quarantined) == (2, [])


def test_a_lost_source_makes_nothing_current_until_each_signal_is_received_again() -> None:
    store = StateStore(SITE)
    store.apply([seen(), seen("oven.count", 3)], T)
    store.down("plant", T + S, "connection refused")
    store.down("plant", T + 2 * S, "still refused")
    view = view_of(store, T + 2 * S)
    assert (view.fresh, view.value) == (False, 180.0)
    assert view.why == "source `plant` down since 2023-11-14T22:13:21Z: still refused"
    store.alive("plant", T + 3 * S)
    assert view_of(store, T + 3 * S).why == "not received again since source `plant` came back"
    store.apply([seen(received_time=T + 3 * S, server_time=None)], T)
    assert view_of(store, T + 3 * S).fresh
    assert not view_of(store, T + 3 * S, "oven.count").fresh


def test_an_overflow_is_counted_and_leaves_nothing_looking_current() -> None:
    store = StateStore(SITE)
    store.feed([seen(), Overflow("plant", T, 17, "the inbox")], T)
    assert store.counts() == {("plant", "*", "overflow"): 17}
    assert "17 observations were lost at the inbox" in view_of(store, T).why
    store.apply([seen(at=T + S)], T)
    assert view_of(store, T + S).fresh


def test_a_servers_own_queue_overflow_is_counted_and_its_last_value_kept() -> None:
    store = StateStore(SITE)
    done = store.apply([seen(status=0x480)], T)
    assert len(done.readings) == 1
    assert sum(n for (_, _, reason), n in store.counts().items() if reason == "overflow") == 1
    assert view_of(store, T).fresh


def test_a_virtual_plant_that_begins_anew_may_start_earlier() -> None:
    store = StateStore(SITE)
    store.apply([seen(at=T + 3600 * S)], T)
    store.feed([Restarted("plant", T), seen(value=20.0)], T)
    view = view_of(store, T)
    assert (view.value, view.fresh) == (20.0, True)
    assert store.counts() == {("plant", "*", "time-line-restarted"): 1}


def test_events_of_unknown_sources_are_counted_not_believed() -> None:
    store = StateStore(SITE)
    store.feed([Alive("ghost", T), Down("ghost", T, "x"), Restarted("ghost", T), Overflow("ghost", T, 2, "x")], T)
    assert store.counts() == {("ghost", "*", "undeclared-source"): 3, ("ghost", "*", "overflow"): 2}
    assert store.sources() == {"plant": None}


def wobble(name: str, n: int, start: int = 0) -> list[Observation]:
    return [seen(name, 180.0 + (k % 7) / 10, T + (start + k) * S) for k in range(n)]


def stuck(name: str, n: int, start: int) -> list[Observation]:
    return [seen(name, 181.5, T + (start + k) * S) for k in range(n)]


@pytest.mark.parametrize("chunk", [1, 16, 1000])
def test_a_sensor_that_stops_moving_under_fresh_timestamps_is_found(chunk: int) -> None:
    store = StateStore(SITE)
    stream = [*wobble("oven.temperature", 60), *stuck("oven.temperature", 40, 60)]
    for at in range(0, len(stream), chunk):
        store.apply(stream[at : at + chunk], T)
    view = view_of(store, T + 99 * S)
    assert store.frozen() == ("oven.temperature",)
    assert (view.fresh, view.quality) == (False, Quality.GOOD)
    assert view.why.startswith("frozen: 39 identical values under fresh timestamps")
    store.apply([seen(value=182.0, at=T + 100 * S)], T)
    assert store.frozen() == ()
    assert view_of(store, T + 100 * S).fresh


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(stuck("oven.temperature", 100, 0), id="a value that never moved"),
        pytest.param([*wobble("oven.temperature", 60), *stuck("oven.temperature", 20, 60)], id="not for long enough"),
        pytest.param([*wobble("oven.setpoint", 60), *stuck("oven.setpoint", 60, 60)], id="a set-point"),
        pytest.param([*wobble("oven.setpoint_active", 60), *stuck("oven.setpoint_active", 60, 60)], id="its confirm"),
        pytest.param([*wobble("amr.x", 60), *stuck("amr.x", 60, 60)], id="a parked vehicle"),
        pytest.param(
            [
                o
                for k in range(0, 400, 40)
                for o in (*wobble("oven.temperature", 20, k), *stuck("oven.temperature", 20, k + 20))
            ]
            + stuck("oven.temperature", 60, 400),
            id="one that often stands still",
        ),
    ],
)
def test_what_may_stand_still_is_not_called_frozen(stream: list[Observation]) -> None:
    store = StateStore(SITE)
    store.apply(stream, T)
    assert store.frozen() == ()


def test_simulated_values_never_enter_state_and_replayed_ones_say_so() -> None:
    store = StateStore(SITE)
    store.apply([seen(origin=Origin.SIMULATED)], T)
    assert view_of(store, T).value is None
    store.apply([seen(origin=Origin.REPLAYED)], T)
    assert view_of(store, T).origin is Origin.REPLAYED


def test_a_clock_that_steps_back_gives_no_negative_age() -> None:
    store = StateStore(SITE)
    store.apply([seen()], T)
    assert view_of(store, T - 5 * S).age_s == 0.0


def test_readings_are_kept_for_the_longest_of_their_purposes() -> None:
    site = site_of(
        signal("a.one", purposes=("operations", "planning")),
        signal("a.two", purposes=("operations",)),
        signal("a.three", purposes=("safety",)),
        signal("a.four"),
    ).model_copy(
        update={
            "purpose_rules": (
                Purpose(id="operations", retention_days=30),
                Purpose(id="planning", retention_days=365),
                Purpose(id="safety"),
            )
        }
    )
    assert retention_days(site) == {"a.one": 365, "a.two": 30, "a.three": 90, "a.four": 90}
