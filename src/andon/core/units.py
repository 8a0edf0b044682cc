"""Units as UCUM case-sensitive codes: dimension, conversion, and the code that a mistyped one was meant to be."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

CODE_CHARS_MAX = 32


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a linear map to SI base units: `si = value * factor + offset`."""

    code: str
    dimension: str
    factor: float
    offset: float = 0.0


def _common(dimension: str, **factors: float) -> dict[str, Unit]:
    return {code: Unit(code, dimension, factor) for code, factor in factors.items()}


# The codes that factories use, so that reading a site does not have to load the whole registry (half a second).
# A test holds every one of them against the registry.
COMMON: dict[str, Unit] = {
    **_common("dimensionless", **{"1": 1.0, "%": 0.01, "[ppm]": 1e-6, "rad": 1.0, "deg": math.pi / 180}),
    **_common("time", ns=1e-9, us=1e-6, ms=1e-3, s=1.0, min=60.0, h=3600.0, d=86400.0, wk=604800.0),
    **_common("length", nm=1e-9, um=1e-6, mm=1e-3, cm=1e-2, m=1.0, km=1e3, **{"[in_i]": 0.0254, "[ft_i]": 0.3048}),
    **_common("area", m2=1.0, mm2=1e-6, cm2=1e-4),
    **_common("volume", m3=1.0, L=1e-3, mL=1e-6, cm3=1e-6),
    **_common("mass", mg=1e-6, g=1e-3, kg=1.0, t=1e3),
    **_common("speed", **{"m/s": 1.0, "mm/s": 1e-3, "m/min": 1 / 60, "mm/min": 1e-3 / 60, "km/h": 1 / 3.6}),
    **_common("acceleration", **{"m/s2": 1.0}),
    **_common("frequency", **{"Hz": 1.0, "kHz": 1e3, "/s": 1.0, "/min": 1 / 60, "/h": 1 / 3600, "/d": 1 / 86400}),
    **_common("force", N=1.0, kN=1e3),
    **_common("energy", J=1.0, kJ=1e3, MJ=1e6, **{"N.m": 1.0, "W.h": 3600.0, "kW.h": 3.6e6}),
    **_common("power", mW=1e-3, W=1.0, kW=1e3, MW=1e6),
    **_common("pressure", Pa=1.0, hPa=100.0, kPa=1e3, MPa=1e6, mbar=100.0, bar=1e5),
    **_common("electric current", mA=1e-3, A=1.0),
    **_common("voltage", mV=1e-3, V=1.0, kV=1e3),
    **_common("flow", **{"m3/s": 1.0, "m3/h": 1 / 3600, "L/min": 1e-3 / 60, "L/s": 1e-3, "L/h": 1e-3 / 3600}),
    **_common("temperature rate", **{"K/s": 1.0, "K/min": 1 / 60, "K/h": 1 / 3600}),
    "K": Unit("K", "temperature", 1.0),
    "Cel": Unit("Cel", "temperature", 1.0, 273.15),
    "[degF]": Unit("[degF]", "temperature", 5 / 9, 459.67 * 5 / 9),
}

_NAMES = {
    "": "dimensionless",
    "time": "time",
    "length": "length",
    "length2": "area",
    "length3": "volume",
    "mass": "mass",
    "length.time-1": "speed",
    "length.time-2": "acceleration",
    "time-1": "frequency",
    "length.mass.time-2": "force",
    "length2.mass.time-2": "energy",
    "length2.mass.time-3": "power",
    "length-1.mass.time-2": "pressure",
    "current": "electric current",
    "current-1.length2.mass.time-3": "voltage",
    "length3.time-1": "flow",
    "temperature.time-1": "temperature rate",
    "temperature": "temperature",
    "current.time": "electric charge",
}
"""What a person calls a dimension; others are shown by their base quantities and exponents, `length-3.mass`."""

_MEANT = {
    "°c": "Cel", "c": "Cel", "degc": "Cel", "celsius": "Cel", "f": "[degF]", "°f": "[degF]", "degf": "[degF]",
    "fahrenheit": "[degF]", "kelvin": "K", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "mins": "min",
    "minute": "min", "minutes": "min", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
    "week": "wk", "meter": "m", "metre": "m", "meters": "m", "metres": "m", "in": "[in_i]", "inch": "[in_i]",
    "ft": "[ft_i]", "foot": "[ft_i]", "rpm": "/min", "1/min": "/min", "r/min": "/min", "rev/min": "/min",
    "1/s": "/s", "1/h": "/h", "kwh": "kW.h", "wh": "W.h", "psi": "[psi]", "percent": "%", "pct": "%", "°": "deg",
    "degree": "deg", "liter": "L", "litre": "L", "l/min": "L/min", "m³": "m3", "m²": "m2", "m3/hr": "m3/h",
    "m/sec": "m/s", "mm/sec": "mm/s", "nm": "N.m", "volt": "V", "ampere": "A", "amp": "A", "watt": "W",
    "cel/min": "K/min", "cel/s": "K/s", "cel/h": "K/h", "°c/min": "K/min", "pcs": "1", "count": "1", "none": "1",
    "ppm": "[ppm]", "unit": "1", "pieces": "1", "each": "1", "jobs": "1", "ea": "1", "-": "1", "micron": "um",
    "µm": "um", "msec": "ms", "bars": "bar", "gram": "g", "ton": "t", "newton": "N", "pascal": "Pa",
}  # fmt: skip
"""Codes by what people write instead, in lower case."""


class UnknownUnitError(ValueError):
    """A code that UCUM does not know, or that no linear scale stands for; `suggestion` is the likely right one."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.suggestion = suggest(code)
        hint = f"did you mean `{self.suggestion}`?" if self.suggestion else "use a UCUM code such as `mm`, `s` or `Cel`"
        super().__init__(f"unit `{code[:CODE_CHARS_MAX]}` is not a UCUM code; {hint}")


@cache
def unit(code: str) -> Unit:
    """The unit of a code.

    Raises:
        UnknownUnitError: UCUM does not know the code, or it has no linear scale (such as `dB`).

    >>> unit("min").factor
    60.0
    """
    found = COMMON.get(code) or _looked_up(code)
    if found is None:
        raise UnknownUnitError(code)
    return found


def is_known(code: str) -> bool:
    """Whether `unit` knows the code."""
    try:
        unit(code)
    except UnknownUnitError:
        return False
    return True


def dimension(code: str) -> str:
    """What kind of quantity a code measures, such as `time`, `length` or `dimensionless`.

    Raises:
        UnknownUnitError: see `unit`.

    >>> dimension("Cel"), dimension("{job}/h")
    ('temperature', 'frequency')
    """
    return unit(code).dimension


def same_dimension(one: str, other: str) -> bool:
    """Whether values of the two codes can be converted into each other.

    Raises:
        UnknownUnitError: see `unit`.
    """
    return dimension(one) == dimension(other)


def convert(value: float, from_code: str, to_code: str) -> float:
    """`value` in another unit; temperatures are points on their scale, not differences.

    Raises:
        UnknownUnitError: see `unit`.
        ValueError: the two measure different kinds of quantity.

    >>> convert(180, "Cel", "K")
    453.15
    >>> round(convert(212, "[degF]", "Cel"), 9)
    100.0
    """
    if from_code == to_code:
        return value
    start, end = unit(from_code), unit(to_code)
    if start.dimension != end.dimension:
        kinds = f"`{from_code}` ({start.dimension}) cannot become `{to_code}` ({end.dimension})"
        raise ValueError(f"{kinds}; use a unit of the same kind")
    return (value * start.factor + start.offset - end.offset) / end.factor


def suggest(code: str) -> str | None:
    """The common code that `code` was most likely meant to be.

    >>> suggest("sec"), suggest("mmm")
    ('s', 'mm')
    """
    word = code.strip()[:CODE_CHARS_MAX].lower()
    if word in _MEANT:
        return _MEANT[word]
    folded = {c.lower(): c for c in COMMON}
    if word in folded:
        return folded[word]
    close = difflib.get_close_matches(word, [*folded, *_MEANT], n=1, cutoff=0.6)
    return None if not close else folded.get(close[0], _MEANT.get(close[0]))


@cache
def _registry() -> Any:
    """The whole of UCUM on pint: half a second to load, so only when a site uses a code that is not common."""
    from ucumvert import PintUcumRegistry  # noqa: PLC0415 - see above

    return PintUcumRegistry()


def _looked_up(code: str) -> Unit | None:
    """The unit of a less common code, from the registry; None when there is none with a linear scale."""
    if not 0 < len(code) <= CODE_CHARS_MAX or not code.isascii() or re.search(r"\d{4}", code):
        return None  # long runs of digits would be exponents that no unit has
    bare = re.sub(r"\{[^{}]*\}", "", code)
    if not bare:
        return Unit(code, "dimensionless", 1.0)  # an annotation alone, such as `{job}`, counts
    if bare.startswith(("/", ".")):
        bare = "1" + bare
    from lark.exceptions import LarkError  # noqa: PLC0415 - comes with the registry
    from pint import PintError  # noqa: PLC0415 - comes with the registry

    try:
        quantity = _registry().from_ucum(bare)
        scale = quantity.units
        low, one, two = (
            float(_registry().Quantity(v * quantity.magnitude, scale).to_base_units().magnitude) for v in (0, 1, 2)
        )
        powers = {str(base).strip("[]"): float(power) for base, power in quantity.dimensionality.items()}
    except (LarkError, PintError, ArithmeticError, ValueError, TypeError, AttributeError):
        return None
    factor = one - low
    if not math.isfinite(factor) or factor <= 0 or not math.isclose(two - one, factor, rel_tol=1e-9):
        return None
    named = ".".join(f"{base}{'' if power == 1 else format(power, 'g')}" for base, power in sorted(powers.items()))
    return Unit(code, _NAMES.get(named, named), factor, low)
