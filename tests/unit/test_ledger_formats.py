"""The ledger's formats against every published vector: RFC 9162 trees and proofs, C2SP notes and cosignatures."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from andon.adapters.keys import decode_private, encode_private
from andon.core.canonical import canonical
from andon.ledger.checkpoint import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Note,
    NoteRefused,
    SignerKey,
    VerifierKey,
    cosignature_message,
    cosigned_at,
    open_checkpoint,
    parse_note,
    sign_checkpoint,
    verify_note,
)
from andon.ledger.leaf import RecordRefused, body_of, commitment_of, leaf_data, leaf_hash, node_hash, seal
from andon.ledger.proof import consistency_spans, hashes, inclusion_spans, verify_consistency, verify_inclusion
from andon.ledger.tree import EMPTY_ROOT, Frontier, Spot

ROOT = Path(__file__).parents[2]
INPUTS = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
INCLUSION_5_8 = (
    "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
    "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
    "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
)
CONSISTENCY_6_8 = ("DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=", *INCLUSION_5_8[1:])
CONSISTENCY_2_5 = ("Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=", INCLUSION_5_8[0])

NEUMANN_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
NEUMANN_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NEUMANN_LINE = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
EXAMPLE_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
WITNESSED = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
WITNESSED_KEY = bytes.fromhex("ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f")
WITNESSED_HEADS = (
    (
        1,
        "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=",
    ),
    (
        3,
        "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=",
        "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=",
    ),
    (
        5,
        "QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=",
        "UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=",
    ),
)


def raw(texts: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(text) for text in texts)


def grown(leaves: list[bytes]) -> tuple[Frontier, dict[Spot, bytes]]:
    frontier, nodes = Frontier(), {}
    for leaf in leaves:
        frontier, made = frontier.append(leaf)
        nodes.update(made)
    return frontier, nodes


LEAVES = [leaf_hash(data) for data in INPUTS]


@pytest.mark.parametrize("count", range(9))
def test_the_root_of_the_first_published_inputs(count: int) -> None:
    assert grown(LEAVES[:count])[0].root() == ROOTS[count]


def test_leaf_and_node_prefixes() -> None:
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    assert ROOTS[0] == EMPTY_ROOT


def test_published_proofs_are_made_and_accepted() -> None:
    stored = grown(LEAVES)[1].__getitem__
    assert hashes(inclusion_spans(5, 8), stored) == raw(INCLUSION_5_8)
    assert hashes(consistency_spans(6, 8), stored) == raw(CONSISTENCY_6_8)
    assert hashes(consistency_spans(2, 5), stored) == raw(CONSISTENCY_2_5)
    assert verify_inclusion(5, 8, LEAVES[5], raw(INCLUSION_5_8), ROOTS[8])
    assert verify_consistency(6, 8, raw(CONSISTENCY_6_8), ROOTS[6], ROOTS[8])
    assert verify_consistency(2, 5, raw(CONSISTENCY_2_5), ROOTS[2], ROOTS[5])


@pytest.mark.parametrize(
    ("index", "size", "leaf", "path", "root"),
    [
        (4, 8, LEAVES[5], raw(INCLUSION_5_8), ROOTS[8]),
        (5, 6, LEAVES[5], raw(INCLUSION_5_8), ROOTS[8]),
        (5, 8, LEAVES[4], raw(INCLUSION_5_8), ROOTS[8]),
        (5, 8, LEAVES[5], raw(INCLUSION_5_8)[:2], ROOTS[8]),
        (5, 8, LEAVES[5], (*raw(INCLUSION_5_8), bytes(32)), ROOTS[8]),
        (5, 8, LEAVES[5], raw(INCLUSION_5_8), ROOTS[7]),
        (5, 8, LEAVES[5][:31], raw(INCLUSION_5_8), ROOTS[8]),
        (5, 8, LEAVES[5], (*raw(INCLUSION_5_8)[:2], b"short"), ROOTS[8]),
        (8, 8, LEAVES[5], raw(INCLUSION_5_8), ROOTS[8]),
        (-1, 8, LEAVES[5], raw(INCLUSION_5_8), ROOTS[8]),
        (0, 0, LEAVES[0], (), ROOTS[0]),
    ],
)
def test_a_wrong_inclusion_proof_is_refused(
    index: int, size: int, leaf: bytes, path: tuple[bytes, ...], root: bytes
) -> None:
    assert not verify_inclusion(index, size, leaf, path, root)


@pytest.mark.parametrize(
    ("old", "new", "path", "old_root", "new_root"),
    [
        (0, 8, (), ROOTS[0], ROOTS[8]),
        (0, 8, raw(CONSISTENCY_6_8), ROOTS[0], ROOTS[8]),
        (0, 0, (), ROOTS[0], ROOTS[0]),
        (8, 6, raw(CONSISTENCY_6_8), ROOTS[8], ROOTS[6]),
        (6, 8, raw(CONSISTENCY_6_8)[:2], ROOTS[6], ROOTS[8]),
        (6, 8, (), ROOTS[6], ROOTS[8]),
        (6, 6, raw(CONSISTENCY_6_8), ROOTS[6], ROOTS[6]),
        (6, 6, (), ROOTS[6], ROOTS[7]),
        (6, 8, raw(CONSISTENCY_6_8), ROOTS[5], ROOTS[8]),
        (6, 8, raw(CONSISTENCY_6_8), ROOTS[6], ROOTS[7]),
        (6, 8, (*raw(CONSISTENCY_6_8), bytes(32)), ROOTS[6], ROOTS[8]),
        (6, 8, (*raw(CONSISTENCY_6_8)[:2], b"short"), ROOTS[6], ROOTS[8]),
    ],
)
def test_a_wrong_consistency_proof_is_refused(
    old: int, new: int, path: tuple[bytes, ...], old_root: bytes, new_root: bytes
) -> None:
    assert not verify_consistency(old, new, path, old_root, new_root)


def test_all_subtrees_to_130_match_the_published_accumulators() -> None:
    leaves = [leaf_hash(bytes([value])) for value in range(130)]
    stored = grown(leaves)[1].__getitem__

    def aligned(start: int, end: int) -> bool:
        return start == end or start % (1 << (end - start - 1).bit_length()) == 0

    def shown(parts: tuple[bytes, ...]) -> str:
        return "".join(" " + part.hex() for part in parts)

    spans = [(start, end) for end in range(131) for start in range(end + 1) if aligned(start, end)]
    roots, inclusions, consistencies = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    for start, end in spans:
        root = hashes([(start, end)], stored)[0] if end > start else EMPTY_ROOT
        roots.update(f"[{start}, {end}) {root.hex()}\n".encode())
        for index in range(start, end):
            path = hashes(inclusion_spans(index, end, start), stored)
            inclusions.update(f"{index} [{start}, {end}){shown(path)}\n".encode())
    for size in range(131):
        for start, end in spans:
            if end <= size:
                path = hashes(consistency_spans(end, size, start), stored) if end > start else ()
                consistencies.update(f"[{start}, {end}) {size}{shown(path)}\n".encode())
    assert roots.hexdigest() == "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"
    assert inclusions.hexdigest() == "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"
    assert consistencies.hexdigest() == "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74"


def test_the_peter_neumann_note_is_signed_byte_for_byte() -> None:
    key = decode_private(NEUMANN_PRIVATE)
    assert encode_private(key) == NEUMANN_PRIVATE
    assert key.verifier.encode() == NEUMANN_VKEY
    note = Note(NEUMANN_TEXT, (key.sign(NEUMANN_TEXT),))
    assert note.encode() == NEUMANN_TEXT + "\n" + NEUMANN_LINE
    assert verify_note(parse_note(note.encode()), VerifierKey.parse(NEUMANN_VKEY))


def test_the_example_note_verifies_and_other_texts_do_not() -> None:
    key = VerifierKey.parse(EXAMPLE_VKEY)
    assert key.encode() == EXAMPLE_VKEY
    assert verify_note(parse_note(EXAMPLE_NOTE), key)
    assert not verify_note(parse_note(EXAMPLE_NOTE.replace("example message", "example massage")), key)


def test_a_witnesss_transcript_verifies() -> None:
    key = VerifierKey(WITNESSED, ED25519, WITNESSED_KEY)
    assert key.key_id.hex() == "5202289b"
    roots = {}
    for size, root, signature in WITNESSED_HEADS:
        head = open_checkpoint(f"{WITNESSED}\n{size}\n{root}\n\n\u2014 {WITNESSED} {signature}\n", key)
        assert head.size == size
        roots[size] = head.root
    odd = [bytes.fromhex(text) + bytes(30) for text in ("2a01", "2a02", "2a03", "2a04")]
    between = base64.b64decode("wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=")
    assert verify_consistency(1, 3, odd[:2], roots[1], roots[3])
    assert verify_consistency(3, 5, [odd[1], odd[2], between, odd[3]], roots[3], roots[5])


def test_a_colliding_key_id_is_passed_over_and_the_right_line_still_counts() -> None:
    key = decode_private(NEUMANN_PRIVATE)
    good = key.sign(NEUMANN_TEXT)
    forged = Note(NEUMANN_TEXT, (type(good)(good.name, good.key_id, bytes(64)),))
    assert not verify_note(forged, key.verifier)
    assert verify_note(Note(NEUMANN_TEXT, (*forged.signatures, good)), key.verifier)
    renamed = type(good)("somebody", good.key_id, good.blob)
    assert not verify_note(Note(NEUMANN_TEXT, (renamed,)), key.verifier)


def test_a_cosignature_says_when_and_signs_the_time() -> None:
    witness = SignerKey("witness.example/w1", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    text = Checkpoint("example.com/log", 5, ROOTS[5]).encode()
    assert cosignature_message(text, 1700) == b"cosignature/v1\ntime 1700\n" + text.encode()
    key = VerifierKey(witness.name, COSIGNATURE, witness.verifier.public)
    assert VerifierKey.parse(key.encode()) == key
    line = witness.cosign(text, 1700)
    assert cosigned_at(parse_note(Note(text, (line,)).encode()), key) == 1700
    later = type(line)(line.name, line.key_id, (1701).to_bytes(8, "big") + line.blob[8:])
    assert cosigned_at(Note(text, (later,)), key) is None
    assert cosigned_at(Note(text, (witness.cosign(text, 0),)), key) is None
    assert cosigned_at(Note(text, (witness.sign(text),)), key) is None


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n\u2014 name\n",
        "text\n\n\u2014 name !!!!\n",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n\u2014 name AAAA\n",
        "text\n\n\u2014 na+me AAAAAAAA\n",
        "text\n\n\u2014 name AAAAAAAA",
        "te\x00xt\n\n\u2014 name AAAAAAAA\n",
        "x" * 70_000 + "\n\n\u2014 name AAAAAAAA\n",
        "text\n\n" + "\u2014 name AAAAAAAA\n" * 101,
    ],
)
def test_a_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteRefused):
        parse_note(note)


@pytest.mark.parametrize(
    "text",
    ["", "log\n1\n", "log\n01\nAAAA\n", "log\n-1\nAAAA\n", "log\n1\nAAAA\n", "\n1\n" + "A" * 43 + "=\n", "log\nx\ny\n"],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        Checkpoint.parse(text)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    key = decode_private(NEUMANN_PRIVATE)
    with pytest.raises(NoteRefused, match="is of log `other`"):
        open_checkpoint(sign_checkpoint(Checkpoint("other", 1, ROOTS[1]), [key]), key.verifier)
    with pytest.raises(NoteRefused, match="not signed by"):
        open_checkpoint(sign_checkpoint(Checkpoint("other", 1, ROOTS[1]), [key]), VerifierKey.parse(EXAMPLE_VKEY))


@pytest.mark.parametrize("text", ["", "a+b", "foo+00000000+AAAA", EXAMPLE_VKEY.replace("530d", "530e"), "a b+1+AQ=="])
def test_a_malformed_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        VerifierKey.parse(text)


def test_the_leaf_is_byte_exact() -> None:
    body = body_of("maria", {"use": "oven-set-point", "share": 1.0}, "")
    assert body == b'{"actor":"maria","payload":{"share":1,"use":"oven-set-point"},"unique":""}'
    salt = bytes(range(32))
    commitment = hashlib.sha256(salt + body).digest()
    assert commitment_of(salt, body) == commitment
    data = leaf_data("approval", 1_700_000_000_000_000_001, commitment)
    assert data == (
        f'{{"at":"1700000000000000001","commitment":"{commitment.hex()}","kind":"approval","v":1}}'.encode()
    )
    assert data == canonical(json.loads(data))
    assert seal("approval", 1_700_000_000_000_000_001, body, salt).leaf_hash == hashlib.sha256(b"\0" + data).digest()


@pytest.mark.parametrize(
    "payload",
    [{"at": 2**53 + 1}, {"x": float("nan")}, {"x": float("inf")}, {"x": b"raw"}, {"x": {1: 2}}, {"x": "\ud800"}],
)
def test_what_is_not_canonical_json_is_refused(payload: dict[str, object]) -> None:
    with pytest.raises(RecordRefused):
        body_of("maria", payload, "")


def test_the_size_of_a_record_is_bounded() -> None:
    body_of("m", {"x": "y" * 59_000}, "")
    with pytest.raises(RecordRefused, match="60000 is the most; record a digest"):
        body_of("m", {"x": "y" * 60_000}, "")


@pytest.mark.parametrize("kind", ["", "two words", 'quo"te', "-dash", "x" * 65, "\u00e9"])
def test_a_kind_needs_no_escaping(kind: str) -> None:
    with pytest.raises(RecordRefused):
        seal(kind, 0, b"{}", bytes(32))


def test_the_independent_script_reproduces_the_vectors_with_nothing_of_ours() -> None:
    script = ROOT / "docs" / "spec" / "verify_ledger.py"
    assert "andon" not in [
        line.split()[1].split(".")[0]
        for line in script.read_text().split("\n")
        if line.startswith(("import ", "from "))
    ]
    run = subprocess.run([sys.executable, "-I", str(script), "--selftest"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "FAILED" not in run.stdout
