"""Reading a ledger file: records, receipts, verification; never writes, and may run beside the writer."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from andon.core.time import Nanos
from andon.ledger.checkpoint import Checkpoint, NoteRefused, VerifierKey, open_checkpoint
from andon.ledger.leaf import RecordRefused
from andon.ledger.proof import consistency_spans, hashes, inclusion_spans
from andon.ledger.receipt import Receipt, TlogProof
from andon.ledger.record import Record
from andon.ledger.tree import Spot
from andon.ledger.verify import Row, Verification, verify

VERSION = 1
SCHEMA = """
CREATE TABLE records(
  place INTEGER PRIMARY KEY,       -- 0, 1, 2, ...
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,             -- nanoseconds of site time
  commitment BLOB NOT NULL,        -- SHA-256(salt || body)
  leaf BLOB NOT NULL,              -- leaf hash
  body BLOB,                       -- canonical JSON of actor, payload, unique; NULL once erased
  salt BLOB,                       -- 32 bytes; NULL once erased
  claim TEXT                       -- the record's `unique`, NULL when it has none
) STRICT;
CREATE UNIQUE INDEX claims ON records(kind, claim) WHERE claim IS NOT NULL;
CREATE TABLE nodes(level INTEGER, place INTEGER, hash BLOB NOT NULL, PRIMARY KEY(level, place)) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints(size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
"""
ERASED_PAYLOAD = {"erased": True}
_COLUMNS = "place, kind, at, commitment, leaf, body, salt, claim"


class LedgerDamaged(OSError):  # noqa: N818 - named for what it says
    """What is stored is not what was signed."""


def damaged(path: Path, what: str) -> LedgerDamaged:
    """The sentence for a ledger that must not be used."""
    return LedgerDamaged(f"ledger `{path}` is damaged or was altered: {what}; keep the file and restore a backup")


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection in autocommit mode.

    Raises:
        OSError: cannot be opened.
    """
    mode = "ro" if read_only else "rwc"
    try:
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5,
        )
    except sqlite3.Error as error:
        if not path.exists():
            raise OSError(f"ledger `{path}` does not exist; it is made when the site first runs") from error
        raise OSError(f"ledger `{path}` cannot be opened ({error}); mend its permissions") from error


class LedgerReader:
    """A ledger to look at. Every read sees one moment of it."""

    def __init__(self, path: Path, key: VerifierKey, *, connection: sqlite3.Connection | None = None) -> None:
        self.path = path
        self.verifier = key
        self._connection = connection or connect(path, read_only=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def size(self) -> int:
        """How many records there are."""
        (count,) = self._connection.execute("SELECT count(*) FROM records").fetchone()
        return int(count)

    def rows(self, start: int = 0) -> Iterator[Row]:
        """The records as they are stored, by place."""
        query = f"SELECT {_COLUMNS} FROM records WHERE place >= ? ORDER BY place"  # noqa: S608 - a constant
        for row in self._connection.execute(query, (start,)):
            yield _row(row)

    def row(self, index: int) -> Row:
        """One stored record.

        Raises:
            RecordRefused: there is none at `index`.
        """
        query = f"SELECT {_COLUMNS} FROM records WHERE place = ?"  # noqa: S608 - a constant
        row = self._connection.execute(query, (index,)).fetchone()
        if row is None:
            raise RecordRefused(f"record `{index}` does not exist; the last is {self.size() - 1}")
        return _row(row)

    def records(self, start: int = 0) -> Sequence[Record]:
        """Every record from `start` on, in order."""
        return tuple(record_of(row) for row in self.rows(start))

    def checkpoint(self) -> str:
        """The latest signed checkpoint, as a note.

        Raises:
            RecordRefused: nothing is recorded yet.
        """
        found = self._connection.execute("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        if found is None:
            raise RecordRefused("nothing is recorded yet, so there is no checkpoint")
        return str(found[0])

    def prove(self, index: int) -> Receipt:
        """An offline receipt for one record, under the latest checkpoint.

        Raises:
            RecordRefused: there is none at `index`.
            LedgerDamaged: the stored checkpoint or hashes cannot be used.
        """
        row = self.row(index)
        note = self.checkpoint()
        try:
            size = open_checkpoint(note, self.verifier).size
            path = hashes(inclusion_spans(index, size), self._stored)
        except (NoteRefused, ValueError) as error:
            raise damaged(self.path, str(error)) from error
        return Receipt(row.kind, row.at, row.commitment, row.body, row.salt, TlogProof(index, path, note))

    def prove_extension(self, old: int, new: int) -> tuple[bytes, ...]:
        """The consistency proof between two sizes, for a witness.

        Raises:
            RecordRefused: not `0 < old <= new <= size`.
        """
        if not 0 < old <= new <= self.size():
            raise RecordRefused(f"no proof from {old} to {new} records; sizes run from 1 to {self.size()}")
        return hashes(consistency_spans(old, new), self._stored)

    def verify(self, known: Sequence[Checkpoint] = (), keep: list[Row] | None = None) -> Verification:
        """Check everything stored, at one moment; rows are added to `keep` when it is given."""
        began = not self._connection.in_transaction
        if began:
            self._connection.execute("BEGIN")
        try:
            checkpoints = self._connection.execute("SELECT size, note FROM checkpoints ORDER BY size").fetchall()
            nodes = {
                Spot(level, place): digest
                for level, place, digest in self._connection.execute("SELECT level, place, hash FROM nodes")
            }
            return verify(self._kept(keep), checkpoints, nodes, self.verifier, known)
        finally:
            if began:
                self._connection.execute("COMMIT")

    def copy_to(self, path: Path) -> None:
        """A whole copy of the ledger at one moment, as one file, while the writer goes on.

        Raises:
            OSError: there is a file already, or it cannot be written.
        """
        if path.exists():
            raise OSError(f"`{path}` exists already; name a new file")
        try:
            with contextlib.closing(connect(path, read_only=False)) as target:
                self._connection.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise OSError(f"`{path}` could not be written ({error}); free disk space") from error

    def _kept(self, keep: list[Row] | None) -> Iterator[Row]:
        for row in self.rows():
            if keep is not None:
                keep.append(row)
            yield row

    def _stored(self, spot: Spot) -> bytes:
        if spot.level == 0:
            found = self._connection.execute("SELECT leaf FROM records WHERE place = ?", (spot.place,)).fetchone()
        else:
            query = "SELECT hash FROM nodes WHERE level = ? AND place = ?"
            found = self._connection.execute(query, (spot.level, spot.place)).fetchone()
        if found is None:
            raise damaged(self.path, f"subtree at level {spot.level}, place {spot.place} is missing")
        return bytes(found[0])


def record_of(row: Row) -> Record:
    """The record as everything above the ledger sees it; an erased one keeps its place, kind, time and claim."""
    if row.body is None:
        return Record(row.index, row.kind, Nanos(row.at), "", ERASED_PAYLOAD, row.unique)
    said = json.loads(row.body)
    return Record(row.index, row.kind, Nanos(row.at), said["actor"], said["payload"], said["unique"])


def _row(row: tuple[int, str, int, bytes, bytes, bytes | None, bytes | None, str | None]) -> Row:
    return Row(*row[:7], row[7] or "")
