"""Signals: limits, units, periods, addresses, and what a writable signal must say before it is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from andon.core import units
from andon.site.draft import Draft
from andon.site.floor import Curve
from andon.site.problems import Problem, shown, words
from andon.site.shape import Item

NUMERIC = frozenset({"float", "int"})
SCALE_RATIO = 20.0
"""A range this many times larger or smaller than the floor it lies on has the wrong scale (mm for m)."""

PROPERTIES: dict[str, tuple[str, str]] = {
    "state": ("string", ""),
    "job": ("string", ""),
    "order": ("string", ""),
    "remote": ("bool", ""),
    "elapsed": ("number", "time"),
    "count": ("number", "dimensionless"),
    "level": ("number", "dimensionless"),
    "present": ("number", "dimensionless"),
    "completed": ("number", "dimensionless"),
    "waiting": ("number", "dimensionless"),
    "sequence": ("number", "dimensionless"),
    "active_sequence": ("number", "dimensionless"),
    "temperature": ("number", "temperature"),
    "x": ("number", "length"),
    "y": ("number", "length"),
    "node": ("string", ""),
    "next_node": ("string", ""),
    "since_node": ("number", "length"),
    "goal": ("string", ""),
    "charge": ("number", "dimensionless"),
    "positions": ("string", ""),
}
"""Properties that models and pages understand: their type and what they measure."""

WRITE_NEEDS = ("min", "max", "max_rate", "confirm_signal", "confirm_tol", "confirm_s", "permissive_signal")


def check(made: Draft) -> Iterator[Problem]:
    """Every signal."""
    floor = _floor(made)
    addresses: dict[tuple[Any, Any], Item] = {}
    for item in made.all("signal"):
        yield from _limits(item)
        yield from _unit(item)
        yield from _meaning(item, floor)
        yield from _address(item, addresses)
        if item.get("writable") is True:
            yield from _writable(made, item)
        elif item.get("writable") is False:
            stray = [n for n in WRITE_NEEDS if n in item.raw and n != "permissive_signal"]
            if stray:
                what = f"{item.label} is not writable and has {words(stray)}"
                yield item.problem((), what, "empty these cells, or set `writable` to true")
    yield from _setpoints(made)


def _limits(item: Item) -> Iterator[Problem]:
    low, high, least, most = (item.values.get(n) for n in ("low", "high", "min", "max"))
    if low is not None and high is not None and low >= high:
        what = f"`low` {low:g} of {item.label} is not below `high` {high:g}"
        yield item.problem(("low",), what, "exchange them, or widen the range")
        low = high = None
    if least is not None and most is not None and least >= most:
        what = f"`min` {least:g} of {item.label} is not below `max` {most:g}"
        yield item.problem(("min",), what, "exchange them, or widen the bounds")
    for name, value in (("min", least), ("max", most)):
        if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
            span = f"{'' if low is None else format(low, 'g')} to {'' if high is None else format(high, 'g')}"
            what = f"`{name}` {value:g} of {item.label} lies outside its range {span}"
            yield item.problem((name,), what, "bounds for writing lie inside `low` and `high`")
    period, fresh = item.values.get("period_s"), item.values.get("fresh_s")
    if period is not None and fresh is not None and period > fresh:
        what = f"`period_s` {period:g} of {item.label} is longer than `fresh_s` {fresh:g}, so it would always be stale"
        yield item.problem(("period_s",), what, "read it more often, or raise `fresh_s`")


def _unit(item: Item) -> Iterator[Problem]:
    kind, code = item.get("type"), item.values.get("unit", "")
    if kind in NUMERIC and not code and "unit" not in item.raw:
        yield item.problem(
            ("unit",), f"{item.label} is a number without unit", "give its UCUM code, `1` for a plain number"
        )
    elif code and kind in {"bool", "string"}:
        yield item.problem(("unit",), f"{item.label} is of type `{kind}` and has unit `{code}`", "empty the unit")
    elif code and not units.is_known(code):
        close = units.suggest(code)
        fix = f"did you mean `{close}`?" if close else "use a UCUM code such as `mm`, `s` or `Cel`"
        yield item.problem(("unit",), f"unit {shown(code)} of {item.label} is not a UCUM code", fix)
    if kind in {"bool", "string"} and (stray := [n for n in ("low", "high") if n in item.raw]):
        yield item.problem((), f"{item.label} is of type `{kind}` and has {words(stray)}", "empty these cells")
    if item.get("personal") is True and not item.get("purposes"):
        what = f"{item.label} is personal and has no purposes"
        yield item.problem((), what, "say what it may be used for, or do not read it")


def _meaning(item: Item, floor: float | None) -> Iterator[Problem]:
    """Properties that models read have a fixed type and dimension, and positions the scale of the floor."""
    name = item.id.partition(".")[2] if item.id else ""
    kind, code = item.get("type"), item.values.get("unit", "")
    if name not in PROPERTIES or kind is None:
        return
    wanted, measures = PROPERTIES[name]
    if ("number" if kind in NUMERIC else kind) != wanted:
        fix = "use `float` or `int`" if wanted == "number" else f"use `{wanted}`"
        yield item.problem(("type",), f"{item.label} is of type `{kind}`, and property `{name}` holds a {wanted}", fix)
        return
    if not measures or not code or not units.is_known(code):
        return
    if units.dimension(code) != measures:
        close = units.suggest(code)
        right = close if close and units.dimension(close) == measures else _EXAMPLES[measures]
        what = f"unit `{code}` of {item.label} measures {_kind(code)}, and property `{name}` is {measures}"
        yield item.problem(("unit",), what, f"did you mean `{right}`?")
    elif name in {"x", "y"} and floor and (high := item.values.get("high")):
        ratio = units.convert(abs(high), code, "m") / floor
        if ratio > SCALE_RATIO or ratio < 1 / SCALE_RATIO:
            what = f"{item.label} goes up to {high:g} {code} on a floor of {floor:g} m"
            yield item.problem(("unit",), what, f"did you mean `{'mm' if ratio > 1 else 'm'}`?")


def _kind(code: str) -> str:
    found = units.dimension(code)
    return "no quantity" if found == "dimensionless" else found


_EXAMPLES = {"time": "s", "temperature": "Cel", "length": "m", "dimensionless": "1"}


def _floor(made: Draft) -> float | None:
    """The larger side of the floor, metres."""
    ends = [
        max(a.get("x_m") + a.get("width_m"), a.get("y_m") + a.get("height_m"))
        for a in made.all("area")
        if a.part is not None
    ]
    return max(ends, default=None)


def _address(item: Item, seen: dict[tuple[Any, Any], Item]) -> Iterator[Problem]:
    address = item.values.get("address")
    if address == "":
        yield item.problem(("address",), f"{item.label} has an empty address", "write where the source has it")
    key = (item.values.get("source"), address)
    if None in key or not address:
        return
    if key in seen:
        what = f"{item.label} has the same source and address as {seen[key].label} (line {seen[key].line})"
        yield Problem(item.section.file, item.line, what, "two names for one node are fine only if meant", "note")
    else:
        seen[key] = item


def _writable(made: Draft, item: Item) -> Iterator[Problem]:
    if item.get("type") not in {*NUMERIC, None}:
        what = f"{item.label} is writable and of type `{item.get('type')}`"
        yield item.problem(("type",), what, "make it `float` or `int`, since only numbers have bounds")
        return
    for name in WRITE_NEEDS:
        if name not in item.raw and name not in item.refused:
            yield item.problem((name,), f"writable {item.label} has no `{name}`", _WHY[name])
    for name in ("max_rate", "confirm_s"):
        if (value := item.values.get(name)) is not None and value <= 0:
            yield item.problem((name,), f"`{name}` of {item.label} is {value:g}", "use more than 0")
    if (tol := item.values.get("confirm_tol")) is not None and tol < 0:
        yield item.problem(("confirm_tol",), f"`confirm_tol` of {item.label} is {tol:g}", "use 0 or more")
    yield from _confirmed(made, item)
    permissive = made.ids("signal").get(item.values.get("permissive_signal") or "")
    if permissive is not None and permissive.get("type") not in {"bool", None}:
        what = f"permissive signal `{permissive.id}` of {item.label} is of type `{permissive.get('type')}`"
        yield item.problem(("permissive_signal",), what, "name the machine's remote/auto switch, a `bool`")


_WHY = {
    "min": "give the least value that may be written",
    "max": "give the largest value that may be written",
    "max_rate": "give the largest change a minute, in the signal's unit",
    "confirm_signal": "name another signal that shows the effect",
    "confirm_tol": "say how near the confirming signal must come",
    "confirm_s": "say within how many seconds the effect must show",
    "permissive_signal": "name the machine's remote/auto switch",
}


def _confirmed(made: Draft, item: Item) -> Iterator[Problem]:
    other = made.ids("signal").get(item.values.get("confirm_signal") or "")
    if other is None:
        return
    place = ("confirm_signal",)
    same_node = other is not item and all(
        other.values.get(n) is not None and other.values.get(n) == item.values.get(n) for n in ("source", "address")
    )
    if other is item or same_node:
        what = f"{item.label} is confirmed by {'itself' if other is item else f'`{other.id}`, which is the same node'}"
        yield item.problem(place, what, "name another signal that shows the effect, since an echo proves nothing")
        return
    if other.get("type") not in {*NUMERIC, None}:
        what = f"confirm signal `{other.id}` of {item.label} is of type `{other.get('type')}`"
        yield item.problem(place, what, "name a number in the same unit")
        return
    if other.get("writable") is True:
        what = f"confirm signal `{other.id}` of {item.label} is itself writable"
        yield item.problem(place, what, "name one that the machine alone sets")
    ours, theirs = item.values.get("unit", ""), other.values.get("unit", "")
    if ours != theirs and ours and theirs:
        what = f"confirm signal `{other.id}` of {item.label} is in `{theirs}`, not in `{ours}`"
        yield item.problem(place, what, "read both in the same unit")
    else:
        yield from _scale(item, other)
    period, within = other.values.get("period_s"), item.values.get("confirm_s")
    if period is not None and within is not None and 0 < within < period:
        what = f"`confirm_s` {within:g} of {item.label} is shorter than `period_s` {period:g} of `{other.id}`"
        yield item.problem(("confirm_s",), what, "wait longer, or read the confirming signal more often")


def _scale(item: Item, other: Item) -> Iterator[Problem]:
    least, most = item.values.get("min"), item.values.get("max")
    low, high = other.values.get("low"), other.values.get("high")
    if (low is not None and least is not None and least < low) or (
        high is not None and most is not None and most > high
    ):
        ratio = abs(most / high) if most and high else 1.0
        scale = " and looks like another scale" if not 1 / SCALE_RATIO < ratio < SCALE_RATIO else ""
        what = f"the range of confirm signal `{other.id}` does not cover what may be written to {item.label}{scale}"
        yield item.problem(("confirm_signal",), what, "mend the range or the unit of one of them")


def _setpoints(made: Draft) -> Iterator[Problem]:
    """A station with a curve: every machine has the set-point that it reads, in its unit and inside it."""
    signals, curves = made.ids("signal"), made.ids("curve")
    uses: dict[str, set[str]] = {}
    for product in made.all("product"):
        for step in product.raw.get("route") or () if isinstance(product.raw.get("route"), list) else ():
            if isinstance(step, dict) and isinstance(step.get("curve"), str) and isinstance(step.get("station"), str):
                uses.setdefault(step["station"], set()).add(step["curve"])
    for station in made.all("station"):
        name, machines = station.get("setpoint"), station.get("machines") or ()
        if not name:
            continue
        for place, machine in enumerate(machines):
            signal = signals.get(f"{machine}.{name}")
            if signal is None and "signal" not in made.unread:
                what = f"{station.label} reads set-point `{machine}.{name}`, which is not a signal"
                yield station.problem(("machines", place), what, f"add `{machine}.{name}` to signals.csv")
            for curve in sorted(uses.get(station.id or "", set())):
                if signal is not None and curve in curves:
                    yield from _on_curve(signal, curves[curve])


def _on_curve(signal: Item, curve: Item) -> Iterator[Problem]:
    code, wanted = signal.values.get("unit", ""), curve.values.get("input_unit", "")
    if not (code and wanted and units.is_known(code) and units.is_known(wanted)):
        return
    if not units.same_dimension(code, wanted):
        what = f"{signal.label} is in `{code}` ({units.dimension(code)}), and {curve.label} takes `{wanted}`"
        yield signal.problem(("unit",), what, "use a unit of the same kind")
        return
    least, most = signal.values.get("min"), signal.values.get("max")
    if not isinstance(curve.part, Curve) or least is None or most is None or least >= most:
        return
    ends = curve.part.points[0][0], curve.part.points[-1][0]
    low, high = units.convert(least, code, wanted), units.convert(most, code, wanted)
    bounds, span = f"{least:g} to {most:g} {code}", f"{ends[0]:g} to {ends[1]:g} {wanted}"
    if high < ends[0] or low > ends[1]:
        what = f"{signal.label} may be set to {bounds}, and {curve.label} covers {span}"
        yield signal.problem(("unit",), what, "check the unit and the scale of both")
    elif low < ends[0] or high > ends[1]:
        what = f"{signal.label} may be set to {bounds}, beyond {curve.label} ({span})"
        yield signal.problem(("min",), what, "narrow `min` and `max`, or measure more points")
