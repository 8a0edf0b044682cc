"""Every command that the docs show runs, each page in a fresh folder.

A page that needs a running twin or recorded data says so in its first lines: a comment `needs: twin`, `needs: data`.
Pages that need a twin are walked by `test_docs_tutorial`; the virtual plant's by its own tests.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from docs_kit import ROOT, data_folder, needs, pages, walk


@pytest.mark.parametrize(
    "page", [p for p in pages() if not needs(p) & {"twin", "plant"}], ids=lambda p: str(p.relative_to(ROOT))
)
def test_every_command_shown_runs(page: Path, tmp_path: Path) -> None:
    if "data" in needs(page) and data_folder() is None:
        pytest.skip("the recorded data is not here; set ANDON_DATA to the folder that contains nist_sms")
    for folder in ("examples", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".andon", "node_modules"))
    walk(page, tmp_path)
