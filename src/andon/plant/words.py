"""What a site may say that the virtual plant does not play: refused in one sentence, and never left out in silence."""

from __future__ import annotations

from collections.abc import Iterator

from andon.plant.draws import PlantError
from andon.site.model import Site


def refuse_unplayed(site: Site) -> None:
    """Look through everything that a site says of its machines.

    Raises:
        PlantError: this plant would have to leave something out.
    """
    for what in _unplayed(site):
        raise PlantError(f"the virtual plant does not play {what}; take it out of the copy of the site that it plays")


def _unplayed(site: Site) -> Iterator[str]:
    for station in site.stations:
        if station.maintenance:
            yield f"planned work (`maintenance` of station `{station.id}`)"
        if station.breakdown is not None and station.breakdown.repair == "minimal":
            yield f"minimal repair (station `{station.id}`)"
    for disturbance in site.disturbances:
        yield f"disturbance `{disturbance.id}`"
