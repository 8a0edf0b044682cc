"""A lane: one thread that does pieces of work one after the other, below the priority of everything else."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable

GENTLE = 10
"""How much the thread gives way (nice): the room, the floor and Halt come first."""


class Lane:
    """Work in the order in which it came. Whoever puts it there bounds how much waits."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._todo: deque[Callable[[], None]] = deque()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ended = False

    def put(self, work: Callable[[], None]) -> None:
        """Do it when its turn comes; never, once the lane has ended."""
        with self._news:
            if self._ended:
                return
            self._todo.append(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._news.notify()

    def stop(self, wait_s: float = 5.0) -> None:
        """Take nothing more, forget what waits, and wait for what is being done."""
        with self._news:
            self._ended = True
            self._todo.clear()
            self._news.notify()
            thread = self._thread
        if thread is not None:
            thread.join(wait_s)

    def _run(self) -> None:
        with contextlib.suppress(OSError, AttributeError):  # only Linux gives threads a priority of their own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GENTLE)
        while True:
            with self._news:
                while not self._todo and not self._ended:
                    self._news.wait()
                if self._ended:
                    return
                work = self._todo.popleft()
            work()
