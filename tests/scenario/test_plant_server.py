"""The served plant, seen by a real OPC UA client over a socket: values, times, status, writes, faults, certificates."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from andon.adapters.clock import SiteTime, SystemClock
from andon.adapters.pki import Pki
from andon.adapters.site_folder import load
from andon.core.time import SECOND
from andon.plant.draws import PlantError
from andon.plant.faults import KINDS, parse_fault
from andon.plant.serve import PlantService, Ready, Settings, mapping_of
from andon.site.model import Site

ROOT = Path(__file__).parents[2]
WORKS = ROOT / "examples" / "valve-works"
PATIENCE_S = 60.0
QUIET_SEED = 9
"""With it nobody switches an oven to local in the first six hours."""
COMMAND = [sys.executable, "-m", "andon", "plant"]


@pytest.fixture(scope="session")
def works() -> Site:
    site = load(WORKS)
    assert isinstance(site, Site), site
    return site


@pytest.fixture(scope="session")
def open_works(works: Site) -> Site:
    """The same works, whose plant says that it may be written to without a certificate."""
    source = works.sources[0].model_copy(update={"security": "none"})
    return works.model_copy(update={"sources": (source,)})


@contextlib.asynccontextmanager
async def serving(site: Site, folder: Path, *faults: str, speed: float = 20.0, **more: Any) -> AsyncIterator[Ready]:
    now = SystemClock().now()
    settings = Settings(
        folder=folder / "site" / "plant",
        mapping=more.pop("mapping", SiteTime(epoch_site=now, epoch_wall=now, speed=speed)),
        faults=tuple(parse_fault(text) for text in faults),
        port=0,
        seed=QUIET_SEED,
        **more,
    )
    stop, told = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(PlantService(site, settings).run(stop, told.set_result))
    try:
        await asyncio.wait({task, told}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield told.result()
    finally:
        stop.set()
        with contextlib.suppress(PlantError):
            await task


def client_of(ready: Ready) -> Client:
    return Client(ready.endpoint, timeout=PATIENCE_S)


def node(client: Client, name: str) -> Any:
    return client.get_node(f"ns=2;s={name}")


async def data(client: Client, name: str) -> ua.DataValue:
    return await node(client, name).read_data_value(raise_on_bad_status=False)


async def value(client: Client, name: str) -> Any:
    return (await data(client, name)).Value.Value


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if result := await condition():
            return result
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about")


def ns(stamp: Any) -> int:
    return round(stamp.timestamp() * 1e9)


def test_every_signal_is_there_with_its_type_unit_times_and_status(works: Site, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(works, tmp_path) as ready, client_of(ready) as client:
            assert ready.signals == len(works.signals)
            kinds = {"float": "Double", "int": "Int64", "bool": "Boolean", "string": "String"}
            for s in works.signals:
                told = await client.get_node(s.address).read_data_value()
                assert told.Value.VariantType.name == kinds[s.type], s.id
                assert told.StatusCode.is_good()
                assert ns(told.SourceTimestamp) <= ns(told.ServerTimestamp) + 1000
                level = await client.get_node(s.address).get_access_level()
                assert (ua.AccessLevel.CurrentWrite in level) == s.writable
            unit = await node(client, "oven-1.temperature").get_child(["0:EngineeringUnits"])
            assert (await unit.read_value()).DisplayName.Text == "Cel"

    asyncio.run(main())


def test_site_time_runs_as_the_plant_says_it_does(works: Site, tmp_path: Path) -> None:
    async def main() -> None:
        epoch = SiteTime(epoch_site=1_700_000_000 * SECOND, epoch_wall=SystemClock().now() - 10 * SECOND, speed=20.0)
        async with serving(works, tmp_path, mapping=epoch) as ready, client_of(ready) as client:
            said = SiteTime(
                epoch_site=await value(client, "plant.epoch_site"),
                epoch_wall=await value(client, "plant.epoch_wall"),
                speed=await value(client, "plant.speed"),
            )
            assert said == epoch
            assert (ready.epoch_site, ready.epoch_wall, ready.speed) == (epoch.epoch_site, epoch.epoch_wall, 20.0)
            before = said.at(SystemClock().now())

            async def fresh() -> bool:
                stamp = ns((await data(client, "oven-1.temperature")).SourceTimestamp)
                assert stamp <= said.at(SystemClock().now())
                return stamp > before

            await until(fresh)

    asyncio.run(main())


def test_a_subscription_sees_a_running_plant_at_once(works: Site, tmp_path: Path) -> None:
    async def main() -> None:
        seen: list[tuple[str, Any, int]] = []

        class Handler:
            def datachange_notification(self, item: Any, _value: Any, notification: Any) -> None:
                told = notification.monitored_item.Value
                seen.append((item.nodeid.Identifier, told.Value.Value, ns(told.SourceTimestamp)))

        async with serving(works, tmp_path) as ready, client_of(ready) as client:
            subscription = await client.create_subscription(100, Handler())
            nodes = [client.get_node(s.address) for s in works.signals]
            await subscription.subscribe_data_change(nodes, queuesize=32)

            async def lively() -> bool:
                return len(seen) > len(nodes) + 100

            await until(lively)
            await subscription.delete()
        assert "running" in {v for name, v, _ in seen if name.endswith(".state")}
        for s in works.signals:
            stamps = [at for name, _, at in seen if name == s.id]
            assert stamps == sorted(stamps), s.id

    asyncio.run(main())


def test_a_written_set_point_is_logged_acknowledged_and_confirmed_by_another_signal(
    open_works: Site, tmp_path: Path
) -> None:
    log = tmp_path / "writes"

    async def main() -> None:
        async with serving(open_works, tmp_path, write_log=log) as ready, client_of(ready) as client:
            await node(client, "oven-1.setpoint").write_value(190.0)
            assert len(log.read_text().splitlines()) == 1, "on the disk before the answer"
            assert await value(client, "oven-1.setpoint") == 190.0

            async def active() -> bool:
                return bool(await value(client, "oven-1.setpoint_active") == 190.0)

            await until(active)
            sent, done = await data(client, "oven-1.setpoint"), await data(client, "oven-1.setpoint_active")
            delay_s = (ns(done.SourceTimestamp) - ns(sent.SourceTimestamp)) / SECOND
            assert 1.99 <= delay_s <= 5.01

    asyncio.run(main())
    (line,) = [json.loads(text) for text in log.read_text().splitlines()]
    assert (line["signal"], line["value"], line["answer"]) == ("oven-1.setpoint", 190.0, "taken")
    assert abs(line["wall_ns"] - SystemClock().now()) < 3600 * SECOND
    assert line["who"]


@pytest.mark.parametrize(
    ("name", "variant", "error"),
    [
        ("oven-1.setpoint", ua.Variant(190.0, ua.VariantType.Float), ua.uaerrors.BadTypeMismatch),
        ("oven-1.setpoint", ua.Variant("hot", ua.VariantType.String), ua.uaerrors.BadTypeMismatch),
        ("oven-1.setpoint", ua.Variant(float("nan"), ua.VariantType.Double), ua.uaerrors.BadOutOfRange),
        ("oven-1.setpoint", ua.Variant(9999.0, ua.VariantType.Double), ua.uaerrors.BadOutOfRange),
        ("oven-1.temperature", ua.Variant(20.0, ua.VariantType.Double), ua.uaerrors.BadNotWritable),
        ("plant.speed", ua.Variant(100.0, ua.VariantType.Double), ua.uaerrors.BadNotWritable),
        ("release.sequence", ua.Variant(999, ua.VariantType.Int64), ua.uaerrors.BadOutOfRange),
    ],
)
def test_what_cannot_be_written_is_refused_by_its_own_status(
    open_works: Site, tmp_path: Path, name: str, variant: ua.Variant, error: type[Exception]
) -> None:
    async def main() -> None:
        async with serving(open_works, tmp_path) as ready, client_of(ready) as client:
            before = await value(client, name)
            with pytest.raises(error):
                await node(client, name).write_value(ua.DataValue(variant))
            with pytest.raises((ua.uaerrors.BadNotWritable, ua.uaerrors.BadUserAccessDenied)):
                await node(client, name).write_attribute(
                    ua.AttributeIds.DisplayName, ua.DataValue(ua.LocalizedText("mine"))
                )
            after = await value(client, name)
            assert after == before or name == "oven-1.temperature"

    asyncio.run(main())


def test_writing_needs_a_trusted_certificate_where_the_site_says_so(works: Site, tmp_path: Path) -> None:
    log = tmp_path / "writes"

    async def main() -> None:
        more = tmp_path / "more"
        async with serving(works, tmp_path, write_log=log, trust=(more,)) as ready:
            async with client_of(ready) as client:
                assert await value(client, "oven-1.setpoint") == 180.0, "reading is open on this machine"
                with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                    await node(client, "oven-1.setpoint").write_value(190.0)

            own = Pki(tmp_path / "client").own("gateway", SystemClock().now())
            with pytest.raises(ua.UaError):
                await writing(ready, own)
            rejected = list((tmp_path / "site" / "plant" / "pki" / "rejected").iterdir())
            assert [r.read_bytes() for r in rejected] == [own.certificate.read_bytes()]

            rejected[0].rename(tmp_path / "site" / "plant" / "pki" / "trusted" / "gateway.der")
            assert await writing(ready, own) == 190.0

            other = Pki(tmp_path / "other").own("twin", SystemClock().now())
            more.mkdir()
            (more / "twin.der").write_bytes(other.certificate.read_bytes())
            assert await writing(ready, other) == 190.0

    async def writing(ready: Ready, own: Any) -> Any:
        client = client_of(ready)
        client.application_uri = own.uri
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            certificate=str(own.certificate),
            private_key=str(own.key),
            server_certificate=ready.certificate,
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )
        async with client:
            await node(client, "oven-1.setpoint").write_value(190.0)
            return await value(client, "oven-1.setpoint")

    asyncio.run(main())
    lines = [json.loads(text) for text in log.read_text().splitlines()]
    assert [line["answer"] for line in lines] == ["denied", "taken", "taken"]
    assert "Andon gateway" in lines[1]["who"]


@pytest.mark.parametrize(
    ("fault", "name", "seen"),
    [
        (
            "bad-quality@0",
            "oven-1.temperature",
            lambda d: d.StatusCode.name == "BadSensorFailure" and d.Value.Value is None,
        ),
        ("uncertain-quality@0", "oven-1.temperature", lambda d: d.StatusCode.name == "UncertainSensorNotAccurate"),
        ("null-timestamps@0", "oven-1.state", lambda d: d.SourceTimestamp is None and d.ServerTimestamp is not None),
        ("nan-values@0", "oven-1.temperature", lambda d: d.Value.Value != d.Value.Value),
        ("clock-ahead@0", "oven-1.temperature", lambda d: d.SourceTimestamp > d.ServerTimestamp),
        ("unit-scale@0", "oven-1.temperature", lambda d: d.Value.Value > 100_000),
        ("local-mode@0", "oven-1.remote", lambda d: d.Value.Value is False),
        ("setpoint-turned@0", "oven-1.setpoint_active", lambda d: d.Value.Value == 188.0),
        ("machine-down@0-99999", "lathe-1.state", lambda d: d.Value.Value == "down"),
    ],
)
def test_a_fault_is_seen_by_a_client(
    works: Site, tmp_path: Path, fault: str, name: str, seen: Callable[[ua.DataValue], bool]
) -> None:
    async def main() -> None:
        async with serving(works, tmp_path, fault) as ready, client_of(ready) as client:

            async def there() -> bool:
                return seen(await data(client, name))

            await until(there)

    asyncio.run(main())


def test_a_silent_server_still_answers_and_publishes_nothing(works: Site, tmp_path: Path) -> None:
    async def main() -> None:
        told: list[int] = []

        class Handler:
            def datachange_notification(self, _node: Any, _value: Any, _data: Any) -> None:
                told.append(SystemClock().now())

        async with serving(works, tmp_path, "silent@0-300") as ready, client_of(ready) as client:
            subscription = await client.create_subscription(50, Handler())
            await subscription.subscribe_data_change(node(client, "oven-1.temperature"), queuesize=32)
            assert await value(client, "plant.speed") == 20.0, "it answers"

            async def spoke_again() -> bool:
                return len(told) > 4

            await until(spoke_again)
            assert (told[0] - ready.epoch_wall) / SECOND >= 300 / 20, "after fifteen real seconds"

    asyncio.run(main())


def test_ack_not_do_acknowledges_and_does_not(open_works: Site, tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(open_works, tmp_path, "ack-not-do@0", speed=100.0) as ready, client_of(ready) as client:
            await node(client, "oven-1.setpoint").write_value(190.0)
            sent = ns((await data(client, "oven-1.setpoint")).SourceTimestamp)

            async def long_after() -> bool:
                return ns((await data(client, "oven-1.temperature")).SourceTimestamp) > sent + 30 * SECOND

            await until(long_after)
            assert await value(client, "oven-1.setpoint_active") == 180.0

    asyncio.run(main())


def test_set_points_and_counters_are_there_again_after_a_restart(open_works: Site, tmp_path: Path) -> None:
    async def main() -> None:
        now = SystemClock().now()
        mapping = SiteTime(epoch_site=now, epoch_wall=now, speed=200.0)
        counts = [f"{m}.count" for s in open_works.stations for m in s.machines]
        async with serving(open_works, tmp_path, mapping=mapping) as ready, client_of(ready) as client:
            await node(client, "oven-1.setpoint").write_value(185.0)
            await node(client, "release.sequence").write_value(231)

            async def worked() -> bool:
                return sum([await value(client, c) for c in counts]) > 10

            await until(worked)
            seen = [await value(client, c) for c in counts]
        async with serving(open_works, tmp_path, mapping=mapping) as ready, client_of(ready) as client:
            assert await value(client, "oven-1.setpoint") == await value(client, "oven-1.setpoint_active") == 185.0
            assert await value(client, "release.active_sequence") == 231
            assert all(
                after >= before for after, before in zip([await value(client, c) for c in counts], seen, strict=True)
            )
        async with serving(open_works, tmp_path, mapping=mapping, fresh=True) as ready, client_of(ready) as client:
            assert await value(client, "oven-1.setpoint") == 180.0

    asyncio.run(main())


def test_a_url_elsewhere_and_half_an_epoch_are_refused_with_a_sentence(works: Site, tmp_path: Path) -> None:
    far = works.sources[0].model_copy(update={"url": "opc.tcp://10.0.0.7:4840/p"})
    settings = Settings(folder=tmp_path / "p", mapping=SiteTime())
    with pytest.raises(PlantError, match="is not on this machine"):
        PlantService(works.model_copy(update={"sources": (far,)}), settings)
    clock = SystemClock()
    with pytest.raises(PlantError, match="--epoch-wall and --epoch-site together"):
        mapping_of(clock, 1.0, 5, None)
    with pytest.raises(PlantError, match="lies in the future"):
        mapping_of(clock, 1.0, clock.now() + 60 * SECOND, 5)
    with pytest.raises(PlantError, match="speed"):
        mapping_of(clock, 0.0, None, None)
    assert mapping_of(clock, 3.0, 7, 9) == SiteTime(epoch_site=9, epoch_wall=7, speed=3.0)


# The command


def start_command(folder: Path, *words: str) -> subprocess.Popen[str]:
    site = folder / "works"
    if not site.exists():
        site.mkdir(parents=True)
        for path in WORKS.iterdir():
            if path.is_file():
                (site / path.name).write_bytes(path.read_bytes())
    command = [*COMMAND, str(site), "--json", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with start_command(tmp_path, "--port", "0") as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"]
        with socket.create_connection(("127.0.0.1", int(ready["endpoint"].split(":")[2].split("/")[0])), PATIENCE_S):
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_port_in_use_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with start_command(tmp_path, "--port", str(port)) as process:
            out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert err == ""
    assert json.loads(out)["error"] == (
        f"port {port} on 127.0.0.1 is in use; stop what listens there, or give another with --port"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--fault", "gremlins@5"], "there is no fault `gremlins`; see `andon plant --list-faults`"),
        (["--speed", "0"], "speed `0.0` is not between 0 and 100000; give a speed such as 20"),
        (["--write-log", "/nowhere/at/all"], "the write log `/nowhere/at/all` cannot be opened"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(tmp_path: Path, words: list[str], says: str) -> None:
    with start_command(tmp_path, "--port", "0", *words) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (2, "")
    assert json.loads(out)["error"].startswith(says)


def test_the_faults_are_listed() -> None:
    done = subprocess.run([*COMMAND, "--list-faults"], capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    assert "oven-sensor-drift   a temperature reading drifts upwards" in done.stdout


def test_the_page_about_the_plant_lists_the_faults_that_there_are() -> None:
    page = (ROOT / "docs" / "how-to" / "virtual-plant.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \|", page, re.MULTILINE)
    assert rows == [(kind.name, kind.does) for kind in KINDS]
