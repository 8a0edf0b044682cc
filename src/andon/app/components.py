"""What runs: the twin's own model bill of materials, taken from the files and libraries that this process uses."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path

import andon
from andon.evidence import mbom

ENGINE = ("models", "advise")
LIBRARIES = ("numba", "numpy", "scipy", "asyncua")


def running_components() -> dict[str, str]:
    """Component to digest or version of this process."""
    home = Path(andon.__file__).parent
    engine = {
        str(path.relative_to(home)): path.read_bytes()
        for folder in ENGINE
        for path in sorted((home / folder).rglob("*.py"))
    }
    versions = {"andon": andon.__version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "absent"
    return mbom.running(engine, versions)
