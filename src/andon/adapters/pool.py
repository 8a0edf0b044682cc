"""Threads for numeric work that gives up Python's lock: the adapter behind the simulator's `Pool`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
THREADS_MAX = 256


class ThreadPool:
    """At most `threads` calls at a time; results as they come; a caller that stops iterating cancels the rest."""

    def __init__(self, threads: int | None = None) -> None:
        wanted = threads if threads is not None else (os.cpu_count() or 1)
        if not 1 <= wanted <= THREADS_MAX:
            raise ValueError(f"{wanted} threads cannot be used; use 1 to {THREADS_MAX}")
        self.threads = wanted

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Yield results in the order of completion.

        The first item runs alone in the calling thread: what must be compiled or loaded once is ready then.
        """
        if not items:
            return
        yield function(items[0])
        if self.threads == 1:
            for item in items[1:]:
                yield function(item)
            return
        with ThreadPoolExecutor(self.threads, thread_name_prefix="simulate") as executor:
            running: set[Future[R]] = {executor.submit(function, item) for item in items[1:]}
            try:
                while running:
                    ready, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in ready:
                        yield future.result()
            finally:
                for future in running:
                    future.cancel()
