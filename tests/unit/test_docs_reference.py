"""The reference of commands is what the program says of itself."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from andon.cli import COMMANDS, GROUPS

ROOT = Path(__file__).parents[2]


def test_the_page_of_commands_is_what_the_program_says() -> None:
    spec = importlib.util.spec_from_file_location("commands", ROOT / "docs" / "commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run `python docs/commands.py`"


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.findall(r"^andon ([a-z|]+)", text, re.MULTILINE)
    named = {name for words in block for name in words.split("|")}
    assert {*COMMANDS, *GROUPS} <= named | {"recommendations", "account"}
