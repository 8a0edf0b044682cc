"""The read-only OPC UA client against a server of another library's making: qualities, losses, certificates, clocks."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from andon.adapters import opcua
from andon.adapters.clock import SiteClock, SystemClock
from andon.adapters.opcua import OpcuaSource
from andon.adapters.pki import Pki
from andon.core.readings import Quality
from andon.core.time import SECOND
from andon.protocols.events import Down, Event
from andon.site.model import Signal, Site, Source
from andon.sync.store import StateStore
from andon.sync.view import SignalView

DEADLINE_S = 45.0
FRESH_S = 3.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Bench:
    """An asyncua server on a thread of its own, with a few variables in namespace 2."""

    def __init__(self, folder: Path, *, secure: bool = False, values: dict[str, Any] | None = None) -> None:
        self.url = f"opc.tcp://127.0.0.1:{free_port()}/bench"
        self.folder = folder
        self.secure = secure
        self.values: dict[str, Any] = values or {"oven.temperature": 180.0, "oven.state": "running"}
        self.units: dict[str, ua.EUInformation] = {}
        self.refuse_clients = False
        self.server: Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(DEADLINE_S)

    def start(self) -> None:
        self.do(self._start())

    async def _start(self) -> None:
        server = Server()
        await server.init()
        server.set_endpoint(self.url)
        for k in range(2):
            await server.register_namespace(f"urn:bench:{k}")
        if self.secure:
            await self._identify(server)
        self.nodes = {}
        for name, value in self.values.items():
            node = await server.nodes.objects.add_variable(ua.NodeId(name, 2), ua.QualifiedName(name, 2), value)
            if name in self.units:
                await node.add_property(ua.NodeId(f"{name}.unit", 2), "0:EngineeringUnits", self.units[name])
            self.nodes[name] = node
        await server.start()
        self.server = server

    async def _identify(self, server: Server) -> None:
        key, certificate = self.folder / "server.pem", self.folder / "server.der"
        uri = "urn:bench:server"
        await server.set_application_uri(uri)
        await setup_self_signed_certificate(key, certificate, uri, "127.0.0.1", [ExtendedKeyUsageOID.SERVER_AUTH], {})
        await server.load_certificate(certificate)
        await server.load_private_key(key)
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])

        async def validate(*_: object) -> None:
            if self.refuse_clients:
                raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)

        server.set_certificate_validator(validate)

    def set(self, name: str, value: Any, *, status: int = 0, source_time: datetime | None = None) -> None:
        variant = ua.Variant(value) if value is not None else ua.Variant()
        stamped = source_time or datetime.now(UTC)
        data = ua.DataValue(variant, ua.StatusCode(status), SourceTimestamp=stamped, ServerTimestamp=datetime.now(UTC))
        assert self.server is not None
        self.do(self.server.write_attribute_value(self.nodes[name].nodeid, data))

    async def _settle(self) -> None:
        """End what the library leaves running when its server stops."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def hang(self, seconds: float) -> None:
        self._loop.call_soon_threadsafe(time.sleep, seconds)

    def stop(self) -> None:
        if self.server is not None:
            self.do(self.server.stop())
            self.server = None

    def close(self) -> None:
        self.stop()
        self.do(self._settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()


class Twin:
    """A store fed by one client, as the twin has it."""

    def __init__(self, bench: Bench, pki: Path, signals: Sequence[Signal], **source: Any) -> None:
        declared = Source(id="plant", kind="opcua", url=bench.url, **source)
        names = ("areas", "elements", "stations", "buffers", "crews", "fleets", "products", "curves", "demand")
        empty: dict[str, Any] = dict.fromkeys((*names, "shifts", "assumptions", "uses", "people", "purposes"), ())
        site = Site(
            name="t",
            time_zone="UTC",
            release=None,
            signals=tuple(signals),
            sources=(declared,),
            digests={},
            **empty,
        )
        self.store = StateStore(site)
        self.clock = SiteClock()
        self.lock = threading.Lock()
        self.events: list[Event] = []
        self.client = OpcuaSource(declared, signals, Pki(pki), self._take, self.clock, name="test")

    def _take(self, source: str, events: Sequence[Event]) -> None:
        assert source == "plant"
        with self.lock:
            self.events.extend(events)
            self.store.feed(events, self.clock.now())

    def view(self, name: str = "oven.temperature") -> SignalView:
        with self.lock:
            view = self.store.view(name, self.clock.now())
        assert view is not None
        return view

    def until(self, holds: Callable[[SignalView], bool], name: str = "oven.temperature") -> SignalView:
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            view = self.view(name)
            if holds(view):
                return view
            time.sleep(0.05)
        raise AssertionError(f"never so; now {self.view(name)}, {self.client.trouble}, {self.store.counts()}")

    def until_down(self, text: str) -> str:
        self.until(lambda view: text in view.why)
        return self.client.trouble


def signal(name: str, kind: str = "float", **more: Any) -> Signal:
    settings = {"element": name.partition(".")[0], "source": "plant", "period_s": 0.2, "fresh_s": FRESH_S, **more}
    return Signal(id=name, address=f"ns=2;s={name}", type=kind, **settings)


SIGNALS = (signal("oven.temperature", unit="Cel", low=0, high=300), signal("oven.state", "string"))


UNITS = {
    "unit.unece": (4408652, "", "°C", True),
    "unit.ucum": (-1, "http://unitsofmeasure.org", "Cel", True),
    "unit.kelvin": (4932940, "", "K", False),
    "unit.shovels": (-1, "", "shovels", True),
}
MANY = [f"m{k}.level" for k in range(8)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One server for the tests that leave it alive: starting one takes seconds."""
    values = {"oven.temperature": 180.0, "oven.state": "running"}
    made = Bench(tmp_path_factory.mktemp("shared"), values=values | dict.fromkeys([*UNITS, *MANY], 1.5))
    for name, (unit_id, namespace, display, _) in UNITS.items():
        made.units[name] = ua.EUInformation(
            NamespaceUri=namespace, UnitId=unit_id, DisplayName=ua.LocalizedText(display)
        )
    made.start()
    yield made
    made.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A server of its own, for a test that stops it."""
    made = Bench(tmp_path)
    made.start()
    yield made
    made.close()


@contextmanager
def twin_of(bench: Bench, tmp_path: Path, signals: Sequence[Signal] = SIGNALS, **source: Any) -> Iterator[Twin]:
    twin = Twin(bench, tmp_path / "pki", signals, **source)
    twin.client.start()
    try:
        yield twin
    finally:
        twin.client.stop()


def test_values_arrive_with_both_times_and_every_quality(shared: Bench, tmp_path: Path) -> None:
    with twin_of(shared, tmp_path) as twin:
        view = twin.until(lambda v: v.fresh)
        assert (view.value, view.quality) == (180.0, Quality.GOOD)
        stamped = datetime.now(UTC)
        shared.set("oven.temperature", 181.0, status=0x40930000, source_time=stamped)
        view = twin.until(lambda v: v.quality is Quality.UNCERTAIN)
        assert (view.value, view.fresh) == (181.0, False)
        assert "UncertainSensorNotAccurate" in view.why
        assert view.source_time is not None
        assert abs(view.source_time - int(stamped.timestamp() * 1e6) * 1000) <= 1000
        assert view.server_time is not None
        assert view.server_time >= view.source_time
        shared.set("oven.temperature", None, status=0x808C0000)
        view = twin.until(lambda v: v.quality is Quality.BAD)
        assert (view.value, view.why) == (None, "quality BadSensorFailure 0x808C0000")
        shared.set("oven.temperature", 182.0)
        assert twin.until(lambda v: v.fresh).value == 182.0
        assert twin.until(lambda v: v.fresh, "oven.state").value == "running"


def test_an_unchanged_value_stays_current_by_keep_alives(shared: Bench, tmp_path: Path) -> None:
    with twin_of(shared, tmp_path) as twin:
        first = twin.until(lambda v: v.fresh)

        def kept(view: SignalView) -> bool:
            old = twin.clock.now() - (view.received_time or 0) > 2 * FRESH_S * SECOND
            return old and view.fresh

        assert twin.until(kept).source_time == first.source_time


def test_a_server_that_is_not_there_is_waited_for_and_one_that_goes_is_seen(bench: Bench, tmp_path: Path) -> None:
    bench.stop()
    with twin_of(bench, tmp_path) as twin:
        for value in (None, 180.0):
            sentence = twin.until_down("does not answer (connection refused)")
            assert "start the server or correct its url" in sentence
            assert (twin.view().value, twin.view().fresh) == (value, False)
            bench.start()
            twin.until(lambda v: v.fresh)
            twin.until(lambda v: v.fresh, "oven.state")
            assert twin.client.trouble == ""
            bench.stop()


def test_a_server_that_hangs_with_its_socket_open_is_seen(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opcua, "QUIET_MIN_S", 1.5)
    with twin_of(bench, tmp_path) as twin:
        twin.until(lambda v: v.fresh)
        bench.hang(6.0)
        twin.until(lambda v: not v.fresh)
        twin.until(lambda v: v.fresh)
    whys = [e.why for e in twin.events if isinstance(e, Down)]
    assert any("published nothing" in why or "broke" in why for why in whys), whys


def test_a_node_that_does_not_exist_is_bad_and_the_others_are_not(shared: Bench, tmp_path: Path) -> None:
    odd = signal("oven.odd").model_copy(update={"address": "this is no node id"})
    with twin_of(shared, tmp_path, (*SIGNALS, signal("oven.missing"), odd)) as twin:
        twin.until(lambda v: v.fresh)
        assert "BadNodeIdUnknown" in twin.until(lambda v: v.received_time is not None, "oven.missing").why
        assert "BadNodeIdInvalid" in twin.until(lambda v: v.received_time is not None, "oven.odd").why


def test_many_signals_come_in_several_subscriptions(
    shared: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opcua, "CHUNK", 3)
    with twin_of(shared, tmp_path, [signal(n) for n in MANY]) as twin:
        for name in MANY:
            assert twin.until(lambda v: v.fresh, name).value == 1.5
        shared.set("m7.level", 2.5)
        assert twin.until(lambda v: v.value == 2.5, "m7.level").fresh


def test_a_unit_that_the_server_states_is_held_against_the_declared_one(shared: Bench, tmp_path: Path) -> None:
    with twin_of(shared, tmp_path, [signal(n, unit="Cel") for n in UNITS]) as twin:
        for name, (_, _, display, agrees) in UNITS.items():
            view = twin.until(lambda v: v.fresh or "wrong-unit" in v.why, name)
            assert view.fresh is agrees, name
            assert agrees or f"the source says `{display}`, signals.csv says `Cel`" in view.why


def plant_values(speed: float) -> dict[str, Any]:
    now = SystemClock().now()
    values = {"plant.epoch_site": now + 3600 * SECOND, "plant.epoch_wall": now, "plant.speed": speed}
    return {"oven.temperature": 180.0, **values}


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A server that publishes the clock of a virtual plant."""
    made = Bench(tmp_path_factory.mktemp("clocked"), values=plant_values(2.0))
    made.start()
    yield made
    made.close()


def test_a_simulation_where_the_site_declares_a_live_source_is_set_aside(clocked: Bench, tmp_path: Path) -> None:
    with twin_of(clocked, tmp_path, SIGNALS[:1]) as twin:
        view = twin.until(lambda v: "simulated-as-live" in v.why)
        assert view.value is None
        assert abs(twin.clock.now() - SystemClock().now()) < 60 * SECOND


def test_a_virtual_plant_declares_site_time_and_the_twin_adopts_it(clocked: Bench, tmp_path: Path) -> None:
    with twin_of(clocked, tmp_path, SIGNALS[:1], virtual=True) as twin:
        twin.until(lambda v: v.received_time is not None)
        assert twin.clock.mapping.speed == 2.0
        assert twin.clock.now() > SystemClock().now() + 3000 * SECOND
        clocked.set("plant.speed", 4.0)
        twin.until(lambda _: twin.clock.mapping.speed == 4.0)
        twin.until(lambda v: v.fresh)


@pytest.fixture(scope="module")
def secure_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("secure"), secure=True)
    made.start()
    yield made
    made.close()


def test_an_untrusted_server_is_one_sentence_and_moving_its_certificate_is_enough(
    secure_bench: Bench, tmp_path: Path
) -> None:
    pki = tmp_path / "pki"
    with twin_of(secure_bench, tmp_path, security="Basic256Sha256") as twin:
        sentence = twin.until_down("is not trusted")
        [kept] = (pki / "rejected").iterdir()
        assert f"then move `{kept}` to `{pki / 'trusted'}`" in sentence
        assert "\n" not in sentence
        assert "Error" not in sentence
        shutil.move(kept, pki / "trusted" / kept.name)
        assert twin.until(lambda v: v.fresh).value == 180.0
    own = pki / "own" / "test.key.pem"
    assert own.stat().st_mode & 0o077 == 0


def test_a_server_that_does_not_trust_us_is_one_sentence(secure_bench: Bench, tmp_path: Path) -> None:
    secure_bench.refuse_clients = True
    trusted = tmp_path / "pki" / "trusted"
    trusted.mkdir(parents=True)
    shutil.copy(secure_bench.folder / "server.der", trusted)
    with twin_of(secure_bench, tmp_path, security="Basic256Sha256") as twin:
        sentence = twin.until_down("does not trust our certificate")
        assert f"let its administrator trust `{tmp_path / 'pki' / 'own' / 'test.der'}`" in sentence
        secure_bench.refuse_clients = False
        twin.until(lambda v: v.fresh)


def test_a_server_without_encryption_is_refused_when_the_site_wants_it(shared: Bench, tmp_path: Path) -> None:
    with twin_of(shared, tmp_path, security="Basic256Sha256") as twin:
        assert "offers no Basic256Sha256 SignAndEncrypt endpoint" in twin.until_down("offers no")


def test_a_missing_credential_is_one_sentence(shared: Bench, tmp_path: Path) -> None:
    with twin_of(shared, tmp_path, credential="plant.txt") as twin:
        assert "write `user:password` there" in twin.until_down("cannot be read")


def test_stopping_ends_the_thread_whatever_the_server_does(bench: Bench, tmp_path: Path) -> None:
    with twin_of(bench, tmp_path) as twin:
        twin.until(lambda v: v.fresh)
        bench.hang(3.0)
    assert twin.client._thread is not None
    assert not twin.client._thread.is_alive()
