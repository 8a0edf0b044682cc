"""What a station's machines need beyond the plain cycle, written into an image: tables that their programs name."""

from __future__ import annotations

from andon.models.simulate.builder import Builder
from andon.models.simulate.laws import Unrunnable, mean_of, scale_of
from andon.site.floor import Station


def changes(builder: Builder, station: Station) -> int:
    """Factors on the station's set-up law by product before and after; 0 where every change takes the same law.

    Returns:
        Address in `f` of (products + 1) rows of products: the first row is for a machine whose last product nobody
        knows, or which has made none.
    """
    site = builder.site
    rows = {(r.from_product, r.to_product): r.minutes for r in site.setups if r.station == station.id}
    if not rows:
        return 0
    law = next((a for a in site.assumptions if a.name == station.setup), None)
    if law is None:
        raise Unrunnable(f"station `{station.id}` has set-up times by product and no `setup` law; name one")
    mean_min = mean_of(law.distribution) * scale_of(law.unit, law.name) / 60.0
    if mean_min <= 0.0:
        raise Unrunnable(f"`{law.name}` is 0 and cannot be scaled to the set-up times of `{station.id}`; use above 0")
    names = [p.id for p in site.products]
    table = [1.0] * len(names)
    for before in names:
        table += [
            rows[before, after] / mean_min if (before, after) in rows else float(before != after) for after in names
        ]
    builder.f += table
    return len(builder.f) - len(table)
