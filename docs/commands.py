"""Writes docs/reference/commands.md from the program itself: `python docs/commands.py`. A test keeps the two equal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from andon.cli import build

PAGE = Path(__file__).parent / "reference" / "commands.md"
HEAD = """# Commands

Every command takes `--json` for scripts where it answers something. Exit codes: 0 done, 1 the answer is no (refused,
problems found, not verified), 2 it cannot run. `DIR` is a site folder. Acts name who does them with `--as NAME` and ask
for the password, or take it from `ANDON_PASSWORD`.

"""


def parameter(p: Any) -> str:
    """One line for one argument or option."""
    if p.param_type_name == "option":
        shown = " / ".join(f"`{o}`" for o in (*p.opts, *p.secondary_opts))
    else:
        shown = f"`{p.metavar or p.name.upper()}`"
    needed = ", required" if p.required else ""
    return f"- {shown}{needed}: {(p.help or '').strip()}"


def section(words: str, command: Any) -> str:
    """One command, or a group of them."""
    if hasattr(command, "commands"):
        return "\n".join(section(f"{words} {name}", sub) for name, sub in sorted(command.commands.items()))
    lines = [f"## {words}", "", (command.help or "").strip(), ""]
    lines += [parameter(p) for p in command.params if p.name != "help"]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    top = typer.main.get_command(build())
    return HEAD + "\n".join(section(f"andon {name}", command) for name, command in sorted(top.commands.items()))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
