"""The simulator is compiled in a process of its own, once a version: this one keeps its threads for the floor."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

from andon.app import lifeline
from andon.app.folders import Folders


def warm(folder: Path, ended: threading.Event) -> None:
    """Compile it if that was not done yet; returns when it is done, could not be done, or the twin ends."""
    from andon.models.simulate import jit  # noqa: PLC0415 - the simulator is an optional part

    done = Folders(folder).run / "compiled"
    this = f"{jit.__file__} {jit.cache_folder()}"
    if done.is_file() and done.read_text("utf-8") == this and jit.ready():
        return
    command = [sys.executable, "-m", "andon", "simulate", str(folder), "--json"]
    command += ["--replications", "2", "--horizon", "10min"]
    with subprocess.Popen(  # noqa: S603 - our own command, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, lifeline.VARIABLE: "1"},
    ) as process:
        while process.poll() is None:
            if ended.wait(0.2):
                process.kill()
    if process.returncode == 0:
        with contextlib.suppress(OSError):  # then it is done again at the next start
            done.write_text(this, "utf-8")
