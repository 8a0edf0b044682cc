"""`andon state`: asks the running twin, else the sources themselves, and always says which, and what is not current."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from andon.adapters.site_folder import load
from andon.cli import state as command
from andon.core.time import SECOND
from andon.protocols.events import Observation
from andon.site.model import Site
from andon.sync.store import StateStore

ROOT = Path(__file__).parents[2]
T = 1_700_000_000 * SECOND
APP = typer.Typer()
APP.command()(command.state)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "site"
    shutil.copytree(ROOT / "examples" / "valve-works", made, ignore=shutil.ignore_patterns(".andon"))
    return made


def rows(folder: Path, *, now: int = T) -> list[dict[str, Any]]:
    site = load(folder)
    assert isinstance(site, Site)
    store = StateStore(site)
    for s in site.signals:
        value: Any = {"float": s.low or 0.0, "int": int(s.low or 0), "bool": True, "string": "idle"}[s.type]
        store.apply([Observation(s.source, s.address, value, T, T, T)], T)
    return [v.as_json() for v in store.views(now)]


class Api(ThreadingHTTPServer):
    daemon_threads = True
    code = 200
    answer: Any = None
    token = "t0ken"


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        allowed = self.headers["Authorization"] == f"Bearer {self.server.token}" and self.path == "/api/state"
        body = json.dumps(self.server.answer).encode()
        self.send_response(self.server.code if allowed else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def api(folder: Path) -> Iterator[Api]:
    with Api(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        run = folder / ".andon" / "run"
        run.mkdir(parents=True)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        (run / "api.json").write_text(json.dumps({"url": url, "token": server.token}))
        yield server
        server.shutdown()
        thread.join()


def ran(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(APP, arguments)
    return result.exit_code, result.stdout, result.stderr


def test_a_running_twin_is_asked_with_its_token(folder: Path, api: Api) -> None:
    api.answer = {"signals": rows(folder)}
    code, out, err = ran(str(folder), "--json")
    found = json.loads(out)
    assert (code, err, found["from"], found["notes"]) == (0, "", "twin", [])
    assert len(found["signals"]) == 100
    assert found["signals"][0].keys() >= {"signal", "value", "unit", "quality", "age_s", "origin", "why", "fresh"}


def test_each_row_has_value_unit_age_quality_origin(folder: Path, api: Api) -> None:
    api.answer = {"signals": rows(folder, now=T + 2 * SECOND)}
    code, out, _ = ran(str(folder), "--signal", "oven-1.temperature")
    assert code == 0
    header, row = [line.split() for line in out.splitlines() if line.strip()]
    assert header[:6] == ["signal", "value", "unit", "age", "quality", "origin"]
    assert row == ["oven-1.temperature", "0", "Cel", "2.0", "s", "good", "measured"]


def test_what_is_not_current_says_why_and_the_exit_code_says_so(folder: Path, api: Api) -> None:
    api.answer = {"signals": rows(folder, now=T + 999 * SECOND)}
    code, out, _ = ran(str(folder))
    assert code == 1
    assert "stale 999 s >" in out


@pytest.mark.parametrize(("status", "says"), [(500, "refused (500)"), (401, "refused (401)")])
def test_a_twin_that_refuses_is_one_sentence(folder: Path, api: Api, status: int, says: str) -> None:
    api.code = status
    code, out, err = ran(str(folder))
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_the_address_of_a_killed_twin_is_not_believed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = folder / ".andon" / "run"
    run.mkdir(parents=True)
    (run / "api.json").write_text('{"url": "http://127.0.0.1:9", "token": "x"}')
    monkeypatch.setattr(command, "LOOK_S", 0.5)
    monkeypatch.setattr(command, "read_directly", lambda *_: {"from": "sources", "notes": ["n"], "signals": []})
    code, out, _ = ran(str(folder), "--json")
    assert (code, json.loads(out)["from"]) == (1, "sources")


def test_without_a_twin_the_sources_are_asked_and_it_is_said(folder: Path) -> None:
    text = (folder / "sources.yaml").read_text().replace(":4840/", ":9/")
    (folder / "sources.yaml").write_text(text)
    site = load(folder)
    assert isinstance(site, Site)
    found = command.read_directly(folder, site, wait_s=1.0)
    assert found["from"] == "sources"
    assert found["notes"][0].startswith("no twin runs for this site")
    assert any("does not answer" in note for note in found["notes"])
    assert all(s["fresh"] is False and s["value"] is None for s in found["signals"])


def test_a_broken_site_is_one_sentence(tmp_path: Path) -> None:
    code, out, err = ran(str(tmp_path / "nowhere"))
    assert (code, out) == (2, "")
    assert "the folder does not exist" in err
