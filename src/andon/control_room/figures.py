"""Key figures of Now: counts from the floor and the latest forecast, each a whole value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from andon.control_room.picture import Names, Picture
from andon.control_room.present import QUALITY_WORDS, Shown, clock_text, computed, estimate, ns_of, number, unit_text
from andon.core.time import SECOND
from andon.sync.view import SignalView


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure."""

    label: str
    value: Shown
    note: str = ""


def figures(picture: Picture, names: Names) -> list[Figure]:
    """Measured counts first, then what the twin forecasts."""
    made = [_running(picture, names), _process(picture, names), _finished(picture)]
    return [f for f in made if f is not None] + forecast_figures(picture, names.zone)[:3]


def _summed(text: str, unit: str, views: Iterable[SignalView], picture: Picture) -> Shown:
    used = list(views)
    if not used:
        why = "nothing that it is counted from is current"
        return Shown("no value", unit, "never seen", "bad", "inferred", "none", why=why)
    at = min(picture.at - round((v.age_s or 0.0) * SECOND) for v in used)
    worst = max(v.quality for v in used)
    whole = all(v.fresh and v.value is not None for v in used)
    state = "replay" if picture.mode == "replay" else "ok"
    missing = sum(1 for v in used if not v.fresh or v.value is None)
    return computed(
        text,
        unit,
        at,
        picture.at,
        QUALITY_WORDS[worst],
        "replayed" if picture.mode == "replay" else "inferred",
        state=state if whole else "stale",
        why="" if whole else f"{missing} of {len(used)} signals are not current",
    )


def _fresh(views: Iterable[SignalView]) -> list[SignalView]:
    return [v for v in views if v.fresh and v.value is not None]


def _running(picture: Picture, names: Names) -> Figure | None:
    views = [v for m in names.machines if (v := picture.views.get(f"{m}.state")) is not None]
    if not views:
        return None
    known = _fresh(views)
    at_work = sum(1 for v in known if str(v.value).lower() in {"running", "active", "setup"})
    note = f"of {len(views)} machines"
    if len(known) < len(views):
        note += f", {len(views) - len(known)} no data"
    # Counting what is known is a current answer; what is missing stands beside it.
    return Figure("At work", _summed(str(at_work), unit_text("1"), known, picture), note)


def _process(picture: Picture, names: Names) -> Figure | None:
    levels = [v for v in picture.views.values() if v.signal.endswith(".level")]
    jobs = [v for m in names.machines if (v := picture.views.get(f"{m}.job")) is not None]
    if not levels:
        return None
    total = sum(int(v.value) for v in _fresh(levels) if isinstance(v.value, int | float))
    total += sum(1 for v in _fresh(jobs) if v.value)
    missing = len(levels) + len(jobs) - len(_fresh(levels)) - len(_fresh(jobs))
    note = f"{missing} place{'s' * (missing > 1)} without data" if missing else ""
    return Figure("In process", _summed(str(total), "jobs", _fresh([*levels, *jobs]), picture), note)


def _finished(picture: Picture) -> Figure | None:
    views = [v for v in picture.views.values() if v.signal.endswith(".completed")]
    if not views:
        return None
    total = sum(int(v.value) for v in _fresh(views) if isinstance(v.value, int | float))
    return Figure("Finished", _summed(number(total), "jobs", views, picture))


def quantities(forecast: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The quantities of a forecast, whether it is a list of them or one alone."""
    listed = forecast.get("quantities")
    if isinstance(listed, Mapping):
        return [{"name": name, **body} for name, body in listed.items() if isinstance(body, Mapping)]
    if isinstance(listed, list | tuple):
        return [q for q in listed if isinstance(q, Mapping)]
    return [forecast] if "median" in forecast else []


def named(item: Mapping[str, Any], forecast: Mapping[str, Any], zone: tzinfo) -> str:
    """What a forecast quantity is called, with the time that `by then` means."""
    label = str(item.get("name") or item.get("quantity") or "forecast")
    until = ns_of(forecast, "until_ns")
    return label.replace("by then", f"by {clock_text(until, zone)[:5]}") if until else label


def forecast_figures(picture: Picture, zone: tzinfo) -> list[Figure]:
    """What the twin expects, with its 90 % interval, its mark and its age."""
    forecast = picture.forecast
    if not forecast:
        return []
    at = ns_of(forecast, "at_ns") or ns_of(forecast, "made_ns")
    mark = str(forecast.get("mark") or "guessing")
    made = []
    for item in quantities(forecast):
        low, median, high = (item.get(k) for k in ("low90", "median", "high90"))
        if low is None or median is None or high is None:
            continue
        label = named(item, forecast, zone)
        value = computed(
            estimate(median),
            unit_text(str(item.get("unit", ""))),
            at,
            picture.at,
            mark,
            "simulated",
            uncertainty=f"90 %: {estimate(low)} to {estimate(high)}",
            mark=mark,
            why=str(forecast.get("mark_why") or ""),
        )
        made.append(Figure(label[:1].upper() + label[1:], value))
    return made
