"""Content digests of the governed parts of a site: what approvals and evidence are bound to."""

from __future__ import annotations

from typing import Any

from andon.core.canonical import digest
from andon.site.model import Site
from andon.site.part import Part

PARTS: dict[str, tuple[str, ...]] = {
    "layout": ("areas", "elements", "roads"),
    "flows": (
        "stations",
        "buffers",
        "crews",
        "conveyors",
        "fleets",
        "products",
        "demand",
        "release",
        "setups",
        "orders",
    ),
    "signals": ("signals",),
    "connectors": ("sources", "ot"),
    "assumptions": ("assumptions", "curves", "disturbances", "scenarios"),
    "uses": ("uses",),
    "people": ("people",),
    "settings": ("name", "time_zone", "shifts", "purpose_rules"),
}
"""Which fields of a site each digest covers. Every field of `Site` but the digests themselves is covered once."""


def digests(site: Site) -> dict[str, str]:
    """The digest of each governed part, over its RFC 8785 form."""
    return {name: digest({f: _json(getattr(site, f)) for f in fields}) for name, fields in PARTS.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Part):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, tuple):
        return [_json(v) for v in value]
    return value
