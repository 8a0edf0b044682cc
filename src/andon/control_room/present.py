"""From a value with everything that travels with it to what is printed: nothing here decides, it only words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup, escape

from andon.core.readings import Origin, Quality, Value
from andon.core.time import SECOND, iso, parse_iso
from andon.sync.view import SignalView

UNITS = {
    "Cel": "°C",
    "1": "",
    "": "",
    "%": "%",
    "m/s": "m/s",
    "N.m": "N·m",
    "{job}": "jobs",
    "{jobs}": "jobs",
    "{part}": "parts",
    "{person}": "people",
    "{people}": "people",
    "mo": "months",
    "[in_i]": "in",
    "/h": "/h",
    "{job}/h": "jobs/h",
    "{jobs}/h": "jobs/h",
    "um": "µm",
    "Ohm": "Ω",
    "deg": "°",
}
"""UCUM codes that read better otherwise; every other code is printed as it is."""
QUALITY_WORDS = {Quality.GOOD: "good", Quality.UNCERTAIN: "uncertain", Quality.BAD: "bad"}
MINUS = "\u2212"
_CELSIUS = re.compile(r"(?<=\d) Cel\b")


class NakedNumber(ValueError):  # noqa: N818 - named for what it is
    """A page tried to print a value without everything that must travel with it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as it is printed. `state` is ok, uncertain, stale, bad, none, model or replay."""

    text: str
    unit: str
    age: str
    quality: str
    origin: str
    state: str
    at: int | None = None
    """Site time (ns) of which the age counts."""
    uncertainty: str = ""
    why: str = ""
    signal: str = ""
    mark: str = ""

    @property
    def usable(self) -> bool:
        """Whether a person may rely on it now."""
        return self.state in {"ok", "uncertain", "model", "replay"}


def whole(value: Any) -> Shown:
    """The value itself, if it is a whole one.

    Raises:
        NakedNumber: it lacks its unit, age, quality or origin, or is a bare number.
    """
    if not isinstance(value, Shown):
        raise NakedNumber(f"`{value!r:.40}` is a bare {type(value).__name__}; a page prints whole values only")
    for name in ("text", "age", "quality", "origin", "state"):
        if not getattr(value, name):
            raise NakedNumber(f"a value of `{value.signal or value.text}` has no {name}")
    if value.unit is None:
        raise NakedNumber(f"a value of `{value.signal or value.text}` has no unit")
    return value


def unit_text(code: str) -> str:
    """How a UCUM unit is printed.

    >>> unit_text("Cel"), unit_text("{jobs}"), unit_text("kW")
    ('°C', 'jobs', 'kW')
    """
    if code in UNITS:
        return UNITS[code]
    return code.replace("{", "").replace("}", "")


def number(value: Value | None) -> str:
    r"""A value as text: digits by size, a real minus sign, words for booleans.

    >>> number(180.0), number(1234.56), number(0.0312), number(True), number(7), number("")
    ('180.0', '1\u202f235', '0.031', 'yes', '7', 'none')
    """
    if value is None:
        return "no value"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value.replace("_", " ") or "none"
    if isinstance(value, int):
        text = f"{value:,}"
    else:
        size = abs(value)
        places = 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 3
        text = f"{value:,.{places}f}" if value else "0"
    return text.replace(",", "\u202f").replace("-", MINUS)


def estimate(value: float) -> str:
    """An expected value, no finer than it is known: whole from ten on, else at most one decimal.

    >>> estimate(128.4), estimate(3.14), estimate(2.02), estimate(0.0)
    ('128', '3.1', '2', '0')
    """
    text = f"{value:,.{0 if abs(value) >= 10 else 1}f}".removesuffix(".0")
    return "0" if text == "-0" else text.replace(",", "\u202f").replace("-", MINUS)


def coded(text: str) -> Markup:
    """Text in which what stands in backticks is set as code; everything is escaped.

    >>> coded("run `andon rehearse` <now>")
    Markup('run <code>andon rehearse</code> &lt;now&gt;')
    """
    parts = _CELSIUS.sub(" °C", text).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    made = [escape(p) if i % 2 == 0 else Markup("<code>{}</code>").format(p) for i, p in enumerate(parts)]
    return Markup("").join(made)


def duration(seconds_: float) -> str:
    """A time span, two significant parts at most.

    >>> [duration(s) for s in (0.2, 38, 125, 4000, 200000)]
    ['0 s', '38 s', '2 min 05 s', '1 h 06 min', '2 d 7 h']
    """
    whole_ = max(0, int(seconds_))
    if whole_ < 60:
        return f"{whole_} s"
    if whole_ < 3600:
        return f"{whole_ // 60} min {whole_ % 60:02d} s"
    if whole_ < 86_400:
        return f"{whole_ // 3600} h {whole_ % 3600 // 60:02d} min"
    return f"{whole_ // 86_400} d {whole_ % 86_400 // 3600} h"


def shown(view: SignalView, at: int) -> Shown:
    """What a page prints of a signal at site time `at`."""
    quality = QUALITY_WORDS[view.quality]
    since = None if view.age_s is None else at - round(view.age_s * SECOND)
    if view.value is None:
        state, quality = "none", "bad"
    elif view.quality is Quality.BAD:
        state = "bad"
    elif not view.fresh:
        state = "stale"
    elif view.quality is Quality.UNCERTAIN:
        state = "uncertain"
    elif view.origin is Origin.REPLAYED:
        state = "replay"
    else:
        state = "ok" if view.origin in {Origin.MEASURED, None} else "model"
    return Shown(
        text=number(view.value),
        unit=unit_text(view.unit),
        age="never seen" if view.age_s is None else duration(view.age_s),
        quality=quality,
        origin="unknown" if view.origin is None else view.origin.value,
        state=state,
        at=since,
        why=view.why,
        signal=view.signal,
    )


def computed(text: str, unit: str, at: int | None, now: int, quality: str, origin: str, **more: str) -> Shown:
    """A value that the twin worked out (a sum, a forecast) at site time `at`."""
    age = "no age" if at is None else duration((now - at) / SECOND)
    return Shown(text, unit, age, quality, origin, more.pop("state", "model"), at, **more)


def clock_text(at: int | None, zone: tzinfo, *, date: bool = False) -> str:
    """Time of day in the site's zone; with the date when asked."""
    if at is None:
        return "never"
    moment = datetime.fromtimestamp(int(at) // SECOND, UTC).astimezone(zone)
    return moment.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")


def zone_of(name: str) -> tzinfo:
    """The site's time zone; UTC when the machine does not know it (the pages then say UTC)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def ns_of(payload: Mapping[str, Any], key: str) -> int | None:
    """A time from a payload, where nanoseconds are decimal strings."""
    value = payload.get(key)
    try:
        return None if value is None or value == "" else int(str(value))
    except ValueError:
        return None


def time_of(payload: Mapping[str, Any], name: str) -> int | None:
    """A time from a row that says it as `NAME_ns` or as RFC 3339 under `NAME`."""
    found = ns_of(payload, f"{name}_ns")
    text = payload.get(name)
    if found is not None or not isinstance(text, str) or not text:
        return found
    try:
        return parse_iso(text)
    except ValueError:
        return None


def stamp(at: int | None) -> str:
    """RFC 3339 for `<time datetime>`; empty when there is none."""
    return "" if at is None else iso(int(at))
