"""The whole log, checked from its stored bytes: numbered steps, each with every problem it found.

An independent second checker that imports nothing of ours is docs/spec/verify_ledger.py.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from andon.ledger.checkpoint import Checkpoint, NoteRefused, VerifierKey, open_checkpoint
from andon.ledger.leaf import commitment_of, leaf_data, leaf_hash
from andon.ledger.tree import EMPTY_ROOT, Frontier, Node, Spot

ERASED = "ledger.erased"
"""Kind of the record that accounts for an erasure; payload: index, unique, reason."""
PROBLEMS_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it is stored."""

    index: int
    kind: str
    at: int
    commitment: bytes
    leaf: bytes
    body: bytes | None
    salt: bytes | None
    unique: str


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step and what it found wrong."""

    number: int
    name: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Nothing wrong."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and the head that everything was checked under."""

    size: int
    root: bytes
    erased: int
    steps: tuple[Step, ...]

    @property
    def ok(self) -> bool:
        """Every step ran and none found a problem."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    def problems(self) -> tuple[str, ...]:
        """All problems, in the order of the steps."""
        return tuple(problem for step in self.steps for problem in step.problems)

    def as_json(self) -> dict[str, Any]:
        """For `--json` and the API."""
        return {
            "ok": self.ok,
            "size": self.size,
            "root": self.root.hex(),
            "erased": self.erased,
            "steps": [
                {"number": s.number, "name": s.name, "ok": s.ok, "problems": list(s.problems)} for s in self.steps
            ],
        }


STEPS = (
    "records stand at 0, 1, 2, ... without a gap",
    "what each record says matches its commitment",
    "each leaf hash is that of its kind, time and commitment",
    "each claim column matches the record",
    "each erased record is accounted for by a later record",
    "each checkpoint is signed by the log's key",
    "checkpoint sizes rise",
    "each checkpoint's root is that of the records",
    "the last checkpoint covers every record",
    "stored subtree hashes match",
    "the checkpoints known from elsewhere are extended, not contradicted",
)


def verify(
    rows: Iterable[Row],
    checkpoints: Sequence[tuple[int, str]],
    nodes: Mapping[Spot, bytes],
    key: VerifierKey,
    known: Sequence[Checkpoint] = (),
) -> Verification:
    """Check everything.

    Args:
        rows: the records, by index.
        checkpoints: stored (size, signed note), by size.
        nodes: every stored subtree hash above the leaves.
        key: the log's verifier key, which the caller trusts for reasons of their own.
        known: checkpoints seen before or elsewhere; a log that is shorter than one, or differs below it, is refused.
    """
    found: list[list[str]] = [[] for _ in STEPS]
    heads = [_open(size, note, key, found[5]) for size, note in checkpoints]
    wanted = {head.size for head in (*heads, *known) if head is not None}
    walked = _Walk(wanted)
    for row in rows:
        walked.step(row, found)
    walked.erasures(found[4])
    for earlier, later in itertools.pairwise(checkpoints):
        if earlier[0] >= later[0]:
            found[6].append(f"checkpoint of size {later[0]} follows one of size {earlier[0]}")
    for head in heads:
        if head is not None and walked.roots.get(head.size) != head.root:
            found[7].append(f"checkpoint of size {head.size} was signed over other records than those stored")
    last = checkpoints[-1][0] if checkpoints else 0
    if last != walked.frontier.size:
        found[8].append(f"{walked.frontier.size} records are stored, the last signed checkpoint covers {last}")
    found[9].extend(_differences(walked.nodes, nodes))
    for head in known:
        if walked.roots.get(head.size) != head.root:
            verb = "is shorter than" if walked.frontier.size < head.size else "contradicts"
            found[10].append(f"the log {verb} a checkpoint of {head.size} records that was signed earlier")
    steps = tuple(
        Step(number, name, tuple(problems[:PROBLEMS_SHOWN_MAX]))
        for number, (name, problems) in enumerate(zip(STEPS, found, strict=True), 1)
    )
    return Verification(walked.frontier.size, walked.frontier.root(), len(walked.erased), steps)


class _Walk:
    """Recomputes the tree from the rows, keeping the roots at the sizes that somebody signed."""

    def __init__(self, wanted: set[int]) -> None:
        self._wanted = wanted
        self._accounts: dict[int, tuple[int, str]] = {}
        self.frontier = Frontier()
        self.roots = {0: EMPTY_ROOT}
        self.nodes: dict[Spot, bytes] = {}
        self.erased: list[tuple[int, str]] = []

    def step(self, row: Row, found: list[list[str]]) -> None:
        """Check one row alone and add its leaf."""
        if row.index != self.frontier.size:
            found[0].append(f"record {row.index} stands where {self.frontier.size} belongs")
        if row.body is None and row.salt is None:
            self.erased.append((row.index, row.unique))
        elif row.body is None or row.salt is None or commitment_of(row.salt, row.body) != row.commitment:
            found[1].append(f"record {row.index} (`{row.kind}`) does not say what it said when it was recorded")
        else:
            self._read(row, found)
        if leaf_hash(leaf_data(row.kind, row.at, row.commitment)) != row.leaf:
            found[2].append(f"record {row.index} (`{row.kind}`) has another kind, time or commitment than its leaf")
        self.frontier, made = self.frontier.append(row.leaf)
        self.nodes.update((node.spot, node.hash) for node in made if node.spot.level)
        if self.frontier.size in self._wanted:
            self.roots[self.frontier.size] = self.frontier.root()

    def erasures(self, problems: list[str]) -> None:
        """Each erased record needs a later record that says so."""
        for index, unique in self.erased:
            account = self._accounts.get(index)
            if account is None or account[0] <= index:
                problems.append(f"record {index} has lost its contents and no `{ERASED}` record accounts for it")
            elif account[1] != unique:
                problems.append(f"record {index} was erased holding the claim `{account[1]}`, now it has `{unique}`")

    def _read(self, row: Row, found: list[list[str]]) -> None:
        said = json.loads(row.body or b"{}")
        if said.get("unique", "") != row.unique:
            found[3].append(f"record {row.index} claims `{said.get('unique', '')}`, its column says `{row.unique}`")
        if row.kind == ERASED:
            index = said["payload"].get("index")
            self._accounts.setdefault(index, (row.index, said["payload"].get("unique", "")))


def _open(size: int, note: str, key: VerifierKey, problems: list[str]) -> Checkpoint | None:
    try:
        head = open_checkpoint(note, key)
    except NoteRefused as error:
        problems.append(f"checkpoint of size {size}: {error}")
        return None
    if head.size != size:
        problems.append(f"checkpoint stored for size {size} was signed for size {head.size}")
    return head


def _differences(computed: Mapping[Spot, bytes], stored: Mapping[Spot, bytes]) -> list[str]:
    if computed == stored:
        return []
    wrong = sorted(spot for spot in computed.keys() | stored.keys() if computed.get(spot) != stored.get(spot))
    return [f"subtree at level {spot.level}, place {spot.place} is not that of its leaves" for spot in wrong]


def as_nodes(made: Iterable[Node]) -> dict[Spot, bytes]:
    """Nodes as the mapping that `verify` takes."""
    return {node.spot: node.hash for node in made}
