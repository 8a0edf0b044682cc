"""Verify an Andon ledger or receipt with nothing of Andon's: Python's standard library and `cryptography`.

    verify_ledger.py LEDGER.db VKEY [CHECKPOINT ...]    every record, hash, commitment, root and signature
    verify_ledger.py --receipt RECEIPT.json VKEY        one record, offline
    verify_ledger.py --selftest                         the published test vectors

VKEY is `name+keyid+base64` or a file that holds it; get it from somebody you trust, not from beside the ledger.
CHECKPOINT files are checkpoints that were saved earlier or elsewhere: the ledger must extend each of them.
Exit code 0: verified. 1: not. 2: could not run. The formats stand in ledger.md beside this file.
"""

# ruff: noqa: ANN001, ANN201, D103 - an auditor reads this in one sitting: short names, no types

import base64
import hashlib
import json
import pathlib
import sqlite3
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(data):
    return hashlib.sha256(data).digest()


def leaf(data):
    return sha(b"\0" + data)


def node(left, right):
    return sha(b"\1" + left + right)


def half(count):
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def roots(leaves):
    """Root after each leaf, by RFC 9162's definition with complete subtrees remembered."""
    stack, result = [], [sha(b"")]
    for count, hashed in enumerate(leaves):
        index, value = count, hashed
        while index & 1:
            value = node(stack.pop(), value)
            index >>= 1
        stack.append(value)
        top = stack[-1]
        for left in reversed(stack[:-1]):
            top = node(left, top)
        result.append(top)
    return result


def defined_root(leaves):
    """The same for all leaves at once, straight from the definition; slow, used by the self-test."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    middle = half(len(leaves))
    return node(defined_root(leaves[:middle]), defined_root(leaves[middle:]))


def included(index, size, value, path, root):
    if not 0 <= index < size:
        return False
    here, last = index, size - 1
    for part in path:
        if last == 0 or len(part) != 32:
            return False
        if here & 1 or here == last:
            value = node(part, value)
            while not here & 1 and here:
                here >>= 1
                last >>= 1
        else:
            value = node(value, part)
        here >>= 1
        last >>= 1
    return last == 0 and value == root


def read_vkey(text):
    if pathlib.Path(text).is_file():
        text = pathlib.Path(text).read_text(encoding="utf-8")
    name, key_id, key = text.strip().split("+", 2)
    raw = base64.b64decode(key, validate=True)
    if len(raw) != 33 or raw[0] != 1 or sha(name.encode() + b"\n" + raw)[:4].hex() != key_id:
        raise ValueError("the verifier key is not an Ed25519 key with its own id")
    return name, bytes.fromhex(key_id), raw[1:]


def open_note(note, vkey):
    """Text of a note that `vkey` signed."""
    name, key_id, key = vkey
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    for line in lines.splitlines():
        mark, signer, encoded = line.split(" ")
        raw = base64.b64decode(encoded, validate=True)
        if mark == "\u2014" and signer == name and raw[:4] == key_id and len(raw) == 68:
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], text.encode())
            except InvalidSignature:
                continue
            return text
    raise ValueError(f"a checkpoint is not signed by {name}")


def open_checkpoint(note, vkey):
    origin, size, root = open_note(note, vkey).splitlines()[:3]
    if origin != vkey[0]:
        raise ValueError(f"a checkpoint is of log {origin}, not {vkey[0]}")
    return int(size), base64.b64decode(root, validate=True)


def leaf_of(kind, at, commitment):
    # A kind is letters, digits and `._:-`, so this is canonical JSON (RFC 8785) without an encoder.
    if not kind or set(kind) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"):
        raise ValueError(f"kind {kind!r} is not a name")
    return leaf(f'{{"at":"{int(at)}","commitment":"{commitment.hex()}","kind":"{kind}","v":1}}'.encode())


def check_record(index, kind, at, commitment, body, salt):
    """Leaf hash of a record whose contents match its commitment (or are erased)."""
    if (body is None) != (salt is None):
        raise ValueError(f"record {index} has only one of body and salt")
    if body is not None and sha(salt + body) != commitment:
        raise ValueError(f"record {index} does not say what it said when it was recorded")
    return leaf_of(kind, at, commitment)


def check_claims(rows):
    """Claim columns are those of the records, and every erased record is accounted for by a later one."""
    accounts = {}
    for index, kind, _at, _commitment, _leaf, body, _salt, claim in rows:
        if body is None:
            continue
        said = json.loads(body)
        if said["unique"] != (claim or ""):
            raise ValueError(f"record {index} claims {said['unique']!r}, its column says {claim!r}")
        if kind == "ledger.erased":
            accounts.setdefault(said["payload"]["index"], (index, said["payload"]["unique"]))
    for index, _kind, _at, _commitment, _leaf, body, _salt, claim in rows:
        if body is None and (
            index not in accounts or accounts[index][0] <= index or accounts[index][1] != (claim or "")
        ):
            raise ValueError(f"record {index} has lost its contents and no later record accounts for it")


def check_ledger(path, vkey, known):
    connection = sqlite3.connect(f"{pathlib.Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("BEGIN")
        rows = connection.execute(
            "SELECT place, kind, at, commitment, leaf, body, salt, claim FROM records ORDER BY place"
        ).fetchall()
        stored = connection.execute("SELECT size, note FROM checkpoints ORDER BY size").fetchall()
        nodes = connection.execute("SELECT level, place, hash FROM nodes").fetchall()
    finally:
        connection.close()
    leaves = []
    for place, (index, kind, at, commitment, leaf_hash, body, salt, _claim) in enumerate(rows):
        if index != place:
            raise ValueError(f"record {index} stands where {place} belongs")
        leaves.append(check_record(index, kind, at, commitment, body, salt))
        if leaves[-1] != leaf_hash:
            raise ValueError(f"record {index} has another kind, time or commitment than its leaf")
    check_claims(rows)
    computed = roots(leaves)
    for level, place, digest in nodes:
        span = leaves[place << level : (place + 1) << level]
        if level < 1 or len(span) != 1 << level or roots(span)[-1] != digest:
            raise ValueError(f"subtree at level {level}, place {place} is not that of its leaves")
    if len(nodes) != sum(len(leaves) >> level for level in range(1, 64)):
        raise ValueError("a stored subtree is missing")
    heads = [(size, open_checkpoint(note, vkey)) for size, note in stored]
    heads += [(head[0], head) for head in (open_checkpoint(pathlib.Path(f).read_text("utf-8"), vkey) for f in known)]
    for size, (signed, root) in heads:
        if size != signed or signed >= len(computed) or computed[signed] != root:
            raise ValueError(f"the checkpoint of {signed} records was signed over other records than those stored")
    if (stored[-1][0] if stored else 0) != len(leaves):
        raise ValueError(f"{len(leaves)} records are stored, the last signed checkpoint covers another number")
    erased = sum(row[5] is None for row in rows)
    print(f"verified: {len(leaves)} records ({erased} erased), {len(stored)} checkpoints, root {computed[-1].hex()}")


def check_receipt(path, vkey):
    receipt = json.loads(pathlib.Path(path).read_text("utf-8"))
    body, salt = receipt["body"], receipt["salt"]
    index, at, commitment = receipt["index"], receipt["at"], bytes.fromhex(receipt["commitment"])
    value = check_record(
        index,
        receipt["kind"],
        at,
        commitment,
        None if body is None else body.encode(),
        None if salt is None else bytes.fromhex(salt),
    )
    head, _, checkpoint = receipt["proof"].partition("\n\n")
    first, second, *hashes = head.split("\n")
    if first != "c2sp.org/tlog-proof@v1" or second != f"index {index}":
        raise ValueError("the proof is not of this record")
    size, root = open_checkpoint(checkpoint, vkey)
    if not included(index, size, value, [base64.b64decode(line, validate=True) for line in hashes], root):
        raise ValueError(f"record {index} is not in the tree that was signed")
    print(f"verified: record {index} of {size}, {receipt['kind']}, {body if body is not None else 'erased'}")


INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATH = [
    base64.b64decode(text)
    for text in (
        "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=",
        "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
        "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
    )
]
NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"


def selftest():
    leaves = [leaf(bytes.fromhex(text)) for text in INPUTS]
    expected = [bytes.fromhex(text) for text in ROOTS]
    checks = {
        "roots of 0 to 8 leaves": roots(leaves) == expected,
        "roots by definition": [defined_root(leaves[:n]) for n in range(9)] == expected,
        "leaf and node prefixes": leaf(b"L123456").hex().startswith("395aa064")
        and node(b"N123", b"N456").hex().startswith("aa217fe8"),
        "inclusion of 5 in 8": included(5, 8, leaves[5], PATH, expected[8]),
        "no inclusion of 4 with that path": not included(4, 8, leaves[5], PATH, expected[8]),
        "signed note": open_note(NOTE, read_vkey(VKEY)) == "This is an example message.\n",
    }
    for name, passed in checks.items():
        print(f"{'ok' if passed else 'FAILED'}  {name}")
    return 0 if all(checks.values()) else 1


def main(args):
    try:
        if args == ["--selftest"]:
            return selftest()
        if len(args) == 3 and args[0] == "--receipt":
            check_receipt(args[1], read_vkey(args[2]))
        elif len(args) >= 2 and not args[0].startswith("-"):
            check_ledger(args[0], read_vkey(args[1]), args[2:])
        else:
            print(__doc__)
            return 2
    except (ValueError, KeyError, TypeError) as error:
        print(f"not verified: {error}")
        return 1
    except (OSError, sqlite3.Error) as error:
        print(f"could not run: {error}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
