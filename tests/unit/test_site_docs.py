"""The reference of the site folder names every key, column, default, kind and property; its how-to runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from andon.site import battery, floor, lifting, model, pace, stops
from andon.site.check_assumptions import PARAMETERS
from andon.site.check_signals import PROPERTIES
from andon.site.digests import PARTS
from andon.site.sections import FILES, FILES_NEEDED, RELEASE, SECTIONS

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "site.md").read_text(encoding="utf-8")
NESTED = [
    ("One of the `others` of a step:", floor.OtherStation),
    ("An outcome of a step:", floor.Outcome),
    ("One of what a step `takes`:", floor.Taken),
    ("One of what a step `gives`:", floor.Given),
    ("One of the `other_routes`:", floor.OtherRoute),
    ("A break:", floor.Break),
    ("A `breakdown`:", floor.Breakdown),
    ("A `battery`:", battery.Battery),
    ("A `recovery` of a battery:", battery.Recovery),
    ("A step of a route:", floor.Step),
    ("A `lifting`:", lifting.Lifting),
    ("Planned work, one of `maintenance`:", stops.Maintenance),
    ("One of `hours`; where several hold, their factors multiply, and what is begun counts:", pace.Hours),
    ("A `learning` (Wright's law; counted by station and product):", pace.Learning),
    ("A `wear` (of each machine's tool; its processing time uses it up):", pace.Wear),
    ("A `warm_up`:", pace.WarmUp),
    ("One of `speeds`:", pace.Speed),
]


def rows_after(heading: str) -> dict[str, list[str]]:
    """The first table under a heading, by its first cell."""
    assert REFERENCE.count(heading + "\n") == 1, heading
    table = REFERENCE.split(heading + "\n", 1)[1].split("\n|---", 1)[1].split("\n\n", 1)[0]
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in table.splitlines()[1:]]
    return {r[0].strip("`"): r[1:] for r in rows}


def default_word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float):
        return f"`{value:g}`"
    return f"`{value}`" if value else "empty"


def parts() -> list[tuple[str, type[model.Part]]]:
    named = [(f"### `{s.key}`" if s.key else f"## {s.file}", s.part) for s in [*SECTIONS, RELEASE]]
    return [*named, *NESTED]


@pytest.mark.parametrize(("heading", "part"), parts(), ids=[p.__name__ for _, p in parts()])
def test_every_key_stands_in_the_reference_with_its_default(heading: str, part: type[model.Part]) -> None:
    rows = rows_after(heading)
    fields = {f.alias or n: f for n, f in part.model_fields.items()}
    assert list(rows) == list(fields)
    for name, info in fields.items():
        wanted = "needed" if info.is_required() else default_word(info.get_default(call_default_factory=True))
        assert rows[name][1] == wanted, name
        assert rows[name][2], name


def test_every_file_kind_property_and_digest_stands_in_the_reference() -> None:
    for name in FILES:
        need = "Needed. " if name in FILES_NEEDED else "Optional. "
        assert f"## {name}\n\n{need}" in REFERENCE
    for word in [
        *PARAMETERS,
        *PROPERTIES,
        *PARTS,
        *(k.value for k in model.ElementKind),
        *(t.value for t in model.Tier),
    ]:
        assert f"`{word}`" in REFERENCE, word
    for kind, sets in PARAMETERS.items():
        row = next(line for line in REFERENCE.splitlines() if line.startswith(f"| `{kind}` |"))
        assert all(f"`{p}`" in row for names in sets for p in names)


def test_the_how_to_shows_what_check_prints() -> None:
    text = (DOCS / "how-to" / "describe-a-site.md").read_text(encoding="utf-8")
    assert re.search(r"```console\n\$ andon init ", text)
    assert "reference/site.md" in text
