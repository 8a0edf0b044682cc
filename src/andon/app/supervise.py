"""The small parent of `andon run`: starts gateway, twin and (when asked) the virtual plant, and restarts what dies.

The gateway is a child of this parent and not of the twin, so that the twin's death takes nothing from it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from andon.app import lifeline

RESTART_WAIT_MAX_S = 5.0
STOP_WAIT_S = 6.0
QUICK_DEATHS_MAX = 5
"""A child that has never run for more than seconds and dies this often cannot run: the parent ends and says why.

One that has run is started again for as long as it takes: what else runs must not go down with it."""


@dataclass(slots=True)
class Child:
    """One process, how to start it, and how it has fared."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    has_run: bool = False
    next_start: float = 0.0
    pipe: int | None = None
    exits_with_parent: bool = True
    pid_file: Path | None = None

    def start(self, now: float) -> None:
        """Start it in its own session, so that Ctrl-C reaches the parent alone; a closed pipe tells it of our death."""
        stdin: int = subprocess.DEVNULL
        read_end = write_end = None
        if self.exits_with_parent:
            read_end, write_end = os.pipe()
            stdin = read_end
        with self.log.open("ab") as log:
            output = None if self.name == "twin" else log
            environment = {**os.environ, lifeline.VARIABLE: "1"} if self.exits_with_parent else None
            self.process = subprocess.Popen(  # noqa: S603 - our own modules, no shell
                self.command, stdin=stdin, stdout=output, stderr=output, start_new_session=True, env=environment
            )
        if read_end is not None:
            os.close(read_end)
        self.close_pipe()
        self.pipe = write_end
        self.started = now
        if self.pid_file is not None:
            self.pid_file.write_text(str(self.process.pid), encoding="ascii")

    def close_pipe(self) -> None:
        """Let go of the child's life line."""
        if self.pipe is not None:
            os.close(self.pipe)
            self.pipe = None

    def ask_to_end(self) -> None:
        """Ask it to end; does not wait."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        self.ask_to_end()
        if self.process is not None and self.process.poll() is None:
            try:
                self.process.wait(STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.pid_file is not None:
            self.pid_file.unlink(missing_ok=True)
        self.close_pipe()


@dataclass(slots=True)
class Supervisor:
    """Keeps children running until told to stop. `say` prints one line for a person."""

    children: list[Child]
    say: Callable[[str], None]
    stopping: bool = field(default=False)
    failed: str = field(default="")

    def run(self) -> int:
        """Run until SIGINT or SIGTERM, or until a child cannot be kept running. Returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        try:
            while not self.stopping and not self.failed:
                self._look()
                time.sleep(0.1)
        finally:
            self._end()
        if self.failed:
            self.say(self.failed)
            return 1
        return 0

    def _end(self) -> None:
        """The last child first, on its own: it must not see the others go, and take that for a loss. Then the rest."""
        *rest, last = self.children
        last.stop()
        for child in rest:
            child.ask_to_end()
        for child in rest:
            child.stop()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.stopping = True

    def _look(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.next_start:
                    child.start(now)
                continue
            code = child.process.poll()
            if code is None:
                continue
            self._mourn(child, code, now)

    def _mourn(self, child: Child, code: int, now: float) -> None:
        quick = now - child.started < RESTART_WAIT_MAX_S
        child.has_run |= not quick
        child.quick_deaths = child.quick_deaths + 1 if quick else 0
        child.process = None
        if code == 0 or (not child.has_run and (code == 2 or child.quick_deaths >= QUICK_DEATHS_MAX)):
            # 0: it ended because it was told to; 2: it cannot run, and has said why.
            self.failed = f"the {child.name} ended (exit code {code}); see {child.log}{last_words(child.log)}"
            return
        wait = min(0.2 * 2**child.quick_deaths, RESTART_WAIT_MAX_S)
        child.next_start = now + wait
        self.say(f"the {child.name} died (exit code {code}); starting it again in {wait:.1f} s")


def last_words(log: Path) -> str:
    """The last line of a log, so that the reason is where the person looks."""
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            return f": {lines[-1]}"
    return ""


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules with this very interpreter."""
    return [sys.executable, "-m", module, *arguments]
