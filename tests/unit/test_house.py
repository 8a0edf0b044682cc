"""The house rules that no linter knows: finished work, no addresses of registries, files a newcomer can read."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".csv", ".txt", ".html", ".css", ".js", ".sh", ".json", ".in", ""}
LINES_MAX = 400


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    files = [ROOT / n for n in names if n and (ROOT / n).is_file()]
    return files or [p for p in ROOT.rglob("*") if p.is_file() and ".venv" not in p.parts and ".git" not in p.parts]


def text_files() -> list[Path]:
    return [p for p in tracked() if p.suffix in TEXT]


def test_no_unfinished_marks_in_the_product() -> None:
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b|NotImplemented" r"Error")
    found = [
        f"{p}:{n}"
        for p in text_files()
        if "src" in p.parts
        for n, line in enumerate(p.read_text().split("\n"), 1)
        if marks.search(line)
    ]
    assert not found


def test_no_registry_address_in_a_commit() -> None:
    hosts = re.compile(r"pypi\.or" r"g|pythonhosted\.or" r"g|npmjs\.or" r"g|npmjs\.co" r"m|deb\.debian\.or" r"g")
    found = [
        f"{p}:{n}"
        for p in text_files()
        for n, line in enumerate(p.read_text(errors="replace").split("\n"), 1)
        if hosts.search(line)
    ]
    assert not found
    assert not [p for p in tracked() if p.name in {"uv.lock", "package-lock.json"}]


def test_no_suppression_without_a_name() -> None:
    bare = re.compile(r"# (noqa(?!:)|type: ignore(?!\[))")
    found = [
        f"{p}:{n}"
        for p in text_files()
        if p.suffix == ".py"
        for n, line in enumerate(p.read_text().split("\n"), 1)
        if bare.search(line) and p.name != "test_house.py"
    ]
    assert not found


def test_every_lint_ignore_carries_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text.split("[tool.ruff.lint]")[1].split("preview =")[0]
    for line in block.split("\n"):
        if line.strip().startswith('"'):
            assert "#" in line, line


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_one_room(path: Path) -> None:
    lines = path.read_text().split("\n")
    assert len(lines) <= LINES_MAX, f"{path} has {len(lines)} lines: two things live in one room"
    assert lines[0].startswith('"""') or path.read_text() == "", "a module's first line states what it is for"


def test_a_decision_has_a_number_of_its_own_and_its_title_says_the_same() -> None:
    files = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [p.name[:4] for p in files]
    assert sorted(set(numbers)) == numbers
    titles = {p.name[:4]: re.match(r"# (\d+)\. ", p.read_text()) for p in files}
    assert [(n, found[1]) for n, found in titles.items() if found and int(found[1]) != int(n)] == []
