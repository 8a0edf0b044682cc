"""Inclusion and consistency proofs (RFC 9162 sections 2.1.3 and 2.1.4): which subtrees, and the checks of them.

The first half is arithmetic on leaf ranges and knows no hashes: whoever stores subtrees turns ranges into hashes.
The second half checks a proof and shares no code with the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from andon.ledger.leaf import node_hash
from andon.ledger.tree import Spot, fold, peak_spots

HASH_BYTES = 32


class Span(NamedTuple):
    """Leaves [start, end)."""

    start: int
    end: int


def split(count: int) -> int:
    """The largest power of two smaller than `count`, where the tree divides; `count` is 2 or more.

    >>> [split(n) for n in (2, 3, 4, 5, 8, 9)]
    [1, 2, 2, 4, 4, 8]
    """
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_spans(index: int, size: int, start: int = 0) -> tuple[Span, ...]:
    """The subtrees that prove leaf `index` to be in the tree (or subtree) over [start, size), nearest the leaf first.

    Raises:
        ValueError: `index` is outside.

    >>> [tuple(span) for span in inclusion_spans(5, 8)]
    [(4, 5), (6, 8), (0, 4)]
    >>> [tuple(span) for span in inclusion_spans(6, 7)]
    [(4, 6), (0, 4)]
    """
    if not start <= index < size:
        raise ValueError(f"leaf {index} is not among leaves {start} to {size - 1}")
    path: list[Span] = []
    while size - start > 1:
        middle = start + split(size - start)
        if index < middle:
            path.append(Span(middle, size))
            size = middle
        else:
            path.append(Span(start, middle))
            start = middle
    return tuple(reversed(path))


def consistency_spans(old: int, new: int, start: int = 0) -> tuple[Span, ...]:
    """The subtrees that prove the tree of `new` leaves to be an extension of the subtree over [start, old).

    With `start` 0 this is RFC 9162's consistency proof.

    Raises:
        ValueError: not `start < old <= new`.

    >>> [tuple(span) for span in consistency_spans(6, 8)]
    [(4, 6), (6, 8), (0, 4)]
    >>> [tuple(span) for span in consistency_spans(4, 8)]
    [(4, 8)]
    """
    if not 0 <= start < old <= new:
        raise ValueError(f"no consistency proof from leaves {start} to {old - 1} into a tree of {new}")
    path: list[Span] = []
    low, high, known = 0, new, True
    while not (start <= low and old == high):
        middle = low + split(high - low)
        if old <= middle:
            path.append(Span(middle, high))
            high = middle
        elif start >= middle:
            path.append(Span(low, middle))
            low = middle
        else:
            path.append(Span(low, middle))
            start = low = middle
            known = False
    if not known:
        path.append(Span(low, high))
    return tuple(reversed(path))


def hashes(spans: Sequence[Span], stored: Callable[[Spot], bytes]) -> tuple[bytes, ...]:
    """Each span's hash, folded from the complete subtrees that `stored` looks up."""
    return tuple(fold(tuple(stored(spot) for spot in peak_spots(*span))) for span in spans)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` (a leaf hash) stands at `index` of the tree with this size and root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or len(leaf) != HASH_BYTES:
        return False
    here, last, value = index, size - 1, leaf
    for part in proof:
        if last == 0 or len(part) != HASH_BYTES:
            return False
        if here & 1 or here == last:
            value = node_hash(part, value)
            while not here & 1 and here:
                here >>= 1
                last >>= 1
        else:
            value = node_hash(value, part)
        here >>= 1
        last >>= 1
    return last == 0 and value == root


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the tree of `new` leaves extends the one of `old` leaves (RFC 9162, 2.1.4.2).

    An old size of 0 is refused: only the witness protocol gives it a meaning, and not here.
    """
    if old <= 0 or old > new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if not proof:
        return False
    parts = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    here, last = old - 1, new - 1
    while here & 1:
        here >>= 1
        last >>= 1
    before = after = parts[0]
    for part in parts[1:]:
        if last == 0 or len(part) != HASH_BYTES:
            return False
        if here & 1 or here == last:
            before = node_hash(part, before)
            after = node_hash(part, after)
            while not here & 1 and here:
                here >>= 1
                last >>= 1
        else:
            after = node_hash(after, part)
        here >>= 1
        last >>= 1
    return before == old_root and after == new_root and last == 0
