"""`andon fit --events`: files of every kind, sentences, exit codes, and rows that a site folder takes."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from andon.adapters.history import History
from andon.adapters.site_folder import load
from andon.cli.fit import command
from andon.core.readings import Origin, Quality, Reading, Value
from andon.core.time import SECOND, Nanos
from andon.site.model import Site

VALVES = Path(__file__).parents[2] / "examples" / "valve-works"
LOG = VALVES / "logs" / "lathe-1.csv"


def fit(*words: str, site: Path = VALVES) -> Any:
    app = typer.Typer()
    app.command()(command())
    return CliRunner().invoke(app, [str(site), *words])


def test_a_weeks_log_of_a_lathe() -> None:
    answer = fit("--events", str(LOG), "--json")
    assert answer.exit_code == 1, answer.output
    data = json.loads(answer.output)
    found = {a["name"]: a for a in data["assumptions"]}
    assert (data["duplicates"], data["gaps"], data["malformed"], data["enough"]) == (9, 1, 0, False)
    assert found["turning.setup"]["agrees"]
    assert found["turning.ball-valve"]["law"]["uncertainty"] < 0.02
    assert found["lathe.time-to-failure"]["law"]["kind"] == "too few"
    assert "about 78 are needed" in found["lathe.time-to-failure"]["verdict"]


def test_the_rows_that_are_written_stand_in_a_site_folder(tmp_path: Path) -> None:
    rows = tmp_path / "fitted.yaml"
    fit("--events", str(LOG), "--assumptions", str(rows))
    folder = tmp_path / "site"
    shutil.copytree(VALVES, folder)
    lines = (folder / "assumptions.yaml").read_text().split("\n")
    names = ("turning.ball-valve", "turning.gate-valve", "turning.setup")
    kept = [line for line in lines if not any(f"name: {name}," in line for name in names)]
    made = [line for line in rows.read_text().split("\n") if line.startswith("  - ")]
    assert len(made) == 3
    place = kept.index("assumptions:") + 1
    (folder / "assumptions.yaml").write_text("\n".join([*kept[:place], *made, *kept[place:]]))
    site = load(folder)
    assert isinstance(site, Site), site
    law = next(a for a in site.assumptions if a.name == "turning.gate-valve").distribution
    assert (law.kind, law.mean) == ("gamma", 6.924)


def test_the_same_log_gzipped_and_as_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    zipped = tmp_path / "log.csv.gz"
    zipped.write_bytes(gzip.compress(LOG.read_bytes()))
    table = csv.read_csv(pa.BufferReader(LOG.read_bytes().split(b"\n", 1)[1]))
    pq.write_table(table, tmp_path / "log.parquet")
    plain, first, second = (
        json.loads(fit("--events", str(path), "--json").output)["assumptions"]
        for path in (LOG, zipped, tmp_path / "log.parquet")
    )
    assert plain == first == second


HEAD = "time,element,state,product,count\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,element\n1,lathe-1\n", ("has no column `state`",)),
        (HEAD, ("has no records",)),
        (HEAD + "yesterday,lathe-1,idle,,\n", ("has no records",)),
        (
            HEAD + "1,lathe-99,idle,,\n2,lathe-99,running,,\n",
            ("is of a machine, product or state that the site knows",),
        ),
        ("\x00\x01", ("has no column `time`",)),
    ],
)
def test_what_is_no_log_is_one_sentence(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    answer = fit("--events", str(path), "--json")
    assert answer.exit_code == 2
    assert all(word in json.loads(answer.output)["error"] for word in words), answer.output


@pytest.mark.parametrize("name", ["missing.csv", "broken.csv.gz", "broken.parquet"])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    if name.startswith("broken"):
        (tmp_path / name).write_bytes(b"\x1f\x8b\x08nonsense")
    answer = fit("--events", str(tmp_path / name), "--json")
    assert answer.exit_code == 2
    assert "cannot be read" in json.loads(answer.output)["error"]


def test_malformed_rows_are_counted_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(LOG.read_text() + "soon,lathe-1,idle,,\n-5,lathe-1,idle,,\n1,,idle,,\n2,lathe-1,idle,,many\n")
    data = json.loads(fit("--events", str(path), "--json").output)
    assert data["malformed"] == 4
    assert data["records"] == 541


def _readings(start: int) -> list[Reading]:
    """Two hundred jobs of four minutes on a lathe, an offline minute in the midst of one, and an order every hour."""
    found: list[tuple[int, str, Value, Quality]] = []
    now = 0
    for n in range(200):
        found += [(now, "lathe-1.state", "idle", Quality.GOOD), (now, "lathe-1.count", n, Quality.GOOD)]
        now += 20
        found += [(now, "lathe-1.job", "ball-valve", Quality.GOOD), (now, "lathe-1.state", "running", Quality.GOOD)]
        if n == 100:
            found += [
                (now + 60, "lathe-1.state", "idle", Quality.BAD),
                (now + 120, "lathe-1.state", "running", Quality.GOOD),
            ]
        now += 240 + n % 7
        found.append((now, "ball-valve.waiting", 10 + (now // 3600) * 4, Quality.GOOD))
    return [
        Reading(signal, value, *[Nanos(start + at * SECOND)] * 3, quality, Origin.MEASURED, int(quality) << 30)
        for at, signal, value, quality in found
    ]


def test_the_history_that_a_twin_kept_is_a_log(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    shutil.copytree(VALVES, folder)
    missing = fit("--events", "history", "--json", site=folder)
    assert missing.exit_code == 2
    assert "andon run" in json.loads(missing.output)["error"]
    history = History(folder / ".andon" / "history.duckdb")
    history.append(_readings(1_767_600_000 * SECOND))
    history.close()
    data = json.loads(fit("--events", "history", "--json", site=folder).output)
    found = {a["name"]: a["law"] for a in data["assumptions"]}
    assert (found["turning.ball-valve"]["seen"], found["turning.ball-valve"]["cut"]) == (198, 1)
    assert found["turning.ball-valve"]["mean"] == pytest.approx(243, abs=1)


def test_time_between_orders_is_open_shift_time(tmp_path: Path) -> None:
    """Two shifts a day: an order every two open hours is one every two hours, nights and weekends left out."""
    site = load(VALVES)
    assert isinstance(site, Site)
    from andon.models.simulate.calendar import first_shift_start, open_spans

    start = first_shift_start(site)
    spans = open_spans(site, start, 14 * 86_400 * 10**9)
    moments, gone, step = [], 0, 7200 * 10**9
    for a, b in spans:
        while gone + b - a >= len(moments) * step:
            moments.append(start + a + len(moments) * step - gone)
        gone += b - a
    path = tmp_path / "orders.csv"
    path.write_text(HEAD + "".join(f"{t / 1e9},ball-valve,order,,\n" for t in moments))
    (found,) = json.loads(fit("--events", str(path), "--json").output)["assumptions"]
    assert found["of"] == "time between orders of `ball-valve`"
    assert found["law"]["kind"] == "constant"
    assert found["law"]["mean"] == 7200
