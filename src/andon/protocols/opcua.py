"""OPC UA values to observations and back: status codes, engineering units, timestamps. No sockets, no vendor types."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from andon.core.readings import Quality
from andon.core.time import SECOND, Nanos

OVERFLOW_BITS = 0x0480
"""InfoType DataValue and its Overflow bit (Part 4, 7.39): the server's queue dropped values before this one."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

UCUM = "http://unitsofmeasure.org"
UNECE = "http://www.opcfoundation.org/UA/units/un/cefact"

STATUS_NAMES = {
    0x00000000: "Good",
    0x00960000: "GoodLocalOverride",
    0x40000000: "Uncertain",
    0x40900000: "UncertainLastUsableValue",
    0x40910000: "UncertainSubstituteValue",
    0x40920000: "UncertainInitialValue",
    0x40930000: "UncertainSensorNotAccurate",
    0x40940000: "UncertainEngineeringUnitsExceeded",
    0x40950000: "UncertainSubNormal",
    0x80000000: "Bad",
    0x80050000: "BadCommunicationError",
    0x800A0000: "BadTimeout",
    0x80310000: "BadNoCommunication",
    0x80320000: "BadWaitingForInitialData",
    0x80330000: "BadNodeIdInvalid",
    0x80340000: "BadNodeIdUnknown",
    0x803A0000: "BadNotReadable",
    0x803E0000: "BadNotSupported",
    0x801F0000: "BadUserAccessDenied",
    0x80890000: "BadConfigurationError",
    0x808A0000: "BadNotConnected",
    0x808B0000: "BadDeviceFailure",
    0x808C0000: "BadSensorFailure",
    0x808D0000: "BadOutOfService",
}
"""Names of Part 4 and Part 8 that sensors and servers use most."""

UNIT_CODES = {
    "CEL": "Cel",
    "KEL": "K",
    "FAH": "[degF]",
    "MTR": "m",
    "MMT": "mm",
    "CMT": "cm",
    "KMT": "km",
    "INH": "[in_i]",
    "SEC": "s",
    "C26": "ms",
    "MIN": "min",
    "HUR": "h",
    "DAY": "d",
    "MTS": "m/s",
    "2X": "m/min",
    "C16": "mm/s",
    "GRM": "g",
    "KGM": "kg",
    "TNE": "t",
    "NEW": "N",
    "PAL": "Pa",
    "KPA": "kPa",
    "BAR": "bar",
    "WTT": "W",
    "KWT": "kW",
    "KWH": "kW.h",
    "AMP": "A",
    "VLT": "V",
    "HTZ": "Hz",
    "RPM": "/min",
    "LTR": "L",
    "MTQ": "m3",
    "P1": "%",
    "C62": "1",
    "NMR": "1",
}
"""UNECE common codes, which OPC UA's `unitId` packs (Part 8, 5.6.3), to UCUM."""


def status_name(status: int) -> str:
    """A status code as people read it.

    >>> status_name(0x808C0000), status_name(0x80123456)
    ('BadSensorFailure 0x808C0000', 'Bad 0x80123456')
    """
    named = STATUS_NAMES.get(status & 0xFFFF0000)
    return f"{named or Quality.of_status(status).name.capitalize()} 0x{status:08X}"


def overflowed(status: int) -> bool:
    """Whether the server says that its queue dropped older values.

    >>> overflowed(0x00000480), overflowed(0x80000000)
    (True, False)
    """
    return status & OVERFLOW_BITS == OVERFLOW_BITS


def unit_code(unit_id: int) -> str:
    """The UNECE common code that a `unitId` packs, one byte a character.

    >>> unit_code(5067858), unit_code(5066068)
    ('MTR', 'MMT')
    """
    raw = unit_id.to_bytes(4, "big", signed=True).lstrip(b"\0") if -(2**31) <= unit_id < 2**31 else b""
    return raw.decode("ascii", errors="replace")


def ucum(unit_id: int) -> str | None:
    """The UCUM code of an OPC UA `unitId`; None where we know no equivalent and so must not judge.

    >>> ucum(4408652), ucum(-1)
    ('Cel', None)
    """
    return UNIT_CODES.get(unit_code(unit_id))


def unit_said(unit_id: int, namespace: str, display: str) -> str | None:
    """The UCUM code that an `EngineeringUnits` property states, by UNECE code or in UCUM itself; None when by neither.

    >>> unit_said(-1, "http://unitsofmeasure.org", "Cel"), unit_said(5066068, UNECE, "mm"), unit_said(0, "", "shovels")
    ('Cel', 'mm', None)
    """
    if namespace == UCUM:
        return display or None
    return ucum(unit_id) if namespace in {UNECE, ""} else None


def nanos_of(moment: datetime | None) -> Nanos | None:
    """An OPC UA DateTime as nanoseconds since 1970; None for null, which the wire gives as 1601.

    >>> nanos_of(datetime(1970, 1, 1, 0, 0, 1, 5))
    1000005000
    >>> nanos_of(datetime(1601, 1, 1)) is None
    True
    """
    if moment is None:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    if aware.year <= 1601:
        return None
    return Nanos((aware - EPOCH) // timedelta(microseconds=1) * 1000)


def datetime_of(at: int) -> datetime:
    """Nanoseconds since 1970 as an aware datetime, to the microsecond below.

    >>> datetime_of(1_000_005_999).isoformat()
    '1970-01-01T00:00:01.000005+00:00'
    """
    whole, rest = divmod(at, SECOND)
    return EPOCH + timedelta(seconds=whole, microseconds=rest // 1000)
