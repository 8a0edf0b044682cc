"""What the docs show, as commands that a test can run: `console` blocks, lines that start with `$ `."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"\s+# exit (\d)$")
ROOM = "http://127.0.0.1:8700"
EXPORT = re.compile(r"^export (\w+)=(\S+)$")


@dataclass
class Shown:
    """One command, the exit code that the page states, and what it says the command prints."""

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


def pages() -> list[Path]:
    places = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    return sorted(page for page in places if shown_in(page))


def data_folder() -> Path | None:
    folder = Path(os.environ.get("ANDON_DATA", ROOT.parent / "shared" / "data"))
    return folder if (folder / "nist_sms").is_dir() else None


def environment() -> dict[str, str]:
    data = data_folder()
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "160",
        **({"ANDON_DATA": str(data)} if data is not None else {}),
    }


def walk(page: Path, folder: Path, timeout_s: float = 300.0, address: str = "") -> None:
    """Run every command of a page in `folder`, in order, and hold each to what the page says of it.

    `address` stands where the page shows the control room's usual one.
    """
    variables = environment()
    for shown in shown_in(page):
        export = EXPORT.match(shown.command)
        if export:
            variables[export[1]] = export[2]
            continue
        ran = subprocess.run(
            ["bash", "-c", shown.command.replace(ROOM, address) if address else shown.command],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        said = ran.stdout + ran.stderr
        assert ran.returncode == shown.code, f"`{shown.command}` ended with {ran.returncode}:\n{said}"
        assert "Traceback" not in said, said
        for line in shown.output:
            assert " ".join(line.split()) in " ".join(said.split()), (
                f"`{shown.command}` did not print `{line}`:\n{said}"
            )
