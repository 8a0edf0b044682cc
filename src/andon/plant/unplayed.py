"""What a site may say that the virtual plant cannot play yet: it refuses such a site rather than play another one."""

from __future__ import annotations

from andon.plant.draws import PlantError
from andon.site.model import Site


def refuse(site: Site) -> None:
    """Refuse a site with words that nothing here acts out.

    Raises:
        PlantError: one sentence that names the first of them.
    """
    for station in site.stations:
        if station.dispatch != "fifo":
            what = f"station `{station.id}` dispatches by `{station.dispatch}`, which the virtual plant does not play"
            raise PlantError(f"{what}; simulate this site, or remove `dispatch`")
