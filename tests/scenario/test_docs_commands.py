"""Every command that the docs show runs: `console` blocks, lines that start with `$ `, each page in a fresh folder.

A page that needs a running twin or recorded data says so in its first lines: a comment `needs: twin`, `needs: data`.
`# exit 1` behind a command states its exit code; 0 otherwise. Lines below a command that begin with `...` are left out;
other lines below it are what it prints, and must be in its output.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"\s+# exit (\d)$")


@dataclass
class Shown:
    command: str
    code: int = 0
    output: list[str] = field(default_factory=list)


def shown_in(page: Path) -> list[Shown]:
    found: list[Shown] = []
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.split("\n"):
            if line.startswith("$ "):
                code = EXIT.search(line)
                found.append(Shown(EXIT.sub("", line[2:]), int(code.group(1)) if code else 0))
            elif line.strip() and not line.startswith("...") and found:
                found[-1].output.append(line)
    return found


def needs(page: Path) -> set[str]:
    return set(re.findall(r"<!-- needs: (\w+) -->", page.read_text(encoding="utf-8")[:600]))


PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    if shown_in(page) and "twin" not in needs(page)
)
"""Pages that need a running twin are walked by the tests that start one."""


def data_folder() -> Path | None:
    folder = Path(os.environ.get("ANDON_DATA", ROOT.parent / "shared" / "data"))
    return folder if (folder / "nist_sms").is_dir() else None


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_shown_runs(page: Path, tmp_path: Path) -> None:
    wanted = needs(page)
    data = data_folder()
    if "data" in wanted and data is None:
        pytest.skip("the recorded data is not here; set ANDON_DATA to the folder that contains nist_sms")
    for folder in ("examples", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".andon", "node_modules"))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "160",
    }
    if data is not None:
        environment["ANDON_DATA"] = str(data)
    for shown in shown_in(page):
        ran = subprocess.run(
            ["bash", "-c", shown.command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        said = ran.stdout + ran.stderr
        assert ran.returncode == shown.code, f"`{shown.command}` ended with {ran.returncode}:\n{said}"
        assert "Traceback" not in said, said
        for line in shown.output:
            assert line.strip() in said, f"`{shown.command}` did not print `{line}` but:\n{said}"
