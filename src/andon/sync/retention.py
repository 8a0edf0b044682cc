"""How long each signal's readings are kept: as long as the longest of the purposes that it was declared for."""

from __future__ import annotations

from andon.site.model import Site

RETENTION_DAYS = 90.0
"""Where no purpose of a signal says how long."""


def retention_days(site: Site) -> dict[str, float]:
    """Signal id to days of site time."""
    said = {p.id: p.retention_days for p in site.purpose_rules}
    kept = {}
    for signal in site.signals:
        days = [d for purpose in signal.purposes if (d := said.get(purpose)) is not None]
        kept[signal.id] = max(days, default=RETENTION_DAYS)
    return kept
