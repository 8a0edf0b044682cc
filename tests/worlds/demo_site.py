"""The valve works for page tests: through the site reader where it is built, else straight from its files."""

from __future__ import annotations

import csv
import functools
import importlib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from andon.core.canonical import digest
from andon.site.model import ContextOfUse, Part, Person, Signal, Site, Source

FOLDER = Path(__file__).parents[2] / "examples" / "valve-works"


@functools.cache
def valve_works() -> Site:
    """The example site."""
    try:
        reader = importlib.import_module("andon.adapters.site_folder")
    except ModuleNotFoundError:
        return _plain()
    answer = reader.load(FOLDER)
    if isinstance(answer, Site):
        return answer
    return next(part for part in answer if isinstance(part, Site)) if isinstance(answer, tuple) else answer.site


def _plain() -> Site:
    def read(name: str) -> Any:
        return YAML(typ="safe", pure=True).load((FOLDER / name).read_text("utf-8"))

    base = read("site.yaml")
    with (FOLDER / "signals.csv").open(encoding="utf-8", newline="") as handle:
        signals = tuple(_signal(row) for row in csv.DictReader(handle))
    ids = [s.id for s in signals]
    uses = []
    for row in read("uses.yaml")["uses"]:
        kept = _known(ContextOfUse, row)
        kept["signals"] = [i for i in ids if any(fnmatchcase(i, p) for p in row["signals"])]
        uses.append(ContextOfUse.model_validate(kept))
    assumptions = read("assumptions.yaml")
    return Site.model_validate(
        {
            **base,
            "signals": signals,
            "sources": [_known(Source, r) for r in read("sources.yaml")["sources"]],
            "assumptions": assumptions["assumptions"],
            "curves": assumptions["curves"],
            "uses": uses,
            "people": [_known(Person, r) for r in read("people.yaml")["people"]],
            "purposes": [p["id"] for p in read("purposes.yaml")["purposes"]],
            "digests": {name: digest(name) for name in ("layout", "signals", "connectors", "assumptions", "uses")},
        }
    )


def _known(part: type[Part], row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k in part.model_fields}


def _signal(row: dict[str, str]) -> Signal:
    kept: dict[str, Any] = {k: v for k, v in row.items() if v != ""}
    kept["purposes"] = tuple(row["purposes"].split())
    for key in ("personal", "writable"):
        kept[key] = row[key] == "true"
    return Signal.model_validate(kept)
