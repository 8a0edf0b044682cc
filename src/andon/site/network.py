"""How the control network is built and kept: zones, conduits, access, updates, backups, and who responds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from andon.site.part import Id, Part


class Zone(Part):
    """A part of the network whose devices are trusted alike (IEC 62443)."""

    id: Id
    name: str
    security_level: int = Field(default=1, ge=0, le=4)


class Conduit(Part):
    """A declared connection between two zones."""

    id: Id
    source: Id = Field(alias="from")
    target: Id = Field(alias="to")
    protocol: str
    direction: Literal["read", "write", "both"] = "read"
    note: str = ""


class RemoteAccess(Part):
    """Who may come in from outside, and how."""

    who: str
    path: str
    hours_max: float | None = Field(default=None, gt=0, le=168)


class VendorMaintenance(Part):
    """Work on the control system that a vendor does."""

    vendor: str
    what: str
    next_due: str = ""
    """Date, YYYY-MM-DD."""


class Update(Part):
    """How a part of the control system is updated."""

    what: str
    how: str
    every_days: float | None = Field(default=None, gt=0, le=3660)


class Backup(Part):
    """What is copied where, how often, and when a restore was last tried."""

    what: str
    where: str
    every_days: float | None = Field(default=None, gt=0, le=3660)
    last_restore: str = ""
    """Date, YYYY-MM-DD."""


class Response(Part):
    """Who does what when something has happened on the control network."""

    who: str
    reach: str
    does: str


class Ot(Part):
    """How the control network is built and kept: ot.yaml."""

    zones: tuple[Zone, ...] = ()
    conduits: tuple[Conduit, ...] = ()
    remote_access: tuple[RemoteAccess, ...] = ()
    vendor_maintenance: tuple[VendorMaintenance, ...] = ()
    updates: tuple[Update, ...] = ()
    backups: tuple[Backup, ...] = ()
    incident_response: tuple[Response, ...] = ()
