"""A child's life line: standard input is a pipe that its parent holds; when it closes, the parent is gone."""

from __future__ import annotations

import os
import signal
import threading

VARIABLE = "ANDON_LIFELINE"


def hold() -> None:
    """End this process (as SIGTERM would) when the parent that set the variable is gone; else do nothing."""
    if os.environ.pop(VARIABLE, "") != "1":
        return
    threading.Thread(target=_wait, name="lifeline", daemon=True).start()


def _wait() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
