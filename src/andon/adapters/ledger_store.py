"""The ledger in SQLite: one transaction appends records, subtree hashes and a signed checkpoint; one writer at a time.

Durability rests on WAL with synchronous=FULL: when `append` returns, its records survive power loss. Opening checks
every stored byte and fails closed with a sentence.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from andon.adapters.ledger_rows import SCHEMA, VERSION, LedgerReader, connect, damaged, record_of
from andon.core.time import Nanos
from andon.ledger.checkpoint import Checkpoint, NoteRefused, SignerKey, open_checkpoint, sign_checkpoint
from andon.ledger.leaf import SALT_BYTES, RecordRefused, Sealed, body_of, seal
from andon.ledger.record import AlreadyRecorded, NewRecord, Record
from andon.ledger.tree import Frontier, Node
from andon.ledger.verify import ERASED, Row

APPEND_RECORDS_MAX = 10_000


class LedgerBusy(OSError):  # noqa: N818 - named for what it says
    """Another process has the ledger open for writing."""


class SqliteLedger(LedgerReader):
    """The one writer of a ledger. Safe to share between threads.

    Records are also kept in memory, since authority is computed from all of them.

    Raises (on opening):
        LedgerBusy: another process writes to it.
        LedgerDamaged: what is stored is not what was signed; says what and where.
        OSError: the file cannot be opened or created.
    """

    def __init__(self, path: Path, key: SignerKey, salt: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._key = key
        self._salt = salt
        self._guard = threading.RLock()
        self._unsure = ""
        self._frontier = Frontier()
        self._records: list[Record] = []
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held = _hold(path.with_name(path.name + ".lock"))
        try:
            super().__init__(path, key.verifier, connection=_open_for_writing(path))
            try:
                self._load()
            except BaseException:
                super().close()
                raise
        except BaseException:
            self._held.close()
            raise

    def append(self, records: Sequence[NewRecord], at: Nanos) -> tuple[Record, ...]:
        """Make all of them durable in one transaction, in order, or none.

        Raises:
            AlreadyRecorded: a `unique` is taken, or given twice here.
            RecordRefused: not canonical JSON, too large, or a kind that is not a name.
            OSError: the disk refused; nothing was recorded.
        """
        if len(records) > APPEND_RECORDS_MAX:
            raise RecordRefused(f"{len(records)} records at once, {APPEND_RECORDS_MAX} is the most; append in parts")
        sealed = [(self._seal(record, at), record.unique) for record in records]
        with self._guard:
            return self._append(sealed) if sealed else ()

    def erase(self, index: int, *, actor: str, reason: str, at: Nanos) -> Record:
        """Forget what record `index` says (actor, payload, salt) and record that this was done; proofs survive.

        Returns:
            The new `ledger.erased` record.

        Raises:
            RecordRefused: no such record, erased already, or itself the account of an erasure.
            OSError: the disk refused; nothing was erased.
        """
        with self._guard:
            if not 0 <= index < len(self._records):
                raise RecordRefused(f"record `{index}` does not exist; the last is {len(self._records) - 1}")
            target = self._records[index]
            if target.kind == ERASED:
                raise RecordRefused(f"record `{index}` accounts for an erasure and cannot be erased itself")
            if self.row(index).body is None:
                raise RecordRefused(f"record `{index}` is erased already")
            account = NewRecord(ERASED, actor, {"index": index, "unique": target.unique, "reason": reason})
            (made,) = self._append([(self._seal(account, at), "")], erased=index)
            self._records[index] = record_of(self.row(index))
            # The write-ahead log holds the old page until it is folded into the file, where secure_delete zeroes it.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return made

    def records(self, start: int = 0) -> Sequence[Record]:
        """Every record from `start` on, in order."""
        with self._guard:
            return self._records[start:]

    def close(self) -> None:
        """Let go of the file and of the writer's lock."""
        with self._guard:
            super().close()
            self._held.close()

    def _seal(self, record: NewRecord, at: int) -> Sealed:
        return seal(record.kind, at, body_of(record.actor, record.payload, record.unique), self._salt(SALT_BYTES))

    def _append(self, sealed: Sequence[tuple[Sealed, str]], erased: int | None = None) -> tuple[Record, ...]:
        if self._unsure:
            raise OSError(self._unsure)
        frontier = self._frontier
        rows: list[Row] = []
        nodes: list[Node] = []
        for item, unique in sealed:
            rows.append(
                Row(frontier.size, item.kind, item.at, item.commitment, item.leaf_hash, item.body, item.salt, unique)
            )
            frontier, made = frontier.append(item.leaf_hash)
            nodes.extend(node for node in made if node.spot.level)
        note = sign_checkpoint(Checkpoint(self._key.name, frontier.size, frontier.root()), [self._key])
        with self._transaction():
            for row in rows:
                self._insert(row)
            self._connection.executemany(
                "INSERT INTO nodes(level, place, hash) VALUES (?, ?, ?)",
                [(node.spot.level, node.spot.place, node.hash) for node in nodes],
            )
            if erased is not None:
                self._connection.execute("UPDATE records SET body = NULL, salt = NULL WHERE place = ?", (erased,))
            self._connection.execute("INSERT INTO checkpoints(size, note) VALUES (?, ?)", (frontier.size, note))
        self._frontier = frontier
        fresh = tuple(record_of(row) for row in rows)
        self._records.extend(fresh)
        self._write_head(note)
        return fresh

    def _insert(self, row: Row) -> None:
        try:
            self._connection.execute(
                "INSERT INTO records(place, kind, at, commitment, leaf, body, salt, claim)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (row.index, row.kind, row.at, row.commitment, row.leaf, row.body, row.salt, row.unique or None),
            )
        except sqlite3.IntegrityError as error:
            if row.unique and "records.claim" in str(error):
                raise AlreadyRecorded(f"a `{row.kind}` record already holds `{row.unique}`") from error
            raise

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; after a failed commit, whether it took effect is read back and never assumed."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise OSError(
                f"ledger `{self.path}` could not be written ({error}); free disk space or mend the disk, "
                "nothing was recorded"
            ) from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            (stored,) = self._connection.execute("SELECT coalesce(max(size), 0) FROM checkpoints").fetchone()
        except sqlite3.Error as error:
            self._unsure = f"ledger `{self.path}` failed while writing ({error}); restart once the disk works again"
            return
        if stored != self._frontier.size:
            self._unsure = f"ledger `{self.path}` holds records that were reported as failed; restart to read it anew"

    def _load(self) -> None:
        """Everything stored, checked, in memory.

        Raises:
            LedgerDamaged: the first problem found, and how many there are.
        """
        try:
            known = self._read_head()
            rows: list[Row] = []
            result = self.verify(known, rows)
        except sqlite3.Error as error:
            raise damaged(self.path, str(error)) from error
        if not result.ok:
            problems = result.problems()
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise damaged(self.path, problems[0] + more)
        for row in rows:
            self._frontier, _ = self._frontier.append(row.leaf)
        self._records = [record_of(row) for row in rows]

    @property
    def head_path(self) -> Path:
        """The latest checkpoint as a file beside the ledger: shows a ledger put back from an older copy."""
        return self.path.with_suffix(".head")

    def _read_head(self) -> list[Checkpoint]:
        try:
            text = self.head_path.read_text()
            # An empty file is what a power loss can leave of a file that was not waited for.
            return [open_checkpoint(text, self._key.verifier)] if text.strip("\x00") else []
        except FileNotFoundError:
            return []
        except (NoteRefused, UnicodeDecodeError) as error:
            raise damaged(self.head_path, str(error)) from error

    def _write_head(self, note: str) -> None:
        # The records are durable already, so a failure here must not report them as lost; an older head stays true.
        aside = self.head_path.with_suffix(".head.new")
        with contextlib.suppress(OSError):
            aside.write_text(note)
            aside.replace(self.head_path)


def _open_for_writing(path: Path) -> sqlite3.Connection:
    connection = connect(path, read_only=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            connection.executescript(f"BEGIN IMMEDIATE;{SCHEMA}PRAGMA user_version = {VERSION};COMMIT;")
        elif version != VERSION:
            raise damaged(path, f"format {version} is not {VERSION}, which this program reads")
    except sqlite3.OperationalError as error:
        connection.close()
        raise OSError(f"ledger `{path}` cannot be opened ({error}); mend the disk or its permissions") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise damaged(path, str(error)) from error
    except OSError:
        connection.close()
        raise
    return connection


def _hold(path: Path) -> IO[str]:
    """The single writer's lock: freed by the system when the process ends, however it ends."""
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise LedgerBusy(
            f"ledger `{path.with_suffix('')}` is open for writing in process {holder}; stop that one first"
        ) from error
    with contextlib.suppress(OSError):  # the number is for people; the lock holds on a full disk too
        os.ftruncate(file.fileno(), 0)
        os.pwrite(file.fileno(), str(os.getpid()).encode(), 0)
    return file
