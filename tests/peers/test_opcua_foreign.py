"""Against a foreign OPC UA server: qualities as they are, death seen, return seen, and certificates in one sentence."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from andon.adapters.clock import SiteClock
from andon.adapters.opcua import OpcuaSource
from andon.adapters.pki import Pki
from andon.core.readings import Quality
from andon.protocols.events import Event
from andon.site.model import Signal, Site, Source
from andon.sync.store import StateStore
from andon.sync.view import SignalView

DEADLINE_S = 60.0
FRESH_S = 5.0
RETURN_S = 10.0
"""What is promised of a server that came back."""


def signal(name: str, kind: str = "float", **more: Any) -> Signal:
    settings = {"element": name.partition(".")[0], "source": "peer", "period_s": 0.5, "fresh_s": FRESH_S, **more}
    return Signal(id=name, address=f"ns=1;s={name}", type=kind, **settings)


SIGNALS = (
    signal("pump.pressure", unit="bar", low=0, high=10),
    signal("pump.flow"),
    signal("pump.level"),
    signal("pump.state", "string"),
)


class Twin:
    def __init__(self, url: str, pki: Path, security: str) -> None:
        source = Source(id="peer", kind="opcua", url=url, security=security)  # type: ignore[arg-type]
        names = ("areas", "elements", "stations", "buffers", "crews", "fleets", "products", "curves", "demand")
        empty: dict[str, Any] = dict.fromkeys((*names, "shifts", "assumptions", "uses", "people", "purposes"), ())
        site = Site(name="t", time_zone="UTC", release=None, signals=SIGNALS, sources=(source,), digests={}, **empty)
        self.store = StateStore(site)
        self.clock = SiteClock()
        self.lock = threading.Lock()
        self.client = OpcuaSource(source, SIGNALS, Pki(pki), self._take, self.clock, name="test")

    def _take(self, _: str, events: Sequence[Event]) -> None:
        with self.lock:
            self.store.feed(events, self.clock.now())

    def view(self, name: str) -> SignalView:
        with self.lock:
            view = self.store.view(name, self.clock.now())
        assert view is not None
        return view

    def until(self, holds: Callable[[SignalView], bool], name: str = "pump.pressure") -> SignalView:
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            if holds(view := self.view(name)):
                return view
            time.sleep(0.05)
        raise AssertionError(f"never so; now {self.view(name)}, {self.client.trouble}, {self.store.counts()}")


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[..., Twin]]:
    twins: list[Twin] = []

    def start(url: str, security: str = "none") -> Twin:
        twin = Twin(url, tmp_path / "pki", security)
        twins.append(twin)
        twin.client.start()
        return twin

    yield start
    for twin in twins:
        twin.client.stop()


def test_good_uncertain_and_bad_are_shown_as_such(shared_peer: Any, connect: Callable[..., Twin]) -> None:
    peer = shared_peer
    twin = connect(peer.url)
    good = twin.until(lambda v: v.fresh)
    assert isinstance(good.value, float)
    assert 2.0 < good.value < 3.0
    assert good.source_time is not None
    assert good.server_time is not None
    uncertain = twin.until(lambda v: v.quality is Quality.UNCERTAIN, "pump.flow")
    assert (uncertain.value, uncertain.fresh) == (7.5, False)
    assert uncertain.why == "quality UncertainSensorNotAccurate 0x40930000"
    bad = twin.until(lambda v: v.received_time is not None, "pump.level")
    assert (bad.value, bad.fresh, bad.why) == (None, False, "quality BadSensorFailure 0x808C0000")
    assert twin.until(lambda v: v.fresh, "pump.state").value == "running"
    peer.set("pump.flow", 8.0)
    assert twin.until(lambda v: v.fresh, "pump.flow").value == 8.0
    peer.set("pump.level", 3.25)
    assert twin.until(lambda v: v.fresh, "pump.level").value == 3.25
    assert twin.store.counts() == {}


def test_killed_it_is_stale_within_its_limit_and_restarted_it_is_live(
    shared_peer: Any, connect: Callable[..., Twin]
) -> None:
    peer = shared_peer
    twin = connect(peer.url)
    twin.until(lambda v: v.fresh)
    peer.kill()
    killed = time.monotonic()
    gone = twin.until(lambda v: not v.fresh)
    seen_after_s = time.monotonic() - killed
    assert "source `peer` down since" in gone.why
    assert gone.value is not None
    assert seen_after_s < FRESH_S + DEADLINE_S / 10
    twin.until(lambda v: "does not answer" in v.why)
    peer.start()
    back = time.monotonic()
    twin.until(lambda v: v.fresh)
    assert time.monotonic() - back < RETURN_S
    twin.until(lambda v: v.quality is Quality.UNCERTAIN and "down" not in v.why, "pump.flow")


def test_certificates_are_one_sentence_on_either_side(
    shared_peer: Any, connect: Callable[..., Twin], tmp_path: Path
) -> None:
    peer, pki = shared_peer, tmp_path / "pki"
    twin = connect(peer.url, "Basic256Sha256")
    twin.until(lambda v: "is not trusted" in v.why)
    [kept] = (pki / "rejected").iterdir()
    sentence = twin.client.trouble
    assert f"then move `{kept}` to `{pki / 'trusted'}`" in sentence
    assert sentence.count("\n") == 0
    shown = x509.load_pem_x509_certificate(peer.certificate.read_bytes()).public_bytes(Encoding.DER)
    assert kept.read_bytes() == shown
    shutil.move(kept, pki / "trusted")
    twin.until(lambda v: "does not trust our certificate" in v.why)
    assert f"`{pki / 'own' / 'test.der'}`" in twin.client.trouble
    peer.trust(pki / "own" / "test.der")
    assert twin.until(lambda v: v.fresh).unit == "bar"
