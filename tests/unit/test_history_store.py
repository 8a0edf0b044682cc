"""History keeps every reading with its quality, thins without hiding an extreme, and gives digests to cite."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from andon.adapters.history import FLUSH_ROWS, History, HistoryUnavailable, reading_bytes
from andon.core.readings import Origin, Quality, Reading
from andon.core.time import SECOND, Nanos

T = 1_700_000_000 * SECOND
DAY = 86_400 * SECOND


def reading(signal: str = "oven.temperature", value: Any = 180.0, at: int = T, status: int = 0) -> Reading:
    return Reading(
        signal,
        value,
        Nanos(at),
        Nanos(at + 1),
        Nanos(at + 2),
        Quality.of_status(status),
        Origin.MEASURED,
        status,
    )


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "history.duckdb") as opened:
        yield opened


MIXED = [
    reading(value=180.0),
    reading("oven.count", 7, T + 1),
    reading("oven.remote", False, T + 2),
    reading("oven.state", "running", T + 3),
    reading("oven.state", "", T + 4),
    reading(value=181.5, at=T + 5, status=0x40900000),
    reading("oven.count", 2**53 - 1, T + 6),
]


def test_what_goes_in_comes_out_the_same(history: History) -> None:
    history.append(MIXED)
    back = list(history.readings(None, T, T + SECOND))
    assert back == MIXED
    assert [type(r.value) for r in back] == [type(r.value) for r in MIXED]


def test_a_bad_reading_keeps_its_status_and_has_no_value(history: History) -> None:
    history.append([reading(), reading(value=math.nan, at=T + 1, status=0x808C0000)])
    [_, bad] = history.readings(["oven.temperature"], T, T + SECOND)
    assert math.isnan(bad.value) if isinstance(bad.value, float) else False
    assert (bad.quality, bad.status) == (Quality.BAD, 0x808C0000)
    points = history.query("oven.temperature", T, T + SECOND).points
    assert [(p.last, p.quality) for p in points] == [(180.0, Quality.GOOD), (None, Quality.BAD)]


def test_ranges_hold_their_start_and_not_their_end(history: History) -> None:
    history.append([reading(at=T + k) for k in range(5)])
    assert [r.source_time for r in history.readings(None, T + 1, T + 3)] == [T + 1, T + 2]
    assert [p.at for p in history.query("oven.temperature", T + 1, T + 3).points] == [T + 1, T + 2]


def test_readings_of_one_source_time_keep_the_order_of_their_arrival(history: History) -> None:
    history.append([reading(value=float(k)) for k in range(20)])
    history.flush()
    history.append([reading(value=20.0)])
    assert [r.value for r in history.readings(None, T, T + 1)] == [float(k) for k in range(21)]
    assert [p.last for p in history.query("oven.temperature", T, T + 1).points] == [float(k) for k in range(21)]


def test_thinning_hides_no_extreme_and_no_bad_quality(history: History) -> None:
    rows = [reading(value=100.0 + k % 10, at=T + k * SECOND) for k in range(1000)]
    rows[437] = reading(value=999.0, at=T + 437 * SECOND)
    rows[438] = reading(value=-999.0, at=T + 438 * SECOND)
    rows[700] = reading(value=math.nan, at=T + 700 * SECOND, status=0x80000000)
    history.append(rows)
    trend = history.query("oven.temperature", T, T + 1000 * SECOND, max_points=50)
    assert trend.bucket == 20 * SECOND
    assert len(trend.points) == 50
    assert sum(p.count for p in trend.points) == 1000
    assert max(p.high or 0 for p in trend.points) == 999.0
    assert min(p.low or 0 for p in trend.points) == -999.0
    assert [k for k, p in enumerate(trend.points) if p.quality is Quality.BAD] == [35]
    assert trend.points[-1].last == 109.0
    assert trend.points[0].as_json()["quality"] == "good"


def test_a_trend_says_what_held_before_it_begins(history: History) -> None:
    history.append([reading("oven.state", "idle"), reading("oven.state", "running", T + 10 * SECOND)])
    trend = history.query("oven.state", T + 5 * SECOND, T + 20 * SECOND)
    assert trend.before is not None
    assert (trend.before.value, [p.last for p in trend.points]) == ("idle", ["running"])
    assert history.query("oven.state", T, T + 1).before is None


def test_an_unknown_signal_has_an_empty_trend(history: History) -> None:
    trend = history.query("no.such", T, T + SECOND)
    assert (trend.points, trend.before) == ((), None)
    assert list(history.readings(["no.such"], 0, T)) == []


def test_a_digest_is_of_the_readings_in_order_and_of_nothing_else(history: History) -> None:
    history.append(MIXED)
    segment = history.segment(T, T + SECOND)
    expected = hashlib.sha256(b"".join(reading_bytes(r) for r in MIXED)).hexdigest()
    assert (segment.rows, segment.digest) == (len(MIXED), f"sha256:{expected}")
    assert history.segment(T, T + 5).digest != segment.digest
    only = history.segment(T, T + SECOND, ["oven.count"])
    assert only.rows == 2
    assert segment.as_json() == {
        "since": str(T),
        "until": str(T + SECOND),
        "rows": 7,
        "digest": f"sha256:{expected}",
    }


def test_the_bytes_of_a_reading_are_the_published_ones() -> None:
    assert reading_bytes(reading("a.b", 1.0, 1)).hex() == (
        "0003" + b"a.b".hex() + "0000000000000001" + "0000000000000002" + "0000000000000003" + "00000000"
        "0008" + b"measured".hex() + "00" + "3ff0000000000000"
    )
    assert reading_bytes(reading("a.b", "hé", 1)).endswith(bytes.fromhex("03 00000003 68c3a9"))
    assert reading_bytes(reading("a.b", math.nan, 1)).endswith(bytes.fromhex("00 7ff8000000000000"))


def test_digests_do_not_depend_on_how_readings_were_flushed(tmp_path: Path) -> None:
    digests = set()
    for size in (1, 3, len(MIXED)):
        with History(tmp_path / f"{size}.duckdb") as history:
            for k in range(0, len(MIXED), size):
                history.append(MIXED[k : k + size])
                history.flush()
            digests.add(history.segment(T, T + SECOND).digest)
    assert len(digests) == 1


def test_old_readings_go_by_the_retention_of_their_signal(history: History) -> None:
    history.append([reading(at=T + k * DAY) for k in range(100)])
    history.append([reading("oven.state", "idle", T + k * DAY) for k in range(100)])
    gone = history.prune(T + 100 * DAY, {"oven.state": 10, "oven.temperature": 90})
    assert gone == 10 + 90
    assert len(list(history.readings(["oven.temperature"], 0, T + 100 * DAY))) == 90
    assert len(list(history.readings(["oven.state"], 0, T + 100 * DAY))) == 10


def test_what_is_kept_too_long_goes_by_itself_once_an_hour(tmp_path: Path) -> None:
    with History(tmp_path / "history.duckdb", keep_days={"oven.temperature": 1.0}) as history:
        for hour in range(30):
            history.append([reading(at=T + hour * DAY // 24), reading("oven.state", "idle", T + hour * DAY // 24)])
            history.flush()
        held = list(history.readings(None, 0, T + 30 * DAY))
    assert sum(r.signal == "oven.temperature" for r in held) == 24
    assert sum(r.signal == "oven.state" for r in held) == 30


def test_it_flushes_by_itself_once_many_wait(history: History) -> None:
    history.append([reading(at=T + k) for k in range(FLUSH_ROWS)])
    assert history._waiting == []
    assert history.extent() == (T, T + FLUSH_ROWS - 1, FLUSH_ROWS)


def test_signals_seen_later_join_and_all_survive_reopening(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    for k in range(3):
        with History(path) as history:
            history.append([reading("oven.count", k, T + k), reading(f"new{k}.count", k, T + k)])
    with History(path) as history:
        assert [r.signal for r in history.readings(None, 0, T + 9) if r.signal != "oven.count"] == [
            "new0.count",
            "new1.count",
            "new2.count",
        ]


def test_a_value_of_a_foreign_type_is_refused_before_it_can_spoil_a_flush(history: History) -> None:
    import numpy as np

    with pytest.raises(TypeError, match=r"`oven.temperature` has a value of type float64"):
        history.append([reading(), reading(value=np.float64(1.0))])
    assert history.extent() == (0, 0, 0)


def test_texts_come_back_as_they_were(history: History) -> None:
    texts = ["", "läuft", "a\x00b", "🛠", "x" * 4096, "' OR 1=1 --"]
    history.append([reading("oven.state", text, T + k) for k, text in enumerate(texts)])
    assert [r.value for r in history.readings(None, T, T + 9)] == texts


def test_an_empty_history_has_no_extent(history: History) -> None:
    assert history.extent() == (0, 0, 0)


HOLD = """
import sys
from pathlib import Path
from andon.adapters.history import History
history = History(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_file_that_another_process_holds_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(HistoryUnavailable) as refused:
            History(path)
        other.kill()
    assert "is held by another process" in str(refused.value)
    assert "ask the running twin over its local API" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_history_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    path.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(HistoryUnavailable, match="cannot be opened as a history"):
        History(path)


def test_a_disk_that_refuses_loses_nothing_that_waits(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    history.append([reading()])

    def refuse(*_: object) -> None:
        raise duckdb.IOException("IO Error: No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(history, "_arrow", refuse)
        with pytest.raises(HistoryUnavailable, match=r"cannot be written \(IO Error: No space left on device\)"):
            history.flush()
    history.append([reading(at=T + 1)])
    assert [r.source_time for r in history.readings(None, 0, T + 9)] == [T, T + 1]
    assert history.lost == 0
