"""Recorded logs as a live adapter over TCP: in order, in their own time, with a heartbeat; lost and found again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from shdr_shop import MONDAY, LogWriter, Shop

from andon.adapters.clock import SiteClock, SiteTime, SystemClock
from andon.adapters.recordings import find_logs, read_plan
from andon.adapters.shdr import ShdrSource, host_port, read_clock
from andon.adapters.shdr_replay import ReplayServer, merged, replay_of, timeline
from andon.adapters.site_folder import load
from andon.core.readings import Origin
from andon.core.time import parse_iso
from andon.protocols.events import Alive, Down, Event, Observation, Restarted
from andon.site.model import Site
from andon.sync.store import StateStore

PATIENCE_S = 60.0


def until(true: Callable[[], bool], why: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, why
        time.sleep(0.02)


def shop(root: Path) -> Shop:
    made = Shop.make(root)
    made.usual([60.0] * 3)
    return made


def the_site(made: Shop) -> Site:
    site = load(made.folder)
    assert isinstance(site, Site), site
    return site


def replay(made: Shop, speed: float, **options: object) -> ReplayServer:
    plan, _ = read_plan(made.folder)
    return ReplayServer(find_logs(made.data, plan), speed, **options)  # type: ignore[arg-type]


class Listener:
    """Collects what a source delivers."""

    def __init__(self, site: Site, address: tuple[str, int], *, replay: bool = True) -> None:
        self.clock = SiteClock()
        self.events: list[Event] = []
        self.source = ShdrSource(site.sources[0], site.signals, self._take, self.clock, replay=replay, address=address)

    def _take(self, source: str, events: object) -> None:
        assert source == "shop"
        self.events.extend(events)  # type: ignore[arg-type]

    def said(self, address: str) -> list[object]:
        return [e.value for e in list(self.events) if isinstance(e, Observation) and e.address == address]

    def kinds(self, kind: type[Event]) -> int:
        return sum(isinstance(e, kind) for e in list(self.events))


@contextmanager
def both(made: Shop, server: ReplayServer, *, obey: bool = True) -> Iterator[Listener]:
    server.start()
    listener = Listener(the_site(made), server.address, replay=obey)
    listener.source.start()
    try:
        yield listener
    finally:
        listener.source.stop()
        server.stop()


def test_every_line_arrives_once_in_order_and_in_its_own_time(tmp_path: Path) -> None:
    made = shop(tmp_path)
    server = replay(made, 2_000.0)
    with both(made, server) as listener:
        until(server.finished.is_set, "the replay ends")
        until(lambda: listener.said("Mill1:Part_Count") == [1, 2, 3], "every count arrives")
    times = [e.source_time or 0 for e in listener.events if isinstance(e, Observation)]
    assert times == sorted(times)
    assert times[0] == MONDAY
    assert listener.said("Mill1:Program_Status").count("PROGRAM_COMPLETED") == 3
    assert {e.origin for e in listener.events if isinstance(e, Observation)} == {Origin.REPLAYED}


def test_state_follows_in_the_recordings_own_time(tmp_path: Path) -> None:
    made = shop(tmp_path)
    server = replay(made, 2_000.0)
    store = StateStore(the_site(made))
    with both(made, server) as listener:
        until(server.finished.is_set, "the replay ends")
        until(lambda: 3 in listener.said("Mill1:Part_Count"), "the last line arrives")
        now = listener.clock.now()
        store.feed(listener.events, now)
        assert server.span.first < now < server.span.last + 86_400 * 10**9
        state = store.view("mill1.state", now)
    assert state is not None
    assert (state.value, state.origin) == ("idle", Origin.REPLAYED)
    assert listener.kinds(Restarted) == 1, "site time fell back from today to the recording's"
    counts = {reason for (_, _, reason) in store.counts()}
    assert counts <= {"undeclared-signal", "time-line-restarted"}


def test_an_adapter_that_is_no_replay_of_ours_cannot_set_the_clock(tmp_path: Path) -> None:
    made = shop(tmp_path)
    server = replay(made, 2_000.0)
    with both(made, server, obey=False) as listener:
        until(lambda: bool(listener.said("Mill1:Part_Count")), "lines arrive")
        assert listener.clock.mapping == SiteTime()
    assert {e.origin for e in listener.events if isinstance(e, Observation)} == {Origin.MEASURED}


def test_it_keeps_alive_while_the_recording_is_silent(tmp_path: Path) -> None:
    made = Shop.make(tmp_path)
    made.write(1, LogWriter(MONDAY).start().work(5).wait(86_400).complete())
    with both(made, replay(made, 1.0, heartbeat_ms=200)) as listener:
        until(lambda: bool(listener.said("Mill1:Program_Status")), "it begins")
        alive = listener.kinds(Alive)
        until(lambda: listener.kinds(Alive) > alive + 5, "signs of life go on")


def test_a_lost_adapter_is_told_and_found_again(tmp_path: Path) -> None:
    made = Shop.make(tmp_path)
    made.write(1, LogWriter(MONDAY).start().work(5).wait(86_400).complete())
    server = replay(made, 1.0, heartbeat_ms=200)
    with both(made, server) as listener:
        until(lambda: bool(listener.said("Mill1:Program_Status")), "it begins")
        address = server.address
        server.stop()
        until(lambda: listener.kinds(Down) > 0, "the loss is told")
        assert "trying again" in listener.source.trouble
        again = replay(made, 1.0, heartbeat_ms=200, address=address)
        again.start()
        try:
            before = listener.kinds(Alive)
            until(lambda: listener.kinds(Alive) > before and not listener.source.trouble, "it comes back")
        finally:
            again.stop()


def test_an_adapter_that_promises_and_falls_silent_is_given_up(tmp_path: Path) -> None:
    made = shop(tmp_path)
    done = threading.Event()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(PATIENCE_S)

        def promise() -> None:
            with server.accept()[0] as one:
                one.sendall(b"* PONG 200\n")
                done.wait(PATIENCE_S)

        thread = threading.Thread(target=promise, daemon=True)
        thread.start()
        listener = Listener(the_site(made), server.getsockname(), replay=False)
        listener.source.start()
        try:
            until(lambda: listener.kinds(Down) > 0, "the silence is noticed")
            assert any("silent" in e.why for e in list(listener.events) if isinstance(e, Down))
        finally:
            done.set()
            listener.source.stop()
            thread.join(PATIENCE_S)


def test_nobody_there_is_one_sentence(tmp_path: Path) -> None:
    made = shop(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    listener = Listener(the_site(made), address)
    listener.source.start()
    until(lambda: "no adapter answers" in listener.source.trouble, "it says so")
    listener.source.stop()


def test_a_replay_may_begin_later_and_tells_what_held_before(tmp_path: Path) -> None:
    made = shop(tmp_path)
    whole = replay(made, 1.0)
    late = replay(made, 1.0, start=whole.span.last - 10**9)
    with both(made, late) as listener:
        until(lambda: bool(listener.said("Mill1:Part_Count")), "the values of before arrive at once")
        until(late.finished.is_set, "the rest is played")
        until(lambda: listener.said("Mill1:Part_Count")[-1] == 3, "to its end")
    assert listener.said("Mill1:Part_Count") == [2, 3]


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    made = shop(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = replay(made, 1.0, address=taken.getsockname())
        with pytest.raises(OSError, match="cannot be listened on"):
            server.start()
        server.stop()


@pytest.mark.parametrize("speed", [0.0, -1.0, 1e9, float("nan")])
def test_an_impossible_speed_is_refused(tmp_path: Path, speed: float) -> None:
    made = shop(tmp_path)
    with pytest.raises(ValueError, match="no speed for a replay"):
        replay(made, speed)


def test_the_timeline_and_its_clock(tmp_path: Path) -> None:
    made = shop(tmp_path)
    plan, _ = read_plan(made.folder)
    files = find_logs(made.data, plan)
    span = timeline(files)
    played = [line.at for line in merged(files)]
    assert (span.first, span.last) == (played[0], played[-1])
    wall = SystemClock().now()
    assert span.mapping(60.0, wall).at(wall + 10**9) == span.first + 60 * 10**9
    with pytest.raises(ValueError, match="begin behind"):
        span.mapping(60.0, wall, span.last + 1)


def test_a_site_has_its_replay_in_one_call(tmp_path: Path) -> None:
    made = shop(tmp_path)
    assert replay_of(made.folder, made.data, 60.0, parse_iso("2017-01-30T08:30:00Z")).mapping.speed == 60.0


@pytest.mark.parametrize("url", ["http://x:1", "shdr://x", "shdr://:7878", "shdr://x:0", "shdr://x:99999", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="write `shdr://host:port`"):
        host_port(url)


@pytest.mark.parametrize("words", ["", "1", "1 2", "a b c", "1 2 0", "1 2 -3", "1 2 nan", "1 2 3 4"])
def test_a_clock_that_cannot_be_read_is_none(words: str) -> None:
    assert read_clock(words) is None
