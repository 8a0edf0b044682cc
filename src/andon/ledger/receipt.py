"""An offline receipt: that one record stands in the log, as C2SP tlog-proof@v1 text and as JSON with what it says."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from andon.ledger.checkpoint import Checkpoint, NoteRefused, VerifierKey, open_checkpoint, parse_note
from andon.ledger.leaf import commitment_of, leaf_data, leaf_hash
from andon.ledger.proof import verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
FORMAT = "andon-receipt@v1"
PATH_HASHES_MAX = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A place, the path to the root, and the signed checkpoint that holds the root."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def encode(self) -> str:
        """Header, index, one base64 hash a line, blank line, checkpoint."""
        hashes = "".join(base64.b64encode(part).decode() + "\n" for part in self.path)
        return f"{HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def parse(cls, text: str) -> TlogProof:
        """Read a proof; an `extra` line is tolerated and dropped.

        Raises:
            NoteRefused: not in the format.
        """
        head, blank, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if lines[:1] != [HEADER] or not blank:
            raise NoteRefused(f"not a proof; expected `{HEADER}` in the first line")
        rest = lines[2:] if lines[1:2] and lines[1].startswith("extra ") else lines[1:]
        index = _INDEX.fullmatch(rest[0]) if rest else None
        if index is None or len(rest) > PATH_HASHES_MAX + 1:
            raise NoteRefused("not a proof; expected `index N` and at most 63 hashes")
        try:
            path = tuple(base64.b64decode(line, validate=True) for line in rest[1:])
        except (binascii.Error, ValueError) as error:
            raise NoteRefused("a hash of the proof is not base64") from error
        parse_note(checkpoint)
        return cls(int(index[1]), path, checkpoint)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A proof with the record it proves. `body` and `salt` are None once erased; the proof holds all the same."""

    kind: str
    at: int
    commitment: bytes
    body: bytes | None
    salt: bytes | None
    proof: TlogProof

    def as_json(self) -> dict[str, Any]:
        """JSON; `body` is the canonical text whose bytes the commitment covers, so nothing need be re-encoded."""
        return {
            "format": FORMAT,
            "index": self.proof.index,
            "kind": self.kind,
            "at": str(self.at),
            "commitment": self.commitment.hex(),
            "body": None if self.body is None else self.body.decode(),
            "salt": None if self.salt is None else self.salt.hex(),
            "proof": self.proof.encode(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Receipt:
        """Read `as_json`.

        Raises:
            NoteRefused: a key is missing, of another type, or contradicts the proof.
        """
        try:
            if value["format"] != FORMAT:
                raise NoteRefused(f"receipt format is `{value['format']}`, expected `{FORMAT}`")
            body, salt = value["body"], value["salt"]
            receipt = cls(
                kind=value["kind"],
                at=int(value["at"]),
                commitment=bytes.fromhex(value["commitment"]),
                body=None if body is None else body.encode(),
                salt=None if salt is None else bytes.fromhex(salt),
                proof=TlogProof.parse(value["proof"]),
            )
            stated = value["index"]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, NoteRefused):
                raise
            raise NoteRefused(f"receipt is malformed ({error}); ask for it again") from error
        if stated != receipt.proof.index:
            raise NoteRefused(f"receipt says index {stated}, its proof says {receipt.proof.index}")
        return receipt

    def text(self) -> str:
        """The C2SP text alone, for tools that know the format and not us."""
        return self.proof.encode()

    def said(self) -> dict[str, Any] | None:
        """Actor, payload and unique; None once erased."""
        return None if self.body is None else json.loads(self.body)


def verify_receipt(receipt: Receipt, key: VerifierKey) -> Checkpoint:
    """The checkpoint that the receipt's record is proven to be in.

    Raises:
        NoteRefused: which step failed.
    """
    # 1. The body, if it is still there, is the one committed to.
    if (receipt.body is None) != (receipt.salt is None):
        raise NoteRefused("receipt has only one of body and salt")
    if receipt.body is not None and receipt.salt is not None:  # noqa: SIM102 - one step, one condition
        if commitment_of(receipt.salt, receipt.body) != receipt.commitment:
            raise NoteRefused("what the record says does not match its commitment")
    # 2. The checkpoint is the log's own.
    checkpoint = open_checkpoint(receipt.proof.checkpoint, key)
    # 3. The leaf is under the checkpoint's root, at this index.
    leaf = leaf_hash(leaf_data(receipt.kind, receipt.at, receipt.commitment))
    if not verify_inclusion(receipt.proof.index, checkpoint.size, leaf, receipt.proof.path, checkpoint.root):
        raise NoteRefused(f"record {receipt.proof.index} is not in the tree of {checkpoint.size} that was signed")
    return checkpoint
