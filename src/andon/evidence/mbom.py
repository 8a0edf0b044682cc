"""The model bill of materials: everything that an answer is made with, and the digest of each (R43)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from andon.core.canonical import digest
from andon.site.model import Site


def files_digest(files: Mapping[str, bytes]) -> str:
    """One digest over named files: their names and contents, in order of name.

    >>> files_digest({"a.py": b"1"}) == files_digest({"a.py": b"1"})
    True
    >>> files_digest({"a.py": b"1"}) == files_digest({"b.py": b"1"})
    False
    """
    return digest({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})


def running(
    engine: Mapping[str, bytes], versions: Mapping[str, str], policies: Mapping[str, bytes] | None = None
) -> dict[str, str]:
    """Component to digest or version: what `Facts.running` and the `run.started` record carry.

    Args:
        engine: source files of the models, by name. Empty is not known, and comes out as no component.
        versions: what runs them, such as `python`, `numba`, `numpy`, and their versions.
        policies: rule files, by name.
    """
    parts = {name: version for name, version in versions.items() if version}
    if engine:
        parts["engine"] = files_digest(engine)
    parts["policies"] = files_digest(policies or {})
    return parts


def document(site: Site, components: Mapping[str, str]) -> dict[str, Any]:
    """The whole bill as JSON, for the record and for the file of a use."""
    return {
        "components": dict(components),
        "site": dict(site.digests),
        "sensors": [
            {"signal": s.id, "source": s.source, "unit": s.unit, "period_s": s.period_s, "fresh_s": s.fresh_s}
            for s in site.signals
        ],
        "integrations": [
            {"source": s.id, "kind": s.kind, "security": s.security, "virtual": s.virtual, "zone": s.zone}
            for s in site.sources
        ],
        "vendor_parts": [
            {"element": e.id, "vendor": e.vendor, "model": e.model} for e in site.elements if e.vendor or e.model
        ],
        "assumptions": [
            {"name": a.name, "origin": a.origin, "who": a.who, "when": a.when, "review_by": a.review_by}
            for a in site.assumptions
        ],
        "models": sorted({m for u in site.uses for m in u.models}),
    }
