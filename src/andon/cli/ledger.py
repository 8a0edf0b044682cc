"""`andon ledger verify|show|prove|export`: reads the ledger file beside a running twin, and never writes to it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from andon.adapters.keys import load_vkey
from andon.adapters.ledger_rows import LedgerDamaged, LedgerReader
from andon.core.time import iso
from andon.ledger.checkpoint import Checkpoint, NoteRefused, VerifierKey, open_checkpoint
from andon.ledger.leaf import RecordRefused
from andon.ledger.receipt import Receipt, verify_receipt
from andon.ledger.record import Record

app = typer.Typer(no_args_is_help=True, help="The log of record: verify it, read it, prove one record.")

GIST_CHARACTERS_MAX = 100

Dir = Annotated[Path, typer.Argument(help="The site folder.", show_default=False)]
Vkey = Annotated[str, typer.Option(help="Verifier key or a file that holds it; default: the site's own.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("verify")
def verify_command(
    directory: Dir,
    vkey: Vkey = "",
    against: Annotated[list[Path] | None, typer.Option(help="A checkpoint saved earlier or elsewhere.")] = None,
    receipt: Annotated[Path | None, typer.Option(help="Verify this receipt alone, offline.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check every record, hash, signature and checkpoint; exit code 1 when anything is wrong."""
    with _errors(as_json):
        key = _key(directory, vkey)
        if receipt is not None:
            _verify_receipt(receipt, key, as_json)
            return
        known = [_checkpoint(path, key) for path in [*(against or []), *_head(directory)]]
        with LedgerReader(_ledger(directory), key) as ledger:
            result = ledger.verify(known)
        if as_json:
            _print_json(result.as_json())
        else:
            for step in result.steps:
                typer.echo(f"{step.number:2}. {'ok  ' if step.ok else 'WRONG'} {step.name}")
                for problem in step.problems:
                    typer.echo(f"      {problem}")
            erased = f", {result.erased} erased" if result.erased else ""
            typer.echo(f"{'verified' if result.ok else 'not verified'}: {result.size} records{erased}, key {key.name}")
            typer.echo(f"root {result.root.hex()}")
        if not result.ok:
            raise typer.Exit(1)


@app.command("show")
def show_command(
    directory: Dir,
    kind: Annotated[str, typer.Option(help="Only this kind and those below it: `evidence`, `evidence.x`.")] = "",
    last: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many, the latest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Print records: place, site time, kind, who, and what in short."""
    with _errors(as_json), LedgerReader(_ledger(directory), _key(directory, "")) as ledger:
        chosen = [record for record in ledger.records() if not kind or _below(record.kind, kind)][-last:]
        if as_json:
            _print_json([_as_json(record) for record in chosen])
            return
        for record in chosen:
            who = record.actor or "-"
            typer.echo(f"{record.index:6}  {iso(record.at)}  {record.kind:<28}  {who:<16}  {gist(record)}")
        if not chosen:
            typer.echo("no records" + (f" of kind `{kind}`" if kind else ""))


@app.command("prove")
def prove_command(
    directory: Dir,
    index: Annotated[int, typer.Argument(min=0, help="The record's place.")],
    out: Annotated[Path | None, typer.Option(help="Write the receipt to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an offline receipt for one record; C2SP text, or with --json or --out a bundle with what it says."""
    with _errors(as_json):
        key = _key(directory, "")
        with LedgerReader(_ledger(directory), key) as ledger:
            receipt = ledger.prove(index)
        verify_receipt(receipt, key)
        bundle = json.dumps({**receipt.as_json(), "vkey": key.encode()}, indent=2, ensure_ascii=False)
        if out is not None:
            out.write_text(bundle + "\n", encoding="utf-8")
        if as_json:
            typer.echo(bundle)
        elif out is not None:
            typer.echo(f"receipt for record {index} written to {out}")
        else:
            typer.echo(receipt.text(), nl=False)


@app.command("export")
def export_command(
    directory: Dir,
    out: Annotated[Path, typer.Argument(help="A new folder for the copy.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Copy the ledger, its verifier key and its latest checkpoint for somebody outside to verify."""
    with _errors(as_json):
        key = _key(directory, "")
        with LedgerReader(_ledger(directory), key) as ledger:
            out.mkdir(parents=True, exist_ok=True)
            ledger.copy_to(out / "ledger.db")
        with LedgerReader(out / "ledger.db", key) as copied:
            result = copied.verify()
            (out / "ledger.head").write_text(copied.checkpoint() if result.size else "", encoding="utf-8")
        (out / "ledger.vkey").write_text(key.encode() + "\n", encoding="utf-8")
        if as_json:
            _print_json({**result.as_json(), "folder": str(out), "vkey": key.encode()})
        else:
            typer.echo(f"{result.size} records copied to {out}, {'verified' if result.ok else 'which do not verify'}")
            typer.echo("give the reader the verifier key by another way than this folder:")
            typer.echo(key.encode())
        if not result.ok:
            raise typer.Exit(1)


def gist(record: Record) -> str:
    """A record's payload in one short line.

    >>> from andon.core.time import Nanos
    >>> gist(Record(0, "note", Nanos(0), "maria", {"b": [1, 2], "a": "x"}))
    'a=x b=[1,2]'
    """
    parts = []
    for name, value in sorted(record.payload.items()):
        text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        parts.append(f"{name}={text}")
    line = "".join(char if char.isprintable() else " " for char in " ".join(parts))
    return line if len(line) <= GIST_CHARACTERS_MAX else line[: GIST_CHARACTERS_MAX - 1] + "\u2026"


def _verify_receipt(path: Path, key: VerifierKey, as_json: bool) -> None:
    receipt = Receipt.from_json(json.loads(path.read_text(encoding="utf-8")))
    head = verify_receipt(receipt, key)
    if as_json:
        _print_json({"ok": True, "index": receipt.proof.index, "size": head.size, "said": receipt.said()})
    else:
        typer.echo(f"verified: record {receipt.proof.index} of {head.size}, `{receipt.kind}` at {iso(receipt.at)}")


def _below(kind: str, wanted: str) -> bool:
    return kind == wanted or kind.startswith((wanted + ".", wanted + "-", wanted + ":"))


def _as_json(record: Record) -> dict[str, Any]:
    return {
        "index": record.index,
        "at": iso(record.at),
        "at_ns": str(record.at),
        "kind": record.kind,
        "actor": record.actor,
        "payload": dict(record.payload),
        "unique": record.unique,
    }


def _ledger(directory: Path) -> Path:
    return directory / ".andon" / "ledger.db"


def _head(directory: Path) -> list[Path]:
    head = _ledger(directory).with_suffix(".head")
    return [head] if head.is_file() and head.stat().st_size else []


def _key(directory: Path, vkey: str) -> VerifierKey:
    if vkey and not Path(vkey).is_file():
        return VerifierKey.parse(vkey)
    return load_vkey(Path(vkey) if vkey else directory / ".andon" / "keys" / "ledger.vkey")


def _checkpoint(path: Path, key: VerifierKey) -> Checkpoint:
    return open_checkpoint(path.read_text(encoding="utf-8"), key)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


@contextmanager
def _errors(as_json: bool) -> Iterator[None]:
    """One sentence and the right exit code: 1 for a no, 2 when the command could not run."""
    try:
        yield
    except (LedgerDamaged, NoteRefused) as error:
        _fail(str(error), 1, as_json)
    except RecordRefused as error:
        _fail(str(error), 2, as_json)
    except json.JSONDecodeError as error:
        _fail(f"receipt is not JSON ({error}); ask for it again", 1, as_json)
    except sqlite3.Error as error:
        _fail(f"ledger cannot be read ({error}); keep the file and restore a backup", 1, as_json)
    except (OSError, UnicodeDecodeError) as error:
        _fail(str(error), 2, as_json)


def _fail(sentence: str, code: int, as_json: bool) -> None:
    if as_json:
        _print_json({"ok": False, "error": sentence})
    else:
        typer.echo(sentence, err=True)
    raise typer.Exit(code)
