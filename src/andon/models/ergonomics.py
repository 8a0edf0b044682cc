"""The revised NIOSH lifting equation: a recommended weight limit, and the lifting index that compares a load with it.

Waters, Putz-Anderson and Garg, Applications Manual for the Revised NIOSH Lifting Equation, DHHS (NIOSH) Publication
94-110. It is for two-handed lifts, standing, without slipping or fast movement, in a moderate climate; for one hand,
sitting, kneeling, carrying, pushing or shovelling it says nothing. An index is a comparison with a limit that fits
three quarters of working women and nearly all working men; it says what was computed, and clears nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from andon.site.floor import Station
from andon.site.lifting import Lifting

Coupling = Literal["good", "fair", "poor"]


@dataclass(frozen=True, slots=True)
class Units:
    """The constants of the equation in one system of units."""

    load: float
    near: float
    far: float
    knuckles: float
    per_length: float
    highest: float
    travel: float
    travel_min: float


METRIC = Units(
    load=23.0, near=25.0, far=63.0, knuckles=75.0, per_length=0.003, highest=175.0, travel=4.5, travel_min=25.0
)
US = Units(load=51.0, near=10.0, far=25.0, knuckles=30.0, per_length=0.0075, highest=70.0, travel=1.8, travel_min=10.0)
"""Kilograms and centimetres; pounds and inches, in which the manual's examples are printed."""

RATES = (0.2, 0.5, *(float(n) for n in range(1, 16)))
"""Lifts a minute at which the frequency multiplier is tabled; above the last it is 0."""
FREQUENCY: dict[float, tuple[tuple[float, ...], tuple[float, ...]]] = {
    1.0: (
        (1.0, 0.97, 0.94, 0.91, 0.88, 0.84, 0.80, 0.75, 0.70, 0.60, 0.52, 0.45, 0.41, 0.37, 0.0, 0.0, 0.0),
        (1.0, 0.97, 0.94, 0.91, 0.88, 0.84, 0.80, 0.75, 0.70, 0.60, 0.52, 0.45, 0.41, 0.37, 0.34, 0.31, 0.28),
    ),
    2.0: (
        (0.95, 0.92, 0.88, 0.84, 0.79, 0.72, 0.60, 0.50, 0.42, 0.35, 0.30, 0.26, 0.0, 0.0, 0.0, 0.0, 0.0),
        (0.95, 0.92, 0.88, 0.84, 0.79, 0.72, 0.60, 0.50, 0.42, 0.35, 0.30, 0.26, 0.23, 0.21, 0.0, 0.0, 0.0),
    ),
    8.0: (
        (0.85, 0.81, 0.75, 0.65, 0.55, 0.45, 0.35, 0.27, 0.22, 0.18, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        (0.85, 0.81, 0.75, 0.65, 0.55, 0.45, 0.35, 0.27, 0.22, 0.18, 0.15, 0.13, 0.0, 0.0, 0.0, 0.0, 0.0),
    ),
}
"""Hours of lifting, up to; then the multiplier by rate for hands below the knuckles' height, and from it upwards."""
GRIP: dict[Coupling, tuple[float, float]] = {"good": (1.0, 1.0), "fair": (0.95, 1.0), "poor": (0.90, 0.90)}
"""Coupling multiplier below the knuckles' height, and from it upwards."""


def horizontal(h: float, u: Units = METRIC) -> float:
    """HM: 25 cm / H."""
    return 0.0 if h > u.far else u.near / max(h, u.near)


def vertical(v: float, u: Units = METRIC) -> float:
    """VM: 1 - 0.003 |V - 75 cm|."""
    return 0.0 if v > u.highest else 1.0 - u.per_length * abs(v - u.knuckles)


def travel(d: float, u: Units = METRIC) -> float:
    """DM: 0.82 + 4.5 cm / D."""
    return 0.0 if d > u.highest else 0.82 + u.travel / max(d, u.travel_min)


def asymmetry(a: float) -> float:
    """AM: 1 - 0.0032 A, degrees."""
    return 0.0 if a > 135.0 else 1.0 - 0.0032 * a


def frequency(per_min: float, hours: float, *, low: bool) -> float:
    """FM: from the table, linear between its rates; `low`: the hands are below the knuckles' height.

    The manual rounds rates below 0.2 up to it, and interpolates; next to a 0 of the table the answer is 0.
    """
    band = next((h for h in sorted(FREQUENCY) if hours <= h), None)
    if band is None or per_min > RATES[-1]:
        return 0.0
    row = FREQUENCY[band][0 if low else 1]
    if per_min <= RATES[0]:
        return row[0]
    i = next(k for k, rate in enumerate(RATES) if per_min <= rate)
    if row[i] == 0.0:
        return 0.0
    share = (per_min - RATES[i - 1]) / (RATES[i] - RATES[i - 1])
    return row[i - 1] + share * (row[i] - row[i - 1])


def coupling(grip: Coupling, *, low: bool) -> float:
    """CM."""
    return GRIP[grip][0 if low else 1]


@dataclass(frozen=True, slots=True)
class Lift:
    """One end of a lift in the units of the calculation."""

    load: float
    horizontal: float
    vertical: float
    distance: float
    asymmetry_deg: float
    coupling: Coupling
    per_min: float
    hours: float


def free_limit(lift: Lift, u: Units = METRIC) -> float:
    """The recommended weight limit without the frequency multiplier (FIRWL)."""
    low = lift.vertical < u.knuckles
    return (
        u.load
        * horizontal(lift.horizontal, u)
        * vertical(lift.vertical, u)
        * travel(lift.distance, u)
        * asymmetry(lift.asymmetry_deg)
        * coupling(lift.coupling, low=low)
    )


def weight_limit(lift: Lift, u: Units = METRIC) -> float:
    """RWL = LC HM VM DM AM FM CM, in the units of `u`."""
    return free_limit(lift, u) * frequency(lift.per_min, lift.hours, low=lift.vertical < u.knuckles)


def index(load: float, limit: float) -> float:
    """LI = load / RWL; infinite where the limit is 0."""
    return load / limit if limit > 0.0 else float("inf")


INDEX_MAX = 1000.0
"""What an infinite index counts as."""


def ends(task: Lifting) -> tuple[Lift, ...]:
    """The start of a lift, and its end where it is set down with care."""
    start = Lift(
        task.load_kg,
        task.horizontal_cm,
        task.vertical_cm,
        task.distance_cm,
        task.asymmetry_deg,
        task.coupling,
        task.lifts_per_min,
        task.hours,
    )
    if task.end_horizontal_cm is None and task.end_vertical_cm is None:
        return (start,)
    end = Lift(
        task.load_kg,
        task.horizontal_cm if task.end_horizontal_cm is None else task.end_horizontal_cm,
        task.vertical_cm if task.end_vertical_cm is None else task.end_vertical_cm,
        task.distance_cm,
        task.end_asymmetry_deg,
        task.coupling,
        task.lifts_per_min,
        task.hours,
    )
    return (start, end)


def worse_end(task: Lifting) -> Lift:
    """The end of a lift with the lower limit."""
    return min(ends(task), key=weight_limit)


def composite(lifts: Sequence[Lift], u: Units = METRIC) -> float:
    """CLI of several kinds of lifts that alternate: the worst one's index, and what each further one adds.

    CLI = STLI_1 + sum_k FILI_k (1 / FM_(1..k) - 1 / FM_(1..k-1)), in falling order of STLI, where FM_(1..k) is for the
    sum of the first k rates (manual, section 2.4).
    """
    order = sorted(lifts, key=lambda x: index(x.load, weight_limit(x, u)), reverse=True)
    total = index(order[0].load, weight_limit(order[0], u))
    rate = order[0].per_min
    for lift in order[1:]:
        low = lift.vertical < u.knuckles
        before = frequency(rate, lift.hours, low=low)
        rate += lift.per_min
        after = frequency(rate, lift.hours, low=low)
        if after == 0.0:
            return float("inf")
        total += index(lift.load, free_limit(lift, u)) * (1.0 / after - 1.0 / before)
    return total


def lifting_index(tasks: Sequence[Lifting]) -> float:
    """The lifting index of a station's work, at most INDEX_MAX: LI of its one lift, the composite CLI of several."""
    return min(composite([worse_end(task) for task in tasks]), INDEX_MAX)


def indices(stations: Sequence[Station]) -> dict[str, float]:
    """The lifting index of every station where something is lifted."""
    return {s.id: lifting_index(s.lifting) for s in stations if s.lifting}


def sentence(found: dict[str, float]) -> str:
    """What was computed, against what; empty where nothing is lifted."""
    if not found:
        return ""
    parts = [f"{name} {'outside the equation' if li >= INDEX_MAX else f'{li:.2f}'}" for name, li in found.items()]
    return f"lifting index (load over the limit of the revised NIOSH equation, as declared): {', '.join(parts)}"
