"""The Merkle tree as it grows: a frontier of complete subtrees, so that an append costs O(log n) and no reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

from andon.ledger.leaf import node_hash

EMPTY_ROOT = hashlib.sha256(b"").digest()


class Spot(NamedTuple):
    """Where a complete subtree stands: it covers leaves [place << level, (place + 1) << level)."""

    level: int
    place: int


class Node(NamedTuple):
    """A complete subtree's place and hash; once written it never changes."""

    spot: Spot
    hash: bytes


@dataclass(frozen=True, slots=True)
class Frontier:
    """The complete subtrees that cover leaves [0, size), largest first: one for each set bit of `size`."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> tuple[Frontier, tuple[Node, ...]]:
        """The frontier with one more leaf hash, and every subtree that this leaf completes, itself first.

        >>> grown, nodes = Frontier().append(bytes(32))
        >>> grown, nodes = grown.append(bytes(32))
        >>> grown.size, [tuple(node.spot) for node in nodes]
        (2, [(0, 1), (1, 0)])
        """
        peaks = list(self.peaks)
        index, level, value = self.size, 0, leaf
        made = [Node(Spot(0, index), value)]
        while index & 1:
            value = node_hash(peaks.pop(), value)
            index >>= 1
            level += 1
            made.append(Node(Spot(level, index), value))
        return Frontier(self.size + 1, (*peaks, value)), tuple(made)

    def root(self) -> bytes:
        """The tree's root: peaks folded from the right.

        >>> Frontier().root().hex()[:16]
        'e3b0c44298fc1c14'
        """
        return fold(self.peaks) if self.peaks else EMPTY_ROOT


def fold(parts: tuple[bytes, ...]) -> bytes:
    """The hash over adjoining complete subtrees, given largest (leftmost) first; at least one."""
    return reduce(lambda right, left: node_hash(left, right), reversed(parts[:-1]), parts[-1])


def peak_spots(start: int, end: int) -> tuple[Spot, ...]:
    """The complete subtrees that cover leaves [start, end), largest first; `start` is aligned to the range's span.

    >>> [tuple(spot) for spot in peak_spots(0, 7)]
    [(2, 0), (1, 2), (0, 6)]
    >>> [tuple(spot) for spot in peak_spots(8, 11)]
    [(1, 4), (0, 10)]
    """
    spots = []
    while start < end:
        level = (end - start).bit_length() - 1
        spots.append(Spot(level, start >> level))
        start += 1 << level
    return tuple(spots)
