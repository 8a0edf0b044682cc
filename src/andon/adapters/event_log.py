"""Event logs of replications as Parquet files, so that anybody can check an answer with tools of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from andon.models.simulate.replay import Replay


def event_table(replay: Replay) -> pa.Table:
    """The events as an Arrow table; see `Replay.columns` for what stands in which column. -1 becomes null."""
    columns = replay.columns()
    arrays = {
        "time_s": pa.array(columns["time_s"], pa.float64()),
        **{
            k: pa.array(columns[k], pa.string()).dictionary_encode()
            for k in ("event", "element", "state", "product", "place")
        },
        **{k: pa.array(columns[k], pa.int64(), mask=columns[k] < 0) for k in ("serial", "number")},
    }
    return pa.table(arrays)


def event_log_bytes(replay: Replay, about: Mapping[str, str]) -> bytes:
    """The events as a Parquet file in memory, with `about` as its metadata."""
    out = pa.BufferOutputStream()
    parquet.write_table(_told(replay, about), out, compression="zstd")
    return bytes(out.getvalue())


def _told(replay: Replay, about: Mapping[str, str]) -> pa.Table:
    return event_table(replay).replace_schema_metadata({f"andon.{k}": os.fsencode(v) for k, v in about.items()})


def write_event_log(replay: Replay, path: Path, about: Mapping[str, str]) -> int:
    """Write the events of a replication, with what they rest on as the file's metadata; rows written.

    Args:
        replay: the replication.
        path: the file; one that is there is replaced whole, or not at all.
        about: baseline, seed, command: whatever makes the file mean something alone.

    Raises:
        OSError: the file cannot be written.
    """
    table = _told(replay, about)
    if path.exists() and not path.is_file():  # such as /dev/null: written into, never replaced
        parquet.write_table(table, path, compression="zstd")
        return int(table.num_rows)
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        parquet.write_table(table, draft, compression="zstd")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return int(table.num_rows)
