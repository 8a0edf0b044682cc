"""The gateway's socket can be used however long its folder's name, with `/proc` and, as on macOS, without it."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from andon.adapters import gateway_socket
from andon.adapters.gateway_link import GatewayLink, GatewayUnreachable
from andon.adapters.gateway_socket import BYTES_MAX, NAME, to_bind, to_connect
from andon.core.time import ManualClock
from andon.gateway.process import Gateway
from andon.gateway.serve import SocketServer


@pytest.fixture
def without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A system that has no `/proc`; returns its folder for temporary files."""
    temporary = tmp_path / "t"
    temporary.mkdir()
    monkeypatch.setattr(gateway_socket, "FDS", Path("/nowhere/fd"))
    monkeypatch.setattr(gateway_socket.tempfile, "gettempdir", lambda: str(temporary))
    return temporary


def long_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "a-site-with-a-very-long-name" / ("x" * BYTES_MAX) / ".andon" / "gateway"
    folder.mkdir(parents=True)
    return folder


@contextmanager
def short_folder() -> Iterator[Path]:
    folder = Path(f"/tmp/andon-{os.getpid()}")  # noqa: S108 - what is tested is a short path; it is private
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        gateway_socket.remove(folder)
        folder.rmdir()


def talk(folder: Path) -> bytes:
    """What a client hears from a server that listens in `folder`."""
    with socket.socket(socket.AF_UNIX) as server:
        with to_bind(folder) as path:
            server.bind(path)
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"here")

        thread = threading.Thread(target=answer)
        thread.start()
        with to_connect(folder) as path, socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            heard = client.recv(10)
        thread.join()
        return heard


def test_a_long_path_is_reached_by_way_of_proc(tmp_path: Path) -> None:
    if not gateway_socket.FDS.exists():
        pytest.skip("this system has no /proc; the other tests are of such systems")
    folder = long_folder(tmp_path)
    assert talk(folder) == b"here"
    assert (folder / NAME).is_socket()


def test_without_proc_a_short_path_is_used_as_it_is(without_proc: Path) -> None:
    with short_folder() as folder:
        assert talk(folder) == b"here"
        assert not (folder / NAME).is_symlink()
    assert not list(without_proc.iterdir())


def test_without_proc_a_long_path_leads_to_a_private_folder(
    without_proc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with short_folder() as short:
        monkeypatch.setattr(gateway_socket.tempfile, "gettempdir", lambda: str(short))
        folder = long_folder(tmp_path)
        assert talk(folder) == b"here"
        [private] = short.glob("andon-*")
        assert private.stat().st_mode & 0o777 == 0o700
        assert (folder / NAME).readlink() == private / NAME
        assert talk(folder) == b"here", "a socket that a dead gateway left is replaced"
        other = long_folder(tmp_path / "other")
        assert gateway_socket._temporary(other) != private / NAME
        gateway_socket.remove(folder)
        assert not list(private.iterdir())
        assert not (folder / NAME).is_symlink()
        for left in short.glob("andon-*"):
            left.rmdir()


@pytest.mark.parametrize("spoilt", ["open", "link"])
def test_without_proc_a_folder_of_anybody_else_is_refused(without_proc: Path, tmp_path: Path, spoilt: str) -> None:
    folder = long_folder(tmp_path)
    there = gateway_socket._temporary(folder).parent
    if spoilt == "open":
        there.chmod(0o755)
    else:
        there.rename(there.with_name("elsewhere"))
        there.symlink_to(there.with_name("elsewhere"))
    with pytest.raises(PermissionError, match="not a folder of this user alone; remove it"), to_bind(folder):
        pass


def test_without_proc_a_gateway_answers_and_one_that_is_not_there_is_one_sentence(
    without_proc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(folder: Path) -> None:
        gateway = Gateway(folder, ManualClock(0))
        server = SocketServer(gateway, folder)
        await server.begin()
        try:
            told = await asyncio.to_thread(GatewayLink(folder, answer_s=60.0).status)
            assert told["epoch"] == gateway.state.epoch
        finally:
            await server.end()
            await gateway.end()

    with short_folder() as short:
        monkeypatch.setattr(gateway_socket.tempfile, "gettempdir", lambda: str(short))
        folder = long_folder(tmp_path)
        asyncio.run(serve(folder))
        assert not (folder / NAME).is_symlink()
        with pytest.raises(GatewayUnreachable, match="the gateway does not answer"):
            GatewayLink(folder).status()
        for left in short.glob("andon-*"):
            left.rmdir()
