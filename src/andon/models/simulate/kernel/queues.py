"""Lists of records, linked through a word of theirs; and work that is stopped before it is done."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel.events import cancel


def append(m: at.Words, head: int, tail: int, p: int, link: int) -> None:
    """Put record `p` at the end of the list whose ends stand in words `head` and `tail`."""
    m[p + link] = 0
    if m[tail] == 0:
        m[head] = p
    else:
        m[m[tail] + link] = p
    m[tail] = p


def shift(m: at.Words, head: int, tail: int, link: int) -> int:
    """Take the first record of a list that is not empty."""
    p = m[head]
    m[head] = m[p + link]
    if m[head] == 0:
        m[tail] = 0
    return p


def unlink(m: at.Words, head: int, tail: int, p: int) -> bool:
    """Take process `p` out of a list of processes, wherever it stands; False when it is not there."""
    before = 0
    q = m[head]
    while q != 0:
        after = m[q + at.NEXT]
        if q == p:
            if before == 0:
                m[head] = after
            else:
                m[before + at.NEXT] = after
            if after == 0:
                m[tail] = before
            return True
        before = q
        q = after
    return False


def interrupt(m: at.Words, p: int, word: int) -> None:
    """Stop the work of process `p`: what is left goes back into its register `word`; it will start over at WORK."""
    done = m[at.NOW] - m[p + at.START]
    m[p + word] -= done
    if m[p + at.LIFE] >= 0 and m[p + at.STATE] == at.BUSY:
        m[p + at.LIFE] -= done
    cancel(m, p)
    m[p + at.WORKING] = 0
    m[p + at.PC] -= 1
