"""Any sequence in any chunking gives the same tree; every proof verifies; any flipped bit does not."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.adapters.ledger_store import SqliteLedger
from andon.core.time import Nanos
from andon.ledger.checkpoint import (
    Checkpoint,
    Note,
    NoteRefused,
    Signature,
    SignerKey,
    open_checkpoint,
    parse_note,
    sign_checkpoint,
)
from andon.ledger.leaf import body_of, leaf_hash, node_hash
from andon.ledger.proof import consistency_spans, hashes, inclusion_spans, verify_consistency, verify_inclusion
from andon.ledger.receipt import Receipt, TlogProof, verify_receipt
from andon.ledger.record import NewRecord
from andon.ledger.tree import EMPTY_ROOT, Frontier, Spot

KEY = SignerKey("andon/property", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    # RFC 8785 forbids lone surrogates.
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc\u00e9", max_size=3), inner, max_size=3),
    max_leaves=8,
)
payloads = st.dictionaries(st.text("xyz", max_size=3), json_values, max_size=3)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 9162's definition, read off the page."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return node_hash(naive_root(leaves[:middle]), naive_root(leaves[middle:]))


def grown(leaves: list[bytes]) -> tuple[list[bytes], dict[Spot, bytes]]:
    frontier, nodes = Frontier(), {}
    roots = [frontier.root()]
    for leaf in leaves:
        frontier, made = frontier.append(leaf)
        nodes.update(made)
        roots.append(frontier.root())
    return roots, nodes


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_frontier_gives_the_root_of_the_definition(data: list[bytes]) -> None:
    leaves = [leaf_hash(item) for item in data]
    assert grown(leaves)[0] == [naive_root(leaves[:count]) for count in range(len(leaves) + 1)]


@given(st.integers(1, 200), st.data())
def test_every_inclusion_proof_verifies_and_any_flipped_bit_fails(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    roots, nodes = grown(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = hashes(inclusion_spans(index, size), nodes.__getitem__)
    assert verify_inclusion(index, size, leaves[index], path, roots[size])
    parts = [leaves[index], *path, roots[size]]
    where, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[where] = flipped(parts[where], bit)
    assert not verify_inclusion(index, size, parts[0], parts[1:-1], parts[-1])
    other = data.draw(st.integers(0, size - 1))
    assert verify_inclusion(other, size, leaves[index], path, roots[size]) == (other == index)


@given(st.integers(1, 200), st.data())
def test_every_consistency_proof_verifies_and_any_flipped_bit_fails(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    roots, nodes = grown(leaves_of(new))
    path = hashes(consistency_spans(old, new), nodes.__getitem__)
    assert verify_consistency(old, new, path, roots[old], roots[new])
    parts = [roots[old], *path, roots[new]]
    where, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[where] = flipped(parts[where], bit)
    assert not verify_consistency(old, new, parts[1:-1], parts[0], parts[-1])


@settings(max_examples=25)
@given(st.lists(st.lists(payloads, min_size=1, max_size=4), max_size=6), st.data())
def test_chunking_changes_nothing_and_every_record_has_a_receipt(
    chunks: list[list[dict[str, Any]]], data: st.DataObject
) -> None:
    everything = [NewRecord("note", "m", payload) for chunk in chunks for payload in chunk]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        with SqliteLedger(Path(one) / "l.db", KEY, salt=bytes) as at_once:
            at_once.append(everything, Nanos(7))
            root = open_checkpoint(at_once.checkpoint(), KEY.verifier).root if everything else EMPTY_ROOT
        with SqliteLedger(Path(many) / "l.db", KEY, salt=bytes) as in_parts:
            for chunk in chunks:
                in_parts.append([NewRecord("note", "m", payload) for payload in chunk], Nanos(7))
            assert [row.leaf for row in in_parts.rows()] == [row.leaf for row in at_rows(Path(one))]
            result = in_parts.verify()
            assert (result.ok, result.root) == (True, root)
            if everything:
                index = data.draw(st.integers(0, len(everything) - 1))
                receipt = in_parts.prove(index)
                assert verify_receipt(Receipt.from_json(json.loads(json.dumps(receipt.as_json()))), KEY.verifier)
        with SqliteLedger(Path(many) / "l.db", KEY) as reopened:
            assert [record.payload for record in reopened.records()] == [
                json.loads(body_of("m", record.payload, ""))["payload"] for record in everything
            ]


def at_rows(folder: Path) -> list[Any]:
    with SqliteLedger(folder / "l.db", KEY) as ledger:
        return list(ledger.rows())


@given(st.integers(0, 10**15), st.binary(min_size=32, max_size=32), st.integers(0, 10**12))
def test_notes_and_proofs_decode_to_what_was_encoded(size: int, root: bytes, at_s: int) -> None:
    checkpoint = Checkpoint("andon/property", size, root)
    assert Checkpoint.parse(checkpoint.encode()) == checkpoint
    text = checkpoint.encode()
    note = Note(text, (KEY.sign(text), KEY.cosign(text, at_s), Signature("x", b"abcd", b"e")))
    assert parse_note(note.encode()) == note
    proof = TlogProof(size, (root, root), sign_checkpoint(checkpoint, [KEY]))
    assert TlogProof.parse(proof.encode()) == proof


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_any_flipped_bit_of_a_checkpoint_is_refused(place: int, bit: int) -> None:
    note = bytearray(sign_checkpoint(Checkpoint("andon/property", 5, bytes(32)), [KEY]).encode())
    note[place % len(note)] ^= 1 << bit
    try:
        text = note.decode()
    except UnicodeDecodeError:
        return
    try:
        opened = open_checkpoint(text, KEY.verifier)
    except NoteRefused:
        return
    # Base64 has spare bits in its last character; nothing that was signed may differ.
    assert opened == Checkpoint("andon/property", 5, bytes(32))


@given(st.binary(max_size=200))
def test_no_input_makes_the_parsers_fail_in_another_way(data: bytes) -> None:
    text = data.decode("utf-8", errors="replace")
    for parse in (parse_note, Checkpoint.parse, TlogProof.parse):
        try:
            parse(text)
        except NoteRefused:
            continue


def flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8 % len(value)] ^= 1 << bit % 8
    return bytes(changed)
