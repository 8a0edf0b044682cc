"""kill -9 of the plant, again and again: what was acknowledged is logged once, and still in force afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
SERVE = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from andon.adapters.clock import SiteTime
from andon.adapters.site_folder import load
from andon.plant.serve import Settings, serve
folder = Path(sys.argv[1])
site = load(folder)
open_source = site.sources[0].model_copy(update={"security": "none"})
site = site.model_copy(update={"sources": (open_source,)})
mapping = SiteTime(epoch_site=int(sys.argv[2]), epoch_wall=int(sys.argv[2]), speed=100.0)
settings = Settings(folder=folder / ".andon" / "plant", mapping=mapping, port=0, seed=9, write_log=folder / "writes")
serve(site, settings, lambda ready: print(json.dumps(asdict(ready)), flush=True))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in (ROOT / "examples" / "valve-works").iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def start(folder: Path, epoch: int) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-c", SERVE, str(folder), str(epoch)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["endpoint"]


def end(process: subprocess.Popen[str], number: int) -> None:
    os.kill(process.pid, number)
    process.wait(PATIENCE_S)
    assert process.stdout is not None
    process.stdout.close()


def test_set_points_counts_and_the_log_survive_kills(folder: Path) -> None:
    epoch = 1_790_000_000 * 10**9
    acknowledged: list[float] = []
    counts: dict[str, int] = {}

    async def a_life(endpoint: str, setpoint: float, process: subprocess.Popen[str]) -> None:
        client = Client(endpoint, timeout=PATIENCE_S)
        await client.connect()
        try:

            async def value(name: str) -> Any:
                return await client.get_node(f"ns=2;s={name}").read_value()

            if acknowledged:
                assert await value("oven-1.setpoint") == acknowledged[-1]
            for name in ("lathe-1.count", "washer-1.count", "ball-valve.completed"):
                now = await value(name)
                assert now >= counts.get(name, 0), f"{name} went back"
                counts[name] = now
            await client.get_node("ns=2;s=oven-1.setpoint").write_value(setpoint)
            acknowledged.append(setpoint)
        finally:
            end(process, signal.SIGKILL)
            client.disconnect_socket()

    for life in range(5):
        process, endpoint = start(folder, epoch)
        asyncio.run(a_life(endpoint, 170.0 + life, process))
    process, _ = start(folder, epoch)
    end(process, signal.SIGTERM)
    assert process.returncode == 0
    lines = [json.loads(line) for line in (folder / "writes").read_text().splitlines()]
    assert [line["value"] for line in lines] == acknowledged, "each once, in order"
    assert all(line["answer"] == "taken" for line in lines)
    memory = json.loads((folder / ".andon" / "plant" / "state.json").read_text())
    assert memory["registers"]["oven-1.setpoint"] == [acknowledged[-1]] * 2
