"""What a site may say that the virtual plant cannot play yet: it refuses such a site rather than play another one."""

from __future__ import annotations

from andon.plant.draws import PlantError
from andon.site.model import Site


def refuse(site: Site) -> None:
    """Refuse a site with words that nothing here acts out.

    Raises:
        PlantError: one sentence that names the first of them.
    """
    _refuse_people(site)
    if site.orders:
        what = "orders.csv lists orders, and the virtual plant only plays the pattern of `demand`"
        raise PlantError(f"{what}; simulate this site, or remove the file")
    _refuse_machines(site)
    if site.release is not None and (site.release.wip_limits or site.release.times):
        what = "`release` has `wip_limits` or `times`, which the virtual plant does not play"
        raise PlantError(f"{what}; simulate this site, or remove them")
    _refuse_roads(site)
    for station in site.stations:
        if station.cards is not None:
            what = f"station `{station.id}` has `cards`, which the virtual plant does not play"
            raise PlantError(f"{what}; simulate this site, or remove them")
        if station.dispatch != "fifo":
            what = f"station `{station.id}` dispatches by `{station.dispatch}`, which the virtual plant does not play"
            raise PlantError(f"{what}; simulate this site, or remove `dispatch`")
    _refuse_flow(site)
    _refuse_streams(site)


def _refuse_flow(site: Site) -> None:
    """Jobs here go one way, first come first served, and stay what they are."""
    for station in site.stations:
        if station.batch_least > 1 or station.batch_alike:
            what = f"station `{station.id}` waits for its loads, which the virtual plant does not play"
            raise PlantError(f"{what}; simulate this site, or remove `batch_least` and `batch_alike`")
        if station.lot:
            what = f"station `{station.id}` forms lots, which the virtual plant does not play"
            raise PlantError(f"{what}; simulate this site, or remove `lot` and `split`")
    if site.conveyors:
        what = f"`{site.conveyors[0].id}` is a conveyor, and the virtual plant has none"
        raise PlantError(f"{what}; simulate this site, or remove `conveyors`")
    _refuse_buffers(site)
    for product in site.products:
        if product.other_routes:
            what = f"product `{product.id}` has `other_routes`, which the virtual plant does not play"
            raise PlantError(f"{what}; simulate this site, or remove them")
        if not product.route:
            what = f"product `{product.id}` has no route, and the virtual plant plays no deliveries"
            raise PlantError(f"{what}; simulate this site, or give it a route")
        for step in product.route:
            for word in ("outcomes", "others", "takes", "gives"):
                if getattr(step, word):
                    what = f"step `{step.called}` of product `{product.id}` has `{word}`"
                    raise PlantError(
                        f"{what}, which the virtual plant does not play; simulate this site, or remove them"
                    )


def _refuse_buffers(site: Site) -> None:
    """Buffers here have places, and are left in the order in which they are entered."""
    for buffer in site.buffers:
        if buffer.discipline != "fifo":
            what = f"buffer `{buffer.id}` has `discipline: {buffer.discipline}`, which the virtual plant does not play"
            raise PlantError(f"{what}; simulate this site, or remove `discipline`")
        if buffer.capacity == 0:
            what = f"buffer `{buffer.id}` has no places, which the virtual plant does not play"
            raise PlantError(f"{what}; simulate this site, or give it some")


CREW_WORDS = ("skills", "walk_m_per_s", "break_late_min", "work_max_min", "lift_max_min", "absence")
STATION_WORDS = ("skill", "setup_skill", "lifting")


def _refuse_people(site: Site) -> None:
    """People here are numbers in a crew, who come one at a time and walk in no time."""
    found = [(f"crew `{c.id}`", word) for c in site.crews for word in CREW_WORDS if getattr(c, word)]
    found += [(f"station `{s.id}`", word) for s in site.stations for word in STATION_WORDS if getattr(s, word)]
    found += [(f"station `{s.id}`", "people") for s in site.stations if s.people > 1]
    found += [
        (f"station `{s.id}`", "breakdown") for s in site.stations if (b := s.breakdown) and (b.skill or b.people > 1)
    ]
    found += [(f"shift `{s.id}`", "groups") for s in site.shifts for pause in s.breaks if pause.groups > 1]
    if found:
        who, word = found[0]
        what = f"{who} says `{word}`, which the virtual plant does not play"
        raise PlantError(f"{what}; simulate this site, or remove `{word}`")


MACHINE_WORDS = ("maintenance", "hours", "learning", "wear", "warm_up", "speed", "speed_of")
"""`switch_off_min` and `energy_kw` change nothing that the plant shows."""


def _refuse_machines(site: Site) -> None:
    """Machines here know breakdowns and set-ups, and what goes wrong besides is a matter of the plant itself."""
    found = [(f"station `{s.id}`", word) for s in site.stations for word in MACHINE_WORDS if getattr(s, word)]
    found += [(f"product `{p.id}`", "correlation") for p in site.products if p.correlation > 0]
    found += [
        (f"station `{s.id}`", "repair: minimal")
        for s in site.stations
        if s.breakdown is not None and s.breakdown.repair == "minimal"
    ]
    found += [(f"`{d.id}`", "disturbances") for d in site.disturbances]
    if found:
        who, word = found[0]
        what = f"{who} says `{word}`, which the virtual plant does not play"
        raise PlantError(f"{what}; simulate this site, or remove `{word}`")


FLEET_WORDS = ("loaded_speed_m_per_s", "products", "areas", "breakdown", "battery")


def _refuse_roads(site: Site) -> None:
    """Vehicles here drive in straight lines, and any of them takes any job."""
    if site.roads is not None:
        what = "roads.yaml has nodes and edges, which the virtual plant does not play: its vehicles drive straight"
        raise PlantError(f"{what}; simulate this site, or remove the file")
    for fleet in site.fleets:
        words = [word for word in FLEET_WORDS if getattr(fleet, word)]
        words += ["vehicle_choice"] if fleet.vehicle_choice != "nearest" else []
        words += ["call_choice"] if fleet.call_choice != "longest-waiting" else []
        if words:
            what = f"fleet `{fleet.id}` says `{words[0]}`, which the virtual plant does not play"
            raise PlantError(f"{what}; simulate this site, or remove `{words[0]}`")


def _refuse_streams(site: Site) -> None:
    """Orders here come for one product at a time."""
    if shared := [d.product for d in site.demand if d.share is not None]:
        what = f"orders of `{shared[0]}` are a share of a stream, which the virtual plant does not play"
        raise PlantError(f"{what}; simulate this site, or remove `share`")
