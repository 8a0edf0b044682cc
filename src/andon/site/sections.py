"""Which file holds which list of which parts: the one table that parsing, the reference and the tests read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from andon.site import floor, model, network, orders, pace, roads, stops
from andon.site.model import ContextOfUse
from andon.site.part import Part

SignalPattern = Annotated[str, Field(pattern=r"^[a-z0-9*?][a-z0-9_*?.-]*$", max_length=128)]


class UseText(ContextOfUse):
    """A use as written: its signals may be patterns, where `*` stands for any characters and `?` for one."""

    signals: tuple[SignalPattern, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A list of parts under one key of one file. `noun` is what a person calls one of them."""

    file: str
    key: str
    part: type[Part]
    noun: str
    id_field: str = "id"
    """Field that names one of them; empty when nothing does."""
    needed: bool = False


SECTIONS: tuple[Section, ...] = (
    Section("site.yaml", "shifts", floor.Shift, "shift"),
    Section("site.yaml", "areas", floor.Area, "area", needed=True),
    Section("site.yaml", "elements", model.Element, "element", needed=True),
    Section("site.yaml", "buffers", floor.Buffer, "buffer"),
    Section("site.yaml", "crews", floor.Crew, "crew"),
    Section("site.yaml", "stations", floor.Station, "station"),
    Section("site.yaml", "conveyors", floor.Conveyor, "conveyor"),
    Section("site.yaml", "fleets", floor.Fleet, "fleet"),
    Section("site.yaml", "products", floor.Product, "product"),
    Section("site.yaml", "demand", floor.Demand, "demand", id_field=""),
    Section("roads.yaml", "nodes", roads.Node, "node"),
    Section("roads.yaml", "edges", roads.Edge, "edge"),
    Section("roads.yaml", "stops", roads.Stop, "stop", id_field="station"),
    Section("roads.yaml", "closures", roads.Closure, "closure"),
    Section("signals.csv", "", model.Signal, "signal", needed=True),
    Section("orders.csv", "", orders.Order, "order", id_field="order"),
    Section("setups.csv", "", pace.SetupTime, "set-up", id_field=""),
    Section("sources.yaml", "sources", model.Source, "source", needed=True),
    Section("assumptions.yaml", "assumptions", floor.Assumption, "assumption", id_field="name"),
    Section("assumptions.yaml", "curves", floor.Curve, "curve"),
    Section("assumptions.yaml", "disturbances", stops.Disturbance, "disturbance"),
    Section("uses.yaml", "uses", UseText, "use"),
    Section("purposes.yaml", "purposes", model.Purpose, "purpose"),
    Section("people.yaml", "people", model.Person, "person", needed=True),
    Section("ot.yaml", "zones", network.Zone, "zone"),
    Section("ot.yaml", "conduits", network.Conduit, "conduit"),
    Section("ot.yaml", "remote_access", network.RemoteAccess, "remote access", id_field=""),
    Section("ot.yaml", "vendor_maintenance", network.VendorMaintenance, "vendor maintenance", id_field=""),
    Section("ot.yaml", "updates", network.Update, "update", id_field=""),
    Section("ot.yaml", "backups", network.Backup, "backup", id_field=""),
    Section("ot.yaml", "incident_response", network.Response, "incident response", id_field=""),
)

SETTINGS: dict[str, str] = {"name": "the site's name", "time_zone": "an IANA time zone such as `Europe/Berlin`"}
"""Keys of site.yaml that are one text each; all needed."""
RELEASE = Section("site.yaml", "release", floor.Release, "release", id_field="")
"""The one key of site.yaml that is a single mapping."""

FILES: tuple[str, ...] = tuple(dict.fromkeys(s.file for s in SECTIONS))
FILES_NEEDED: tuple[str, ...] = tuple(dict.fromkeys(s.file for s in SECTIONS if s.needed))
FILES_TO_RUN = ("signals.csv", "sources.yaml", "people.yaml", "uses.yaml", "purposes.yaml", "ot.yaml")
"""Files of a twin that runs. A folder without any of them is a floor to simulate, and nothing else is asked of it."""
FILE_BYTES_MAX = 16 * 1024 * 1024


def section(noun: str) -> Section:
    """The section whose parts are called `noun`."""
    return next(s for s in SECTIONS if s.noun == noun)


def keys_of(file: str) -> tuple[str, ...]:
    """Every key that may stand at the top of a YAML file."""
    own = tuple(s.key for s in SECTIONS if s.file == file)
    return (*SETTINGS, *own, RELEASE.key) if file == RELEASE.file else own
