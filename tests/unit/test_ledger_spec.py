"""The specification's example is what the code makes, byte for byte."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.adapters.ledger_store import SqliteLedger
from andon.core.time import Nanos
from andon.ledger.checkpoint import SignerKey
from andon.ledger.leaf import leaf_data
from andon.ledger.record import NewRecord

SPEC = (Path(__file__).parents[2] / "docs" / "spec" / "ledger.md").read_text()


def test_the_example_of_the_specification(tmp_path: Path) -> None:
    key = SignerKey("andon/example", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    with SqliteLedger(tmp_path / "ledger.db", key, salt=lambda count: bytes(range(count))) as ledger:
        payload = {"use": "throughput", "share": 0.5}
        ledger.append([NewRecord("approval", "maria", payload, "R-1")], Nanos(1_700_000_000_000_000_001))
        row, note = ledger.row(0), ledger.checkpoint()
    assert row.body is not None
    for shown in (
        key.verifier.encode(),
        row.body.decode(),
        row.commitment.hex(),
        leaf_data(row.kind, row.at, row.commitment).decode(),
        row.leaf.hex(),
        note,
    ):
        assert shown in SPEC
