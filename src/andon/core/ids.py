"""Ids as an argument: a port, so that a test or a replay gets the same ids again."""

from __future__ import annotations

import itertools
from typing import Protocol


class Ids(Protocol):
    """The port for fresh identifiers."""

    def fresh(self, prefix: str) -> str:
        """A new id such as `R-7f3a9c1e`; never the same twice."""
        ...


class CountingIds:
    """Ids that count, for tests and deterministic runs.

    >>> ids = CountingIds()
    >>> ids.fresh("R"), ids.fresh("R")
    ('R-1', 'R-2')
    """

    def __init__(self) -> None:
        self._counter = itertools.count(1)

    def fresh(self, prefix: str) -> str:
        """The next number behind `prefix`."""
        return f"{prefix}-{next(self._counter)}"
